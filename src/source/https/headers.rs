//! What a host's headers say of its file.

use std::time::Duration;

use reqwest::{
    Response, StatusCode,
    header::{CONTENT_RANGE, DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, RETRY_AFTER},
};

/// The longest that a host is left alone because it asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What validates the copy taken last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The entity tag.
    pub etag: Option<String>,
    /// The date of last modification.
    pub last_modified: Option<String>,
}

/// Whether a response is the rest of the file from byte `from` on.
pub(super) fn goes_on(response: &Response, from: u64, taken: &Validators) -> bool {
    let range = text(response.headers(), &CONTENT_RANGE);
    let starts = range.as_deref().and_then(|range| range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok());
    response.status() == StatusCode::PARTIAL_CONTENT
        && starts == Some(from)
        && validators_of(response.headers()).etag == taken.etag
}

/// What proves byte for byte that a file is the same: a strong entity tag.
pub(super) fn strong(taken: &Validators) -> Option<String> {
    taken.etag.clone().filter(|tag| !tag.starts_with("W/"))
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
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = text(headers, &RETRY_AFTER)?;
    let wait = match asked.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let instant = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp());
            let (then, now) = (instant(asked.trim())?, instant(&text(headers, &DATE)?)?);
            Duration::try_from(then.duration_since(now)).ok()?
        }
    };
    Some(wait.min(LONGEST_WAIT))
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
}
