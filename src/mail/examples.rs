//! Invented facts of every kind, so that `validate` and the tests can try each template before a message is owed.

use jiff::{Timestamp, civil::Date};

use super::{
    Agreement, Board, Changed, Contact, Due, Escalation, Facts, Judged, Kind, Letter, Marked, Next, Noted, Person,
    Read, Sealed, Told, Total, Unused, Wait, Ways, Written,
    example_answers::{by_row, judged, rows},
    example_arranged::{anything_since, arranged, commentary, documents},
    example_findings::{finding, many_mistakes, notes, query, two_mistakes},
    example_packs::packs,
    example_together::together,
    example_watch, report, things,
};
use crate::{domain::Period, ledger::FindingRow};

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
    let replies =
        || Ways { workbook: true, reply: true, upload: Some("/upload/missing-children".into()), ..Ways::default() };
    let folder = || Ways { csv: true, place: Some("the shared folder Safeguarding returns".into()), ..Ways::default() };
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
                workbook: true,
                csv: false,
            },
            Letter::Overdue {
                due: due(),
                corrected_by: Some(date("2025-07-17")),
                next: None,
                workbook: false,
                csv: true,
            },
        ],
        Kind::Arranged | Kind::Contact => arranged(kind, due()),
        Kind::Commentary | Kind::AnswerCommentary => commentary(kind, due()),
        Kind::AnythingSince => anything_since(due()),
        Kind::AnswerDocument | Kind::Document => documents(kind, due()),
        Kind::Members => vec![
            Letter::Members {
                due: due(),
                members: 44,
                present: 41,
                missing: vec!["Hob Moor Primary".into(), "Clifton Green".into(), "Fulford School".into()],
                more: 0,
                ways: replies(),
            },
            Letter::Members {
                due: due(),
                members: 44,
                present: 1,
                missing: (1..=4).map(|n| format!("School {n}")).collect(),
                more: 39,
                ways: folder(),
            },
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
            Letter::AnswerAccepted(Judged {
                read: Read::ChildLevel,
                rows: rows(1_204, 1_204),
                ignored_sheets: vec![],
                ignored_columns: vec!["H".into(), "K".into()],
                ..judged(vec![])
            }),
            Letter::AnswerAccepted(Judged { rows: rows(38, 36), notes: things(&notes()[..1]), ..judged(vec![]) }),
            Letter::AnswerAccepted(by_row()),
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
                refused: None,
                things: things(&two_mistakes()),
                notes: things(&notes()),
                places: 2,
                marked: Marked::Attached,
                rows: rows(5, 0),
                fix_by: date("2025-07-17"),
                rows_fine: Some(3),
                fetched: false,
            },
            Letter::AnswerNotAccepted {
                due: due(),
                arrived_at: at("2025-07-14T15:50:00Z"),
                unreadable: None,
                refused: None,
                things: things(&many_mistakes()),
                notes: vec![],
                places: 13,
                marked: Marked::TooLarge,
                rows: rows(1_204, 0),
                fix_by: date("2025-07-17"),
                rows_fine: Some(1_191),
                fetched: true,
            },
            Letter::AnswerNotAccepted {
                due: due(),
                arrived_at: at("2025-07-15T08:05:00Z"),
                unreadable: Some("The workbook is protected by a password.".into()),
                refused: None,
                things: vec![],
                notes: vec![],
                places: 0,
                marked: Marked::No,
                rows: rows(0, 0),
                fix_by: date("2025-07-18"),
                rows_fine: None,
                fetched: false,
            },
            Letter::AnswerNotAccepted {
                due: due(),
                arrived_at: at("2025-07-14T15:50:00Z"),
                unreadable: None,
                refused: Some("two wards are missing".into()),
                things: vec![],
                notes: vec![],
                places: 0,
                marked: Marked::No,
                rows: rows(20, 0),
                fix_by: date("2025-07-17"),
                rows_fine: None,
                fetched: false,
            },
        ],
        Kind::AnswerHeld => vec![
            Letter::AnswerHeld {
                due: due(),
                arrived_at: at("2025-07-14T15:50:00Z"),
                reason: "a large drop is being checked: the file has 20 rows, the last one had 64".into(),
                rows: rows(20, 0),
            },
            Letter::AnswerHeld {
                due: due(),
                arrived_at: at("2025-07-15T15:50:00Z"),
                reason: "the sender is not known here".into(),
                rows: rows(1, 0),
            },
        ],
        Kind::AnswerDuplicate => {
            vec![Letter::AnswerDuplicate { due: due(), first_at: at("2025-07-10T08:12:00Z") }]
        }
        Kind::AnswerRestated => vec![Letter::AnswerRestated {
            judged: Judged {
                read: Read::Totals(vec![Total {
                    label: "missing from home".into(),
                    value: "41, and some cells without a number (c)".into(),
                    before: Some("40".into()),
                    last: Some("38".into()),
                }]),
                notes: things(&notes()),
                ..judged(vec![query("interviews held fell while episodes rose. Is that right, and why?")])
            },
            replaced_at: at("2025-07-10T08:12:00Z"),
        }],
        Kind::AnswerNil => {
            vec![Letter::AnswerNil { due: due(), reason: "No child was missing in the quarter.".into() }]
        }
        Kind::Restated => vec![
            Letter::Restated {
                due: due(),
                before: 12,
                replaced_at: at("2025-07-10T08:12:00Z"),
                after: 19,
                arrived_at: at("2025-07-14T15:50:00Z"),
                tables: vec![Changed {
                    table: "Return".into(),
                    rows_before: 3,
                    rows_after: 4,
                    says: "1 added, 0 removed, 2 changed (episodes in two rows)".into(),
                }],
                totals: vec!["episodes: 87 before, 94 now".into()],
                figures: vec!["board edition 2: return-interviews-in-time, 2025-26-Q1: 78.4 printed, 76.6 now".into()],
                exceptions: vec!["board edition 2: Return interviews held no longer stands out".into()],
            },
            Letter::Restated {
                due: due(),
                before: 12,
                replaced_at: at("2025-07-10T08:12:00Z"),
                after: 19,
                arrived_at: at("2025-07-14T15:50:00Z"),
                tables: vec![Changed {
                    table: "returns.episodes".into(),
                    rows_before: 1_204,
                    rows_after: 1_204,
                    says: "0 added, 0 removed, 0 changed".into(),
                }],
                totals: vec![],
                figures: vec![],
                exceptions: vec![],
            },
        ],
        Kind::PostHeld => vec![
            Letter::PostHeld {
                arrived_at: at("2025-07-14T15:50:00Z"),
                reason: "We do not know this address yet.".into(),
                things: vec![],
            },
            Letter::PostHeld {
                arrived_at: at("2025-07-14T15:50:00Z"),
                reason: "It does not say which return q1.csv is.".into(),
                things: vec![Unused { name: "letter.pdf".into(), why: "It is no kind of file that we take.".into() }],
            },
        ],
        Kind::PostPassedOn => vec![
            passed_on(&[Some(Wait::Later)]),
            passed_on(&[Some(Wait::LeftOut)]),
            passed_on(&[Some(Wait::Later), Some(Wait::LeftOut), None]),
            passed_on(&[]),
        ],
        Kind::PostNotTaken => vec![Letter::PostNotTaken {
            arrived_at: at("2025-07-14T15:50:00Z"),
            things: vec![
                Unused {
                    name: "message.rpmsg".into(),
                    why:
                        "It is protected by Microsoft, and only a person it was protected for can open it. Please send \
                          it again without Encrypt."
                            .into(),
                },
                Unused { name: "letter.pdf".into(), why: "It is no kind of file that we take.".into() },
            ],
            taken: Some("CSV and Excel files".into()),
            words: true,
        }],
        Kind::Pack | Kind::Draft | Kind::SignOff | Kind::SentBack => packs(kind),
        Kind::Narrative => vec![Letter::Narrative {
            due: due(),
            submission: 12,
            arrived_at: at("2025-07-14T15:50:00Z"),
            words: vec![
                Written {
                    about: "What changed most, and why".into(),
                    says: "More interviews were held since the new provider began in May.".into(),
                },
                Written { about: "What the board should know".into(), says: "Nothing else.".into() },
            ],
        }],
        Kind::IncidentSender => vec![
            Letter::IncidentSender { sealed: sealed(false), fix_by: date("2025-07-17") },
            Letter::IncidentSender { sealed: sealed(true), fix_by: date("2025-07-17") },
        ],
        Kind::IncidentManager => vec![
            Letter::IncidentManager {
                sealed: sealed(false),
                custodian: Some("Ruth Caldwell".into()),
                told: vec!["sam.patel@police.exampleshire.example".into(), "clerk@police.exampleshire.example".into()],
            },
            Letter::IncidentManager { sealed: sealed(true), custodian: None, told: vec![] },
        ],
        Kind::AgencyReport => report::examples(),
        Kind::Alarm => vec![Letter::Alarm {
            what: "The mail relay refuses our sign-in".into(),
            why: vec!["535 5.7.3 Authentication unsuccessful".into()],
            since: at("2025-07-14T15:50:00Z"),
            next_step: "Renew the password in /etc/quarterday/password; 12 messages wait and leave by themselves."
                .into(),
        }],
        Kind::Together => together(),
        Kind::Watch => example_watch::watched(),
        Kind::Digest => example_watch::digests(),
        Kind::Test => example_watch::tried(),
    }
}

