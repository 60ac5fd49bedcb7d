//! The partners' data server on this machine: it has the files published so far, each with its entity tag, and
//! answers 404 for every other.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, PoisonError, RwLock},
};

use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::domain::sha256;

/// Why the partner server does not run.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    /// No port could be had.
    #[error("the example's partner server could not listen on this machine: {0}")]
    Listen(#[from] io::Error),
}

type Files = Arc<RwLock<BTreeMap<String, (String, Bytes)>>>;

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub struct Partner {
    address: SocketAddr,
    files: Files,
    serving: JoinHandle<()>,
}

impl Partner {
    /// Starts a server without files on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self, PartnerError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let files = Files::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&files));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the example's partner server stopped");
            }
        });
        Ok(Self { address, files, serving })
    }

    /// What `{base}` stands for: `http://127.0.0.1:40123`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on the server has this file, in place of an earlier one of the same path.
    pub fn publish(&self, path: &str, bytes: Vec<u8>) {
        let tag = format!("\"{}\"", &sha256(&bytes)[..16]);
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.insert(path.to_owned(), (tag, bytes.into()));
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(files): State<Files>, headers: HeaderMap, uri: Uri) -> Response {
    let found = files.read().unwrap_or_else(PoisonError::into_inner).get(uri.path()).cloned();
    let Some((tag, bytes)) = found else { return StatusCode::NOT_FOUND.into_response() };
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response();
    }
    let kind = match uri.path().rsplit('.').next() {
        Some("json") => "application/json",
        Some("xlsx") => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "text/csv; charset=utf-8",
    };
    ([(CONTENT_TYPE, kind.to_owned()), (ETAG, tag)], bytes).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::source::https::{Fetched, Fetcher, Https, Validators};

    #[tokio::test]
    async fn a_file_is_there_once_it_is_published_and_its_tag_changes_with_its_bytes() {
        // A second time is no error: another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let partner = Partner::start().await.unwrap();
        let fetcher = Fetcher::new(["127.0.0.1".to_owned()], BTreeMap::new(), std::env::temp_dir()).unwrap();
        let url = format!("{}/police/2025-26-Q1.csv", partner.base());
        let fetch = async |known: &Validators| fetcher.fetch(&Https::example(), &url, known).await.unwrap();

        assert!(matches!(fetch(&Validators::default()).await, Fetched::NotThere));
        partner.publish("/police/2025-26-Q1.csv", b"a,b\r\n".to_vec());
        let Fetched::New(extract, first) = fetch(&Validators::default()).await else { panic!("no file") };
        assert_eq!(
            (extract.content.bytes().unwrap().as_ref(), extract.name.as_str()),
            (b"a,b\r\n".as_slice(), "2025-26-Q1.csv")
        );
        assert!(matches!(fetch(&first).await, Fetched::NotModified));
        partner.publish("/police/2025-26-Q1.csv", b"a,c\r\n".to_vec());
        assert!(matches!(fetch(&first).await, Fetched::New(..)));
    }
}
