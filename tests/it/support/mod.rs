//! What tests start: a real daemon over a real folder, a partner's server that can be told to misbehave, workers.

pub mod authority;
pub mod azurite;
pub mod board_data;
pub mod books;
mod daemon;
pub mod dovecot;
pub mod gate;
pub mod moto;
pub mod nginx;
pub mod office;
mod partner;
pub mod password_sshd;
pub mod peer;
pub mod python;
pub mod returns;
pub mod smtp;
pub mod sshd;
pub mod unruly;
pub mod watch;
pub mod wsgidav;

pub use daemon::{TestBoard, TestDaemon, said};
pub use partner::{Answer, Partner};

use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use quarterday::{
    check::{Contract, Sink, SinkError},
    settings::{Problems, read_file, read_text},
    worker::Launcher,
};

/// The test data beside the project; `None` when they are not here, which CI does not allow.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")).join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(!in_ci(), "{} is required in CI", path.display());
    println!("skipped: {} is not here", path.display());
    None
}

/// Whether nothing may be left out.
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

/// A folder of the real data.
pub fn shared_data(folder: &str) -> Option<PathBuf> {
    shared(&format!("data/{folder}"))
}

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

/// A made-up return of the police with this `format` and these tables; or what is wrong with it.
pub fn made_up(format: &str, tables: &str) -> Result<Contract, String> {
    let text = format!(
        r#"
        title = "Missing children"
        agencies = ["police"]
        every = "quarter"
        due = {{ working_days = 10 }}
        source = {{ kind = "by-hand" }}
        {format}
        {tables}
        [governance]
        purpose = "To see whether children who go missing are found and heard"
        lawful_basis = "Children Act 2004, section 16H"
        agreement = "Partnership agreement"
        agreement_review = 2026-03-01
        retention_years = 7
        classification = "aggregate"
        "#
    );
    let mut problems = Problems::default();
    let document = read_text("return.toml", &text, &mut problems).ok_or_else(|| problems.to_string())?;
    let contract = Contract::settle("missing-children".parse().unwrap(), &document);
    problems.merge(document.finish());
    if problems.is_empty() { Ok(contract.unwrap()) } else { Err(problems.to_string()) }
}
