//! Which indicators deserve the Board's time, why, and how much.
//!
//! Judges what may be shown and nothing else, so that no sentence knows more than its reader.

use super::{
    comparison::is_worst_quarter,
    disclosed::{Assurance, Change, Comparison, Exception, Meta, Shown, Tone, Variation},
    headline::headline,
    movement::Run,
    trend::Way,
    wording,
};
use crate::domain::Period;

/// A target missed so often in a row is said to be.
const MISSED_RUNNING: usize = 2;

/// What is known of an indicator when it is weighed.
pub(super) struct Evidence<'a> {
    pub(super) meta: &'a Meta,
    pub(super) period: Period,
    pub(super) value: &'a Shown,
    pub(super) run: Run<'a>,
    pub(super) variation: &'a Variation,
    /// Which way the last point stands out.
    pub(super) way: Option<Way>,
    /// What it was before the level shifted.
    pub(super) level_before: Option<String>,
    pub(super) assurance: Option<&'a Assurance>,
    pub(super) comparison: Option<&'a Comparison>,
    /// Against a year before.
    pub(super) change: Option<&'a Change>,
    /// Which way that is, if beyond chance.
    pub(super) moved: Option<Way>,
}

/// What may raise an exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// The last points are unlikely to be chance.
    Movement,
    /// The target is out of reach.
    Target,
    /// We are among the worst quarter of councils.
    Neighbours,
    /// The year's change is beyond chance.
    Year,
}

impl Rule {
    /// The word as SQL has it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Movement => "movement",
            Self::Target => "target",
            Self::Neighbours => "neighbours",
            Self::Year => "year",
        }
    }
}

/// One rule that was met.
struct Reason {
    rule: Rule,
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
    let lead = reasons.first()?;
    let rule = lead.rule.as_str();
    let headline = headline(evidence, tone, lead.rule).unwrap_or_else(|| lead.says.clone());
    let mut says: Vec<String> = reasons.into_iter().map(|reason| reason.says).collect();
    says.extend(level_or_change(evidence));
    for more in [evidence.comparison.map(|comparison| &comparison.says), target(evidence).as_ref()] {
        says.extend(more.filter(|more| !says.contains(more)).cloned());
    }
    Some(Exception { tone, rule, headline, reasons: says, weight })
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
        let says = evidence.variation.says.clone();
        found.push(Reason { rule: Rule::Movement, tone: evidence.variation.tone, weight, says });
    }
    if let Some(assurance) = evidence.assurance.filter(|assurance| assurance.verdict == "failing") {
        let says = assurance.says.clone();
        found.push(Reason { rule: Rule::Target, tone: Tone::Concern, weight: 40, says });
    }
    if let Some(comparison) = evidence.comparison.filter(|_| is_worst_quarter(evidence.comparison, evidence.meta.good))
    {
        let says = comparison.says.clone();
        found.push(Reason { rule: Rule::Neighbours, tone: Tone::Concern, weight: 35, says });
    }
    if let (Some(way), Some(change)) = (evidence.moved, evidence.change) {
        let tone = way.tone(evidence.meta.good);
        let weight = match tone {
            Tone::Concern => 20,
            Tone::Improvement => 8,
            _ => 6,
        };
        let unit = if evidence.meta.unit == super::Unit::Percent { " points" } else { "" };
        let says = format!("{}{unit} on the year, more than chance would give.", change.difference.text);
        found.push(Reason { rule: Rule::Year, tone, weight, says });
    }
    found
}

/// What is to be said of the target: that it has been missed for long or, if not, what the limits make of it.
fn target(evidence: &Evidence<'_>) -> Option<String> {
    let assurance = evidence.assurance?;
    let missed = evidence.run.missed();
    if evidence.variation.tone != Tone::Concern || missed < MISSED_RUNNING || assurance.verdict == "failing" {
        return Some(assurance.says.clone());
    }
    let target = evidence.meta.target_in_words()?;
    let running = wording::periods(missed, evidence.period);
    Some(format!("The target of {target} has been missed for {running} running."))
}

/// Tells a level that is bad from a change that is, where one way is good.
fn level_or_change(evidence: &Evidence<'_>) -> Option<String> {
    let level = is_worst_quarter(evidence.comparison, evidence.meta.good)
        || evidence.assurance.is_some_and(|assurance| assurance.verdict == "failing");
    let moved = evidence.moved.map(|way| way.tone(evidence.meta.good));
    let worse = evidence.variation.tone == Tone::Concern || moved == Some(Tone::Concern);
    let better = evidence.variation.tone == Tone::Improvement || moved == Some(Tone::Improvement);
    let judged = evidence.comparison.is_some_and(|c| c.band.is_some()) || evidence.assurance.is_some();
    let says = match (level, worse, better) {
        (true, true, _) => "Both the level and the last change are the problem.",
        (true, false, true) => "The level is the problem; the last change is for the better.",
        (true, false, false) => "The level is the problem, not the last change, which is no more than chance gives.",
        (false, true, _) if judged => "The change is the problem, more than the level it started from.",
        _ => return None,
    };
    Some(says.to_owned())
}
