//! Asks hosts for files.
//!
//! Only hosts that the configuration names are asked, also after a redirect; a redirect never leaves HTTPS, and what
//! tells a host who asks never leaves the origin it is meant for. A body that breaks off is resumed where it did, if the
//! host can. The next attempt after a failure is the caller's to keep: nothing here waits.

use std::{
    collections::BTreeMap,
    fs::File,
    net::ToSocketAddrs,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT_ENCODING, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE},
    redirect,
};

use super::{
    FetchError, Https, MOST_RECORDS,
    auth::Tokens,
    body::{Taking, not_kept},
    headers::{Validators, goes_on, retry_after, text},
    is_link_local,
    pages::{Gathering, Pages},
    partial::{self, About, Place},
    words::{chain, last_segment, shown},
};
use crate::{content::Spool, source::Extract};

/// So many redirects are followed.
const REDIRECTS: usize = 5;

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
#[derive(Clone)]
pub struct Fetcher {
    client: Client,
    hosts: Vec<String>,
    environment: BTreeMap<String, String>,
    tokens: Tokens,
    spool: PathBuf,
}

/// What a host answered to one question.
pub(super) enum Answer {
    Found(Response),
    NotModified,
    NotThere,
    /// There is nothing behind what is here already.
    OutOfRange,
}

impl Fetcher {
    /// A client that asks these hosts alone; `environment` is where secrets may stand, `spool` a folder for what is long.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        hosts: impl IntoIterator<Item = String>,
        environment: BTreeMap<String, String>,
        spool: PathBuf,
    ) -> Result<Self, FetchError> {
        let client = client_builder().build().map_err(|e| FetchError::Client(chain(&e)))?;
        Ok(Self { client, hosts: hosts.into_iter().collect(), environment, tokens: Tokens::default(), spool })
    }

    /// Fetches one file, or the records of all pages, unless the copy that `validators` describe still stands.
    ///
    /// # Errors
    /// When nothing could be fetched; the error says whether it is tried again.
    pub async fn fetch(&self, source: &Https, url: &str, validators: &Validators) -> Result<Fetched, FetchError> {
        let asking = Asking { fetcher: self, source, client: self.client_of(source)?, origin: parse(url)? };
        match &source.pages {
            None => asking.file(validators).await,
            Some(pages) => asking.pages(pages).await,
        }
    }

    /// Forgets what was kept of files that broke off, but for those at these addresses.
    pub fn clear_others<'a>(&self, wanted: impl IntoIterator<Item = &'a str>) {
        let wanted = wanted.into_iter().filter_map(|address| Url::parse(address).ok()).map(String::from);
        partial::clear_others(&self.spool, wanted);
    }

    /// The client that knows the source's certificates.
    fn client_of(&self, source: &Https) -> Result<Client, FetchError> {
        if source.tls == Default::default() {
            return Ok(self.client.clone());
        }
        let client = source.tls.add_to(client_builder(), &self.environment)?;
        client.build().map_err(|e| FetchError::Certificate(chain(&e)))
    }

    /// The address, if it may be asked: HTTPS at a named host that is not link-local; plain HTTP on this machine alone.
    async fn permitted(&self, url: &Url) -> Result<(), FetchError> {
        let refused = |why: &str| FetchError::Refused { url: shown(url.as_str()), why: why.to_owned() };
        let host = url.host_str().ok_or_else(|| refused("it names no host"))?.to_owned();
        if !self.hosts.contains(&host) {
            return Err(refused("the configuration does not name its host"));
        }
        let port = url.port_or_known_default().unwrap_or(443);
        let lookup = host.trim_matches(['[', ']']).to_owned();
        let found = tokio::task::spawn_blocking(move || (lookup.as_str(), port).to_socket_addrs().map(Vec::from_iter));
        let addresses = match found.await {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(e)) => {
                let why = format!("its host is not found ({e})");
                return Err(FetchError::Unreachable { url: shown(url.as_str()), why });
            }
            Err(e) => return Err(FetchError::Client(e.to_string())),
        };
        let loopback = addresses.iter().all(|a| a.ip().is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(refused("plain http is allowed on this machine alone; write https")),
            _ => return Err(refused("only https is fetched")),
        }
        if addresses.iter().any(|a| is_link_local(a.ip())) {
            return Err(refused("its host is a link-local address"));
        }
        Ok(())
    }
}

pub(in crate::source) fn client_builder() -> reqwest::ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .user_agent(concat!("quarterday/", env!("CARGO_PKG_VERSION")))
        .referer(false)
}

fn parse(url: &str) -> Result<Url, FetchError> {
    let why = |e| FetchError::Refused { url: shown(url), why: format!("it is not an address ({e})") };
    Url::parse(url).map_err(why)
}

/// What is said of the copy taken last.
fn conditions(validators: &Validators) -> Vec<(HeaderName, String)> {
    let headers = [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)];
    headers.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}

/// One fetch under way.
pub(super) struct Asking<'a> {
    fetcher: &'a Fetcher,
    source: &'a Https,
    client: Client,
    /// The address asked first; its origin alone is told who asks.
    origin: Url,
}

