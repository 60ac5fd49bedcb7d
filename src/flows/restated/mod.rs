//! What a file changed of the one before it: rows added, removed and changed, totals moved, issued figures moved.
//!
//! Both files are read again from the archive, each under the contract it was judged by, so that files can be compared
//! that were never stored, and that a rebuild or a purge of the warehouse has passed over.

mod parts;
mod rows;
mod tell;

use std::{collections::BTreeMap, io};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::{App, intake, known};
use crate::{
    check::{Claim, Total, check},
    domain::Verdict,
    ledger::{ObligationKey, Submission},
};

use rows::Rows;

pub use tell::{owed, tell};

/// What one file changed of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The earlier submission.
    pub before: i64,
    /// The later one.
    pub after: i64,
    /// What they are for.
    pub obligation: ObligationKey,
    /// Table by table.
    pub tables: Vec<TableDifference>,
    /// Totals that moved; none of a file about single children.
    pub totals: Vec<Moved>,
    /// Issued figures that moved with it.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// Exceptions of issued editions that came or went with it, each a sentence.
    #[serde(default)]
    pub exceptions: Vec<String>,
}

/// What changed in one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDifference {
    /// Its name in SQL.
    pub table: String,
    /// Rows before.
    pub rows_before: u64,
    /// Rows after.
    pub rows_after: u64,
    /// How its rows compare; none in what was recorded when long tables were not compared row by row.
    pub rows: Option<RowsChanged>,
}

/// How the rows of a table compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsChanged {
    /// Rows that are new.
    pub added: u64,
    /// Rows that are gone.
    pub removed: u64,
    /// Rows of one key that differ; always 0 where the table has no key, for then they are removed and added.
    pub changed: u64,
    /// In how many rows each column differs.
    pub columns: BTreeMap<String, u64>,
}

/// A total that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// What people call it.
    pub label: String,
    /// The sum before; none where no number was given.
    pub before: Option<String>,
    /// The sum after.
    pub after: Option<String>,
}

/// An issued figure that is another now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The edition that printed it: "board edition 2".
    pub edition: String,
    /// The indicator.
    pub indicator: String,
    /// The period of the figure.
    pub period: String,
    /// The category, where it has one.
    pub category: Option<String>,
    /// As it was printed.
    pub before: String,
    /// As it is now.
    pub after: String,
}

/// Compares two submissions.
///
/// # Errors
/// When they are for different returns, an extract was destroyed, or a file cannot be read.
pub async fn difference(app: &App, before: i64, after: i64) -> anyhow::Result<Difference> {
    let (one, other) = (intake::the_submission(app, before).await?, intake::the_submission(app, after).await?);
    if one.obligation.return_id != other.obligation.return_id {
        bail!(
            "submission {before} is for {}, submission {after} for {}; name two of one return",
            one.obligation,
            other.obligation
        );
    }
    let (old, new) = (read(app, &one).await?, read(app, &other).await?);
    let totals = moved(&old.totals, &new.totals);
    let tables = spawn_blocking(move || compared(&old.rows, &new.rows)).await?.context("comparing the rows")?;
    Ok(Difference {
        before,
        after,
        obligation: other.obligation,
        tables,
        totals,
        figures: Vec::new(),
        exceptions: Vec::new(),
    })
}

/// How the tables of two files compare, each table once.
fn compared(old: &Rows, new: &Rows) -> io::Result<Vec<TableDifference>> {
    let gone = old.tables.keys().filter(|name| !new.tables.contains_key(*name));
    let names = new.tables.keys().chain(gone);
    names.map(|name| Rows::difference(name, old.tables.get(name), new.tables.get(name))).collect()
}

/// The last two submissions of an obligation whose rows were taken.
///
/// # Errors
/// When there are fewer.
pub async fn last_two(app: &App, key: &ObligationKey) -> anyhow::Result<(i64, i64)> {
    let wanted = key.clone();
    let all = app.ledger.read(move |txn| txn.submissions_of(&wanted)).await?;
    let mut taken = all.iter().rev().filter(|s| s.verdict.is_some_and(Verdict::is_accepted)).map(|s| s.id);
    match (taken.next(), taken.next()) {
        (Some(after), Some(before)) => Ok((before, after)),
        (Some(_), None) => bail!("only one file of {key} was accepted, so there is nothing to compare it with"),
        _ => bail!("no file of {key} was accepted"),
    }
}

/// A file as it is compared.
struct Read {
    rows: Rows,
    totals: Vec<Total>,
}

async fn read(app: &App, submission: &Submission) -> anyhow::Result<Read> {
    let contract = intake::contract_of(app, submission).await?;
    let mut rows = Rows::of(&contract, app.board.incoming());
    if submission.sha256.is_empty() {
        return Ok(Read { rows, totals: Vec::new() });
    }
    let id = submission.id;
    let content = intake::content_of(app, submission).await?;
    let opened = intake::open(app, &submission.obligation.agency, &contract, content).await;
    let opened = opened.with_context(|| format!("opening submission {id}"))?;
    let decoded = intake::read(app, &contract, opened).await.with_context(|| format!("reading submission {id}"))?;
    let claim = Claim { obligation: submission.obligation.clone(), submission: id };
    // As it was judged: with the same codes, the same key, and the same rows refused.
    let past = known::replayed(app, &contract, submission).await?;
    let checked = check(&contract, claim, decoded, &past, &mut rows).await?;
    Ok(Read { rows, totals: checked.totals().to_vec() })
}

fn moved(before: &[Total], after: &[Total]) -> Vec<Moved> {
    let same = |one: &Total, other: &Total| (&one.table, &one.column) == (&other.table, &other.column);
    let words = |total: Option<&Total>| total.and_then(Total::words);
    let gone = before.iter().filter(|total| !after.iter().any(|other| same(total, other)));
    let all = after.iter().chain(gone).map(|total| Moved {
        label: total.label.clone(),
        before: words(before.iter().find(|other| same(total, other))),
        after: words(after.iter().find(|other| same(total, other))),
    });
    all.filter(|total| total.before != total.after).collect()
}
