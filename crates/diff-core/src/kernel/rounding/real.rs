//! f32 and f64 as one, as far as rounding to narrower formats needs it.

/// f32 and f64, in which the elements are looked at.
pub(in crate::kernel) trait Real: Copy + PartialOrd {
    const MANTISSA: u32;
    /// The largest finite number.
    fn limit() -> Self;
    fn is_nan(self) -> bool;
    fn magnitude(self) -> Self;
    fn signed_as(self, other: Self) -> Self;
    fn is_negative(self) -> bool;
    fn of(value: f64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// The magnitude with the lowest `shift` bits of the mantissa rounded away, to nearest even.
    fn round_bits(self, shift: u32) -> Self;
    /// The power of two at or below a normal magnitude.
    fn power(self) -> Self;
}

macro_rules! real {
    ($float:ident, $bits:ident, $mantissa:literal) => {
        impl Real for $float {
            const MANTISSA: u32 = $mantissa;
            #[inline(always)]
            fn limit() -> Self {
                $float::MAX
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self.is_nan()
            }
            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn signed_as(self, other: Self) -> Self {
                self.copysign(other)
            }
            #[inline(always)]
            fn is_negative(self) -> bool {
                self.is_sign_negative()
            }
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as Self
            }
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn minus(self, other: Self) -> Self {
                self - other
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self * other
            }
            #[inline(always)]
            fn round_bits(self, shift: u32) -> Self {
                let bits = self.to_bits();
                let odd = bits >> shift & 1;
                let half = (1 << shift) >> 1;
                // Without a shift there is nothing to round, and half is 0.
                let up = if shift == 0 { 0 } else { half - 1 + odd };
                Self::from_bits(bits.wrapping_add(up) >> shift << shift)
            }
            #[inline(always)]
            fn power(self) -> Self {
                Self::from_bits(self.to_bits() >> $mantissa << $mantissa)
            }
        }
    };
}

real!(f32, u32, 23);
real!(f64, u64, 52);
