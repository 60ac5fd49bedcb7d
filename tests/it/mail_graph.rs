//! Mail that leaves through Microsoft Graph, against a stand-in that refuses, asks for patience, stalls and loses its answer;
//! and `AUTH XOAUTH2`, with tokens of the same stand-in.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, post, put},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use quarterday::{
    ledger::OutboxState,
    mail::{
        Attachment, Content, Deadlines, Kind, Mailroom, Office as Graph, Relay as RelaySettings, RelayHold, SignIn,
        Templates, Tls as TlsSetting, Way, example,
    },
    settings::Secret,
    source::mailbox::OAuth2,
};
use serde_json::{Value, json};

use crate::support::{
    office::{Office, QUICK, settings},
    smtp::{Act, Relay, Tls, Verb, certificate},
};

const USER: &str = "quarterday@board.example";
const SECRET: &str = "CANARY-client-secret";

/// What the next request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// This status; with it, for how many seconds to be left alone.
    Status(u16, Option<u32>),
    /// Nothing is done, and nothing said.
    Stall,
    /// It is done, and nothing said.
    DoneAndStall,
    /// It is done, and the connection lost.
    DoneAndCut,
}

#[derive(Default)]
struct Shelf {
    tokens: usize,
    /// Tokens up to this number are good no longer.
    revoked: usize,
    faults: BTreeMap<&'static str, VecDeque<Fault>>,
    /// What was asked: the last step of each path.
    asked: Vec<String>,
    drafts: BTreeMap<String, Draft>,
    sent: Vec<Draft>,
}

/// A message there: its MIME, and the files brought to it.
#[derive(Debug, Clone, Default)]
struct Draft {
    mime: String,
    files: BTreeMap<String, Vec<u8>>,
}

type Shared = Arc<Mutex<Shelf>>;

struct StandIn {
    shelf: Shared,
    address: std::net::SocketAddr,
}

impl StandIn {
    async fn start() -> Self {
        let shelf: Shared = Arc::default();
        let router = Router::new()
            .route("/token", post(token))
            .route("/v1.0/users/{user}/sendMail", post(send_mail))
            .route("/v1.0/users/{user}/messages", post(make_draft))
            .route("/v1.0/users/{user}/messages/{id}", delete(drop_draft))
            .route("/v1.0/users/{user}/messages/{id}/attachments", post(attach))
            .route("/v1.0/users/{user}/messages/{id}/attachments/createUploadSession", post(open_upload))
            .route("/v1.0/users/{user}/messages/{id}/send", post(send_draft))
            .route("/upload/{id}/{name}/{size}", put(upload))
            .layer(axum::extract::DefaultBodyLimit::max(4 << 20))
            .with_state(Arc::clone(&shelf));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shelf, address }
    }

    fn oauth2(&self) -> OAuth2 {
        OAuth2 {
            token_url: format!("http://{}/token", self.address),
            client_id: "quarterday".into(),
            client_secret: Some(Secret::Env("MAIL_SECRET".into())),
            refresh_token: None,
            scope: "https://graph.microsoft.com/.default".into(),
        }
    }

    fn mailroom(&self, office: &Office) -> Mailroom {
        let graph = Graph {
            base: format!("http://{}/v1.0", self.address),
            user: USER.into(),
            ca_file: None,
            oauth2: self.oauth2(),
        };
        let deadlines = Deadlines { verb: Duration::from_secs(2), dot: Duration::from_secs(2), ..QUICK };
        Mailroom::open(settings(Way::Graph(graph)), &environment(), office.home.path(), deadlines).unwrap()
    }

    fn fails(&self, step: &'static str, faults: &[Fault]) {
        self.shelf.lock().unwrap().faults.insert(step, faults.iter().copied().collect());
    }

    fn asked(&self, step: &str) -> usize {
        self.shelf.lock().unwrap().asked.iter().filter(|asked| *asked == step).count()
    }

    fn sent(&self) -> Vec<Draft> {
        self.shelf.lock().unwrap().sent.clone()
    }
}

fn environment() -> BTreeMap<String, String> {
    BTreeMap::from([("MAIL_SECRET".to_owned(), SECRET.to_owned())])
}

