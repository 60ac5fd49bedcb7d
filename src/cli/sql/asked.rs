//! Questions that are put, and where their answers go.

use std::{fs::OpenOptions, io::Write, path::PathBuf, time::Instant};

use anyhow::{Context, bail};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::civil::Date;

use super::super::{board, say::say};
use crate::{daemon::Command, flows::written::Written};

/// How questions are put.
pub(super) struct Asked {
    pub home: PathBuf,
    pub as_of: Option<Date>,
    pub format: Written,
    /// A file for the next answer.
    pub output: Option<PathBuf>,
    /// Whether it is told how long each took.
    pub times: bool,
}

impl Asked {
    /// Puts statements one after the other; the first that has no answer ends it.
    pub async fn ask_all(&mut self, texts: &[String]) -> anyhow::Result<()> {
        for text in texts {
            self.ask(text).await?;
        }
        Ok(())
    }

    /// Puts one statement and writes its answer.
    pub async fn ask(&mut self, text: &str) -> anyhow::Result<()> {
        if self.format == Written::Parquet && self.output.is_none() {
            bail!("Parquet is for a file: name one with -o, in the shell with \\o");
        }
        if let Some(path) = self.output.as_ref().filter(|path| path.exists()) {
            let path = path.display().to_string();
            self.output = None;
            bail!("{path} is there already; name a new file");
        }
        let began = Instant::now();
        let command = Command::Sql { text: text.to_owned(), as_of: self.as_of, format: self.format };
        let said = board::ask(&self.home, command).await?;
        match self.output.take() {
            None => say(said.trim_end()),
            Some(path) => {
                let bytes = match self.format {
                    Written::Parquet => BASE64_STANDARD.decode(&said).context("the answer in Parquet")?,
                    _ => said.into_bytes(),
                };
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(&path)
                    .with_context(|| format!("writing the answer to {}", path.display()))?;
                file.write_all(&bytes).with_context(|| path.display().to_string())?;
                say(format_args!("{} bytes in {}", bytes.len(), path.display()));
            }
        }
        if self.times {
            say(format_args!("{:.0} ms", began.elapsed().as_secs_f64() * 1000.0));
        }
        Ok(())
    }
}
