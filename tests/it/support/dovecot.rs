//! Dovecot on loopback, of this user and in a folder of its own: a real IMAP server with TLS, a password and XOAUTH2.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::in_ci;

pub const USER: &str = "returns@board.example";
pub const PASSWORD: &str = "CANARY-mailbox-phrase";

/// The user that owns the letters where the tests run as root, which Dovecot does not let own any.
const NOBODY: u32 = 65534;

/// A running server; it stops when it is dropped.
pub struct Dovecot {
    folder: TempDir,
    pub port: u16,
    child: Child,
}

impl Dovecot {
    /// Starts one, or says why none can be.
    pub fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// One that asks `introspection` whether a token is good.
    pub fn start_with(introspection: Option<&str>) -> Option<Self> {
        let program =
            ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"].into_iter().find(|path| Path::new(path).exists());
        let Some(program) = program else {
            assert!(!in_ci(), "dovecot is required in CI (Debian: dovecot-imapd)");
            println!("skipped: dovecot is not here");
            return None;
        };
        for _ in 0..3 {
            if let Some(running) = Self::attempt(program, introspection) {
                return Some(running);
            }
        }
        panic!("dovecot did not start");
    }

    fn attempt(program: &str, introspection: Option<&str>) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (certificate, key, authority) = certificate();
        fs::write(at.join("cert.pem"), certificate).unwrap();
        fs::write(at.join("key.pem"), key).unwrap();
        fs::write(at.join("ca.pem"), authority).unwrap();
        fs::write(at.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n")).unwrap();
        fs::set_permissions(at.join("users"), fs::Permissions::from_mode(0o644)).unwrap();
        let (root, uid, gid) = owner();
        for below in ["mail/new", "mail/cur", "mail/tmp", "home"] {
            fs::create_dir_all(at.join(below)).unwrap();
        }
        if root {
            for below in ["mail", "mail/new", "mail/cur", "mail/tmp", "home"] {
                chown(at.join(below), Some(uid), Some(gid)).unwrap();
            }
        }
        let oauth2 = introspection.map_or(String::new(), |url| {
            let path = at.join("oauth2.ext");
            fs::write(&path, format!("introspection_url = {url}\nintrospection_mode = post\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n")).unwrap();
            format!("passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n", path.display())
        });
        fs::write(at.join("dovecot.conf"), configuration(at, port, root, uid, gid, &oauth2)).unwrap();
        let mut child = Command::new(program)
            .args(["-F", "-c"])
            .arg(at.join("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(Self { folder, port, child });
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        println!("{}", fs::read_to_string(at.join("log")).unwrap_or_default());
        let _ = child.kill();
        let _ = child.wait();
        None
    }

    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Puts a letter into the inbox that came at an instant.
    pub fn deliver_at(&self, at: &str, letter: impl AsRef<[u8]>) {
        let at: jiff::Timestamp = at.parse().unwrap();
        self.put(letter, Some(at.into()));
    }

    /// Puts a letter into the inbox, as a delivery agent does.
    pub fn deliver(&self, letter: impl AsRef<[u8]>) {
        self.put(letter, None);
    }

    /// Hands a letter to Dovecot's own delivery agent, as a mail server does.
    pub fn deliver_by_agent(&self, sender: &str, letter: impl AsRef<[u8]>) {
        use std::{io::Write, os::unix::process::CommandExt};
        let (root, uid, gid) = owner();
        let at = self.folder.path();
        let mut command = Command::new("/usr/lib/dovecot/dovecot-lda");
        command.arg("-c").arg(at.join("dovecot.conf")).args(["-o", "log_path=", "-o", "info_log_path="]);
        command.args(["-e", "-f", sender]).env_clear().env("HOME", at.join("home")).env("USER", "nobody");
        if root {
            command.uid(uid).gid(gid);
        }
        let mut agent = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        agent.stdin.take().unwrap().write_all(letter.as_ref()).unwrap();
        let ended = agent.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }

    fn put(&self, letter: impl AsRef<[u8]>, came: Option<std::time::SystemTime>) {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("{}.{count:06}.test", 1_700_000_000 + count);
        let (tmp, new) = (self.mail().join("tmp").join(&name), self.mail().join("new").join(&name));
        fs::write(&tmp, letter).unwrap();
        if let Some(came) = came {
            fs::File::options().append(true).open(&tmp).unwrap().set_modified(came).unwrap();
        }
        let (root, uid, gid) = owner();
        if root {
            chown(&tmp, Some(uid), Some(gid)).unwrap();
        }
        fs::rename(tmp, new).unwrap();
    }

    /// How many letters lie in a folder; the inbox is named "".
    pub fn count(&self, folder: &str) -> usize {
        let at = if folder.is_empty() { self.mail() } else { self.mail().join(format!(".{folder}")) };
        let letters = |below: &str| fs::read_dir(at.join(below)).map_or(0, Iterator::count);
        letters("new") + letters("cur")
    }

    /// Keeps the server from moving anything into a folder: there is a file in its place.
    pub fn spoil(&self, folder: &str) -> PathBuf {
        let path = self.mail().join(format!(".{folder}"));
        fs::write(&path, "in the way").unwrap();
        path
    }

    /// What the server wrote down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn mail(&self) -> PathBuf {
        self.folder.path().join("mail")
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Its master ends its children when it is asked to; killed, it would leave them.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Whether this is root, and who owns the letters.
fn owner() -> (bool, u32, u32) {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    if uid == 0 { (true, NOBODY, NOBODY) } else { (false, uid, gid) }
}

/// A certificate for loopback, its key and the authority that signed it, in PEM.
pub fn certificate() -> (String, String, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    (leaf.pem(), key.serialize_pem(), authority_certificate.pem())
}

fn configuration(at: &Path, port: u16, root: bool, uid: u32, gid: u32, oauth2: &str) -> String {
    let at = at.display();
    let me = Command::new("id").arg("-un").output().map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    let me = me.unwrap();
    let users = match root {
        true => String::new(),
        false => format!("default_internal_user = {me}\ndefault_login_user = {me}\ndefault_internal_group = {gid}\n"),
    };
    format!(
        "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nauth_verbose = yes\nprotocols = imap\n\
         listen = 127.0.0.1\nssl = required\nssl_cert = <{at}/cert.pem\nssl_key = <{at}/key.pem\n\
         mail_location = maildir:{at}/mail\nauth_mechanisms = plain login xoauth2 oauthbearer\n{users}\
         first_valid_uid = 1\nfirst_valid_gid = 1\nauth_failure_delay = 0\n{oauth2}\
         passdb {{\n  driver = passwd-file\n  mechanisms = plain login\n  args = scheme=PLAIN username_format=%u {at}/users\n}}\n\
         userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={at}/home\n}}\n\
         namespace inbox {{\n  inbox = yes\n}}\n\
         service imap-login {{\n  chroot =\n  inet_listener imap {{\n    port = 0\n  }}\n  inet_listener imaps {{\n    port = {port}\n    ssl = yes\n  }}\n}}\n\
         service anvil {{\n  chroot =\n}}\n"
    )
}
