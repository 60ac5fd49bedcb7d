//! What people said and signed, as tables for SQL.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray},
    error::ArrowError,
};

use jiff::civil::Date;

use super::{FactTable, days_since_1970};
use crate::{
    domain::civil_day,
    flows::board::{Board, COMMENTARY},
    ledger::{Comment, CoverageRow, Judgement, Matter, Obligation, ObligationKey, Query, SignOff, SignOffKey},
};

/// Every query about a file that stands, with its explanation, as `ledger.queries`.
pub fn queries(board: &Board, all: &[Query]) -> Result<FactTable, ArrowError> {
    let text = |value: &dyn Fn(&Query) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(value)))
    };
    let numbers =
        |value: &dyn Fn(&Query) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(all.iter().map(value))) };
    let explained = |query: &Query| query.numbered.explanation.clone();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("submission", numbers(&|q| q.submission), false),
        ("finding", numbers(&|q| q.numbered.number), false),
        ("return_id", text(&|q| q.key.return_id.to_string()), false),
        ("title", text(&|q| board.return_title(&q.key.return_id)), false),
        ("agency", text(&|q| q.key.agency.to_string()), false),
        ("agency_name", text(&|q| board.agency_name(&q.key.agency)), false),
        ("period", text(&|q| q.key.period.to_string()), false),
        ("says", text(&|q| q.numbered.finding.says.clone()), false),
        (
            "explanation",
            Arc::new(StringArray::from_iter(all.iter().map(|q| explained(q).map(|e| e.says)))) as ArrayRef,
            true,
        ),
        (
            "explained_day",
            Arc::new(Date32Array::from_iter(all.iter().map(|q| explained(q).map(|e| days_since_1970(civil_day(e.at))))))
                as ArrayRef,
            true,
        ),
    ])?;
    Ok(("queries", batch))
}

/// How much of each group the files that stand speak of, as `ledger.coverage`.
pub fn coverage(board: &Board, all: &[CoverageRow]) -> Result<FactTable, ArrowError> {
    let text = |value: &dyn Fn(&CoverageRow) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(value)))
    };
    let numbers = |value: &dyn Fn(&CoverageRow) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(all.iter().map(value)))
    };
    let missing = |row: &CoverageRow| i64::try_from(row.missing.len()).unwrap_or(i64::MAX);
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("submission", numbers(&|c| c.submission), false),
        ("return_id", text(&|c| c.key.return_id.to_string()), false),
        ("title", text(&|c| board.return_title(&c.key.return_id)), false),
        ("agency", text(&|c| c.key.agency.to_string()), false),
        ("agency_name", text(&|c| board.agency_name(&c.key.agency)), false),
        ("period", text(&|c| c.key.period.to_string()), false),
        ("members", numbers(&|c| c.present + missing(c)), false),
        ("present", numbers(&|c| c.present), false),
        ("missing", text(&|c| c.missing.join("; ")), false),
    ])?;
    Ok(("coverage", batch))
}

/// What agencies wrote about figures that stand out, as `ledger.commentary`.
pub fn commentary(board: &Board, all: &[Obligation]) -> Result<FactTable, ArrowError> {
    let on_a_figure = all.iter().filter(|one| !board.is_question(&one.key));
    let written: Vec<(&ObligationKey, &Comment)> =
        on_a_figure.filter_map(|one| Some((&one.key, one.comment.as_ref()?))).collect();
    let text = |value: &dyn Fn(&(&ObligationKey, &Comment)) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(written.iter().map(value)))
    };
    let indicator = |key: &ObligationKey| key.return_id.as_str().trim_start_matches(COMMENTARY).to_owned();
    let days = written.iter().map(|(_, comment)| days_since_1970(civil_day(comment.at)));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("indicator", text(&|(key, _)| indicator(key)), false),
        ("agency", text(&|(key, _)| key.agency.to_string()), false),
        ("agency_name", text(&|(key, _)| board.agency_name(&key.agency)), false),
        ("period", text(&|(key, _)| key.period.to_string()), false),
        ("received_day", Arc::new(Date32Array::from_iter_values(days)) as ArrayRef, false),
        ("text", text(&|(_, comment)| comment.says.clone()), false),
    ])?;
    Ok(("commentary", batch))
}

