//! Every return's definition against real files: its own samples, and all that the example's partners send.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use arrow::array::RecordBatch;
use quarterday::{
    check::{Checked, Claim, Contract, Finding, Past, Sink, SinkError, check},
    cli::demo::{self, Act, Dataset, World},
    decode::decode,
    domain::{Period, ReturnId},
    ledger::ObligationKey,
    settings::{Problems, read_file},
    source::period_in_name,
    worker::Launcher,
};

const PIPELINES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/pipelines");

/// Checked rows by table.
#[derive(Default)]
pub struct Kept(pub BTreeMap<String, Vec<RecordBatch>>);

impl Sink for Kept {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        self.0.entry(table.to_owned()).or_default().push(batch);
        Ok(())
    }
}

/// The definition of a return in `pipelines/`.
pub fn contract(id: &ReturnId) -> Contract {
    let mut problems = Problems::default();
    let path = Path::new(PIPELINES).join(id.as_str()).join("return.toml");
    let document = read_file(&path, &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let contract = Contract::settle(id.clone(), &document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    contract.unwrap()
}

/// A file held against its contract; its rows are added to `kept`.
pub async fn checked(contract: &Contract, period: Period, bytes: Vec<u8>, kept: &mut Kept) -> Checked {
    let launcher = Launcher::of(Path::new(env!("CARGO_BIN_EXE_quarterday"))).unwrap();
    let decoded =
        decode(&contract.format, bytes.into(), &launcher).await.unwrap_or_else(|e| panic!("{}: {e}", contract.id));
    let agency = contract.agencies[0].clone();
    let claim = Claim { obligation: ObligationKey { return_id: contract.id.clone(), agency, period }, submission: 1 };
    check(contract, claim, decoded, &Past::default(), kept).await.unwrap()
}

/// `error Return!D5 type`, as the samples' `.findings` write it.
fn written(finding: &Finding) -> String {
    let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
    let (sheet, letter) = (finding.sheet.as_deref().unwrap_or("-"), finding.letter.as_deref().unwrap_or(""));
    format!("{} {sheet}!{letter}{row} {}", finding.severity.as_str(), finding.rule)
}

fn told(checked: &Checked) -> Vec<String> {
    let mut told: Vec<String> = checked.findings().iter().map(written).collect();
    told.sort();
    told
}

fn samples(id: &ReturnId) -> Vec<PathBuf> {
    let folder = fs::read_dir(Path::new(PIPELINES).join(id.as_str()).join("samples")).unwrap();
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending != "findings"));
    files.sort();
    files
}

#[tokio::test]
async fn every_sample_of_every_return_is_found_to_be_what_it_says() {
    let mut seen = 0;
    for folder in fs::read_dir(PIPELINES).unwrap().map(|entry| entry.unwrap()).filter(|e| e.path().is_dir()) {
        let contract = contract(&folder.file_name().to_str().unwrap().parse().unwrap());
        let (mut good, mut broken) = (0, 0);
        for sample in samples(&contract.id) {
            let period = period_in_name(sample.file_name().unwrap().to_str().unwrap()).unwrap();
            let checked = checked(&contract, period, fs::read(&sample).unwrap(), &mut Kept::default()).await;
            let expected = fs::read_to_string(sample.with_extension("findings")).unwrap();
            let mut expected: Vec<&str> = expected.lines().collect();
            expected.sort_unstable();
            assert_eq!(told(&checked), expected, "{}", sample.display());
            if checked.verdict().is_accepted() { good += 1 } else { broken += 1 }
        }
        assert!(good > 0 && broken > 0, "{} has samples of one kind only", contract.id);
        seen += good + broken;
    }
    assert!(seen >= 20, "{seen}");
}

#[tokio::test]
async fn everything_the_partners_ever_sent_keeps_its_contract() {
    let world = World::new(demo::SEED);
    let mut files = world.history().unwrap();
    files.extend(Dataset::ALL.into_iter().filter_map(|dataset| world.file(dataset, World::present()).unwrap()));
    let contracts: BTreeMap<Dataset, Contract> =
        Dataset::ALL.into_iter().map(|dataset| (dataset, contract(&dataset.return_id().unwrap()))).collect();
    for file in files {
        let contract = &contracts[&file.dataset];
        assert_eq!(period_in_name(&file.name), Some(file.period));
        let mut kept = Kept::default();
        let checked = checked(contract, file.period, file.bytes, &mut kept).await;
        assert_eq!(told(&checked), [""; 0], "{}", file.name);
        assert!(kept.0.values().flatten().any(|batch| batch.num_rows() > 0), "{}", file.name);
    }
}

#[tokio::test]
async fn of_the_storys_files_only_the_wrong_one_is_not_accepted() {
    let mut refused = Vec::new();
    for scene in demo::story(&World::new(demo::SEED)).unwrap() {
        let (name, bytes) = match scene.act {
            Some(Act::Publish { path, bytes }) => (path, bytes),
            Some(Act::Drop { name, bytes, .. } | Act::Submit { name, bytes, .. }) => (name, bytes),
            Some(Act::Nil { .. }) | None => continue,
        };
        let dataset = Dataset::ALL.into_iter().find(|dataset| name.contains(dataset.name())).unwrap();
        let contract = contract(&dataset.return_id().unwrap());
        let period = period_in_name(&name).unwrap();
        let checked = checked(&contract, period, bytes, &mut Kept::default()).await;
        if !checked.verdict().is_accepted() {
            refused.push((name, told(&checked)));
        }
    }
    let [(name, findings)] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!(name, "first-time-entrants 2025-26-Q1.xlsx");
    assert_eq!(findings, &["error Return!C6 type", "error Return!D5 known-within-entrants"]);
}
