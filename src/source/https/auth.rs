//! How a host is told who asks: `[source.auth]`.
//!
//! Secrets are read when they are needed and forgotten, so that a renewed one needs no restart. An access token is kept
//! until shortly before it expires. Nothing here leaves the origin it was made for: see [`super::fetcher`].

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::{
    Client, RequestBuilder, Response, Url,
    header::{HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    FetchError,
    headers::retry_after,
    refusal,
    words::{chain, shown},
};
use crate::settings::{Secret, Section};

/// A token is not used in its last minute: it would expire on the way.
const LAST_MINUTE: Duration = Duration::from_secs(60);

/// How long a token is kept whose host does not say.
const USUAL_LIFE: Duration = Duration::from_secs(5 * 60);

/// What a host is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Name and password (RFC 7617).
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token that does not change (RFC 6750).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// A key in a header of the host's choice.
    ApiKey {
        /// The header.
        header: HeaderName,
        /// The key.
        key: Secret,
    },
    /// A token that is asked for with the client's credentials (RFC 6749, section 4.4).
    OAuth2(ClientCredentials),
}

/// Where a token is asked for, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The address of the token endpoint.
    pub token_url: String,
    /// The client's name.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// What the token is for; the host's usual when left out.
    pub scope: Option<String>,
    /// Whether name and secret stand in the body of the request; in its `Authorization` header otherwise.
    pub in_body: bool,
}

impl Auth {
    /// Reads `[source.auth]`.
    pub(in crate::source) fn settle(table: &mut Section<'_>) -> Option<Self> {
        Some(match table.one_of("kind", &["basic", "bearer", "api-key", "oauth2"])? {
            "basic" => {
                let (user, password) = (table.text("user"), table.secret("password"));
                if user.as_deref().is_some_and(|user| user.contains(':')) {
                    table.refuse("user", "a name without a colon", "");
                }
                Self::Basic { user: user?, password: password? }
            }
            "bearer" => Self::Bearer { token: table.secret("token")? },
            "api-key" => {
                let header = table.parsed_opt::<HeaderName>("header");
                let header = header.unwrap_or_else(|| HeaderName::from_static("x-api-key"));
                if is_ours(&header) {
                    table.refuse("header", "a header of the host's own", "header = \"X-API-Key\"");
                }
                Self::ApiKey { header, key: table.secret("key")? }
            }
            _ => {
                let token_url = table.text("token_url");
                if let Some(expected) = token_url.as_deref().and_then(refusal) {
                    table.refuse("token_url", &expected, "token_url = \"https://login.example/oauth2/token\"");
                }
                let (client_id, client_secret) = (table.text("client_id"), table.secret("client_secret"));
                let scope = table.text_opt("scope");
                let in_body = table.one_of_opt("credentials", &["header", "body"]) == Some("body");
                Self::OAuth2(ClientCredentials {
                    token_url: token_url?,
                    client_id: client_id?,
                    client_secret: client_secret?,
                    scope,
                    in_body,
                })
            }
        })
    }

    /// The secret it needs.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::Basic { password, .. } => password,
            Self::Bearer { token } => token,
            Self::ApiKey { key, .. } => key,
            Self::OAuth2(credentials) => &credentials.client_secret,
        }
    }

    /// The address of the host that gives tokens, if there is one.
    pub fn token_url(&self) -> Option<&str> {
        match self {
            Self::OAuth2(credentials) => Some(&credentials.token_url),
            _ => None,
        }
    }
}

/// Headers that the request itself needs, or that have a kind of their own here.
fn is_ours(header: &HeaderName) -> bool {
    ["authorization", "host", "cookie", "range", "if-range", "if-none-match", "if-modified-since", "accept-encoding"]
        .contains(&header.as_str())
}

/// The tokens that are still good, by who asks where; each has a lock of its own, so that a token endpoint that takes its
/// time delays nobody who asks another. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<HashMap<Asker, Held>>>);

/// The token of one asker, if it is still good.
type Held = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The token endpoint, the client's name and the scope.
type Asker = (String, String, Option<String>);

struct Token {
    text: SecretString,
    good_until: Instant,
}

/// What a token endpoint answers (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<u64>,
}

impl Tokens {
    /// Adds to a request what `auth` says.
    ///
    /// # Errors
    /// When the secret cannot be read, or no token is to be had.
    pub(super) async fn sign(
        &self,
        auth: &Auth,
        request: RequestBuilder,
        client: &Client,
        environment: &BTreeMap<String, String>,
    ) -> Result<RequestBuilder, FetchError> {
        let secret = auth.secret().resolve(environment).map_err(|e| FetchError::Secret(e.to_string()))?;
        Ok(match auth {
            Auth::Basic { user, .. } => request.basic_auth(user, Some(secret.expose_secret())),
            Auth::Bearer { .. } => request.bearer_auth(one_line(&secret)?),
            Auth::ApiKey { header, .. } => {
                let mut value = HeaderValue::from_str(one_line(&secret)?).map_err(|_| no_header_value())?;
                value.set_sensitive(true);
                request.header(header, value)
            }
            Auth::OAuth2(credentials) => {
                let token = self.token(credentials, &secret, client).await?;
                request.bearer_auth(one_line(&token)?)
            }
        })
    }

