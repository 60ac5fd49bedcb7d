//! An HTTP server on loopback that answers as a test's own function says, and remembers what it was asked.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, header, response::Builder},
    response::Response,
};
use tokio::net::TcpListener;

/// What the server was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: String,
    /// How often this target was asked before.
    pub before: usize,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

type Answers = Arc<dyn Fn(&Asked) -> Response + Send + Sync>;

/// The server; it ends with the test.
#[derive(Clone)]
pub struct Unruly {
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Answers,
    address: SocketAddr,
}

impl Unruly {
    pub async fn start(answers: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self { asked: Arc::default(), answers: Arc::new(answers), address };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        server
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The targets it was asked for that begin so.
    pub fn targets(&self, start: &str) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.target).filter(|target| target.starts_with(start)).collect()
    }
}

async fn answer(State(server): State<Unruly>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().to_string();
    let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    let asked = {
        let mut known = server.asked.lock().unwrap();
        let before = known.iter().filter(|asked| asked.target == target).count();
        known.push(Asked { target, headers: parts.headers, body, before });
        known.last().unwrap().clone()
    };
    (server.answers)(&asked)
}

/// A body that says it has `promised` bytes and ends after those given.
pub fn cut(builder: Builder, sent: &[u8], promised: usize) -> Response {
    let sent = Bytes::copy_from_slice(sent);
    let chunks = futures::stream::unfold(Some(sent), |sent| async move {
        match sent {
            Some(sent) => Some((Ok(sent), None)),
            None => {
                // What was sent reaches the other side before the connection breaks.
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                Some((Err(std::io::Error::other("cut")), None))
            }
        }
    });
    builder.header(header::CONTENT_LENGTH, promised).body(Body::from_stream(chunks)).unwrap()
}
