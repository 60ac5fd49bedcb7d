//! The lines of a digest: what waits, what comes, when each source was last heard of, and how much room there is.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::{civil_day, to_london, words::whole},
    flows::{App, standing},
    source::Source,
};

/// A week.
const A_WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// So many lines of one kind are written out.
const MOST: usize = 40;

/// What waits for a person.
pub async fn waiting(app: &App) -> anyhow::Result<Vec<String>> {
    let (held, letters) = app.ledger.read(|txn| Ok((txn.held_submissions()?, txn.held_incoming()?))).await?;
    let files = held.into_iter().map(|held| {
        let key = &held.obligation;
        format!(
            "submission {} is held since {}: {} of {}, {}: {} (`quarterday release {} --reason …`)",
            held.id,
            day(held.received_at),
            app.board.return_title(&key.return_id),
            app.board.agency_name(&key.agency),
            key.period.human(),
            held.reason.unwrap_or_default().trim_end_matches('.'),
            held.id
        )
    });
    let letters = letters.into_iter().map(|letter| {
        format!("message {} of the mailbox is held since {} (`quarterday held`)", letter.id, day(letter.arrived_at))
    });
    Ok(cut(files.chain(letters).collect()))
}

/// What falls due and is sent out within a week.
pub async fn next(app: &App, now: Timestamp) -> anyhow::Result<Vec<String>> {
    let until = now.checked_add(A_WEEK)?;
    let outlook = standing::owed_at(&app.board, Some(&app.ledger), until).await?;
    let mut lines: Vec<(Timestamp, String)> = outlook
        .owed
        .iter()
        .filter(|owed| owed.due_at > now && owed.due_at <= until)
        .map(|owed| {
            let line =
                format!("{}: {} of {}, {}, is due", day(owed.due_at), owed.title, owed.agency, owed.key.period.human());
            (owed.due_at, line)
        })
        .collect();
    for meeting in app.board.timetable.meetings().iter() {
        let Ok(at) = app.board.timetable.circulation(meeting) else { continue };
        if at > now && at <= until {
            let title = app.board.packs.get(&meeting.pack).map_or(meeting.pack.as_str(), |pack| pack.title());
            lines.push((at, format!("{}: the pack {title} for {} goes out", day(at), meeting.period.human())));
        }
    }
    lines.sort();
    let late = outlook.owed.iter().filter(|owed| owed.due_at <= now).count();
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    if late > 0 {
        lines.insert(0, format!("{late} of what was due before is still awaited (`quarterday owed` lists it)"));
    }
    Ok(cut(lines))
}

/// When each source was last heard of.
pub async fn sources(app: &App) -> anyhow::Result<Vec<String>> {
    let (files, answers) = app.ledger.read(|txn| Ok((txn.last_received()?, txn.last_answers()?))).await?;
    let mut lines = Vec::new();
    for contract in app.board.returns.values() {
        for agency in &contract.agencies {
            let place = format!("{}/{agency}", contract.id);
            let of_period = format!("{place}/");
            let answered = answers.iter().filter(|(key, _)| **key == place || key.starts_with(&of_period));
            let answered = answered.map(|(_, at)| *at).max();
            let file = files.get(&(contract.id.clone(), agency.clone()));
            let asked = match (&contract.source, answered) {
                (Source::Https(_) | Source::Store(_), Some(at)) => format!("last answered {}, ", moment(at)),
                (Source::Https(_) | Source::Store(_), None) => "has never answered, ".to_owned(),
                _ => String::new(),
            };
            let file = file.map_or_else(|| "no file yet".to_owned(), |at| format!("last file {}", moment(*at)));
            lines.push(format!("{} of {}: {asked}{file}", contract.title, app.board.agency_name(agency)));
        }
    }
    Ok(cut(lines))
}

/// Room on the disk, and how large what is kept has become.
pub async fn room(app: &App) -> anyhow::Result<Vec<String>> {
    let data = app.board.data.clone();
    let lines = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        if let Ok(found) = rustix::fs::statvfs(&data) {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            lines.push(format!("{} MB are free on the disk of the data folder", whole(free >> 20)));
        }
        let sizes = ["ledger.sqlite", "landing", "warehouse", "editions"]
            .map(|name| format!("{name} {} MB", whole(size(&data.join(name)).div_ceil(1 << 20))));
        lines.push(format!("kept: {}", sizes.join(", ")));
        lines
    });
    Ok(lines.await?)
}

/// The bytes of a file, or of everything in a folder.
fn size(path: &Path) -> u64 {
    let mut sum = 0;
    let mut paths = vec![path.to_owned()];
    while let Some(path) = paths.pop() {
        let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
        if about.is_dir() {
            paths.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else {
            sum += about.len();
        }
    }
    sum
}

/// The first lines, and how many more there are.
fn cut(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn day(at: Timestamp) -> String {
    civil_day(at).strftime("%A %-d %B").to_string()
}

fn moment(at: Timestamp) -> String {
    to_london(at).strftime("%-d %B %Y, %H:%M").to_string()
}
