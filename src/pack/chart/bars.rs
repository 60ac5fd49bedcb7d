//! Us among the statistical neighbours, with England as a line.

use super::pen::{Anchor, BARS, Hand, INK, MUTED, OURS, Pen, SIZE, Stroke};
use super::{Chart, words};
use crate::analysis::{Comparison, DisclosedIndicator};
use crate::pack::{PackError, fonts};

/// The height of a bar's row, where there is room for it.
const ROW: f32 = 13.5;

/// Draws the comparison's bars on a sheet of `width` by `height` points; `area` is our own name.
///
/// # Errors
/// When the drawing cannot be made.
pub(in crate::pack) fn bars(
    indicator: &DisclosedIndicator,
    comparison: &Comparison,
    area: &str,
    (width, height): (f32, f32),
) -> Result<Chart, PackError> {
    let name = format!("{}, neighbours", indicator.meta.id);
    let row = ROW.min((height - 16.0) / comparison.bars.len().max(1) as f32);
    let (mut names, mut values) = (0.0_f32, 0.0_f32);
    let mut areas = Vec::new();
    for bar in &comparison.bars {
        let area = shortened(&bar.area, width * 0.44)?;
        names = names.max(fonts::width(&area, SIZE)? * 1.06);
        areas.push(area);
        if bar.value.value.is_some() {
            values = values.max(fonts::width(&bar.value.text, SIZE)? * 1.06);
        }
    }
    let (left, right) = (names + 5.0, width - values - 5.0);
    let shown = comparison.bars.iter().map(|bar| &bar.value).chain([&comparison.england]);
    let most = shown.filter_map(|shown| shown.value).fold(0.0_f64, f64::max).max(f64::MIN_POSITIVE);
    let length = |value: f64| (right - left) * (value.max(0.0) / most) as f32;

    let mut pen = Pen::new(&name, width, height);
    for (at, (bar, area)) in comparison.bars.iter().zip(&areas).enumerate() {
        let top = 4.0 + row * at as f32;
        let baseline = top + row * 0.5 + SIZE * 0.35;
        let (colour, strong) = if bar.ours { (INK, true) } else { (MUTED, false) };
        let hand = Hand { colour, strong, ..Hand::LABEL };
        pen.write(area, Hand { anchor: Anchor::End, ..hand }, (left - 4.0, baseline));
        match bar.value.value {
            Some(value) => {
                let fill = if bar.ours { OURS } else { BARS };
                pen.rect(fill, (left, top + row * 0.18), (length(value), row * 0.64), 1.0);
                pen.write(&bar.value.text, Hand { anchor: Anchor::End, ..hand }, (width - 1.0, baseline));
            }
            None => {
                let hand = Hand { size: 6.4, anchor: Anchor::End, ..hand };
                pen.write(&bar.value.text, hand, (width - 1.0, baseline));
            }
        }
    }
    if let Some(england) = comparison.england.value {
        let (x, foot) = (left + length(england), 4.0 + row * comparison.bars.len() as f32);
        pen.line(Stroke::dashed(INK, 0.8, "2.4 1.6"), (x, 1.0), (x, foot + 2.0));
        let text = format!("England {}", comparison.england.text);
        let half = fonts::width(&text, SIZE)? / 2.0;
        let x = x.clamp(half, width - half);
        pen.write(&text, Hand { colour: INK, anchor: Anchor::Middle, ..Hand::LABEL }, (x, foot + 10.0));
    }
    let alt = words::bars(&indicator.meta.title, comparison, area);
    Ok(Chart { svg: pen.finish(&indicator.meta.title, &alt)?, alt, notes: Vec::new() })
}

/// A name cut so that it is no wider than `room`.
fn shortened(area: &str, room: f32) -> Result<String, PackError> {
    let mut name = fonts::printable(area).replace(" and ", " & ");
    while fonts::width(&name, SIZE)? > room {
        let kept = name.trim_end_matches('…').chars().count().saturating_sub(1);
        name = name.chars().take(kept).collect::<String>().trim_end().to_owned() + "…";
    }
    Ok(name)
}
