//! The SQL desk from outside: it answers questions, refuses acts, and outlives hostile ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use quarterday::ledger::Vector;
use quarterday::warehouse::{Question, SqlError, ask};
use quarterday::worker::{Limits, WorkerError};

use crate::support::board_data::{Home, launcher, limits, rows, statement, written};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/sql-sandbox");

/// A file of the corpus; without the corpus there is nothing to test, which is an error in CI.
fn corpus(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("{CORPUS}/{name}")).ok();
    let required = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(text.is_some() || !required, "{CORPUS}/{name} is required in CI");
    text
}

fn facts() -> Vec<(String, RecordBatch)> {
    let columns: [(&str, ArrayRef); 2] = [
        ("agency", Arc::new(StringArray::from(vec!["police", "health"]))),
        ("days_late", Arc::new(Int64Array::from(vec![i64::MAX, i64::MAX]))),
    ];
    let t: [(&str, ArrayRef); 1] = [("x", Arc::new(Int64Array::from(vec![1])))];
    vec![
        ("ledger.obligations".to_owned(), RecordBatch::try_from_iter(columns).unwrap()),
        ("public.t".to_owned(), RecordBatch::try_from_iter(t).unwrap()),
    ]
}

async fn answers(sql: &[&str], plan_only: bool) -> Vec<Result<Vec<RecordBatch>, SqlError>> {
    let home = Home::new();
    let statements: Vec<_> = sql.iter().map(|sql| statement(sql)).collect();
    let (vector, facts) = (Vector::new(), facts());
    let question = Question {
        statements: &statements,
        vector: &vector,
        facts: &facts,
        earlier: &[],
        calendar: None,
        plan_only,
        limits: limits(512, 60),
        most_rows: 100,
    };
    ask(&launcher(), &home.path(), question).await.unwrap().into_iter().map(|(_, answer)| answer).collect()
}

async fn refusal(sql: &str) -> String {
    answers(&[sql], false).await.remove(0).err().unwrap_or_else(|| panic!("{sql}")).to_string()
}

#[tokio::test]
async fn every_statement_has_its_own_answer() {
    let sql = [
        "SELECT agency FROM ledger.obligations ORDER BY agency",
        "SELEC 1",
        "SELECT sum(days_late) FROM ledger.obligations",
    ];
    let answers = answers(&sql, false).await;
    assert_eq!(written(answers[0].as_ref().unwrap()), ["health", "police"]);
    assert!(answers[1].as_ref().unwrap_err().to_string().starts_with("the statement is not SQL"), "{:?}", answers[1]);
    assert_eq!(written(answers[2].as_ref().unwrap()), ["18446744073709551614"]);
}

#[tokio::test]
async fn planning_gives_columns_without_rows() {
    let answers = answers(&["SELECT agency, count(*) AS n FROM ledger.obligations GROUP BY agency"], true).await;
    let batches = answers[0].as_ref().unwrap();
    assert_eq!((batches.len(), batches[0].num_rows()), (1, 0));
    assert_eq!(*batches[0].schema().field(0).data_type(), DataType::Utf8);
    assert_eq!(batches[0].schema().field(1).name(), "n");
}

#[tokio::test]
async fn a_slip_is_answered_with_the_nearest_name() {
    let error = refusal("SELECT * FROM ledger.obligation").await;
    assert_eq!(error, "there is no table ledger.obligation; did you mean ledger.obligations?");
    let error = refusal("SELECT agnecy FROM ledger.obligations").await;
    assert_eq!(error, "there is no column agnecy; did you mean agency?");
    assert!(refusal("SELECT * FROM otherwise.unknown").await.starts_with("there is no table otherwise.unknown"));
    assert_eq!(refusal("SELECT perod_name('x')").await, "there is no function perod_name; did you mean period_name?");
    assert!(refusal("SELECT 1; SELECT 2").await.starts_with("one statement at a time"));
    assert!(refusal(&format!("SELECT '{}'", "x".repeat(64 << 10))).await.contains("longer than 64 KiB"));
}

