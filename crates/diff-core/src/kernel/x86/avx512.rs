//! AVX-512: one pass over the tile, sixteen lanes in one register.
//!
//! All nine sums stay in registers for a block. What is counted is compared into mask registers, and those are stored to
//! a small buffer in the first-level cache and counted once a tile: a store costs no arithmetic, and a count or a masked
//! addition for each comparison would cost as much as the sums. 16-bit elements are compared and searched for their
//! extremes while they are packed, 32 in a register. Macros instead of functions around the steps: closures and plain
//! helpers would not inherit the instruction set.

#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the intrinsics' own prefix says where they come from"
    )
)]

use std::arch::x86_64::*;

use crate::kernel::Foreseen;
use crate::kernel::fast::{self, BLOCK, Bound, Element, Lanes, Side, TILE, Totals};

const VECTORS: usize = TILE / 16;

/// Registers of a block of f32, and of 16-bit elements.
const STEPS_32: usize = BLOCK / 16;
const STEPS_16: usize = BLOCK / 32;

/// One bit an element, in order.
type Masks = [u16; VECTORS];
type WideMasks = [u32; VECTORS / 2];

/// The same attribute on every function, so that they become part of each other.
macro_rules! avx512 {
    ($($item:item)*) => {
        $(#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512vl,avx512dq,avx512bw,avx512vpopcntdq")] $item)*
    };
}

/// Nine running sums of one block.
struct Sums {
    dd: __m512,
    abs_d: __m512,
    d: __m512,
    ad: __m512,
    ab: __m512,
    aa: __m512,
    bb: __m512,
    a: __m512,
    b: __m512,
}

avx512! {
    #[inline]
    fn load(bytes: &[u8; 64]) -> __m512i {
        // SAFETY: a reference to 64 bytes; the instruction takes any alignment.
        unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
    }

    /// Asks for the line `ahead` bytes further on.
    #[inline]
    #[allow(unused_unsafe, reason = "newer compilers need none here")]
    fn prefetch(bytes: &[u8; 64], ahead: usize) {
        // SAFETY: a hint about an address, which never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().wrapping_add(ahead).cast()) };
    }

    #[inline]
    fn load_half(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: a reference to 32 bytes; the instruction takes any alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[inline]
    fn load_f32(lanes: &[f32; 16]) -> __m512 {
        // SAFETY: a reference to sixteen f32; the instruction takes any alignment.
        unsafe { _mm512_loadu_ps(lanes.as_ptr()) }
    }

    #[inline]
    fn store_f32(lanes: &mut [f32; 16], value: __m512) {
        // SAFETY: as for `load_f32`, and the reference is exclusive.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), value) }
    }

    #[inline]
    fn load_codes<T>(codes: &[T; 32]) -> __m512i {
        const { assert!(size_of::<T>() == 2) }
        // SAFETY: a reference to 32 integers of two bytes; the instruction takes any alignment.
        unsafe { _mm512_loadu_si512(codes.as_ptr().cast()) }
    }

    #[inline]
    fn store_unsigned(codes: &mut [u16; 32], value: __m512i) {
        // SAFETY: an exclusive reference to 32 integers of two bytes, for which any bits are valid.
        unsafe { _mm512_storeu_si512(codes.as_mut_ptr().cast(), value) }
    }

    #[inline]
    fn store_signed(codes: &mut [i16; 32], value: __m512i) {
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(codes.as_mut_ptr().cast(), value) }
    }

    /// The masks as registers of 512 elements.
    #[inline]
    fn load_masks<T, const N: usize>(masks: &[T; N]) -> [__m512i; 8] {
        const { assert!(size_of::<[T; N]>() == 512) }
        let first = masks.as_ptr().cast::<__m512i>();
        let mut registers = [_mm512_setzero_si512(); 8];
        for (at, register) in registers.iter_mut().enumerate() {
            // SAFETY: a reference to 512 bytes of integers holds eight registers; any alignment will do.
            *register = unsafe { _mm512_loadu_si512(first.add(at)) };
        }
        registers
    }

    #[inline]
    fn count(masks: &[__m512i; 8]) -> u64 {
        let mut total = _mm512_setzero_si512();
        for mask in masks {
            total = _mm512_add_epi64(total, _mm512_popcnt_epi64(*mask));
        }
        _mm512_reduce_add_epi64(total).cast_unsigned()
    }

    /// Where both sides are zero and their bits differ.
    #[inline]
    fn all_of(x: &[__m512i; 8], y: &[__m512i; 8], z: &[__m512i; 8]) -> [__m512i; 8] {
        let mut out = *x;
        for at in 0..8 {
            out[at] = _mm512_ternarylogic_epi64::<0x80>(x[at], y[at], z[at]);
        }
        out
    }

    /// Widens the lanes of a block and adds them to those of the chunk.
    #[inline]
    fn fold(total: &mut Lanes, lanes: __m512) {
        let low = _mm512_cvtps_pd(_mm512_castps512_ps256(lanes));
        let high = _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(lanes));
        let first = total.as_mut_ptr();
        // SAFETY: `total` holds sixteen f64 and is borrowed exclusively; any alignment will do.
        unsafe {
            _mm512_storeu_pd(first, _mm512_add_pd(_mm512_loadu_pd(first), low));
            let second = first.add(8);
            _mm512_storeu_pd(second, _mm512_add_pd(_mm512_loadu_pd(second), high));
        }
    }

    #[inline]
    fn zero_sums() -> Sums {
        let zero = _mm512_setzero_ps();
        Sums { dd: zero, abs_d: zero, d: zero, ad: zero, ab: zero, aa: zero, bb: zero, a: zero, b: zero }
    }

    #[inline]
    fn fold_sums(sums: &Sums, totals: &mut Totals) {
        fold(&mut totals.dd, sums.dd);
        fold(&mut totals.abs_d, sums.abs_d);
        fold(&mut totals.d, sums.d);
        fold(&mut totals.ad, sums.ad);
        fold(&mut totals.ab, sums.ab);
        fold(&mut totals.old.squares, sums.aa);
        fold(&mut totals.new.squares, sums.bb);
        fold(&mut totals.old.sum, sums.a);
        fold(&mut totals.new.sum, sums.b);
    }
}

