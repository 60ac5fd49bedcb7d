//! Reads `reports/`: indicators, packs and the words of messages.

use std::{collections::BTreeMap, path::Path};

use super::returns::entries;
use crate::{
    analysis::Indicator,
    mail::Templates,
    pack::PackDefinition,
    settings::{self, Problems, nearest},
    timetable::Timetable,
};

/// Every `<name>.toml` with the SQL beside it, by name.
pub(super) fn indicators(folder: &Path, problems: &mut Problems) -> Vec<Indicator> {
    let mut indicators = Vec::new();
    for path in entries(folder, problems).into_iter().filter(|path| has_ending(path, "toml")) {
        let id = stem(&path);
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
    match Templates::load(files) {
        Ok(templates) => Some(templates),
        Err(error) => {
            problems.about(&folder.display().to_string(), error, "templates that can be filled in", "");
            None
        }
    }
}

/// Tells of meetings that want a pack nobody defined.
pub(super) fn check_packs(
    timetable: &Timetable,
    packs: &BTreeMap<String, PackDefinition>,
    config: &Path,
    problems: &mut Problems,
) {
    for meeting in timetable.meetings.iter().filter(|meeting| !packs.contains_key(&meeting.pack)) {
        let write = nearest(&meeting.pack, packs.keys().map(String::as_str))
            .map_or_else(|| "a folder of that name in reports/packs".to_owned(), |meant| format!("pack = \"{meant}\""));
        let file = config.join("timetable.toml").display().to_string();
        problems.about(&file, format!("the pack {:?}", meeting.pack), "a folder of reports/packs", &write);
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
