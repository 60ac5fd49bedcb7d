//! Files fetched from OpenSSH's own server: who it must be, which files are taken, and what survives a cut, a stall and
//! a kill.

use std::time::Duration;

use crate::support::{
    Answer, Partner, TestBoard, TestDaemon,
    gate::{Gate, Way},
    password_sshd::{self, Asks},
    said,
    sshd::{GUEST, PASSWORD, Sshd},
};

const OPEN: &str = "2025-07-01T08:00:00Z";

/// One file a quarter.
fn csv(applications: u32) -> String {
    format!(
        "quarter,month,applications,children_in_applications\n2025-26-Q1,2025-M04,{applications},12\n\
         2025-26-Q1,2025-M05,4,9\n2025-26-Q1,2025-M06,6,10\n"
    )
}

/// The board of one return, with what every source of these tests says; `keys` say the rest.
fn board_with(server: &Sshd, port: u16, keys: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]);
    let key = board.secret("sftp-key", &server.key("client"));
    let has = |name: &str| keys.lines().any(|line| line.starts_with(name));
    let user = if has("user =") { String::new() } else { format!("user = \"{}\"\n", user()) };
    let usual = |name: &str, line: String| if has(name) { String::new() } else { format!("{line}\n") };
    let pinned = match has("known_hosts =") || has("host_key_until =") {
        true => String::new(),
        false => usual("host_key =", format!("host_key = [\"{}\"]", server.fingerprint("ed25519"))),
    };
    let credential = if has("password =") { String::new() } else { usual("key =", format!("key = {key}")) };
    board.set_source(
        "care-applications",
        &format!(
            "kind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {port}\n{user}{pinned}{credential}{}{}{}{}{keys}",
            usual("path =", "path = \"out\"".into()),
            usual("pattern =", "pattern = \"care {period}*.csv\"".into()),
            usual("pull =", "pull = \"0 * * * *\"".into()),
            usual("timeout_seconds =", "timeout_seconds = 5".into()),
        ),
    );
    board
}

