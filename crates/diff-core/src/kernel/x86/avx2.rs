//! AVX2 with FMA and F16C: three passes over each block of 1,024 elements, which stays in the first-level cache.
//!
//! Sixteen lanes are two registers, and nine sums of two registers do not fit into sixteen. So the differences, the old
//! side (with the products of both) and the new side have a pass each, in functions that are never inlined: in one function
//! LLVM keeps accumulators in memory. Comparisons are of integers, counted in registers (-1 for each hit).

#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "the intrinsics' own prefix says where they come from"
    )
)]

use std::arch::x86_64::*;

use crate::kernel::decode::{self, Single};
use crate::kernel::dequantise;
use crate::kernel::fast::{self, BLOCK, Bound, Element, Lanes, STEP, Side, Totals};
use crate::kernel::{Foreseen, LINE};

macro_rules! avx2 {
    ($($(#[$attribute:meta])* { $item:item })*) => {
        $(#[target_feature(enable = "avx2,fma,f16c")] $(#[$attribute])* $item)*
    };
}

avx2! {
    #[inline] {
    fn load(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: a reference to 32 bytes; the instruction takes any alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }}

    /// Asks for the lines `ahead` bytes further on.
    #[inline] #[allow(unused_unsafe, reason = "newer compilers need none here")] {
    fn prefetch<const N: usize>(bytes: &[u8; N], ahead: usize) {
        for line in bytes.as_chunks::<64>().0 {
            // SAFETY: a hint about an address, which never faults.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().wrapping_add(ahead).cast()) };
        }
    }}

    #[inline] {
    fn load_half(bytes: &[u8; 16]) -> __m128i {
        // SAFETY: a reference to 16 bytes; the instruction takes any alignment.
        unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
    }}

    #[inline] {
    fn load_f32(lanes: &[f32; 8]) -> __m256 {
        // SAFETY: a reference to eight f32; the instruction takes any alignment.
        unsafe { _mm256_loadu_ps(lanes.as_ptr()) }
    }}

    #[inline] {
    fn store_f32(lanes: &mut [f32; 8], value: __m256) {
        // SAFETY: as for `load_f32`, and the reference is exclusive.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), value) }
    }}

    // The first sixteen codes of an array: the loops need no more.
    #[inline] {
    fn load_codes<T>(codes: &[T; 32]) -> __m256i {
        const { assert!(size_of::<T>() == 2) }
        // SAFETY: a reference to 64 bytes of integers; the instruction takes any alignment.
        unsafe { _mm256_loadu_si256(codes.as_ptr().cast()) }
    }}

    #[inline] {
    fn store_unsigned(codes: &mut [u16; 32], value: __m256i) {
        // SAFETY: an exclusive reference to 64 bytes of integers, for which any bits are valid.
        unsafe { _mm256_storeu_si256(codes.as_mut_ptr().cast(), value) }
    }}

    #[inline] {
    fn store_signed(codes: &mut [i16; 32], value: __m256i) {
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(codes.as_mut_ptr().cast(), value) }
    }}

    /// Widens four lanes at a time and adds them to those of the chunk.
    #[inline] {
    fn fold(total: &mut Lanes, lanes: [__m256; 2]) {
        for (total, lanes) in total.as_chunks_mut::<8>().0.iter_mut().zip(lanes) {
            let first = total.as_mut_ptr();
            let low = _mm256_cvtps_pd(_mm256_castps256_ps128(lanes));
            let high = _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(lanes));
            // SAFETY: `total` holds eight f64 and is borrowed exclusively; any alignment will do.
            unsafe {
                _mm256_storeu_pd(first, _mm256_add_pd(_mm256_loadu_pd(first), low));
                let second = first.add(4);
                _mm256_storeu_pd(second, _mm256_add_pd(_mm256_loadu_pd(second), high));
            }
        }
    }}

    /// Sum of counters that went down by one for each hit.
    #[inline] {
    fn count_32(hits: __m256i) -> u64 {
        let half = _mm_add_epi32(_mm256_castsi256_si128(hits), _mm256_extracti128_si256::<1>(hits));
        let quarter = _mm_add_epi32(half, _mm_shuffle_epi32::<0b01_00_11_10>(half));
        let sum = _mm_extract_epi32::<0>(quarter) + _mm_extract_epi32::<1>(quarter);
        u64::from(sum.unsigned_abs())
    }}

    /// The same of 16-bit counters.
    #[inline] {
    fn count_16(hits: __m256i) -> u64 {
        count_32(_mm256_madd_epi16(hits, _mm256_set1_epi16(1)))
    }}
}

