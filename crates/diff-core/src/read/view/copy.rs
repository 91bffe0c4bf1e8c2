//! Elements of a panel brought into logical order. Cells are elements as bytes, so that one loop serves every type of a size.

use super::axes::Panel;
use crate::kernel::{self, TURNED, Turn, prefetch, prefetch_far};

/// Rows that are turned together: some lines of the cache of each column.
const ROWS: usize = 64;

/// Bytes ahead of the run at work that are asked for, as far as they lie in other runs.
const FORESEEN: usize = 4 << 10;

/// Copies a panel into `out`, whose first element is the first of the whole run. `at` tells where in `cells` each column begins.
///
/// # Panics
/// When an element lies outside `cells` or `out`; the panels of a view whose indices were proven do not.
pub(super) fn copy<const N: usize>(
    panel: &Panel,
    cells: &[[u8; N]],
    at: impl Fn(usize) -> usize,
    out: &mut [[u8; N]],
) {
    if panel.row_out == 1 {
        lines(panel, cells, at, out);
    } else if panel.step == 1 && panel.columns >= TURNED {
        turn(panel, cells, at, out);
    } else if panel.columns >= panel.rows {
        rows(panel, 0..panel.rows, 0..panel.columns, cells, &at, out);
    } else {
        columns(panel, 0..panel.rows, 0..panel.columns, cells, &at, out);
    }
}

/// Columns that lie one after the other in the result.
fn lines<const N: usize>(
    panel: &Panel,
    cells: &[[u8; N]],
    at: impl Fn(usize) -> usize,
    out: &mut [[u8; N]],
) {
    let step = panel.step as usize;
    let run = (panel.rows - 1) * step + 1;
    let begin = run.min(FORESEEN / N);
    let ahead = (FORESEEN / N).div_ceil(run);
    for column in 0..panel.columns {
        let next = at(column + ahead);
        prefetch(
            cells
                .get(next..next + begin)
                .unwrap_or_default()
                .as_flattened(),
        );
        let to = panel.to + column * panel.column_out;
        let target = &mut out[to..to + panel.rows];
        let from = at(column);
        match step {
            0 => target.fill(cells[from]),
            1 => target.copy_from_slice(&cells[from..from + panel.rows]),
            2 => strided::<N, 2>(&cells[from..from + run], target),
            3 => strided::<N, 3>(&cells[from..from + run], target),
            4 => strided::<N, 4>(&cells[from..from + run], target),
            _ => {
                let source = cells[from..].iter().step_by(step);
                for (target, cell) in target.iter_mut().zip(source) {
                    *target = *cell;
                }
            }
        }
    }
}

/// Every cell of number 0, S, 2 S ...: a step that is known becomes shuffles of vectors.
fn strided<const N: usize, const S: usize>(cells: &[[u8; N]], out: &mut [[u8; N]]) {
    let (whole, last) = cells.as_chunks::<S>();
    for (target, group) in out.iter_mut().zip(whole) {
        *target = group[0];
    }
    if let (Some(target), Some(cell)) = (out.last_mut(), last.first()) {
        *target = *cell;
    }
}

/// Columns that lie across in the result: down each group of columns in tiles, so that runs are read as long as they are.
fn turn<const N: usize>(
    panel: &Panel,
    cells: &[[u8; N]],
    at: impl Fn(usize) -> usize,
    out: &mut [[u8; N]],
) {
    let whole = panel.columns - panel.columns % TURNED;
    for column in (0..whole).step_by(TURNED) {
        for row in (0..panel.rows).step_by(ROWS) {
            let rows = ROWS.min(panel.rows - row);
            for across in 0..TURNED {
                let from = at(column + TURNED + across) + row;
                let run = cells.get(from..from + rows).unwrap_or_default();
                prefetch_far(run.as_flattened());
            }
            let turn = Turn {
                cells,
                from: std::array::from_fn(|across| at(column + across) + row),
                to: panel.to.wrapping_add(row * panel.row_out + column),
                pitch: panel.row_out,
            };
            kernel::turn(&turn, rows, out);
        }
    }
    columns(panel, 0..panel.rows, whole..panel.columns, cells, &at, out);
}

/// Row by row: few rows, or a step between them.
fn rows<const N: usize>(
    panel: &Panel,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    cells: &[[u8; N]],
    at: &impl Fn(usize) -> usize,
    out: &mut [[u8; N]],
) {
    for row in rows {
        let to = panel.to + row * panel.row_out;
        let inside = row * panel.step as usize;
        let target = &mut out[to + columns.start..to + columns.end];
        for (target, column) in target.iter_mut().zip(columns.clone()) {
            *target = cells[at(column) + inside];
        }
    }
}

/// Column by column: few columns.
fn columns<const N: usize>(
    panel: &Panel,
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
    cells: &[[u8; N]],
    at: &impl Fn(usize) -> usize,
    out: &mut [[u8; N]],
) {
    for column in columns {
        let from = at(column);
        for row in rows.clone() {
            out[panel.to + row * panel.row_out + column] = cells[from + row * panel.step as usize];
        }
    }
}
