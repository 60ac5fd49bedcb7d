//! The mailbox over IMAP: TLS from the first byte, a deadline for each command, and nothing left behind but moved letters.

use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_imap::{Authenticator, Client, error::Error, types::Fetch};
use bytes::Bytes;
use futures::TryStreamExt;
use jiff::Timestamp;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    BEGINNING, Fetched, KEPT_TOKEN, Listed, MOST_BYTES, MOST_LISTED, MailboxError, PATIENCE, Settings, Way, authority,
    settings::SignIn,
    token::{Tokens, client},
    words,
};

/// How long the whole of a large message may take.
const LONGEST_FETCH: Duration = Duration::from_secs(300);

type Wire = TlsStream<TcpStream>;

/// A mailbox behind an IMAP server.
pub(super) struct Imap {
    host: String,
    port: u16,
    user: String,
    folder: String,
    key: Key,
    tls: TlsConnector,
}

enum Key {
    Password(SecretString),
    Tokens(Box<Tokens>),
}

impl std::fmt::Debug for Imap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Imap({}:{})", self.host, self.port)
    }
}

impl Imap {
    pub(super) fn open(
        settings: &Settings,
        environment: &BTreeMap<String, String>,
        data: &Path,
    ) -> Result<Self, MailboxError> {
        let Way::Imap { host, port, sign_in } = &settings.way else {
            return Err(MailboxError::Client("it is no IMAP mailbox".into()));
        };
        let key = match sign_in {
            SignIn::Password(secret) => {
                let password = secret.resolve(environment);
                Key::Password(password.map_err(|source| MailboxError::Secret { key: "password", source })?)
            }
            SignIn::OAuth2(oauth2) => {
                let client = client(settings.ca_file.as_deref())?;
                let kept = data.join(KEPT_TOKEN);
                Key::Tokens(Box::new(Tokens::open(oauth2, &settings.user, client, environment, kept)?))
            }
        };
        Ok(Self {
            host: host.clone(),
            port: *port,
            user: settings.user.clone(),
            folder: settings.folder.clone(),
            key,
            tls: connector(settings)?,
        })
    }

    /// Connects, signs in and opens the folder; a token that was had before and is refused is renewed once.
    pub(super) async fn session(&self) -> Result<Session, MailboxError> {
        let imap = match &self.key {
            Key::Password(password) => {
                let client = self.connect().await?;
                self.signed_in(timeout(PATIENCE, client.login(&self.user, password.expose_secret())).await)?
            }
            Key::Tokens(tokens) => match self.with_token(tokens).await {
                Err(Refused { error, was_new: false }) if error.is_sign_in() => {
                    self.with_token(tokens).await.map_err(|refused| refused.error)?
                }
                other => other.map_err(|refused| refused.error)?,
            },
        };
        let mut session = Session { host: self.host.clone(), imap };
        let selected = timeout(PATIENCE, session.imap.select(&self.folder)).await;
        session.settled("open the folder that is read", selected)?;
        Ok(session)
    }

