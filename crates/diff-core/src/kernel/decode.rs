//! Elements of any type as f64, and those that f32 holds as f32: both exactly.

#![expect(
    clippy::inline_always,
    reason = "a pass must become part of the function that carries the instruction set"
)]

use crate::decode::minifloat::{e8m0_to_f32, f16_to_f32};
use crate::dtype::{DType, ValueMap};
use crate::kernel::Elements;

/// Turns stored values into what they stand for.
pub(super) fn apply(map: ValueMap, out: &mut [f64]) {
    match map {
        ValueMap::Identity => {}
        ValueMap::Affine { scale, zero_point } => {
            // torch computes (q - zero point) * scale in f32.
            let scale = scale as f32;
            for x in out.iter_mut() {
                *x = f64::from((*x - zero_point as f64) as f32 * scale);
            }
        }
    }
}

/// Decodes every element of `bytes`; `out` holds as many.
#[inline(always)]
pub(super) fn decode(dtype: DType, bytes: &[u8], out: &mut [f64]) {
    match dtype {
        DType::Bool => {
            for (o, x) in out.iter_mut().zip(bytes) {
                *o = f64::from(u8::from(*x != 0));
            }
        }
        DType::U8 => {
            for (o, x) in out.iter_mut().zip(bytes) {
                *o = f64::from(*x);
            }
        }
        DType::I8 => {
            for (o, x) in out.iter_mut().zip(bytes) {
                *o = f64::from(x.cast_signed());
            }
        }
        DType::U16 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(u16::from_le_bytes(*x));
            }
        }
        DType::I16 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(i16::from_le_bytes(*x));
            }
        }
        DType::U32 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(u32::from_le_bytes(*x));
            }
        }
        DType::I32 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(i32::from_le_bytes(*x));
            }
        }
        // 64-bit integers beside a float: the nearest f64. `wide` compares them exactly.
        DType::U64 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = u64::from_le_bytes(*x) as f64;
            }
        }
        DType::I64 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = i64::from_le_bytes(*x) as f64;
            }
        }
        DType::F8E4M3 => by_table(&F8_E4M3, bytes, out),
        DType::F8E5M2 => by_table(&F8_E5M2, bytes, out),
        DType::F8E4M3Fnuz => by_table(&F8_E4M3_FNUZ, bytes, out),
        DType::F8E5M2Fnuz => by_table(&F8_E5M2_FNUZ, bytes, out),
        DType::F8E8M0 => by_table(&F8_E8M0, bytes, out),
        DType::F16 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(f16_to_f32(u16::from_le_bytes(*x)));
            }
        }
        DType::Bf16 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(f32::from_bits(u32::from(u16::from_le_bytes(*x)) << 16));
            }
        }
        DType::F32 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from(f32::from_le_bytes(*x));
            }
        }
        DType::F64 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = f64::from_le_bytes(*x);
            }
        }
        // Complex numbers come as their parts.
        DType::Unknown | DType::C32 | DType::C64 | DType::C128 => out.fill(f64::NAN),
    }
}

#[inline(always)]
fn by_table(table: &[f32; 256], bytes: &[u8], out: &mut [f64]) {
    for (o, x) in out.iter_mut().zip(bytes) {
        *o = f64::from(table[usize::from(*x)]);
    }
}

/// An f32 as its bytes.
pub(super) type Single = [u8; 4];

/// Whether f32 holds all values of this side.
pub(super) fn fits_f32(operand: Elements) -> bool {
    let is_narrow = matches!(
        operand.dtype,
        DType::F32
            | DType::Bf16
            | DType::F16
            | DType::F8E4M3
            | DType::F8E5M2
            | DType::F8E4M3Fnuz
            | DType::F8E5M2Fnuz
            | DType::F8E8M0
    );
    is_narrow && operand.map == ValueMap::Identity
}

/// As [`decode`], to f32.
#[inline(always)]
pub(super) fn widen(dtype: DType, bytes: &[u8], out: &mut [Single]) {
    match dtype {
        DType::Bf16 => {
            for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
                *o = (u32::from(u16::from_le_bytes(*x)) << 16).to_le_bytes();
            }
        }
        DType::F32 => out.as_flattened_mut().copy_from_slice(bytes),
        DType::U8 => {
            for (o, x) in out.iter_mut().zip(bytes) {
                *o = f32::from(*x).to_le_bytes();
            }
        }
        DType::I8 => {
            for (o, x) in out.iter_mut().zip(bytes) {
                *o = f32::from(x.cast_signed()).to_le_bytes();
            }
        }
        DType::F8E4M3 => widen_eight_bits(4, 7, Special::NanOnly, bytes, out),
        DType::F8E5M2 => widen_eight_bits(5, 15, Special::Ieee, bytes, out),
        DType::F8E4M3Fnuz => widen_eight_bits(4, 8, Special::NegativeZero, bytes, out),
        DType::F8E5M2Fnuz => widen_eight_bits(5, 16, Special::NegativeZero, bytes, out),
        _ => {
            for (o, x) in out.iter_mut().zip(bytes) {
                *o = F8_E8M0[usize::from(*x)].to_le_bytes();
            }
        }
    }
}

