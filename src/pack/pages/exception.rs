//! One page per exception, in four parts: why it matters, the picture, the story or its gap, actions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::footnotes::footnotes;
use super::timetable::actions;
use super::{Matter, kept, tone_word};
use crate::analysis::{Comparison, DisclosedIndicator, Tone, Unit};
use crate::domain::{Standing, words::count};
use crate::pack::PackError;
use crate::pack::chart::{HEIGHT, bars, trend};
use crate::pack::days::{day, day_month};
use crate::pack::record::{Delivery, Story};

/// The picture's width across the page, in points, and its two parts' when comparators stand beside it.
const WIDE: f32 = 482.0;
const NARROW: f32 = 304.0;
const BESIDE: f32 = 168.0;

pub(super) fn pages(matter: &Matter<'_>, charts: &mut BTreeMap<String, String>) -> Result<Vec<Value>, PackError> {
    matter.exceptions().into_iter().map(|one| page(matter, one, charts)).collect()
}

fn page(
    matter: &Matter<'_>,
    one: &DisclosedIndicator,
    charts: &mut BTreeMap<String, String>,
) -> Result<Value, PackError> {
    let meta = &one.meta;
    let area = &matter.imprint.area;
    let exception = one.exception.as_ref();
    let tone = exception.map_or(one.variation.tone, |exception| exception.tone);
    let comparison = one.comparison.as_ref().filter(|comparison| comparison.bars.len() > 1);
    let picture = trend(one, area, if comparison.is_some() { NARROW } else { WIDE })?;
    let mut caption = vec![meta.definition.clone()];
    caption.extend(picture.notes.iter().cloned());
    let trend = kept(charts, format!("charts/{}-trend.svg", meta.id), picture);
    let bars = comparison
        .map(|comparison| {
            let chart = bars(one, comparison, area, (BESIDE, HEIGHT))?;
            Ok::<_, PackError>(kept(charts, format!("charts/{}-neighbours.svg", meta.id), chart))
        })
        .transpose()?;
    if let Some(comparison) = &one.comparison {
        caption.extend(compared(comparison));
    }
    caption.extend(parts(one));
    caption.extend(one.notes.iter().cloned());
    caption.push(sources(one));
    let asked = matter
        .record
        .queries
        .iter()
        .filter(|query| query.title == meta.source && (query.agency == meta.agency || meta.agency.is_empty()));
    let mine = |action: &&crate::pack::record::Action| action.indicator.as_deref() == Some(&meta.id);
    Ok(json!({
        "id": meta.id,
        "eyebrow": format!("{} · {}", meta.priority, question(&meta.question)),
        "title": meta.title,
        "sentence": exception.map(|exception| &exception.headline),
        "tone": tone_word(tone),
        "verdict": verdict(tone),
        "reasons": reasons(one),
        "facts": facts(one, area),
        "why": meta.why,
        "trend": trend,
        "bars": bars,
        "caption": caption.join(" "),
        "footnotes": footnotes(asked),
        "stories": stories(matter, one),
        "gap": gap(matter, one),
        "actions": actions(matter.record.actions.iter().filter(mine), matter),
    }))
}

/// The Board's question the indicator answers (results-based accountability).
fn question(question: &str) -> &str {
    match question {
        "how much" => "How much are we doing?",
        "how well" => "How well are we doing it?",
        "better off" => "Is anyone better off?",
        other => other,
    }
}

fn verdict(tone: Tone) -> &'static str {
    match tone {
        Tone::Concern | Tone::Chance => "Worth the Board’s attention.",
        Tone::Improvement => "Good news to learn from.",
        Tone::Higher | Tone::Lower => "A change to ask about, neither good nor bad in itself.",
    }
}

/// Why it is here, level and change told apart.
fn reasons(one: &DisclosedIndicator) -> String {
    one.exception.as_ref().map(|exception| exception.reasons.join(" ")).unwrap_or_default()
}

/// At most four figures in large type.
fn facts(one: &DisclosedIndicator, area: &str) -> Vec<Value> {
    let meta = &one.meta;
    let mut facts = Vec::new();
    let mut fact = |value: &str, label: String| facts.push(json!({ "value": value, "label": label }));
    let Some(newest) = one.points.last() else { return facts };
    fact(&newest.value.text, format!("{area}, {}", newest.period.human()));
    let points = if matches!(meta.unit, Unit::Percent) { "points " } else { "" };
    let mut changes = one.on_year.iter().map(|change| (change, "on a year before"));
    let mut shorter = one.on_period.iter().map(|change| (change, "on the period before"));
    if let Some((change, than)) = changes.next().or_else(|| shorter.next()) {
        fact(&change.difference.text, format!("{points}{than} ({})", change.before.text));
    }
    if let Some(comparison) = &one.comparison {
        let here = if comparison.period == newest.period {
            String::new()
        } else {
            format!(" (here {})", comparison.ours.text)
        };
        fact(&comparison.england.text, format!("England, {}{here}", comparison.period.human()));
        let neighbours = count(comparison.neighbours.0, "statistical neighbour", "statistical neighbours");
        fact(&comparison.neighbours_mean.text, format!("mean of {neighbours}"));
        return facts;
    }
    if let (Unit::Percent, Some(denominator), Some(_)) = (meta.unit, &newest.denominator, newest.value.value) {
        fact(&format!("{} of {}", newest.numerator.text, denominator.text), "counted".to_owned());
    } else if let Some((change, than)) = shorter.next() {
        fact(&change.difference.text, format!("{points}{than} ({})", change.before.text));
    }
    if let Some(target) = meta.target_in_words() {
        fact(&target, "target".to_owned());
    } else if let Some(limits) = &one.limits {
        fact(&meta.limit(limits.mean), format!("mean since {}", limits.since.human()));
    }
    facts
}

