//! Every real file on one board that owes them all: each is answered, and no row is lost on the way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use quarterday::ledger::{FindingRow, Submission};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    real_data::{REAL, board, judged},
    real_lait::found,
    support::{
        shared_data,
        watch::{Watch, own_memory},
    },
};

/// What each file comes to: `file: verdict; rows read = accepted + refused; findings of each rule`.
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/real_files.txt");

/// A file and what it is offered for.
struct Offer {
    /// Its path among the real data.
    name: String,
    return_id: &'static str,
    period: String,
}

/// The returns that one file each is for, with the file and the day it is a release of.
const SINGLE: [(&str, &str, &str); 12] = [
    ("ae-attendances", "spc/ae_attendances.csv", "2019-04-11"),
    ("bank-holidays", "calendar/bank-holidays.json", "2025-07-14"),
    ("csc-children-in-need", "csc/b1_children_in_need_2013_to_2024.csv", "2025-06-26"),
    ("csc-factors", "csc/c3_factors_identified_at_end_of_assessment_2018_to_2024.csv", "2025-06-26"),
    ("csc-plan-duration", "csc/d5_cpps_at31march_by_duration_2013_to_2024.csv", "2025-06-26"),
    ("csc-population", "csc/ons_mid-year_population_estimates_2012_to_2024.csv", "2025-06-26"),
    ("csc-referrals", "csc/c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv", "2025-06-26"),
    ("csc-repeat-plans", "csc/d3_cpps_subsequent_plan_2013_to_2024.csv", "2025-06-26"),
    ("csc-workforce", "csc/csww_indicators_2017_to_2024.csv", "2025-06-26"),
    ("lait-areas", "lait/la_code_list.xlsx", "2025-07-14"),
    ("ssda903-homes", "ssda903/scp_ch_2025_fake.xlsx", "2025-03-31"),
    ("ssda903-providers", "ssda903/scp_fake.xlsx", "2023-03-31"),
];

/// The names of the files of a folder, in their order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file, in the order in which it is offered; the eleven CSV files of SSDA903 are one archive.
fn offers(data: &Path) -> Vec<Offer> {
    let offer = |name: String, return_id, period: &str| Offer { name, return_id, period: period.to_owned() };
    let mut offers: Vec<Offer> =
        SINGLE.iter().map(|(return_id, name, period)| offer((*name).to_owned(), return_id, period)).collect();
    for name in names(&data.join("attendance")) {
        let period = name.trim_end_matches(".csv").to_owned();
        offers.push(offer(format!("attendance/{name}"), "attendance", &period));
    }
    for release in names(&data.join("lait")).into_iter().filter(|name| data.join("lait").join(name).is_dir()) {
        offers.push(offer(format!("lait/{release}/bds_long_0.parquet"), "lait", &release));
        offers.push(offer(format!("lait/{release}/lait_data_dictionary.csv"), "lait-dictionary", &release));
    }
    offers.push(offer("lait/sn_april_2021.xlsx".into(), "lait-neighbours", "2021-04-01"));
    offers.push(offer("lait/sn_may_2025.xlsx".into(), "lait-neighbours", "2025-05-01"));
    offers.push(offer("ssda903/*.csv".into(), "ssda903-csv", "2025-26-FY"));
    offers.push(offer("ssda903/fake_903.xml".into(), "ssda903-xml", "2025-26-FY"));
    for name in names(&data.join("cin_census")) {
        offers.push(offer(format!("cin_census/{name}"), "cin-census", "2025-26-FY"));
    }
    offers
}

