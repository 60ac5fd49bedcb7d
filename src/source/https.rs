//! Files fetched over HTTPS.
//!
//! Only hosts that the configuration names are asked, also after a redirect; a redirect never leaves HTTPS. The next
//! attempt after a failure is the caller's to keep: nothing here waits or retries.

use std::{
    net::{IpAddr, ToSocketAddrs},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use reqwest::{
    Client, StatusCode, Url,
    header::{
        CONTENT_DISPOSITION, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
    },
    redirect,
};

use super::Extract;

/// The largest body taken.
pub const MOST_BYTES: usize = 256 << 20;

/// The longest that a host is left alone because it asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Why nothing was fetched. No message holds more of an address than scheme, host and path.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is not one that may be asked.
    #[error("{url} is refused: {why}")]
    Refused {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// The host could not be reached or broke off.
    #[error("{url} could not be fetched: {why}; it is tried again")]
    Unreachable {
        /// The address.
        url: String,
        /// Why, from the outermost cause to the innermost.
        why: String,
    },
    /// The host answered, but not with a file.
    #[error("{url} answered {status}; {hint}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// What to do.
        hint: &'static str,
        /// When the host asked to be left alone until.
        retry_after: Option<Duration>,
    },
    /// The body is larger than is ever taken.
    #[error("{url} sends more than {} MiB; split the file", MOST_BYTES >> 20)]
    TooLarge {
        /// The address.
        url: String,
    },
    /// The client could not be built.
    #[error("the HTTP client could not be made: {0}")]
    Client(String),
}

impl FetchError {
    /// How long the host asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What validates the copy taken last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The entity tag.
    pub etag: Option<String>,
    /// The date of last modification.
    pub last_modified: Option<String>,
}

/// What a fetch brought.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// A file, and what validates it.
    New(Extract, Validators),
    /// The copy taken last still stands.
    NotModified,
    /// There is no such file yet.
    NotThere,
}

/// Asks hosts for files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    hosts: Vec<String>,
}

impl Fetcher {
    /// A client that asks these hosts alone.
    pub fn new(hosts: impl IntoIterator<Item = String>) -> Result<Self, FetchError> {
        let hosts: Vec<String> = hosts.into_iter().collect();
        let allowed = hosts.clone();
        let policy = redirect::Policy::custom(move |attempt| {
            let previous_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > 5 {
                attempt.error("more than five redirects")
            } else if previous_secure && attempt.url().scheme() != "https" {
                attempt.error("redirected from https to http")
            } else if attempt.url().host_str().is_none_or(|host| !allowed.iter().any(|a| a == host)) {
                attempt.error("redirected to a host that the configuration does not name")
            } else {
                attempt.follow()
            }
        });
        let client = Client::builder()
            .redirect(policy)
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("quarterday/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .build()
            .map_err(|e| FetchError::Client(chain(&e)))?;
        Ok(Self { client, hosts })
    }

    /// Fetches one file unless the copy that `validators` describe still stands.
    pub async fn fetch(&self, url: &str, validators: &Validators, timeout: Duration) -> Result<Fetched, FetchError> {
        let parsed = self.permitted(url).await?;
        let mut request = self.client.get(parsed).timeout(timeout);
        for (name, value) in [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let unreachable = |e: reqwest::Error| FetchError::Unreachable { url: shown(url), why: chain(&e) };
        let response = request.send().await.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Fetched::NotModified),
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Fetched::NotThere),
            status => {
                return Err(FetchError::Status {
                    url: shown(url),
                    status: status.as_u16(),
                    hint: hint(status, response.url()),
                    retry_after: retry_after(response.headers()),
                });
            }
        }
        let text = |name: HeaderName| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let taken = Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED) };
        let name = text(CONTENT_DISPOSITION).as_deref().and_then(named).unwrap_or_else(|| last_segment(response.url()));
        let promised = response.content_length();
        let source = response.url().host_str().unwrap_or("an unnamed host").to_owned();
        let mut body = BytesMut::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(unreachable)?);
            if body.len() > MOST_BYTES {
                return Err(FetchError::TooLarge { url: shown(url) });
            }
        }
        if promised.is_some_and(|promised| promised != body.len() as u64) {
            let why = format!("the body ended after {} bytes", body.len());
            return Err(FetchError::Unreachable { url: shown(url), why });
        }
        Ok(Fetched::New(Extract { bytes: Bytes::from(body), name, source }, taken))
    }

    /// The address, if it may be asked: HTTPS at a named host that is not link-local; plain HTTP on this machine alone.
    async fn permitted(&self, url: &str) -> Result<Url, FetchError> {
        let refused = |why: &str| FetchError::Refused { url: shown(url), why: why.to_owned() };
        let parsed = Url::parse(url).map_err(|e| refused(&format!("it is not an address ({e})")))?;
        let host = parsed.host_str().ok_or_else(|| refused("it names no host"))?.to_owned();
        if !self.hosts.contains(&host) {
            return Err(refused("the configuration does not name its host"));
        }
        let port = parsed.port_or_known_default().unwrap_or(443);
        let lookup = host.trim_matches(['[', ']']).to_owned();
        let found = tokio::task::spawn_blocking(move || (lookup.as_str(), port).to_socket_addrs().map(Vec::from_iter));
        let addresses = match found.await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(e)) => {
                let why = format!("its host is not found ({e})");
                return Err(FetchError::Unreachable { url: shown(url), why });
            }
            Err(e) => return Err(FetchError::Client(e.to_string())),
        };
        let loopback = addresses.iter().all(|a| a.ip().is_loopback());
        match parsed.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(refused("plain http is allowed on this machine alone; write https")),
            _ => return Err(refused("only https is fetched")),
        }
        if addresses.iter().any(|a| is_link_local(a.ip())) {
            return Err(refused("its host is a link-local address"));
        }
        Ok(parsed)
    }
}

