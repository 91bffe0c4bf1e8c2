//! One queue of work for all threads: rows with numbers of units, taken in order.

use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Queue {
    /// Number of units of all rows up to and including each.
    ends: Vec<u64>,
    next: AtomicU64,
}

/// Where a thread is in the queue.
#[derive(Default)]
pub(super) struct Place {
    row: usize,
}

impl Queue {
    pub(super) fn new(units: impl Iterator<Item = u64>) -> Self {
        let mut total = 0;
        let ends = units.map(|units| {
            total += units;
            total
        });
        Self {
            ends: ends.collect(),
            next: AtomicU64::new(0),
        }
    }

    /// The next row and unit of it; none when all were taken.
    pub(super) fn take(&self, place: &mut Place) -> Option<(usize, u64)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        // The numbers of a thread only grow, and by few.
        while *self.ends.get(place.row)? <= number {
            place.row += 1;
        }
        let first = place
            .row
            .checked_sub(1)
            .map_or(0, |before| self.ends[before]);
        Some((place.row, number - first))
    }
}
