//! How object stores and WebDAV servers are spoken to: TLS always verified, nothing followed elsewhere, nothing endless.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use futures::StreamExt;
use http::{Request, Response};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport, HttpTransporter, raw::Operation};
use opendal_http_transport_reqwest::ReqwestTransport;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::source::{
    https::{Tls, is_link_local},
    store::{MOST_BYTES, StoreError},
};

/// The largest answer that is no file, such as a listing.
const MOST_WORDS: u64 = 16 << 20;

/// What messages begin with that were written here and hold no address.
pub(super) const OURS: &str = "quarterday: ";

/// A client that asks named hosts and nobody they point to.
pub(super) fn client(
    patience: Duration,
    tls: &Tls,
    environment: &BTreeMap<String, String>,
) -> Result<reqwest::Client, StoreError> {
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(patience.min(Duration::from_secs(10)))
        .read_timeout(patience)
        .no_gzip()
        .referer(false)
        .user_agent(concat!("quarterday/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(NoLinkLocal));
    let unusable = |why: String| StoreError::Certificate { place: String::new(), why };
    let builder = tls.add_to(builder, environment).map_err(|error| unusable(error.to_string()))?;
    builder.build().map_err(|_| unusable("the HTTP client could not be made; look at [source.tls]".into()))
}

/// The way in which such a client asks.
pub(super) fn transport(client: reqwest::Client) -> HttpTransporter {
    HttpTransporter::new(Bounded(ReqwestTransport::new(client)))
}

/// Breaks off what is too long, and takes no redirection for an answer.
struct Bounded(ReqwestTransport);

impl HttpTransport for Bounded {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        let most = match request.extensions().get::<Operation>() {
            Some(Operation::Read) => MOST_BYTES,
            _ => MOST_WORDS,
        };
        let asks_for_properties = request.method().as_str() == "PROPFIND";
        let response = self.0.fetch(request).await?;
        let status = response.status();
        if matches!(status, http::StatusCode::UNAUTHORIZED | http::StatusCode::FORBIDDEN) {
            return Err(Error::new(ErrorKind::PermissionDenied, status.as_str()));
        }
        let promised = response.headers().get(http::header::CONTENT_LENGTH);
        let promised = promised.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if promised.is_some_and(|length| length > most) {
            return Err(ours("it sends more than is taken"));
        }
        if asks_for_properties && status.is_success() && status != http::StatusCode::MULTI_STATUS {
            return Err(ours(
                "it answered with a page and not with a listing; look whether the address is a WebDAV server's",
            ));
        }
        if status.is_redirection() && status != http::StatusCode::NOT_MODIFIED {
            return Err(ours(
                "it points to another address, which is not followed; look at the address and the region",
            ));
        }
        if status.is_server_error() {
            return Err(ours(&format!("it answered {}", status.as_u16())));
        }
        let mut left = most;
        let bounded = move |piece: opendal::Result<Buffer>| {
            let piece = piece?;
            left = left.checked_sub(piece.len() as u64).ok_or_else(|| ours("it sends more than is taken"))?;
            Ok(piece)
        };
        Ok(response.map(|body| body.map_inner(|pieces| Box::new(pieces.map(bounded)))))
    }
}

fn ours(words: &str) -> Error {
    Error::new(ErrorKind::Unexpected, format!("{OURS}{words}"))
}

/// Names that lead to a link-local address lead nowhere: such addresses give out a cloud machine's own credentials.
struct NoLinkLocal;

impl Resolve for NoLinkLocal {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().any(|address| is_link_local(address.ip())) {
                return Err("its host is a link-local address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
