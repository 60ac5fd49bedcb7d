//! Reads `pipelines/<return>/return.toml`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use arrow::datatypes::DataType;
use jiff::civil::Date;

use super::{Agency, based};
use crate::{
    check::Contract,
    domain::{AgencyId, Calendar, Period, ReturnId, civil_day, to_london},
    pack::{PackDefinition, WhenNotReady},
    settings::{self, Problems, nearest},
    source::{self, Https, Source, fill, https, pattern::overlap},
    timetable::{Due, Every, Meeting, Timetable},
};

/// Every return below `folder`.
pub(super) fn settle(folder: &Path, problems: &mut Problems) -> BTreeMap<ReturnId, Contract> {
    let mut returns = BTreeMap::new();
    for path in entries(folder, problems) {
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let id: ReturnId = match name.parse() {
            Ok(id) => id,
            Err(error) => {
                problems.about(&path.display().to_string(), error, "a folder named for its return", "another name");
                continue;
            }
        };
        let Some(document) = settings::read_file(&path.join("return.toml"), problems) else { continue };
        let contract = Contract::settle(id.clone(), &document);
        problems.merge(document.finish());
        if let Some(contract) = contract {
            returns.insert(id, contract);
        }
    }
    returns
}

/// Tells of returns that name agencies nobody knows.
pub(super) fn check_agencies(
    returns: &BTreeMap<ReturnId, Contract>,
    agencies: &BTreeMap<AgencyId, Agency>,
    home: &Path,
    problems: &mut Problems,
) {
    for contract in returns.values() {
        for agency in contract.agencies.iter().filter(|id| !agencies.contains_key(id)) {
            let file = home.join("pipelines").join(contract.id.as_str()).join("return.toml");
            let known = agencies.keys().map(AgencyId::as_str);
            let write = match nearest(agency.as_str(), known) {
                Some(meant) => format!("agencies = [\"{meant}\"]"),
                None => format!("[[agency]] with id = \"{agency}\" in config/agencies.toml"),
            };
            problems.about(
                &file.display().to_string(),
                format!("the agency \"{agency}\""),
                "an agency of config/agencies.toml",
                &write,
            );
        }
    }
}

/// Tells of returns that name a ladder that is not there.
pub(super) fn check_ladders(
    returns: &BTreeMap<ReturnId, Contract>,
    timetable: &Timetable,
    home: &Path,
    problems: &mut Problems,
) {
    for contract in returns.values() {
        let Some(ladder) = contract.ladder.as_ref().filter(|name| !timetable.named_ladders.contains_key(*name)) else {
            continue;
        };
        problems.about(
            &definition_of(contract, home),
            format!("ladder = {ladder:?}"),
            "a [[ladder]] of this name in config/timetable.toml",
            "the name of one, or leave the line out for the usual ladder",
        );
    }
}

/// Tells of returns that ask for the members of agencies that have none.
pub(super) fn check_members(
    returns: &BTreeMap<ReturnId, Contract>,
    agencies: &BTreeMap<AgencyId, Agency>,
    home: &Path,
    problems: &mut Problems,
) {
    for contract in returns.values().filter(|contract| contract.tables.iter().any(|t| t.member_column.is_some())) {
        for agency in contract.agencies.iter().filter_map(|id| agencies.get(id)).filter(|a| a.members.is_empty()) {
            problems.about(
                &definition_of(contract, home),
                format!("a member_column, and {} has no members", agency.id),
                "members of the agency in config/agencies.toml",
                "members = [{ id = \"3001\", name = \"Hob Moor Primary\" }]",
            );
        }
    }
}

