//! Several things owed by one person: one message, decided when it leaves, and each of them with evidence of its own.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::ToSpan;
use quarterday::{
    domain::{Calendar, Verdict},
    ledger::{Event, Ledger, ObligationKey, OutboxRow, OutboxState},
    mail::{
        Answer, Attachment, Content, Facts, Kind, Letter, Mailer, Mailroom, Memory, Pace, Relay as RelaySettings,
        Settings, Templates, Tls as TlsSetting, Way, example,
    },
};

use crate::support::{
    TestBoard, TestDaemon,
    office::{Office, QUICK, once, settings},
    smtp::{Act, Relay, Tls, Verb},
};

const LEAD: &str = "sam@police.example";

/// A reminder that the lead owes this return, with a file.
async fn owing(office: &Office, return_id: &str, kind: Kind) -> String {
    let key: ObligationKey = format!("{return_id}/police/2025-26-Q1").parse().unwrap();
    let subject = key.to_string();
    let mut facts = Facts { ..example(kind).remove(0) };
    facts.to.email = LEAD.into();
    match &mut facts.letter {
        Letter::Notice { due, .. } | Letter::Nudge { due, .. } | Letter::DueToday { due, .. } => {
            due.name = format!("{return_id} return");
            due.title = return_id.to_owned();
        }
        _ => {}
    }
    let mut message = Templates::shipped().unwrap().render(&facts).unwrap();
    message.attachments.push(Attachment {
        name: "return.xlsx".into(),
        media_type: "application/octet-stream".into(),
        content: Content::Bytes(return_id.as_bytes().to_vec()),
        otherwise: "Ask us.".into(),
    });
    let row_key = format!("chase/{subject}/{}/{LEAD}", kind.as_str());
    let message = serde_json::to_value(message).unwrap();
    let row = OutboxRow { obligation: Some(subject.clone()), ..office.row(&row_key, kind, message, LEAD) };
    let now = office.now;
    let opened = Event::Opened {
        return_id: key.return_id,
        agency: key.agency,
        period: key.period,
        opens_at: now,
        duty: true,
        due_at: "2025-07-14T16:00:00Z".parse().unwrap(),
        rule: "10 working days after the period".into(),
    };
    let told = Event::Told { rung: kind.as_str().into(), keys: vec![row_key.clone()], to_lead: vec![row_key.clone()] };
    office
        .ledger
        .write(move |txn| {
            txn.append(now, &subject, "test", &opened)?;
            txn.enqueue(&row)?;
            txn.append(now, &subject, "test", &told)
        })
        .await
        .unwrap();
    row_key
}

async fn delivered(office: &Office, return_id: &str) {
    let subject = format!("{return_id}/police/2025-26-Q1");
    let now = office.now;
    let arrived = Event::ExtractReceived { submission: 1, sha256: "00".into(), arrived_at: None };
    let decided = Event::Decided { submission: 1, verdict: Verdict::Accepted, readable: true, reason: None };
    office
        .ledger
        .write(move |txn| {
            txn.append(now, &subject, "test", &arrived)?;
            txn.append(now, &subject, "test", &decided)
        })
        .await
        .unwrap();
}

fn of_board(mailroom: Mailroom) -> Mailroom {
    let board = example(Kind::Notice).remove(0).board;
    mailroom.of_board(Templates::shipped().unwrap(), board, Arc::new(Calendar::england_and_wales([])))
}

async fn states(office: &Office) -> Vec<OutboxState> {
    office.messages().await.iter().map(|row| row.state).collect()
}

