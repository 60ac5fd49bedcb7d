//! What longer commands say: a line a file, a line a table.

use super::Reply;
use crate::{
    domain::{Verdict, words::whole},
    flows::{
        backfill::{Came, Loaded},
        intake::Received,
        restated::Difference,
    },
    ledger::{FindingRow, Severity},
    mail::{Thing, things},
};

/// A verdict in words, with what was found by rule and column, as a sender is told it.
pub(super) fn judged(received: &Received) -> Reply {
    let became = match received.verdict {
        Verdict::Held => "held for a person",
        Verdict::Duplicate => "the same file as before, nothing changed",
        other => verdict(other),
    };
    let rows = received.rows;
    let mut lines = vec![format!(
        "submission {}: {became}; {} rows read, {} accepted, {} refused",
        received.submission, rows.read, rows.accepted, rows.refused
    )];
    lines.extend(received.reason.iter().map(|reason| format!("  {reason}")));
    let found = by_rule(&received.findings);
    let is_shorter = found.len() < received.findings.len();
    lines.extend(found);
    if is_shorter {
        lines.push(format!("  `quarterday findings {}` lists each by itself", received.submission));
    }
    Reply::Judged { submission: Some(received.submission), verdict: received.verdict, says: lines.join("\n") }
}

/// One line for each rule in a column, with the first cells and how many more.
fn by_rule(findings: &[FindingRow]) -> Vec<String> {
    let mut lines = Vec::new();
    for severity in [Severity::Error, Severity::Query, Severity::Note] {
        let these: Vec<FindingRow> = findings.iter().filter(|finding| finding.severity == severity).cloned().collect();
        for thing in things(&these) {
            let alone = these.iter().find(|finding| {
                (&finding.rule, &finding.sheet, &finding.letter, finding.row)
                    == (&thing.rule, &thing.sheet, &thing.letter, thing.row)
                    && finding.says == thing.says
            });
            lines.push(match alone.filter(|_| thing.total == 1) {
                Some(f) => format!("  {} {}{} ({})", severity.as_str(), f.place(), f.says, f.rule),
                None => many(severity, &thing),
            });
        }
    }
    lines
}

fn many(severity: Severity, thing: &Thing) -> String {
    let sheet = thing.sheet.as_ref().map(|sheet| format!("sheet {sheet}, ")).unwrap_or_default();
    let column = thing.letter.as_ref().map(|letter| format!("column {letter}, ")).unwrap_or_default();
    let cells = if thing.letter.is_some() { "cells" } else { "rows" };
    let places = if thing.places.is_empty() { String::new() } else { format!(" ({})", thing.places) };
    format!(
        "  {} {sheet}{column}{} {}{places}: {} ({})",
        severity.as_str(),
        whole(thing.total),
        if thing.places.is_empty() { "times" } else { cells },
        thing.says,
        thing.rule
    )
}

/// What became of each file of a backfill, and how many are here.
pub(super) fn loaded(files: &[Loaded]) -> Reply {
    if files.is_empty() {
        return Reply::Refused("no files are there; name files, or folders that hold them".to_owned());
    }
    let mut rows: Vec<[String; 4]> = vec![["file", "for", "rows", "what came of it"].map(str::to_owned)];
    for Loaded { file, key, came } in files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let whose = key.as_ref().map_or_else(|| "?".to_owned(), |key| format!("{}, {}", key.agency, key.period));
        let (count, words) = match came {
            Came::Judged(received) => {
                let first = received.findings.first().map(|finding| finding.says.clone());
                let why = received.reason.clone().or(first).filter(|_| !received.verdict.is_accepted());
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let words = format!("submission {}, {}{why}", received.submission, verdict(received.verdict));
                (received.rows.accepted.to_string(), words)
            }
            Came::Before(id, before) => (String::new(), format!("passed over: submission {id}, {}", verdict(*before))),
            Came::Refused(why) => (String::new(), format!("not loaded: {why}")),
        };
        rows.push([name, whose, count, words]);
    }
    let widths: Vec<usize> =
        (0..3).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let line = |[name, whose, count, words]: &[String; 4]| {
        format!("{name:<0$}  {whose:<1$}  {count:>2$}  {words}", widths[0], widths[1], widths[2])
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    let here = files.iter().filter(|loaded| loaded.came.is_here()).count();
    lines.push(format!("{here} of {} files are loaded", files.len()));
    let all = here == files.len();
    Reply::Judged {
        submission: None,
        verdict: if all { Verdict::Accepted } else { Verdict::NotAccepted },
        says: lines.join("\n"),
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::AcceptedWithQueries => "accepted, with questions",
        Verdict::NotAccepted => "not accepted",
        Verdict::Held => "held for a person",
        Verdict::Duplicate => "the same as before",
    }
}

/// What one submission changed of another.
pub(super) fn differs(found: &Difference) -> String {
    let mut lines =
        vec![format!("{}: submission {} against submission {}", found.obligation, found.after, found.before)];
    for table in &found.tables {
        let changed = match &table.rows {
            Some(rows) => format!("{} added, {} removed, {} changed", rows.added, rows.removed, rows.changed),
            None => "too many rows to hold them against each other".to_owned(),
        };
        lines
            .push(format!("  {}: {} rows before, {} now: {changed}", table.table, table.rows_before, table.rows_after));
        for (column, count) in table.rows.iter().flat_map(|rows| &rows.columns) {
            lines.push(format!("    {column} differs in {count} {}", if *count == 1 { "row" } else { "rows" }));
        }
    }
    let words = |value: &Option<String>| value.clone().unwrap_or_else(|| "not given".to_owned());
    for total in &found.totals {
        lines.push(format!("  {}: {} before, {} now", total.label, words(&total.before), words(&total.after)));
    }
    lines.join("\n")
}
