//! All work of a plan in a fixed order: its rows in the order of the files, and the units of each row. A whole run goes through all of it; a
//! part of a run is a range of it.

use std::ops::Range;

use super::UNIT;
use super::plan::{Input, Plan};
use super::queue::Queue;
use crate::error::Result;
use crate::kernel::CHUNK;
use crate::observe::Observer;

/// Elements of a unit.
const UNIT_ELEMENTS: u64 = UNIT * CHUNK as u64;

/// Rows of a plan, and the queue of their units.
pub(super) struct Grid {
    /// Items that are read together, in the order of the files.
    pub(super) rows: Vec<Range<usize>>,
    pub(super) queue: Queue,
}

impl Grid {
    /// Sorting many thousand items takes a while, so it can be cancelled between the steps.
    ///
    /// # Errors
    /// `Cancelled`.
    pub(super) fn new(plan: &Plan, observer: &Observer) -> Result<Self> {
        observer.check()?;
        let mut rows = plan.rows();
        let first = |row: &Range<usize>| {
            let item = plan.items[row.start];
            let place = |input: Option<Input>| {
                input.and_then(|input| Some((input.side, plan.tensor(input)?.position())))
            };
            (
                place(item.old).or(place(item.new)).map(|(_, place)| place),
                row.start,
            )
        };
        rows.sort_by_cached_key(first);
        observer.check()?;
        let queue = Queue::new(
            rows.iter()
                .map(|row| units_of(plan.items[row.start].elements())),
        );
        observer.check()?;
        Ok(Self { rows, queue })
    }
}

/// The units of one row that lie in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) row: usize,
    /// Units, counted from the start of the row.
    pub(super) units: Range<u64>,
}

/// The share that a range of units has of each row, empty ones left out.
pub(super) fn shares(queue: &Queue, range: &Range<u64>) -> Vec<Share> {
    let mut shares = Vec::new();
    let mut row = queue.row_of(range.start);
    while row < queue.rows() {
        let all = queue.units_of(row);
        let (start, end) = (all.start.max(range.start), all.end.min(range.end));
        if start >= end {
            break;
        }
        let units = start - all.start..end - all.start;
        shares.push(Share { row, units });
        row += 1;
    }
    shares
}

/// How many units so many elements make: at least one, so that an empty tensor gets its result too.
pub(super) fn units_of(elements: u64) -> u64 {
    elements.div_ceil(UNIT_ELEMENTS).max(1)
}

/// The elements that a range of units covers, in an item with so many elements.
pub(super) fn elements_of(units: &Range<u64>, elements: u64) -> Range<u64> {
    let place = |unit: u64| elements.min(unit * UNIT_ELEMENTS);
    place(units.start)..place(units.end)
}
