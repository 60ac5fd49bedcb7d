//! Invented facts of the messages about packs.

use super::{
    Kind, Letter, SentBack, ToSign,
    examples::{at, date, period},
};

/// The messages of one of the kinds that are about packs.
pub(super) fn packs(kind: Kind) -> Vec<Letter> {
    match kind {
        Kind::Draft => vec![
            Letter::Draft(to_sign()),
            Letter::Draft(ToSign { page: None, gaps: Vec::new(), ..to_sign() }),
            Letter::Draft(ToSign { to_manager: true, page: None, ..to_sign() }),
        ],
        Kind::SignOff => vec![
            Letter::SignOff(to_sign()),
            Letter::SignOff(ToSign {
                instead: true,
                command: "quarterday approve board 2025-26-Q1 --as vice-chair --because \"…\"".into(),
                ..to_sign()
            }),
        ],
        Kind::SentBack => vec![Letter::SentBack(SentBack {
            title: "Quarterly pack".into(),
            period: period(),
            meeting: date("2025-08-12"),
            by: "Dr Ruth Adeyemi (chair)".into(),
            says: "Please ask the voluntary sector why interviews fell before this goes out.".into(),
            command: "quarterday pack draft board 2025-26-Q1".into(),
        })],
        _ => vec![
            Letter::Pack {
                title: "How safe are children here?".into(),
                period: period(),
                edition: 1,
                meeting: Some(date("2025-08-05")),
                data_as_at: date("2025-07-25"),
                gaps: vec!["Children missing from home and care: Exampleshire Police".into()],
                approval: Some("Signed off by Dr Ruth Adeyemi (chair), 24 July 2025.".into()),
            },
            Letter::Pack {
                title: "How safe are children here?".into(),
                period: period(),
                edition: 2,
                meeting: None,
                data_as_at: date("2025-07-28"),
                gaps: vec![],
                approval: None,
            },
        ],
    }
}

fn to_sign() -> ToSign {
    ToSign {
        title: "Quarterly pack".into(),
        period: period(),
        meeting: date("2025-08-12"),
        sign_by: date("2025-07-31"),
        circulated_at: at("2025-08-04T11:00:00Z"),
        gaps: vec!["Return interviews from Voluntary sector: not received, 11 days late".into()],
        chair: "Dr Ruth Adeyemi".into(),
        to_manager: false,
        instead: false,
        page: Some("/sign-off/c2lnbi1vZmY.nV8q".into()),
        command: "quarterday approve board 2025-26-Q1 --because \"…\"".into(),
    }
}
