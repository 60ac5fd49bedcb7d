//! HTTPS sources against a real server and one that misbehaves.

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use futures::StreamExt;

use crate::support::{
    TestBoard, TestDaemon,
    authority::Authority,
    nginx::Nginx,
    said,
    unruly::{Asked, Unruly, cut},
};

const OPEN: &str = "2025-07-01T08:00:00Z";
const PULLED: &str = "2025-07-02T12:00:00Z";
const CSV: &str = "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,9,14\n\
                   2025-26-Q1,2025-M05,11,17\n2025-26-Q1,2025-M06,8,12\n";
const PATH: &str = "/cafcass/care-applications/2025-26-Q1.csv";
const DEFINITION: &str = "pipelines/care-applications/return.toml";
const URL: &str = "url = \"{base}/cafcass/care-applications/{period}.csv\"";

/// A board with one return that is pulled from `base`, its `[source]` followed by `more`.
fn board(base: &str, more: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", base);
    board.edit(DEFINITION, "timeout_seconds = 30\n", &format!("timeout_seconds = 5\n{more}\n"));
    board
}

/// The same with a return that comes as JSON, from an address with this end.
fn json_board(base: &str, end: &str, more: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["immunisations"]).with("QUARTERDAY__PULLS__BASE", base);
    let definition = "pipelines/immunisations/return.toml";
    board.edit(definition, "/health-trust/immunisations/{period}.json", end);
    board.edit(definition, "timeout_seconds = 30\n", &format!("timeout_seconds = 5\n{more}\n"));
    board
}

