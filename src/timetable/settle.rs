//! Reads `config/timetable.toml`.

use jiff::civil;

use super::{Ladder, Meeting, Milestones, Rung, Timetable};
use crate::{domain::Calendar, settings::Section};

impl Timetable {
    /// Reads the timetable; every problem is told to the section.
    pub fn settle(section: &mut Section<'_>) -> Option<Self> {
        let starts_on = section.date("starts_on");
        let closures: Vec<civil::Date> = section.parsed_list("closures");
        let calendar = Calendar::england_and_wales(closures);
        let milestones = section.section_opt("milestones").map(settle_milestones).unwrap_or_default();
        let ladder = settle_ladder(section);
        let mut meetings = Vec::new();
        for mut table in section.sections("meeting") {
            let on = table.date("on");
            let time = table.parsed_opt("time").unwrap_or(civil::time(14, 0, 0, 0));
            let period = table.parsed("period");
            let pack = table.text_or("pack", "board");
            if let (Some(on), Some(period)) = (on, period) {
                meetings.push(Meeting { on, time, period, pack });
            }
        }
        Some(Self { starts_on: starts_on?, calendar, ladder, meetings, milestones })
    }

    /// Tells the section of milestones that come in the wrong order, given the latest due rule of the returns.
    pub fn check_order(&self, section: &mut Section<'_>, due_working_days: i32) {
        for (meeting, mut table) in self.meetings.iter().zip(section.sections("meeting")) {
            match meeting.out_of_order(&self.milestones, due_working_days, &self.calendar) {
                Ok(wrong) => {
                    for wrong in wrong {
                        let expected = format!("a meeting that leaves room for every step: {wrong}");
                        table.refuse(
                            "on",
                            &expected,
                            "a later day for the meeting, or smaller offsets in [milestones]",
                        );
                    }
                }
                Err(error) => table.refuse("on", &error.to_string(), "a day that the bank holiday list covers"),
            }
        }
    }
}

fn settle_milestones(mut table: Section<'_>) -> Milestones {
    let usual = Milestones::default();
    let mut days = |key: &str, usual: i32| i32::try_from(table.integer_or(key, i64::from(usual))).unwrap_or(usual);
    Milestones {
        validated: days("validated", usual.validated),
        commentary: days("commentary", usual.commentary),
        draft: days("draft", usual.draft),
        sign_off: days("sign_off", usual.sign_off),
        circulated: days("circulated", usual.circulated),
    }
}

fn settle_ladder(section: &mut Section<'_>) -> Ladder {
    let mut ladder = Ladder::default();
    let mut rungs = Vec::new();
    for mut table in section.sections("rung") {
        let name = table.text("name");
        let kind = table.parsed("kind");
        let working_days = table.integer_or("working_days", 0);
        let to = table.parsed_list("to");
        if let (Some(name), Some(kind)) = (name, kind) {
            rungs.push(Rung { name, kind, working_days: i32::try_from(working_days).unwrap_or(0), to });
        }
    }
    if !rungs.is_empty() {
        ladder.rungs = rungs;
    }
    ladder
}
