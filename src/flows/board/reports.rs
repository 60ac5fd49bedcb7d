//! Reads `reports/`: indicators, packs and the words of messages.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::returns::entries;
use crate::{
    analysis::{Indicator, Model},
    check::Contract,
    domain::{AgencyId, ReturnId},
    mail::{self, Person, Templates},
    pack::{PackDefinition, Wanted},
    settings::{self, Problems, nearest},
    timetable::Timetable,
};

/// Every `<name>.toml` with the SQL beside it, by name; `<name>.test.toml` is a test and no indicator.
pub(super) fn indicators(folder: &Path, problems: &mut Problems) -> Vec<Indicator> {
    let mut indicators = Vec::new();
    for path in entries(folder, problems).into_iter().filter(|path| has_ending(path, "toml")) {
        let id = stem(&path);
        if id.ends_with(".test") {
            continue;
        }
        let sql = text(&path.with_extension("sql"), problems);
        let benchmark = path.with_extension("benchmark.sql");
        let benchmark = if benchmark.exists() { text(&benchmark, problems) } else { None };
        let Some(document) = settings::read_file(&path, problems) else { continue };
        let indicator = sql.and_then(|sql| Indicator::settle(&id, &document, sql, benchmark));
        problems.merge(document.finish());
        indicators.extend(indicator);
    }
    indicators
}

/// Every `<name>.sql` of a model, by name; a board may have none.
pub(super) fn models(folder: &Path, problems: &mut Problems) -> Vec<Model> {
    let mut models = Vec::new();
    if !folder.is_dir() {
        return models;
    }
    for path in entries(folder, problems).into_iter().filter(|path| has_ending(path, "sql")) {
        let id = stem(&path);
        if !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            let file = path.display().to_string();
            problems.about(&file, format!("the name {id:?}"), "lower-case letters, digits and hyphens", "");
            continue;
        }
        models.extend(text(&path, problems).map(|sql| Model { id, sql }));
    }
    models
}

/// Every folder with a `pack.toml`.
pub(super) fn packs(folder: &Path, problems: &mut Problems) -> BTreeMap<String, PackDefinition> {
    let mut packs = BTreeMap::new();
    for path in entries(folder, problems).into_iter().filter(|path| path.is_dir()) {
        let id = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        let mut files = BTreeMap::new();
        for file in entries(&path, problems).into_iter().filter(|f| has_ending(f, "typ") || has_ending(f, "sql")) {
            match std::fs::read(&file) {
                Ok(bytes) => {
                    files.insert(file.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned(), bytes);
                }
                Err(error) => unreadable(&file, &error, problems),
            }
        }
        let Some(document) = settings::read_file(&path.join("pack.toml"), problems) else { continue };
        let pack = PackDefinition::settle(&id, &document, files);
        problems.merge(document.finish());
        if let Some(pack) = pack {
            packs.insert(id, pack);
        }
    }
    packs
}

/// The words of messages.
pub(super) fn templates(folder: &Path, problems: &mut Problems) -> Option<Templates> {
    let mut files = BTreeMap::new();
    for path in entries(folder, problems).into_iter().filter(|path| path.is_file()) {
        if let Some(text) = text(&path, problems) {
            files.insert(path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned(), text);
        }
    }
    // Wording that a board has not written is the shipped one: a kind that a newer version brings needs none of its own.
    for (name, text) in Templates::shipped_files() {
        files.entry(name).or_insert(text);
    }
    let loaded = Templates::load(files).map_err(|error| vec![error]);
    match loaded.and_then(|templates| templates.rehearse().map(|()| templates)) {
        Ok(templates) => Some(templates),
        Err(slips) => {
            for slip in slips {
                problems.about(&folder.display().to_string(), slip, "templates that can be filled in", "");
            }
            None
        }
    }
}

/// Tells of names in one definition that no other definition knows: packs of meetings, indicators of packs, agencies and
/// returns of indicators.
pub(super) fn check_names(
    home: &Path,
    timetable: Option<&Timetable>,
    packs: &BTreeMap<String, PackDefinition>,
    indicators: &[Indicator],
    returns: &BTreeMap<ReturnId, Contract>,
    problems: &mut Problems,
) {
    let mut unknown = |file: PathBuf, what: &str, name: &str, known: &mut dyn Iterator<Item = &str>, place: &str| {
        let known: Vec<&str> = known.collect();
        if known.contains(&name) {
            return;
        }
        let write =
            nearest(name, known).map_or_else(|| format!("one that is there in {place}"), |meant| format!("{meant:?}"));
        problems.about(
            &file.display().to_string(),
            format!("the {what} {name:?}"),
            &format!("a {what} of {place}"),
            &write,
        );
    };
    let meetings = timetable.map(Timetable::meetings).unwrap_or_default();
    let tabled: BTreeSet<&str> = meetings.iter().map(|meeting| meeting.pack.as_str()).collect();
    for pack in tabled {
        let file = home.join("config/timetable.toml");
        unknown(file, "pack", pack, &mut packs.keys().map(String::as_str), "reports/packs");
    }
    for (id, pack) in packs {
        for name in &pack.gate().required_returns {
            let file = home.join("reports/packs").join(id).join("pack.toml");
            unknown(file, "return", name, &mut returns.keys().map(ReturnId::as_str), "pipelines");
        }
        let Wanted::These(wanted) = pack.indicators() else { continue };
        for name in wanted {
            let file = home.join("reports/packs").join(id).join("pack.toml");
            let known = &mut indicators.iter().map(|indicator| indicator.id.as_str());
            unknown(file, "indicator", name, known, "reports/indicators");
        }
    }
    for indicator in indicators {
        let file = || home.join("reports/indicators").join(format!("{}.toml", indicator.id));
        let Some((agency, return_id)) = &indicator.from else { continue };
        let id = return_id.as_str();
        unknown(file(), "return", id, &mut returns.keys().map(ReturnId::as_str), "pipelines");
        if let (Some(contract), Some(agency)) = (returns.get(return_id), agency) {
            let owers = &mut contract.agencies.iter().map(AgencyId::as_str);
            unknown(file(), "agency", agency.as_str(), owers, &format!("pipelines/{id}/return.toml"));
        }
    }
}

/// Tells of people who could never be written to, because their domain is not among those that are.
pub(super) fn check_domains<'a>(
    home: &Path,
    mail: &mail::Settings,
    people: impl Iterator<Item = &'a Person>,
    problems: &mut Problems,
) {
    for person in people {
        let domain = person.email.rsplit('@').next().unwrap_or_default();
        if !mail.allowed_domains.is_empty()
            && !mail.allowed_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain))
        {
            let file = home.join("config/quarterday.toml").display().to_string();
            let expected = format!("every domain that is written to; {} is not among them", person.email);
            problems.about(&file, "allowed_domains", &expected, &format!("{domain:?} in the list, or another address"));
        }
    }
}

fn text(path: &Path, problems: &mut Problems) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            unreadable(path, &error, problems);
            None
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error, problems: &mut Problems) {
    problems.about(
        &path.display().to_string(),
        error,
        "a file the daemon may read",
        "the file, or another owner or mode",
    );
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|n| n.to_str()).unwrap_or_default().to_owned()
}
