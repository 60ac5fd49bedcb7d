//! What stands out in a period, and what has changed of it since the last edition of the packs: new, worse, better, resolved.

use std::collections::BTreeMap;

use anyhow::{Context, bail};

use super::{
    App, query,
    refresh::{self, EXCEPTIONS},
};
use crate::{
    analysis::{self, Stands},
    domain::{
        Period, civil_day,
        words::{capital, several},
    },
    ledger::{EditionRow, Vector},
    warehouse::Statement,
};

/// The exceptions of a period.
#[derive(Debug, Clone)]
pub struct Exceptions {
    /// Of which period.
    pub period: Period,
    /// The most pressing first, each with what has become of it since the last edition.
    pub list: Vec<(Stands, Change)>,
    /// What stood out in the last edition and does no more, by title.
    pub resolved: Vec<String>,
    /// The last edition that spoke of an earlier period, or of this one: "board edition 2".
    pub edition: Option<String>,
    /// How many figures are watched.
    pub watched: usize,
}

/// What has become of an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There is no edition to hold it against.
    Unknown,
    /// It was none.
    New,
    /// It weighs more.
    Worse,
    /// It weighs less.
    Better,
    /// It stands as it did.
    Same,
}

impl Change {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "not printed before",
            Self::New => "new",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Same => "as before",
        }
    }
}

/// What stands out in `period`, or in the quarter that ended last.
///
/// # Errors
/// When the period has not ended, nothing was accepted, or the ledger or the worker fails.
pub async fn exceptions(app: &App, period: Option<Period>) -> anyhow::Result<Exceptions> {
    let today = civil_day(app.clock.now());
    let period = period.unwrap_or_else(|| Period::quarter_ended_by(today));
    if period.end() >= today {
        bail!("{} has not ended yet", period.human());
    }
    let (vector, editions) = app.ledger.read(|txn| Ok((txn.vector()?, txn.editions()?))).await?;
    if !vector.keys().any(|table| refresh::is_input(table)) {
        bail!("nothing has been accepted yet, so there is nothing to stand out");
    }
    let (list, watched) = refresh::exceptions(app, &vector, period).await?;
    let last = last_edition(&editions, period);
    let before = match last {
        Some(edition) => Some(printed(app, edition).await?),
        None => None,
    };
    let change = |one: &Stands| match &before {
        None => Change::Unknown,
        Some(before) => match before.get(&one.indicator).map(|(weight, ..)| weight.cmp(&one.weight)) {
            None => Change::New,
            Some(std::cmp::Ordering::Less) => Change::Worse,
            Some(std::cmp::Ordering::Greater) => Change::Better,
            Some(std::cmp::Ordering::Equal) => Change::Same,
        },
    };
    let stands = |id: &String| list.iter().any(|one| one.indicator == *id);
    let gone = before.iter().flatten().filter(|(id, _)| !stands(id)).map(|(_, (_, title, _))| title.clone());
    let resolved = gone.collect();
    let edition = last.map(|edition| format!("{} edition {}", edition.pack, edition.number));
    let list = list.iter().map(|one| (one.clone(), change(one))).collect();
    Ok(Exceptions { period, list, resolved, edition, watched })
}

/// The last edition that was made with a list of exceptions and speaks of no later period.
fn last_edition(editions: &[EditionRow], period: Period) -> Option<&EditionRow> {
    let speaks_before = |edition: &&EditionRow| {
        edition.vector.contains_key(EXCEPTIONS)
            && edition.period.parse::<Period>().is_ok_and(|spoken| spoken.end() <= period.end())
    };
    editions.iter().rev().find(speaks_before)
}

/// What stood out when an edition was made, by indicator: weight, title and headline.
pub(in crate::flows) async fn printed(
    app: &App,
    edition: &EditionRow,
) -> anyhow::Result<BTreeMap<String, (i32, String, String)>> {
    let version = edition.vector.get(EXCEPTIONS).copied();
    let Some(version) = version else { return Ok(BTreeMap::new()) };
    at(app, version, &edition.period).await
}

/// The same at a version of the table, for a period.
pub(in crate::flows) async fn at(
    app: &App,
    version: i64,
    period: &str,
) -> anyhow::Result<BTreeMap<String, (i32, String, String)>> {
    let vector = Vector::from([(EXCEPTIONS.to_owned(), version)]);
    let sql = format!("SELECT * FROM {EXCEPTIONS} WHERE period = '{period}'");
    let statement = [Statement { name: EXCEPTIONS.to_owned(), sql }];
    let (name, answer) = query::put(app, &statement, &vector).await?.pop().context("the worker gave no answer")?;
    Ok(analysis::read_exceptions(&answer.with_context(|| name)?))
}

/// The list as a person reads it.
pub fn told(found: &Exceptions) -> String {
    let mut lines = vec![match found.list.len() {
        0 => format!("{}: nothing stands out", found.period.human()),
        many => format!("{}: {} out", found.period.human(), several(many, "figure stands", "figures stand")),
    }];
    for (at, (one, change)) in found.list.iter().enumerate() {
        let since = match one.periods {
            1 => "since this period".to_owned(),
            many => format!("for {many} periods, since {}", one.since.human()),
        };
        lines.push(format!("{:>3}. {} ({}, {})", at + 1, one.title, change.as_str(), since));
        lines.push(format!("     {}", one.headline));
        lines.push(format!("     rule: {}, {}; weight {}", one.rule, one.cause.as_str(), one.weight));
    }
    if let Some(edition) = &found.edition {
        lines.push(match found.resolved.as_slice() {
            [] => format!("Nothing that stood out in {edition} is resolved."),
            titles => format!("Stood out in {edition} and no longer does: {}.", titles.join(", ")),
        });
    }
    let expected = analysis::expected_by_chance(found.watched);
    lines.push(format!(
        "{} watched; by chance alone about {expected:.0} would stand out, most of them once and not again.",
        capital(&several(found.watched, "figure is", "figures are"))
    ));
    lines.join("\n")
}