#[tokio::test]
async fn an_error_repeats_no_cell() {
    let home = Home::new();
    let vector = home.store("police", 1, &[123_454_321]).await;
    for expression in [
        "CAST(area AS INT)",
        "CAST(from_home AS DECIMAL(3,0))",
        "CAST(from_home AS SMALLINT)",
        "to_date(area)",
        "to_timestamp(area)",
        "period_start(area)",
        "CAST(area AS DATE)",
        "CAST(area AS BOOLEAN)",
        "arrow_cast(area, 'Decimal128(3, 0)')",
        "date_part('year', CAST(area AS TIMESTAMP))",
        "CAST(from_home AS BIGINT) * 9000000000000000000",
        "from_home / 0",
    ] {
        let error = home.refusal(&vector, &format!("SELECT {expression} FROM returns.missing_episodes")).await;
        eprintln!("{expression}: {error}");
        assert!(!error.contains("Year 1") && !error.contains("123454321") && !error.contains("né"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_with_too_many_rows_is_an_error_and_not_cut_off() {
    let error = refusal("SELECT * FROM generate_series(1, 101)").await;
    assert_eq!(error, "the answer has more than 100 rows; add a condition or LIMIT 100");
}

#[tokio::test]
async fn every_statement_of_the_corpus_that_acts_is_refused() {
    let Some(text) = corpus("refuse.sql") else { return };
    let acts: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(acts.len() > 30);
    let more = [
        "INSERT INTO t VALUES (1)",
        "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x",
        "EXPLAIN ANALYZE SELECT * FROM t",
        "SELECT * FROM information_schema.tables",
        "SHOW TABLES",
        "RESET datafusion.execution.batch_size",
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "COPY t TO '/tmp/x.csv'",
    ];
    let all: Vec<&str> = acts.into_iter().chain(more).collect();
    for (sql, answer) in all.iter().zip(answers(&all, false).await) {
        let error = answer.err().unwrap_or_else(|| panic!("{sql} was answered")).to_string();
        eprintln!("{sql}: {error}");
        assert!(!error.contains("/tmp") && !error.contains(env!("CARGO_MANIFEST_DIR")), "{error}");
    }
    let plan = answers(&["EXPLAIN SELECT * FROM t"], false).await.remove(0).unwrap();
    assert!(written(&plan)[0].starts_with("logical_plan"), "{plan:?}");
}

/// The corpus holds a statement, or a Python expression that makes one, and what it did to DataFusion.
fn hostile() -> Option<Vec<String>> {
    let text = corpus("hostile.txt")?;
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').next());
    Some(
        lines
            .map(|line| match line {
                line if line.starts_with("'SELECT '+'-'.join(") => format!("SELECT {}", ["1"; 12000].join("-")),
                line if line.starts_with("'SELECT 1 WHERE '+' OR '.join(") => {
                    let terms: Vec<String> = (0..16_000).map(|i| format!("1={i}")).collect();
                    format!("SELECT 1 WHERE {}", terms.join(" OR "))
                }
                line => line.to_owned(),
            })
            .collect(),
    )
}

/// What the one who asked is told, also when the worker died.
async fn outcome(home: &Home, vector: &Vector, sql: &str, limits: Limits) -> Result<Vec<RecordBatch>, SqlError> {
    let one = [statement(sql)];
    let question = Question {
        statements: &one,
        vector,
        facts: &[],
        earlier: &[],
        calendar: None,
        plan_only: false,
        limits,
        most_rows: 10,
    };
    match ask(&launcher(), &home.path(), question).await {
        Ok(mut answers) => answers.remove(0).1,
        Err(error @ (WorkerError::Build { .. } | WorkerError::Spawn { .. })) => panic!("no worker: {error}"),
        Err(error) => Err(SqlError::of_worker(&error)),
    }
}

#[tokio::test]
async fn no_statement_of_the_corpus_harms_anybody_else() {
    let Some(mut statements) = hostile() else { return };
    assert!(statements.len() >= 7 && statements.iter().all(|sql| !sql.contains("join(")));
    let terms: Vec<String> = (0..6000).map(|i| format!("1={i}")).collect();
    statements.push(format!("SELECT 1 WHERE {}", terms.join(" OR ")));
    statements.push(format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000)));
    statements.push(format!("SELECT {}1", "-".repeat(30_000).replace("--", "- ")));
    statements.push(format!("SELECT * FROM {}", vec!["generate_series(1,2)"; 2000].join(",")));
    let home = Home::new();
    let vector = home.store("police", 1, &[41]).await;
    for sql in statements {
        let shown: String = sql.chars().take(60).collect();
        let started = Instant::now();
        let error = outcome(&home, &vector, &sql, limits(256, 5)).await.expect_err(&shown);
        eprintln!("{shown}: {error} ({:?})", started.elapsed());
        assert!(started.elapsed() < Duration::from_secs(7), "{shown}: {:?}", started.elapsed());
        let calm =
            rows(&home.path(), &vector, "SELECT from_home FROM returns.missing_episodes").await.unwrap().unwrap();
        assert_eq!(calm, ["41"], "another session is unharmed");
    }
}

#[tokio::test]
async fn work_larger_than_memory_ends_cleanly_and_spills_nowhere() {
    let home = Home::new();
    for sql in [
        "SELECT array_agg(value) FROM generate_series(1, 100000000)",
        "SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY value % 1003) n FROM generate_series(1, 50000000))",
    ] {
        let error = outcome(&home, &Vector::new(), sql, limits(128, 60)).await.unwrap_err().to_string();
        assert_eq!(error, "the statement needed more than its 128 MiB of memory; ask for less at once");
    }
}
