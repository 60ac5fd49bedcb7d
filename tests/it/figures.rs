//! What indicators say of their figures, from the rows that SQL gave to the words of a page.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use quarterday::{
    analysis::{
        Answer, Class, DisclosedIndicator, Indicator, Names, Tone, analyse, check_columns, disclose, disclosed_table,
        figures_table,
    },
    domain::Period,
    settings::{Problems, read_text},
};

const PERCENT: &str = "unit = \"percent\"\nkind = \"flow\"\ngood = \"low\"\n";
const BENCHMARK: &str = "[benchmark]\nsource = \"Interactive Tool\"\nbridge = \"last-four-quarters\"\n";

/// An indicator of the rest of a definition.
pub fn indicator(id: &str, rest: &str) -> Indicator {
    let head = format!(
        "title = \"{id}\"\nwhy = \"w\"\ndefinition = \"d\"\npriority = \"p\"\nquestion = \"how well\"\n\
         agency = \"police\"\nreturn = \"front-door\"\n"
    );
    let mut problems = Problems::default();
    let document = read_text("x.toml", &(head + rest), &mut problems).unwrap();
    let benchmark = rest.contains("[benchmark]").then(|| "SELECT 2".to_owned());
    let indicator = Indicator::settle(id, &document, "SELECT 1".to_owned(), benchmark);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    indicator.unwrap()
}

/// Quarters up to the first of 2025-26, oldest first.
pub fn quarters(count: usize) -> Vec<String> {
    let last: Period = "2025-26-Q1".parse().unwrap();
    let mut line: Vec<String> =
        std::iter::successors(Some(last), |period| period.previous()).take(count).map(|p| p.to_string()).collect();
    line.reverse();
    line
}

/// A column by its name.
pub fn column<const N: usize>(columns: [(&str, ArrayRef); N]) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
}

/// Texts as a column.
pub fn texts<T: AsRef<str>>(texts: &[T]) -> ArrayRef {
    Arc::new(texts.iter().map(|text| Some(text.as_ref()).filter(|text| !text.is_empty())).collect::<StringArray>())
}

/// Numbers as a column.
pub fn numbers(numbers: &[Option<f64>]) -> ArrayRef {
    Arc::new(numbers.iter().copied().collect::<Float64Array>())
}

/// Numerators and denominators of the quarters up to the first of 2025-26.
pub fn shares(rows: &[(Option<f64>, Option<f64>)]) -> RecordBatch {
    let (above, below): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    column([("period", texts(&quarters(rows.len()))), ("numerator", numbers(&above)), ("denominator", numbers(&below))])
}

/// What may be said of one indicator in the first quarter of 2025-26.
pub fn told(indicator: Indicator, figures: RecordBatch, benchmark: Option<RecordBatch>) -> DisclosedIndicator {
    let answer = Answer { indicator, figures: vec![figures], benchmark: benchmark.map(|batch| vec![batch]) };
    let analysed = analyse(vec![answer], "2025-26-Q1".parse().unwrap(), names()).unwrap();
    disclose(analysed, Class::Public).indicators()[0].clone()
}

fn names() -> Names {
    Names {
        agencies: [("police".parse().unwrap(), "Exampleshire Police".to_owned())].into(),
        area: "Exampleshire".to_owned(),
        ..Names::default()
    }
}

/// The year to March 2024 of England, twenty councils from 10 to 29, and ours if it was published.
pub fn published(ours: Option<f64>) -> RecordBatch {
    let mut rows = vec![("England".to_owned(), "england", Some(15.0)), ("Exampleshire".to_owned(), "ours", ours)];
    for council in 0..20_u32 {
        let role = if council % 10 == 0 { "neighbour" } else { "other" };
        rows.push((format!("Council {council}"), role, Some(f64::from(10 + council))));
    }
    rows.push(("Silent".to_owned(), "neighbour", None));
    let count = rows.len();
    column([
        ("release", texts(&vec!["2025-07-14"; count])),
        ("period", texts(&vec!["2023-24-FY"; count])),
        ("area", texts(&rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>())),
        ("role", texts(&rows.iter().map(|row| row.1).collect::<Vec<_>>())),
        ("value", numbers(&rows.iter().map(|row| row.2).collect::<Vec<_>>())),
    ])
}

