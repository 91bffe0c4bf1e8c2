//! Exponents of stored floats, straight from their bits.

use crate::dtype::{DType, ValueMap};
use crate::kernel::{Isa, Operand, TILE, decode};

/// Counts of elements by biased exponent.
pub type Counts = [u32; 256];

/// Adds the first `count` elements of `a` to `all` by biased exponent, and those whose bits are others in `b` to `changed`
/// too. Whether the type, which both have, has such exponents.
pub fn count(a: Operand, b: Operand, count: usize, all: &mut Counts, changed: &mut Counts) -> bool {
    if a.map != ValueMap::Identity || b.map != ValueMap::Identity || a.dtype != b.dtype {
        return false;
    }
    let half =
        |shift: u32, mask: u16| move |bytes: &[u8; 2]| u16::from_le_bytes(*bytes) >> shift & mask;
    let into = (all, changed);
    match a.dtype {
        DType::Bf16 => tally(a.bytes, b.bytes, count, into, half(7, 0xff)),
        DType::F16 => tally(a.bytes, b.bytes, count, into, half(10, 0x1f)),
        DType::F32 => tally(a.bytes, b.bytes, count, into, |bytes: &[u8; 4]| {
            (u32::from_le_bytes(*bytes) >> 23 & 0xff) as u16
        }),
        _ => return false,
    }
    true
}

/// Elements from which tables of their own pay for being added up.
const MANY: usize = 1024;

/// One counter for each exponent of a changed element and each of another.
const COUNTERS: usize = 512;

/// Elements whose counters are worked out at once, which takes vector instructions; counting does not.
const BLOCK: usize = 256;

/// Neighbours often have the same exponent, and a counter waits for its last increment: four tables take turns.
fn tally<const N: usize>(
    a: &[u8],
    b: &[u8],
    count: usize,
    (all, changed): (&mut Counts, &mut Counts),
    exponent: impl Fn(&[u8; N]) -> u16,
) {
    let (a, b) = (a.as_chunks::<N>().0, b.as_chunks::<N>().0);
    let count = count.min(a.len()).min(b.len());
    let counter = |x: &[u8; N], y: &[u8; N]| exponent(x) | u16::from(x != y) << 8;
    if count < MANY {
        for (x, y) in a[..count].iter().zip(b) {
            let at = usize::from(exponent(x));
            all[at] += 1;
            changed[at] += u32::from(x != y);
        }
        return;
    }
    let mut tables = [[0u32; COUNTERS]; 4];
    let mut counters = [0; BLOCK];
    for (x, y) in a[..count].chunks(BLOCK).zip(b[..count].chunks(BLOCK)) {
        let counters = &mut counters[..x.len()];
        for (at, (x, y)) in counters.iter_mut().zip(x.iter().zip(y)) {
            *at = counter(x, y);
        }
        let (groups, rest) = counters.as_chunks::<4>();
        for group in groups {
            for (&at, table) in group.iter().zip(&mut tables) {
                table[usize::from(at) % COUNTERS] += 1;
            }
        }
        for &at in rest {
            tables[0][usize::from(at) % COUNTERS] += 1;
        }
    }
    for table in tables {
        let (same, others) = table.split_at(all.len());
        for (at, (same, other)) in same.iter().zip(others).enumerate() {
            all[at] += same + other;
            changed[at] += other;
        }
    }
}

/// Adds the sizes of the first `count` differences to `counts`, by the biased exponent of |b - a| as f32: 0 is
/// no change (or less than 2^-126). Differences that are not finite are left out.
pub fn count_changes(a: Operand, b: Operand, count: usize, counts: &mut [u32; 256]) {
    let (mut x, mut y) = ([0.0; TILE], [0.0; TILE]);
    for start in (0..a.elements().min(b.elements()).min(count)).step_by(TILE) {
        let old = decode::tile(&mut x, a, start, Isa::detect());
        let new = decode::tile(&mut y, b, start, Isa::detect());
        for (p, q) in old.iter().zip(new).take(count - start) {
            count_change(q - p, counts);
        }
    }
}

/// Adds one difference to `counts`.
pub fn count_change(difference: f64, counts: &mut [u32; 256]) {
    let exponent = (difference as f32).to_bits() >> 23 & 0xff;
    if exponent < 255 {
        counts[exponent as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_known_changes() {
        let encode = |values: [f32; 4]| values.map(f32::to_le_bytes).concat();
        let (old, new) = (
            encode([1.0, 1.0, 0.0, 1.0]),
            encode([1.0, 1.5, -2.0, f32::INFINITY]),
        );
        let operand = |bytes| Operand {
            bytes,
            dtype: DType::F32,
            map: ValueMap::Identity,
        };
        let mut counts = [0; 256];
        count_changes(operand(&old), operand(&new), 4, &mut counts);
        assert_eq!((counts[0], counts[126], counts[128]), (1, 1, 1));
        assert_eq!(counts.iter().sum::<u32>(), 3);
    }

    fn both(a: &[u8], b: &[u8], dtype: DType, limit: usize) -> Option<(Counts, Counts)> {
        let side = |bytes| Operand {
            bytes,
            dtype,
            map: ValueMap::Identity,
        };
        let (mut all, mut changed) = ([0; 256], [0; 256]);
        count(side(a), side(b), limit, &mut all, &mut changed).then_some((all, changed))
    }

    #[test]
    fn exponents_of_known_numbers() {
        let bytes = |values: [f32; 4]| values.map(f32::to_le_bytes).concat();
        let (old, new) = (bytes([1.0, -1.5, 2.0, 0.0]), bytes([1.0, 1.5, 3.0, 1.0]));
        let (all, changed) = both(&old, &new, DType::F32, 3).unwrap();
        assert_eq!((all[127], all[128], all[0]), (2, 1, 0));
        assert_eq!((changed[127], changed[128], changed[0]), (1, 1, 0));
        let half = [0x00, 0x3c];
        assert_eq!(both(&half, &half, DType::F16, 1).unwrap().0[15], 1);
        let half = [0x80, 0x3f];
        assert_eq!(both(&half, &half, DType::Bf16, 1).unwrap().0[127], 1);
        assert!(both(&half, &half, DType::I16, 1).is_none());
    }

    #[test]
    fn every_length_is_counted_whole() {
        for length in (0..600).chain([4096, 70_000]) {
            let side = |seed: u32| -> Vec<u8> {
                (0..length)
                    .flat_map(|i: u32| (i.wrapping_mul(seed) as u16).to_le_bytes())
                    .collect()
            };
            let (old, new) = (side(40_503), side(40_507));
            let (all, changed) = both(&old, &new, DType::Bf16, usize::MAX).unwrap();
            let (mut expected, mut expected_changed) = ([0; 256], [0; 256]);
            for (x, y) in old.chunks(2).zip(new.chunks(2)) {
                let at = usize::from(u16::from_le_bytes([x[0], x[1]]) >> 7 & 0xff);
                expected[at] += 1;
                expected_changed[at] += u32::from(x != y);
            }
            assert_eq!((all, changed), (expected, expected_changed), "{length}");
        }
    }
}
