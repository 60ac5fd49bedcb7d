//! Instants and the civil day they fall on where the board sits.

use std::sync::LazyLock;

use jiff::{Timestamp, Zoned, civil, tz::TimeZone};

static LONDON: LazyLock<TimeZone> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the zones are built into the binary; without them no deadline is right")]
    jiff::tz::db().get("Europe/London").expect("the zone data built into the program hold Europe/London")
});

/// The board's time zone, from the zone data built into the binary.
pub fn london() -> TimeZone {
    LONDON.clone()
}

/// The instant as people in London read it.
pub fn to_london(at: Timestamp) -> Zoned {
    at.to_zoned(london())
}

/// The civil day in London on which the instant falls.
pub fn civil_day(at: Timestamp) -> civil::Date {
    to_london(at).date()
}