/// Adds one register of each side to the sums; gives the bits of |d|.
macro_rules! add_terms {
    ($sums:ident, $x:expr, $y:expr) => {{
        let (x, y) = ($x, $y);
        let d = _mm512_sub_ps(y, x);
        let magnitude = _mm512_and_si512(_mm512_castps_si512(d), _mm512_set1_epi32(0x7fff_ffff));
        $sums.dd = _mm512_fmadd_ps(d, d, $sums.dd);
        $sums.abs_d = _mm512_add_ps($sums.abs_d, _mm512_castsi512_ps(magnitude));
        $sums.d = _mm512_add_ps($sums.d, d);
        $sums.ad = _mm512_fmadd_ps(x, d, $sums.ad);
        $sums.ab = _mm512_fmadd_ps(x, y, $sums.ab);
        $sums.aa = _mm512_fmadd_ps(x, x, $sums.aa);
        $sums.bb = _mm512_fmadd_ps(y, y, $sums.bb);
        $sums.a = _mm512_add_ps($sums.a, x);
        $sums.b = _mm512_add_ps($sums.b, y);
        magnitude
    }};
}

/// Compares |d| with the threshold, or with the values below and above the two next to it.
macro_rules! compare_bound {
    ($magnitude:ident, $below:ident, $above:ident, $bounds:ident) => {
        *$below = _mm512_cmpgt_epi32_mask($magnitude, $bounds.0);
        if NEAR {
            *$above = _mm512_cmpgt_epi32_mask($magnitude, $bounds.1);
        }
    };
}

