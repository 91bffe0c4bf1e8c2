//! Floats that take less than a byte.

/// Floats that take less than a byte. They have neither infinities nor NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    F4E2M1,
    F6E2M3,
    F6E3M2,
}

impl Packing {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F4E2M1 => "f4_e2m1",
            Self::F6E2M3 => "f6_e2m3",
            Self::F6E3M2 => "f6_e3m2",
        }
    }

    /// Bits of an element.
    #[must_use]
    pub fn bits(self) -> u64 {
        match self {
            Self::F4E2M1 => 4,
            Self::F6E2M3 | Self::F6E3M2 => 6,
        }
    }

    /// For each code, the code of the same value in [`DType::F8E4M3`](crate::dtype::DType::F8E4M3), which has all these values.
    pub(crate) fn codes_in_8_bits(self) -> &'static [u8; 64] {
        static F4_E2M1: [u8; 64] = wide_codes(2, 1, 1);
        static F6_E2M3: [u8; 64] = wide_codes(2, 3, 1);
        static F6_E3M2: [u8; 64] = wide_codes(3, 2, 3);
        match self {
            Self::F4E2M1 => &F4_E2M1,
            Self::F6E2M3 => &F6_E2M3,
            Self::F6E3M2 => &F6_E3M2,
        }
    }
}

/// A subnormal of the small type is normal in the large one, whose exponents have a bias of 7.
const fn wide_codes(exponent_bits: u32, mantissa_bits: u32, bias: i32) -> [u8; 64] {
    let mut table = [0; 64];
    let mut code: u32 = 0;
    while code < 1 << (1 + exponent_bits + mantissa_bits) {
        let sign = (code >> (exponent_bits + mantissa_bits)) << 7;
        let exponent = ((code >> mantissa_bits) & ((1 << exponent_bits) - 1)) as i32;
        let mantissa = code & ((1 << mantissa_bits) - 1);
        let magnitude = if exponent == 0 && mantissa == 0 {
            0
        } else if exponent == 0 {
            let top = mantissa.ilog2();
            let power = top as i32 + 1 - bias - mantissa_bits as i32;
            (((power + 7) as u32) << 3) | ((mantissa - (1 << top)) << (3 - top))
        } else {
            (((exponent - bias + 7) as u32) << 3) | (mantissa << (3 - mantissa_bits))
        };
        table[code as usize] = (sign | magnitude) as u8;
        code += 1;
    }
    table
}
