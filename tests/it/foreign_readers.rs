//! The tables as other programs read them: Python's deltalake, and DuckDB.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::board_data::{EPISODES, Home};

/// The virtual environment with deltalake, duckdb 1.5.5 and duckdb-extension-delta 1.5.5.
fn python() -> Option<PathBuf> {
    let required = std::env::var("CI").is_ok_and(|ci| ci == "true");
    match std::env::var("QUARTERDAY_TEST_VENV") {
        Ok(folder) => Some(Path::new(&folder).join("bin/python")),
        Err(_) if required => panic!("QUARTERDAY_TEST_VENV must name a virtual environment in CI"),
        Err(_) => {
            eprintln!("skipped: QUARTERDAY_TEST_VENV names no virtual environment with deltalake and duckdb");
            None
        }
    }
}

fn run(python: &Path, program: &str, table: &Path, version: i64) -> String {
    let once = || Command::new(python).args(["-c", program]).arg(table).arg(version.to_string()).output().unwrap();
    // A reader killed by a signal is asked again: DuckDB has been seen to abort on a machine that was short of threads.
    let run = Some(once()).filter(|run| run.status.code().is_some()).unwrap_or_else(once);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

const DELTALAKE: &str = r#"
import sys
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1], version=int(sys.argv[2]))
rows = table.to_pyarrow_table().sort_by([("agency", "ascending"), ("area", "ascending")]).to_pylist()
for r in rows:
    print(r["agency"], r["submission"], r["area"], r["from_home"], r["from_home_status"], r["on_day"], sep="|")
print(table.metadata().partition_columns)
"#;

const DUCKDB: &str = r#"
import sys, pathlib, duckdb, duckdb_extension_delta
folder = pathlib.Path(list(duckdb_extension_delta.__path__)[0])
db = duckdb.connect()
db.execute(f"LOAD '{next(folder.rglob('*.duckdb_extension'))}'")
rows = db.execute("""SELECT agency, submission, area, from_home, from_home_status, on_day
    FROM delta_scan(?, version => ?) ORDER BY agency, area""", [sys.argv[1], int(sys.argv[2])]).fetchall()
for r in rows:
    print(*r, sep="|")
"#;

#[tokio::test]
async fn python_and_duckdb_read_what_was_stored() {
    let Some(python) = python() else { return };
    let home = Home::new();
    home.store("police", 1, &[40, 2]).await;
    let older = home.store("health", 2, &[7]).await;
    let newer = home.store("police", 3, &[-1, 999_999_999_999_999_999]).await;
    let table = home.path().join("returns/missing_episodes");
    let rows = |vector: &quarterday::ledger::Vector| {
        let version = vector[EPISODES];
        (run(&python, DELTALAKE, &table, version), run(&python, DUCKDB, &table, version))
    };
    let before = "health|2|Year 1 – né|7|None|2025-06-30\n\
                  police|1|Year 1 – né|40|None|2025-06-30\n\
                  police|1|Year 2 – né|2|None|2025-06-30\n";
    let after = "health|2|Year 1 – né|7|None|2025-06-30\n\
                 police|3|Year 1 – né|None|x|2025-06-30\n\
                 police|3|Year 2 – né|999999999999999999|None|2025-06-30\n";
    let partition = "['return_id', 'agency', 'period']\n";
    assert_eq!(rows(&older), (format!("{before}{partition}"), before.to_owned()));
    assert_eq!(rows(&newer), (format!("{after}{partition}"), after.to_owned()));
}
