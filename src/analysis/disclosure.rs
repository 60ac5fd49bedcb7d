//! The disclosure stage: hides what the public may not see, then says what is left.
//!
//! Trends, comparisons, exceptions and every sentence are made after the hiding and from nothing else, so a hidden
//! count cannot reach them.

use super::{
    analysed::{Analysed, Analysis},
    change::{assurance, beyond_chance, change, limits, limits_note, period_before},
    comparison::compare,
    disclosed::{Category, Class, Disclosed, DisclosedIndicator, Meta, Point, Tone, Unit, Variation},
    exception::{Evidence, weigh},
    figures::{Figures, Row},
    indicator::Names,
    movement::{Run, variation},
    siblings,
    small_count::SmallCount,
    suppression::suppress,
    trend::Mark,
    wording,
};
use crate::domain::{Period, words::listed};

/// What may be shown of the figures to the readers of `class`. Nothing else makes a [`Disclosed`].
pub fn disclose(analysed: Analysed, class: Class) -> Disclosed {
    let mut shown: Vec<Figures> = analysed
        .indicators
        .iter()
        .map(|analysis| match class {
            Class::Public => suppress(&analysis.figures, &analysis.indicator, analysis.published.as_ref()),
        })
        .collect();
    siblings::protect(&analysed.indicators, &mut shown);
    let told = analysed.indicators.iter().zip(&shown);
    let mut indicators: Vec<DisclosedIndicator> =
        told.filter_map(|(analysis, figures)| tell(analysis, figures, &analysed.names)).collect();
    indicators.sort_by(|a, b| {
        let weight = |i: &DisclosedIndicator| i.exception.as_ref().map_or(i32::MIN, |exception| exception.weight);
        weight(b).cmp(&weight(a)).then_with(|| a.meta.title.cmp(&b.meta.title)).then_with(|| a.meta.id.cmp(&b.meta.id))
    });
    Disclosed { class, period: analysed.period, indicators }
}

/// Everything that the figures, as hidden as they are, allow to be said.
fn tell(analysis: &Analysis, figures: &Figures, names: &Names) -> Option<DisclosedIndicator> {
    let indicator = &analysis.indicator;
    let meta = indicator.meta(names);
    if analysis.failed {
        return Some(tell_failure(figures, meta));
    }
    let last = figures.last()?;
    let course = figures.course(indicator);
    let points: Vec<Point> =
        figures.rows.iter().zip(&course.marks).map(|(row, mark)| point(row, *mark, &meta)).collect();
    let value = points.last()?.value.clone();
    let limits = limits(figures, &course, indicator);
    let variation = variation(figures, &course, &meta)?;
    let run = Run::new(figures, &meta);
    let assurance = assurance(&meta, limits.as_ref());
    let published = indicator.benchmark.as_ref().zip(analysis.published.as_ref());
    let comparison =
        published.and_then(|(benchmark, published)| compare(indicator, benchmark, figures, published, &names.area));
    let on_period = period_before(figures).and_then(|from| change(figures, &meta, from));
    let year_before = last.period.year_before();
    let on_year = year_before.and_then(|from| change(figures, &meta, from));
    let moved = year_before.and_then(|from| beyond_chance(figures, &course, indicator, from));
    let exception = weigh(&Evidence {
        meta: &meta,
        period: last.period,
        value: &value,
        level_before: run.level_before(&course),
        run,
        variation: &variation,
        way: course.last().way,
        assurance: assurance.as_ref(),
        comparison: comparison.as_ref(),
        change: on_year.as_ref(),
        moved,
    });
    Some(DisclosedIndicator {
        points,
        categories: figures
            .categories
            .iter()
            .map(|part| Category {
                name: part.name.clone(),
                points: part.rows.iter().map(|row| point(row, Mark::COMMON, &meta)).collect(),
            })
            .collect(),
        limits,
        limits_note: limits_note(figures, &course, indicator),
        on_period,
        on_year,
        variation,
        assurance,
        comparison,
        exception,
        hidden: figures.hidden(),
        notes: notes(figures, &meta, indicator.small_count, &analysis.fell),
        failed: None,
        meta,
    })
}

/// An indicator whose figures could not be worked out; why is not the readers' to know.
fn tell_failure(figures: &Figures, meta: Meta) -> DisclosedIndicator {
    let says = "Its figures could not be worked out; the business unit knows of it.".to_owned();
    DisclosedIndicator {
        points: figures.rows.iter().map(|row| point(row, Mark::COMMON, &meta)).collect(),
        categories: Vec::new(),
        limits: None,
        limits_note: None,
        on_period: None,
        on_year: None,
        variation: Variation { tone: Tone::Chance, says: says.clone(), brief: "could not be worked out".to_owned() },
        assurance: None,
        comparison: None,
        exception: None,
        hidden: 0,
        notes: vec![says.clone()],
        failed: Some(says),
        meta,
    }
}

fn point(row: &Row, mark: Mark, meta: &Meta) -> Point {
    let value = row.value(meta.unit);
    Point {
        period: row.period,
        numerator: wording::shown(row.numerator, wording::count),
        denominator: row.denominator.map(|cell| wording::shown(cell, wording::count)),
        value: wording::shown(value, |value| wording::value(value, meta.unit, meta.decimals)),
        cause: mark.cause,
        tone: mark.tone(meta.good),
    }
}

/// What a reader must know of what is not there.
fn notes(figures: &Figures, meta: &Meta, small: SmallCount, fell: &[Period]) -> Vec<String> {
    let mut notes = Vec::new();
    let missing: Vec<String> = figures
        .rows
        .iter()
        .filter(|row| row.value(meta.unit).number().is_none() && !row.is_hidden())
        .map(|row| row.period.human())
        .collect();
    if !missing.is_empty() {
        notes.push(format!("No figure: {}.", missing.join(", ")));
    }
    if !fell.is_empty() {
        let periods = listed(fell.iter().map(|period| period.human()));
        notes.push(format!(
            "The count of the year so far fell in {periods}: it was restated, and what the period added is not known."
        ));
    }
    let hidden = figures.hidden();
    if hidden > 0 {
        let (are, most) = (wording::figures_are(hidden), small.most());
        let sent = if figures.is_sent_hidden() { "hidden by who sent it, " } else { "" };
        notes.push(format!("{are} hidden: {sent}1 to {most}, or one that would give such a figure away."));
    }
    if small == SmallCount::Hospital {
        notes.push("Counts are rounded to the nearest 5.".to_owned());
    }
    if let Unit::Rate { per } = meta.unit {
        notes.push(format!("Rate per {}.", wording::count(f64::from(per))));
    }
    notes
}
