//! Float formats: how they round, and how far apart their numbers lie.

#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the function that carries the instruction set"
)]
#![expect(
    clippy::needless_bitwise_bool,
    reason = "a loop without branches becomes vector instructions"
)]

use super::real::Real;
use crate::dtype::DType;
use crate::stats::Narrow;

/// A binary floating-point format.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) struct Format {
    pub(in crate::kernel) mantissa: u32,
    /// Smallest normal exponent.
    pub(in crate::kernel) least: i32,
    pub(in crate::kernel) largest: f64,
    /// Whether what is too large becomes infinite; NaN otherwise.
    pub(in crate::kernel) has_infinity: bool,
    /// Whether the largest number may stand for what is too large: there are converters of both kinds.
    pub(in crate::kernel) may_saturate: bool,
}

impl Format {
    pub(in crate::kernel) fn of(narrow: Narrow) -> Self {
        let (mantissa, least, largest) = match narrow {
            Narrow::Bf16 => (7, -126, f64::from(f32::from_bits(0x7f7f_0000))),
            Narrow::F16 => (10, -14, 65504.0),
            Narrow::E4m3 => (3, -6, 448.0),
            Narrow::E5m2 => (2, -14, 57344.0),
        };
        Self {
            mantissa,
            least,
            largest,
            has_infinity: narrow != Narrow::E4m3,
            may_saturate: matches!(narrow, Narrow::E4m3 | Narrow::E5m2),
        }
    }

    /// The format of a stored type; None for what is no float with a mantissa.
    pub(in crate::kernel) fn stored(dtype: DType) -> Option<Self> {
        let plain = |mantissa, least, largest| Self {
            mantissa,
            least,
            largest,
            has_infinity: true,
            may_saturate: false,
        };
        Some(match dtype {
            DType::F64 => plain(52, -1022, f64::MAX),
            DType::F32 => plain(23, -126, f64::from(f32::MAX)),
            DType::Bf16 => Self::of(Narrow::Bf16),
            DType::F16 => Self::of(Narrow::F16),
            DType::F8E4M3 => Self::of(Narrow::E4m3),
            DType::F8E5M2 => Self::of(Narrow::E5m2),
            DType::F8E4M3Fnuz => plain(3, -7, 240.0),
            DType::F8E5M2Fnuz => plain(2, -15, 57344.0),
            _ => return None,
        })
    }

    /// Whether every value of `narrow` is one of this format.
    pub(in crate::kernel) fn holds(self, narrow: Self) -> bool {
        let finest = |format: Self| format.least - format.mantissa.cast_signed();
        self.mantissa >= narrow.mantissa
            && self.largest >= narrow.largest
            && finest(self) <= finest(narrow)
    }
}

fn power_of_two(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

/// How a format rounds, in constants of the type in which it is looked at.
#[derive(Clone, Copy)]
pub(in crate::kernel) struct Rounding<R> {
    pub(in crate::kernel) shift: u32,
    /// Smallest normal number; below it the spacing is constant, and adding `magic` rounds to it.
    pub(in crate::kernel) least: R,
    pub(in crate::kernel) magic: R,
    pub(in crate::kernel) largest: R,
}

impl<R: Real> Rounding<R> {
    pub(in crate::kernel) fn of(format: Format) -> Self {
        let shift = R::MANTISSA - format.mantissa;
        // Subnormal numbers of f32 are those of bf16 with more bits: cutting bits is right for them too.
        let has_own_subnormals = format.least > -126 || R::MANTISSA > 23;
        let finest = format.least - format.mantissa.cast_signed();
        let magic = power_of_two(finest + R::MANTISSA.cast_signed());
        let least = power_of_two(format.least);
        Self {
            shift,
            least: R::of(if has_own_subnormals { least } else { 0.0 }),
            magic: R::of(magic),
            largest: R::of(format.largest),
        }
    }
}

impl<R: Real> Rounding<R> {
    /// A magnitude rounded to nearest even; what is too large comes out larger than `largest`.
    #[inline(always)]
    pub(in crate::kernel) fn round(self, size: R) -> R {
        let normal = size.round_bits(self.shift);
        let small = size.plus(self.magic).minus(self.magic);
        if size < self.least { small } else { normal }
    }
}

/// Magnitudes rounded to e4m3, the largest number standing for all that is larger.
pub(in crate::kernel) fn round_e4m3() -> impl Fn(f64) -> f64 {
    let rounding = Rounding::<f64>::of(Format::of(Narrow::E4m3));
    move |size| rounding.round(size).min(rounding.largest)
}

/// The spacing of a format.
pub(in crate::kernel) struct Spacing<R> {
    pub(in crate::kernel) least: R,
    /// Half a spacing at 1.
    pub(in crate::kernel) half: R,
    pub(in crate::kernel) quarter: R,
    pub(in crate::kernel) largest: R,
    /// From here on numbers are too large.
    pub(in crate::kernel) over: R,
}

impl<R: Real> Spacing<R> {
    pub(in crate::kernel) fn of(format: Format) -> Self {
        let unit = power_of_two(-format.mantissa.cast_signed());
        let top = format.largest.log2().floor();
        Self {
            least: R::of(power_of_two(format.least)),
            half: R::of(unit / 2.0),
            quarter: R::of(unit / 4.0),
            largest: R::of(format.largest),
            over: R::of(format.largest + top.exp2() * unit / 2.0),
        }
    }

    #[inline(always)]
    pub(in crate::kernel) fn half(&self, size: R, below: bool) -> R {
        let power = size.power();
        let is_edge = below & (power == size) & (power > self.least);
        let power = if power < self.least {
            self.least
        } else {
            power
        };
        power.times(if is_edge { self.quarter } else { self.half })
    }
}
