//! Records that a host hands out page by page: `[source.pages]`.
//!
//! The pages become one JSON array of their records, each as the host wrote it. Knows nothing of what a record means.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use reqwest::{
    Url,
    header::{HeaderMap, LINK},
};
use serde_json::value::RawValue;

use crate::settings::Section;

/// How one page leads to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// Where the records lie in a page, as names joined by dots; the page itself, or its `data`, when left out.
    pub records: Option<String>,
    /// The most pages taken.
    pub most: usize,
    /// What names the next page.
    pub next: Next,
}

/// What names the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A number that counts up until a page has no records.
    Number {
        /// The query parameter.
        parameter: String,
        /// The first page's number.
        first: u64,
        /// Whether the host also says that there are no more by having no such page.
        or_missing: bool,
    },
    /// A mark in each page; the last one has none.
    Cursor {
        /// Where the mark lies, as names joined by dots.
        at: String,
        /// The query parameter that brings it back. A mark that is an address is followed as it stands.
        parameter: String,
    },
    /// A `Link` header with `rel="next"` (RFC 8288).
    Link,
}

/// Why pages cannot be followed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PageError {
    /// A page is not JSON, or its records are not where they should be.
    #[error("page {page} {why}")]
    Unreadable {
        /// Which page, from 1.
        page: usize,
        /// What is wrong.
        why: String,
    },
    /// A page leads elsewhere.
    #[error("page {0} leads to another host; pages are followed at their own host alone")]
    Elsewhere(usize),
    /// The pages go round in a circle.
    #[error("page {0} leads back to a page that was taken; ask the partner to mend it")]
    Circle(usize),
    /// There are too many.
    #[error("there are more than {0} pages; ask for fewer records, or raise `most` in [source.pages]")]
    TooMany(usize),
}

impl Pages {
    /// Reads `[source.pages]`.
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let next = match table.one_of("kind", &["number", "cursor", "link"])? {
            "number" => {
                let first = table.integer_or("first", 1);
                let Ok(first) = u64::try_from(first) else {
                    table.refuse("first", "a number of zero or more", "first = 1");
                    return None;
                };
                let or_missing = table.one_of_opt("ends_with", &["empty", "404"]) == Some("404");
                Next::Number { parameter: table.text_or("parameter", "page"), first, or_missing }
            }
            "cursor" => {
                let at = table.text("at");
                Next::Cursor { at: at?, parameter: table.text_or("parameter", "cursor") }
            }
            _ => Next::Link,
        };
        let records = table.text_opt("records");
        let most = table.integer_or("most", 1000);
        let Some(most) = usize::try_from(most).ok().filter(|most| (1..=100_000).contains(most)) else {
            table.refuse("most", "a number of pages from 1 to 100000", "most = 1000");
            return None;
        };
        Some(Self { records, most, next })
    }
}

impl Pages {
    /// Whether the pages are at their end where one behind the first is not there.
    pub(super) fn ends_where_nothing_is(&self) -> bool {
        matches!(self.next, Next::Number { or_missing: true, .. })
    }

    /// Why the pages broke off where one is not there.
    pub(super) fn gone(&self) -> &'static str {
        match self.next {
            Next::Number { .. } => {
                "a page is gone; if that is how the host says that there are no more, write ends_with = \"404\" in \
                 [source.pages]"
            }
            Next::Cursor { .. } | Next::Link => "a page is gone",
        }
    }
}

/// Pages being gathered.
pub(super) struct Gathering<'a> {
    pages: &'a Pages,
    first: Url,
    met: BTreeSet<String>,
    /// The array so far, without its closing bracket.
    joined: Vec<u8>,
}

impl<'a> Gathering<'a> {
    /// Starts at `url`; [`address`](Self::address) says what to ask first.
    pub(super) fn new(pages: &'a Pages, url: Url) -> Self {
        Self { pages, first: url, met: BTreeSet::new(), joined: b"[".to_vec() }
    }

