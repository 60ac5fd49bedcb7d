//! `quarterday timetable`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use jiff::{ToSpan, civil::Date};

use super::{
    board,
    say::{Tone, aligned, columns, say, toned},
};
use crate::{
    clock::Clock,
    domain::{AgencyId, Period, civil_day},
    flows::{
        Board,
        dates::{self, Line},
        feeds,
    },
    timetable::{Milestone, What},
};

/// Names of those who owe the same return are listed up to so many.
const MOST_NAMED: usize = 2;

/// Which dates, and where to.
#[derive(Debug, clap::Args)]
pub struct Timetable {
    /// For so many months.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=120))]
    months: u16,
    /// From this day on; the first of this month when left out.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Only what is asked of one agency.
    #[arg(long, value_name = "AGENCY")]
    agency: Option<AgencyId>,
    /// With the reminders that leave if nothing arrives.
    #[arg(long)]
    reminders: bool,
    /// Write the dates as CSV instead, a row each.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write them as calendars instead: one for each agency and board.ics.
    #[arg(long, value_name = "FOLDER")]
    ics: Option<PathBuf>,
}

/// Prints or writes every date of the timetable. Needs no daemon and no ledger.
pub fn timetable(home: &Path, options: Timetable) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    if let Some(agency) = options.agency.as_ref().filter(|agency| !board.agencies.contains_key(agency)) {
        let known: Vec<_> = board.agencies.keys().map(AgencyId::as_str).collect();
        bail!("there is no agency {agency}; the agencies are {}", known.join(", "));
    }
    let from = options.from.unwrap_or_else(|| civil_day(Clock::System.now()).first_of_month());
    let until = from.checked_add(i32::from(options.months).months())?.yesterday()?;
    let lines = dates::listing(&board, (from, until), options.agency.as_ref(), options.reminders);
    if let Some(file) = &options.csv {
        write(file, &dates::csv(&lines))?;
        say(format_args!("{} dates are written to {}.", lines.len(), file.display()));
    }
    if let Some(folder) = &options.ics {
        let feeds = feeds::feeds(&board, &lines, options.agency.as_ref())?;
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        for (name, text) in &feeds {
            write(&folder.join(name), text)?;
        }
        let calendars = if feeds.len() == 1 { "calendar is" } else { "calendars are" };
        say(format_args!("{} {calendars} written to {}.", feeds.len(), folder.display()));
    }
    if options.csv.is_none() && options.ics.is_none() {
        print(&board, &lines, (from, until));
    }
    let unknown: Vec<&Line> = lines.iter().filter(|line| line.dated.on.is_none()).collect();
    tell_unknown(&board, &unknown, until);
    Ok(())
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

fn print(board: &Board, lines: &[Line], (from, until): (Date, Date)) {
    let day = |day: Date| day.strftime("%-d %B %Y").to_string();
    say(toned(Tone::Strong, format_args!("{}: {} to {}", board.name, day(from), day(until))));
    let known: Vec<(Date, &Line)> = lines.iter().filter_map(|line| Some((line.dated.on?, line))).collect();
    if known.is_empty() {
        say("\nNo dates.");
        return;
    }
    let together: Vec<&[(Date, &Line)]> = known.chunk_by(|(_, a), (_, b)| is_together(a, b)).collect();
    let rows: Vec<Vec<String>> = together.iter().map(|group| row(group)).collect();
    let (mut month, mut day) = (None, None);
    for (group, cells) in together.iter().zip(aligned(&rows, columns() - 2)) {
        let (Some((on, line)), [date, time, kind, title, period, who]) = (group.first(), cells.as_slice()) else {
            continue;
        };
        if month.replace(on.first_of_month()) != Some(on.first_of_month()) {
            say(format_args!("\n{}", toned(Tone::Strong, on.strftime("%B %Y"))));
        }
        let is_new = day.replace(*on) != Some(*on);
        let date = if is_new { date.clone() } else { " ".repeat(date.chars().count()) };
        let is_meeting = line.dated.what == What::Step(Milestone::Meeting);
        let tone = |text: String| if is_meeting { toned(Tone::Strong, text) } else { text };
        let said = tone(format!("{kind}  {title}  {period}"));
        say(format_args!("  {date}  {}  {said}  {}", toned(Tone::Quiet, time), toned(Tone::Quiet, who)));
    }
}

/// Whether two dates differ only in whose they are, so that one line tells both.
fn is_together(a: &Line, b: &Line) -> bool {
    let (one, other) = (&a.dated, &b.dated);
    let same_subject = one.return_id == other.return_id && one.pack == other.pack && one.period == other.period;
    same_subject && (one.on, one.time, one.what) == (other.on, other.time, other.what)
}

fn row(group: &[(Date, &Line)]) -> Vec<String> {
    let Some((on, line)) = group.first() else { return Vec::new() };
    let who = match group {
        few if few.len() <= MOST_NAMED => few.iter().map(|(_, line)| line.who.as_str()).collect::<Vec<_>>().join(", "),
        many => format!("{} agencies", many.len()),
    };
    let time = line.dated.time.map(|time| time.strftime("%H:%M").to_string()).unwrap_or_default();
    let period = span(line.dated.period);
    vec![on.strftime("%a %e").to_string(), time, line.kind.to_owned(), line.title.clone(), period, who]
}

/// A period in few letters: "Apr–Jun 25".
pub fn span(period: Period) -> String {
    let (start, end) = (period.start(), period.end());
    let (first, last) = (start.strftime("%b"), end.strftime("%b %y"));
    match period {
        Period::Week { .. } | Period::Release { .. } => start.strftime("%-d %b %y").to_string(),
        Period::Month { .. } => last.to_string(),
        _ if start.year() == end.year() => format!("{first}–{last}"),
        _ => format!("{first} {}–{last}", start.strftime("%y")),
    }
}

/// Says which dates are not known and what to do about it; nothing is guessed.
fn tell_unknown(board: &Board, unknown: &[&Line], until: Date) {
    let Some(end) = board.timetable.calendar().covered_until().filter(|end| until > *end || !unknown.is_empty()) else {
        return;
    };
    say(toned(
        Tone::Alarm,
        format_args!(
            "\nDates are known until {}, where the list of bank holidays ends. For later ones save\n\
             https://www.gov.uk/bank-holidays.json as config/bank-holidays.json and name it in config/timetable.toml:\n\
             holidays = \"config/bank-holidays.json\"",
            end.strftime("%-d %B %Y")
        ),
    ));
    if unknown.is_empty() {
        return;
    }
    say("Not known yet:");
    for group in unknown.chunk_by(|a, b| is_together(a, b)) {
        let Some(first) = group.first() else { continue };
        let who = if group.len() > MOST_NAMED {
            format!("{} agencies", group.len())
        } else {
            group.iter().map(|line| line.who.as_str()).collect::<Vec<_>>().join(", ")
        };
        say(format_args!("  {}: {} ({who})", first.kind, first.what()));
    }
}
