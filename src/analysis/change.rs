//! What changed on an earlier period, the limits of chance, and whether the target is within reach.

use super::{
    disclosed::{Assurance, Change, Good, Limits, Meta},
    figures::{Cell, Course, Figures, Row},
    indicator::Indicator,
    interval::differ,
    trend::{FEWEST, FIRM, NoBounds, Way},
    wording,
};
use crate::domain::{Period, Status, rounding::half_up, words::number};

/// Two points of one series differ by more than so many mean moving ranges once in twenty times: a moving range is
/// 1.128 standard deviations of a point, a difference of two points has √2 of them, and 1.96 × √2 / 1.128 = 2.457.
const RANGES_BEYOND_CHANCE: f64 = 2.457;

/// The last value against that of an earlier period; none when the series does not reach back so far.
pub(super) fn change(figures: &Figures, meta: &Meta, from: Period) -> Option<Change> {
    let (before, now) = (figures.at(from)?.value(meta.unit), figures.last()?.value(meta.unit));
    let difference = match (now, before) {
        (Cell::Number(now), Cell::Number(before)) => Cell::Number(now - before),
        _ if now.is_hidden() || before.is_hidden() => Cell::Withheld,
        _ => Cell::Missing(Status::X),
    };
    Some(Change {
        from,
        before: wording::shown(before, |value| wording::value(value, meta.unit, meta.decimals)),
        // As printed, so that a reader who subtracts finds the same, and no more is told than the two values tell.
        difference: wording::shown(difference, |value| {
            let printed = now
                .number()
                .zip(before.number())
                .map_or(value, |(now, before)| half_up(now, meta.decimals) - half_up(before, meta.decimals));
            wording::difference(printed, meta.decimals)
        }),
    })
}

/// The period before the last; releases follow each other as they come.
pub(super) fn period_before(figures: &Figures) -> Option<Period> {
    let [.., before, last] = figures.rows.as_slice() else { return None };
    last.period.previous().or(Some(before.period))
}

/// Which way the last value differs from an earlier one beyond chance: beyond that of the counts, and beyond what the
/// series itself usually moves.
pub(super) fn beyond_chance(figures: &Figures, course: &Course, indicator: &Indicator, from: Period) -> Option<Way> {
    let (now, before) = (figures.last()?, figures.at(from)?);
    let value = |row: &Row| row.value(indicator.unit).number();
    let (new, old) = (value(now)?, value(before)?);
    let counts = differ(new, now.around(indicator.unit)?, old, before.around(indicator.unit)?);
    let usual = course.latest.as_ref().and_then(|judged| judged.bounds.ok()).map_or(0.0, |bounds| bounds.moving_range);
    let moved = (new - old).abs() > RANGES_BEYOND_CHANCE * usual;
    (counts && moved).then_some(if new > old { Way::Up } else { Way::Down })
}

/// The limits in force at the last point.
pub(super) fn limits(figures: &Figures, course: &Course, indicator: &Indicator) -> Option<Limits> {
    let judged = course.latest.as_ref()?;
    let bounds = judged.bounds.ok()?;
    let points = indicator.baseline.unwrap_or(usize::MAX).min(course.points());
    Some(Limits {
        mean: judged.mean,
        lower: bounds.lower,
        upper: bounds.upper,
        since: figures.rows.get(course.since)?.period,
        points,
        trial: points < FIRM,
    })
}

/// Why there are no limits, or what weakens them.
pub(super) fn limits_note(figures: &Figures, course: &Course, indicator: &Indicator) -> Option<String> {
    let mut notes = Vec::new();
    let points = course.points();
    match course.latest.as_ref().map(|judged| judged.bounds) {
        None | Some(Err(NoBounds::TooFew)) => {
            notes.push(format!("No limits: {} of the {FEWEST} points they need.", number(points)));
        }
        Some(Err(NoBounds::AllScreened)) => {
            notes.push("Limits unknown: the figure does not move enough to make them.".to_owned());
        }
        Some(Ok(_)) if points < FIRM => {
            notes.push(format!("Trial limits: made from {points} points, fewer than {FIRM}."))
        }
        Some(Ok(_)) => {}
    }
    if let Some(first) = indicator.baseline.filter(|first| *first < points) {
        notes.push(format!("Mean and limits come from the first {first} points."));
    }
    let started = figures.rows.get(course.since).map(|row| row.period);
    if let Some(rebase) = indicator.rebases.iter().rev().find(|rebase| course.since > 0 && Some(rebase.from) <= started)
    {
        let (from, by) = (rebase.from.human(), &rebase.decided_by);
        notes.push(format!("Limits made anew from {from}: {} ({by}, {}).", rebase.reason, rebase.decided_on));
    }
    let shown = figures.rows.iter().skip(course.since);
    let hidden = shown.filter(|row| row.value(indicator.unit).is_hidden()).count();
    if hidden > 0 {
        notes.push(format!("{} hidden and left out of mean and limits.", wording::figures_are(hidden)));
    }
    if indicator.seasonal {
        notes.push("The figure is seasonal: compare it with the same period a year before.".to_owned());
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

/// The target against the limits, where there are both and one way is good.
pub(super) fn assurance(meta: &Meta, limits: Option<&Limits>) -> Option<Assurance> {
    let (target, limits) = (meta.target?, limits?);
    let (above, below) = (target > limits.upper, target < limits.lower);
    let (passing, failing) = match meta.good {
        Good::High => (below, above),
        Good::Low => (above, below),
        Good::Neutral => return None,
    };
    let target = meta.target_in_words()?;
    let (verdict, says) = if passing {
        ("passing", format!("The target of {target} is met as a rule: chance alone would not take the figure past it."))
    } else if failing {
        ("failing", format!("The target of {target} is out of reach of chance: it is missed until something changes."))
    } else {
        ("hit_and_miss", format!("Whether the target of {target} is met is a matter of chance."))
    };
    Some(Assurance { verdict, says })
}
