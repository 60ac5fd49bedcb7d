//! The chair's draft and its sign-off: each step once, by a link that only its button uses, and never in silence.

use std::{fs, process::Command};

use quarterday::daemon::Command as Order;
use reqwest::{Method, StatusCode};

use crate::{
    editions::{board, editions, with_a_return},
    support::{TestBoard, TestDaemon, said},
};

const VICE_CHAIR: &str =
    "[vice_chair]\nname = \"Omar Haddad\"\nemail = \"vice-chair@exampleshire.example\"\n\n[contact]";

/// A board with a vice-chair whose pages people can reach. Draft on 25 July, sign-off on 31 July, vice-chair on 1 August,
/// circulation on 4 August at 12:00, meeting on 12 August.
fn with_pages() -> TestBoard {
    let board = board().with("QUARTERDAY__WEB__PUBLIC_URL", "https://quarterday.example");
    board.edit("config/quarterday.toml", "[contact]", VICE_CHAIR);
    board
}

/// A message as its reader has it.
#[derive(Debug)]
struct Mail {
    to: String,
    subject: String,
    text: String,
    html: String,
    files: Vec<String>,
}

impl Mail {
    /// The path of the page that it links to.
    fn page(&self) -> Option<String> {
        let at = self.text.find("https://quarterday.example/")?;
        let link = self.text[at..].split_whitespace().next()?;
        assert!(self.html.contains(link), "both parts hold the same link");
        Some(link.trim_start_matches("https://quarterday.example").to_owned())
    }
}

/// The messages of the mail folder that are about drafts and packs, in the order they were written.
fn mails(daemon: &TestDaemon) -> Vec<Mail> {
    let mut files: Vec<_> = fs::read_dir(daemon.board.path("data/mail")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    let mut mails = Vec::new();
    for path in files {
        let bytes = fs::read(path).unwrap();
        let mail = mail_parser::MessageParser::default().parse(&bytes).unwrap();
        let named = |part: &mail_parser::MessagePart<'_>| {
            mail_parser::MimeHeaders::attachment_name(part).unwrap_or_default().to_owned()
        };
        mails.push(Mail {
            to: mail.to().unwrap().first().unwrap().address().unwrap().to_owned(),
            subject: mail.subject().unwrap().trim_start_matches("[Example] ").to_owned(),
            text: mail.body_text(0).unwrap().into_owned(),
            html: mail.body_html(0).unwrap().into_owned(),
            files: mail.attachments().map(named).collect(),
        });
    }
    let about = ["draft", "sign off", "Sent back", "Pack for"];
    mails.retain(|mail| about.iter().any(|about| mail.subject.contains(about)));
    mails
}

/// To whom and what about.
fn heads(daemon: &TestDaemon) -> Vec<String> {
    let head = |mail: Mail| format!("{} {}", mail.to.split('@').next().unwrap(), mail.subject);
    mails(daemon).into_iter().map(head).collect()
}

fn mail_to(daemon: &TestDaemon, who: &str, about: &str) -> Mail {
    let mails = mails(daemon);
    let found = mails.into_iter().rfind(|mail| mail.to.starts_with(&format!("{who}@")) && mail.subject.contains(about));
    found.unwrap_or_else(|| panic!("nothing to {who} about {about:?}: {:?}", heads(daemon)))
}

async fn ask(daemon: &TestDaemon, method: Method, path: &str, form: Option<&[(&str, &str)]>) -> (StatusCode, String) {
    let mut request = reqwest::Client::new().request(method, daemon.page(path));
    if let Some(form) = form {
        let body =
            form.iter().map(|(key, value)| format!("{key}={}", value.replace(' ', "+"))).collect::<Vec<_>>().join("&");
        request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert!(header("x-robots-tag").contains("noindex"));
    let policy = header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    (answer.status(), answer.text().await.unwrap())
}

async fn post(daemon: &TestDaemon, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
    ask(daemon, Method::POST, path, Some(form)).await
}

async fn events(daemon: &TestDaemon) -> i64 {
    daemon.ledger().read(|txn| txn.chain_head()).await.unwrap().0
}

async fn sign_offs(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT pack, period, \"by\", role, state FROM ledger.sign_offs").await
}

