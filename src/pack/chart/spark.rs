//! Small drawings: an indicator's run beside its name, and the symbols on their own.

use super::pen::{BAND, OURS, Pen, Stroke};
use super::runs::{slots, stretches};
use super::scale::Scale;
use super::{Chart, words};
use crate::analysis::{DisclosedIndicator, Tone};
use crate::pack::PackError;

const WIDTH: f32 = 92.0;
const HEIGHT: f32 = 19.0;

/// Every symbol and the name of its drawing.
pub(in crate::pack) const SYMBOLS: [(Tone, &str); 5] = [
    (Tone::Chance, "chance"),
    (Tone::Improvement, "improvement"),
    (Tone::Concern, "concern"),
    (Tone::Higher, "higher"),
    (Tone::Lower, "lower"),
];

/// Draws the indicator's run without axes: the band of chance, the line, the newest point's symbol.
///
/// # Errors
/// When the drawing cannot be made.
pub(in crate::pack) fn spark(indicator: &DisclosedIndicator) -> Result<Chart, PackError> {
    let slots = slots(indicator);
    let limits = indicator.limits.iter().flat_map(|limits| [limits.lower, limits.upper]);
    let values: Vec<f64> = slots.iter().filter_map(|slot| slot.value()).chain(limits).collect();
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let scale = Scale::tight((low, high), (3.0, HEIGHT - 3.0));
    let x = |at: usize| 3.0 + (WIDTH - 8.0) * at as f32 / slots.len().saturating_sub(1).max(1) as f32;
    let mut pen = Pen::new(&indicator.meta.id, WIDTH, HEIGHT);
    if let Some(limits) = &indicator.limits {
        let (top, bottom) = (scale.y(limits.upper), scale.y(limits.lower));
        pen.rect(BAND, (0.0, top), (WIDTH, bottom - top), 0.0);
    }
    for (first, last) in stretches(&slots, |slot| slot.value().map(|_| ())) {
        let points = (first..=last).filter_map(|at| Some((x(at), scale.y(slots[at].value()?))));
        pen.path(Stroke::solid(OURS, 1.2), &points.collect::<Vec<_>>());
    }
    if let Some((at, value)) = slots.iter().enumerate().next_back().and_then(|(at, slot)| Some((at, slot.value()?))) {
        pen.mark(slots[at].tone(), (x(at), scale.y(value)), 2.3);
    }
    let alt = words::spark(indicator);
    Ok(Chart { svg: pen.finish(&indicator.meta.title, &alt)?, alt, notes: Vec::new() })
}

/// Draws one symbol on its own.
///
/// # Errors
/// When the drawing cannot be made.
pub(in crate::pack) fn symbol(tone: Tone) -> Result<String, PackError> {
    let mut pen = Pen::new("symbol", 12.0, 12.0);
    let centre = if tone == Tone::Concern { (6.0, 6.6) } else { (6.0, 6.0) };
    pen.mark(tone, centre, 3.2);
    pen.finish("", "")
}
