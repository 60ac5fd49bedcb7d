//! Models: SQL that other SQL reads, worked out in the order that follows, and only where what it rests on has changed.

use crate::support::{TestBoard, TestDaemon, said};

const CARE: [&str; 3] = ["care-applications", "cafcass", "2025-26-Q1"];

/// A board with two returns, a model of one of them, a model of that model, and an indicator made of the second.
fn board() -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications", "prevent-referrals"]);
    board.write(
        "reports/models/b-months.sql",
        "-- Applications by quarter.\nSELECT period, sum(applications) AS applications FROM returns.care_applications GROUP BY period",
    );
    board.write("reports/models/a-doubled.sql", "SELECT period, 2 * applications AS twice FROM models.b_months");
    board.write(
        "reports/indicators/twice.sql",
        "SELECT period, twice AS numerator FROM models.a_doubled ORDER BY period",
    );
    board.write(
        "reports/indicators/twice.toml",
        "title = \"Twice\"\nwhy = \"To see.\"\ndefinition = \"Twice the applications.\"\npriority = \"Across priorities\"\n\
         question = \"how much\"\nagency = \"cafcass\"\nreturn = \"care-applications\"\nunit = \"count\"\nkind = \"flow\"\n\
         good = \"neutral\"\n",
    );
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/indicators");
    for file in ["prevent-referrals.sql", "prevent-referrals.toml"] {
        board.write(&format!("reports/indicators/{file}"), std::fs::read(root.join(file)).unwrap());
    }
    let care = board.read("pipelines/care-applications/samples/accepted-2025-26-Q1.csv");
    board.write("care.csv", &care);
    board.write("care-again.csv", care.replace("2025-M04,5,8", "2025-M04,6,8"));
    let prevent = board.read("pipelines/prevent-referrals/samples/accepted-2025-26-Q1.csv");
    board.write("prevent.csv", prevent);
    board
}

async fn bring(daemon: &TestDaemon, file: &str, key: [&str; 3]) {
    daemon.submit(file, key[0], key[1], key[2]).await.unwrap();
    daemon.ring().await;
}

async fn versions(daemon: &TestDaemon) -> Vec<(String, i64)> {
    let vector = daemon.ledger().read(|txn| txn.vector()).await.unwrap();
    vector.into_iter().filter(|(table, _)| table.starts_with("models.") || table.ends_with(".figures")).collect()
}

async fn twice(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT value FROM disclosed.figures WHERE indicator = 'twice'").await
}

fn version(of: &[(String, i64)], table: &str) -> i64 {
    of.iter().find(|(name, _)| name == table).unwrap().1
}

#[tokio::test]
async fn models_follow_each_other_and_only_what_moved_is_worked_out_anew() {
    let daemon = board().start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "care.csv", CARE).await;
    assert_eq!(twice(&daemon).await, ["30.0"]);
    assert_eq!(daemon.sql("SELECT twice FROM models.a_doubled").await, ["30"]);
    let first = versions(&daemon).await;
    // Another return moves no model, and leaves the other indicator's figures as they are.
    bring(&daemon, "prevent.csv", ["prevent-referrals", "probation", "2025-26-Q1"]).await;
    let second = versions(&daemon).await;
    for table in ["models.a_doubled", "models.b_months"] {
        assert_eq!(version(&second, table), version(&first, table), "{table}");
    }
    assert!(version(&second, "analysis.figures") > version(&first, "analysis.figures"));
    assert_eq!(twice(&daemon).await, ["30.0"]);
    assert_eq!(daemon.sql("SELECT count(DISTINCT indicator) FROM analysis.figures").await, ["2"]);
    // A restated file moves both.
    bring(&daemon, "care-again.csv", CARE).await;
    let third = versions(&daemon).await;
    assert_eq!(twice(&daemon).await, ["32.0"]);
    for table in ["models.a_doubled", "models.b_months"] {
        assert_eq!(version(&third, table), version(&second, table) + 1, "{table}");
    }
    // Nothing has changed; and worked out as a whole the rows are the same, so that there is no new version.
    assert!(daemon.board.done(&["refresh"]).contains("up to date"));
    assert!(daemon.board.done(&["refresh", "--full"]).contains("comes out as it was"));
    assert_eq!(versions(&daemon).await, third);
    assert_eq!(daemon.sql("SELECT twice FROM models.a_doubled").await, ["32"]);
    daemon.board.done(&["verify"]);
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));
}

