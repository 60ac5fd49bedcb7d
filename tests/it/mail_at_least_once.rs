//! Nothing is lost and nothing doubled without need: days without a relay, thousands of messages, and real kills.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::ToSpan;
use quarterday::{
    ledger::{Ledger, OutboxRow, OutboxState},
    mail::{Kind, Mailroom, Relay as RelaySettings, Templates, Tls as TlsSetting, Way, example},
};

use crate::support::{
    office::{Office, QUICK, settings},
    smtp::{Act, Relay, Tls, Verb},
};

#[tokio::test]
async fn a_relay_that_is_down_for_three_days_costs_nothing_but_time() {
    let answers = Arc::new(AtomicBool::new(false));
    let answering = answers.clone();
    let relay = Relay::start(Tls::Never, move |verb, _| {
        if verb == Verb::Greeting && !answering.load(Ordering::SeqCst) { Act::Drop } else { Act::Go }
    })
    .await;
    let mut office = Office::new().await;
    for n in 0..100 {
        office.enqueue(&format!("answer/{n}"), Kind::AnswerNil, "sam@police.example").await;
    }
    let mailroom = office.mailroom(&relay);
    let back = office.now + 72.hours();
    while office.now < back {
        assert_eq!(office.pump(&mailroom).await.sent, 0);
        office.now += 5.minutes();
    }
    assert!(relay.connections() < 3 * 24 * 4 + 10, "{} connections", relay.connections());
    answers.store(true, Ordering::SeqCst);
    office.pump_until_settled(&mailroom, 10).await;
    assert!(office.now < back + 16.minutes(), "it is noticed soon: {}", office.now);
    assert_eq!(relay.kept().len(), 100);
    assert!(relay.kept().iter().all(|kept| kept.header("X-Quarterday-Attempt").is_none()));
}

/// A small generator, so that a failing seed can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

#[tokio::test]
async fn of_thousands_of_messages_none_is_lost_and_none_doubled_but_by_a_lost_receipt() {
    const MESSAGES: usize = 2000;
    let dice = Mutex::new(Dice(0x5EED_0714));
    let relay = Relay::start(Tls::Never, move |verb, _| match (dice.lock().unwrap().roll(900), verb) {
        (0..=2, Verb::Dot) => Act::KeepAndDrop,
        (3, Verb::Dot) => Act::KeepAndStall,
        (0..=5, _) => Act::Drop,
        (6, _) => Act::Stall,
        (7..=11, _) => Act::Say("421 4.3.2 going down"),
        (12..=20, Verb::Mail | Verb::Rcpt | Verb::Data | Verb::Dot) => Act::Say("451 4.3.0 try later"),
        _ => Act::Go,
    })
    .await;
    let mut office = Office::new().await;
    let message = Templates::shipped().unwrap().render(&example(Kind::AnswerNil)[0]).unwrap();
    let message = serde_json::to_value(message).unwrap();
    let rows: Vec<OutboxRow> = (0..MESSAGES)
        .map(|n| {
            let (key, to) = (format!("answer/{n}"), format!("p{n}@police.example"));
            // Each speaks of something else, as it would: nothing of one obligation is folded three thousand times.
            OutboxRow { obligation: None, ..office.row(&key, Kind::AnswerNil, message.clone(), &to) }
        })
        .collect();
    office.ledger.write(move |txn| rows.iter().try_for_each(|row| txn.enqueue(row).map(drop))).await.unwrap();

    let mailroom = office.mailroom(&relay);
    let mut dice = Dice(0xD1CE);
    let mut kills = 0;
    loop {
        // Now and then the daemon dies in the middle of whatever it is doing.
        let work = mailroom.pump(&office.ledger, office.now, None);
        if dice.roll(4) == 0 {
            kills += usize::from(tokio::time::timeout(Duration::from_millis(dice.roll(120)), work).await.is_err());
        } else {
            work.await.unwrap();
        }
        if office.ledger.read(|txn| txn.next_message_at()).await.unwrap().is_none() {
            break;
        }
        office.now += 1.minute();
    }
    assert!(office.messages().await.iter().all(|row| row.state == OutboxState::Sent));
    let mut copies: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
    for kept in relay.kept() {
        let marked = kept.header("X-Quarterday-Attempt").map(str::to_owned);
        copies.entry(kept.header("Message-ID").unwrap().to_owned()).or_default().push(marked);
    }
    assert_eq!(copies.len(), MESSAGES, "lost");
    let doubled: usize = copies.values().map(|copies| copies.len() - 1).sum();
    let lost = relay.lost_acknowledgements();
    assert!(lost > 0 && kills > 0, "the test injects what it is about: {lost} lost, {kills} kills");
    assert!(doubled <= lost + kills, "{doubled} second copies, {lost} receipts lost, {kills} kills");
    assert!(copies.values().all(|copies| copies[1..].iter().all(Option::is_some)), "each second copy is marked");
    assert_eq!(office.ledger.read(|txn| txn.verify()).await.unwrap(), Vec::<String>::new());
}

/// Not a test of its own: what the next test starts as a process to be killed.
#[tokio::test]
async fn a_process_that_pumps_once() {
    let environment = quarterday::settings::environment();
    let (Some(home), Some(port)) = (environment.get("MAIL_TEST_HOME"), environment.get("MAIL_TEST_PORT")) else {
        return;
    };
    let _armed = quarterday::fault::arm();
    let home = Path::new(home);
    let ledger = Ledger::open(&home.join("ledger.sqlite")).unwrap();
    let relay = RelaySettings {
        host: "127.0.0.1".into(),
        port: port.parse().unwrap(),
        tls: TlsSetting::None,
        ca_file: None,
        sign_in: None,
    };
    let mailroom = Mailroom::open(settings(Way::Smtp(relay)), &BTreeMap::new(), home, QUICK).unwrap();
    mailroom.pump(&ledger, "2025-07-14T09:00:00Z".parse().unwrap(), None).await.unwrap();
}

#[tokio::test]
async fn killed_between_any_two_steps_it_sends_again_under_the_same_message_id() {
    for (point, copies) in [("mail-after-sending", 1), ("mail-after-dot", 2), ("mail-before-settled", 2)] {
        let relay = Relay::honest().await;
        let office = Office::new().await;
        for n in 0..3 {
            office.enqueue(&format!("notice/{n}"), Kind::Notice, "sam@police.example").await;
        }
        let run = |failpoints: String| {
            let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
            child
                .args(["mail_at_least_once::a_process_that_pumps_once", "--exact"])
                .env("MAIL_TEST_HOME", office.home.path())
                .env("MAIL_TEST_PORT", relay.address.port().to_string())
                .env("FAILPOINTS", failpoints)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            async move { child.status().await.unwrap() }
        };
        let died = run(format!("{point}=1*off->return")).await;
        assert!(!died.success(), "{point}");
        let left: Vec<OutboxState> = office.messages().await.iter().map(|row| row.state).collect();
        assert_eq!(left, [OutboxState::Sent, OutboxState::Sending, OutboxState::Queued], "{point}");
        assert!(run(String::new()).await.success());
        assert!(office.messages().await.iter().all(|row| row.state == OutboxState::Sent), "{point}");
        let kept = relay.kept();
        let ids: BTreeSet<&str> = kept.iter().filter_map(|kept| kept.header("Message-ID")).collect();
        assert_eq!((ids.len(), kept.len()), (3, 2 + copies), "{point}");
        let marked = kept.iter().filter(|kept| kept.header("X-Quarterday-Attempt").is_some()).count();
        assert_eq!(marked, 1, "{point}");
    }
}
