//! A message to a lead that comes back or is refused: manager and deputy hear of it at once, and the deputy gets what the
//! lead did not.

use quarterday::ledger::Event;

use crate::{
    mailbox,
    support::{
        TestBoard, TestDaemon,
        dovecot::Dovecot,
        smtp::{Act, Relay, Tls, Verb},
    },
};

const LEAD: &str = mailbox::LEAD;
const DEPUTY: &str = "dep@probation.example";
const MANAGER: &str = "manager@exampleshire.example";
const SUBJECT: &str = "prevent-referrals/probation/2025-26-Q1";

/// The board's agency gets a deputy, and the relay is this one.
fn with_deputy(board: TestBoard, relay: &Relay) -> TestBoard {
    board.edit(
        "config/agencies.toml",
        "email = \"partnerships@probation.example\"\n",
        &format!("email = \"{LEAD}\"\n[agency.deputy]\nname = \"Dana Price\"\nemail = \"{DEPUTY}\"\n"),
    );
    board.edit("config/quarterday.toml", "[mail]\n", "[mail]\nreturn_path = \"bounces+{key}@exampleshire.example\"\n");
    board
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none")
}

/// Kind and recipient of each message but the first ones.
async fn since(daemon: &TestDaemon, before: usize) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let mut told: Vec<String> =
        rows[before..].iter().map(|row| format!("{} {} {}", row.kind, row.recipient, row.state.as_str())).collect();
    told.sort();
    told
}

async fn bounced(daemon: &TestDaemon, subject: &str) -> usize {
    let subject = subject.to_owned();
    let events = daemon.ledger().read(move |txn| txn.events_of(&subject)).await.unwrap();
    events.iter().filter(|recorded| matches!(recorded.event, Event::Bounced { .. })).count()
}

async fn look(daemon: &TestDaemon, at: &str) {
    daemon.advance(at).await;
    daemon.ring().await;
}

/// What a mail server reports (RFC 3464) to the return path of a message of which it brings nothing back.
fn report(return_path: &str, number: usize) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.board.example\r\nTo: {return_path}\r\nSubject: Undelivered Mail\r\n\
         Message-ID: <dsn{number}@mx.board.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; \
         report-type=delivery-status; boundary=r\r\n\r\n--r\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n--r\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {LEAD}\r\n\
         Action: failed\r\nStatus: 5.1.1\r\n--r--\r\n"
    )
}

