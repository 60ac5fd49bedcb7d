//! Finds the period a file's name speaks of.

use crate::domain::{Period, period_of_heading};

/// The period named in a file's name, such as `2025-26-Q1` in `police 2025-26-Q1 (final).xlsx`.
///
/// The longest readable run of the name wins, so that `2025-26-Q1` is not taken for less.
pub fn period_in_name(name: &str) -> Option<Period> {
    periods_in_name(name).next()
}

/// Every period that a file's name speaks of, in their order: more than one where it can be read in two ways. A name without
/// an identifier may have a quarter as people write one: `Q4 2024-25`, `2024_25_Q2`.
pub fn periods_in_name(name: &str) -> impl Iterator<Item = Period> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let runs = name.split(move |c| !is_part(c)).filter_map(|run| {
        let starts = run.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at);
        starts
            .flat_map(|from| (from + 1..=run.len()).rev().map(move |to| &run[from..to]))
            .find_map(|text| text.parse().ok())
    });
    let mut found: Vec<Period> = runs.collect();
    if found.is_empty() {
        let words: Vec<&str> =
            name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let quarters = words.windows(3).filter_map(|words| period_of_heading(&words.join(" "), None));
        found.extend(quarters.filter(|period| matches!(period, Period::Quarter { .. })));
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_found_in_the_names_people_give() {
        for (name, period) in [
            ("2025-26-Q1.csv", Some("2025-26-Q1")),
            ("missing-children 2025-26-Q1 (final).xlsx", Some("2025-26-Q1")),
            ("police_2025-26-Q1_v2.xlsx", Some("2025-26-Q1")),
            ("2022-09-28.csv", Some("2022-09-28")),
            ("release-2025-07-14.parquet", Some("2025-07-14")),
            ("returns Q4 2024-25.csv", Some("2024-25-Q4")),
            ("police 2024_25_Q2 final.xlsx", Some("2024-25-Q2")),
            ("Q1 2025.csv", None),
            ("report.csv", None),
            ("2025-26.csv", None),
        ] {
            assert_eq!(period_in_name(name).map(|p| p.to_string()).as_deref(), period, "{name}");
        }
    }
}
