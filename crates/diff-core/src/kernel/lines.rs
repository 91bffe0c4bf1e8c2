//! What is brought into order before a loop sees it: lines of the cache that no processor foresees, and columns.
#![expect(
    clippy::inline_always,
    reason = "a pass must become part of the function that carries the instruction set"
)]

use std::ops::Range;

use crate::kernel::BLOCK;

/// Bytes of a line of the cache.
pub const LINE: usize = 64;

/// Lines of a block of elements of 4 bytes.
pub const LINES: usize = BLOCK * 4 / LINE;

/// Where in its storage the lines of a block lie, in bytes. Narrower elements have fewer; those behind them are anywhere in the storage.
pub type Lines = [usize; LINES];

/// Blocks of both sides that come soon and lie where no processor foresees them: the loops ask for a line of each while they compute a line.
#[derive(Debug, Clone, Copy)]
pub struct Foreseen<'a> {
    pub storages: [&'a [u8]; 2],
    pub lines: [&'a Lines; 2],
}

/// The lines of a block, one after the other.
#[inline(always)]
pub(super) fn copy(storage: &[u8], lines: &[usize], out: &mut [[u8; LINE]]) {
    for (out, &at) in out.iter_mut().zip(lines) {
        if let Some(line) = storage.get(at..).and_then(<[u8]>::first_chunk) {
            *out = *line;
        }
    }
}

/// Columns that are turned together: as many cells of 4 bytes as a line of the cache holds.
pub(crate) const TURNED: usize = 16;

/// [`TURNED`] columns of cells that become rows.
pub(crate) struct Turn<'a, const N: usize> {
    pub(crate) cells: &'a [[u8; N]],
    /// Where the columns begin.
    pub(crate) from: [usize; TURNED],
    /// Where the first cell of the first column belongs in the result, and how far on the next one of it does.
    pub(crate) to: usize,
    pub(crate) pitch: usize,
}

impl<'a, const N: usize> Turn<'a, N> {
    /// The same where it is known that N is M.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn sized<const M: usize>(&self) -> Turn<'a, M> {
        Turn {
            cells: self.cells.as_flattened().as_chunks().0,
            from: self.from,
            to: self.to,
            pitch: self.pitch,
        }
    }

    /// Where a row begins in the result.
    pub(super) fn place(&self, row: usize) -> usize {
        self.to.wrapping_add(row * self.pitch)
    }

    pub(super) fn rows(&self, rows: Range<usize>, out: &mut [[u8; N]]) {
        for row in rows {
            let place = self.place(row);
            for (cell, from) in out[place..][..TURNED].iter_mut().zip(self.from) {
                *cell = self.cells[from + row];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Isa;

    /// Columns of 83 cells at a pitch of 90, turned into rows of 40 behind 5 cells that stay as they are.
    fn turned<const N: usize>() {
        let cells: Vec<[u8; N]> = (0..TURNED * 90)
            .map(|at| std::array::from_fn(|byte| (at * 7 + byte * 31 + at / 256) as u8))
            .collect();
        let turn = Turn {
            cells: &cells,
            from: std::array::from_fn(|column| column * 90 + 3),
            to: 5,
            pitch: 40,
        };
        for rows in (0..=40).chain([64, 83]) {
            let mut expected = vec![[0xee; N]; 5 + rows.max(1) * 40];
            for row in 0..rows {
                for column in 0..TURNED {
                    expected[5 + row * 40 + column] = cells[column * 90 + 3 + row];
                }
            }
            for isa in Isa::available() {
                let mut out = vec![[0xee; N]; expected.len()];
                isa.turn(&turn, rows, &mut out);
                assert!(out == expected, "{N} bytes, {rows} rows, {}", isa.name());
            }
        }
    }

    #[test]
    fn columns_become_rows() {
        turned::<1>();
        turned::<2>();
        turned::<4>();
        turned::<8>();
        turned::<16>();
    }
}