/// Adds what the masks of a tile say.
macro_rules! add_counts {
    ($element:expr, $a:ident, $b:ident, $bound:ident, $totals:ident,
     $below:ident, $above:ident, $differ:ident, $zero_a:ident, $zero_b:ident) => {
        let over = count(&load_masks(&$below));
        $totals.over += if NEAR && over != count(&load_masks(&$above)) {
            fast::count_over($element, $a, $b, $bound.exact)
        } else {
            over
        };
        let (differ, zero_a, zero_b) = (
            load_masks(&$differ),
            load_masks(&$zero_a),
            load_masks(&$zero_b),
        );
        $totals.bit_changed += count(&differ);
        $totals.old.zeros += count(&zero_a);
        $totals.new.zeros += count(&zero_b);
        $totals.sign_of_zero += count(&all_of(&differ, &zero_a, &zero_b));
    };
}

avx512! {
    #[inline]
    fn bounds<const NEAR: bool>(bound: Bound) -> (__m512i, __m512i) {
        let below = if NEAR { bound.bits - 1 } else { bound.bits };
        (_mm512_set1_epi32(below), _mm512_set1_epi32(bound.bits.saturating_add(1)))
    }

    pub(crate) fn pair_f32<const NEAR: bool, const FAR: bool>(a: &[u8], b: &[u8], bound: Bound, foreseen: &Foreseen, totals: &mut Totals) {
        let mut line = 0;
        let (mut below, mut above): (Masks, Masks) = ([0; VECTORS], [0; VECTORS]);
        let (mut differ, mut zero_a, mut zero_b): (Masks, Masks, Masks) = ([0; VECTORS], [0; VECTORS], [0; VECTORS]);
        let bounds = bounds::<NEAR>(bound);
        let ahead = super::ahead();
        let magnitude_bits = _mm512_set1_epi32(0x7fff_ffff);
        let (mut low_a, mut high_a) = (load_f32(&totals.old.low), load_f32(&totals.old.high));
        let (mut low_b, mut high_b) = (load_f32(&totals.new.low), load_f32(&totals.new.high));
        let mut largest = _mm512_castps_si512(load_f32(&totals.max_abs_d));
        let masks = below.chunks_mut(STEPS_32).zip(above.chunks_mut(STEPS_32)).zip(differ.chunks_mut(STEPS_32))
            .zip(zero_a.chunks_mut(STEPS_32).zip(zero_b.chunks_mut(STEPS_32)));
        let blocks = a.as_chunks().0.chunks(STEPS_32).zip(b.as_chunks().0.chunks(STEPS_32));
        for ((a, b), (((below, above), differ), (zero_a, zero_b))) in blocks.zip(masks) {
            let mut sums = zero_sums();
            let masks = below.iter_mut().zip(above).zip(differ).zip(zero_a.iter_mut().zip(zero_b));
            for ((a, b), (((below, above), differ), (zero_a, zero_b))) in a.iter().zip(b).zip(masks) {
                if FAR {
                    super::foresee(foreseen, line);
                    line += 1;
                } else {
                    prefetch(a, ahead);
                    prefetch(b, ahead);
                }
                let (p, q) = (load(a), load(b));
                let (x, y) = (_mm512_castsi512_ps(p), _mm512_castsi512_ps(q));
                let magnitude = add_terms!(sums, x, y);
                compare_bound!(magnitude, below, above, bounds);
                largest = _mm512_max_epi32(largest, magnitude);
                low_a = _mm512_min_ps(x, low_a);
                high_a = _mm512_max_ps(x, high_a);
                low_b = _mm512_min_ps(y, low_b);
                high_b = _mm512_max_ps(y, high_b);
                *differ = _mm512_cmpneq_epi32_mask(p, q);
                *zero_a = _mm512_testn_epi32_mask(p, magnitude_bits);
                *zero_b = _mm512_testn_epi32_mask(q, magnitude_bits);
            }
            fold_sums(&sums, totals);
        }
        store_f32(&mut totals.old.low, low_a);
        store_f32(&mut totals.old.high, high_a);
        store_f32(&mut totals.new.low, low_b);
        store_f32(&mut totals.new.high, high_b);
        store_f32(&mut totals.max_abs_d, _mm512_castsi512_ps(largest));
        add_counts!(Element::F32, a, b, bound, totals, below, above, differ, zero_a, zero_b);
    }

    /// Sums of one side; with `equal`, of both.
    pub(crate) fn own_f32(bytes: &[u8], equal: bool, totals: &mut Totals) {
        let mut zeros: Masks = [0; VECTORS];
        let ahead = super::ahead();
        let magnitude_bits = _mm512_set1_epi32(0x7fff_ffff);
        let (mut low, mut high) = (_mm512_set1_ps(f32::INFINITY), _mm512_set1_ps(f32::NEG_INFINITY));
        for (block, zeros) in bytes.as_chunks().0.chunks(STEPS_32).zip(zeros.chunks_mut(STEPS_32)) {
            let (mut sum, mut squares) = (_mm512_setzero_ps(), _mm512_setzero_ps());
            for (step, zero) in block.iter().zip(zeros) {
                prefetch(step, ahead);
                let code = load(step);
                let x = _mm512_castsi512_ps(code);
                squares = _mm512_fmadd_ps(x, x, squares);
                sum = _mm512_add_ps(sum, x);
                low = _mm512_min_ps(x, low);
                high = _mm512_max_ps(x, high);
                *zero = _mm512_testn_epi32_mask(code, magnitude_bits);
            }
            fold_own(sum, squares, equal, totals);
        }
        let mut tile = Side { zeros: count(&load_masks(&zeros)), ..Side::default() };
        store_f32(&mut tile.low, low);
        store_f32(&mut tile.high, high);
        add_elements(&tile, equal, totals);
    }

    #[inline]
    fn fold_own(sum: __m512, squares: __m512, equal: bool, totals: &mut Totals) {
        fold(&mut totals.old.sum, sum);
        fold(&mut totals.old.squares, squares);
        if equal {
            fold(&mut totals.new.sum, sum);
            fold(&mut totals.new.squares, squares);
            fold(&mut totals.ab, squares);
        }
    }

    #[inline]
    fn add_elements(tile: &Side, equal: bool, totals: &mut Totals) {
        totals.old.add_elements(tile);
        if equal {
            totals.new.add_elements(tile);
        }
    }
}

