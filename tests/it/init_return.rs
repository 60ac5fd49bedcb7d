//! A contract guessed from one file: it takes that file, and nothing of it but codes goes along.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use quarterday::{
    check::{Claim, Past, Severity, check},
    decode::decode,
    flows::init_return::guess,
    ledger::ObligationKey,
};

use crate::support::{Nowhere, TestBoard, launcher, said, shared_data};

/// Findings of the guessed contract in the file it was guessed from, and the definition.
async fn tried(path: &Path) -> (Vec<String>, String) {
    let launcher = launcher();
    let bytes = Bytes::from(std::fs::read(path).unwrap());
    let name = path.file_name().unwrap().to_str().unwrap();
    let id = "guessed".parse().unwrap();
    let guess =
        guess(&id, name, bytes.clone(), &launcher).await.unwrap_or_else(|e| panic!("{}: {e:#}", path.display()));
    let decoded = decode(&guess.contract.format, bytes, &launcher).await.unwrap();
    let obligation = ObligationKey { return_id: id, agency: "example".parse().unwrap(), period: guess.period };
    let claim = Claim { obligation, submission: 1 };
    let checked = check(&guess.contract, claim, decoded, &Past::default(), &mut Nowhere).await.unwrap();
    let wrong = checked.findings().iter().filter(|finding| finding.severity == Severity::Error);
    (wrong.map(|f| format!("{:?}{:?} {}: {}", f.letter, f.row, f.rule, f.says)).collect(), guess.definition)
}

fn csvs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "csv")).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_guess_takes_the_real_files_it_was_guessed_from() {
    let mut files = Vec::new();
    for folder in ["csc", "attendance", "ssda903", "spc"] {
        let Some(folder) = shared_data(folder) else { return };
        files.extend(csvs(&folder));
    }
    // Of the fortnightly releases a few stand for all.
    let mut seen = 0;
    files.retain(|path| {
        let release = path.parent().unwrap().ends_with("attendance");
        seen += usize::from(release);
        !release || seen % 12 == 1
    });
    assert!(files.len() >= 14, "{files:?}");
    for path in files {
        let (wrong, definition) = tried(&path).await;
        assert!(wrong.is_empty(), "{}: {wrong:#?}\n{definition}", path.display());
    }
}

#[tokio::test]
async fn a_guess_takes_every_accepted_sample_of_the_shipped_returns() {
    let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut tried_so_many = 0;
    for folder in std::fs::read_dir(pipelines)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("samples").is_dir())
    {
        for sample in std::fs::read_dir(folder.join("samples")).unwrap().map(|entry| entry.unwrap().path()) {
            let name = sample.file_name().unwrap().to_str().unwrap().to_owned();
            if !name.starts_with("accepted") || name.ends_with(".findings") {
                continue;
            }
            let (wrong, definition) = tried(&sample).await;
            assert!(wrong.is_empty(), "{}: {wrong:#?}\n{definition}", sample.display());
            tried_so_many += 1;
        }
    }
    assert!(tried_so_many >= 9, "{tried_so_many}");
}

#[test]
fn a_return_is_begun_from_a_file_and_validate_names_what_is_to_be_filled_in() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let rows: String = (0..24)
        .map(|n| {
            let area = ["York", "Selby", "Leeds"][n % 3];
            let figure = if n == 5 { "c".to_owned() } else { (n * 7).to_string() };
            format!("2025-26-Q1,{area},Q{},{figure},{}.5,0{n}/06/2025,SECRET-{n}\n", n / 3, n, n = n)
        })
        .collect();
    let rows = rows.lines().map(|line| {
        let day = line.rsplit(',').nth(1).unwrap();
        line.replace(day, "01/06/2025") + "\n"
    });
    let file = format!("Period,Area,Week,Episodes held,Rate %,Day,Child reference\n{}", rows.collect::<String>());
    board.write("Return interviews 2025-26-Q1.csv", file);
    let path = board.path("Return interviews 2025-26-Q1.csv");
    let told = board.done(&["init-return", path.to_str().unwrap()]);
    assert!(told.contains("return-interviews/return.toml") && told.contains("1 table, 6 columns"), "{told}");
    let definition = board.read("pipelines/return-interviews/return.toml");
    insta::assert_snapshot!("a_guessed_definition", definition);
    let sample = board.read("pipelines/return-interviews/samples/accepted-2025-26-Q1.csv");
    insta::assert_snapshot!("a_made_up_sample", sample);
    assert!(!definition.contains("SECRET") && !sample.contains("SECRET"), "nothing of the file goes along");
    let findings = board.read("pipelines/return-interviews/samples/accepted-2025-26-Q1.findings");
    assert_eq!(findings.lines().filter(|line| !line.starts_with('#')).count(), 0, "{findings}");

    let output = board.run(&["validate"]);
    assert!(!output.status.success());
    let named = said(&output);
    for key in
        ["agencies", "purpose", "lawful_basis", "agreement", "agreement_review", "retention_years", "classification"]
    {
        assert!(named.contains(key), "{key}: {named}");
    }
    // Completed, it is a return like any other.
    let complete = completed(&definition, "police");
    board.write("pipelines/return-interviews/return.toml", complete);
    board.done(&["validate"]);

    let again = board.run(&["init-return", path.to_str().unwrap()]);
    assert!(said(&again).contains("is there already"), "{}", said(&again));
}

