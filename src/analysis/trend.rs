//! Special causes in a series: the XmR chart of NHS *Making Data Count* and its R package NHSRplotthedots.
//!
//! Numbers in the order of time come in; the limits of chance and what stands out come out. Knows nothing of periods,
//! of missing figures or of what is good.

use super::disclosed::{Cause, Good, Tone};
use crate::domain::limits::{LIMIT, average, bounds};

pub use crate::domain::limits::{Bounds, FEWEST, NoBounds};

/// Fewer points than this get trial limits.
pub const FIRM: usize = 12;
/// Near limits lie two thirds of the way.
const NEAR: f64 = LIMIT * 2.0 / 3.0;
/// So many points make a trend or a shift.
const RUN: usize = 7;

/// How limits are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Leave out moving ranges that are themselves out of the ordinary.
    pub screen: bool,
    /// Make the mean and the limits from the first so many points only.
    pub baseline: Option<usize>,
}

impl Default for Method {
    fn default() -> Self {
        Self { screen: true, baseline: None }
    }
}

/// Up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Rising, or above the mean.
    Up,
    /// Falling, or below it.
    Down,
}

/// What one point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Why it stands out.
    pub cause: Cause,
    /// Which way; none when it does not.
    pub way: Option<Way>,
}

/// A series, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Xmr {
    /// The mean.
    pub mean: f64,
    /// The limits.
    pub bounds: Result<Bounds, NoBounds>,
    /// One mark for each value.
    pub marks: Vec<Mark>,
}

impl Mark {
    /// No more than chance.
    pub const COMMON: Self = Self { cause: Cause::Common, way: None };

    /// What the mark means where `good` is good.
    pub fn tone(self, good: Good) -> Tone {
        match self.way {
            None => Tone::Chance,
            Some(way) => way.tone(good),
        }
    }
}

impl Way {
    /// What going this way means where `good` is good.
    pub fn tone(self, good: Good) -> Tone {
        match (self, good) {
            (Self::Up, Good::High) | (Self::Down, Good::Low) => Tone::Improvement,
            (Self::Up, Good::Low) | (Self::Down, Good::High) => Tone::Concern,
            (Self::Up, Good::Neutral) => Tone::Higher,
            (Self::Down, Good::Neutral) => Tone::Lower,
        }
    }

    fn from_sign(sign: i8) -> Option<Self> {
        match sign {
            1 => Some(Self::Up),
            -1 => Some(Self::Down),
            _ => None,
        }
    }
}

/// Judges a series; none of no values.
pub fn xmr(values: &[f64], method: Method) -> Option<Xmr> {
    let base = &values[..method.baseline.unwrap_or(values.len()).min(values.len())];
    let mean = average(base.iter().copied())?;
    let bounds = bounds(base, mean, method.screen);
    let marks = if values.len() < FEWEST { vec![Mark::COMMON; values.len()] } else { marks(values, mean, bounds.ok()) };
    Some(Xmr { mean, bounds, marks })
}

/// The first rule that fits names the cause: outside, trend, two of three, shift.
fn marks(values: &[f64], mean: f64, bounds: Option<Bounds>) -> Vec<Mark> {
    let side: Vec<i8> = values.iter().map(|value| sign(value - mean)).collect();
    let outside: Vec<i8> = values.iter().map(|value| bounds.map_or(0, |b| beyond(*value, b.lower, b.upper))).collect();
    let near: Vec<i8> = values
        .iter()
        .zip(&outside)
        .map(|(value, outside)| match bounds {
            Some(b) if *outside == 0 => beyond(*value, mean - NEAR * b.moving_range, mean + NEAR * b.moving_range),
            _ => 0,
        })
        .collect();
    let rules = [
        (Cause::Outside, outside),
        (Cause::Trend, trend(values)),
        (Cause::TwoOfThree, two_of_three(&near, &side)),
        (Cause::Shift, runs(&side, RUN, 0)),
    ];
    (0..values.len())
        .map(|at| {
            let first = rules.iter().find_map(|(cause, signs)| Some((*cause, Way::from_sign(*signs.get(at)?)?)));
            first.map_or(Mark::COMMON, |(cause, way)| Mark { cause, way: Some(way) })
        })
        .collect()
}

/// Seven points, that is six steps, of one direction; a step of nothing breaks it.
fn trend(values: &[f64]) -> Vec<i8> {
    let steps: Vec<i8> = values.windows(2).map(|pair| sign(pair[1] - pair[0])).collect();
    runs(&steps, RUN - 1, 1)
}

