//! Dates, instants and periods as people read them in a message.

use jiff::{Timestamp, civil::Date};

use crate::domain::{Period, to_london};

/// "Monday 14 July".
pub fn day(date: Date) -> String {
    date.strftime("%A %-d %B").to_string()
}

/// "14 July".
pub fn short_day(date: Date) -> String {
    date.strftime("%-d %B").to_string()
}

/// "March 2025".
pub fn month(date: Date) -> String {
    date.strftime("%B %Y").to_string()
}

/// "Monday 14 July, 17:00", in London.
pub fn moment(at: Timestamp) -> String {
    to_london(at).strftime("%A %-d %B, %H:%M").to_string()
}

/// "Monday 14 July at 17:00", in London.
pub fn day_and_time(at: Timestamp) -> String {
    to_london(at).strftime("%A %-d %B at %H:%M").to_string()
}

/// "April to June 2025": the period without its number.
pub fn span(period: Period) -> String {
    let human = period.human();
    match human.rsplit_once(" (") {
        Some((span, _)) => span.to_owned(),
        None => human,
    }
}

/// "last quarter": what people call the period before.
pub fn last_time(period: Period) -> &'static str {
    match period {
        Period::Quarter { .. } => "last quarter",
        Period::FinancialYear { .. } | Period::AcademicYear { .. } | Period::CalendarYear { .. } => "last year",
        Period::Term { .. } => "last term",
        Period::Month { .. } => "last month",
        Period::Week { .. } => "last week",
        Period::Half { .. } | Period::TwoMonths { .. } | Period::TwoYears { .. } | Period::Release { .. } => {
            "last time"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_on_the_clock_of_london() {
        let summer: Timestamp = "2025-07-14T16:00:00Z".parse().unwrap();
        assert_eq!(moment(summer), "Monday 14 July, 17:00");
        assert_eq!(day_and_time(summer), "Monday 14 July at 17:00");
        let winter: Timestamp = "2026-01-05T17:00:00Z".parse().unwrap();
        assert_eq!(moment(winter), "Monday 5 January, 17:00");
    }

    #[test]
    fn periods_lose_their_number_and_keep_their_years() {
        assert_eq!(span("2025-26-Q1".parse().unwrap()), "April to June 2025");
        assert_eq!(span("2024-25-FY".parse().unwrap()), "year to March 2025");
    }
}
