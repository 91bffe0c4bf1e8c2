//! Elements of less than a byte, read as their codes or as 8-bit floats of the same values, which the kernels know.

use std::ops::Range;

use super::{As, Read, Region, Scratch, plain, source};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::Elements;
use crate::source::Source;
use crate::tensor::{Encoding, Span};

pub(super) struct Codes<'a> {
    source: &'a dyn Source,
    offset: u64,
    /// Bits of a code.
    bits: u64,
    dtype: DType,
    /// What each code is handed out as; None for the code itself.
    table: Option<&'static [u8; 64]>,
}

impl<'a> Codes<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        span: Span,
        encoding: Encoding,
        what: As,
    ) -> Result<Self> {
        let (bits, table) = match encoding {
            Encoding::Packed(packing) => (packing.bits(), Some(packing.codes_in_8_bits())),
            Encoding::Codes { bits } => (u64::from(bits), None),
            Encoding::Plain(_) | Encoding::Blocks(..) | Encoding::Opaque => {
                return Err(Error::new(
                    Code::Internal,
                    "elements of whole bytes have no codes",
                ));
            }
        };
        let table = table.filter(|_| what == As::Values);
        Ok(Self {
            source: source(checkpoint, span)?,
            offset: span.offset,
            bits,
            dtype: if table.is_some() {
                DType::F8E4M3
            } else {
                DType::U8
            },
            table,
        })
    }
}

impl Read for Codes<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let (first, length) = extent(self.bits, start, count as u64);
        scratch.read += length;
        let Scratch { window, out, .. } = scratch;
        let bytes = self
            .source
            .bytes(self.offset + first, length as usize, window)?;
        out.clear();
        let codes = codes(bytes, self.bits, start, count);
        match self.table {
            Some(table) => out.extend(codes.map(|code| table[usize::from(code)])),
            None => out.extend(codes),
        }
        Ok(plain::operand(out, self.dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        let (first, bytes) = extent(self.bits, elements.start, elements.end - elements.start);
        each(Region {
            source: self.source,
            offset: self.offset + first,
            bytes,
            is_shared: false,
        });
    }

    fn comes_in_parts(&self) -> bool {
        plain::is_mapped(self.source, self.offset)
    }
}

/// The codes `start .. start + count`, of `bits` bits each, the first in the lowest bits. Code `start` begins in the first of `bytes`.
fn codes(bytes: &[u8], bits: u64, start: u64, count: usize) -> impl Iterator<Item = u8> {
    let first = start * bits / 8;
    let mask = (1u16 << bits) - 1;
    (start..start + count as u64).map(move |element| {
        let bit = element * bits - first * 8;
        let byte = |at: u64| u16::from(bytes.get(at as usize).copied().unwrap_or(0));
        ((byte(bit / 8 + 1) << 8 | byte(bit / 8)) >> (bit % 8) & mask) as u8
    })
}

/// Where the codes `start .. start + count`, of `bits` bits each, lie: their first byte, and how many bytes.
fn extent(bits: u64, start: u64, count: u64) -> (u64, u64) {
    let first = start * bits / 8;
    let end = ((start + count) * bits).div_ceil(8);
    (first, end - first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel;
    use crate::source::MemorySource;
    use crate::tensor::Packing;

    fn values(packing: Packing, bytes: &[u8], (start, count): (u64, usize)) -> Vec<f64> {
        let codes = Codes {
            source: &MemorySource::new("", bytes.to_vec()),
            offset: 0,
            bits: packing.bits(),
            dtype: DType::F8E4M3,
            table: Some(packing.codes_in_8_bits()),
        };
        let mut scratch = Scratch::default();
        let mut found = Vec::new();
        let operand = codes.read(start, count, &mut scratch).unwrap();
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

    /// The value of a code by the definition of such floats: sign, exponent, mantissa; no infinities and no NaN.
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
