//! Instants and the civil day they fall on where the board sits.

use jiff::{Timestamp, Zoned, civil, tz::TimeZone};

/// The board's time zone, from the zone data built into the binary.
pub fn london() -> TimeZone {
    TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)
}

/// The instant as people in London read it.
pub fn to_london(at: Timestamp) -> Zoned {
    at.to_zoned(london())
}

/// The civil day in London on which the instant falls.
pub fn civil_day(at: Timestamp) -> civil::Date {
    to_london(at).date()
}
