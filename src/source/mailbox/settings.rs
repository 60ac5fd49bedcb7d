//! `[mailbox]` of quarterday.toml: where agencies write to, how we get in, and whose word on senders is taken.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::Url;

use super::{Mailbox, MailboxError};
use crate::{
    domain::is_address,
    settings::{Secret, Section},
    source::https,
};

/// The mailbox that agencies write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose mailbox it is: an address.
    pub user: String,
    /// Which way it is reached.
    pub way: Way,
    /// Certificates in PEM that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
    /// The folder that is read.
    pub folder: String,
    /// Where a message goes that needs nothing more.
    pub done_folder: String,
    /// Where a message goes that a person is to look at.
    pub held_folder: String,
    /// How often it is looked into.
    pub poll: Duration,
    /// Whose word on the sender is taken; nobody's is asked for when left out.
    pub proof: Option<Proof>,
}

/// Whose `Authentication-Results` are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Those that begin with this name.
    Server(String),
    /// Exchange Online's: it writes no name, and takes away what others wrote.
    ExchangeOnline,
}

/// Which way a mailbox is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// IMAP, TLS from the first byte.
    Imap {
        /// The server; its certificate must carry the name.
        host: String,
        /// Its port.
        port: u16,
        /// How to sign in.
        sign_in: SignIn,
    },
    /// Microsoft Graph.
    Graph {
        /// Where Graph is.
        base: String,
        /// How to sign in.
        oauth2: OAuth2,
    },
}

/// How to sign in to IMAP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// With a password.
    Password(Secret),
    /// With a token (XOAUTH2).
    OAuth2(OAuth2),
}

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth2 {
    /// The token endpoint.
    pub token_url: String,
    /// The application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Option<Secret>,
    /// The refresh token of a person who gave leave; without one the application signs in as itself.
    pub refresh_token: Option<Secret>,
    /// What is asked for.
    pub scope: String,
}

/// Looked into no less often than this, a letter can be answered within a minute.
const PROMPT: Duration = Duration::from_secs(30);

impl OAuth2 {
    /// The secrets that are shown for a token.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.client_secret.iter().chain(&self.refresh_token)
    }
}

const GRAPH: &str = "https://graph.microsoft.com/v1.0";

impl Settings {
    /// Reads `[mailbox]`. An `example` board reads no mailbox but one on this machine: it would take letters away.
    pub fn settle(section: &mut Section<'_>, example: bool) -> Option<Self> {
        let kind = section.one_of("kind", &["imap", "graph"]);
        let user = section.text("user");
        if user.as_deref().is_some_and(|user| !is_address(user)) {
            section.refuse("user", "the mailbox's address", "user = \"returns@board.example\"");
        }
        let inbox = if kind == Some("graph") { "inbox" } else { "INBOX" };
        let folder = folder(section, "folder", inbox);
        let done_folder = folder_beside(section, "done_folder", "Quarterday done", &folder);
        let held_folder = folder_beside(section, "held_folder", "Quarterday held", &folder);
        let poll = section.integer_or("poll_seconds", 30);
        let poll = u64::try_from(poll).ok().filter(|seconds| (5..=3600).contains(seconds));
        if poll.is_none() {
            section.refuse("poll_seconds", "a number of seconds from 5 to 3600", "poll_seconds = 30");
        }
        let ca_file = section.text_opt("ca_file").map(PathBuf::from);
        let proof = settle_proof(section);
        let way = match kind? {
            "imap" => settle_imap(section),
            _ => settle_graph(section),
        }?;
        if example && !is_here(&way) {
            section.refuse("kind", "no mailbox of others, since the board is an example", "remove [mailbox]");
            return None;
        }
        Some(Self {
            user: user?,
            way,
            ca_file,
            folder,
            done_folder,
            held_folder,
            poll: Duration::from_secs(poll?),
            proof,
        })
    }

    /// What is to be known of how often it is looked into: senders are promised an answer within a minute.
    pub fn note(&self) -> Option<String> {
        (self.poll > PROMPT).then(|| {
            format!(
                "the mailbox is looked into every {} seconds only, so an answer can come later than the minute that is \
                 promised; leave poll_seconds of [mailbox] out, or write 30 or less",
                self.poll.as_secs()
            )
        })
    }

    /// What of its secrets and certificates cannot be used. What systemd shows to the service alone is looked at only by
    /// the service.
    pub fn check_files(&self, environment: &BTreeMap<String, String>) -> Option<MailboxError> {
        let systemd = |secret: &&Secret| matches!(secret, Secret::File(path) if path.starts_with("/run/credentials"));
        if self.secrets().iter().any(systemd) && !environment.contains_key("CREDENTIALS_DIRECTORY") {
            return None;
        }
        // What lies in the data folder is looked at only by who signs in.
        Mailbox::open(self.clone(), environment, Path::new("")).err()
    }

    /// The server that is spoken to.
    pub(super) fn host(&self) -> String {
        match &self.way {
            Way::Imap { host, .. } => host.clone(),
            Way::Graph { base, .. } => https::host_of(base).unwrap_or_default(),
        }
    }

    /// The address of the host that gives it tokens, if one does.
    pub fn token_url(&self) -> Option<&str> {
        self.oauth2().map(|oauth2| oauth2.token_url.as_str())
    }

