//! Who delivered, who is late, what was corrected, restated or nil. Agencies are named, people never.

use serde_json::{Value, json};

use super::{Matter, footnotes::footnotes, punctuality};
use crate::domain::{
    Standing,
    words::{capital, count, number, several},
};
use crate::pack::days::{day, short_day};
use crate::pack::record::{Action, Delivery, Progress};

pub(super) fn page(matter: &Matter<'_>) -> Value {
    let mut deliveries: Vec<&Delivery> = matter.record.deliveries.iter().collect();
    deliveries.sort_by_key(|one| (one.standing, -one.days_late, one.agency.clone(), one.title.clone()));
    let paged: Vec<&str> = matter.exceptions().iter().map(|one| one.meta.id.as_str()).collect();
    let elsewhere = |action: &&Action| action.indicator.as_deref().is_none_or(|indicator| !paged.contains(&indicator));
    let restated = matter.record.restatements.iter().map(|one| {
        json!({
            "agency": one.agency,
            "title": one.title,
            "period": one.period.human(),
            "first": one.first.map(day),
            "replaced": day(one.replaced),
        })
    });
    json!({
        "title": matter.definition.text("timetable"),
        "sentence": sentence(&deliveries),
        "facts": facts(&deliveries),
        "rows": deliveries.iter().map(|one| row(one)).collect::<Vec<_>>(),
        "restated": restated.collect::<Vec<_>>(),
        "punctuality": punctuality::table(matter),
        "footnotes": footnotes(matter.record.queries.iter()),
        "actions": actions(matter.record.actions.iter().filter(elsewhere), matter),
    })
}

fn sentence(deliveries: &[&Delivery]) -> String {
    let owed: Vec<_> = deliveries.iter().filter(|one| !one.standing.is_not_due()).collect();
    if owed.is_empty() {
        return "Nothing was due for this period yet.".to_owned();
    }
    let missing: Vec<_> = owed.iter().filter(|one| one.standing == Standing::Overdue).collect();
    let late = owed.iter().filter(|one| one.standing == Standing::AcceptedLate).count();
    let arrived = owed.len() - missing.len();
    let mut says = if missing.is_empty() {
        format!("All {} that were due have arrived", several(owed.len(), "return", "returns"))
    } else {
        format!(
            "{} of {} that were due have arrived",
            capital(&number(arrived)),
            several(owed.len(), "return", "returns")
        )
    };
    match late {
        0 if missing.is_empty() => says += ", none of them late",
        0 => {}
        _ => says += &format!(", {} of them late", number(late)),
    }
    match missing.as_slice() {
        [] => says + ".",
        [one] => format!("{says}; {} is still awaited from {}.", one.title, one.agency),
        many => format!("{says}; {} are still awaited.", number(many.len())),
    }
}

fn facts(deliveries: &[&Delivery]) -> Vec<Value> {
    let standing = |wanted: &[Standing]| deliveries.iter().filter(|one| wanted.contains(&one.standing)).count();
    let reminders: i64 = deliveries.iter().map(|one| one.reminders).sum();
    let arrived = deliveries.iter().filter(|one| one.standing.is_in()).count();
    [
        (format!("{arrived} of {}", deliveries.len()), "returns have arrived".to_owned()),
        (standing(&[Standing::Accepted, Standing::Nil]).to_string(), "in time and accepted".to_owned()),
        (standing(&[Standing::AcceptedLate]).to_string(), "accepted late".to_owned()),
        (reminders.to_string(), format!("{} sent", if reminders == 1 { "reminder" } else { "reminders" })),
    ]
    .into_iter()
    .map(|(value, label)| json!({ "value": value, "label": label }))
    .collect()
}

fn row(one: &Delivery) -> Value {
    json!({
        "agency": one.agency,
        "title": one.title,
        "due": one.due.map(short_day),
        "received": one.received.map(short_day),
        "state": capital(&one.standing.words(one.days_late)),
        "mark": match one.standing {
            Standing::Overdue | Standing::ToCorrect => "missing",
            Standing::Held | Standing::Received | Standing::Waived => "waiting",
            Standing::DueToday | Standing::DueSoon | Standing::Open | Standing::NotYetOpen => "waiting",
            Standing::AcceptedLate | Standing::Accepted | Standing::Nil => "in",
        },
        "more": more(one),
    })
}

fn more(one: &Delivery) -> String {
    let mut says = Vec::new();
    if one.provisional {
        says.push("the figures are provisional".to_owned());
    }
    if one.reminders > 0 && !one.standing.is_not_due() {
        says.push(format!("after {}", count(usize::try_from(one.reminders).unwrap_or(0), "reminder", "reminders")));
    }
    if one.corrected {
        says.push("the first file was not accepted and was corrected".to_owned());
    }
    if one.restated {
        says.push("replaced since by a restated file".to_owned());
    }
    if let Ok(refused @ 1..) = usize::try_from(one.rows_refused) {
        says.push(format!(
            "{} of its file broke a rule and {} left out",
            count(refused, "row", "rows"),
            if refused == 1 { "is" } else { "are" }
        ));
    }
    says.extend(one.arranged.clone());
    if let Some(note) = &one.note {
        says.push(format!("reason given: {}", note.trim_end_matches('.')));
    }
    if let Some(reason) = &one.escalation_held {
        says.push(format!("not escalated; reason given: {}", reason.trim_end_matches('.')));
    }
    if says.is_empty() { String::new() } else { format!("{}.", capital(&says.join("; "))) }
}

/// Actions as a table prints them: what is overdue first.
pub(super) fn actions<'a>(actions: impl Iterator<Item = &'a Action>, matter: &Matter<'_>) -> Vec<Value> {
    let as_at = matter.imprint.data_as_at;
    let mut actions: Vec<&Action> = actions.collect();
    actions.sort_by_key(|action| (action.status, action.due));
    let told = actions.into_iter().map(|action| {
        let late = action.due.map_or(0, |due| (as_at - due).get_days());
        let status = match action.status {
            Progress::Overdue if late > 0 => {
                format!("Overdue by {}.", count(usize::try_from(late).unwrap_or(0), "day", "days"))
            }
            Progress::Overdue => "Overdue.".to_owned(),
            Progress::NotStarted => "Not started.".to_owned(),
            Progress::AtRisk => "At risk.".to_owned(),
            Progress::OnTime => "On time.".to_owned(),
            Progress::Done => "Done.".to_owned(),
        };
        json!({
            "action": action.action,
            "owner": action.owner,
            "due": action.due.map(short_day),
            "status": status,
            "late": action.status == Progress::Overdue,
            "progress": action.progress,
        })
    });
    told.collect()
}