async fn token(State(shelf): State<Shared>, body: String) -> Response {
    if !body.contains(SECRET) {
        let refused = json!({ "error": "invalid_client", "error_description": body });
        return (StatusCode::UNAUTHORIZED, Json(refused)).into_response();
    }
    let mut shelf = shelf.lock().unwrap();
    shelf.tokens += 1;
    Json(json!({ "access_token": format!("CANARY-token-{}", shelf.tokens), "expires_in": 3600 })).into_response()
}

/// Whether a token is good: its number, if it is.
fn is_good(shelf: &Shelf, token: &str) -> bool {
    let number = token.strip_prefix("CANARY-token-").and_then(|number| number.parse::<usize>().ok());
    number.is_some_and(|number| number > shelf.revoked)
}

/// Notes what is asked, and does it unless a fault comes before.
async fn step(
    shelf: &Shared,
    headers: &HeaderMap,
    step: &'static str,
    work: impl FnOnce(&mut Shelf) -> Response,
) -> Response {
    let (fault, done) = {
        let mut shelf = shelf.lock().unwrap();
        shelf.asked.push(step.to_owned());
        let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        // The address of an upload is leave enough, and no token may go there.
        let may =
            if step == "upload" { bearer.is_empty() } else { is_good(&shelf, bearer.trim_start_matches("Bearer ")) };
        if !may {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let fault = shelf.faults.get_mut(step).and_then(VecDeque::pop_front).unwrap_or(Fault::None);
        let does = !matches!(fault, Fault::Status(..) | Fault::Stall);
        (fault, does.then(|| work(&mut shelf)))
    };
    match (fault, done) {
        (Fault::None, Some(done)) => done,
        (Fault::Status(status, wait), _) => {
            let body = Json(json!({ "error": { "code": "ErrorOfTest", "message": "CANARY-words" } }));
            let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert("retry-after", wait.to_string().parse().unwrap());
            }
            response
        }
        // Closes the connection without an answer.
        (Fault::DoneAndCut, _) => std::panic::resume_unwind(Box::new("cut")),
        _ => {
            tokio::time::sleep(Duration::from_secs(20)).await;
            StatusCode::ACCEPTED.into_response()
        }
    }
}

fn mime(headers: &HeaderMap, body: &Bytes) -> String {
    assert_eq!(headers.get("content-type").unwrap(), "text/plain");
    String::from_utf8(BASE64_STANDARD.decode(body).unwrap()).unwrap()
}

async fn send_mail(State(shelf): State<Shared>, Path(user): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(user, USER);
    let draft = Draft { mime: mime(&headers, &body), files: BTreeMap::new() };
    step(&shelf, &headers, "sendMail", |shelf| {
        shelf.sent.push(draft);
        StatusCode::ACCEPTED.into_response()
    })
    .await
}

