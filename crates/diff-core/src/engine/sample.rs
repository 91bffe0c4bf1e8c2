//! Distributions of exponents, taken from a sample of each pair: enough for the model of rounding or a histogram, at little cost.

use std::sync::{Mutex, PoisonError};

use crate::encode::encode_fields;
use crate::kernel::exponents::Counts;
use crate::kernel::{self, CHUNK, Elements, complex};
use crate::stats::Exponents;

/// Elements at the start of each chunk that are looked at.
pub(super) const SAMPLE: usize = 4096;

/// Tensors with at most so many elements are looked at as a whole.
const SMALL: u64 = 1 << 16;

/// Whether the sizes of the changes are counted, and of how many elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Histogram {
    #[default]
    None,
    Sampled,
    Exact,
}

impl Histogram {
    /// How many elements of each chunk are counted, in a tensor with so many.
    fn count(self, elements: u64) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Sampled => Some(sampled(elements)),
            Self::Exact => Some(CHUNK),
        }
    }
}

impl Histogram {
    /// Whether only the start of each chunk is looked at, in a tensor with so many elements.
    pub(super) fn needs_beginnings(self, elements: u64) -> bool {
        elements > SMALL && self != Self::Exact
    }
}

/// How many elements of each chunk are looked at, in a tensor with so many.
fn sampled(elements: u64) -> usize {
    if elements <= SMALL { CHUNK } else { SAMPLE }
}

/// What one thread has counted in the unit at hand.
pub(super) struct Sample {
    exponents: Counts,
    changed: Counts,
    changes: Counts,
    /// Whether `exponents` and `changed` are all zero, and whether `changes` is.
    is_empty: bool,
    has_no_changes: bool,
}

/// What was counted of one item.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    /// Exponents of the old tensor, where both sides have one float type.
    pub exponents: Exponents,
    /// The same for those elements whose bits changed.
    pub changed: Exponents,
    /// Exponents of |new - old|, if they were asked for; exponent 0 means no change.
    pub changes: Exponents,
}

encode_fields!(Distribution {
    exponents,
    changed,
    changes,
});

impl Distribution {
    /// Adds what another part of the item counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.exponents.merge(&other.exponents);
        self.changed.merge(&other.changed);
        self.changes.merge(&other.changes);
    }

    /// Whether it could be the distribution of so many elements.
    pub(super) fn is_of(&self, elements: u64) -> bool {
        [&self.exponents, &self.changed, &self.changes]
            .iter()
            .all(|counts| counts.total().is_some_and(|total| total <= elements))
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            exponents: [0; 256],
            changed: [0; 256],
            changes: [0; 256],
            is_empty: true,
            has_no_changes: true,
        }
    }
}

impl Sample {
    /// Counts a sample of a chunk of an item of `elements` elements.
    pub(super) fn take(
        &mut self,
        elements: u64,
        old: Option<Elements>,
        new: Option<Elements>,
        histogram: Histogram,
    ) {
        let (Some(a), Some(b)) = (old, new) else {
            return;
        };
        if a.dtype == b.dtype {
            let count = sampled(elements);
            let Self {
                exponents, changed, ..
            } = self;
            self.is_empty &= !kernel::exponents::count(a, b, count, exponents, changed);
        }
        let Some(count) = histogram.count(elements) else {
            return;
        };
        kernel::exponents::count_changes(a, b, count, &mut self.changes);
        self.has_no_changes = false;
    }

    /// The same for complex numbers: only the sizes of their changes are counted.
    pub(super) fn take_complex(
        &mut self,
        elements: u64,
        a: Elements,
        b: Elements,
        histogram: Histogram,
    ) {
        let Some(count) = histogram.count(elements) else {
            return;
        };
        complex::for_each_distance(a, b, count, |distance| {
            kernel::exponents::count_change(distance, &mut self.changes);
        });
        self.has_no_changes = false;
    }

    /// Moves what was counted into the item's distribution. Sums of counts depend on no order.
    pub(super) fn pour(&mut self, into: &Mutex<Distribution>) {
        if self.is_empty && self.has_no_changes {
            return;
        }
        let mut distribution = into.lock().unwrap_or_else(PoisonError::into_inner);
        let Distribution {
            exponents,
            changed,
            changes,
        } = &mut *distribution;
        if !std::mem::replace(&mut self.is_empty, true) {
            exponents.add(&self.exponents);
            self.exponents = [0; 256];
            // Changed elements are among all elements, so they have no exponents but these few.
            for &(exponent, _) in exponents.bins() {
                let count = std::mem::take(&mut self.changed[usize::from(exponent)]);
                if count > 0 {
                    changed.add_one(exponent, count);
                }
            }
        }
        if !std::mem::replace(&mut self.has_no_changes, true) {
            changes.add(&self.changes);
            self.changes = [0; 256];
        }
    }
}
