//! Real releases through the front door: a publisher's server, the daemon, SQL and the pack.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use quarterday::ledger::{FindingRow, Severity, Submission, Txn};

use crate::{
    real_contracts::{self, cells, of, york},
    support::{Answer, Partner, TestBoard, TestDaemon, in_ci},
};

pub const REAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/real");
const ISSUED_AT: &str = "/EES_ytd_data.csv";

/// One publication of the file: its date, and its bytes.
struct Issue {
    release: String,
    text: String,
}

/// All issues, oldest first.
fn issues() -> Option<Vec<Issue>> {
    let files = real_contracts::issues()?;
    Some(files.into_iter().map(|(release, file)| Issue { release, text: fs::read_to_string(file).unwrap() }).collect())
}

/// A board of these real returns, all published by one agency.
pub fn board(returns: &[&str]) -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    for name in returns {
        let contract = fs::read_to_string(format!("{REAL}/{name}/return.toml")).unwrap();
        board.write(&format!("pipelines/{name}/return.toml"), contract);
    }
    let dfe = "[[agency]]\nid = \"dfe\"\nname = \"Department for Education\"\n\
               [agency.lead]\nname = \"Statistics desk\"\nemail = \"statistics@dfe.example\"\n";
    board.write("config/agencies.toml", dfe);
    board.edit("config/quarterday.toml", "area = \"Exampleshire\"", "area = \"York\"");
    board.edit("config/timetable.toml", "starts_on = 2025-04-01", "starts_on = 2022-09-01");
    board
}

/// The same with York's absence as indicators, and a pack that shows them at one meeting.
fn board_of_absence() -> TestBoard {
    let board = board(&["attendance"]);
    for (phase, target) in [("Primary", "4.0"), ("Secondary", "5.5")] {
        for ending in ["sql", "toml"] {
            let text = fs::read_to_string(format!("{REAL}/york-absence.{ending}")).unwrap();
            let text = text.replace("{phase}", phase).replace("{pupils}", &phase.to_lowercase());
            let text = text.replace("{target}", target);
            board.write(&format!("reports/indicators/absence-{}.{ending}", phase.to_lowercase()), text);
        }
    }
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/packs/board")).unwrap() {
        let path = entry.unwrap().path();
        board.write(&format!("reports/packs/board/{}", path.file_name().unwrap().display()), fs::read(path).unwrap());
    }
    // Nobody here has stories to tell or actions to take.
    let none = "SELECT '' AS indicator, agency_name, period, received_day, '' AS text FROM ledger.obligations";
    board.write("reports/packs/board/stories.sql", format!("{none} WHERE false"));
    let none = "SELECT '' AS action, '' AS owner, due_day AS due, period, state AS status, note AS progress, \
                '' AS indicator FROM ledger.obligations";
    board.write("reports/packs/board/actions.sql", format!("{none} WHERE false"));
    let timetable = board.read("config/timetable.toml");
    let meeting = "[[meeting]]\non = 2024-11-12\nperiod = \"2024-25-Q2\"\npack = \"board\"\n";
    board.write("config/timetable.toml", format!("{timetable}\n{meeting}"));
    board
}

/// What a release adds to the year's counts: sessions missed and possible ones; none where that is no value.
type Added = Option<(i64, i64)>;

/// What each release adds for York's schools of a phase, worked out from the files alone.
fn added(issues: &[Issue], phase: &str) -> Vec<(String, Added)> {
    let mut before: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut added = Vec::new();
    for Issue { release, text } in issues {
        let headings = cells(text.lines().next().unwrap());
        let york = text.lines().map(cells).find(|row| {
            let has = |text: &str| row.iter().any(|cell| cell == text);
            has("E06000014") && has(phase)
        });
        let york = york.unwrap();
        let cell = |heading: &str| york[headings.iter().position(|h| h == heading).unwrap()].as_str();
        let count = |heading| cell(heading).parse::<i64>().unwrap();
        let (missed, possible) = (count("overall_absence"), count("possible_sessions"));
        let (m, p) = before.insert(cell("time_period").to_owned(), (missed, possible)).unwrap_or_default();
        let pupils: f64 = cell("enrolments").parse().unwrap();
        let is_value = missed >= m && possible >= p && possible as f64 <= 400.0 * pupils;
        added.push((release.clone(), is_value.then_some((missed - m, possible - p))));
    }
    added
}

