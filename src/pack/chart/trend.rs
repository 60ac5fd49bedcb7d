//! The run of an indicator's values with the limits of chance, the target and the comparators (an XmR chart).

use super::figures::{figure, with_unit};
use super::labels::{self, Label};
use super::pen::{Anchor, BAND, HAIR, Hand, INK, MUTED, OTHERS, OURS, Pen, SIZE, Stroke, colour_of};
use super::place::Places;
use super::runs::{ENGLAND, Others, Slot, others, slots, stretches};
use super::scale::Scale;
use super::{Chart, words};
use crate::analysis::{Cause, DisclosedIndicator, Unit};
use crate::domain::Period;
use crate::pack::{PackError, fonts};

/// The height of the sheet.
pub(in crate::pack) const HEIGHT: f32 = 166.0;
const TOP: f32 = 11.0;
const BOTTOM: f32 = HEIGHT - 20.0;
const RADIUS: f32 = 2.2;
/// The size of names inside the plot.
const SMALL: f32 = 6.4;

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
    let mut places = Places::new((plot.left + 2.0, 1.0, plot.right - 2.0, BOTTOM - 0.5));
    plot.limits(&mut pen, &mut places);
    plot.target(&mut pen, &mut places);
    for other in &others {
        plot.other(&mut pen, &mut places, other);
    }
    plot.ours(&mut pen, &mut places);
    plot.absences(&mut pen, &mut places)?;
    plot.special_cause(&mut pen, &mut places)?;
    plot.limit_names(&mut pen, &mut places)?;
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
                pen.write(text, Hand { size: SMALL, ..hand }, (x.max(self.left + 10.0), BOTTOM + 18.0));
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
        let every = (1..=last.max(1)).find(|every| self.x(*every) - self.x(0) > widest + 9.0).unwrap_or(last.max(1));
        Ok((0..=last).filter(|at| (last - at) % every == 0).collect())
    }

    /// Where the limits begin: at the first point, or half a period before the one they were last set anew from.
    fn limits_from(&self) -> f32 {
        let since = self.indicator.limits.as_ref().map(|limits| limits.since);
        let first = self.slots.iter().position(|slot| since.is_none_or(|since| slot.period >= since)).unwrap_or(0);
        if first == 0 { self.left } else { f32::midpoint(self.x(first - 1), self.x(first)) }
    }

    fn limits(&self, pen: &mut Pen, places: &mut Places) {
        let Some(limits) = &self.indicator.limits else { return };
        let left = self.limits_from();
        if left > self.left {
            pen.line(Stroke::dashed(MUTED, 0.6, "0.8 2"), (left, TOP), (left, BOTTOM));
            places.line(&[(left, TOP), (left, BOTTOM)]);
        }
        let dashed = Stroke::dashed(MUTED, 0.6, "3 2.2");
        let lines = [(limits.upper, dashed), (limits.lower, dashed), (limits.mean, Stroke::solid(MUTED, 0.6))];
        for (value, stroke) in lines.into_iter().filter(|(value, _)| *value >= self.scale.low()) {
            let ends = [(left, self.scale.y(value)), (self.right, self.scale.y(value))];
            pen.line(stroke, ends[0], ends[1]);
            places.line(&ends);
        }
    }

    /// Each limit's name beside its line, outside the band if there is room.
    fn limit_names(&self, pen: &mut Pen, places: &mut Places) -> Result<(), PackError> {
        let Some(limits) = &self.indicator.limits else { return Ok(()) };
        let hand = Hand { size: SMALL, ..Hand::LABEL };
        let left = self.limits_from();
        if left > self.left {
            places.write(pen, "limits set anew", hand, [(Anchor::End, left - 3.0, TOP + 5.0)])?;
        }
        let trial = if limits.trial { "trial " } else { "" };
        for (value, name, below) in [(limits.upper, "upper", false), (limits.lower, "lower", true)] {
            if value < self.scale.low() {
                continue;
            }
            let y = self.scale.y(value);
            let text = format!("{trial}{name} limit {}", figure(&self.indicator.meta, value));
            let baselines = if below { [y + 8.4, y - 4.2] } else { [y - 4.2, y + 8.4] };
            let middle = f32::midpoint(left, self.right);
            let wanted = baselines.into_iter().flat_map(|baseline| {
                [(Anchor::Start, left + 3.0), (Anchor::End, self.right - 3.0), (Anchor::Middle, middle)]
                    .map(|(anchor, x)| (anchor, x, baseline))
            });
            places.write(pen, &text, hand, wanted)?;
        }
        Ok(())
    }

    fn target(&self, pen: &mut Pen, places: &mut Places) {
        if let Some(target) = self.indicator.meta.target {
            let y = self.scale.y(target);
            places.line(&[(self.left, y), (self.right, y)]);
            pen.line(Stroke::dashed(INK, 0.9, "0.9 1.8"), (self.left, y), (self.right, y));
        }
    }

    fn other(&self, pen: &mut Pen, places: &mut Places, other: &Others<'_>) {
        let stroke = match other.name {
            ENGLAND => Stroke::solid(OTHERS, 1.0),
            _ => Stroke::dashed(OTHERS, 1.0, "1.6 1.6"),
        };
        for (first, last) in other.stretches() {
            let points = (first..=last).filter_map(|at| Some((self.x(at), self.scale.y(other.values[at]?))));
            let points: Vec<_> = points.collect();
            pen.path(stroke, &points);
            places.line(&points);
        }
    }

    fn ours(&self, pen: &mut Pen, places: &mut Places) {
        for (first, last) in stretches(self.slots, |slot| slot.value().map(|_| ())) {
            let points = (first..=last).filter_map(|at| Some((self.x(at), self.scale.y(self.slots[at].value()?))));
            let points: Vec<_> = points.collect();
            pen.path(Stroke::solid(OURS, 1.7), &points);
            places.line(&points);
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
            let place = (self.x(at), self.scale.y(value));
            pen.mark(slot.tone(), place, radius);
            places.point(place, radius * 1.5);
        }
    }

    /// Periods without a value: a dotted line where it would stand, and why it does not.
    fn absences(&self, pen: &mut Pen, places: &mut Places) -> Result<(), PackError> {
        for (first, last) in stretches(self.slots, Slot::absence) {
            for at in first..=last {
                let x = self.x(at);
                pen.line(Stroke::dashed(OTHERS, 0.6, "0.8 2"), (x, TOP), (x, BOTTOM - 10.0));
            }
            let middle = f32::midpoint(self.x(first), self.x(last));
            let why = self.slots[first].absence().unwrap_or_default();
            let text = if first == last { why.to_owned() } else { format!("{} {why}", last - first + 1) };
            let wanted = [BOTTOM - 3.0, BOTTOM - 11.0, TOP + 5.0].map(|baseline| (Anchor::Middle, middle, baseline));
            places.write(pen, &text, Hand { size: SMALL, ..Hand::LABEL }, wanted)?;
        }
        Ok(())
    }

    /// Names the newest run of points that stand out, beside one of them.
    fn special_cause(&self, pen: &mut Pen, places: &mut Places) -> Result<(), PackError> {
        let Some(limits) = &self.indicator.limits else { return Ok(()) };
        let runs = stretches(self.slots, |slot| (slot.cause() != Cause::Common).then_some((slot.cause(), slot.tone())));
        let Some((first, last)) = runs.last().copied() else { return Ok(()) };
        let slot = &self.slots[last];
        let Some(value) = slot.value() else { return Ok(()) };
        let newest = last + 1 == self.slots.len();
        let text = if newest {
            self.indicator.variation.brief.clone()
        } else {
            words::stands_out(self.slots, first, last, limits)
        };
        let hand = Hand { colour: colour_of(slot.tone()), size: SMALL, strong: true, ..Hand::LABEL };
        let above = value >= limits.mean;
        let beside = (first..=last).rev().filter_map(|at| Some((self.x(at), self.scale.y(self.slots[at].value()?))));
        let wanted = beside.flat_map(|(x, y)| {
            let (over, under) = ([y - 6.5, y - 12.5, y - 18.5], [y + 11.0, y + 17.0, y + 23.0]);
            let baselines = if above { [over, under] } else { [under, over] };
            let level = [Anchor::Start, Anchor::End].map(|anchor| {
                let away = if anchor == Anchor::Start { 7.0 } else { -7.0 };
                (anchor, x + away, y + 2.3)
            });
            let apart = baselines.into_iter().flatten().map(move |baseline| (Anchor::Middle, x, baseline));
            apart.chain(level).collect::<Vec<_>>()
        });
        places.write(pen, &text, hand, wanted)
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.indicator.limits.is_some() {
            notes.push("Band: limits within which chance alone would keep the figure.".to_owned());
        }
        notes.extend(self.indicator.limits_note.clone());
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
