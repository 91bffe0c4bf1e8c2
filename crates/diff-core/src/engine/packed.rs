//! Elements of less than a byte: their codes, and the 8-bit floats of the same values, which the kernels know.

use crate::error::Result;
use crate::source::Source;
use crate::tensor::{Packing, Span};

/// The codes `start .. start + count` of `bits` bits each, one a byte. The first bit of element `start` lies in the first byte.
pub(super) fn codes(
    bytes: &[u8],
    bits: u64,
    (start, count): (u64, usize),
) -> impl Iterator<Item = u8> {
    let first = start * bits / 8;
    let mask = (1u16 << bits) - 1;
    (start..start + count as u64).map(move |element| {
        let bit = element * bits - first * 8;
        let byte = |at: u64| u16::from(bytes.get(at as usize).copied().unwrap_or(0));
        ((byte(bit / 8 + 1) << 8 | byte(bit / 8)) >> (bit % 8) & mask) as u8
    })
}

/// The bytes that hold the elements `start .. start + count` of `bits` bits each: the first one, and how many.
pub(super) fn extent(bits: u64, (start, count): (u64, usize)) -> (u64, usize) {
    let first = start * bits / 8;
    let end = ((start + count as u64) * bits).div_ceil(8);
    (first, (end - first) as usize)
}

/// The elements `start .. start + count` as the 8-bit floats of the same values, appended to `out`.
pub(super) fn unpack(
    source: &dyn Source,
    span: Span,
    packing: Packing,
    range: (u64, usize),
    window: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let (first, length) = extent(packing.bits(), range);
    let bytes = source.bytes(span.offset + first, length, window)?;
    let table = packing.codes_in_8_bits();
    out.extend(codes(bytes, packing.bits(), range).map(|code| table[usize::from(code)]));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::{DType, ValueMap};
    use crate::kernel::{self, Operand};
    use crate::source::MemorySource;

    fn values(packing: Packing, bytes: &[u8], range: (u64, usize)) -> Vec<f64> {
        let source = MemorySource::new("", bytes.to_vec());
        let span = Span {
            source: 0,
            offset: 0,
            bytes: bytes.len() as u64,
        };
        let mut codes = Vec::new();
        unpack(&source, span, packing, range, &mut Vec::new(), &mut codes).unwrap();
        let mut found = Vec::new();
        let operand = Operand {
            bytes: &codes,
            dtype: DType::F8E4M3,
            map: ValueMap::Identity,
        };
        kernel::for_each_value(operand, |value| found.push(value));
        found
    }

    /// Codes 0, 1, 2, … one after the other, the first in the lowest bits.
    fn all_codes(bits: usize) -> Vec<u8> {
        let mut bytes = vec![0; (1 << bits) * bits / 8];
        for code in 0..1 << bits {
            for bit in (0..bits).filter(|bit| code >> bit & 1 == 1) {
                bytes[(code * bits + bit) / 8] |= 1 << ((code * bits + bit) % 8);
            }
        }
        bytes
    }

    /// The value of a code by the definition: sign, exponent, mantissa, no infinities.
    fn by_definition(code: usize, exponent_bits: i32, mantissa_bits: i32, bias: i32) -> f64 {
        let mantissa = (code & ((1 << mantissa_bits) - 1)) as f64 / f64::from(1 << mantissa_bits);
        let exponent = (code >> mantissa_bits) as i32 & ((1 << exponent_bits) - 1);
        let magnitude = if exponent == 0 {
            mantissa * 2f64.powi(1 - bias)
        } else {
            (1.0 + mantissa) * 2f64.powi(exponent - bias)
        };
        let negative = code >> (exponent_bits + mantissa_bits) & 1 == 1;
        if negative { -magnitude } else { magnitude }
    }

    #[test]
    fn every_code_has_its_value() {
        let kinds = [
            (Packing::F4E2M1, 2, 1, 1, 6.0),
            (Packing::F6E2M3, 2, 3, 1, 7.5),
            (Packing::F6E3M2, 3, 2, 3, 28.0),
        ];
        for (packing, exponent, mantissa, bias, largest) in kinds {
            let bits = packing.bits() as usize;
            let bytes = all_codes(bits);
            let found = values(packing, &bytes, (0, 1 << bits));
            for (code, value) in found.iter().enumerate() {
                let wanted = by_definition(code, exponent, mantissa, bias);
                assert_eq!(value.to_bits(), wanted.to_bits(), "{packing:?} {code}");
            }
            assert_eq!(found.iter().copied().fold(0.0, f64::max), largest);
            for start in 0..9 {
                let part = values(packing, &bytes, (start, 5));
                assert_eq!(part, found[start as usize..start as usize + 5]);
            }
        }
    }
}
