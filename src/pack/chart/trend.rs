//! The run of an indicator's values with the limits of chance, the target and the comparators (an XmR chart).

use super::figures::{figure, with_unit};
use super::labels::{self, Label};
use super::pen::{Anchor, BAND, HAIR, Hand, INK, MUTED, OTHERS, OURS, Pen, SIZE, Stroke, colour_of};
use super::runs::{ENGLAND, Others, Slot, others, slots, stretches};
use super::scale::Scale;
use super::{Chart, words};
use crate::analysis::{Cause, DisclosedIndicator, Limits, Unit};
use crate::domain::Period;
use crate::pack::{PackError, fonts};

/// The height of the sheet.
pub(in crate::pack) const HEIGHT: f32 = 166.0;
const TOP: f32 = 11.0;
const BOTTOM: f32 = HEIGHT - 20.0;
const RADIUS: f32 = 2.2;

/// Draws the indicator's run, `width` points wide; `area` is the name of our own line.
///
/// # Errors
/// When the drawing cannot be made; the figures themselves never stop it.
pub(in crate::pack) fn trend(indicator: &DisclosedIndicator, area: &str, width: f32) -> Result<Chart, PackError> {
    let slots = slots(indicator);
    let others = others(indicator, &slots);
    let plot = Plot::new(indicator, &slots, &others, area, width)?;
    let mut pen = Pen::new(&indicator.meta.id, width, HEIGHT);
    plot.grid(&mut pen)?;
    plot.limits(&mut pen);
    plot.target(&mut pen);
    for other in &others {
        plot.other(&mut pen, other);
    }
    plot.ours(&mut pen);
    plot.absences(&mut pen);
    plot.special_cause(&mut pen)?;
    let alt = words::trend(indicator, &slots, &others, area);
    let notes = plot.notes();
    labels::write(&mut pen, plot.labels, plot.right, (TOP, BOTTOM));
    Ok(Chart { svg: pen.finish(&indicator.meta.title, &alt)?, alt, notes })
}

struct Plot<'a> {
    indicator: &'a DisclosedIndicator,
    slots: &'a [Slot<'a>],
    scale: Scale,
    labels: Vec<Label>,
    left: f32,
    right: f32,
}

impl<'a> Plot<'a> {
    fn new(
        indicator: &'a DisclosedIndicator,
        slots: &'a [Slot<'a>],
        others: &[Others<'_>],
        area: &str,
        width: f32,
    ) -> Result<Self, PackError> {
        let meta = &indicator.meta;
        let limits = indicator.limits.iter().flat_map(|limits| [limits.lower, limits.upper, limits.mean]);
        let values = slots
            .iter()
            .filter_map(Slot::value)
            .chain(others.iter().flat_map(|other| other.values.iter().flatten().copied()))
            .chain(limits)
            .chain(meta.target);
        let ceiling = matches!(meta.unit, Unit::Percent).then_some(100.0);
        let whole = matches!(meta.unit, Unit::Count);
        let scale = Scale::covering(values, 0.0, ceiling, whole, (TOP, BOTTOM));
        let labels = line_ends(indicator, slots, others, area, &scale);
        let mut left = 0.0_f32;
        for tick in scale.ticks() {
            left = left.max(fonts::width(&with_unit(meta, tick, scale.decimals()), SIZE)?);
        }
        let right = width - labels::width(&labels)?;
        Ok(Self { indicator, slots, scale, labels, left: left + 7.0, right })
    }

    fn x(&self, at: usize) -> f32 {
        // The first and the last symbol need room for themselves.
        let (left, right) = (self.left + 4.0, self.right - 4.0);
        match self.slots.len() {
            0 | 1 => f32::midpoint(left, right),
            slots => left + (right - left) * at as f32 / (slots - 1) as f32,
        }
    }

    fn grid(&self, pen: &mut Pen) -> Result<(), PackError> {
        if let Some(limits) = &self.indicator.limits {
            let (top, bottom) = (self.scale.y(limits.upper), self.scale.y(limits.lower));
            let left = self.limits_from();
            pen.rect(BAND, (left, top), (self.right - left, bottom - top), 0.0);
        }
        for tick in self.scale.ticks() {
            let y = self.scale.y(tick);
            pen.line(Stroke::solid(HAIR, 0.5), (self.left, y), (self.right, y));
            let text = with_unit(&self.indicator.meta, tick, self.scale.decimals());
            pen.write(&text, Hand { anchor: Anchor::End, ..Hand::LABEL }, (self.left - 4.0, y + SIZE * 0.35));
        }
        let hand = Hand { anchor: Anchor::Middle, ..Hand::LABEL };
        let (mut year, mut free) = (None, f32::MIN);
        for at in self.named_periods()? {
            let (period, x) = (self.slots[at].period, self.x(at));
            pen.write(&period_name(period), hand, (x, BOTTOM + 10.0));
            let its_year = year_name(period);
            if its_year != year && x > free {
                let text = its_year.as_deref().unwrap_or_default();
                pen.write(text, Hand { size: 6.4, ..hand }, (x.max(self.left + 10.0), BOTTOM + 18.0));
                free = x + 28.0;
            }
            year = its_year;
        }
        Ok(())
    }

