//! A share in everyday words: "Nearly one return interview in five is held too late".

use serde::Serialize;

use super::disclosed::Unit;
use crate::{domain::words::number, settings::Section};

/// The share is said as "one in so many" for these many.
const SPOKEN: std::ops::RangeInclusive<u32> = 2..=12;
/// How far, as a part of it, the share may lie from "one in so many" to be called so.
const NEAR: f64 = 0.08;
/// How far it may lie without a word such as "nearly".
const SAME: f64 = 0.005;

/// How an indicator's author puts its share into words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InWords {
    /// One of the denominator: "return interview".
    pub one: String,
    /// What is said of one that is counted: "is held within 72 hours".
    pub counted: String,
    /// What is said of one that is not: "is held too late".
    pub other: String,
}

impl InWords {
    /// Reads `[in_words]`; every problem is told to the section.
    pub(super) fn settle(root: &mut Section<'_>, unit: Option<Unit>) -> Option<Self> {
        let mut table = root.section_opt("in_words")?;
        let (one, counted, other) = (table.text("one"), table.text("counted"), table.text("other"));
        if unit.is_some_and(|unit| unit != Unit::Percent) {
            table.refuse("one", "a share: only unit = \"percent\" can be put so", "nothing; leave [in_words] out");
        }
        Some(Self { one: one?, counted: counted?, other: other? })
    }

    /// A share of `percent` as "one in so many", told of those counted or of the others; none when no such words come
    /// near it.
    pub(super) fn say(&self, percent: f64, counted: bool) -> Option<String> {
        let (share, words) =
            if counted { (percent / 100.0, &self.counted) } else { (1.0 - percent / 100.0, &self.other) };
        let (of, whole) = SPOKEN
            .map(|of| (of, 1.0 / f64::from(of)))
            .min_by(|a, b| (share - a.1).abs().total_cmp(&(share - b.1).abs()))
            .filter(|(_, whole)| (share - whole).abs() <= NEAR * whole)?;
        let about = match share - whole {
            apart if apart < -SAME => "Nearly one",
            apart if apart > SAME => "More than one",
            _ => "One",
        };
        let of = number(usize::try_from(of).ok()?);
        Some(format!("{about} {} in {of} {words}", self.one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_said_as_one_in_so_many_where_that_is_true() {
        let words = InWords { one: "interview".into(), counted: "is in time".into(), other: "is late".into() };
        let say = |percent, counted| words.say(percent, counted).unwrap_or_default();
        assert_eq!(say(80.6, false), "Nearly one interview in five is late");
        assert_eq!(say(33.1, true), "One interview in three is in time");
        assert_eq!(say(51.0, true), "More than one interview in two is in time");
        assert_eq!((say(41.0, true), say(0.0, true), say(100.0, false)), Default::default());
    }
}
