//! The mailbox over Microsoft Graph, against a stand-in that pages, refuses and asks for patience; and XOAUTH2, against a
//! real Dovecot that asks the same stand-in whether a token is good.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{
    mailbox::{CSV, DONE, HELD, Letter, NOW, answers, verdicts},
    support::{
        TestBoard, TestDaemon,
        dovecot::{Dovecot, USER},
        said,
    },
};

const SECRET: &str = "CANARY-client-secret";

/// Microsoft's side: tokens, folders and letters.
#[derive(Default)]
struct Shelf {
    /// Letters by identifier: the folder each lies in, and its bytes.
    letters: BTreeMap<String, (String, Vec<u8>)>,
    folders: BTreeMap<String, String>,
    /// Statuses that the next calls to Graph are answered with, and for how long they ask to be left alone.
    failures: VecDeque<(u16, Option<u32>)>,
    tokens: usize,
    /// The one refresh token that is good, where each use gives another.
    refresh: Option<String>,
    /// Whether a token that was given stops being good.
    revoked: usize,
    asked: usize,
    moved: Vec<String>,
}

type Shared = Arc<Mutex<Shelf>>;

struct Graph {
    shelf: Shared,
    address: std::net::SocketAddr,
}

impl Graph {
    async fn start() -> Self {
        let shelf: Shared = Arc::default();
        shelf.lock().unwrap().folders.insert("inbox".into(), "inbox".into());
        let router = Router::new()
            .route("/token", post(token))
            .route("/introspect", post(introspect))
            .route("/v1.0/users/{user}/mailFolders", get(find_folder).post(make_folder))
            .route("/v1.0/users/{user}/mailFolders/{folder}/messages", get(list))
            .route("/v1.0/users/{user}/messages/{id}/$value", get(value))
            .route("/v1.0/users/{user}/messages/{id}/move", post(move_letter))
            .with_state(Arc::clone(&shelf));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shelf, address }
    }

    fn deliver(&self, letter: &Letter<'_>) {
        let mut shelf = self.shelf.lock().unwrap();
        let id = format!("AAMk{}/=", shelf.letters.len());
        shelf.letters.insert(id, ("inbox".into(), letter.write()));
    }

    fn fail(&self, failures: &[(u16, Option<u32>)]) {
        self.shelf.lock().unwrap().failures.extend(failures);
    }

    fn count(&self, folder: &str) -> usize {
        let shelf = self.shelf.lock().unwrap();
        let id = shelf.folders.get(folder).cloned().unwrap_or_default();
        shelf.letters.values().filter(|(lies, _)| *lies == id).count()
    }

    /// A board that reads the mailbox for a person who gave leave; the refresh token lies in a file.
    fn board_by_leave(&self, refresh: &str) -> TestBoard {
        let board = self.board();
        let refresh = format!("refresh_token = {}", board.secret("refresh", refresh));
        board.edit("config/quarterday.toml", "client_secret = { env = \"MAILBOX_SECRET\" }", &refresh);
        board
    }

    fn board(&self) -> TestBoard {
        let board = TestBoard::with_returns(&["prevent-referrals"]).with("MAILBOX_SECRET", SECRET);
        let mailbox = format!(
            "\n[mailbox]\nkind = \"graph\"\nbase = \"http://{0}/v1.0\"\nuser = \"{USER}\"\nauthserv_id = \"mx.board.example\"\n\
             [mailbox.oauth2]\ntoken_url = \"http://{0}/token\"\nclient_id = \"quarterday\"\nclient_secret = {{ env = \"MAILBOX_SECRET\" }}\n",
            self.address
        );
        let text = board.read("config/quarterday.toml");
        board.write("config/quarterday.toml", text + &mailbox);
        board
    }
}

