//! Punctuality as data: what counts as in time, accepted first time, corrected, held, restated.

use quarterday::daemon::Command;

use crate::support::{TestBoard, TestDaemon};

const PERIOD: &str = "2025-26-Q1";

/// One return that seven agencies owe.
fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    board.edit(
        "pipelines/care-applications/return.toml",
        "agencies = [\"cafcass\"]",
        "agencies = [\"cafcass\", \"police\", \"probation\", \"youth-justice\", \"health-trust\", \"schools\", \"voluntary-sector\"]",
    );
    let sample = |name: &str| board.read(&format!("pipelines/care-applications/samples/{name}-{PERIOD}.csv"));
    let (good, broken) = (sample("accepted"), sample("broken"));
    board.write("good.csv", &good);
    board.write("other.csv", good.replace("6,10", "6,11"));
    board.write("empty.csv", good.lines().next().unwrap());
    board.write("broken.csv", broken);
    board.write("unreadable.csv", "Jo,Jo\n1,2\n");
    board
}

async fn send(daemon: &TestDaemon, agency: &str, file: &str) {
    daemon.submit(file, "care-applications", agency, PERIOD).await.unwrap();
}

#[tokio::test]
async fn each_word_of_punctuality_means_what_the_guide_says() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-10T09:00:00Z").await;
    // Corrected within its days, restated twice, held in time, and nothing to report.
    send(&daemon, "police", "broken.csv").await;
    for file in ["good.csv", "other.csv", "good.csv"] {
        send(&daemon, "probation", file).await;
    }
    send(&daemon, "health-trust", "empty.csv").await;
    let (return_id, period) = ("care-applications".parse().unwrap(), PERIOD.parse().unwrap());
    let (reason, actor) = ("none were made".to_owned(), "tester".to_owned());
    let nil = Command::Nil { return_id, agency: "youth-justice".parse().unwrap(), period, reason, actor };
    daemon.order(nil).await.unwrap();
    // What cannot be read has not arrived.
    send(&daemon, "schools", "unreadable.csv").await;
    send(&daemon, "voluntary-sector", "broken.csv").await;
    daemon.advance("2025-07-11T09:00:00Z").await;
    send(&daemon, "police", "good.csv").await;
    let open = "SELECT on_time IS NULL, accepted_first_time IS NULL FROM ledger.punctuality WHERE agency = 'cafcass'";
    assert_eq!(daemon.sql(open).await, ["true,true"], "it is not due yet");
    // Late, and corrected after its days.
    daemon.advance("2025-07-17T15:00:00Z").await;
    send(&daemon, "cafcass", "good.csv").await;
    send(&daemon, "voluntary-sector", "good.csv").await;
    let columns = "agency, due_day, received_day, on_time, days_late, accepted_first_time, corrections, \
                   corrected_in_time, restatements, held";
    let rows = daemon.sql(&format!("SELECT {columns} FROM ledger.punctuality ORDER BY agency")).await;
    let expected = [
        "cafcass,2025-07-14,2025-07-17,false,3,true,0,,0,false",
        "health-trust,2025-07-14,2025-07-10,true,0,,0,,0,true",
        "police,2025-07-14,2025-07-10,true,0,false,1,true,0,false",
        "probation,2025-07-14,2025-07-10,true,0,true,0,,2,false",
        "schools,2025-07-14,,false,3,false,1,false,0,false",
        "voluntary-sector,2025-07-14,2025-07-10,true,0,false,1,false,0,false",
        "youth-justice,2025-07-14,2025-07-10,true,0,true,0,,0,false",
    ];
    assert_eq!(rows, expected);

    // A person who lets a held file pass leaves it accepted first time.
    let release =
        Command::Release { submission: 5, accept: true, reason: "there were none".into(), actor: "manager".into() };
    daemon.order(release).await.unwrap();
    let held = "SELECT accepted_first_time, held FROM ledger.punctuality WHERE agency = 'health-trust'";
    assert_eq!(daemon.sql(held).await, ["true,true"]);

    // What the definitions no longer ask for counts for nobody, unless it was settled.
    let (_, board) = daemon.terminate();
    let definition = "pipelines/care-applications/return.toml";
    board.edit(definition, ", \"schools\", \"voluntary-sector\"]", ", \"voluntary-sector\"]");
    let daemon = board.start("2025-07-18T15:00:00Z");
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.punctuality WHERE agency = 'schools'").await, ["0"]);
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.punctuality").await, ["6"]);
}

