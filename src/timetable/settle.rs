//! Reads `config/timetable.toml`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use jiff::civil;

use super::{
    FOR_WORDS, InForce, Ladder, Meeting, Milestones, Rung, RungKind, Timetable,
    meetings::{self, Beside},
};
use crate::{
    domain::{BankHolidays, Calendar, Nation},
    settings::Section,
};

/// No step lies further away than about a year of working days.
const FURTHEST: i32 = 260;

/// Working days after a quarter's end on which agencies are told how punctual they were, unless the board says otherwise:
/// after the last usual day of the ladder.
const AGENCY_REPORT: i32 = 25;

/// When the last return that a meeting's pack asks for is due, if any is.
pub type ReturnsDue<'a> = &'a dyn Fn(&Meeting, &Calendar) -> Option<civil::Date>;

impl Timetable {
    /// Reads the timetable of the board in `home`; every problem is told to the section.
    ///
    /// Each meeting must leave room for what `returns_due` says. `data` is the folder in which a list of bank holidays lies
    /// that was fetched, if lists are fetched.
    pub fn settle(
        section: &mut Section<'_>,
        home: &Path,
        data: Option<&Path>,
        returns_due: ReturnsDue<'_>,
    ) -> Option<Self> {
        let starts_on = section.date("starts_on");
        let rehearsal = section.boolean_or("rehearsal", true);
        let nation = section.parsed_opt("nation").unwrap_or_default();
        let calendar = settle_calendar(section, home, data, nation);
        let milestones = meetings::settle_milestones(section.section_opt("milestones"), Milestones::default());
        let ladder = settle_ladder(section);
        let named_ladders = settle_ladders(section);
        let agency_report = section.section_opt("agency_report").map_or(AGENCY_REPORT, settle_agency_report);
        let beside = Beside { starts_on, milestones, returns_due, calendar: calendar.as_ref() };
        let meets = meetings::settle(section, &beside);
        let packs_within = settle_catch_up(section);
        let days = InForce::new(calendar?);
        Some(Self {
            starts_on: starts_on?,
            rehearsal,
            nation,
            days,
            ladder,
            named_ladders,
            meets,
            packs_within,
            agency_report,
        })
    }
}

/// Where a fetched list of bank holidays lies.
pub fn fetched_list(data: &Path, nation: Nation) -> PathBuf {
    data.join(format!("bank-holidays-{nation}.json"))
}

/// The bank holidays of the file the board names, or of the program's own list; those that were fetched, if they reach as
/// far.
fn settle_calendar(section: &mut Section<'_>, home: &Path, data: Option<&Path>, nation: Nation) -> Option<Calendar> {
    let closures: Vec<civil::Date> = section.parsed_list("closures");
    let own = match section.text_opt("holidays") {
        None => BankHolidays::shipped(nation),
        Some(file) => {
            let write = "holidays = \"config/bank-holidays.json\"";
            let read = std::fs::read_to_string(home.join(file));
            let read = read.map_err(|error| format!("a file the daemon may read ({error})"));
            let list = read.and_then(|json| BankHolidays::from_gov_uk(&json, nation).map_err(|e| e.to_string()));
            list.map_err(|expected| section.refuse("holidays", &expected, write)).ok()?
        }
    };
    // One that is not there, or was damaged, is fetched again.
    let fetched = data.and_then(|data| std::fs::read_to_string(fetched_list(data, nation)).ok());
    let fetched = fetched.and_then(|json| BankHolidays::from_gov_uk(&json, nation).ok());
    let list = fetched.filter(|fetched| fetched.covered_until() >= own.covered_until()).unwrap_or(own);
    Some(Calendar::of(list, closures))
}

/// For how long a pack that an outage delayed still goes out unasked.
fn settle_catch_up(section: &mut Section<'_>) -> i32 {
    const USUAL: i32 = 3;
    let Some(mut table) = section.section_opt("catch_up") else { return USUAL };
    let days = working_days(&mut table, "packs_within", USUAL);
    if days < 0 {
        table.refuse("packs_within", "working days after the circulation, 0 or more", "packs_within = 3");
    }
    days
}