    /// The periods whose names find room, counted back from the last; oldest first.
    fn named_periods(&self) -> Result<Vec<usize>, PackError> {
        let mut widest = 0.0_f32;
        for slot in self.slots {
            widest = widest.max(fonts::width(&period_name(slot.period), SIZE)?);
        }
        let Some(last) = self.slots.len().checked_sub(1) else { return Ok(Vec::new()) };
        let every = (1..=last.max(1)).find(|every| self.x(*every) - self.x(0) > widest + 4.0).unwrap_or(last.max(1));
        Ok((0..=last).filter(|at| (last - at) % every == 0).collect())
    }

    /// Where the limits begin: at the first point, or half a period before the one they were last set anew from.
    fn limits_from(&self) -> f32 {
        let since = self.indicator.limits.as_ref().map(|limits| limits.since);
        let first = self.slots.iter().position(|slot| since.is_none_or(|since| slot.period >= since)).unwrap_or(0);
        if first == 0 { self.left } else { f32::midpoint(self.x(first - 1), self.x(first)) }
    }

    fn limits(&self, pen: &mut Pen) {
        let Some(limits) = &self.indicator.limits else { return };
        let left = self.limits_from();
        if left > self.left {
            pen.line(Stroke::dashed(MUTED, 0.6, "0.8 2"), (left, TOP), (left, BOTTOM));
            let hand = Hand { size: 6.4, anchor: Anchor::End, ..Hand::LABEL };
            pen.write("limits set anew", hand, (left - 3.0, TOP + 5.0));
        }
        let trial = if limits.trial { "trial " } else { "" };
        for (value, name, below) in [(limits.upper, "upper", false), (limits.lower, "lower", true)] {
            if value < self.scale.low() {
                continue;
            }
            let y = self.scale.y(value);
            pen.line(Stroke::dashed(MUTED, 0.6, "3 2.2"), (left, y), (self.right, y));
            let text = format!("{trial}{name} limit {}", figure(&self.indicator.meta, value));
            let places = if below { [y + 7.6, y - 2.8] } else { [y - 2.8, y + 7.6] };
            self.write_where_free(pen, &text, places);
        }
        let y = self.scale.y(limits.mean);
        pen.line(Stroke::solid(MUTED, 0.6), (left, y), (self.right, y));
    }

    /// A limit's name at the first of `places` where no line or value stands in its way, at the left or at the right.
    fn write_where_free(&self, pen: &mut Pen, text: &str, places: [f32; 2]) {
        let target = self.indicator.meta.target.map(|target| self.scale.y(target));
        let free = |baseline: f32, left: bool| {
            let near = |y: f32| (y - baseline + 2.3).abs() < 5.5;
            let start = self.limits_from();
            let reached = |x: f32| if left { (start..start + 85.0).contains(&x) } else { x > self.right - 85.0 };
            let values = self.slots.iter().enumerate().filter(|(at, _)| reached(self.x(*at)));
            baseline < BOTTOM - 1.0
                && !target.is_some_and(near)
                && !values.filter_map(|(_, slot)| slot.value()).any(|value| near(self.scale.y(value)))
        };
        let choices = places.iter().flat_map(|place| [(*place, true), (*place, false)]);
        let (baseline, left) =
            choices.into_iter().find(|(baseline, left)| free(*baseline, *left)).unwrap_or((places[0], true));
        let hand = Hand { size: 6.4, ..Hand::LABEL };
        if left {
            pen.write(text, hand, (self.limits_from() + 3.0, baseline));
        } else {
            pen.write(text, Hand { anchor: Anchor::End, ..hand }, (self.right - 3.0, baseline));
        }
    }

    fn target(&self, pen: &mut Pen) {
        if let Some(target) = self.indicator.meta.target {
            let y = self.scale.y(target);
            pen.line(Stroke::dashed(INK, 0.9, "0.9 1.8"), (self.left, y), (self.right, y));
        }
    }

    fn other(&self, pen: &mut Pen, other: &Others<'_>) {
        let stroke = match other.name {
            ENGLAND => Stroke::solid(OTHERS, 1.0),
            _ => Stroke::dashed(OTHERS, 1.0, "1.6 1.6"),
        };
        for (first, last) in stretches(&other.values, |value| value.map(|_| ())) {
            let points = (first..=last).filter_map(|at| Some((self.x(at), self.scale.y(other.values[at]?))));
            pen.path(stroke, &points.collect::<Vec<_>>());
        }
    }

