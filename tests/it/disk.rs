//! A disk that is full: the error names it, earlier data stay, and the daemon goes on.

use std::{fs, path::PathBuf, process::Command};

use crate::support::{TestBoard, in_ci};

/// A small file system of its own, taken away at the end.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&at).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(&at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at)),
            other => {
                assert!(!in_ci(), "a small file system is required in CI: {other:?}");
                println!("skipped: a small file system cannot be mounted here");
                None
            }
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_earlier_data_stay_until_there_is_room() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let Some(_small) = Small::mount(board.path("data"), "24m") else { return };
    let csv = fs::read_to_string(board.path("pipelines/care-applications/samples/accepted-2025-26-Q1.csv")).unwrap();
    board.write("a.csv", &csv);
    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.submit("a.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let rows = daemon.sql("SELECT * EXCLUDE (submission) FROM returns.care_applications").await;

    // Fill what is left, then offer another file.
    let filler = daemon.board.path("data/filler");
    let _ = fs::write(&filler, vec![0_u8; 64 << 20]);
    daemon.board.write("b.csv", csv.clone() + "\r\n");
    let why = daemon.submit("b.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap_err();
    assert!(why.to_lowercase().contains("full") || why.contains("No space"), "{why}");
    assert!(reqwest::get(daemon.page("/health")).await.unwrap().status().is_success(), "the daemon goes on");

    fs::remove_file(filler).unwrap();
    assert_eq!(daemon.sql("SELECT * EXCLUDE (submission) FROM returns.care_applications").await, rows);
    daemon.submit("b.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    let wrong = daemon.ledger().read(|txn| txn.verify()).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}
