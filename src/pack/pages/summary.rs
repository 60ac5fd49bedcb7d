//! The first page: what stands out, how we know, and every indicator in a line.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Matter, kept, tone_word};
use crate::analysis::{DisclosedIndicator, Tone, expected_by_chance};
use crate::domain::{
    Standing,
    words::{capital, listed, number, several},
};
use crate::pack::PackError;
use crate::pack::chart::spark;
use crate::pack::days::day;

pub(super) fn page(matter: &Matter<'_>, charts: &mut BTreeMap<String, String>) -> Result<Value, PackError> {
    let paged: Vec<&str> = matter.exceptions().iter().map(|one| one.meta.id.as_str()).collect();
    let exceptions: Vec<Value> = matter
        .indicators
        .iter()
        .filter_map(|one| {
            let exception = one.exception.as_ref()?;
            Some(json!({
                "id": one.meta.id,
                "title": one.meta.title,
                "tone": tone_word(exception.tone),
                "headline": exception.headline,
                "paged": paged.contains(&one.meta.id.as_str()),
            }))
        })
        .collect();
    Ok(json!({
        "title": matter.definition.question(),
        "sentence": sentence(matter),
        "exceptions": exceptions,
        "known_title": matter.definition.text("summary"),
        "known": known(matter),
        "card": card(matter, charts)?,
    }))
}

/// The page's message: how many figures ask for the Board's time, and how many do not.
fn sentence(matter: &Matter<'_>) -> String {
    let tones = |wanted: &[Tone]| {
        let raised = matter.indicators.iter().filter_map(|one| one.exception.as_ref());
        raised.filter(|exception| wanted.contains(&exception.tone)).count()
    };
    let all = matter.indicators.len();
    let concerns = tones(&[Tone::Concern, Tone::Chance]);
    let others = [
        (tones(&[Tone::Improvement]), "shows real improvement", "show real improvement"),
        (
            tones(&[Tone::Higher, Tone::Lower]),
            "has changed without being good or bad news",
            "have changed without being good or bad news",
        ),
    ];
    let measures = if all == 1 { "measure" } else { "measures" };
    let failed = matter.indicators.iter().filter(|one| one.failed.is_some()).count();
    let mut says = match concerns {
        0 => format!("None of the {} {measures} gives cause for concern", number(all)),
        1 => format!("One of {} {measures} deserves the Board’s attention", number(all)),
        _ => format!("{} of {} {measures} deserve the Board’s attention", capital(&number(concerns)), number(all)),
    };
    for (found, one, many) in others {
        match found {
            0 => {}
            1 => says += &format!("; one {one}"),
            _ => says += &format!("; {} {many}", number(found)),
        }
    }
    if failed > 0 {
        says += &format!("; {} could not be worked out", number(failed));
    }
    says + "."
}

/// What the answer rests on, each a sentence.
fn known(matter: &Matter<'_>) -> Vec<String> {
    let mut says = Vec::new();
    let deliveries = &matter.record.deliveries;
    if !deliveries.is_empty() {
        let within = deliveries.iter().filter(|one| one.standing.is_in()).count();
        let in_time =
            deliveries.iter().filter(|one| matches!(one.standing, Standing::Accepted | Standing::Nil)).count();
        let missing = deliveries.iter().filter(|one| one.standing == Standing::Overdue);
        let missing: Vec<String> = missing.map(|one| format!("{} from {}", one.title, one.agency)).collect();
        let mut sentence = format!(
            "{} of {} arrived, {} of them in time and accepted",
            capital(&number(within)),
            several(deliveries.len(), "return", "returns"),
            number(in_time)
        );
        if !missing.is_empty() {
            sentence += &format!("; still missing: {}", listed(missing));
        }
        says.push(sentence + ".");
    }
    let restated = matter.record.restatements.len();
    if restated > 0 {
        let (these, replace) =
            if restated == 1 { ("this edition prints", "it") } else { ("this edition prints", "them") };
        let files = several(restated, "accepted file was", "accepted files were");
        says.push(format!(
            "{} replaced since the period ended; {these} the figures that replaced {replace}.",
            capital(&files)
        ));
    }
    let failed: Vec<&str> =
        matter.indicators.iter().filter(|one| one.failed.is_some()).map(|one| one.meta.title.as_str()).collect();
    if !failed.is_empty() {
        let figures = if failed.len() == 1 { "The figures of this measure" } else { "The figures of these measures" };
        says.push(format!("{figures} could not be worked out, and the business unit knows: {}.", listed(failed)));
    }
    let watched = matter.indicators.iter().filter(|one| one.limits.is_some()).count();
    let by_chance = expected_by_chance(watched).round();
    if by_chance >= 1.0 {
        let figures = several(watched, "measure", "measures");
        let about = several(by_chance as usize, "would stand out", "would stand out");
        says.push(format!("Of {figures} watched, about {about} in a quarter by chance alone, most of them once."));
    }
    let hidden: usize = matter.indicators.iter().map(|one| one.hidden).sum();
    says.push(match hidden {
        0 => "No figure had to be hidden to protect a child.".to_owned(),
        _ => format!(
            "{} hidden, so that no child can be recognised.",
            capital(&several(hidden, "figure is", "figures are"))
        ),
    });
    let mut sources: Vec<String> = Vec::new();
    for comparison in matter.indicators.iter().filter_map(|one| one.comparison.as_ref()) {
        let source = format!("{} ({})", comparison.source, day(comparison.release));
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    if !sources.is_empty() {
        says.push(format!("Compared with others by: {}.", listed(sources)));
    }
    says
}

/// One line per indicator, under its priority; priorities in the order in which they first appear.
fn card(matter: &Matter<'_>, charts: &mut BTreeMap<String, String>) -> Result<Vec<Value>, PackError> {
    let mut priorities: Vec<(&str, Vec<Value>)> = Vec::new();
    for one in &matter.indicators {
        let line = line(one, charts)?;
        match priorities.iter_mut().find(|(priority, _)| *priority == one.meta.priority) {
            Some((_, lines)) => lines.push(line),
            None => priorities.push((&one.meta.priority, vec![line])),
        }
    }
    Ok(priorities.into_iter().map(|(priority, lines)| json!({ "priority": priority, "lines": lines })).collect())
}

fn line(one: &DisclosedIndicator, charts: &mut BTreeMap<String, String>) -> Result<Value, PackError> {
    let chart = kept(charts, format!("charts/{}-spark.svg", one.meta.id), spark(one)?);
    let newest = one.points.last();
    let missing = newest.is_none_or(|point| point.value.value.is_none());
    Ok(json!({
        "title": one.meta.title,
        "value": newest.map_or("no figures yet", |point| point.value.text.as_str()),
        "period": newest.map(|point| point.period.human()),
        "missing": missing,
        "change": one.on_year.as_ref().map(|change| &change.difference.text),
        "before": one.on_year.as_ref().map(|change| &change.before.text),
        "spark": chart,
        "tone": tone_word(one.variation.tone),
        "says": capital(&one.variation.brief),
    }))
}
