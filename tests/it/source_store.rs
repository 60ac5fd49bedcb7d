//! Files fetched from object stores and a WebDAV server: S3 (moto), Azure Blob (Azurite) and WsgiDAV.

use axum::{http::StatusCode, response::IntoResponse};

use crate::support::{
    Answer, Partner, TestBoard, TestDaemon,
    authority::Authority,
    azurite::{self, Azurite},
    gate::{Gate, Way},
    moto::{self, Moto},
    nginx::Nginx,
    said,
    unruly::Unruly,
    wsgidav::{self, WsgiDav},
};

const OPEN: &str = "2025-07-01T08:00:00Z";

fn csv(applications: u32) -> String {
    format!(
        "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,{applications},12\n\
         2025-26-Q1,2025-M05,4,9\n2025-26-Q1,2025-M06,6,10\n"
    )
}

/// The board of one return; `keys` are its source but for what every source of these tests says.
fn board_with(keys: impl FnOnce(&TestBoard) -> String) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    let keys = keys(&board);
    let usual = |name: &str, line: &str| if keys.contains(name) { String::new() } else { format!("\n{line}") };
    let more = [
        usual("path =", "path = \"out/{agency}\""),
        usual("pattern =", "pattern = \"care {period}*.csv\""),
        usual("pull =", "pull = \"0 * * * *\""),
        usual("timeout_seconds =", "timeout_seconds = 5"),
    ];
    board.set_source("care-applications", &format!("{keys}{}", more.concat()));
    board
}

fn s3(board: &TestBoard, port: u16, more: &str) -> String {
    format!(
        "kind = \"s3\"\nendpoint = \"http://127.0.0.1:{port}\"\nbucket = \"{}\"\nregion = \"us-east-1\"\n\
         access_key_id = {}\nsecret_access_key = {}\n{more}",
        moto::BUCKET,
        board.secret("s3-id", moto::ACCESS_KEY_ID),
        board.secret("s3-key", moto::SECRET_ACCESS_KEY),
    )
}

fn azure(board: &TestBoard, server: &Azurite, key: &str, more: &str) -> String {
    format!(
        "kind = \"azure-blob\"\nendpoint = \"{}\"\ncontainer = \"{}\"\naccount = \"{}\"\naccount_key = {}\n{more}",
        server.endpoint(),
        azurite::CONTAINER,
        azurite::ACCOUNT,
        board.secret("azure-key", key),
    )
}

fn webdav(board: &TestBoard, port: u16, password: &str, more: &str) -> String {
    format!(
        "kind = \"webdav\"\nurl = \"http://127.0.0.1:{port}/dav/\"\nuser = \"{}\"\npassword = {}\n{more}",
        wsgidav::USER,
        board.secret("dav", password),
    )
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

async fn says(daemon: &TestDaemon) -> String {
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    failing.first().map(|(_, pull)| pull.says.clone().unwrap_or_default()).unwrap_or_default()
}

async fn told(daemon: &TestDaemon) -> Vec<String> {
    let failures = daemon.ledger().read(|txn| txn.recent_failures(50)).await.unwrap();
    failures.into_iter().map(|failure| format!("{failure:?}")).collect()
}

/// The names below a prefix of a store.
async fn names(store: &opendal::Operator, prefix: &str) -> Vec<String> {
    let entries = store.list(prefix).await.unwrap();
    entries.into_iter().filter(|e| e.metadata().is_file()).map(|e| e.name().to_owned()).collect()
}

/// The servers keep times in whole seconds; what is put later must have another.
async fn a_second() {
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
}

#[tokio::test]
async fn an_object_is_taken_once_a_changed_one_again_and_the_first_once_more() {
    let Some(server) = Moto::start().await else { return };
    let bucket = server.bucket();
    bucket.write("out/cafcass/care 2025-26-Q1.csv", csv(5)).await.unwrap();
    bucket.write("out/cafcass/care.csv", csv(6)).await.unwrap();
    bucket.write("out/cafcass/below/care 2025-26-Q1.csv", csv(6)).await.unwrap();
    bucket.write("out/police/care 2025-26-Q1.csv", csv(7)).await.unwrap();
    let daemon = board_with(|board| s3(board, server.port, "")).start(OPEN);
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "an object that can be seen is whole: {:?}", told(&daemon).await);
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    // A, B, A: the last is a reversion, although the store has had those bytes before.
    for (applications, until) in [(8, "2025-07-01T11:00:00Z"), (5, "2025-07-01T12:00:00Z")] {
        a_second().await;
        bucket.write("out/cafcass/care 2025-26-Q1.csv", csv(applications)).await.unwrap();
        daemon.advance(until).await;
    }
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted", "accepted"], "{:?}", told(&daemon).await);
    assert_eq!(daemon.sql("SELECT sum(applications) FROM returns.care_applications").await, ["15"]);
}