async fn token(State(shelf): State<Shared>, body: String) -> Response {
    let form: BTreeMap<String, String> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut shelf = shelf.lock().unwrap();
    shelf.tokens += 1;
    let by_refresh = form.get("grant_type").is_some_and(|grant| grant == "refresh_token");
    let good = match &shelf.refresh {
        _ if !by_refresh => form.get("client_secret").is_some_and(|it| it == SECRET),
        Some(only) => form.get("refresh_token") == Some(only),
        None => form.contains_key("refresh_token"),
    };
    if by_refresh && !good {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    if !good {
        // A careless server repeats what it was told.
        let description = format!("AADSTS7000215: {body}");
        let refused = json!({ "error": "invalid_client", "error_description": description });
        return (StatusCode::UNAUTHORIZED, Json(refused)).into_response();
    }
    let token = format!("CANARY-token-{}", shelf.tokens);
    let mut granted = json!({ "token_type": "Bearer", "access_token": token, "expires_in": 3600 });
    if by_refresh && shelf.refresh.is_some() {
        let next = format!("CANARY-refresh-{}", shelf.tokens);
        granted["refresh_token"] = json!(next);
        shelf.refresh = Some(next);
    }
    Json(granted).into_response()
}

/// RFC 7662: whose a token is, and whether it is still good.
async fn introspect(State(shelf): State<Shared>, body: String) -> Json<Value> {
    let number = body.split("CANARY-token-").nth(1).unwrap_or_default();
    let number: String = number.chars().take_while(char::is_ascii_digit).collect();
    let good = number.parse().is_ok_and(|number: usize| number > shelf.lock().unwrap().revoked);
    Json(json!({ "active": good, "username": USER }))
}

/// How a call is refused; none if it may go on.
fn gate(shelf: &mut Shelf, headers: &HeaderMap) -> Option<Response> {
    shelf.asked += 1;
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let number: usize = token.strip_prefix("Bearer CANARY-token-").and_then(|number| number.parse().ok()).unwrap_or(0);
    if number == 0 || number <= shelf.revoked {
        return Some(StatusCode::UNAUTHORIZED.into_response());
    }
    assert_eq!(headers.get("prefer").unwrap(), "IdType=\"ImmutableId\"");
    match shelf.failures.pop_front() {
        None | Some((200, _)) => None,
        Some((status, wait)) => {
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert("retry-after", wait.to_string().parse().unwrap());
            }
            Some(response)
        }
    }
}

async fn list(
    State(shelf): State<Shared>,
    Path((user, folder)): Path<(String, String)>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let mut shelf = shelf.lock().unwrap();
    if let Some(refused) = gate(&mut shelf, &headers) {
        return refused;
    }
    assert_eq!((user.as_str(), folder.as_str()), (USER, "inbox"));
    let skip: usize = query.get("$skip").map_or(0, |skip| skip.parse().unwrap());
    let all: Vec<&String> = shelf.letters.iter().filter(|(_, (lies, _))| *lies == folder).map(|(id, _)| id).collect();
    // Two letters a page, so that every look turns pages.
    let page: Vec<Value> = all.iter().skip(skip).take(2).map(|id| json!({ "id": id })).collect();
    let mut answer = json!({ "value": page });
    if all.len() > skip + 2 {
        let host = headers.get("host").unwrap().to_str().unwrap();
        answer["@odata.nextLink"] = json!(format!("http://{host}{}?$skip={}", uri.path(), skip + 2));
    }
    Json(answer).into_response()
}

