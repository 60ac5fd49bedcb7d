//! How the last figures have moved, and whether chance alone would move them so, in words.
//!
//! Sees figures as hidden as they are to be shown; a figure that is not shown ends every run.

use super::{
    disclosed::{Cause, Good, Meta, Tone, Variation},
    figures::{Cell, Course, Figures},
    trend::{Mark, NoBounds, Way},
    wording,
};
use crate::domain::Period;

/// Said of what stands out.
const BEYOND_CHANCE: &str = "chance alone would hardly do that";

/// The values of an indicator as they may be shown, oldest first.
pub(super) struct Run<'a> {
    figures: &'a Figures,
    meta: &'a Meta,
}

impl<'a> Run<'a> {
    pub(super) fn new(figures: &'a Figures, meta: &'a Meta) -> Self {
        Self { figures, meta }
    }

    /// Newest first, until one is not shown.
    fn back(&self) -> impl Iterator<Item = (Period, f64)> {
        let unit = self.meta.unit;
        self.figures.rows.iter().rev().map_while(move |row| Some((row.period, row.value(unit).number()?)))
    }

    /// How many periods running the value has risen, or fallen.
    fn steps(&self, way: Way) -> usize {
        let values: Vec<f64> = self.back().map(|(_, value)| value).collect();
        values.windows(2).take_while(|pair| if way == Way::Up { pair[0] > pair[1] } else { pair[0] < pair[1] }).count()
    }

    /// How many periods running it has lain on this side of `mark`.
    fn beyond(&self, way: Way, mark: f64) -> usize {
        self.back().take_while(|(_, value)| if way == Way::Up { *value > mark } else { *value < mark }).count()
    }

    /// How many periods running the target was missed.
    pub(super) fn missed(&self) -> usize {
        match (self.meta.target, self.meta.good) {
            (Some(target), Good::High) => self.beyond(Way::Down, target),
            (Some(target), Good::Low) => self.beyond(Way::Up, target),
            _ => 0,
        }
    }

    /// "the lowest of 13 quarters", where the last value is that, and there are enough to say so.
    pub(super) fn extreme(&self) -> Option<String> {
        const ENOUGH: usize = 8;
        let values: Vec<f64> = self.back().map(|(_, value)| value).collect();
        let (last, earlier) = values.split_first()?;
        if values.len() < ENOUGH || values.len() < self.figures.rows.len() {
            return None;
        }
        let name = match () {
            () if earlier.iter().all(|value| value < last) => "highest",
            () if earlier.iter().all(|value| value > last) => "lowest",
            () => return None,
        };
        Some(format!("the {name} of {}", wording::periods(values.len(), self.figures.last()?.period)))
    }

    /// "until September 2023 it was 49 to 55 a quarter", where the level has shifted since then.
    pub(super) fn level_before(&self, course: &Course) -> Option<String> {
        const ENOUGH: usize = 3;
        let mean = course.latest.as_ref()?.mean;
        let Mark { cause: Cause::Shift, way: Some(way) } = course.last() else { return None };
        let earlier: Vec<(Period, f64)> = self.back().skip(self.beyond(way, mean)).collect();
        let (newest, _) = earlier.first()?;
        if earlier.len() < ENOUGH || self.back().count() < self.figures.rows.len() {
            return None;
        }
        let (low, high) =
            earlier.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, v)| (low.min(*v), high.max(*v)));
        let say = |value| wording::value(value, self.meta.unit, self.meta.decimals);
        let (until, each) = (newest.end().strftime("%B %Y"), wording::period_noun(*newest));
        Some(format!("until {until} it was {} to {} a {each}", say(low), say(high)))
    }
}

/// What the last point's mark means.
pub(super) fn variation(figures: &Figures, course: &Course, meta: &Meta) -> Option<Variation> {
    let last = figures.last()?;
    let mark = course.last();
    let tone = mark.tone(meta.good);
    let bounds = course.latest.as_ref().map(|judged| judged.bounds);
    let (says, brief) = match (last.value(meta.unit), bounds) {
        (Cell::Missing(_), _) => {
            let when = wording::when(last.period, meta.kind);
            (format!("No figure {when}, so no word on its variation."), "no figure".to_owned())
        }
        (Cell::Small(_) | Cell::Withheld, _) => {
            ("The figure is hidden, so no word on its variation.".to_owned(), "not told: hidden".to_owned())
        }
        (_, None | Some(Err(NoBounds::TooFew))) => {
            ("Too few points to tell change from chance.".to_owned(), "too few points to tell".to_owned())
        }
        _ => special(figures, course, meta)
            .unwrap_or_else(|| ("No more than chance would give.".to_owned(), "within chance".to_owned())),
    };
    debug_assert!(mark.way.is_some() || tone == Tone::Chance);
    Some(Variation { tone, says, brief })
}

/// Why the last point stands out, in a sentence and in a few words; none when it does not.
fn special(figures: &Figures, course: &Course, meta: &Meta) -> Option<(String, String)> {
    let (run, latest) = (Run::new(figures, meta), course.latest.as_ref()?);
    let period = figures.last()?.period;
    let Mark { cause, way: Some(way) } = course.last() else { return None };
    let (side, limit_side, moved, moving) = match way {
        Way::Up => ("above", "upper", "risen", "rising"),
        Way::Down => ("below", "lower", "fallen", "falling"),
    };
    let limit = latest.bounds.ok().map(|bounds| if way == Way::Up { bounds.upper } else { bounds.lower });
    let limit = limit.map_or_else(String::new, |limit| format!(" of {}", wording::limit(limit, meta)));
    let running = |count| format!("{} running", wording::periods(count, period));
    let few = |count: usize| format!("{count} {}s", wording::period_noun(period));
    Some(match cause {
        Cause::Common => return None,
        Cause::Outside => {
            let steps = run.steps(way);
            let after = if steps >= 3 { format!(", after {moving} for {}", running(steps)) } else { String::new() };
            let says = format!("It lies {side} the {limit_side} limit{limit}{after}: {BEYOND_CHANCE}.");
            (says, format!("{side} the {limit_side} limit"))
        }
        Cause::Trend => {
            let steps = run.steps(way);
            let says = format!("It has {moved} for {}: {BEYOND_CHANCE}.", running(steps));
            (says, format!("{moving} for {}", few(steps)))
        }
        Cause::TwoOfThree => {
            let three = wording::periods(3, period);
            let says = format!("Two of the last {three} lie near the {limit_side} limit{limit}: {BEYOND_CHANCE}.");
            (says, format!("twice near the {limit_side} limit"))
        }
        Cause::Shift => {
            let count = run.beyond(way, latest.mean);
            let since = run.back().nth(count.saturating_sub(1)).map(|(period, _)| wording::plain(period));
            let says = format!(
                "The level has shifted: {} lie {side} the mean of {}, since {}.",
                running(count),
                wording::limit(latest.mean, meta),
                since?
            );
            (wording::sentence(&says), format!("{} {side} mean", few(count)))
        }
    })
}
