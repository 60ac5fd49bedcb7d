//! Files fetched over HTTPS: `kind = "https"`.
//!
//! What a return may say is settled here; how a host is asked is the [`Fetcher`]'s.

mod auth;
mod body;
mod error;
mod fetcher;
mod headers;
mod pages;
mod partial;
mod tls;
mod validity;
mod words;

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use reqwest::Url;

use super::{fill, template};
use crate::{settings::Section, timetable::Schedule};

pub(super) use auth::token;
pub use auth::{Auth, ClientCredentials};
pub use error::FetchError;
pub(super) use fetcher::client_builder;
pub use fetcher::{Fetched, Fetcher};
pub use headers::Validators;
pub use headers::retry_after;
pub use pages::{Next, PageError, Pages};
pub use tls::Tls;
pub use validity::{der_valid_until, valid_until};
pub(super) use words::chain;

/// The largest body taken.
pub const MOST_BYTES: u64 = 4 << 30;

/// The most bytes of records that are gathered from pages, which is done in memory.
pub const MOST_RECORDS: u64 = 256 << 20;

/// What may stand in curly brackets in an address.
const GAPS: [&str; 5] = ["agency", "period", "from", "to", "base"];

/// A file, or pages of records, at an address.
#[derive(Debug, Clone)]
pub struct Https {
    /// The address; `{agency}`, `{period}`, `{from}`, `{to}` and `{base}` are filled in.
    pub url: String,
    /// Its host; none where `{base}` says it.
    pub host: Option<String>,
    /// When it is asked for.
    pub pull: Schedule,
    /// How long the host may be silent.
    pub timeout: Duration,
    /// How the host is told who asks, where it wants to know.
    pub auth: Option<Auth>,
    /// Certificates beside the machine's own.
    pub tls: Tls,
    /// How one page of records leads to the next, where there are pages.
    pub pages: Option<Pages>,
}

impl Https {
    /// Reads `[source]` of that kind.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        let url = template(table, "url", &GAPS);
        let pull = table.parsed("pull");
        let timeout = timeout(table);
        let auth = table.section_opt("auth").map(|mut auth| Auth::settle(&mut auth));
        let tls = table.section_opt("tls").map(|mut tls| Tls::settle(&mut tls)).unwrap_or_default();
        let pages = table.section_opt("pages").map(|mut pages| Pages::settle(&mut pages));
        let url = url?;
        let Some(host) = host_of_template(&url) else {
            let write = "url = \"https://data.example/{agency}/{period}.csv\"";
            table.refuse("url", "an address that names its host, or begins with {base}", write);
            return None;
        };
        // What was wrong in a table below was told there.
        let (auth, pages) = (transpose(auth)?, transpose(pages)?);
        Some(Self { url, host, pull: pull?, timeout: timeout?, auth, tls, pages })
    }

    /// What of the files it names cannot be used.
    pub(super) fn check_files(&self, environment: &BTreeMap<String, String>) -> Vec<FetchError> {
        let secret = self.auth.as_ref().map(|auth| auth.secret().resolve(environment));
        let secret = secret.and_then(|secret| secret.err()).map(|error| FetchError::Secret(error.to_string()));
        let certificates = self.tls.check(environment);
        secret.into_iter().chain(certificates).collect()
    }

    /// The host that gives it tokens, if one does.
    pub fn token_host(&self) -> Option<String> {
        self.auth.as_ref().and_then(Auth::token_url).and_then(host_of)
    }

    /// A source that asks for nothing in particular.
    #[cfg(test)]
    pub(crate) fn example() -> Self {
        Self {
            url: String::new(),
            host: None,
            pull: "*/15 * * * *".parse().unwrap(),
            timeout: Duration::from_secs(30),
            auth: None,
            tls: Tls::default(),
            pages: None,
        }
    }
}

/// How long a host may take, from `timeout_seconds`.
pub(super) fn timeout(table: &mut Section<'_>) -> Option<Duration> {
    let seconds = u64::try_from(table.integer_or("timeout_seconds", 30)).ok().filter(|seconds| *seconds > 0);
    if seconds.is_none() {
        table.refuse("timeout_seconds", "a number of seconds above zero", "timeout_seconds = 30");
    }
    seconds.map(Duration::from_secs)
}

/// `None` for what was there and could not be settled.
fn transpose<T>(settled: Option<Option<T>>) -> Option<Option<T>> {
    match settled {
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
        None => Some(None),
    }
}

/// The host of an address with gaps: `Some(None)` where `{base}` is to say it, `None` where the address is none.
fn host_of_template(template: &str) -> Option<Option<String>> {
    let host = |word| {
        let gaps = GAPS.iter().filter(|name| **name != "base");
        let address = gaps.fold(template.to_owned(), |text, name| fill(&text, name, word));
        host_of(&fill(&address, "base", "https://base.invalid"))
    };
    let (one, another) = (host("a")?, host("b")?);
    match template.find("{base}") {
        Some(0) => Some(None),
        None if one == another => Some(Some(one)),
        _ => None,
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

/// The host of an address that can be fetched at all.
pub fn host_of(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
    url.host_str().map(str::to_owned)
}

pub(super) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_host_or_leaves_it_to_the_base() {
        for (template, host) in [
            ("https://data.example/{agency}/{period}.csv", Some(Some("data.example"))),
            ("https://data.example/api?from={from}&to={to}", Some(Some("data.example"))),
            ("{base}/{agency}.csv", Some(None)),
            ("https://{agency}.example/a.csv", None),
            ("https://data.example/{base}", None),
            ("data.example/a.csv", None),
            ("ftp://data.example/a.csv", None),
        ] {
            assert_eq!(host_of_template(template), host.map(|host| host.map(str::to_owned)), "{template}");
        }
    }
}