async fn make_draft(State(shelf): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let draft = Draft { mime: mime(&headers, &body), files: BTreeMap::new() };
    step(&shelf, &headers, "messages", |shelf| {
        let id = format!("AAMk{}/=", shelf.asked.len());
        shelf.drafts.insert(id.clone(), draft);
        (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
    })
    .await
}

async fn drop_draft(
    State(shelf): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    step(&shelf, &headers, "delete", |shelf| {
        shelf.drafts.remove(&id).unwrap();
        StatusCode::NO_CONTENT.into_response()
    })
    .await
}

async fn attach(
    State(shelf): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    step(&shelf, &headers, "attachments", |shelf| {
        let bytes = BASE64_STANDARD.decode(body["contentBytes"].as_str().unwrap()).unwrap();
        assert!(bytes.len() <= 3_000_000);
        shelf.drafts.get_mut(&id).unwrap().files.insert(body["name"].as_str().unwrap().to_owned(), bytes);
        (StatusCode::CREATED, Json(json!({ "id": "1" }))).into_response()
    })
    .await
}

async fn open_upload(
    State(shelf): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let host = headers.get("host").unwrap().to_str().unwrap().to_owned();
    step(&shelf, &headers, "createUploadSession", |shelf| {
        let item = &body["AttachmentItem"];
        assert_eq!(item["attachmentType"], "file");
        let (name, size) = (item["name"].as_str().unwrap(), item["size"].as_u64().unwrap());
        shelf.drafts.get_mut(&id).unwrap().files.insert(name.to_owned(), Vec::new());
        let id = id.replace('/', "%2F");
        let url = format!("http://{host}/upload/{id}/{}/{size}", name.replace(' ', "%20"));
        (StatusCode::CREATED, Json(json!({ "uploadUrl": url }))).into_response()
    })
    .await
}

async fn upload(
    State(shelf): State<Shared>,
    Path((id, name, size)): Path<(String, String, usize)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let range = headers.get("content-range").unwrap().to_str().unwrap().to_owned();
    step(&shelf, &headers, "upload", |shelf| {
        let file = shelf.drafts.get_mut(&id).unwrap().files.get_mut(&name).unwrap();
        let end = file.len() + body.len();
        assert_eq!(range, format!("bytes {}-{}/{size}", file.len(), end - 1));
        assert!(body.len().is_multiple_of(320 * 1024) || end == size, "{range}");
        file.extend_from_slice(&body);
        let status = if end == size { StatusCode::CREATED } else { StatusCode::OK };
        (status, Json(json!({}))).into_response()
    })
    .await
}

async fn send_draft(
    State(shelf): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    step(&shelf, &headers, "send", |shelf| {
        let draft = shelf.drafts.remove(&id).unwrap();
        shelf.sent.push(draft);
        StatusCode::ACCEPTED.into_response()
    })
    .await
}

/// A pack with files of these sizes.
async fn pack(office: &Office, sizes: &[usize]) {
    let mut message = Templates::shipped().unwrap().render(&example(Kind::Pack)[0]).unwrap();
    for (number, size) in sizes.iter().enumerate() {
        message.attachments.push(Attachment {
            name: format!("pack {number}.pdf"),
            media_type: "application/pdf".into(),
            content: Content::Bytes(bytes(*size)),
            otherwise: "Ask the Business Unit for edition 1.".into(),
        });
    }
    let to = message.to.email.clone();
    office.enqueue_message("pack/1", Kind::Pack, serde_json::to_value(message).unwrap(), &to).await;
}

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|byte| (byte % 253) as u8).collect()
}

fn header(mime: &str, name: &str) -> Option<String> {
    let head = mime.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
}

#[tokio::test]
async fn a_message_leaves_as_it_was_written_and_one_token_serves_for_all() {
    let graph = StandIn::start().await;
    let office = Office::new().await;
    for n in 0..3 {
        office.enqueue(&format!("answer/{n}"), Kind::AnswerNil, "sam@police.example").await;
    }
    pack(&office, &[100_000]).await;
    assert_eq!(office.pump(&graph.mailroom(&office)).await.sent, 4);
    let sent = graph.sent();
    assert_eq!((sent.len(), graph.shelf.lock().unwrap().tokens), (4, 1));
    assert_eq!(header(&sent[0].mime, "Auto-Submitted").as_deref(), Some("auto-generated"));
    let id = quarterday::mail::message_id("answer/0", "board.example");
    assert_eq!(header(&sent[0].mime, "Message-ID"), Some(id));
    assert!(sent[3].mime.contains("pack 0.pdf") && sent[3].files.is_empty());
    assert!(office.message("answer/0").await.says.unwrap().starts_with("202"));
}

#[tokio::test]
async fn large_files_are_brought_in_pieces_to_a_draft_that_is_then_sent() {
    let graph = StandIn::start().await;
    let office = Office::new().await;
    pack(&office, &[8_000_000, 50_000]).await;
    assert_eq!(office.pump(&graph.mailroom(&office)).await.sent, 1);
    let [sent] = &graph.sent()[..] else { panic!("{:?}", graph.shelf.lock().unwrap().asked) };
    assert!(!sent.mime.contains("pack 0.pdf") && sent.mime.len() < 20_000);
    assert!(sent.files["pack 0.pdf"] == bytes(8_000_000) && sent.files["pack 1.pdf"] == bytes(50_000));
    assert_eq!((graph.asked("upload"), graph.asked("attachments"), graph.asked("sendMail")), (3, 1, 0));
}

