//! Invented facts of what a person arranged, and of documents.

use super::{
    Arranged, Due, Kind, Letter, Person,
    examples::{at, date},
};

pub(super) fn arranged(kind: Kind, due: Due) -> Vec<Letter> {
    if kind == Kind::Contact {
        return contact();
    }
    let decided = |what| Letter::Arranged {
        due: Due { due_at: at("2025-07-28T16:00:00Z"), ..due.clone() },
        what,
        before: due.due_at,
        stands: what == Arranged::Again,
        reason: "the case system is being replaced this month".into(),
    };
    [Arranged::More, Arranged::LetOff, Arranged::Again, Arranged::Moved].map(decided).into()
}

fn contact() -> Vec<Letter> {
    let person = |name: &str, email: &str| Person { name: name.into(), email: email.into() };
    vec![
        Letter::Contact {
            agency: "Exampleshire Police".into(),
            role: "lead".into(),
            person: person("Sam Patel", "sam.patel@police.exampleshire.example"),
            until: None,
        },
        Letter::Contact {
            agency: "Exampleshire Police".into(),
            role: "cover for the lead".into(),
            person: person("Jo Field", "jo.field@police.exampleshire.example"),
            until: Some(date("2025-07-31")),
        },
    ]
}

pub(super) fn documents(kind: Kind, due: Due) -> Vec<Letter> {
    let arrived_at = at("2025-07-14T15:50:00Z");
    let answer = |replaced| Letter::AnswerDocument { due: due.clone(), arrived_at, replaced };
    let to_read = |attached| Letter::Document {
        due: due.clone(),
        key: "child-death-overview/business-unit/2025-26-FY".into(),
        arrived_at,
        submission: 12,
        attached,
    };
    [false, true].map(|one| if kind == Kind::Document { to_read(!one) } else { answer(one) }).into()
}

pub(super) fn commentary(kind: Kind, due: Due) -> Vec<Letter> {
    if kind == Kind::AnswerCommentary {
        return vec![Letter::AnswerCommentary {
            figure: "Children missing from home".into(),
            period: due.period,
            says: "Two children's homes opened in May; both now ring us before they report.".into(),
        }];
    }
    let asked = |late: bool, manager: bool| Letter::Commentary {
        due: Due { due_at: at("2025-07-28T16:00:00Z"), ..due.clone() },
        figure: "Children missing from home".into(),
        headline: "41 children were missing from home, more than chance explains (18 to 36).".into(),
        key: "commentary-children-missing-from-home/police/2025-26-Q1".into(),
        reply: !manager,
        late,
        manager,
    };
    vec![asked(false, false), asked(true, false), asked(true, true)]
}

pub(super) fn anything_since(due: Due) -> Vec<Letter> {
    let asked = |known: &[&str], late: bool, manager: bool| Letter::AnythingSince {
        due: Due { name: "inspections".into(), title: "Inspections".into(), ..due.clone() },
        known: known.iter().map(|day| date(day)).collect(),
        nil: "quarterday submit --return inspections --agency police --period 2025-26-Q1 --nil".into(),
        open: "quarterday open inspections police".into(),
        reply: !manager,
        late,
        manager,
    };
    vec![asked(&[], false, false), asked(&["2025-05-14"], true, false), asked(&[], true, true)]
}
