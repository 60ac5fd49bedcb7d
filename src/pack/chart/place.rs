//! Places for labels inside a chart where they touch neither lines, nor points, nor each other.

use super::pen::{Anchor, Hand, Pen};
use crate::pack::{PackError, fonts};

/// Lines are felt at steps of so many points.
const STEP: f32 = 2.0;
/// The clear space around a label.
const AIR: f32 = 2.0;

/// Left, top, right, bottom.
type Area = (f32, f32, f32, f32);

/// What is already drawn, as far as a label must keep clear of it.
pub(super) struct Places {
    /// The part of the sheet in which labels may stand.
    within: Area,
    taken: Vec<Area>,
}

impl Places {
    pub fn new(within: Area) -> Self {
        Self { within, taken: Vec::new() }
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f32, f32)]) {
        for pair in points.windows(2) {
            let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
            let steps = ((to_x - x).hypot(to_y - y) / STEP).ceil().max(1.0);
            for at in 0..=steps as usize {
                let share = at as f32 / steps;
                self.point((x + (to_x - x) * share, y + (to_y - y) * share), 0.4);
            }
        }
    }

    /// A point's symbol.
    pub fn point(&mut self, (x, y): (f32, f32), radius: f32) {
        self.taken.push((x - radius, y - radius, x + radius, y + radius));
    }

    /// Writes the text at the first of `wanted` that is free, or at the one that touches least. Each is the end of the
    /// baseline that `Anchor` names.
    pub fn write(
        &mut self,
        pen: &mut Pen,
        text: &str,
        hand: Hand,
        wanted: impl IntoIterator<Item = (Anchor, f32, f32)>,
    ) -> Result<(), PackError> {
        let width = fonts::width(&fonts::printable(text), hand.size)? * if hand.strong { 1.07 } else { 1.0 };
        let place = wanted
            .into_iter()
            .map(|(anchor, x, baseline)| {
                let left = match anchor {
                    Anchor::Start => x,
                    Anchor::Middle => x - width / 2.0,
                    Anchor::End => x - width,
                };
                let left = left.clamp(self.within.0, (self.within.2 - width).max(self.within.0));
                (left, baseline, (left, baseline - hand.size * 0.78, left + width, baseline + hand.size * 0.2))
            })
            .min_by_key(|(_, _, area)| self.touched(*area));
        let Some((left, baseline, area)) = place else { return Ok(()) };
        pen.write(text, Hand { anchor: Anchor::Start, ..hand }, (left, baseline));
        self.taken.push(area);
        Ok(())
    }

    /// How much of what is drawn an area touches; what leaves the chart is worse than all of it.
    fn touched(&self, (left, top, right, bottom): Area) -> usize {
        let outside = top < self.within.1 || bottom > self.within.3;
        let touching = self
            .taken
            .iter()
            .filter(|(l, t, r, b)| left - AIR < *r && *l < right + AIR && top - AIR < *b && *t < bottom + AIR);
        touching.count() + if outside { 1000 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_goes_where_nothing_is_in_its_way() {
        let mut places = Places::new((0.0, 0.0, 100.0, 100.0));
        places.line(&[(0.0, 50.0), (100.0, 50.0)]);
        places.point((50.0, 20.0), 3.0);
        assert!(places.touched((10.0, 46.0, 40.0, 52.0)) > 10);
        assert_eq!(places.touched((10.0, 60.0, 40.0, 66.0)), 0);
        assert_eq!(places.touched((48.0, 18.0, 60.0, 24.0)), 1);
        assert_eq!(places.touched((10.0, 96.0, 40.0, 102.0)), 1000);
    }
}
