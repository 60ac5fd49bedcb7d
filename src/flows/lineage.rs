//! Where an indicator's figures come from, back to the extracts: for `quarterday lineage`, and in SQL as `ledger.lineage`.

use std::{collections::BTreeSet, sync::Arc};

use arrow::{
    array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray},
    error::ArrowError,
};

use super::{
    App, Board,
    reads::{Reads, of_indicator, reads},
};
use crate::{
    analysis::{Indicator, Model},
    domain::civil_day,
    ledger::{Submission, Vector},
    pack::Wanted,
};

/// One step on the way from a page to an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The indicator it is about.
    pub indicator: String,
    /// How many steps it is from the page.
    pub step: usize,
    /// `pack`, `indicator`, `model`, `table`, `return` or `extract`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is made of it.
    pub feeds: String,
    /// The version of a table, the number of a submission.
    pub version: Option<i64>,
    /// The period of an extract.
    pub period: String,
    /// The digest of an extract's bytes.
    pub sha256: String,
    /// More of it, in words.
    pub says: String,
}

/// What the ledger knows beside the definitions.
pub struct Known<'a> {
    /// The versions of tables that readers see.
    pub vector: &'a Vector,
    /// The submissions that stand.
    pub standing: &'a [Submission],
}

/// The steps of one indicator, each after what it feeds.
pub fn of(board: &Board, reads: &Reads, indicator: &Indicator, known: &Known<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    let link = |step, kind, name: &str, feeds: &str, says: String| Link {
        indicator: indicator.id.clone(),
        step,
        kind,
        name: name.to_owned(),
        feeds: feeds.to_owned(),
        version: None,
        period: String::new(),
        sha256: String::new(),
        says,
    };
    for (id, pack) in &board.packs {
        let is_shown = match pack.indicators() {
            Wanted::All => true,
            Wanted::These(ids) => ids.contains(&indicator.id),
        };
        if is_shown {
            links.push(link(0, "pack", id, "", format!("{}: {}", pack.title(), pack.sections().join(", "))));
        }
    }
    links.push(link(1, "indicator", &indicator.id, "packs", format!("reports/indicators/{}.sql", indicator.id)));
    let mut seen = BTreeSet::new();
    let mut left: Vec<(usize, String, String)> =
        of_indicator(reads, indicator).iter().rev().map(|table| (2, table.clone(), indicator.id.clone())).collect();
    while let Some((step, table, feeds)) = left.pop() {
        if !seen.insert((table.clone(), feeds.clone())) {
            continue;
        }
        let version = known.vector.get(&table).copied();
        let model = board.models.iter().find(|model| model.table() == table);
        let (kind, says) = match model {
            Some(Model { id, .. }) => ("model", format!("reports/models/{id}.sql")),
            None if table.starts_with("ledger.") => ("table", "what the daemon recorded".to_owned()),
            None => ("table", String::new()),
        };
        links.push(Link { version, ..link(step, kind, &table, &feeds, says) });
        if model.is_some() {
            let named = reads.models.get(&table).into_iter().flatten().rev();
            left.extend(named.map(|name| (step + 1, name.clone(), table.clone())));
            continue;
        }
        for contract in board.returns.values() {
            if !contract.tables.iter().any(|one| contract.qualified(one) == table) {
                continue;
            }
            let id = contract.id.as_str();
            links.push(link(step + 1, "return", id, &table, format!("{}: pipelines/{id}", contract.title)));
            for one in known.standing.iter().filter(|one| one.obligation.return_id == contract.id) {
                let agency = board.agency_name(&one.obligation.agency);
                let on = civil_day(one.received_at).strftime("%-d %B %Y");
                let says = format!("of {agency}, arrived on {on}");
                links.push(Link {
                    version: Some(one.id),
                    period: one.obligation.period.to_string(),
                    sha256: one.sha256.clone(),
                    ..link(step + 2, "extract", &one.name, id, says)
                });
            }
        }
    }
    links
}

/// The steps of every indicator.
///
/// # Errors
/// When the ledger or the worker fails.
pub async fn all(app: &App) -> anyhow::Result<Vec<Link>> {
    let (vector, standing) = known(app).await?;
    all_of(app, &Known { vector: &vector, standing: &standing }).await
}

