//! The loops of [`fast`] for aarch64, where NEON is part of every target: three passes over each block
//! of 1,024 elements, as in [`x86::avx2`](super::x86), with sixteen lanes in four registers. Each takes whole steps of
//! at most one tile and gives the bits of the portable definition.

#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the intrinsics' own prefix says where they come from"
    )
)]

use std::arch::aarch64::*;
use std::arch::asm;

use crate::kernel::fast::{self, BLOCK, Bound, Element, Lanes, STEP, Side, Totals};

#[inline]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: a reference to 16 bytes; the instruction takes any alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
fn load_f32(lanes: &[f32; 4]) -> float32x4_t {
    // SAFETY: a reference to four f32.
    unsafe { vld1q_f32(lanes.as_ptr()) }
}

#[inline]
fn store_f32(lanes: &mut [f32; 4], value: float32x4_t) {
    // SAFETY: an exclusive reference to four f32.
    unsafe { vst1q_f32(lanes.as_mut_ptr(), value) }
}

/// The f32 of four f16. (The type of the intrinsic, `float16x4_t`, is not stable.)
#[inline]
fn widen_low(halves: uint8x16_t) -> float32x4_t {
    let out: float32x4_t;
    // SAFETY: one instruction of the base instruction set, from register to register.
    unsafe {
        asm!("fcvtl {out:v}.4s, {halves:v}.4h", out = lateout(vreg) out, halves = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

#[inline]
fn widen_high(halves: uint8x16_t) -> float32x4_t {
    let out: float32x4_t;
    // SAFETY: as above.
    unsafe {
        asm!("fcvtl2 {out:v}.4s, {halves:v}.8h", out = lateout(vreg) out, halves = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags));
    }
    out
}

/// The intrinsics are safe to call in a function that has the instruction set.
macro_rules! neon {
    ($($(#[$attribute:meta])* { $item:item })*) => {
        $(#[target_feature(enable = "neon")] $(#[$attribute])* $item)*
    };
}

neon! {
    /// Widens two lanes at a time and adds them to those of the chunk.
    #[inline] {
    fn fold(total: &mut Lanes, lanes: [float32x4_t; 4]) {
        for (total, lanes) in total.as_chunks_mut::<4>().0.iter_mut().zip(lanes) {
            let first = total.as_mut_ptr();
            let low = vcvt_f64_f32(vget_low_f32(lanes));
            let high = vcvt_high_f64_f32(lanes);
            // SAFETY: `total` holds four f64 and is borrowed exclusively.
            unsafe {
                vst1q_f64(first, vaddq_f64(vld1q_f64(first), low));
                let second = first.add(2);
                vst1q_f64(second, vaddq_f64(vld1q_f64(second), high));
            }
        }
    }}

    #[inline] {
    fn count_32(hits: uint8x16_t) -> u64 {
        // Counters went down by one for each hit.
        u64::from(vaddvq_u32(vreinterpretq_u32_u8(hits)).wrapping_neg())
    }}

    #[inline] {
    fn count_16(hits: uint8x16_t) -> u64 {
        u64::from(vaddlvq_s16(vreinterpretq_s16_u8(hits)).unsigned_abs())
    }}

    #[inline] {
    fn add_32(counters: uint8x16_t, mask: uint32x4_t) -> uint8x16_t {
        vreinterpretq_u8_u32(vaddq_u32(vreinterpretq_u32_u8(counters), mask))
    }}

    #[inline] {
    fn add_16(counters: uint8x16_t, mask: uint16x8_t) -> uint8x16_t {
        vreinterpretq_u8_u16(vaddq_u16(vreinterpretq_u16_u8(counters), mask))
    }}
}

/// 32 elements as rows of sixteen lanes: what each lane takes first, and what it takes then.
macro_rules! rows {
    (f32, $step:expr) => {{
        let parts = $step.as_chunks().0;
        let value = |at: usize| vreinterpretq_f32_u8(load(&parts[at]));
        [
            [value(0), value(1), value(2), value(3)],
            [value(4), value(5), value(6), value(7)],
        ]
    }};
    (bf16, $step:expr) => {{
        let parts = $step.as_chunks().0;
        let code = |at: usize| vreinterpretq_u32_u8(load(&parts[at]));
        let even = |at: usize| vreinterpretq_f32_u32(vshlq_n_u32::<16>(code(at)));
        let odd = |at: usize| vreinterpretq_f32_u32(vandq_u32(code(at), vdupq_n_u32(0xffff_0000)));
        [
            [even(0), even(1), even(2), even(3)],
            [odd(0), odd(1), odd(2), odd(3)],
        ]
    }};
    (f16, $step:expr) => {{
        let parts = $step.as_chunks().0;
        let (low, high) = (
            |at: usize| widen_low(load(&parts[at])),
            |at: usize| widen_high(load(&parts[at])),
        );
        [
            [low(0), high(0), low(1), high(1)],
            [low(2), high(2), low(3), high(3)],
        ]
    }};
}

