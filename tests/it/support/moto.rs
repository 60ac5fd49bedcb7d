//! moto's S3 server on loopback: it keeps objects in memory.
//!
//! It can be told to check signatures, and then refuses who has none. Those of a list it does not work out as S3 does (a
//! slash in the query), so it checks only where a refusal is wanted.

use std::process::{Command, Stdio};

use opendal::{Operator, services};

use super::peer::{Peer, free_port, installed};

/// The bucket that there is, and who signs.
pub const BUCKET: &str = "returns";
pub const ACCESS_KEY_ID: &str = "AKIAQUARTERDAYTESTS0";
pub const SECRET_ACCESS_KEY: &str = "a-secret-CANARY-of-forty-characters-0123";

/// The server; it ends with the test.
pub struct Moto {
    peer: Option<Peer>,
    pub port: u16,
}

impl Moto {
    /// A server with an empty bucket; `None` where none is installed.
    pub async fn start() -> Option<Self> {
        let program = installed("bin/moto_server")?;
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { peer: Some(Peer::start(&mut command, port)), port };
        let bucket = reqwest::Client::new().put(format!("http://127.0.0.1:{port}/{BUCKET}"));
        bucket.send().await.unwrap().error_for_status().unwrap();
        Some(server)
    }

    /// Has the bucket keep what is overwritten.
    pub async fn keep_versions(&self) {
        let wanted = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                      <Status>Enabled</Status></VersioningConfiguration>";
        let url = format!("http://127.0.0.1:{}/{BUCKET}?versioning", self.port);
        let asked = reqwest::Client::new().put(url).body(wanted);
        asked.send().await.unwrap().error_for_status().unwrap();
    }

    /// Whether it refuses who has no key that it knows.
    pub async fn check_signatures(&self, on: bool) {
        let unchecked = if on { "0" } else { "1000000" };
        let asked = reqwest::Client::new().post(format!("http://127.0.0.1:{}/moto-api/reset-auth", self.port));
        asked.body(unchecked).send().await.unwrap().error_for_status().unwrap();
    }

    /// Ends the server; what it held is lost.
    pub fn stop(&mut self) {
        self.peer = None;
    }

    /// The bucket, for whoever puts objects there.
    pub fn bucket(&self) -> Operator {
        let builder = services::S3::default()
            .endpoint(&format!("http://127.0.0.1:{}", self.port))
            .bucket(BUCKET)
            .region("us-east-1")
            .access_key_id(ACCESS_KEY_ID)
            .secret_access_key(SECRET_ACCESS_KEY)
            .disable_config_load();
        opendal::install_default();
        Operator::new(builder).unwrap()
    }
}
