//! From one mail program to another: a letter comes to Dovecot by SMTP, and its answer leaves by SMTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, address::Envelope};
use quarterday::timetable::Every;

use crate::{
    mailbox::{CSV, LEAD, Letter, board},
    support::{
        dovecot::{Dovecot, USER},
        smtp::Relay,
    },
};

/// On the machine's own clock, for it is about the minute that senders are promised.
#[tokio::test]
async fn a_letter_that_comes_by_smtp_is_answered_by_smtp_within_a_minute_with_everything_as_shipped() {
    let Some(server) = Dovecot::start() else { return };
    let server = Arc::new(server);
    let agent = Arc::clone(&server);
    // The board's own server takes letters in, says whose they are, and hands them to the mailbox.
    let incoming = Relay::delivering(move |kept| {
        let results = "Authentication-Results: mx.board.example; dmarc=pass header.from=probation.example";
        let trace = format!("Return-Path: <{LEAD}>\nReceived: from probation.example by mx.board.example\n{results}\n");
        agent.deliver_by_agent(LEAD, format!("{trace}{}", kept.bytes));
    })
    .await;
    let outgoing = Relay::honest().await;
    let board = board(&server)
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &outgoing.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none");
    let daemon = board.start_as_shipped();

    let today = Timestamp::now().to_zoned(TimeZone::get("Europe/London").unwrap()).date();
    let period = Every::Quarter.period_of(today - 3.months()).unwrap();
    let csv = CSV.replace("2025-26-Q1", &period.to_string());
    let name = format!("prevent-referrals {period}.csv");
    let letter = Letter { files: &[(&name, csv.as_bytes())], ..Letter::default() }.write();
    // As its sender's program wrote it: what servers add comes on the way.
    let letter: Vec<&str> = str::from_utf8(&letter).unwrap().split_inclusive("\r\n").skip(3).collect();
    let sending = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1").port(incoming.address.port());
    let envelope = Envelope::new(Some(LEAD.parse().unwrap()), vec![USER.parse().unwrap()]).unwrap();
    let sent_at = Timestamp::now();
    sending.build().send_raw(&envelope, letter.concat().as_bytes()).await.unwrap();

    let begun = Instant::now();
    let answer = loop {
        let is_answer = |kept: &crate::support::smtp::Kept| kept.header("In-Reply-To").is_some();
        if let Some(answer) = outgoing.kept().into_iter().find(is_answer) {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "no answer: {}\n{}", daemon.log(), server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(answer.recipient.contains(LEAD), "{}", answer.recipient);
    for name in ["In-Reply-To", "References"] {
        assert_eq!(answer.header(name), Some("<one@probation.example>"), "{}", answer.bytes);
    }
    let settled = loop {
        let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
        let row = rows.into_iter().find(|row| row.kind == "answer-accepted").unwrap();
        if let Some(at) = row.settled_at {
            break at;
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "its outcome is not recorded: {}", daemon.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    let arrived = submissions[0].received_at;
    assert!(arrived.duration_since(sent_at).abs() < SignedDuration::from_secs(5), "{arrived} is when it was delivered");
    let took = settled.duration_since(arrived);
    assert!(took < SignedDuration::from_secs(60), "arrived {arrived}, answered {settled}");
}
