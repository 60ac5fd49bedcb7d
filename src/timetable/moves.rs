//! What moves between the timetable that is in force and the one that is to be.
//!
//! Pure: two outlines and what is open in, moves out. A due date that was agreed otherwise, so that the ledger has another
//! one than the outline in force, is not moved.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Outline, RungKind, Timetable,
    ladder::last_word,
    outline::{Due, Meets, RungLine},
    owed,
};
use crate::{
    domain::{Period, civil_day},
    ledger::{Obligation, ObligationKey, Phase},
};

/// More reminders than this do not leave at once because of an edit that nobody has confirmed.
const MOST_UNASKED: usize = 5;

/// A due date that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMove {
    /// Of what.
    pub key: ObligationKey,
    /// When it is due as yet.
    pub before: Timestamp,
    /// When it will be.
    pub after: Timestamp,
    /// The rule of the new date.
    pub rule: String,
    /// Whether it is owed already, so that people were told of the date.
    pub is_open: bool,
}

/// A meeting and its pack that move, begin or end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackMove {
    /// The pack.
    pub pack: String,
    /// For which period.
    pub period: Period,
    /// As it is in force.
    pub before: Option<Meets>,
    /// As it will be.
    pub after: Option<Meets>,
    /// Whether its period is over and it has not met: people work towards it.
    pub under_way: bool,
    /// Whether the pack would wait for a person, because its circulation is long past.
    pub is_held: bool,
}

/// Everything that moves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Due dates, what is open first.
    pub dues: Vec<DueMove>,
    /// Reminders that would leave by the end of the day because of it.
    pub reminders: Vec<(ObligationKey, RungKind)>,
    /// Meetings.
    pub packs: Vec<PackMove>,
    /// Rungs that were, and that will be.
    pub rungs: Vec<(Option<RungLine>, Option<RungLine>)>,
    /// Who begins to owe what, as `missing-children/police`.
    pub begin: Vec<String>,
    /// Who no longer owes what.
    pub end: Vec<String>,
}

impl Moves {
    /// Whether nothing moves at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether somebody was told otherwise or would be written to unasked, so that a person confirms it first.
    pub fn need_a_person(&self) -> bool {
        self.dues.iter().any(|due| due.is_open)
            || self.packs.iter().any(|pack| pack.under_way || pack.is_held)
            || self.reminders.len() > MOST_UNASKED
    }

    /// All of it in one sentence, without its full stop: "3 due dates move, 1 pack is held".
    pub fn sentence(&self) -> String {
        let held = self.packs.iter().filter(|pack| pack.is_held).count();
        let of = |is: fn(&PackMove) -> bool| self.packs.iter().filter(|pack| !pack.is_held && is(pack)).count();
        let counted = [
            (self.dues.len(), "due date moves", "due dates move"),
            (self.reminders.len(), "reminder will go today", "reminders will go today"),
            (held, "pack is held", "packs are held"),
            (of(|pack| pack.before.is_some() && pack.after.is_some()), "meeting moves", "meetings move"),
            (of(|pack| pack.before.is_none()), "meeting is added", "meetings are added"),
            (of(|pack| pack.after.is_none()), "meeting is cancelled", "meetings are cancelled"),
            (self.rungs.len(), "rung of the ladder changes", "rungs of the ladder change"),
            (self.begin.len(), "duty begins", "duties begin"),
            (self.end.len(), "duty ends", "duties end"),
        ];
        let counted = counted.into_iter().filter(|(count, ..)| *count > 0);
        let parts: Vec<String> =
            counted.map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more })).collect();
        if parts.is_empty() { "nothing moves".to_owned() } else { parts.join(", ") }
    }
}