fn settle_agency_report(mut table: Section<'_>) -> i32 {
    let days = working_days(&mut table, "working_days", AGENCY_REPORT);
    if days < 1 {
        table.refuse("working_days", "a day after the quarter's end", "working_days = 25");
    }
    days
}

/// An offset in working days, `usual` where it is left out.
pub(super) fn working_days(table: &mut Section<'_>, key: &str, usual: i32) -> i32 {
    let days = i32::try_from(table.integer_or(key, i64::from(usual))).ok();
    days.filter(|days| (-FURTHEST..=FURTHEST).contains(days)).unwrap_or_else(|| {
        let expected = format!("a number of working days from -{FURTHEST} to {FURTHEST}");
        table.refuse(key, &expected, &format!("{key} = {usual}"));
        usual
    })
}

/// The ladders that returns can name, each with rungs of its own.
fn settle_ladders(section: &mut Section<'_>) -> BTreeMap<String, Ladder> {
    let mut named = BTreeMap::from([(FOR_WORDS.to_owned(), Ladder::for_words())]);
    let mut seen = BTreeSet::new();
    for mut table in section.sections("ladder") {
        let name = table.text("name");
        let ladder = settle_ladder(&mut table);
        if !table.has("rung") {
            table.refuse("rung", "rungs of its own", "[[ladder.rung]] tables, written as the [[rung]] tables are");
        }
        let Some(name) = name else { continue };
        if !seen.insert(name.clone()) {
            table.refuse("name", "a name that no other ladder has", "");
        }
        named.insert(name, ladder);
    }
    named
}

fn settle_ladder(section: &mut Section<'_>) -> Ladder {
    let mut ladder = Ladder::default();
    let mut rungs: Vec<Rung> = Vec::new();
    let mut tables = section.sections("rung");
    for table in &mut tables {
        let name = table.text("name");
        let kind = table.parsed("kind");
        let working_days = working_days(table, "working_days", 0);
        let said = table.has("to");
        let to = table.parsed_list("to");
        if to.is_empty() && !said {
            table.refuse("to", "who is told", "to = [\"lead\", \"deputy\"]");
        }
        if let (Some(name), Some(kind)) = (name, kind) {
            let rung = Rung { name, kind, working_days, to };
            refuse_misplaced(table, &rung, &rungs);
            rungs.push(rung);
        }
    }
    let above = rungs.last().filter(|rung| rung.kind == RungKind::Preview);
    if let (Some(_), Some(table)) = (above, tables.last_mut()) {
        table.refuse("kind", "an escalation after the preview that announces it", "a [[rung]] of kind \"escalation\"");
    }
    if !rungs.is_empty() {
        ladder.rungs = rungs;
    }
    ladder
}