    /// Forgets the token, because the host refused it.
    pub(super) async fn forget(&self, auth: &Auth) -> bool {
        match auth {
            Auth::OAuth2(credentials) => self.held(credentials).lock().await.take().is_some(),
            _ => false,
        }
    }

    fn held(&self, credentials: &ClientCredentials) -> Held {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name_of(credentials)).or_default())
    }

    /// The token of these credentials, asked for if there is none that is still good.
    async fn token(
        &self,
        credentials: &ClientCredentials,
        secret: &SecretString,
        client: &Client,
    ) -> Result<SecretString, FetchError> {
        let held = self.held(credentials);
        // Held while the token is fetched, so that it is asked for once.
        let mut held = held.lock().await;
        if let Some(token) = held.as_ref().filter(|token| Instant::now() < token.good_until) {
            return Ok(token.text.clone());
        }
        let granted = ask(credentials, secret, client).await?;
        let text = SecretString::from(granted.access_token);
        let life = granted.expires_in.map_or(USUAL_LIFE, Duration::from_secs).saturating_sub(LAST_MINUTE);
        if let Some(good_until) = Instant::now().checked_add(life) {
            *held = Some(Token { text: text.clone(), good_until });
        }
        Ok(text)
    }
}

fn name_of(credentials: &ClientCredentials) -> Asker {
    (credentials.token_url.clone(), credentials.client_id.clone(), credentials.scope.clone())
}

/// A new token.
///
/// # Errors
/// When none is to be had.
pub async fn token(
    credentials: &ClientCredentials,
    secret: &SecretString,
    client: &Client,
) -> Result<SecretString, FetchError> {
    ask(credentials, secret, client).await.map(|granted| SecretString::from(granted.access_token))
}

async fn ask(credentials: &ClientCredentials, secret: &SecretString, client: &Client) -> Result<Granted, FetchError> {
    let url = &credentials.token_url;
    let unreachable = |e: reqwest::Error| FetchError::Unreachable { url: shown(url), why: chain(&e) };
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(credentials.scope.as_deref().map(|scope| ("scope", scope)));
    let mut request = client.post(url).timeout(Duration::from_secs(30));
    if credentials.in_body {
        form.extend([("client_id", credentials.client_id.as_str()), ("client_secret", secret.expose_secret())]);
    } else {
        request = request.basic_auth(form_encoded(&credentials.client_id), Some(form_encoded(secret.expose_secret())));
    }
    let mut body = Url::parse("https://body.invalid/").map_err(|e| FetchError::Client(e.to_string()))?;
    body.query_pairs_mut().extend_pairs(form);
    let request = request
        .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.query().unwrap_or_default().to_owned());
    let response: Response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    if !status.is_success() {
        let hint = match status.as_u16() {
            429 | 503 => "it asks to be left alone for a while; it is tried again",
            500..=599 => "the fault is on its side; it is tried again",
            _ => "check client_id, client_secret and scope in [source.auth]",
        };
        let why = format!("it answered {}; {hint}", status.as_u16());
        return Err(FetchError::NoToken { url: shown(url), why, retry_after: retry_after(response.headers()) });
    }
    let no_token = |why: &str| FetchError::NoToken { url: shown(url), why: why.to_owned(), retry_after: None };
    let bytes = response.bytes().await.map_err(unreachable)?;
    let granted: Granted = serde_json::from_slice(&bytes).map_err(|_| no_token("its answer holds no access_token"))?;
    if !granted.token_type.eq_ignore_ascii_case("bearer") {
        return Err(no_token("it gives another kind of token than \"Bearer\""));
    }
    Ok(granted)
}

/// A name or a secret as RFC 6749, section 2.3.1, wants it in a header.
fn form_encoded(text: &str) -> String {
    let mut url = Url::parse("https://text.invalid/").ok();
    let encoded = url.as_mut().map(|url| {
        url.query_pairs_mut().append_key_only(text);
        url.query().unwrap_or_default().to_owned()
    });
    encoded.unwrap_or_default()
}

/// A secret that fits into a header.
fn one_line(secret: &SecretString) -> Result<&str, FetchError> {
    let text = secret.expose_secret();
    if text.bytes().all(|byte| (0x21..0x7F).contains(&byte)) { Ok(text) } else { Err(no_header_value()) }
}

fn no_header_value() -> FetchError {
    FetchError::Secret("the secret holds spaces or characters that no header can carry; write it on one line".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_names_are_encoded_as_the_standard_wants() {
        assert_eq!(form_encoded("a b:c&d=é"), "a+b%3Ac%26d%3D%C3%A9");
    }

    #[test]
    fn a_secret_of_two_lines_never_becomes_a_header() {
        assert!(one_line(&SecretString::from("one\r\nHost: other")).is_err());
        assert_eq!(one_line(&SecretString::from("abc.DEF-123")).unwrap(), "abc.DEF-123");
    }
}
