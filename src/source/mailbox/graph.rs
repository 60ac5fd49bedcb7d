//! The mailbox over Microsoft Graph: pages of a folder, a message as MIME, moves by the folder's identifier.

use std::{collections::BTreeMap, path::Path};

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    BEGINNING, Fetched, KEPT_TOKEN, Listed, MOST_BYTES, MOST_LISTED, MailboxError, Settings, Way,
    token::{Tokens, cause, client},
    words,
};
use crate::source::https::retry_after;

/// How many pages of one folder are read.
const MOST_PAGES: usize = 10;

/// A mailbox behind Microsoft Graph.
pub(super) struct Graph {
    host: String,
    base: String,
    user: String,
    folder: String,
    client: Client,
    tokens: Tokens,
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Graph({})", self.base)
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    value: Vec<Item>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    #[serde(rename = "displayName", default)]
    name: Option<String>,
    #[serde(rename = "receivedDateTime", default)]
    received: Option<Timestamp>,
}

impl Graph {
    pub(super) fn open(
        settings: &Settings,
        environment: &BTreeMap<String, String>,
        data: &Path,
    ) -> Result<Self, MailboxError> {
        let Way::Graph { base, oauth2 } = &settings.way else {
            return Err(MailboxError::Client("it is no Graph mailbox".into()));
        };
        let client = client(settings.ca_file.as_deref())?;
        Ok(Self {
            host: settings.host(),
            base: base.clone(),
            user: settings.user.clone(),
            folder: settings.folder.clone(),
            tokens: Tokens::open(oauth2, &settings.user, client.clone(), environment, data.join(KEPT_TOKEN))?,
            client,
        })
    }

    pub(super) fn session(&self) -> Session<'_> {
        Session { graph: self, folders: BTreeMap::new() }
    }

    /// The address of something of this user's: each step becomes one segment of the path.
    fn address(&self, steps: &[&str]) -> Result<Url, MailboxError> {
        let wrong = || MailboxError::Client("the address of Graph cannot be used".into());
        let mut url = Url::parse(&self.base).map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.extend(["users", &self.user]).extend(steps);
        Ok(url)
    }

    /// Asks, once more with a new token if the first was refused.
    async fn ask(
        &self,
        what: &'static str,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Option<Response>, MailboxError> {
        let mut again = true;
        loop {
            let access = self.tokens.get().await?;
            let request = self.client.request(method.clone(), url.clone()).bearer_auth(access.token.expose_secret());
            // Otherwise a message is called something else once it has moved.
            let request = request.header("Prefer", "IdType=\"ImmutableId\"");
            let response = with(request, body).send().await.map_err(|error| self.unreachable(&error))?;
            match response.status() {
                status if status.is_success() => return Ok(Some(response)),
                StatusCode::NOT_FOUND => return Ok(None),
                StatusCode::UNAUTHORIZED if again => {
                    self.tokens.forget().await;
                    again = false;
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    let says = format!("status {}", response.status().as_u16());
                    return Err(MailboxError::SignIn { host: self.host.clone(), user: self.user.clone(), says });
                }
                status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                    let retry_after = retry_after(response.headers());
                    return Err(MailboxError::Busy { host: self.host.clone(), retry_after });
                }
                status => {
                    let body = response.bytes().await.unwrap_or_default();
                    let code = serde_json::from_slice::<Value>(&body).ok();
                    let code = code.and_then(|body| body["error"]["code"].as_str().map(words)).unwrap_or_default();
                    let says = format!("status {} {code}", status.as_u16()).trim_end().to_owned();
                    return Err(MailboxError::Refused { host: self.host.clone(), what, says });
                }
            }
        }
    }

    async fn page(&self, what: &'static str, url: Url) -> Result<Page, MailboxError> {
        let host = self.host.clone();
        let Some(response) = self.ask(what, Method::GET, url, None).await? else {
            return Err(MailboxError::Refused { host, what, says: "status 404".into() });
        };
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&body)
            .map_err(|_| MailboxError::Unreachable { host, why: "it answered something that cannot be read".into() })
    }

    fn unreachable(&self, error: &reqwest::Error) -> MailboxError {
        MailboxError::Unreachable { host: self.host.clone(), why: cause(error) }
    }
}

fn with(request: RequestBuilder, body: Option<&Value>) -> RequestBuilder {
    match body {
        Some(body) => request.json(body),
        None => request,
    }
}

