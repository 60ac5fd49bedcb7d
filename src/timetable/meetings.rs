//! Reads `[[meeting]]` and `[[cycle]]` of `config/timetable.toml`: every meeting of the board, with its own steps.

use std::collections::BTreeMap;

use jiff::civil::{self, Date};

use super::{
    Meeting, Meetings, Milestones, Schedule,
    cycle::{Cycle, Days},
    settle::{ReturnsDue, working_days},
};
use crate::{
    domain::{Calendar, Period},
    settings::Section,
};

/// The time of a meeting that does not say its own.
const USUAL_TIME: civil::Time = civil::Time::constant(14, 0, 0, 0);

/// What meetings are settled with.
pub(super) struct Beside<'a> {
    /// Periods that end before this day are on no table.
    pub starts_on: Option<Date>,
    /// Where steps lie that a meeting does not place itself.
    pub milestones: Milestones,
    /// When the last return that a meeting's pack asks for is due.
    pub returns_due: ReturnsDue<'a>,
    /// Which days are working days, where that is known.
    pub calendar: Option<&'a Calendar>,
}

/// Every meeting, by its day. What is wrong with one is told to its table.
pub(super) fn settle(section: &mut Section<'_>, beside: &Beside<'_>) -> Meetings {
    let mut known: BTreeMap<(String, Period), Date> = BTreeMap::new();
    let mut all = Vec::new();
    for mut table in section.sections("meeting") {
        let Some(meeting) = settle_one(&mut table, beside) else { continue };
        refuse_second(&mut table, "on", &meeting, &mut known);
        refuse_out_of_order(&mut table, "on", std::slice::from_ref(&meeting), beside);
        all.push(meeting);
    }
    let mut cycles: Vec<Cycle> = Vec::new();
    for mut table in section.sections("cycle") {
        let Some(cycle) = settle_cycle(&mut table, beside) else { continue };
        if cycles.iter().any(|other| other.id == cycle.id) {
            table.refuse("id", "a name that no other cycle has", "");
        }
        let Some(calendar) = beside.calendar else { continue };
        let key = if matches!(cycle.days, Days::Rule { .. }) { "rule" } else { "dates" };
        for day in cycle.exceptions_to_nothing(calendar) {
            table.refuse("except", &format!("days that the rule names; {day} is none"), "");
        }
        let meetings = cycle.meetings(calendar);
        // One second meeting tells what is wrong with the cycle; the later ones would only repeat it.
        let _ = meetings.iter().find(|meeting| refuse_second(&mut table, key, meeting, &mut known));
        refuse_out_of_order(&mut table, key, &meetings, beside);
        all.extend(meetings);
        cycles.push(cycle);
    }
    all.sort_by(|a, b| a.order().cmp(&b.order()));
    Meetings::new(all, cycles)
}

/// A meeting that is given by its date.
fn settle_one(table: &mut Section<'_>, beside: &Beside<'_>) -> Option<Meeting> {
    let on = table.date("on");
    let time = table.parsed_opt("time").unwrap_or(USUAL_TIME);
    let period = table.parsed("period");
    let pack = table.text_or("pack", "board");
    let milestones = settle_milestones(table.section_opt("milestones"), beside.milestones);
    Some(Meeting { on: on?, time, period: period?, pack, milestones, rule: "a date in config/timetable.toml".into() })
}

fn settle_cycle(table: &mut Section<'_>, beside: &Beside<'_>) -> Option<Cycle> {
    let id = table.text("id");
    let pack = table.text("pack");
    let every = table.parsed("every");
    let periods_back = i16::try_from(table.integer_or("periods_back", 1)).unwrap_or(0);
    if !(1..=24).contains(&periods_back) {
        table.refuse("periods_back", "1 for the last period that has ended, 2 for the one before", "periods_back = 1");
    }
    let starts_on = table.date_opt("starts_on");
    let milestones = settle_milestones(table.section_opt("milestones"), beside.milestones);
    let days = settle_days(table)?;
    let starts_on = starts_on.max(beside.starts_on)?;
    Some(Cycle { id: id?, pack: pack?, every: every?, periods_back, days, milestones, starts_on })
}

