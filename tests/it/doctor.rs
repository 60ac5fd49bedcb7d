//! `quarterday doctor` against servers on loopback: good ones, a closed port, a wrong certificate, a refused password, a
//! secret that everybody can read.

use quarterday::ledger::Ledger;
use serde_json::Value;

use crate::support::{
    Partner, TestBoard,
    authority::Authority,
    dovecot::{Dovecot, PASSWORD, USER},
    nginx::Nginx,
    said,
    smtp::{Act, Relay, Tls, Verb, certificate},
};

const DEFINITION: &str = "pipelines/care-applications/return.toml";

/// A board with one return that is fetched from `base`, which may be real.
fn board(base: &str) -> TestBoard {
    let board = TestBoard::with_returns(&["care-applications"]).with("QUARTERDAY__PULLS__BASE", base);
    board.edit("config/quarterday.toml", "example = true", "example = false");
    board
}

/// The same, its mail going through a relay.
fn with_relay(board: TestBoard, host: &str, port: u16, tls: &str) -> TestBoard {
    board
        .with("QUARTERDAY__MAIL__MAILER", "smtp")
        .with("QUARTERDAY__MAIL__HOST", host)
        .with("QUARTERDAY__MAIL__PORT", &port.to_string())
        .with("QUARTERDAY__MAIL__TLS", tls)
}

/// What was found: each check's stand and words, by what it is about.
struct Told {
    checks: Vec<Value>,
    firewall: Vec<Value>,
    failed: bool,
    text: String,
}

impl Told {
    /// The stand, the words and the next step of the check whose name begins so.
    fn of(&self, what: &str) -> (String, String) {
        let is_it = |check: &&Value| check["what"].as_str().unwrap().starts_with(what);
        let check = self.checks.iter().find(is_it).unwrap_or_else(|| panic!("{what} is missing in {}", self.text));
        let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
        (text("stand"), format!("{} → {}", text("says"), text("next_step")))
    }
}

