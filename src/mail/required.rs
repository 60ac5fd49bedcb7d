//! What each kind of message has to say, so that a board whose own wording leaves it out hears of it before a message is owed:
//! wording that was written for an earlier version above all.

use super::Kind;

/// What every accepted file is answered with.
const READ: [&str; 8] = ["due", "read", "figures", "gone", "rows", "ignored_sheets", "ignored_columns", "notes"];

/// The facts that a kind's template, or a part that it includes, must name.
pub(super) fn facts_of(kind: Kind) -> Vec<&'static str> {
    let own: &[&str] = match kind {
        Kind::Notice | Kind::Nudge | Kind::DueToday => &["due", "ways"],
        Kind::Overdue => &["due", "corrected_by", "next"],
        Kind::Members => &["due", "members", "present", "missing", "more", "ways"],
        Kind::Commentary => &["due", "figure", "headline", "key", "reply", "late", "manager"],
        Kind::AnythingSince => &["due", "known", "nil", "open", "reply", "late", "manager"],
        Kind::AnswerCommentary => &["figure", "period", "says"],
        Kind::AnswerDocument => &["due", "arrived_at", "replaced"],
        Kind::Document => &["due", "key", "arrived_at", "submission", "attached"],
        Kind::Arranged => &["due", "what", "before", "stands", "reason"],
        Kind::Contact => &["agency", "role", "person", "until"],
        Kind::Preview => &["goes_at", "who", "hold", "quoted"],
        Kind::Escalation => &["due", "told", "silent"],
        Kind::AnswerAccepted => &["narrative"],
        Kind::AnswerAcceptedWithQueries => &["queries", "answer_by", "marked", "narrative"],
        Kind::AnswerNotAccepted => {
            &["due", "unreadable", "refused", "things", "notes", "marked", "rows", "fix_by", "fetched"]
        }
        Kind::AnswerHeld => &["due", "reason", "rows"],
        Kind::AnswerDuplicate => &["due", "first_at"],
        Kind::AnswerRestated => &["replaced_at", "queries", "marked", "narrative"],
        Kind::AnswerNil => &["due", "reason"],
        Kind::Restated => &["due", "before", "after", "tables", "totals", "figures"],
        Kind::Narrative => &["due", "submission", "words"],
        Kind::IncidentSender => {
            &["incident", "what", "findings", "lies", "destroyed_on", "destroyed", "again", "fix_by"]
        }
        Kind::IncidentManager => &["incident", "what", "findings", "lies", "destroyed_on", "custodian", "told"],
        Kind::PostHeld => &["arrived_at", "reason", "things"],
        Kind::PostPassedOn => &["arrived_at", "noted"],
        Kind::PostNotTaken => &["arrived_at", "things", "taken", "words"],
        Kind::Pack => &["title", "period", "edition", "data_as_at", "gaps", "approval"],
        Kind::Draft => &["title", "period", "gaps", "sign_by", "circulated_at", "page", "command", "to_manager"],
        Kind::SignOff => &["title", "period", "gaps", "circulated_at", "page", "command", "instead"],
        Kind::SentBack => &["title", "period", "by", "says", "command"],
        Kind::AgencyReport => &["agency", "until", "in_time", "due", "returns"],
        Kind::Alarm => &["what", "why", "next_step"],
        Kind::Together => &["parts", "late"],
        Kind::Watch => &["began", "over"],
        Kind::Digest => &[
            "from", "until", "away", "missed", "wrong", "over", "waiting", "done", "next", "sources", "room", "events",
            "chain",
        ],
        Kind::Test => &["at", "by"],
    };
    let read: &[&str] = match kind {
        Kind::AnswerAccepted | Kind::AnswerAcceptedWithQueries | Kind::AnswerRestated => &READ,
        _ => &[],
    };
    [own, read, &["contact"]].concat()
}

/// The parts that a template includes: `{% include "_read.txt" %}`.
pub(super) fn parts(source: &str) -> impl Iterator<Item = &str> {
    source.split("include \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_wherever_they_are_included() {
        let source = "{% include \"_a.txt\" %} and {%- include \"_b.txt\" -%}";
        assert_eq!(parts(source).collect::<Vec<_>>(), ["_a.txt", "_b.txt"]);
    }
}
