//! The relay: one conversation, verb by verb, each with a deadline; nothing is sent that TLS was asked for and lacks.
//!
//! lettre speaks, this file decides: its timeout covers the TCP connection alone. Knows nothing of the outbox.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::Path,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Data, Ehlo, Mail, Rcpt},
    extension::ClientId,
    response::Response,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{net::TcpStream, time::timeout};

use super::{
    MailError, Relay, SignIn, Tls,
    eml::Eml,
    mailer::{Outcome, Verb},
    sign_in::{self, KEPT_TOKEN, NoToken, without_secret},
    way::outside,
};
use crate::source::mailbox::{Tokens, client};

mod knock;

/// The largest message for a relay that does not say how much it takes.
const MOST_BYTES: usize = 25 << 20;

/// How long a relay may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For the connection, its greeting and EHLO.
    pub connect: Duration,
    /// For each verb after that, and for each piece of a message.
    pub verb: Duration,
    /// For the answer to the final dot; to give up sooner means a second copy (RFC 5321, 4.5.3.2.6).
    pub dot: Duration,
}

impl Deadlines {
    /// For a try while a person waits.
    pub fn short() -> Self {
        Self { connect: Duration::from_secs(15), verb: Duration::from_secs(20), dot: Duration::from_secs(60) }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(60), verb: Duration::from_secs(120), dot: Duration::from_secs(600) }
    }
}

/// A relay, ready to be spoken to.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: Option<TlsParameters>,
    mode: Tls,
    sign_in: Option<Key>,
    deadlines: Deadlines,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({}:{}, {:?})", self.host, self.port, self.mode)
    }
}

/// Who signs in, and with what.
#[derive(Clone)]
enum Key {
    Password(String, SecretString),
    Token(String, Arc<Tokens>),
}

/// A verb that failed.
struct Failure {
    verb: Verb,
    /// The reply's code, if there was a reply.
    code: Option<u16>,
    says: String,
}

struct Connection {
    smtp: AsyncSmtpConnection,
    /// The largest message the relay says it takes.
    most_bytes: usize,
}

impl Smtp {
    /// Reads the secrets and the certificates; a token that the provider gives is kept in `data`.
    pub(super) fn open(
        relay: &Relay,
        environment: &BTreeMap<String, String>,
        data: &Path,
        deadlines: Deadlines,
    ) -> Result<Self, MailError> {
        let sign_in = match &relay.sign_in {
            Some(SignIn::Password { user, password }) => {
                Some(Key::Password(user.clone(), password.resolve(environment)?))
            }
            Some(SignIn::OAuth2 { user, oauth2 }) => {
                let client = client(relay.ca_file.as_deref()).map_err(sign_in::error)?;
                let tokens = Tokens::open(oauth2, user, client, environment, data.join(KEPT_TOKEN));
                Some(Key::Token(user.clone(), Arc::new(tokens.map_err(sign_in::error)?)))
            }
            None => None,
        };
        let tls = match relay.tls {
            Tls::None => None,
            Tls::StartTls | Tls::Tls => {
                let mut parameters = TlsParameters::builder(relay.host.clone());
                if let Some(path) = &relay.ca_file {
                    let wrong = |why: String| MailError::Authority { path: path.clone(), why };
                    let pem = fs::read(path).map_err(|e| wrong(format!("cannot be read ({e})")))?;
                    let authority = Certificate::from_pem(&pem).map_err(|e| wrong(format!("is unusable ({e})")))?;
                    parameters = parameters.add_root_certificate(authority);
                }
                Some(parameters.build().map_err(|e| MailError::Tls(e.to_string()))?)
            }
        };
        Ok(Self { host: relay.host.clone(), port: relay.port, tls, mode: relay.tls, sign_in, deadlines })
    }