/// The rule of a cycle or its dates: one of the two.
fn settle_days(table: &mut Section<'_>) -> Option<Days> {
    let text = table.text_opt("rule");
    let schedule = table.parsed_opt::<Schedule>("rule");
    let (given, on) = (table.has("dates"), table.parsed_list("dates"));
    let except = table.parsed_list("except").into_iter().collect();
    let time = table.parsed_opt("time");
    match (text, given) {
        (Some(text), false) => {
            if time.is_some() {
                table.refuse("time", "no time beside a rule: its first two numbers are minute and hour", "");
            }
            Some(Days::Rule { text, schedule: Box::new(schedule?), except })
        }
        (None, true) => {
            if table.has("except") {
                table.refuse("except", "a rule of which days are left out; of dates, write the others", "");
            }
            Some(Days::Dates { on, time: time.unwrap_or(USUAL_TIME) })
        }
        _ => {
            let key = if given { "dates" } else { "rule" };
            table.refuse(key, "either a rule or dates", "rule = \"0 14 * 2,5,8,11 TUE#3\"");
            None
        }
    }
}

/// The steps of a table that may be left out, or whose keys may: then they lie where they `usual`ly do. The factual check
/// ends with the commentary unless it is placed itself.
pub(super) fn settle_milestones(table: Option<Section<'_>>, usual: Milestones) -> Milestones {
    let Some(mut table) = table else { return usual };
    let checked = table.has("commentary").then_some(());
    let mut days = |key: &str, usual: i32| working_days(&mut table, key, usual);
    let commentary = days("commentary", usual.commentary);
    Milestones {
        validated: days("validated", usual.validated),
        commentary,
        factual_check: days("factual_check", checked.map_or(usual.factual_check, |()| commentary)),
        draft: days("draft", usual.draft),
        sign_off: days("sign_off", usual.sign_off),
        circulated: days("circulated", usual.circulated),
        actions_due: days("actions_due", usual.actions_due),
    }
}

/// Tells of a second meeting about one pack and period; says whether it is one.
fn refuse_second(
    table: &mut Section<'_>,
    key: &str,
    meeting: &Meeting,
    known: &mut BTreeMap<(String, Period), Date>,
) -> bool {
    let Some(first) = known.insert((meeting.pack.clone(), meeting.period), meeting.on) else { return false };
    let (pack, period, on) = (&meeting.pack, meeting.period, meeting.on);
    let expected =
        format!("one meeting about each pack and period; {pack} for {period} is on the table on {first} and on {on}");
    table.refuse(
        key,
        &expected,
        "another period or pack, or, in a cycle with a rule, except = [\"…\"] for one of the days",
    );
    true
}