/// The answer to a question put on the command line, row by row and cell by cell.
pub fn asked(board: &TestBoard, question: &str) -> Vec<Vec<String>> {
    let said = board.done(&["sql", "--format", "csv", "-c", question]);
    said.lines().skip(1).map(cells).collect()
}

/// Every submission with its findings, oldest first.
pub async fn judged(daemon: &TestDaemon) -> Vec<(Submission, Vec<FindingRow>)> {
    let with = |txn: &Txn<'_>, submission: Submission| {
        let findings = txn.findings(submission.id)?;
        Ok((submission, findings))
    };
    let ledger = daemon.ledger();
    ledger
        .read(move |txn| txn.submissions()?.into_iter().map(|submission| with(txn, submission)).collect())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_release_passes_on_its_day_and_absence_in_york_becomes_a_chart_of_the_pack() {
    let Some(issues) = issues() else { return };
    let partner = Partner::start().await;
    let daemon = board_of_absence().with("QUARTERDAY__PULLS__BASE", &partner.base()).start("2022-09-27T12:00:00Z");
    for Issue { release, text } in &issues {
        // Nobody finds it the day before.
        daemon.advance(&format!("{release}T00:00:00Z")).await;
        let name = format!("{release}.csv");
        partner.set(ISSUED_AT, Answer::File { name, bytes: text.clone().into_bytes() });
        daemon.advance(&format!("{release}T12:00:00Z")).await;
    }
    each_release_is_accepted_and_its_defects_are_findings(&issues, &judged(&daemon).await);
    absence_comes_out_of_sql_as_differences(&issues, &daemon.board);

    let renamed = issues[47].text.replacen("school_type", "education_phase", 1);
    let before = absence(&daemon.board, "Secondary");
    partner.set(ISSUED_AT, Answer::File { name: "2024-07-25.csv".into(), bytes: renamed.into_bytes() });
    daemon.advance("2024-08-01T12:00:00Z").await;
    let all = judged(&daemon).await;
    assert_eq!(all.len(), 49);
    assert_eq!(all[48].0.obligation.to_string(), "attendance/dfe/2024-07-25", "a release is restated under its date");
    assert_eq!(of(&all[48].1, "heading-renamed").len(), 1, "a renamed column is read and told");
    assert_eq!(absence(&daemon.board, "Secondary"), before);

    daemon.advance("2024-11-04T13:00:00Z").await;
    limits_of_chance_are_those_of_the_releases_that_have_a_value(&issues, &daemon.board);
    the_chart_is_in_the_pack(&daemon.board);
    let messages = daemon.messages().await;
    let ours = ["pack ", "draft ", "sign-off ", "restated manager@"];
    let is_ours = |message: &String| ours.iter().any(|kind| message.starts_with(kind));
    assert!(messages.iter().all(is_ours), "a publisher is not answered: {messages:?}");
}

fn each_release_is_accepted_and_its_defects_are_findings(issues: &[Issue], judged: &[(Submission, Vec<FindingRow>)]) {
    let days: Vec<_> =
        judged.iter().map(|(submission, _)| submission.received_at.to_string()[..10].to_owned()).collect();
    let releases: Vec<_> = issues.iter().map(|issue| issue.release.clone()).collect();
    assert_eq!(days, releases, "each is taken on its own day");
    let (mut rows, mut without_persistent, mut restated) = (0, 0, Vec::new());
    for (Issue { release, text }, (submission, findings)) in issues.iter().zip(judged) {
        assert_eq!(submission.obligation.to_string(), format!("attendance/dfe/{release}"));
        assert!(submission.verdict.unwrap().is_accepted(), "{release}: {:?}", submission.reason);
        assert_eq!(submission.rows_in, submission.rows_accepted, "{release}");
        assert!(findings.iter().all(|finding| finding.severity != Severity::Error), "{release}");
        rows += submission.rows_accepted;
        without_persistent += of(findings, "column-absent").len();
        let york = york(text);
        if of(findings, "sessions-fall").iter().any(|finding| finding.row == Some(york)) {
            restated.push(release.as_str());
        }
        if release == "2022-09-28" {
            assert_eq!(submission.verdict.unwrap().as_str(), "accepted_with_queries");
            let impossible = of(findings, "sessions-in-a-year");
            assert_eq!(impossible.len(), 499);
            assert!(impossible.iter().any(|finding| finding.row == Some(york)), "19.3 million for York");
        }
    }
    assert_eq!(rows, 23_572);
    assert_eq!(without_persistent, 20, "pa_perc is gone until the year is old enough");
    assert_eq!(restated, ["2022-09-29", "2023-06-01"], "York's secondary schools lose sessions twice");
}

