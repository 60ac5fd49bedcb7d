//! A file at an address: the settings of a source that is pulled over HTTPS.

use std::time::Duration;

use super::{fill, https::host_of, template};
use crate::{settings::Section, timetable::Schedule};

/// One address for each agency and period.
#[derive(Debug, Clone)]
pub struct Https {
    /// The address; `{agency}`, `{period}` and `{base}` are filled in.
    pub url: String,
    /// Its host; none where `{base}` says it.
    pub host: Option<String>,
    /// When it is asked for.
    pub pull: Schedule,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl Https {
    /// Reads the keys of `kind = "https"`.
    pub(super) fn settle(table: &mut Section<'_>) -> Option<Self> {
        let url = template(table, "url", &["agency", "period", "base"]);
        let pull = table.parsed("pull");
        let timeout = timeout(table)?;
        let url = url?;
        let Some(host) = host_of_template(&url) else {
            let write = "url = \"https://data.example/{agency}/{period}.csv\"";
            table.refuse("url", "an address that names its host, or begins with {base}", write);
            return None;
        };
        Some(Self { url, host, pull: pull?, timeout })
    }
}

/// How long a host may take, from `timeout_seconds`.
pub(super) fn timeout(table: &mut Section<'_>) -> Option<Duration> {
    let seconds = u64::try_from(table.integer_or("timeout_seconds", 30)).ok().filter(|seconds| *seconds > 0);
    if seconds.is_none() {
        table.refuse("timeout_seconds", "a number of seconds above zero", "timeout_seconds = 30");
    }
    seconds.map(Duration::from_secs)
}

/// The host of an address with gaps: `Some(None)` where `{base}` is to say it, `None` where the address is none.
fn host_of_template(template: &str) -> Option<Option<String>> {
    let host = |word| {
        let address = ["agency", "period"].iter().fold(template.to_owned(), |text, name| fill(&text, name, word));
        host_of(&fill(&address, "base", "https://base.invalid"))
    };
    let (one, another) = (host("a")?, host("b")?);
    match template.find("{base}") {
        Some(0) => Some(None),
        None if one == another => Some(Some(one)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_host_or_leaves_it_to_the_base() {
        for (template, host) in [
            ("https://data.example/{agency}/{period}.csv", Some(Some("data.example"))),
            ("{base}/{agency}.csv", Some(None)),
            ("https://{agency}.example/a.csv", None),
            ("https://data.example/{base}", None),
            ("data.example/a.csv", None),
            ("ftp://data.example/a.csv", None),
        ] {
            assert_eq!(host_of_template(template), host.map(|host| host.map(str::to_owned)), "{template}");
        }
    }
}
