//! Floats of at most 16 bits as f32, exactly.

#![expect(
    clippy::inline_always,
    reason = "a conversion must become part of the function that carries the instruction set"
)]

/// The exponent and mantissa bits moved to f32's place, then scaled by 2^112 to make up for the bias:
/// exact for subnormals too. Exponent 31 means infinity or NaN in both formats.
#[inline(always)]
#[must_use]
pub fn f16_to_f32(half: u16) -> f32 {
    const SCALE: f32 = f32::from_bits((127 + 112) << 23);
    let magnitude = u32::from(half & 0x7fff) << 13;
    let scaled = (f32::from_bits(magnitude) * SCALE).to_bits();
    let special = if half & 0x7c00 == 0x7c00 {
        0x7f80_0000
    } else {
        0
    };
    let sign = u32::from(half & 0x8000) << 16;
    f32::from_bits(scaled | special | sign)
}

/// The nearest f16, as f32; of two the even one.
#[inline(always)]
#[must_use]
pub fn round_to_f16(value: f32) -> f32 {
    // Neighbours of [0.5, 1) are as far apart as subnormal f16.
    const SPACED: f32 = 0.5;
    const SMALLEST_NORMAL: u32 = (127 - 14) << 23;
    const TOO_LARGE: u32 = 0x477f_f000;
    let bits = value.to_bits();
    let magnitude = bits & 0x7fff_ffff;
    let subnormal = ((f32::from_bits(magnitude) + SPACED) - SPACED).to_bits();
    let normal = (magnitude + 0xfff + (magnitude >> 13 & 1)) & !0x1fff;
    let rounded = if magnitude < SMALLEST_NORMAL {
        subnormal
    } else if magnitude < TOO_LARGE {
        normal
    } else {
        magnitude.max(0x7f80_0000)
    };
    f32::from_bits(rounded | bits & 0x8000_0000)
}

/// The nearest bf16, as f32; of two the even one.
#[inline(always)]
#[must_use]
pub fn round_to_bf16(value: f32) -> f32 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000;
    if value.is_nan() {
        value
    } else {
        f32::from_bits(rounded)
    }
}

/// E8M0, the scale of microscaling formats: 2^(code - 127), and NaN for 255.
///
/// Source: OCP Microscaling Formats (MX) Specification 1.0, section 5.4.1.
#[inline(always)]
#[must_use]
pub const fn e8m0_to_f32(code: u8) -> f32 {
    f32::from_bits(match code {
        0 => 1 << 22,
        255 => 0x7fc0_0000,
        _ => (code as u32) << 23,
    })
}

/// The values of E2M1, a sign, two bits of exponent and one of mantissa, by their codes.
///
/// Source: OCP Microscaling Formats (MX) Specification 1.0, section 5.3.3.
pub static E2M1: [f32; 16] = [
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f16_is_exact() {
        for bits in 0..=u16::MAX {
            let expected = half::f16::from_bits(bits).to_f32();
            let decoded = f16_to_f32(bits);
            assert!(
                decoded.to_bits() == expected.to_bits() || (decoded.is_nan() && expected.is_nan()),
                "{bits:04x}: {decoded} instead of {expected}"
            );
        }
    }

    #[test]
    fn rounding_is_that_of_the_half_crate() {
        for high in 0..=u16::MAX {
            // Around ties of both types, and on them.
            for low in [
                0, 1, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x7fff, 0x8000, 0x8001, 0xffff,
            ] {
                let value = f32::from_bits(u32::from(high) << 16 | low);
                for (found, wanted) in [
                    (round_to_f16(value), half::f16::from_f32(value).to_f32()),
                    (round_to_bf16(value), half::bf16::from_f32(value).to_f32()),
                ] {
                    assert!(
                        found.to_bits() == wanted.to_bits() || found.is_nan() && wanted.is_nan(),
                        "{value:e}: {found:e} instead of {wanted:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_e8m0_is_a_power_of_two() {
        for code in 0..=254u8 {
            let expected = 2f64.powi(i32::from(code) - 127);
            assert_eq!(f64::from(e8m0_to_f32(code)), expected, "{code}");
        }
        assert!(e8m0_to_f32(255).is_nan());
    }
}