/// A guessed definition with what only people know filled in as its own remarks suggest.
fn completed(definition: &str, agency: &str) -> String {
    let lines = definition.replace("agencies = []", &format!("agencies = [\"{agency}\"]"));
    let line = |line: &str| match line
        .strip_prefix("# ")
        .filter(|line| line.contains("TO FILL IN:") && line.contains(" = "))
    {
        Some(key) => key.to_owned() + "\n",
        None => line.to_owned() + "\n",
    };
    lines.lines().map(line).collect()
}

#[tokio::test]
async fn a_census_in_xml_gives_a_return_that_takes_it() {
    let Some(data) = shared_data(".") else { return };
    let board = TestBoard::with_returns(&["missing-children"]);
    let census = ["cin_census/fake_CIN_data.xml", "cin_census/CIN_Census_2021.xml", "ssda903/fake_903.xml"];
    for (id, file) in ["cin", "cin-one", "looked-after"].into_iter().zip(census) {
        let path = data.join(file);
        let told = board.done(&["init-return", path.to_str().unwrap(), "--id", id]);
        assert!(told.contains("return.toml"), "{told}");
        let definition = board.read(&format!("pipelines/{id}/return.toml"));
        board.write(&format!("pipelines/{id}/return.toml"), completed(&definition, "police"));
        let sample = board.read(&format!("pipelines/{id}/samples/{}", sample_of(&board, id)));
        assert!(sample.starts_with("<?xml"), "{sample}");
        if id == "cin" {
            insta::assert_snapshot!("a_guessed_census", definition);
            insta::assert_snapshot!("a_made_up_census", sample);
        }
    }
    board.done(&["validate"]);
    let daemon = board.start("2025-07-14T08:00:00Z");
    for (id, file) in ["cin", "cin-one", "looked-after"].into_iter().zip(census) {
        daemon.board.write("census.xml", std::fs::read(data.join(file)).unwrap());
        let said = daemon.submit("census.xml", id, "police", "2025-26-Q1").await.unwrap();
        assert!(said.contains(": accepted"), "{id}: {said}");
    }
    let episodes = daemon.sql("SELECT count(*) FROM confidential.looked_after_episode").await;
    assert_eq!(episodes, ["459"]);
}

/// The name of the made-up sample of a return.
fn sample_of(board: &TestBoard, id: &str) -> String {
    let samples = std::fs::read_dir(board.path(&format!("pipelines/{id}/samples"))).unwrap();
    let names = samples.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.into_iter().find(|name| !name.ends_with(".findings")).unwrap()
}

#[test]
fn a_file_in_an_archive_gives_the_return_that_it_gives_by_itself() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let text = "Period,Area,Episodes\n2025-26-Q1,York,7\n2025-26-Q1,Selby,9\n";
    let zipped = |names: &[&str]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in names {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    board.write("loose.csv", text);
    board.write("packed.zip", zipped(&["episodes.csv"]));
    board.write("two.zip", zipped(&["a.csv", "b.csv"]));
    for file in ["loose.csv", "packed.zip"] {
        board.done(&["init-return", board.path(file).to_str().unwrap()]);
    }
    let of =
        |id: &str, title: &str| board.read(&format!("pipelines/{id}/return.toml")).replace(title, "").replace(id, "");
    assert_eq!(of("loose", "Loose"), of("packed", "Packed"));
    let two = said(&board.run(&["init-return", board.path("two.zip").to_str().unwrap()]));
    assert!(two.contains("the archive should hold one file, and holds \"a.csv\", \"b.csv\""), "{two}");
}

#[test]
fn what_cannot_be_guessed_from_is_told() {
    let board = TestBoard::with_returns(&["missing-children"]);
    board.write("empty.csv", "");
    board.write("2024.csv", "a,b\n1,2\n");
    board.write("page.csv", "<!DOCTYPE html><html></html>");
    for (file, why) in [
        ("empty.csv", "the file is empty"),
        ("2024.csv", "gives no name for a return"),
        ("page.csv", "web page"),
        ("gone.csv", "reading"),
    ] {
        let output = board.run(&["init-return", board.path(file).to_str().unwrap()]);
        assert!(!output.status.success(), "{file}");
        assert!(said(&output).contains(why), "{file}: {}", said(&output));
    }
    assert_eq!(std::fs::read_dir(board.path("pipelines")).unwrap().count(), 2, "README and the one return");
}
