//! The sign of life for an outer watcher: `[heartbeat]`. One address is asked, and nothing but that it was is told to it.
//!
//! What such an address ends with is often its secret, so that it is shown by its host alone.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use jiff::SignedDuration;
use reqwest::{Client, Url, redirect};

use super::https::{Tls, client_builder, host_of, is_link_local, refusal};
use crate::settings::Section;

/// The watcher has so long to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// So many redirects are followed, at the same host.
const REDIRECTS: usize = 3;

/// Where the sign of life goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The address.
    url: Url,
    /// Whether it is told by POST, without a body; by GET otherwise.
    post: bool,
    /// How often at most.
    pub every: SignedDuration,
    /// Certificates beside the machine's own.
    pub tls: Tls,
}

impl Settings {
    /// Reads `[heartbeat]`; nobody but this machine is told of an `example` board.
    pub fn settle(table: &mut Section<'_>, example: bool) -> Option<Self> {
        let url = table.text("url");
        let write = "url = \"https://watcher.example/ping/…\"";
        let url = match url.as_deref().map(|url| (refusal(url), Url::parse(url))) {
            Some((None, Ok(url))) if url.host_str().is_some() => Some(url),
            Some((expected, _)) => {
                table.refuse("url", &expected.unwrap_or_else(|| "an address that names its host".into()), write);
                None
            }
            None => None,
        };
        let post = table.one_of_opt("method", &["get", "post"]) == Some("post");
        let minutes = table.integer_or("every_minutes", 5);
        if !(1..=1440).contains(&minutes) {
            table.refuse("every_minutes", "a number of minutes from 1 to 1440", "every_minutes = 5");
        }
        let tls = table.section_opt("tls").map(|mut tls| Tls::settle(&mut tls)).unwrap_or_default();
        if example && url.as_ref().is_some_and(|url| !is_here(url)) {
            table.refuse("url", "no watcher of others, since the board is an example", "remove [heartbeat]");
            return None;
        }
        Some(Self { url: url?, post, every: SignedDuration::from_mins(minutes), tls })
    }

    /// The host that is asked.
    pub fn host(&self) -> String {
        host_of(self.url.as_str()).unwrap_or_default()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Scheme, host and port, without what may be its secret.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Gives the sign of life.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    settings: Settings,
    client: Client,
}

impl Heartbeat {
    /// A client that asks this one address.
    ///
    /// # Errors
    /// When its certificates cannot be used, in words.
    pub fn new(settings: Settings, environment: &BTreeMap<String, String>) -> Result<Self, String> {
        let home = settings.url.clone();
        // A redirect may lead to another page of the watcher's, never to somebody else, and never out of TLS.
        let policy = redirect::Policy::custom(move |attempt| {
            let elsewhere = attempt.url().origin() != home.origin();
            if elsewhere || attempt.previous().len() > REDIRECTS { attempt.stop() } else { attempt.follow() }
        });
        let builder = settings.tls.add_to(client_builder(), environment).map_err(|error| error.to_string())?;
        let client = builder.redirect(policy).timeout(PATIENCE).build().map_err(|error| said(&error))?;
        Ok(Self { settings, client })
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Gives it once.
    ///
    /// # Errors
    /// When the watcher did not hear it, in words that do not show the address.
    pub async fn give(&self) -> Result<(), String> {
        let Settings { url, post, .. } = &self.settings;
        let host = self.settings.host();
        let (name, port) = (host.trim_matches(['[', ']']).to_owned(), self.settings.port());
        // Behind a proxy the name may be known to the proxy alone.
        if let Ok(mut found) = tokio::net::lookup_host((name.as_str(), port)).await
            && found.any(|at| is_link_local(at.ip()))
        {
            return Err(format!("{host} is a link-local address"));
        }
        let request = if *post { self.client.post(url.clone()) } else { self.client.get(url.clone()) };
        let answer = request.send().await.map_err(|error| format!("{host}: {}", said(&error)))?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("{host} answered with status {}", status.as_u16())) }
    }
}

/// What went wrong, with its causes and without the address.
fn said(error: &reqwest::Error) -> String {
    super::https::chain(error)
}