async fn value(State(shelf): State<Shared>, Path((_, id)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let mut shelf = shelf.lock().unwrap();
    if let Some(refused) = gate(&mut shelf, &headers) {
        return refused;
    }
    shelf.letters.get(&id).map_or(StatusCode::NOT_FOUND.into_response(), |(_, bytes)| bytes.clone().into_response())
}

async fn find_folder(
    State(shelf): State<Shared>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let mut shelf = shelf.lock().unwrap();
    if let Some(refused) = gate(&mut shelf, &headers) {
        return refused;
    }
    let name = query["$filter"].strip_prefix("displayName eq '").unwrap().trim_end_matches('\'').to_owned();
    let found = shelf.folders.get(&name).map(|id| json!({ "id": id, "displayName": name }));
    Json(json!({ "value": found.into_iter().collect::<Vec<_>>() })).into_response()
}

async fn make_folder(State(shelf): State<Shared>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let mut shelf = shelf.lock().unwrap();
    if let Some(refused) = gate(&mut shelf, &headers) {
        return refused;
    }
    let name = body["displayName"].as_str().unwrap().to_owned();
    let id = format!("folder-{}", shelf.folders.len());
    assert!(shelf.folders.insert(name.clone(), id.clone()).is_none(), "{name} is made once");
    (StatusCode::CREATED, Json(json!({ "id": id, "displayName": name }))).into_response()
}

async fn move_letter(
    State(shelf): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let mut shelf = shelf.lock().unwrap();
    if let Some(refused) = gate(&mut shelf, &headers) {
        return refused;
    }
    let to = body["destinationId"].as_str().unwrap().to_owned();
    assert!(shelf.folders.values().any(|known| *known == to));
    let Some(letter) = shelf.letters.get_mut(&id) else { return StatusCode::NOT_FOUND.into_response() };
    letter.0 = to;
    shelf.moved.push(id.clone());
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

async fn look(daemon: &TestDaemon, at: &str) {
    daemon.advance(at).await;
    daemon.ring().await;
}

#[tokio::test]
async fn letters_are_read_page_by_page_and_moved_into_folders_that_are_made() {
    let graph = Graph::start().await;
    graph.deliver(&Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() });
    for number in 0..4 {
        let id = format!("text{number}@probation.example");
        graph.deliver(&Letter { id: &id, ..Letter::default() });
    }
    let daemon = graph.board().start(NOW);
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", daemon.log());
    assert_eq!((graph.count("inbox"), graph.count(DONE), graph.count(HELD)), (0, 1, 4));
    assert_eq!(graph.shelf.lock().unwrap().tokens, 1, "one token serves until it expires");
    look(&daemon, "2025-07-08T09:01:00Z").await;
    assert_eq!(graph.shelf.lock().unwrap().tokens, 1);
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_renewed_at_once() {
    let graph = Graph::start().await;
    let daemon = graph.board().start(NOW);
    daemon.ring().await;
    graph.shelf.lock().unwrap().revoked = 1;
    graph.deliver(&Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() });
    look(&daemon, "2025-07-08T09:01:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", daemon.log());
    assert_eq!(graph.shelf.lock().unwrap().tokens, 2);
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asks_and_nothing_is_done_twice() {
    let graph = Graph::start().await;
    graph.deliver(&Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() });
    let daemon = graph.board().start(NOW);
    graph.fail(&[(429, Some(1800))]);
    daemon.ring().await;
    let asked = graph.shelf.lock().unwrap().asked;
    look(&daemon, "2025-07-08T09:29:00Z").await;
    assert_eq!(graph.shelf.lock().unwrap().asked, asked, "half an hour of rest");
    // Listed and fetched, then the server fails at the move: what was recorded is not done again.
    graph.fail(&[(200, None), (200, None), (500, None)]);
    look(&daemon, "2025-07-08T09:31:00Z").await;
    assert_eq!((verdicts(&daemon).await, graph.count("inbox")), (vec!["accepted".to_owned()], 1));
    for minute in ["37", "53"] {
        look(&daemon, &format!("2025-07-08T09:{minute}:00Z")).await;
    }
    assert_eq!((graph.count("inbox"), graph.count(DONE)), (0, 1), "{}", daemon.log());
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    assert_eq!(answers(&daemon).await.iter().filter(|told| told.starts_with("answer")).count(), 1);
}

#[tokio::test]
async fn a_wrong_secret_is_tried_seldom_told_once_and_shown_nowhere() {
    let graph = Graph::start().await;
    let mut board = graph.board();
    board.set("MAILBOX_SECRET", Some("CANARY-wrong-secret"));
    let daemon = board.start(NOW);
    daemon.ring().await;
    for minute in ["05", "10", "14"] {
        look(&daemon, &format!("2025-07-08T09:{minute}:00Z")).await;
    }
    assert_eq!(graph.shelf.lock().unwrap().tokens, 1, "no storm");
    assert_eq!(answers(&daemon).await, ["watch manager@exampleshire.example"]);
    let status = said(&daemon.board.run(&["status"]));
    assert!(status.contains("refuses the sign-in") && status.contains("invalid_client"), "{status}");
    let messages = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    for place in [daemon.log(), status, format!("{messages:?}")] {
        assert!(!place.contains("CANARY"), "{place}");
    }
}

#[tokio::test]
async fn a_refresh_token_that_each_use_replaces_survives_kills_and_gives_way_to_a_renewed_one() {
    use std::os::unix::fs::PermissionsExt;
    let graph = Graph::start().await;
    let only = |token: &str| graph.shelf.lock().unwrap().refresh = Some(token.to_owned());
    only("CANARY-refresh-0");
    let mut board = graph.board_by_leave("CANARY-refresh-0");
    // Killed the moment that the second one is kept.
    board.set("FAILPOINTS", Some("mailbox-after-token=return"));
    let daemon = board.start(NOW);
    let _ = daemon.order(quarterday::daemon::Command::Ring).await;
    let mut board = daemon.wait_for_death();
    let kept = board.path("data/mailbox.token");
    assert_eq!(std::fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    board.set("FAILPOINTS", None);
    let daemon = board.start("2025-07-08T09:05:00Z");
    daemon.ring().await;
    assert_eq!(failing(&daemon).await, "");
    let daemon = daemon.restart("2025-07-08T09:10:00Z");
    graph.deliver(&Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() });
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{} {}", failing(&daemon).await, daemon.log());
    assert_eq!(graph.shelf.lock().unwrap().tokens, 3, "one for each start");

    // Somebody else used it, or it has expired: the manager renews it, and needs no restart.
    only("CANARY-renewed");
    graph.shelf.lock().unwrap().revoked = 3;
    look(&daemon, "2025-07-08T09:11:00Z").await;
    let says = failing(&daemon).await;
    let expected = "127.0.0.1 refuses the sign-in as returns@board.example (invalid_grant); renew the secret";
    assert!(says.contains(expected), "{says}");
    daemon.board.secret("refresh", "CANARY-renewed");
    look(&daemon, "2025-07-08T10:30:00Z").await;
    assert_eq!(answers(&daemon).await.iter().filter(|told| told.starts_with("watch")).count(), 1);
    assert_eq!(failing(&daemon).await, "", "what a person changed is newer than what was kept");

    // What was kept is damaged: it is told what to do, and nothing is guessed.
    let daemon = {
        let (_, board) = daemon.terminate();
        board.write("data/mailbox.token", "CANARY of nothing");
        board.start("2025-07-08T11:00:00Z")
    };
    daemon.ring().await;
    let says = failing(&daemon).await;
    assert!(says.contains("data/mailbox.token is damaged; remove that file"), "{says}");
    let status = said(&daemon.board.run(&["status"]));
    let messages = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    for place in [daemon.log(), status, format!("{messages:?}")] {
        assert!(!place.contains("CANARY"), "{place}");
    }
}

/// Why the mailbox was not read; empty if it was.
async fn failing(daemon: &TestDaemon) -> String {
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    failing.first().and_then(|(_, pull)| pull.says.clone()).unwrap_or_default()
}

#[tokio::test]
async fn imap_is_signed_in_to_with_a_token_that_the_server_asks_about() {
    let graph = Graph::start().await;
    let introspection = format!("http://{}/introspect", graph.address);
    let Some(server) = Dovecot::start_with(Some(&introspection)) else { return };
    server.deliver(Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write());
    let board = TestBoard::with_returns(&["prevent-referrals"])
        .with("MAILBOX_SECRET", SECRET)
        .with("MAILBOX_REFRESH", "CANARY-refresh-token");
    let text = board.read("config/quarterday.toml");
    let mailbox = format!(
        "\n[mailbox]\nkind = \"imap\"\nhost = \"localhost\"\nport = {}\nuser = \"{USER}\"\nca_file = {:?}\n\
         authserv_id = \"mx.board.example\"\n[mailbox.oauth2]\ntoken_url = \"http://{}/token\"\nclient_id = \"quarterday\"\n\
         refresh_token = {{ env = \"MAILBOX_REFRESH\" }}\n",
        server.port,
        server.authority(),
        graph.address
    );
    board.write("config/quarterday.toml", text + &mailbox);
    let daemon = board.start(NOW);
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}\n{}", daemon.log(), server.log());
    assert_eq!(server.count(DONE), 1);
    assert!(!daemon.log().contains("CANARY"));
}