fn level(numerators: &[f64]) -> RecordBatch {
    shares(&numerators.iter().map(|n| (Some(*n), Some(100.0))).collect::<Vec<_>>())
}

#[test]
fn a_bad_level_is_told_from_a_bad_change() {
    let steady: Vec<f64> = (0..12).map(|at| if at % 2 == 0 { 27.0 } else { 29.0 }).collect();
    let told = told(indicator("second-plans", &format!("{PERCENT}{BENCHMARK}")), level(&steady), Some(published(None)));
    let exception = told.exception.unwrap();
    assert_eq!(exception.tone, Tone::Concern);
    insta::assert_snapshot!([&[exception.headline], exception.reasons.as_slice()].concat().join("\n"), @"
    28.0% over the last four quarters, against 15.0% in England.
    Higher than England; among the worst quarter of councils (20th of 21).
    The level is the problem, not the last change, which is no more than chance gives.
    ");
    assert_eq!(told.variation.says, "No more than chance would give.");
    assert_eq!(told.on_year.unwrap().difference.text, "0.0");
}

#[test]
fn a_leap_is_unlikely_to_be_chance() {
    let mut leap: Vec<f64> = (0..12).map(|at| if at % 2 == 0 { 20.0 } else { 22.0 }).collect();
    leap.push(60.0);
    let text = format!("{PERCENT}target = 10\n");
    let told = told(indicator("re-referrals", &text), level(&leap), None);
    assert_eq!(told.variation.brief, "above the upper limit");
    assert_eq!(told.assurance.unwrap().verdict, "failing");
    insta::assert_snapshot!(told.exception.unwrap().reasons.join("\n"), @"
    It lies above the upper limit of 29.3%: chance alone would hardly do that.
    The target of 10% is out of reach of chance: it is missed until something changes.
    +40.0 points on the year, more than chance would give.
    Both the level and the last change are the problem.
    ");
}

#[test]
fn a_headline_says_a_share_as_people_do_and_what_it_was_a_year_before() {
    let falling = [90.0, 92.0, 90.0, 92.0, 90.0, 92.0, 91.0, 90.0, 88.0, 86.0, 84.0, 80.0];
    let words = "[in_words]\none = \"interview\"\ncounted = \"is in time\"\nother = \"is late\"\n";
    let text = PERCENT.replace("\"low\"", "\"high\"") + "target = 89\n" + words;
    let exception = told(indicator("interviews", &text), level(&falling), None).exception.unwrap();
    assert_eq!(
        exception.headline,
        "One interview in five is late: 80.0% in April to June 2025, down from 90.0% a year before."
    );
    assert!(exception.reasons.iter().any(|says| says.contains("missed for four quarters running")), "{exception:?}");
}

#[test]
fn a_level_that_shifted_is_told_with_what_it_was() {
    let shifted = [52.0, 49.0, 55.0, 51.0, 54.0, 42.0, 44.0, 40.0, 43.0, 39.0, 38.0, 41.0];
    let text = "unit = \"percent\"\ndecimals = 0\nkind = \"flow\"\ngood = \"neutral\"\n";
    let exception = told(indicator("missing", text), level(&shifted), None).exception.unwrap();
    assert_eq!(exception.headline, "41% in April to June 2025; until September 2023 it was 49% to 55% a quarter.");
}

#[test]
fn where_neither_way_is_good_higher_is_only_higher() {
    let mut leap = vec![20.0; 11];
    leap[3] = 22.0;
    leap.push(60.0);
    let text = "unit = \"percent\"\nkind = \"flow\"\ngood = \"neutral\"\n";
    let told = told(indicator("neglect", text), level(&leap), None);
    let exception = told.exception.unwrap();
    assert_eq!((exception.tone, told.points[11].tone), (Tone::Higher, Tone::Higher));
    assert!(exception.reasons[0].starts_with("It lies above the upper limit of 24.6%"), "{exception:?}");
}

#[test]
fn quarters_meet_a_year_only_as_the_sum_of_four_that_says_so() {
    let bridged = || indicator("second-plans", &format!("{PERCENT}{BENCHMARK}"));
    let comparison = told(bridged(), level(&[10.0, 20.0, 30.0, 40.0]), Some(published(None))).comparison.unwrap();
    assert_eq!(comparison.ours.text, "25.0%");
    assert_eq!(comparison.bridge.as_deref(), Some("sum of the last four quarters, July 2024 to June 2025"));
    assert_eq!(comparison.neighbours, (2, 3));
    assert_eq!(comparison.neighbours_mean.text, "15.0%");
    assert_eq!((comparison.band, comparison.rank), (Some('D'), Some((16, 21))));
    let order: Vec<&str> = comparison.bars.iter().map(|bar| bar.area.as_str()).collect();
    assert_eq!(order, ["Exampleshire", "Council 10", "Council 0", "Silent"]);

    let comparison = told(bridged(), level(&[20.0, 30.0, 40.0]), Some(published(None))).comparison.unwrap();
    assert_eq!((comparison.ours.value, comparison.band, comparison.rank), (None, None, None));
    assert_eq!(comparison.says, "Our figure for a year is not available, so it is not compared.");
}

#[test]
fn a_side_of_england_that_has_lasted_is_told_with_its_years() {
    let years = ["2020-21-FY", "2021-22-FY", "2022-23-FY", "2023-24-FY"];
    let ours = [12.0, 21.0, 22.0, 23.0];
    let batch = column([
        ("release", texts(&["2025-07-14"; 8])),
        ("period", texts(&[years, years].concat())),
        ("area", texts(&[["Exampleshire"; 4], ["England"; 4]].concat())),
        ("role", texts(&[["ours"; 4], ["england"; 4]].concat())),
        ("value", numbers(&[ours.map(Some), [Some(15.0); 4]].concat())),
    ]);
    let text = format!("{PERCENT}{BENCHMARK}").replace("\"low\"", "\"neutral\"");
    let comparison = told(indicator("plans", &text), level(&[40.0; 4]), Some(batch)).comparison.unwrap();
    assert_eq!(comparison.says, "Higher than England for three years running.");
    assert_eq!((comparison.band, comparison.rank), (None, None));
    let history: Vec<&str> = comparison.history.iter().map(|(_, england, _)| england.text.as_str()).collect();
    assert_eq!(history, ["15.0%"; 3]);
}

#[test]
fn a_snapshot_is_compared_at_the_end_of_the_published_year() {
    let text = "unit = \"rate\"\nper = 100\nkind = \"snapshot\"\ngood = \"low\"\n[benchmark]\nsource = \"S\"\n";
    let comparison =
        told(indicator("plans", text), level(&[11.0, 12.0, 13.0, 14.0, 15.0, 16.0]), Some(published(None)));
    let comparison = comparison.comparison.unwrap();
    assert_eq!((comparison.ours.value, comparison.bridge), (Some(11.0), None));
    let comparison = told(indicator("plans", text), level(&[15.0, 16.0]), Some(published(None))).comparison.unwrap();
    assert_eq!(comparison.ours.value, Some(16.0));
    assert_eq!(comparison.bridge.as_deref(), Some("the latest, on 30 June 2025"));
}

#[test]
fn a_gap_is_a_point_that_is_not_available_and_never_zero() {
    let figures = column([
        ("period", texts(&["2024-25-Q1", "2024-25-Q4"])),
        ("numerator", Arc::new(Int64Array::from(vec![Some(40), None])) as ArrayRef),
        ("numerator_status", texts(&["", "z"])),
    ]);
    let told = told(indicator("missing", "unit = \"count\"\nkind = \"flow\"\ngood = \"neutral\"\n"), figures, None);
    let texts: Vec<&str> = told.points.iter().map(|point| point.value.text.as_str()).collect();
    assert_eq!(texts, ["40", "not available", "not available", "not applicable", "not available"]);
    assert_eq!(told.variation.says, "No figure in April to June 2025 (Q1), so no word on its variation.");
    assert_eq!(told.on_year.unwrap().difference.text, "not available");
    assert_eq!(told.limits_note.as_deref(), Some("No limits: one of the 5 points they need."));
}

#[test]
fn a_rebase_makes_limits_anew_and_says_who_decided_it() {
    let mut moved = vec![20.0, 22.0, 20.0, 22.0, 20.0, 22.0];
    moved.extend([60.0, 62.0, 60.0, 62.0, 60.0, 62.0]);
    let text = format!(
        "{PERCENT}[[rebase]]\nfrom = \"{}\"\nreason = \"New recording\"\ndecided_by = \"Chair\"\ndecided_on = 2024-06-01\n",
        quarters(6)[0]
    );
    let told = told(indicator("re-referrals", &text), level(&moved), None);
    let limits = told.limits.unwrap();
    assert_eq!((limits.mean, limits.points, limits.trial), (61.0, 6, true));
    assert_eq!(limits.since.to_string(), quarters(6)[0]);
    let note = told.limits_note.unwrap();
    assert!(note.contains("New recording (Chair, 2024-06-01)"), "{note}");
}

#[test]
fn an_answer_with_the_wrong_columns_names_indicator_file_and_column() {
    let refused = |figures: RecordBatch| {
        let answer = Answer { indicator: indicator("plans", PERCENT), figures: vec![figures], benchmark: None };
        analyse(vec![answer], "2025-26-Q1".parse().unwrap(), Names::default()).err().unwrap().to_string()
    };
    let period = || texts(&["2025-26-Q1"]);
    let one = || numbers(&[Some(1.0)]);
    let none = refused(column([("period", period()), ("numerator", one())]));
    assert!(none.starts_with("indicator plans: plans.sql answers no column denominator; it must answer"), "{none}");
    let slip = refused(column([("period", period()), ("numerator", one()), ("denominater", one())]));
    assert!(slip.ends_with("answers a column \"denominater\"; call it denominator"), "{slip}");
    let kind = refused(column([("period", period()), ("numerator", texts(&["many"])), ("denominator", one())]));
    assert!(kind.ends_with("column numerator of plans.sql is Utf8; it must be a number"), "{kind}");
    let twice = refused(column([
        ("period", texts(&["2025-26-Q1", "2025-26-Q1"])),
        ("numerator", numbers(&[None, None])),
        ("denominator", numbers(&[None, None])),
    ]));
    assert!(twice.contains("answers 2025-26-Q1 twice"), "{twice}");
    let bare = refused(column([("period", texts(&["2024-25"])), ("numerator", one()), ("denominator", one())]));
    assert!(bare.contains("write 2024-25-FY"), "{bare}");
    let schema = published(None).schema();
    assert!(check_columns(&indicator("plans", PERCENT), &level(&[1.0]).schema(), Some(&schema)).is_ok());
}

#[test]
fn a_flow_of_months_is_not_set_beside_a_year() {
    let months =
        column([("period", texts(&["2025-M05"])), ("numerator", numbers(&[None])), ("denominator", numbers(&[None]))]);
    let indicator = indicator("plans", &format!("{PERCENT}{BENCHMARK}"));
    let answer = Answer { indicator, figures: vec![months], benchmark: Some(vec![published(None)]) };
    let error = analyse(vec![answer], "2025-26-Q1".parse().unwrap(), Names::default()).err().unwrap().to_string();
    assert!(error.contains("such as 2025-M06, cannot be set beside 2023-24-FY"), "{error}");
}

#[test]
fn the_tables_hold_every_period_and_hide_what_the_pack_hides() {
    let answer = Answer {
        indicator: indicator("plans", PERCENT),
        figures: vec![shares(&[(Some(3.0), Some(40.0)), (Some(20.0), Some(40.0))])],
        benchmark: None,
    };
    let analysed = analyse(vec![answer], "2025-26-Q1".parse().unwrap(), names()).unwrap();
    let all = figures_table(&analysed).unwrap();
    let shown = disclosed_table(&disclose(analysed, Class::Public)).unwrap();
    let values = |batch: &RecordBatch| {
        let column = batch.column_by_name("value").unwrap().as_primitive::<arrow::datatypes::Float64Type>();
        column.iter().collect::<Vec<_>>()
    };
    assert_eq!(values(&all), [Some(7.5), Some(50.0)]);
    assert_eq!(values(&shown), [None, Some(50.0)]);
    let status = shown.column_by_name("numerator_status").unwrap().as_string::<i32>();
    assert_eq!(status.iter().collect::<Vec<_>>(), [Some("c"), None]);
    assert_eq!(all.schema(), shown.schema());
}