#[tokio::test]
async fn versions_that_were_replaced_between_two_looks_are_taken_in_their_order() {
    let Some(server) = Moto::start().await else { return };
    server.keep_versions().await;
    let bucket = server.bucket();
    let name = "out/cafcass/care 2025-26-Q1.csv";
    // What was there before anybody looked is history.
    for applications in [3, 4, 5] {
        bucket.write(name, csv(applications)).await.unwrap();
        a_second().await;
    }
    for (more, expected) in [("versions = true\n", ["15", "16", "17", "18"].as_slice()), ("", &["18"])] {
        let daemon = board_with(|board| s3(board, server.port, more)).start(OPEN);
        daemon.ring().await;
        let first = verdicts(&daemon).await;
        assert_eq!(first, ["accepted"], "{more}{:?}", told(&daemon).await);
        if !more.is_empty() {
            for applications in [6, 7, 8] {
                bucket.write(name, csv(applications)).await.unwrap();
                a_second().await;
            }
        }
        daemon.advance("2025-07-01T10:00:00Z").await;
        assert_eq!(verdicts(&daemon).await.len(), expected.len(), "{more}{:?}", told(&daemon).await);
        let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
        let digests: Vec<_> = submissions.iter().map(|submission| submission.sha256.clone()).collect();
        let applications: &[u32] = if more.is_empty() { &[8] } else { &[5, 6, 7, 8] };
        let wanted: Vec<_> = applications.iter().map(|n| quarterday::domain::sha256(csv(*n))).collect();
        assert_eq!(digests, wanted, "each, in its order");
        assert_eq!(daemon.sql("SELECT sum(applications) FROM returns.care_applications").await, ["18"]);
        daemon.advance("2025-07-01T12:00:00Z").await;
        assert_eq!(verdicts(&daemon).await.len(), expected.len(), "and once");
    }
}

/// A real server with a certificate of an authority that nobody else trusts, before another that speaks no TLS.
fn behind_tls(port: u16, more: &str) -> Option<(Nginx, Authority)> {
    let authority = Authority::new();
    let issued = authority.server(&["localhost"]);
    let server = format!(
        "ssl_certificate {{home}}/server.pem; ssl_certificate_key {{home}}/server.key;\n{more}\n\
         location / {{ proxy_pass http://127.0.0.1:{port}; proxy_set_header Host $http_host; proxy_buffering off; {} }}",
        if more.is_empty() { "" } else { "auth_request /check; proxy_set_header Authorization $inside;" }
    );
    let files = [("server.pem", issued.pem.as_str()), ("server.key", &issued.key)];
    Some((Nginx::start("ssl", &server, &files)?, authority))
}