    /// A connection that has been greeted.
    async fn connect(&self) -> Result<Client<Wire>, MailboxError> {
        let reached = timeout(PATIENCE, async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::try_from(self.host.clone()).map_err(io::Error::other)?;
            self.tls.connect(name, stream).await
        });
        let reached = reached.await.map_err(|_| self.unreachable(too_long()))?;
        let stream = reached.map_err(|error| self.unreachable(error.to_string()))?;
        let mut client = Client::new(stream);
        match timeout(PATIENCE, client.read_response()).await {
            Ok(Ok(Some(_))) => Ok(client),
            Ok(Ok(None)) => Err(self.unreachable("it hung up".into())),
            Ok(Err(error)) => Err(self.unreachable(error.to_string())),
            Err(_) => Err(self.unreachable(too_long())),
        }
    }

    async fn with_token(&self, tokens: &Tokens) -> Result<async_imap::Session<Wire>, Refused> {
        let failed = |error| Refused { error, was_new: true };
        let access = tokens.get().await.map_err(failed)?;
        let client = self.connect().await.map_err(failed)?;
        let refusal = Arc::new(OnceLock::new());
        let bearer = Bearer { user: &self.user, token: Some(access.token), refusal: Arc::clone(&refusal) };
        let answer = timeout(PATIENCE, client.authenticate("XOAUTH2", bearer)).await;
        let error = match (self.signed_in(answer), refusal.get()) {
            (Ok(imap), _) => return Ok(imap),
            (Err(MailboxError::SignIn { host, user, .. }), Some(says)) => {
                MailboxError::SignIn { host, user, says: says.clone() }
            }
            (Err(error), _) => error,
        };
        if error.is_sign_in() {
            tokens.forget().await;
        }
        Err(Refused { error, was_new: access.is_new })
    }

    fn signed_in(&self, answer: SignedIn) -> Result<async_imap::Session<Wire>, MailboxError> {
        match answer {
            Err(_) => Err(self.unreachable(too_long())),
            Ok(Ok(imap)) => Ok(imap),
            // A server may repeat what it was told, so of its words only its code is taken.
            Ok(Err((Error::No(says) | Error::Bad(says), _))) => {
                Err(MailboxError::SignIn { host: self.host.clone(), user: self.user.clone(), says: code(&says) })
            }
            Ok(Err((error, _))) => Err(self.unreachable(plain(&error))),
        }
    }

    fn unreachable(&self, why: String) -> MailboxError {
        MailboxError::Unreachable { host: self.host.clone(), why }
    }
}

/// What became of a sign-in, where it was in time.
type SignedIn = Result<Result<async_imap::Session<Wire>, (Error, Client<Wire>)>, tokio::time::error::Elapsed>;

/// A sign-in by token that failed.
struct Refused {
    error: MailboxError,
    /// Whether another token would fare no better.
    was_new: bool,
}

/// One conversation, the folder open.
pub struct Session {
    host: String,
    imap: async_imap::Session<Wire>,
}

impl Session {
    pub(super) async fn list(&mut self) -> Result<Vec<Listed>, MailboxError> {
        let what = "list the messages";
        let found = timeout(PATIENCE, self.imap.uid_search("UNDELETED")).await;
        let mut found: Vec<u32> = self.settled(what, found)?.into_iter().collect();
        found.sort_unstable();
        found.truncate(MOST_LISTED + 1);
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let set = found.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
        let heads = self.ask(what, &set, "(UID RFC822.SIZE INTERNALDATE)", PATIENCE).await?;
        let listed = found.into_iter().map(|uid| {
            let head = heads.iter().find(|one| one.uid == Some(uid));
            let arrived = head.and_then(Fetch::internal_date);
            Listed {
                id: uid.to_string(),
                size: head.and_then(|one| one.size).map(u64::from),
                arrived: arrived.and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
            }
        });
        Ok(listed.collect())
    }

    pub(super) async fn fetch(&mut self, listed: &Listed) -> Result<Fetched, MailboxError> {
        let what = "hand over a message";
        // What does not say how large it is could be of any size.
        let fits = listed.size.is_some_and(|size| size <= MOST_BYTES);
        let query = if fits { "(UID BODY.PEEK[])".to_owned() } else { format!("(UID BODY.PEEK[]<0.{BEGINNING}>)") };
        let found = self.ask(what, &listed.id, &query, LONGEST_FETCH).await?;
        let it = found.iter().find(|one| one.uid.is_some_and(|uid| uid.to_string() == listed.id));
        let body = it.map(|one| Bytes::copy_from_slice(one.body().unwrap_or_default()));
        Ok(match body {
            Some(body) if fits || body.len() < BEGINNING => Fetched::Whole(body),
            Some(body) => Fetched::TooLarge(body),
            None => Fetched::Gone,
        })
    }

    pub(super) async fn move_to(&mut self, listed: &Listed, folder: &str) -> Result<(), MailboxError> {
        let moved = timeout(PATIENCE, self.imap.uid_mv(&listed.id, folder)).await;
        if !matches!(moved, Ok(Err(Error::No(_)))) {
            return self.settled("move a message", moved);
        }
        // The folder may not be there yet; that it is there already is no failure.
        let _ = timeout(PATIENCE, self.imap.create(folder)).await;
        let moved = timeout(PATIENCE, self.imap.uid_mv(&listed.id, folder)).await;
        self.settled("move a message", moved)
    }

