//! Columns of cells as rows, by shuffles of registers.

#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the intrinsics' own prefix says where they come from"
    )
)]

use std::arch::x86_64::*;

use crate::kernel::{TURNED, Turn};

/// Cells of each side of a block.
pub(crate) const SIDE: usize = 8;

/// The same of blocks of registers of 64 bytes: all columns.
pub(crate) const WIDE: usize = TURNED;

/// A column's cells of one block, as bytes.
fn column<'a, const N: usize, const B: usize>(
    turn: &Turn<'a, N>,
    number: usize,
    row: usize,
) -> &'a [u8; B] {
    let cells = &turn.cells[turn.from[number] + row..][..SIDE];
    cells.as_flattened().first_chunk().unwrap_or(&[0; B])
}

/// The place of one row of a block, as bytes.
fn row_of<const N: usize, const B: usize>(out: &mut [[u8; N]], at: usize) -> Option<&mut [u8; B]> {
    out[at..][..SIDE].as_flattened_mut().first_chunk_mut()
}

/// `rows` is a multiple of [`SIDE`].
#[target_feature(enable = "avx2")]
pub(crate) fn turn_4(turn: &Turn<4>, rows: usize, out: &mut [[u8; 4]]) {
    for row in (0..rows).step_by(SIDE) {
        for first in (0..TURNED).step_by(SIDE) {
            let mut lines = [_mm256_setzero_ps(); SIDE];
            for (number, line) in lines.iter_mut().enumerate() {
                let column = column::<4, 32>(turn, first + number, row);
                // SAFETY: a reference to 32 bytes; the instruction takes any alignment.
                *line = unsafe { _mm256_loadu_ps(column.as_ptr().cast()) };
            }
            // Rows r and r + 4 of four columns each.
            let mut fours = [_mm256_setzero_ps(); SIDE];
            for half in [0, 4] {
                let [a, b, c, d] = [0, 1, 2, 3].map(|number| half + number);
                let (p, q) = (
                    _mm256_unpacklo_ps(lines[a], lines[b]),
                    _mm256_unpacklo_ps(lines[c], lines[d]),
                );
                fours[a] = _mm256_shuffle_ps::<0b01_00_01_00>(p, q);
                fours[b] = _mm256_shuffle_ps::<0b11_10_11_10>(p, q);
                let (p, q) = (
                    _mm256_unpackhi_ps(lines[a], lines[b]),
                    _mm256_unpackhi_ps(lines[c], lines[d]),
                );
                fours[c] = _mm256_shuffle_ps::<0b01_00_01_00>(p, q);
                fours[d] = _mm256_shuffle_ps::<0b11_10_11_10>(p, q);
            }
            for r in 0..4 {
                lines[r] = _mm256_permute2f128_ps::<0x20>(fours[r], fours[r + 4]);
                lines[r + 4] = _mm256_permute2f128_ps::<0x31>(fours[r], fours[r + 4]);
            }
            for (r, line) in lines.into_iter().enumerate() {
                if let Some(place) = row_of::<4, 32>(out, turn.place(row + r) + first) {
                    // SAFETY: an exclusive reference to 32 bytes; the instruction takes any alignment.
                    unsafe { _mm256_storeu_ps(place.as_mut_ptr().cast(), line) };
                }
            }
        }
    }
}