macro_rules! add_same {
    (f32, $same:ident, $a:expr, $b:expr) => {
        for (p, q) in $a.as_chunks().0.iter().zip($b.as_chunks().0) {
            let equal = vceqq_u32(vreinterpretq_u32_u8(load(p)), vreinterpretq_u32_u8(load(q)));
            $same = add_32($same, equal);
        }
    };
    ($bits16:ident, $same:ident, $a:expr, $b:expr) => {
        for (p, q) in $a.as_chunks().0.iter().zip($b.as_chunks().0) {
            let equal = vceqq_u16(vreinterpretq_u16_u8(load(p)), vreinterpretq_u16_u8(load(q)));
            $same = add_16($same, equal);
        }
    };
}

/// Extremes and zeros of a step, in the form that suits the type.
macro_rules! extremes {
    // Two registers each: a chain of one would wait for its own latency.
    (f32: start) => {
        (
            [vdupq_n_f32(f32::INFINITY); 2],
            [vdupq_n_f32(f32::NEG_INFINITY); 2],
        )
    };
    (f32: add $state:ident, $zeros:ident, $step:expr, $rows:expr) => {
        for (at, &x) in $rows.as_flattened().iter().enumerate() {
            $state.0[at % 2] = vminq_f32($state.0[at % 2], x);
            $state.1[at % 2] = vmaxq_f32($state.1[at % 2], x);
            $zeros = add_32($zeros, vceqzq_f32(x));
        }
    };
    (f32: store $side:expr, $state:expr) => {
        let low = vminvq_f32(vminq_f32($state.0[0], $state.0[1]));
        let high = vmaxvq_f32(vmaxq_f32($state.1[0], $state.1[1]));
        $side.low[0] = $side.low[0].min(low);
        $side.high[0] = $side.high[0].max(high);
    };
    ($bits16:ident: start) => {
        (vdupq_n_u16(0), vdupq_n_s16(i16::MIN))
    };
    ($bits16:ident: add $state:ident, $zeros:ident, $step:expr, $rows:expr) => {
        for codes in $step.as_chunks().0 {
            let codes = vreinterpretq_u16_u8(load(codes));
            $state.0 = vmaxq_u16($state.0, codes);
            $state.1 = vmaxq_s16($state.1, vreinterpretq_s16_u16(codes));
            $zeros = add_16($zeros, vceqzq_u16(vaddq_u16(codes, codes)));
        }
    };
    ($bits16:ident: store $side:expr, $state:expr) => {
        $side.unsigned[0] = $side.unsigned[0].max(vmaxvq_u16($state.0));
        $side.signed[0] = $side.signed[0].max(vmaxvq_s16($state.1));
    };
}

