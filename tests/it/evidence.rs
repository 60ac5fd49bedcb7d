//! Proof of chase: what `quarterday evidence` writes agrees with what was sent, and what was changed by hand is found.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::support::{
    TestBoard, TestDaemon, said,
    smtp::{Act, Relay, Tls, Verb},
};

const KEY: &str = "care-applications/cafcass/2025-26-Q1";
const ASKED: [&str; 5] = ["evidence", "--agency", "cafcass", "--period", "2025-26-Q1"];

fn board(relay: &Relay) -> TestBoard {
    TestBoard::with_returns(&["care-applications"])
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", "127.0.0.1")
        .with("QUARTERDAY__MAIL__PORT", &relay.address.port().to_string())
        .with("QUARTERDAY__MAIL__TLS", "none")
}

fn sample(board: &TestBoard, name: &str) -> Vec<u8> {
    fs::read(board.path(&format!("pipelines/care-applications/samples/{name}-2025-26-Q1.csv"))).unwrap()
}

/// A quarter in which the agency is chased, is held above its lead, sends a file that breaks rules, then a good one.
async fn chased(relay: &Relay) -> TestDaemon {
    let board = board(relay);
    let (broken, good) = (sample(&board, "broken"), sample(&board, "accepted"));
    board.write("broken.csv", broken);
    board.write("good.csv", good);
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-18T12:00:00Z").await;
    daemon.board.done(&["hold", KEY, "--reason", "=A new case system until August"]);
    daemon.submit("broken.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-07-21T12:00:00Z").await;
    daemon.submit("good.csv", "care-applications", "cafcass", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-07-21T13:00:00Z").await;
    daemon
}

/// The words of a document.
fn words(pdf: &Path) -> String {
    let output = Command::new("pdftotext").arg("-layout").arg(pdf).arg("-").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A column of a CSV by its heading.
fn column(csv: &str, name: &str) -> Vec<String> {
    let mut rows = csv.split_terminator("\r\n").map(cells);
    let at = rows.next().unwrap().iter().position(|head| head == name).unwrap();
    rows.map(|row| row[at].clone()).collect()
}

/// The cells of a line: within quotation marks a comma is a character.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            c => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

#[tokio::test]
async fn evidence_names_each_message_as_it_was_sent_beside_a_running_daemon_and_comes_out_the_same_again() {
    let relay = Relay::honest().await;
    let daemon = chased(&relay).await;
    let said = daemon.board.done(&[&ASKED[..], &["--out", daemon.board.path("proof").to_str().unwrap()]].concat());
    assert!(said.contains("events verified, chain head "), "{said}");

    let csv = daemon.board.read("proof/evidence-cafcass-2025-26-Q1.csv");
    let sent: BTreeSet<String> =
        relay.kept().iter().map(|kept| kept.header("Message-ID").unwrap().to_owned()).collect();
    let rows = daemon.ledger().read(|txn| txn.messages_of(KEY)).await.unwrap();
    let told: BTreeSet<String> = column(&csv, "message_id").into_iter().filter(|id| !id.is_empty()).collect();
    assert_eq!(told.len(), rows.len(), "one for each message about it");
    assert!(told.is_subset(&sent), "{told:?}\n{sent:?}");
    let recipients: BTreeSet<String> = column(&csv, "recipient").into_iter().filter(|to| !to.is_empty()).collect();
    let got_one = |to: &String| relay.kept().iter().any(|kept| kept.recipient.contains(to.as_str()));
    assert!(!recipients.is_empty() && recipients.iter().all(got_one), "{recipients:?}");
    assert!(column(&csv, "relay").iter().any(|says| says.starts_with("250")), "{csv}");

    let text = words(&daemon.board.path("proof/evidence-cafcass-2025-26-Q1.pdf"));
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "4 days late, and was not accepted; what stands was accepted on 21 July 2025",
        "written to four times; a relay accepted each of these",
        "The escalation was held",
        "=A new case system until August",
        "Accepted by the relay on 1 July",
        "error: table",
        "Is this record whole?",
        "quarterday verify",
    ] {
        assert!(flowing.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(csv.contains("'=A new case system until August"), "a reason is no formula: {csv}");

    let again = daemon.board.path("again");
    daemon.board.done(&[&ASKED[..], &["--out", again.to_str().unwrap()]].concat());
    for ending in ["csv", "pdf"] {
        let name = format!("evidence-cafcass-2025-26-Q1.{ending}");
        let bytes = |folder: &str| fs::read(daemon.board.path(folder).join(&name)).unwrap();
        assert!(bytes("proof") == bytes("again"), "{name} is not the same");
    }
}

#[tokio::test]
async fn what_was_only_written_is_no_evidence_and_what_was_refused_or_came_back_is_said() {
    let daemon = TestBoard::with_returns(&["care-applications"]).start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-21T12:00:00Z").await;
    let out = daemon.board.path("proof");
    daemon.board.done(&[&ASKED[..], &["--return", "care-applications", "--out", out.to_str().unwrap()]].concat());
    let text = words(&out.join("evidence-cafcass-2025-26-Q1-care-applications.pdf"));
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains("written to four times; a relay accepted none of these"), "{text}");
    assert!(flowing.contains("written to a folder and not sent: that is no evidence"), "{text}");
    assert!(flowing.contains("Not received by 21 July 2025, 7 days after it was due on 14 July 2025"), "{text}");

    let relay = Relay::start(Tls::Never, |verb, line| {
        let gone = verb == Verb::Rcpt && line.contains("cafcass");
        if gone { Act::Say("550 5.1.1 no such user") } else { Act::Go }
    })
    .await;
    let daemon = board(&relay).start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-02T12:00:00Z").await;
    daemon.board.done(&[&ASKED[..], &["--out", daemon.board.path("proof").to_str().unwrap()]].concat());
    let text = words(&daemon.board.path("proof/evidence-cafcass-2025-26-Q1.pdf"));
    assert!(text.contains("5.1.1 no such user") && text.contains("A relay refused"), "{text}");
}

#[tokio::test]
async fn what_is_asked_for_and_unknown_is_answered_with_what_is_known() {
    let board = TestBoard::with_returns(&["care-applications"]);
    let nothing = board.run(&ASKED);
    assert!(!nothing.status.success() && said(&nothing).contains("nothing was recorded yet"), "{}", said(&nothing));
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-02T12:00:00Z").await;
    let ask = |agency: &str, period: &str, more: &[&str]| {
        said(&daemon.board.run(&[&["evidence", "--agency", agency, "--period", period], more].concat()))
    };
    assert!(
        ask("coastguard", "2025-26-Q1", &[])
            .contains("there is no agency coastguard; write one of cafcass after --agency")
    );
    assert!(ask("police", "2025-26-Q1", &[]).contains("nothing was asked of police yet; something was of cafcass"));
    let later = ask("cafcass", "2025-26-Q2", &[]);
    assert!(
        later.contains("nothing was asked of cafcass for 2025-26-Q2; write one of 2025-26-Q1 after --period"),
        "{later}"
    );
    let other = ask("cafcass", "2025-26-Q1", &["--return", "actions"]);
    assert!(other.contains("write one of care-applications after --return"), "{other}");
}

#[tokio::test]
async fn whatever_is_changed_by_hand_verify_finds_it_and_the_document_says_so_on_its_first_page() {
    let relay = Relay::honest().await;
    let (ended, board) = chased(&relay).await.terminate();
    assert!(ended.success());
    board.done(&["verify"]);
    let ledger = board.path("data/ledger.sqlite");
    let connection = rusqlite::Connection::open(&ledger).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(connection);
    let whole = fs::read(&ledger).unwrap();
    for (change, found) in [
        ("UPDATE outbox SET says = '250 never said' WHERE kind = 'overdue'", "its outcome is not what event"),
        ("UPDATE outbox SET state = 'sent' WHERE kind = 'preview'; UPDATE outbox SET state = 'refused' WHERE kind = 'notice'", "its outcome is not what event"),
        ("UPDATE outbox SET state = 'queued' WHERE kind = 'notice'", "its outcome is not what event"),
        ("UPDATE outbox SET settled_at = '2025-07-01T00:00:00Z' WHERE kind = 'notice'", "its outcome is not what event"),
        ("UPDATE outbox SET recipient = 'other@cafcass.example' WHERE kind = 'notice'", "its recipient is not the one"),
        ("UPDATE outbox SET obligation = NULL WHERE kind = 'notice'", "the outbox has it for something else"),
        ("DELETE FROM outbox WHERE kind = 'notice'", "it is not in the outbox"),
        (
            "INSERT INTO outbox (key, kind, obligation, recipient, message, enqueued_at, state, next_at, says, settled_at)
             SELECT 'made-up', kind, obligation, recipient, message, enqueued_at, state, next_at, says, settled_at
             FROM outbox WHERE kind = 'notice' LIMIT 1",
            "message made-up: it is sent in the outbox and in no event",
        ),
        ("UPDATE submissions SET verdict = 'accepted' WHERE verdict = 'not_accepted'", "it is not what the events"),
        ("UPDATE submissions SET sha256 = 'x' WHERE id = 1", "it is not what the events"),
        ("UPDATE submissions SET received_at = '2025-07-01T00:00:00Z' WHERE id = 1", "it is not what the events"),
        ("UPDATE submissions SET reason = 'a reason' WHERE id = 2", "it is not what the events"),
        ("DELETE FROM findings; DELETE FROM submissions WHERE id = 2", "submission 2: it is gone"),
        ("UPDATE findings SET rule = 'another' WHERE position = 1", "its findings are not what event"),
        ("DELETE FROM findings WHERE position = 2", "its findings are not what event"),
        ("DELETE FROM obligations", "it is gone"),
        ("UPDATE obligations SET state = 'open'", "it is filed as something else"),
        ("UPDATE obligations SET folded = replace(folded, '2025-07-14T16', '2025-07-24T16')", "does not follow from its events"),
        ("UPDATE events SET payload = replace(payload, 'August', 'Easter') WHERE kind = 'escalation_held'", "its payload is not what was recorded"),
        ("UPDATE events SET actor = 'somebody' WHERE kind = 'escalation_held'", "the chain is broken here"),
        ("UPDATE events SET at = '2025-07-01T00:00:00Z' WHERE kind = 'decided'", "the chain is broken here"),
        ("DELETE FROM events WHERE kind = 'told' AND seq = (SELECT max(seq) FROM events WHERE kind = 'told')", "the chain is broken here"),
        ("DELETE FROM events WHERE seq >= (SELECT max(seq) FROM events WHERE kind = 'message_settled')", "in the outbox and in no event"),
    ] {
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(board.path(&format!("data/ledger.sqlite{beside}")));
        }
        fs::write(&ledger, &whole).unwrap();
        let connection = rusqlite::Connection::open(&ledger).unwrap();
        connection.pragma_update(None, "foreign_keys", "OFF").unwrap();
        connection.execute_batch(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(connection);
        let verified = board.run(&["verify"]);
        assert_eq!(verified.status.code(), Some(1), "{change}: {}", said(&verified));
        assert!(said(&verified).contains(found), "{change}\n{}", said(&verified));
        let out = board.path("proof");
        let _ = fs::remove_dir_all(&out);
        let written = board.run(&[&ASKED[..], &["--out", out.to_str().unwrap()]].concat());
        assert_eq!(written.status.code(), Some(1), "{change}: {}", said(&written));
        if change == "DELETE FROM obligations" {
            continue;
        }
        let text = words(&out.join("evidence-cafcass-2025-26-Q1.pdf"));
        let first = text.split('\u{c}').next().unwrap();
        assert!(first.contains("The ledger does not agree with itself"), "{change}\n{first}");
    }
}