/// [`turn_4`] in blocks of sixteen, whose lines are read and written whole. `rows` is a multiple of [`WIDE`].
#[target_feature(enable = "avx512f")]
pub(crate) fn turn_4_wide(turn: &Turn<4>, rows: usize, out: &mut [[u8; 4]]) {
    for row in (0..rows).step_by(WIDE) {
        let mut lines = [_mm512_setzero_ps(); WIDE];
        for (number, line) in lines.iter_mut().enumerate() {
            let cells = &turn.cells[turn.from[number] + row..][..WIDE];
            // SAFETY: sixteen cells of 4 bytes; the instruction takes any alignment.
            *line = unsafe { _mm512_loadu_ps(cells.as_ptr().cast()) };
        }
        // In each quarter of a register: rows r, r + 4, r + 8 and r + 12 of four columns.
        let mut fours = lines;
        for quarter in [0, 4, 8, 12] {
            let [a, b, c, d] = [0, 1, 2, 3].map(|number| quarter + number);
            let (p, q) = (
                _mm512_unpacklo_ps(lines[a], lines[b]),
                _mm512_unpacklo_ps(lines[c], lines[d]),
            );
            fours[a] = _mm512_shuffle_ps::<0b01_00_01_00>(p, q);
            fours[b] = _mm512_shuffle_ps::<0b11_10_11_10>(p, q);
            let (p, q) = (
                _mm512_unpackhi_ps(lines[a], lines[b]),
                _mm512_unpackhi_ps(lines[c], lines[d]),
            );
            fours[c] = _mm512_shuffle_ps::<0b01_00_01_00>(p, q);
            fours[d] = _mm512_shuffle_ps::<0b11_10_11_10>(p, q);
        }
        for r in 0..4 {
            let [a, b, c, d] = [0, 4, 8, 12].map(|quarter| fours[r + quarter]);
            // Rows r and r + 8, and rows r + 4 and r + 12, of eight columns each.
            let (p, q) = (
                _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
            );
            let (u, v) = (
                _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d),
                _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d),
            );
            lines[r] = _mm512_shuffle_f32x4::<0b10_00_10_00>(p, u);
            lines[r + 4] = _mm512_shuffle_f32x4::<0b10_00_10_00>(q, v);
            lines[r + 8] = _mm512_shuffle_f32x4::<0b11_01_11_01>(p, u);
            lines[r + 12] = _mm512_shuffle_f32x4::<0b11_01_11_01>(q, v);
        }
        for (r, line) in lines.into_iter().enumerate() {
            let place = &mut out[turn.place(row + r)..][..WIDE];
            // SAFETY: sixteen cells of 4 bytes, borrowed exclusively; the instruction takes any alignment.
            unsafe { _mm512_storeu_ps(place.as_mut_ptr().cast(), line) };
        }
    }
}

/// The same of cells of 2 bytes.
#[target_feature(enable = "avx2")]
pub(crate) fn turn_2(turn: &Turn<2>, rows: usize, out: &mut [[u8; 2]]) {
    for row in (0..rows).step_by(SIDE) {
        for first in (0..TURNED).step_by(SIDE) {
            let mut lines = [_mm_setzero_si128(); SIDE];
            for (number, line) in lines.iter_mut().enumerate() {
                let column = column::<2, 16>(turn, first + number, row);
                // SAFETY: a reference to 16 bytes; the instruction takes any alignment.
                *line = unsafe { _mm_loadu_si128(column.as_ptr().cast()) };
            }
            // After each step a register holds twice as many columns of half as many rows.
            let mut twos = lines;
            for pair in 0..4 {
                let (p, q) = (lines[2 * pair], lines[2 * pair + 1]);
                twos[pair] = _mm_unpacklo_epi16(p, q);
                twos[pair + 4] = _mm_unpackhi_epi16(p, q);
            }
            let mut fours = twos;
            for pair in 0..4 {
                let (p, q) = (twos[2 * pair], twos[2 * pair + 1]);
                fours[pair] = _mm_unpacklo_epi32(p, q);
                fours[pair + 4] = _mm_unpackhi_epi32(p, q);
            }
            for pair in 0..4 {
                let (p, q) = (fours[2 * pair], fours[2 * pair + 1]);
                lines[pair] = _mm_unpacklo_epi64(p, q);
                lines[pair + 4] = _mm_unpackhi_epi64(p, q);
            }
            // Which row each of them is: its halves were taken lowest last.
            for (line, r) in lines.into_iter().zip([0, 4, 2, 6, 1, 5, 3, 7]) {
                if let Some(place) = row_of::<2, 16>(out, turn.place(row + r) + first) {
                    // SAFETY: an exclusive reference to 16 bytes; the instruction takes any alignment.
                    unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), line) };
                }
            }
        }
    }
}
