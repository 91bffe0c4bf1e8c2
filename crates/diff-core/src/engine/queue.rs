//! One queue of work for all threads: rows of so many units each, taken in order.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct Queue {
    /// For each row, the number of units up to its end.
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

    /// The row of a unit; [`Self::rows`] beyond the last one. Each row must have at least one unit.
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

    /// The next unit: its row, and its number in that row. None when all were taken.
    pub(super) fn take(&self, place: &mut Place) -> Option<(usize, u64)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.end {
            return None;
        }
        // The numbers that a thread is given only grow, and by little after the first, so this takes few steps.
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
