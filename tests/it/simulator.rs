//! Ten years of a board, two hundred times: the shipped timetable, ladder, ledger and outbox in a world in which agencies
//! forget, relays lose receipts, clocks go wrong and the power is cut between any two transactions.
//!
//! `SEED=7 cargo test --test it simulator::ten_years` lives through one story again; `YEARS` makes it shorter.

mod chance;
mod daemon;
mod days;
mod engine;
mod history;
mod promises;
mod relay;
mod world;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use days::Days;
use engine::Engine;
use history::{Expected, Fate, History, LADDER, Lapse, Outage, Recorded, Try};
use jiff::{Timestamp, civil::date};
use promises::PROMISES;
use quarterday::{ledger::State, mail::Memory};

const SEEDS: u64 = 200;
const YEARS: i16 = 10;

fn asked<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn ten_years_of_two_hundred_seeds_keep_every_promise() {
    let years = asked("YEARS").unwrap_or(YEARS);
    let (first, last) = match asked("SEED") {
        Some(seed) => (seed, seed),
        None => (1, asked("SEEDS").unwrap_or(SEEDS)),
    };
    let (began, next) = (Instant::now(), AtomicU64::new(first));
    let broken: Vec<String> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut engine, mut broken) = (Engine::new(), Vec::new());
                    loop {
                        let seed = next.fetch_add(1, Ordering::SeqCst);
                        if seed > last {
                            return broken;
                        }
                        let history = world::live(&mut engine, seed, years);
                        broken.extend(world::broken(&history));
                        if first == last {
                            println!("{}", history.story.join("\n"));
                        }
                    }
                })
            })
            .collect();
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    println!("{} stories of {years} years in {:?}", last - first + 1, began.elapsed());
    assert!(broken.is_empty(), "{} promises were broken:\n{}", broken.len(), broken.join("\n\n"));
}

/// What reached people when every agency kept silent for a quarter, and whether the power was cut; after so many writes of
/// each tick, if at all.
fn silent_quarter(engine: &mut Engine, cut: Option<u32>) -> (Vec<String>, bool) {
    let memory = Memory::default();
    engine.begin("2025-06-30T09:00:00Z".parse().unwrap(), &Days::of(2024..=2026, false), memory.clone());
    let mut was_cut = false;
    for day in ["06-30", "07-01", "07-07", "07-14", "07-16", "07-18", "07-21"] {
        engine.app.clock.set(format!("2025-{day}T09:00:00Z").parse().unwrap());
        if engine.tick(false, cut).is_none() {
            was_cut = true;
            engine.restart();
        }
        while engine.tick(false, None).unwrap() {}
    }
    let mut reached: Vec<String> = Vec::new();
    for posted in memory.posted() {
        // A second copy, where the relay's word was lost.
        if !reached.contains(&posted.key) {
            reached.push(posted.key);
        }
    }
    (reached, was_cut)
}

#[test]
fn a_power_cut_between_any_two_writes_changes_nothing_of_what_people_get() {
    let mut engine = Engine::new();
    let (whole, _) = silent_quarter(&mut engine, None);
    assert_eq!(whole.len(), 6, "{whole:?}");
    let mut boundaries = 0;
    while let (reached, true) = silent_quarter(&mut engine, Some(boundaries)) {
        assert_eq!(reached, whole, "cut after {boundaries} writes of each tick");
        boundaries += 1;
    }
    assert!(boundaries >= 4, "{boundaries}");
}

const OBLIGATION: &str = "care-applications/cafcass/2025-26-Q1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A story by hand in which everything is as it should be: one silent agency, chased to the end, and one that delivered.
fn as_it_should_be() -> History {
    let days = ["07-01", "07-07", "07-14", "07-16", "07-18", "07-21", "07-25", "07-28", "08-01", "08-04"];
    let mut ledger = Recorded::default();
    let mut tries = Vec::new();
    for (rung, day) in LADDER.iter().zip(days) {
        let recipient = match rung.split('-').next() {
            Some("preview") => "manager@board.example",
            Some("escalation") => "above@cafcass.example",
            _ => "lead@cafcass.example",
        };
        let (at, key) = (at(&format!("2025-{day}T09:00:00Z")), format!("chase/{OBLIGATION}/{rung}/{recipient}"));
        ledger.told.push((at, OBLIGATION.into(), (*rung).into()));
        ledger.settled.push((at, key.clone(), "sent".into()));
        ledger.keys.insert(key.clone());
        tries.push(Try {
            at,
            about: Try::about(&key),
            id: format!("Message-ID: <{rung}@board.example>"),
            key,
            recipient: recipient.into(),
            fate: Fate::Taken,
            delivered: false,
            held: false,
        });
    }
    let expected = |period: &str, end, due_at: &str| Expected {
        obligation: OBLIGATION.replace("2025-26-Q1", period),
        end,
        due_at: at(due_at),
    };
    let expected = vec![
        expected("2025-26-Q1", date(2025, 6, 30), "2025-07-14T16:00:00Z"),
        expected("2025-26-Q2", date(2025, 9, 30), "2025-10-14T16:00:00Z"),
    ];
    ledger.opened = expected.iter().map(|expected| (expected.obligation.clone(), expected.due_at)).collect();
    ledger.states.insert(expected[0].obligation.clone(), (State::Open, false));
    ledger.states.insert(expected[1].obligation.clone(), (State::Accepted, false));
    let days = Days::of(2024..=2026, false);
    let (outages, lapses, left, story) = Default::default();
    History { seed: 0, days, expected, tries, outages, lapses, left, ledger, story }
}

