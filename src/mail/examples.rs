//! Invented facts of every kind, so that `validate` and the tests can try each template before a message is owed.

use jiff::{Timestamp, civil::Date};

use super::{
    Agreement, Board, Contact, Due, Escalation, Facts, Judged, Kind, Letter, Next, Person, Read, Told, Total, Ways,
};
use crate::{
    domain::Period,
    ledger::{FindingRow, Severity},
};

/// Facts of one kind, in the variants its template knows.
pub fn example(kind: Kind) -> Vec<Facts> {
    letters(kind).into_iter().map(facts).collect()
}

fn facts(letter: Letter) -> Facts {
    Facts {
        board: Board {
            name: "Exampleshire Safeguarding Children Partnership".into(),
            example: false,
            public_url: Some("https://quarterday.exampleshire.example".into()),
        },
        to: Person { name: "Sam Patel".into(), email: "sam.patel@police.exampleshire.example".into() },
        contact: Contact {
            name: "Business Unit".into(),
            phone: "01234 567 890".into(),
            email: "business.unit@exampleshire.example".into(),
        },
        letter,
    }
}

fn letters(kind: Kind) -> Vec<Letter> {
    let replies = || Ways { reply: true, place: None, upload: Some("/upload/missing-children".into()) };
    let folder = || Ways { place: Some("the shared folder Safeguarding returns".into()), ..Ways::default() };
    match kind {
        Kind::Notice => vec![
            Letter::Notice {
                due: due(),
                ways: replies(),
                agreement: Some(Agreement {
                    name: "the partnership's information sharing agreement".into(),
                    review: date("2026-03-12"),
                    purpose: "to see whether children who go missing are found and heard".into(),
                }),
            },
            Letter::Notice { due: due(), ways: folder(), agreement: None },
        ],
        Kind::Nudge => {
            vec![Letter::Nudge { due: due(), ways: replies() }, Letter::Nudge { due: due(), ways: Ways::default() }]
        }
        Kind::DueToday => vec![Letter::DueToday { due: due(), ways: replies() }],
        Kind::Overdue => vec![
            Letter::Overdue {
                due: due(),
                corrected_by: None,
                next: Some(Next { on: date("2025-07-21"), who: "the Board member for your agency".into() }),
            },
            Letter::Overdue { due: due(), corrected_by: Some(date("2025-07-17")), next: None },
        ],
        Kind::Preview => vec![Letter::Preview {
            goes_at: at("2025-07-21T09:00:00Z"),
            who: "the Board member of Exampleshire Police".into(),
            hold: "quarterday hold missing-children/police/2025-26-Q1 --reason \"…\"".into(),
            escalation: escalation(true),
        }],
        Kind::Escalation => vec![Letter::Escalation(escalation(true)), Letter::Escalation(escalation(false))],
        Kind::AnswerAccepted => vec![
            Letter::AnswerAccepted(judged(vec![])),
            Letter::AnswerAccepted(Judged { read: Read::ChildLevel, ignored_sheets: vec![], ..judged(vec![]) }),
        ],
        Kind::AnswerAcceptedWithQueries => vec![
            Letter::AnswerAcceptedWithQueries(judged(vec![query(
                "interviews held fell while episodes rose. Is that right, and why?",
            )])),
            Letter::AnswerAcceptedWithQueries(judged(vec![
                query("interviews held fell while episodes rose. Is that right, and why?"),
                query("none within 72 hours in May. Is that right?"),
            ])),
        ],
        Kind::AnswerNotAccepted => vec![
            Letter::AnswerNotAccepted {
                due: due(),
                arrived_at: at("2025-07-14T15:50:00Z"),
                unreadable: None,
                findings: vec![
                    finding(
                        Some("D"),
                        Some(14),
                        "\"return interviews held\" is larger than \"episodes\" in C14. Please correct one of them.",
                    ),
                    finding(None, Some(19), "the period reads January to March 2025; we asked for April to June."),
                ],
                fix_by: date("2025-07-17"),
                rows_fine: Some(3),
            },
            Letter::AnswerNotAccepted {
                due: due(),
                arrived_at: at("2025-07-15T08:05:00Z"),
                unreadable: Some("The workbook is protected by a password.".into()),
                findings: vec![],
                fix_by: date("2025-07-18"),
                rows_fine: None,
            },
        ],
        Kind::AnswerHeld => vec![Letter::AnswerHeld {
            due: due(),
            arrived_at: at("2025-07-14T15:50:00Z"),
            reason: "It has 60 % fewer rows than the file before.".into(),
        }],
        Kind::AnswerDuplicate => {
            vec![Letter::AnswerDuplicate { due: due(), first_at: at("2025-07-10T08:12:00Z") }]
        }
        Kind::AnswerRestated => vec![Letter::AnswerRestated {
            judged: judged(vec![query("interviews held fell while episodes rose. Is that right, and why?")]),
            replaced_at: at("2025-07-10T08:12:00Z"),
        }],
        Kind::AnswerNil => {
            vec![Letter::AnswerNil { due: due(), reason: "No child was missing in the quarter.".into() }]
        }
        Kind::Pack => vec![
            Letter::Pack {
                title: "How safe are children here?".into(),
                period: period(),
                edition: 1,
                meeting: Some(date("2025-08-05")),
                data_as_at: date("2025-07-25"),
                gaps: vec!["Children missing from home and care: Exampleshire Police".into()],
            },
            Letter::Pack {
                title: "How safe are children here?".into(),
                period: period(),
                edition: 2,
                meeting: None,
                data_as_at: date("2025-07-28"),
                gaps: vec![],
            },
        ],
        Kind::Alarm => vec![Letter::Alarm {
            what: "The mail relay refuses our sign-in".into(),
            why: vec!["535 5.7.3 Authentication unsuccessful".into()],
            since: at("2025-07-14T15:50:00Z"),
            next_step: "Renew the password in /etc/quarterday/password; 12 messages wait and leave by themselves."
                .into(),
        }],
    }
}