    /// The first page's address.
    pub(super) fn address(&mut self) -> Url {
        let mut url = self.first.clone();
        if let Next::Number { parameter, first, .. } = &self.pages.next {
            set(&mut url, parameter, &first.to_string());
        }
        self.met.insert(url.to_string());
        url
    }

    /// Bytes gathered so far.
    pub(super) fn len(&self) -> usize {
        self.joined.len()
    }

    /// Takes a page; says which one is next, if one is.
    pub(super) fn take(&mut self, url: &Url, headers: &HeaderMap, body: &[u8]) -> Result<Option<Url>, PageError> {
        let page = self.met.len();
        let unreadable = |why: &str| PageError::Unreadable { page, why: why.to_owned() };
        let whole: &RawValue = serde_json::from_slice(body).map_err(|_| unreadable("is not JSON"))?;
        let records = self.records(whole).ok_or_else(|| match &self.pages.records {
            Some(at) => unreadable(&format!("has no list at {at:?}; look at `records` in [source.pages]")),
            None => unreadable("is no list and has none under \"data\"; name it with `records` in [source.pages]"),
        })?;
        for record in &records {
            if self.joined.len() > 1 {
                self.joined.extend_from_slice(b",\n");
            }
            self.joined.extend_from_slice(record.get().as_bytes());
        }
        let next = match &self.pages.next {
            Next::Number { parameter, first, .. } => {
                let number = first.saturating_add(page as u64);
                let mut next = url.clone();
                set(&mut next, parameter, &number.to_string());
                (!records.is_empty()).then_some(next)
            }
            Next::Cursor { at, parameter } => match mark(whole, at) {
                Some(mark) if mark.starts_with("https://") || mark.starts_with("http://") => {
                    Some(url.join(&mark).map_err(|_| unreadable("names no address for the next page"))?)
                }
                Some(mark) => {
                    let mut next = self.first.clone();
                    set(&mut next, parameter, &mark);
                    Some(next)
                }
                None => None,
            },
            Next::Link => match linked(headers) {
                Some(link) => Some(url.join(&link).map_err(|_| unreadable("names no address for the next page"))?),
                None => None,
            },
        };
        let Some(next) = next else { return Ok(None) };
        if next.origin() != self.first.origin() {
            return Err(PageError::Elsewhere(page));
        }
        if page >= self.pages.most {
            return Err(PageError::TooMany(self.pages.most));
        }
        if !self.met.insert(next.to_string()) {
            return Err(PageError::Circle(page));
        }
        Ok(Some(next))
    }

    /// All records as one JSON array.
    pub(super) fn finish(mut self) -> Bytes {
        self.joined.extend_from_slice(b"]\n");
        Bytes::from(self.joined)
    }

    fn records<'b>(&self, whole: &'b RawValue) -> Option<Vec<&'b RawValue>> {
        let list = |raw: &'b RawValue| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok();
        match &self.pages.records {
            Some(path) => list(at(whole, path)?),
            None => list(whole).or_else(|| list(at(whole, "data")?)),
        }
    }
}

/// What lies at a path of names joined by dots.
fn at<'a>(whole: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    path.split('.').try_fold(whole, |here, name| {
        serde_json::from_str::<BTreeMap<String, &RawValue>>(here.get()).ok()?.get(name).copied()
    })
}

