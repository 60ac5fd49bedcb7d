//! The mailbox as a way in, against a real Dovecot: who is believed, what is asked for, and that every message is answered
//! once and moved once.

use quarterday::{
    daemon::Command as Order,
    ledger::{Event, IncomingState, OutboxRow, RecordedEvent},
};

use rust_xlsxwriter::Workbook;

use crate::support::{
    TestBoard, TestDaemon,
    dovecot::{Dovecot, PASSWORD, USER},
    said,
    smtp::{Relay, Tls},
};

pub const LEAD: &str = "partnerships@probation.example";
pub const NOW: &str = "2025-07-08T09:00:00Z";
pub const DONE: &str = "Quarterday done";
pub const HELD: &str = "Quarterday held";
pub const CSV: &str = "Period,Referrals under 18,\"Of these, adopted by Channel\"\n2025-26-Q1,3,1\n";

/// A board that asks probation for one CSV a quarter and reads the mailbox of `server`.
pub fn board(server: &Dovecot) -> TestBoard {
    board_for(server, &["prevent-referrals"])
}

/// The same with other returns.
pub fn board_for(server: &Dovecot, returns: &[&str]) -> TestBoard {
    let board = TestBoard::with_returns(returns).with("MAILBOX_PASSWORD", PASSWORD);
    reads(&board, server, "password = { env = \"MAILBOX_PASSWORD\" }");
    board
}

fn reads(board: &TestBoard, server: &Dovecot, sign_in: &str) {
    let text = board.read("config/quarterday.toml");
    let mailbox = format!(
        "\n[mailbox]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{USER}\"\nca_file = {:?}\n\
         authserv_id = \"mx.board.example\"\n{sign_in}\n",
        server.port,
        server.authority()
    );
    board.write("config/quarterday.toml", text + &mailbox);
}

/// A letter as the board's own server would have taken it in.
pub struct Letter<'a> {
    pub from: &'a str,
    pub id: &'a str,
    pub subject: &'a str,
    pub headers: &'a str,
    pub text: &'a str,
    pub files: &'a [(&'a str, &'a [u8])],
}

impl Default for Letter<'_> {
    fn default() -> Self {
        Self {
            from: LEAD,
            id: "one@probation.example",
            subject: "our figures",
            headers: "",
            text: "Dear all,",
            files: &[],
        }
    }
}

impl Letter<'_> {
    pub fn write(&self) -> Vec<u8> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let domain = self.from.rsplit_once('@').unwrap().1;
        self.write_with(&format!("Authentication-Results: mx.board.example; dmarc=pass header.from={domain}\r\n"))
            .into_iter()
            .chain(self.files.iter().flat_map(|(name, bytes)| {
                format!(
                    "--part\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Disposition: attachment; \
                     filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
                    BASE64_STANDARD.encode(bytes)
                )
                .into_bytes()
            }))
            .chain(*b"--part--\r\n")
            .collect()
    }

    pub fn write_with(&self, results: &str) -> Vec<u8> {
        let Self { from, id, subject, headers, text, .. } = self;
        format!(
            "Return-Path: <{from}>\r\nReceived: from elsewhere\r\n{results}From: Somebody <{from}>\r\nTo: {USER}\r\nSubject: {subject}\r\n\
             Message-ID: <{id}>\r\n{headers}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n\r\n\
             --part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        )
        .into_bytes()
    }
}

/// The kinds and recipients of the messages that came of letters: answers and alarms, the chase left out.
pub async fn answers(daemon: &TestDaemon) -> Vec<String> {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let is_told =
        |kind: &str| kind.starts_with("answer") || kind.starts_with("post") || kind == "alarm" || kind == "watch";
    let told = rows.iter().filter(|row| is_told(&row.kind));
    told.map(|row| format!("{} {}", row.kind, row.recipient)).collect()
}

pub async fn text_of(daemon: &TestDaemon, kind: &str) -> String {
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let texts = rows.iter().filter(|row| row.kind == kind).map(|row| row.message["text"].as_str().unwrap().to_owned());
    texts.collect::<Vec<_>>().join("\n=====\n")
}

pub async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

/// Looks into the mailbox again: a look is half a minute after the one before.
async fn look(daemon: &TestDaemon, at: &str) {
    daemon.advance(at).await;
    daemon.ring().await;
}