#[tokio::test]
async fn a_store_behind_a_certificate_of_an_own_authority_is_trusted_by_its_source_alone() {
    let Some(moto) = Moto::start().await else { return };
    let Some(dav) = WsgiDav::start() else { return };
    moto.bucket().write("out/cafcass/care 2025-26-Q1.csv", csv(5)).await.unwrap();
    std::fs::create_dir_all(dav.path("out/cafcass")).unwrap();
    std::fs::write(dav.path("out/cafcass/care 2025-26-Q1.csv"), csv(6)).unwrap();
    for is_dav in [false, true] {
        let Some((nginx, authority)) = behind_tls(if is_dav { dav.port } else { moto.port }, "") else { return };
        for trusts in [false, true] {
            let board = board_with(|board| {
                let keys = match is_dav {
                    true => webdav(board, nginx.port(), wsgidav::PASSWORD, ""),
                    false => s3(board, nginx.port(), ""),
                };
                keys.replace("http://127.0.0.1", "https://localhost")
            });
            board.write("ca.pem", &authority.pem);
            let tls = format!("[source.tls]\nca_file = {:?}\n\n[format]", board.path("ca.pem"));
            if trusts {
                board.edit("pipelines/care-applications/return.toml", "[format]", &tls);
            }
            let daemon = board.start(OPEN);
            daemon.advance("2025-07-01T08:02:00Z").await;
            let why = says(&daemon).await;
            assert_eq!(why.contains("certificate"), !trusts, "{why}");
            assert_eq!(verdicts(&daemon).await.len(), usize::from(trusts), "{why} {:?}", told(&daemon).await);
        }
    }
    let board = board_with(|board| s3(board, 9, ""));
    let tls = "[source.tls]\nca_file = \"/nowhere/ca.pem\"\n\n[format]";
    board.edit("pipelines/care-applications/return.toml", "[format]", tls);
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("/nowhere/ca.pem cannot be read"), "{told}");
}

#[tokio::test]
async fn a_webdav_server_that_takes_tokens_is_asked_with_one_that_is_always_fresh() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let Some(dav) = WsgiDav::start() else { return };
    std::fs::create_dir_all(dav.path("out/cafcass")).unwrap();
    std::fs::write(dav.path("out/cafcass/care 2025-26-Q1.csv"), csv(6)).unwrap();
    // Gives out tokens, of which the newest alone is good: one that is kept from look to look would be refused.
    let newest = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let identity = Unruly::start(move |asked| {
        use std::sync::atomic::Ordering;
        if asked.target == "/token" {
            assert!(
                asked.body.contains("client_credentials") && asked.body.contains("CANARY-client"),
                "{}",
                asked.body
            );
            let token = format!("CANARY-token-{}", newest.fetch_add(1, Ordering::SeqCst) + 1);
            return format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#).into_response();
        }
        let good = format!("Bearer CANARY-token-{}", newest.load(Ordering::SeqCst));
        let is_good = asked.header("authorization") == Some(good.as_str());
        if is_good { StatusCode::OK } else { StatusCode::UNAUTHORIZED }.into_response()
    })
    .await;
    let inside = BASE64_STANDARD.encode(format!("{}:{}", wsgidav::USER, wsgidav::PASSWORD));
    let check = format!(
        "set $inside \"Basic {inside}\"; location = /check {{ internal; proxy_pass {}; proxy_pass_request_body off; \
         proxy_set_header Content-Length \"\"; }}",
        identity.base()
    );
    let Some((nginx, authority)) = behind_tls(dav.port, &check) else { return };
    let board = board_with(|_| format!("kind = \"webdav\"\nurl = \"https://localhost:{}/dav/\"\n", nginx.port()));
    board.write("ca.pem", &authority.pem);
    let auth = format!(
        "[source.tls]\nca_file = {:?}\n[source.auth]\nkind = \"oauth2\"\ntoken_url = \"{}/token\"\nclient_id = \"quarterday\"\n\
         client_secret = {}\ncredentials = \"body\"\n\n[format]",
        board.path("ca.pem"),
        identity.base(),
        board.secret("client", "CANARY-client"),
    );
    board.edit("pipelines/care-applications/return.toml", "[format]", &auth);
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{} {:?}", says(&daemon).await, told(&daemon).await);
    assert_eq!(says(&daemon).await, "", "every look was let in");
    assert!(identity.targets("/token").len() > 2, "each look has a token of its own");
    assert!(!format!("{}{}", daemon.log(), daemon.board.done(&["status"])).contains("CANARY"));
}

