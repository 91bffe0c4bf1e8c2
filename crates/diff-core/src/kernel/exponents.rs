//! Exponents of stored floats, straight from their bits.

use crate::dtype::{DType, ValueMap};
use crate::kernel::Operand;

/// Adds the first `count` elements to `counts` by biased exponent. Whether the type has such exponents.
pub fn count(operand: Operand, count: usize, counts: &mut [u32; 256]) -> bool {
    if operand.map != ValueMap::Identity {
        return false;
    }
    let halves = |shift: u32, mask: u16, counts: &mut [u32; 256]| {
        for bytes in operand.bytes.as_chunks().0.iter().take(count) {
            counts[usize::from(u16::from_le_bytes(*bytes) >> shift & mask)] += 1;
        }
    };
    match operand.dtype {
        DType::Bf16 => halves(7, 0xff, counts),
        DType::F16 => halves(10, 0x1f, counts),
        DType::F32 => {
            for bytes in operand.bytes.as_chunks().0.iter().take(count) {
                counts[(u32::from_le_bytes(*bytes) >> 23 & 0xff) as usize] += 1;
            }
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

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
