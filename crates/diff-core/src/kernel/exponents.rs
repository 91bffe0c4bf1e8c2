//! Exponents of stored floats, straight from their bits.

use crate::dtype::{DType, ValueMap};
use crate::kernel::{Elements, Isa, TILE, tiles};

/// Counts of elements by biased exponent.
pub type Counts = [u32; 256];

/// Adds the first `count` elements of `a` to `all` by biased exponent, and those whose bits are others in `b` to `changed`
/// too. Whether the type, which both have, has such exponents.
pub fn count(
    a: Elements,
    b: Elements,
    count: usize,
    all: &mut Counts,
    changed: &mut Counts,
) -> bool {
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
        count_in_turn(counters, &mut tables);
    }
    for table in tables {
        let (same, others) = table.split_at(all.len());
        for (at, (same, other)) in same.iter().zip(others).enumerate() {
            all[at] += same + other;
            changed[at] += other;
        }
    }
}

/// One table after the other.
fn count_in_turn<const N: usize>(counters: &[u16], tables: &mut [[u32; N]; 4]) {
    let (groups, rest) = counters.as_chunks::<4>();
    for group in groups {
        for (&at, table) in group.iter().zip(&mut *tables) {
            table[usize::from(at) % N] += 1;
        }
    }
    for &at in rest {
        tables[0][usize::from(at) % N] += 1;
    }
}

/// Adds the sizes of the first `count` differences to `counts`, by the biased exponent of |b - a| as f32: 0 is
/// no change (or less than 2^-126). Differences that are not finite are left out.
pub fn count_changes(a: Elements, b: Elements, count: usize, counts: &mut Counts) {
    let count = a.elements().min(b.elements()).min(count);
    let mut tables = [[0u32; 256]; 4];
    let is_plain = a.map == ValueMap::Identity && b.map == ValueMap::Identity;
    match (a.dtype, b.dtype) {
        (DType::Bf16, DType::Bf16) if is_plain => {
            count_singles(a.bytes, b.bytes, count, &mut tables, |bytes: &[u8; 2]| {
                f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16)
            });
        }
        (DType::F32, DType::F32) if is_plain => {
            count_singles(a.bytes, b.bytes, count, &mut tables, |bytes: &[u8; 4]| {
                f32::from_le_bytes(*bytes)
            });
        }
        _ => count_doubles(a, b, count, &mut tables),
    }
    for table in tables {
        for (sum, part) in counts.iter_mut().zip(table).take(NOT_FINITE) {
            *sum += part;
        }
    }
}

/// A difference of two f32 is the same whether it is rounded at once, or to f64 first: that has more than twice the digits.
fn count_singles<const N: usize>(
    a: &[u8],
    b: &[u8],
    count: usize,
    tables: &mut [Counts; 4],
    decode: impl Fn(&[u8; N]) -> f32,
) {
    let (a, b) = (a.as_chunks::<N>().0, b.as_chunks::<N>().0);
    let mut exponents = [0; BLOCK];
    for (x, y) in a[..count].chunks(BLOCK).zip(b[..count].chunks(BLOCK)) {
        let exponents = &mut exponents[..x.len()];
        for (at, (x, y)) in exponents.iter_mut().zip(x.iter().zip(y)) {
            *at = exponent_of(decode(y) - decode(x));
        }
        count_in_turn(exponents, tables);
    }
}

fn count_doubles(a: Elements, b: Elements, count: usize, tables: &mut [Counts; 4]) {
    let isa = Isa::detect();
    let (mut x, mut y) = ([0.0; TILE], [0.0; TILE]);
    let mut exponents = [0; TILE];
    for start in (0..count).step_by(TILE) {
        let old = tiles::tile(&mut x, a, start, isa);
        let new = tiles::tile(&mut y, b, start, isa);
        let exponents = &mut exponents[..TILE.min(count - start)];
        for (at, (p, q)) in exponents.iter_mut().zip(old.iter().zip(new)) {
            *at = exponent_of((q - p) as f32);
        }
        count_in_turn(exponents, tables);
    }
}

/// The exponent of infinities and NaN.
const NOT_FINITE: usize = 255;

fn exponent_of(difference: f32) -> u16 {
    (difference.to_bits() >> 23 & 0xff) as u16
}

/// Adds one difference to `counts`.
pub fn count_change(difference: f64, counts: &mut Counts) {
    let exponent = usize::from(exponent_of(difference as f32));
    if exponent < NOT_FINITE {
        counts[exponent] += 1;
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
        let operand = |bytes| Elements {
            bytes,
            dtype: DType::F32,
            map: ValueMap::Identity,
        };
        let mut counts = [0; 256];
        count_changes(operand(&old), operand(&new), 4, &mut counts);
        assert_eq!((counts[0], counts[126], counts[128]), (1, 1, 1));
        assert_eq!(counts.iter().sum::<u32>(), 3);
    }

    #[test]
    fn sizes_are_those_of_the_difference_in_f64() {
        for (dtype, item) in [(DType::Bf16, 2), (DType::F16, 2), (DType::F32, 4)] {
            for length in [0, 1, 3, 255, 256, 257, 4096, 5000] {
                let side = |seed: u32| -> Vec<u8> {
                    (0..length as u32)
                        .flat_map(|i| {
                            let bits = (i + 1).wrapping_mul(seed).rotate_left(i % 7);
                            bits.to_le_bytes()[4 - item..].to_vec()
                        })
                        .collect()
                };
                let (old, new) = (side(2_654_435_761), side(2_246_822_519));
                let operand = |bytes| Elements {
                    bytes,
                    dtype,
                    map: ValueMap::Identity,
                };
                let (a, b) = (operand(old.as_slice()), operand(new.as_slice()));
                let (mut x, mut y) = ([0.0; TILE], [0.0; TILE]);
                let mut expected = [0; 256];
                for start in (0..length).step_by(TILE) {
                    let old = tiles::tile(&mut x, a, start, Isa::PORTABLE);
                    let new = tiles::tile(&mut y, b, start, Isa::PORTABLE);
                    for (p, q) in old.iter().zip(new) {
                        count_change(q - p, &mut expected);
                    }
                }
                let mut counts = [0; 256];
                count_changes(a, b, usize::MAX, &mut counts);
                assert_eq!(counts, expected, "{length} of {}", dtype.name());
                assert!(length < 1000 || counts.iter().filter(|count| **count > 0).count() > 20);
            }
        }
    }

    fn both(a: &[u8], b: &[u8], dtype: DType, limit: usize) -> Option<(Counts, Counts)> {
        let side = |bytes| Elements {
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