    pub(super) async fn end(mut self) {
        let _ = timeout(Duration::from_secs(5), self.imap.logout()).await;
    }

    async fn ask(
        &mut self,
        what: &'static str,
        set: &str,
        query: &str,
        patience: Duration,
    ) -> Result<Vec<Fetch>, MailboxError> {
        let asked = timeout(patience, async {
            let stream = self.imap.uid_fetch(set, query).await?;
            stream.try_collect::<Vec<Fetch>>().await
        });
        let found = asked.await;
        self.settled(what, found)
    }

    fn settled<T>(
        &self,
        what: &'static str,
        answer: Result<Result<T, Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, MailboxError> {
        let host = self.host.clone();
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Error::No(says) | Error::Bad(says))) => {
                Err(MailboxError::Refused { host, what, says: words(&says) })
            }
            Ok(Err(error)) => Err(MailboxError::Unreachable { host, why: plain(&error) }),
            Err(_) => Err(MailboxError::Unreachable { host, why: too_long() }),
        }
    }
}

/// What of an error may be told: nothing that the server sent.
fn plain(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        Error::ConnectionLost => "the connection broke off".to_owned(),
        Error::Validate(_) => "a name or a password holds a character that IMAP cannot carry".to_owned(),
        _ => "it answered something that cannot be read".to_owned(),
    }
}

fn too_long() -> String {
    format!("it said nothing for {} s", PATIENCE.as_secs())
}

/// The code in square brackets, such as `AUTHENTICATIONFAILED`.
fn code(says: &str) -> String {
    let inner = says.split_once("code: Some(").map(|(_, rest)| rest);
    let word = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).take(40).collect::<String>();
    let found = inner.map(word).filter(|word| !word.is_empty() && word != "Other");
    found.unwrap_or_else(|| "it says no".to_owned())
}

fn connector(settings: &Settings) -> Result<TlsConnector, MailboxError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = &settings.ca_file {
        let wrong = |why: String| MailboxError::Authority { path: path.clone(), why };
        let pem = authority(path)?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| wrong(format!("is unusable ({error})")))?;
            roots.add(certificate).map_err(|error| wrong(format!("is unusable ({error})")))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| MailboxError::Client(error.to_string()))?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

/// Answers the challenge of XOAUTH2: once with the token, then emptily, as a server that refused it expects.
struct Bearer<'a> {
    user: &'a str,
    token: Option<SecretString>,
    /// The server's code for why it refused it.
    refusal: Arc<OnceLock<String>>,
}

/// What a server says of a token that it refuses; of its words only the code.
#[derive(Deserialize)]
struct Challenge {
    status: String,
}

impl Authenticator for Bearer<'_> {
    type Response = String;

    fn process(&mut self, challenge: &[u8]) -> String {
        if let Some(token) = self.token.take() {
            return format!("user={}\u{1}auth=Bearer {}\u{1}\u{1}", self.user, token.expose_secret());
        }
        if let Ok(Challenge { status }) = serde_json::from_slice(challenge) {
            let plain = status.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40);
            let _ = self.refusal.set(format!("status {}", plain.collect::<String>()));
        }
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_refused_sign_in_only_the_code_is_told() {
        assert_eq!(code("code: Some(AuthenticationFailed), info: Some(\"CANARY\")"), "AuthenticationFailed");
        assert_eq!(code("code: None, info: Some(\"LOGIN failed for CANARY\")"), "it says no");
    }

    #[test]
    fn a_token_is_given_once() {
        let refusal = Arc::new(OnceLock::new());
        let token = Some(SecretString::from("t0ken".to_owned()));
        let mut bearer = Bearer { user: "returns@board.example", token, refusal: Arc::clone(&refusal) };
        assert_eq!(bearer.process(b""), "user=returns@board.example\u{1}auth=Bearer t0ken\u{1}\u{1}");
        assert_eq!(bearer.process(b"{\"status\":\"invalid_token\",\"scope\":\"CANARY\"}"), "");
        assert_eq!(refusal.get().map(String::as_str), Some("status invalid_token"));
    }
}
