//! Reads `pipelines/<return>/return.toml`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{Agency, based};
use crate::{
    check::Contract,
    domain::{AgencyId, ReturnId},
    settings::{self, Problems, nearest},
    source::{Source, fill, folder, https},
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

/// Tells of addresses that could never be asked: `{base}` without a base, and plain HTTP beyond this machine.
pub(super) fn check_addresses(
    returns: &BTreeMap<ReturnId, Contract>,
    base: Option<&str>,
    home: &Path,
    problems: &mut Problems,
) {
    for contract in returns.values() {
        let Source::Https { url, .. } = &contract.source else { continue };
        let file = definition_of(contract, home);
        if base.is_none() && url.contains("{base}") {
            let write = "base = \"https://…\" under [pulls] in config/quarterday.toml";
            problems.about(&file, format!("the address {url:?}"), "an address whose {base} is known", write);
            continue;
        }
        let filled = fill(&fill(&based(url, base), "agency", "agency"), "period", "period");
        if let Some(expected) = https::refusal(&filled) {
            problems.about(&file, format!("the address {filled:?}"), &expected, "https://…");
        }
    }
}

/// Tells of drop folders in which one file would be taken twice.
pub(super) fn check_folders(returns: &BTreeMap<ReturnId, Contract>, home: &Path, problems: &mut Problems) {
    let mut places: Vec<(PathBuf, &str, &Contract, &AgencyId)> = Vec::new();
    for contract in returns.values() {
        let Source::Folder { path, pattern } = &contract.source else { continue };
        for agency in &contract.agencies {
            let folder = home.join(fill(path, "agency", agency.as_str()));
            if let Some((_, other, first, whose)) =
                places.iter().find(|(known, other, ..)| *known == folder && folder::overlap(other, pattern))
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
