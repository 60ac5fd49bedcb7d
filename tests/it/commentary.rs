//! Commentary on a figure that stands out: asked for once the returns are validated, chased, taken from a reply, printed.

use crate::{
    chase::told,
    mailbox::{Letter, board_for, text_of},
    support::{TestDaemon, dovecot::Dovecot},
};

const OWED: &str = "commentary-prevent-referrals/probation/2025-26-Q1";
const WORDS: &str = "One school asked for advice on a whole year group in May; each pupil was counted as a referral.";

/// A board on which the last of thirteen quarters stands out, on the day before commentary is asked for.
async fn started(server: &Dovecot) -> TestDaemon {
    let board = board_for(server, &["prevent-referrals", "missing-children", "actions"]);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["prevent-referrals.sql", "prevent-referrals.toml"] {
        let text = std::fs::read_to_string(root.join("reports/indicators").join(file)).unwrap();
        board.write(&format!("reports/indicators/{file}"), text);
    }
    for entry in std::fs::read_dir(root.join("reports/packs/board")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        board.write(&format!("reports/packs/board/{name}"), std::fs::read(&path).unwrap());
    }
    let timetable = board.read("config/timetable.toml");
    let meeting = "\n[[meeting]]\non = 2025-08-12\ntime = \"14:00\"\nperiod = \"2025-26-Q1\"\npack = \"board\"\n";
    board.write("config/timetable.toml", timetable + meeting);
    let mut at: quarterday::domain::Period = "2022-23-Q2".parse().unwrap();
    for count in [10, 12, 11, 10, 13, 11, 12, 10, 11, 12, 10] {
        let text = format!("Period,Referrals under 18,\"Of these, adopted by Channel\"\n{at},{count},1\n");
        board.write(&format!("past/prevent-referrals-{at}.csv"), text);
        at = at.next().unwrap();
    }
    let last = "Period,Referrals under 18,\"Of these, adopted by Channel\"\n2025-26-Q1,60,1\n";
    board.write("last.csv", last);
    let daemon = board.start("2025-07-16T09:00:00Z");
    let past = daemon.board.path("past");
    daemon.board.done(&["backfill", "prevent-referrals", past.to_str().unwrap(), "--agency", "probation"]);
    daemon.submit("last.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    daemon
}

/// The commentary rungs told, with their days.
async fn asked(daemon: &TestDaemon) -> Vec<String> {
    let subject = OWED.to_owned();
    let events = daemon.ledger().read(move |txn| txn.events_of(&subject)).await.unwrap();
    let told = events.iter().filter_map(|recorded| match &recorded.event {
        quarterday::ledger::Event::Told { rung, .. } => {
            Some(format!("{} {rung}", quarterday::domain::civil_day(recorded.at)))
        }
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn a_figure_that_stands_out_without_a_word_is_asked_about_and_the_reply_is_printed() {
    let Some(server) = Dovecot::start() else { return };
    let daemon = started(&server).await;
    daemon.advance("2025-07-17T08:59:00Z").await;
    assert_eq!(asked(&daemon).await, [""; 0]);
    daemon.advance("2025-07-17T10:00:00Z").await;
    assert_eq!(asked(&daemon).await, ["2025-07-17 notice"]);
    let letter = text_of(&daemon, "commentary").await;
    assert!(letter.contains("stands out") && letter.contains("60"), "{letter}");
    assert!(letter.contains("due on Monday 28 July at 17:00"), "{letter}");
    let rows = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let key = &rows.iter().find(|row| row.kind == "commentary").unwrap().key;
    let id = quarterday::mail::message_id(key, "exampleshire.example");
    let headers = format!("In-Reply-To: {id}\r\n");
    let child = "It was one family, ask about NHS number 943 476 5919 at the surgery.";
    for (id, text) in [("a@probation.example", child), ("b@probation.example", WORDS)] {
        let text = format!("{text}\r\n\r\nOn Thursday the board wrote:\r\n> This figure");
        server.deliver(Letter { id, headers: &headers, text: &text, ..Letter::default() }.write());
    }
    daemon.advance("2025-07-17T10:02:00Z").await;
    daemon.ring().await;
    let thanks = text_of(&daemon, "answer-commentary").await;
    assert!(thanks.contains(WORDS) && !thanks.contains("wrote:"), "{thanks}");
    assert!(text_of(&daemon, "alarm").await.contains("may hold details of children"));
    let printed = daemon.sql("SELECT indicator, text FROM ledger.commentary").await;
    assert_eq!(printed, [format!("prevent-referrals,{WORDS}")]);
    daemon.advance("2025-08-12T12:00:00Z").await;
    assert_eq!(asked(&daemon).await.len(), 1, "nobody is reminded of what came");
    let data = std::fs::read_to_string(daemon.board.path("data/editions/board-001-2025-26-Q1/data.json")).unwrap();
    assert!(data.contains("One school asked for advice on a whole year group"), "the pack prints it");
}

#[tokio::test]
async fn silence_is_chased_to_the_manager_and_no_higher_and_the_manager_can_record_words() {
    let Some(server) = Dovecot::start() else { return };
    let daemon = started(&server).await;
    daemon.advance("2025-08-01T12:00:00Z").await;
    let days =
        ["2025-07-17 notice", "2025-07-24 nudge", "2025-07-28 due-today", "2025-07-29 overdue", "2025-07-30 gap"];
    assert_eq!(asked(&daemon).await, days);
    let letters = text_of(&daemon, "commentary").await;
    assert!(letters.contains(&format!("quarterday comment {OWED} --by")), "{letters}");
    let short = daemon.board.run(&["comment", OWED, "--by", "Marie Fenton", "--says", "No."]);
    assert!(crate::support::said(&short).contains("a sentence at least"));
    let nobody = ["comment", "commentary-x/police/2025-26-Q1", "--by", "M", "--says", WORDS];
    assert!(crate::support::said(&daemon.board.run(&nobody)).contains("nobody was asked for words"));
    daemon.board.done(&["comment", OWED, "--by", "Marie Fenton, lead", "--says", WORDS]);
    daemon.board.done(&["verify"]);
    let row = "SELECT state FROM ledger.obligations WHERE duty = 'commentary'";
    assert_eq!(daemon.sql(row).await, ["accepted_late"]);
    assert!(told(&daemon).await.iter().all(|rung| !rung.ends_with("escalation") || !rung.contains("commentary")));
}
