//! Where a value stands among the councils that publish it, as the Local Authority Interactive Tool reckons.
//!
//! Numbers in, numbers out: which areas are councils and which are neighbours is for the caller to know.

use super::disclosed::Good;

/// What the neighbours that published have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbours {
    /// Their mean.
    pub mean: f64,
    /// Their median.
    pub median: f64,
    /// How many published.
    pub published: usize,
}

/// The mean and the median of those present; none when nobody published.
pub fn neighbours(present: &[f64]) -> Option<Neighbours> {
    let median = Quartiles::of(present)?.middle;
    let mean = present.iter().sum::<f64>() / present.len() as f64;
    Some(Neighbours { mean, median, published: present.len() })
}

/// The values that cut the councils into four.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quartiles {
    /// The lowest value.
    pub lowest: f64,
    /// A quarter lies at or below.
    pub lower: f64,
    /// Half lies at or below.
    pub middle: f64,
    /// Three quarters lie at or below.
    pub upper: f64,
    /// The highest value.
    pub highest: f64,
    /// How many councils there are.
    pub councils: usize,
}

impl Quartiles {
    /// Linear interpolation between order statistics (type 7 of R's `quantile`); none of no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            let last = sorted.len().checked_sub(1)?;
            let (whole, rest) = (last * quarter / 4, (last * quarter % 4) as f64 / 4.0);
            let below = *sorted.get(whole)?;
            Some(below + rest * (sorted.get(whole + 1).unwrap_or(&below) - below))
        };
        Some(Self {
            lowest: at(0)?,
            lower: at(1)?,
            middle: at(2)?,
            upper: at(3)?,
            highest: at(4)?,
            councils: sorted.len(),
        })
    }

    /// A to D, A the best quarter; none where neither way is good.
    pub fn band(&self, value: f64, good: Good) -> Option<char> {
        let cuts = [self.lower, self.middle, self.upper];
        // How many cuts lie strictly below the value: a value on a cut belongs to the quarter under it.
        let above = cuts.iter().filter(|cut| value > **cut).count();
        match good {
            Good::Low => ['A', 'B', 'C', 'D'].get(above).copied(),
            Good::High => ['D', 'C', 'B', 'A'].get(above).copied(),
            Good::Neutral => None,
        }
    }
}

/// 1 and as many more as are strictly better; none where neither way is good.
pub fn rank(value: f64, others: &[f64], good: Good) -> Option<usize> {
    let better = |other: &f64| match good {
        Good::Low => *other < value,
        Good::High => *other > value,
        Good::Neutral => false,
    };
    (good != Good::Neutral).then(|| 1 + others.iter().filter(|other| better(other)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_interpolate_as_r_type_7_does() {
        let cut = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((cut.lowest, cut.lower, cut.middle, cut.upper, cut.highest), (1.0, 1.75, 2.5, 3.25, 4.0));
        assert_eq!(Quartiles::of(&[]), None);
        assert_eq!(Quartiles::of(&[7.0]).unwrap().upper, 7.0);
    }

    #[test]
    fn a_value_on_a_cut_belongs_to_the_quarter_under_it() {
        let cut = Quartiles::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let bands = |good| [1.0, 2.0, 3.0, 4.0, 4.5].map(|value| cut.band(value, good));
        assert_eq!(bands(Good::Low), ['A', 'A', 'B', 'C', 'D'].map(Some));
        assert_eq!(bands(Good::High), ['D', 'D', 'C', 'B', 'A'].map(Some));
        assert_eq!(cut.band(3.0, Good::Neutral), None);
    }

    #[test]
    fn a_rank_counts_those_strictly_better() {
        assert_eq!(rank(2.0, &[1.0, 2.0, 3.0], Good::Low), Some(2));
        assert_eq!(rank(2.0, &[1.0, 2.0, 3.0], Good::High), Some(2));
        assert_eq!(rank(3.0, &[1.0, 2.0, 3.0], Good::High), Some(1));
        assert_eq!(rank(2.0, &[1.0], Good::Neutral), None);
    }

    #[test]
    fn neighbours_are_those_that_published() {
        let found = neighbours(&[1.0, 2.0, 9.0]).unwrap();
        assert_eq!((found.mean, found.median, found.published), (4.0, 2.0, 3));
        assert_eq!(neighbours(&[]), None);
    }
}
