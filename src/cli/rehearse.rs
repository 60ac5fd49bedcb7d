//! `quarterday rehearse`: what would be sent in a stretch of time, to whom and why.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use jiff::{Timestamp, ToSpan, civil};

use super::{
    board,
    say::{Tone, say, toned},
};
use crate::{
    clock::Clock,
    daemon,
    domain::to_london,
    flows::{
        Board,
        rehearse::{self, Message, Pack, Rehearsed},
    },
    ledger::OutboxState,
    mail::Memory,
    timetable::{Meeting, instant_on},
};

/// What is rehearsed.
#[derive(Debug, clap::Args)]
pub struct Rehearse {
    /// The first day.
    #[arg(long, value_name = "DATE")]
    from: civil::Date,
    /// The last day.
    #[arg(long, value_name = "DATE")]
    to: civil::Date,
    /// What is supposed to come, as CSV: when,return,agency,period,what (accepted, not-accepted, held or nil; for a
    /// commentary stands-out or accepted). Without it nobody sends anything, and no figure stands out.
    #[arg(long, value_name = "FILE")]
    arrivals: Option<PathBuf>,
    /// A new or empty folder for the messages themselves.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// One line a message, as CSV.
    #[arg(long)]
    csv: bool,
}

/// Prints every message that would be sent. Nothing is sent, and nothing of the board's own is touched.
pub async fn rehearse(home: &Path, options: Rehearse) -> anyhow::Result<()> {
    let Rehearse { from, to, arrivals, out, csv } = options;
    if from > to {
        bail!("the rehearsal ends on {to}, before it begins on {from}");
    }
    if let Some(out) = out.as_deref().filter(|out| fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()))
    {
        bail!("{} is not empty; name a new folder", out.display());
    }
    let board = board::settle(home)?;
    let begin = instant_on(from, civil::Time::midnight());
    let end = instant_on(to.tomorrow()?, civil::Time::midnight()).checked_sub(1.second())?;
    let arrivals = match &arrivals {
        None => Vec::new(),
        Some(path) => {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            match rehearse::arrivals(&text, &board, begin, end) {
                Ok(arrivals) => arrivals,
                Err(wrong) => bail!("{} cannot be used:\n  {}", path.display(), wrong.join("\n  ")),
            }
        }
    };
    let folder = tempfile::tempdir().context("a folder for the rehearsal")?;
    let memory = Memory::default();
    let app = daemon::rehearsal(board, folder.path(), Clock::simulated(begin), memory.clone())?;
    let rehearsed = rehearse::rehearse(&app, end, &arrivals).await?;
    if let Some(out) = &out {
        rehearse::write_out(&memory.posted(), out)?;
    }
    match csv {
        true => as_csv(&rehearsed),
        false => tell(&rehearsed, &app.board, from, to),
    }
    Ok(())
}

fn day(at: Timestamp) -> String {
    to_london(at).strftime("%A %-d %B %Y").to_string()
}

fn tell(rehearsed: &Rehearsed, board: &Board, from: civil::Date, to: civil::Date) {
    say(format_args!("{}, {} to {}: a rehearsal; nothing is sent.", board.name, from, to));
    let mut told: Vec<(Timestamp, Vec<String>)> =
        rehearsed.messages.iter().map(|message| (message.at, message_lines(message, board))).collect();
    told.extend(rehearsed.packs.iter().map(|pack| (pack.at, pack_lines(pack))));
    told.extend(rehearsed.asking.iter().map(|asking| (asking.0, asking_lines(asking))));
    told.sort_by_key(|(at, _)| *at);
    let mut today = String::new();
    for (at, lines) in told {
        if today != day(at) {
            today = day(at);
            say(format_args!("\n{}", toned(Tone::Strong, &today)));
        }
        lines.iter().for_each(say);
    }
    summary(rehearsed);
}

