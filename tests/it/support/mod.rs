//! What several tests need: the real binary's workers, a return's contract, somewhere for rows to go.

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use quarterday::{
    check::{Contract, Sink, SinkError},
    settings::{Problems, read_file},
    worker::Launcher,
};

/// Workers of the binary under test.
pub fn launcher() -> Launcher {
    Launcher::of(Path::new(env!("CARGO_BIN_EXE_quarterday"))).unwrap()
}

/// The contract in a return's folder; it must be without fault.
pub fn contract(folder: &Path) -> Contract {
    let mut problems = Problems::default();
    let document = read_file(&folder.join("return.toml"), &mut problems).unwrap_or_else(|| panic!("{problems}"));
    let id = folder.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let contract = Contract::settle(id, &document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    contract.unwrap()
}

/// A folder of the real data; none if this machine has none, which is no excuse in CI.
pub fn shared_data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(folder);
    assert!(path.exists() || std::env::var_os("CI").is_none(), "{} is required in CI", path.display());
    path.exists().then_some(path)
}

/// Keeps the rows it is given.
#[derive(Default)]
pub struct Kept(pub Vec<(String, RecordBatch)>);

impl Sink for Kept {
    async fn write(&mut self, table: &str, batch: RecordBatch) -> Result<(), SinkError> {
        self.0.push((table.to_owned(), batch));
        Ok(())
    }
}

/// Forgets the rows it is given.
pub struct Nowhere;

impl Sink for Nowhere {
    async fn write(&mut self, _: &str, _: RecordBatch) -> Result<(), SinkError> {
        Ok(())
    }
}
