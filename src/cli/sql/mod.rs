//! `quarterday sql`: one question, a file of them, or a shell.
//!
//! Every statement runs in a limited worker, through the running daemon where there is one.

mod asked;
mod shell;
mod tables;

use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use self::asked::Asked;
use crate::{flows::written::Written, warehouse::statements_of};

/// What is asked.
#[derive(Debug, clap::Args)]
pub struct Sql {
    /// The question; it may open with a comment, as the files of reports/ do. Without one, and without a file, a shell.
    #[arg(short, long, value_name = "SQL", allow_hyphen_values = true, conflicts_with = "file")]
    command: Option<String>,
    /// Files of questions, each ended by a semicolon.
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// As readers saw the warehouse at the end of this day.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// How the answer is written.
    #[arg(long, value_parser = PossibleValuesParser::new(Written::WORDS).try_map(|word| word.parse::<Written>()), default_value = "table")]
    format: Written,
    /// A file for the answer, which must not be there yet.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Asks the warehouse.
pub async fn sql(home: &Path, options: Sql) -> anyhow::Result<()> {
    let Sql { command, file, as_of, format, output } = options;
    let mut asked = Asked { home: home.to_owned(), as_of, format, output, times: false };
    let texts = match (command, file.as_slice()) {
        (Some(text), _) => vec![text],
        (None, []) if std::io::stdin().is_terminal() => return shell::shell(asked).await,
        (None, []) => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("reading the questions from standard input")?;
            statements_of(&text)
        }
        (None, files) => {
            let mut texts = Vec::new();
            for path in files {
                let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
                texts.extend(statements_of(&text));
            }
            texts
        }
    };
    if texts.is_empty() {
        bail!("there is no question; write one with -c, or end it with a semicolon in a file");
    }
    if texts.len() > 1 && asked.output.is_some() {
        bail!("-o takes the answer of one question, and there are {}", texts.len());
    }
    asked.ask_all(&texts).await
}
