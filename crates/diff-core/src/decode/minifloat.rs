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
    fn every_e8m0_is_a_power_of_two() {
        for code in 0..=254u8 {
            let expected = 2f64.powi(i32::from(code) - 127);
            assert_eq!(f64::from(e8m0_to_f32(code)), expected, "{code}");
        }
        assert!(e8m0_to_f32(255).is_nan());
    }
}