fn message_lines(message: &Message, board: &Board) -> Vec<String> {
    let (name, role, email) = &message.to;
    let at = to_london(message.at).strftime("%H:%M");
    let role = if role.is_empty() { String::new() } else { format!(", {role}") };
    let first = format!("  {at}  {}  to {name}{role} <{email}>", message.kind);
    let about = match &message.about {
        Some(key) => format!(
            "{} of {}, {}",
            board.return_title(&key.return_id),
            board.agency_name(&key.agency),
            key.period.human()
        ),
        None => message.subject.clone(),
    };
    let overtaken = if message.outcome == OutboxState::Superseded { " (overtaken before it left)" } else { "" };
    vec![first, format!("         {about}: {}{overtaken}", message.why)]
}

fn pack_lines(pack: &Pack) -> Vec<String> {
    let at = to_london(pack.at).strftime("%H:%M");
    let would = if pack.is_issued { "would be issued" } else { "would not be issued" };
    let meeting = pack.meeting.strftime("%-d %B");
    vec![
        format!("  {at}  the pack {} for {} {would}, for the meeting of {meeting}", pack.pack, pack.period.human()),
        format!("         {}", pack.why),
    ]
}

fn asking_lines((at, until, meeting): &(Timestamp, Timestamp, Meeting)) -> Vec<String> {
    let at = to_london(*at).strftime("%H:%M");
    let (period, on) = (meeting.period.human(), to_london(*until).strftime("%-d %B"));
    vec![
        format!("  {at}  words on figures for the pack {} for {period} would be asked for, until {on}", meeting.pack),
        "         of which figures, only figures can say: --arrivals supposes that one stands out".to_owned(),
    ]
}

/// How much each person would get.
fn summary(rehearsed: &Rehearsed) {
    let left: Vec<&Message> = rehearsed.messages.iter().filter(|m| m.outcome != OutboxState::Superseded).collect();
    let mut of_person: BTreeMap<&(String, String, String), BTreeMap<String, usize>> = BTreeMap::new();
    let mut of_day: BTreeMap<(&str, civil::Date), usize> = BTreeMap::new();
    for message in &left {
        let zoned = to_london(message.at);
        *of_person.entry(&message.to).or_default().entry(zoned.strftime("%Y-%m").to_string()).or_default() += 1;
        *of_day.entry((message.to.2.as_str(), zoned.date())).or_default() += 1;
    }
    say(format_args!(
        "\n{}",
        toned(Tone::Strong, format_args!("{} messages to {} people", left.len(), of_person.len()))
    ));
    for ((name, role, email), months) in &of_person {
        let months: Vec<String> = months.iter().map(|(month, count)| format!("{month}: {count}")).collect();
        let role = if role.is_empty() { String::new() } else { format!(", {role}") };
        say(format_args!("  {name}{role} <{email}>  {}", months.join(", ")));
    }
    if let Some(((email, date), most)) =
        of_day.iter().max_by_key(|((_, date), count)| (**count, std::cmp::Reverse(*date)))
    {
        say(format_args!("  The most to one person in a day: {most}, to {email} on {}", date.strftime("%-d %B %Y")));
    }
    for failed in &rehearsed.failed {
        say(format_args!("{}", toned(Tone::Alarm, format_args!("  failed: {failed}"))));
    }
}

fn as_csv(rehearsed: &Rehearsed) {
    say("when,kind,return,agency,period,name,role,address,subject,why,outcome");
    for message in &rehearsed.messages {
        let key =
            |part: fn(&crate::ledger::ObligationKey) -> String| message.about.as_ref().map(part).unwrap_or_default();
        let (name, role, email) = &message.to;
        let cells = [
            to_london(message.at).strftime("%Y-%m-%d %H:%M").to_string(),
            message.kind.clone(),
            key(|key| key.return_id.to_string()),
            key(|key| key.agency.to_string()),
            key(|key| key.period.to_string()),
            name.clone(),
            role.clone(),
            email.clone(),
            message.subject.clone(),
            message.why.clone(),
            message.outcome.as_str().to_owned(),
        ];
        say(cells.map(|cell| quoted(&cell)).join(","));
    }
}

/// A cell that no spreadsheet takes for a formula.
fn quoted(text: &str) -> String {
    let harmless =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    match harmless.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", harmless.replace('"', "\"\"")),
        false => harmless,
    }
}
