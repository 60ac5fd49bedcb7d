//! Watches the watcher: what is wrong is recorded when it begins and when it is over, and each is told once.
//!
//! Looked at the end of each ring, and by a task of its own that waits for no ring, so that a step that is stuck is told
//! too.

mod compare;
mod condition;
mod facts;
mod gather;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{App, Board, letters};
use crate::{
    domain::sha256,
    ledger::{ConditionRow, OutboxRow},
    mail::{Letter, Over, Person, Watched, Wrong},
};

pub use condition::{Condition, Trouble, Whom, trouble_of};
pub use facts::{Ending, Facts, conditions};
pub use gather::{endings, of_ledger};

/// What was told so long ago is no longer needed to tell nobody twice a day.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is wrong with the running daemon.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn present(app: &App) -> anyhow::Result<BTreeSet<Condition>> {
    Ok(conditions(&gather::of_daemon(app, app.clock.now()).await?))
}

/// Looks what is wrong, records what has changed and has people told; answers with how many conditions were told or ended.
///
/// # Errors
/// When the ledger does not answer, or a letter cannot be written.
pub async fn look(app: &App) -> anyhow::Result<usize> {
    let _alone = app.watching.lock().await;
    let now = app.clock.now();
    let present = present(app).await?;
    let since = now.checked_sub(A_DAY).unwrap_or(now);
    let known = app.ledger.read(move |txn| txn.conditions_since(since)).await?;
    let changes = compare::compare(&present, &known, now);
    if changes == compare::Changes::default() {
        return Ok(0);
    }
    let letters = tell(app, &changes, now)?;
    let count = changes.told.len() + changes.over.len();
    let begun: Vec<Condition> = changes.begun.iter().map(|one| (*one).clone()).collect();
    let told: Vec<(Option<ConditionRow>, Condition)> =
        changes.told.iter().map(|(row, one)| (row.cloned(), (*one).clone())).collect();
    let ids = |rows: &[&ConditionRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let (back, gone, forgotten) = (ids(&changes.back), ids(&changes.gone), ids(&changes.forgotten));
    let over: Vec<ConditionRow> = changes.over.iter().map(|row| (*row).clone()).collect();
    app.ledger
        .write(move |txn| {
            let see = |one: &Condition| txn.see_condition(one.since.unwrap_or(now), &one.name(), one.level, &one.what);
            begun.iter().try_for_each(|one| see(one).map(drop))?;
            back.iter().try_for_each(|id| txn.miss_condition(*id, None))?;
            gone.iter().try_for_each(|id| txn.miss_condition(*id, Some(now)))?;
            forgotten.iter().try_for_each(|id| txn.forget_condition(*id))?;
            for (row, one) in &told {
                let row = match row {
                    Some(row) => row.clone(),
                    None => new_row(see(one)?, one, now),
                };
                txn.tell_condition(now, &row, one.level, &one.what)?;
            }
            over.iter().try_for_each(|row| txn.end_condition(now, row))?;
            letters.iter().try_for_each(|letter| txn.enqueue(letter).map(drop))
        })
        .await?;
    Ok(count)
}

/// When what is known is to be looked at again, if nothing happens before.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn next_at(app: &App) -> anyhow::Result<Option<Timestamp>> {
    let now = app.clock.now();
    let known = app.ledger.read(|txn| txn.open_conditions()).await?;
    Ok(compare::look_again(&known, now))
}

/// Since when something is wrong, where that is worth telling.
pub(super) fn since(one: &Condition, seen: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    (!one.trouble.names_its_day()).then(|| one.since.or(seen).unwrap_or(now))
}

fn new_row(id: i64, one: &Condition, now: Timestamp) -> ConditionRow {
    ConditionRow {
        id,
        name: one.name(),
        level: one.level,
        says: one.what.clone(),
        begins_at: one.since.unwrap_or(now),
        told_at: None,
        gone_at: None,
        ends_at: None,
    }
}

/// One message for each person whom a change concerns.
fn tell(app: &App, changes: &compare::Changes<'_>, now: Timestamp) -> anyhow::Result<Vec<OutboxRow>> {
    let names: String =
        changes.told.iter().map(|(_, one)| one.name()).chain(changes.over.iter().map(|r| r.name.clone())).collect();
    let key = format!("watch/{now}/{}", &sha256(&names)[..12]);
    let mut letters = Vec::new();
    for person in people(&app.board) {
        let is_theirs = |trouble: Trouble| {
            let theirs = match trouble.whom() {
                Whom::Operator => app.board.operator(),
                Whom::Manager => &app.board.manager,
            };
            theirs.email == person.email
        };
        let began: Vec<Wrong> = changes
            .told
            .iter()
            .filter(|(_, one)| is_theirs(one.trouble) && one.trouble.lets_mail_out())
            .map(|(row, one)| Wrong {
                what: one.what.clone(),
                why: one.why.clone(),
                since: since(one, row.map(|row| row.begins_at), now),
                next_step: one.next_step.clone(),
            })
            .collect();
        let is_known = |row: &ConditionRow| trouble_of(&row.name).is_none_or(is_theirs);
        let over: Vec<Over> = changes
            .over
            .iter()
            .filter(|row| is_known(row))
            .map(|row| Over { what: row.says.clone(), since: row.begins_at, until: row.gone_at.unwrap_or(now) })
            .collect();
        if began.is_empty() && over.is_empty() {
            continue;
        }
        letters.extend(letters::post(app, &key, None, vec![person], &Letter::Watch(Watched { began, over }), now)?);
    }
    Ok(letters)
}

/// Operator and manager, once each.
fn people(board: &Board) -> Vec<Person> {
    let mut people = vec![board.operator().clone()];
    if board.manager.email != people[0].email {
        people.push(board.manager.clone());
    }
    people
}