#[tokio::test]
async fn an_object_is_moved_once_even_if_the_daemon_dies_in_between() {
    for place in ["pull-before-move", "pull-after-move", "none"] {
        let Some(server) = Moto::start().await else { return };
        let bucket = server.bucket();
        bucket.write("out/cafcass/care 2025-26-Q1.csv", csv(5)).await.unwrap();
        let moving = "after = \"move\"\nmove_to = \"taken/{agency}\"\n";
        let mut board = board_with(|board| s3(board, server.port, moving));
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(OPEN);
        let rung = daemon.order(quarterday::daemon::Command::Ring).await;
        assert_eq!(rung.is_ok(), place == "none", "{place}: {rung:?}");
        let mut board = if place == "none" { daemon.terminate().1 } else { daemon.wait_for_death() };
        board.set("FAILPOINTS", None);
        let daemon = board.start("2025-07-01T08:30:00Z");
        daemon.advance("2025-07-01T10:00:00Z").await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{place}: {:?}", told(&daemon).await);
        assert!(names(&bucket, "out/cafcass/").await.is_empty(), "{place}");
        assert_eq!(names(&bucket, "taken/cafcass/").await, ["20250701T080000Z-care 2025-26-Q1.csv"], "{place}");
    }
}

#[tokio::test]
async fn a_store_that_refuses_or_is_gone_in_the_middle_is_told_once_without_its_secret() {
    let Some(mut server) = Moto::start().await else { return };
    let gate = Gate::before(server.port).await;
    let bucket = server.bucket();
    let mut large = csv(5);
    for _ in 0..40_000 {
        large.push_str("2025-26-Q1,2025-M06,6,10\n");
    }
    bucket.write("out/cafcass/care 2025-26-Q1.csv", large).await.unwrap();
    let board = board_with(|board| s3(board, gate.port, "timeout_seconds = 2\n")).with("QUARTERDAY_LOG", "debug");
    board.secret("s3-key", "CANARY-not-the-key");
    server.check_signatures(true).await;
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T08:10:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("refuses the sign-in") && why.contains("have expired"), "{why}");
    server.check_signatures(false).await;
    daemon.board.secret("s3-key", moto::SECRET_ACCESS_KEY);
    for (way, until) in [
        (Way::CutAfter(100_000), "2025-07-01T10:00:00Z"),
        (Way::Stalled, "2025-07-01T16:00:00Z"),
        (Way::Shut, "2025-07-01T21:00:00Z"),
    ] {
        gate.set(way);
        daemon.advance(until).await;
        let why = says(&daemon).await;
        assert!(why.contains("could not be read"), "{way:?}: {why}");
        assert!(verdicts(&daemon).await.is_empty(), "{way:?}");
    }
    let failures = told(&daemon).await;
    assert_eq!(failures.len(), 1, "told once a day: {failures:?}");
    gate.set(Way::Open);
    bucket.write("out/cafcass/care 2025-26-Q1.csv", csv(5)).await.unwrap();
    daemon.advance("2025-07-02T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", says(&daemon).await);
    server.stop();
    daemon.advance("2025-07-02T12:00:00Z").await;
    assert!(says(&daemon).await.contains("could not be read"), "{}", says(&daemon).await);
    let everything = format!("{}{}{:?}", daemon.log(), daemon.board.done(&["status"]), told(&daemon).await);
    for secret in ["CANARY", moto::SECRET_ACCESS_KEY] {
        assert!(!everything.contains(secret), "{everything}");
    }
}

