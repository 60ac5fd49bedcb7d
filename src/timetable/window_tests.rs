//! The edges of windows, to the second.

use jiff::civil::date;

use super::*;
use crate::settings::{Problems, read_text};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The window of April to June 2025, due on 14 July at 17:00.
fn window(opens: Option<i32>, closes: Option<i32>, locks: Option<i32>) -> Window {
    let rule = WindowRule { opens, closes, locks };
    rule.of("2025-26-Q1".parse().unwrap(), at("2025-07-14T16:00:00Z"), &Calendar::england_and_wales([])).unwrap()
}

#[test]
fn a_window_opens_closes_and_locks_at_an_instant() {
    let window = window(Some(2), Some(3), Some(10));
    for (instant, edge) in [
        ("2025-07-01T22:59:59Z", Edge::Before),
        ("2025-07-01T23:00:00Z", Edge::Within),
        ("2025-07-17T16:00:00Z", Edge::Within),
        ("2025-07-17T16:00:01Z", Edge::Closed),
        ("2025-07-28T16:00:00Z", Edge::Closed),
        ("2025-07-28T16:00:01Z", Edge::Locked),
    ] {
        assert_eq!(window.edge(at(instant), None), edge, "{instant}");
    }
}

#[test]
fn without_a_word_it_opens_after_the_period_and_stays_open_and_a_lock_alone_closes_it() {
    let always = window(None, None, None);
    assert_eq!(always.opens_at, at("2025-06-30T23:00:00Z"));
    assert_eq!(always.edge(at("2030-01-01T00:00:00Z"), None), Edge::Within);
    let locked = window(Some(-3), None, Some(0));
    assert_eq!(locked.opens_at, at("2025-06-24T23:00:00Z"));
    assert_eq!(locked.edge(at("2025-07-14T16:00:01Z"), None), Edge::Locked);
}

#[test]
fn what_was_opened_again_after_it_closed_is_open_from_then_on() {
    let window = window(None, Some(0), Some(5));
    let reopened = Some(at("2025-08-01T09:00:00Z"));
    assert_eq!(window.edge(at("2025-08-01T09:00:01Z"), reopened), Edge::Within);
    assert_eq!(window.edge(at("2025-07-31T09:00:00Z"), reopened), Edge::Locked);
    // What was opened before it closed has closed since.
    assert_eq!(window.edge(at("2025-07-15T09:00:00Z"), Some(at("2025-07-10T09:00:00Z"))), Edge::Closed);
}

#[test]
fn a_corrected_file_has_until_the_end_of_its_day() {
    let window = window(None, Some(0), Some(1)).with_correction(Some(date(2025, 7, 17)));
    assert_eq!(window.edge(at("2025-07-17T22:59:59Z"), None), Edge::Within);
    assert_eq!(window.edge(at("2025-07-17T23:00:01Z"), None), Edge::Locked);
}

#[test]
fn what_is_held_says_why_and_who_decides() {
    let (window, what) = (window(Some(2), Some(0), Some(10)), "April to June 2025 (Q1) from police");
    let says = |instant: &str, replaces| window.holds(at(instant), None, what, replaces).unwrap_or_default();
    assert_eq!(
        says("2025-07-15T09:00:00Z", true),
        "April to June 2025 (Q1) from police closed on 14 July; the file is kept, and the board manager decides whether it \
         replaces the earlier one"
    );
    assert!(says("2025-07-15T09:00:00Z", false).ends_with("the board manager decides whether it is taken"));
    assert!(says("2025-07-01T09:00:00Z", false).starts_with("April to June 2025 (Q1) from police opens on 2 July;"));
    assert!(says("2025-08-15T09:00:00Z", true).contains("closed on 14 July and is locked since 28 July;"));
    assert_eq!(says("2025-07-10T09:00:00Z", true), "");
}

#[test]
fn windows_that_cannot_be_meant_are_refused() {
    let told = |text: &str| {
        let mut problems = Problems::default();
        let document = read_text("return.toml", text, &mut problems).unwrap();
        let due = Due { rule: DueRule::WorkingDays(10), time: civil::time(17, 0, 0, 0) };
        let mut root = document.root();
        root.section_opt("window").map(|mut table| WindowRule::settle(&mut table, [&due].into_iter()));
        problems.merge(document.finish());
        problems.to_string()
    };
    assert_eq!(told("[window]\nopens = -3\ncloses = 5\nlocks = 5\n"), "0 problems");
    for (text, expected) in [
        ("[window]\n", "at least one of opens, closes, locks"),
        ("[window]\ncloses = 5\nlocks = 4\n", "a day not before that on which it closes"),
        ("[window]\nopens = 11\n", "a day not after that on which it is due"),
        ("[window]\ncloses = -1\n", "a whole number from 0 to 260"),
        ("[window]\nclose = 5\n", "close"),
    ] {
        assert!(told(text).contains(expected), "{text}: {}", told(text));
    }
}
