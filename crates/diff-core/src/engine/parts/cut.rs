//! Which range of a plan's grid each part measures.

use std::ops::Range;

use crate::engine::grid::{Grid, elements_of};
use crate::engine::plan::Plan;
use crate::error::Result;
use crate::observe::Observer;

/// One part: a range of units, and how many stored bytes it reads, of all sides together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    pub units: Range<u64>,
    pub bytes: u64,
}

/// Cuts a plan into so many ranges of about equal bytes, in the order of the files. A unit belongs to the part in which its first byte
/// lies, so where there are more parts than units, some are empty.
///
/// # Errors
/// `Cancelled`.
pub fn cut(plan: &Plan, parts: u32, observer: &Observer) -> Result<Vec<Cut>> {
    let grid = Grid::new(plan, observer)?;
    let total = each_unit(plan, &grid, observer, |_| ())?;
    let mut cuts = Vec::with_capacity(parts as usize);
    let (mut unit, mut before) = (0u64, 0u64);
    let mut open = Cut {
        units: 0..0,
        bytes: 0,
    };
    each_unit(plan, &grid, observer, |bytes| {
        while cuts.len() as u64 + 1 < u64::from(parts)
            && before >= share(total, cuts.len() as u64 + 1, parts)
            && before > 0
        {
            cuts.push(Cut {
                units: open.units.start..unit,
                bytes: open.bytes,
            });
            open = Cut {
                units: unit..unit,
                bytes: 0,
            };
        }
        (unit, before) = (unit + 1, before + bytes);
        open.bytes += bytes;
    })?;
    open.units.end = unit;
    cuts.push(open);
    cuts.resize(
        parts as usize,
        Cut {
            units: unit..unit,
            bytes: 0,
        },
    );
    Ok(cuts)
}

/// Where a part begins, in bytes from the start of the plan.
fn share(total: u64, part: u64, parts: u32) -> u64 {
    (u128::from(total) * u128::from(part)).div_ceil(u128::from(parts)) as u64
}

/// Calls `visit` with the bytes of each unit in the order of the grid, and returns their sum.
fn each_unit(
    plan: &Plan,
    grid: &Grid,
    observer: &Observer,
    mut visit: impl FnMut(u64),
) -> Result<u64> {
    let mut total = 0;
    for (row, items) in grid.rows.iter().enumerate() {
        observer.check()?;
        let items = &plan.items[items.clone()];
        let units = grid.queue.units_of(row);
        for unit in 0..units.end - units.start {
            let elements = elements_of(&(unit..unit + 1), items[0].elements());
            let bytes = plan.bytes_of(items, elements.start, elements.end);
            total += bytes;
            visit(bytes);
        }
    }
    Ok(total)
}