/// The CSV files of a folder in one zip archive.
fn zipped(folder: &Path) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names(folder).into_iter().filter(|name| name.ends_with(".csv")) {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(&fs::read(folder.join(name)).unwrap()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What a file came to, as the table has it.
fn outcome(name: &str, submission: &Submission, findings: &[FindingRow]) -> String {
    let Submission { rows_in, rows_accepted, rows_refused, .. } = submission;
    assert_eq!(*rows_in, rows_accepted + rows_refused, "{name}");
    let rules: BTreeSet<(&str, &str)> = findings.iter().map(|f| (f.severity.as_str(), f.rule.as_str())).collect();
    let told: Vec<String> =
        rules.into_iter().map(|(severity, rule)| format!("{severity} {rule} {}", found(findings, rule))).collect();
    let verdict = submission.verdict.unwrap().as_str();
    let told = if told.is_empty() { "nothing found".to_owned() } else { told.join(", ") };
    format!("{name}: {verdict}; {rows_in} = {rows_accepted} + {rows_refused}; {told}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_real_file_is_answered_by_one_board_that_owes_them_all() {
    let Some(data) = shared_data("") else { return };
    let offers = offers(&data);
    let all: BTreeSet<String> =
        names(Path::new(REAL)).into_iter().filter(|name| Path::new(REAL).join(name).is_dir()).collect();
    let used: BTreeSet<String> = offers.iter().map(|offer| offer.return_id.to_owned()).collect();
    assert_eq!(all, used, "no definition is without its file");

    let board = board(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let agencies = board.read("config/agencies.toml");
    let care = "[[agency]]\nid = \"children-services\"\nname = \"Children's Services\"\n\
                [agency.lead]\nname = \"Data team\"\nemail = \"data@york.example\"\n";
    board.write("config/agencies.toml", format!("{agencies}\n{care}"));
    board.edit("config/timetable.toml", "starts_on = 2022-09-01", "starts_on = 2019-01-01");
    board.write("ssda903.zip", zipped(&data.join("ssda903")));
    let daemon = board.start("2026-05-01T08:00:00Z");
    let watch = Watch::of(daemon.pid());
    for Offer { name, return_id, period } in &offers {
        let file: PathBuf = if name.contains('*') { daemon.board.path("ssda903.zip") } else { data.join(name) };
        let owner = if ["ssda903", "cin-cens"].iter().any(|start| return_id.starts_with(start)) {
            "children-services"
        } else {
            "dfe"
        };
        let said = daemon.submit(file.to_str().unwrap(), return_id, owner, period).await;
        said.unwrap_or_else(|why| panic!("{name}: {why}"));
    }
    let mut written = String::new();
    for (Offer { name, .. }, (submission, findings)) in offers.iter().zip(judged(&daemon).await) {
        written += &outcome(name, &submission, &findings);
        written.push('\n');
    }
    let table = fs::read_to_string(EXPECTED).unwrap();
    let expected: BTreeMap<&str, &str> = table.lines().filter_map(|line| line.split_once(": ")).collect();
    let differ: Vec<&str> = written
        .lines()
        .filter(|line| line.split_once(": ").is_none_or(|(name, told)| expected.get(name) != Some(&told)))
        .collect();
    assert!(differ.is_empty(), "{} files, of which these differ:\n{}", offers.len(), differ.join("\n"));
    assert_eq!(table.lines().count(), offers.len(), "the table has other files");
    assert!(reqwest::get(daemon.page("/health")).await.unwrap().text().await.unwrap().starts_with("ok"));
    let (own, worker) = (own_memory(daemon.pid()), watch.most_of_a_worker());
    assert!(own < 256 && worker > 0 && worker < 256, "the daemon took {own} MB and a worker {worker} MB");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

/// The letter that a unique pupil number must begin with, worked out from its other twelve characters: each digit, and the
/// letter that a temporary number ends with, times its place from 2 on; the remainder of 23 counts in this alphabet.
fn is_good(upn: &str) -> bool {
    const LETTERS: &str = "ABCDEFGHJKLMNPQRTUVWXYZ";
    let value = |c: char| c.to_digit(10).map_or_else(|| LETTERS.find(c).unwrap(), |digit| digit as usize);
    let sum: usize = upn.chars().skip(1).zip(2..).map(|(c, place)| value(c) * place).sum();
    upn.chars().count() == 13 && upn.chars().next() == LETTERS.chars().nth(sum % 23)
}

/// The rows of the pupil numbers without their letter, the first pupil being in `first`; and how many numbers there are.
fn bad(upns: impl Iterator<Item = String>, first: u32) -> (Vec<u32>, usize) {
    let upns: Vec<String> = upns.collect();
    let bad = (first..).zip(&upns).filter(|(_, upn)| !is_good(upn)).map(|(row, _)| row);
    (bad.collect(), upns.len())
}

#[tokio::test]
async fn exactly_the_pupil_numbers_without_their_check_letter_are_flagged_in_each_return_of_children() {
    let Some(data) = shared_data("") else { return };
    let header = fs::read_to_string(data.join("ssda903/header.csv")).unwrap();
    let of_csv = bad(header.lines().skip(1).map(|line| line.split(',').nth(4).unwrap().to_owned()), 2);
    let of_xml = |name: &str| {
        let text = fs::read_to_string(data.join(name)).unwrap();
        let upns = text.split("<UPN>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        bad(upns.collect::<Vec<_>>().into_iter(), 1)
    };
    let (looked_after, census) = (of_xml("ssda903/fake_903.xml"), of_xml("cin_census/fake_CIN_data.xml"));
    // One file says so of 2,675 pupils; the XML holds others.
    let counts = [&of_csv, &looked_after, &census].map(|(bad, all)| (bad.len(), *all));
    assert_eq!(counts, [(2_568, 2_675), (247, 253), (320, 332)]);

    let board = board(&["ssda903-csv", "ssda903-xml", "cin-census"]);
    board.edit("config/agencies.toml", "\"dfe\"", "\"children-services\"");
    board.write("ssda903.zip", zipped(&data.join("ssda903")));
    for name in ["ssda903/fake_903.xml", "cin_census/fake_CIN_data.xml"] {
        board.write(name, fs::read(data.join(name)).unwrap());
    }
    let daemon = board.start("2026-05-01T08:00:00Z");
    let files = [
        ("ssda903.zip", "ssda903-csv", "header.csv"),
        ("ssda903/fake_903.xml", "ssda903-xml", "/EXPSSDA903/CHILD/HEADER"),
        ("cin_census/fake_CIN_data.xml", "cin-census", "/Message/Children/Child"),
    ];
    for (file, return_id, _) in files {
        let said = daemon.submit(file, return_id, "children-services", "2025-26-FY").await.unwrap();
        assert!(said.contains(": accepted, with questions;"), "{said}");
        assert!(!said.contains("D051910639385"), "a number of a pupil is told: {said}");
    }
    let judged = judged(&daemon).await;
    for (((_, findings), (file, _, sheet)), (bad, _)) in judged.iter().zip(files).zip([of_csv, looked_after, census]) {
        assert_eq!(found(findings, "check-digit"), bad.len() as u64, "{file}");
        let flagged: Vec<&FindingRow> = findings.iter().filter(|finding| finding.rule == "check-digit").collect();
        // So many are kept word for word.
        let rows: Vec<u32> = flagged.iter().map(|finding| finding.row.unwrap()).collect();
        assert_eq!(rows, bad[..bad.len().min(1000)], "{file}");
        assert!(flagged.iter().all(|finding| finding.sheet.as_deref() == Some(sheet)), "{file}: {:?}", flagged[0]);
    }
}