avx2! {
    /// f16 as f32.
    {
    pub(crate) fn widen_f16(bytes: &[u8], out: &mut [Single]) {
        let (groups, rest) = bytes.as_chunks();
        let (groups_out, rest_out) = out.as_chunks_mut::<8>();
        for (halves, out) in groups.iter().zip(groups_out) {
            let singles = _mm256_cvtph_ps(load_half(halves));
            // SAFETY: an exclusive reference to 32 bytes; the instruction takes any alignment.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr().cast(), singles) };
        }
        decode::widen_f16(rest, rest_out);
    }}

    /// For each code of four bits the number of a table.
    {
    pub(crate) fn look_up(codes: &[u8], table: &[Single; 16], out: &mut [Single]) {
        let [low, high] = [0, 8].map(|first| {
            let half = table.as_flattened()[4 * first..].first_chunk().unwrap_or(&[0; 32]);
            _mm256_castsi256_ps(load(half))
        });
        let (groups, rest) = codes.as_chunks::<8>();
        let (groups_out, rest_out) = out.as_chunks_mut::<8>();
        for (codes, out) in groups.iter().zip(&mut *groups_out) {
            let codes = u64::from_le_bytes(*codes).cast_signed();
            let places = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(codes));
            // The lowest three bits choose among eight, and the fourth among the halves.
            let chosen = _mm256_blendv_ps(
                _mm256_permutevar8x32_ps(low, places),
                _mm256_permutevar8x32_ps(high, places),
                _mm256_castsi256_ps(_mm256_slli_epi32::<28>(places)),
            );
            // SAFETY: an exclusive reference to 32 bytes; the instruction takes any alignment.
            unsafe { _mm256_storeu_ps(out.as_mut_ptr().cast(), chosen) };
        }
        if groups.len() == groups_out.len() {
            dequantise::look_up(rest, table, rest_out);
        }
    }}
}

/// 32 elements as rows of sixteen lanes: what each lane takes first, and what it takes then.
macro_rules! rows {
    (f32, $step:expr) => {{
        let parts = $step.as_chunks().0;
        [
            [
                _mm256_castsi256_ps(load(&parts[0])),
                _mm256_castsi256_ps(load(&parts[1])),
            ],
            [
                _mm256_castsi256_ps(load(&parts[2])),
                _mm256_castsi256_ps(load(&parts[3])),
            ],
        ]
    }};
    (bf16, $step:expr) => {{
        let parts = $step.as_chunks().0;
        let (p, q) = (load(&parts[0]), load(&parts[1]));
        let odd = _mm256_set1_epi32(0xffff_0000_u32.cast_signed());
        [
            [
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(p)),
                _mm256_castsi256_ps(_mm256_slli_epi32::<16>(q)),
            ],
            [
                _mm256_castsi256_ps(_mm256_and_si256(p, odd)),
                _mm256_castsi256_ps(_mm256_and_si256(q, odd)),
            ],
        ]
    }};
    (f16, $step:expr) => {{
        let parts = $step.as_chunks().0;
        [
            [
                _mm256_cvtph_ps(load_half(&parts[0])),
                _mm256_cvtph_ps(load_half(&parts[1])),
            ],
            [
                _mm256_cvtph_ps(load_half(&parts[2])),
                _mm256_cvtph_ps(load_half(&parts[3])),
            ],
        ]
    }};
}

