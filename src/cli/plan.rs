//! `quarterday plan`.

use std::{io::IsTerminal, path::Path};

use jiff::{Timestamp, civil::Date};

use super::{
    board, owed,
    say::{Tone, aligned, columns, say, toned},
    timetable::span,
};
use crate::{
    clock::Clock,
    daemon::{self, Command, Reply},
    domain::to_london,
    flows::{Board, plan as planned},
    ledger::ObligationKey,
    timetable::{Moves, PackMove, RungLine},
};

/// So many due dates are shown with before and after.
const MOST_DUES: usize = 20;
/// So many rows of anything else are shown.
const MOST_ROWS: usize = 10;

/// Says what moves if the definitions on disk take effect and, once somebody has said yes, has them take effect.
pub async fn plan(home: &Path, yes: bool) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let running = daemon::ask(&daemon::socket(&board.data), &Command::Now).await;
    let now = match &running {
        Ok(Reply::Now { now, .. }) => *now,
        _ => Clock::System.now(),
    };
    let Some(ledger) = board::ledger(&board)? else {
        say("Nothing is in force yet; these definitions take effect when `quarterday run` first serves the board.");
        return Ok(());
    };
    let plan = planned::look(&board, &ledger, now).await?;
    let waits = planned::pending(&ledger).await?.is_some();
    drop(ledger);
    if plan.is_first {
        say("Nothing is in force yet; these definitions take effect when the daemon is started.");
        return Ok(());
    }
    if plan.moves.is_nothing() && !waits {
        say(match plan.is_new {
            true => "Nothing moves. The definitions were edited and take effect when the daemon is started anew.",
            false => "Nothing moves: the definitions are in force.",
        });
        return Ok(());
    }
    tell(&board, &plan.moves);
    if !yes && !asked()? {
        say("\nNothing was changed. `quarterday plan --yes` makes it take effect.");
        return Ok(());
    }
    let confirm = Command::Confirm { definitions: plan.outline.definitions, actor: board::actor() };
    say(format_args!("\nDone: {}.", board::ask(home, confirm).await?));
    Ok(())
}

/// Whether somebody at a terminal says yes.
fn asked() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    say("\nShall it take effect? Type yes.");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

fn tell(board: &Board, moves: &Moves) {
    let sentence = moves.sentence();
    let (first, rest) = sentence.split_at(sentence.chars().next().map_or(0, char::len_utf8));
    say(toned(Tone::Strong, format_args!("{}{rest}.", first.to_uppercase())));
    let dues: Vec<Vec<String>> = moves
        .dues
        .iter()
        .map(|due| {
            let open = if due.is_open { "owed now" } else { "" };
            let (title, period) = (board.return_title(&due.key.return_id), span(due.key.period));
            vec![title, period, agency(board, &due.key), moved(due.before, due.after), open.to_owned()]
        })
        .collect();
    table("Due dates", &dues, MOST_DUES);
    let reminders: Vec<Vec<String>> = moves
        .reminders
        .iter()
        .map(|(key, kind)| {
            let title = board.return_title(&key.return_id);
            vec![owed::message(*kind).to_owned(), title, span(key.period), agency(board, key)]
        })
        .collect();
    table("Reminders that will go today", &reminders, MOST_ROWS);
    let packs: Vec<Vec<String>> = moves.packs.iter().map(|pack| meeting(board, pack)).collect();
    table("Meetings", &packs, MOST_ROWS);
    let rungs: Vec<Vec<String>> = moves
        .rungs
        .iter()
        .map(|(was, is)| {
            let name = was.as_ref().or(is.as_ref()).map(RungLine::full_name).unwrap_or_default();
            let says = match (was, is) {
                (Some(was), Some(is)) if was.says == is.says => {
                    format!("working day {} → {} from the due day", was.working_days, is.working_days)
                }
                (Some(_), Some(_)) => "says something else, or to others".to_owned(),
                (None, _) => "is new".to_owned(),
                (_, None) => "is gone".to_owned(),
            };
            vec![name, says]
        })
        .collect();
    table("Ladder", &rungs, MOST_ROWS);
    let duties = |names: &[String], word: &str| -> Vec<Vec<String>> {
        let named = names.iter().filter_map(|name| name.split_once('/'));
        named
            .map(|(return_id, agency)| {
                let title = return_id.parse().map_or_else(|_| return_id.to_owned(), |id| board.return_title(&id));
                let agency = agency.parse().map_or_else(|_| agency.to_owned(), |id| board.agency_name(&id));
                vec![title, agency, word.to_owned()]
            })
            .collect()
    };
    let both = [duties(&moves.begin, "begins"), duties(&moves.end, "ends")].concat();
    table("Who owes what", &both, MOST_ROWS);
}

fn table(heading: &str, rows: &[Vec<String>], most: usize) {
    if rows.is_empty() {
        return;
    }
    say(format_args!("\n{}", toned(Tone::Strong, heading)));
    for cells in aligned(&rows[..rows.len().min(most)], columns() - 2) {
        say(format_args!("  {}", cells.join("  ").trim_end()));
    }
    if rows.len() > most {
        say(format_args!("  and {} more", rows.len() - most));
    }
}

fn agency(board: &Board, key: &ObligationKey) -> String {
    board.agency_name(&key.agency)
}

/// A date that moves: its time only where that changes.
fn moved(before: Timestamp, after: Timestamp) -> String {
    let (before, after) = (to_london(before), to_london(after));
    if before.time() == after.time() {
        return days(before.date(), after.date());
    }
    let time = "%H:%M";
    format!("{} {} → {} {}", day(before.date()), before.strftime(time), day(after.date()), after.strftime(time))
}

/// Two days, the year of the first only where it is another.
fn days(before: Date, after: Date) -> String {
    let first = if before.year() == after.year() { before.strftime("%a %-d %b").to_string() } else { day(before) };
    format!("{first} → {}", day(after))
}

fn day(day: Date) -> String {
    day.strftime("%a %-d %b %Y").to_string()
}

fn meeting(board: &Board, one: &PackMove) -> Vec<String> {
    let title = board.packs.get(&one.pack).map_or_else(|| one.pack.clone(), |pack| pack.title().to_owned());
    let says = match (&one.before, &one.after) {
        (Some(before), Some(after)) if before.on != after.on => days(before.on, after.on),
        (Some(before), Some(after)) if before.circulated_at != after.circulated_at => {
            format!("goes out {}", moved(before.circulated_at, after.circulated_at))
        }
        (Some(before), Some(after)) if before.time != after.time => {
            let time = "%H:%M";
            format!("{} {} → {}", day(before.on), before.time.strftime(time), after.time.strftime(time))
        }
        (Some(before), Some(after)) => {
            let steps = before.steps.iter().filter(|(step, on)| after.steps.get(*step) != Some(on));
            let steps: Vec<&str> = steps.map(|(step, _)| step.as_str()).collect();
            format!("{}: {} on another day", day(before.on), steps.join(", "))
        }
        (None, Some(after)) => format!("{}, new", day(after.on)),
        (Some(before), None) => format!("{}, cancelled", day(before.on)),
        (None, None) => String::new(),
    };
    let held = if one.is_held { "held: past its day" } else { "" };
    vec![title, span(one.period), says, held.to_owned()]
}
