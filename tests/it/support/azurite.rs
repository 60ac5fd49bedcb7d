//! Azurite, Microsoft's own stand-in for Azure Blob, on loopback.

use std::process::{Command, Stdio};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use opendal::{Operator, services};
use sha2::Sha256;

use super::peer::{Peer, free_port, installed};

/// The account that every Azurite has, and its published key.
pub const ACCOUNT: &str = "devstoreaccount1";
pub const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// The container that there is.
pub const CONTAINER: &str = "returns";

/// The server; it ends with the test.
pub struct Azurite {
    _peer: Peer,
    pub port: u16,
}

impl Azurite {
    /// A server with an empty container; `None` where none is installed.
    pub async fn start() -> Option<Self> {
        let program = installed("node_modules/.bin/azurite-blob")?;
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()]);
        command.args(["--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck", "--silent"]);
        let peer = Peer::start(command.stdout(Stdio::null()).stderr(Stdio::null()), port);
        let server = Self { _peer: peer, port };
        server.make_container().await;
        Some(server)
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}/{ACCOUNT}", self.port)
    }

    /// What no client library here can do: a request signed with the account's key.
    async fn make_container(&self) {
        let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let version = "2021-12-02";
        let signed = format!(
            "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
        );
        let signature = sign(&signed);
        let made = reqwest::Client::new()
            .put(format!("{}/{CONTAINER}?restype=container", self.endpoint()))
            .header("x-ms-date", date)
            .header("x-ms-version", version)
            .header("content-length", "0")
            .header("authorization", format!("SharedKey {ACCOUNT}:{signature}"))
            .send()
            .await
            .unwrap();
        assert!(made.status().is_success(), "{}", made.text().await.unwrap());
    }

    /// A shared access signature that lets its holder read, list, write and delete until an instant.
    pub fn sas(&self, until: &str) -> String {
        let (permissions, services, kinds, version) = ("rwdlac", "b", "sco", "2019-12-12");
        let signed = format!("{ACCOUNT}\n{permissions}\n{services}\n{kinds}\n\n{until}\n\nhttps,http\n{version}\n");
        let signature = sign(&signed).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let until = until.replace(':', "%3A");
        format!("sv={version}&ss={services}&srt={kinds}&sp={permissions}&se={until}&spr=https%2Chttp&sig={signature}")
    }

    /// The container, for whoever puts blobs there.
    pub fn container(&self) -> Operator {
        let builder = services::Azblob::default()
            .endpoint(&self.endpoint())
            .container(CONTAINER)
            .account_name(ACCOUNT)
            .account_key(KEY);
        opendal::install_default();
        Operator::new(builder).unwrap()
    }
}

fn sign(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
