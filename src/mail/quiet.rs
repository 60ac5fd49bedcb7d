//! When a chase may leave: neither at night nor on days off, and no more of it a day than a person reads.
//!
//! Pure. Answers, packs and alarms leave at any time.

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
};

use super::Kind;
use crate::{
    domain::{Calendar, london, to_london},
    settings::Section,
};

/// How the chase is paced; by default it leaves whenever it is due.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pace {
    /// The hours in which it waits.
    pub quiet: Option<Quiet>,
    /// So many messages of the chase a person gets on one day.
    pub most_a_day: Option<u32>,
}

/// Hours in which the chase waits, on the clock of London: from an evening to the next morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// When it begins.
    pub from: Time,
    /// When it ends.
    pub until: Time,
    /// Whether days off are quiet as a whole: weekends, and bank holidays where the calendar knows them.
    pub weekends: bool,
}

impl Pace {
    /// Reads `quiet` and `most_a_day` of `[mail]`.
    pub(super) fn settle(section: &mut Section<'_>) -> Self {
        let quiet = section.section_opt("quiet").and_then(|mut table| Quiet::settle(&mut table));
        let most_a_day = section.integer_opt("most_a_day").and_then(|most| {
            let fits = u32::try_from(most).ok().filter(|most| (1..=100).contains(most));
            if fits.is_none() {
                section.refuse("most_a_day", "a number from 1 to 100", "most_a_day = 5");
            }
            fits
        });
        Self { quiet, most_a_day }
    }

    /// Until when a message of the kind waits, and why; `left_today` is how many of the chase its recipient got today.
    pub(super) fn waits(
        &self,
        kind: Kind,
        left_today: u32,
        calendar: Option<&Calendar>,
        now: Timestamp,
    ) -> Option<(Timestamp, &'static str)> {
        if let Some(until) = self.quiet.filter(|_| rests(kind)).and_then(|quiet| quiet.ends(calendar, now)) {
            return Some((until, "waits for the end of the quiet hours"));
        }
        let full = self.most_a_day.is_some_and(|most| is_counted(kind) && left_today >= most);
        full.then(|| (self.next_morning(calendar, now), "waits for tomorrow: this person got enough today"))
    }

    fn next_morning(&self, calendar: Option<&Calendar>, now: Timestamp) -> Timestamp {
        let usual = Quiet { from: Time::MAX, until: Time::constant(8, 0, 0, 0), weekends: false };
        let quiet = self.quiet.unwrap_or(usual);
        quiet.morning_after(to_london(now).date(), calendar).unwrap_or(now)
    }
}

impl Quiet {
    fn settle(table: &mut Section<'_>) -> Option<Self> {
        let mut time = |key: &str, usual: &str| {
            let text = table.text(key)?;
            let read = Time::strptime("%H:%M", &text).ok();
            if read.is_none() {
                table.refuse(key, "a time of day", &format!("{key} = \"{usual}\""));
            }
            read
        };
        let (from, until) = (time("from", "18:00"), time("until", "08:00"));
        let weekends = table.boolean_or("weekends", true);
        let (from, until) = (from?, until?);
        if from <= until {
            table.refuse(
                "until",
                "a morning: quiet hours begin in the evening and end on the next day",
                "until = \"08:00\"",
            );
            return None;
        }
        Some(Self { from, until, weekends })
    }

    /// When the quiet ends that `now` falls into; none if it falls into none.
    fn ends(&self, calendar: Option<&Calendar>, now: Timestamp) -> Option<Timestamp> {
        let (today, time) = (to_london(now).date(), to_london(now).time());
        let off = self.is_off(calendar, today);
        if !off && (self.until..self.from).contains(&time) {
            return None;
        }
        if !off && time < self.until { instant(today, self.until) } else { self.morning_after(today, calendar) }
    }

    /// When the quiet ends on the first day after this one that is not off.
    fn morning_after(&self, day: Date, calendar: Option<&Calendar>) -> Option<Timestamp> {
        // No run of days off is as long as that.
        let mut days = day.series(jiff::Span::new().days(1)).skip(1).take(30);
        days.find(|day| !self.is_off(calendar, *day)).and_then(|day| instant(day, self.until))
    }

    fn is_off(&self, calendar: Option<&Calendar>, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        // Beyond the holidays that are known, a day is judged by its name.
        let works = calendar.and_then(|calendar| calendar.is_working_day(day).ok()).unwrap_or(!weekend);
        self.weekends && !works
    }
}

fn instant(day: Date, time: Time) -> Option<Timestamp> {
    day.to_datetime(time).to_zoned(london()).ok().map(|at| at.timestamp())
}

/// Whether a kind waits in quiet hours. What the manager reads before it goes does not.
fn rests(kind: Kind) -> bool {
    is_counted(kind) || kind == Kind::Escalation
}

