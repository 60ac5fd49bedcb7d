//! Microsoft Graph: a message as MIME in one request, or, above what one request may hold, as a draft to which its files are
//! brought in pieces and which is then sent.
//!
//! Only the last request sends; what fails before it did not leave. Knows nothing of the outbox.

use std::{collections::BTreeMap, path::Path, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use jiff::SignedDuration;
use reqwest::{Client, Method, Response, StatusCode, Url, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Deadlines, MailError, Office,
    eml::{Apart, Eml},
    mailer::{Outcome, Verb},
    sign_in::{self, KEPT_TOKEN, NoToken},
};
use crate::source::{
    https,
    mailbox::{Tokens, cause, client},
};

/// A request may have 4 MB, and base64 makes four bytes of three
/// (https://learn.microsoft.com/graph/outlook-send-mime-message).
pub(super) const MOST_AT_ONCE: usize = 3_000_000;

/// What is brought in one piece: a multiple of 320 KiB below 4 MB
/// (https://learn.microsoft.com/graph/outlook-large-attachments).
const PIECE: usize = 10 * 320 * 1024;

/// What Exchange takes of one message unless its administrator says otherwise.
const MOST_BYTES: usize = 25 << 20;

/// A mailbox that sends.
#[derive(Debug)]
pub struct Graph {
    base: String,
    user: String,
    host: String,
    client: Client,
    tokens: Tokens,
    deadlines: Deadlines,
}

/// What is asked, and how long the answer may take.
struct Ask {
    verb: Verb,
    method: Method,
    url: Url,
    media_type: &'static str,
    body: Bytes,
}

impl Graph {
    /// Reads the secrets and the certificates.
    pub(super) fn open(
        office: &Office,
        environment: &BTreeMap<String, String>,
        data: &Path,
        deadlines: Deadlines,
    ) -> Result<Self, MailError> {
        let client = client(office.ca_file.as_deref()).map_err(sign_in::error)?;
        let kept = data.join(KEPT_TOKEN);
        let tokens = Tokens::open(&office.oauth2, &office.user, client.clone(), environment, kept);
        Ok(Self {
            base: office.base.clone(),
            user: office.user.clone(),
            host: https::host_of(&office.base).unwrap_or_default(),
            client,
            tokens: tokens.map_err(sign_in::error)?,
            deadlines,
        })
    }

    /// Signs in, and sends nothing.
    pub(super) async fn knock(&self) -> Result<String, (Verb, String)> {
        match self.tokens.get().await {
            Ok(_) => Ok(format!("signed in as {}", self.user)),
            Err(error) => Err(match self.no_token(error.into()) {
                Outcome::AuthFailed { says } | Outcome::Busy { says, .. } => (Verb::Auth, says),
                _ => (Verb::Auth, "no token was given".to_owned()),
            }),
        }
    }

    /// Sends one message.
    pub(super) async fn send(&self, eml: &Eml) -> Outcome {
        let size = eml.size();
        if size > MOST_BYTES {
            let says = format!("{} takes {MOST_BYTES} bytes, the message has {size}", self.host);
            return Outcome::TooLarge { verb: Verb::Mail, says };
        }
        let sent = if eml.files.is_empty() { self.at_once(eml).await } else { self.in_pieces(eml).await };
        sent.map_or_else(|outcome| outcome, Outcome::Sent)
    }

    async fn at_once(&self, eml: &Eml) -> Result<String, Outcome> {
        let url = self.address(&["sendMail"])?;
        let response = self.ask(Ask { verb: Verb::Dot, ..mime(url, eml) }).await?;
        crate::fault::point("mail-after-dot");
        Ok(taken(&response))
    }

    async fn in_pieces(&self, eml: &Eml) -> Result<String, Outcome> {
        let draft = self.ask(mime(self.address(&["messages"])?, eml)).await?;
        let id = self.field(draft, "id").await?;
        for file in &eml.files {
            if let Err(outcome) = self.attach(&id, file).await {
                // A draft that nobody sends lies in the way; if it stays, it does no harm.
                if let Ok(url) = self.address(&["messages", &id]) {
                    let _ = self.ask(Ask { method: Method::DELETE, ..empty(Verb::Body, url) }).await;
                }
                return Err(outcome);
            }
        }
        let response = self.ask(empty(Verb::Dot, self.address(&["messages", &id, "send"])?)).await?;
        crate::fault::point("mail-after-dot");
        Ok(taken(&response))
    }

    async fn attach(&self, draft: &str, file: &Apart) -> Result<(), Outcome> {
        if file.bytes.len() <= MOST_AT_ONCE {
            let url = self.address(&["messages", draft, "attachments"])?;
            let body = json!({
                "@odata.type": "#microsoft.graph.fileAttachment",
                "name": file.name,
                "contentType": file.media_type,
                "contentBytes": BASE64_STANDARD.encode(&file.bytes),
            });
            return self.ask(as_json(url, &body)).await.map(drop);
        }
        let url = self.address(&["messages", draft, "attachments", "createUploadSession"])?;
        let total = file.bytes.len();
        let item = json!({ "AttachmentItem": { "attachmentType": "file", "name": file.name, "size": total } });
        let session = self.ask(as_json(url, &item)).await?;
        let address = self.field(session, "uploadUrl").await?;
        // The address itself is the leave to write there: it is shown nowhere, and no token goes with it.
        let url = Url::parse(&address).ok().filter(|_| https::refusal(&address).is_none());
        let url = url.ok_or_else(|| self.later(Verb::Body, "it names no place to upload to that could be used"))?;
        for (number, piece) in file.bytes.chunks(PIECE).enumerate() {
            let from = number * PIECE;
            let range = format!("bytes {from}-{}/{total}", from + piece.len() - 1);
            let request = self.client.put(url.clone()).header(header::CONTENT_RANGE, range);
            let answer = timeout(self.deadlines.dot, request.body(piece.to_vec()).send()).await;
            match answer {
                Ok(Ok(response)) if response.status().is_success() => {}
                Ok(Ok(response)) => {
                    let says = format!("a piece was refused with status {}", response.status().as_u16());
                    return Err(self.later(Verb::Body, &says));
                }
                Ok(Err(error)) => return Err(self.later(Verb::Body, &cause(&error))),
                Err(_) => return Err(self.later(Verb::Body, "a piece got no answer in time")),
            }
        }
        Ok(())
    }

    /// Asks, once more with a new token if the first was refused.
    async fn ask(&self, ask: Ask) -> Result<Response, Outcome> {
        let mut again = true;
        let limit = if ask.verb == Verb::Dot { self.deadlines.dot } else { self.deadlines.verb };
        loop {
            let access = self.tokens.get().await.map_err(|error| self.no_token(error.into()))?;
            let request = self.client.request(ask.method.clone(), ask.url.clone());
            let request =
                request.bearer_auth(access.token.expose_secret()).header(header::CONTENT_TYPE, ask.media_type);
            let answer = timeout(limit, request.body(ask.body.clone()).send()).await;
            let response = match answer {
                Ok(Ok(response)) => response,
                Ok(Err(error)) if error.is_connect() => {
                    return Err(Outcome::Down { verb: Verb::Connect, says: self.says(&cause(&error)) });
                }
                Ok(Err(error)) => return Err(self.unanswered(ask.verb, &cause(&error))),
                Err(_) => {
                    let says = format!("no answer within {} seconds", limit.as_secs_f32());
                    return Err(self.unanswered(ask.verb, &says));
                }
            };
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            if status == StatusCode::UNAUTHORIZED && again && !access.is_new {
                self.tokens.forget().await;
                again = false;
                continue;
            }
            return Err(self.refusal(ask.verb, response).await);
        }
    }

    /// What an answer other than "done" means for the message.
    async fn refusal(&self, verb: Verb, response: Response) -> Outcome {
        let status = response.status();
        let wait = https::retry_after(response.headers()).unwrap_or(Duration::ZERO);
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO);
        let body = response.bytes().await.unwrap_or_default();
        // Of its words only the code: the rest may repeat what was sent.
        let code =
            serde_json::from_slice::<Value>(&body).ok().and_then(|body| body["error"]["code"].as_str().map(plain));
        let says = self.says(format!("status {} {}", status.as_u16(), code.unwrap_or_default()).trim_end());
        match status.as_u16() {
            401 | 403 => Outcome::AuthFailed { says },
            // There is no such mailbox: that is the settings' fault, not the message's.
            404 => Outcome::AuthFailed { says: format!("{says}; check user of [mail]") },
            413 => Outcome::TooLarge { verb, says },
            // Between us and the server somebody waited too long: what was asked may be done.
            502 | 504 => self.unanswered(verb, &says),
            408 | 429 | 500.. => Outcome::Busy { verb, says, wait },
            _ => Outcome::Refused { verb, says },
        }
    }

    fn no_token(&self, no: NoToken) -> Outcome {
        match no {
            NoToken::Refused(says) => Outcome::AuthFailed { says },
            NoToken::Later(says, wait) => {
                let wait = wait.and_then(|wait| SignedDuration::try_from(wait).ok()).unwrap_or(SignedDuration::ZERO);
                Outcome::Busy { verb: Verb::Auth, says, wait }
            }
        }
    }

    fn unanswered(&self, verb: Verb, why: &str) -> Outcome {
        if verb == Verb::Dot { Outcome::Unknown { says: self.says(why) } } else { self.later(verb, why) }
    }

    fn later(&self, verb: Verb, why: &str) -> Outcome {
        Outcome::Later { verb, says: self.says(why) }
    }

    fn says(&self, words: &str) -> String {
        format!("{}: {words}", self.host)
    }

    /// A text of an answer.
    async fn field(&self, response: Response, name: &str) -> Result<String, Outcome> {
        let body = timeout(self.deadlines.verb, response.bytes()).await;
        let body = body.ok().and_then(Result::ok).and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        let found = body.and_then(|body| body[name].as_str().map(str::to_owned));
        found.ok_or_else(|| self.later(Verb::Data, "it answered something that cannot be read"))
    }

    /// The address of something of this user's: each step becomes one segment of the path.
    fn address(&self, steps: &[&str]) -> Result<Url, Outcome> {
        let wrong = || Outcome::Down { verb: Verb::Compose, says: "base of [mail] cannot be used".into() };
        let mut url = Url::parse(&self.base).map_err(|_| wrong())?;
        url.path_segments_mut().map_err(|()| wrong())?.extend(["users", &self.user]).extend(steps);
        Ok(url)
    }
}

fn mime(url: Url, eml: &Eml) -> Ask {
    let body = BASE64_STANDARD.encode(&eml.bytes).into();
    Ask { verb: Verb::Data, method: Method::POST, url, media_type: "text/plain", body }
}

fn as_json(url: Url, body: &Value) -> Ask {
    let body = body.to_string().into();
    Ask { verb: Verb::Body, method: Method::POST, url, media_type: "application/json", body }
}

fn empty(verb: Verb, url: Url) -> Ask {
    Ask { verb, method: Method::POST, url, media_type: "application/json", body: Bytes::new() }
}

fn taken(response: &Response) -> String {
    let request = response.headers().get("request-id").and_then(|id| id.to_str().ok()).map(plain);
    format!("{} accepted {}", response.status().as_u16(), request.unwrap_or_default()).trim_end().to_owned()
}

/// A word from outside.
fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(60).collect()
}
