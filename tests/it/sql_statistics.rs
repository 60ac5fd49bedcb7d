//! The field's statistics as an analyst asks for them in SQL: the published answers, and what is refused.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use arrow::{array::RecordBatch, util::display::array_value_to_string};
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use quarterday::sqlfn;

use crate::support::{TestBoard, shared_data};

fn session() -> SessionContext {
    let session = SessionContext::new();
    sqlfn::register(&session);
    session
}

async fn batches(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, String> {
    let frame = session.sql(sql).await.map_err(|error| error.to_string())?;
    frame.collect().await.map_err(|error| error.to_string())
}

/// Each row as its cells with `|` between; nothing stands as an empty cell.
async fn rows(session: &SessionContext, sql: &str) -> Vec<String> {
    let found = batches(session, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let of_batch = |batch: &RecordBatch| -> Vec<String> {
        let row =
            |at| batch.columns().iter().map(|column| array_value_to_string(column, at).unwrap()).collect::<Vec<_>>();
        (0..batch.num_rows()).map(|at| row(at).join("|")).collect()
    };
    found.iter().flat_map(of_batch).collect()
}

async fn refusal(sql: &str) -> String {
    batches(&session(), sql).await.err().unwrap_or_else(|| panic!("{sql} has an answer"))
}

async fn csv(session: &SessionContext, name: &str, path: &Path) {
    session.register_csv(name, path.to_str().unwrap(), CsvReadOptions::new().newlines_in_values(true)).await.unwrap();
}

fn all(paths: &[&str]) -> Option<Vec<PathBuf>> {
    paths.iter().map(|path| Some(shared_data(path.split('/').next()?)?.join(path.split_once('/')?.1))).collect()
}

#[tokio::test]
async fn limits_and_causes_of_the_nhs_sample_come_out_of_one_statement() {
    let Some(paths) = all(&["expected/spc_ae_attendances_sample.csv"]) else { return };
    let session = session();
    csv(&session, "sample", &paths[0]).await;
    let judged = "SELECT *, xmr(y, NULL, CAST(screen AS VARCHAR) = 'true')
                    OVER (PARTITION BY org, type, measure, screen ORDER BY x) AS chart FROM sample";
    let label = "CASE chart['cause'] || coalesce(chart['way'], '')
                   WHEN 'common' THEN 'Common Cause'
                   WHEN 'outsideup' THEN 'Above UCL' WHEN 'outsidedown' THEN 'Below LCL'
                   WHEN 'trendup' THEN '7 Point Trend (Increasing)' WHEN 'trenddown' THEN '7 Point Trend (Decreasing)'
                   WHEN 'two_of_threeup' THEN '2 in 3 Above CL' WHEN 'two_of_threedown' THEN '2 in 3 Below CL'
                   WHEN 'shiftup' THEN '7 Points Above CL' WHEN 'shiftdown' THEN '7 Points Below CL' END";
    let close = |ours: &str, theirs: &str| {
        format!(
            "CASE WHEN chart['{ours}'] IS NULL THEN {theirs} IS NULL
                  ELSE abs(chart['{ours}'] - TRY_CAST({theirs} AS DOUBLE)) <= 0.001 * greatest(abs(chart['{ours}']), 1) END"
        )
    };
    let found = format!(
        "SELECT count(*), count(*) FILTER (WHERE {label} = special_cause_type AND {} AND {}) FROM ({judged})",
        close("lower", "lpl"),
        close("upper", "upl")
    );
    let total = rows(&session, "SELECT count(*) FROM sample").await.concat();
    assert_eq!(rows(&session, &found).await, [format!("{total}|{total}")]);
}

#[tokio::test]
async fn york_has_the_band_and_the_rank_of_the_interactive_tool_in_every_measure() {
    let Some(paths) = all(&[
        "lait/2025-07-14/bds_long_0.parquet",
        "lait/2025-07-14/lait_data_dictionary.csv",
        "expected/lait_2025-07-14_york.csv",
    ]) else {
        return;
    };
    let session = session();
    session.register_parquet("lait", paths[0].to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
    // Its rows break within cells, which is for another reader.
    let dictionary = crate::statistics::csv(&paths[1]);
    let good = |row: &crate::statistics::Row| match row["No_Quartile"].as_str() {
        "N" => "neutral".to_owned(),
        _ => row["Polarity"].to_lowercase(),
    };
    let known: BTreeMap<&str, String> =
        dictionary.iter().map(|row| (row["Measure_short"].as_str(), good(row))).collect();
    let known: Vec<String> = known.iter().map(|(short, good)| format!("('{short}', '{good}')")).collect();
    let known = format!("(VALUES {}) AS dictionary(short, good)", known.join(", "));
    csv(&session, "expected", &paths[2]).await;
    let placed = format!(
        "
        WITH cells AS (
            SELECT \"Short Desc\" AS measure, \"Years\" AS year_label, CAST(\"LA Number\" AS INT) AS la,
                   max(TRY_CAST(\"Values\" AS DOUBLE)) AS value
            FROM lait GROUP BY 1, 2, 3
        ), latest AS (
            SELECT measure, max(year_label) AS year_label FROM cells GROUP BY measure
        ), councils AS (
            SELECT cells.measure AS measure, la, value, good
            FROM cells JOIN latest USING (measure, year_label) JOIN {known} ON short = cells.measure
            WHERE la < 970
        )
        SELECT measure, la,
               rank_min(value, good) OVER (PARTITION BY measure) AS place,
               quartile_band(value, good) OVER (PARTITION BY measure) AS band
        FROM councils"
    );
    let wrong = format!(
        "SELECT measure_short, quartile_band, band, rank, place FROM expected
         LEFT JOIN ({placed}) ON measure = measure_short AND la = 816
         WHERE coalesce(band, '-') <> coalesce(quartile_band, '-')
            OR coalesce(CAST(place AS VARCHAR), '') <> coalesce(CAST(CAST(rank AS BIGINT) AS VARCHAR), '')
         ORDER BY 1"
    );
    assert_eq!(rows(&session, "SELECT count(*) FROM expected").await, ["427"]);
    assert_eq!(rows(&session, &wrong).await, [""; 0]);
}

#[tokio::test]
async fn intervals_are_those_that_the_field_publishes() {
    let session = session();
    let wilson = "SELECT round_half_up(i['lower'], 7), round_half_up(i['upper'], 7) FROM (SELECT wilson(1, 100) AS i)";
    assert_eq!(rows(&session, wilson).await, ["0.0017674|0.0544862"]);
    let byar =
        "SELECT round_half_up(byar(n)['lower'], 4), round_half_up(byar(n)['upper'], 4) FROM (VALUES (65), (5)) AS t(n)";
    assert_eq!(rows(&session, byar).await, ["50.1632|82.8491", "1.6235|11.6683"]);
    let none = "SELECT wilson(3, 2)['lower'], wilson(NULL, 2)['lower'], byar(-1)['upper'], wilson(0, 0)['upper']";
    assert_eq!(rows(&session, none).await, ["|||"], "more cases than people, nobody, and no count have none");
}

#[tokio::test]
async fn a_year_before_is_the_same_period_and_never_the_row_four_before() {
    let session = session();
    let series = "(VALUES ('2024-25-Q1', 10.0), ('2024-25-Q2', 11.0), ('2024-25-Q4', 13.0), ('2025-26-Q1', 14.0),
                          ('2025-26-Q2', CAST(NULL AS DOUBLE)), ('2025-26-Q4', 19.0)) AS t(period, value)";
    let sql = format!(
        "SELECT period, year_on_year(value, period) OVER (ORDER BY period),
                quarter_average(value, period) OVER (ORDER BY period) FROM {series} ORDER BY period"
    );
    assert_eq!(
        rows(&session, &sql).await,
        ["2024-25-Q1||", "2024-25-Q2||", "2024-25-Q4||", "2025-26-Q1|4.0|", "2025-26-Q2||", "2025-26-Q4|6.0|"],
        "a quarter is missing, so there is no average of four"
    );
    let whole = "SELECT quarter_average(value, period) OVER () FROM
                 (VALUES ('2024-25-Q4', 4), ('2024-25-Q3', 3), ('2024-25-Q2', 2), ('2024-25-Q1', 1)) AS t(period, value)";
    assert_eq!(rows(&session, whole).await, ["2.5", "", "", ""]);
}

#[tokio::test]
async fn a_chart_leaves_gaps_out_and_says_what_it_was_made_from() {
    let session = session();
    let sql = "SELECT n, xmr(CASE WHEN n = 3 THEN NULL WHEN n % 2 = 0 THEN 2 ELSE 1 END) OVER (ORDER BY n) AS chart
               FROM (SELECT unnest(range(1, 8)) AS n)";
    let shown = format!("SELECT n, chart IS NULL, chart['trial'], chart['cause'] FROM ({sql}) ORDER BY n");
    let said = rows(&session, &shown).await;
    assert_eq!(said[2], "3|true||", "a figure that is missing is no zero: {said:?}");
    assert_eq!(said[3], "4|false|true|common");
    let few =
        "SELECT (xmr(n) OVER (ORDER BY n))['upper'], (xmr(n) OVER (ORDER BY n))['mean'] FROM (VALUES (1), (2)) AS t(n)";
    assert_eq!(rows(&session, few).await, ["|1.5", "|1.5"], "fewer than five have no limits");
}

#[tokio::test]
async fn a_count_by_itself_is_shown_by_the_rule_of_its_source() {
    let session = session();
    let sql = "SELECT disclose(n, 'children'), disclose(n, 'hospital'), disclose(n, 'none')
               FROM (VALUES (0), (1), (5), (6), (7), (8), (NULL)) AS t(n)";
    assert_eq!(rows(&session, sql).await, ["0|0|0", "c|c|1", "c|c|5", "6|c|6", "7|c|7", "8|10|8", "||"]);
}

#[tokio::test]
async fn what_has_no_answer_is_an_error_that_says_what_to_write() {
    for (sql, says) in [
        ("SELECT disclose(3, 'police')", "disclose takes 'children', 'hospital' or 'none'"),
        ("SELECT disclose(-3, 'children')", "a negative number is none"),
        ("SELECT rank_min(n, 'up') OVER () FROM (VALUES (1)) AS t(n)", "takes 'high', 'low' or 'neutral'"),
        (
            "SELECT quartile_band(n, g) OVER () FROM (VALUES (1, 'high'), (2, 'low')) AS t(n, g)",
            "two ways of what is good in one window",
        ),
        (
            "SELECT year_on_year(n, p) OVER () FROM (VALUES (1, '2025-26-Q1'), (2, '2025-26-Q1')) AS t(n, p)",
            "found 2025-26-Q1 twice in one series",
        ),
        ("SELECT year_on_year(n, p) OVER () FROM (VALUES (1, 'June')) AS t(n, p)", "a text that is no period"),
        ("SELECT xmr(n, 3) OVER () FROM (VALUES (1)) AS t(n)", "from the first 12 points or more"),
        ("SELECT xmr('many') OVER ()", "'xmr(Utf8)'"),
    ] {
        let said = refusal(sql).await;
        assert!(said.contains(says), "{sql}: {said}");
    }
}

#[tokio::test]
async fn a_table_is_read_as_it_was_on_a_day_beside_what_it_is_now() {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.set_source("care-applications", "kind = \"by-hand\"");
    let sample = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    board.write("a.csv", &sample);
    board.write("b.csv", sample.replace("2025-M04,5,8", "2025-M04,6,8"));
    let daemon = board.start("2025-07-02T09:00:00Z");
    let first = daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-07-09T09:00:00Z").await;
    daemon.submit("b.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let table = "returns.care_applications";
    let moved = format!(
        "SELECT now.month, was.applications AS before, now.applications AS after
         FROM {table} AS now JOIN as_of('{table}', '2025-07-05') AS was USING (month)
         WHERE now.applications <> was.applications"
    );
    assert_eq!(daemon.sql(&moved).await, ["2025-M04,5,6"], "{first}");
    let sum = |day: &str| format!("SELECT sum(applications) FROM as_of('{table}', '{day}')");
    let today = daemon.sql(&format!("SELECT sum(applications) FROM {table}")).await;
    assert_eq!(daemon.sql(&sum("2025-07-09")).await, today);
    assert_eq!(
        daemon.sql(&format!("SELECT count(*) FROM as_of('{table}', '2025-07-01')")).await,
        ["0"],
        "not there yet"
    );
    for (sql, says) in [
        ("SELECT * FROM as_of('returns.nothing', '2025-07-05')", "returns.nothing is none"),
        ("SELECT * FROM as_of('ledger.obligations', '2025-07-05')", "knows the tables of the warehouse"),
        ("SELECT * FROM as_of('returns.care_applications', 'July')", "a day that exists"),
        ("SELECT * FROM as_of('returns.care_applications', '2025-' || '07-05')", "both written out"),
        ("SELECT * FROM as_of('returns.care_applications')", "a table and a day"),
    ] {
        let refused = daemon.board.run(&["sql", "-c", sql]);
        let said = crate::support::said(&refused);
        assert!(!refused.status.success() && said.contains(says), "{sql}: {said}");
    }
}

#[test]
fn a_definition_may_read_a_table_as_it_was() {
    let board = TestBoard::exampleshire();
    let said = |board: &TestBoard| crate::support::said(&board.run(&["validate"]));
    let sql = board.read("reports/indicators/second-plans.sql");
    board.write(
        "reports/indicators/second-plans.sql",
        sql.replace("FROM returns.child_protection", "FROM as_of('returns.child_protection', '2025-07-14')"),
    );
    assert!(!said(&board).contains("as_of"), "{}", said(&board));
    board.write(
        "reports/indicators/second-plans.sql",
        sql.replace("FROM returns.child_protection", "FROM as_of('returns.child_protectoin', '2025-07-14')"),
    );
    assert!(said(&board).contains("returns.child_protectoin is none"), "{}", said(&board));
}