fn user() -> String {
    let told = std::process::Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

async fn verdicts(daemon: &TestDaemon) -> Vec<String> {
    daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await
}

/// What the place said when it failed last.
async fn says(daemon: &TestDaemon) -> String {
    let failing = daemon.ledger().read(|txn| txn.failing_pulls()).await.unwrap();
    failing.first().map(|(_, pull)| pull.says.clone().unwrap_or_default()).unwrap_or_default()
}

/// Every failure that was told, once each.
async fn told(daemon: &TestDaemon) -> Vec<String> {
    let failures = daemon.ledger().read(|txn| txn.recent_failures(50)).await.unwrap();
    failures.into_iter().map(|failure| format!("{failure:?}")).collect()
}

#[tokio::test]
async fn a_file_is_taken_once_it_stands_still_and_moved_after_it_was_recorded() {
    let Some(server) = Sshd::start() else { return };
    let board = board_with(
        &server,
        server.port,
        "path = \"out/{agency}\"\npattern = \"{agency} {period}*.csv\"\nafter = \"move\"\nmove_to = \"out/{agency}/taken\"\n",
    );
    std::fs::create_dir_all(server.home().join("out/cafcass")).unwrap();
    server.put("out/cafcass/police 2025-26-Q1.csv", csv(1), 90);
    server.put("out/cafcass/cafcass 2025-26-Q1.csv", &csv(5)[..60], 90);
    let daemon = board.start(OPEN);
    daemon.ring().await;
    server.put("out/cafcass/cafcass 2025-26-Q1.csv", csv(5), 60);
    daemon.advance("2025-07-01T08:01:00Z").await;
    assert!(verdicts(&daemon).await.is_empty(), "it changed between the two looks");
    daemon.advance("2025-07-01T08:02:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{:?}", told(&daemon).await);
    assert_eq!(server.names("out/cafcass"), ["police 2025-26-Q1.csv"]);
    assert_eq!(server.names("out/cafcass/taken"), ["20250701T080200Z-cafcass 2025-26-Q1.csv"]);
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"]);
    let submissions = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
    assert_eq!((submissions[0].name.as_str(), submissions[0].source.as_str()), ("cafcass 2025-26-Q1.csv", "127.0.0.1"));
}

#[tokio::test]
async fn of_several_versions_the_newest_is_taken_or_each_in_its_order() {
    let Some(server) = Sshd::start() else { return };
    server.put("out/care 2025-26-Q1.csv", csv(5), 300);
    server.put("out/care 2025-26-Q1 v2.csv", csv(6), 200);
    server.put("out/care 2024-25-Q1.csv", csv(7), 100);
    server.put("out/care.csv", csv(8), 50);
    let applications = "SELECT sum(applications) FROM returns.care_applications";
    for (take, expected) in [("newest", 1), ("all", 2)] {
        let daemon = board_with(&server, server.port, &format!("take = \"{take}\"\n")).start(OPEN);
        daemon.advance("2025-07-01T12:00:00Z").await;
        // What was before the return was owed is history, and a file without a period does not fit the pattern.
        assert_eq!(verdicts(&daemon).await, vec!["accepted"; expected], "{take}: {:?}", told(&daemon).await);
        assert_eq!(daemon.sql(applications).await, ["16"], "{take}");
    }
    // The older version goes with the newest: left alone it would be the newest of those that are there.
    let daemon = board_with(&server, server.port, "after = \"move\"\nmove_to = \"taken\"\n").start(OPEN);
    daemon.advance("2025-07-01T20:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{:?}", told(&daemon).await);
    assert_eq!(daemon.sql(applications).await, ["16"]);
    assert_eq!(server.names("out"), ["care 2024-25-Q1.csv", "care.csv"]);
    assert_eq!(server.names("taken").len(), 2, "{:?}", server.names("taken"));
}

#[tokio::test]
async fn half_a_file_is_not_taken_and_a_marker_says_that_it_is_whole() {
    let Some(server) = Sshd::start() else { return };
    let board = board_with(
        &server,
        server.port,
        "pattern = \"care*\"\ndone_file = \"{name}.done\"\nafter = \"move\"\nmove_to = \"taken\"\n",
    );
    server.put("out/care 2025-26-Q1.csv.filepart", csv(5), 500);
    server.put("out/care 2025-26-Q1.csv.done", "", 400);
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T09:30:00Z").await;
    server.put("out/care 2025-26-Q1.csv", csv(5), 300);
    daemon.advance("2025-07-01T11:30:00Z").await;
    assert!(verdicts(&daemon).await.is_empty(), "the marker is older than the file");
    server.put("out/care 2025-26-Q1.csv.done", "", 200);
    daemon.advance("2025-07-01T13:30:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{:?}", told(&daemon).await);
    assert_eq!(server.names("out"), ["care 2025-26-Q1.csv.filepart"]);
    assert_eq!(server.names("taken").len(), 2, "the marker goes with its file: {:?}", server.names("taken"));
}

#[tokio::test]
async fn links_folders_and_names_that_are_tricks_are_passed_over() {
    let Some(server) = Sshd::start() else { return };
    let board = board_with(&server, server.port, "pattern = \"*\"\ntake = \"all\"\n");
    let out = server.home().join("out");
    std::os::unix::fs::symlink("/etc/passwd", out.join("care 2025-26-Q1.csv")).unwrap();
    std::fs::create_dir(out.join("care 2025-26-Q1 folder.csv")).unwrap();
    for name in
        ["care 2025-26-Q1\n.csv", "care 2025-26-Q1 \u{202e}vsc.exe", ".care 2025-26-Q1.csv", "..\\2025-26-Q1.csv"]
    {
        server.put(&format!("out/{name}"), csv(5), 90);
    }
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert!(verdicts(&daemon).await.is_empty());
    assert_eq!(told(&daemon).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_host_that_shows_another_key_is_refused_with_both_fingerprints() {
    let Some(mut server) = Sshd::start() else { return };
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    let board = board_with(&server, server.port, "");
    let agreed = server.fingerprint("ed25519");
    server.change_host_key("ed25519");
    server.serve_with(&["ed25519"]);
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T10:00:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains(&agreed) && why.contains(&server.fingerprint("ed25519")), "{why}");
    assert!(why.contains("by telephone") && why.contains("return.toml"), "{why}");
    assert!(verdicts(&daemon).await.is_empty());
    let failures = told(&daemon).await;
    assert_eq!(failures.len(), 1, "told once a day, however often it is asked: {failures:?}");

    // The partner confirms it; the new key is written down beside the old one.
    let (_, board) = daemon.terminate();
    board.edit(
        "pipelines/care-applications/return.toml",
        &format!("\"{agreed}\""),
        &format!("\"{agreed}\", \"{}\"", server.fingerprint("ed25519")),
    );
    let daemon = board.start("2025-07-01T14:10:00Z");
    daemon.advance("2025-07-01T20:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", says(&daemon).await);
}

#[tokio::test]
async fn a_host_is_known_by_its_line_or_by_a_key_that_is_not_its_favourite() {
    let Some(server) = Sshd::start() else { return };
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    for keys in [
        "known_hosts = \"config/known_hosts\"\n".to_owned(),
        format!("host_key = [\"{}\"]\n", server.fingerprint("ecdsa")),
        format!("host_key = [\"{}\"]\n", server.fingerprint("rsa")),
    ] {
        let board = board_with(&server, server.port, &keys);
        board.write("config/known_hosts", server.known_host("ecdsa", server.port));
        let daemon = board.start(OPEN);
        daemon.advance("2025-07-01T10:00:00Z").await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{keys}: {}", says(&daemon).await);
    }
}

#[tokio::test]
async fn a_key_of_the_older_kind_opens_an_older_partners_server() {
    let Some(mut server) = Sshd::start() else { return };
    server.serve_with(&["rsa"]);
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    let board = board_with(&server, server.port, "known_hosts = \"config/known_hosts\"\nkey = PLACE\n");
    let key = board.secret("older", &server.key("older"));
    board.edit("pipelines/care-applications/return.toml", "PLACE", &key);
    board.write("config/known_hosts", server.known_host("rsa", server.port));
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", says(&daemon).await);
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_told_before_it_is_asked() {
    let Some(server) = Sshd::start() else { return };
    let board = board_with(&server, server.port, "known_hosts = \"config/known_hosts\"\n");
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("config/known_hosts cannot be read") && told.contains("ssh-keyscan"), "{told}");
    board.write("config/known_hosts", server.known_host("ed25519", 22));
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("has no line for it") && told.contains(&server.port.to_string()), "{told}");
    let strange = server.known_host("ed25519", server.port).replace("ssh-ed25519 ", "ssh-dss ");
    board.write("config/known_hosts", strange);
    assert!(!said(&board.run(&["validate"])).contains("panicked"));
    board.write("config/known_hosts", server.known_host("ed25519", server.port));
    board.done(&["validate"]);
}

#[tokio::test]
async fn an_agreed_key_that_runs_out_and_a_secret_that_is_missing_are_told_by_validate() {
    let Some(server) = Sshd::start() else { return };
    let board = board_with(&server, server.port, "host_key_until = 2025-07-01\n");
    let board = {
        let pin = format!("host_key = [\"{}\"]\nhost_key_until", server.fingerprint("ed25519"));
        board.edit("pipelines/care-applications/return.toml", "host_key_until", &pin);
        board
    };
    let told = board.done(&["validate"]);
    assert!(told.contains("the host key of 127.0.0.1") && told.contains("ended on 1 July 2025"), "{told}");
    std::fs::remove_file(board.path("secrets/sftp-key")).unwrap();
    let told = said(&board.run(&["validate"]));
    assert!(told.contains("care-applications: the secret in") && told.contains("cannot be read"), "{told}");
}

#[tokio::test]
async fn a_key_the_server_does_not_know_is_told_once_and_no_secret_is_ever_shown() {
    let Some(server) = Sshd::start() else { return };
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    let board = board_with(&server, server.port, "key = PLACE\n");
    let key = board.secret("stranger", &server.key("stranger"));
    board.edit("pipelines/care-applications/return.toml", "PLACE", &key);
    let board = board.with("QUARTERDAY_LOG", "debug");
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T12:00:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("refuses the sign-in") && why.contains("ask the partner"), "{why}");
    let failures = told(&daemon).await;
    assert_eq!(failures.len(), 1, "{failures:?}");
    let status = daemon.board.done(&["status"]);
    assert!(status.contains("Not reached: care-applications/cafcass"), "{status}");

    // The right key, locked: first without its passphrase, then with a wrong one, then with the right one.
    let (_, board) = daemon.terminate();
    let locked = board.secret("locked", &server.key("locked"));
    board.edit("pipelines/care-applications/return.toml", &key, &locked);
    let daemon = board.start("2025-07-02T08:00:00Z");
    daemon.advance("2025-07-02T10:00:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("needs key_passphrase"), "{why}");
    let (_, board) = daemon.terminate();
    let passphrase = board.secret("passphrase", "CANARY-wrong-words");
    board.edit("pipelines/care-applications/return.toml", &locked, &format!("{locked}\nkey_passphrase = {passphrase}"));
    let daemon = board.start("2025-07-03T08:00:00Z");
    daemon.advance("2025-07-03T10:00:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("does not open with key_passphrase"), "{why}");
    let log = daemon.log();
    assert!(!log.contains("CANARY") && !log.contains("OPENSSH PRIVATE KEY"), "{log}");
    daemon.board.secret("passphrase", "open-sesame-77");
    daemon.advance("2025-07-03T16:00:00Z").await;
    assert_eq!(
        verdicts(&daemon).await,
        ["accepted"],
        "a secret that was put right needs no restart: {}",
        says(&daemon).await
    );
    let everything = format!("{}{}{:?}", daemon.log(), daemon.board.done(&["status"]), told(&daemon).await);
    assert!(!everything.contains("open-sesame-77") && !everything.contains("CANARY"), "{everything}");
    let first_words = server.key("stranger").lines().nth(3).unwrap()[..30].to_owned();
    assert!(!everything.contains(&first_words), "{everything}");
}

#[tokio::test]
async fn a_server_that_is_gone_in_the_middle_of_a_fetch_leaves_nothing_and_is_asked_again() {
    let Some(mut server) = Sshd::start() else { return };
    let gate = Gate::before(server.port).await;
    let mut large = csv(5);
    for _ in 0..40_000 {
        large.push_str("2025-26-Q1,2025-M06,6,10\n");
    }
    server.put("out/care 2025-26-Q1.csv", &large, 90);
    let board = board_with(&server, gate.port, "timeout_seconds = 2\n");
    gate.set(Way::CutAfter(200_000));
    let daemon = board.start(OPEN);
    daemon.advance("2025-07-01T08:01:00Z").await;
    assert!(says(&daemon).await.contains("could not be read"), "{}", says(&daemon).await);
    assert!(verdicts(&daemon).await.is_empty(), "half a file is no file");
    for (way, until) in [(Way::Shut, "2025-07-01T08:30:00Z"), (Way::Stalled, "2025-07-01T13:00:00Z")] {
        gate.set(way);
        daemon.advance(until).await;
        assert!(says(&daemon).await.contains("could not be read"), "{way:?}: {}", says(&daemon).await);
    }
    gate.set(Way::Open);
    server.stop();
    daemon.advance("2025-07-01T18:00:00Z").await;
    assert!(!says(&daemon).await.is_empty());
    server.serve_with(&["ed25519"]);
    server.put("out/care 2025-26-Q1.csv", csv(5), 80);
    daemon.advance("2025-07-02T08:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", says(&daemon).await);
    assert_eq!(says(&daemon).await, "");
    let failures = told(&daemon).await;
    assert!(failures.len() <= 2, "told once a day: {failures:?}");
}

#[tokio::test]
async fn a_kill_between_commit_and_move_ends_in_one_submission_and_one_move() {
    for place in
        ["intake-after-landing", "intake-after-received", "store-after-commit", "pull-before-move", "pull-after-move"]
    {
        let Some(server) = Sshd::start() else { return };
        server.put("out/care 2025-26-Q1.csv", csv(5), 90);
        let mut board = board_with(&server, server.port, "after = \"move\"\nmove_to = \"taken\"\n");
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(OPEN);
        let broken =
            daemon.order(quarterday::daemon::Command::Advance { to: "2025-07-01T08:05:00Z".parse().unwrap() }).await;
        assert!(broken.is_err(), "{place}: the process should have died, but said {broken:?}");
        let mut board = daemon.wait_for_death();
        board.set("FAILPOINTS", None);
        let daemon = board.start("2025-07-01T08:06:00Z");
        daemon.advance("2025-07-01T12:00:00Z").await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{place}: {:?}", told(&daemon).await);
        assert!(server.names("out").is_empty(), "{place}: {:?}", server.names("out"));
        assert_eq!(server.names("taken").len(), 1, "{place}: {:?}", server.names("taken"));
        let wrong = daemon.ledger().read(|txn| txn.verify()).await.unwrap();
        assert!(wrong.is_empty(), "{place}: {wrong:?}");
    }
}

#[tokio::test]
async fn a_file_that_took_the_place_of_the_one_that_was_taken_is_not_moved_but_taken() {
    let Some(server) = Sshd::start() else { return };
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    let mut board = board_with(&server, server.port, "after = \"move\"\nmove_to = \"taken\"\n");
    board.set("FAILPOINTS", Some("pull-before-move=return"));
    let daemon = board.start(OPEN);
    let _ = daemon.order(quarterday::daemon::Command::Advance { to: "2025-07-01T08:05:00Z".parse().unwrap() }).await;
    let mut board = daemon.wait_for_death();
    server.put("out/care 2025-26-Q1.csv", csv(7), 30);
    board.set("FAILPOINTS", None);
    let daemon = board.start("2025-07-01T08:06:00Z");
    daemon.advance("2025-07-01T12:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted", "accepted"], "{:?}", told(&daemon).await);
    assert_eq!(daemon.sql("SELECT sum(applications) FROM returns.care_applications").await, ["17"]);
    assert_eq!(server.names("taken").len(), 1, "{:?}", server.names("taken"));
}

#[tokio::test]
async fn the_same_bytes_again_are_a_repeat_and_what_was_not_accepted_is_not_told_twice() {
    let Some(server) = Sshd::start() else { return };
    let daemon = board_with(&server, server.port, "").start(OPEN);
    let broken = csv(5).replace("2025-M05", "2025-M04");
    for (until, bytes) in [("2025-07-01T10:00:00Z", &broken), ("2025-07-02T10:00:00Z", &broken)] {
        server.put("out/care 2025-26-Q1.csv", bytes, if until.contains("01T") { 500 } else { 400 });
        daemon.advance(until).await;
    }
    assert_eq!(verdicts(&daemon).await, ["not_accepted"]);
    server.put("out/care 2025-26-Q1.csv", csv(5), 300);
    daemon.advance("2025-07-03T10:00:00Z").await;
    server.put("out/care 2025-26-Q1 again.csv", csv(5), 200);
    daemon.advance("2025-07-04T10:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["not_accepted", "accepted", "duplicate"]);
    let messages = daemon.messages().await;
    assert!(!messages.iter().any(|m| m.starts_with("answer-duplicate")), "nobody waits for that: {messages:?}");
}

#[tokio::test]
async fn a_folder_that_is_missing_too_full_or_holds_too_large_a_file_is_named() {
    let Some(server) = Sshd::start() else { return };
    let daemon = board_with(&server, server.port, "path = \"nowhere\"\n").start(OPEN);
    daemon.ring().await;
    assert!(says(&daemon).await.contains("there is no such folder"), "{}", says(&daemon).await);

    std::fs::create_dir_all(server.home().join("full")).unwrap();
    for file in 0..=10_000 {
        std::fs::write(server.home().join(format!("full/{file}")), "").unwrap();
    }
    let daemon = board_with(&server, server.port, "path = \"full\"\n").start(OPEN);
    daemon.ring().await;
    assert!(says(&daemon).await.contains("more than 10000 files"), "{}", says(&daemon).await);

    server.put("out/care 2025-26-Q1 v1.csv", csv(5), 500);
    server.put("out/care 2024-25-Q4.csv", csv(5), 400);
    server.put("out/care 2025-26-Q1 v2.csv", "", 300);
    let large = server.home().join("out/care 2025-26-Q1 v2.csv");
    std::fs::File::options().write(true).open(large).unwrap().set_len((4 << 30) + 1).unwrap();
    let daemon = board_with(&server, server.port, "take = \"all\"\n").start(OPEN);
    daemon.advance("2025-07-01T10:00:00Z").await;
    let failures = told(&daemon).await.join("\n");
    assert!(failures.contains("larger than 4 GiB"), "{failures}");
    assert_eq!(verdicts(&daemon).await.len(), 1, "the other file is taken all the same: {failures}");
}

/// On the machine's own clock, for it is about waiting.
#[tokio::test]
async fn a_partner_who_stalls_delays_nobody_else() {
    let Some(server) = Sshd::start() else { return };
    let gate = Gate::before(server.port).await;
    gate.set(Way::Stalled);
    let partner = Partner::start().await;
    partner.set("/stalled.csv", Answer::Stall);
    let board = TestBoard::with_returns(&["care-applications", "child-protection", "missing-children"])
        .with("QUARTERDAY__PULLS__BASE", &partner.base());
    board.set_source(
        "child-protection",
        "kind = \"https\"\nurl = \"{base}/stalled.csv\"\npull = \"* * * * *\"\ntimeout_seconds = 120\n",
    );
    let key = board.secret("sftp-key", &server.key("client"));
    let source = |port: u16, path: &str, pattern: &str| {
        format!(
            "kind = \"sftp\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{}\"\nkey = {key}\nhost_key = [\"{}\"]\n\
             path = \"{path}\"\npattern = \"{pattern}\"\npull = \"* * * * *\"\ntimeout_seconds = 120\n",
            user(),
            server.fingerprint("ed25519")
        )
    };
    board.set_source("care-applications", &source(gate.port, "out", "care*.csv"));
    board.set_source("missing-children", "kind = \"folder\"\npath = \"drop/{agency}\"\n");
    let samples = board.path("pipelines/missing-children/samples");
    let workbook = std::fs::read(samples.join("accepted-2025-26-Q1.xlsx")).unwrap();
    // The board's first day, by the machine's own clock.
    let daemon = board.start_on_the_clock();
    daemon.board.drop_file("police", "missing 2025-26-Q1.xlsx", workbook);
    let begun = std::time::Instant::now();
    loop {
        let taken = daemon.ledger().read(|txn| txn.submissions()).await.unwrap();
        if !taken.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the stalled partner holds the others up: {}", daemon.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(says(&daemon).await, "", "the stalled ones are still being waited for");
    assert!(partner.asked_at_all() <= 2, "however many periods are wanted, one host is asked for two at a time");
    let stopping = std::time::Instant::now();
    let (ended, _) = daemon.terminate();
    assert!(ended.success() && stopping.elapsed() < Duration::from_secs(20), "nobody waits for them at the end");
}

#[tokio::test]
async fn a_link_local_host_is_never_asked() {
    let Some(server) = Sshd::start() else { return };
    let board = board_with(&server, server.port, "");
    board.edit("pipelines/care-applications/return.toml", "host = \"127.0.0.1\"", "host = \"169.254.169.254\"");
    let daemon = board.start(OPEN);
    daemon.ring().await;
    let why = says(&daemon).await;
    assert!(why.contains("is refused: its host is a link-local address"), "{why}");
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_what_to_write() {
    let Some(server) = Sshd::start() else { return };
    let refused = |keys: &str, expected: &str| {
        let board = board_with(&server, server.port, keys);
        let told = said(&board.run(&["validate"]));
        assert!(told.contains(expected), "{keys}: {told}");
    };
    refused("after = \"move\"\n", "source.move_to");
    refused("move_to = \"taken\"\n", "source.after");
    refused("after = \"move\"\nmove_to = \"out\"\n", "another folder than path");
    refused("path = \"../out\"\n", "source.path");
    refused("pattern = \"out/*.csv\"\n", "source.pattern");
    refused("pattern = \"{week}.csv\"\n", "{agency}, {period}");
    refused("done_file = \"all.done\"\n", "source.done_file");
    refused("take = \"latest\"\n", "one of newest, all");
    refused("password = \"CANARY\"\n", "where the secret stands");
    refused("host_key = [\"MD5:aa:bb\"]\n", "a fingerprint as in");
    refused("known_host = \"config/known_hosts\"\n", "known_hosts");
    let told = said(&board_with(&server, server.port, "password = \"CANARY\"\n").run(&["validate"]));
    assert!(!told.contains("CANARY"), "{told}");
}

#[tokio::test]
async fn a_password_is_taken_plainly_or_as_an_answer_and_a_wrong_one_is_told_once() {
    let Some(server) = Sshd::start() else { return };
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    let out = server.home().join("out");
    for asks in [Asks::Plainly, Asks::AsAQuestion] {
        let port = password_sshd::serve(&server.key("host_ed25519"), "right-CANARY-1", asks).await;
        let board = board_with(&server, port, &format!("password = PLACE\npath = \"{}\"\n", out.display()));
        let password = board.secret("password", "wrong-CANARY-2");
        board.edit("pipelines/care-applications/return.toml", "PLACE", &password);
        let board = board.with("QUARTERDAY_LOG", "debug");
        let daemon = board.start(OPEN);
        daemon.advance("2025-07-01T12:00:00Z").await;
        let why = says(&daemon).await;
        assert!(why.contains("refuses the sign-in: the password of"), "{asks:?}: {why}");
        assert_eq!(told(&daemon).await.len(), 1, "{:?}", told(&daemon).await);
        daemon.board.secret("password", "right-CANARY-1");
        daemon.advance("2025-07-01T20:00:00Z").await;
        assert_eq!(verdicts(&daemon).await, ["accepted"], "{asks:?}: {}", says(&daemon).await);
        let everything = format!("{}{}{:?}", daemon.log(), daemon.board.done(&["status"]), told(&daemon).await);
        assert!(!everything.contains("CANARY"), "{asks:?}: {everything}");
    }
}

#[tokio::test]
async fn a_password_opens_openssh_itself_and_a_wrong_one_is_told_once_without_it() {
    let Some(mut server) = Sshd::start() else { return };
    if !server.serve_a_guest() {
        return;
    }
    server.put("out/care 2025-26-Q1.csv", csv(5), 90);
    let board = board_with(&server, server.port, &format!("user = \"{GUEST}\"\npassword = PLACE\n"));
    let password = board.secret("password", "wrong-CANARY-2");
    board.edit("pipelines/care-applications/return.toml", "PLACE", &password);
    let daemon = board.with("QUARTERDAY_LOG", "debug").start(OPEN);
    daemon.advance("2025-07-01T10:00:00Z").await;
    let why = says(&daemon).await;
    assert!(why.contains("refuses the sign-in: the password of"), "{why}");
    assert_eq!(told(&daemon).await.len(), 1, "{:?}", told(&daemon).await);
    daemon.board.secret("password", PASSWORD);
    daemon.advance("2025-07-01T20:00:00Z").await;
    assert_eq!(verdicts(&daemon).await, ["accepted"], "{}", says(&daemon).await);
    let everything = format!("{}{}{:?}", daemon.log(), daemon.board.done(&["status"]), told(&daemon).await);
    assert!(!everything.contains("CANARY"), "{everything}");
}
