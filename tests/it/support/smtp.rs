//! A scripted SMTP relay on loopback: it does as a script says at each verb, and remembers what it accepted.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// Where in a conversation the script is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
}

/// What the relay does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// As a relay should.
    Go,
    /// Closes the connection.
    Drop,
    /// Says nothing more.
    Stall,
    /// Answers this.
    Say(&'static str),
    /// At the dot: keeps the message and closes the connection without a word.
    KeepAndDrop,
    /// At the dot: keeps the message and says nothing more.
    KeepAndStall,
}

/// Whether the relay speaks TLS.
#[derive(Clone)]
pub enum Tls {
    Never,
    Upgraded(TlsAcceptor),
    AtOnce(TlsAcceptor),
}

/// A message the relay accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub sender: String,
    pub recipient: String,
    pub bytes: String,
}

impl Kept {
    pub fn header(&self, name: &str) -> Option<&str> {
        let head = self.bytes.split("\n\n").next().unwrap_or("");
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

type Script = Arc<dyn Fn(Verb, &str) -> Act + Send + Sync>;

/// A running relay; it stops when it is dropped.
pub struct Relay {
    pub address: SocketAddr,
    seen: Arc<Seen>,
    listening: JoinHandle<()>,
}

type Delivery = Box<dyn Fn(&Kept) + Send + Sync>;

#[derive(Default)]
struct Seen {
    /// What becomes of a message before its sender hears that it was taken.
    delivery: Option<Delivery>,
    kept: Mutex<Vec<Kept>>,
    lines: Mutex<Vec<String>>,
    connections: AtomicUsize,
    lost_acknowledgements: AtomicUsize,
    /// The Message-IDs of what was kept without the client hearing of it, one for each time.
    unheard: Mutex<Vec<String>>,
}

impl Seen {
    fn lost(&self, id: &str) {
        self.lost_acknowledgements.fetch_add(1, Ordering::SeqCst);
        self.unheard.lock().unwrap().push(id.to_owned());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Relay {
    /// Starts a relay that does as `script` says at each verb; it is handed the line the client sent.
    pub async fn start(tls: Tls, script: impl Fn(Verb, &str) -> Act + Send + Sync + 'static) -> Self {
        Self::serve(tls, Arc::new(script), Seen::default()).await
    }

    /// One that takes letters in: each is delivered before it says so.
    pub async fn delivering(delivery: impl Fn(&Kept) + Send + Sync + 'static) -> Self {
        let seen = Seen { delivery: Some(Box::new(delivery)), ..Seen::default() };
        Self::serve(Tls::Never, Arc::new(|_, _| Act::Go), seen).await
    }

    async fn serve(tls: Tls, script: Script, seen: Seen) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(seen);
        let shared = seen.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, script, tls) = (shared.clone(), script.clone(), tls.clone());
                tokio::spawn(async move {
                    // A client that hangs up is an everyday matter.
                    let _ = serve(stream, tls, script, seen).await;
                });
            }
        });
        Self { address, seen, listening }
    }

    /// A relay that does everything as it should.
    pub async fn honest() -> Self {
        Self::start(Tls::Never, |_, _| Act::Go).await
    }

    pub fn kept(&self) -> Vec<Kept> {
        self.seen.kept.lock().unwrap().clone()
    }

    /// How many it kept.
    pub fn count(&self) -> usize {
        self.seen.kept.lock().unwrap().len()
    }

    /// Every line a client sent, message bodies left out.
    pub fn lines(&self) -> Vec<String> {
        self.seen.lines.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// The Message-IDs of what it kept without the client hearing of it, one for each time.
    pub fn unheard(&self) -> Vec<String> {
        self.seen.unheard.lock().unwrap().clone()
    }

    /// How many messages it kept without the client hearing of it.
    pub fn lost_acknowledgements(&self) -> usize {
        self.seen.lost_acknowledgements.load(Ordering::SeqCst)
    }
}

/// A certificate for "localhost" and the authority that signed it, in PEM.
pub fn certificate() -> (TlsAcceptor, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority_certificate.pem())
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

struct Gone;

