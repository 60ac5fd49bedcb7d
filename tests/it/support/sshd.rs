//! OpenSSH's server on loopback, with host keys, users' keys and a home of its own; nothing of the machine's is used.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::peer::{Peer, free_port};

const PROGRAM: &str = "/usr/sbin/sshd";

/// A user with a password, whom the server alone knows.
pub const GUEST: &str = "quarterday-guest";
pub const PASSWORD: &str = "right-CANARY-1";
/// `openssl passwd -6` of it.
const HASH: &str =
    "$6$quarterday0$gjvxbGIwyAJiyH9iPshkhlCObpqtcvzHNJDCRqtejnuwONwOjctc1.tMK8JWp6P/9msMuadZUp8JCAVbtY.oc1";

/// The server; it ends with the test.
pub struct Sshd {
    peer: Option<Peer>,
    folder: TempDir,
    pub port: u16,
}

impl Sshd {
    /// A server with a host key of each kind and an empty folder `out`; `None` where none is installed.
    pub fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            assert!(!super::in_ci(), "{PROGRAM} is required in CI");
            println!("skipped: {PROGRAM} is not here");
            return None;
        }
        if rustix::process::getuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let mut server = Self { peer: None, folder: tempfile::tempdir().unwrap(), port: free_port() };
        for kind in ["ed25519", "ecdsa", "rsa"] {
            server.make_key(&format!("host_{kind}"), kind, "");
        }
        server.make_key("client", "ed25519", "");
        server.make_key("locked", "ed25519", "open-sesame-77");
        server.make_key("stranger", "ed25519", "");
        server.make_key("older", "rsa", "");
        let known = ["client.pub", "locked.pub", "older.pub"].map(|key| fs::read_to_string(server.at(key)).unwrap());
        fs::write(server.at("authorized"), known.concat()).unwrap();
        fs::create_dir_all(server.home().join("out")).unwrap();
        server.serve_with(&["ed25519", "ecdsa", "rsa"]);
        Some(server)
    }

    /// Starts the server again at the same port, with these host keys.
    pub fn serve_with(&mut self, kinds: &[&str]) {
        self.stop();
        self.configure(kinds, "no");
        let mut command = Command::new(PROGRAM);
        command.arg("-D").arg("-e").arg("-f").arg(self.at("config")).stdin(Stdio::null()).stderr(Stdio::null());
        self.peer = Some(Peer::start(&mut command, self.port));
    }

    /// Starts the server again at the same port for [`GUEST`], who signs in with [`PASSWORD`]. The guest is known in a
    /// namespace of the server's own alone: the machine's users stay as they are. Only root can make one; `false` where it
    /// is not root, which CI does not allow.
    pub fn serve_a_guest(&mut self) -> bool {
        if !rustix::process::getuid().is_root() {
            assert!(!super::in_ci(), "root is required in CI, to give sshd a guest with a password");
            println!("skipped: only root can give sshd a guest with a password");
            return false;
        }
        self.stop();
        self.configure(&["ed25519"], "yes");
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let users = fs::read_to_string("/etc/passwd").unwrap();
        let guest = format!("{GUEST}:x:65533:65533::{}:/bin/sh\n", self.home().display());
        fs::write(self.at("passwd"), users + &guest).unwrap();
        fs::write(self.at("shadow"), format!("root:*:19000:0:99999:7:::\n{GUEST}:{HASH}:19000:0:99999:7:::\n"))
            .unwrap();
        fs::set_permissions(self.at("shadow"), fs::Permissions::from_mode(0o600)).unwrap();
        let inside = "mount --bind \"$1\" /etc/passwd && mount --bind \"$2\" /etc/shadow && shift 2 && exec \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["-m", "--propagation", "private", "sh", "-c", inside, "sh"]);
        command.args([self.at("passwd"), self.at("shadow")]).args([PROGRAM, "-D", "-e", "-f"]).arg(self.at("config"));
        self.peer = Some(Peer::start(command.stdin(Stdio::null()).stderr(Stdio::null()), self.port));
        true
    }

    fn configure(&self, kinds: &[&str], passwords: &str) {
        let keys: String =
            kinds.iter().map(|kind| format!("HostKey {}\n", self.at(&format!("host_{kind}")).display())).collect();
        let (home, authorized, port) = (self.home(), self.at("authorized"), self.port);
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\n{keys}PidFile none\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication {passwords}\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 100\n\
             Subsystem sftp internal-sftp\nForceCommand internal-sftp -d {}\n",
            authorized.display(),
            home.display()
        );
        fs::write(self.at("config"), config).unwrap();
    }

    /// Ends the server and every session of it.
    pub fn stop(&mut self) {
        let Some(peer) = self.peer.take() else { return };
        let pid = peer.pid().to_string();
        let sessions = Command::new("ps").args(["-o", "pid=", "--ppid", &pid]).output().unwrap();
        drop(peer);
        for session in String::from_utf8_lossy(&sessions.stdout).split_whitespace() {
            let _ = Command::new("kill").args(["-9", session]).status();
        }
    }

    fn make_key(&self, name: &str, kind: &str, passphrase: &str) {
        let path = self.at(name);
        let _ = fs::remove_file(&path);
        let made = Command::new("ssh-keygen").args(["-q", "-t", kind, "-N", passphrase, "-f"]).arg(path).status();
        assert!(made.unwrap().success());
    }

    /// Gives the server another host key of a kind; it shows it once it is started again.
    pub fn change_host_key(&self, kind: &str) {
        self.make_key(&format!("host_{kind}"), kind, "");
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where its users arrive.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A private key: `client`, `older` (an RSA key), `locked` (it has a passphrase) or `stranger` (whom the server does not know).
    pub fn key(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// The fingerprint of a host key, as OpenSSH's own tool tells it.
    pub fn fingerprint(&self, kind: &str) -> String {
        let told = Command::new("ssh-keygen").arg("-lf").arg(self.at(&format!("host_{kind}.pub"))).output().unwrap();
        String::from_utf8(told.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    }

    /// A line of a file of known hosts.
    pub fn known_host(&self, kind: &str, port: u16) -> String {
        format!("[127.0.0.1]:{port} {}", fs::read_to_string(self.at(&format!("host_{kind}.pub"))).unwrap())
    }

    /// Puts a file below its home, changed so many seconds ago.
    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>, seconds_ago: u64) {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let at = SystemTime::now() - Duration::from_secs(seconds_ago);
        fs::File::options().append(true).open(&path).unwrap().set_modified(at).unwrap();
    }

    /// The names of the files in a folder below its home, in order.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.home().join(folder)) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}
