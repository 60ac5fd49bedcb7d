//! WsgiDAV, a WebDAV server, on loopback over a folder of its own.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::peer::{Peer, free_port, installed};

/// Who may sign in, and with what.
pub const USER: &str = "quarterday";
pub const PASSWORD: &str = "letmein-CANARY-99";

/// The server; it ends with the test.
pub struct WsgiDav {
    peer: Option<Peer>,
    folder: TempDir,
    pub port: u16,
}

impl WsgiDav {
    /// A server with an empty folder `out`; `None` where none is installed.
    pub fn start() -> Option<Self> {
        installed("bin/wsgidav")?;
        let mut server = Self { peer: None, folder: tempfile::tempdir().unwrap(), port: free_port() };
        fs::create_dir_all(server.path("out")).unwrap();
        server.serve();
        Some(server)
    }

    /// Starts it again at the same port.
    pub fn serve(&mut self) {
        let config = format!(
            "host: 127.0.0.1\nport: {}\nserver: cheroot\nverbose: 1\nprovider_mapping:\n  \"/dav\": {:?}\n\
             http_authenticator:\n  accept_basic: true\n  accept_digest: false\n  default_to_digest: false\n\
             simple_dc:\n  user_mapping:\n    \"*\":\n      {USER:?}:\n        password: {PASSWORD:?}\n",
            self.port,
            self.path(""),
        );
        let file = self.folder.path().join("wsgidav.yaml");
        fs::write(&file, config).unwrap();
        let mut command = Command::new(installed("bin/wsgidav").unwrap());
        command.arg("--config").arg(file).stdout(Stdio::null()).stderr(Stdio::null());
        self.peer = Some(Peer::start(&mut command, self.port));
    }

    pub fn stop(&mut self) {
        self.peer = None;
    }

    /// A place in the folder it serves.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join("files").join(below)
    }
}
