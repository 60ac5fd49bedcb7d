//! `quarterday demo`, end to end: what the README promises.

use std::{fs, process::Command};

use crate::support::said;

#[test]
fn one_command_lives_through_a_quarter_and_ends_with_a_pack() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("demo");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_quarterday"))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    let at = folder.to_str().unwrap();
    let told = run(&["demo", at]);
    for expected in [
        "not accepted; the answer names each cell and rule",
        "nothing to report, noted",
        "the lead and the deputy are told that it is overdue",
        "escalated to the agency's Board member",
        "edition 1 of the board pack is issued",
        "Try next:",
    ] {
        assert!(told.contains(expected), "{expected:?}:\n{told}");
    }
    assert!(!told.contains("went wrong"), "{told}");

    // The three commands it names work.
    let rebuilt = run(&["-C", at, "pack", "rebuild", "board", "1"]);
    assert!(rebuilt.contains("the same bytes"), "{rebuilt}");
    let owed = run(&["-C", at, "owed", "--on", "2025-10-20"]);
    assert!(owed.contains("July to September 2025 (Q2)"), "{owed}");
    let figures = run(&[
        "-C",
        at,
        "sql",
        "--format",
        "csv",
        "-c",
        "SELECT indicator, count(*) FROM disclosed.figures GROUP BY indicator ORDER BY indicator",
    ]);
    assert!(figures.lines().count() > 6, "{figures}");

    // Four fates: late and chased, wrong and corrected, restated, nil.
    let fates = run(&[
        "-C",
        at,
        "sql",
        "--format",
        "csv",
        "-c",
        "SELECT agency, state, corrected, restated FROM ledger.obligations WHERE period = '2025-26-Q1' ORDER BY agency, return_id",
    ]);
    assert!(fates.contains("voluntary-sector,accepted_late"), "{fates}");
    assert!(fates.contains("youth-justice,accepted,true"), "{fates}");
    assert!(fates.contains("children-services,accepted,false,true"), "{fates}");
    assert!(fates.contains("probation,nil"), "{fates}");

    // Small counts of people do not leave: the disclosed figures hold none of 1 to 5, and say why. Returns are no people.
    let small = run(&[
        "-C",
        at,
        "sql",
        "--format",
        "csv",
        "-c",
        "SELECT count(*) FROM disclosed.figures WHERE numerator BETWEEN 1 AND 5 AND indicator <> 'returns-in-time'",
    ]);
    assert_eq!(small.lines().nth(1), Some("0"), "{small}");
    let hidden = run(&[
        "-C",
        at,
        "sql",
        "--format",
        "csv",
        "-c",
        "SELECT count(*) > 0 FROM disclosed.figures WHERE numerator_status = 'c'",
    ]);
    assert_eq!(hidden.lines().nth(1), Some("true"), "{hidden}");

    let mails: Vec<_> = fs::read_dir(folder.join("mails")).unwrap().collect();
    assert!(mails.len() > 20, "{}", mails.len());
    let verified = run(&["-C", at, "verify"]);
    assert!(verified.contains("everything agrees"), "{verified}");
}
