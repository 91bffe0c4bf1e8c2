//! Hashes of 64 bits over the stored bits of rows and columns. The hash of a row is a sum over its elements, so it does not matter
//! which part of it is read when.
//!
//! Two different rows have the same hash once in 2^64, so among 2^20 rows of each side a false equality turns up once in 2^24 tensors
//! at most, and all of them must be wrong together for a false answer.

use crate::kernel::Elements;
use crate::kernel::probe::Place;
use crate::stats::Hashes;

/// Adds a piece of one side (0 old, 1 new). `hashes` begins at or before its first row.
pub fn add_hashes(side: usize, operand: Elements, place: Place, hashes: &mut Hashes) {
    match operand.dtype.bytes() {
        1 => add::<1>(side, operand.bytes, place, hashes),
        2 => add::<2>(side, operand.bytes, place, hashes),
        4 => add::<4>(side, operand.bytes, place, hashes),
        8 => add::<8>(side, operand.bytes, place, hashes),
        _ => {}
    }
}

fn add<const N: usize>(side: usize, bytes: &[u8], place: Place, hashes: &mut Hashes) {
    let Hashes {
        first,
        rows,
        columns,
    } = hashes;
    let elements = bytes.as_chunks::<N>().0;
    let columns = &mut columns[side];
    let mut at = 0;
    while at < elements.len() {
        let element = place.start + at as u64;
        let (row, column) = (element / place.width, element % place.width);
        let count = ((place.width - column) as usize).min(elements.len() - at);
        let part = &elements[at..at + count];
        let row_key = mix(row);
        let mut sum = 0u64;
        for (bits, column) in part.iter().zip(column..) {
            sum = sum.wrapping_add(mix(wide(bits) ^ mix(column)));
        }
        let total = &mut rows[side][(row - *first) as usize];
        *total = total.wrapping_add(sum);
        if !columns.is_empty() {
            for (total, bits) in columns[column as usize..].iter_mut().zip(part) {
                *total = total.wrapping_add(mix(wide(bits) ^ row_key));
            }
        }
        at += count;
    }
}

fn wide<const N: usize>(bits: &[u8; N]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..N].copy_from_slice(bits);
    u64::from_le_bytes(bytes)
}

/// The finalizer of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
