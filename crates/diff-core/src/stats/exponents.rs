//! Where the magnitudes of a tensor lie: what the model of rounding asks for.

/// Counts of elements by their biased exponent, only the exponents that occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exponents(Vec<(u8, u64)>);

impl Exponents {
    /// Adds counts, one for each exponent. Sums of counts depend on no order.
    pub fn add(&mut self, counts: &[u32; 256]) {
        for (exponent, &count) in (0..=u8::MAX).zip(counts).filter(|(_, count)| **count > 0) {
            match self.0.binary_search_by_key(&exponent, |bin| bin.0) {
                Ok(at) => self.0[at].1 += u64::from(count),
                Err(at) => self.0.insert(at, (exponent, u64::from(count))),
            }
        }
    }

    /// (exponent, count) in rising order.
    #[must_use]
    pub fn bins(&self) -> &[(u8, u64)] {
        &self.0
    }
}