#[tokio::test]
async fn what_fails_before_the_last_request_did_not_leave_and_leaves_no_draft() {
    for (step, fault) in [
        ("messages", Fault::Stall),
        ("messages", Fault::Status(500, None)),
        ("createUploadSession", Fault::Status(429, Some(30))),
        ("createUploadSession", Fault::DoneAndCut),
        ("upload", Fault::Status(500, None)),
        ("upload", Fault::DoneAndCut),
        ("attachments", Fault::Stall),
        ("send", Fault::Status(503, Some(60))),
    ] {
        let graph = StandIn::start().await;
        let mut office = Office::new().await;
        pack(&office, &[4_000_000, 50_000]).await;
        graph.fails(step, &[fault]);
        let mailroom = graph.mailroom(&office);
        let pumped = office.pump(&mailroom).await;
        assert_eq!((pumped.sent, pumped.unknown, pumped.later), (0, 0, 1), "{step} {fault:?}");
        assert_eq!(office.message("pack/1").await.state, OutboxState::Queued, "{step} {fault:?}");
        office.pump_until_settled(&mailroom, 4).await;
        let sent = graph.sent();
        assert_eq!(sent.len(), 1, "{step} {fault:?}");
        assert!(sent[0].files["pack 0.pdf"] == bytes(4_000_000), "{step} {fault:?}");
        assert_eq!(header(&sent[0].mime, "X-Quarterday-Attempt"), None, "{step} {fault:?}");
        let left = graph.shelf.lock().unwrap().drafts.len();
        assert!(left <= usize::from(step == "send"), "{step} {fault:?}: {left} drafts");
    }
}