impl Asking<'_> {
    async fn file(&self, validators: &Validators) -> Result<Fetched, FetchError> {
        let place = Place::of(self.spool(), self.origin.as_str());
        if let Some((about, file)) = place.begun()
            && let Some(fetched) = self.rest(validators, &place, about, file).await?
        {
            return Ok(fetched);
        }
        match self.ask(self.origin.clone(), &conditions(validators)).await? {
            Answer::Found(response) => self.whole(response, &place).await,
            Answer::NotModified => Ok(Fetched::NotModified),
            Answer::NotThere | Answer::OutOfRange => Ok(Fetched::NotThere),
        }
    }

    /// A file from its beginning.
    async fn whole(&self, response: Response, place: &Place) -> Result<Fetched, FetchError> {
        let taking = Taking::begin(self, &response, Some(place));
        self.taken(response, taking).await
    }

    /// The rest of a file that broke off at an earlier attempt; `None` if it is to be asked for from its beginning.
    async fn rest(
        &self,
        validators: &Validators,
        place: &Place,
        about: About,
        file: File,
    ) -> Result<Option<Fetched>, FetchError> {
        let spool = tokio::task::spawn_blocking(move || Spool::going_on(file)).await;
        let Ok(Ok(spool)) = spool else { return Ok(None) };
        let mut headers = conditions(validators);
        headers.push((RANGE, format!("bytes={}-", spool.length())));
        headers.extend(about.proof.clone().map(|proof| (IF_RANGE, proof)));
        let response = match self.ask(self.origin.clone(), &headers).await? {
            Answer::Found(response) if goes_on(&response, spool.length(), &about) => {
                return self.taken(response, Taking::going_on(spool, about, place)).await.map(Some);
            }
            answer => {
                place.clear();
                answer
            }
        };
        // What lay there is given back before another beginning takes its place.
        drop(spool);
        match response {
            Answer::Found(response) if response.status() == StatusCode::PARTIAL_CONTENT => Err(self.elsewhere()),
            Answer::Found(response) => self.whole(response, place).await.map(Some),
            Answer::NotModified => Ok(Some(Fetched::NotModified)),
            Answer::NotThere => Ok(Some(Fetched::NotThere)),
            Answer::OutOfRange => Ok(None),
        }
    }

    async fn taken(&self, response: Response, taking: Taking<'_>) -> Result<Fetched, FetchError> {
        let (content, about) = self.body(response, taking).await?;
        Ok(Fetched::New(Extract::of_bytes(content, about.name, about.host), about.validators))
    }

    /// The records of all pages as one JSON array. Whether they changed is told by the bytes alone.
    async fn pages(&self, pages: &Pages) -> Result<Fetched, FetchError> {
        let mut gathering = Gathering::new(pages, self.origin.clone());
        let mut next = Some(gathering.address());
        let mut is_first = true;
        while let Some(url) = next {
            let response = match self.ask(url.clone(), &[]).await? {
                Answer::Found(response) => response,
                Answer::NotThere if is_first => return Ok(Fetched::NotThere),
                Answer::NotThere if pages.ends_where_nothing_is() => break,
                _ => return Err(self.broke_off(pages.gone())),
            };
            is_first = false;
            let headers = response.headers().clone();
            let taking = Taking::begin(self, &response, None);
            let (body, _) = self.body(response, taking).await?;
            if gathering.len() as u64 + body.length() > MOST_RECORDS {
                return Err(FetchError::TooLarge { url: self.shown() });
            }
            let why = |why| FetchError::Pages { url: self.shown(), why };
            next = gathering.take(&url, &headers, &body.bytes().map_err(not_kept)?).map_err(why)?;
        }
        let mut name = last_segment(&self.origin);
        if !name.ends_with(".json") {
            name.push_str(".json");
        }
        let source = self.origin.host_str().unwrap_or("an unnamed host").to_owned();
        Ok(Fetched::New(Extract::of_bytes(gathering.finish(), name, source), Validators::default()))
    }

    /// Asks an address, and those it redirects to.
    pub(super) async fn ask(&self, first: Url, headers: &[(HeaderName, String)]) -> Result<Answer, FetchError> {
        let mut url = first;
        let mut is_signed_anew = false;
        let mut redirects = 0;
        loop {
            self.fetcher.permitted(&url).await?;
            let response = self.send(&url, headers).await?;
            let status = response.status();
            match status {
                StatusCode::OK | StatusCode::PARTIAL_CONTENT => return Ok(Answer::Found(response)),
                StatusCode::NOT_MODIFIED => return Ok(Answer::NotModified),
                StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Answer::NotThere),
                StatusCode::RANGE_NOT_SATISFIABLE if headers.iter().any(|(name, _)| *name == RANGE) => {
                    return Ok(Answer::OutOfRange);
                }
                // A token may be withdrawn before its time: a new one is asked for once.
                StatusCode::UNAUTHORIZED if !is_signed_anew && self.forget_token().await => is_signed_anew = true,
                status if status.is_redirection() => {
                    redirects += 1;
                    url = self.redirected(&url, &response, redirects)?;
                }
                status => {
                    return Err(FetchError::Status {
                        url: shown(url.as_str()),
                        status: status.as_u16(),
                        hint: self.hint(status),
                        retry_after: retry_after(response.headers()),
                    });
                }
            }
        }
    }

    async fn send(&self, url: &Url, headers: &[(HeaderName, String)]) -> Result<Response, FetchError> {
        let mut request = self.client.get(url.clone());
        // What is compressed on the way cannot be resumed; files are compressed where they lie if they are large.
        request = request.header(ACCEPT_ENCODING, "identity");
        request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let request = self.signed(url, request).await?;
        self.in_time(url, request.send()).await?.map_err(|e| unreachable(url, &e))
    }

    /// What comes next, if the host is not silent for longer than it may be.
    pub(super) async fn in_time<T>(&self, url: &Url, next: impl Future<Output = T>) -> Result<T, FetchError> {
        let patience = self.source.timeout;
        tokio::time::timeout(patience, next).await.map_err(|_| {
            let why = format!("it said nothing for {} s", patience.as_secs());
            FetchError::Unreachable { url: shown(url.as_str()), why }
        })
    }

    pub(super) fn spool(&self) -> &Path {
        &self.fetcher.spool
    }

    /// Tells the host who asks, if it is the one that is to know.
    async fn signed(&self, url: &Url, request: RequestBuilder) -> Result<RequestBuilder, FetchError> {
        let Some(auth) = &self.source.auth else { return Ok(request) };
        if url.origin() != self.origin.origin() {
            return Ok(request);
        }
        if let Some(token_url) = auth.token_url() {
            self.fetcher.permitted(&parse(token_url)?).await?;
        }
        self.fetcher.tokens.sign(auth, request, &self.client, &self.fetcher.environment).await
    }

    async fn forget_token(&self) -> bool {
        match &self.source.auth {
            Some(auth) => self.fetcher.tokens.forget(auth).await,
            None => false,
        }
    }

    fn redirected(&self, from: &Url, response: &Response, redirects: usize) -> Result<Url, FetchError> {
        let refused = |why: &str| FetchError::Refused { url: shown(from.as_str()), why: why.to_owned() };
        let target = text(response.headers(), &LOCATION).and_then(|target| from.join(&target).ok());
        let target = target.ok_or_else(|| refused("it redirects to no address"))?;
        if redirects > REDIRECTS {
            return Err(refused("it redirects more than five times"));
        }
        if from.scheme() == "https" && target.scheme() != "https" {
            return Err(refused("it redirects from https to http"));
        }
        if target.host_str().is_none_or(|host| !self.fetcher.hosts.iter().any(|known| known == host)) {
            return Err(refused("it redirects to a host that the configuration does not name"));
        }
        Ok(target)
    }

    pub(super) fn broke_off(&self, why: &str) -> FetchError {
        FetchError::Unreachable { url: self.shown(), why: why.to_owned() }
    }

    fn shown(&self) -> String {
        shown(self.origin.as_str())
    }

    fn hint(&self, status: StatusCode) -> &'static str {
        let in_address = !self.origin.username().is_empty() || self.origin.password().is_some();
        match status.as_u16() {
            401 | 403 if self.source.auth.is_some() => {
                "the host does not take our credentials; look at [source.auth] in return.toml, or ask the partner"
            }
            401 | 403 if in_address => "check the name and password in the address of this source",
            401 | 403 => {
                "the host asks who is there, and this source has no credentials to give; ask the partner for access \
                 and write [source.auth]"
            }
            407 => "the proxy asks for credentials",
            429 | 503 => "the host asks to be left alone for a while; it is tried again",
            500..=599 => "the fault is on the partner's side; it is tried again",
            _ => "check the address in return.toml",
        }
    }
}

pub(super) fn unreachable(url: &Url, error: &reqwest::Error) -> FetchError {
    FetchError::Unreachable { url: shown(url.as_str()), why: chain(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Https {
        Https { timeout: Duration::from_secs(2), ..Https::example() }
    }

    #[tokio::test]
    async fn no_error_shows_what_an_address_keeps_secret() {
        let secret = "https://CANARY-NAME:CANARY-WORD@127.0.0.1:9/file.csv?sig=CANARY-TOKEN#CANARY-END";
        let fetcher = Fetcher::new(["127.0.0.1".to_owned()], BTreeMap::new(), PathBuf::new()).unwrap();
        let named_elsewhere = secret.replace("127.0.0.1", "elsewhere.example");
        for address in [secret, &named_elsewhere, "CANARY is no address"] {
            let error = fetcher.fetch(&source(), address, &Validators::default()).await.unwrap_err();
            let said = format!("{error} {:#} {error:?}", anyhow::anyhow!("{error}"));
            assert!(!said.contains("CANARY"), "{said}");
        }
    }
}