/// Tells of a rung that could not be climbed after those `below` it.
fn refuse_misplaced(table: &mut Section<'_>, rung: &Rung, below: &[Rung]) {
    let names: BTreeSet<&str> = below.iter().map(|rung| rung.name.as_str()).collect();
    if names.contains(rung.name.as_str()) {
        table.refuse("name", "a name that no other rung has", "");
    }
    if let Some(last) = below.last() {
        let again = last.kind == RungKind::Escalation && rung.kind == RungKind::Preview;
        if rung.kind < last.kind && !again {
            let expected = format!("the rungs from notice to escalation; {} comes after it", last.name);
            table.refuse("kind", &expected, "the [[rung]] tables in their order");
        } else if last.kind != RungKind::Notice && rung.working_days < last.working_days {
            let expected = format!("a day not before that of {} ({})", last.name, last.working_days);
            table.refuse("working_days", &expected, "the [[rung]] tables in their order");
        }
    }
    let is_announced = below.last().is_some_and(|last| last.kind == RungKind::Preview);
    let is_told = below.iter().any(|below| below.kind == RungKind::Overdue);
    let missing = match rung.kind {
        RungKind::Escalation => (!is_announced).then_some("a preview before it, so that the manager sees it first"),
        RungKind::Preview => (!is_told).then_some("an overdue rung before it, so that the lead is told first"),
        RungKind::Notice | RungKind::Nudge | RungKind::DueToday | RungKind::Overdue => None,
    };
    if let Some(expected) = missing {
        table.refuse("kind", expected, "one more [[rung]]");
    }
    let above = rung.kind.is_above_the_lead();
    if table.has("to") && (rung.to.is_empty() || (!above && !rung.is_for_the_lead())) {
        table.refuse("to", if above { "who is told" } else { "the lead or the deputy among those who are told" }, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Problems, read_text};

    fn told(text: &str) -> String {
        let mut problems = Problems::default();
        let text = format!("starts_on = 2025-04-01\n{text}");
        let document = read_text("timetable.toml", &text, &mut problems).unwrap();
        Timetable::settle(&mut document.root(), Path::new("/nonexistent"), None, &|_, _| None);
        problems.merge(document.finish());
        if problems.is_empty() { String::new() } else { problems.to_string() }
    }

    fn rung(name: &str, kind: &str, days: i64, to: &str) -> String {
        format!("[[rung]]\nname = \"{name}\"\nkind = \"{kind}\"\nworking_days = {days}\nto = [{to}]\n")
    }

    #[test]
    fn a_ladder_that_cannot_be_climbed_is_refused_rung_by_rung() {
        let lead = "\"lead\"";
        let good = rung("late", "overdue", 2, lead) + &rung("look", "preview", 4, "\"manager\"");
        let top = rung("up", "escalation", 5, "\"board-member\"");
        assert_eq!(told(&format!("{good}{top}")), "");
        for (wrong, part) in [
            (good.clone(), "an escalation after the preview"),
            (format!("{}{top}", rung("late", "overdue", 2, lead)), "a preview before it"),
            (rung("look", "preview", 4, "\"manager\""), "an overdue rung before it"),
            (format!("{}{}", rung("a", "nudge", -5, lead), rung("a", "overdue", 2, lead)), "rung[2].name"),
            (format!("{}{}", rung("b", "overdue", 2, lead), rung("a", "nudge", -5, lead)), "b comes after it"),
            (format!("{}{}", rung("a", "nudge", -2, lead), rung("b", "nudge", -5, lead)), "rung[2].working_days"),
            (rung("a", "nudge", -5, ""), "rung[1].to"),
            (rung("a", "nudge", -5, "\"manager\""), "the lead or the deputy among"),
            (rung("a", "nudge", 99_999_999_999, lead), "working days from -260 to 260"),
            ("[milestones]\nvalidated = 4000\n".to_owned(), "milestones.validated"),
            ("[agency_report]\nworking_days = 0\n".to_owned(), "a day after the quarter's end"),
        ] {
            let told = told(&wrong);
            assert!(told.contains(part), "{part:?} is not told of\n{wrong}\n{told}");
        }
    }

    #[test]
    fn a_problem_names_its_own_entry_also_after_a_bad_one() {
        let meeting = |on: &str| format!("[[meeting]]\non = {on}\nperiod = \"2025-26-Q1\"\n");
        let told = told(&format!("{}{}{}", meeting("\"x\""), meeting("2025-08-12"), meeting("2025-07-24")));
        assert!(told.contains("meeting[1].on") && told.contains("meeting[3].on"), "{told}");
        assert!(!told.contains("meeting[2].on"), "{told}");
    }

    #[test]
    fn a_holiday_list_that_is_not_there_is_refused() {
        let told = told("holidays = \"config/bank-holidays.json\"\n");
        assert!(told.contains("holidays") && told.contains("a file the daemon may read"), "{told}");
    }
}
