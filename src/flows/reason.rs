//! The words of a person that are kept and sent on: they tell of no child.

use crate::{check::guard, domain::words::listed};

/// What such words hold that they must not, if they do, to be followed by what is done with them. The words themselves are
/// not repeated.
pub(super) fn identity_in(says: &str) -> Option<String> {
    let kinds = guard::in_words(says);
    (!kinds.is_empty()).then(|| {
        let kinds = listed(kinds.into_iter().map(guard::Identity::one));
        format!("it holds what looks like {kinds}")
    })
}