    pub(super) fn session(&self) -> SmtpSession<'_> {
        SmtpSession { smtp: self, connection: None }
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let failed = |verb, says: String| Failure { verb, code: None, says };
        let addresses = self.look_up().await?;
        let hello = ClientId::default();
        let limit = self.deadlines.connect;
        let mut smtp = match (self.mode, &self.tls) {
            (Tls::Tls, Some(parameters)) => {
                let tls = Some(parameters.clone());
                let opening = AsyncSmtpConnection::connect_tokio1(addresses.as_slice(), Some(limit), &hello, tls, None);
                within(limit, Verb::Connect, opening).await?
            }
            _ => {
                let stream = timeout(limit, TcpStream::connect(addresses.as_slice())).await;
                let stream = stream.map_err(|_| failed(Verb::Connect, too_long(limit)))?;
                let stream = stream.map_err(|e| failed(Verb::Connect, e.to_string()))?;
                // The dot is a small packet after a larger one: without this it waits for the relay's delayed receipt.
                stream.set_nodelay(true).map_err(|e| failed(Verb::Connect, e.to_string()))?;
                let opening = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
                within(limit, Verb::Connect, opening).await?
            }
        };
        let limit = self.deadlines.verb;
        if let (Tls::StartTls, Some(parameters)) = (self.mode, &self.tls) {
            if !smtp.can_starttls() {
                let says = format!(
                    "{} offers no STARTTLS, so nothing was sent; ask its operator (somebody between may be taking it out)",
                    self.host
                );
                return Err(failed(Verb::StartTls, says));
            }
            within(limit, Verb::StartTls, smtp.starttls(parameters.clone(), &hello)).await?;
        }
        if self.mode != Tls::None && !smtp.is_encrypted() {
            return Err(failed(Verb::StartTls, format!("the connection to {} is not encrypted", self.host)));
        }
        // lettre reads no SIZE out of the answer, so it is asked for once more.
        let offers = within(limit, Verb::Connect, smtp.command(Ehlo::new(hello))).await?;
        let most_bytes = offers.message().find_map(size_offered).unwrap_or(MOST_BYTES);
        match &self.sign_in {
            Some(Key::Password(user, password)) => self.by_password(&mut smtp, user, password).await?,
            Some(Key::Token(user, tokens)) => self.by_token(&mut smtp, user, tokens).await?,
            None => {}
        }
        Ok(Connection { smtp, most_bytes })
    }

    async fn by_password(
        &self,
        smtp: &mut AsyncSmtpConnection,
        user: &str,
        password: &SecretString,
    ) -> Result<(), Failure> {
        let credentials = Credentials::new(user.to_owned(), password.expose_secret().to_owned());
        let signing_in = smtp.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
        let answer = within(self.deadlines.verb, Verb::Auth, signing_in).await;
        answer.map_err(|failure| Failure { says: without_secret(&failure.says, user, password), ..failure })?;
        Ok(())
    }

    /// Signs in with a token; one that was had before may have been withdrawn since, so it is asked for anew once.
    async fn by_token(&self, smtp: &mut AsyncSmtpConnection, user: &str, tokens: &Tokens) -> Result<(), Failure> {
        loop {
            let access = tokens.get().await.map_err(|error| match NoToken::from(error) {
                NoToken::Refused(says) => Failure { verb: Verb::Auth, code: Some(535), says },
                NoToken::Later(says, _) => Failure { verb: Verb::Auth, code: None, says },
            })?;
            let signing_in = sign_in::xoauth2(smtp, user, access.token.expose_secret());
            match within(self.deadlines.verb, Verb::Auth, signing_in).await {
                Ok(_) => return Ok(()),
                Err(failure) if failure.code.is_some_and(|code| code >= 500) && !access.is_new => tokens.forget().await,
                Err(failure) => {
                    let says = without_secret(&failure.says, user, &access.token);
                    return Err(Failure { says, ..failure });
                }
            }
        }
    }

    /// The relay's addresses; without TLS each must be in a network of the board's own.
    async fn look_up(&self) -> Result<Vec<SocketAddr>, Failure> {
        let failed = |says: String| Failure { verb: Verb::Connect, code: None, says };
        let found = timeout(self.deadlines.connect, tokio::net::lookup_host((self.host.as_str(), self.port))).await;
        let found = found.map_err(|_| failed(format!("looking up {} took too long", self.host)))?;
        let found = found.map_err(|e| failed(format!("{} cannot be looked up: {e}", self.host)))?;
        let addresses: Vec<SocketAddr> = found.collect();
        if let Some(public) = outside(&addresses).filter(|_| self.mode == Tls::None) {
            let says = format!(
                "{} is at {}, outside your own network, and tls = \"none\" is for a relay inside it; nothing was sent",
                self.host, public
            );
            return Err(failed(says));
        }
        Ok(addresses)
    }
}

/// A conversation with the relay.
pub(super) struct SmtpSession<'a> {
    smtp: &'a Smtp,
    connection: Option<Connection>,
}

