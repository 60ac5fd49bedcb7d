//! The calendar against tables from outside: published lists, the dates of the rules the field accepts, leap years.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::domain::NotNewer;

fn shipped() -> Calendar {
    Calendar::england_and_wales([])
}

#[test]
fn the_tenth_working_day_does_not_count_the_start() {
    for (end, due) in [
        (date(2025, 6, 30), date(2025, 7, 14)),
        (date(2025, 9, 30), date(2025, 10, 14)),
        (date(2025, 12, 31), date(2026, 1, 15)),
        (date(2026, 3, 31), date(2026, 4, 16)),
        (date(2023, 3, 31), date(2023, 4, 18)),
    ] {
        assert_eq!(shipped().add_working_days(end, 10), Ok(due), "{end}");
    }
}

#[test]
fn five_working_days_before_a_meeting_skip_bank_holidays() {
    for (meeting, before) in [
        (date(2026, 5, 28), date(2026, 5, 20)),
        (date(2026, 1, 8), date(2025, 12, 31)),
        (date(2022, 9, 26), date(2022, 9, 16)),
        (date(2023, 5, 11), date(2023, 5, 3)),
    ] {
        assert_eq!(shipped().add_working_days(meeting, -5), Ok(before), "{meeting}");
    }
}

#[test]
fn past_the_end_of_the_list_is_an_error_that_says_so() {
    let error = shipped().add_working_days(date(2040, 1, 1), 1).unwrap_err();
    assert!(error.to_string().contains("bank holidays of 2040 are not known"), "{error}");
}

/// The published list beside the project; `None` when it is not here, which CI does not allow.
fn published() -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/calendar/bank-holidays.json");
    let text = std::fs::read_to_string(path).ok();
    #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
    let in_ci = std::env::var_os("CI").is_some();
    assert!(text.is_some() || !in_ci, "{path} is required in CI");
    text
}

#[test]
fn every_published_bank_holiday_of_every_nation_is_no_working_day() {
    let Some(text) = published() else { return };
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (nation, days) in [(Nation::EnglandAndWales, 140), (Nation::Scotland, 157), (Nation::NorthernIreland, 174)] {
        let from_file = Calendar::of(BankHolidays::from_gov_uk(&text, nation).unwrap(), []);
        let shipped = Calendar::of(BankHolidays::shipped(nation), []);
        let events = all[nation.as_str()]["events"].as_array().unwrap();
        assert_eq!(events.len(), days, "{nation}");
        for event in events {
            let day: Date = event["date"].as_str().unwrap().parse().unwrap();
            assert_eq!(from_file.is_working_day(day), Ok(false), "{day} in {nation}");
            if day <= shipped.covered_until().unwrap() {
                assert_eq!(shipped.is_working_day(day), Ok(false), "{day} in {nation}, as shipped");
            }
        }
    }
}

#[test]
fn the_nations_have_days_of_their_own() {
    let calendar = |nation| Calendar::of(BankHolidays::shipped(nation), []);
    // St Andrew's Day, the Battle of the Boyne, Easter Monday.
    for (day, england_and_wales, scotland, northern_ireland) in [
        (date(2026, 11, 30), true, false, true),
        (date(2026, 7, 13), true, true, false),
        (date(2026, 4, 6), false, true, false),
        (date(2026, 1, 2), true, false, true),
    ] {
        for (nation, works) in Nation::ALL.into_iter().zip([england_and_wales, scotland, northern_ireland]) {
            assert_eq!(calendar(nation).is_working_day(day), Ok(works), "{day} in {nation}");
        }
    }
}

#[test]
fn a_published_list_takes_the_place_of_the_shipped_one() {
    let json = r#"{"england-and-wales": {"division": "england-and-wales", "events": [
        {"title": "New Year’s Day", "date": "2029-01-01", "notes": "", "bunting": true},
        {"title": "Boxing Day", "date": "2030-12-26", "notes": "", "bunting": true}]}}"#;
    let calendar = Calendar::of(BankHolidays::from_gov_uk(json, Nation::EnglandAndWales).unwrap(), [date(2029, 1, 2)]);
    assert_eq!(calendar.add_working_days(date(2029, 1, 1), 0), Ok(date(2029, 1, 3)));
    assert_eq!(calendar.covered_until(), Some(date(2030, 12, 31)));
    assert!(calendar.is_working_day(date(2028, 12, 29)).is_err());
    for wrong in ["{}", "[]", "<html>", r#"{"england-and-wales": {"events": []}}"#, r#"{"england-and-wales": [1]}"#] {
        let error = BankHolidays::from_gov_uk(wrong, Nation::EnglandAndWales).unwrap_err().to_string();
        assert!(error.contains("gov.uk/bank-holidays.json"), "{error}");
    }
    let error = BankHolidays::from_gov_uk(json, Nation::Scotland).unwrap_err().to_string();
    assert!(error.contains("no events for scotland"), "{error}");
}