/// Adds -1 to the counters of elements that have the same bits.
macro_rules! add_same {
    (f32, $same:ident, $a:expr, $b:expr) => {
        for (p, q) in $a.as_chunks().0.iter().zip($b.as_chunks().0) {
            $same = _mm256_add_epi32($same, _mm256_cmpeq_epi32(load(p), load(q)));
        }
    };
    ($bits16:ident, $same:ident, $a:expr, $b:expr) => {
        for (p, q) in $a.as_chunks().0.iter().zip($b.as_chunks().0) {
            $same = _mm256_add_epi16($same, _mm256_cmpeq_epi16(load(p), load(q)));
        }
    };
}

/// Extremes and zeros of a step, in the form that suits the type.
macro_rules! extremes {
    // Two registers each: a chain of one would wait for its own latency.
    (f32: load $side:expr) => {{
        let (low, high) = (&$side.low.as_chunks().0, &$side.high.as_chunks().0);
        (
            [load_f32(&low[0]), load_f32(&low[1])],
            [load_f32(&high[0]), load_f32(&high[1])],
        )
    }};
    (f32: add $state:ident, $zeros:ident, $step:expr, $rows:expr) => {
        for row in $rows {
            for half in 0..2 {
                $state.0[half] = _mm256_min_ps(row[half], $state.0[half]);
                $state.1[half] = _mm256_max_ps(row[half], $state.1[half]);
                let zero = _mm256_cmp_ps::<_CMP_EQ_OQ>(row[half], _mm256_setzero_ps());
                $zeros = _mm256_add_epi32($zeros, _mm256_castps_si256(zero));
            }
        }
    };
    (f32: store $side:expr, $state:expr) => {
        for half in 0..2 {
            store_f32(&mut $side.low.as_chunks_mut().0[half], $state.0[half]);
            store_f32(&mut $side.high.as_chunks_mut().0[half], $state.1[half]);
        }
    };
    ($bits16:ident: load $side:expr) => {
        (load_codes(&$side.unsigned), load_codes(&$side.signed))
    };
    ($bits16:ident: add $state:ident, $zeros:ident, $step:expr, $rows:expr) => {
        for codes in $step.as_chunks().0 {
            let codes = load(codes);
            $state.0 = _mm256_max_epu16($state.0, codes);
            $state.1 = _mm256_max_epi16($state.1, codes);
            let zero = _mm256_cmpeq_epi16(_mm256_add_epi16(codes, codes), _mm256_setzero_si256());
            $zeros = _mm256_add_epi16($zeros, zero);
        }
    };
    ($bits16:ident: store $side:expr, $state:expr) => {
        store_unsigned(&mut $side.unsigned, $state.0);
        store_signed(&mut $side.signed, $state.1);
    };
}

