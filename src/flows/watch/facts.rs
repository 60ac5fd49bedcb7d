//! What is wrong, from facts alone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date};

use super::condition::{Condition, Trouble};
use crate::{
    domain::{
        sha256,
        words::{capital, listed},
    },
    flows::{agreements::Standing, steps::Failing},
    mail::RelayHold,
};

/// Days before an end at which it is told, each more urgent than the one before.
const ENDS: [i32; 3] = [60, 30, 7];
/// The same for agreements, whose renewal takes longer.
const REVIEWS: [i32; 4] = [90, 60, 30, 7];
/// The same for the list of bank holidays, once it is near.
const HOLIDAYS: [i32; 3] = [i32::MAX, 60, 7];
/// The outer watcher may miss us for so long before anybody is told.
const UNHEARD: SignedDuration = SignedDuration::from_hours(1);
/// Below a quarter of the room that is wanted it is told again.
const NEARLY_GONE: u64 = 4;
/// Fewer free inodes than this part of all are too few.
const FEW_INODES: u64 = 20;

/// What the daemon knows of itself at an instant.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The day in London.
    pub today: Date,
    /// The instant.
    pub now: Timestamp,
    /// Why everything holds.
    pub hold: Option<String>,
    /// Why no mail leaves.
    pub relay: Option<RelayHold>,
    /// Why the mailbox cannot be read.
    pub mailbox: Option<String>,
    /// Places that do not answer as they should.
    pub pulls: Vec<Unanswered>,
    /// Work that goes on failing: its key and why.
    pub work: Vec<(String, String)>,
    /// Steps that fail at every ring.
    pub failing: Vec<(&'static str, Failing)>,
    /// Steps that go on and on, and since when.
    pub stuck: Vec<(&'static str, Timestamp)>,
    /// Room on the data folder's disk.
    pub disk: Option<Disk>,
    /// Since when the outer watcher has not heard us, and why.
    pub heartbeat: Option<Failing>,
    /// Whether the first cycle is a rehearsal.
    pub rehearsal: bool,
    /// The last day of the list of bank holidays, once it is near.
    pub holidays_end: Option<Date>,
    /// The agreements.
    pub agreements: Vec<Standing>,
    /// What else ends on a day.
    pub endings: Vec<Ending>,
}

/// A place that does not answer as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// What it is remembered under.
    pub key: String,
    /// What is asked for there: "Missing children of Exampleshire Police".
    pub whose: String,
    /// What went wrong last.
    pub says: String,
}

/// Room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Free bytes.
    pub free: u64,
    /// Free bytes below which it is told; 0 for never.
    pub wanted: u64,
    /// Free inodes, where the file system counts them.
    pub free_inodes: u64,
    /// All inodes, 0 where it does not.
    pub inodes: u64,
}

/// Something that ends on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What it is remembered under.
    pub key: String,
    /// What it is, as a sentence begins.
    pub what: String,
    /// Its last day.
    pub on: Date,
    /// What to do.
    pub next_step: String,
}

