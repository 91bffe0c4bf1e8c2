//! Where the magnitudes of a tensor lie: what the model of rounding asks for.

use crate::encode::{Bytes, Encode};

/// Counts of elements by their biased exponent, only the exponents that occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exponents(Vec<(u8, u64)>);

impl Exponents {
    /// Adds counts, one for each exponent. Sums of counts depend on no order.
    pub fn add(&mut self, counts: &[u32; 256]) {
        // Most are zero, and eight of them are seen at once.
        for (first, group) in (0..=u8::MAX).step_by(8).zip(counts.as_chunks::<8>().0) {
            if *group == [0; 8] {
                continue;
            }
            for (exponent, &count) in (first..=u8::MAX)
                .zip(group)
                .filter(|(_, count)| **count > 0)
            {
                self.add_one(exponent, count);
            }
        }
    }

    /// Adds the count of one exponent.
    pub fn add_one(&mut self, exponent: u8, count: u32) {
        match self.0.binary_search_by_key(&exponent, |bin| bin.0) {
            Ok(at) => self.0[at].1 += u64::from(count),
            Err(at) => self.0.insert(at, (exponent, u64::from(count))),
        }
    }

    /// Adds what another part counted.
    pub fn merge(&mut self, other: &Self) {
        for &(exponent, count) in &other.0 {
            match self.0.binary_search_by_key(&exponent, |bin| bin.0) {
                Ok(at) => self.0[at].1 += count,
                Err(at) => self.0.insert(at, (exponent, count)),
            }
        }
    }

    /// Elements that were counted; None beyond 64 bits.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.0
            .iter()
            .try_fold(0, |sum: u64, bin| sum.checked_add(bin.1))
    }

    /// (exponent, count) in rising order.
    #[must_use]
    pub fn bins(&self) -> &[(u8, u64)] {
        &self.0
    }
}

/// The number of bins as u16, then exponent and count of each, in rising order.
impl Encode for Exponents {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.0.len() as u16).encode(out);
        for (exponent, count) in &self.0 {
            exponent.encode(out);
            count.encode(out);
        }
    }

    fn decode(from: &mut Bytes<'_>) -> Option<Self> {
        let bins = u16::decode(from)?;
        let mut found: Vec<(u8, u64)> = Vec::new();
        for _ in 0..bins {
            let bin = (u8::decode(from)?, u64::decode(from)?);
            if found.last().is_some_and(|last| last.0 >= bin.0) || bin.1 == 0 {
                return None;
            }
            found.push(bin);
        }
        Some(Self(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_beyond_32_bits() {
        let mut all = Exponents::default();
        let mut counts = [0; 256];
        (counts[3], counts[200]) = (u32::MAX, 1);
        (0..3).for_each(|_| all.add(&counts));
        counts = [0; 256];
        (counts[0], counts[255]) = (7, 1);
        all.add(&counts);
        assert_eq!(
            all.bins(),
            [(0, 7), (3, 3 * u64::from(u32::MAX)), (200, 3), (255, 1)]
        );
    }
}
