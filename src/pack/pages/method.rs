//! The last page: what is counted, how charts are read, what is hidden, what it all rests on.

use serde_json::{Value, json};

use super::Matter;
use crate::analysis::{Class, DisclosedIndicator, Good, Kind, Unit};
use crate::domain::words::whole;
use crate::pack::days::day;
use crate::pack::typeset;

pub(super) fn page(matter: &Matter<'_>) -> Value {
    let imprint = matter.imprint;
    let mut named: Vec<&DisclosedIndicator> = matter.indicators.clone();
    named.sort_by(|a, b| (&a.meta.priority, &a.meta.title).cmp(&(&b.meta.priority, &b.meta.title)));
    let versions = imprint.versions.iter().map(|(table, version)| json!({ "table": table, "version": version }));
    json!({
        "title": matter.definition.text("method"),
        "sentence": "Every figure can be traced to the files it came from and made again.",
        "indicators": named.iter().map(|one| indicator(one)).collect::<Vec<_>>(),
        "releases": releases(&named),
        "disclosure": disclosure(matter),
        "versions": versions.collect::<Vec<_>>(),
        "chain_head": format!("{}, event {}", imprint.chain_head.1, imprint.chain_head.0),
        "contact": imprint.contact,
        "engine": typeset::engine(),
    })
}

fn indicator(one: &DisclosedIndicator) -> Value {
    let meta = &one.meta;
    let unit = match meta.unit {
        Unit::Count => "Count".to_owned(),
        Unit::Percent => "Share".to_owned(),
        Unit::Rate { per } => format!("Rate per {}", whole(per.into())),
    };
    let kind = match meta.kind {
        Kind::Flow => "over the period",
        Kind::Snapshot => "on its last day",
    };
    let good = match meta.good {
        Good::High => "higher is better",
        Good::Low => "lower is better",
        Good::Neutral => "neither good nor bad, never coloured",
    };
    let target = meta.target_in_words().map(|target| format!("; target {target}")).unwrap_or_default();
    json!({
        "title": meta.title,
        "definition": one.failed.iter().fold(meta.definition.clone(), |text, says| format!("{text} {says}")),
        "read": format!("{unit} {kind}; {good}{target}."),
        "source": format!("{}, {}", meta.source, meta.agency),
    })
}

fn releases(indicators: &[&DisclosedIndicator]) -> Vec<String> {
    let mut releases: Vec<String> = Vec::new();
    for one in indicators {
        if let Some(comparison) = &one.comparison {
            let release = format!("{}, release of {}", comparison.source, day(comparison.release));
            if !releases.contains(&release) {
                releases.push(release);
            }
        }
    }
    releases
}

fn disclosure(matter: &Matter<'_>) -> String {
    let hidden: usize = matter.indicators.iter().map(|one| one.hidden).sum();
    let number = match hidden {
        0 => "In this edition nothing had to be hidden.".to_owned(),
        1 => "In this edition one figure is hidden.".to_owned(),
        _ => format!("In this edition {hidden} figures are hidden."),
    };
    match matter.class {
        Class::Public => format!(
            "This edition may be seen by anybody. A count of 1 to 5 children is hidden (“1 to 5, hidden”), and so is \
             every other figure from which it could be worked out: a second cell of the same table, a share, a rate, a \
             limit. Nought is shown. {number}"
        ),
    }
}