/// Marks the members of every run of at least `length` equal signs, and the `more` points that follow it.
fn runs(signs: &[i8], length: usize, more: usize) -> Vec<i8> {
    let mut marked = vec![0; signs.len() + more];
    for (start, run) in signs.windows(length).enumerate() {
        if run[0] != 0 && run.iter().all(|sign| *sign == run[0]) {
            marked[start..start + length + more].fill(run[0]);
        }
    }
    marked
}

/// Two of three near a limit and all three on one side of the mean; only those near the limit are marked.
fn two_of_three(near: &[i8], side: &[i8]) -> Vec<i8> {
    let mut marked = vec![0; near.len()];
    for (start, three) in side.windows(3).enumerate() {
        let one_side = three[0] != 0 && three.iter().all(|sign| *sign == three[0]);
        let window = start..start + 3;
        if one_side && near[window.clone()].iter().filter(|sign| **sign != 0).count() >= 2 {
            for at in window.filter(|at| near[*at] != 0) {
                marked[at] = near[at];
            }
        }
    }
    marked
}

fn beyond(value: f64, lower: f64, upper: f64) -> i8 {
    i8::from(value > upper) - i8::from(value < lower)
}

fn sign(value: f64) -> i8 {
    beyond(value, 0.0, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1, 2, 1, 2, 10, 1, 2, … of eighteen points.
    fn with_an_outlier() -> Vec<f64> {
        [1.0, 2.0, 1.0, 2.0, 10.0].into_iter().chain([1.0, 2.0].into_iter().cycle().take(13)).collect()
    }

    fn limits(values: &[f64], method: Method) -> (f64, f64, f64) {
        let judged = xmr(values, method).unwrap();
        let bounds = judged.bounds.unwrap();
        (judged.mean, bounds.upper, bounds.lower)
    }

    fn near(found: (f64, f64, f64), expected: (f64, f64, f64)) {
        let off = [found.0 - expected.0, found.1 - expected.1, found.2 - expected.2];
        assert!(off.iter().all(|off| off.abs() < 0.0006), "{found:?}");
    }

    fn causes(values: &[f64]) -> Vec<Cause> {
        xmr(values, Method::default()).unwrap().marks.iter().map(|mark| mark.cause).collect()
    }

    #[test]
    fn an_outlier_is_screened_from_the_limits_but_not_from_the_mean() {
        near(limits(&with_an_outlier(), Method::default()), (1.944, 4.604, -0.716));
        near(limits(&with_an_outlier(), Method { screen: false, baseline: None }), (1.944, 6.952, -3.063));
    }

    #[test]
    fn a_baseline_makes_mean_and_limits_from_its_points_only() {
        let mut values = vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0];
        values.extend([30.0, 31.0]);
        let judged = xmr(&values, Method { screen: true, baseline: Some(12) }).unwrap();
        assert_eq!(judged.mean, 1.5);
        assert_eq!(judged.marks[13], Mark { cause: Cause::Outside, way: Some(Way::Up) });
    }

    #[test]
    fn four_points_have_no_limits_and_equal_points_have_none_either() {
        assert_eq!(xmr(&[1.0, 2.0, 3.0, 4.0], Method::default()).unwrap().bounds, Err(NoBounds::TooFew));
        assert_eq!(xmr(&[3.0; 9], Method::default()).unwrap().bounds, Err(NoBounds::AllScreened));
        assert_eq!(xmr(&[], Method::default()), None);
    }

    #[test]
    fn seven_rising_points_are_a_trend_and_a_tie_breaks_it() {
        let rising = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        assert!(causes(&rising).iter().all(|cause| matches!(cause, Cause::Trend | Cause::Outside)));
        let tied = [1.0, 2.0, 3.0, 3.0, 5.0, 6.0, 7.0];
        assert!(!causes(&tied).contains(&Cause::Trend));
    }

    #[test]
    fn a_point_on_the_mean_breaks_a_shift() {
        let shift = [9.0, 10.0, 9.0, 10.0, 9.0, 10.0, 9.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0];
        assert!(causes(&shift).iter().all(|cause| *cause != Cause::Common));
        let broken = [9.0, 10.0, 9.0, 5.5, 9.0, 10.0, 9.0, 2.0, 1.0, 2.0, 5.5, 2.0, 1.0, 2.0];
        assert!(!causes(&broken).contains(&Cause::Shift));
    }

    #[test]
    fn the_same_mark_is_good_bad_or_neither() {
        let up = Mark { cause: Cause::Shift, way: Some(Way::Up) };
        let tones = [Good::High, Good::Low, Good::Neutral].map(|good| up.tone(good));
        assert_eq!(tones, [Tone::Improvement, Tone::Concern, Tone::Higher]);
        assert_eq!(Mark::COMMON.tone(Good::Low), Tone::Chance);
    }
}