/// The same of what was known at some time.
///
/// # Errors
/// When the worker fails.
pub async fn all_of(app: &App, known: &Known<'_>) -> anyhow::Result<Vec<Link>> {
    let reads = reads(app).await?;
    Ok(app.board.indicators.iter().flat_map(|indicator| of(&app.board, reads, indicator, known)).collect())
}

async fn known(app: &App) -> anyhow::Result<(Vector, Vec<Submission>)> {
    let known = app.ledger.read(|txn| {
        let effective: BTreeSet<i64> = txn.obligations()?.iter().filter_map(|one| one.effective).collect();
        let mut standing = txn.submissions()?;
        standing.retain(|one| effective.contains(&one.id));
        standing.sort_by_key(|one| (one.obligation.agency.clone(), std::cmp::Reverse(one.obligation.period.end())));
        Ok((txn.vector()?, standing))
    });
    Ok(known.await?)
}

/// Extracts of one agency that are named one by one; the others are counted.
const NAMED: usize = 1;

/// The steps of one indicator as a person reads them, indented.
///
/// # Errors
/// When there is no such indicator, or the ledger or the worker fails.
pub async fn told(app: &App, id: &str) -> anyhow::Result<String> {
    let Some(indicator) = app.board.indicators.iter().find(|one| one.id == id) else {
        let meant = crate::settings::nearest(id, app.board.indicators.iter().map(|one| one.id.as_str()));
        let meant = meant.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
        anyhow::bail!("there is no indicator {id} in reports/indicators{meant}");
    };
    let (vector, standing) = known(app).await?;
    let links = of(&app.board, reads(app).await?, indicator, &Known { vector: &vector, standing: &standing });
    let mut lines = vec![indicator.title.clone()];
    let mut counted: Option<(String, usize, usize)> = None;
    let settle = |lines: &mut Vec<String>, counted: &mut Option<(String, usize, usize)>| {
        if let Some((_, count, step)) = counted.take().filter(|(_, count, _)| *count > NAMED) {
            lines.push(format!("{}and {} earlier", "  ".repeat(step), count - NAMED));
        }
    };
    for one in &links {
        let place = "  ".repeat(one.step + 1);
        if one.kind == "extract" {
            let whose = format!("{}{}", one.feeds, one.says.split(", arrived").next().unwrap_or_default());
            match &mut counted {
                Some((known, count, _)) if *known == whose => *count += 1,
                _ => {
                    settle(&mut lines, &mut counted);
                    counted = Some((whose, 1, one.step + 1));
                }
            }
            if counted.as_ref().is_some_and(|(_, count, _)| *count > NAMED) {
                continue;
            }
            let (number, digest) = (one.version.unwrap_or_default(), one.sha256.get(..12).unwrap_or("nil return"));
            lines.push(format!("{place}{}: submission {number}, {}, {digest}, {}", one.period, one.name, one.says));
            continue;
        }
        settle(&mut lines, &mut counted);
        let version = one.version.map(|version| format!(", version {version}")).unwrap_or_default();
        let says = if one.says.is_empty() { String::new() } else { format!("  ({})", one.says) };
        lines.push(format!("{place}{} {}{version}{says}", one.kind, one.name));
    }
    settle(&mut lines, &mut counted);
    Ok(lines.join("\n"))
}

/// The links as `ledger.lineage`.
///
/// # Errors
/// When Arrow refuses the columns.
pub fn table(all: &[Link]) -> Result<RecordBatch, ArrowError> {
    let text = |of: &dyn Fn(&Link) -> &str| -> ArrayRef {
        Arc::new(all.iter().map(|link| Some(of(link)).filter(|text| !text.is_empty())).collect::<StringArray>())
    };
    let steps = all.iter().map(|link| i32::try_from(link.step).unwrap_or(i32::MAX));
    RecordBatch::try_from_iter_with_nullable([
        ("indicator", text(&|link| &link.indicator), false),
        ("step", Arc::new(steps.collect::<Int32Array>()) as ArrayRef, false),
        ("kind", text(&|link| link.kind), false),
        ("name", text(&|link| &link.name), false),
        ("feeds", text(&|link| &link.feeds), true),
        ("version", Arc::new(all.iter().map(|link| link.version).collect::<Int64Array>()) as ArrayRef, true),
        ("period", text(&|link| &link.period), true),
        ("sha256", text(&|link| &link.sha256), true),
        ("says", text(&|link| &link.says), true),
    ])
}
