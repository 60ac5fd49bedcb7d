//! What an exception comes to, in one plain sentence.
//!
//! "Nearly one return interview in five is held too late: 80.6% in April to June 2025, down from 90.6% a year before."

use super::{
    disclosed::{Change, Comparison, Good, Kind, Tone, Unit},
    exception::{Evidence, Rule},
    trend::Way,
    wording,
};

/// The sentence for an exception of this tone that `rule` raised; none when there is no figure to speak of.
pub(super) fn headline(evidence: &Evidence<'_>, tone: Tone, rule: Rule) -> Option<String> {
    let meta = evidence.meta;
    let (percent, told) = match (rule, evidence.comparison) {
        (Rule::Neighbours, Some(comparison)) => (comparison.ours.value?, beside_england(evidence, comparison)),
        _ => (evidence.value.value?, over_time(evidence, rule)),
    };
    // What is said is what worries, or what is better now.
    let counted = (meta.good == Good::High) != (tone == Tone::Concern);
    let words = meta.in_words.as_ref().filter(|_| meta.unit == Unit::Percent && meta.good != Good::Neutral);
    match words.and_then(|words| words.say(percent, counted)) {
        Some(words) => Some(format!("{words}: {told}.")),
        None => match evidence.run.extreme().filter(|_| rule != Rule::Neighbours) {
            Some(extreme) => Some(format!("{told} and {extreme}.")),
            None => Some(format!("{told}.")),
        },
    }
}

/// "33.2% over the last four quarters, against 24.9% in England".
fn beside_england(evidence: &Evidence<'_>, comparison: &Comparison) -> String {
    let when = match (&comparison.bridge, evidence.meta.kind) {
        (None, _) => wording::when(comparison.period, evidence.meta.kind),
        (Some(_), Kind::Flow) => "over the last four quarters".to_owned(),
        (Some(_), Kind::Snapshot) => wording::when(evidence.period, Kind::Snapshot),
    };
    let england = comparison.england.value.map(|_| format!(", against {} in England", comparison.england.text));
    format!("{} {}{}", comparison.ours.text, wording::without_name(&when), england.unwrap_or_default())
}

/// "80.6% in April to June 2025, down from 90.6% a year before".
fn over_time(evidence: &Evidence<'_>, rule: Rule) -> String {
    let when = wording::when(evidence.period, evidence.meta.kind);
    let now = format!("{} {}", evidence.value.text, wording::without_name(&when));
    if let Some(before) = evidence.level_before.as_ref().filter(|_| rule == Rule::Movement) {
        return format!("{now}; {before}");
    }
    let change = evidence.change.and_then(|change| Some((change, change.difference.value?, change.before.value?)));
    match change {
        None => now,
        Some((change, difference, _)) => format!("{now}, {}", on_year(evidence, change, difference)),
    }
}

/// "down from 90.6% a year before", or without a direction where that would say more than the figures do.
fn on_year(evidence: &Evidence<'_>, change: &Change, difference: f64) -> String {
    let before = &change.before.text;
    let way = if difference > 0.0 { Way::Up } else { Way::Down };
    let moved = evidence.moved.or(evidence.way);
    if change.before.text == evidence.value.text {
        "the same as a year before".to_owned()
    } else if moved != Some(way) {
        format!("against {before} a year before")
    } else if way == Way::Up {
        format!("up from {before} a year before")
    } else {
        format!("down from {before} a year before")
    }
}
