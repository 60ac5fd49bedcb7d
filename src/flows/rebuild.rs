//! The warehouse once more from the landing archive and the ledger alone.
//!
//! Every submission that was ever stored is decoded, checked and committed again in its order, under the contract it
//! was judged by; the recorded verdict stands, whatever a check would say today.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use arrow::{array::RecordBatch, compute::concat_batches};

use super::{App, intake, known, query, refresh};
use crate::{
    check::{Claim, check},
    ledger::{Event, Vector},
    warehouse::{Question, Statement, Warehouse, ask},
};

/// What a rebuild found.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// Where the new warehouse lies.
    pub folder: PathBuf,
    /// Submissions replayed.
    pub submissions: usize,
    /// Tables whose contents differ from the present ones, each with what differs.
    pub differences: Vec<String>,
    /// Tables compared.
    pub tables: usize,
}

/// Replays every stored submission into a new folder and compares contents; with `replace`, the new one takes the
/// place of the present one, which is kept beside it.
///
/// # Errors
/// When an extract was destroyed or is damaged, or the disk fails; the present warehouse is as it was.
pub async fn rebuild(app: &App, replace: bool) -> anyhow::Result<Rebuilt> {
    let folder = app.board.data.join("warehouse.rebuilt");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("clearing {}", folder.display()))?;
    }
    let warehouse = Warehouse::open(&folder)?;
    let mut vector = Vector::new();
    let mut submissions = 0;
    for recorded in app.ledger.read(|txn| txn.all_events()).await? {
        let Event::Stored { submission, .. } = recorded.event else { continue };
        let versions = replay(app, &warehouse, submission, recorded.at)
            .await
            .with_context(|| format!("replaying submission {submission}"))?;
        vector.extend(versions);
        submissions += 1;
    }
    let present = app.ledger.read(|txn| txn.vector()).await?;
    let mut differences = Vec::new();
    for (table, version) in &vector {
        let rebuilt = contents(app, &folder, table, *version).await?;
        let standing = match present.get(table) {
            Some(version) => contents(app, &app.warehouse_folder(), table, *version).await,
            None => Err(anyhow!("readers do not see it")),
        };
        match standing {
            Ok(standing) if standing == rebuilt => {}
            Ok(standing) => differences.push(format!(
                "{table}: {} rows now, {} rows rebuilt, and their contents differ",
                standing.num_rows(),
                rebuilt.num_rows()
            )),
            Err(error) => differences.push(format!("{table}: the present table cannot be read ({error:#})")),
        }
    }
    let rebuilt = Rebuilt { folder: folder.clone(), submissions, differences, tables: vector.len() };
    if replace {
        take_over(app, &folder, vector).await?;
    }
    Ok(rebuilt)
}

/// Every row of a table in one order, as a worker reads it.
async fn contents(app: &App, folder: &Path, table: &str, version: i64) -> anyhow::Result<RecordBatch> {
    let sql = format!("SELECT * FROM {table} ORDER BY return_id, agency, period, submission, \"row\"");
    let statement = Statement { name: table.to_owned(), sql };
    let vector = Vector::from([(table.to_owned(), version)]);
    let question = Question {
        statements: &[statement],
        vector: &vector,
        facts: &[],
        earlier: &[],
        calendar: None,
        plan_only: false,
        limits: query::limits(),
        most_rows: query::MOST_ROWS,
    };
    let (_, answer) = ask(&app.launcher, folder, question).await?.pop().context("the worker gave no answer")?;
    let batches = answer?;
    let schema = batches.first().context("an answer without columns")?.schema();
    Ok(concat_batches(&schema, &batches)?)
}

async fn replay(app: &App, warehouse: &Warehouse, id: i64, at: jiff::Timestamp) -> anyhow::Result<Vector> {
    let submission = intake::the_submission(app, id).await?;
    let contract = intake::contract_of(app, &submission).await?;
    let mut staging = intake::stage(warehouse, &contract, &submission)?;
    if !submission.sha256.is_empty() && !contract.is_document() {
        let content = intake::content_of(app, &submission).await?;
        let opened = intake::open(app, &submission.obligation.agency, &contract, content).await?;
        let decoded = intake::read(app, &contract, opened).await?;
        let claim = Claim { obligation: submission.obligation.clone(), submission: id };
        // The recorded verdict stands, so nothing is compared with earlier files.
        let past = known::replayed(app, &contract, &submission).await?;
        let checked = check(&contract, claim, decoded, &past, &mut staging).await?;
        let rows = checked.released().rows();
        if rows.accepted != submission.rows_accepted {
            bail!(
                "{} of its {} rows would be taken by this version of the program; rebuild with the one that took them",
                rows.accepted,
                submission.rows_accepted
            );
        }
    }
    let staged = staging.finish().await?;
    Ok(warehouse.turn().await.commit(&staged, at).await?)
}

/// Puts the rebuilt tables where the present ones lie. Derived tables come along with their history if they are whole,
/// and are made anew if not.
async fn take_over(app: &App, rebuilt: &Path, vector: Vector) -> anyhow::Result<()> {
    let present = app.warehouse_folder();
    // What was there is kept beside it, and an earlier one that was kept is not overwritten.
    let aside = (1..)
        .map(|number| present.with_extension(format!("before-rebuild-{number}")))
        .find(|aside| !aside.exists())
        .context("a name for the present warehouse")?;
    let mut derived = app.ledger.read(|txn| txn.vector()).await?;
    derived.retain(|table, _| !refresh::is_input(table));
    let damaged = app.warehouse.verify(&derived).await?;
    let renaming = |from: &Path, to: &Path| {
        std::fs::rename(from, to).with_context(|| format!("renaming {} to {}", from.display(), to.display()))
    };
    renaming(&present, &aside)?;
    renaming(rebuilt, &present)?;
    for table in derived.keys().filter(|table| damaged.iter().all(|damage| damage.table != **table)) {
        let below = table.replace('.', "/");
        let place = present.join(&below);
        std::fs::create_dir_all(place.parent().unwrap_or(&present))?;
        renaming(&aside.join(&below), &place)?;
    }
    let now = app.clock.now();
    app.ledger
        .write(move |txn| {
            txn.append(now, "warehouse", "daemon", &Event::Refreshed { versions: vector })?;
            refresh::forget(txn)
        })
        .await?;
    refresh::refresh(app).await?;
    Ok(())
}
