//! One queue of work for all threads: rows with numbers of units, taken in order.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Queue {
    /// Number of units of all rows up to and including each.
    ends: Vec<u64>,
    next: AtomicU64,
    end: u64,
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
        let ends = ends.collect();
        Self {
            ends,
            next: AtomicU64::new(0),
            end: total,
        }
    }

    /// Units of all rows.
    pub(super) fn units(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    pub(super) fn rows(&self) -> usize {
        self.ends.len()
    }

    /// The row of a unit; [`Self::rows`] beyond the last one. Each row has a unit at least.
    pub(super) fn row_of(&self, unit: u64) -> usize {
        self.ends.partition_point(|end| *end <= unit)
    }

    /// The numbers of the units of a row.
    pub(super) fn units_of(&self, row: usize) -> Range<u64> {
        let before = row.checked_sub(1);
        before.map_or(0, |before| self.ends[before])..self.ends[row]
    }

    /// Leaves only the units of this range to take.
    pub(super) fn restrict(&mut self, units: &Range<u64>) {
        *self.next.get_mut() = units.start;
        self.end = units.end.min(self.units());
    }

    /// The next row and unit of it; none when all were taken.
    pub(super) fn take(&self, place: &mut Place) -> Option<(usize, u64)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.end {
            return None;
        }
        // The numbers of a thread only grow, and by few but for the first.
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