/// Everything that is wrong.
pub fn conditions(facts: &Facts) -> BTreeSet<Condition> {
    let mut found = BTreeSet::new();
    if let Some(why) = &facts.hold {
        let what = "Mail, pulls, the chase and packs hold";
        found.insert(condition(
            Trouble::Hold,
            "",
            what,
            why,
            "see that this machine is the board's, then `quarterday adopt`",
        ));
    }
    if let Some(hold) = &facts.relay {
        let why = format!("{}: {}", hold.verb, hold.says);
        let next = "nothing is lost and what waits leaves by itself; `quarterday doctor` tries the relay step by step";
        let relay = condition(Trouble::Relay, "", "Mail cannot leave", &why, next);
        found.insert(Condition { since: Some(hold.since), ..relay });
    }
    if let Some(why) = &facts.mailbox {
        let next = "nothing is lost, letters wait in the mailbox; `quarterday status` says when it is tried again";
        found.insert(condition(Trouble::Mailbox, "", "The mailbox cannot be read", why, next));
    }
    for Unanswered { key, whose, says } in &facts.pulls {
        let next = "it is asked again by itself; if it goes on, tell the partner";
        found.insert(condition(Trouble::Pull, key, &format!("{whose} cannot be fetched"), says, next));
    }
    for (key, says) in &facts.work {
        let (what, why) = says.split_once(": ").unwrap_or((key, says));
        let next = "the daemon goes on trying; `quarterday status` and its log say more";
        found.insert(condition(Trouble::Work, key, &format!("{what} goes on failing"), why, next));
    }
    for (step, failing) in &facts.failing {
        let what = format!("{} fails at every ring", capital(step));
        let next = "the daemon goes on trying; its log says more";
        let step = condition(Trouble::Step, step, &what, &failing.says, next);
        found.insert(Condition { since: Some(failing.since), ..step });
    }
    for (step, since) in &facts.stuck {
        let what = format!("{} does not come to an end", capital(step));
        let why = "What comes after it waits. Nothing is lost: what is under way is resumed after a restart";
        let next = "wait if a large file came in or a command such as `rebuild` runs; else `systemctl restart quarterday`, and \
                    send the developers its log";
        found.insert(Condition { since: Some(*since), ..condition(Trouble::Stuck, step, &what, why, next) });
    }
    found.extend(facts.disk.and_then(nearly_full));
    if let Some(unheard) = facts.heartbeat.as_ref().filter(|one| facts.now.duration_since(one.since) >= UNHEARD) {
        let next = "see url under [heartbeat] in config/quarterday.toml, and the proxy; `quarterday doctor` tries it";
        let what = "The outer watcher does not hear from this machine";
        let heartbeat = condition(Trouble::Heartbeat, "", what, &unheard.says, next);
        found.insert(Condition { since: Some(unheard.since), ..heartbeat });
    }
    if facts.rehearsal {
        let why =
            "What asks, reminds and hands out packs is written to data/rehearsal and reaches nobody. Answers leave";
        let next = "read what is there; `quarterday confirm` has such messages leave from then on";
        found.insert(condition(Trouble::Rehearsal, "", "The first cycle is a rehearsal", why, next));
    }
    found.extend(facts.holidays_end.and_then(|end| holidays(end, facts.today)));
    found.extend(facts.agreements.iter().filter_map(|standing| review(standing, facts.today)));
    found.extend(facts.endings.iter().filter_map(|ending| {
        let (level, ended) = urgency(ending.on, facts.today, &ENDS)?;
        let what = format!("{} {} {}", ending.what, if ended { "ended on" } else { "ends on" }, day(ending.on));
        let why = if ended { "Whatever needs it fails" } else { "Whatever needs it fails from then on" };
        let ending = condition(Trouble::Ending, &ending.key, &what, why, &ending.next_step);
        Some(Condition { level, ..ending })
    }));
    found
}

fn condition(trouble: Trouble, of: &str, what: &str, why: &str, next_step: &str) -> Condition {
    let [of, what, why, next_step] = [of, what, why, next_step].map(str::to_owned);
    let why = why.trim_end_matches('.').to_owned();
    Condition { trouble, of, level: 1, what, why, next_step, since: None }
}

/// How urgent an end is: from 1 as each of `thresholds` is passed, and whether it is over.
fn urgency(end: Date, today: Date, thresholds: &[i32]) -> Option<(i64, bool)> {
    let days = today.until(end).ok()?.get_days();
    let passed = thresholds.iter().filter(|threshold| days <= **threshold).count();
    let ended = days < 0;
    let level = i64::try_from(passed).ok()? + i64::from(ended);
    (passed > 0).then_some((level, ended))
}

fn nearly_full(disk: Disk) -> Option<Condition> {
    let few_inodes = disk.wanted > 0 && disk.inodes > 0 && disk.free_inodes < disk.inodes / FEW_INODES;
    if disk.free >= disk.wanted && !few_inodes {
        return None;
    }
    let why = match few_inodes {
        true => format!("{} inodes are left", disk.free_inodes),
        false => format!("{} MB are left, and {} are wanted", disk.free >> 20, disk.wanted >> 20),
    };
    let next = "make room: nothing is lost when it is full, but nothing new can be taken in";
    let level = if disk.free < disk.wanted / NEARLY_GONE { 2 } else { 1 };
    let what = "The disk of the data folder is nearly full";
    Some(Condition { level, ..condition(Trouble::Disk, "", what, &why, next) })
}

fn holidays(end: Date, today: Date) -> Option<Condition> {
    let (level, _) = urgency(end, today, &HOLIDAYS)?;
    let what = format!("The list of bank holidays ends on {}", day(end));
    let why = "No due day beyond it can be told, so nothing beyond it is asked for";
    let next = "save https://www.gov.uk/bank-holidays.json as config/bank-holidays.json, name it in \
                config/timetable.toml (holidays = \"config/bank-holidays.json\") and start the daemon anew";
    Some(Condition { level, ..condition(Trouble::Holidays, "", &what, why, next) })
}

