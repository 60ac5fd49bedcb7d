//! How far chance alone may have moved a share or a count: 95 % intervals.
//!
//! Give them figures that may be shown: a published interval has been known to give a hidden count away.

/// The standard normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;

/// Counts below this get an exact interval; Byar's approximation is close from here on.
const EXACT_BELOW: f64 = 10.0;

/// Where the true value lies, 95 times in 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
}

impl Interval {
    /// Whether the value lies inside, ends included.
    pub fn holds(self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// The same interval in another unit.
    pub fn scaled(self, by: f64) -> Self {
        Self { lower: self.lower * by, upper: self.upper * by }
    }
}

/// Wilson's interval of a proportion, from 0 to 1; none when there is nobody to count or more cases than people.
pub fn wilson(cases: f64, of: f64) -> Option<Interval> {
    if of <= 0.0 || !(0.0..=of).contains(&cases) {
        return None;
    }
    let middle = 2.0 * cases + Z * Z;
    let reach = Z * (Z * Z + 4.0 * cases * (1.0 - cases / of)).sqrt();
    let divisor = 2.0 * (of + Z * Z);
    Some(Interval { lower: (middle - reach) / divisor, upper: (middle + reach) / divisor })
}

/// Byar's interval of a count of events, the exact Poisson one below ten; none for a negative count.
pub fn byar(count: f64) -> Option<Interval> {
    if count < 0.0 {
        return None;
    }
    if count < EXACT_BELOW {
        return Some(exact(count.round()));
    }
    let end = |count: f64, z: f64| count * (1.0 - 1.0 / (9.0 * count) + z / (3.0 * count.sqrt())).powi(3);
    Some(Interval { lower: end(count, -Z), upper: end(count + 1.0, Z) })
}

/// Whether two estimates differ by more than chance: the interval of their difference leaves zero out.
///
/// The square-and-add method (Newcombe 1998, method 10; Zou and Donner 2008).
pub fn differ(a: f64, around_a: Interval, b: f64, around_b: Interval) -> bool {
    let difference = a - b;
    let down = (a - around_a.lower).hypot(around_b.upper - b);
    let up = (around_a.upper - a).hypot(b - around_b.lower);
    !(difference - down..=difference + up).contains(&0.0)
}

/// The means of which `count` events or more, or `count` or fewer, would be seen 2.5 times in 100.
fn exact(count: f64) -> Interval {
    const TAIL: f64 = 0.025;
    let lower = if count == 0.0 { 0.0 } else { crossing(|mean| 1.0 - at_most(count - 1.0, mean) - TAIL) };
    let upper = crossing(|mean| TAIL - at_most(count, mean));
    Interval { lower, upper }
}

/// The Poisson probability of `count` events or fewer.
fn at_most(count: f64, mean: f64) -> f64 {
    let (mut term, mut sum, mut event) = ((-mean).exp(), (-mean).exp(), 1.0);
    while event <= count {
        term *= mean / event;
        sum += term;
        event += 1.0;
    }
    sum
}

/// Where a rising function crosses zero, between 0 and 100.
fn crossing(rising: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if rising(middle) < 0.0 { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(interval: Option<Interval>, lower: f64, upper: f64, within: f64) {
        let found = interval.unwrap();
        assert!((found.lower - lower).abs() < within && (found.upper - upper).abs() < within, "{found:?}");
    }

    #[test]
    fn a_share_has_the_interval_wilson_gives_it() {
        close(wilson(1.0, 100.0), 0.001_767_4, 0.054_486_2, 5e-8);
        assert_eq!(wilson(1.0, 0.0), None);
        assert_eq!(wilson(3.0, 2.0), None);
    }

    #[test]
    fn a_count_has_the_interval_byar_gives_it_and_the_exact_one_below_ten() {
        close(byar(65.0), 50.1632, 82.8491, 5e-5);
        close(byar(5.0), 1.6235, 11.6683, 5e-5);
        close(byar(0.0), 0.0, 3.6889, 5e-5);
        assert_eq!(byar(-1.0), None);
    }

    #[test]
    fn a_small_difference_is_chance_and_a_large_one_is_not() {
        let share = |cases, of| (cases / of, wilson(cases, of).unwrap());
        let told_apart = |(a, around_a), (b, around_b)| differ(a, around_a, b, around_b);
        assert!(!told_apart(share(33.0, 100.0), share(30.0, 100.0)));
        assert!(told_apart(share(60.0, 100.0), share(30.0, 100.0)));
        // Newcombe's example: 56/70 against 48/80 differ, by 0.0524 to 0.3339.
        assert!(told_apart(share(56.0, 70.0), share(48.0, 80.0)));
    }
}