#[tokio::test]
async fn a_file_from_the_lead_is_taken_answered_and_its_letter_moved() {
    let Some(server) = Dovecot::start() else { return };
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    server.deliver(Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write());
    look(&daemon, "2025-07-08T09:00:31Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", daemon.log());
    assert_eq!(answers(&daemon).await, [format!("answer-accepted {LEAD}")]);
    assert_eq!((server.count(""), server.count(DONE)), (0, 1));
    let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    assert_eq!(submissions[0].source, format!("by mail from {LEAD}"));
    let told = text_of(&daemon, "nudge").await;
    assert!(told.contains("Reply with it attached"), "{told}");
    // Nothing happens to what was moved away, and nothing twice.
    look(&daemon, "2025-07-08T09:01:02Z").await;
    assert_eq!(verdicts(&daemon).await.len(), 1);
    let (_, wrong) = daemon.ledger().read(|txn| Ok((txn.submissions()?, txn.verify()?))).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_file_counts_from_when_it_came_into_the_mailbox_and_not_from_when_it_was_read_or_accepted() {
    let Some(server) = Dovecot::start() else { return };
    // Due on 14 July at 17:00; nobody looked before the 16th.
    let files: &[(&str, &[u8])] = &[("figures.csv", CSV.as_bytes())];
    server.deliver_at(
        "2025-07-14T15:55:00Z",
        Letter { from: "stand-in@elsewhere.example", files, ..Letter::default() }.write(),
    );
    let daemon = board(&server).start("2025-07-16T09:00:00Z");
    daemon.ring().await;
    assert!(verdicts(&daemon).await.is_empty());
    let known = daemon.board.done(&["accept", "1", "--as", "probation"]);
    assert!(known.contains("accepted"), "{known}");
    let arrived = "SELECT received_at FROM ledger.submissions";
    assert_eq!(daemon.sql(arrived).await, ["2025-07-14T15:55:00Z"]);
    let standing = "SELECT received_day, state FROM ledger.obligations WHERE period = '2025-26-Q1'";
    assert_eq!(daemon.sql(standing).await, ["2025-07-14,accepted"]);
    let before =
        daemon.board.done(&["sql", "--as-of", "2025-07-15", "-c", "SELECT count(*) AS n FROM ledger.submissions"]);
    assert!(before.contains("0"), "on the day before it was not known: {before}");
    let wrong = daemon.ledger().read(|txn| txn.verify()).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_colleague_of_the_agencys_domain_is_answered_beside_the_lead() {
    let Some(server) = Dovecot::start() else { return };
    let broken = CSV.replace("3,1", "3,9");
    let clerk = "clerk@probation.example";
    server.deliver(Letter { from: clerk, files: &[("q1.csv", broken.as_bytes())], ..Letter::default() }.write());
    let board = board(&server);
    board.edit(
        "config/agencies.toml",
        "id = \"probation\"\n",
        "id = \"probation\"\ndomains = [\"probation.example\"]\n",
    );
    let daemon = board.start(NOW);
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["not_accepted"]);
    let mut told = answers(&daemon).await;
    told.sort();
    assert_eq!(told, [format!("answer-not-accepted {clerk}"), format!("answer-not-accepted {LEAD}")]);
}

#[tokio::test]
async fn the_same_message_delivered_twice_is_taken_once() {
    let Some(server) = Dovecot::start() else { return };
    let letter = Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write();
    server.deliver(&letter);
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    // Another copy took another way, and its trace says so.
    let again = String::from_utf8(letter).unwrap().replace("from elsewhere", "from another server");
    server.deliver(again);
    look(&daemon, "2025-07-08T09:01:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    assert_eq!(answers(&daemon).await.len(), 1);
    assert_eq!((server.count(""), server.count(DONE)), (0, 2));
}

#[tokio::test]
async fn a_kill_between_any_two_steps_takes_each_file_once_and_answers_once() {
    for place in [
        "intake-after-landing",
        "mailbox-after-recorded",
        "mailbox-after-offer",
        "intake-after-received",
        "mailbox-before-move",
    ] {
        let Some(server) = Dovecot::start() else { return };
        let letter =
            Letter { files: &[("figures.csv", CSV.as_bytes()), ("scan.pdf", b"%PDF-1.7")], ..Letter::default() };
        server.deliver(letter.write());
        let mut board = board(&server);
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(NOW);
        let _ = daemon.order(Order::Ring).await;
        let mut board = daemon.wait_for_death();
        assert_eq!(server.count(DONE), 0, "{place}: it is moved only at the end");
        board.set("FAILPOINTS", None);
        let daemon = board.start("2025-07-08T09:05:00Z");
        daemon.ring().await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{place}: {}", daemon.log());
        let told = answers(&daemon).await;
        let of = |kind: &str| told.iter().filter(|told| told.starts_with(kind)).count();
        assert_eq!((of("answer-accepted"), of("post-not-taken"), told.len()), (1, 1, 2), "{place}: {told:?}");
        assert_eq!((server.count(""), server.count(DONE)), (0, 1), "{place}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_moved_is_tried_again_and_does_nothing_twice() {
    let Some(server) = Dovecot::start() else { return };
    let in_the_way = server.spoil(DONE);
    server.deliver(Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write());
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert_eq!((verdicts(&daemon).await, server.count("")), (vec!["accepted".to_owned()], 1));
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    assert!(failing[0].1.says.as_deref().unwrap().contains("did not move a message"), "{failing:?}");
    std::fs::remove_file(in_the_way).unwrap();
    look(&daemon, "2025-07-08T09:02:00Z").await;
    assert_eq!((server.count(""), server.count(DONE)), (0, 1), "{}", server.log());
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    assert_eq!(answers(&daemon).await, [format!("answer-accepted {LEAD}")]);
    assert!(daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_password_is_tried_seldom_told_once_and_never_shown() {
    let Some(server) = Dovecot::start() else { return };
    let mut board = board(&server);
    board.set("MAILBOX_PASSWORD", Some("CANARY-wrong-phrase"));
    let daemon = board.start(NOW);
    daemon.ring().await;
    for minute in ["05", "10", "14"] {
        look(&daemon, &format!("2025-07-08T09:{minute}:00Z")).await;
    }
    let tries = |server: &Dovecot| server.log().matches("auth failed").count();
    assert_eq!(tries(&server), 1, "{}", server.log());
    look(&daemon, "2025-07-08T09:16:00Z").await;
    look(&daemon, "2025-07-08T10:10:00Z").await;
    assert_eq!(tries(&server), 2, "{}", server.log());
    assert_eq!(answers(&daemon).await, ["watch manager@exampleshire.example"]);
    assert!(text_of(&daemon, "watch").await.contains("The mailbox cannot be read"));
    let status = said(&daemon.board.run(&["status"]));
    assert!(status.contains("Not reached: the mailbox: 127.0.0.1 refuses the sign-in"), "{status}");
    for place in [daemon.log(), status, text_of(&daemon, "watch").await] {
        assert!(!place.contains("CANARY"), "{place}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_asked_again_and_nothing_is_lost() {
    let Some(server) = Dovecot::start() else { return };
    let long = vec![b'7'; 200_000];
    server.deliver(
        Letter { files: &[("figures.csv", CSV.as_bytes()), ("scan.pdf", &long)], ..Letter::default() }.write(),
    );
    // Between the daemon and the server stands one that cuts the line in the middle of the message.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, behind) = (listener.local_addr().unwrap().port(), server.port);
    tokio::spawn(async move {
        let mut cut = true;
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = tokio::net::TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
            let cuts = std::mem::replace(&mut cut, false);
            tokio::spawn(async move {
                let (mut near_in, mut near_out) = near.split();
                let (far_in, mut far_out) = far.split();
                let mut limited = tokio::io::AsyncReadExt::take(far_in, if cuts { 60_000 } else { u64::MAX });
                tokio::select! {
                    _ = tokio::io::copy(&mut near_in, &mut far_out) => {}
                    _ = tokio::io::copy(&mut limited, &mut near_out) => {}
                }
            });
        }
    });
    let board = board(&server);
    board.edit("config/quarterday.toml", &format!("port = {behind}"), &format!("port = {port}"));
    let daemon = board.start(NOW);
    daemon.ring().await;
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    assert!(failing[0].1.says.as_deref().unwrap().contains("could not be reached"), "{failing:?}");
    assert_eq!((verdicts(&daemon).await.len(), server.count("")), (0, 1));
    look(&daemon, "2025-07-08T09:02:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    assert_eq!(server.count(DONE), 1);
}

#[tokio::test]
async fn a_template_that_was_filled_in_says_for_which_return_it_is() {
    let Some(server) = Dovecot::start() else { return };
    let board = TestBoard::with_returns(&["missing-children"]).with("MAILBOX_PASSWORD", PASSWORD);
    // Another return of the same headings, so that nothing but the mark can tell them apart.
    let twin = board.read("pipelines/missing-children/return.toml");
    board.write(
        "pipelines/found-children/return.toml",
        twin.replacen("title = \"", "title = \"Other ", 1).replace("= \"missing-children*", "= \"found-children*"),
    );
    reads(&board, &server, "password = { env = \"MAILBOX_PASSWORD\" }");
    let lead = board.read("config/agencies.toml");
    let lead = lead.split("id = \"police\"").nth(1).unwrap().split("email = \"").nth(1).unwrap();
    let lead = lead.split('"').next().unwrap().to_owned();
    let out = board.path("form.xlsx").display().to_string();
    let form = ["template", "found-children", "--agency", "police", "--period", "2025-26-Q1", "--out", &out];
    board.done(&form);
    let bytes = std::fs::read(board.path("form.xlsx")).unwrap();
    let letter = Letter { from: &lead, subject: "as asked", files: &[("Book1.xlsx", &bytes)], ..Letter::default() };
    server.deliver(letter.write());
    let daemon = board.start(NOW);
    daemon.ring().await;
    let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    let taken: Vec<_> = submissions.iter().map(|submission| submission.obligation.to_string()).collect();
    assert_eq!(taken, ["found-children/police/2025-26-Q1"], "{:?}", answers(&daemon).await);
}

#[tokio::test]
async fn an_unknown_sender_waits_for_the_manager_who_accepts_once_or_always() {
    let Some(server) = Dovecot::start() else { return };
    let stranger = "new.colleague@elsewhere.example";
    let first = Letter {
        from: stranger,
        id: "first@elsewhere.example",
        files: &[("figures.csv", CSV.as_bytes())],
        ..Letter::default()
    };
    server.deliver(first.write());
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert!(verdicts(&daemon).await.is_empty());
    assert_eq!(answers(&daemon).await, [format!("post-held {stranger}"), "alarm manager@exampleshire.example".into()]);
    assert_eq!(server.count(HELD), 1);
    let held = daemon.board.done(&["held"]);
    assert!(held.contains("message 1 from Somebody <new.colleague@elsewhere.example>"), "{held}");
    assert!(daemon.board.done(&["status"]).contains("Held: message 1"), "status lists it too");
    let alarm = text_of(&daemon, "alarm").await;
    assert!(alarm.contains("quarterday accept 1") && alarm.contains("Quarterday held"), "{alarm}");

    let said = daemon.board.done(&["accept", "1", "--as", "probation", "--always"]);
    assert!(said.contains("prevent-referrals/probation/2025-26-Q1: submission 1, accepted"), "{said}");
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    assert_eq!(daemon.board.done(&["held"]).trim(), "No message is held.");
    let again = daemon.board.run(&["accept", "1", "--as", "probation"]);
    assert!(crate::support::said(&again).contains("message 1 is not held"), "decided once");

    let changed = CSV.replace("3,1", "4,1");
    let second = Letter {
        from: stranger,
        id: "second@elsewhere.example",
        files: &[("2025-26-Q1.csv", changed.as_bytes())],
        ..Letter::default()
    };
    server.deliver(second.write());
    look(&daemon, "2025-07-08T09:01:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted"], "always is for good");
    assert_eq!(server.count(DONE), 1);
}

#[tokio::test]
async fn a_release_sent_by_mail_is_of_the_day_its_name_says_or_of_the_day_it_came() {
    let Some(server) = Dovecot::start() else { return };
    let board = board(&server);
    let definition = board.read("pipelines/prevent-referrals/return.toml");
    let between = |from: &str, to: &str| definition.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let (governance, tables) = (between("[governance]", "[source]"), between("[format]", "\0"));
    let tables =
        tables.replace("name = \"prevent_referrals\"\nperiod_column = \"Period\"\n", "name = \"local_figures\"\n");
    board.write(
        "pipelines/local-figures/return.toml",
        format!(
            "title = \"Local figures\"\nagencies = [\"probation\"]\npriority = \"all\"\nevery = \"release\"\n\n\
             [governance]{governance}[source]\nkind = \"mailbox\"\npattern = \"local-figures*.csv\"\n\n[format]{tables}"
        ),
    );
    board.done(&["validate"]);
    let csv = "Referrals under 18,\"Of these, adopted by Channel\"\n3,1\n";
    let of = |id: &'static str, name: &'static str, csv: &str| {
        Letter { id, files: &[(name, csv.as_bytes())], ..Letter::default() }.write()
    };
    server.deliver(of("a@probation.example", "local-figures 2025-07-01.csv", csv));
    server
        .deliver_at("2025-07-07T10:00:00Z", of("b@probation.example", "local-figures.csv", &csv.replace("3,1", "4,1")));
    let daemon = board.start(NOW);
    daemon.ring().await;
    let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    let mut taken: Vec<_> = submissions.iter().map(|submission| submission.obligation.to_string()).collect();
    taken.sort();
    let expected = ["local-figures/probation/2025-07-01", "local-figures/probation/2025-07-07"];
    assert_eq!(taken, expected, "{:?} {}", answers(&daemon).await, daemon.board.done(&["held"]));
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted"]);
    assert_eq!(answers(&daemon).await, vec![format!("answer-accepted {LEAD}"); 2]);
    assert_eq!((server.count(DONE), server.count(HELD)), (2, 0));
    insta::assert_snapshot!(
        "a_release_by_mail",
        text_of(&daemon, "answer-accepted").await.split("\n=====").next().unwrap()
    );
}

#[tokio::test]
async fn a_mailbox_that_is_looked_into_too_seldom_for_the_promised_minute_is_noted() {
    let Some(server) = Dovecot::start() else { return };
    let board = board(&server);
    for (seconds, noted) in [(30, false), (31, true), (3600, true)] {
        let text = board.read("config/quarterday.toml");
        let (before, mailbox) = text.split_once("\n[mailbox]\n").unwrap();
        let lines = mailbox.lines().filter(|line| !line.starts_with("poll_seconds"));
        let mailbox = lines.chain([format!("poll_seconds = {seconds}").as_str()]).collect::<Vec<_>>().join("\n");
        board.write("config/quarterday.toml", format!("{before}\n[mailbox]\n{mailbox}\n"));
        for told in [board.done(&["validate"]), board.done(&["status"])] {
            let note = format!("Note: the mailbox is looked into every {seconds} seconds only");
            assert_eq!(told.contains(&note), noted, "{seconds}: {told}");
        }
    }
}

#[tokio::test]
async fn a_refused_message_is_answered_with_the_reason_and_taken_by_nobody() {
    let Some(server) = Dovecot::start() else { return };
    let stranger = "someone@elsewhere.example";
    server.deliver(Letter { from: stranger, files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write());
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    let wrong = daemon.board.run(&["accept", "1", "--refuse"]);
    assert_eq!(wrong.status.code(), Some(2), "a reason is owed");
    daemon.board.done(&["accept", "1", "--refuse", "--reason", "please write to your own board"]);
    assert!(verdicts(&daemon).await.is_empty());
    let told = text_of(&daemon, "post-not-taken").await;
    assert!(told.contains("It was not taken: please write to your own board"), "{told}");
    let events = daemon.ledger().read(|txn| txn.events_of("message/1")).await.unwrap();
    assert!(events.iter().any(|e| matches!(&e.event, Event::MessageDecided { reason: Some(_), .. })), "{events:?}");
}

#[tokio::test]
async fn a_sender_whom_the_server_could_not_confirm_is_held_however_well_known() {
    let Some(server) = Dovecot::start() else { return };
    let forged = Letter { files: &[], ..Letter::default() };
    let mut raw = forged.write_with("Authentication-Results: mx.board.example; dmarc=fail header.from=probation.example\r\nAuthentication-Results: mx.board.example; dmarc=pass header.from=probation.example\r\n");
    raw.extend_from_slice(b"--part\r\nContent-Type: text/csv; name=q1.csv\r\nContent-Disposition: attachment\r\n\r\n");
    raw.extend_from_slice(CSV.as_bytes());
    raw.extend_from_slice(b"\r\n--part--\r\n");
    server.deliver(raw);
    let stranger = Letter { from: "x@forged.example", id: "x@forged.example", ..Letter::default() };
    let mut raw = stranger.write_with("");
    raw.extend_from_slice(b"--part--\r\n");
    server.deliver(raw);
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert!(verdicts(&daemon).await.is_empty());
    let told = answers(&daemon).await;
    // The lead is told of the letter in their name; a stranger whose name may be forged is not written to.
    assert_eq!(
        told.iter().filter(|told| told.starts_with("post-held")).collect::<Vec<_>>(),
        [&format!("post-held {LEAD}")]
    );
    assert_eq!(told.iter().filter(|told| told.starts_with("alarm")).count(), 2, "{told:?}");
    assert_eq!(server.count(HELD), 2);
}

#[tokio::test]
async fn text_without_a_file_goes_to_the_manager_and_the_next_rung_waits_a_working_day_once() {
    let Some(server) = Dovecot::start() else { return };
    let relay = Relay::honest().await;
    let board = board(&server)
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none");
    let daemon = board.start(NOW);
    daemon.advance("2025-07-15T12:00:00Z").await;
    // The lead answers the reminder as a mail program does, and it comes back by way of the relay's own copy.
    let due = relay.kept().into_iter().rev().find(|kept| kept.recipient.contains(LEAD)).unwrap();
    let reply = |id: &'static str, headers: &str| {
        Letter {
            id,
            headers,
            subject: "Re: due",
            text: "CANARY-NAME-OF-A-CHILD is back, the figures follow",
            ..Letter::default()
        }
        .write()
    };
    let headers = format!("In-Reply-To: {}\r\n", due.header("Message-ID").unwrap());
    server.deliver(reply("r1@probation.example", &headers));
    server.deliver(reply("r2@probation.example", &headers));
    look(&daemon, "2025-07-15T12:01:00Z").await;
    let events = daemon.ledger().read(|txn| txn.events_of("prevent-referrals/probation/2025-26-Q1")).await.unwrap();
    let deferred: Vec<_> =
        events.iter().filter(|e| matches!(&e.event, Event::Deferred { rung, .. } if rung == "overdue")).collect();
    assert_eq!(deferred.len(), 1, "once only per rung: {events:?}");
    let told = answers(&daemon).await;
    let of = |kind: &str| told.iter().filter(|told| told.starts_with(kind)).count();
    assert_eq!((of("post-passed-on"), of("alarm")), (2, 2), "each message has its answer: {told:?}");
    assert!(text_of(&daemon, "post-passed-on").await.contains("waits one working day longer"));
    assert_eq!(server.count(HELD), 2, "a person reads it there");
    daemon.advance("2025-07-16T12:00:00Z").await;
    let overdue = |messages: Vec<String>| messages.iter().filter(|message| message.starts_with("overdue")).count();
    assert_eq!(overdue(daemon.messages().await), 0, "it would have left today");
    daemon.advance("2025-07-17T12:00:00Z").await;
    assert!(overdue(daemon.messages().await) > 0);
    let alarm = text_of(&daemon, "alarm").await;
    for place in [alarm, daemon.log(), said(&daemon.board.run(&["status"])), format!("{:?}", relay.kept())] {
        assert!(!place.contains("CANARY-NAME"), "the words of a message are repeated nowhere: {place}");
    }
    // Our own message, delivered to the mailbox, is no letter to be answered.
    let before = answers(&daemon).await.len();
    server.deliver(due.bytes.replace('\n', "\r\n"));
    look(&daemon, "2025-07-17T12:02:00Z").await;
    assert_eq!(answers(&daemon).await.len(), before);
    let last = daemon.ledger().read(|txn| txn.incoming(3)).await.unwrap().unwrap();
    assert_eq!(last.state, IncomingState::Ignored);
}

#[tokio::test]
async fn a_reply_of_nil_answers_whether_anything_happened() {
    let Some(server) = Dovecot::start() else { return };
    let (board, definition) = (board(&server), "pipelines/prevent-referrals/return.toml");
    board.edit(definition, "every = \"quarter\"", "every = \"occurrence\"");
    let asks = "\n[anything_since]\nevery = \"quarter\"\nworking_days = 10\n";
    board.write(definition, board.read(definition) + asks);
    server
        .deliver(Letter { id: "q1@probation.example", text: "nil: none that we know of", ..Letter::default() }.write());
    let daemon = board.start(NOW);
    daemon.ring().await;
    let states = daemon.sql("SELECT period, duty, state FROM ledger.obligations").await;
    assert_eq!(states, ["2025-26-Q1,question,nil"], "{}", daemon.log());
    assert!(text_of(&daemon, "answer-nil").await.contains("none that we know of"));
}

#[tokio::test]
async fn a_reply_of_nil_is_a_nil_return_and_without_a_reason_it_is_asked_for() {
    let Some(server) = Dovecot::start() else { return };
    server.deliver(Letter { id: "n1@probation.example", text: "Nil", ..Letter::default() }.write());
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert!(text_of(&daemon, "post-not-taken").await.contains("needs one line of reason"));
    server.deliver_at(
        "2025-07-07T10:00:00Z",
        Letter {
            id: "n2@probation.example",
            text: "nil: no referral in the quarter\r\n> due Monday",
            ..Letter::default()
        }
        .write(),
    );
    look(&daemon, "2025-07-08T09:01:00Z").await;
    let states = daemon.sql("SELECT state, received_day FROM ledger.obligations").await;
    assert_eq!(states, ["nil,2025-07-07"], "{}", daemon.log());
    assert!(text_of(&daemon, "answer-nil").await.contains("no referral in the quarter"));
    server.deliver(
        Letter {
            id: "n3@probation.example",
            text: "nil - again nothing",
            subject: "April to June 2025",
            ..Letter::default()
        }
        .write(),
    );
    look(&daemon, "2025-07-08T09:02:00Z").await;
    let last = daemon.ledger().read(|txn| txn.incoming(3)).await.unwrap().unwrap();
    assert_eq!(last.state, IncomingState::Held, "nothing is left to be nil: a person looks");
    server.deliver(
        Letter {
            id: "n4@probation.example",
            text: "nil: Zebedee Canarybird 943 476 5919 moved",
            subject: "April to June 2025",
            ..Letter::default()
        }
        .write(),
    );
    look(&daemon, "2025-07-08T09:03:00Z").await;
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let letters: Vec<String> = letters.iter().map(|row| row.message.to_string()).collect();
    assert!(letters.iter().any(|text| text.contains("a reason that tells of no child")), "{letters:?}");
    let row = daemon.ledger().read(|txn| txn.incoming(4)).await.unwrap().unwrap();
    assert!(!format!("{row:?}").contains("943") && !letters.iter().any(|text| text.contains("943")), "{row:?}");
}

#[tokio::test]
async fn what_cannot_be_used_is_named_with_what_to_do() {
    let Some(server) = Dovecot::start() else { return };
    let files: &[(&str, &[u8])] = &[
        ("message_v2.rpmsg", b"x"),
        ("figures.xlsx.switch", b"x"),
        ("smime.p7m", b"x"),
        ("run.csv.exe", b"MZ"),
        ("scan.pdf", b"%PDF-1.7"),
    ];
    server.deliver(Letter { text: "> please send", files, ..Letter::default() }.write());
    let whole = format!(
        "Authentication-Results: mx.board.example; dmarc=pass header.from=probation.example\r\nFrom: {LEAD}\r\n\
         Subject: secret\r\nMessage-ID: <w@probation.example>\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n"
    );
    server.deliver(whole);
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert!(verdicts(&daemon).await.is_empty());
    let told = text_of(&daemon, "post-not-taken").await;
    for part in [
        "message_v2.rpmsg: It is protected by Microsoft",
        "Egress",
        "S/MIME",
        "run.csv.exe: It is no kind",
        "We take CSV, Excel",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    assert_eq!(answers(&daemon).await.len(), 2, "one answer a message; without words nobody else is troubled");
    assert_eq!(server.count(DONE), 2);
}

#[tokio::test]
async fn words_beside_files_that_cannot_be_used_reach_a_person_and_the_reminder_on_the_due_day_is_left_out() {
    let Some(server) = Dovecot::start() else { return };
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    let text = "CANARY-NAME-OF-A-CHILD is back, the figures are in the letter";
    server.deliver(Letter { text, files: &[("letter.docx", b"PK")], ..Letter::default() }.write());
    look(&daemon, "2025-07-08T09:01:00Z").await;
    assert_eq!(
        answers(&daemon).await,
        [format!("post-not-taken {LEAD}"), "alarm manager@exampleshire.example".into()],
        "{}",
        daemon.log()
    );
    assert_eq!((server.count(HELD), server.count(DONE)), (1, 0), "a person reads it there");
    let told = text_of(&daemon, "post-not-taken").await;
    assert!(told.contains("letter.docx: It is no kind of file that we take."), "{told}");
    assert!(told.contains("A person reads what you wrote with it."), "{told}");
    let alarm = text_of(&daemon, "alarm").await;
    assert!(alarm.contains("wrote without a file that can be used"), "{alarm}");
    assert!(alarm.contains("The reminder on its day (due-today) is left out."), "{alarm}");
    for place in [&alarm, &told, &daemon.log()] {
        assert!(!place.contains("CANARY-NAME"), "the words are repeated nowhere: {place}");
        assert!(!place.contains("one working day longer"), "nothing is promised that does not happen: {place}");
    }
    daemon.advance("2025-07-15T12:00:00Z").await;
    let messages = daemon.messages().await;
    assert!(!messages.iter().any(|message| message.starts_with("due-today")), "{messages:?}");
    daemon.advance("2025-07-16T12:00:00Z").await;
    assert!(daemon.messages().await.iter().any(|message| message.starts_with("overdue")), "on its day");
}

#[tokio::test]
async fn a_fresh_message_from_any_colleague_has_everything_it_could_be_about_wait_once() {
    let Some(server) = Dovecot::start() else { return };
    let board = board(&server);
    let twin =
        board.read("pipelines/prevent-referrals/return.toml").replace("\"prevent_referrals\"", "\"prevent_again\"");
    let twin =
        twin.replace("Prevent referrals under 18", "Another count").replace("= \"prevent-referrals*", "= \"another*");
    board.write("pipelines/another-count/return.toml", twin);
    let domains = "id = \"probation\"\ndomains = [\"probation.example\"]\n";
    board.edit("config/agencies.toml", "id = \"probation\"\n", domains);
    let daemon = board.start(NOW);
    daemon.advance("2025-07-15T12:00:00Z").await;
    let clerk = "clerk@probation.example";
    for (id, at) in [("w1@probation.example", "12:01"), ("w2@probation.example", "12:02")] {
        server.deliver(Letter { from: clerk, id, text: "we are late, sorry", ..Letter::default() }.write());
        look(&daemon, &format!("2025-07-15T{at}:00Z")).await;
    }
    let rungs = |events: &[RecordedEvent], told: bool| {
        let of = events.iter().filter_map(|e| match &e.event {
            Event::Told { rung, .. } if told => Some(format!("{} {rung}", e.subject)),
            Event::Deferred { rung, .. } if !told => Some(format!("{} {rung}", e.subject)),
            _ => None,
        });
        let mut overdue: Vec<String> = of.filter(|rung| rung.ends_with("overdue")).collect();
        overdue.sort();
        overdue
    };
    let both = ["another-count/probation/2025-26-Q1 overdue", "prevent-referrals/probation/2025-26-Q1 overdue"];
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    assert_eq!(rungs(&events, false), both, "each, and once");
    let letters = text_of(&daemon, "post-passed-on").await;
    let (first, second) = letters.split_once("=====").unwrap();
    insta::assert_snapshot!("what_a_fresh_message_could_be_about", first);
    assert!(!second.contains("waits one working day longer"), "it waits already: {second}");
    let alarm = text_of(&daemon, "alarm").await;
    for key in ["another-count", "prevent-referrals"] {
        let line = format!(
            "It could be about {key}/probation/2025-26-Q1. The next message to them (overdue) waits one working day longer."
        );
        assert!(alarm.contains(&line), "{alarm}");
    }
    daemon.advance("2025-07-16T12:00:00Z").await;
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    assert_eq!(rungs(&events, true), Vec::<String>::new(), "it would have left today");
    daemon.advance("2025-07-17T12:00:00Z").await;
    let events = daemon.ledger().read(|txn| txn.all_events()).await.unwrap();
    assert_eq!(rungs(&events, true), both);
}

#[tokio::test]
async fn whoever_mailed_identities_is_told_how_to_put_it_right_beside_lead_and_deputy() {
    let Some(server) = Dovecot::start() else { return };
    let board = TestBoard::with_returns(&["missing-children"]).with("MAILBOX_PASSWORD", PASSWORD);
    reads(&board, &server, "password = { env = \"MAILBOX_PASSWORD\" }");
    let domains = "id = \"police\"\ndomains = [\"police.example\"]\n";
    board.edit("config/agencies.toml", "id = \"police\"\n", domains);
    let workbook = |figure: f64| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("Return").unwrap();
        sheet.write_row(0, 0, ["Period", "Children missing from home", "NHS number"]).unwrap();
        sheet.write_row(1, 0, ["2025-26-Q1", "41", "943 476 5919"]).unwrap();
        sheet.write_number(1, 1, figure).unwrap();
        book.save_to_buffer().unwrap()
    };
    let (clerk, lead, deputy) = ("clerk@police.example", "missing.unit@police.example", "tom.ashby@police.example");
    let of = |from, id, book: &[u8]| Letter { from, id, files: &[("Q1.xlsx", book)], ..Letter::default() }.write();
    server.deliver(of(clerk, "i1@police.example", &workbook(41.0)));
    let daemon = board.start(NOW);
    daemon.ring().await;
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let to = |rows: &[OutboxRow], about: &str| {
        let told = rows.iter().filter(|row| row.kind == "incident-sender" && row.message.to_string().contains(about));
        let mut to: Vec<String> = told.map(|row| row.recipient.clone()).collect();
        to.sort();
        to
    };
    assert_eq!(to(&rows, "incident 1"), [clerk, lead, deputy], "{}", daemon.log());
    let text = text_of(&daemon, "incident-sender").await;
    let letter = text.split("\n=====\n").next().unwrap();
    insta::assert_snapshot!("identities_came_by_mail", letter);
    let manager = text_of(&daemon, "incident-manager").await;
    for part in [
        "without the content, is on its way to missing.unit@police.example, tom.ashby@police.example, clerk@police.example.",
        "in its folder Quarterday done or Quarterday held, as Q1.xlsx; please delete the message there",
        "backups of the data folder that were made since it arrived, sealed, until they are overwritten",
    ] {
        assert!(manager.contains(part), "{part} is missing in:\n{manager}");
    }
    for place in [&text, &manager, &daemon.log()] {
        assert!(!place.contains("943 476 5919"), "{place}");
    }
    // Who is lead and wrote is told once.
    server.deliver(of(lead, "i2@police.example", &workbook(42.0)));
    look(&daemon, "2025-07-08T09:01:00Z").await;
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    assert_eq!(to(&rows, "incident 2"), [lead, deputy]);
}

#[tokio::test]
async fn a_message_larger_than_is_taken_is_answered_and_not_read() {
    let Some(server) = Dovecot::start() else { return };
    let big = vec![b'7'; 31 << 20];
    server.deliver(Letter { files: &[("figures.csv", &big)], ..Letter::default() }.write());
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert!(text_of(&daemon, "post-not-taken").await.contains("larger than the 40 MB"), "{}", daemon.log());
    assert_eq!(server.count(DONE), 1);
}

#[tokio::test]
async fn a_file_that_could_be_two_returns_is_held_with_both_and_placed_by_a_person() {
    let Some(server) = Dovecot::start() else { return };
    let board = board(&server);
    let twin =
        board.read("pipelines/prevent-referrals/return.toml").replace("\"prevent_referrals\"", "\"prevent_again\"");
    let twin =
        twin.replace("prevent-referrals*.csv", "other*.csv").replace("Prevent referrals under 18", "Another count");
    board.write("pipelines/another-count/return.toml", twin);
    server.deliver(
        Letter { id: "a@probation.example", files: &[("data.csv", CSV.as_bytes())], ..Letter::default() }.write(),
    );
    server.deliver(
        Letter { id: "b@probation.example", files: &[("another count.csv", CSV.as_bytes())], ..Letter::default() }
            .write(),
    );
    let daemon = board.start(NOW);
    daemon.ring().await;
    let taken = daemon.sql("SELECT return_id, verdict FROM ledger.submissions").await;
    assert_eq!(taken, ["another-count,accepted"], "the one whose name says it");
    let held = daemon.board.done(&["held"]);
    assert!(held.contains("another-count of probation, prevent-referrals of probation"), "{held}");
    let told = text_of(&daemon, "post-held").await;
    assert!(told.contains("It does not say which return data.csv is"), "{told}");
    // While it lies with the manager, nobody is told that it has not come.
    server.deliver(
        Letter { id: "c@probation.example", files: &[("data.csv", CSV.as_bytes())], ..Letter::default() }.write(),
    );
    look(&daemon, "2025-07-08T09:00:31Z").await;
    let events = daemon.ledger().read(|txn| txn.events_of("prevent-referrals/probation/2025-26-Q1")).await.unwrap();
    let waits = events.iter().filter(|e| matches!(e.event, Event::Deferred { .. })).count();
    assert_eq!(waits, 1, "{events:?}");
    let vague = daemon.board.run(&["accept", "1", "--as", "probation"]);
    assert!(said(&vague).contains("Say so with --return and --period"), "{}", said(&vague));
    let of_others =
        daemon.board.run(&["accept", "1", "--as", "police", "--return", "prevent-referrals", "--period", "2025-26-Q1"]);
    assert!(said(&of_others).contains("is owed by probation, not by police"), "{}", said(&of_others));
    daemon.board.done(&["accept", "1", "--as", "probation", "--return", "prevent-referrals", "--period", "2025-26-Q1"]);
    let taken = daemon.sql("SELECT return_id, verdict FROM ledger.submissions ORDER BY submission").await;
    assert_eq!(taken, ["another-count,accepted", "prevent-referrals,accepted"]);
}

#[tokio::test]
async fn headings_tell_two_returns_apart_where_no_word_does() {
    let Some(server) = Dovecot::start() else { return };
    let board = board(&server);
    let twin = board.read("pipelines/prevent-referrals/return.toml").replace("\"prevent_referrals\"", "\"others\"");
    let twin =
        twin.replace("Referrals under 18\"]", "Cases of others\"]").replace("prevent-referrals*.csv", "other*.csv");
    board.write("pipelines/others/return.toml", twin.replace("Prevent referrals under 18", "Cases of others"));
    server.deliver(Letter { files: &[("data.csv", CSV.as_bytes())], ..Letter::default() }.write());
    let daemon = board.start(NOW);
    daemon.ring().await;
    let taken = daemon.sql("SELECT return_id, verdict FROM ledger.submissions").await;
    assert_eq!(taken, ["prevent-referrals,accepted"], "{}", daemon.log());
}

#[tokio::test]
async fn two_files_for_one_return_do_not_replace_each_other() {
    let Some(server) = Dovecot::start() else { return };
    let other = CSV.replace("3,1", "5,1");
    server.deliver(
        Letter { files: &[("a.csv", CSV.as_bytes()), ("b.csv", other.as_bytes())], ..Letter::default() }.write(),
    );
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert!(verdicts(&daemon).await.is_empty());
    let held = daemon.board.done(&["held"]);
    assert!(held.contains("2 files that could be Prevent referrals"), "{held}");
}

#[tokio::test]
async fn loops_absence_notes_and_newsletters_are_moved_without_a_word() {
    let Some(server) = Dovecot::start() else { return };
    for (number, headers) in [
        "Auto-Submitted: auto-replied\r\n",
        "Precedence: bulk\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "List-Id: <news.probation.example>\r\n",
    ]
    .iter()
    .enumerate()
    {
        let id = format!("auto{number}@probation.example");
        server.deliver(Letter { id: &id, headers, text: "I am away", ..Letter::default() }.write());
    }
    server.deliver(
        Letter { from: "business-unit@exampleshire.example", id: "us@x.example", ..Letter::default() }.write(),
    );
    // A case system that mails its export is no loop: its file is taken, and nobody is written to but lead and deputy.
    let export = Letter {
        id: "export@probation.example",
        headers: "Auto-Submitted: auto-generated\r\n",
        files: &[("figures.csv", CSV.as_bytes())],
        ..Letter::default()
    };
    server.deliver(export.write());
    let daemon = board(&server).start(NOW);
    daemon.ring().await;
    assert_eq!(answers(&daemon).await, [format!("answer-accepted {LEAD}")], "{}", daemon.log());
    assert_eq!((server.count(DONE), server.count(HELD), server.count("")), (6, 0, 0));
}

#[tokio::test]
async fn a_message_of_ours_that_comes_back_is_no_evidence_and_the_manager_is_told_once() {
    let Some(server) = Dovecot::start() else { return };
    let relay = Relay::start(Tls::Never, |_, _| crate::support::smtp::Act::Go).await;
    let board = board(&server)
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none");
    let daemon = board.start("2025-07-01T08:00:00Z");
    let bounced = |relay: &Relay| {
        let kept: Vec<_> = relay.kept().into_iter().filter(|kept| kept.recipient.contains(LEAD)).collect();
        kept.iter().map(|kept| kept.header("Message-ID").unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut seen = 0;
    for day in ["07-02", "07-08", "07-15", "07-17", "07-24", "07-31"] {
        daemon.advance(&format!("2025-{day}T12:00:00Z")).await;
        for id in bounced(&relay).into_iter().skip(seen) {
            seen += 1;
            server.deliver(report(&id, seen));
        }
        look(&daemon, &format!("2025-{day}T12:01:00Z")).await;
    }
    assert!(seen >= 3, "notice, reminders");
    let messages = daemon.messages().await;
    assert!(
        !messages.iter().any(|message| message.starts_with("escalation") || message.starts_with("preview")),
        "{messages:?}"
    );
    let alarm = text_of(&daemon, "alarm").await;
    assert!(alarm.contains("Mail to partnerships@probation.example does not arrive"), "{alarm}");
    let events = daemon.ledger().read(|txn| txn.events_of("prevent-referrals/probation/2025-26-Q1")).await.unwrap();
    assert_eq!(events.iter().filter(|e| matches!(e.event, Event::Bounced { .. })).count(), seen);
    assert_eq!(server.count(DONE), seen);
}

fn report(about: &str, number: usize) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.board.example\r\nTo: business-unit@exampleshire.example\r\nSubject: Undelivered\r\n\
         Message-ID: <report{number}@mx.board.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n\
         --r\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n\
         Final-Recipient: rfc822; {LEAD}\r\nAction: failed\r\nStatus: 5.1.1\r\n--r\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--r--\r\n"
    )
}

#[tokio::test]
async fn hostile_messages_are_held_and_stop_nothing() {
    let Some(server) = Dovecot::start() else { return };
    let proven = "Authentication-Results: mx.board.example; dmarc=pass header.from=probation.example\r\n";
    let nested = |levels: usize| {
        let inner = "Content-Type: message/rfc822\r\n\r\n".repeat(levels);
        format!("{proven}From: {LEAD}\r\nMessage-ID: <deep{levels}@x.example>\r\n{inner}x\r\n")
    };
    let boundaries = |count: usize| {
        let parts: String =
            (0..count).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n")).collect();
        format!("{proven}From: {LEAD}\r\nMessage-ID: <parts{count}@x.example>\r\n{parts}x\r\n")
    };
    let header = format!(
        "{proven}From: {LEAD}\r\nSubject: {}\r\nMessage-ID: <huge@x.example>\r\n\r\nx\r\n",
        "A".repeat(4 << 20)
    );
    let many: String = (0..50_000).map(|n| format!("X-H{n}: y\r\n")).collect();
    let many = format!("{proven}{many}From: {LEAD}\r\nMessage-ID: <many@x.example>\r\n\r\nx\r\n");
    let attack =
        [nested(100_000), boundaries(50_000), header, many, "\r\n\r\n".into(), "\0\0\0\0".into(), String::new()];
    let count = attack.len();
    for message in attack {
        server.deliver(message);
    }
    server.deliver(Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write());
    let daemon = board(&server).start(NOW);
    let before = daemon.pid();
    daemon.ring().await;
    assert_eq!((daemon.pid(), verdicts(&daemon).await), (before, vec!["accepted".to_owned()]), "{}", daemon.log());
    assert_eq!(server.count(""), 0, "{}", daemon.log());
    assert_eq!(server.count(DONE) + server.count(HELD), count + 1);
    for place in [daemon.log(), said(&daemon.board.run(&["status"]))] {
        assert!(!place.contains("panicked"), "{place}");
    }
}

#[tokio::test]
async fn a_mailbox_that_could_not_be_read_is_told_by_validate() {
    let board = TestBoard::with_returns(&["prevent-referrals"]);
    let text = board.read("config/quarterday.toml");
    board.write(
        "config/quarterday.toml",
        text.clone()
            + "\n[mailbox]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nuser = \"returns\"\npassword = \"hunter2\"\n\
                done_folder = \"INBOX\"\npoll_seconds = 1\nshape = 1\n",
    );
    let told = said(&board.run(&["validate"]));
    for part in ["mailbox.user", "mailbox.password", "mailbox.done_folder", "poll_seconds", "authserv_id", "shape"] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
    let whole = "\n[mailbox]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nuser = \"returns@board.example\"\nauthserv_id = \"mx\"\n\
                 password = { file = \"/nowhere/phrase\" }\n";
    board.write("config/quarterday.toml", text.clone() + whole);
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("the mailbox cannot be used") && told.contains("/nowhere/phrase"), "{told}");
    board.write("config/quarterday.toml", text + &whole.replace("127.0.0.1", "imap.board.example"));
    assert!(said(&board.run(&["validate"])).contains("since the board is an example"));
}

#[tokio::test]
async fn a_lead_who_is_away_names_a_colleague_and_a_stranger_named_is_for_the_manager() {
    let Some(server) = Dovecot::start() else { return };
    let daemon = board(&server).start(NOW);
    let text = "cover Sam Field <sam.field@probation.example>, please, I am away";
    server.deliver(Letter { id: "cover@probation.example", text, ..Letter::default() }.write());
    look(&daemon, "2025-07-08T09:01:00Z").await;
    let mut told: Vec<String> = daemon.messages().await;
    told.retain(|message| message.starts_with("contact "));
    let to: Vec<&str> = told.iter().filter_map(|message| message.split(' ').nth(1)).collect();
    assert_eq!(to, ["sam.field@probation.example", "manager@exampleshire.example", LEAD], "{told:?}");
    assert!(text_of(&daemon, "contact").await.contains("Until Tuesday 5 August our messages to the lead of"));
    daemon.advance("2025-07-14T12:00:00Z").await;
    let messages = daemon.messages().await;
    assert!(messages.iter().any(|m| m.starts_with("due-today sam.field@probation.example")), "{messages:?}");
    let text = "cover sam@elsewhere.example";
    server.deliver(Letter { id: "other@probation.example", text, ..Letter::default() }.write());
    look(&daemon, "2025-07-14T12:01:00Z").await;
    let alarm = text_of(&daemon, "alarm").await;
    assert!(alarm.contains("quarterday contact AGENCY cover"), "{alarm}");
    assert!(!daemon.messages().await.iter().any(|m| m.contains("sam@elsewhere.example")));
}
