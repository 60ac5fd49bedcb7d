//! Figures follow the returns and their definitions, and one indicator that fails stops no other.

use quarterday::ledger::Event;

use crate::support::{TestBoard, TestDaemon};

const DEFINITION: &str = "reports/indicators/children-missing-from-home.sql";

/// A board whose only return is here, with two indicators made of it.
async fn board() -> TestDaemon {
    let board = TestBoard::with_returns(&["missing-children"]);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["children-missing-from-home.sql", "children-missing-from-home.toml"] {
        let text = std::fs::read_to_string(root.join("reports/indicators").join(file)).unwrap();
        board.write(&format!("reports/indicators/{file}"), &text);
        board.write(&format!("reports/indicators/{}", file.replace("home", "care")), text.replace("_home", "_care"));
    }
    let sample = std::fs::read(board.path("pipelines/missing-children/samples/accepted-2025-26-Q1.xlsx")).unwrap();
    board.write("missing-children.xlsx", sample);
    board.start("2025-07-02T09:00:00Z")
}

async fn figures(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT indicator, period, value, status FROM disclosed.figures ORDER BY indicator").await
}

#[tokio::test]
async fn figures_follow_a_changed_definition_across_a_restart() {
    let daemon = board().await;
    daemon.submit("missing-children.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    let [care, home] =
        ["care,2025-26-Q1,17.0,", "home,2025-26-Q1,41.0,"].map(|end| format!("children-missing-from-{end}"));
    assert_eq!(figures(&daemon).await, [care.clone(), home]);
    daemon.board.edit(DEFINITION, "missing_from_home AS numerator", "missing_from_home + 100 AS numerator");
    let daemon = daemon.restart("2025-07-02T09:00:10Z");
    daemon.ring().await;
    assert_eq!(figures(&daemon).await, [care, "children-missing-from-home,2025-26-Q1,141.0,".to_owned()]);
}

#[tokio::test]
async fn an_indicator_that_fails_is_not_available_is_told_and_stops_no_other() {
    let daemon = board().await;
    daemon.board.edit(
        DEFINITION,
        "missing_from_home AS numerator",
        "missing_from_home + CAST(agency AS BIGINT) AS numerator",
    );
    let daemon = daemon.restart("2025-07-02T09:00:10Z");
    daemon.submit("missing-children.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    let shown = figures(&daemon).await;
    assert!(shown[0].starts_with("children-missing-from-care,2025-26-Q1,17.0"), "{shown:?}");
    assert!(shown[1].starts_with("children-missing-from-home,") && shown[1].ends_with(",,x"), "{shown:?}");
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("working out the figures of children-missing-from-home"), "{status}");
    // Told once a day, and tried once a day: each try is noted.
    let tried = async |daemon: &TestDaemon| {
        let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
        let is_one = |event: &Event| matches!(event, Event::Failed { what, .. } if what.ends_with("missing-from-home"));
        events.iter().filter(|one| is_one(&one.event)).count()
    };
    assert_eq!(tried(&daemon).await, 1);
    daemon.ring().await;
    assert_eq!(tried(&daemon).await, 1);
    daemon.advance("2025-07-03T09:00:00Z").await;
    daemon.ring().await;
    assert_eq!(tried(&daemon).await, 2);
}
