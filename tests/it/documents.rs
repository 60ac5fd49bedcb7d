//! Documents that are owed: asked for and chased as figures are, kept as they came, and given to the manager to read.

use crate::{
    chase::{board_with_relay, texts, told},
    mailbox::{Letter, NOW, board_for, text_of},
    support::{TestBoard, TestDaemon, dovecot::Dovecot},
};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n";

fn asked(board: TestBoard) -> TestBoard {
    let file = "pipelines/child-death-overview/return.toml";
    board.edit(file, "every = \"year\"", "every = \"quarter\"");
    board.edit(file, "agencies = [\"business-unit\"]", "agencies = [\"probation\"]");
    board.edit(file, "starts_on = 2026-10-01\n", "");
    board
}

async fn states(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT state FROM ledger.obligations WHERE return_id = 'child-death-overview' ORDER BY period").await
}

#[tokio::test]
async fn a_report_is_chased_taken_as_it_is_and_given_to_the_manager() {
    let board = asked(board_with_relay(&["child-death-overview"]).await);
    board.write("report.pdf", PDF);
    board.write("figures.xlsx", b"PK\x03\x04 no document");
    let daemon = board.start("2025-06-30T09:00:00Z");
    daemon.advance("2025-07-16T12:00:00Z").await;
    assert_eq!(
        told(&daemon).await,
        ["2025-07-01 notice", "2025-07-07 nudge", "2025-07-14 due-today", "2025-07-16 overdue"]
    );
    let refused = daemon.submit("figures.xlsx", "child-death-overview", "probation", "2025-26-Q1").await.unwrap();
    assert!(refused.contains("please send a PDF, a Word document or an OpenDocument text"), "{refused}");
    assert_eq!(states(&daemon).await, ["to_correct"], "what cannot be read has not arrived");
    daemon.submit("report.pdf", "child-death-overview", "probation", "2025-26-Q1").await.unwrap();
    assert_eq!(states(&daemon).await, ["accepted_late"]);
    let answer = &texts(&daemon, "answer-document").await[0];
    assert!(answer.contains("arrived on Wednesday 16 July") && !answer.contains("on time"), "{answer}");
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let to_read = rows.iter().find(|row| row.kind == "document").unwrap();
    assert_eq!(to_read.recipient, "manager@exampleshire.example");
    assert!(
        to_read.message["text"]
            .as_str()
            .unwrap()
            .contains("quarterday reopen child-death-overview/probation/2025-26-Q1")
    );
    daemon.advance("2025-08-29T12:00:00Z").await;
    assert_eq!(told(&daemon).await.len(), 4, "nobody is reminded of what is here");
    // Nothing of it is in the warehouse, and a rebuild passes it over.
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));
    daemon.board.done(&["verify"]);
}

#[tokio::test]
async fn a_document_comes_by_mail_where_it_is_named_and_a_pdf_beside_it_is_none() {
    let Some(server) = Dovecot::start() else { return };
    let daemon = asked(board_for(&server, &["child-death-overview", "prevent-referrals"])).start(NOW);
    daemon.ring().await;
    let files: &[(&str, &[u8])] = &[("logo.pdf", PDF)];
    server.deliver(Letter { id: "a@probation.example", subject: "our figures", files, ..Letter::default() }.write());
    let subject = "Child death overview report";
    server.deliver(Letter { id: "b@probation.example", subject, files, ..Letter::default() }.write());
    daemon.advance("2025-07-08T09:01:00Z").await;
    daemon.ring().await;
    assert_eq!(states(&daemon).await, ["accepted"]);
    assert!(text_of(&daemon, "post-not-taken").await.contains("logo.pdf"));
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.submissions").await, ["1"]);
}
