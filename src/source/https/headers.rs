//! What a host's headers say of its file.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_RANGE, DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, RETRY_AFTER},
};
use serde::{Deserialize, Serialize};

use super::partial::About;

/// The longest that a host is left alone because it asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What validates the copy taken last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The entity tag.
    pub etag: Option<String>,
    /// The date of last modification.
    pub last_modified: Option<String>,
}

/// Whether a response is the rest of a file from byte `from` on.
pub(super) fn goes_on(response: &Response, from: u64, about: &About) -> bool {
    let headers = response.headers();
    let range = text(headers, &CONTENT_RANGE);
    let range = range.as_deref().and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
    let Some((starts, (_, whole))) = range.and_then(|(starts, rest)| Some((starts, rest.split_once('/')?))) else {
        return false;
    };
    let is_as_long = about.whole.is_none_or(|known| whole.parse().map_or(whole == "*", |whole: u64| whole == known));
    let Validators { etag, last_modified } = validators_of(headers);
    // What was asked for by a date need not be dated (RFC 9110, 15.3.7).
    let is_same = match (&about.validators.etag, last_modified) {
        (None, Some(changed)) => etag.is_none() && Some(changed) == about.validators.last_modified,
        (known, _) => etag == *known,
    };
    response.status() == StatusCode::PARTIAL_CONTENT && starts.parse() == Ok(from) && is_as_long && is_same
}

/// What proves byte for byte that a file is the same: a strong entity tag, or, where a host gives no tag at all, a date of
/// change that lies a minute before the answer (RFC 9110, 13.1.5 and 8.8.2.2).
pub(super) fn proof_of(headers: &HeaderMap) -> Option<String> {
    if let Some(tag) = text(headers, &ETAG) {
        return Some(tag).filter(|tag| !tag.starts_with("W/"));
    }
    let changed = text(headers, &LAST_MODIFIED)?;
    let rested = instant(&text(headers, &DATE)?)?.duration_since(instant(&changed)?);
    (rested >= SignedDuration::from_secs(60)).then_some(changed)
}

/// What the headers say validates the copy.
pub(super) fn validators_of(headers: &HeaderMap) -> Validators {
    Validators { etag: text(headers, &ETAG), last_modified: text(headers, &LAST_MODIFIED) }
}

/// A header, where it is text.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `Retry-After`, at most a day: seconds, or a date as the host's own clock (`Date`) has it.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, &RETRY_AFTER)?;
    let wait = match asked.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let (then, now) = (instant(asked.trim())?, instant(&text(headers, &DATE)?)?);
            Duration::try_from(then.duration_since(now)).ok()?
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

fn instant(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_ask_for_a_day_of_rest_and_no_more() {
        let asked = |text: &str| {
            let date = "Wed, 21 Oct 2026 07:00:00 GMT".parse().unwrap();
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap()), (DATE, date)]))
        };
        assert_eq!(asked("1800"), Some(Duration::from_secs(1800)));
        assert_eq!(asked("99999999999"), Some(LONGEST_WAIT));
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:00 GMT"), Some(Duration::from_secs(28 * 60)));
        assert_eq!(asked("Wed, 21 Oct 2026 06:28:00 GMT"), None, "what has passed asks for nothing");
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn a_tag_proves_a_file_the_same_and_a_date_only_where_it_is_old_and_there_is_no_tag() {
        let proof = |tag: Option<&str>, changed: &str| {
            let date = "Wed, 21 Oct 2026 07:00:00 GMT".parse().unwrap();
            let mut headers = HeaderMap::from_iter([(LAST_MODIFIED, changed.parse().unwrap()), (DATE, date)]);
            headers.extend(tag.map(|tag| (ETAG, tag.parse().unwrap())));
            proof_of(&headers)
        };
        let (old, new) = ("Wed, 21 Oct 2026 06:59:00 GMT", "Wed, 21 Oct 2026 06:59:01 GMT");
        assert_eq!(proof(Some("\"one\""), new).as_deref(), Some("\"one\""));
        assert_eq!(proof(Some("W/\"one\""), old), None, "what has a tag is not proven by its date");
        assert_eq!(proof(None, old).as_deref(), Some(old));
        assert_eq!(proof(None, new), None, "it could have changed twice in that time");
    }
}
