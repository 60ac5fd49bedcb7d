//! Names at the right-hand ends of lines, moved apart where they would touch.

use super::pen::{Colour, HAIR, Hand, Pen, SIZE, Stroke};
use crate::pack::{PackError, fonts};

/// The least distance between two baselines.
const GAP: f32 = 8.6;

/// A name for the end of a line.
pub(super) struct Label {
    pub text: String,
    pub colour: Colour,
    pub strong: bool,
    /// Where its line ends.
    pub y: f32,
}

/// The width that the names need, with room on both sides.
pub(super) fn width(labels: &[Label]) -> Result<f32, PackError> {
    let mut widest = 0.0_f32;
    for label in labels {
        let measured = fonts::width(&fonts::printable(&label.text), SIZE)?;
        widest = widest.max(if label.strong { measured * 1.06 } else { measured });
    }
    Ok(widest + 9.0)
}

/// Writes the names right of `x`, within `top` and `bottom`.
pub(super) fn write(pen: &mut Pen, mut labels: Vec<Label>, x: f32, (top, bottom): (f32, f32)) {
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let wanted: Vec<f32> = labels.iter().map(|label| label.y).collect();
    for (label, y) in labels.iter().zip(apart(&wanted, top, bottom)) {
        if (y - label.y).abs() > 3.0 {
            pen.line(Stroke::solid(HAIR, 0.7), (x + 1.5, label.y), (x + 6.0, y));
        }
        let hand = Hand { colour: label.colour, strong: label.strong, ..Hand::LABEL };
        pen.write(&label.text, hand, (x + 7.0, y + SIZE * 0.35));
    }
}

/// Places at least [`GAP`] apart, in the same order, as near to the wanted ones as a pass down and a pass up give.
fn apart(wanted: &[f32], top: f32, bottom: f32) -> Vec<f32> {
    let mut places = wanted.to_vec();
    for at in 0..places.len() {
        let least = if at == 0 { top } else { places[at - 1] + GAP };
        places[at] = places[at].max(least);
    }
    for at in (0..places.len()).rev() {
        let most = places.get(at + 1).map_or(bottom, |below| below - GAP);
        places[at] = places[at].min(most);
    }
    // What was pushed down without need comes back up to share the way.
    let pushed: f32 = places.iter().zip(wanted).map(|(place, wanted)| place - wanted).sum();
    let back = pushed / places.len().max(1) as f32;
    let room = places.first().map_or(0.0, |first| first - top);
    if back > 0.0 && places.windows(2).all(|pair| pair[1] - pair[0] < GAP * 1.01) {
        let back = back.min(room);
        places.iter_mut().for_each(|place| *place -= back);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_order_and_their_distance() {
        let places = apart(&[50.0, 51.0, 52.0], 0.0, 100.0);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= GAP - 0.01), "{places:?}");
        assert!((places[1] - 51.0).abs() < 0.5, "the cluster stays where it was: {places:?}");
        assert_eq!(apart(&[10.0, 60.0], 0.0, 100.0), [10.0, 60.0]);
        let low = apart(&[99.0, 100.0], 0.0, 100.0);
        assert_eq!(low[1], 100.0);
    }
}
