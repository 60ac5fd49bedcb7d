//! Which indicators deserve the Board's time, why, and how much.
//!
//! Judges what may be shown and nothing else, so that no sentence knows more than its reader.

use super::{
    comparison::is_worst_quarter,
    disclosed::{Assurance, Comparison, Exception, Meta, Shown, Tone, Variation},
    trend::Way,
    wording,
};
use crate::domain::Period;

/// What is known of an indicator when it is weighed.
pub(super) struct Evidence<'a> {
    pub(super) meta: &'a Meta,
    pub(super) period: Period,
    pub(super) value: &'a Shown,
    pub(super) variation: &'a Variation,
    pub(super) assurance: Option<&'a Assurance>,
    pub(super) comparison: Option<&'a Comparison>,
    /// Which way the value moved on the year, if beyond chance, and by how much.
    pub(super) on_year: Option<(Way, &'a Shown)>,
}

/// One rule that was met.
struct Reason {
    tone: Tone,
    weight: i32,
    says: String,
}

/// The exception these figures are, if any.
pub(super) fn weigh(evidence: &Evidence<'_>) -> Option<Exception> {
    let mut reasons = reasons(evidence);
    // One concern is worth more than any commendation; neutral movements come last.
    let tone = [Tone::Concern, Tone::Improvement, Tone::Higher, Tone::Lower]
        .into_iter()
        .find(|tone| reasons.iter().any(|reason| reason.tone == *tone))?;
    reasons.sort_by_key(|reason| (reason.tone != tone, -reason.weight));
    let weight = reasons.iter().filter(|reason| reason.tone == tone).map(|reason| reason.weight).sum();
    let lead = reasons.first().map(|reason| reason.says.as_str()).unwrap_or_default();
    let headline = headline(evidence, lead);
    let level = level_or_change(evidence);
    let reasons = reasons.into_iter().map(|reason| reason.says).chain(level).collect();
    Some(Exception { tone, headline, reasons, weight })
}

fn reasons(evidence: &Evidence<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    let weight = match evidence.variation.tone {
        Tone::Chance => None,
        Tone::Concern => Some(60),
        Tone::Improvement => Some(15),
        Tone::Higher | Tone::Lower => Some(12),
    };
    if let Some(weight) = weight {
        found.push(Reason { tone: evidence.variation.tone, weight, says: evidence.variation.says.clone() });
    }
    if let Some(assurance) = evidence.assurance.filter(|assurance| assurance.verdict == "failing") {
        found.push(Reason { tone: Tone::Concern, weight: 40, says: assurance.says.clone() });
    }
    if let Some(comparison) = evidence.comparison.filter(|_| is_worst_quarter(evidence.comparison, evidence.meta.good))
    {
        found.push(Reason { tone: Tone::Concern, weight: 35, says: comparison.says.clone() });
    }
    if let Some((way, difference)) = evidence.on_year {
        let tone = way.tone(evidence.meta.good);
        let weight = match tone {
            Tone::Concern => 20,
            Tone::Improvement => 8,
            _ => 6,
        };
        let unit = if evidence.meta.unit == super::Unit::Percent { " points" } else { "" };
        let says = format!("{}{unit} on the year, more than chance would give.", difference.text);
        found.push(Reason { tone, weight, says });
    }
    found
}

/// `Title: 33.1% in April to June 2025 (Q1); unlikely to be chance, and in the wrong direction.`
fn headline(evidence: &Evidence<'_>, reason: &str) -> String {
    let first = reason.split_inclusive(". ").next().unwrap_or_default().trim_end();
    let first = wording::inner(first);
    let title = &evidence.meta.title;
    if evidence.value.value.is_none() {
        return format!("{title}: {first}");
    }
    let when = wording::when(evidence.period, evidence.meta.kind);
    format!("{title}: {} {when}; {first}", evidence.value.text)
}

/// Tells a level that is bad from a change that is, where one way is good.
fn level_or_change(evidence: &Evidence<'_>) -> Option<String> {
    let level = is_worst_quarter(evidence.comparison, evidence.meta.good)
        || evidence.assurance.is_some_and(|assurance| assurance.verdict == "failing");
    let moved = evidence.on_year.map(|(way, _)| way.tone(evidence.meta.good));
    let worse = evidence.variation.tone == Tone::Concern || moved == Some(Tone::Concern);
    let better = evidence.variation.tone == Tone::Improvement || moved == Some(Tone::Improvement);
    let judged = evidence.comparison.is_some_and(|c| c.band.is_some()) || evidence.assurance.is_some();
    let says = match (level, worse, better) {
        (true, true, _) => "Both the level and the last change are the problem.",
        (true, false, true) => "The level is the problem; the last change is for the better.",
        (true, false, false) => {
            "The movement is within what chance would give: the level is the problem, not the last change."
        }
        (false, true, _) if judged => "The last change is the problem, not yet the level.",
        _ => return None,
    };
    Some(says.to_owned())
}