fn due() -> Due {
    Due {
        name: "Missing children return".into(),
        title: "Children missing from home and care".into(),
        agency: "Exampleshire Police".into(),
        period: period(),
        due_at: at("2025-07-14T16:00:00Z"),
    }
}

fn escalation(silent: bool) -> Escalation {
    let told = |what: &str, on: &str, accepted| Told { what: what.into(), on: at(on), accepted };
    Escalation {
        due: due(),
        corrected_by: (!silent).then(|| date("2025-07-17")),
        lead: "Sam Patel".into(),
        told: vec![
            told("notice", "2025-07-01T09:00:00Z", true),
            told("reminder", "2025-07-07T09:00:00Z", silent),
            told("due", "2025-07-14T09:00:00Z", true),
            told("overdue", "2025-07-16T09:00:00Z", true),
        ],
        silent,
    }
}

fn judged(queries: Vec<FindingRow>) -> Judged {
    let total = |label: &str, value: &str, before: &str| Total {
        label: label.into(),
        value: value.into(),
        before: Some(before.into()),
    };
    Judged {
        due: due(),
        arrived_at: at("2025-07-14T15:50:00Z"),
        read: Read::Totals(vec![
            total("missing from home", "41", "38"),
            total("missing from care", "17", "22"),
            total("interviews held", "49", "51"),
            Total { label: "within 72 hours".into(), value: "40".into(), before: None },
        ]),
        ignored_sheets: vec!["Notes".into()],
        answer_by: (!queries.is_empty()).then(|| date("2025-07-28")),
        queries,
    }
}

fn query(says: &str) -> FindingRow {
    FindingRow { severity: Severity::Query, ..finding(None, None, says) }
}

fn finding(letter: Option<&str>, row: Option<u32>, says: &str) -> FindingRow {
    FindingRow {
        severity: Severity::Error,
        table: "missing_children".into(),
        sheet: row.map(|_| "Return".into()),
        heading: None,
        letter: letter.map(Into::into),
        row,
        rule: "example".into(),
        says: says.into(),
    }
}

fn period() -> Period {
    Period::Quarter { year: 2025, quarter: 1 }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn date(text: &str) -> Date {
    text.parse().unwrap_or(Date::ZERO)
}
