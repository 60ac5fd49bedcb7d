//! Invented facts of what the watch tells.

use super::{
    Away, Counted, Digest, Letter, Over, Tried, Watched, Wrong,
    examples::{at, date},
};

/// Something wrong, and two things at once with another that is over; and the end of one alone.
pub(super) fn watched() -> Vec<Letter> {
    let watched = |began: Vec<Wrong>, over| Letter::Watch(Watched { began, over });
    vec![
        watched(vec![mailbox()], vec![]),
        watched(vec![agreement(), mailbox()], vec![relay()]),
        watched(vec![], vec![relay()]),
    ]
}

/// A quiet week, and one in which much went wrong.
pub(super) fn digests() -> Vec<Letter> {
    let quiet = Digest {
        from: at("2025-07-07T08:00:00Z"),
        until: at("2025-07-14T08:00:00Z"),
        away: None,
        missed: vec![],
        wrong: vec![],
        over: vec![],
        waiting: vec![],
        done: Counted { files: 3, accepted: 2, not_accepted: 1, letters: 1, chased: 9, sent: 14, ..Counted::default() },
        next: vec!["Monday 14 July: Missing children of Exampleshire Police, April to June 2025 (Q1), is due".into()],
        sources: vec![
            "Care applications of CAFCASS: last answered 14 July 2025, 07:00, last file 2 July 2025, 10:10".into(),
        ],
        room: vec![
            "81,302 MB are free on the disk of the data folder".into(),
            "kept: ledger.sqlite 4 MB, landing 120 MB, warehouse 96 MB, editions 12 MB".into(),
        ],
        events: 1294,
        chain: "7d5f0e1b".repeat(8),
    };
    let after_an_outage = Digest {
        until: at("2025-07-29T10:10:00Z"),
        away: Some(Away {
            from: at("2025-07-11T10:00:00Z"),
            until: at("2025-07-29T10:00:00Z"),
            caught_up: Counted { files: 2, accepted: 2, chased: 4, sent: 6, ..Counted::default() },
        }),
        missed: vec![date("2025-07-14"), date("2025-07-21"), date("2025-07-28")],
        wrong: vec![agreement()],
        over: vec![relay()],
        waiting: vec!["message 7 of the mailbox is held since Thursday 10 July (`quarterday held`)".into()],
        done: Counted {
            files: 5,
            accepted: 3,
            held: 1,
            nil: 1,
            incidents: 1,
            packs: 1,
            failures: vec!["refreshing the figures".into()],
            ..Counted::default()
        },
        next: vec![],
        ..quiet.clone()
    };
    vec![Letter::Digest(Box::new(quiet)), Letter::Digest(Box::new(after_an_outage))]
}

/// A test.
pub(super) fn tried() -> Vec<Letter> {
    vec![Letter::Test(Tried { at: at("2025-07-14T15:50:00Z"), by: "priya".into() })]
}

fn mailbox() -> Wrong {
    Wrong {
        what: "The mailbox cannot be read".into(),
        why: "imap.board.example refuses the sign-in as returns@board.example (AUTHENTICATIONFAILED)".into(),
        since: Some(at("2025-07-14T15:50:00Z")),
        next_step: "nothing is lost, letters wait in the mailbox; `quarterday status` says when it is tried again"
            .into(),
    }
}

fn agreement() -> Wrong {
    Wrong {
        what: "The partnership's information sharing agreement is to be reviewed by 12 October 2025".into(),
        why: "Missing children rests on it. When it lapses nothing more is fetched under it".into(),
        since: None,
        next_step: "review it with those who signed it, and write the new day in pipelines/<return>/return.toml".into(),
    }
}

fn relay() -> Over {
    Over { what: "Mail cannot leave".into(), since: at("2025-07-12T09:00:00Z"), until: at("2025-07-12T13:20:00Z") }
}