fn doctor(board: &TestBoard, more: &[&str]) -> Told {
    let output = board.run(&[&["doctor", "--json"], more].concat());
    let text = said(&output);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {text}"));
    let list = |key: &str| found[key].as_array().unwrap().clone();
    Told { checks: list("checks"), firewall: list("firewall"), failed: !output.status.success(), text }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_nothing_is_wrong_with_the_daemon_running_or_not() {
    let partner = Partner::start().await;
    let relay = Relay::honest().await;
    let board = with_relay(board(&partner.base()), "127.0.0.1", relay.address.port(), "none");
    let told = doctor(&board, &[]);
    assert!(!told.failed, "{}", told.text);
    assert_eq!(told.of("daemon").0, "warning", "none runs");
    let (stand, says) = told.of("mail relay");
    assert!(stand == "ok" && says.contains("nothing was sent"), "{says}");
    assert_eq!(told.of(&partner.base()).0, "ok", "{}", told.text);
    for what in ["workers", "time zones", "secrets", "proxy", "clock"] {
        assert_eq!(told.of(what).0, "ok", "{what}: {}", told.text);
    }
    assert_eq!(told.of("sign of life").0, "warning");
    assert!(relay.kept().is_empty(), "nothing is sent unasked");
    assert!(!relay.lines().iter().any(|line| line.starts_with("MAIL")), "{:?}", relay.lines());

    let daemon = board.start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    let before = daemon.ledger().read(|txn| txn.chain_head()).await.unwrap();
    let told = doctor(&daemon.board, &[]);
    assert_eq!(told.of("daemon").0, "ok", "{}", told.text);
    assert_eq!(told.of("ledger").0, "ok", "{}", told.text);
    let after = daemon.ledger().read(|txn| txn.chain_head()).await.unwrap();
    assert_eq!(before, after, "looking records nothing");
    let printed = said(&daemon.board.run(&["doctor"]));
    assert!(
        printed.contains("ok       ledger:") && printed.contains("What the firewall has to let through"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_test_message_is_sent_when_it_is_asked_for() {
    let relay = Relay::honest().await;
    let board = with_relay(board("http://127.0.0.1:9"), "127.0.0.1", relay.address.port(), "none");
    let told = doctor(&board, &["--send-to", "ola.nwosu@exampleshire.example"]);
    assert_eq!(told.of("test message").0, "ok", "{}", told.text);
    let kept = relay.kept();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].recipient.contains("ola.nwosu@exampleshire.example"), "{:?}", kept[0].recipient);
    assert!(kept[0].header("Subject").unwrap().starts_with("Test: mail from"), "{:?}", kept[0].header("Subject"));
    let told = doctor(&board, &["--send-to", "no address"]);
    assert!(told.failed && told.of("test message").0 == "wrong", "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_port_is_wrong_and_says_what_the_firewall_should_let_through() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let board = with_relay(board(&format!("http://127.0.0.1:{closed}")), "127.0.0.1", closed, "none");
    let told = doctor(&board, &[]);
    assert!(told.failed, "{}", told.text);
    for what in ["mail relay", "http://127.0.0.1"] {
        let (stand, says) = told.of(what);
        assert!(stand == "wrong" && says.contains("firewall"), "{what}: {says}");
    }
    let rule = |protocol: &str| told.firewall.iter().find(|rule| rule["protocol"] == protocol).unwrap().clone();
    assert_eq!(rule("SMTP")["port"], closed);
    assert_eq!((rule("SMTP")["direction"].as_str(), rule("SMTP")["why"].as_str()), (Some("out"), Some("mail")));
    assert!(told.firewall.iter().any(|rule| rule["direction"] == "in"), "{:?}", told.firewall);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_told_with_its_last_day_and_one_of_a_stranger_is_wrong() {
    let authority = Authority::new();
    let issued = authority.server(&["localhost"]);
    let files = [("server.pem", issued.pem.as_str()), ("server.key", &issued.key)];
    let server = "ssl_certificate {home}/server.pem; ssl_certificate_key {home}/server.key;\n";
    let Some(nginx) = Nginx::start("ssl", server, &files) else { return };
    let board = board(&format!("https://localhost:{}", nginx.port()));
    let (stand, says) = doctor(&board, &[]).of("https://localhost");
    assert!(stand == "wrong" && says.contains("certificate") && says.contains("ca_file"), "{says}");

    board.write("ca.pem", &authority.pem);
    let trusted = format!("[source.tls]\nca_file = {:?}\n\n[format]", board.path("ca.pem"));
    board.edit(DEFINITION, "[format]", &trusted);
    let (stand, says) = doctor(&board, &[]).of("https://localhost");
    assert!(stand == "ok" && says.contains("its certificate ends on"), "{says}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_wrong_and_never_printed() {
    let (acceptor, authority) = certificate();
    let relay = Relay::start(Tls::Upgraded(acceptor), |verb, _| match verb {
        Verb::Auth => Act::Say("535 5.7.3 wrong: CANARY-hunter2"),
        _ => Act::Go,
    })
    .await;
    let board = with_relay(board("http://127.0.0.1:9"), "localhost", relay.address.port(), "starttls");
    board.write("ca.pem", authority);
    let password = board.secret("relay", "CANARY-hunter2");
    let text = board.read("config/quarterday.toml");
    let mail = format!("[mail]\nuser = \"q\"\npassword = {password}\nca_file = {:?}", board.path("ca.pem"));
    board.write("config/quarterday.toml", text.replacen("[mail]", &mail, 1));
    let told = doctor(&board, &[]);
    let (stand, says) = told.of("mail relay");
    assert!(told.failed && stand == "wrong" && says.contains("AUTH: 535"), "{says}");
    assert!(says.contains("renew the password"), "{says}");
    assert!(!told.text.contains("CANARY"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_everybody_can_read_is_wrong_and_says_how_to_mend_it() {
    use std::os::unix::fs::PermissionsExt;
    let board = board("http://127.0.0.1:9");
    let token = board.secret("token", "CANARY-token");
    board.edit(DEFINITION, "[format]", &format!("[source.auth]\nkind = \"bearer\"\ntoken = {token}\n\n[format]"));
    assert_eq!(doctor(&board, &[]).of("secrets").0, "ok");
    std::fs::set_permissions(board.path("secrets/token"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = doctor(&board, &[]);
    let (stand, says) = told.of("secrets of sources");
    assert!(told.failed && stand == "wrong" && says.contains("chmod 600"), "{says}");
    assert!(!told.text.contains("CANARY"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_signed_in_to_and_a_wrong_password_is_told() {
    let Some(server) = Dovecot::start() else { return };
    for (password, expected) in [(PASSWORD, "ok"), ("CANARY-another-phrase", "wrong")] {
        let board = board("http://127.0.0.1:9").with("MAILBOX_PASSWORD", password);
        let text = board.read("config/quarterday.toml");
        let mailbox = format!(
            "\n[mailbox]\nkind = \"imap\"\nhost = \"127.0.0.1\"\nport = {}\nuser = \"{USER}\"\nca_file = {:?}\n\
             authserv_id = \"mx.board.example\"\npassword = {{ env = \"MAILBOX_PASSWORD\" }}\n",
            server.port,
            server.authority()
        );
        board.write("config/quarterday.toml", text + &mailbox);
        let told = doctor(&board, &[]);
        let (stand, says) = told.of("mailbox");
        assert_eq!(stand, expected, "{says}");
        assert!(!told.text.contains("CANARY"), "{}", told.text);
        assert!(told.firewall.iter().any(|rule| rule["protocol"] == "IMAPS"), "{:?}", told.firewall);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_in_the_environment_is_used_and_told_without_its_password() {
    let proxy = Partner::start().await;
    let address = proxy.base().replace("http://", "http://user:CANARY-phrase@");
    let board = board("https://data.partner.example").with("HTTPS_PROXY", &address);
    let told = doctor(&board, &[]);
    let (_, says) = told.of("proxy");
    assert!(says.contains("1 of the hosts are asked through") && says.contains(&proxy.base()), "{says}");
    assert_eq!(told.of("https://data.partner.example").0, "wrong", "this proxy lets nobody through");
    assert!(told.firewall.iter().any(|rule| rule["protocol"] == "HTTP proxy"), "{:?}", told.firewall);
    assert!(!told.text.contains("CANARY"), "{}", told.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_others_can_write_into_and_a_damaged_ledger_are_wrong() {
    use std::os::unix::fs::PermissionsExt;
    let daemon = board("http://127.0.0.1:9").start("2025-07-02T09:00:00Z");
    daemon.ring().await;
    let (_, board) = daemon.terminate();
    std::fs::set_permissions(board.path("data"), std::fs::Permissions::from_mode(0o777)).unwrap();
    let ledger = Ledger::open(&board.path("data/ledger.sqlite")).unwrap();
    ledger.settle().await.unwrap();
    drop(ledger);
    let path = board.path("data/ledger.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(7).position(|window| window == b"started").unwrap();
    bytes[at] = b'S';
    std::fs::write(&path, bytes).unwrap();
    let told = doctor(&board, &[]);
    let (stand, says) = told.of("data folder, rights");
    assert!(stand == "wrong" && says.contains("chmod 700"), "{says}");
    assert_eq!(told.of("ledger").0, "wrong", "{}", told.text);
    assert!(told.failed);
}