#[tokio::test]
async fn the_other_tables_say_who_changed_what_and_how_a_message_was_answered_without_an_address() {
    let daemon = board().start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-02T09:00:00Z").await;
    send(&daemon, "police", "unreadable.csv").await;
    daemon.advance("2025-07-02T09:05:00Z").await;
    let of_police = "WHERE agency = 'police'";
    let changed = daemon.sql(&format!("SELECT changed_by, rule <> '' FROM ledger.obligations {of_police}")).await;
    assert_eq!(changed, ["daemon,true"]);
    let read =
        daemon.sql(&format!("SELECT readable, decided_at IS NOT NULL FROM ledger.submissions {of_police}")).await;
    assert_eq!(read, ["false,true"]);
    let messages = "SELECT DISTINCT kind, role, state, answer IS NULL, message_id LIKE '<%>' FROM ledger.messages \
                    WHERE obligation LIKE '%/police/%' ORDER BY kind, role";
    assert_eq!(
        daemon.sql(messages).await,
        [
            "answer-not-accepted,deputy,written,true,true",
            "answer-not-accepted,lead,written,true,true",
            "notice,deputy,written,true,true",
            "notice,lead,written,true,true",
        ]
    );
    let events = "SELECT kind, actor FROM ledger.events WHERE subject = 'care-applications/police/2025-26-Q1' \
                  AND kind IN ('opened', 'extract_received', 'found', 'decided') ORDER BY seq";
    assert_eq!(
        daemon.sql(events).await,
        ["opened,daemon", "extract_received,tester", "found,daemon", "decided,daemon"]
    );
    for table in ["events", "messages", "obligations", "submissions", "punctuality"] {
        let all = daemon.sql(&format!("SELECT * FROM ledger.{table}")).await.join("\n");
        let addresses: Vec<&str> =
            all.split([',', '\n', ' ']).filter(|word| word.contains('@') && !word.starts_with('<')).collect();
        assert!(!all.is_empty() && addresses.is_empty(), "{table}: {addresses:?}");
    }
    // As it was at the end of an earlier day, nothing had arrived.
    let order = Command::Sql {
        text: format!("SELECT accepted_first_time IS NULL FROM ledger.punctuality {of_police}"),
        as_of: Some("2025-07-01".parse().unwrap()),
        format: quarterday::flows::written::Written::Csv,
    };
    assert!(daemon.order(order).await.unwrap().contains("true"));
}

#[tokio::test]
async fn punctuality_is_a_figure_of_its_own_and_follows_the_ledger_where_no_table_moves() {
    let board = board();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/indicators");
    for ending in ["sql", "toml"] {
        let name = format!("returns-in-time.{ending}");
        board.write(&format!("reports/indicators/{name}"), std::fs::read(root.join(&name)).unwrap());
    }
    let daemon = board.start("2025-07-01T09:00:00Z");
    daemon.advance("2025-07-10T09:00:00Z").await;
    send(&daemon, "police", "good.csv").await;
    daemon.ring().await;
    let whole = "SELECT period, numerator, denominator, value FROM disclosed.figures \
                 WHERE indicator = 'returns-in-time' AND category IS NULL";
    assert_eq!(daemon.sql(whole).await, ["2025-26-Q1,1.0,1.0,100.0"], "the other six are not due yet");
    // The due instant passes, and a file that is held moves no table.
    send(&daemon, "health-trust", "empty.csv").await;
    daemon.advance("2025-07-14T17:00:00Z").await;
    assert_eq!(
        daemon.sql(whole).await,
        ["2025-26-Q1,2.0,7.0,28.6"].map(|row| row.replace("28.6", "28.571428571428573"))
    );
    let parts = "SELECT category, numerator FROM disclosed.figures \
                 WHERE indicator = 'returns-in-time' AND category IS NOT NULL ORDER BY category";
    let parts = daemon.sql(parts).await;
    assert_eq!(parts.len(), 7, "one for each agency: {parts:?}");
    assert!(parts.contains(&"Exampleshire Police,1.0".to_owned()), "small counts of returns are shown: {parts:?}");
    let made = async || {
        let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
        events.iter().filter(|one| matches!(one.event, quarterday::ledger::Event::Refreshed { .. })).count()
    };
    let before = made().await;
    daemon.ring().await;
    daemon.ring().await;
    assert_eq!(made().await, before, "nothing happened, so nothing is made anew");
}
