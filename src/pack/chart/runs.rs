//! The periods of a chart, gaps included, and the stretches of them that belong together.

use crate::analysis::{Cause, DisclosedIndicator, Kind, Point, Shown, Tone};
use crate::domain::{Period, Status};

/// More gaps than this in a row are not drawn one by one.
const MOST_GAPS: usize = 60;

/// One place on the horizontal axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a> {
    pub period: Period,
    /// None where the period has no figure at all.
    pub point: Option<&'a Point>,
}

impl Slot<'_> {
    pub fn value(&self) -> Option<f64> {
        self.point.and_then(|point| point.value.value)
    }

    pub fn cause(&self) -> Cause {
        self.point.map_or(Cause::Common, |point| point.cause)
    }

    pub fn tone(&self) -> Tone {
        self.point.map_or(Tone::Chance, |point| point.tone)
    }

    /// Why there is no value, in a word or two; none where there is one.
    pub fn absence(&self) -> Option<&'static str> {
        if self.value().is_some() {
            return None;
        }
        Some(match self.point.and_then(|point| point.value.status) {
            Some(Status::C) => "hidden",
            Some(Status::Z) => "not applicable",
            Some(Status::K) => "nearly 0",
            Some(Status::X | Status::U) | None => "missing",
        })
    }
}

/// The indicator's periods from the first to the last, those without a figure included.
pub(super) fn slots(indicator: &DisclosedIndicator) -> Vec<Slot<'_>> {
    let mut slots: Vec<Slot<'_>> = Vec::new();
    for point in &indicator.points {
        let mut gap = slots.last().and_then(|last| last.period.next());
        let mut gaps = 0;
        while let Some(period) = gap.filter(|period| period.start() < point.period.start() && gaps < MOST_GAPS) {
            slots.push(Slot { period, point: None });
            gap = period.next();
            gaps += 1;
        }
        slots.push(Slot { period: point.period, point: Some(point) });
    }
    slots
}

/// First and last index of each stretch of neighbours whose key is the same and not none.
pub(super) fn stretches<T, K: PartialEq>(items: &[T], key: impl Fn(&T) -> Option<K>) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut before: Option<K> = None;
    for (at, item) in items.iter().enumerate() {
        let now = key(item);
        match found.last_mut() {
            Some(last) if now.is_some() && now == before => last.1 = at,
            _ if now.is_some() => found.push((at, at)),
            _ => {}
        }
        before = now;
    }
    found
}

/// The name of England's line.
pub(super) const ENGLAND: &str = "England";

/// What others published for the chart's periods.
pub(super) struct Others<'a> {
    pub name: &'static str,
    /// One per slot.
    pub values: Vec<Option<f64>>,
    /// The newest of them as it is printed.
    pub last: &'a Shown,
    /// Whether they are years' ends among shorter periods, so that what lies between two of them is no gap.
    yearly: bool,
}

impl Others<'_> {
    /// First and last index of each line to be drawn.
    pub fn stretches(&self) -> Vec<(usize, usize)> {
        let known = |value: &Option<f64>| value.map(|_| ());
        let first = self.values.iter().position(Option::is_some);
        match (self.yearly, first, self.values.iter().rposition(Option::is_some)) {
            (true, Some(first), Some(last)) => vec![(first, last)],
            _ => stretches(&self.values, known),
        }
    }
}

/// England and the neighbours, where they published for the same kind of period: a flow's quarter is never drawn against
/// a year; a snapshot stands against one at its end.
pub(super) fn others<'a>(indicator: &'a DisclosedIndicator, slots: &[Slot<'_>]) -> Vec<Others<'a>> {
    let Some(comparison) = &indicator.comparison else { return Vec::new() };
    let now = (comparison.period, &comparison.england, &comparison.neighbours_mean);
    let years: Vec<(Period, &Shown, &Shown)> = comparison
        .history
        .iter()
        .map(|(period, england, neighbours)| (*period, england, neighbours))
        .chain(std::iter::once(now))
        .collect();
    let snapshot = indicator.meta.kind == Kind::Snapshot;
    let pick = |name, choose: &dyn Fn(&(Period, &'a Shown, &'a Shown)) -> &'a Shown| {
        let same = |slot: &Slot<'_>, year: Period| year == slot.period || (snapshot && year.end() == slot.period.end());
        let at = |slot: &Slot<'_>| years.iter().rev().find(|year| same(slot, year.0)).map(choose);
        let shown: Vec<Option<&Shown>> = slots.iter().map(at).collect();
        let last = shown.iter().rev().flatten().find(|shown| shown.value.is_some()).copied()?;
        let yearly = slots
            .iter()
            .zip(&shown)
            .any(|(slot, shown)| shown.is_some() && years.iter().all(|year| year.0 != slot.period));
        Some(Others { name, values: shown.into_iter().map(|shown| shown?.value).collect(), last, yearly })
    };
    [pick(ENGLAND, &|year| year.1), pick("Neighbours", &|year| year.2)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_broken_by_gaps_and_by_change() {
        let items = [Some(1), Some(1), None, Some(1), Some(2), Some(2)];
        assert_eq!(stretches(&items, |item| *item), [(0, 1), (3, 3), (4, 5)]);
    }
}
