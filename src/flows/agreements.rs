//! Agreements under which data are asked for: warned of before their review, and nothing is fetched once one has lapsed.
//!
//! A file that an agency sends itself is still kept, and held for the manager: no figure of it enters a pack without a
//! person. An agreement is renewed by writing its new date.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::Board;
use crate::{
    check::{Classification, Contract},
    domain::{ReturnId, words::capital},
    source::Source,
};

/// One agreement, and the returns that rest on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub agreement: String,
    /// The last day on which it is in force unless it is renewed.
    pub review: Date,
    /// The returns.
    pub returns: BTreeMap<ReturnId, String>,
}

/// Every agreement of a board, each with its review.
pub fn all(board: &Board) -> Vec<Standing> {
    let mut found: BTreeMap<(Date, &str), BTreeMap<ReturnId, String>> = BTreeMap::new();
    for contract in board.returns.values() {
        let governance = &contract.governance;
        let returns = found.entry((governance.agreement_review, governance.agreement.as_str())).or_default();
        returns.insert(contract.id.clone(), contract.title.clone());
    }
    let standing = |((review, agreement), returns): ((Date, &str), _)| Standing {
        agreement: agreement.to_owned(),
        review,
        returns,
    };
    found.into_iter().map(standing).collect()
}

/// Whether the agreement of a return has lapsed by `today`: the day of its review is its last. What is published for
/// everybody is nobody's to withhold, and never lapses.
pub fn has_lapsed(contract: &Contract, today: Date) -> bool {
    contract.governance.classification != Classification::Published && contract.governance.agreement_review < today
}

/// Whether files of a return are no longer fetched: we ask for them ourselves, and the agreement has lapsed.
pub fn stops_pulls(contract: &Contract, today: Date) -> bool {
    matches!(contract.source, Source::Https(_) | Source::Store(_)) && has_lapsed(contract, today)
}

/// Why a file is held for a person, or nothing is fetched.
pub fn reason(contract: &Contract) -> String {
    let governance = &contract.governance;
    let review = governance.agreement_review.strftime("%-d %B %Y");
    format!("{} was to be reviewed by {review}, and that day has passed", capital(&governance.agreement))
}

impl Standing {
    /// Whether anything rests on it that is not published for everybody.
    pub fn can_lapse(&self, board: &Board) -> bool {
        let is_shared =
            |id| board.returns.get(id).is_some_and(|one| one.governance.classification != Classification::Published);
        self.returns.keys().any(is_shared)
    }
}
