//! Who or what wrote a message: a person, a program, the mail system, or we ourselves.
//!
//! Pure. Nothing that could answer us by itself is answered, so that two programs never write to each other for ever.

use super::Incoming;

/// Who or what wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// A person, as far as anybody can tell.
    Person,
    /// A program that says so: a case system that mails its export, a newsletter.
    Automatic,
    /// A program that answers by itself: an absence note.
    Reply,
    /// The mail system, about a message that did not arrive.
    Report,
    /// We ourselves: it came back to us.
    Ours,
}

/// Who or what wrote a message. `ours` are the addresses we write as; `is_our_id` knows our Message-IDs.
pub fn nature(incoming: &Incoming, ours: &[&str], is_our_id: impl Fn(&str) -> bool) -> Nature {
    let from_us = incoming.from.as_deref().is_some_and(|from| ours.iter().any(|ours| ours.eq_ignore_ascii_case(from)));
    if from_us || incoming.message_id.as_deref().is_some_and(is_our_id) {
        return Nature::Ours;
    }
    if incoming.report.is_some() {
        return Nature::Report;
    }
    let word = |name: &str| {
        let value = incoming.header(name).unwrap_or_default();
        value.split([';', ' ']).next().unwrap_or_default().trim().to_ascii_lowercase()
    };
    let submitted = word("auto-submitted");
    let null_path =
        incoming.header("return-path").is_some_and(|path| path.split_whitespace().collect::<String>() == "<>");
    if submitted == "auto-replied" || null_path || word("precedence") == "auto_reply" || has(incoming, "x-autoreply") {
        return Nature::Reply;
    }
    let bulk = matches!(word("precedence").as_str(), "bulk" | "junk" | "list");
    let list = ["list-id", "list-unsubscribe", "list-post"].iter().any(|name| has(incoming, name));
    let quiet = incoming.header("x-auto-response-suppress").is_some_and(|value| {
        value.split(',').any(|word| matches!(word.trim().to_ascii_lowercase().as_str(), "all" | "autoreply" | "oof"))
    });
    let machine = incoming.from.as_deref().is_some_and(|from| {
        let local = from.split('@').next().unwrap_or_default();
        ["mailer-daemon", "postmaster", "no-reply", "noreply", "do-not-reply", "donotreply"].contains(&local)
    });
    if bulk || list || quiet || machine || !(submitted.is_empty() || submitted == "no") {
        return Nature::Automatic;
    }
    Nature::Person
}

fn has(incoming: &Incoming, name: &str) -> bool {
    incoming.header(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::mailbox::Report;

    fn of(from: &str, headers: &[(&str, &str)]) -> Nature {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let incoming = Incoming { from: Some(from.into()), headers, ..Incoming::default() };
        nature(&incoming, &["unit@board.example"], |_| false)
    }

    #[test]
    fn nothing_that_answers_by_itself_is_taken_for_a_person() {
        let lead = "lead@police.example";
        assert_eq!(of(lead, &[]), Nature::Person);
        assert_eq!(of(lead, &[("auto-submitted", "no")]), Nature::Person);
        assert_eq!(of(lead, &[("return-path", "<lead@police.example>")]), Nature::Person);
        assert_eq!(of(lead, &[("auto-submitted", "auto-replied (vacation)")]), Nature::Reply);
        assert_eq!(of(lead, &[("return-path", " < > ")]), Nature::Reply);
        assert_eq!(of(lead, &[("auto-submitted", "auto-generated")]), Nature::Automatic);
        assert_eq!(of(lead, &[("x-auto-response-suppress", "DR, OOF, AutoReply")]), Nature::Automatic);
        assert_eq!(of(lead, &[("precedence", "bulk")]), Nature::Automatic);
        assert_eq!(of(lead, &[("list-id", "<news.police.example>")]), Nature::Automatic);
        assert_eq!(of("noreply@police.example", &[]), Nature::Automatic);
        assert_eq!(of("Unit@board.example", &[]), Nature::Ours);
    }

    #[test]
    fn a_report_is_one_and_our_own_message_comes_from_us() {
        let report = Report { failed: true, about: None, status: None };
        let incoming = Incoming { report: Some(report), ..Incoming::default() };
        assert_eq!(nature(&incoming, &[], |_| false), Nature::Report);
        let back = Incoming { message_id: Some("x@board.example".into()), ..Incoming::default() };
        assert_eq!(nature(&back, &[], |id| id == "x@board.example"), Nature::Ours);
    }
}