    /// Whether each sign-in may use a token up, so that only one may sign in.
    pub fn renews_its_token(&self) -> bool {
        self.oauth2().is_some_and(|oauth2| oauth2.refresh_token.is_some())
    }

    fn oauth2(&self) -> Option<&OAuth2> {
        match &self.way {
            Way::Imap { sign_in: SignIn::OAuth2(oauth2), .. } | Way::Graph { oauth2, .. } => Some(oauth2),
            Way::Imap { sign_in: SignIn::Password(_), .. } => None,
        }
    }

    fn secrets(&self) -> Vec<&Secret> {
        match &self.way {
            Way::Imap { sign_in: SignIn::Password(secret), .. } => vec![secret],
            Way::Imap { sign_in: SignIn::OAuth2(oauth2), .. } | Way::Graph { oauth2, .. } => oauth2.secrets().collect(),
        }
    }
}

fn settle_imap(section: &mut Section<'_>) -> Option<Way> {
    let host = section.text("host");
    let port = u16::try_from(section.integer_or("port", 993)).ok().filter(|port| *port > 0);
    if port.is_none() {
        section.refuse("port", "a port from 1 to 65535", "port = 993");
    }
    let password = section.secret_opt("password");
    let oauth2 = section.section_opt("oauth2").map(|mut table| settle_oauth2(&mut table, "outlook.office365.com"));
    let sign_in = match (password, oauth2) {
        (Some(password), None) => Some(SignIn::Password(password)),
        (None, Some(oauth2)) => oauth2.map(SignIn::OAuth2),
        (None, None) => {
            if !section.has("password") {
                let write = "password = { file = \"/etc/quarterday/mailbox-password\" }, or [mailbox.oauth2]";
                section.refuse("password", "the password of user", write);
            }
            None
        }
        (Some(_), Some(_)) => {
            section.refuse("password", "either a password or [mailbox.oauth2]", "one of the two");
            None
        }
    };
    Some(Way::Imap { host: host?, port: port?, sign_in: sign_in? })
}

fn settle_graph(section: &mut Section<'_>) -> Option<Way> {
    let base = section.text_or("base", GRAPH);
    if let Some(expected) = https::refusal(&base) {
        section.refuse("base", &expected, &format!("base = \"{GRAPH}\""));
    }
    let oauth2 = section.section("oauth2").and_then(|mut table| settle_oauth2(&mut table, "graph.microsoft.com"));
    Some(Way::Graph { base: base.trim_end_matches('/').to_owned(), oauth2: oauth2? })
}

/// Reads where tokens come from; `resource` is the host they are for.
pub fn settle_oauth2(table: &mut Section<'_>, resource: &str) -> Option<OAuth2> {
    let token_url = table.text("token_url");
    if let Some(expected) = token_url.as_deref().and_then(https::refusal) {
        let write = "token_url = \"https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token\"";
        table.refuse("token_url", &expected, write);
    }
    let client_id = table.text("client_id");
    let client_secret = table.secret_opt("client_secret");
    let refresh_token = table.secret_opt("refresh_token");
    if client_secret.is_none() && refresh_token.is_none() && !table.has("client_secret") && !table.has("refresh_token")
    {
        let write = "client_secret = { file = \"/etc/quarterday/mailbox-secret\" }";
        table.refuse("client_secret", "the application's secret, or a refresh_token", write);
    }
    let scope = table.text_or("scope", &format!("https://{resource}/.default"));
    Some(OAuth2 { token_url: token_url?, client_id: client_id?, client_secret, refresh_token, scope })
}

fn settle_proof(section: &mut Section<'_>) -> Option<Proof> {
    let required = section.boolean_or("require_authentication", true);
    let server = section.text_opt("authserv_id");
    match (required, server.as_deref()) {
        (true, None) => {
            section.refuse(
                "authserv_id",
                "the name with which your mail server begins its Authentication-Results",
                "authserv_id = \"mx.board.example\", or \"exchange-online\" for Microsoft 365",
            );
            None
        }
        (_, Some("exchange-online")) => required.then_some(Proof::ExchangeOnline),
        (_, server) => server.filter(|_| required).map(|server| Proof::Server(server.to_owned())),
    }
}

/// A folder's name: what IMAP takes without an encoding of its own.
fn folder(section: &mut Section<'_>, key: &str, usual: &str) -> String {
    let name = section.text_or(key, usual);
    if !name.chars().all(|c| (' '..='~').contains(&c) && !"\"\\*%&".contains(c)) || name.len() > 120 {
        section.refuse(key, "a folder named in plain letters", &format!("{key} = \"{usual}\""));
    }
    name
}

fn folder_beside(section: &mut Section<'_>, key: &str, usual: &str, read: &str) -> String {
    let name = folder(section, key, usual);
    if name.eq_ignore_ascii_case(read) {
        section.refuse(key, "another folder than the one that is read", &format!("{key} = \"{usual}\""));
    }
    name
}

fn is_here(way: &Way) -> bool {
    let host = match way {
        Way::Imap { host, .. } => Some(host.clone()),
        Way::Graph { base, .. } => Url::parse(base).ok().and_then(|url| url.host_str().map(str::to_owned)),
    };
    host.is_some_and(|host| host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback()))
}
