//! Reads `pipelines/<return>/return.toml`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::Agency;
use crate::{
    check::Contract,
    domain::{AgencyId, ReturnId},
    settings::{self, Problems, nearest},
    source::Source,
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

/// Tells of returns whose address begins with `{base}` where there is none.
pub(super) fn check_base(returns: &BTreeMap<ReturnId, Contract>, home: &Path, problems: &mut Problems) {
    for contract in returns.values() {
        let Source::Https { host: None, url, .. } = &contract.source else { continue };
        let file = home.join("pipelines").join(contract.id.as_str()).join("return.toml");
        problems.about(
            &file.display().to_string(),
            format!("url = \"{url}\""),
            "base under [pulls] in config/quarterday.toml, for {base} to stand for",
            "base = \"https://data.example\"",
        );
    }
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
