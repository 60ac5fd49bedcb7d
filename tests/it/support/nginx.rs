//! nginx on loopback, with a folder and a configuration of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    in_ci,
    peer::{Peer, free_port},
};

/// A running nginx; it ends with the test.
pub struct Nginx {
    _peer: Peer,
    folder: tempfile::TempDir,
    port: u16,
}

impl Nginx {
    /// Starts it with what stands in its `server` block beside `listen`; `{home}` is its folder, which holds `files` and
    /// whose `www` it serves. `None` where there is no nginx, which CI does not allow.
    pub fn start(listen: &str, server: &str, files: &[(&str, &str)]) -> Option<Self> {
        let Some(program) = ["/usr/sbin/nginx", "/usr/bin/nginx"].iter().find(|path| Path::new(path).exists()) else {
            assert!(!in_ci(), "nginx is required in CI");
            println!("skipped: there is no nginx");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("www")).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let port = free_port();
        let home = folder.path().display().to_string();
        let server = server.replace("{home}", &home);
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {home}/tmp-{kind};\n"))
            .concat();
        let text = format!(
            "daemon off; master_process off; {user} pid {home}/nginx.pid; error_log {home}/error.log;\n\
             events {{}}\nhttp {{ access_log {home}/access.log; {temporary}\n\
             server {{ listen 127.0.0.1:{port} {listen}; root {home}/www;\n{server}\n}} }}\n"
        );
        fs::write(folder.path().join("nginx.conf"), text).unwrap();
        let mut command = Command::new(program);
        command.args(["-e", &format!("{home}/error.log"), "-p", &home, "-c", &format!("{home}/nginx.conf")]);
        let peer = Peer::start(command.stdin(Stdio::null()), port);
        Some(Self { _peer: peer, folder, port })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Puts a file where it is served.
    pub fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path("www").join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// The lines of its log of requests.
    pub fn requests(&self) -> Vec<String> {
        fs::read_to_string(self.path("access.log")).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}
