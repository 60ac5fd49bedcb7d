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

    pub(super) fn settle(root: &mut Section<'_>) -> Self {
        match root.one_of_opt("small_count", &["children", "hospital", "none"]) {
            Some("hospital") => Self::Hospital,
            Some("none") => Self::None,
            _ => Self::Children,
        }
    }
}