#[tokio::test]
async fn a_blob_is_taken_once_a_changed_one_again_and_each_is_moved() {
    let Some(server) = Azurite::start().await else { return };
    let container = server.container();
    container.write("out/cafcass/care 2025-26-Q1.csv", csv(5)).await.unwrap();
    let moving = "after = \"move\"\nmove_to = \"taken\"\n";
    let board = board_with(|board| azure(board, &server, azurite::KEY, moving));
    let daemon = board.start(OPEN);
    daemon.ring().await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{:?}", told(&daemon).await);
    assert_eq!(names(&container, "taken/").await.len(), 1);
    container.write("out/cafcass/care 2025-26-Q1.csv", csv(6)).await.unwrap();
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted"], "{:?}", told(&daemon).await);
    assert_eq!(names(&container, "taken/").await.len(), 2);

    container.write("out/cafcass/care 2025-26-Q1.csv", csv(7)).await.unwrap();
    let daemon = board_with(|board| azure(board, &server, azurite::KEY, "")).start(OPEN);
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(
        verdicts(&daemon).await,
        ["accepted"],
        "what stays where it is is taken once: {:?}",
        told(&daemon).await
    );

    let wrong = "Q0FOQVJZLW5vdC10aGUta2V5LW9mLXRoaXMtYWNjb3VudA==";
    for key in [wrong, "CANARY is no base64"] {
        let daemon = board_with(|board| azure(board, &server, key, "")).start(OPEN);
        daemon.ring().await;
        let why = says(&daemon).await;
        assert!(why.contains("refuses the sign-in"), "{why}");
        let everything = format!("{why}{}{:?}", daemon.log(), told(&daemon).await);
        assert!(!everything.contains("CANARY") && !everything.contains(wrong), "{everything}");
    }
}

#[tokio::test]
async fn a_shared_access_signature_is_taken_and_one_that_has_expired_is_told_without_it() {
    let Some(server) = Azurite::start().await else { return };
    server.container().write("out/cafcass/care 2025-26-Q1.csv", csv(5)).await.unwrap();
    let expired = server.sas("2026-01-01T00:00:00Z");
    let board = board_with(|board| {
        let key = azure(board, &server, azurite::KEY, "");
        let (before, _) = key.split_once("account_key").unwrap();
        format!("{before}sas = {}\n", board.secret("sas", &expired))
    });
    let daemon = board.with("QUARTERDAY_LOG", "debug").start(OPEN);
    daemon.ring().await;
    let why = says(&daemon).await;
    assert!(why.contains("refuses the sign-in") && why.contains("expired"), "{why}");
    daemon.board.secret("sas", &format!("?{}", server.sas("2099-01-01T00:00:00Z")));
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "a new one needs no restart: {}", says(&daemon).await);
    let everything = format!("{}{}{:?}", daemon.log(), daemon.board.done(&["status"]), told(&daemon).await);
    for signature in [expired, server.sas("2099-01-01T00:00:00Z")] {
        let (_, signature) = signature.split_once("sig=").unwrap();
        assert!(!everything.contains(&signature[..20]), "{everything}");
    }
}

#[tokio::test]
async fn a_webdav_file_is_taken_once_it_stands_still_and_moved() {
    let Some(mut server) = WsgiDav::start() else { return };
    std::fs::create_dir_all(server.path("out/cafcass")).unwrap();
    let file = server.path("out/cafcass/care 2025-26-Q1 (final) ä.csv");
    std::fs::write(&file, &csv(5)[..60]).unwrap();
    let gate = Gate::before(server.port).await;
    let moving = "after = \"move\"\nmove_to = \"taken/{agency}\"\n";
    let board = board_with(|board| webdav(board, gate.port, wsgidav::PASSWORD, moving));
    let daemon = board.start(OPEN);
    daemon.ring().await;
    std::fs::write(&file, csv(5)).unwrap();
    daemon.advance("2025-07-01T08:01:00Z").await;
    assert!(verdicts(&daemon).await.is_empty(), "it changed between the two looks");
    daemon.advance("2025-07-01T08:02:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{} {:?}", says(&daemon).await, told(&daemon).await);
    assert!(!file.exists());
    let taken: Vec<_> = std::fs::read_dir(server.path("taken/cafcass")).unwrap().collect();
    assert_eq!(taken.len(), 1);

    // Gone, and back.
    std::fs::write(&file, csv(6)).unwrap();
    server.stop();
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert!(says(&daemon).await.contains("could not be read"), "{}", says(&daemon).await);
    server.serve();
    gate.set(Way::CutAfter(3_000));
    daemon.advance("2025-07-01T14:00:00Z").await;
    gate.set(Way::Open);
    daemon.advance("2025-07-02T08:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted"], "{}", says(&daemon).await);
}

