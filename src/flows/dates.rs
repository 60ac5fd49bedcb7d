//! Every date of the board's timetable, in words: for the eye and for a spreadsheet.
//!
//! From the definitions alone: what has arrived and what was agreed with one agency is the ledger's to tell.

use jiff::civil::Date;

use super::{Board, chase, written::quoted};
use crate::{
    domain::AgencyId,
    timetable::{Dated, Duty, Milestone, RungKind, What, dates},
};

/// One date and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The date.
    pub dated: Dated,
    /// What happens, in a word or two.
    pub kind: &'static str,
    /// The title of the return or the pack.
    pub title: String,
    /// Whose date it is.
    pub who: String,
}

impl Line {
    /// The return or the pack with its period.
    pub fn what(&self) -> String {
        format!("{}, {}", self.title, self.dated.period.human())
    }
}

/// Every date from `from` up to and including `until`, or those that ask something of one agency.
pub fn listing(board: &Board, span: (Date, Date), agency: Option<&AgencyId>, reminders: bool) -> Vec<Line> {
    let duties: Vec<Duty> = chase::duties(board).filter(|duty| agency.is_none_or(|one| duty.agency == *one)).collect();
    let found = dates(&duties, &board.timetable, span, reminders).0.into_iter();
    let asked = found.filter(|one| match one.what {
        What::Step(step) => agency.is_none() || step.asks_agencies(),
        What::Due | What::Reminder(_) => true,
    });
    asked.map(|dated| line(board, dated)).collect()
}

fn line(board: &Board, dated: Dated) -> Line {
    let kind = match dated.what {
        What::Due => "due",
        What::Reminder(kind) => reminder(kind),
        What::Step(step) => step_kind(step),
    };
    let pack = |id: &String| board.packs.get(id).map_or_else(|| id.clone(), |pack| pack.title().to_owned());
    let title = match (&dated.return_id, &dated.pack) {
        (Some(id), _) => board.return_title(id),
        (None, pack_id) => pack_id.as_ref().map(pack).unwrap_or_default(),
    };
    let who = match (&dated.agency, dated.what) {
        (Some(agency), _) => board.agency_name(agency),
        (None, What::Step(step)) => whose(step).to_owned(),
        (None, _) => String::new(),
    };
    Line { kind, title, who, dated }
}

fn reminder(kind: RungKind) -> &'static str {
    match kind {
        RungKind::Notice => "notice",
        RungKind::Nudge => "reminder",
        RungKind::DueToday => "last reminder",
        RungKind::Overdue => "overdue notice",
        RungKind::Preview => "preview",
        RungKind::Escalation => "escalation",
    }
}

fn step_kind(step: Milestone) -> &'static str {
    match step {
        Milestone::WindowOpens => "window opens",
        Milestone::ReturnsDue => "returns due",
        Milestone::Validated => "validated",
        Milestone::Commentary => "commentary due",
        Milestone::FactualCheck => "factual check",
        Milestone::Draft => "draft to chair",
        Milestone::SignOff => "sign-off",
        Milestone::Circulated => "pack goes out",
        Milestone::Meeting => "meeting",
        Milestone::ActionsDue => "actions due",
    }
}

fn whose(step: Milestone) -> &'static str {
    match step {
        Milestone::WindowOpens | Milestone::ReturnsDue | Milestone::Commentary | Milestone::FactualCheck => "agencies",
        Milestone::Validated => "the board's team",
        Milestone::Draft | Milestone::SignOff => "the chair",
        Milestone::Circulated | Milestone::Meeting => "the board",
        Milestone::ActionsDue => "whoever was asked",
    }
}

/// The dates as CSV: one row each, those that are not known without a day.
pub fn csv(lines: &[Line]) -> String {
    let mut text = "date,time,kind,agency,return,period,what,rule\r\n".to_owned();
    for line in lines {
        let dated = &line.dated;
        let cells = [
            dated.on.map(|on| on.to_string()).unwrap_or_default(),
            dated.time.map(|time| time.strftime("%H:%M").to_string()).unwrap_or_default(),
            line.kind.to_owned(),
            dated.agency.as_ref().map(ToString::to_string).unwrap_or_default(),
            dated.return_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            dated.period.to_string(),
            line.what(),
            dated.rule.clone(),
        ];
        text.push_str(&cells.map(|cell| quoted(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}