/// What sub-groups made of what stands out, as `ledger.dispositions`.
pub fn dispositions(all: &[Judgement]) -> Result<FactTable, ArrowError> {
    let text = |value: &dyn Fn(&Judgement) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(all.iter().map(value)))
    };
    let days = all.iter().map(|one| days_since_1970(civil_day(one.at)));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("indicator", text(&|one| one.indicator.clone()), false),
        ("period", text(&|one| one.period.to_string()), false),
        ("verdict", text(&|one| one.verdict.as_str().to_owned()), false),
        ("says", text(&|one| one.says.clone()), false),
        ("by", text(&|one| one.by.clone()), false),
        ("day", Arc::new(Date32Array::from_iter_values(days)) as ArrayRef, false),
    ])?;
    Ok(("dispositions", batch))
}

/// What the board decided, challenged and owes agencies to tell, as `ledger.decisions`.
pub fn decisions(board: &Board, all: &[Matter]) -> Result<FactTable, ArrowError> {
    let text = |value: &dyn Fn(&Matter) -> Option<String>| -> ArrayRef {
        Arc::new(StringArray::from_iter(all.iter().map(value)))
    };
    let day = |value: &dyn Fn(&Matter) -> Option<Date>| -> ArrayRef {
        Arc::new(Date32Array::from_iter(all.iter().map(|one| value(one).map(days_since_1970))))
    };
    let settled = |one: &Matter| one.settled.clone();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("number", Arc::new(Int64Array::from_iter_values(all.iter().map(|one| one.number))) as ArrayRef, false),
        ("kind", text(&|one| Some(one.said.kind.as_str().to_owned())), false),
        ("meeting", day(&|one| Some(one.said.meeting)), false),
        ("indicator", text(&|one| one.said.indicator.clone()), true),
        ("agency", text(&|one| one.said.agency.as_ref().map(ToString::to_string)), true),
        ("agency_name", text(&|one| one.said.agency.as_ref().map(|id| board.agency_name(id))), true),
        ("says", text(&|one| Some(one.said.says.clone())), false),
        ("by", text(&|one| Some(one.said.by.clone())), false),
        ("due_day", day(&|one| one.said.due), true),
        ("settled", text(&|one| settled(one).map(|(says, ..)| says)), true),
        ("settled_by", text(&|one| settled(one).map(|(_, by, _)| by)), true),
        ("settled_day", day(&|one| settled(one).map(|(.., at)| civil_day(at))), true),
    ])?;
    Ok(("decisions", batch))
}

/// Every sign-off that was asked for, as `ledger.sign_offs`.
pub fn sign_offs(all: &[(SignOffKey, SignOff)]) -> Result<FactTable, ArrowError> {
    type One = (SignOffKey, SignOff);
    let text = |value: &dyn Fn(&One) -> Option<String>| -> ArrayRef {
        Arc::new(StringArray::from_iter(all.iter().map(value)))
    };
    let meetings = all.iter().map(|(key, _)| days_since_1970(key.meeting));
    let last = |one: &One| one.1.approved.clone().or_else(|| one.1.sent_back.clone());
    let settled = |one: &One| last(one).map(|(_, at)| at).or(one.1.circulated.map(|(_, at)| at));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("pack", text(&|one| Some(one.0.pack.clone())), false),
        ("period", text(&|one| Some(one.0.period.to_string())), false),
        ("meeting", Arc::new(Date32Array::from_iter_values(meetings)) as ArrayRef, false),
        ("asked_at", text(&|one| one.1.asked_at.map(|at| at.to_string())), true),
        ("by", text(&|one| last(one).map(|(said, _)| said.by)), true),
        ("role", text(&|one| last(one).map(|(said, _)| said.role.as_str().to_owned())), true),
        ("how", text(&|one| last(one).map(|(said, _)| said.how)), true),
        ("because", text(&|one| last(one).and_then(|(said, _)| said.because)), true),
        ("at", text(&|one| settled(one).map(|at| at.to_string())), true),
        ("state", text(&|one| Some(one.1.state().to_owned())), false),
    ])?;
    Ok(("sign_offs", batch))
}
