//! What lies in a folder, here or at a partner's, and which of it is taken.
//!
//! Pure but for [`Looks`], which remembers what a listing looked like; knows nothing of how a listing was had.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    fill,
    pattern::{is_unfinished, is_unsafe, matches},
    period_in_name, template,
};
use crate::{
    domain::{AgencyId, Period},
    settings::Section,
};

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; never a path.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed, where that is known.
    pub modified: Option<Timestamp>,
    /// What tells this content from another of the same name: a time, an entity tag, or both.
    pub version: String,
    /// What an object store calls a version that another has replaced since; none for what lies there now.
    pub replaced: Option<String>,
}

/// How many of the files that match are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Of the files for one period, the one that was changed last.
    Newest,
    /// Each.
    All,
}

/// Which files of a folder are taken.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The names: literal text, `*`, `{agency}` and `{period}`.
    pub pattern: String,
    /// How many.
    pub take: Take,
    /// The file that says another is complete; `{name}` is that other's name.
    pub done_file: Option<String>,
}

/// A file that may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The file.
    pub entry: Entry,
    /// The period its name speaks of.
    pub period: Option<Period>,
    /// The file that says it is complete, where one must.
    pub marker: Option<Entry>,
    /// The files that it is taken instead of, where only the newest of a period is, and their markers.
    pub instead_of: Vec<Entry>,
}

impl Selection {
    /// Reads `pattern`, `take` and `done_file`.
    pub(super) fn settle(table: &mut Section<'_>, usual: Take) -> Option<Self> {
        let pattern =
            if table.has("pattern") { template(table, "pattern", &["agency", "period"]) } else { Some("*".into()) };
        let take = match table.one_of_opt("take", &["newest", "all"]) {
            Some("newest") => Take::Newest,
            Some(_) => Take::All,
            None => usual,
        };
        let done_file = match table.has("done_file") {
            true => Some(template(table, "done_file", &["name"])?),
            false => None,
        };
        if done_file
            .as_deref()
            .is_some_and(|name| !name.contains("{name}") || name == "{name}" || name.contains(['/', '\\']))
        {
            table.refuse(
                "done_file",
                "a name beside the file that holds the file's own",
                "done_file = \"{name}.done\"",
            );
            return None;
        }
        let pattern = pattern?;
        if pattern.contains(['/', '\\']) {
            table.refuse(
                "pattern",
                "names without a folder; the folder is the path",
                "pattern = \"missing {period}*.csv\"",
            );
            return None;
        }
        Some(Self { pattern, take, done_file })
    }

    /// The names an agency's files may have: literal text and `*`.
    pub fn names_of(&self, agency: &AgencyId) -> String {
        fill(&fill(&self.pattern, "agency", agency.as_str()), "period", "*")
    }

    /// The files that may be taken, the oldest first: they match, their names are plain and finished, and the file that
    /// says they are complete lies beside them and is not older than they are.
    pub fn choose(&self, agency: &AgencyId, listing: &[Entry]) -> Vec<Candidate> {
        let pattern = self.names_of(agency);
        let mut found: Vec<Candidate> = Vec::new();
        for entry in listing {
            let name = &entry.name;
            if is_unsafe(name) || is_unfinished(name) || self.is_marker(name) || !matches(&pattern, name) {
                continue;
            }
            let period = period_in_name(name);
            if self.pattern.contains("{period}") && period.is_none() {
                continue;
            }
            found.push(Candidate { entry: entry.clone(), period, marker: None, instead_of: Vec::new() });
        }
        found.sort_by(|a, b| (a.entry.modified, &a.entry.name).cmp(&(b.entry.modified, &b.entry.name)));
        if self.take == Take::Newest {
            found = self.newest(found, listing);
        }
        if self.done_file.is_some() {
            found.retain_mut(|one| {
                let marker = self.marker_of(&one.entry.name, listing);
                one.marker = marker.filter(|marker| marker.modified >= one.entry.modified).cloned();
                one.marker.is_some()
            });
        }
        found
    }

    /// Of each period the last, which knows the others.
    fn newest(&self, found: Vec<Candidate>, listing: &[Entry]) -> Vec<Candidate> {
        let mut newest: Vec<Candidate> = Vec::new();
        for mut one in found {
            if let Some(at) = newest.iter().position(|older| older.period == one.period) {
                let older = newest.remove(at);
                let marker = self.marker_of(&older.entry.name, listing).cloned();
                one.instead_of = older.instead_of;
                one.instead_of.extend([Some(older.entry), marker].into_iter().flatten());
            }
            newest.push(one);
        }
        newest
    }

