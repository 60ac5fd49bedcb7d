//! Other readers, run in the tests' own Python environment: what a file holds, told by somebody else.

use std::{path::PathBuf, process::Command};

use super::peer::installed;

/// What a program prints of these files, as JSON; `None` where there is no Python, which CI does not allow.
pub fn told(program: &str, files: &[PathBuf]) -> Option<serde_json::Value> {
    let python = installed("bin/python")?;
    let run = Command::new(python).args(["-c", program]).args(files).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Some(serde_json::from_slice(&run.stdout).unwrap())
}
