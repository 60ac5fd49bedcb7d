//! The attack that judges what is hidden: can a hidden count be worked out from the sum it belongs to?
//!
//! Counts and what is known of them come in; which others must be hidden besides comes out. Knows nothing of tables.

/// Fewer values left for a hidden count than this, and it is as good as told.
const FEWEST_LEFT: f64 = 3.0;

/// What a count is known to lie between, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range {
    pub(super) least: f64,
    pub(super) most: f64,
}

/// One count of a sum that everybody can see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) count: f64,
    /// What is on the page.
    pub(super) seen: Seen,
    /// What is known of it, should it be hidden for another's sake.
    pub(super) if_withheld: Range,
}

/// What is on the page of a count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Seen {
    /// The number itself.
    Number,
    /// Hidden for its own sake, known to lie in the range.
    Secret(Range),
    /// Hidden for another's sake.
    Withheld,
}

/// The fewest others, the smallest first, that keep every secret when they are hidden besides; none when nothing does.
pub(super) fn withhold_besides(mut parts: Vec<Part>) -> Option<Vec<usize>> {
    let mut besides = Vec::new();
    while a_secret_is_told(&parts) {
        let shown = parts.iter().enumerate().filter(|(_, part)| part.seen == Seen::Number && part.count > 0.0);
        let (at, _) = shown.min_by(|(_, a), (_, b)| a.count.total_cmp(&b.count))?;
        parts[at].seen = Seen::Withheld;
        besides.push(at);
    }
    Some(besides)
}

/// Whether any secret has fewer than three values left.
///
/// The attacker knows the sum, what each hidden count may be, and that one hidden for another's sake is no larger than
/// the smallest that is left to see.
fn a_secret_is_told(parts: &[Part]) -> bool {
    let numbers = parts.iter().filter(|part| part.seen == Seen::Number && part.count > 0.0);
    let smallest = numbers.map(|part| part.count).fold(f64::INFINITY, f64::min);
    let hidden: Vec<(&Part, Range)> = parts
        .iter()
        .filter_map(|part| match part.seen {
            Seen::Number => None,
            Seen::Secret(range) => Some((part, range)),
            Seen::Withheld => Some((part, Range { most: part.if_withheld.most.min(smallest), ..part.if_withheld })),
        })
        .collect();
    let sum: f64 = hidden.iter().map(|(part, _)| part.count).sum();
    hidden.iter().enumerate().filter(|(_, (part, _))| part.seen != Seen::Withheld).any(|(at, (_, range))| {
        let others = || hidden.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, (_, range))| range);
        let least = range.least.max(sum - others().map(|range| range.most).sum::<f64>());
        let most = range.most.min(sum - others().map(|range| range.least).sum::<f64>());
        most - least + 1.0 < FEWEST_LEFT
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts of which 1 to 5 are secret.
    fn besides(counts: &[f64]) -> Option<Vec<usize>> {
        let part = |count: &f64| Part {
            count: *count,
            seen: if (1.0..=5.0).contains(count) {
                Seen::Secret(Range { least: 1.0, most: 5.0 })
            } else {
                Seen::Number
            },
            if_withheld: Range { least: 6.0, most: f64::INFINITY },
        };
        withhold_besides(counts.iter().map(part).collect())
    }

    #[test]
    fn a_lone_secret_takes_the_smallest_other_with_it() {
        assert_eq!(besides(&[3.0, 30.0, 12.0, 20.0]), Some(vec![2]));
        assert_eq!(besides(&[30.0, 12.0]), Some(vec![]));
    }

    #[test]
    fn two_secrets_keep_each_other_unless_their_sum_tells_them() {
        assert_eq!(besides(&[3.0, 4.0, 30.0]), Some(vec![]));
        // A sum of two means one each.
        assert_eq!(besides(&[1.0, 1.0, 30.0]), Some(vec![2]));
    }

    #[test]
    fn a_zero_keeps_nobody_s_secret() {
        assert_eq!(besides(&[3.0, 0.0, 0.0]), None);
    }

    #[test]
    fn who_knows_that_the_smallest_is_taken_learns_nothing_from_it() {
        // With 10 hidden and 10 in sight, 15 in all would tell the 5.
        assert_eq!(besides(&[5.0, 10.0, 10.0, 30.0]), Some(vec![1, 2]));
    }
}