/// The mark for the next page: a text or a number; none for null, for an empty text and for what is not there.
fn mark(whole: &RawValue, path: &str) -> Option<String> {
    match serde_json::from_str(at(whole, path)?.get()).ok()? {
        serde_json::Value::String(text) => (!text.is_empty()).then_some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The target of the first `Link` whose relation is "next".
fn linked(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find_map(|(target, parameters)| {
        let is_next = parameters.split(';').any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            let mut relations = value.trim().trim_matches('"').split_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|word| word.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| target.to_owned())
    })
}

/// The links of one header: target and parameters.
fn links(header: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = header;
    while let Some((target, after)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        let end = after.find('<').unwrap_or(after.len());
        found.push((target, after[..end].trim_end_matches([',', ' '])));
        rest = &after[end..];
    }
    found
}

/// Sets one parameter of an address and leaves the others as they are.
fn set(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url.query_pairs().filter(|(n, _)| n != name).map(owned).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
}

fn owned((name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(next: Next) -> Pages {
        Pages { records: None, most: 3, next }
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn cursor() -> Next {
        Next::Cursor { at: "meta.next".into(), parameter: "after".into() }
    }

    #[test]
    fn numbers_count_up_until_a_page_is_empty() {
        let pages = pages(Next::Number { parameter: "page".into(), first: 0, or_missing: false });
        let mut gathering = Gathering::new(&pages, url("https://a.example/x?size=2&page=9"));
        let first = gathering.address();
        assert_eq!(first.query(), Some("size=2&page=0"));
        let next = gathering.take(&first, &HeaderMap::new(), br#"[{"n": 1.50}, {"n":2}]"#).unwrap().unwrap();
        assert_eq!(next.query(), Some("size=2&page=1"));
        assert_eq!(gathering.take(&next, &HeaderMap::new(), b"[]").unwrap(), None);
        assert_eq!(gathering.finish(), "[{\"n\": 1.50},\n{\"n\":2}]\n", "records stay as the host wrote them");
    }

    #[test]
    fn a_cursor_is_brought_back_and_its_end_is_the_end() {
        let pages = pages(cursor());
        let mut gathering = Gathering::new(&pages, url("https://a.example/x?q=1"));
        let first = gathering.address();
        let next =
            gathering.take(&first, &HeaderMap::new(), br#"{"data":[{}],"meta":{"next":"a&b"}}"#).unwrap().unwrap();
        assert_eq!(next.query(), Some("q=1&after=a%26b"));
        for end in [r#"{"data":[],"meta":{"next":null}}"#, r#"{"data":[],"meta":{"next":""}}"#, r#"{"data":[]}"#] {
            assert_eq!(gathering.take(&next, &HeaderMap::new(), end.as_bytes()).unwrap(), None);
        }
    }

    #[test]
    fn links_are_followed_at_their_own_host_alone_and_never_in_a_circle() {
        let pages = pages(Next::Link);
        let mut gathering = Gathering::new(&pages, url("https://a.example/x"));
        let first = gathering.address();
        let mut link = |text: &str| {
            let headers = HeaderMap::from_iter([(LINK, text.parse().unwrap())]);
            gathering.take(&first, &headers, b"[]").map(|url| url.map(String::from))
        };
        let text = "</x?p=0>; rel=\"prev\", </x?p=2,3>; title=\"a; b\"; rel=\"last NEXT\"";
        assert_eq!(link(text).unwrap().as_deref(), Some("https://a.example/x?p=2,3"));
        assert_eq!(link("<https://b.example/x>; rel=next"), Err(PageError::Elsewhere(2)));
        assert_eq!(link("</x>; rel=next"), Err(PageError::Circle(2)));
        assert!(link("</x?p=4>; rel=next").is_ok());
        assert_eq!(link("</x?p=5>; rel=next"), Err(PageError::TooMany(3)));
    }

    #[test]
    fn a_page_that_holds_no_records_says_so_and_shows_nothing_of_it() {
        let pages = Pages { records: Some("a.b".into()), ..pages(Next::Link) };
        let mut gathering = Gathering::new(&pages, url("https://a.example/x"));
        let first = gathering.address();
        for body in ["<html>CANARY", r#"{"a":{"b":"CANARY"}}"#, r#"["CANARY"]"#, ""] {
            let error = gathering.take(&first, &HeaderMap::new(), body.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("CANARY"), "{error}");
        }
        assert_eq!(gathering.take(&first, &HeaderMap::new(), br#"{"a":{"b":[{"c":1}]}}"#), Ok(None));
    }
}