macro_rules! loops {
    ($kind:ident, $element:expr, $step:literal, $count:ident, $pair:ident, $own:ident, $difference:ident, $side:ident) => {
        neon! {
            {
            pub(super) fn $pair<const NEAR: bool>(a: &[u8], b: &[u8], bound: Bound, totals: &mut Totals) {
                const BYTES: usize = BLOCK / STEP * $step;
                for (a, b) in a.chunks(BYTES).zip(b.chunks(BYTES)) {
                    let zeros = (totals.old.zeros, totals.new.zeros);
                    $difference::<NEAR>(a.as_chunks().0, b.as_chunks().0, bound, totals);
                    let (products, _, _) = $side::<true>(a.as_chunks().0, b.as_chunks().0, &mut totals.old);
                    fold(&mut totals.ab, products);
                    $side::<false>(b.as_chunks().0, b.as_chunks().0, &mut totals.new);
                    if zeros.0 != totals.old.zeros && zeros.1 != totals.new.zeros {
                        totals.sign_of_zero += fast::count_signs_of_zero($element, a, b);
                    }
                }
            }}

            /// Sums of one side; with `equal`, of both.
            {
            pub(super) fn $own(bytes: &[u8], equal: bool, totals: &mut Totals) {
                let mut tile = Side::default();
                for block in bytes.chunks(BLOCK / STEP * $step) {
                    let (_, sum, squares) = $side::<false>(block.as_chunks().0, block.as_chunks().0, &mut tile);
                    fold(&mut totals.old.sum, sum);
                    fold(&mut totals.old.squares, squares);
                    if equal {
                        fold(&mut totals.new.sum, sum);
                        fold(&mut totals.new.squares, squares);
                        fold(&mut totals.ab, squares);
                    }
                }
                totals.old.add_elements(&tile);
                if equal {
                    totals.new.add_elements(&tile);
                }
            }}

            #[inline(never)] {
            fn $difference<const NEAR: bool>(a: &[[u8; $step]], b: &[[u8; $step]], bound: Bound, totals: &mut Totals) {
                let zero = vdupq_n_f32(0.0);
                let (mut dd, mut abs_d, mut d_, mut ad) = ([zero; 4], [zero; 4], [zero; 4], [zero; 4]);
                let none = vdupq_n_u8(0);
                let (mut below, mut above, mut same) = (none, none, none);
                let mut largest = load_f32(&totals.max_abs_d.as_chunks().0[0]);
                let least = vdupq_n_s32(if NEAR { bound.bits - 1 } else { bound.bits });
                let most = vdupq_n_s32(bound.bits.saturating_add(1));
                for (a, b) in a.iter().zip(b) {
                    let (rows_a, rows_b) = (rows!($kind, a), rows!($kind, b));
                    for row in 0..2 {
                        for part in 0..4 {
                            let (x, y) = (rows_a[row][part], rows_b[row][part]);
                            let d = vsubq_f32(y, x);
                            let magnitude = vabsq_f32(d);
                            dd[part] = vfmaq_f32(dd[part], d, d);
                            abs_d[part] = vaddq_f32(abs_d[part], magnitude);
                            d_[part] = vaddq_f32(d_[part], d);
                            ad[part] = vfmaq_f32(ad[part], x, d);
                            largest = vmaxq_f32(largest, magnitude);
                            let bits = vreinterpretq_s32_f32(magnitude);
                            below = add_32(below, vcgtq_s32(bits, least));
                            if NEAR {
                                above = add_32(above, vcgtq_s32(bits, most));
                            }
                        }
                    }
                    add_same!($kind, same, a, b);
                }
                fold(&mut totals.dd, dd);
                fold(&mut totals.abs_d, abs_d);
                fold(&mut totals.d, d_);
                fold(&mut totals.ad, ad);
                store_f32(&mut totals.max_abs_d.as_chunks_mut().0[0], largest);
                totals.bit_changed += (a.len() * STEP) as u64 - $count(same);
                let over = count_32(below);
                totals.over += if NEAR && over != count_32(above) {
                    fast::count_over($element, a.as_flattened(), b.as_flattened(), bound.exact)
                } else {
                    over
                };
            }}

            /// Sums of `x`, and the products with `y`; the lanes of the block come out too.
            #[inline(never)] {
            fn $side<const PRODUCTS: bool>(x: &[[u8; $step]], y: &[[u8; $step]], side: &mut Side) -> ([float32x4_t; 4], [float32x4_t; 4], [float32x4_t; 4]) {
                let zero = vdupq_n_f32(0.0);
                let (mut sum, mut squares, mut products) = ([zero; 4], [zero; 4], [zero; 4]);
                let mut zeros = vdupq_n_u8(0);
                let mut extremes = extremes!($kind: start);
                for (x, y) in x.iter().zip(y) {
                    let rows_x = rows!($kind, x);
                    let rows_y = if PRODUCTS { rows!($kind, y) } else { rows_x };
                    for row in 0..2 {
                        for part in 0..4 {
                            let v = rows_x[row][part];
                            squares[part] = vfmaq_f32(squares[part], v, v);
                            sum[part] = vaddq_f32(sum[part], v);
                            if PRODUCTS {
                                products[part] = vfmaq_f32(products[part], v, rows_y[row][part]);
                            }
                        }
                    }
                    extremes!($kind: add extremes, zeros, x, rows_x);
                }
                fold(&mut side.sum, sum);
                fold(&mut side.squares, squares);
                extremes!($kind: store side, extremes);
                side.zeros += $count(zeros);
                (products, sum, squares)
            }}
        }
    };
}

loops!(
    f32,
    Element::F32,
    128,
    count_32,
    pair_f32,
    own_f32,
    difference_f32,
    side_f32
);
loops!(
    bf16,
    Element::Bf16,
    64,
    count_16,
    pair_bf16,
    own_bf16,
    difference_bf16,
    side_bf16
);
loops!(
    f16,
    Element::F16,
    64,
    count_16,
    pair_f16,
    own_f16,
    difference_f16,
    side_f16
);