/// Why an address could never be asked, as far as it can be told without asking a name server; `None` if it might be.
pub fn refusal(address: &str) -> Option<String> {
    let url = match Url::parse(address) {
        Ok(url) => url,
        Err(error) => return Some(format!("an address ({error})")),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    match url.scheme() {
        "https" => None,
        "http" if here => None,
        _ => Some("https; plain http is asked on this machine alone".to_owned()),
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn hint(status: StatusCode, url: &Url) -> &'static str {
    match status.as_u16() {
        401 | 403 if url.username().is_empty() && url.password().is_none() => {
            "the host asks who is there, and this source has no credentials to give; ask the partner for access"
        }
        401 | 403 => "check the name and password in the address of this source",
        407 => "the proxy asks for credentials",
        429 | 503 => "the host asks to be left alone for a while; it is tried again",
        500..=599 => "the fault is on the partner's side; it is tried again",
        _ => "check the address in return.toml",
    }
}

/// `Retry-After` in seconds, at most a day; a date is ignored, for the ledger's own back-off then applies.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// The host of an address that can be fetched at all.
pub fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    url.host_str().map(str::to_owned)
}

/// An address as it may be shown: scheme, host and path. A name, a password or a token in it stays with the host.
fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()),
        Err(_) => "an address that cannot be read".to_owned(),
    }
}

/// The file name of a `Content-Disposition` header.
fn named(disposition: &str) -> Option<String> {
    let name = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
    let name = name.trim_matches('"');
    (!name.is_empty()).then(|| name.to_owned())
}

fn last_segment(url: &Url) -> String {
    url.path_segments().and_then(|mut s| s.next_back()).filter(|s| !s.is_empty()).unwrap_or("unnamed").to_owned()
}

/// An error with its causes, the address left out (it may carry a token).
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if words.is_empty() { "the connection failed".into() } else { words.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_error_shows_what_an_address_keeps_secret() {
        let secret = "https://CANARY-NAME:CANARY-WORD@127.0.0.1:9/file.csv?sig=CANARY-TOKEN#CANARY-END";
        let fetcher = Fetcher::new(["127.0.0.1".to_owned()]).unwrap();
        let named_elsewhere = secret.replace("127.0.0.1", "elsewhere.example");
        for address in [secret, &named_elsewhere, "CANARY is no address"] {
            let error = fetcher.fetch(address, &Validators::default(), Duration::from_secs(2)).await.unwrap_err();
            let said = format!("{error} {:#} {error:?}", anyhow::anyhow!("{error}"));
            assert!(!said.contains("CANARY"), "{said}");
        }
    }

    #[test]
    fn a_host_may_ask_for_a_day_of_rest_and_no_more() {
        let asked = |text: &str| retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]));
        assert_eq!(asked("1800"), Some(Duration::from_secs(1800)));
        assert_eq!(asked("99999999999"), Some(LONGEST_WAIT));
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }

    #[test]
    fn a_source_without_credentials_is_not_told_to_check_them() {
        let said = |address: &str| hint(StatusCode::UNAUTHORIZED, &Url::parse(address).unwrap());
        assert!(said("https://data.example/a.csv").contains("no credentials"));
        assert!(said("https://me:word@data.example/a.csv").contains("name and password"));
    }
}