impl From<std::io::Error> for Gone {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

struct Talk {
    wire: BufReader<Box<dyn Wire>>,
    script: Script,
    seen: Arc<Seen>,
}

async fn serve(stream: TcpStream, tls: Tls, script: Script, seen: Arc<Seen>) -> Result<(), Gone> {
    let wire: Box<dyn Wire> = match &tls {
        Tls::AtOnce(acceptor) => Box::new(acceptor.accept(stream).await?),
        Tls::Never | Tls::Upgraded(_) => Box::new(stream),
    };
    let mut talk = Talk { wire: BufReader::new(wire), script, seen };
    let mut encrypted = matches!(tls, Tls::AtOnce(_));
    talk.act(Verb::Greeting, "", "220 relay ready").await?;
    let (mut sender, mut recipient) = (String::new(), None);
    loop {
        let line = talk.line().await?;
        talk.seen.lines.lock().unwrap().push(line.clone());
        let word = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => {
                let starttls = matches!(tls, Tls::Upgraded(_)) && !encrypted;
                let offers = if starttls { "250-STARTTLS\r\n" } else { "" };
                let offers = format!("250-relay\r\n{offers}250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN XOAUTH2");
                talk.act(Verb::Ehlo, &line, &offers).await?;
            }
            "STARTTLS" => {
                talk.act(Verb::StartTls, &line, "220 go ahead").await?;
                let Tls::Upgraded(acceptor) = &tls else { return Ok(()) };
                let Talk { wire, script, seen } = talk;
                let wire: Box<dyn Wire> = Box::new(acceptor.accept(wire.into_inner()).await?);
                talk = Talk { wire: BufReader::new(wire), script, seen };
                encrypted = true;
            }
            "AUTH" => {
                talk.act(Verb::Auth, &line, "235 welcome").await?;
            }
            "MAIL" => {
                sender = line.clone();
                talk.act(Verb::Mail, &line, "250 sender fine").await?;
            }
            "RCPT" => {
                if talk.act(Verb::Rcpt, &line, "250 recipient fine").await? {
                    assert!(recipient.replace(line).is_none(), "one recipient an envelope");
                }
            }
            "DATA" => {
                if talk.act(Verb::Data, &line, "354 go on").await? {
                    talk.message(&sender, recipient.take().unwrap_or_default()).await?;
                }
            }
            // The answer to a challenge that refuses a token.
            "" => talk.say("535 5.7.3 Authentication unsuccessful").await?,
            "RSET" => {
                recipient = None;
                talk.say("250 forgotten").await?;
            }
            "QUIT" => return talk.say("221 bye").await,
            "NOOP" => talk.say("250 2.0.0 still here").await?,
            _ => talk.say("502 unknown").await?,
        }
    }
}

impl Talk {
    /// Asks the script and answers; says whether it went as it should.
    async fn act(&mut self, verb: Verb, line: &str, usual: &str) -> Result<bool, Gone> {
        match (self.script)(verb, line) {
            Act::Go => {
                self.say(usual).await?;
                Ok(true)
            }
            Act::Say(answer) => {
                self.say(answer).await?;
                if answer.starts_with("421") { Err(Gone) } else { Ok(false) }
            }
            Act::Drop | Act::KeepAndDrop => Err(Gone),
            Act::Stall | Act::KeepAndStall => stall().await,
        }
    }

    async fn message(&mut self, sender: &str, recipient: String) -> Result<(), Gone> {
        let mut bytes = String::new();
        match (self.script)(Verb::Body, &recipient) {
            Act::Go => {}
            Act::Stall => return stall().await,
            _ => {
                self.line().await?;
                return Err(Gone);
            }
        }
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            bytes.push_str(line.strip_prefix('.').unwrap_or(&line));
            bytes.push('\n');
        }
        let act = (self.script)(Verb::Dot, &recipient);
        let mut id = String::new();
        if matches!(act, Act::Go | Act::KeepAndDrop | Act::KeepAndStall) {
            let kept = Kept { sender: sender.to_owned(), recipient, bytes };
            id = kept.header("Message-ID").unwrap_or_default().to_owned();
            if let Some(delivery) = &self.seen.delivery {
                delivery(&kept);
            }
            self.seen.kept.lock().unwrap().push(kept);
        }
        match act {
            Act::Go => {
                let said = self.say("250 2.0.0 queued as 7").await;
                if said.is_err() {
                    self.seen.lost(&id);
                }
                said
            }
            Act::Say(answer) => {
                self.say(answer).await?;
                if answer.starts_with("421") { Err(Gone) } else { Ok(()) }
            }
            Act::Drop => Err(Gone),
            Act::Stall => stall().await,
            Act::KeepAndDrop => {
                self.seen.lost(&id);
                Err(Gone)
            }
            Act::KeepAndStall => {
                self.seen.lost(&id);
                stall().await
            }
        }
    }

    async fn line(&mut self) -> Result<String, Gone> {
        let mut line = String::new();
        if self.wire.read_line(&mut line).await? == 0 {
            return Err(Gone);
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn say(&mut self, answer: &str) -> Result<(), Gone> {
        self.wire.write_all(format!("{answer}\r\n").as_bytes()).await?;
        self.wire.flush().await?;
        Ok(())
    }
}

/// Holds the connection open for much longer than a test's deadlines.
async fn stall<T>() -> Result<T, Gone> {
    tokio::time::sleep(Duration::from_secs(5)).await;
    Err(Gone)
}