/// Tells of steps of the first meeting in which they come in the wrong order.
fn refuse_out_of_order(table: &mut Section<'_>, key: &str, meetings: &[Meeting], beside: &Beside<'_>) {
    let Some(calendar) = beside.calendar else { return };
    for meeting in meetings {
        match meeting.out_of_order((beside.returns_due)(meeting, calendar), calendar) {
            Ok(wrong) if wrong.is_empty() => continue,
            Ok(wrong) => {
                for wrong in wrong {
                    let expected = format!("a meeting that leaves room for every step: {wrong}");
                    let write = "a later day for the meeting, or smaller offsets in its milestones";
                    table.refuse(key, &expected, write);
                }
            }
            Err(error) => table.refuse(key, &error.to_string(), "a day that the bank holiday list covers"),
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        settings::{Problems, read_text},
        timetable::Timetable,
    };

    fn settled(text: &str) -> (Option<Timetable>, String) {
        let mut problems = Problems::default();
        let text = format!("starts_on = 2025-04-01\n{text}");
        let document = read_text("timetable.toml", &text, &mut problems).unwrap();
        let due = |meeting: &Meeting, days: &Calendar| days.add_working_days(meeting.period.end(), 10).ok();
        let timetable = Timetable::settle(&mut document.root(), Path::new("/nonexistent"), None, &due);
        problems.merge(document.finish());
        (timetable, if problems.is_empty() { String::new() } else { problems.to_string() })
    }

    const CARD: &str =
        "[[cycle]]\nid = \"card\"\npack = \"board\"\nevery = \"quarter\"\nrule = \"0 14 * 2,5,8,11 TUE#3\"\n";

    #[test]
    fn cycles_live_side_by_side_each_with_its_own_steps() {
        let text = "[milestones]\ncommentary = 21\n".to_owned()
            + CARD
            + "[[cycle]]\nid = \"exceptions\"\npack = \"exceptions\"\nevery = \"two-months\"\nrule = \"0 9 * */2 MON#3\"\n\
               [cycle.milestones]\nvalidated = 11\ncommentary = 11\ndraft = -1\nsign_off = 0\ncirculated = 0\nactions_due = 5\n\
               [[cycle]]\nid = \"half\"\npack = \"half\"\nevery = \"half\"\ndates = [\"2025-12-03\"]\ntime = \"10:00\"\n\
               [[meeting]]\non = 2025-10-01\nperiod = \"2025-W31\"\npack = \"deep-dive\"\n";
        let (timetable, told) = settled(&text);
        assert_eq!(told, "");
        let meetings = timetable.unwrap().meetings();
        let of = |pack: &str| meetings.iter().find(|one| one.pack == pack).unwrap();
        let steps = |pack| (of(pack).milestones.commentary, of(pack).milestones.factual_check);
        assert_eq!((steps("board"), steps("exceptions")), ((21, 21), (11, 11)));
        assert_eq!((of("half").on, of("half").period.to_string()), (civil::date(2025, 12, 3), "2025-26-H1".into()));
        assert_eq!(of("deep-dive").time, USUAL_TIME);
        assert!(meetings.is_sorted_by_key(|one| one.on));
    }

    #[test]
    fn what_is_wrong_with_a_cycle_is_told_with_what_to_write() {
        let overlap = format!("[[meeting]]\non = 2025-08-12\nperiod = \"2025-26-Q1\"\n{CARD}");
        for (wrong, parts) in [
            (overlap.clone(), ["board for 2025-26-Q1", "on 2025-08-12 and on 2025-08-19"]),
            (format!("{CARD}{CARD}"), ["cycle[2].id", "a name that no other cycle has"]),
            (CARD.replace("TUE#3", "TUE"), ["cycle[1].rule", "on 2025-08-05 and on 2025-08-12"]),
            (CARD.replace("quarter", "fortnight"), ["cycle[1].every", "one of two-months, quarter, half, year"]),
            (CARD.replace("rule = ", "rule = \"every day\" # "), ["cycle[1].rule", "0 7 * * 1-5"]),
            (CARD.replace("rule = ", "# "), ["cycle[1].rule", "either a rule or dates"]),
            (format!("{CARD}dates = [\"2025-08-19\"]\n"), ["cycle[1].dates", "either a rule or dates"]),
            (format!("{CARD}time = \"10:00\"\n"), ["cycle[1].time", "minute and hour"]),
            (format!("{CARD}except = [\"2025-08-20\"]\n"), ["cycle[1].except", "2025-08-20 is none"]),
            (format!("{CARD}periods_back = 0\n"), ["cycle[1].periods_back", "the last period that has ended"]),
            (
                format!("{CARD}[cycle.milestones]\nfactual_check = 60\n"),
                ["cycle[1].rule", "factual check falls on 2025-09-23, after signed off on 2025-08-07"],
            ),
            (
                format!("{CARD}[cycle.milestones]\nactions_due = -2\n"),
                ["cycle[1].rule", "meeting falls on 2025-08-19, after actions due on 2025-08-15"],
            ),
        ] {
            let (_, told) = settled(&wrong);
            for part in parts {
                assert!(told.contains(part), "{part:?} is not told of\n{wrong}\n{told}");
            }
        }
        let excepted = format!("{overlap}except = [\"2025-08-19\"]\n");
        assert_eq!(settled(&excepted).1, "", "a meeting is moved by leaving its day out of the rule");
    }
}