/// Tells of addresses that could never be asked: `{base}` without a base, and plain HTTP beyond this machine.
pub(super) fn check_addresses(
    returns: &BTreeMap<ReturnId, Contract>,
    base: Option<&str>,
    home: &Path,
    problems: &mut Problems,
) {
    for contract in returns.values() {
        let Source::Https(Https { url, .. }) = &contract.source else { continue };
        let file = definition_of(contract, home);
        if base.is_none() && url.contains("{base}") {
            let write = "base = \"https://…\" under [pulls] in config/quarterday.toml";
            problems.about(&file, format!("the address {url:?}"), "an address whose {base} is known", write);
            continue;
        }
        let names_a_period = ["{period}", "{from}", "{to}"].iter().any(|name| url.contains(name));
        if contract.every == Every::Release && names_a_period {
            let expected =
                "an address without {period}, {from} and {to}: before a release is there, nobody knows its day";
            problems.about(&file, format!("the address {url:?}"), expected, "https://…/latest.csv");
            continue;
        }
        let some_period = Period::Release { date: jiff::civil::date(2025, 7, 14) };
        let filled = source::of_period(&fill(&based(url, base), "agency", "agency"), some_period);
        if let Some(expected) = https::refusal(&filled) {
            problems.about(&file, format!("the address {filled:?}"), &expected, "https://…");
        }
    }
}

/// The day on which the last return is due that a meeting's pack asks for. What is due before a meeting is looked at when all
/// meetings are known.
pub(super) fn last_due(
    returns: &BTreeMap<ReturnId, Contract>,
    packs: &BTreeMap<String, PackDefinition>,
    meeting: &Meeting,
    calendar: &Calendar,
) -> Option<Date> {
    let asked = returns.values().filter(|contract| is_asked_for(contract, packs, meeting));
    let due = asked.flat_map(|contract| {
        let last = last_period(contract, meeting.period);
        contract.agencies.iter().filter_map(move |agency| {
            let rule = contract.due.as_ref()?.rule(agency, last?);
            Some(civil_day(rule.of(last?, calendar, &[]).ok()?.at))
        })
    });
    due.max()
}

/// Whether a meeting's pack says that a return is missing, or waits for it.
fn is_asked_for(contract: &Contract, packs: &BTreeMap<String, PackDefinition>, meeting: &Meeting) -> bool {
    packs.get(&meeting.pack).is_some_and(|pack| {
        let gate = pack.gate();
        gate.when_not_ready != WhenNotReady::Send && gate.requires(contract.id.as_str())
    })
}

/// The last period of a return that ends within another.
fn last_period(contract: &Contract, within: Period) -> Option<Period> {
    let running = contract.every.period_of(within.end())?;
    let last = if running.end() <= within.end() { running } else { running.previous()? };
    (last.end() >= within.start()).then_some(last)
}

/// Tells of returns that are due before a meeting which nobody has set: of every period up to the last one that a meeting is
/// about.
pub(super) fn check_meetings(
    returns: &BTreeMap<ReturnId, Contract>,
    timetable: &Timetable,
    home: &Path,
    problems: &mut Problems,
) {
    let last = timetable.meetings().iter().map(|meeting| meeting.period.end()).max();
    for contract in returns.values() {
        let Some(dues) = contract.due.as_ref().filter(|dues| dues.all().any(Due::needs_meeting)) else { continue };
        let starts_on = contract.starts_on.map_or(timetable.starts_on, |on| on.max(timetable.starts_on));
        let first = contract.every.period_of(starts_on);
        let periods = std::iter::successors(first, |period| period.next());
        let known = periods.enumerate().take_while(|(at, period)| *at == 0 || Some(period.end()) <= last);
        let mut errors = known.flat_map(|(_, period)| {
            contract.agencies.iter().filter_map(move |agency| {
                let due = dues.rule(agency, period);
                due.of(period, &timetable.calendar(), &timetable.meetings()).err().filter(|_| due.needs_meeting())
            })
        });
        if let Some(error) = errors.next() {
            let expected = "a meeting about each period before whose meeting it is due";
            let write = "a [[meeting]] in config/timetable.toml, or another rule under [due]";
            problems.about(&definition_of(contract, home), error, expected, write);
        }
    }
}

