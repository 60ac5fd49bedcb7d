//! The board's dates as calendars: one for each agency, with what is asked of it, and one for the board.
//!
//! The same definitions give the same bytes, and a date that moves keeps its identifier, so that a calendar that is read
//! again moves it instead of showing it twice.

use std::collections::BTreeMap;

use anyhow::bail;
use icalendar::{Calendar, Component, Event, Property};
use jiff::tz::TimeZone;

use super::{Board, dates::Line};
use crate::{
    domain::AgencyId,
    timetable::{Milestone, What, instant_on},
};

/// The name of the board's own calendar.
const BOARD: &str = "board";

/// The calendars by the names of their files; with an agency, only its own.
///
/// # Errors
/// When an agency has the name that the board's own calendar has.
pub fn feeds(board: &Board, lines: &[Line], agency: Option<&AgencyId>) -> anyhow::Result<BTreeMap<String, String>> {
    let mut feeds = BTreeMap::new();
    for id in board.agencies.keys().filter(|id| agency.is_none_or(|one| one == *id)) {
        if id.as_str() == BOARD {
            bail!(
                "the agency {BOARD:?} has the name of the board's own calendar; give it another id in config/agencies.toml"
            );
        }
        let asked = lines.iter().filter(|line| match line.dated.what {
            What::Due => line.dated.agency.as_ref() == Some(id),
            What::Step(step) => step.asks_agencies(),
            What::Reminder(_) => false,
        });
        let name = format!("{}: dates of {}", board.short_name, board.agency_name(id));
        feeds.insert(format!("{id}.ics"), feed(board, &name, asked));
    }
    if agency.is_none() {
        let steps = lines.iter().filter(|line| matches!(line.dated.what, What::Step(_)));
        feeds.insert(format!("{BOARD}.ics"), feed(board, &format!("{}: the board's dates", board.short_name), steps));
    }
    Ok(feeds)
}

fn feed<'a>(board: &Board, name: &str, lines: impl Iterator<Item = &'a Line>) -> String {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//Quarterday//Timetable//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    // Signs that would have to be escaped: the library does that in one of the two properties it writes.
    calendar.name(&name.replace(['\\', ',', ';', '\n'], " "));
    for event in lines.filter_map(|line| event(board, line)) {
        calendar.push(event);
    }
    folded(&calendar.to_string())
}

/// Lines of 75 octets at most, without their ends; the library writes some of 76.
fn folded(text: &str) -> String {
    let mut folded = String::new();
    for line in text.replace("\r\n ", "").split_terminator("\r\n") {
        let mut length = 0;
        for letter in line.chars() {
            if length + letter.len_utf8() > 75 {
                folded.push_str("\r\n ");
                length = 1;
            }
            folded.push(letter);
            length += letter.len_utf8();
        }
        folded.push_str("\r\n");
    }
    folded
}

/// One date as an event; none where the day is not known. Only a meeting takes up anybody's time.
fn event(board: &Board, line: &Line) -> Option<Event> {
    let dated = &line.dated;
    let on = dated.on?;
    let mut event = Event::new();
    let start = match dated.time {
        // In UTC: no reader has to know when London changes its clocks.
        Some(time) => {
            let at = instant_on(on, time).to_zoned(TimeZone::UTC);
            Property::new("DTSTART", at.strftime("%Y%m%dT%H%M%SZ").to_string())
        }
        None => Property::new("DTSTART", on.strftime("%Y%m%d").to_string()).add_parameter("VALUE", "DATE").done(),
    };
    let contact = &board.contact;
    let questions = format!("Questions: {}, {}, {}.", contact.name, contact.phone, contact.email);
    event
        .uid(&uid(board, line))
        .add_property("DTSTAMP", board.timetable.starts_on.strftime("%Y%m%dT000000Z").to_string())
        .append_property(start)
        .summary(&format!("{}: {}", capitalised(line.kind), line.what()))
        .description(&format!("{}.\n{questions}", capitalised(&dated.rule)))
        .add_property("TRANSP", if dated.what == What::Step(Milestone::Meeting) { "OPAQUE" } else { "TRANSPARENT" });
    Some(event.done())
}

/// What a date is, whenever it is: `due.missing-children.police.2025-26-Q1@exampleshire.quarterday`.
fn uid(board: &Board, line: &Line) -> String {
    let (dated, plain) = (&line.dated, |text: &str| -> String {
        text.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
    });
    let kind = match dated.what {
        What::Step(step) => plain(step.as_str()),
        What::Due | What::Reminder(_) => plain(line.kind),
    };
    let about = dated.return_id.as_ref().map(ToString::to_string).or_else(|| dated.pack.clone());
    let agency = dated.agency.as_ref().map(ToString::to_string);
    let parts: Vec<String> =
        [Some(kind), about, agency, Some(dated.period.to_string())].into_iter().flatten().collect();
    format!("{}@{}.quarterday", parts.join("."), plain(&board.area))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
