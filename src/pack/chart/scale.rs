//! From values to places on the sheet.

/// A vertical axis with round ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    step: f64,
    top: f32,
    bottom: f32,
}

impl Scale {
    /// An axis that shows all of `values`, no lower than `floor` and no higher than `ceiling`, between the places `top`
    /// and `bottom`. It starts at nought unless that would waste more than a third of it.
    pub fn covering(
        values: impl IntoIterator<Item = f64>,
        floor: f64,
        ceiling: Option<f64>,
        whole: bool,
        (top, bottom): (f32, f32),
    ) -> Self {
        let (mut low, mut high) = values
            .into_iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        low = low.max(floor);
        if low >= 0.0 && low < high * 0.34 {
            low = 0.0;
        }
        if high - low < f64::EPSILON * high.abs().max(1.0) {
            (low, high) = (low - 1.0, high + 1.0);
        }
        let mut step = nice((high - low) / 5.0);
        if whole {
            step = step.max(1.0);
        }
        let low = ((low / step).floor() * step).max(floor);
        let high = (high / step).ceil() * step;
        Self { low, high: ceiling.map_or(high, |ceiling| high.min(ceiling)), step, top, bottom }
    }

    /// An axis without ticks, from the least value to the greatest.
    pub fn tight((low, high): (f64, f64), (top, bottom): (f32, f32)) -> Self {
        let (low, high) = if low < high { (low, high) } else { (low - 1.0, low + 1.0) };
        Self { low, high, step: high - low, top, bottom }
    }

    /// Where a value stands; what lies outside the axis stands at its end.
    pub fn y(&self, value: f64) -> f32 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) as f32;
        self.bottom - share * (self.bottom - self.top)
    }

    /// The values that get a gridline.
    pub fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step + 1e-9).floor() as i32;
        (0..=count).map(|at| self.low + f64::from(at) * self.step).collect()
    }

    /// The value at the foot.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Places behind the point that the ticks need.
    pub fn decimals(&self) -> u8 {
        let fraction = |scale: f64| (self.step * scale).fract().abs() > 1e-9;
        if !fraction(1.0) {
            0
        } else if !fraction(10.0) {
            1
        } else {
            2
        }
    }
}

/// The round number at or above `rough`: 1, 2 or 5 times a power of ten.
fn nice(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().find(|step| step * power >= rough * 0.999);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: &[f64], floor: f64, ceiling: Option<f64>) -> Vec<f64> {
        Scale::covering(values.iter().copied(), floor, ceiling, false, (0.0, 100.0)).ticks()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        assert_eq!(ticks(&[17.2, 43.0], 0.0, Some(100.0)), [10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(ticks(&[3.0, 41.0], 0.0, None), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(ticks(&[96.0, 104.0], 0.0, Some(100.0)), [96.0, 98.0, 100.0]);
        assert_eq!(ticks(&[], 0.0, None), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
    }

    #[test]
    fn a_value_beyond_the_axis_stands_at_its_end() {
        let scale = Scale::covering([0.0, 10.0], 0.0, None, true, (0.0, 100.0));
        assert_eq!((scale.y(-3.0), scale.y(0.0), scale.y(99.0)), (100.0, 100.0, 0.0));
    }
}
