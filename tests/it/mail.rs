//! Mail as the daemon sends it: a real ledger, a real conversation, and a relay that fails at every verb.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::{Timestamp, ToSpan};
use quarterday::{
    domain::Verdict,
    ledger::{Event, OutboxState},
    mail::{
        Answer, Attachment, Content, Kind, Mailer, Mailroom, Memory, Pumped, Relay as RelaySettings, RelayHold,
        Settings, Templates, Tls as TlsSetting, Way, example,
    },
};

use crate::support::{
    TestBoard,
    office::{OBLIGATION, Office, QUICK, encrypted, once, plain, settings},
    said,
    smtp::{Act, Relay, Tls, Verb, certificate},
};

#[tokio::test]
async fn whatever_fails_at_whichever_verb_the_message_arrives_once() {
    let faults = [Act::Drop, Act::Stall, Act::Say("421 4.3.2 going down"), Act::Say("451 4.3.0 try later")];
    let verbs = [Verb::Greeting, Verb::Ehlo, Verb::Mail, Verb::Rcpt, Verb::Data, Verb::Body, Verb::Dot];
    let refused_before_mail = [Act::Say("554 5.3.2 no service here")];
    for verb in verbs {
        let refused: &[Act] = if verb < Verb::Mail { &refused_before_mail } else { &[] };
        for fault in faults.iter().chain(refused).copied() {
            let relay = Relay::start(Tls::Never, once(verb, fault, 1)).await;
            let mut office = Office::new().await;
            office.enqueue("notice/1", Kind::Notice, "sam@police.example").await;
            let mailroom = office.mailroom(&relay);
            let pumped = office.pump(&mailroom).await;
            assert_eq!(pumped.sent, 0, "{verb:?} {fault:?}");
            let waiting = office.message("notice/1").await;
            assert!(waiting.next_at > office.now && waiting.says.is_some(), "{verb:?} {fault:?}: {waiting:?}");
            // Once the dot is written it may have arrived; a short message is written with its dot at one go.
            let unsure = verb == Verb::Body || (verb == Verb::Dot && matches!(fault, Act::Drop | Act::Stall));
            assert_eq!(waiting.state == OutboxState::Sending, unsure, "{verb:?} {fault:?}");
            office.pump_until_settled(&mailroom, 3).await;
            assert_eq!(office.message("notice/1").await.state, OutboxState::Sent, "{verb:?} {fault:?}");
            assert_eq!(relay.kept().len(), 1, "{verb:?} {fault:?}");
            assert_eq!(relay.kept()[0].header("X-Quarterday-Attempt").is_some(), unsure, "{verb:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_second_copy_leaves_only_when_the_receipt_was_lost_and_is_marked() {
    for fault in [Act::KeepAndDrop, Act::KeepAndStall] {
        let relay = Relay::start(Tls::Never, once(Verb::Dot, fault, 1)).await;
        let mut office = Office::new().await;
        office.enqueue("notice/1", Kind::Notice, "sam@police.example").await;
        let mailroom = office.mailroom(&relay);
        assert_eq!(office.pump(&mailroom).await.unknown, 1);
        office.pump_until_settled(&mailroom, 3).await;
        let [first, second] = &relay.kept()[..] else { panic!("{:?}", relay.kept()) };
        assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
        assert_eq!((first.header("X-Quarterday-Attempt"), second.header("X-Quarterday-Attempt")), (None, Some("2")));
        assert!(second.bytes.contains("You may have this message already"));
    }
}

#[tokio::test]
async fn one_refused_recipient_holds_up_nobody_else_and_is_not_tried_again() {
    for (verb, answer) in
        [(Verb::Rcpt, "550 5.1.1 no such user"), (Verb::Data, "554 5.7.1 no"), (Verb::Dot, "554 5.6.0 no")]
    {
        let refuse_next = AtomicBool::new(false);
        let relay = Relay::start(Tls::Never, move |at, line| {
            if at == Verb::Rcpt {
                refuse_next.store(line.contains("gone@"), Ordering::SeqCst);
            }
            if at == verb && refuse_next.load(Ordering::SeqCst) { Act::Say(answer) } else { Act::Go }
        })
        .await;
        let office = Office::new().await;
        for who in ["sam", "gone", "kim"] {
            office.enqueue(&format!("notice/{who}"), Kind::Notice, &format!("{who}@police.example")).await;
        }
        let mailroom = office.mailroom(&relay);
        let pumped = office.pump(&mailroom).await;
        assert_eq!((pumped.sent, pumped.refused, pumped.more), (2, 1, false), "{verb:?}");
        let refused = office.message("notice/gone").await;
        assert_eq!(refused.state, OutboxState::Refused);
        assert!(refused.says.unwrap().contains(answer), "{verb:?}");
        assert_eq!(relay.connections(), 1, "a refusal costs no connection");
        assert_eq!(office.pump(&mailroom).await, Pumped::default());
    }
}

#[tokio::test]
async fn a_relay_that_refuses_the_sender_refuses_no_message() {
    let relay = Relay::start(Tls::Never, once(Verb::Mail, Act::Say("550 5.7.60 not permitted to send"), 1)).await;
    let mut office = Office::new().await;
    for n in 0..5 {
        office.enqueue(&format!("notice/{n}"), Kind::Notice, "sam@police.example").await;
    }
    let mailroom = office.mailroom(&relay);
    let pumped = office.pump(&mailroom).await;
    assert_eq!((pumped.refused, pumped.later), (0, 1));
    assert!(pumped.held.unwrap().contains("5.7.60"));
    office.pump_until_settled(&mailroom, 3).await;
    assert_eq!(relay.kept().len(), 5);
}

#[tokio::test]
async fn a_failed_sign_in_is_tried_once_a_while_and_never_tells_the_password() {
    let (acceptor, authority) = certificate();
    let failing = Arc::new(AtomicBool::new(true));
    let fails = failing.clone();
    let relay = Relay::start(Tls::Upgraded(acceptor), move |verb, _| {
        // A relay that repeats what it was told.
        if verb == Verb::Auth && fails.load(Ordering::SeqCst) {
            Act::Say("535 5.7.3 wrong: CANARY-hunter2-CANARY AHF1YXJ0ZXJkYXlAYm9hcmQuZXhhbXBsZQBDQU5BUlktaHVudGVyMi1DQU5BUlk=")
        } else {
            Act::Go
        }
    })
    .await;
    let mut office = Office::new().await;
    for n in 0..40 {
        office.enqueue(&format!("notice/{n}"), Kind::Notice, "sam@police.example").await;
    }
    let ca_file = office.home.path().join("ca.pem");
    std::fs::write(&ca_file, authority).unwrap();
    let mailroom = office.mailroom_for(encrypted(&relay, TlsSetting::StartTls, Some(ca_file)));
    for _ in 0..14 {
        let pumped = office.pump(&mailroom).await;
        assert!(pumped.held.unwrap().contains("535"));
        office.enqueue(&format!("late/{}", office.now), Kind::Notice, "sam@police.example").await;
        office.now += 1.minute();
    }
    let tries = || relay.lines().iter().filter(|line| line.starts_with("AUTH")).count();
    assert_eq!(tries(), 1, "no storm");
    let failures = office.ledger.read(|txn| txn.recent_failures(9)).await.unwrap();
    assert_eq!(failures.len(), 1, "one alarm");

    let mut told = format!("{mailroom:?} {:?} {failures:?}", office.messages().await);
    for entry in std::fs::read_dir(office.home.path()).unwrap() {
        told.push_str(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()));
    }
    assert!(told.contains("wrong: …"), "the relay's other words are kept");
    assert!(!told.contains("hunter2") && !told.contains("Q0FOQVJZ") && !told.contains("DQU5BUlk"));

    failing.store(false, Ordering::SeqCst);
    office.pump_until_settled(&mailroom, 10).await;
    assert_eq!((relay.kept().len(), tries()), (54, 4), "25 messages a call, each with one sign-in");
    assert!(office.ledger.read(RelayHold::of).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_leaves_unencrypted_where_tls_was_asked_for() {
    let (acceptor, authority) = certificate();
    let home = tempfile::tempdir().unwrap();
    let ca_file = home.path().join("ca.pem");
    std::fs::write(&ca_file, authority).unwrap();
    let known = Some(ca_file);
    for (offered, asked, ca_file, told) in [
        (Tls::Never, TlsSetting::StartTls, known.clone(), Some("offers no STARTTLS")),
        (Tls::Upgraded(acceptor.clone()), TlsSetting::StartTls, None, Some("certificate")),
        (Tls::AtOnce(acceptor.clone()), TlsSetting::Tls, None, Some("certificate")),
        (Tls::Never, TlsSetting::Tls, known.clone(), Some("")),
        (Tls::Upgraded(acceptor.clone()), TlsSetting::StartTls, known.clone(), None),
        (Tls::AtOnce(acceptor.clone()), TlsSetting::Tls, known.clone(), None),
    ] {
        let relay = Relay::start(offered, |_, _| Act::Go).await;
        let office = Office::new().await;
        office.enqueue("notice/1", Kind::Notice, "sam@police.example").await;
        let pumped = office.pump(&office.mailroom_for(encrypted(&relay, asked, ca_file))).await;
        assert_eq!(pumped.sent == 1, told.is_none(), "{asked:?} {told:?} {pumped:?}");
        assert_eq!(relay.kept().len(), pumped.sent);
        if let Some(told) = told {
            assert!(pumped.held.unwrap().contains(told), "{asked:?} {told:?}");
            assert!(!relay.lines().iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")));
        }
    }
}

#[tokio::test]
async fn without_tls_a_relay_outside_the_boards_own_network_is_not_even_connected_to() {
    let office = Office::new().await;
    office.enqueue("notice/1", Kind::Notice, "sam@police.example").await;
    let relay =
        RelaySettings { host: "192.0.2.1".into(), port: 25, tls: TlsSetting::None, ca_file: None, sign_in: None };
    let pumped = office.pump(&office.mailroom_for(relay)).await;
    assert!(pumped.held.unwrap().contains("192.0.2.1 is at 192.0.2.1, outside your own network"));
}

#[tokio::test]
async fn what_is_too_large_leaves_without_its_attachment_and_says_where_it_is() {
    for (bytes, script) in [
        (900_000, once(Verb::Dot, Act::Go, 0)),
        (20_000, once(Verb::Dot, Act::Say("552 5.3.4 message too big"), 1)),
        (20_000, once(Verb::Mail, Act::Say("552 too big"), 1)),
    ] {
        let relay = Relay::start(Tls::Never, script).await;
        let office = Office::new().await;
        let facts = example(Kind::Pack).remove(0);
        let mut message = Templates::shipped().unwrap().render(&facts).unwrap();
        message.attachments.push(Attachment {
            name: "pack.pdf".into(),
            media_type: "application/pdf".into(),
            content: Content::Bytes(vec![7; bytes]),
            otherwise: "Ask the Business Unit for edition 1.".into(),
        });
        let to = message.to.email.clone();
        office.enqueue_message("pack/1", Kind::Pack, serde_json::to_value(message).unwrap(), &to).await;
        assert_eq!(office.pump(&office.mailroom(&relay)).await.sent, 1, "{bytes}");
        let [kept] = &relay.kept()[..] else { panic!("{bytes}") };
        assert!(kept.bytes.len() < 20_000 && kept.bytes.contains("Ask the Business Unit for edition 1."));
    }
}

#[tokio::test]
async fn nobody_who_has_delivered_is_chased_though_the_chase_was_written() {
    let relay = Relay::honest().await;
    let office = Office::new().await;
    office.enqueue("overdue/1", Kind::Overdue, "sam@police.example").await;
    office.enqueue("answer/1", Kind::AnswerAccepted, "sam@police.example").await;
    office.append(Event::ExtractReceived { submission: 1, sha256: "00".into(), arrived_at: None }).await;
    office.append(Event::Decided { submission: 1, verdict: Verdict::Accepted, readable: true, reason: None }).await;
    let pumped = office.pump(&office.mailroom(&relay)).await;
    assert_eq!((pumped.superseded, pumped.sent), (1, 1));
    assert!(relay.kept()[0].bytes.contains("Subject: Accepted"));
    assert_eq!(office.message("overdue/1").await.state, OutboxState::Superseded);
    let settled = office.ledger.read(|txn| txn.events_of(OBLIGATION)).await.unwrap();
    assert!(
        settled.iter().any(|e| matches!(&e.event, Event::MessageSettled { outcome, .. } if outcome == "superseded"))
    );
}

#[tokio::test]
async fn mail_waits_while_the_clock_is_wrong_or_the_machine_is_not_the_boards() {
    let relay = Relay::honest().await;
    let office = Office::new().await;
    office.enqueue("notice/1", Kind::Notice, "sam@police.example").await;
    let mailroom = office.mailroom(&relay);
    let held = mailroom.pump(&office.ledger, office.now, Some("this machine is not adopted")).await.unwrap();
    assert_eq!(held.held.as_deref(), Some("this machine is not adopted"));
    let boot: Timestamp = "1970-01-01T00:01:00Z".parse().unwrap();
    assert!(mailroom.pump(&office.ledger, boot, None).await.unwrap().held.unwrap().contains("clock"));
    assert_eq!(relay.connections(), 0);
    assert_eq!(office.pump(&mailroom).await.sent, 1);
}

#[tokio::test]
async fn an_address_outside_the_allowed_domains_is_never_spoken_of_to_the_relay() {
    let relay = Relay::honest().await;
    let office = Office::new().await;
    office.enqueue("notice/1", Kind::Notice, "sam@elsewhere.example").await;
    let settings = Settings { allowed_domains: vec!["police.example".into()], ..settings(Way::Smtp(plain(&relay))) };
    let mailroom = Mailroom::open(settings, &BTreeMap::new(), office.home.path(), QUICK).unwrap();
    assert_eq!(office.pump(&mailroom).await.refused, 1);
    assert_eq!(relay.connections(), 0);
    assert!(office.message("notice/1").await.says.unwrap().contains("not in allowed_domains"));
}

#[tokio::test]
async fn a_folder_holds_what_would_have_been_sent_and_is_no_evidence() {
    let office = Office::new().await;
    for who in ["sam", "kim"] {
        office.enqueue(&format!("notice/{who}"), Kind::Notice, &format!("{who}@police.example")).await;
    }
    let way = Way::Folder("mail".into());
    let mailroom = Mailroom::open(settings(way), &BTreeMap::new(), office.home.path(), QUICK).unwrap();
    assert_eq!(office.pump(&mailroom).await.written, 2);
    let row = office.message("notice/sam").await;
    assert_eq!(row.state, OutboxState::Written);
    assert!(row.says.unwrap().ends_with("00001-notice_sam.eml, not sent"));
    assert!(office.home.path().join("mail/00002-notice_kim.eml").exists());
}

#[tokio::test]
async fn an_attachment_that_is_gone_is_waited_for() {
    let office = Office::new().await;
    let facts = example(Kind::Pack).remove(0);
    let mut message = Templates::shipped().unwrap().render(&facts).unwrap();
    message.attachments.push(Attachment {
        name: "pack.pdf".into(),
        media_type: "application/pdf".into(),
        content: Content::File {
            path: "editions/1/pack.pdf".into(),
            sha256: "fbc5d5c72d8a1a5c2f5ee4b1e2b0d1bba8c5b6b46f7b1d2a2f0ba42fe8b07d8b".into(),
        },
        otherwise: String::new(),
    });
    let to = message.to.email.clone();
    office.enqueue_message("pack/1", Kind::Pack, serde_json::to_value(message).unwrap(), &to).await;
    let memory = Memory::default();
    let mailroom =
        Mailroom::with(settings(Way::Folder("mail".into())), Mailer::Memory(memory.clone()), office.home.path());
    assert_eq!(office.pump(&mailroom).await.later, 1);
    assert!(memory.posted().is_empty());
    assert!(office.message("pack/1").await.says.unwrap().contains("editions/1/pack.pdf cannot be read"));
}

#[tokio::test]
async fn three_lost_connections_in_a_row_give_the_relay_a_rest_and_one_does_not() {
    for (times, sent) in [(1, 9), (3, 0)] {
        let relay = Relay::start(Tls::Never, once(Verb::Rcpt, Act::Drop, times)).await;
        let mut office = Office::new().await;
        for n in 0..10 {
            office.enqueue(&format!("answer/{n}"), Kind::AnswerNil, "sam@police.example").await;
        }
        let mailroom = office.mailroom(&relay);
        let pumped = office.pump(&mailroom).await;
        assert_eq!((pumped.sent, pumped.held.is_some()), (sent, times == 3));
        office.pump_until_settled(&mailroom, 5).await;
        assert_eq!(relay.kept().len(), 10);
    }
}

#[tokio::test]
async fn a_mailer_in_memory_fails_as_its_script_says_and_keeps_what_it_took() {
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let memory = Memory::scripted(move |posted| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::Later("451 not now".into()),
        1 => Answer::ReceiptLost,
        2 => Answer::Refused("550 nobody here".into()),
        3 => Answer::Down("421 going down".into()),
        4 => Answer::NotKnown("535 who are you".into()),
        _ => {
            assert!(!posted.bytes.is_empty());
            Answer::Taken
        }
    });
    let mut office = Office::new().await;
    for n in 0..4 {
        office.enqueue(&format!("answer/{n}"), Kind::AnswerNil, "sam@police.example").await;
    }
    let way = Way::Folder("mail".into());
    let mailroom = Mailroom::with(settings(way), Mailer::Memory(memory.clone()), office.home.path());
    office.pump_until_settled(&mailroom, 9).await;
    let states: Vec<OutboxState> = office.messages().await.iter().map(|row| row.state).collect();
    assert_eq!(states, [OutboxState::Sent, OutboxState::Sent, OutboxState::Refused, OutboxState::Sent]);
    let kept: Vec<String> = memory.posted().into_iter().map(|posted| posted.key).collect();
    assert_eq!(kept.iter().filter(|key| *key == "answer/1").count(), 2, "{kept:?}");
    assert_eq!(kept.len(), 4);
}

#[test]
fn mail_that_leaves_in_clear_is_warned_of_before_and_while_it_does() {
    let board = TestBoard::with_returns(&["prevent-referrals"])
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__TLS", "none");
    for command in ["validate", "status"] {
        let said = said(&board.run(&[command]));
        assert!(said.contains("mail to 127.0.0.1:25 leaves unencrypted"), "{command}: {said}");
    }
}