/// Eight made-up bank holidays in each of these years.
fn whole_years(years: std::ops::RangeInclusive<i16>) -> Vec<Date> {
    years.flat_map(|year| (1..=8).map(move |month| date(year, month, 10))).collect()
}

#[test]
fn a_newer_list_keeps_what_was_known_before_it_begins() {
    let present = BankHolidays::of(whole_years(2020..=2026));
    let merged = present.succeeded_by(&BankHolidays::of(whole_years(2024..=2028)), date(2026, 6, 1)).unwrap();
    assert_eq!(merged.years(), (2020, 2028));
    assert!(merged.contains(date(2020, 1, 10)) && merged.contains(date(2028, 8, 10)));
}

#[test]
fn a_list_that_lost_something_is_refused_with_what_it_lost() {
    let today = date(2026, 6, 1);
    let present = BankHolidays::of(whole_years(2020..=2026));
    let refused = |days: Vec<Date>| present.succeeded_by(&BankHolidays::of(days), today).unwrap_err();
    let newer = || whole_years(2024..=2028);
    let without =
        |lost: Date| newer().into_iter().filter(|day| *day != lost).chain([date(lost.year(), 9, 1)]).collect();
    assert_eq!(refused(whole_years(2020..=2025)), NotNewer::EndsSooner { newer: 2025, present: 2026 });
    assert_eq!(refused(whole_years(2028..=2030)), NotNewer::LeavesAGap { newer: 2028, present: 2026 });
    assert_eq!(refused(without(date(2026, 5, 10))), NotNewer::Lost(date(2026, 5, 10)));
    assert_eq!(
        refused(newer().into_iter().filter(|day| *day < date(2028, 2, 1)).collect()),
        NotNewer::Thin { year: 2028, days: 1 }
    );
    // A bank holiday that is still to come may be moved.
    let moved = present.succeeded_by(&BankHolidays::of(without(date(2026, 7, 10))), today).unwrap();
    assert!(!moved.contains(date(2026, 7, 10)) && moved.contains(date(2026, 9, 1)));
}

#[test]
fn leap_days_are_counted_and_may_be_closures() {
    let calendar = Calendar::england_and_wales([date(2024, 2, 29)]);
    for (start, n, day) in [
        (date(2024, 2, 28), 1, date(2024, 3, 1)), // Thursday 29 February is closed
        (date(2024, 3, 1), -1, date(2024, 2, 28)),
        (date(2028, 2, 28), 1, date(2028, 2, 29)), // a Tuesday
        (date(2028, 3, 1), -1, date(2028, 2, 29)),
        (date(2027, 2, 26), 1, date(2027, 3, 1)), // no leap year
        (date(2020, 2, 28), 1, date(2020, 3, 2)), // a Saturday
    ] {
        assert_eq!(calendar.add_working_days(start, n), Ok(day), "{n} from {start}");
    }
    assert_eq!(calendar.working_day_by(date(2024, 2, 29)), Ok(date(2024, 2, 28)));
    assert_eq!(calendar.working_day_by(date(2028, 2, 29)), Ok(date(2028, 2, 29)));
}

proptest! {
    #[test]
    fn going_forward_and_back_lands_on_a_working_day_at_or_before(offset in 0i32..4000, n in 1i32..40) {
        let calendar = shipped();
        let start = date(2013, 1, 1).checked_add(offset.days()).unwrap();
        let there = calendar.add_working_days(start, n).unwrap();
        prop_assert!(calendar.is_working_day(there).unwrap());
        prop_assert_eq!(calendar.working_days_between(start, there).unwrap(), n);
        prop_assert!(calendar.add_working_days(there, -n).unwrap() <= start);
    }
}
