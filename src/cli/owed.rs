//! `quarterday owed`.

use std::path::Path;

use anyhow::bail;
use jiff::{Timestamp, ToSpan};

use super::{
    board,
    say::{Tone, aligned, columns, say, toned},
};
use crate::{
    clock::Clock,
    domain::{civil_day, to_london},
    flows::standing::{self, DueTogether, Owed},
    timetable::{RungKind, instant_on},
};

/// Prints what is owed at the end of a day.
pub async fn owed(home: &Path, on: Option<jiff::civil::Date>) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let day = on.unwrap_or_else(|| civil_day(Clock::System.now()));
    let end = instant_on(day.tomorrow()?, jiff::civil::Time::midnight()).checked_sub(1.second())?;
    let ledger = board::ledger(&board)?;
    let outlook = standing::owed_at(&board, ledger.as_ref(), end).await?;
    let at = day.strftime("%A %-d %B %Y");
    if !outlook.owed.is_empty() {
        say(format_args!("Owed on {at}:"));
        let (groups, _) = standing::newest(&outlook.owed, usize::MAX);
        tell(&groups, end, "by then");
    } else if outlook.untold.is_empty() {
        say(format_args!("Nothing is owed on {at}."));
    }
    if !outlook.untold.is_empty() {
        bail!("not all can be told:\n  {}", outlook.untold.join("\n  "));
    }
    Ok(())
}

/// Prints obligations under the day on which they are due; `already` is said of a message that should have left.
pub fn tell(groups: &[DueTogether<'_>], now: Timestamp, already: &str) {
    let owed = groups.iter().flat_map(|group| &group.owed);
    let rows: Vec<Vec<String>> = owed.map(|one| row(one, now, already)).collect();
    let mut lines = aligned(&rows, columns() - 2).into_iter();
    for group in groups {
        let due = to_london(group.due_at).strftime("%A %-d %B %Y, %H:%M");
        let late = (civil_day(now) - civil_day(group.due_at)).get_days();
        let since = match late {
            1 => ", yesterday".to_owned(),
            2.. => format!(", {late} days ago"),
            _ => String::new(),
        };
        say(format_args!("\n{}", toned(Tone::Strong, format_args!("{}, due {due}{since}", group.period.human()))));
        for (one, cells) in group.owed.iter().zip(lines.by_ref()) {
            let [title, agency, standing, next] = cells.as_slice() else { continue };
            let standing = if one.standing.is_alarming() { toned(Tone::Alarm, standing) } else { standing.clone() };
            say(format_args!("  {title}  {}  {standing}  {}", toned(Tone::Quiet, agency), toned(Tone::Quiet, next)));
        }
    }
}

fn row(one: &Owed, now: Timestamp, already: &str) -> Vec<String> {
    let next = one.next.as_ref().map_or_else(
        || "no message to come".to_owned(),
        |next| match next.at.filter(|at| *at > now) {
            Some(at) => format!("{}: {}", to_london(at).strftime("%a %-d %b %H:%M"), message(next.kind)),
            None => format!("{already}: {}", message(next.kind)),
        },
    );
    vec![one.title.clone(), one.agency.clone(), one.standing.brief().to_owned(), next]
}

/// A rung as people call its message.
pub fn message(kind: RungKind) -> &'static str {
    match kind {
        RungKind::Notice => "notice",
        RungKind::Nudge => "reminder",
        RungKind::DueToday => "reminder of the day",
        RungKind::Overdue => "overdue notice",
        RungKind::Preview => "preview of the escalation",
        RungKind::Escalation => "escalation",
    }
}
