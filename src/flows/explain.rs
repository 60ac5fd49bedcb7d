//! A query is cleared by a recorded explanation; the pack prints it as a footnote.

use super::{App, reason::identity_in};
use crate::ledger::LedgerError;

/// The longest explanation, in characters: it is a footnote.
const LONGEST: usize = 500;

/// Records why a figure is as it is.
///
/// # Errors
/// When there is no such query, or the words cannot be printed: too long, none at all, or with an identity in them.
pub async fn explain(app: &App, submission: i64, finding: i64, because: &str, actor: &str) -> Result<(), LedgerError> {
    let says = because.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(why) = refusal(&says) {
        return Err(LedgerError::Refused(why));
    }
    let (now, actor) = (app.clock.now(), actor.to_owned());
    app.ledger.write(move |txn| txn.explain(now, submission, finding, &actor, &says)).await
}

/// Why these words cannot be a footnote, if they cannot. The words themselves are not repeated.
fn refusal(says: &str) -> Option<String> {
    if says.is_empty() {
        return Some("an explanation needs a sentence; the pack prints it".into());
    }
    if says.chars().count() > LONGEST {
        return Some(format!("an explanation is a footnote of at most {LONGEST} characters; say it shorter"));
    }
    identity_in(says).map(|holds| format!("{holds}, and the pack prints it: say it without"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_tell_of_a_child_or_of_nothing_are_no_footnote() {
        assert_eq!(refusal("One family of five moved in."), None);
        assert!(refusal("").is_some() && refusal(&"x".repeat(501)).is_some());
        let why = refusal("the child with NHS number 943 476 5919").unwrap();
        assert!(why.contains("an NHS number") && !why.contains("943"), "{why}");
    }
}
