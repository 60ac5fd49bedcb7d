//! What a board has outside this machine: the hosts that are asked, and the keys and secrets for them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Agency, Board};
use crate::{
    domain::AgencyId,
    settings::SecretError,
    source::{Source, host_of},
};

impl Board {
    /// The agencies whose keys cannot be used as they stand, each with the reason.
    pub fn unusable_keys(&self, environment: &BTreeMap<String, String>) -> Vec<(AgencyId, SecretError)> {
        let wrong = |agency: &Agency| Some((agency.id.clone(), agency.keys.resolve(environment).err()?));
        self.agencies.values().filter_map(wrong).collect()
    }

    /// The hosts that may be asked for files: those its returns name.
    pub fn hosts(&self) -> BTreeSet<String> {
        let base = self.base.as_deref().and_then(host_of);
        let sources = self.returns.values().filter_map(|contract| match &contract.source {
            Source::Https(https) => Some(https),
            _ => None,
        });
        sources
            .chain(&self.holiday_list)
            .flat_map(|https| [https.host.clone().or_else(|| base.clone()), https.token_host()])
            .flatten()
            .collect()
    }

    /// The secrets of sources that cannot be used, in words.
    pub fn unusable_secrets(&self, environment: &BTreeMap<String, String>) -> Vec<String> {
        let unusable = self.returns.values().flat_map(|contract| {
            let problems = contract.source.check_files(environment).into_iter();
            problems.map(|problem| format!("{}: {problem}", contract.id))
        });
        unusable.collect()
    }
}
