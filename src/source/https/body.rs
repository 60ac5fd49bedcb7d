//! The body of an answer: read as long as something comes, and resumed where it broke off if the host can prove that the
//! file is still the same.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use futures::StreamExt;
use reqwest::{
    Response, StatusCode, Url,
    header::{ACCEPT_RANGES, CONTENT_DISPOSITION, HeaderMap, IF_RANGE, RANGE},
};

use super::{
    FetchError, MOST_BYTES,
    fetcher::{Answer, Asking, unreachable},
    headers::{goes_on, proof_of, text, validators_of},
    partial::{About, Place},
    words::{last_segment, named, shown},
};
use crate::content::{Content, Spool};

/// So often a body that breaks off is asked for again within one attempt.
const RESUMPTIONS: usize = 3;

/// How long a body may take whatever its pace.
const UNHURRIED: Duration = Duration::from_secs(600);

/// The pace in bytes a second below which one is given up after that.
const SLOWEST: u64 = 8 << 10;

/// A file that is being taken.
pub(super) struct Taking<'a> {
    spool: Spool,
    pub(super) about: About,
    /// Where its beginning is kept, if it is.
    place: Option<&'a Place>,
}

impl<'a> Taking<'a> {
    /// What lies there already, to be gone on with.
    pub(super) fn going_on(spool: Spool, about: About, place: &'a Place) -> Self {
        Self { spool, about, place: Some(place) }
    }

    /// The beginning of what an answer brings; it is kept in `place` if it can be gone on with.
    pub(super) fn begin(asking: &Asking<'_>, response: &Response, place: Option<&'a Place>) -> Self {
        let about = about(response);
        let held = place.and_then(|place| Some((place, place.begin(&about)?)));
        match held.and_then(|(place, file)| Some((place, Spool::going_on(file).ok()?))) {
            Some((place, spool)) => Self { spool, about, place: Some(place) },
            None => Self { spool: Spool::new(asking.spool()), about, place: None },
        }
    }

    pub(super) fn length(&self) -> u64 {
        self.spool.length()
    }

    /// Nothing that lies there is gone on with.
    fn forget(&self) {
        if let Some(place) = self.place {
            place.clear();
        }
    }
}

/// What an answer says of its file.
fn about(response: &Response) -> About {
    let headers = response.headers();
    let name = text(headers, &CONTENT_DISPOSITION).as_deref().and_then(named);
    About {
        validators: validators_of(headers),
        proof: proof_of(headers).filter(|_| takes_ranges(headers)),
        whole: response.content_length(),
        name: name.unwrap_or_else(|| last_segment(response.url())),
        host: response.url().host_str().unwrap_or("an unnamed host").to_owned(),
    }
}

fn takes_ranges(headers: &HeaderMap) -> bool {
    text(headers, &ACCEPT_RANGES).is_some_and(|unit| unit == "bytes")
}

impl Asking<'_> {
    /// The whole body; where it breaks off, the rest is asked for.
    pub(super) async fn body(
        &self,
        mut response: Response,
        mut taking: Taking<'_>,
    ) -> Result<(Content, About), FetchError> {
        let url = response.url().clone();
        let mut resumptions = 0;
        loop {
            let whole = response.content_length().map(|rest| taking.length() + rest);
            let why = match self.read(response, &mut taking.spool, &url).await {
                Ok(()) if whole.is_none_or(|whole| whole == taking.length()) => {
                    taking.forget();
                    return Ok((taking.spool.finish().map_err(not_kept)?, taking.about));
                }
                Ok(()) => format!("the body ended after {} bytes", taking.length()),
                Err(FetchError::Unreachable { why, .. }) => why,
                Err(error) => {
                    taking.forget();
                    return Err(error);
                }
            };
            let proof = taking.about.proof.clone().filter(|_| taking.length() > 0 && resumptions < RESUMPTIONS);
            let Some(proof) = proof else {
                return Err(FetchError::Unreachable { url: shown(url.as_str()), why });
            };
            resumptions += 1;
            let headers = [(RANGE, format!("bytes={}-", taking.length())), (IF_RANGE, proof)];
            response = match self.ask(url.clone(), &headers).await? {
                Answer::Found(response) => response,
                Answer::NotModified | Answer::NotThere | Answer::OutOfRange => {
                    taking.forget();
                    return Err(self.broke_off("the file went away meanwhile"));
                }
            };
            if goes_on(&response, taking.length(), &taking.about) {
                continue;
            }
            taking.forget();
            if validators_of(response.headers()) != taking.about.validators {
                return Err(self.broke_off("the file changed while it was fetched"));
            }
            // The host sends the same file from its beginning.
            if response.status() == StatusCode::PARTIAL_CONTENT {
                return Err(self.elsewhere());
            }
            taking.spool = Spool::new(self.spool());
            taking.place = None;
        }
    }

    pub(super) fn elsewhere(&self) -> FetchError {
        self.broke_off("the host went on at another place than it was asked to")
    }

    async fn read(&self, response: Response, body: &mut Spool, url: &Url) -> Result<(), FetchError> {
        let (begun, before) = (Instant::now(), body.length());
        let mut stream = response.bytes_stream();
        while let Some(chunk) = self.in_time(url, stream.next()).await? {
            body.write_all(&chunk.map_err(|e| unreachable(url, &e))?).map_err(not_kept)?;
            if body.length() > MOST_BYTES {
                return Err(FetchError::TooLarge { url: shown(url.as_str()) });
            }
            if is_too_slow(begun.elapsed(), body.length() - before) {
                let why = format!("it came more slowly than {} KiB a second", SLOWEST >> 10);
                return Err(FetchError::Unreachable { url: shown(url.as_str()), why });
            }
        }
        Ok(())
    }
}

/// Whether a body that has brought so much in that time keeps its place too long from others.
fn is_too_slow(elapsed: Duration, bytes: u64) -> bool {
    elapsed > UNHURRIED + Duration::from_secs(bytes / SLOWEST)
}

pub(super) fn not_kept(error: io::Error) -> FetchError {
    FetchError::NotKept(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_on_a_slow_line_has_its_time_and_a_trickle_has_not() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert!(!is_too_slow(hours(10), 1 << 30), "a gibibyte at 30 KiB a second");
        assert!(is_too_slow(hours(1), 3600), "a byte a second");
        assert!(!is_too_slow(Duration::from_secs(500), 1), "which shows only after a while");
    }
}
