//! Who watches the daemon, and what is to be watched: `[operator]`, `[digest]`, `[watch]`, `[heartbeat]`, `[[expires]]`.

use std::time::Duration;

use jiff::civil::Date;

use crate::{mail::Person, settings::Section, source::heartbeat, timetable::Schedule};

/// The word for a digest that is not sent.
const NEVER: &str = "never";

/// How the daemon is watched.
#[derive(Debug, Clone)]
pub struct Watching {
    /// Who looks after the machine; the manager where nobody is named.
    pub operator: Option<Person>,
    /// When the digest is sent; none if it never is.
    pub digest: Option<Schedule>,
    /// A step that goes on for longer is stuck.
    pub stuck_after: Duration,
    /// Less room on the data folder's disk than this is told, in bytes; nothing is where it is 0.
    pub free_bytes: u64,
    /// Whom an outer watcher hears from.
    pub heartbeat: Option<heartbeat::Settings>,
    /// What ends on a day that no file tells.
    pub expires: Vec<Expires>,
}

/// Something that ends on a day that no file tells: a client secret, a token, a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expires {
    /// What it is, in the operator's words.
    pub what: String,
    /// Its last day.
    pub on: Date,
}

impl Watching {
    /// Reads the sections. An `example` board tells no outer watcher but one on this machine.
    pub(super) fn settle(root: &mut Section<'_>, example: bool) -> Option<Self> {
        let operator = root.section_opt("operator").map(|mut table| Person::settle(&mut table));
        let digest = settle_digest(root);
        let (stuck_after, free_bytes) = settle_watch(root);
        let heartbeat = root.section_opt("heartbeat").map(|mut table| heartbeat::Settings::settle(&mut table, example));
        let mut expires = Vec::new();
        for mut table in root.sections("expires") {
            if let (Some(what), Some(on)) = (table.text("what"), table.date("on")) {
                expires.push(Expires { what, on });
            }
        }
        // What was wrong in a table was told there.
        let operator = operator.map_or(Some(None), |settled| settled.map(Some))?;
        let heartbeat = heartbeat.map_or(Some(None), |settled| settled.map(Some))?;
        Some(Self { operator, digest, stuck_after, free_bytes, heartbeat, expires })
    }
}

/// Monday at nine, unless another time is asked for.
fn settle_digest(root: &mut Section<'_>) -> Option<Schedule> {
    let usual = "0 9 * * 1";
    let Some(mut table) = root.section_opt("digest") else { return usual.parse().ok() };
    let cron = table.text_or("cron", usual);
    if cron == NEVER {
        return None;
    }
    let schedule = cron.parse().ok();
    if schedule.is_none() {
        let expected = format!("a cron expression of five fields, as in {usual:?}, or {NEVER:?}");
        table.refuse("cron", &expected, &format!("cron = {usual:?}"));
    }
    schedule
}

fn settle_watch(root: &mut Section<'_>) -> (Duration, u64) {
    let (usual_seconds, usual_mb) = (15 * 60, 2048);
    let Some(mut table) = root.section_opt("watch") else {
        return (Duration::from_secs(usual_seconds), usual_mb << 20);
    };
    let seconds = table.integer_or("stuck_seconds", 15 * 60);
    let seconds = u64::try_from(seconds).ok().filter(|seconds| (1..=86_400).contains(seconds));
    if seconds.is_none() {
        table.refuse("stuck_seconds", "a number of seconds from 1 to 86400", "stuck_seconds = 900");
    }
    let free = u64::try_from(table.integer_or("free_mb", 2048)).ok().filter(|free| *free < 1 << 40);
    if free.is_none() {
        table.refuse("free_mb", "a number of megabytes, 0 where the disk is watched otherwise", "free_mb = 2048");
    }
    (Duration::from_secs(seconds.unwrap_or(usual_seconds)), free.unwrap_or(usual_mb) << 20)
}
