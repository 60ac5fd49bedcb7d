//! Times of day around the days on which the clocks change.

use jiff::civil::{date, time};

use super::instant_on;

#[test]
fn five_o_clock_is_five_o_clock_on_either_side_of_a_change() {
    for (day, utc) in [
        (date(2026, 3, 27), "2026-03-27T17:00:00Z"),
        (date(2026, 3, 28), "2026-03-28T17:00:00Z"),
        (date(2026, 3, 29), "2026-03-29T16:00:00Z"),
        (date(2026, 3, 30), "2026-03-30T16:00:00Z"),
        (date(2026, 10, 23), "2026-10-23T16:00:00Z"),
        (date(2026, 10, 24), "2026-10-24T16:00:00Z"),
        (date(2026, 10, 25), "2026-10-25T17:00:00Z"),
        (date(2026, 10, 26), "2026-10-26T17:00:00Z"),
    ] {
        assert_eq!(instant_on(day, time(17, 0, 0, 0)).to_string(), utc, "{day}");
    }
}

#[test]
fn half_past_one_is_moved_out_of_the_gap_in_spring_and_comes_once_in_autumn() {
    for (day, utc) in [
        (date(2026, 3, 28), "2026-03-28T01:30:00Z"),
        (date(2026, 3, 29), "2026-03-29T01:00:00Z"), // 02:00 by the new time
        (date(2026, 3, 30), "2026-03-30T00:30:00Z"),
        (date(2026, 10, 24), "2026-10-24T00:30:00Z"),
        (date(2026, 10, 25), "2026-10-25T00:30:00Z"), // the first of two
        (date(2026, 10, 26), "2026-10-26T01:30:00Z"),
    ] {
        assert_eq!(instant_on(day, time(1, 30, 0, 0)).to_string(), utc, "{day}");
    }
}
