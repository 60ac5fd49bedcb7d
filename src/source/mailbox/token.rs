//! Tokens for a mailbox: by the application's own credentials or by a refresh token, kept until they expire.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client, StatusCode, Url, header, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{MailboxError, PATIENCE, Settings, authority, settings::OAuth2};
use crate::source::https::host_of;

/// A token is asked for anew so long before it expires.
const MARGIN: Duration = Duration::from_secs(120);

/// A client for Graph and for token endpoints: it trusts the machine's authorities and the board's own, and follows nobody.
pub(super) fn client(settings: &Settings) -> Result<Client, MailboxError> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(PATIENCE)
        .referer(false)
        .user_agent(concat!("quarterday/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = &settings.ca_file {
        let certificates = Certificate::from_pem_bundle(&authority(path)?)
            .map_err(|_| MailboxError::Authority { path: path.clone(), why: "is unusable".into() })?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|_| MailboxError::Client("its certificates or its proxy cannot be used".into()))
}

/// Where a mailbox's tokens come from.
pub(super) struct Tokens {
    client: Client,
    url: String,
    host: String,
    user: String,
    client_id: String,
    client_secret: Option<SecretString>,
    refresh_token: Option<SecretString>,
    scope: String,
    kept: Mutex<Option<(SecretString, Instant)>>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Tokens {
    pub(super) fn open(
        oauth2: &OAuth2,
        user: &str,
        client: Client,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, MailboxError> {
        let resolve = |key, secret: &Option<crate::settings::Secret>| {
            let resolved = secret.as_ref().map(|secret| secret.resolve(environment)).transpose();
            resolved.map_err(|source| MailboxError::Secret { key, source })
        };
        Ok(Self {
            client,
            host: host_of(&oauth2.token_url).unwrap_or_default(),
            url: oauth2.token_url.clone(),
            user: user.to_owned(),
            client_id: oauth2.client_id.clone(),
            client_secret: resolve("client_secret", &oauth2.client_secret)?,
            refresh_token: resolve("refresh_token", &oauth2.refresh_token)?,
            scope: oauth2.scope.clone(),
            kept: Mutex::new(None),
        })
    }

    /// A token that is still good.
    pub(super) async fn get(&self) -> Result<SecretString, MailboxError> {
        let mut kept = self.kept.lock().await;
        if let Some((token, until)) = kept.as_ref()
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let (token, lasts) = self.ask().await?;
        *kept = Some((token.clone(), Instant::now() + lasts.saturating_sub(MARGIN)));
        Ok(token)
    }

    /// Forgets a token that was refused.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    async fn ask(&self) -> Result<(SecretString, Duration), MailboxError> {
        let unreachable = |why: &str| MailboxError::Unreachable { host: self.host.clone(), why: why.to_owned() };
        let request = self.client.post(&self.url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let response = request.body(self.form()?).send().await.map_err(|error| unreachable(&cause(&error)))?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = response.bytes().await.map_err(|error| unreachable(&cause(&error)))?;
        if status.is_success() {
            let granted: Granted =
                serde_json::from_slice(&body).map_err(|_| unreachable("its answer holds no token"))?;
            let lasts = Duration::from_secs(granted.expires_in.unwrap_or(300).min(24 * 60 * 60));
            return Ok((SecretString::from(granted.access_token), lasts));
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

    fn form(&self) -> Result<String, MailboxError> {
        let mut url = Url::parse("https://form.invalid").map_err(|error| MailboxError::Client(error.to_string()))?;
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("client_id", &self.client_id).append_pair("scope", &self.scope);
            if let Some(secret) = &self.client_secret {
                pairs.append_pair("client_secret", secret.expose_secret());
            }
            match &self.refresh_token {
                Some(token) => {
                    pairs.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token.expose_secret())
                }
                None => pairs.append_pair("grant_type", "client_credentials"),
            };
        }
        Ok(url.query().unwrap_or_default().to_owned())
    }
}

/// How long a server asks to be left alone, in seconds; at most a day.
pub(super) fn retry_after(headers: &header::HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(24 * 60 * 60)))
}

/// Why a request failed, the address left out.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if words.is_empty() { "the connection failed".into() } else { words.join(": ") }
}
