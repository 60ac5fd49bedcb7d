//! Finds the period a file's name speaks of.

use crate::domain::Period;

/// The period named in a file's name, such as `2025-26-Q1` in `police 2025-26-Q1 (final).xlsx`.
///
/// The longest readable run of the name wins, so that `2025-26-Q1` is not taken for less.
pub fn period_in_name(name: &str) -> Option<Period> {
    periods_in_name(name).next()
}

/// Every period that a file's name speaks of, in their order: more than one where it can be read in two ways.
pub fn periods_in_name(name: &str) -> impl Iterator<Item = Period> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.split(move |c| !is_part(c)).filter_map(|run| {
        let starts = run.char_indices().filter(|(_, c)| c.is_ascii_digit()).map(|(at, _)| at);
        starts
            .flat_map(|from| (from + 1..=run.len()).rev().map(move |to| &run[from..to]))
            .find_map(|text| text.parse().ok())
    })
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
            ("report.csv", None),
            ("2025-26.csv", None),
        ] {
            assert_eq!(period_in_name(name).map(|p| p.to_string()).as_deref(), period, "{name}");
        }
    }
}