/// The return path of the last message to somebody.
fn return_path(relay: &Relay, to: &str) -> String {
    let kept = relay.kept();
    let last = kept.iter().rev().find(|kept| kept.recipient.contains(to)).unwrap();
    last.sender.split(['<', '>']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_message_that_comes_back_to_its_return_path_is_told_to_deputy_and_manager_once() {
    let Some(server) = Dovecot::start() else { return };
    let relay = Relay::honest().await;
    let daemon = with_deputy(mailbox::board(&server), &relay).start("2025-07-01T08:00:00Z");
    daemon.advance("2025-07-01T10:00:00Z").await;
    let before = daemon.messages().await.len();
    server.deliver(report(&return_path(&relay, LEAD), 1));
    look(&daemon, "2025-07-01T10:02:00Z").await;
    let told = [format!("alarm {DEPUTY} sent"), format!("alarm {MANAGER} sent")];
    assert_eq!(since(&daemon, before).await, told, "{}", daemon.log());
    assert_eq!(bounced(&daemon, SUBJECT).await, 1);
    let kept = relay.kept();
    let to_manager = kept.iter().rev().find(|kept| kept.recipient.contains(MANAGER)).unwrap();
    assert!(to_manager.bytes.contains("came back with 5.1.1"), "{}", to_manager.bytes);
    assert!(to_manager.bytes.contains("Dana Price"), "{}", to_manager.bytes);
    // The same report once more, as servers send it, tells nobody anything new.
    server.deliver(report(&return_path(&relay, LEAD), 2));
    look(&daemon, "2025-07-01T10:04:00Z").await;
    assert_eq!(since(&daemon, before).await, told);
    // The deputy's own copy: there is nobody left but the manager.
    let notice = kept.iter().find(|kept| kept.recipient.contains(DEPUTY)).unwrap();
    server.deliver(report(notice.sender.split(['<', '>']).nth(1).unwrap(), 3));
    look(&daemon, "2025-07-01T10:06:00Z").await;
    let again = format!("alarm {MANAGER} sent");
    assert_eq!(since(&daemon, before).await, [told[0].clone(), again.clone(), again]);
}

#[tokio::test]
async fn what_the_relay_refuses_goes_to_a_deputy_who_has_it_not() {
    let relay = Relay::start(Tls::Never, |verb, line| {
        if verb == Verb::Rcpt && line.contains(LEAD) { Act::Say("550 5.1.1 no such user") } else { Act::Go }
    })
    .await;
    let board = with_deputy(TestBoard::with_returns(&["prevent-referrals"]), &relay);
    board.edit(
        "config/timetable.toml",
        "kind = \"notice\"\nto = [\"lead\", \"deputy\"]",
        "kind = \"notice\"\nto = [\"lead\"]",
    );
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.advance("2025-07-01T10:00:00Z").await;
    daemon.ring().await;
    let all = since(&daemon, 0).await;
    let expected = [format!("alarm {MANAGER} sent"), format!("notice {DEPUTY} sent"), format!("notice {LEAD} refused")];
    assert_eq!(all, expected, "{}", daemon.log());
    let kept = relay.kept();
    let to_deputy = kept.iter().find(|kept| kept.recipient.contains(DEPUTY)).unwrap();
    assert!(to_deputy.header("Subject").unwrap().contains("Prevent"), "{}", to_deputy.bytes);
    let to_manager = kept.iter().find(|kept| kept.recipient.contains(MANAGER)).unwrap();
    let text = to_manager.bytes.replace("=\n", "");
    assert!(text.contains("550 5.1.1 no such user") && text.contains("gets the message now"), "{text}");
    // Told once, across a restart too.
    let daemon = daemon.restart("2025-07-01T11:00:00Z");
    daemon.ring().await;
    assert_eq!(since(&daemon, 0).await, expected);
}

#[tokio::test]
async fn a_question_that_the_relay_refuses_goes_to_the_deputy_too() {
    let relay = Relay::start(Tls::Never, |verb, line| {
        if verb == Verb::Rcpt && line.contains("missing.unit@police.example") {
            Act::Say("550 5.1.1 no such user")
        } else {
            Act::Go
        }
    })
    .await;
    let board = crate::due_rules::asking()
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none");
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.advance("2025-07-01T10:00:00Z").await;
    daemon.ring().await;
    let told = since(&daemon, 0).await;
    let questions: Vec<&String> = told.iter().filter(|row| row.starts_with("anything-since")).collect();
    assert_eq!(
        questions,
        ["anything-since missing.unit@police.example refused", "anything-since tom.ashby@police.example sent"],
        "{told:?}"
    );
    assert!(told.contains(&format!("alarm {MANAGER} sent")), "{told:?}");
}

#[tokio::test]
async fn the_report_of_a_message_for_two_returns_concerns_both() {
    let Some(server) = Dovecot::start() else { return };
    let relay = Relay::honest().await;
    let board = with_deputy(mailbox::board_for(&server, &["prevent-referrals", "return-interviews"]), &relay);
    let other = "pipelines/return-interviews/return.toml";
    board.edit(other, "agencies = [\"voluntary-sector\"]", "agencies = [\"probation\"]");
    let daemon = board.start("2025-07-01T08:00:00Z");
    daemon.advance("2025-07-01T10:00:00Z").await;
    let before = daemon.messages().await.len();
    let kept = relay.kept();
    assert!(kept.iter().all(|kept| kept.header("Subject").unwrap().contains("2 returns")), "{kept:?}");
    server.deliver(report(&return_path(&relay, LEAD), 1));
    look(&daemon, "2025-07-01T10:02:00Z").await;
    for subject in [SUBJECT, "return-interviews/probation/2025-26-Q1"] {
        assert_eq!(bounced(&daemon, subject).await, 1, "{subject}: {}", daemon.log());
    }
    let told = [format!("alarm {DEPUTY} sent"), format!("alarm {MANAGER} sent")];
    assert_eq!(since(&daemon, before).await, told);
    // A reply to it without a file is for no single one of them.
    let id = kept.iter().find(|kept| kept.recipient.contains(LEAD)).unwrap().header("Message-ID").unwrap().to_owned();
    let headers = format!("In-Reply-To: {id}\r\n");
    let nil = mailbox::Letter {
        from: LEAD,
        id: "nil@probation.example",
        subject: "Re: 2 returns",
        headers: &headers,
        text: "nil, nothing this quarter",
        ..mailbox::Letter::default()
    };
    server.deliver(nil.write());
    look(&daemon, "2025-07-01T10:04:00Z").await;
    assert_eq!(server.count(mailbox::HELD), 1, "{}", daemon.log());
}