/// What moves from `before` to `after`, which was made from `timetable`. `open` are the obligations of the ledger that are
/// not settled, each with the instant at which its lead was demonstrably told.
pub fn moves(
    before: &Outline,
    after: &Outline,
    timetable: &Timetable,
    open: &[(Obligation, Option<Timestamp>)],
    now: Timestamp,
) -> Moves {
    let mut moves = Moves::default();
    for (name, due) in &after.dues {
        let Ok(key) = name.parse::<ObligationKey>() else { continue };
        let known = open.iter().find(|(obligation, _)| obligation.key == key);
        let (due_at, rule) = due_of(due, known.map(|(obligation, _)| obligation));
        let was = moved_from(before.dues.get(name), due, known.map(|(obligation, _)| obligation));
        if let Some(before) = was {
            let (after, rule) = (due_at, rule.to_owned());
            moves.dues.push(DueMove { key: key.clone(), before, after, rule, is_open: known.is_some() });
        }
        let ladder = timetable.ladder_named(due.ladder.as_deref());
        let end_of_day = last_word(civil_day(now), ladder).max(now);
        if due.opens_at > end_of_day {
            continue;
        }
        let (mut obligation, lead_told) = match known {
            Some((obligation, lead_told)) => (obligation.clone(), *lead_told),
            None => (Obligation::opened(&key, due.opens_at, due.due_at, &due.rule), None),
        };
        if was.is_some() {
            obligation.move_due(due_at, now);
        }
        let step = owed(&obligation, ladder, &timetable.calendar(), end_of_day, lead_told);
        if let Some(rung) = step.ok().and_then(|step| step.tell) {
            let earlier = before.dues.get(name);
            let is_known = known.is_some() || earlier.is_some();
            // What is open and not in the outline is older than it, and nothing says on which ladder it was.
            let ladder = earlier.map_or(&due.ladder, |earlier| &earlier.ladder);
            let same = *ladder == due.ladder && before.rungs.contains(&RungLine::of(ladder.as_deref(), &rung));
            let goes_anyway = was.is_none() && is_known && same;
            if !goes_anyway {
                moves.reminders.push((key, rung.kind));
            }
        }
    }
    moves.dues.sort_by(|a, b| (!a.is_open, a.before, &a.key).cmp(&(!b.is_open, b.before, &b.key)));
    moves.packs = packs(before, after, now);
    moves.rungs = rungs(&before.rungs, &after.rungs);
    moves.begin = after.duties.difference(&before.duties).cloned().collect();
    moves.end = before.duties.difference(&after.duties).cloned().collect();
    moves
}

/// When something is due, and by which rule: its final figures, once those are asked for.
fn due_of<'a>(due: &'a Due, known: Option<&'a Obligation>) -> (Timestamp, &'a str) {
    match (known.filter(|one| matches!(one.phase, Phase::FinalAwaited { .. })), &due.finals) {
        (Some(_), Some((due_at, rule))) => (*due_at, rule),
        // They are defined no longer, and were asked for: that stays.
        (Some(known), None) => (known.due_at, &known.rule),
        (None, _) => (due.due_at, &due.rule),
    }
}

/// When something was due that moves; `None` if it stays.
fn moved_from(before: Option<&Due>, after: &Due, known: Option<&Obligation>) -> Option<Timestamp> {
    let before = before.map(|before| due_of(before, known).0);
    let was = match (before, known) {
        // What the ledger has otherwise was agreed otherwise, and stays.
        (Some(before), Some(known)) if before != known.due_at => return None,
        (Some(before), _) => before,
        (None, Some(known)) => known.due_at,
        (None, None) => return None,
    };
    (was != due_of(after, known).0).then_some(was)
}

fn packs(before: &Outline, after: &Outline, now: Timestamp) -> Vec<PackMove> {
    let today = civil_day(now);
    let names: BTreeSet<&String> = before.meetings.keys().chain(after.meetings.keys()).collect();
    let mut moved: Vec<PackMove> = names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (before.meetings.get(name), after.meetings.get(name));
            let lies_ahead = [was, is].into_iter().flatten().any(|meets| meets.on >= today);
            if was == is || (was.is_some() && !lies_ahead) {
                return None;
            }
            let (pack, period) = name.split_once('/')?;
            let period: Period = period.parse().ok()?;
            let under_way = was.is_some_and(|was| period.end() < today && today <= was.on);
            let (before, after) = (was.cloned(), is.cloned());
            Some(PackMove { pack: pack.to_owned(), period, before, after, under_way, is_held: false })
        })
        .collect();
    moved.sort_by_key(|one| one.before.as_ref().or(one.after.as_ref()).map(|meets| meets.on));
    moved
}

