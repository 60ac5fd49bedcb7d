//! SFTP: who is asked and as whom, and how a session begins.

mod host_key;
mod session;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::civil::Date;
use russh::{
    MethodKind,
    client::{self, AuthResult, KeyboardInteractiveAuthResponse},
    keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key},
};
use russh_sftp::client::RawSftpSession;
use secrecy::ExposeSecret;
use tokio::{net::TcpStream, time::timeout};

use super::StoreError;
use crate::{
    settings::{Secret, Section},
    source::https::is_link_local,
};

use host_key::{Trust, Trusted};

pub(super) use session::Connection;

/// An SFTP server, and who we are to it.
#[derive(Debug, Clone)]
pub struct Sftp {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user we are.
    pub user: String,
    credential: Credential,
    trust: Trust,
    /// Until when the host's key was agreed.
    pub host_key_until: Option<Date>,
}

#[derive(Debug, Clone)]
enum Credential {
    Password(Secret),
    Key { key: Secret, passphrase: Option<Secret> },
}

impl Sftp {
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let host = table.text("host").filter(|host| {
            let plain = host.chars().all(|c| c.is_ascii_alphanumeric() || "-.:".contains(c));
            if !plain {
                table.refuse("host", "a host's name without sftp:// and folder", "host = \"sftp.partner.example\"");
            }
            plain
        });
        let port = u16::try_from(table.integer_or("port", 22)).ok().filter(|port| *port > 0);
        if port.is_none() {
            table.refuse("port", "a port from 1 to 65535", "port = 22");
        }
        let user = table.text("user");
        let (password, key) = (table.secret_opt("password"), table.secret_opt("key"));
        let passphrase = table.secret_opt("key_passphrase");
        let credential = match (password, key, passphrase) {
            (Some(password), None, None) => Some(Credential::Password(password)),
            (None, Some(key), passphrase) => Some(Credential::Key { key, passphrase }),
            _ => {
                let write = "key = { file = \"/etc/quarterday/sftp-key\" }";
                table.refuse("key", "either key, with key_passphrase if it has one, or password", write);
                None
            }
        };
        let trust = Trust::settle(table);
        let (trust, host_key_until) = trust?;
        Some(Self { host: host?, port: port?, user: user?, credential: credential?, trust, host_key_until })
    }

    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match &self.credential {
            Credential::Password(password) => vec![password],
            Credential::Key { key, passphrase } => std::iter::once(key).chain(passphrase).collect(),
        }
    }

    /// The server and the user, as people write them.
    pub(super) fn address(&self) -> String {
        let port = if self.port == 22 { String::new() } else { format!(":{}", self.port) };
        format!("sftp://{}@{}{port}", self.user, self.host)
    }

    pub(super) fn trusted(&self, home: &Path) -> Result<Trusted, StoreError> {
        self.trust.keys_of(&self.host, self.port, home)
    }

    /// Connects, makes sure who is there, and signs in.
    pub(super) async fn connect(
        &self,
        home: &Path,
        environment: &BTreeMap<String, String>,
        patience: Duration,
    ) -> Result<Connection, StoreError> {
        let at = self.address();
        let trusted = self.trusted(home)?;
        // Before anybody is asked: a secret that is not there is nobody else's fault.
        let resolved =
            |secret: &Secret| secret.resolve(environment).map_err(|why| StoreError::Secret { place: at.clone(), why });
        let credential = match &self.credential {
            Credential::Password(password) => Ready::Password(resolved(password)?),
            Credential::Key { key, passphrase } => {
                let passphrase = passphrase.as_ref().map(&resolved).transpose()?;
                let unlocked =
                    decode_secret_key(resolved(key)?.expose_secret(), passphrase.as_ref().map(|p| p.expose_secret()));
                let key = unlocked.map_err(|_| StoreError::Key {
                    place: at.clone(),
                    why: match passphrase {
                        Some(_) => "does not open with key_passphrase",
                        None => "cannot be read: it needs key_passphrase, or is no OpenSSH, PKCS#8 or PuTTY key",
                    }
                    .into(),
                })?;
                Ready::Key(Arc::new(key))
            }
        };
        let mut handle = self.reach(&trusted, patience).await.map_err(|error| error.at(&at))?;
        let signed_in = within(patience, "the sign-in", self.sign_in(&mut handle, credential)).await;
        signed_in.map_err(|error| error.at(&at))?;
        let opened = within(patience, "opening a session", async {
            let channel = handle.channel_open_session().await.map_err(|error| lost(&error))?;
            channel.request_subsystem(true, "sftp").await.map_err(|error| lost(&error))?;
            let sftp = RawSftpSession::new(channel.into_stream());
            sftp.set_timeout(patience.as_secs().max(1));
            sftp.init().await.map_err(|error| session::failed("opening a session", &error))?;
            Ok(sftp)
        });
        let sftp = opened.await.map_err(|error| error.at(&at))?;
        Ok(Connection::new(sftp, handle))
    }

    /// A connection to a server that has shown one of the agreed keys.
    async fn reach(&self, trusted: &Trusted, patience: Duration) -> Result<client::Handle<Check>, StoreError> {
        let host = self.host.trim_matches(['[', ']']);
        let found = within(patience, "finding the host", async {
            let found = tokio::net::lookup_host((host, self.port)).await;
            found
                .map(Vec::from_iter)
                .map_err(|error| StoreError::unreachable(format!("its host is not found ({error})")))
        });
        let addresses = found.await?;
        if addresses.iter().any(|address| is_link_local(address.ip())) {
            let why = "its host is a link-local address".into();
            return Err(StoreError::Refused { place: String::new(), why });
        }
        let mut shown = Vec::new();
        for kind in trusted.kinds() {
            let check = Check { trusted: trusted.clone(), shown: Arc::default() };
            let seen = Arc::clone(&check.shown);
            let reached = within(patience, "the connection", async {
                let stream = TcpStream::connect(addresses.as_slice()).await;
                let stream = stream.map_err(|error| StoreError::unreachable(error.to_string()))?;
                Ok(client::connect_stream(Arc::new(config(kind, patience)), stream, check).await)
            });
            match reached.await? {
                Ok(handle) => return Ok(handle),
                // It has no key of this kind; the next is asked for.
                Err(russh::Error::NoCommonAlgo { kind: russh::AlgorithmKind::Key, .. }) => {}
                Err(error) => match seen.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    Some(print) => shown.push(print),
                    None => return Err(lost(&error)),
                },
            }
        }
        let host = format!("{}:{}", self.host, self.port);
        match shown.is_empty() {
            true => {
                Err(StoreError::unreachable("the server has no host key of a kind that is used (Ed25519 or ECDSA)"))
            }
            false => Err(StoreError::HostKey { host, shown: shown.join(" and "), known: trusted.words() }),
        }
    }

    async fn sign_in(&self, handle: &mut client::Handle<Check>, credential: Ready) -> Result<(), StoreError> {
        let (answer, with) = match &credential {
            Ready::Password(password) => {
                (handle.authenticate_password(&self.user, password.expose_secret()).await, "password")
            }
            Ready::Key(key) => {
                // A server that knows nothing better than SHA-1 is not given it.
                let hash = match key.algorithm().is_rsa() {
                    true => {
                        Some(handle.best_supported_rsa_hash().await.ok().flatten().flatten().unwrap_or(HashAlg::Sha512))
                    }
                    false => None,
                };
                let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
                (handle.authenticate_publickey(&self.user, key).await, "key")
            }
        };
        let AuthResult::Failure { remaining_methods, partial_success } = answer.map_err(|error| lost(&error))? else {
            return Ok(());
        };
        if let Ready::Password(password) = &credential
            && remaining_methods.contains(&MethodKind::KeyboardInteractive)
            && self.answer_questions(handle, password.expose_secret()).await?
        {
            return Ok(());
        }
        let why = if partial_success {
            "it wants a second factor, which a daemon has not; ask the partner for a sign-in by key alone".to_owned()
        } else {
            format!(
                "the {with} of {} is not accepted; look at it, and ask the partner whether the account is open and knows it",
                self.user
            )
        };
        Err(StoreError::SignIn { place: String::new(), why })
    }

    /// Servers that ask for the password as a question get it as an answer, once.
    async fn answer_questions(&self, handle: &mut client::Handle<Check>, password: &str) -> Result<bool, StoreError> {
        let mut asked = handle.authenticate_keyboard_interactive_start(&self.user, None).await;
        let mut answered = false;
        loop {
            match asked.map_err(|error| lost(&error))? {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answers = match prompts.len() {
                        0 => Vec::new(),
                        1 if !answered => vec![password.to_owned()],
                        _ => return Ok(false),
                    };
                    answered |= !answers.is_empty();
                    asked = handle.authenticate_keyboard_interactive_respond(answers).await;
                }
            }
        }
    }
}

enum Ready {
    Password(secrecy::SecretString),
    Key(Arc<russh::keys::PrivateKey>),
}

fn config(kind: &[Algorithm], patience: Duration) -> client::Config {
    // A server that is silent is asked whether it is still there; judging a file may take longer than its patience.
    let mut config = client::Config { nodelay: true, keepalive_interval: Some(patience), ..Default::default() };
    config.preferred.key = kind.to_vec().into();
    config
}

/// Lets the connection go on only if the server shows an agreed key; remembers the one it showed.
struct Check {
    trusted: Trusted,
    shown: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Check {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        if self.trusted.is(key) {
            return Ok(true);
        }
        let print = format!("{} ({})", key.fingerprint(HashAlg::Sha256), key.algorithm());
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(print);
        Ok(false)
    }
}

fn lost(error: &russh::Error) -> StoreError {
    StoreError::unreachable(match error {
        russh::Error::HUP | russh::Error::Disconnect | russh::Error::SendError => "the server hung up".to_owned(),
        error => error.to_string(),
    })
}

async fn within<T>(
    patience: Duration,
    what: &str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::unreachable(format!("{what} took longer than {} s", patience.as_secs())));
    timeout(patience, work).await.unwrap_or_else(late)
}
