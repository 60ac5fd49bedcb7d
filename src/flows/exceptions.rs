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
    ledger::{EditionRow, Judgement, Vector, deliberated},
    pack::{PackDefinition, Wanted},
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
    /// What stood out in the last edition and has no figure now, so that nobody knows.
    pub unknown: Vec<String>,
    /// The last edition that spoke of an earlier period, or of this one: "board edition 2".
    pub edition: Option<String>,
    /// How many figures are watched.
    pub watched: usize,
    /// What sub-groups made of them.
    pub verdicts: Vec<Judgement>,
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
    let (vector, editions) = (query::readable(app).await?, app.ledger.read(|txn| txn.editions()).await?);
    if !vector.keys().any(|table| refresh::is_input(table)) {
        bail!("nothing has been accepted yet, so there is nothing to stand out");
    }
    let (list, figures) = refresh::exceptions(app, &vector, period).await?;
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
    let has_figure = |id: &String| {
        let one = figures.indicators().iter().find(|one| one.meta.id == *id);
        one.is_some_and(|one| {
            one.failed.is_none() && one.points.last().is_some_and(|point| point.value.value.is_some())
        })
    };
    let gone = before.iter().flatten().filter(|(id, _)| !stands(id));
    let (known, not): (Vec<_>, Vec<_>) = gone.partition(|(id, _)| has_figure(id));
    let titles =
        |of: Vec<(&String, &(i32, String, String))>| of.into_iter().map(|(_, (_, title, _))| title.clone()).collect();
    let (resolved, unknown) = (titles(known), titles(not));
    let edition = last.map(|edition| format!("{} edition {}", edition.pack, edition.number));
    let list = list.iter().map(|one| (one.clone(), change(one))).collect();
    let watched = analysis::watched(&figures);
    let (mut verdicts, _) = deliberated(&app.ledger.read(|txn| txn.deliberations(i64::MAX)).await?);
    verdicts.retain(|one| one.period == period);
    Ok(Exceptions { period, list, resolved, unknown, edition, watched, verdicts })
}

/// The edition of the newest period up to this one that was made while the list spoke of its period.
fn last_edition(editions: &[EditionRow], period: Period) -> Option<&EditionRow> {
    let spoken = |edition: &EditionRow| edition.period.parse::<Period>().ok();
    let fits = editions.iter().filter(|edition| has_list(edition));
    let before = fits.filter(|edition| spoken(edition).is_some_and(|spoken| spoken.end() <= period.end()));
    before.max_by_key(|edition| spoken(edition).map(|spoken| spoken.end()))
}

/// Whether the list of exceptions that an edition was made with speaks of its own period.
pub(in crate::flows) fn has_list(edition: &EditionRow) -> bool {
    let spoke_of = Period::quarter_ended_by(civil_day(edition.issued_at));
    edition.vector.contains_key(EXCEPTIONS) && spoke_of.to_string() == edition.period
}

/// What stood out when an edition was made, by indicator: weight, title and headline.
pub(in crate::flows) async fn printed(
    app: &App,
    edition: &EditionRow,
) -> anyhow::Result<BTreeMap<String, (i32, String, String)>> {
    let version = edition.vector.get(EXCEPTIONS).copied();
    let Some(version) = version else { return Ok(BTreeMap::new()) };
    let mut stood_out = at(app, version, &edition.period).await?;
    // Of a pack that shows some indicators alone.
    if let Some(Wanted::These(ids)) = app.board.packs.get(&edition.pack).map(PackDefinition::indicators) {
        stood_out.retain(|id, _| ids.contains(id));
    }
    Ok(stood_out)
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
        if let Some(Judgement { verdict, says, by, .. }) =
            found.verdicts.iter().find(|it| it.indicator == one.indicator)
        {
            lines.push(format!("     {by}: {}. {says}", verdict.as_str()));
        }
    }
    if let Some(edition) = &found.edition {
        lines.push(match found.resolved.as_slice() {
            [] => format!("Nothing that stood out in {edition} is resolved."),
            titles => format!("Stood out in {edition} and no longer does: {}.", titles.join(", ")),
        });
        if !found.unknown.is_empty() {
            lines.push(format!("Stood out in {edition} and has no figure now: {}.", found.unknown.join(", ")));
        }
    }
    let expected = analysis::expected_by_chance(found.watched);
    lines.push(format!(
        "{} watched; by chance alone about {expected:.0} would stand out, most of them once and not again.",
        capital(&several(found.watched, "figure is", "figures are"))
    ));
    lines.join("\n")
}