impl SmtpSession<'_> {
    pub fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Sends one message; the connection stays open for the next unless it was lost.
    pub async fn send(&mut self, eml: &Eml) -> Outcome {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.smtp.connect().await {
                Ok(connection) => connection,
                Err(failure) => return outcome(failure),
            },
        };
        if eml.bytes.len() > connection.most_bytes {
            let most = connection.most_bytes;
            let says = format!("the relay takes {most} bytes, the message has {}", eml.bytes.len());
            self.connection = Some(connection);
            return Outcome::TooLarge { verb: Verb::Mail, says };
        }
        match self.speak(&mut connection.smtp, eml).await {
            Ok(reply) => {
                self.connection = Some(connection);
                Outcome::Sent(reply)
            }
            Err(failure) => {
                // After a timeout or a lost reply nobody knows where the relay is; after 421 it is leaving.
                let usable = failure.code.is_some_and(|code| code != 421);
                if usable
                    && within(self.smtp.deadlines.verb, failure.verb, connection.smtp.command(Reset)).await.is_ok()
                {
                    self.connection = Some(connection);
                }
                outcome(failure)
            }
        }
    }

    /// Says QUIT, without waiting long for the answer.
    pub async fn close(mut self) {
        if let Some(mut connection) = self.connection.take() {
            let _ = timeout(Duration::from_secs(1), connection.smtp.quit()).await;
        }
    }

    async fn speak(&self, smtp: &mut AsyncSmtpConnection, eml: &Eml) -> Result<String, Failure> {
        let limit = self.smtp.deadlines.verb;
        within(limit, Verb::Mail, smtp.command(Mail::new(Some(eml.sender.clone()), vec![]))).await?;
        within(limit, Verb::Rcpt, smtp.command(Rcpt::new(eml.recipient.clone(), vec![]))).await?;
        within(limit, Verb::Data, smtp.command(Data)).await?;
        let reply = self.body(smtp, &eml.bytes).await?;
        crate::fault::point("mail-after-dot");
        Ok(shown(&format!("{} {}", reply.code(), reply.message().collect::<Vec<_>>().join(" "))))
    }

    /// The message and its final dot. Each piece has the deadline of a verb; the answer to the dot has its own.
    async fn body(&self, smtp: &mut AsyncSmtpConnection, bytes: &[u8]) -> Result<Response, Failure> {
        const PIECE: usize = 64 * 1024;
        const DOT: usize = usize::MAX;
        let reached = AtomicUsize::new(0);
        let mut pieces = bytes.chunks(PIECE);
        let pieces = std::iter::from_fn(|| {
            let piece = pieces.next();
            // When the last piece is written, lettre writes the dot.
            let before = reached.load(Ordering::Relaxed);
            reached.store(if piece.is_some() { before + 1 } else { DOT }, Ordering::Relaxed);
            piece
        });
        let mut sending = pin!(smtp.message_iter(pieces));
        loop {
            let before = reached.load(Ordering::Relaxed);
            let limit = if before == DOT { self.smtp.deadlines.dot } else { self.smtp.deadlines.verb };
            let answer = timeout(limit, &mut sending).await;
            let now = reached.load(Ordering::Relaxed);
            let verb = if now == DOT { Verb::Dot } else { Verb::Body };
            match answer {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(error)) => return Err(failure(verb, &error)),
                Err(_) if now != before => {}
                Err(_) => return Err(Failure { verb, code: None, says: too_long(limit) }),
            }
        }
    }
}

/// `RSET`: the next message begins afresh.
struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RSET\r\n")
    }
}

/// Waits for one verb; when it takes too long the connection is dropped with its caller.
async fn within<T>(limit: Duration, verb: Verb, work: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failure(verb, &error)),
        Err(_) => Err(Failure { verb, code: None, says: too_long(limit) }),
    }
}

fn too_long(limit: Duration) -> String {
    format!("no answer within {} seconds", limit.as_secs_f32())
}

fn failure(verb: Verb, error: &Error) -> Failure {
    let code = error.status().map(|code| code.to_string());
    let says = match (&code, std::error::Error::source(error)) {
        (Some(code), Some(words)) => format!("{code} {words}"),
        _ => error.to_string(),
    };
    Failure { verb, code: code.and_then(|code| code.parse().ok()), says: shown(&says) }
}

/// What a failure means for the message it happened to.
fn outcome(failure: Failure) -> Outcome {
    let Failure { verb, code, says } = failure;
    // 5.2.3 and 5.3.4 are "too large" of the mailbox and of the system (RFC 3463).
    let too_large =
        code == Some(552) || (code.is_some_and(|c| c >= 500) && (says.contains("5.3.4") || says.contains("5.2.3")));
    let for_good = code.is_some_and(|code| code >= 500);
    match verb {
        Verb::Compose | Verb::Connect | Verb::StartTls => Outcome::Down { verb, says },
        // No mechanism in common is as much our settings' fault as a wrong password is.
        Verb::Auth if for_good || (code.is_none() && says.contains("mechanism")) => Outcome::AuthFailed { says },
        Verb::Auth => Outcome::Down { verb, says },
        _ if matches!(code, Some(530 | 535)) => Outcome::AuthFailed { says },
        _ if too_large => Outcome::TooLarge { verb, says },
        // The sender is the same for every message: who refuses it refuses them all.
        Verb::Mail if for_good => Outcome::Down { verb, says },
        Verb::Dot if code.is_none() => Outcome::Unknown { says },
        _ if for_good => Outcome::Refused { verb, says },
        _ => Outcome::Later { verb, says },
    }
}

/// A relay's words in one line of bearable length.
fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() > 300 { line.chars().take(299).chain(['…']).collect() } else { line }
}

/// The limit in a line of the answer to EHLO: "SIZE 35882577"; without a number there is none.
fn size_offered(line: &str) -> Option<usize> {
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("SIZE"))?;
    words.next()?.parse().ok().filter(|most| *most > 0)
}