fn review(standing: &Standing, today: Date) -> Option<Condition> {
    let (level, lapsed) = urgency(standing.review, today, &REVIEWS)?;
    let agreement = capital(&standing.agreement);
    let on = day(standing.review);
    let what = match lapsed {
        true => format!("{agreement} was to be reviewed by {on}, and has lapsed"),
        false => format!("{agreement} is to be reviewed by {on}"),
    };
    let titles = listed(standing.returns.values().cloned());
    let rest = if standing.returns.len() == 1 { "rests" } else { "rest" };
    let why = match lapsed {
        true => format!(
            "{titles} {rest} on it. Nothing more is fetched under it, nobody is chased for what we would fetch, and files \
             that agencies send wait for you"
        ),
        false => format!(
            "{titles} {rest} on it. When it lapses nothing more is fetched under it, and files that agencies send wait for \
             you"
        ),
    };
    let next = "review it with those who signed it, write the new day as agreement_review in pipelines/<return>/return.toml \
                of each, and start the daemon anew";
    let of = format!("{}/{}", standing.review, &sha256(standing.agreement.as_bytes())[..8]);
    Some(Condition { level, ..condition(Trouble::Agreement, &of, &what, &why, next) })
}

fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn nothing(today: &str) -> Facts {
        let today: Date = today.parse().unwrap();
        Facts {
            today,
            now: today.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp(),
            hold: None,
            relay: None,
            mailbox: None,
            pulls: Vec::new(),
            work: Vec::new(),
            failing: Vec::new(),
            stuck: Vec::new(),
            disk: None,
            heartbeat: None,
            rehearsal: false,
            holidays_end: None,
            agreements: Vec::new(),
            endings: Vec::new(),
        }
    }

    fn levels(facts: &Facts) -> Vec<i64> {
        conditions(facts).iter().map(|condition| condition.level).collect()
    }

    #[test]
    fn nothing_wrong_is_no_condition() {
        assert!(conditions(&nothing("2025-07-14")).is_empty());
    }

    #[test]
    fn an_agreement_is_told_ninety_sixty_thirty_and_seven_days_ahead_and_when_it_has_lapsed() {
        let agreement = Standing {
            agreement: "the sharing agreement".into(),
            review: "2025-12-31".parse().unwrap(),
            returns: BTreeMap::from([("missing-children".parse().unwrap(), "Missing children".to_owned())]),
        };
        for (today, level) in [
            ("2025-10-01", None),
            ("2025-10-02", Some(1)),
            ("2025-10-31", Some(1)),
            ("2025-11-01", Some(2)),
            ("2025-12-01", Some(3)),
            ("2025-12-24", Some(4)),
            ("2025-12-31", Some(4)),
            ("2026-01-01", Some(5)),
        ] {
            let facts = Facts { agreements: vec![agreement.clone()], ..nothing(today) };
            assert_eq!(levels(&facts), level.into_iter().collect::<Vec<_>>(), "{today}");
        }
    }

    #[test]
    fn a_certificate_is_told_sixty_thirty_and_seven_days_ahead_and_when_it_has_ended() {
        let ending = Ending {
            key: "certificate".into(),
            what: "The certificate".into(),
            on: "2025-12-31".parse().unwrap(),
            next_step: "renew it".into(),
        };
        for (today, level) in [
            ("2025-10-31", None),
            ("2025-11-01", Some(1)),
            ("2025-12-01", Some(2)),
            ("2025-12-25", Some(3)),
            ("2026-01-02", Some(4)),
        ] {
            let facts = Facts { endings: vec![ending.clone()], ..nothing(today) };
            assert_eq!(levels(&facts), level.into_iter().collect::<Vec<_>>(), "{today}");
        }
    }

    #[test]
    fn the_outer_watcher_is_told_of_after_an_hour_and_the_disk_by_its_room() {
        let facts = nothing("2025-07-14");
        let minutes = |ago| Failing {
            since: facts.now.checked_sub(SignedDuration::from_mins(ago)).unwrap(),
            says: "status 500".into(),
        };
        assert!(levels(&Facts { heartbeat: Some(minutes(59)), ..facts.clone() }).is_empty());
        assert_eq!(levels(&Facts { heartbeat: Some(minutes(60)), ..facts.clone() }), [1]);
        for (free, free_inodes, level) in
            [(100, 1000, None), (99, 1000, Some(1)), (24, 1000, Some(2)), (100, 4, Some(1))]
        {
            let disk = Some(Disk { free, wanted: 100, free_inodes, inodes: 100 });
            assert_eq!(levels(&Facts { disk, ..facts.clone() }), level.into_iter().collect::<Vec<_>>(), "{free}");
        }
        let unwatched = Some(Disk { free: 0, wanted: 0, free_inodes: 0, inodes: 100 });
        assert!(levels(&Facts { disk: unwatched, ..facts.clone() }).is_empty());
    }
}