#[test]
fn each_promise_is_seen_to_be_broken_where_it_is() {
    type Fault = (&'static str, fn(&mut History));
    let faults: &[Fault] = &[
        ("each obligation is opened once", |h| h.ledger.opened.push(h.ledger.opened[0].clone())),
        ("each obligation is opened once", |h| drop(h.ledger.opened.pop())),
        ("each obligation is opened once", |h| h.ledger.opened[0].1 = at("2025-07-11T16:00:00Z")),
        ("each rung that is due", |h| h.ledger.skipped.push(h.ledger.told[2].clone())),
        ("each rung that is due", |h| h.left.push("nudge was due".into())),
        ("each message has exactly one outcome", |h| h.ledger.waiting.push("chase".into())),
        ("each message has exactly one outcome", |h| h.ledger.settled.push(h.ledger.settled[0].clone())),
        ("each message has exactly one outcome", |h| drop(h.ledger.settled.pop())),
        ("one message per obligation", |h| h.tries.push(h.tries[1].clone())),
        ("one message per obligation", |h| {
            let other = h.tries[1].key.replace("/nudge/", "/nudge/again-");
            h.tries.push(Try { key: other, ..h.tries[1].clone() });
        }),
        ("a further copy leaves only", |h| {
            h.tries[1].fate = Fate::ReceiptLost;
            h.tries.push(Try { id: "Message-ID: <other@board.example>".into(), ..h.tries[1].clone() });
        }),
        ("nobody who has delivered", |h| h.tries[3].delivered = true),
        ("rungs are told in their order", |h| h.ledger.told.swap(1, 3)),
        ("rungs are told in their order", |h| h.ledger.told[2].0 = at("2025-07-07T11:00:00Z")),
        ("nothing goes above a lead", |h| h.tries[..4].iter_mut().for_each(|one| one.fate = Fate::NotTaken)),
        ("nothing goes above a lead", |h| {
            h.tries[..3].iter_mut().for_each(|one| one.fate = Fate::NotTaken);
            h.tries[3].at = at("2025-07-17T09:00:00Z");
        }),
        ("nothing goes above a lead", |h| {
            let back = h.tries[..4].iter().map(|one| (one.at, one.key.clone()));
            h.ledger.bounced.extend(back);
        }),
        ("the manager sees an escalation", |h| h.ledger.told[4].0 = at("2025-07-21T08:00:00Z")),
        ("the manager sees an escalation", |h| drop(h.ledger.told.remove(4))),
        ("who stays silent is escalated", |h| h.ledger.told.truncate(5)),
        ("at most one reminder", |h| h.tries[1].at = at("2025-07-14T08:30:00Z")),
        ("after an outage the chase resumes", |h| {
            h.outages.push(Outage { from: at("2025-07-10T09:00:00Z"), to: at("2025-07-18T08:59:00Z") });
        }),
        ("there is no stampede", |h| {
            h.outages.push(Outage { from: at("2025-07-02T09:00:00Z"), to: at("2025-07-16T08:59:00Z") });
            h.tries[2].at = at("2025-07-16T09:00:00Z");
        }),
        ("the chase speaks on working days", |h| h.ledger.told[1].0 = at("2025-07-06T09:00:00Z")),
        ("the chase speaks on working days", |h| h.ledger.told[1].0 = at("2025-07-07T02:00:00Z")),
        ("nobody is asked for what is no longer", |h| {
            let (from, to) = (at("2025-07-10T23:00:00Z"), at("2025-07-15T23:00:00Z"));
            h.lapses.push(Lapse { return_id: "care-applications".into(), from, to });
        }),
        ("nothing leaves while the daemon holds", |h| h.tries[0].held = true),
        ("nothing failed", |h| h.ledger.failed.push("chasing".into())),
        ("nothing failed", |h| h.ledger.wrong.push("the chain is broken".into())),
    ];
    let good = as_it_should_be();
    assert_eq!(world::broken(&good), [""; 0]);
    let mut shown = std::collections::BTreeSet::new();
    for (begins, fault) in faults {
        let (name, promise) = PROMISES.iter().find(|(name, _)| name.starts_with(begins)).unwrap();
        let mut bad = good.clone();
        fault(&mut bad);
        assert!(promise(&bad).is_err(), "a story that breaks it passes: {name}");
        shown.insert(*name);
    }
    for (name, _) in PROMISES {
        assert!(shown.contains(name), "nothing shows that it can fail: {name}");
    }
}