#[tokio::test]
async fn three_owed_by_one_person_are_one_conversation_and_each_has_its_evidence() {
    let relay = Relay::honest().await;
    let mut office = Office::new().await;
    office.now = "2025-07-07T09:00:00Z".parse().unwrap();
    let mut keys = Vec::new();
    for return_id in ["missing-children", "return-interviews", "visits"] {
        keys.push(owing(&office, return_id, Kind::Nudge).await);
    }
    // Other people's, and what is no reminder, leave alone.
    office.enqueue("nudge/kim", Kind::Nudge, "kim@police.example").await;
    office.enqueue("answer/sam", Kind::AnswerNil, LEAD).await;
    let mailroom = of_board(office.mailroom(&relay));
    assert_eq!(office.pump(&mailroom).await.sent, 5);
    let kept = relay.kept();
    assert_eq!(kept.len(), 3);
    let message = &kept[0];
    assert_eq!(message.header("Subject"), Some("3 returns: the first due Monday 14 July, 17:00"));
    for words in ["missing-children", "return-interviews", "visits"] {
        let list = format!("- \"{words}\", Exampleshire Police, April to June 2025: due Monday 14 July at 17:00");
        let text = message.bytes.replace("=\n", "").replace("=3D", "=");
        assert!(text.contains(&list), "{text}");
    }
    for name in ["\"return.xlsx\"", "\"return (2).xlsx\"", "\"return (3).xlsx\""] {
        assert!(message.bytes.contains(name), "{name}: {}", message.bytes);
    }
    for key in keys {
        let row = office.message(&key).await;
        assert_eq!(row.state, OutboxState::Sent);
        let subject = row.obligation.unwrap();
        let events = office.ledger.read(move |txn| txn.events_of(&subject)).await.unwrap();
        let settled = |event: &Event| matches!(event, Event::MessageSettled { key: told, outcome, .. } if *told == key && outcome == "sent");
        assert_eq!(events.iter().filter(|recorded| settled(&recorded.event)).count(), 1, "{key}");
        assert!(!row.message.to_string().contains("dmlzaXRz"), "its bytes are kept no longer");
    }
    assert_eq!(office.ledger.read(|txn| txn.verify()).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_was_delivered_before_sending_is_left_out_and_one_alone_is_the_plain_message() {
    let relay = Relay::honest().await;
    let office = Office::new().await;
    for return_id in ["missing-children", "return-interviews", "visits"] {
        owing(&office, return_id, Kind::Notice).await;
    }
    delivered(&office, "return-interviews").await;
    let mailroom = of_board(office.mailroom(&relay));
    let pumped = office.pump(&mailroom).await;
    assert_eq!((pumped.sent, pumped.superseded), (2, 1));
    assert_eq!(relay.kept()[0].header("Subject"), Some("2 returns: the first due Monday 14 July, 17:00"));
    assert!(!relay.kept()[0].bytes.contains("return-interviews"));
    assert_eq!(states(&office).await, [OutboxState::Sent, OutboxState::Superseded, OutboxState::Sent]);

    let office = Office::new().await;
    for return_id in ["missing-children", "return-interviews"] {
        owing(&office, return_id, Kind::Notice).await;
    }
    delivered(&office, "missing-children").await;
    assert_eq!(office.pump(&of_board(office.mailroom(&relay))).await.sent, 1);
    // The line is folded before the hour.
    let plain = "return-interviews return, April to June 2025: due Monday 14 July,";
    assert_eq!(relay.kept()[1].header("Subject"), Some(plain));
    assert!(office.messages().await.iter().all(|row| row.bundle.is_none()));
}

#[tokio::test]
async fn a_lost_receipt_has_the_same_rows_leave_again_under_the_same_message_id_without_what_came_meanwhile() {
    let relay = Relay::start(Tls::Never, once(Verb::Dot, Act::KeepAndDrop, 1)).await;
    let mut office = Office::new().await;
    for return_id in ["missing-children", "return-interviews", "visits"] {
        owing(&office, return_id, Kind::Notice).await;
    }
    let mailroom = of_board(office.mailroom(&relay));
    assert_eq!(office.pump(&mailroom).await.unknown, 3);
    // What is owed since is no part of the copy.
    office.now += 5.minutes();
    owing(&office, "late-comer", Kind::Notice).await;
    delivered(&office, "visits").await;
    office.pump_until_settled(&mailroom, 3).await;
    let kept = relay.kept();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[0].header("Message-ID"), kept[1].header("Message-ID"));
    assert_eq!((kept[0].header("X-Quarterday-Attempt"), kept[1].header("X-Quarterday-Attempt")), (None, Some("2")));
    assert_eq!(kept[1].header("Subject"), Some("2 returns: the first due Monday 14 July, 17:00"));
    assert!(kept[1].bytes.contains("You may have this message already"));
    assert!(
        kept[2].header("Subject").unwrap().contains("late-comer") && kept[2].header("X-Quarterday-Attempt").is_none()
    );
    let visits = office.message(&format!("chase/visits/police/2025-26-Q1/notice/{LEAD}")).await;
    assert_eq!(visits.state, OutboxState::Superseded);
    assert!(visits.says.unwrap().contains("an earlier attempt may have arrived"));
}

/// Not a test of its own: what the next test starts as a process to be killed.
#[tokio::test]
async fn a_process_that_sends_what_is_owed() {
    let environment = quarterday::settings::environment();
    let (Some(home), Some(port)) = (environment.get("OWED_TEST_HOME"), environment.get("OWED_TEST_PORT")) else {
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
    of_board(mailroom).pump(&ledger, "2025-07-14T09:00:00Z".parse().unwrap(), None).await.unwrap();
}

#[tokio::test]
async fn killed_at_any_step_the_same_rows_leave_again_as_one_message() {
    for (point, copies) in [("mail-after-sending", 1), ("mail-after-dot", 2), ("mail-before-settled", 2)] {
        let relay = Relay::honest().await;
        let office = Office::new().await;
        for return_id in ["missing-children", "return-interviews", "visits"] {
            owing(&office, return_id, Kind::Notice).await;
        }
        let run = |failpoints: String| {
            let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
            child
                .args(["mail_together::a_process_that_sends_what_is_owed", "--exact"])
                .env("OWED_TEST_HOME", office.home.path())
                .env("OWED_TEST_PORT", relay.address.port().to_string())
                .env("FAILPOINTS", failpoints)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            async move { child.status().await.unwrap() }
        };
        assert!(!run(format!("{point}=return")).await.success(), "{point}");
        assert_eq!(states(&office).await, [OutboxState::Sending; 3], "{point}");
        assert!(run(String::new()).await.success());
        assert_eq!(states(&office).await, [OutboxState::Sent; 3], "{point}");
        let kept = relay.kept();
        assert_eq!(kept.len(), copies, "{point}");
        let id = kept[0].header("Message-ID");
        assert!(kept.iter().all(|kept| kept.header("Message-ID") == id), "{point}");
        assert!(kept.iter().all(|kept| kept.header("Subject").unwrap().starts_with("3 returns")), "{point}");
        assert_eq!(kept.last().unwrap().header("X-Quarterday-Attempt"), Some("2"), "{point}");
    }
}

#[tokio::test]
async fn what_certainly_did_not_leave_is_put_together_afresh() {
    let memory = {
        let first = AtomicBool::new(true);
        Memory::scripted(move |_| {
            if first.swap(false, Ordering::SeqCst) { Answer::Later("451 later".into()) } else { Answer::Taken }
        })
    };
    let mut office = Office::new().await;
    for return_id in ["missing-children", "return-interviews"] {
        owing(&office, return_id, Kind::Notice).await;
    }
    let way = Way::Folder("mail".into());
    let mailroom = of_board(Mailroom::with(settings(way), Mailer::Memory(memory.clone()), office.home.path()));
    assert_eq!(office.pump(&mailroom).await.later, 2);
    assert!(office.messages().await.iter().all(|row| row.bundle.is_none()));
    owing(&office, "visits", Kind::Notice).await;
    office.now += 10.minutes();
    assert_eq!(office.pump(&mailroom).await.sent, 3);
    let [posted] = &memory.posted()[..] else { panic!("{:?}", memory.posted()) };
    assert!(String::from_utf8_lossy(&posted.bytes).contains("Subject: 3 returns"));
}

#[tokio::test]
async fn a_chase_waits_for_the_morning_and_for_another_day_when_a_person_got_enough() {
    let memory = Memory::default();
    let mut office = Office::new().await;
    let pace = Pace { most_a_day: Some(2), quiet: Some(night()) };
    let settings = Settings { pace, ..settings(Way::Folder("mail".into())) };
    let mailroom = of_board(Mailroom::with(settings, Mailer::Memory(memory.clone()), office.home.path()));
    // A Friday, 20:00 in London.
    office.now = "2025-07-11T19:00:00Z".parse().unwrap();
    owing(&office, "missing-children", Kind::Notice).await;
    office.enqueue("answer/sam", Kind::AnswerNil, LEAD).await;
    let pumped = office.pump(&mailroom).await;
    assert_eq!((pumped.sent, pumped.more), (1, false), "the answer");
    let waits = office.message(&format!("chase/missing-children/police/2025-26-Q1/notice/{LEAD}")).await;
    assert_eq!((waits.state, waits.attempts), (OutboxState::Queued, 0));
    assert_eq!(waits.next_at.to_string(), "2025-07-14T07:00:00Z");
    office.now = waits.next_at;
    assert_eq!(office.pump(&mailroom).await.sent, 1);
    for return_id in ["b", "c"] {
        office.now += 1.hour();
        owing(&office, return_id, Kind::Notice).await;
        office.pump(&mailroom).await;
    }
    assert_eq!(memory.posted().len(), 3, "the third of the chase on one day waits");
    owing(&office, "d", Kind::Notice).await;
    office.now = "2025-07-15T07:00:00Z".parse().unwrap();
    assert_eq!(office.pump(&mailroom).await.sent, 2);
    assert_eq!(memory.posted().len(), 4, "and leaves with what was owed meanwhile");
}

#[tokio::test]
async fn words_and_questions_wait_for_the_morning_and_count_among_a_days_most_too() {
    for kind in [Kind::Commentary, Kind::AnythingSince] {
        let memory = Memory::default();
        let mut office = Office::new().await;
        let pace = Pace { most_a_day: Some(1), quiet: Some(night()) };
        let settings = Settings { pace, ..settings(Way::Folder("mail".into())) };
        let mailroom = of_board(Mailroom::with(settings, Mailer::Memory(memory.clone()), office.home.path()));
        // A Friday, 20:00 in London.
        office.now = "2025-07-11T19:00:00Z".parse().unwrap();
        let first = owing(&office, "first", kind).await;
        assert_eq!(office.pump(&mailroom).await.sent, 0, "{kind:?}");
        let waits = office.message(&first).await;
        assert_eq!((waits.state, waits.next_at.to_string().as_str()), (OutboxState::Queued, "2025-07-14T07:00:00Z"));
        office.now = waits.next_at;
        assert_eq!(office.pump(&mailroom).await.sent, 1, "{kind:?}");
        office.now += 1.hour();
        owing(&office, "second", kind).await;
        assert_eq!(office.pump(&mailroom).await.sent, 0, "{kind:?}: one a day");
        office.now = "2025-07-15T07:00:00Z".parse().unwrap();
        assert_eq!(office.pump(&mailroom).await.sent, 1, "{kind:?}");
        assert_eq!(memory.posted().len(), 2, "{kind:?}");
    }
}

fn night() -> quarterday::mail::Quiet {
    use jiff::civil::Time;
    quarterday::mail::Quiet { from: Time::constant(18, 0, 0, 0), until: Time::constant(8, 0, 0, 0), weekends: true }
}

/// A board on which one agency owes three returns.
async fn board(relay: &Relay) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications", "prevent-referrals", "return-interviews"])
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none");
    for (return_id, agency) in [("care-applications", "cafcass"), ("return-interviews", "voluntary-sector")] {
        let file = format!("pipelines/{return_id}/return.toml");
        board.edit(&file, &format!("agencies = [\"{agency}\"]"), "agencies = [\"probation\"]");
    }
    board
}

async fn sent(daemon: &TestDaemon) -> usize {
    daemon.messages().await.iter().filter(|message| message.contains("[sent]")).count()
}

#[tokio::test]
async fn the_daemon_asks_a_lead_for_three_returns_in_one_message_and_goes_on_with_two() {
    let relay = Arc::new(Relay::honest().await);
    let board = board(&relay).await;
    let sample = std::fs::read(board.path("pipelines/care-applications/samples/accepted-2025-26-Q1.csv")).unwrap();
    board.write("a.csv", sample);
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.ring().await;
    daemon.advance("2025-07-01T10:00:00Z").await;
    let asked = daemon.messages().await.iter().filter(|message| message.starts_with("notice")).count();
    let people = asked / 3;
    // Beside what the manager is told of a source that nothing answers at.
    let of_three = || {
        let kept = relay.kept();
        kept.iter().filter(|kept| kept.header("Subject").unwrap().contains("3 returns: the first due")).count()
    };
    assert!(people > 0 && of_three() == people, "{:?} {:?}", daemon.messages().await, daemon.log());
    assert_eq!(sent(&daemon).await, 3 * people + relay.kept().len() - people);
    daemon.submit("a.csv", "care-applications", "probation", "2025-26-Q1").await.unwrap();
    let before = relay.kept().len();
    daemon.advance("2025-07-07T12:00:00Z").await;
    let subjects: Vec<String> =
        relay.kept()[before..].iter().filter_map(|kept| kept.header("Subject").map(str::to_owned)).collect();
    assert!(subjects.iter().any(|subject| subject.contains("2 returns: the first due")), "{subjects:?}");
}
