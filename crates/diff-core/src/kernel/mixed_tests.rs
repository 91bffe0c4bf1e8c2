//! Floats that `fast` decodes before its loop, 8-bit ones and pairs of different types: every instruction set against the
//! portable definition bit for bit, counts and sums against `double`.

use crate::dtype::{DType, ValueMap};
use crate::kernel::{self, Elements, Isa, Method, Precision};
use crate::stats::PairStats;

const FLOATS: [DType; 8] = [
    DType::F32,
    DType::Bf16,
    DType::F16,
    DType::F8E4M3,
    DType::F8E5M2,
    DType::F8E4M3Fnuz,
    DType::F8E5M2Fnuz,
    DType::F8E8M0,
];

fn bytes(count: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// `count` elements of any bits, or of finite values of moderate size.
fn side(dtype: DType, count: usize, seed: u64, any: bool) -> Vec<u8> {
    let item = dtype.bytes() as usize;
    let mut out = bytes(count * item, seed);
    if !any {
        for element in out.chunks_exact_mut(item) {
            let top = element.last_mut().expect("an element has bytes");
            // The highest exponents out of the way, in the form of each type.
            *top = match dtype {
                DType::F32 | DType::Bf16 => *top & 0x80 | 0x3c | *top & 3,
                DType::F8E8M0 => 120 + (*top & 7),
                DType::F8E4M3Fnuz | DType::F8E5M2Fnuz if *top == 0x80 => 0,
                _ => *top & 0xbf,
            };
        }
    }
    out
}

fn compare(a: (DType, &[u8]), b: (DType, &[u8]), precision: Precision, isa: Isa) -> PairStats {
    let operand = |(dtype, bytes)| Elements {
        bytes,
        dtype,
        map: ValueMap::Identity,
    };
    let method = Method {
        threshold: 0.01,
        precision,
        ..Method::default()
    };
    kernel::compare(operand(a), operand(b), method, isa)
}

fn counts(stats: &PairStats) -> [u64; 12] {
    [
        stats.elements,
        stats.finite,
        stats.over_threshold,
        stats.value_changed,
        stats.bit_changed,
        stats.nonfinite_changed,
        stats.old.zeros,
        stats.new.zeros,
        stats.old.nan,
        stats.new.infinite,
        stats.old.min.to_bits(),
        stats.new.max.to_bits(),
    ]
}

fn every_pair(mut check: impl FnMut(DType, DType)) {
    for old in FLOATS {
        for new in FLOATS {
            check(old, new);
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    every_pair(|old, new| {
        for (count, any) in [
            (0, true),
            (1, false),
            (31, true),
            (33, false),
            (64, true),
            (9001, false),
        ] {
            let a = side(old, count, 7 + count as u64, any);
            let b = side(new, count, 8 + count as u64, any);
            let portable = compare((old, &a), (new, &b), Precision::Fast, Isa::PORTABLE);
            for isa in Isa::available() {
                let got = compare((old, &a), (new, &b), Precision::Fast, isa);
                // Debug shows every field, and numbers so that they can be read back.
                assert_eq!(
                    format!("{got:?}"),
                    format!("{portable:?}"),
                    "{old:?} {new:?} {count}"
                );
            }
        }
    });
}

#[test]
fn counts_and_sums_are_those_of_double() {
    every_pair(|old, new| {
        for (count, any) in [(5000, true), (9001, false)] {
            let (a, b) = (side(old, count, 3, any), side(new, count, 4, any));
            let fast = compare((old, &a), (new, &b), Precision::Fast, Isa::detect());
            let double = compare((old, &a), (new, &b), Precision::Double, Isa::detect());
            let what = format!("{old:?} {new:?}\n{fast:?}\n{double:?}");
            assert_eq!(counts(&fast), counts(&double), "{what}");
            let scale = (double.sum_aa * double.sum_bb).sqrt();
            for (got, expected, terms) in [
                (fast.sum_dd, double.sum_dd, double.sum_dd),
                (fast.sum_abs_d, double.sum_abs_d, double.sum_abs_d),
                (fast.sum_d, double.sum_d, double.sum_abs_d),
                (fast.sum_ab, double.sum_ab, scale),
                (fast.sum_aa, double.sum_aa, double.sum_aa),
                (fast.sum_bb, double.sum_bb, double.sum_bb),
            ] {
                assert!(
                    got == expected || (got - expected).abs() <= 1e-6 * terms,
                    "{got} {expected} {what}"
                );
            }
        }
    });
}
