//! Each function as an analyst calls it.

use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use datafusion::prelude::SessionContext;

use super::register;

async fn ask(sql: &str) -> Result<(String, DataType), String> {
    let context = SessionContext::new();
    register(&context);
    let batches = context.sql(sql).await.map_err(|error| error.to_string())?.collect().await;
    let batches = batches.map_err(|error| error.to_string())?;
    let column = batches[0].column(0);
    Ok((array_value_to_string(column, 0).unwrap(), column.data_type().clone()))
}

async fn text(sql: &str) -> String {
    ask(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).0
}

async fn refusal(sql: &str) -> String {
    ask(sql).await.expect_err(sql)
}

const MOST: &str = "(VALUES (9223372036854775807), (1)) AS t(n)";

#[tokio::test]
async fn a_sum_of_whole_numbers_does_not_wrap() {
    let exact = ("9223372036854775808".to_owned(), DataType::Decimal128(38, 0));
    assert_eq!(ask(&format!("SELECT sum(n) FROM {MOST}")).await.unwrap(), exact);
    assert_eq!(ask(&format!("SELECT SUM(DISTINCT n) FROM {MOST}")).await.unwrap(), exact);
    assert_eq!(
        text(&format!("SELECT sum(n) FILTER (WHERE n > 1) FROM {MOST} GROUP BY n > 0")).await,
        i64::MAX.to_string()
    );
    assert_eq!(text(&format!("SELECT max(s) FROM (SELECT sum(n) OVER (ORDER BY n) AS s FROM {MOST})")).await, exact.0);
    assert_eq!(text("SELECT sum(x) FROM (VALUES (1.5), (2.25)) AS t(x)").await, "3.75");
    assert_eq!(text("SELECT coalesce(sum(n), 0) * 100 / 7 > 1 FROM (VALUES (1), (2)) AS t(n)").await, "true");
    assert_eq!(
        text("SELECT sum(CASE WHEN n = 1 THEN 1 ELSE 0 END) + count(*) FROM (VALUES (1), (2)) AS t(n)").await,
        "3"
    );
    assert_eq!(text("SELECT sum(n) FROM (VALUES (1), (NULL)) AS t(n)").await, "1");
    assert!(refusal("SELECT sum(x) FROM (VALUES ('a')) AS t(x)").await.contains("sum takes numbers, not"));
}

#[tokio::test]
async fn whole_number_arithmetic_that_does_not_fit_is_an_error() {
    for sql in ["SELECT 9223372036854775807 + 1", "SELECT -9223372036854775807 - 2", "SELECT 4611686018427387904 * 2"] {
        let error = refusal(sql).await;
        assert!(error.contains("too large for a whole number"), "{error}");
    }
    let error = refusal(&format!("SELECT n + n FROM {MOST}")).await;
    assert!(error.contains("too large") && !error.contains("922337"), "{error}");
    assert_eq!(text("SELECT 2 + 3 * 4 - 1").await, "13");
    assert_eq!(text("SELECT CAST(9223372036854775807 AS DECIMAL(38,0)) + 1").await, "9223372036854775808");
    assert_eq!(text("SELECT CAST(1 AS INT) + CAST(2 AS SMALLINT) + 3").await, "6");
    assert_eq!(text("SELECT 1 + 0.5").await, "1.5");
    assert_eq!(text("SELECT DATE '2025-07-01' - INTERVAL '1 day'").await, "2025-06-30");
    assert_eq!(text("SELECT n + 1 FROM (VALUES (1), (2)) AS t(n) GROUP BY n + 1 ORDER BY n + 1 DESC").await, "3");
    assert_eq!(text("SELECT column_name FROM (SELECT 'x' AS column_name) WHERE 1 + 1 = 2").await, "x");
}

#[tokio::test]
async fn periods_can_be_counted_and_named() {
    assert_eq!(ask("SELECT period_start('2025-26-Q1')").await.unwrap(), ("2025-04-01".into(), DataType::Date32));
    assert_eq!(text("SELECT period_end(p) FROM (VALUES ('2025-26-Q1')) AS t(p)").await, "2025-06-30");
    assert_eq!(text("SELECT period_name('2025-26-Q1')").await, "April to June 2025 (Q1)");
    assert_eq!(text("SELECT period_add('2025-26-Q1', -4)").await, "2024-25-Q1");
    assert_eq!(text("SELECT period_add(p, 1) FROM (VALUES ('2025-26-Q4')) AS t(p)").await, "2026-27-Q1");
    assert_eq!(text("SELECT period_start(NULL) IS NULL").await, "true");
    let error = refusal("SELECT period_start('SECRET')").await;
    assert!(error.contains("no period") && !error.contains("SECRET"), "{error}");
    assert!(refusal("SELECT period_add('2025-07-14', 1)").await.contains("a release has no next one"));
}

#[tokio::test]
async fn working_days_skip_bank_holidays() {
    assert_eq!(text("SELECT working_days(DATE '2025-12-31', DATE '2026-01-15')").await, "10");
    assert_eq!(text("SELECT working_days(period_end('2025-26-Q1'), DATE '2025-07-14')").await, "10");
    assert_eq!(text("SELECT working_days(CAST('2025-07-14' AS DATE), CAST('2025-06-30' AS DATE))").await, "-10");
    assert!(refusal("SELECT working_days(DATE '2025-07-14', DATE '2090-01-01')").await.contains("not known"));
}

#[tokio::test]
async fn rounding_is_half_up() {
    let rounded = ask("SELECT round_half_up(CAST('274.150' AS DECIMAL(18,3)), 1)").await.unwrap();
    assert_eq!(rounded, ("274.2".into(), DataType::Decimal128(17, 1)));
    assert_eq!(text("SELECT round_half_up(x, 0) FROM (VALUES (CAST('-2.5' AS DECIMAL(4,1)))) AS t(x)").await, "-3");
    assert_eq!(text("SELECT round_half_up(CAST(2.675 AS DOUBLE), 2)").await, "2.68");
    assert_eq!(text("SELECT round_half_up(7, 1)").await, "7");
    assert_eq!(text("SELECT round_half_up(CAST(9.99 AS DECIMAL(3,2)), 1)").await, "10.0");
    assert!(refusal("SELECT round_half_up(1.5, n) FROM (VALUES (1)) AS t(n)").await.contains("written as a number"));
}