fn passed_on(waits: &[Option<Wait>]) -> Letter {
    let noted = waits.iter().map(|wait| Noted { due: due(), wait: *wait }).collect();
    Letter::PostPassedOn { arrived_at: at("2025-07-14T15:50:00Z"), noted }
}

pub(super) fn due() -> Due {
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

fn sealed(again: bool) -> Sealed {
    let found = |letter, row, says| finding(Some(letter), Some(row), says);
    Sealed {
        due: due(),
        arrived_at: at("2025-07-14T15:50:00Z"),
        incident: 3,
        what: vec!["NHS numbers".into(), "people's names".into()],
        findings: things(&[
            found("C", 5, "41 cells of this column hold what look like NHS numbers, the first one here."),
            FindingRow {
                sheet: None,
                ..found(
                    "B",
                    2,
                    "this cell holds what looks like a person's name. It is sheet 3 of the workbook (it is hidden).",
                )
            },
        ]),
        lies: vec![
            "the shared folder drop/police, as missing children Q1.xlsx; it is not deleted there for you".into(),
            "the copies where it was made: the case system's export, a download folder, a shared drive".into(),
        ],
        destroyed_on: date("2025-08-13"),
        destroyed: false,
        again,
    }
}

pub(super) fn period() -> Period {
    Period::Quarter { year: 2025, quarter: 1 }
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn date(text: &str) -> Date {
    text.parse().unwrap_or(Date::ZERO)
}
