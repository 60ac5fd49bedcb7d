//! Which small counts are hidden from the public.

use crate::settings::Section;

/// Which small counts are hidden from the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmallCount {
    /// Children and families: 1 to 5.
    Children,
    /// Hospital episodes: 1 to 7, and the rest is rounded to the nearest 5.
    Hospital,
    /// None: it counts no people, but returns or reports.
    None,
}

impl SmallCount {
    /// The largest count that is hidden; zero never is.
    pub fn most(self) -> u32 {
        match self {
            Self::Children => 5,
            Self::Hospital => 7,
            Self::None => 0,
        }
    }

    /// What is hidden, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Children => "counts of 1 to 5",
            Self::Hospital => "counts of 1 to 7; the others are rounded to the nearest 5",
            Self::None => "none, since it counts no people",
        }
    }

    pub(super) fn settle(root: &mut Section<'_>) -> Self {
        match root.one_of_opt("small_count", &["children", "hospital", "none"]) {
            Some("hospital") => Self::Hospital,
            Some("none") => Self::None,
            _ => Self::Children,
        }
    }
}
