//! The same promises of the real daemon: real files, the real warehouse, `kill -9` at instants of which nobody was asked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use quarterday::{
    daemon::Command,
    ledger::{Event, Obligation, RecordedEvent, State},
};

use super::{
    chance::Chance,
    days::{Days, at},
    history::{Expected, Fate, History, Recorded, Try},
    world,
};
use crate::support::{TestBoard, TestDaemon};

/// The quarters of the year, each with the day on which its file is dropped; the last never comes.
const QUARTERS: [(&str, &str, Option<&str>); 4] = [
    ("2025-26-Q1", "2025-06-30", Some("2025-07-08")),
    ("2025-26-Q2", "2025-09-30", Some("2025-10-20")),
    ("2025-26-Q3", "2025-12-31", Some("2026-01-15")),
    ("2025-26-Q4", "2026-03-31", None),
];

/// One that delivers, on time, late and never, and one that keeps silent.
const RETURNS: [(&str, &str); 2] = [("prevent-referrals", "probation"), ("care-applications", "cafcass")];

#[tokio::test]
async fn a_year_of_the_real_daemon_killed_again_and_again_keeps_every_promise() {
    for seed in 1..=4 {
        let history = year(seed).await;
        let broken = world::broken(&history);
        assert!(broken.is_empty(), "{}", broken.join("\n\n"));
        let delivered = |key: &str| history.ledger.states[key].0 == State::Accepted;
        assert!(delivered("prevent-referrals/probation/2025-26-Q3"), "{:?}", history.ledger.states);
        assert!(!history.tries.is_empty() && history.story.len() > 3, "{:?}", history.story);
    }
}

/// A daemon that may be dead, the board it serves, and what time it was.
struct Life {
    chance: Chance,
    board: Option<TestBoard>,
    daemon: Option<TestDaemon>,
    at: Timestamp,
    deaths: Vec<String>,
}

impl Life {
    /// Starts the daemon if it is dead; it will kill itself, as `kill -9` does, before some write.
    async fn live(&mut self) -> &TestDaemon {
        if let Some(mut board) = self.board.take() {
            let left = self.chance.between(10, 30);
            board.set("FAILPOINTS", Some(&format!("ledger-before-write={left}*off->return")));
            self.daemon = Some(board.start(&self.at.to_string()));
        }
        self.daemon.as_ref().unwrap()
    }

    async fn advance(&mut self, to: Timestamp) {
        while self.at < to {
            if self.live().await.order(Command::Advance { to }).await.is_ok() {
                self.at = to;
                return;
            }
            let board = self.daemon.take().unwrap().wait_for_death();
            // The machine's clock has gone on to what was recorded last.
            let last = board.ledger().read(|txn| txn.last_event_at()).await.unwrap();
            self.at = last.unwrap_or(self.at).max(self.at);
            self.deaths.push(format!("{}: killed", self.at));
            self.board = Some(board);
        }
    }
}

async fn year(seed: u64) -> History {
    let board = TestBoard::with_returns(&RETURNS.map(|(id, _)| id));
    board.set_source("care-applications", "kind = \"by-hand\"");
    let sample = board.read("pipelines/prevent-referrals/samples/accepted-2025-26-Q1.csv");
    let (begin, end) = (at("2025-06-30".parse().unwrap(), 9, 0), at("2026-06-25".parse().unwrap(), 9, 0));
    let mut life = Life { chance: Chance::of(seed), board: Some(board), daemon: None, at: begin, deaths: Vec::new() };
    for (period, _, dropped) in QUARTERS {
        let Some(day) = dropped else { continue };
        life.advance(at(day.parse().unwrap(), 11, 0)).await;
        let board = life.daemon.as_ref().map_or_else(|| life.board.as_ref(), |daemon| Some(&daemon.board)).unwrap();
        board.drop_file("probation", &format!("prevent-referrals-{period}.csv"), sample.replace("2025-26-Q1", period));
    }
    life.advance(end).await;
    let daemon = life.daemon.take();
    let board = match daemon {
        // Once more, from outside and at no chosen place.
        Some(daemon) => daemon.restart(&end.to_string()).terminate().1,
        None => life.board.take().unwrap(),
    };
    history(seed, &board, life.deaths).await
}

async fn history(seed: u64, board: &TestBoard, story: Vec<String>) -> History {
    let days = Days::of(2024..=2027, false);
    let mut expected = Vec::new();
    for (return_id, agency) in RETURNS {
        for (period, end, _) in QUARTERS {
            let end = end.parse().unwrap();
            let due_at = at(days.after(end, 10), 17, 0);
            expected.push(Expected { obligation: format!("{return_id}/{agency}/{period}"), end, due_at });
        }
    }
    let ledger = board.ledger();
    let (events, rows) = ledger.read(|txn| Ok((txn.all_events()?, txn.messages()?))).await.unwrap();
    let mails: Vec<String> = std::fs::read_dir(board.path("data/mail"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let mut tries = Vec::new();
    let mut before: BTreeMap<String, Vec<RecordedEvent>> = BTreeMap::new();
    for recorded in events {
        let of_subject = before.entry(recorded.subject.clone()).or_default();
        if let Event::MessageSettled { key, outcome, .. } = &recorded.event
            && outcome == "written"
        {
            let row = rows.iter().find(|row| row.key == *key).unwrap();
            let state = Obligation::fold(of_subject).map(|obligation| obligation.state);
            let id = quarterday::mail::message_id(key, "");
            let local = id.trim_start_matches('<').split('@').next().unwrap().to_owned();
            assert_eq!(mails.iter().filter(|mail| mail.contains(&local)).count(), 1, "{key} is one file");
            tries.push(Try {
                at: recorded.at,
                about: Try::about(key),
                key: key.clone(),
                recipient: row.recipient.clone(),
                fate: Fate::Taken,
                id: local,
                delivered: Try::about(key).is_some() && !matches!(state, Some(State::Open | State::ToCorrect)),
                held: false,
            });
        }
        of_subject.push(recorded);
    }
    assert_eq!(mails.len(), tries.len(), "every file of the mail folder has its outcome in the ledger");
    let ledger = ledger.read(Recorded::of).await.unwrap();
    let (outages, lapses, left) = Default::default();
    History { seed, days, expected, tries, outages, lapses, left, ledger, story }
}