fn rungs(before: &[RungLine], after: &[RungLine]) -> Vec<(Option<RungLine>, Option<RungLine>)> {
    let of = |rungs: &[RungLine], wanted: &RungLine| {
        rungs.iter().find(|rung| (&rung.ladder, &rung.name) == (&wanted.ladder, &wanted.name)).cloned()
    };
    let gone = before.iter().filter(|rung| of(after, rung).is_none()).map(|rung| (Some(rung.clone()), None));
    let new = after.iter().map(|rung| (of(before, rung), Some(rung.clone())));
    gone.chain(new).filter(|(was, is)| was != is).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::{date, time};

    use super::*;
    use crate::{
        domain::Calendar,
        timetable::{self, Duty, Every, Meeting, Milestones},
    };

    fn duty(agency: &str, working_days: i32) -> Duty {
        Duty {
            return_id: "missing-children".parse().unwrap(),
            agency: agency.parse().unwrap(),
            every: Every::Quarter,
            due: timetable::Dues::of(timetable::Due {
                rule: timetable::DueRule::WorkingDays(working_days),
                time: time(17, 0, 0, 0),
            }),
            window: timetable::WindowRule::default(),
            finals: None,
            ladder: None,
            starts_on: date(2025, 4, 1),
        }
    }

    fn board(on: jiff::civil::Date) -> Timetable {
        let meeting = Meeting {
            on,
            time: time(14, 0, 0, 0),
            period: "2025-26-Q1".parse().unwrap(),
            pack: "board".into(),
            milestones: Milestones::default(),
            rule: String::new(),
        };
        let calendar = Calendar::england_and_wales([]);
        Timetable::plain(date(2025, 4, 1), calendar, vec![meeting])
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn outline(duties: &[Duty], timetable: &Timetable, now: &str) -> Outline {
        Outline::of(duties, timetable, &BTreeMap::new(), at(now))
    }

    const AUGUST: jiff::civil::Date = date(2025, 8, 12);

    fn police(due: &str) -> (Obligation, Option<Timestamp>) {
        let key = "missing-children/police/2025-26-Q1".parse().unwrap();
        let mut obligation = Obligation::opened(&key, at("2025-06-30T23:00:00Z"), at(due), "");
        for rung in ["notice", "nudge"] {
            obligation.told.push((rung.into(), at("2025-07-07T09:00:00Z")));
        }
        (obligation, Some(at("2025-07-01T09:00:00Z")))
    }

    #[test]
    fn the_same_definitions_move_nothing_however_much_later() {
        let (duties, timetable) = ([duty("police", 10)], board(AUGUST));
        let before = outline(&duties, &timetable, "2025-06-01T09:00:00Z");
        for now in ["2025-06-01T10:00:00Z", "2025-07-18T09:00:00Z", "2026-05-01T09:00:00Z", "2027-02-01T09:00:00Z"] {
            let after = outline(&duties, &timetable, now);
            let found = moves(&before, &after, &timetable, &[police("2025-07-14T16:00:00Z")], at(now));
            // What opened after the year that was outlined is not known to be new, and is told as such at worst.
            assert!(found.dues.is_empty() && found.packs.is_empty() && found.rungs.is_empty(), "{now}: {found:?}");
            assert!(now > "2026-06" || found.is_nothing(), "{now}: {found:?}");
        }
    }

    #[test]
    fn an_earlier_due_day_of_what_is_open_moves_and_its_reminder_goes_today() {
        let (timetable, now) = (board(AUGUST), "2025-07-09T08:00:00Z");
        let before = outline(&[duty("police", 10)], &timetable, "2025-06-01T09:00:00Z");
        let after = outline(&[duty("police", 7)], &timetable, now);
        let found = moves(&before, &after, &timetable, &[police("2025-07-14T16:00:00Z")], at(now));
        assert!(found.need_a_person());
        assert_eq!(found.sentence(), "4 due dates move, 1 reminder will go today");
        assert_eq!((found.dues[0].is_open, found.dues[0].after), (true, at("2025-07-09T16:00:00Z")));
        assert_eq!(found.reminders[0].1, RungKind::DueToday);
    }

    #[test]
    fn a_date_that_was_agreed_otherwise_is_not_moved() {
        let (timetable, now) = (board(AUGUST), "2025-07-09T08:00:00Z");
        let before = outline(&[duty("police", 10)], &timetable, "2025-06-01T09:00:00Z");
        let after = outline(&[duty("police", 7)], &timetable, now);
        let found = moves(&before, &after, &timetable, &[police("2025-07-28T16:00:00Z")], at(now));
        assert!(found.dues.iter().all(|due| !due.is_open), "{found:?}");
        assert!(!found.need_a_person());
    }

    #[test]
    fn a_meeting_that_people_work_towards_needs_a_person_and_a_later_one_does_not() {
        let (duties, later) = ([duty("police", 10)], board(date(2025, 8, 19)));
        let before = outline(&duties, &board(AUGUST), "2025-06-01T09:00:00Z");
        for (now, asks) in [("2025-06-20T09:00:00Z", false), ("2025-07-01T09:00:00Z", true)] {
            let after = outline(&duties, &later, now);
            let found = moves(&before, &after, &later, &[], at(now));
            assert_eq!((found.need_a_person(), found.sentence()), (asks, "1 meeting moves".into()), "{now}");
        }
        let now = "2025-07-01T09:00:00Z";
        let none = Timetable { meets: timetable::Meetings::new(Vec::new(), Vec::new()), ..board(AUGUST) };
        let found = moves(&before, &outline(&duties, &none, now), &none, &[], at(now));
        assert_eq!((found.need_a_person(), found.sentence()), (true, "1 meeting is cancelled".into()));
    }

    #[test]
    fn many_reminders_at_once_need_a_person_and_a_changed_rung_is_told() {
        let agencies = ["police", "health", "schools", "probation", "cafcass", "youth", "voluntary"];
        let duties = |count: usize| -> Vec<Duty> { agencies.iter().take(count).map(|a| duty(a, 10)).collect() };
        let (timetable, now) = (board(AUGUST), "2025-07-18T09:00:00Z");
        let before = outline(&duties(1), &timetable, "2025-06-01T09:00:00Z");
        let known = [police("2025-07-14T16:00:00Z")];
        for (count, asks) in [(6, false), (7, true)] {
            let after = outline(&duties(count), &timetable, now);
            let found = moves(&before, &after, &timetable, &known, at(now));
            assert_eq!((found.reminders.len(), found.need_a_person()), (count - 1, asks));
            assert_eq!(found.begin.len(), count - 1);
        }
        let mut other = board(AUGUST);
        other.ladder.rungs[3].working_days = 3;
        let found = moves(&before, &outline(&duties(1), &other, now), &other, &known, at(now));
        assert_eq!(found.sentence(), "1 reminder will go today, 1 rung of the ladder changes");
    }

    #[test]
    fn what_names_a_ladder_is_reminded_by_that_one() {
        let (mut cycle, now) = (board(AUGUST), "2025-07-14T10:00:00Z");
        cycle.named_ladders.insert("words".into(), timetable::Ladder::for_words());
        let words = Duty { ladder: Some("words".into()), ..duty("police", 9) };
        let known = [police("2025-07-11T16:00:00Z")];
        let before = outline(&[duty("police", 9)], &cycle, "2025-06-01T09:00:00Z");
        let usual = moves(&before, &outline(&[duty("police", 9)], &cycle, now), &cycle, &known, at(now));
        assert!(usual.is_nothing(), "the day itself is told anyway: {usual:?}");
        let found = moves(&before, &outline(std::slice::from_ref(&words), &cycle, now), &cycle, &known, at(now));
        assert_eq!(found.reminders[0].1, RungKind::Overdue, "a working day after it is due, and not two: {found:?}");
        let before = outline(std::slice::from_ref(&words), &cycle, "2025-06-01T09:00:00Z");
        let found = moves(&before, &outline(&[words], &cycle, now), &cycle, &known, at(now));
        assert!(found.is_nothing(), "{found:?}");
        let name = |ladder: Option<&str>| RungLine::of(ladder, &cycle.ladder.rungs[0]).full_name();
        assert_eq!((name(None), name(Some("words"))), ("notice".into(), "notice (words)".into()));
    }
}