#[tokio::test]
async fn a_model_that_is_edited_moves_what_rests_on_it_and_one_that_is_taken_away_is_missed() {
    let daemon = board().start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "care.csv", CARE).await;
    daemon.board.edit("reports/models/a-doubled.sql", "2 * applications", "3 * applications");
    let daemon = daemon.restart("2025-07-02T10:00:00Z");
    daemon.ring().await;
    assert_eq!(twice(&daemon).await, ["45.0"]);
    std::fs::remove_file(daemon.board.path("reports/indicators/twice.toml")).unwrap();
    std::fs::remove_file(daemon.board.path("reports/indicators/twice.sql")).unwrap();
    let daemon = daemon.restart("2025-07-02T11:00:00Z");
    daemon.ring().await;
    assert_eq!(twice(&daemon).await, [""; 0], "an indicator that is gone has no figures");
}

#[tokio::test]
async fn a_model_that_is_renamed_leaves_no_rows_behind_for_what_still_names_it() {
    let daemon = board().start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "care.csv", CARE).await;
    assert_eq!(twice(&daemon).await, ["30.0"]);
    std::fs::rename(daemon.board.path("reports/models/a-doubled.sql"), daemon.board.path("reports/models/twice.sql"))
        .unwrap();
    let daemon = daemon.restart("2025-07-02T10:00:00Z");
    daemon.ring().await;
    assert_eq!(daemon.sql("SELECT value, status FROM disclosed.figures WHERE indicator = 'twice'").await, [",x"]);
    assert_eq!(daemon.sql("SELECT twice FROM models.twice").await, ["30"]);
    let told = said(&daemon.board.run(&["sql", "-c", "SELECT * FROM models.a_doubled"]));
    assert!(told.contains("there is no table models.a_doubled"), "{told}");
}

#[tokio::test]
async fn a_model_that_fails_on_new_rows_has_no_old_figures_stand_for_new_ones() {
    let board = board();
    board.edit("reports/models/a-doubled.sql", "2 * applications", "30 / (15 - applications)");
    board.write("other.csv", board.read("care.csv").replace("2025-M04,5,8", "2025-M04,4,8"));
    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "other.csv", CARE).await;
    assert_eq!(twice(&daemon).await, ["30.0"]);
    bring(&daemon, "care.csv", CARE).await;
    assert_eq!(daemon.sql("SELECT value, status FROM disclosed.figures WHERE indicator = 'twice'").await, [",x"]);
    let gone = said(&daemon.board.run(&["sql", "-c", "SELECT * FROM models.a_doubled"]));
    assert!(gone.contains("there is no table models.a_doubled"), "{gone}");
    bring(&daemon, "care-again.csv", CARE).await;
    assert_eq!(twice(&daemon).await, ["-30.0"], "and stands again once it can be worked out");
}

#[tokio::test]
async fn an_indicator_that_ends_its_worker_is_not_available_and_hinders_nothing() {
    let board = board();
    let deep =
        format!("SELECT period, {}1{} AS numerator FROM returns.care_applications", "(".repeat(9000), ")".repeat(9000));
    board.write("reports/indicators/twice.sql", deep);
    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "care.csv", CARE).await;
    let shown = daemon.sql("SELECT value, status FROM disclosed.figures WHERE indicator = 'twice'").await;
    assert_eq!(shown, [",x"]);
    assert_eq!(daemon.sql("SELECT twice FROM models.a_doubled").await, ["30"], "the models are recorded");
    let before = versions(&daemon).await;
    bring(&daemon, "care-again.csv", CARE).await;
    bring(&daemon, "prevent.csv", ["prevent-referrals", "probation", "2025-26-Q1"]).await;
    assert_ne!(versions(&daemon).await, before);
    let other = daemon
        .sql("SELECT count(*) FROM analysis.figures WHERE indicator = 'prevent-referrals' AND value IS NOT NULL")
        .await;
    assert_eq!(other, ["1"]);
}