macro_rules! loops {
    ($kind:ident, $element:expr, $step:literal, $count:ident, $pair:ident, $own:ident, $difference:ident, $side:ident) => {
        avx2! {
            {
            pub(crate) fn $pair<const NEAR: bool, const FAR: bool>(a: &[u8], b: &[u8], bound: Bound, foreseen: &Foreseen, totals: &mut Totals) {
                const BYTES: usize = BLOCK / STEP * $step;
                for (a, b) in a.chunks(BYTES).zip(b.chunks(BYTES)) {
                    let zeros = (totals.old.zeros, totals.new.zeros);
                    $difference::<NEAR, FAR>(a.as_chunks().0, b.as_chunks().0, bound, foreseen, totals);
                    let ab = $side::<true>(a.as_chunks().0, b.as_chunks().0, &mut totals.old);
                    fold(&mut totals.ab, ab.0);
                    $side::<false>(b.as_chunks().0, b.as_chunks().0, &mut totals.new);
                    if zeros.0 != totals.old.zeros && zeros.1 != totals.new.zeros {
                        totals.sign_of_zero += fast::count_signs_of_zero($element, a, b);
                    }
                }
            }}

            /// Sums of one side; with `equal`, of both.
            {
            pub(crate) fn $own(bytes: &[u8], equal: bool, totals: &mut Totals) {
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
            fn $difference<const NEAR: bool, const FAR: bool>(a: &[[u8; $step]], b: &[[u8; $step]], bound: Bound, foreseen: &Foreseen, totals: &mut Totals) {
                let mut line = 0;
                let zero = _mm256_setzero_ps();
                let (mut dd, mut abs_d, mut d_, mut ad) = ([zero; 2], [zero; 2], [zero; 2], [zero; 2]);
                let none = _mm256_setzero_si256();
                let (mut below, mut above, mut same) = (none, none, none);
                let start = totals.max_abs_d.as_chunks().0;
                let mut largest = _mm256_castps_si256(_mm256_max_ps(load_f32(&start[0]), load_f32(&start[1])));
                let least = _mm256_set1_epi32(if NEAR { bound.bits - 1 } else { bound.bits });
                let most = _mm256_set1_epi32(bound.bits.saturating_add(1));
                let magnitude_bits = _mm256_set1_epi32(0x7fff_ffff);
                let ahead = super::ahead();
                for (a, b) in a.iter().zip(b) {
                    if FAR {
                        for _ in 0..$step / LINE {
                            super::foresee(foreseen, line);
                            line += 1;
                        }
                    } else {
                        prefetch(a, ahead);
                        prefetch(b, ahead);
                    }
                    let (rows_a, rows_b) = (rows!($kind, a), rows!($kind, b));
                    for row in 0..2 {
                        for half in 0..2 {
                            let (x, y) = (rows_a[row][half], rows_b[row][half]);
                            let d = _mm256_sub_ps(y, x);
                            let magnitude = _mm256_and_si256(_mm256_castps_si256(d), magnitude_bits);
                            dd[half] = _mm256_fmadd_ps(d, d, dd[half]);
                            abs_d[half] = _mm256_add_ps(abs_d[half], _mm256_castsi256_ps(magnitude));
                            d_[half] = _mm256_add_ps(d_[half], d);
                            ad[half] = _mm256_fmadd_ps(x, d, ad[half]);
                            largest = _mm256_max_epi32(largest, magnitude);
                            below = _mm256_add_epi32(below, _mm256_cmpgt_epi32(magnitude, least));
                            if NEAR {
                                above = _mm256_add_epi32(above, _mm256_cmpgt_epi32(magnitude, most));
                            }
                        }
                    }
                    add_same!($kind, same, a, b);
                }
                fold(&mut totals.dd, dd);
                fold(&mut totals.abs_d, abs_d);
                fold(&mut totals.d, d_);
                fold(&mut totals.ad, ad);
                store_f32(&mut totals.max_abs_d.as_chunks_mut().0[0], _mm256_castsi256_ps(largest));
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
            fn $side<const PRODUCTS: bool>(x: &[[u8; $step]], y: &[[u8; $step]], side: &mut Side) -> ([__m256; 2], [__m256; 2], [__m256; 2]) {
                let zero = _mm256_setzero_ps();
                let (mut sum, mut squares, mut products) = ([zero; 2], [zero; 2], [zero; 2]);
                let mut zeros = _mm256_setzero_si256();
                let mut extremes = extremes!($kind: load side);
                for (x, y) in x.iter().zip(y) {
                    let rows_x = rows!($kind, x);
                    let rows_y = if PRODUCTS { rows!($kind, y) } else { rows_x };
                    for row in 0..2 {
                        for half in 0..2 {
                            let v = rows_x[row][half];
                            squares[half] = _mm256_fmadd_ps(v, v, squares[half]);
                            sum[half] = _mm256_add_ps(sum[half], v);
                            if PRODUCTS {
                                products[half] = _mm256_fmadd_ps(v, rows_y[row][half], products[half]);
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
