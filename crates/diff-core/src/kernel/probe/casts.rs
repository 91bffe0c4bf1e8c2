//! Whether one side is the other one rounded to a narrower format, element by element: to nearest even, and with the overflow of the format.

#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the function that carries the instruction set"
)]

use crate::dtype::DType;
use crate::kernel::decode::{self, Single};
use crate::kernel::{Isa, Operand, TILE};
use crate::stats::{Casts, Narrow};

/// A binary floating-point format.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) struct Format {
    mantissa: u32,
    /// Smallest normal exponent.
    least: i32,
    largest: f64,
    /// Whether what is too large becomes infinite; NaN otherwise.
    has_infinity: bool,
    /// Whether the largest number may stand for what is too large: there are converters of both kinds.
    may_saturate: bool,
}

impl Format {
    fn of(narrow: Narrow) -> Self {
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
    fn stored(dtype: DType) -> Option<Self> {
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
    fn holds(self, narrow: Self) -> bool {
        let finest = |format: Self| format.least - format.mantissa.cast_signed();
        self.mantissa >= narrow.mantissa
            && self.largest >= narrow.largest
            && finest(self) <= finest(narrow)
    }
}

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

fn power_of_two(exponent: i32) -> f64 {
    2f64.powi(exponent)
}

/// How a format rounds, in constants of the type in which it is looked at.
#[derive(Clone, Copy)]
struct Rounding<R> {
    shift: u32,
    /// Smallest normal number; below it the spacing is constant, and adding `magic` rounds to it.
    least: R,
    magic: R,
    largest: R,
}

impl<R: Real> Rounding<R> {
    fn of(format: Format) -> Self {
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
    fn round(self, size: R) -> R {
        let normal = size.round_bits(self.shift);
        let small = size.plus(self.magic).minus(self.magic);
        if size < self.least { small } else { normal }
    }
}

/// Magnitudes rounded to e4m3, the largest number standing for all that is larger.
pub(super) fn round_e4m3() -> impl Fn(f64) -> f64 {
    let rounding = Rounding::<f64>::of(Format::of(Narrow::E4m3));
    move |size| rounding.round(size).min(rounding.largest)
}

/// Elements of `y` that equal those of `x` rounded to the format.
#[inline(always)]
fn equal<R: Real>(x: &[R], y: &[R], format: Format) -> u64 {
    let rounding = Rounding::<R>::of(format);
    let mut count = 0u32;
    for (&p, &q) in x.iter().zip(y) {
        count += u32::from(is_rounded(p, q, rounding, format));
    }
    u64::from(count)
}

#[inline(always)]
fn is_rounded<R: Real>(p: R, q: R, rounding: Rounding<R>, format: Format) -> bool {
    let rounded = rounding.round(p.magnitude());
    let is_over = rounded > rounding.largest;
    let same_sign = p.is_negative() == q.is_negative();
    let q_size = q.magnitude();
    let q_infinite = q_size > R::limit();
    let over = (same_sign & format.has_infinity & q_infinite)
        | (same_sign & format.may_saturate & (q_size == rounding.largest))
        | (!format.has_infinity & q.is_nan());
    let plain = rounded.signed_as(p) == q;
    let number = if is_over { over } else { plain };
    if p.is_nan() { q.is_nan() } else { number }
}

/// Elements of which both sides can be roundings of one value: the intervals that round to them overlap.
#[inline(always)]
fn near<R: Real>(x: &[R], y: &[R], old: Format, new: Format) -> u64 {
    let (a, b) = (Spacing::<R>::of(old), Spacing::<R>::of(new));
    let mut count = 0u32;
    for (&p, &q) in x.iter().zip(y) {
        let (small, large) = (p.magnitude(), q.magnitude());
        // Below a power of two the spacing is half of that above.
        let (inner, outer) = (a.half(small, small > large), b.half(large, large > small));
        let distance = p.minus(q).magnitude();
        let overlap = distance < inner.plus(outer);
        let same_sign = p.is_negative() == q.is_negative();
        let infinite_old = small > a.largest;
        let infinite_new = large > b.largest;
        let over = same_sign
            & ((infinite_old & infinite_new)
                | (infinite_old & (large.plus(b.half(large, false)) > a.over))
                | (infinite_new & (small.plus(a.half(small, false)) > b.over)));
        let both_nan = p.is_nan() & q.is_nan();
        count += u32::from((p == q) | (overlap & !infinite_old & !infinite_new) | over | both_nan);
    }
    u64::from(count)
}

/// The spacing of a format.
struct Spacing<R> {
    least: R,
    /// Half a spacing at 1.
    half: R,
    quarter: R,
    largest: R,
    /// From here on numbers are too large.
    over: R,
}

impl<R: Real> Spacing<R> {
    fn of(format: Format) -> Self {
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
    fn half(&self, size: R, below: bool) -> R {
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

pub(in crate::kernel) fn equal_32(x: &[f32], y: &[f32], format: Format) -> u64 {
    equal(x, y, format)
}

pub(in crate::kernel) fn equal_64(x: &[f64], y: &[f64], format: Format) -> u64 {
    equal(x, y, format)
}

pub(in crate::kernel) fn near_32(x: &[f32], y: &[f32], old: Format, new: Format) -> u64 {
    near(x, y, old, new)
}

pub(in crate::kernel) fn near_64(x: &[f64], y: &[f64], old: Format, new: Format) -> u64 {
    near(x, y, old, new)
}

/// No element counted yet; None where a side is no float.
#[must_use]
pub fn empty_casts(old: DType, new: DType) -> Option<Casts> {
    let (old, new) = (Format::stored(old)?, Format::stored(new)?);
    let holds =
        |format: Format| Narrow::ALL.map(|narrow| format.holds(Format::of(narrow)).then_some(0));
    let forward = holds(new);
    Some(Casts {
        forward,
        backward: holds(old),
        truncated: forward[0],
        ..Casts::default()
    })
}

/// Adds a piece to `casts`, which [`empty_casts`] made for the two types.
pub fn count_casts(a: Operand, b: Operand, isa: Isa, casts: &mut Casts) {
    let (Some(old), Some(new)) = (Format::stored(a.dtype), Format::stored(b.dtype)) else {
        return;
    };
    if decode::fits_f32(a) && decode::fits_f32(b) {
        let (mut x, mut y) = ([0f32; TILE], [0f32; TILE]);
        let mut bytes = Vec::new();
        for start in (0..a.elements().min(b.elements())).step_by(TILE) {
            let count = (a.elements().min(b.elements()) - start).min(TILE);
            let x = singles(a.part(start, count), &mut x, &mut bytes, isa);
            let y = singles(b.part(start, count), &mut y, &mut bytes, isa);
            let loops = Loops {
                equal: |x: &[f32], y: &[f32], format| isa.equal_32(x, y, format),
                cut: |p: f32| f32::from_bits(p.to_bits() & 0xffff_0000),
            };
            tile(x, y, &loops, casts);
            casts.common += isa.near_32(x, y, old, new);
        }
        return;
    }
    super::for_each_tile(a, b, isa, |_, x, y| {
        let loops = Loops {
            equal: |x: &[f64], y: &[f64], format| isa.equal_64(x, y, format),
            // Towards zero to f32 first: cutting twice is cutting once.
            cut: |p: f64| {
                let single = p as f32;
                let down = if f64::from(single).abs() > p.abs() {
                    f32::from_bits(single.to_bits() - 1)
                } else {
                    single
                };
                f64::from(f32::from_bits(down.to_bits() & 0xffff_0000))
            },
        };
        tile(x, y, &loops, casts);
        casts.common += isa.near_64(x, y, old, new);
    });
}

struct Loops<E, C> {
    equal: E,
    cut: C,
}

fn tile<R: Real>(
    x: &[R],
    y: &[R],
    loops: &Loops<impl Fn(&[R], &[R], Format) -> u64, impl Fn(R) -> R>,
    casts: &mut Casts,
) {
    for (at, narrow) in Narrow::ALL.into_iter().enumerate() {
        let format = Format::of(narrow);
        if let Some(count) = &mut casts.forward[at] {
            *count += (loops.equal)(x, y, format);
        }
        if let Some(count) = &mut casts.backward[at] {
            *count += (loops.equal)(y, x, format);
        }
    }
    if let Some(count) = &mut casts.truncated {
        let is_cut = |&(&p, &q): &(&R, &R)| (loops.cut)(p) == q || (p.is_nan() && q.is_nan());
        *count += x.iter().zip(y).filter(is_cut).count() as u64;
    }
    let largest = R::limit();
    let is_finite = |p: R| p.magnitude() <= largest;
    let mut elements = 0u32;
    for (&p, &q) in x.iter().zip(y) {
        elements += u32::from(is_finite(p) & is_finite(q));
    }
    casts.elements += u64::from(elements);
    if elements as usize == x.len() {
        return;
    }
    for (&p, &q) in x
        .iter()
        .zip(y)
        .filter(|&(&p, &q)| !(is_finite(p) && is_finite(q)))
    {
        let explains = |p: R, q: R, narrow: Narrow| {
            let format = Format::of(narrow);
            is_rounded(p, q, Rounding::of(format), format)
        };
        let formats = Narrow::ALL
            .into_iter()
            .zip(casts.forward.iter().zip(&casts.backward));
        let is_consistent = p == q
            || (p.is_nan() && q.is_nan())
            || formats.into_iter().any(|(narrow, (forward, backward))| {
                (forward.is_some() && explains(p, q, narrow))
                    || (backward.is_some() && explains(q, p, narrow))
            });
        casts.elements += u64::from(is_consistent);
    }
}

fn singles<'t>(
    side: Operand,
    out: &'t mut [f32; TILE],
    bytes: &mut Vec<Single>,
    isa: Isa,
) -> &'t [f32] {
    let out = &mut out[..side.elements()];
    let decoded = decode::singles(side, bytes, isa);
    for (value, single) in out.iter_mut().zip(decoded.as_chunks().0) {
        *value = f32::from_le_bytes(*single);
    }
    out
}