#[tokio::test]
async fn a_model_that_fails_is_told_and_the_rest_goes_on() {
    let board = board();
    board.edit("reports/models/a-doubled.sql", "2 * applications", "applications / (applications - applications)");
    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "prevent.csv", ["prevent-referrals", "probation", "2025-26-Q1"]).await;
    bring(&daemon, "care.csv", CARE).await;
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("working out the model models.a_doubled"), "{status}");
    assert!(status.contains("division by zero"), "{status}");
    assert_eq!(daemon.sql("SELECT value, status FROM disclosed.figures WHERE indicator = 'twice'").await, [",x"]);
    let other = daemon.sql("SELECT count(*) FROM disclosed.figures WHERE indicator = 'prevent-referrals'").await;
    assert_eq!(other, ["1"]);
    assert_eq!(daemon.sql("SELECT applications FROM models.b_months").await, ["15"]);
}

#[test]
fn models_that_cannot_be_planned_are_told_by_validate() {
    let told = |file: &str, sql: &str| {
        let board = board();
        board.write(file, sql);
        said(&board.run(&["validate"]))
    };
    assert!(board().done(&["validate"]).contains("no problems"));
    let circle = told("reports/models/b-months.sql", "SELECT twice AS applications, period FROM models.a_doubled");
    assert!(circle.contains("models.a_doubled and models.b_months read each other in a circle"), "{circle}");
    let unknown = told("reports/models/b-months.sql", "SELECT period, applications FROM returns.care_aplications");
    assert!(
        unknown.contains("b-months.sql") && unknown.contains("did you mean returns.care_applications?"),
        "{unknown}"
    );
    let column = told("reports/models/a-doubled.sql", "SELECT period, 2 * applicatons AS twice FROM models.b_months");
    assert!(column.contains("a-doubled.sql") && column.contains("did you mean applications?"), "{column}");
    let name = told("reports/models/Bad_Name.sql", "SELECT 1 AS one");
    assert!(name.contains("lower-case letters, digits and hyphens"), "{name}");
    let act = told("reports/models/b-months.sql", "DROP TABLE returns.care_applications");
    assert!(act.contains("b-months.sql"), "{act}");
}

#[tokio::test]
async fn where_a_figure_comes_from_is_told_back_to_the_extract_and_as_a_table() {
    let daemon = board().start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    bring(&daemon, "care.csv", CARE).await;
    let digest = daemon.sql("SELECT sha256 FROM ledger.submissions").await.concat();
    let told = daemon.board.done(&["lineage", "twice"]);
    let version = versions(&daemon).await;
    let version = version.iter().find(|(table, _)| table == "models.a_doubled").unwrap().1;
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "Twice".to_owned(),
            "indicator twice  (reports/indicators/twice.sql)".to_owned(),
            format!("model models.a_doubled, version {version}  (reports/models/a-doubled.sql)"),
            format!("model models.b_months, version {version}  (reports/models/b-months.sql)"),
            "table returns.care_applications, version 0".to_owned(),
            "return care-applications  (Care applications: pipelines/care-applications)".to_owned(),
            format!(
                "2025-26-Q1: submission 1, care.csv, {}, of CAFCASS (Exampleshire area), arrived on 2 July 2025",
                &digest[..12]
            ),
        ],
        "{told}"
    );
    let sql = "SELECT kind, name, feeds FROM ledger.lineage WHERE indicator = 'twice' ORDER BY step";
    let rows = daemon.sql(sql).await;
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert_eq!(rows[4], "return,care-applications,returns.care_applications");
    assert_eq!(
        daemon.sql("SELECT sha256 FROM ledger.lineage WHERE kind = 'extract' AND indicator = 'twice'").await,
        [digest]
    );
    let unknown = said(&daemon.board.run(&["lineage", "twise"]));
    assert!(unknown.contains("did you mean twice?"), "{unknown}");
}
