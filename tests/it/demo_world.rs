//! All that the example's partners send, against the contracts of their returns.

use std::{collections::BTreeMap, path::Path};

use quarterday::{
    check::{Checked, Claim, Contract, Past, check},
    cli::demo::{self, Act, Dataset, World},
    decode::decode,
    domain::Period,
    ledger::ObligationKey,
    source::period_in_name,
};

use crate::support::{Kept, contract, launcher};

/// The contracts of the example's returns.
pub fn contracts() -> BTreeMap<Dataset, Contract> {
    let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    Dataset::ALL.into_iter().map(|dataset| (dataset, contract(&pipelines.join(dataset.name())))).collect()
}

/// A file of the story: what it holds, its name and its bytes; none of a scene without one.
pub fn file_of(act: Option<Act>) -> Option<(Dataset, String, Vec<u8>)> {
    let (name, bytes) = match act? {
        Act::Publish { path, bytes } => (path, bytes),
        Act::Drop { name, bytes, .. } | Act::Submit { name, bytes, .. } => (name, bytes),
        Act::Nil { .. } | Act::Approve { .. } => return None,
    };
    let dataset = Dataset::ALL.into_iter().find(|dataset| name.contains(dataset.name()))?;
    Some((dataset, name, bytes))
}

/// Holds a file against its contract; its rows are added to `kept`.
pub async fn checked(contract: &Contract, period: Period, bytes: Vec<u8>, kept: &mut Kept) -> Checked {
    let decoded = decode(&contract.format, bytes, &launcher()).await.unwrap();
    let agency = contract.agencies[0].clone();
    let claim = Claim { obligation: ObligationKey { return_id: contract.id.clone(), agency, period }, submission: 1 };
    check(contract, claim, decoded, &Past::default(), kept).await.unwrap()
}

fn told(checked: &Checked) -> Vec<String> {
    let mut told: Vec<String> = checked
        .findings()
        .iter()
        .map(|finding| {
            let (letter, row) = (finding.letter.as_deref().unwrap_or(""), finding.row.unwrap_or(0));
            format!("{} {letter}{row} {}", finding.severity.as_str(), finding.rule)
        })
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn everything_the_partners_ever_sent_keeps_its_contract() {
    let (world, contracts) = (World::new(demo::SEED), contracts());
    let mut files = world.history().unwrap();
    files.extend(Dataset::ALL.into_iter().filter_map(|dataset| world.file(dataset, World::present()).unwrap()));
    for file in files {
        assert_eq!(period_in_name(&file.name), Some(file.period));
        let mut kept = Kept::default();
        let checked = checked(&contracts[&file.dataset], file.period, file.bytes, &mut kept).await;
        // A publisher writes its numbers as text, as the real one does.
        let expected: &[&str] = if file.dataset == Dataset::Benchmarks { &["note 1 stored-otherwise"] } else { &[] };
        assert_eq!(told(&checked), expected, "{}", file.name);
        assert!(kept.0.iter().any(|(_, batch)| batch.num_rows() > 0), "{}", file.name);
    }
}

#[tokio::test]
async fn of_the_storys_files_only_the_wrong_one_is_not_accepted() {
    let contracts = contracts();
    let mut refused = Vec::new();
    for scene in demo::story(&World::new(demo::SEED)).unwrap() {
        let Some((dataset, name, bytes)) = file_of(scene.act) else { continue };
        let period = period_in_name(&name).unwrap();
        let checked = checked(&contracts[&dataset], period, bytes, &mut Kept::default()).await;
        if !checked.verdict().is_accepted() {
            refused.push((name, told(&checked)));
        }
    }
    let [(name, findings)] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!(name, "first-time-entrants 2025-26-Q1.xlsx");
    assert_eq!(findings, &["error C6 type", "error D5 known-within-entrants"]);
}