    fn marker_of<'a>(&self, name: &str, listing: &'a [Entry]) -> Option<&'a Entry> {
        let wanted = fill(self.done_file.as_deref()?, "name", name);
        listing.iter().find(|marker| marker.name == wanted)
    }

    fn is_marker(&self, name: &str) -> bool {
        let Some((before, after)) = self.done_file.as_deref().and_then(|done| done.split_once("{name}")) else {
            return false;
        };
        name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    }
}

/// What the last look at each place saw. Forgetting it costs one more look, nothing else.
#[derive(Debug, Default)]
pub struct Looks(HashMap<String, HashMap<String, (u64, String)>>);

impl Looks {
    /// Which of the files look as they did at the look before at the same place; this look is remembered.
    pub fn settled(&mut self, place: &str, entries: &[Entry]) -> Vec<bool> {
        let seen = entries.iter().map(|entry| (entry.name.clone(), (entry.size, entry.version.clone()))).collect();
        let before = self.0.insert(place.to_owned(), seen).unwrap_or_default();
        let is_same = |entry: &Entry| {
            before.get(&entry.name).is_some_and(|(size, version)| *size == entry.size && *version == entry.version)
        };
        entries.iter().map(is_same).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, second: i64) -> Entry {
        let modified = Timestamp::from_second(second).ok();
        Entry { name: name.into(), size: 3, modified, version: second.to_string(), replaced: None }
    }

    fn chosen(selection: &Selection, listing: &[Entry]) -> Vec<String> {
        selection.choose(&"police".parse().unwrap(), listing).into_iter().map(|one| one.entry.name).collect()
    }

    fn selection(pattern: &str, take: Take, done_file: Option<&str>) -> Selection {
        Selection { pattern: pattern.into(), take, done_file: done_file.map(str::to_owned) }
    }

    #[test]
    fn of_each_period_the_file_changed_last_is_taken_or_each_that_matches() {
        let listing = [
            entry("police 2025-26-Q1 v2.csv", 30),
            entry("police 2025-26-Q1.csv", 20),
            entry("police 2024-25-Q4.csv", 10),
            entry("police.csv", 40),
            entry("health 2025-26-Q1.csv", 50),
            entry("police 2025-26-Q1 v3.csv.filepart", 60),
            entry("police 2025-26-Q1/../../x.csv", 70),
        ];
        let newest = selection("{agency} {period}*.csv", Take::Newest, None);
        assert_eq!(chosen(&newest, &listing), ["police 2024-25-Q4.csv", "police 2025-26-Q1 v2.csv"]);
        let instead_of = |name: &str| {
            let found = newest.choose(&"police".parse().unwrap(), &listing);
            let one = found.into_iter().find(|one| one.entry.name == name).unwrap();
            one.instead_of.into_iter().map(|entry| entry.name).collect::<Vec<_>>()
        };
        assert_eq!(instead_of("police 2025-26-Q1 v2.csv"), ["police 2025-26-Q1.csv"]);
        assert!(instead_of("police 2024-25-Q4.csv").is_empty());
        let all = selection("{agency}*", Take::All, None);
        assert_eq!(
            chosen(&all, &listing),
            ["police 2024-25-Q4.csv", "police 2025-26-Q1.csv", "police 2025-26-Q1 v2.csv", "police.csv"]
        );
    }

    #[test]
    fn a_marker_says_that_the_file_is_complete_unless_it_is_older() {
        let marked = selection("*", Take::All, Some("{name}.done"));
        assert!(chosen(&marked, &[entry("a.csv", 10)]).is_empty(), "no marker");
        assert_eq!(chosen(&marked, &[entry("a.csv", 10), entry("a.csv.done", 10)]), ["a.csv"]);
        let stale = [entry("a.csv", 20), entry("a.csv.done", 10), entry("b.csv.done", 10)];
        assert!(chosen(&marked, &stale).is_empty(), "the marker was of an earlier upload");
    }

    #[test]
    fn a_file_has_settled_when_two_looks_agree() {
        let mut looks = Looks::default();
        assert_eq!(looks.settled("here", &[entry("a", 1)]), [false]);
        assert_eq!(looks.settled("there", &[entry("a", 1)]), [false], "another place");
        assert_eq!(looks.settled("here", &[entry("a", 2), entry("b", 1)]), [false, false]);
        assert_eq!(looks.settled("here", &[entry("a", 2), entry("b", 1)]), [true, true]);
        assert_eq!(looks.settled("here", &[]), [false; 0]);
        assert_eq!(looks.settled("here", &[entry("a", 2)]), [false], "it was away meanwhile");
    }
}