/// Whether a kind counts among what a person gets of the chase on one day.
pub(super) fn is_counted(kind: Kind) -> bool {
    Kind::TO_LEAD.contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Problems, read_text};

    fn pace() -> Pace {
        let quiet = Quiet { from: Time::constant(18, 0, 0, 0), until: Time::constant(8, 0, 0, 0), weekends: true };
        Pace { quiet: Some(quiet), most_a_day: Some(3) }
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<jiff::Zoned>().unwrap().timestamp()
    }

    fn waits(pace: &Pace, kind: Kind, left: u32, now: &str) -> String {
        let calendar = Calendar::england_and_wales([]);
        let until = pace.waits(kind, left, Some(&calendar), at(&format!("{now}[Europe/London]")));
        until.map_or("leaves".into(), |(until, _)| to_london(until).strftime("%a %-d %b %H:%M").to_string())
    }

    #[test]
    fn a_chase_waits_for_the_morning_of_a_working_day() {
        for (now, until) in [
            // A Monday.
            ("2025-07-14T08:00:00+01:00", "leaves"),
            ("2025-07-14T17:59:59+01:00", "leaves"),
            ("2025-07-14T18:00:00+01:00", "Tue 15 Jul 08:00"),
            ("2025-07-15T00:00:00+01:00", "Tue 15 Jul 08:00"),
            ("2025-07-15T07:59:59+01:00", "Tue 15 Jul 08:00"),
            // A Friday evening, and the days after it.
            ("2025-07-18T18:00:00+01:00", "Mon 21 Jul 08:00"),
            ("2025-07-19T12:00:00+01:00", "Mon 21 Jul 08:00"),
            ("2025-07-20T23:00:00+01:00", "Mon 21 Jul 08:00"),
            ("2025-07-21T07:00:00+01:00", "Mon 21 Jul 08:00"),
            // Easter: from Thursday evening to Tuesday morning.
            ("2025-04-17T19:00:00+01:00", "Tue 22 Apr 08:00"),
            ("2025-04-21T12:00:00+01:00", "Tue 22 Apr 08:00"),
            // The nights in which the clocks change.
            ("2025-03-30T00:30:00+00:00", "Mon 31 Mar 08:00"),
            ("2025-03-29T23:30:00+00:00", "Mon 31 Mar 08:00"),
            ("2025-10-26T01:30:00+00:00", "Mon 27 Oct 08:00"),
            ("2025-10-27T07:59:00+00:00", "Mon 27 Oct 08:00"),
            ("2025-10-27T08:00:00+00:00", "leaves"),
        ] {
            assert_eq!(waits(&pace(), Kind::Overdue, 0, now), until, "{now}");
            assert_eq!(waits(&pace(), Kind::Escalation, 0, now), until, "{now}");
            for never in [Kind::AnswerAccepted, Kind::Pack, Kind::Alarm, Kind::Preview, Kind::PostHeld] {
                assert_eq!(waits(&pace(), never, 99, now), "leaves", "{never:?} {now}");
            }
        }
    }

    #[test]
    fn quiet_that_ends_in_the_hour_that_is_left_out_ends_when_that_is_over() {
        let quiet = Quiet { from: Time::constant(18, 0, 0, 0), until: Time::constant(1, 30, 0, 0), weekends: false };
        let pace = Pace { quiet: Some(quiet), most_a_day: None };
        assert_eq!(waits(&pace, Kind::Notice, 0, "2025-03-29T23:00:00+00:00"), "Sun 30 Mar 02:30");
        // And in the hour that comes twice it ends once, at its first coming.
        assert_eq!(waits(&pace, Kind::Notice, 0, "2025-10-25T23:00:00+01:00"), "Sun 26 Oct 01:30");
        assert_eq!(waits(&pace, Kind::Notice, 0, "2025-10-26T01:45:00+01:00"), "leaves");
    }

    #[test]
    fn what_is_more_than_a_person_reads_in_a_day_waits_for_the_next_and_an_escalation_does_not() {
        let noon = "2025-07-18T12:00:00+01:00";
        assert_eq!(waits(&pace(), Kind::Nudge, 2, noon), "leaves");
        assert_eq!(waits(&pace(), Kind::Nudge, 3, noon), "Mon 21 Jul 08:00");
        assert_eq!(waits(&pace(), Kind::Escalation, 9, noon), "leaves");
        let by_number_alone = Pace { quiet: None, ..pace() };
        assert_eq!(waits(&by_number_alone, Kind::Nudge, 3, noon), "Sat 19 Jul 08:00");
        assert_eq!(waits(&by_number_alone, Kind::Nudge, 2, "2025-07-19T03:00:00+01:00"), "leaves");
        assert_eq!(waits(&Pace::default(), Kind::Nudge, 1000, "2025-07-19T03:00:00+01:00"), "leaves");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_write() {
        let settle = |text: &str| {
            let mut problems = Problems::default();
            let document = read_text("quarterday.toml", text, &mut problems).unwrap();
            let pace = document.root().section("mail").map(|mut mail| Pace::settle(&mut mail)).unwrap();
            problems.merge(document.finish());
            (pace, if problems.is_empty() { String::new() } else { problems.to_string() })
        };
        let (read, told) = settle("[mail]\nquiet = { from = \"18:00\", until = \"08:00\" }\nmost_a_day = 3\n");
        assert_eq!((read, told.as_str()), (pace(), ""));
        for (wrong, write) in [
            ("quiet = { from = \"6pm\", until = \"08:00\" }", "from = \"18:00\""),
            ("quiet = { from = \"08:00\", until = \"18:00\" }", "until = \"08:00\""),
            ("quiet = { until = \"08:00\" }", "mail.quiet.from"),
            ("most_a_day = 0", "most_a_day = 5"),
            ("quiet = { from = \"18:00\", until = \"08:00\", weekend = true }", "weekend"),
        ] {
            let (_, told) = settle(&format!("[mail]\n{wrong}\n"));
            assert!(told.contains(write), "{wrong}: {told}");
        }
    }
}
