//! What the invented rest of the country publishes: England, a region and two dozen councils.

use jiff::civil::Date;

use super::{
    chance::Chance,
    figures::{NOW, coverage, rounded, second_plans_of_year},
    formats::{Cell, Table},
};
use crate::domain::Period;

/// The councils besides ours; the first ten are our statistical neighbours.
const COUNCILS: [&str; 23] = [
    "Ashmere",
    "Brindleford",
    "Copperhill",
    "Eastmarch",
    "Greywater",
    "Kestrel Bay",
    "Larkshire",
    "Northmere",
    "Pennfield",
    "Thornshire",
    "Alderbrook",
    "Birchcombe",
    "Castlemarsh",
    "Dunmoor",
    "Fennimore",
    "Harrowdale",
    "Millhaven",
    "Oakenshire",
    "Rookwood",
    "Saltmarsh",
    "Underhill",
    "Westmarch",
    "Wolvermoor",
];

const NEIGHBOURS: usize = 10;

/// England's share of second plans by year from 2017-18 on, in tenths of a per cent.
const ENGLAND_SECOND: [i64; 8] = [202, 208, 219, 221, 233, 236, 247, 249];
/// Ours before our own history begins in 2022-23.
const OURS_SECOND: [i64; 5] = [272, 266, 301, 298, 287];
/// England's coverage by quarter of our history, in tenths of a per cent.
const ENGLAND_COVERAGE: [i64; 12] = [924, 923, 921, 922, 920, 919, 918, 919, 917, 916, 916, 915];

/// The releases that history and the quarter know of: the days they were published.
pub(super) fn releases() -> [Date; 2] {
    [Date::constant(2024, 12, 18), Date::constant(2025, 7, 14)]
}

/// One release: every measure for every area, as far as was known on the day.
pub(super) fn release(seed: u64, on: Date, quarters: &[Period]) -> Table {
    let mut rows = Vec::new();
    for (index, england) in ENGLAND_SECOND.into_iter().enumerate() {
        let Ok(year) = i16::try_from(2017 + index) else { continue };
        let period = Period::FinancialYear { year };
        let ours = match OURS_SECOND.get(index) {
            Some(ours) => *ours,
            None => second_plans_of_year(seed, index - OURS_SECOND.len()),
        };
        if is_published(period, on) {
            rows.extend(areas(seed, "second-plans", period, index, england, ours, 90));
        }
    }
    for (index, (england, period)) in ENGLAND_COVERAGE.into_iter().zip(quarters).enumerate().take(NOW) {
        if is_published(*period, on) {
            rows.extend(areas(seed, "immunised-by-two", *period, index, england, coverage(seed, index), 24));
        }
    }
    let headings = vec!["measure", "time_period", "la_number", "area", "area_type", "statistical_neighbour", "value"];
    Table { headings, rows }
}

/// Three months after a period ends its figures are published.
fn is_published(period: Period, on: Date) -> bool {
    period.end().saturating_add(jiff::Span::new().months(3)) < on
}

fn areas(
    seed: u64,
    measure: &'static str,
    period: Period,
    at: usize,
    england: i64,
    ours: i64,
    spread: i64,
) -> Vec<Vec<Cell>> {
    let row = |number: usize, area: &str, area_type: &str, neighbour: bool, value: String| {
        vec![
            Cell::text(measure),
            Cell::text(period.to_string()),
            Cell::text(number.to_string()),
            Cell::text(area),
            Cell::text(area_type),
            Cell::YesNo(neighbour),
            Cell::Text(value),
        ]
    };
    let mut rows = vec![row(801, "Exampleshire", "council", false, tenths(ours))];
    let (mut sum, mut known) = (ours, 1);
    for (index, council) in COUNCILS.into_iter().enumerate() {
        // A council keeps its place among the others; the years move it a little.
        let place = Chance::new(seed, council, measure.len()).between(-spread, spread);
        let mut moves = Chance::new(seed, council, 1000 + at);
        let value = england + place + moves.between(-spread / 4, spread / 4);
        // The last neighbour publishes every other year only.
        let missing = index + 1 == NEIGHBOURS && measure == "second-plans" && !at.is_multiple_of(2);
        let shown = if missing { "x".to_owned() } else { tenths(value) };
        if !missing {
            sum += value;
            known += 1;
        }
        rows.push(row(802 + index, council, "council", index < NEIGHBOURS, shown));
    }
    // Regions are nearer to England than the few councils of this country; halfway will do.
    rows.push(row(985, "Mid Riverlands", "region", false, tenths((rounded(sum, known) + england) / 2)));
    rows.push(row(970, "England", "country", false, tenths(england)));
    rows
}

fn tenths(value: i64) -> String {
    format!("{}.{}", value / 10, value % 10)
}
