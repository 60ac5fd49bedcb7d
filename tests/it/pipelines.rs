//! Every return's own samples: a folder of `pipelines/` is tested by its author without Rust.
//!
//! Beside a sample, `samples/<name>.csv` (or `.xlsx`, `.json`, `.parquet`), stands `samples/<name>.findings`, the findings
//! expected of it, one a line and in any order:
//!
//! ```text
//! # for 2025-26-Q1
//! error Return!C14 type
//! query -!D heading-unknown
//! note -! column-absent
//! held
//! ```
//!
//! that is `<severity> <place> <rule>`, where the place is the sheet (`-` where the file has none), `!`, the column's
//! letter and the row, as far as the finding has them. `held` says that the file is held for a person. An empty file
//! expects nothing. A line that begins with `#` is a remark; `# for PERIOD` says which period the sample is offered for.
//! Without it that is the period in the sample's name, else the first one from April 2025.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::civil::date;
use quarterday::{
    check::{Claim, Contract, Finding, Judgement, Past, PseudonymKey, check},
    decode::decode,
    domain::Period,
    ledger::ObligationKey,
    source::period_in_name,
};

use crate::support::{Nowhere, contract, launcher};

#[tokio::test]
async fn every_sample_has_the_findings_its_author_expects() {
    let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut wrong = String::new();
    for folder in folders(&pipelines) {
        let contract = contract(&folder);
        for (sample, expected) in samples(&folder.join("samples")) {
            let told = findings(&contract, &sample, &expected).await;
            let mut found: Vec<&str> = told.iter().map(|(line, _)| line.as_str()).collect();
            let mut expected: Vec<&str> =
                expected.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
            found.sort_unstable();
            expected.sort_unstable();
            if found != expected {
                let told: String = told.iter().map(|(line, says)| format!("    {line}    ({says})\n")).collect();
                let expected: String = expected.iter().map(|line| format!("    {line}\n")).collect();
                wrong += &format!("{}\n  found\n{told}  expected\n{expected}", sample.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn folders(pipelines: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(pipelines) else { return Vec::new() };
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// The samples of a folder with their expected findings.
fn samples(folder: &Path) -> Vec<(PathBuf, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (expected, samples): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| file.extension().is_some_and(|e| e == "findings"));
    let mut pairs = Vec::new();
    for file in expected {
        let of: Vec<_> = samples.iter().filter(|sample| sample.file_stem() == file.file_stem()).collect();
        assert_eq!(of.len(), 1, "{} needs one sample of its name beside it", file.display());
        pairs.push((of[0].clone(), std::fs::read_to_string(file).unwrap()));
    }
    pairs
}

/// Each finding as a line, and its sentence.
async fn findings(contract: &Contract, sample: &Path, expected: &str) -> Vec<(String, String)> {
    let bytes = Bytes::from(std::fs::read(sample).unwrap());
    let decoded = decode(&contract.format, bytes, &launcher()).await;
    let decoded = decoded.unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
    let claim = Claim { obligation: key(contract, sample, expected), submission: 1 };
    // Whoever tries a sample of children's records has no board's key.
    let past = Past { pseudonym_key: Some(PseudonymKey::new([0; 32])), ..Past::default() };
    let checked = check(contract, claim, decoded, &past, &mut Nowhere).await;
    let checked = checked.unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
    let mut told: Vec<_> = checked.findings().iter().map(|finding| (line(finding), finding.says.clone())).collect();
    if let Judgement::Held { reason } = checked.judgement() {
        told.push(("held".to_owned(), reason.clone()));
    }
    told
}

fn key(contract: &Contract, sample: &Path, expected: &str) -> ObligationKey {
    let stated = expected.lines().find_map(|line| line.strip_prefix("# for "));
    let stated = stated.map(|text| text.trim().parse().unwrap_or_else(|error| panic!("{}: {error}", sample.display())));
    let named = || period_in_name(sample.file_name().unwrap().to_str().unwrap());
    let first = date(2025, 4, 1);
    let period = stated.or_else(named).or_else(|| contract.every.period_of(first));
    ObligationKey {
        return_id: contract.id.clone(),
        agency: contract.agencies[0].clone(),
        period: period.unwrap_or(Period::Release { date: first }),
    }
}

fn line(finding: &Finding) -> String {
    let sheet = finding.sheet.as_deref().unwrap_or("-");
    let letter = finding.letter.as_deref().unwrap_or_default();
    let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
    format!("{} {sheet}!{letter}{row} {}", finding.severity.as_str(), finding.rule)
}