#[tokio::test]
async fn a_lost_answer_to_the_last_request_has_it_leave_again_marked_under_the_same_message_id() {
    for (step, size) in [("sendMail", 1000), ("send", 4_000_000)] {
        for fault in [Fault::DoneAndStall, Fault::DoneAndCut, Fault::Status(504, None)] {
            let graph = StandIn::start().await;
            let mut office = Office::new().await;
            pack(&office, &[size]).await;
            graph.fails(step, &[fault]);
            let mailroom = graph.mailroom(&office);
            assert_eq!(office.pump(&mailroom).await.unknown, 1, "{step} {fault:?}");
            assert_eq!(office.message("pack/1").await.state, OutboxState::Sending);
            office.pump_until_settled(&mailroom, 4).await;
            let sent = graph.sent();
            let last = sent.last().unwrap();
            assert_eq!(sent.len(), if fault == Fault::Status(504, None) { 1 } else { 2 }, "{step} {fault:?}");
            assert_eq!(header(&sent[0].mime, "Message-ID"), header(&last.mime, "Message-ID"));
            assert_eq!(header(&last.mime, "X-Quarterday-Attempt").as_deref(), Some("2"), "{step} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks_and_a_refused_message_holds_up_nobody() {
    let graph = StandIn::start().await;
    let mut office = Office::new().await;
    for n in 0..3 {
        office.enqueue(&format!("answer/{n}"), Kind::AnswerNil, "sam@police.example").await;
    }
    graph.fails("sendMail", &[Fault::Status(429, Some(1800)), Fault::None, Fault::Status(400, None)]);
    let mailroom = graph.mailroom(&office);
    assert!(office.pump(&mailroom).await.held.unwrap().contains("status 429"));
    let hold = office.ledger.read(RelayHold::of).await.unwrap().unwrap();
    assert!(hold.until.duration_since(office.now).as_mins() >= 30, "{hold:?}");
    assert_eq!(graph.asked("sendMail"), 1);
    office.now = hold.until;
    let pumped = office.pump(&mailroom).await;
    assert_eq!((pumped.sent, pumped.refused), (2, 1));
    let refused = office.message("answer/1").await;
    assert_eq!(refused.says.as_deref(), Some("DOT: 127.0.0.1: status 400 ErrorOfTest"));
}

#[tokio::test]
async fn a_token_that_is_good_no_longer_is_asked_for_anew_once_and_a_wrong_secret_seldom() {
    let graph = StandIn::start().await;
    let mut office = Office::new().await;
    let mailroom = graph.mailroom(&office);
    office.enqueue("answer/1", Kind::AnswerNil, "sam@police.example").await;
    assert_eq!(office.pump(&mailroom).await.sent, 1);
    graph.shelf.lock().unwrap().revoked = 1;
    office.enqueue("answer/2", Kind::AnswerNil, "sam@police.example").await;
    assert_eq!(office.pump(&mailroom).await.sent, 1);
    assert_eq!(graph.shelf.lock().unwrap().tokens, 2);
    graph.shelf.lock().unwrap().revoked = 1000;
    office.enqueue("answer/3", Kind::AnswerNil, "sam@police.example").await;
    assert!(office.pump(&mailroom).await.held.unwrap().contains("status 401"));
    assert_eq!(graph.shelf.lock().unwrap().tokens, 3, "no storm");
    let hold = office.ledger.read(RelayHold::of).await.unwrap().unwrap();
    assert!(hold.until.duration_since(office.now).as_mins() >= 15, "accounts are locked after a few");
    graph.shelf.lock().unwrap().revoked = 0;
    office.pump_until_settled(&mailroom, 3).await;
    assert_eq!(graph.sent().len(), 3);
    let rows = office.messages().await;
    assert!(!format!("{rows:?} {mailroom:?} {hold:?}").contains("CANARY"), "{rows:?}");
}

#[tokio::test]
async fn a_relay_is_signed_in_to_with_a_token_that_is_renewed_once_when_it_is_refused() {
    let graph = StandIn::start().await;
    let (acceptor, authority) = certificate();
    let shelf = graph.shelf.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let relay = Relay::start(Tls::Upgraded(acceptor), move |verb, line| {
        if verb != Verb::Auth {
            return Act::Go;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        let proof = BASE64_STANDARD.decode(line.strip_prefix("AUTH XOAUTH2 ").unwrap()).unwrap();
        let proof = String::from_utf8(proof).unwrap();
        let token = proof.strip_prefix(&format!("user={USER}\x01auth=Bearer ")).unwrap().trim_end_matches('\x01');
        // As Microsoft does: a challenge that says why, and the refusal only after an empty answer to it.
        if is_good(&shelf.lock().unwrap(), token) { Act::Go } else { Act::Say("334 eyJzdGF0dXMiOiI0MDEifQ==") }
    })
    .await;
    let mut office = Office::new().await;
    let ca_file = office.home.path().join("ca.pem");
    std::fs::write(&ca_file, authority).unwrap();
    let settings = settings(Way::Smtp(RelaySettings {
        host: "localhost".into(),
        port: relay.address.port(),
        tls: TlsSetting::StartTls,
        ca_file: Some(ca_file),
        sign_in: Some(SignIn::OAuth2 { user: USER.into(), oauth2: graph.oauth2() }),
    }));
    let mailroom = Mailroom::open(settings, &environment(), office.home.path(), QUICK).unwrap();
    office.enqueue("answer/1", Kind::AnswerNil, "sam@police.example").await;
    assert_eq!(office.pump(&mailroom).await.sent, 1, "{:?}", office.message("answer/1").await.says);
    assert_eq!((asked.load(Ordering::SeqCst), graph.shelf.lock().unwrap().tokens), (1, 1));

    graph.shelf.lock().unwrap().revoked = 1;
    office.enqueue("answer/2", Kind::AnswerNil, "sam@police.example").await;
    assert_eq!(office.pump(&mailroom).await.sent, 1, "{:?}", office.message("answer/2").await.says);
    assert_eq!((asked.load(Ordering::SeqCst), graph.shelf.lock().unwrap().tokens), (3, 2));

    graph.shelf.lock().unwrap().revoked = 1000;
    office.enqueue("answer/3", Kind::AnswerNil, "sam@police.example").await;
    assert!(office.pump(&mailroom).await.held.unwrap().contains("535"));
    assert_eq!(graph.shelf.lock().unwrap().tokens, 3, "no storm");
    let hold = office.ledger.read(RelayHold::of).await.unwrap().unwrap();
    assert_eq!((hold.verb.as_str(), hold.until.duration_since(office.now).as_mins()), ("AUTH", 15));
    graph.shelf.lock().unwrap().revoked = 0;
    office.pump_until_settled(&mailroom, 3).await;
    assert_eq!(relay.kept().len(), 3);
    let rows = office.messages().await;
    assert!(!format!("{rows:?} {mailroom:?} {hold:?}").contains("CANARY"), "{rows:?}");
}

#[tokio::test]
async fn a_message_above_the_boards_own_limit_leaves_without_its_file_and_says_so() {
    let relay = Relay::honest().await;
    let office = Office::new().await;
    pack(&office, &[300_000]).await;
    let way = Way::Smtp(crate::support::office::plain(&relay));
    let settings = quarterday::mail::Settings { largest: Some(100_000), ..settings(way) };
    let mailroom = Mailroom::open(settings, &environment(), office.home.path(), QUICK).unwrap();
    assert_eq!(office.pump(&mailroom).await.sent, 1);
    let [kept] = &relay.kept()[..] else { panic!() };
    assert!(kept.bytes.len() < 20_000 && kept.bytes.contains("Ask the Business Unit for edition 1."));
}
