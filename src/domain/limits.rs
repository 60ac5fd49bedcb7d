//! The limits within which chance alone would keep a series: those of an XmR chart.
//!
//! Numbers in the order of time come in. Knows nothing of what is good, or of what else may stand out in a series.

/// Fewer points than this get no limits.
pub const FEWEST: usize = 5;
/// Limits lie so many mean moving ranges from the mean.
pub const LIMIT: f64 = 2.66;
/// Moving ranges of so many times their mean are screened away.
const SCREEN: f64 = 3.267;

/// The limits within which chance alone would keep the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
    /// The mean moving range they were made from.
    pub moving_range: f64,
}

/// Why there are no limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBounds {
    /// Fewer than five points.
    TooFew,
    /// Every moving range was screened away, as when all values are equal.
    AllScreened,
}

/// The limits of a series whose mean is known: mean ± 2.66 mean moving ranges. With `screen`, moving ranges that are
/// themselves out of the ordinary are left out, once, as the R package NHSRplotthedots does.
///
/// # Errors
/// When the series has no limits.
pub fn bounds(values: &[f64], mean: f64, screen: bool) -> Result<Bounds, NoBounds> {
    if values.len() < FEWEST {
        return Err(NoBounds::TooFew);
    }
    let ranges = || values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let all = average(ranges()).ok_or(NoBounds::TooFew)?;
    let kept = if screen { average(ranges().filter(|range| *range < SCREEN * all)) } else { Some(all) };
    let moving_range = kept.ok_or(NoBounds::AllScreened)?;
    Ok(Bounds { lower: mean - LIMIT * moving_range, upper: mean + LIMIT * moving_range, moving_range })
}

/// The mean; none of no values.
pub fn average(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}
