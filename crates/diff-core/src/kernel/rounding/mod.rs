//! Numbers against others, rounded to narrower formats: to nearest even, and with the overflow of the format.

#![expect(
    clippy::inline_always,
    reason = "a loop must become part of the function that carries the instruction set"
)]
#![expect(
    clippy::needless_bitwise_bool,
    reason = "a loop without branches becomes vector instructions"
)]

mod format;
mod real;

use format::{Rounding, Spacing};

pub(super) use format::{Format, round_e4m3};
pub(super) use real::Real;

/// Elements of `y` that equal those of `x` rounded to the format.
#[inline(always)]
pub(super) fn equal<R: Real>(x: &[R], y: &[R], format: Format) -> u64 {
    let rounding = Rounding::<R>::of(format);
    let mut count = 0u32;
    for (&p, &q) in x.iter().zip(y) {
        count += u32::from(is_rounded(p, q, rounding, format));
    }
    u64::from(count)
}

/// The numbers of `x` rounded to a format that has infinity.
pub(super) fn round<R: Real>(x: &[R], format: Format, out: &mut [R]) {
    let rounding = Rounding::<R>::of(format);
    for (&p, out) in x.iter().zip(out) {
        let rounded = rounding.round(p.magnitude());
        let is_over = rounded > rounding.largest;
        let size = if is_over {
            R::of(f64::INFINITY)
        } else {
            rounded
        };
        *out = if p.is_nan() { p } else { size.signed_as(p) };
    }
}

/// Whether `q` is `p` rounded to the format.
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
        // A number in the middle of two others is a source of the even one.
        let overlap = (distance < inner.plus(outer)) | (distance <= inner) | (distance <= outer);
        let same_sign = p.is_negative() == q.is_negative();
        let infinite_old = small > a.largest;
        let infinite_new = large > b.largest;
        let over = same_sign
            & ((infinite_old & infinite_new)
                | (infinite_old & (large.plus(b.half(large, false)) >= a.over))
                | (infinite_new & (small.plus(a.half(small, false)) >= b.over)));
        let both_nan = p.is_nan() & q.is_nan();
        count += u32::from((p == q) | (overlap & !infinite_old & !infinite_new) | over | both_nan);
    }
    u64::from(count)
}

pub(super) fn equal_32(x: &[f32], y: &[f32], format: Format) -> u64 {
    equal(x, y, format)
}

pub(super) fn equal_64(x: &[f64], y: &[f64], format: Format) -> u64 {
    equal(x, y, format)
}

pub(super) fn near_32(x: &[f32], y: &[f32], old: Format, new: Format) -> u64 {
    near(x, y, old, new)
}

pub(super) fn near_64(x: &[f64], y: &[f64], old: Format, new: Format) -> u64 {
    near(x, y, old, new)
}