#[tokio::test]
async fn a_token_that_imap_refuses_is_renewed_once_and_then_told_with_whose_mailbox_and_what_to_do() {
    let graph = Graph::start().await;
    let introspection = format!("http://{}/introspect", graph.address);
    let Some(server) = Dovecot::start_with(Some(&introspection)) else { return };
    let board = graph.board_by_leave("CANARY-refresh");
    let text = board.read("config/quarterday.toml");
    let imap =
        format!("kind = \"imap\"\nhost = \"localhost\"\nport = {}\nca_file = {:?}", server.port, server.authority());
    let graphs = format!("kind = \"graph\"\nbase = \"http://{}/v1.0\"", graph.address);
    assert!(text.contains(&graphs));
    board.write("config/quarterday.toml", text.replace(&graphs, &imap));
    let daemon = board.start(NOW);
    daemon.ring().await;
    assert_eq!((failing(&daemon).await.as_str(), graph.shelf.lock().unwrap().tokens), ("", 1));

    // Withdrawn before its time: a new one is asked for at once, and the letter waits for nobody.
    graph.shelf.lock().unwrap().revoked = 1;
    server.deliver(Letter { files: &[("figures.csv", CSV.as_bytes())], ..Letter::default() }.write());
    look(&daemon, "2025-07-08T09:01:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}\n{}", failing(&daemon).await, server.log());
    assert_eq!(graph.shelf.lock().unwrap().tokens, 2);

    // Refused for good: the server's challenge is answered emptily, or it would say nothing more and time would run out.
    graph.shelf.lock().unwrap().revoked = 1000;
    look(&daemon, "2025-07-08T09:02:00Z").await;
    let says = failing(&daemon).await;
    let expected = "localhost refuses the sign-in as returns@board.example (status 401); renew the secret that \
                    [mailbox] names, or the permission";
    assert_eq!(says, expected, "{}", server.log());
    look(&daemon, "2025-07-08T09:12:00Z").await;
    assert_eq!(graph.shelf.lock().unwrap().tokens, 3, "no storm");
    assert_eq!(answers(&daemon).await.iter().filter(|told| told.starts_with("watch")).count(), 1);
    assert!(!daemon.log().contains("CANARY"), "{}", daemon.log());
}