/// York's absence in a phase by release, as the indicator's own SQL answers on the command line.
fn absence(board: &TestBoard, phase: &str) -> Vec<(String, Added)> {
    let rows = asked(board, &board.read(&format!("reports/indicators/absence-{}.sql", phase.to_lowercase())));
    let read = |row: Vec<String>| {
        let [release, missed, status, possible, other] = <[String; 5]>::try_from(row).unwrap();
        assert_eq!(status, other);
        let counts = status.is_empty().then(|| (missed.parse().unwrap(), possible.parse().unwrap()));
        assert!(counts.is_some() || status == "x");
        (release, counts)
    };
    rows.into_iter().map(read).collect()
}

fn absence_comes_out_of_sql_as_differences(issues: &[Issue], board: &TestBoard) {
    for phase in ["Primary", "Secondary"] {
        assert_eq!(absence(board, phase), added(issues, phase), "{phase}");
    }
    let secondary: BTreeMap<_, _> = absence(board, "Secondary").into_iter().collect();
    let expected = [
        ("2022-09-28", None),
        ("2022-09-29", None),
        ("2022-09-30", Some((0, 0))),
        ("2022-10-13", Some((12_948, 162_170))),
        ("2023-05-18", Some((21_408, 199_216))),
        ("2023-06-01", None),
        ("2023-06-15", Some((13_945, 111_302))),
        ("2023-09-28", Some((6_372, 98_115))),
        ("2024-04-18", None),
        ("2024-07-25", Some((18_486, 153_806))),
    ];
    for (release, counts) in expected {
        assert_eq!(secondary[release], counts, "{release}");
    }
}

fn limits_of_chance_are_those_of_the_releases_that_have_a_value(issues: &[Issue], board: &TestBoard) {
    let values: Vec<f64> = added(issues, "Secondary")
        .into_iter()
        .filter_map(|(_, counts)| counts.filter(|(_, possible)| *possible > 0))
        .map(|(missed, possible)| 100.0 * missed as f64 / possible as f64)
        .collect();
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut ranges: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let all = average(&ranges);
    ranges.retain(|range| *range < 3.267 * all);
    let (mean, reach) = (average(&values), 2.66 * average(&ranges));
    let rows = asked(
        board,
        "SELECT count(*), count(value), count(*) FILTER (WHERE status = 'x'), count(*) FILTER (WHERE status = 'z'),
                min(mean), max(mean), min(lower), max(upper)
         FROM disclosed.figures WHERE indicator = 'absence-secondary'",
    );
    let cells: Vec<f64> = rows[0].iter().map(|cell| cell.parse().unwrap()).collect();
    let expected = [48.0, 43.0, 4.0, 1.0, mean, mean, mean - reach, mean + reach];
    for (found, expected) in cells.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{cells:?} {expected}");
    }
    assert_eq!([mean, mean - reach, mean + reach].map(|value| format!("{value:.3}")), ["10.015", "5.845", "14.184"]);
    let outside = "SELECT period FROM disclosed.figures WHERE indicator = 'absence-secondary' AND cause = 'outside'";
    assert_eq!(asked(board, outside), [["2023-01-12"]], "the first days after Christmas");
}

fn the_chart_is_in_the_pack(board: &TestBoard) {
    let edition = board.path("data/editions/board-001-2024-25-Q2");
    let chart = fs::read_to_string(edition.join("charts/absence-secondary-trend.svg")).unwrap();
    for text in ["Mean 10.0%", "upper limit 14.2%", "Target 5.5%", "York 12.0%", "highest at 15.1% on 12 January 2023"]
    {
        assert!(chart.contains(text), "{text} in {chart}");
    }
    let Some(pages) = text_of(&edition.join("pack.pdf")) else { return };
    for text in [
        "Absence from secondary schools",
        "12.0%",
        "Absence from primary schools",
        "25 July 2024",
        "The figure is seasonal",
    ] {
        assert!(pages.contains(text), "{text} in {pages}");
    }
}

/// The text of a PDF, its lines joined; none where poppler is not installed, which CI does not allow.
fn text_of(pdf: &Path) -> Option<String> {
    let Ok(output) = Command::new("pdftotext").arg(pdf).arg("-").output() else {
        assert!(!in_ci(), "pdftotext (poppler-utils) is required in CI");
        println!("skipped: pdftotext is not here");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" "))
}
