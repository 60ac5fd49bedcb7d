//! Addresses and errors as they may be told: whatever an address keeps secret stays with its host.

use reqwest::Url;

/// An address as it may be shown: scheme, host and path. A name, a password or a token in it stays with the host.
pub(super) fn shown(address: &str) -> String {
    match Url::parse(address) {
        Ok(url) => format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()),
        Err(_) => "an address that cannot be read".to_owned(),
    }
}

/// An error with its causes, the address left out (it may carry a token).
pub(in crate::source) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    if words.is_empty() { "the connection failed".into() } else { words.join(": ") }
}

/// The file name of a `Content-Disposition` header.
pub(super) fn named(disposition: &str) -> Option<String> {
    let name = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
    let name = name.trim_matches('"');
    (!name.is_empty()).then(|| name.to_owned())
}

/// The last part of an address's path.
pub(super) fn last_segment(url: &Url) -> String {
    url.path_segments().and_then(|mut s| s.next_back()).filter(|s| !s.is_empty()).unwrap_or("unnamed").to_owned()
}