fn secret(board: &TestBoard, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    board.write(name, text);
    std::fs::set_permissions(board.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    board.path(name).display().to_string()
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

/// The first ring opens the obligation, the second asks for its file.
async fn pull_once(daemon: &TestDaemon) {
    daemon.ring().await;
    daemon.ring().await;
}

/// Rings until something was taken or has failed.
async fn pull_to_an_end(daemon: &TestDaemon) {
    let begun = std::time::Instant::now();
    daemon.ring().await;
    while verdicts(daemon).await.is_empty() && failure(daemon).await == "nothing failed" {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "nothing came of it: {}", daemon.log());
        daemon.ring().await;
    }
}

/// Why the last pull failed.
async fn failure(daemon: &TestDaemon) -> String {
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    failing.first().and_then(|(_, pull)| pull.says.clone()).unwrap_or_else(|| "nothing failed".into())
}

fn page(records: &[(&str, u32)], rest: &str) -> String {
    let records: Vec<String> = records
        .iter()
        .map(|(network, n)| {
            format!(r#"{{"period":"2025-26-Q1","network":"{network}","children_aged_two":{n},"immunised":{}}}"#, n - 1)
        })
        .collect();
    format!(r#"{{"data":[{}]{rest}}}"#, records.join(","))
}

/// A real server that speaks TLS with a certificate of an authority that nobody else trusts.
fn nginx(server: &str, files: &[(&str, &str)]) -> Option<(Nginx, Authority)> {
    let authority = Authority::new();
    let issued = authority.server(&["localhost"]);
    let mut files = files.to_vec();
    files.extend([("server.pem", issued.pem.as_str()), ("server.key", &issued.key), ("ca.pem", &authority.pem)]);
    let server = format!("ssl_certificate {{home}}/server.pem; ssl_certificate_key {{home}}/server.key;\n{server}");
    Some((Nginx::start("ssl", &server, &files)?, authority))
}

fn base(nginx: &Nginx) -> String {
    format!("https://localhost:{}", nginx.port())
}

/// `[source.tls]` that trusts the authority.
fn trusting(board: &TestBoard, authority: &Authority) -> String {
    board.write("ca.pem", &authority.pem);
    format!("[source.tls]\nca_file = \"{}\"\n", board.path("ca.pem").display())
}

/// Writes more into a definition's `[source]`, before `[format]`.
fn add(board: &TestBoard, text: &str) {
    board.edit(DEFINITION, "[format]", &format!("{text}\n[format]"));
}

#[tokio::test]
async fn name_token_and_key_open_a_file_that_a_real_server_keeps_from_others() {
    let Some((nginx, authority)) = nginx(
        r#"location /basic { auth_basic "returns"; auth_basic_user_file {home}/people; }
           location /bearer { if ($http_authorization != "Bearer CANARY-token.1") { return 401; } }
           location /key { if ($http_x_partner_key != "CANARY-key-2") { return 403; } }"#,
        &[("people", "quarterday:{PLAIN}CANARY-word-3\n")],
    ) else {
        return;
    };
    let cases = [
        ("basic", "kind = \"basic\"\nuser = \"quarterday\"\npassword =", "CANARY-word-3"),
        ("bearer", "kind = \"bearer\"\ntoken =", "CANARY-token.1"),
        ("key", "kind = \"api-key\"\nheader = \"X-Partner-Key\"\nkey =", "CANARY-key-2"),
    ];
    for (at, auth, word) in cases {
        nginx.file(&format!("/{at}/2025-26-Q1.csv"), CSV);
        let mut logs = Vec::new();
        for (given, expected) in [("CANARY-wrong", "does not take our credentials"), (word, "nothing failed")] {
            let board = board(&base(&nginx), "");
            board.edit(DEFINITION, URL, &format!("url = \"{{base}}/{at}/{{period}}.csv\""));
            add(&board, &trusting(&board, &authority));
            let file = secret(&board, "word", given);
            add(&board, &format!("[source.auth]\n{auth} {{ file = \"{file}\" }}\n"));
            let daemon = board.start(OPEN);
            daemon.advance(PULLED).await;
            let failure = failure(&daemon).await;
            assert!(failure.contains(expected), "{at}: {failure}");
            let taken = verdicts(&daemon).await;
            assert_eq!(taken, if given == word { vec!["accepted"] } else { vec![] }, "{at}");
            logs.extend([daemon.log(), failure, daemon.board.done(&["status"]), daemon.page("/")]);
        }
        assert!(!logs.concat().contains("CANARY"), "a secret was told: {}", logs.concat());
    }
}

#[tokio::test]
async fn a_client_certificate_opens_a_server_that_asks_for_one() {
    let Some((nginx, authority)) = nginx("ssl_verify_client on; ssl_client_certificate {home}/ca.pem;", &[]) else {
        return;
    };
    nginx.file(PATH, CSV);
    let ours = authority.client("quarterday");
    for (certificate, expected) in [(None, vec![]), (Some(&ours), vec!["accepted"])] {
        let board = board(&base(&nginx), "");
        let mut tls = trusting(&board, &authority);
        if let Some(ours) = certificate {
            board.write("ours.pem", &ours.pem);
            let key = secret(&board, "ours.key", &ours.key);
            let certificate = board.path("ours.pem").display().to_string();
            tls.push_str(&format!("client_certificate = \"{certificate}\"\nclient_key = {{ file = \"{key}\" }}\n"));
        }
        add(&board, &tls);
        let daemon = board.start(OPEN);
        daemon.advance(PULLED).await;
        assert_eq!(verdicts(&daemon).await, expected, "{}", failure(&daemon).await);
    }
}

#[tokio::test]
async fn a_client_certificate_that_ends_soon_is_told_two_months_ahead() {
    let authority = Authority::new();
    for (day, expected) in [("2025-08-25", None), ("2025-08-01", Some("ends on")), ("2025-06-01", Some("ended on"))] {
        let board = board("http://127.0.0.1:9", "");
        let ours = authority.client_until("quarterday", day.parse().unwrap());
        board.write("ours.pem", &ours.pem);
        let key = secret(&board, "ours.key", &ours.key);
        let certificate = board.path("ours.pem").display().to_string();
        let tls =
            format!("[source.tls]\nclient_certificate = \"{certificate}\"\nclient_key = {{ file = \"{key}\" }}\n");
        add(&board, &tls);
        let daemon = board.start("2025-06-20T08:00:00Z");
        let status = daemon.board.done(&["status"]);
        let warning = format!("Warning: Care applications: the certificate {certificate}");
        assert_eq!(status.contains(&warning), expected.is_some(), "{day}: {status}");
        assert!(expected.is_none_or(|when| status.contains(&format!("{certificate} {when}"))), "{day}: {status}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_no_setting_changes_that() {
    let Some((nginx, _)) = nginx("", &[]) else { return };
    nginx.file(PATH, CSV);
    let stranger = Authority::new();
    let board = board(&base(&nginx), "");
    add(&board, &trusting(&board, &stranger));
    let daemon = board.start(OPEN);
    daemon.advance(PULLED).await;
    let failure = failure(&daemon).await;
    assert!(failure.contains("certificate"), "{failure}");
    assert!(verdicts(&daemon).await.is_empty());
    assert!(nginx.requests().is_empty(), "nothing was asked of a server that could not prove who it is");
}

#[tokio::test]
async fn an_unchanged_file_of_a_real_server_is_not_sent_again() {
    let Some((nginx, authority)) = nginx("", &[]) else { return };
    nginx.file(PATH, CSV);
    let board = board(&base(&nginx), "");
    add(&board, &trusting(&board, &authority));
    let daemon = board.start(OPEN);
    daemon.advance(PULLED).await;
    daemon.advance("2025-07-04T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    let requests = nginx.requests();
    assert!(requests.iter().any(|line| line.contains("\" 304 ")), "{requests:?}");
}

/// Hands out tokens, and files to who has the newest.
fn tokens(asked: &Asked, newest: usize) -> Response {
    let number = |text: &str| text.rsplit('-').next().and_then(|n| n.parse::<usize>().ok());
    if asked.target == "/token" {
        let form: Vec<&str> = asked.body.split('&').collect();
        // id:secret, as RFC 6749 wants them encoded.
        let known = asked.header("authorization") == Some("Basic cXVhcnRlcmRheSUzQTE6Q0FOQVJZJTJGcw==");
        if !known || !form.contains(&"grant_type=client_credentials") || !form.contains(&"scope=returns.read") {
            return (StatusCode::UNAUTHORIZED, "{\"error\":\"invalid_client\"}").into_response();
        }
        let token = format!("CANARY-token-{}", asked.before + 1);
        let answer = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
        return ([(header::CONTENT_TYPE, "application/json")], answer).into_response();
    }
    match asked.header("authorization").and_then(number) {
        Some(n) if n >= newest => CSV.into_response(),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn oauth2(board: &TestBoard, base: &str, word: &str) {
    let file = secret(board, "client", word);
    add(
        board,
        &format!(
            "[source.auth]\nkind = \"oauth2\"\ntoken_url = \"{base}/token\"\nclient_id = \"quarterday:1\"\n\
             client_secret = {{ file = \"{file}\" }}\nscope = \"returns.read\"\n"
        ),
    );
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_anew_when_it_was_withdrawn() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    let newest = Arc::new(AtomicUsize::new(1));
    let withdrawn = Arc::clone(&newest);
    let server = Unruly::start(move |asked| tokens(asked, newest.load(Ordering::SeqCst))).await;
    let board = board(&server.base(), "");
    oauth2(&board, &server.base(), "CANARY/s");
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-04T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", failure(&daemon).await);
    assert!(server.targets("/cafcass").len() > 1);
    assert_eq!(server.targets("/token").len(), 1, "the token is kept while it is good");
    withdrawn.store(2, Ordering::SeqCst);
    daemon.advance("2025-07-07T12:00:00Z").await;
    assert_eq!(failure(&daemon).await, "nothing failed");
    assert_eq!(server.targets("/token").len(), 2);
    assert!(!format!("{}{}", daemon.log(), daemon.page("/")).contains("CANARY"));
}

#[tokio::test]
async fn a_wrong_client_secret_is_told_without_it() {
    let server = Unruly::start(|asked| tokens(asked, 1)).await;
    let board = board(&server.base(), "");
    oauth2(&board, &server.base(), "CANARY-wrong");
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    let failure = failure(&daemon).await;
    assert!(failure.contains("no access token") && failure.contains("401"), "{failure}");
    assert!(server.targets("/cafcass").is_empty(), "nothing is asked without a token");
    assert!(!format!("{failure}{}{}", daemon.log(), daemon.page("/")).contains("CANARY"));
}

#[tokio::test]
async fn a_token_endpoint_is_left_alone_as_long_as_it_asks_for() {
    let server = Unruly::start(|asked| match (asked.target.as_str(), asked.before) {
        ("/token", 0) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "7200")]).into_response(),
        _ => tokens(&Asked { before: 0, ..asked.clone() }, 1),
    })
    .await;
    let board = board(&server.base(), "");
    oauth2(&board, &server.base(), "CANARY/s");
    let daemon = board.start(OPEN);
    pull_once(&daemon).await;
    let says = failure(&daemon).await;
    assert!(says.contains("it answered 503; it asks to be left alone"), "{says}");
    daemon.advance("2025-07-01T09:55:00Z").await;
    assert_eq!(server.targets("/token").len(), 1, "the endpoint is left alone as long as it asked for");
    daemon.advance("2025-07-01T10:05:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", failure(&daemon).await);
}

/// On the machine's own clock, for it is about waiting: a simulated one asks each after the other.
#[tokio::test]
async fn a_token_endpoint_that_takes_its_time_delays_nobody_who_asks_another() {
    let server = Unruly::start(|asked| match asked.target.as_str() {
        "/stalled/token" => {
            let silence = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
            Response::new(Body::from_stream(silence))
        }
        // Good for no second request, so that each asks for its own.
        "/token" => r#"{"access_token":"one","token_type":"Bearer","expires_in":60}"#.into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    })
    .await;
    let board = TestBoard::with_returns(&["care-applications", "immunisations"])
        .with("QUARTERDAY__PULLS__BASE", &server.base());
    board.edit(DEFINITION, "{base}", &server.base().replace("127.0.0.1", "localhost"));
    let file = secret(&board, "client", "CANARY/s");
    for (id, at) in [("care-applications", "/stalled"), ("immunisations", "")] {
        let auth = format!(
            "[source.auth]\nkind = \"oauth2\"\ntoken_url = \"{}{at}/token\"\nclient_id = \"quarterday:1\"\n\
             client_secret = {{ file = \"{file}\" }}\n\n[format]",
            server.base()
        );
        board.edit(&format!("pipelines/{id}/return.toml"), "[format]", &auth);
    }
    let daemon = board.start_on_the_clock();
    let begun = std::time::Instant::now();
    while server.targets("/health-trust").len() < 4 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "{}", failure(&daemon).await);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(server.targets("/stalled").len(), 1, "the other is still waited for");
    assert_eq!(failure(&daemon).await, "nothing failed", "the other is still waited for");
}

/// A server that breaks off the first answer in the middle, and then does as `then` says.
async fn breaking(then: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Unruly {
    Unruly::start(move |asked| {
        if asked.target != PATH {
            return StatusCode::NOT_FOUND.into_response();
        }
        if asked.before == 0 {
            let builder = Response::builder().header(header::ETAG, "\"one\"").header(header::ACCEPT_RANGES, "bytes");
            return cut(builder, &CSV.as_bytes()[..60], CSV.len());
        }
        match asked.header("if-none-match") {
            Some("\"one\"") => StatusCode::NOT_MODIFIED.into_response(),
            _ => then(asked),
        }
    })
    .await
}

type Answering = dyn Fn(&Asked) -> Response + Send + Sync;

/// The rest of the file from a byte on.
fn rest(from: usize, tag: &str) -> Response {
    let range = format!("bytes {from}-{}/{}", CSV.len() - 1, CSV.len());
    let builder = Response::builder().status(StatusCode::PARTIAL_CONTENT).header(header::ETAG, tag);
    builder.header(header::CONTENT_RANGE, range).body(Body::from(&CSV[from..])).unwrap()
}

#[tokio::test]
async fn a_body_that_breaks_off_is_resumed_where_it_did() {
    let server = breaking(|asked| {
        assert_eq!(asked.header("if-range"), Some("\"one\""));
        assert_eq!(asked.header("range"), Some("bytes=60-"));
        rest(60, "\"one\"")
    })
    .await;
    let daemon = board(&server.base(), "").start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", failure(&daemon).await);
    assert_eq!(daemon.sql("SELECT sum(children) FROM returns.care_applications").await, ["43"]);
}

#[tokio::test]
async fn the_rest_of_another_file_is_never_put_behind_the_beginning_of_one() {
    let changed = || {
        let newer = CSV.replace("11,17", "12,18");
        Response::builder().header(header::ETAG, "\"two\"").body(Body::from(newer)).unwrap()
    };
    let cases: [(&str, Box<Answering>); 4] = [
        ("the file changed while it was fetched", Box::new(move |_| changed())),
        ("the file changed while it was fetched", Box::new(|_| rest(60, "\"two\""))),
        ("at another place", Box::new(|_| rest(61, "\"one\""))),
        ("went away", Box::new(|_| StatusCode::GONE.into_response())),
    ];
    for (expected, then) in cases {
        let server = breaking(then).await;
        let daemon = board(&server.base(), "").start(OPEN);
        pull_once(&daemon).await;
        let failure = failure(&daemon).await;
        assert!(failure.contains(expected), "{expected}: {failure}");
        assert!(verdicts(&daemon).await.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_cannot_resume_sends_the_same_file_from_its_beginning() {
    let whole = || Response::builder().header(header::ETAG, "\"one\"").body(Body::from(CSV)).unwrap();
    let server = breaking(move |_| whole()).await;
    let daemon = board(&server.base(), "").start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", failure(&daemon).await);
}

#[tokio::test]
async fn a_file_without_a_tag_is_resumed_by_its_date_unless_that_is_of_just_now() {
    let server = |changed: String| {
        Unruly::start(move |asked| {
            let dated = || Response::builder().header(header::LAST_MODIFIED, &changed);
            match asked.header("range") {
                _ if asked.target != PATH => StatusCode::NOT_FOUND.into_response(),
                _ if asked.header("if-modified-since").is_some() => StatusCode::NOT_MODIFIED.into_response(),
                None if asked.before == 0 => {
                    cut(dated().header(header::ACCEPT_RANGES, "bytes"), &CSV.as_bytes()[..60], CSV.len())
                }
                None => dated().body(Body::from(CSV)).unwrap(),
                Some(range) => {
                    assert_eq!((range, asked.header("if-range")), ("bytes=60-", Some(changed.as_str())));
                    let range = format!("bytes 60-{}/{}", CSV.len() - 1, CSV.len());
                    let part = Response::builder().status(StatusCode::PARTIAL_CONTENT);
                    part.header(header::CONTENT_RANGE, range).body(Body::from(&CSV[60..])).unwrap()
                }
            }
        })
    };
    let at = |when: jiff::Timestamp| when.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let now = jiff::Timestamp::now();
    for (changed, ranges) in [(at(now - jiff::SignedDuration::from_hours(5)), 1), (at(now), 0)] {
        let server = server(changed).await;
        let daemon = board(&server.base(), "").start(OPEN);
        daemon.advance("2025-07-02T06:30:00Z").await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", failure(&daemon).await);
        let asked = server.asked().iter().filter(|asked| asked.header("range").is_some()).count();
        assert_eq!(asked, ranges, "what changed just now could have changed twice");
    }
}

/// A long file, and how much of it is sent before an answer breaks off.
struct Long {
    tag: &'static str,
    bytes: Vec<u8>,
    piece: usize,
    /// Whether it then says nothing more instead.
    stalls: bool,
}

impl Long {
    fn new(tag: &'static str, piece: usize) -> Self {
        let mut text = CSV.replacen("quarter,", "remark,quarter,", 1).replace("2025-26-Q1,", "x,2025-26-Q1,");
        for number in 0..8_000 {
            text.push_str(&format!("{tag}{number} {},2025-26-Q1,2025-M06,6,10\n", "padding ".repeat(24)));
        }
        Self { tag, bytes: text.into_bytes(), piece, stalls: false }
    }

    fn answer(&self, asked: &Asked) -> Response {
        if asked.target != PATH {
            return StatusCode::NOT_FOUND.into_response();
        }
        if asked.header("if-none-match") == Some(self.tag) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let range =
            asked.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let from: usize = range.filter(|_| asked.header("if-range") == Some(self.tag)).unwrap_or(0);
        let (length, to) = (self.bytes.len(), self.bytes.len().min(from.saturating_add(self.piece)));
        let mut builder = Response::builder().header(header::ETAG, self.tag).header(header::ACCEPT_RANGES, "bytes");
        if from > 0 {
            let range = format!("bytes {from}-{}/{length}", length - 1);
            builder = builder.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
        }
        if to == length {
            return builder.body(Body::from(self.bytes[from..].to_vec())).unwrap();
        }
        if !self.stalls {
            return cut(builder, &self.bytes[from..to], length - from);
        }
        let sent = Ok::<_, std::io::Error>(self.bytes[from..to].to_vec());
        let body = futures::stream::once(async move { sent }).chain(futures::stream::pending());
        builder.header(header::CONTENT_LENGTH, length - from).body(Body::from_stream(body)).unwrap()
    }
}

/// What lies in `incoming` of files that broke off: the beginning, with its length.
fn kept(board: &TestBoard) -> Option<u64> {
    let entries = std::fs::read_dir(board.path("data/incoming")).into_iter().flatten().map(Result::unwrap);
    let mut lengths = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "part"));
    lengths.next().map(|entry| entry.metadata().unwrap().len())
}

async fn digests(daemon: &TestDaemon) -> Vec<String> {
    let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    submissions.into_iter().map(|submission| submission.sha256).collect()
}

#[tokio::test]
async fn what_has_come_of_a_long_file_is_kept_for_the_next_attempt_and_thrown_away_if_it_changed() {
    use std::{
        os::unix::fs::PermissionsExt,
        sync::{Arc, Mutex},
    };
    for changes in [false, true] {
        let file = Arc::new(Mutex::new(Long::new("\"one\"", 300_000)));
        let shelf = Arc::clone(&file);
        let server = Unruly::start(move |asked| shelf.lock().unwrap().answer(asked)).await;
        let daemon = board(&server.base(), "").start(OPEN);
        pull_to_an_end(&daemon).await;
        assert!(failure(&daemon).await.contains("could not be fetched"), "{}", failure(&daemon).await);
        let asked =
            |server: &Unruly| server.asked().into_iter().filter(|asked| asked.target == PATH).collect::<Vec<_>>();
        let before = asked(&server).len();
        assert!(kept(&daemon.board).is_some_and(|bytes| bytes > 900_000), "{:?}", kept(&daemon.board));
        for entry in std::fs::read_dir(daemon.board.path("data/incoming")).unwrap() {
            let mode = entry.unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "nobody else may read it");
        }
        if changes {
            *file.lock().unwrap() = Long::new("\"two\"", usize::MAX);
        }
        daemon.advance("2025-07-01T12:00:00Z").await;
        let asked = asked(&server);
        assert!(asked[before].header("range").is_some(), "the next attempt goes on");
        let whole = asked.iter().filter(|asked| asked.header("range").is_none()).count();
        assert_eq!(whole, 1, "what is here is not sent again");
        let expected = quarterday::domain::sha256(&file.lock().unwrap().bytes);
        assert_eq!(digests(&daemon).await, [expected], "{changes}: {}", failure(&daemon).await);
        let left = std::fs::read_dir(daemon.board.path("data/incoming")).unwrap().count();
        assert_eq!(left, 0, "nothing is left of it");
    }
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_long_file_costs_nothing_that_had_come() {
    use std::sync::{Arc, Mutex};
    let file = Arc::new(Mutex::new(Long { stalls: true, ..Long::new("\"one\"", 1_200_000) }));
    let shelf = Arc::clone(&file);
    let server = Unruly::start(move |asked| shelf.lock().unwrap().answer(asked)).await;
    let board = board(&server.base(), "");
    board.edit(DEFINITION, "timeout_seconds = 5", "timeout_seconds = 300");
    let daemon = board.start(OPEN);
    let come = async {
        let begun = std::time::Instant::now();
        while kept(&daemon.board) != Some(1_200_000) {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", kept(&daemon.board));
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = pull_once(&daemon) => panic!("the ring waits for what does not come: {}", daemon.log()),
        () = come => {}
    }
    let before = server.targets(PATH).len();
    file.lock().unwrap().piece = usize::MAX;
    let daemon = daemon.restart("2025-07-01T08:05:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    let asked: Vec<Asked> = server.asked().into_iter().filter(|asked| asked.target == PATH).collect();
    assert_eq!(asked[before].header("range"), Some("bytes=1200000-"));
    assert_eq!(digests(&daemon).await, [quarterday::domain::sha256(&file.lock().unwrap().bytes)]);
}

#[tokio::test]
async fn a_slow_line_has_its_time_and_a_silent_one_has_not() {
    let trickle = |stalls: bool| {
        Unruly::start(move |asked| {
            if asked.target != PATH {
                return StatusCode::NOT_FOUND.into_response();
            }
            let pieces: Vec<Vec<u8>> = CSV.as_bytes().chunks(30).map(<[u8]>::to_vec).collect();
            let body = futures::stream::iter(pieces.into_iter().enumerate()).then(move |(number, piece)| async move {
                // Longer in all than the host may be silent, and never so long at once.
                let wait = if stalls && number == 1 { 3_600_000 } else { 400 };
                tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
                Ok::<_, std::io::Error>(piece)
            });
            Response::builder().header(header::ETAG, "\"one\"").body(Body::from_stream(body)).unwrap()
        })
    };
    for (stalls, expected) in [(false, vec!["accepted"]), (true, vec![])] {
        let server = trickle(stalls).await;
        let board = board(&server.base(), "");
        board.edit(DEFINITION, "timeout_seconds = 5", "timeout_seconds = 1");
        let daemon = board.start(OPEN);
        pull_to_an_end(&daemon).await;
        assert_eq!(verdicts(&daemon).await, expected, "{}", failure(&daemon).await);
        let says = if stalls { "it said nothing for 1 s" } else { "nothing failed" };
        assert!(failure(&daemon).await.contains(says), "{}", failure(&daemon).await);
    }
}

#[tokio::test]
async fn records_are_gathered_from_numbered_pages_from_marks_and_from_links() {
    let server = Unruly::start(|asked| {
        let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
        let one = [("Central", 171), ("East", 134)];
        let two = [("North", 116), ("South", 104), ("West", 85)];
        let has = |text: &str| query.split('&').any(|part| part == text);
        match path {
            "/number" if has("page=1") => page(&one, "").into_response(),
            "/number" if has("page=2") => page(&two, "").into_response(),
            "/number" => page(&[], "").into_response(),
            "/cursor" if has("after=b%2F2") => page(&two, ",\"next\":null").into_response(),
            "/cursor" => page(&one, ",\"next\":\"b/2\"").into_response(),
            "/link" if has("p=2") => page(&two, "").into_response(),
            _ => ([(header::LINK, "</link?p=2>; rel=\"next\"")], page(&one, "")).into_response(),
        }
    })
    .await;
    for (at, pages) in [
        ("/number?from={from}&to={to}", "kind = \"number\""),
        ("/cursor?from={from}", "kind = \"cursor\"\nat = \"next\"\nparameter = \"after\"\nrecords = \"data\""),
        ("/link?from={from}", "kind = \"link\""),
    ] {
        let daemon = json_board(&server.base(), at, &format!("[source.pages]\n{pages}")).start(OPEN);
        daemon.advance("2025-07-02T06:30:00Z").await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{at}: {}", failure(&daemon).await);
        let sums = daemon.sql("SELECT count(*), sum(children_aged_two) FROM returns.immunisations").await;
        assert_eq!(sums, ["5,610"], "{at}");
        daemon.advance("2025-07-04T12:00:00Z").await;
        assert_eq!(verdicts(&daemon).await.first().unwrap(), "accepted");
    }
    let first = &server.targets("/number")[0];
    assert_eq!(first, "/number?from=2025-04-01&to=2025-06-30&page=1");
}

#[tokio::test]
async fn a_page_that_is_not_there_ends_the_pages_only_where_the_definition_says_so() {
    let server = Unruly::start(|asked| match asked.target.as_str() {
        "/records?page=1" => {
            let all = [("Central", 171), ("East", 134), ("North", 116), ("South", 104), ("West", 85)];
            page(&all, "").into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    })
    .await;
    let pages = "[source.pages]\nkind = \"number\"\n";
    for (at, more, taken, says) in [
        ("/records", "ends_with = \"404\"", 1, "nothing failed"),
        ("/records", "", 0, "write ends_with = \"404\" in [source.pages]"),
        ("/none", "ends_with = \"404\"", 0, "nothing failed"),
    ] {
        let daemon = json_board(&server.base(), at, &format!("{pages}{more}")).start(OPEN);
        pull_once(&daemon).await;
        assert_eq!(verdicts(&daemon).await.len(), taken, "{at} {more}: {}", failure(&daemon).await);
        assert!(failure(&daemon).await.contains(says), "{}", failure(&daemon).await);
    }
}

#[tokio::test]
async fn half_the_pages_are_no_file() {
    let server = Unruly::start(|asked| match asked.target.as_str() {
        "/records?page=1" => page(&[("Central", 171)], "").into_response(),
        _ => (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "7200")]).into_response(),
    })
    .await;
    let daemon = json_board(&server.base(), "/records", "[source.pages]\nkind = \"number\"").start(OPEN);
    pull_once(&daemon).await;
    assert!(failure(&daemon).await.contains("429"), "{}", failure(&daemon).await);
    assert!(verdicts(&daemon).await.is_empty());
    let asked = server.asked().len();
    daemon.advance("2025-07-01T09:55:00Z").await;
    assert_eq!(server.asked().len(), asked, "the host is left alone as long as it asked for");
    daemon.advance("2025-07-01T10:05:00Z").await;
    assert!(server.asked().len() > asked);
}

#[tokio::test]
async fn pages_in_a_circle_or_at_another_host_are_given_up() {
    let server = Unruly::start(|asked| {
        let to = if asked.target.starts_with("/circle") { "/circle" } else { "http://localhost:1/more" };
        ([(header::LINK, format!("<{to}>; rel=next"))], page(&[("Central", 171)], "")).into_response()
    })
    .await;
    for (at, expected) in [("/circle", "leads back"), ("/elsewhere", "another host")] {
        let daemon = json_board(&server.base(), at, "[source.pages]\nkind = \"link\"").start(OPEN);
        daemon.advance("2025-07-02T06:05:00Z").await;
        let failure = failure(&daemon).await;
        assert!(failure.contains(expected), "{failure}");
        assert!(verdicts(&daemon).await.is_empty());
    }
}

#[tokio::test]
async fn who_asks_is_told_to_the_first_host_alone() {
    let other = Unruly::start(|_| CSV.into_response()).await;
    let target = format!("{}{PATH}", other.base());
    let server =
        Unruly::start(move |_| (StatusCode::FOUND, [(header::LOCATION, target.clone())]).into_response()).await;
    let board = board(&server.base(), "");
    let file = secret(&board, "key", "CANARY-key");
    add(&board, &format!("[source.auth]\nkind = \"api-key\"\nkey = {{ file = \"{file}\" }}\n"));
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-02T06:30:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", failure(&daemon).await);
    assert!(server.asked().iter().all(|asked| asked.header("x-api-key") == Some("CANARY-key")));
    assert!(other.asked().iter().all(|asked| asked.header("x-api-key").is_none()), "another port is another origin");
}

#[tokio::test]
async fn a_redirect_goes_round_no_circle_and_to_no_strange_host() {
    let server = Unruly::start(|asked| {
        let to = if asked.target.starts_with("/strange") { "http://localhost:1/a" } else { asked.target.as_str() };
        (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
    })
    .await;
    for (at, expected) in [("round", "more than five times"), ("strange", "does not name")] {
        let board = board(&server.base(), "");
        board.edit(DEFINITION, URL, &format!("url = \"{{base}}/{at}/{{period}}.csv\""));
        let daemon = board.start(OPEN);
        daemon.advance("2025-07-02T06:05:00Z").await;
        let failure = failure(&daemon).await;
        assert!(failure.contains(expected), "{failure}");
    }
}

#[test]
fn every_slip_in_a_source_is_told_with_what_to_write() {
    for (more, expected) in [
        ("[source.auth]\nkind = \"digest\"", "one of basic, bearer"),
        ("[source.auth]\nkind = \"bearer\"", "token = { file = \"/etc/quarterday/token\" }"),
        ("[source.auth]\nkind = \"bearer\"\ntoken = \"CANARY\"", "never the secret itself"),
        ("[source.auth]\nkind = \"basic\"\nuser = \"a:b\"\npassword = { env = \"P\" }", "without a colon"),
        ("[source.auth]\nkind = \"api-key\"\nheader = \"Cookie\"\nkey = { env = \"K\" }", "X-API-Key"),
        (
            "[source.auth]\nkind = \"oauth2\"\ntoken_url = \"http://login.example/t\"\nclient_id = \"a\"\n\
             client_secret = { env = \"S\" }",
            "https; plain http",
        ),
        ("[source.tls]\nclient_certificate = \"a.pem\"", "client_key = { file ="),
        ("[source.tls]\nclient_key = { env = \"K\" }", "the certificate of client_key"),
        ("[source.tls]\nverify = false", "verify"),
        ("[source.pages]\nkind = \"offset\"", "cursor, link"),
        ("[source.pages]\nkind = \"cursor\"", "at ="),
        ("[source.pages]\nkind = \"number\"\nends_with = \"nothing\"", "one of empty, 404"),
        ("[source.pages]\nkind = \"link\"\nmost = 0", "from 1 to 100000"),
        ("[source.tls]\nca_file = \"/nowhere/ca.pem\"", "/nowhere/ca.pem cannot be read"),
        ("[source.auth]\nkind = \"bearer\"\ntoken = { env = \"NOT_SET\" }", "NOT_SET is not set"),
    ] {
        let output = board("http://127.0.0.1:9", more).run(&["validate"]);
        let said = said(&output);
        assert!(!output.status.success(), "{more}");
        assert!(said.contains(expected) && !said.contains("CANARY"), "{more}: {said}");
    }
}