    fn ours(&self, pen: &mut Pen) {
        for (first, last) in stretches(self.slots, |slot| slot.value().map(|_| ())) {
            let points = (first..=last).filter_map(|at| Some((self.x(at), self.scale.y(self.slots[at].value()?))));
            pen.path(Stroke::solid(OURS, 1.7), &points.collect::<Vec<_>>());
        }
        let dense = self.slots.len() > 40;
        for (at, slot) in self.slots.iter().enumerate() {
            let Some(value) = slot.value() else { continue };
            let newest = at + 1 == self.slots.len();
            let radius = if newest {
                RADIUS * 1.2
            } else if dense {
                RADIUS * 0.65
            } else {
                RADIUS
            };
            pen.mark(slot.tone(), (self.x(at), self.scale.y(value)), radius);
        }
    }

    /// Periods without a value: a dotted line where it would stand, and why it does not.
    fn absences(&self, pen: &mut Pen) {
        for (first, last) in stretches(self.slots, Slot::absence) {
            for at in first..=last {
                let x = self.x(at);
                pen.line(Stroke::dashed(OTHERS, 0.6, "0.8 2"), (x, TOP), (x, BOTTOM - 10.0));
            }
            let middle = f32::midpoint(self.x(first), self.x(last));
            let why = self.slots[first].absence().unwrap_or_default();
            let text = if first == last { why.to_owned() } else { format!("{} {why}", last - first + 1) };
            let anchor = if last + 1 == self.slots.len() { Anchor::End } else { Anchor::Middle };
            pen.write(&text, Hand { size: 6.4, anchor, ..Hand::LABEL }, (middle, BOTTOM - 3.0));
        }
    }

    /// Names the newest run of points that stand out.
    fn special_cause(&self, pen: &mut Pen) -> Result<(), PackError> {
        let Some(limits) = &self.indicator.limits else { return Ok(()) };
        let runs = stretches(self.slots, |slot| (slot.cause() != Cause::Common).then_some((slot.cause(), slot.tone())));
        let Some((first, last)) = runs.last().copied() else { return Ok(()) };
        let slot = &self.slots[last];
        let Some(value) = slot.value() else { return Ok(()) };
        let text = words::stands_out(self.slots, first, last, limits);
        let wide = fonts::width(&text, 6.4)?;
        let x = self.x(last).clamp(self.left + wide / 2.0 + 2.0, self.right - wide / 2.0 - 2.0);
        let above = value >= limits.mean;
        let y = self.scale.y(value);
        let baseline = if above { (y - 6.0).max(7.0) } else { (y + 10.5).min(BOTTOM - 2.0) };
        let hand = Hand { colour: colour_of(slot.tone()), size: 6.4, strong: true, anchor: Anchor::Middle };
        pen.write(&text, hand, (x, baseline));
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match (&self.indicator.limits, &self.indicator.limits_note) {
            (Some(limits), _) => notes.push(band_note(limits)),
            (None, Some(note)) => notes.push(note.clone()),
            (None, None) => {}
        }
        if self.scale.low() > 0.0 {
            let low = with_unit(&self.indicator.meta, self.scale.low(), self.scale.decimals());
            notes.push(format!("The scale starts at {low}, not at 0."));
        }
        notes
    }
}

/// A period's name on the axis.
fn period_name(period: Period) -> String {
    match period {
        Period::Quarter { quarter, .. } => format!("Q{quarter}"),
        other => other.short(),
    }
}

/// The year that stands once below periods whose own names leave it out.
fn year_name(period: Period) -> Option<String> {
    match period {
        Period::Quarter { year, .. } => Some(format!("{year}-{:02}", (year + 1) % 100)),
        Period::Release { date } => Some(date.year().to_string()),
        _ => None,
    }
}

fn band_note(limits: &Limits) -> String {
    let trial = if limits.trial { format!(" ({} points, so on trial)", limits.points) } else { String::new() };
    format!("Band: limits within which chance alone would keep the figure{trial}.")
}

fn line_ends(
    indicator: &DisclosedIndicator,
    slots: &[Slot<'_>],
    others: &[Others<'_>],
    area: &str,
    scale: &Scale,
) -> Vec<Label> {
    let mut labels = Vec::new();
    let newest = slots.iter().rev().find_map(Slot::value);
    if let (Some(value), Some(last)) = (newest, slots.last().and_then(|slot| slot.point)) {
        let text = format!("{area} {}", last.value.text);
        labels.push(Label { text, colour: OURS, strong: true, y: scale.y(value) });
    }
    for other in others {
        if let Some(value) = other.last.value {
            let text = format!("{} {}", other.name, other.last.text);
            labels.push(Label { text, colour: MUTED, strong: false, y: scale.y(value) });
        }
    }
    let meta = &indicator.meta;
    if let Some(target) = meta.target {
        let text = format!("Target {}", with_unit(meta, target, usize::from(meta.decimals)));
        labels.push(Label { text, colour: INK, strong: false, y: scale.y(target) });
    }
    if let Some(limits) = &indicator.limits {
        let text = format!("Mean {}", figure(meta, limits.mean));
        labels.push(Label { text, colour: MUTED, strong: false, y: scale.y(limits.mean) });
    }
    labels
}
