//! Distributions, taken from a sample of each pair: enough for a model or a picture, at little cost.

use std::sync::{Mutex, PoisonError};

use crate::encode::encode_fields;
use crate::kernel::exponents::Counts;
use crate::kernel::{self, CHUNK, Elements, complex};
use crate::stats::Exponents;

/// Elements of each chunk that are looked at.
pub(super) const SAMPLE: usize = 4096;

/// Tensors of at most so many elements are looked at whole.
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
    /// Elements of a chunk that are counted.
    fn count(self, elements: u64) -> Option<usize> {
        match self {
            Self::None => None,
            Self::Sampled => Some(sampled(elements)),
            Self::Exact => Some(CHUNK),
        }
    }
}

impl Histogram {
    /// Whether the beginning of each chunk of a tensor of so many elements is all that is looked at.
    pub(super) fn needs_beginnings(self, elements: u64) -> bool {
        elements > SMALL && self != Self::Exact
    }
}

/// Elements of each chunk of a tensor of so many that are looked at.
fn sampled(elements: u64) -> usize {
    if elements <= SMALL { CHUNK } else { SAMPLE }
}

/// What one thread has counted in the unit at hand.
pub(super) struct Sample {
    exponents: Counts,
    changed: Counts,
    changes: Counts,
    /// Whether the first two counts hold nothing, and the third.
    is_empty: bool,
    has_no_changes: bool,
}

/// What was counted of one item.
#[derive(Debug, Clone, Default)]
pub struct Distribution {
    /// Exponents of the old tensor, where both sides have one float type.
    pub exponents: Exponents,
    /// The same of those elements whose bits changed.
    pub changed: Exponents,
    /// Exponents of |new - old|, where they were asked for; exponent 0 is no change.
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

    /// Whether it could be that of so many elements.
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

    /// The same of complex numbers, whose changes alone have a size.
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
            // Changed elements have few exponents, all of them among those of the others.
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
