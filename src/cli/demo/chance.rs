//! Chance that is the same every time: splitmix64 (Steele, Lea and Flood, 2014), a stream for each purpose.

/// A stream of numbers.
pub(super) struct Chance(u64);

impl Chance {
    /// The stream for one purpose and place; streams of other purposes do not disturb it.
    pub(super) fn new(seed: u64, purpose: &str, at: usize) -> Self {
        // FNV-1a over the purpose, so that a stream does not depend on the order in which streams are made.
        let named = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(seed ^ named ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.abs_diff(least).saturating_add(1);
        least.saturating_add_unsigned(self.next() % span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_repeats_itself_and_keeps_within_its_bounds() {
        let draw = |purpose| {
            let mut chance = Chance::new(7, purpose, 3);
            (0..50).map(|_| chance.between(-2, 9)).collect::<Vec<_>>()
        };
        assert_eq!(draw("schools"), draw("schools"));
        assert_ne!(draw("schools"), draw("police"));
        assert!(draw("schools").iter().all(|n| (-2..=9).contains(n)));
        assert!(draw("schools").contains(&-2) && draw("schools").contains(&9));
    }
}