/// What the tables hold, by arithmetic that vectorises: a table is read one element at a time.
#[inline(always)]
fn widen_eight_bits(
    exponent_bits: u32,
    bias: u32,
    special: Special,
    bytes: &[u8],
    out: &mut [Single],
) {
    let mantissa_bits = 7 - exponent_bits;
    let least = f32::from_bits((128 - bias - mantissa_bits) << 23);
    for (o, &code) in out.iter_mut().zip(bytes) {
        let magnitude = u32::from(code & 0x7f);
        let normal = (magnitude << (23 - mantissa_bits)) + ((127 - bias) << 23);
        // No arithmetic with subnormal f32: processors may be slow at it.
        let subnormal = (magnitude as f32 * least).to_bits();
        let finite = if magnitude < 1 << mantissa_bits {
            subnormal
        } else {
            normal
        };
        let exceptional = match special {
            Special::Ieee => {
                let infinite = ((1 << exponent_bits) - 1) << mantissa_bits;
                if magnitude >= infinite {
                    0x7f80_0000 | (magnitude - infinite) << 21
                } else {
                    0
                }
            }
            Special::NanOnly => {
                if magnitude == 0x7f {
                    0x7fc0_0000
                } else {
                    0
                }
            }
            Special::NegativeZero => {
                if code == 0x80 {
                    0x7fc0_0000
                } else {
                    0
                }
            }
        };
        *o = (finite | exceptional | u32::from(code & 0x80) << 24).to_le_bytes();
    }
}

#[inline(always)]
pub(super) fn widen_f16(bytes: &[u8], out: &mut [Single]) {
    for (o, x) in out.iter_mut().zip(bytes.as_chunks().0) {
        *o = f16_to_f32(u16::from_le_bytes(*x)).to_le_bytes();
    }
}

static F8_E4M3: [f32; 256] = eight_bit_table(4, 7, Special::NanOnly);
static F8_E5M2: [f32; 256] = eight_bit_table(5, 15, Special::Ieee);
static F8_E4M3_FNUZ: [f32; 256] = eight_bit_table(4, 8, Special::NegativeZero);
static F8_E5M2_FNUZ: [f32; 256] = eight_bit_table(5, 16, Special::NegativeZero);
static F8_E8M0: [f32; 256] = e8m0_table();

/// What the highest codes of an 8-bit float mean.
#[derive(Clone, Copy)]
enum Special {
    /// Infinity and NaN as in IEEE 754.
    Ieee,
    /// All ones is NaN, the rest are numbers.
    NanOnly,
    /// The code of -0 is the only NaN.
    NegativeZero,
}

const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

const fn eight_bit_table(exponent_bits: u32, bias: i32, special: Special) -> [f32; 256] {
    let mantissa_bits = 7 - exponent_bits;
    let mut table = [0f32; 256];
    let mut code = 0;
    while code < 256 {
        let exponent = (code >> mantissa_bits) & ((1 << exponent_bits) - 1);
        let mantissa = code & ((1 << mantissa_bits) - 1);
        let fraction = mantissa as f64 / (1 << mantissa_bits) as f64;
        let magnitude = if exponent == 0 {
            fraction * power_of_two(1 - bias)
        } else {
            (1.0 + fraction) * power_of_two(exponent as i32 - bias)
        };
        let top = exponent == (1 << exponent_bits) - 1;
        let value = match special {
            Special::Ieee if top && mantissa == 0 => f64::INFINITY,
            Special::Ieee if top => f64::NAN,
            Special::NanOnly if code & 0x7f == 0x7f => f64::NAN,
            Special::NegativeZero if code == 0x80 => f64::NAN,
            _ => magnitude,
        };
        table[code] = if code & 0x80 != 0 { -value } else { value } as f32;
        code += 1;
    }
    table
}

const fn e8m0_table() -> [f32; 256] {
    let mut table = [f32::NAN; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = e8m0_to_f32(code as u8);
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_gives_the_tables() {
        let codes: Vec<u8> = (0..=255).collect();
        for dtype in [
            DType::F8E4M3,
            DType::F8E5M2,
            DType::F8E4M3Fnuz,
            DType::F8E5M2Fnuz,
            DType::F8E8M0,
        ] {
            let mut expected = [0.0; 256];
            decode(dtype, &codes, &mut expected);
            let mut singles = [Single::default(); 256];
            widen(dtype, &codes, &mut singles);
            for (code, (single, expected)) in singles.iter().zip(expected).enumerate() {
                let single = f64::from(f32::from_le_bytes(*single));
                assert!(
                    single.to_bits() == expected.to_bits() || single.is_nan() && expected.is_nan(),
                    "{dtype:?} {code:02x}: {single} instead of {expected}"
                );
            }
        }
    }

    #[test]
    fn eight_bit_landmarks() {
        assert_eq!(F8_E4M3[0x7e], 448.0);
        assert!(F8_E4M3[0x7f].is_nan() && F8_E4M3[0xff].is_nan());
        assert_eq!(F8_E4M3[0x01], 2f32.powi(-9));
        assert_eq!(F8_E5M2[0x7b], 57344.0);
        assert_eq!(F8_E5M2[0xfc], f32::NEG_INFINITY);
        assert!(F8_E4M3_FNUZ[0x80].is_nan());
        assert_eq!(F8_E4M3_FNUZ[0x7f], 240.0);
        assert_eq!(F8_E5M2_FNUZ[0x7f], 57344.0);
        assert_eq!(F8_E8M0[127], 1.0);
        assert_eq!(F8_E8M0[0], 2f32.powi(-127));
        assert!(F8_E8M0[255].is_nan());
    }
}
