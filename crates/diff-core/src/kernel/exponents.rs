//! Exponents of stored floats, straight from their bits.

use crate::dtype::{DType, ValueMap};
use crate::kernel::{Isa, Operand, TILE, decode};

/// Elements from which tables of their own pay for being added up.
const MANY: usize = 1024;

/// Adds the first `count` elements to `counts` by biased exponent. Whether the type has such exponents.
pub fn count(operand: Operand, count: usize, counts: &mut [u32; 256]) -> bool {
    if operand.map != ValueMap::Identity {
        return false;
    }
    let half = |shift: u32, mask: u16| {
        move |bytes: &[u8; 2]| usize::from(u16::from_le_bytes(*bytes) >> shift & mask)
    };
    match operand.dtype {
        DType::Bf16 => tally(operand.bytes, count, counts, half(7, 0xff)),
        DType::F16 => tally(operand.bytes, count, counts, half(10, 0x1f)),
        DType::F32 => tally(operand.bytes, count, counts, |bytes: &[u8; 4]| {
            (u32::from_le_bytes(*bytes) >> 23 & 0xff) as usize
        }),
        _ => return false,
    }
    true
}

/// Neighbours often have the same exponent, and a counter waits for its last increment: four tables take turns.
fn tally<const N: usize>(
    bytes: &[u8],
    count: usize,
    counts: &mut [u32; 256],
    exponent: impl Fn(&[u8; N]) -> usize,
) {
    let elements = bytes.as_chunks().0;
    let elements = &elements[..count.min(elements.len())];
    if elements.len() < MANY {
        for element in elements {
            counts[exponent(element)] += 1;
        }
        return;
    }
    let mut tables = [[0; 256]; 4];
    let (groups, rest) = elements.as_chunks::<4>();
    for group in groups {
        for (element, table) in group.iter().zip(&mut tables) {
            table[exponent(element)] += 1;
        }
    }
    for element in rest {
        counts[exponent(element)] += 1;
    }
    for table in tables {
        for (total, one) in counts.iter_mut().zip(table) {
            *total += one;
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

    #[test]
    fn exponents_of_known_numbers() {
        let mut counts = [0; 256];
        let values: Vec<u8> = [1.0f32, -1.5, 2.0, 0.0]
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect();
        let operand = Operand {
            bytes: &values,
            dtype: DType::F32,
            map: ValueMap::Identity,
        };
        assert!(count(operand, 3, &mut counts));
        assert_eq!((counts[127], counts[128], counts[0]), (2, 1, 0));
        let half = [0x00, 0x3c, 0x80, 0x3f];
        let mut counts = [0; 256];
        let operand = Operand {
            bytes: &half[..2],
            dtype: DType::F16,
            map: ValueMap::Identity,
        };
        assert!(count(operand, 1, &mut counts));
        let operand = Operand {
            bytes: &half[2..],
            dtype: DType::Bf16,
            map: ValueMap::Identity,
        };
        assert!(count(operand, 1, &mut counts));
        assert_eq!((counts[15], counts[127]), (1, 1));
        let operand = Operand {
            bytes: &half,
            dtype: DType::I32,
            map: ValueMap::Identity,
        };
        assert!(!count(operand, 1, &mut counts));
    }
}
