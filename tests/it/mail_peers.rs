//! Mail programs that others wrote take what we send, byte by byte: Postfix's smtp-sink and aiosmtpd.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use quarterday::{
    ledger::{OutboxRow, OutboxState},
    mail::{Attachment, Content, Kind, Mailroom, Relay, Templates, Tls, Way, example},
};

use crate::support::{
    office::{Office, QUICK, settings},
    peer::installed,
};

const MESSAGES: usize = 300;

/// A server that is ended with the test.
struct Peer {
    child: Child,
    port: u16,
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    async fn start(mut command: Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let peer = Self { child, port };
        let until = Instant::now() + Duration::from_secs(20);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(Instant::now() < until, "{command:?} does not listen");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        peer
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// An office with messages of every kind, some with a file, some with lines that begin with a dot.
async fn office() -> Office {
    let office = Office::new().await;
    let templates = Templates::shipped().unwrap();
    let rows: Vec<OutboxRow> = (0..MESSAGES)
        .map(|n| {
            let kinds = Kind::ALL.len();
            let facts = example(Kind::ALL[n % kinds]).remove(0);
            let mut message = templates.render(&facts).unwrap();
            if n % 3 == 0 {
                message.attachments.push(Attachment {
                    name: format!("Rückgabe {n}.xlsx"),
                    media_type: "application/octet-stream".into(),
                    content: Content::Bytes((0..n * 40).map(|byte| (byte % 251) as u8).collect()),
                    otherwise: "Ask us.".into(),
                });
            }
            if n % 5 == 0 {
                message.text.push_str("\n.\n..\n.leading dots\nFrom here on\n");
            }
            let (key, to) = (format!("peer/{n}"), format!("p{n}@police.example"));
            let message = serde_json::to_value(message).unwrap();
            OutboxRow { obligation: None, ..office.row(&key, Kind::AnswerNil, message, &to) }
        })
        .collect();
    office.ledger.write(move |txn| rows.iter().try_for_each(|row| txn.enqueue(row).map(drop))).await.unwrap();
    office
}

/// Keeps each message as aiosmtpd read it from the wire; its own mailbox writes them anew.
const KEEP: &str = r#"
class Keep:
    def __init__(self, folder):
        self.folder, self.number = folder, 0

    @classmethod
    def from_cli(cls, parser, *args):
        return cls(args[0])

    async def handle_DATA(self, server, session, envelope):
        self.number += 1
        with open(f"{self.folder}/{self.number}.eml", "wb") as file:
            file.write(envelope.original_content)
        return "250 kept"
"#;

/// Sends everything to a peer, and the same into a folder; answers with both, by Message-ID.
async fn sent_to(peer: &Peer, taken: impl Fn() -> Vec<String>) {
    let office = office().await;
    let relay = Relay { host: "127.0.0.1".into(), port: peer.port, tls: Tls::None, ca_file: None, sign_in: None };
    let mailroom = Mailroom::open(settings(Way::Smtp(relay)), &BTreeMap::new(), office.home.path(), QUICK).unwrap();
    while office.pump(&mailroom).await.more {}
    let unsent: Vec<_> = office.messages().await.into_iter().filter(|row| row.state != OutboxState::Sent).collect();
    assert!(unsent.is_empty(), "{:?}", unsent[0].says);

    let folder = self::office().await;
    let mailroom =
        Mailroom::open(settings(Way::Folder("mail".into())), &BTreeMap::new(), folder.home.path(), QUICK).unwrap();
    while folder.pump(&mailroom).await.more {}
    let written = messages(&folder.home.path().join("mail"));
    let (written, taken) = (by_id(written), by_id(taken()));
    assert_eq!((written.len(), taken.len()), (MESSAGES, MESSAGES));
    for (id, (head, body)) in &written {
        let (their_head, their_body) = taken.get(id).unwrap_or_else(|| panic!("{id} did not arrive"));
        assert!(their_body.trim_end() == body.trim_end(), "{id}:\n{body}\n=====\n{their_body}");
        for line in head.lines() {
            assert!(their_head.lines().any(|theirs| theirs == line), "{id}: {line:?} is not in\n{their_head}");
        }
    }
}

/// Every file of a folder, line ends as on this machine.
fn messages(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| String::from_utf8(fs::read(path).unwrap()).unwrap().replace("\r\n", "\n")).collect()
}

fn by_id(messages: Vec<String>) -> BTreeMap<String, (String, String)> {
    let split = messages.into_iter().filter_map(|message| {
        let (head, body) = message.split_once("\n\n")?;
        let id = head.lines().find_map(|line| line.strip_prefix("Message-ID: "))?.to_owned();
        Some((id, (head.to_owned(), body.to_owned())))
    });
    split.collect()
}

#[tokio::test]
async fn smtp_sink_of_postfix_gets_every_message_as_it_was_written() {
    let program = Path::new("/usr/sbin/smtp-sink");
    let required = quarterday::settings::environment().get("CI").is_some_and(|ci| ci == "true");
    if !program.exists() && !required {
        return;
    }
    let dump = open_folder();
    let port = free_port();
    let mut command = Command::new(program);
    // It gives up being root, so its folder is one that anybody writes to.
    if is_root() {
        command.args(["-u", "nobody"]);
    }
    command.args(["-d", "message.%H%M%S.", &format!("127.0.0.1:{port}"), "100"]).current_dir(dump.path());
    let peer = Peer::start(command, port).await;
    sent_to(&peer, || messages(dump.path())).await;
}

#[tokio::test]
async fn aiosmtpd_gets_every_message_as_it_was_written() {
    let Some(python) = installed("bin/python") else { return };
    let folder = open_folder();
    let mailbox = folder.path().join("mailbox");
    fs::create_dir(&mailbox).unwrap();
    fs::write(folder.path().join("keep.py"), KEEP).unwrap();
    let port = free_port();
    let mut command = Command::new(python);
    command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c", "keep.Keep"]);
    command.arg(&mailbox).current_dir(folder.path());
    let peer = Peer::start(command, port).await;
    sent_to(&peer, || messages(&mailbox)).await;
}

fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}