/// One look, with the folders it has found.
pub struct Session<'a> {
    graph: &'a Graph,
    folders: BTreeMap<String, String>,
}

impl Session<'_> {
    pub(super) async fn list(&mut self) -> Result<Vec<Listed>, MailboxError> {
        let what = "list the messages";
        let folder = self.folder_read().await?;
        let mut url = self.graph.address(&["mailFolders", &folder, "messages"])?;
        url.query_pairs_mut()
            .append_pair("$select", "id,receivedDateTime")
            .append_pair("$orderby", "receivedDateTime asc")
            .append_pair("$top", "50");
        let mut listed = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.graph.page(what, url.clone()).await?;
            listed.extend(page.value.into_iter().map(|item| Listed {
                id: item.id,
                size: None,
                arrived: item.received,
            }));
            let Some(next) = page.next.filter(|_| listed.len() <= MOST_LISTED) else { break };
            let next = Url::parse(&next).ok().filter(|next| next.origin() == url.origin());
            url = next.ok_or_else(|| MailboxError::Refused {
                host: self.graph.host.clone(),
                what,
                says: "its next page lies on another host".into(),
            })?;
        }
        Ok(listed)
    }

    pub(super) async fn fetch(&mut self, listed: &Listed) -> Result<Fetched, MailboxError> {
        let url = self.graph.address(&["messages", &listed.id, "$value"])?;
        let Some(response) = self.graph.ask("hand over a message", Method::GET, url, None).await? else {
            return Ok(Fetched::Gone);
        };
        let promised = response.content_length();
        let mut body = BytesMut::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(|error| self.graph.unreachable(&error))?);
            if body.len() as u64 > MOST_BYTES {
                body.truncate(BEGINNING);
                return Ok(Fetched::TooLarge(Bytes::from(body)));
            }
        }
        if promised.is_some_and(|promised| promised != body.len() as u64) {
            let why = "a message broke off before its end".to_owned();
            return Err(MailboxError::Unreachable { host: self.graph.host.clone(), why });
        }
        Ok(Fetched::Whole(Bytes::from(body)))
    }

    pub(super) async fn move_to(&mut self, listed: &Listed, folder: &str) -> Result<(), MailboxError> {
        let what = "move a message";
        let folder = self.folder_of(folder).await?;
        let url = self.graph.address(&["messages", &listed.id, "move"])?;
        let body = json!({ "destinationId": folder });
        // One that is gone was moved by somebody else.
        self.graph.ask(what, Method::POST, url, Some(&body)).await.map(|_| ())
    }

    /// The folder that is read: a name that Graph knows of itself, or one that people gave.
    async fn folder_read(&mut self) -> Result<String, MailboxError> {
        let folder = self.graph.folder.clone();
        if folder.eq_ignore_ascii_case("inbox") { Ok("inbox".to_owned()) } else { self.folder_of(&folder).await }
    }

    /// The identifier of a folder, which is made if need be.
    async fn folder_of(&mut self, name: &str) -> Result<String, MailboxError> {
        if let Some(id) = self.folders.get(name) {
            return Ok(id.clone());
        }
        let what = "find or make a folder";
        let mut url = self.graph.address(&["mailFolders"])?;
        url.query_pairs_mut()
            .append_pair("$filter", &format!("displayName eq '{}'", name.replace('\'', "''")))
            .append_pair("$select", "id,displayName");
        let found = self.graph.page(what, url).await?.value;
        let is_it = |item: &Item| item.name.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(name));
        let id = match found.into_iter().find(is_it) {
            Some(found) => found.id,
            None => {
                let (url, body) = (self.graph.address(&["mailFolders"])?, json!({ "displayName": name }));
                let made = self.graph.ask(what, Method::POST, url, Some(&body)).await?;
                let host = self.graph.host.clone();
                let Some(made) = made else {
                    return Err(MailboxError::Refused { host, what, says: "status 404".into() });
                };
                let body = made.bytes().await.map_err(|error| self.graph.unreachable(&error))?;
                let made: Item = serde_json::from_slice(&body).map_err(|_| MailboxError::Unreachable {
                    host,
                    why: "it answered something that cannot be read".into(),
                })?;
                made.id
            }
        };
        self.folders.insert(name.to_owned(), id.clone());
        Ok(id)
    }
}