/// Tells of returns that are due before a meeting and only after its pack, which asks for them, has gone out.
pub(super) fn check_circulation(
    returns: &BTreeMap<ReturnId, Contract>,
    packs: &BTreeMap<String, PackDefinition>,
    timetable: &Timetable,
    home: &Path,
    problems: &mut Problems,
) {
    let (calendar, meetings) = (timetable.calendar(), timetable.meetings());
    let late = |contract: &Contract, meeting: &Meeting| {
        let (dues, period) = (contract.due.as_ref()?, last_period(contract, meeting.period)?);
        let rules =
            contract.agencies.iter().map(|agency| dues.rule(agency, period)).filter(|rule| rule.needs_meeting());
        let out_at = meeting.circulation(&calendar).ok()?;
        let due = rules.filter_map(|rule| rule.of(period, &calendar, &meetings).ok()).find(|due| due.at > out_at)?;
        let human = |at| to_london(at).strftime("%-d %B %Y at %H:%M").to_string();
        Some(format!("{period} is due on {}, and its pack goes out on {}", human(due.at), human(out_at)))
    };
    for contract in returns.values() {
        let asks = meetings.iter().filter(|meeting| is_asked_for(contract, packs, meeting));
        if let Some(found) = asks.filter_map(|meeting| late(contract, meeting)).next() {
            let expected = "a return that is here before the pack that asks for it goes out";
            let write = "more clear days or an earlier time under [due]; or required_returns of the pack without it";
            problems.about(&definition_of(contract, home), found, expected, write);
        }
    }
}

/// Tells of returns that come by mail to a board without a mailbox.
pub(super) fn check_mailbox(returns: &BTreeMap<ReturnId, Contract>, home: &Path, problems: &mut Problems) {
    for contract in returns.values().filter(|contract| matches!(contract.source, Source::Mailbox { .. })) {
        let write = "[mailbox] in config/quarterday.toml, or kind = \"by-hand\"";
        problems.about(&definition_of(contract, home), "the kind \"mailbox\"", "a mailbox that is read", write);
    }
}

/// Tells of folders in which one file would be taken twice.
pub(super) fn check_folders(returns: &BTreeMap<ReturnId, Contract>, home: &Path, problems: &mut Problems) {
    let mut places: Vec<(PathBuf, String, &Contract, &AgencyId)> = Vec::new();
    for contract in returns.values() {
        for agency in &contract.agencies {
            let Some((folder, pattern)) = contract.source.folder_of(agency) else { continue };
            let folder = if matches!(contract.source, Source::Folder(_)) { home.join(folder) } else { folder.into() };
            if let Some((_, other, first, whose)) =
                places.iter().find(|(known, other, ..)| *known == folder && overlap(other, &pattern))
            {
                problems.about(
                    &definition_of(contract, home),
                    format!("the pattern {pattern:?} for \"{agency}\""),
                    &format!("names that {} of \"{whose}\" ({other:?}) does not take from the same folder", first.id),
                    "another pattern, or {agency} in the path",
                );
            }
            places.push((folder, pattern, contract, agency));
        }
    }
}

/// Tells of tables that two returns fill and in which one column would be of two types: what the second brought could never
/// be stored.
pub(super) fn check_tables(returns: &BTreeMap<ReturnId, Contract>, home: &Path, problems: &mut Problems) {
    let mut known: BTreeMap<(String, String), (DataType, &Contract)> = BTreeMap::new();
    for contract in returns.values() {
        for table in &contract.tables {
            let name = contract.qualified(table);
            for field in table.schema().fields() {
                let column = (name.clone(), field.name().clone());
                let (kind, first) = known.entry(column).or_insert_with(|| (field.data_type().clone(), contract));
                if *kind != *field.data_type() {
                    problems.about(
                        &definition_of(contract, home),
                        format!("the column {:?} of {name} of another type than in {}", field.name(), first.id),
                        "one type for a column of a table that two returns fill",
                        "another name for the table, or the same type",
                    );
                }
            }
        }
    }
}

/// Tells of servers whose host key nobody wrote down.
pub(super) fn check_stores(returns: &BTreeMap<ReturnId, Contract>, home: &Path, problems: &mut Problems) {
    for contract in returns.values() {
        let Source::Store(store) = &contract.source else { continue };
        if let Err(error) = store.check(home) {
            problems.about(&definition_of(contract, home), error, "the server's host key", "host_key = [\"SHA256:…\"]");
        }
    }
}

fn definition_of(contract: &Contract, home: &Path) -> String {
    home.join("pipelines").join(contract.id.as_str()).join("return.toml").display().to_string()
}

/// What lies in a folder, by name; a missing folder is a problem.
pub(super) fn entries(folder: &Path, problems: &mut Problems) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(error) => {
            let file = folder.display().to_string();
            problems.about(&file, error, "a folder of definitions", "run `quarterday init` for a commented example");
            return Vec::new();
        }
    };
    found.sort();
    found
}
