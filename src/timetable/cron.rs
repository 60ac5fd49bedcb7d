//! Cron expressions, read in London's civil time.
//!
//! A time in the spring gap is taken at the gap's end, a time in the autumn repeat once, at the first.

use std::str::FromStr;

use jiff::Timestamp;

use crate::domain::to_london;

/// A text that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a cron expression of five fields, as in \"0 7 * * 1-5\" ({0})")]
pub struct BadSchedule(String);

/// When something is to be done, again and again.
#[derive(Debug, Clone)]
pub struct Schedule(croner::Cron);

impl FromStr for Schedule {
    type Err = BadSchedule;

    fn from_str(text: &str) -> Result<Self, BadSchedule> {
        let schedule = croner::Cron::from_str(text).map(Self).map_err(|e| BadSchedule(e.to_string()))?;
        match schedule.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(BadSchedule("no such day ever comes".into())),
        }
    }
}

impl Schedule {
    /// The first occurrence after `after`; `None` when the expression names no day that will come.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.find_next_occurrence(&to_london(after), false).ok().map(|zoned| zoned.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurrences(cron: &str, from: &str, count: usize) -> Vec<String> {
        let schedule: Schedule = cron.parse().unwrap();
        let mut at: Timestamp = from.parse().unwrap();
        (0..count)
            .map(|_| {
                at = schedule.next_after(at).unwrap();
                at.to_string()
            })
            .collect()
    }

    #[test]
    fn seven_in_the_morning_stays_seven_in_london() {
        assert_eq!(
            occurrences("0 7 * * *", "2025-03-29T00:00:00Z", 2),
            ["2025-03-29T07:00:00Z", "2025-03-30T06:00:00Z"]
        );
    }

    #[test]
    fn a_time_in_the_spring_gap_runs_once_at_its_end() {
        assert_eq!(
            occurrences("30 1 * * *", "2025-03-29T12:00:00Z", 2),
            ["2025-03-30T01:00:00Z", "2025-03-31T00:30:00Z"]
        );
    }

    #[test]
    fn a_time_in_the_autumn_repeat_runs_once_at_the_first() {
        assert_eq!(
            occurrences("30 1 * * *", "2025-10-25T12:00:00Z", 2),
            ["2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"]
        );
    }

    #[test]
    fn a_day_that_never_comes_is_refused_and_a_leap_day_is_not() {
        let error = "0 7 31 2 *".parse::<Schedule>().unwrap_err().to_string();
        assert!(error.contains("no such day ever comes"), "{error}");
        assert!("0 7 29 2 *".parse::<Schedule>().is_ok());
    }

    #[test]
    fn nonsense_is_refused_with_an_example() {
        let error = "every day".parse::<Schedule>().unwrap_err().to_string();
        assert!(error.contains("0 7 * * 1-5"), "{error}");
    }
}
