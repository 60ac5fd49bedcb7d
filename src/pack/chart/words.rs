//! What a chart shows, in words made from the same figures.

use super::runs::{ENGLAND, Others, Slot, stretches};
use crate::analysis::{Cause, Comparison, DisclosedIndicator, Limits, Tone};
use crate::domain::Period;
use crate::domain::words::{count, listed};

/// So many points make a run.
const SHORTEST_RUN: usize = 7;

/// The text that stands for a trend chart.
pub(super) fn trend(indicator: &DisclosedIndicator, slots: &[Slot<'_>], others: &[Others<'_>], area: &str) -> String {
    let meta = &indicator.meta;
    let (Some(first), Some(last)) = (slots.first(), slots.last()) else {
        return format!("{}: no figures yet.", meta.title);
    };
    let mut says = vec![format!("Line chart of {}, {} to {}.", meta.title, first.period.human(), last.period.human())];
    let shown: Vec<_> = slots.iter().filter_map(|slot| Some((slot, slot.point?, slot.value()?))).collect();
    if let (Some(start), Some(lowest), Some(highest)) = (
        shown.first(),
        shown.iter().min_by(|a, b| a.2.total_cmp(&b.2)),
        shown.iter().max_by(|a, b| a.2.total_cmp(&b.2)),
    ) {
        says.push(format!(
            "{area} begins at {}, is lowest at {} {} and highest at {} {}, and ends at {}.",
            start.1.value.text,
            lowest.1.value.text,
            when(lowest.0.period),
            highest.1.value.text,
            when(highest.0.period),
            last.point.map_or("no figure", |point| &point.value.text),
        ));
    }
    for other in others {
        let name = if other.name == ENGLAND { ENGLAND } else { "The mean of the statistical neighbours" };
        says.push(format!("{name} ends at {}.", other.last.text));
    }
    says.extend(meta.target_in_words().map(|target| format!("The target is {target}.")));
    if let Some(limits) = &indicator.limits {
        let trial = if limits.trial { "Trial limits" } else { "Limits" };
        says.push(format!(
            "{trial} of chance run from {} to {} around a mean of {}.",
            meta.limit(limits.lower),
            meta.limit(limits.upper),
            meta.limit(limits.mean)
        ));
        says.push(special_causes(slots, limits));
    }
    says.extend(absences(slots));
    says.join(" ")
}

/// When a value was true: "in April to June 2025 (Q1)", "on 14 July 2025".
fn when(period: Period) -> String {
    let on = if matches!(period, Period::Release { .. }) { "on" } else { "in" };
    format!("{on} {}", period.human())
}

fn special_causes(slots: &[Slot<'_>], limits: &Limits) -> String {
    let runs = stretches(slots, |slot| (slot.cause() != Cause::Common).then_some((slot.cause(), slot.tone())));
    if runs.is_empty() {
        return "No point stands out from chance.".to_owned();
    }
    let told = runs
        .iter()
        .map(|&(first, last)| format!("{}: {}", slots[last].period.human(), stands_out(slots, first, last, limits)));
    format!("Standing out from chance: {}.", told.collect::<Vec<_>>().join("; "))
}

fn absences(slots: &[Slot<'_>]) -> Vec<String> {
    let absent = |why: &str| slots.iter().filter(|slot| slot.absence() == Some(why)).count();
    let mut says = Vec::new();
    for why in ["hidden", "missing", "not applicable", "nearly 0"] {
        let points = absent(why);
        if points > 0 {
            let verb = if points == 1 { "is" } else { "are" };
            says.push(format!("{} {verb} {why}.", count(points, "figure", "figures")));
        }
    }
    says
}

/// Why the points from `first` to `last` stand out, in a few words.
pub(super) fn stands_out(slots: &[Slot<'_>], first: usize, last: usize, limits: &Limits) -> String {
    let value = |at: usize| slots.get(at).and_then(Slot::value).unwrap_or(limits.mean);
    let high = value(last) >= limits.mean;
    // Points of a run that stand out for a stronger reason too are told by that one.
    let run = match last - first + 1 {
        points if points < SHORTEST_RUN => "part of a run".to_owned(),
        points => format!("{points} points in a row"),
    };
    match slots[last].cause() {
        Cause::Outside if high => "above the upper limit".to_owned(),
        Cause::Outside => "below the lower limit".to_owned(),
        Cause::Trend if value(last) >= value(first) => format!("{run} rising"),
        Cause::Trend => format!("{run} falling"),
        Cause::TwoOfThree if high => "two of three near the upper limit".to_owned(),
        Cause::TwoOfThree => "two of three near the lower limit".to_owned(),
        Cause::Shift if high => format!("{run} above the mean"),
        Cause::Shift => format!("{run} below the mean"),
        Cause::Common => String::new(),
    }
}

/// The text that stands for the neighbours' bars.
pub(super) fn bars(title: &str, comparison: &Comparison, area: &str) -> String {
    let published: Vec<_> = comparison.bars.iter().filter(|bar| bar.value.value.is_some()).collect();
    let mut says = vec![format!(
        "Bar chart of {title} in {area} and its statistical neighbours, {}, highest first: {}.",
        comparison.period.human(),
        listed(published.iter().map(|bar| format!("{} {}", bar.area, bar.value.text)))
    )];
    let absent = comparison.bars.iter().filter(|bar| bar.value.value.is_none());
    says.extend(absent.map(|bar| format!("{}: {}.", bar.area, bar.value.text)));
    says.push(format!("England: {}.", comparison.england.text));
    says.join(" ")
}

/// The text that stands for a sparkline.
pub(super) fn spark(indicator: &DisclosedIndicator) -> String {
    let points = &indicator.points;
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return format!("{}: no figures yet", indicator.meta.title);
    };
    let tone = match last.tone {
        Tone::Chance => "within chance",
        Tone::Improvement => "better than chance",
        Tone::Concern => "worse than chance",
        Tone::Higher => "higher than chance",
        Tone::Lower => "lower than chance",
    };
    let tone = if last.value.value.is_some() { format!(", {tone}") } else { String::new() };
    format!(
        "{}: from {} {} to {} {}{tone}",
        indicator.meta.title,
        first.value.text,
        when(first.period),
        last.value.text,
        when(last.period)
    )
}