/// The two registers of f32 in 32 packed elements, as (register of codes, first, second).
macro_rules! split {
    (bf16, $bytes:expr) => {{
        let codes = load($bytes);
        let even = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(codes));
        let odd = _mm512_castsi512_ps(_mm512_and_si512(
            codes,
            _mm512_set1_epi32(0xffff_0000_u32.cast_signed()),
        ));
        (codes, even, odd)
    }};
    (f16, $bytes:expr) => {{
        let halves = $bytes.as_chunks().0;
        (
            load($bytes),
            _mm512_cvtph_ps(load_half(&halves[0])),
            _mm512_cvtph_ps(load_half(&halves[1])),
        )
    }};
}

macro_rules! sixteen_bits {
    ($pair:ident, $own:ident, $kind:ident, $element:expr) => {
        avx512! {
            pub(crate) fn $pair<const NEAR: bool, const FAR: bool>(a: &[u8], b: &[u8], bound: Bound, foreseen: &Foreseen, totals: &mut Totals) {
                let mut line = 0;
                let (mut below, mut above): (Masks, Masks) = ([0; VECTORS], [0; VECTORS]);
                let (mut differ, mut zero_a, mut zero_b): (WideMasks, WideMasks, WideMasks) =
                    ([0; VECTORS / 2], [0; VECTORS / 2], [0; VECTORS / 2]);
                let bounds = bounds::<NEAR>(bound);
        let ahead = super::ahead();
                let magnitude_bits = _mm512_set1_epi16(0x7fff);
                let (mut unsigned_a, mut signed_a) = (load_codes(&totals.old.unsigned), load_codes(&totals.old.signed));
                let (mut unsigned_b, mut signed_b) = (load_codes(&totals.new.unsigned), load_codes(&totals.new.signed));
                let mut largest = _mm512_castps_si512(load_f32(&totals.max_abs_d));
                let (below_two, above_two) = (below.as_chunks_mut::<2>().0, above.as_chunks_mut::<2>().0);
                let masks = below_two.chunks_mut(STEPS_16).zip(above_two.chunks_mut(STEPS_16)).zip(differ.chunks_mut(STEPS_16))
                    .zip(zero_a.chunks_mut(STEPS_16).zip(zero_b.chunks_mut(STEPS_16)));
                let blocks = a.as_chunks().0.chunks(STEPS_16).zip(b.as_chunks().0.chunks(STEPS_16));
                for ((a, b), (((below, above), differ), (zero_a, zero_b))) in blocks.zip(masks) {
                    let mut sums = zero_sums();
                    let masks = below.iter_mut().zip(above).zip(differ).zip(zero_a.iter_mut().zip(zero_b));
                    for ((a, b), ((([below, below_1], [above, above_1]), differ), (zero_a, zero_b))) in a.iter().zip(b).zip(masks) {
                        if FAR {
                            super::foresee(foreseen, line);
                            line += 1;
                        } else {
                            prefetch(a, ahead);
                            prefetch(b, ahead);
                        }
                        let (p, x, x_1) = split!($kind, a);
                        let (q, y, y_1) = split!($kind, b);
                        let magnitude = add_terms!(sums, x, y);
                        compare_bound!(magnitude, below, above, bounds);
                        let magnitude_1 = add_terms!(sums, x_1, y_1);
                        compare_bound!(magnitude_1, below_1, above_1, bounds);
                        largest = _mm512_max_epi32(largest, _mm512_max_epi32(magnitude, magnitude_1));
                        unsigned_a = _mm512_max_epu16(unsigned_a, p);
                        signed_a = _mm512_max_epi16(signed_a, p);
                        unsigned_b = _mm512_max_epu16(unsigned_b, q);
                        signed_b = _mm512_max_epi16(signed_b, q);
                        *differ = _mm512_cmpneq_epi16_mask(p, q);
                        *zero_a = _mm512_testn_epi16_mask(p, magnitude_bits);
                        *zero_b = _mm512_testn_epi16_mask(q, magnitude_bits);
                    }
                    fold_sums(&sums, totals);
                }
                store_unsigned(&mut totals.old.unsigned, unsigned_a);
                store_signed(&mut totals.old.signed, signed_a);
                store_unsigned(&mut totals.new.unsigned, unsigned_b);
                store_signed(&mut totals.new.signed, signed_b);
                store_f32(&mut totals.max_abs_d, _mm512_castsi512_ps(largest));
                add_counts!($element, a, b, bound, totals, below, above, differ, zero_a, zero_b);
            }

            /// Sums of one side; with `equal`, of both.
            pub(crate) fn $own(bytes: &[u8], equal: bool, totals: &mut Totals) {
                let mut zeros: WideMasks = [0; VECTORS / 2];
                let ahead = super::ahead();
                let magnitude_bits = _mm512_set1_epi16(0x7fff);
                let (mut unsigned, mut signed) = (_mm512_setzero_si512(), _mm512_set1_epi16(i16::MIN));
                for (block, zeros) in bytes.as_chunks().0.chunks(STEPS_16).zip(zeros.chunks_mut(STEPS_16)) {
                    let (mut sum, mut squares) = (_mm512_setzero_ps(), _mm512_setzero_ps());
                    for (step, zero) in block.iter().zip(zeros) {
                        prefetch(step, ahead);
                        let (codes, x, x_1) = split!($kind, step);
                        squares = _mm512_fmadd_ps(x, x, squares);
                        squares = _mm512_fmadd_ps(x_1, x_1, squares);
                        sum = _mm512_add_ps(sum, x);
                        sum = _mm512_add_ps(sum, x_1);
                        unsigned = _mm512_max_epu16(unsigned, codes);
                        signed = _mm512_max_epi16(signed, codes);
                        *zero = _mm512_testn_epi16_mask(codes, magnitude_bits);
                    }
                    fold_own(sum, squares, equal, totals);
                }
                let mut tile = Side { zeros: count(&load_masks(&zeros)), ..Side::default() };
                store_unsigned(&mut tile.unsigned, unsigned);
                store_signed(&mut tile.signed, signed);
                add_elements(&tile, equal, totals);
            }
        }
    };
}

sixteen_bits!(pair_bf16, own_bf16, bf16, Element::Bf16);
sixteen_bits!(pair_f16, own_f16, f16, Element::F16);
