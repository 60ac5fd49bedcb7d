//! Tokens for a mailbox, or for the mail that leaves: by the application's own credentials or by a refresh token, kept until they expire.
//!
//! Secrets are read when a token is asked for, so that a renewed one needs no restart.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client, StatusCode, Url, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    MailboxError, PATIENCE, authority,
    refresh::{self, Refresh},
    settings::OAuth2,
};
use crate::{
    fault,
    settings::Secret,
    source::https::{host_of, retry_after},
};

/// A token is asked for anew so long before it expires.
const MARGIN: Duration = Duration::from_secs(120);

/// A client for Graph and for token endpoints: it trusts the machine's authorities and the board's own, and follows nobody.
///
/// # Errors
/// When its certificates or its proxy cannot be used.
pub fn client(ca_file: Option<&Path>) -> Result<Client, MailboxError> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(PATIENCE)
        .referer(false)
        .user_agent(concat!("quarterday/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = ca_file {
        let certificates = Certificate::from_pem_bundle(&authority(path)?)
            .map_err(|_| MailboxError::Authority { path: path.to_owned(), why: "is unusable".into() })?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|_| MailboxError::Client("its certificates or its proxy cannot be used".into()))
}

/// Where tokens come from, and what was granted so far.
pub struct Tokens {
    client: Client,
    url: String,
    host: String,
    user: String,
    client_id: String,
    client_secret: Option<Secret>,
    refresh: Option<Refresh>,
    scope: String,
    environment: BTreeMap<String, String>,
    had: Mutex<Had>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tokens({})", self.host)
    }
}

/// What was granted so far.
#[derive(Default)]
struct Had {
    access: Option<(SecretString, Instant)>,
    /// A refresh token that the disk would not take yet: without it nobody gets in after a restart.
    unkept: Option<refresh::Token>,
}

/// A token that lets us in.
pub struct Access {
    /// The token.
    pub token: SecretString,
    /// Whether it was granted just now: one that was had before may have been withdrawn since.
    pub is_new: bool,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Tokens {
    /// Reads the secrets, to know that they are there; a refresh token that the provider gave is kept in `kept`.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn open(
        oauth2: &OAuth2,
        user: &str,
        client: Client,
        environment: &BTreeMap<String, String>,
        kept: PathBuf,
    ) -> Result<Self, MailboxError> {
        let whose = format!("{}\0{}\0{user}", oauth2.token_url, oauth2.client_id);
        let refresh = oauth2.refresh_token.clone().map(|secret| Refresh::new(secret, whose, kept));
        let tokens = Self {
            client,
            host: host_of(&oauth2.token_url).unwrap_or_default(),
            url: oauth2.token_url.clone(),
            user: user.to_owned(),
            client_id: oauth2.client_id.clone(),
            client_secret: oauth2.client_secret.clone(),
            refresh,
            scope: oauth2.scope.clone(),
            environment: environment.clone(),
            had: Mutex::default(),
        };
        tokens.client_secret()?;
        if let Some(secret) = &oauth2.refresh_token {
            secret.resolve(environment).map_err(|source| MailboxError::Secret { key: "refresh_token", source })?;
        }
        Ok(tokens)
    }

    /// A token that is still good.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, does not grant one, or a new refresh token cannot be kept.
    pub async fn get(&self) -> Result<Access, MailboxError> {
        let mut had = self.had.lock().await;
        let mut is_new = false;
        if had.access.as_ref().is_none_or(|(_, until)| *until <= Instant::now()) {
            self.ask(&mut had).await?;
            is_new = true;
        }
        self.keep(&mut had).await?;
        let token = had.access.as_ref().map(|(token, _)| token.clone());
        let token = token.ok_or_else(|| self.unreachable("its answer holds no token"))?;
        Ok(Access { token, is_new })
    }

    /// Forgets a token that was refused.
    pub async fn forget(&self) {
        self.had.lock().await.access = None;
    }

    async fn ask(&self, had: &mut Had) -> Result<(), MailboxError> {
        // One that the disk would not take is newer than what lies there.
        let used = match (&self.refresh, &had.unkept) {
            (Some(_), Some(unkept)) => Some(unkept.clone()),
            (Some(refresh), None) => Some(refresh.newest(&self.environment)?),
            (None, _) => None,
        };
        let request = self.client.post(&self.url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(self.form(used.as_ref())?);
        let response = request.send().await.map_err(|error| self.unreachable(&cause(&error)))?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = response.bytes().await.map_err(|error| self.unreachable(&cause(&error)))?;
        if status.is_success() {
            let granted: Granted =
                serde_json::from_slice(&body).map_err(|_| self.unreachable("its answer holds no token"))?;
            let lasts = Duration::from_secs(granted.expires_in.unwrap_or(300).min(24 * 60 * 60));
            let until = Instant::now() + lasts.saturating_sub(MARGIN);
            had.access = Some((SecretString::from(granted.access_token), until));
            let newer = used.and_then(|used| used.followed_by(granted.refresh_token));
            had.unkept = newer.or(had.unkept.take());
            return Ok(());
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(MailboxError::Busy { host: self.host.clone(), retry_after });
        }
        // Of its words only the code: the description may repeat what was sent.
        let refused = serde_json::from_slice::<Refused>(&body).map(|refused| refused.error).unwrap_or_default();
        let code: String = refused.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
        let says = if code.is_empty() { format!("status {}", status.as_u16()) } else { code };
        Err(MailboxError::SignIn { host: self.host.clone(), user: self.user.clone(), says })
    }

    /// Keeps the newest refresh token before its access token is used.
    async fn keep(&self, had: &mut Had) -> Result<(), MailboxError> {
        let Some((refresh, token)) = self.refresh.clone().zip(had.unkept.clone()) else { return Ok(()) };
        let kept = tokio::task::spawn_blocking(move || refresh.keep(&token)).await;
        kept.map_err(|error| MailboxError::NotKept(error.to_string()))??;
        had.unkept = None;
        fault::point("mailbox-after-token");
        Ok(())
    }

    fn client_secret(&self) -> Result<Option<SecretString>, MailboxError> {
        let resolved = self.client_secret.as_ref().map(|secret| secret.resolve(&self.environment)).transpose();
        resolved.map_err(|source| MailboxError::Secret { key: "client_secret", source })
    }

    fn form(&self, refresh: Option<&refresh::Token>) -> Result<String, MailboxError> {
        let mut url = Url::parse("https://form.invalid").map_err(|error| MailboxError::Client(error.to_string()))?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("client_id", &self.client_id).append_pair("scope", &self.scope);
            if let Some(secret) = self.client_secret()? {
                pairs.append_pair("client_secret", secret.expose_secret());
            }
            match refresh {
                Some(token) => pairs
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("refresh_token", token.text.expose_secret()),
                None => pairs.append_pair("grant_type", "client_credentials"),
            };
        }
        Ok(url.query().unwrap_or_default().to_owned())
    }

    fn unreachable(&self, why: &str) -> MailboxError {
        MailboxError::Unreachable { host: self.host.clone(), why: why.to_owned() }
    }
}

/// Why a request failed, the address left out.
pub fn cause(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if words.is_empty() { "the connection failed".into() } else { words.join(": ") }
}
