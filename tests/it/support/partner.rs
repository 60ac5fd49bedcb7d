//! A partner's HTTP server on loopback that can be told to misbehave.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

/// What the server does when it is asked for a path.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A file with an entity tag, and the name it is to be saved under.
    File { name: String, bytes: Vec<u8> },
    /// A file without anything that validates a copy.
    Untagged { bytes: Vec<u8> },
    /// A file that is validated by its date alone.
    Dated { bytes: Vec<u8>, at: &'static str },
    /// A status, with seconds to wait where there are any.
    Status(u16, Option<u32>),
    /// Says it sends more than it does.
    Cut { bytes: Vec<u8> },
    /// Says nothing for a long time.
    Stall,
}

#[derive(Default)]
struct Shelf {
    answers: BTreeMap<String, Answer>,
    asked: Vec<String>,
}

/// The server; it ends with the test.
#[derive(Clone)]
pub struct Partner {
    shelf: Arc<Mutex<Shelf>>,
    address: SocketAddr,
}

impl Partner {
    pub async fn start() -> Self {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shelf));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shelf, address }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, path: &str, answer: Answer) {
        self.shelf.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    pub fn file(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        let name = path.rsplit('/').next().unwrap().to_owned();
        self.set(path, Answer::File { name, bytes: bytes.into() });
    }

    /// How often a path was asked for, and how often it answered "not modified".
    pub fn asked(&self, path: &str) -> usize {
        self.shelf.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }

    /// How often anything was asked for.
    pub fn asked_at_all(&self) -> usize {
        self.shelf.lock().unwrap().asked.len()
    }
}

async fn answer(State(shelf): State<Arc<Mutex<Shelf>>>, headers: HeaderMap, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let answer = {
        let mut shelf = shelf.lock().unwrap();
        shelf.asked.push(path.clone());
        shelf.answers.get(&path).cloned()
    };
    match answer {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(Answer::File { name, bytes }) => {
            let tag = format!("\"{}\"", quarterday::domain::sha256(&bytes));
            if headers.get(header::IF_NONE_MATCH).is_some_and(|sent| sent == tag.as_str()) {
                return StatusCode::NOT_MODIFIED.into_response();
            }
            let disposition = format!("attachment; filename=\"{name}\"");
            ([(header::ETAG, tag), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
        }
        Some(Answer::Untagged { bytes }) => bytes.into_response(),
        Some(Answer::Dated { at, .. }) if headers.get(header::IF_MODIFIED_SINCE).is_some_and(|since| since == at) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        Some(Answer::Dated { bytes, at }) => ([(header::LAST_MODIFIED, at)], bytes).into_response(),
        Some(Answer::Status(status, wait)) => {
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert(header::RETRY_AFTER, wait.to_string().parse().unwrap());
            }
            response
        }
        Some(Answer::Cut { bytes }) => {
            let stream = futures::stream::iter([Ok(bytes.clone()), Err(std::io::Error::other("cut"))]);
            Response::builder()
                .header(header::CONTENT_LENGTH, bytes.len() + 1000)
                .body(Body::from_stream(stream))
                .unwrap()
        }
        Some(Answer::Stall) => {
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
            StatusCode::OK.into_response()
        }
    }
}