fn compared(comparison: &Comparison) -> Vec<String> {
    let (published, all) = comparison.neighbours;
    let mut says = Vec::new();
    match all.saturating_sub(published) {
        0 => {}
        1 => says.push("One neighbour did not publish.".to_owned()),
        missing => says.push(format!("{missing} neighbours did not publish.")),
    }
    let ours = comparison.bridge.as_ref().map(|bridge| format!("; ours: {bridge}")).unwrap_or_default();
    says.push(format!(
        "Bars: {}, statistical neighbours{ours}, from {}, release of {}.",
        comparison.period.human(),
        comparison.source,
        day(comparison.release)
    ));
    says
}

/// The newest figure of each part, where the indicator is broken down.
fn parts(one: &DisclosedIndicator) -> Option<String> {
    let parts = one.categories.iter().filter_map(|part| {
        let newest = part.points.last()?;
        Some(format!("{} {}", part.name, newest.value.text))
    });
    let parts = parts.collect::<Vec<_>>();
    (!parts.is_empty()).then(|| format!("Of which: {}.", parts.join("; ")))
}

fn sources(one: &DisclosedIndicator) -> String {
    let hidden = if one.hidden == 0 { "none".to_owned() } else { one.hidden.to_string() };
    format!("Source: {} from {}; figures hidden: {hidden}.", one.meta.source, one.meta.agency)
}

/// What agencies wrote about the figure: the one that owes it first.
fn stories(matter: &Matter<'_>, one: &DisclosedIndicator) -> Vec<Value> {
    let mut stories: Vec<&Story> =
        matter.record.stories.iter().filter(|story| story.indicator == one.meta.id).collect();
    stories.sort_by_key(|story| (story.agency != one.meta.agency, story.agency.clone()));
    let told = stories.into_iter().map(|story| {
        let length = count(story.text.split_whitespace().count(), "word", "words");
        let came = story.received.map(|received| format!("{}, ", day_month(received))).unwrap_or_default();
        let paragraphs: Vec<&str> = story.text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        json!({ "agency": story.agency, "came": format!("{came}{length}"), "paragraphs": paragraphs })
    });
    told.collect()
}

/// What is printed where the agency that owes the figure wrote nothing.
fn gap(matter: &Matter<'_>, one: &DisclosedIndicator) -> Option<Value> {
    let agency = &one.meta.agency;
    let told = |story: &Story| story.indicator == one.meta.id && story.agency == *agency;
    if matter.record.stories.iter().any(told) {
        return None;
    }
    let owed = matter
        .record
        .deliveries
        .iter()
        .find(|delivery| delivery.title == one.meta.source && (delivery.agency == *agency || agency.is_empty()));
    let says = match owed {
        None => "No story was received, and nobody was asked for one in this period.".to_owned(),
        Some(delivery) => gap_of(delivery),
    };
    Some(json!({ "agency": agency, "says": says }))
}

fn gap_of(delivery: &Delivery) -> String {
    let Delivery { agency, title, .. } = delivery;
    let reminders = usize::try_from(delivery.reminders).unwrap_or(0);
    let reminded = match reminders {
        0 => String::new(),
        _ => format!(", after {}", count(reminders, "reminder", "reminders")),
    };
    let due = delivery.due.map(|due| format!(" by {}", day_month(due))).unwrap_or_default();
    match (delivery.standing, delivery.received) {
        (Standing::Overdue, _) => {
            let days = count(usize::try_from(delivery.days_late).unwrap_or(0), "day", "days");
            format!("No story was received. {agency} was asked for {title}{due}; it is {days} late{reminded}.")
        }
        (standing, _) if standing.is_not_due() => {
            format!("No story was received yet. {agency} is asked for {title}{due}.")
        }
        (Standing::Nil, _) => format!("{agency} made a nil return and wrote nothing about this figure."),
        (_, Some(received)) => {
            format!("{agency} sent {title} on {} without a word on this figure.", day_month(received))
        }
        (_, None) => format!("{agency} sent {title} without a word on this figure."),
    }
}