#[tokio::test]
async fn a_webdav_server_that_refuses_or_has_no_such_folder_says_so_without_the_password() {
    let Some(server) = WsgiDav::start() else { return };
    let daemon = board_with(|board| webdav(board, server.port, "CANARY-wrong", "")).start(OPEN);
    daemon.ring().await;
    let why = says(&daemon).await;
    assert!(why.contains("refuses the sign-in"), "{why}");
    assert!(!daemon.log().contains("CANARY"), "{}", daemon.log());
    let daemon = board_with(|board| webdav(board, server.port, wsgidav::PASSWORD, "")).start(OPEN);
    daemon.ring().await;
    let why = says(&daemon).await;
    assert!(why.contains("out/cafcass: there is no such folder"), "{why}");
    assert!(!format!("{why}{}", daemon.log()).contains(wsgidav::PASSWORD));
}

#[tokio::test]
async fn nobody_is_followed_elsewhere_and_nothing_endless_is_read() {
    let partner = Partner::start().await;
    let port: u16 = partner.base().rsplit(':').next().unwrap().parse().unwrap();
    let daemon = board_with(|board| webdav(board, port, "a-password", "")).start(OPEN);
    partner.set("/dav/out/cafcass/", Answer::Status(307, None));
    daemon.ring().await;
    let why = says(&daemon).await;
    assert!(why.contains("points to another address"), "{why}");
    assert_eq!(partner.asked_at_all(), 1, "it was asked once and not followed");
    partner.set("/dav/out/cafcass/", Answer::Untagged { bytes: vec![b' '; 17 << 20] });
    daemon.advance("2025-07-01T08:02:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("more than is taken"), "{why}");
    partner
        .set("/dav/out/cafcass/", Answer::Untagged { bytes: b"<!DOCTYPE html><html>Please sign in</html>".to_vec() });
    daemon.advance("2025-07-01T08:10:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("with a page and not with a listing"), "{why}");
}

#[tokio::test]
async fn an_address_beyond_this_machine_must_be_https_and_hold_no_secret() {
    let refused = |keys: &str, expected: &str| {
        let board = board_with(|board| {
            let secret = board.secret("any", "a-secret");
            keys.replace("SECRET", &secret)
        });
        let told = said(&board.run(&["validate"]));
        assert!(told.contains(expected) && !told.contains("CANARY"), "{keys}: {told}");
    };
    let s3 = |endpoint: &str| {
        format!(
            "kind = \"s3\"\nendpoint = \"{endpoint}\"\nbucket = \"returns\"\naccess_key_id = SECRET\nsecret_access_key = SECRET\n"
        )
    };
    refused(&s3("http://s3.partner.example"), "plain http is asked on this machine alone");
    refused(&s3("https://169.254.169.254"), "not link-local");
    refused(&s3("https://me:CANARY@s3.partner.example"), "names, keys and tokens have keys of their own");
    refused(&s3("https://s3.partner.example/?token=CANARY"), "names, keys and tokens have keys of their own");
    refused(&s3("s3.partner.example"), "an address");
    refused(&s3("https://s3.partner.example").replace("returns", "returns/out"), "source.bucket");
    refused(
        "kind = \"webdav\"\nurl = \"https://files.example\"\nuser = \"me\"\n",
        "either user and password, or token",
    );
    refused(
        "kind = \"azure-blob\"\nendpoint = \"https://a.blob.core.windows.net\"\ncontainer = \"r\"\naccount = \"a\"\n",
        "either sas or account_key",
    );
    refused(
        "kind = \"s3\"\nendpoint = \"https://s3.example\"\nbucket = \"r\"\naccess_key_id = \"CANARY\"\nsecret_access_key = SECRET\n",
        "where the secret stands",
    );
    refused(
        "kind = \"webdav\"\nurl = \"https://files.example\"\n[source.auth]\nkind = \"bearer\"\ntoken = SECRET\n",
        "a password and a token have keys of their own",
    );
    refused("kind = \"webdav\"\nurl = \"https://files.example\"\ntoken = SECRET\nversions = true\n", "versions");
    refused("kind = \"ftp\"\n", "one of https, sftp, s3, azure-blob, webdav, folder, mailbox, by-hand");
}