fn first_page(daemon: &TestDaemon, folder: &str) -> String {
    let pdf = daemon.board.path("data").join(folder).join("pack.pdf");
    let output = Command::new("pdftotext").args(["-l", "1", "-layout"]).arg(pdf).arg("-").output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn drafts(daemon: &TestDaemon) -> Vec<String> {
    let entries = fs::read_dir(daemon.board.path("data/drafts")).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const APPROVE: &[(&str, &str)] = &[("decision", "approve")];

#[tokio::test]
async fn a_link_that_is_followed_changes_nothing_and_its_button_signs_once() {
    let daemon = with_a_return(with_pages()).await;
    daemon.advance("2025-07-25T08:59:00Z").await;
    assert_eq!(heads(&daemon), [""; 0]);
    daemon.advance("2025-07-25T09:00:00Z").await;
    assert_eq!(
        heads(&daemon),
        [
            "chair Please sign off by Thursday 31 July: draft of Quarterly pack (April to June 2025)",
            "manager With the chair by Thursday 31 July: draft of Quarterly pack (April to June 2025)",
        ]
    );
    let (chair, manager) = (mail_to(&daemon, "chair", "sign off"), mail_to(&daemon, "manager", "With the chair"));
    assert_eq!((chair.files.as_slice(), manager.page()), (&["DRAFT board 2025-26-Q1.pdf".to_owned()][..], None));
    assert!(manager.text.contains("quarterday approve board 2025-26-Q1 --because"), "{}", manager.text);
    let draft = format!("drafts/{}", drafts(&daemon)[0]);
    let page = first_page(&daemon, &draft);
    assert!(page.contains("Draft for the chair, not for circulation") && page.contains("DRAFT"), "{page}");
    assert!(!page.contains("edition") && !page.to_lowercase().contains("signed off"), "{page}");
    assert!(editions(&daemon).await.is_empty());

    // What scanners of mail do, twice.
    let link = chair.page().unwrap();
    let before = (events(&daemon).await, daemon.messages().await);
    for method in [Method::GET, Method::HEAD, Method::GET, Method::HEAD] {
        assert_eq!(ask(&daemon, method, &link, None).await.0, StatusCode::OK);
    }
    assert_eq!((events(&daemon).await, daemon.messages().await), before);
    assert_eq!(sign_offs(&daemon).await, ["board,2025-26-Q1,,,asked"]);
    let (_, shown) = ask(&daemon, Method::GET, &link, None).await;
    for part in [
        "Quarterly pack",
        "April to June 2025 (Q1)",
        "Tuesday 12 August 2025",
        "Alex Morgan",
        "Action log from",
        "method=\"post\"",
    ] {
        assert!(shown.contains(part), "{part:?}: {shown}");
    }
    assert!(!shown.contains("<script") && !shown.contains("http"), "{shown}");

    let (status, signed) = post(&daemon, &link, APPROVE).await;
    assert!(status == StatusCode::OK && signed.contains("Signed off by Dr Ruth Adeyemi"), "{signed}");
    assert!(!signed.contains("<form"), "{signed}");
    let after = events(&daemon).await;
    let (status, again) = post(&daemon, &link, APPROVE).await;
    assert_eq!((status, events(&daemon).await), (StatusCode::CONFLICT, after));
    assert!(again.contains("Dr Ruth Adeyemi signed it off on 25 July 2025, 10:00"), "{again}");
    assert_eq!(sign_offs(&daemon).await, ["board,2025-26-Q1,Dr Ruth Adeyemi,chair,signed_off"]);

    // Who has signed is not asked again, and the pack says so.
    daemon.advance("2025-08-05T12:00:00Z").await;
    let pack = mail_to(&daemon, "chair", "Pack for");
    assert!(pack.text.contains("Signed off by Dr Ruth Adeyemi (chair), 25 July 2025."), "{}", pack.text);
    assert!(
        heads(&daemon).iter().all(|head| !head.contains("Due today") && !head.contains("stead")),
        "{:?}",
        heads(&daemon)
    );
    let page = first_page(&daemon, "editions/board-001-2025-26-Q1");
    assert!(page.contains("Signed off by Dr Ruth Adeyemi (chair), 25 July 2025.") && !page.contains("DRAFT"), "{page}");
    let (status, ended) = ask(&daemon, Method::GET, &link, None).await;
    assert!(status == StatusCode::GONE && ended.contains("This link has ended") && ended.contains("01234"), "{ended}");
    assert_eq!(post(&daemon, &link, APPROVE).await.0, StatusCode::GONE);
    let verified = daemon.board.done(&["verify"]);
    assert!(verified.contains("everything agrees"), "{verified}");
}

#[tokio::test]
async fn a_silent_chair_is_reminded_then_the_vice_chair_is_asked_and_then_it_goes_out_unsigned() {
    let daemon = with_a_return(with_pages()).await;
    daemon.advance("2025-07-31T09:00:00Z").await;
    assert_eq!(heads(&daemon).last().unwrap(), "chair Due today: please sign off: Quarterly pack (April to June 2025)");
    assert_eq!(sign_offs(&daemon).await, ["board,2025-26-Q1,,,reminded"]);
    daemon.advance("2025-08-01T09:00:00Z").await;
    let head = "vice-chair In the chair's stead, please sign off: Quarterly pack (April to June 2025)";
    assert_eq!(heads(&daemon).last().unwrap(), head);
    assert_eq!(sign_offs(&daemon).await, ["board,2025-26-Q1,,,with_vice_chair"]);
    let (chair, vice_chair) = (mail_to(&daemon, "chair", "Due today"), mail_to(&daemon, "vice-chair", "stead"));
    assert_ne!(chair.page(), vice_chair.page());
    assert_eq!(chair.files, vice_chair.files);
    let (_, shown) = ask(&daemon, Method::GET, &vice_chair.page().unwrap(), None).await;
    assert!(shown.contains("Omar Haddad, in the chair’s stead"), "{shown}");

    daemon.advance("2025-08-04T12:00:00Z").await;
    assert_eq!(heads(&daemon).len(), 4 + packs(&daemon), "{:?}", heads(&daemon));
    let pack = mail_to(&daemon, "chair", "Pack for");
    assert!(pack.text.contains("Not signed off"), "{}", pack.text);
    let page = first_page(&daemon, "editions/board-001-2025-26-Q1");
    assert!(page.contains("Not signed off: neither the chair nor anybody in the chair’s stead"), "{page}");
    assert_eq!(sign_offs(&daemon).await, ["board,2025-26-Q1,,,not_signed_off"]);
    let late = daemon.board.run(&["approve", "board", "2025-26-Q1", "--because", "she rang"]);
    assert!(said(&late).contains("waits to go out"), "{}", said(&late));
}

fn packs(daemon: &TestDaemon) -> usize {
    heads(daemon).iter().filter(|head| head.contains("Pack for")).count()
}

#[tokio::test]
async fn the_vice_chairs_link_signs_and_the_chairs_then_says_who_did() {
    let daemon = with_a_return(with_pages()).await;
    daemon.advance("2025-08-01T09:00:00Z").await;
    let older = mail_to(&daemon, "vice-chair", "stead").page().unwrap();
    daemon.board.done(&["pack", "draft", "board", "2025-26-Q1"]);
    daemon.ring().await;
    let theirs = mail_to(&daemon, "vice-chair", "stead").page().unwrap();
    assert_ne!(theirs, older, "whoever was asked sees the newer draft");
    assert_eq!(post(&daemon, &older, APPROVE).await.0, StatusCode::GONE);
    let (status, _) = post(&daemon, &theirs, APPROVE).await;
    assert_eq!(status, StatusCode::OK);
    let (_, shown) = ask(&daemon, Method::GET, &mail_to(&daemon, "chair", "sign off").page().unwrap(), None).await;
    assert!(shown.contains("Signed off by Omar Haddad"), "{shown}");
    daemon.advance("2025-08-04T12:00:00Z").await;
    let page = first_page(&daemon, "editions/board-001-2025-26-Q1");
    assert!(page.contains("Signed off by Omar Haddad (vice-chair), 1 August 2025."), "{page}");
}

#[tokio::test]
async fn a_link_that_was_changed_is_another_persons_or_of_an_older_draft_does_nothing() {
    let daemon = with_a_return(with_pages()).await;
    daemon.advance("2025-07-25T09:00:00Z").await;
    let link = mail_to(&daemon, "chair", "sign off").page().unwrap();
    let (_, token) = link.rsplit_once('/').unwrap();
    let (says, mac) = token.split_once('.').unwrap();
    let before = events(&daemon).await;
    let flipped: String = mac.chars().map(|c| if c == 'A' { 'B' } else { 'A' }).collect();
    for wrong in [
        format!("{says}.{flipped}"),
        format!("{says}."),
        says.to_owned(),
        format!("{}.{mac}", &says[..says.len() - 4]),
        "..%2F..%2Fledger.sqlite".to_owned(),
        "x".repeat(3000),
    ] {
        let (status, page) = ask(&daemon, Method::GET, &format!("/sign-off/{wrong}"), None).await;
        assert!(status == StatusCode::FORBIDDEN && page.contains("does not work"), "{wrong}: {page}");
        assert_eq!(post(&daemon, &format!("/sign-off/{wrong}"), APPROVE).await.0, StatusCode::FORBIDDEN);
    }
    // A form that is none, and one that is too long.
    assert_eq!(post(&daemon, &link, &[("decision", "perhaps")]).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(post(&daemon, &link, &[("says", "approve")]).await.0, StatusCode::BAD_REQUEST);
    let (long, client) = ("x".repeat(100_000), reqwest::Client::new());
    let too_long = client.post(daemon.page(&link)).body(format!("decision=approve&says={long}")).send().await;
    // The page does not wait for the rest of it; whether its answer or the end of the connection comes first is chance.
    assert!(too_long.ok().is_none_or(|answer| answer.status().is_client_error()));
    // Over a connection of its own: the one before may be at its end.
    let client = reqwest::Client::new();
    assert_eq!(client.put(daemon.page(&link)).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(events(&daemon).await, before);

    // A file comes, a new draft is made: the old link says so, and the old draft is gone.
    daemon.board.done(&["pack", "draft", "board", "2025-26-Q1"]);
    let same = drafts(&daemon);
    let sample = daemon.board.path("pipelines/actions/samples/accepted-2025-26-Q1.xlsx");
    fs::copy(sample, daemon.board.path("actions.xlsx")).unwrap();
    daemon.submit("actions.xlsx", "actions", "business-unit", "2025-26-Q1").await.unwrap();
    let told = daemon.board.done(&["pack", "draft", "board", "2025-26-Q1"]);
    assert!(told.contains("a new draft of board for April to June 2025 (Q1) goes to Dr Ruth Adeyemi"), "{told}");
    daemon.ring().await;
    assert!(drafts(&daemon).len() == 1 && drafts(&daemon) != same, "{:?}", drafts(&daemon));
    let (status, page) = post(&daemon, &link, APPROVE).await;
    assert!(status == StatusCode::GONE && page.contains("A newer draft was sent to you"), "{page}");
    let newest = mail_to(&daemon, "chair", "sign off").page().unwrap();
    assert_ne!(newest, link);
    assert_eq!(post(&daemon, &newest, APPROVE).await.0, StatusCode::OK);

    // With another key no link works, and nothing else is lost.
    fs::write(daemon.board.path("data/link.key"), format!("{}\n", "0".repeat(64))).unwrap();
    assert_eq!(ask(&daemon, Method::GET, &newest, None).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_sent_back_reaches_the_manager_and_nobody_is_asked_until_a_new_draft() {
    let daemon = with_a_return(with_pages()).await;
    daemon.advance("2025-07-25T09:00:00Z").await;
    let link = mail_to(&daemon, "chair", "sign off").page().unwrap();
    let send_back = |says: &'static str| [("decision", "send-back"), ("says", says)];
    for (says, why) in [("", "one line of reason"), ("ask about 943 476 5919", "looks like an NHS number")] {
        let (status, page) = post(&daemon, &link, &send_back(says)).await;
        assert!(status == StatusCode::CONFLICT && page.contains(why) && !page.contains("943"), "{page}");
    }
    let (status, page) = post(&daemon, &link, &send_back("Please ask why interviews fell")).await;
    assert!(status == StatusCode::OK && page.contains("Sent back by Dr Ruth Adeyemi"), "{page}");
    let (status, page) = post(&daemon, &link, &send_back("And once more")).await;
    assert!(status == StatusCode::CONFLICT && page.contains("sent it back on 25 July"), "{page}");
    daemon.advance("2025-08-01T12:00:00Z").await;
    let mail = mail_to(&daemon, "manager", "Sent back");
    assert!(
        mail.text.contains("> Please ask why interviews fell") && mail.text.contains("quarterday pack draft board"),
        "{mail:?}"
    );
    assert_eq!(heads(&daemon).len(), 3, "neither reminder nor vice-chair: {:?}", heads(&daemon));
    assert_eq!(sign_offs(&daemon).await, ["board,2025-26-Q1,Dr Ruth Adeyemi,chair,sent_back"]);
    daemon.board.done(&["pack", "draft", "board", "2025-26-Q1"]);
    daemon.ring().await;
    assert!(heads(&daemon).last().unwrap().contains("stead"), "the clock went on: {:?}", heads(&daemon));
}

#[tokio::test]
async fn a_sign_off_by_telephone_is_recorded_with_who_and_why_and_what_came_after_it_is_printed() {
    let daemon = with_a_return(with_pages()).await;
    let early = daemon.board.run(&["approve", "board", "2025-26-Q1", "--because", "she rang"]);
    assert!(said(&early).contains("there is no draft yet"), "{}", said(&early));
    daemon.advance("2025-07-28T09:00:00Z").await;
    for (arguments, why) in [
        (&["--because", ""][..], "one line of reason"),
        (&["--because", "about 943 476 5919"], "looks like an NHS number"),
        (&["--as", "clerk", "--because", "x"], "one of chair, vice-chair, manager"),
    ] {
        let refused = daemon.board.run(&[&["approve", "board", "2025-26-Q1"], arguments].concat());
        assert!(!refused.status.success() && said(&refused).contains(why), "{}", said(&refused));
    }
    let done = daemon.board.done(&["approve", "board", "2025-26-Q1", "--because", "she rang on Monday"]);
    assert!(done.contains("Dr Ruth Adeyemi has signed off board"), "{done}");
    let rows = daemon.sql("SELECT \"by\", how, because, at FROM ledger.sign_offs").await;
    assert_eq!(
        rows,
        ["Dr Ruth Adeyemi,recorded by tester with `quarterday approve`,she rang on Monday,2025-07-28T09:00:00Z"]
    );
    let before = daemon.order(Order::Sql {
        text: "SELECT state FROM ledger.sign_offs".into(),
        as_of: Some("2025-07-27".parse().unwrap()),
        format: quarterday::flows::written::Written::Csv,
    });
    assert_eq!(before.await.unwrap().lines().last(), Some("asked"), "as it was on the day before");
    let sample = daemon.board.path("pipelines/actions/samples/accepted-2025-26-Q1.xlsx");
    fs::copy(sample, daemon.board.path("actions.xlsx")).unwrap();
    daemon.submit("actions.xlsx", "actions", "business-unit", "2025-26-Q1").await.unwrap();
    daemon.advance("2025-08-04T12:00:00Z").await;
    let page = first_page(&daemon, "editions/board-001-2025-26-Q1");
    let says = "Signed off by Dr Ruth Adeyemi (chair), 28 July 2025. Figures changed after sign-off, by files that came after \
                the draft: Action log.";
    assert!(page.contains(says), "{page}");
}

#[tokio::test]
async fn after_an_outage_the_last_step_alone_is_done_and_nobody_gets_two() {
    let daemon = with_a_return(with_pages()).await;
    let (_, board) = daemon.terminate();
    let daemon = board.start("2025-08-01T14:00:00Z");
    daemon.ring().await;
    daemon.ring().await;
    let mut who: Vec<String> = heads(&daemon).iter().map(|h| h.split(' ').next().unwrap().to_owned()).collect();
    who.sort();
    assert_eq!(who, ["chair", "manager", "vice-chair"], "{:?}", heads(&daemon));
    let (_, board) = daemon.terminate();
    let daemon = board.start("2025-08-04T12:00:00Z");
    daemon.ring().await;
    assert_eq!(editions(&daemon).await.len(), 1);

    // A machine that slept through all of it asks nobody for what has gone out.
    let daemon = with_a_return(with_pages()).await;
    let (_, board) = daemon.terminate();
    let daemon = board.start("2025-08-04T12:00:00Z");
    daemon.ring().await;
    assert_eq!(heads(&daemon).len(), packs(&daemon), "{:?}", heads(&daemon));
    let page = first_page(&daemon, "editions/board-001-2025-26-Q1");
    assert!(page.contains("Not signed off"), "{page}");
}

#[tokio::test]
async fn a_kill_between_the_steps_gives_one_message_each_all_the_same() {
    for place in ["pack-before-rename", "pack-after-rename", "draft-after-freeze", "draft-after-asked"] {
        let daemon = with_a_return(with_pages()).await;
        let (_, mut board) = daemon.terminate();
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start("2025-07-25T10:00:00Z");
        let _ = daemon.order(Order::Ring).await;
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start("2025-07-25T10:05:00Z");
        daemon.ring().await;
        daemon.ring().await;
        assert_eq!(heads(&daemon).len(), 2, "{place}: {:?}", heads(&daemon));
        assert_eq!(drafts(&daemon).len(), 1, "{place}: {:?}", drafts(&daemon));
        let link = mail_to(&daemon, "chair", "sign off").page().unwrap();
        assert_eq!(post(&daemon, &link, APPROVE).await.0, StatusCode::OK, "{place}");
    }
}

#[tokio::test]
async fn a_link_works_while_the_board_is_on_hold() {
    let daemon = with_a_return(with_pages()).await;
    daemon.advance("2025-07-25T09:00:00Z").await;
    let link = mail_to(&daemon, "chair", "sign off").page().unwrap();
    let (_, board) = daemon.terminate();
    // The ledger put back from a copy: another file under the same name.
    let ledger = board.path("data/ledger.sqlite");
    fs::copy(&ledger, board.path("copy.sqlite")).unwrap();
    fs::rename(board.path("copy.sqlite"), &ledger).unwrap();
    let daemon = board.start("2025-07-28T09:00:00Z");
    daemon.ring().await;
    assert!(daemon.board.done(&["status"]).contains("hold"), "{}", daemon.board.done(&["status"]));
    let (status, page) = post(&daemon, &link, APPROVE).await;
    assert!(status == StatusCode::OK && page.contains("Signed off by Dr Ruth Adeyemi"), "{page}");
}

#[tokio::test]
async fn where_nobody_chairs_nobody_is_asked_and_without_a_public_address_no_message_holds_a_link() {
    let board = board();
    board.edit(
        "config/quarterday.toml",
        "[chair]\nname = \"Dr Ruth Adeyemi\"\nemail = \"chair@exampleshire.example\"\n",
        "",
    );
    board.edit("config/timetable.toml", "to = [\"chair\"]", "to = [\"manager\"]");
    let daemon = with_a_return(board).await;
    daemon.advance("2025-08-04T12:00:00Z").await;
    let page = first_page(&daemon, "editions/board-001-2025-26-Q1");
    assert!(!page.to_lowercase().contains("signed off") && sign_offs(&daemon).await.is_empty(), "{page}");

    let daemon = with_a_return(crate::editions::board()).await;
    daemon.advance("2025-07-25T09:00:00Z").await;
    let mail = mail_to(&daemon, "chair", "sign off");
    assert!(!mail.text.contains("http") && mail.text.contains("reply to this message or call us"), "{}", mail.text);
    assert!(!daemon.board.path("data/link.key").exists());

    let board = crate::editions::board();
    board.edit("config/quarterday.toml", "[contact]", VICE_CHAIR);
    board.edit(
        "config/quarterday.toml",
        "[chair]\nname = \"Dr Ruth Adeyemi\"\nemail = \"chair@exampleshire.example\"\n",
        "",
    );
    let refused = board.run(&["validate"]);
    assert!(said(&refused).contains("a chair beside it, who is asked first"), "{}", said(&refused));
}
