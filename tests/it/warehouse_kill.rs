//! Kills between every pair of steps of a commit: readers see the old rows or the new ones, and trying again ends as
//! if nothing had happened.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use quarterday::warehouse::{Staged, Warehouse};

use crate::support::board_data::{CHILDREN, EPISODES, Home, at, stage};

const FOLDER: &str = "QUARTERDAY_TEST_FOLDER";
const TOTALS: &str = "SELECT agency, sum(from_home) FROM returns.missing_episodes GROUP BY agency ORDER BY agency";

/// The submission that is cut short: what the process that [`submit`] starts does; in the tests' own process, nothing.
#[tokio::test]
async fn a_submission_of_another_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let _armed = quarterday::fault::arm();
    let folder = PathBuf::from(folder);
    let warehouse = Warehouse::open(&folder.join("warehouse")).unwrap();
    let staged = stage(&warehouse, "police", 2, &[42]).await;
    fs::write(folder.join("storing"), serde_json::to_vec(&staged).unwrap()).unwrap();
    warehouse.turn().await.commit(&staged, at()).await.unwrap();
}

fn submit(folder: &Path, failpoints: &str) -> ExitStatus {
    let arguments = ["--exact", "warehouse_kill::a_submission_of_another_process", "--quiet"];
    let this = std::env::current_exe().unwrap();
    let run = Command::new(this).args(arguments).env(FOLDER, folder).env("FAILPOINTS", failpoints).output();
    run.unwrap().status
}

#[tokio::test]
async fn a_kill_at_any_step_leaves_the_old_rows_and_a_second_try_the_new_ones() {
    for point in ["store-after-parquet", "store-before-commit", "store-after-commit", "store-between-tables"] {
        let home = Home::new();
        home.store("health", 1, &[7]).await;
        let before = home.store("police", 1, &[41]).await;
        let status = submit(home.folder.path(), &format!("{point}=return"));
        assert_eq!(status.signal(), Some(9), "{point}");
        assert_eq!(home.rows(&before, TOTALS).await, ["health|7", "police|41"], "{point}");

        // A new process, as after a restart: what was on its way is known from the ledger, or is nothing.
        let warehouse = Warehouse::open(&home.path()).unwrap();
        let storing: Option<Staged> =
            fs::read(home.folder.path().join("storing")).ok().map(|bytes| serde_json::from_slice(&bytes).unwrap());
        let left = warehouse.sweep(storing.as_slice()).unwrap();
        assert_eq!(left, if point == "store-after-parquet" { 2 } else { 0 }, "{point}");
        let staged = match storing {
            Some(staged) => staged,
            None => stage(&warehouse, "police", 2, &[42]).await,
        };
        let after = warehouse.turn().await.commit(&staged, at()).await.unwrap();
        assert_eq!((after[EPISODES], after[CHILDREN]), (2, 2), "{point}: once");
        assert_eq!(home.rows(&after, TOTALS).await, ["health|7", "police|42"], "{point}");
        assert_eq!(warehouse.verify(&after).await.unwrap(), [], "{point}");
        assert_eq!(warehouse.sweep(&[]).unwrap(), 0, "{point}");
    }
}

#[tokio::test]
async fn a_submission_that_nobody_kills_ends_as_those_that_were() {
    let home = Home::new();
    assert!(submit(home.folder.path(), "").success());
    let versions = [(EPISODES.to_owned(), 0), (CHILDREN.to_owned(), 0)].into();
    assert_eq!(home.rows(&versions, TOTALS).await, ["police|42"]);
}
