//! Values whose squares leave the range of f64, against the same values of ordinary size: f64 times a power of two is exact, so every
//! number must be that of the ordinary ones, times a power of two, to the last bit. What is not of one size is held against sums in i128.

use crate::dtype::{DType, ValueMap};
use crate::kernel::{Elements, Isa, Method, compare, describe};
use crate::stats::{Metrics, PairStats};

const METHOD: Method = Method {
    threshold: 0.0,
    element_wise: true,
    precision: crate::kernel::Precision::Double,
};

fn bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn operand(bytes: &[u8]) -> Elements<'_> {
    Elements {
        bytes,
        dtype: DType::F64,
        map: ValueMap::Identity,
    }
}

fn pair(a: &[f64], b: &[f64], isa: Isa) -> PairStats {
    let stats = compare(operand(&bytes(a)), operand(&bytes(b)), METHOD, isa);
    assert_eq!(stats.old, describe(operand(&bytes(a)), METHOD, isa));
    stats
}

/// Numbers of heavy tails and both signs, 2^-20 to 2^20.
fn values(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 11
    };
    (0..count)
        .map(|_| {
            let size = 2f64.powi((next() % 41) as i32 - 20);
            let fraction = next() as f64 / (1u64 << 53) as f64;
            (0.5 + fraction) * if next() % 2 == 0 { size } else { -size }
        })
        .collect()
}

/// Times 2^exponent.
fn times(values: &[f64], exponent: i32) -> Vec<f64> {
    let half = exponent / 2;
    let scale = |x: &f64| x * 2f64.powi(half) * 2f64.powi(exponent - half);
    values.iter().map(scale).collect()
}

fn close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs(),
        "{what}: {found:e} instead of {expected:e}"
    );
}

#[test]
fn one_size_gives_the_bits_of_the_ordinary_size() {
    for count in [1, 2, 7, 8, 1024, 1025, 5000] {
        let (a, d) = (values(count as u64, count), values(count as u64 + 9, count));
        for change in [0.0, 1e-6, 1.0] {
            let b: Vec<f64> = a.iter().zip(&d).map(|(a, d)| a + d * change).collect();
            let ordinary = pair(&a, &b, Isa::PORTABLE);
            for exponent in [-960, -900, -600, -470, 490, 600, 985] {
                for isa in [Isa::PORTABLE, Isa::detect()] {
                    let found = pair(&times(&a, exponent), &times(&b, exponent), isa);
                    assert_eq!(found.value_changed, ordinary.value_changed);
                    let one = |value: f64| times(&[value], exponent)[0];
                    let expected = ordinary.metrics();
                    let expected = Metrics {
                        l2: one(expected.l2),
                        l1: one(expected.l1),
                        max: one(expected.max),
                        mean: one(expected.mean),
                        old_norm: one(expected.old_norm),
                        new_norm: one(expected.new_norm),
                        ..expected
                    };
                    assert_eq!(found.metrics(), expected, "{count} * 2^{exponent}");
                    let (own, plain) = (found.new, ordinary.new);
                    let of = [own.norm(), own.std(), own.mean_or_nan()];
                    let wanted = [plain.norm(), plain.std(), plain.mean_or_nan()];
                    assert_eq!(of, wanted.map(one), "{count} * 2^{exponent}");
                }
            }
        }
    }
}

#[test]
fn a_small_deviation_from_a_large_mean_is_kept() {
    let a: Vec<f64> = values(3, 2000).iter().map(|x| 1.0 + x * 1e-12).collect();
    let plain = describe(operand(&bytes(&a)), METHOD, Isa::PORTABLE);
    for exponent in [-900, -450, 900] {
        let own = describe(operand(&bytes(&times(&a, exponent))), METHOD, Isa::detect());
        assert_eq!(own.std(), times(&[plain.std()], exponent)[0]);
    }
}

/// Whole numbers, old and new, whose sums are exact in i128.
fn whole() -> (Vec<f64>, Vec<f64>, [i128; 3]) {
    let round = |seed| -> Vec<f64> {
        values(seed, 3000)
            .iter()
            .map(|x| (x * 64.0).round())
            .collect()
    };
    let (a, b) = (round(5), round(6));
    let sum = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| *x as i128 * *y as i128).sum();
    let sums = [sum(&a, &a), sum(&b, &b), sum(&a, &b)];
    (a, b, sums)
}

#[test]
fn sides_of_different_sizes() {
    let (a, b, [aa, bb, ab]) = whole();
    let [aa, bb, ab] = [aa, bb, ab].map(|sum| sum as f64);
    for (old, new) in [
        (600, -600),
        (-600, 600),
        (0, 700),
        (700, 0),
        (-1000, 0),
        (0, -1000),
        (330, -330),
    ] {
        let metrics = pair(&times(&a, old), &times(&b, new), Isa::detect()).metrics();
        let what = format!("2^{old} and 2^{new}");
        let (old_norm, new_norm) = (times(&[aa.sqrt()], old)[0], times(&[bb.sqrt()], new)[0]);
        close(metrics.old_norm, old_norm, &what);
        close(metrics.new_norm, new_norm, &what);
        // The smaller side drowns in the difference.
        close(metrics.l2, old_norm.max(new_norm), &what);
        close(metrics.symmetric, 1.0, &what);
        close(
            metrics.one_minus_cos,
            1.0 - ab / (aa.sqrt() * bb.sqrt()),
            &what,
        );
        let relative = if old > new {
            1.0
        } else {
            times(&[(bb / aa).sqrt()], new - old)[0]
        };
        if relative.is_finite() {
            close(metrics.relative, relative, &what);
        } else {
            assert!(metrics.relative.is_nan(), "{what}");
        }
    }
}

#[test]
fn what_is_larger_beside_a_nan_does_not_drown_the_rest() {
    let (a, b, [aa, bb, _]) = whole();
    let (mut a, mut b) = (times(&a, -700), times(&b, -700));
    (a[17], b[17]) = (1e300, f64::NAN);
    let (x, y) = (whole().0[17], whole().1[17]);
    let stats = pair(&a, &b, Isa::detect());
    let metrics = stats.metrics();
    let root = |sum: i128, out: f64| times(&[((sum - (out * out) as i128) as f64).sqrt()], -700)[0];
    close(metrics.old_norm, root(aa, x), "old");
    close(metrics.new_norm, root(bb, y), "new");
    close(stats.old.norm(), 1e300, "own");
    assert_eq!(
        (stats.finite, stats.new.nan, stats.nonfinite_changed),
        (2999, 1, 1)
    );
}

#[test]
fn parts_of_any_sizes_meet() {
    let (a, b, _) = whole();
    let zeros = vec![0.0; 100];
    let exponents = [0, 600, -600, 590, -1000, 0, 480];
    let mut parts: Vec<PairStats> = exponents
        .iter()
        .map(|&exponent| pair(&times(&a, exponent), &times(&b, exponent), Isa::detect()))
        .collect();
    parts.push(pair(&zeros, &zeros, Isa::detect()));
    // Of all sizes the largest decides.
    for _ in 0..parts.len() {
        parts.rotate_left(1);
        let all = parts
            .iter()
            .fold(PairStats::default(), |sum, part| sum.merge(part));
        let largest = pair(&times(&a, 600), &times(&b, 600), Isa::detect());
        let near = pair(&times(&a, 590), &times(&b, 590), Isa::detect());
        let (sum, one, two) = (all.metrics(), largest.metrics(), near.metrics());
        for (found, p, q) in [
            (sum.l2, one.l2, two.l2),
            (sum.old_norm, one.old_norm, two.old_norm),
            (all.new.norm(), largest.new.norm(), near.new.norm()),
        ] {
            let expected = times(&[times(&[p], -600)[0].hypot(times(&[q], -600)[0])], 600)[0];
            close(found, expected, "norm");
        }
        close(sum.one_minus_cos, one.one_minus_cos, "1 - cos");
        close(sum.relative, one.relative, "relative");
    }
    // Small ones alone: zeros have no size.
    let small = pair(&times(&a, -600), &times(&b, -600), Isa::detect());
    let zero = pair(&zeros, &zeros, Isa::detect());
    for merged in [zero.merge(&small), small.merge(&zero)] {
        assert_eq!(merged.metrics().l2, small.metrics().l2);
        assert_eq!(
            merged.metrics().one_minus_cos,
            small.metrics().one_minus_cos
        );
        close(
            merged.old.mean_or_nan(),
            small.old.mean_or_nan() * 3000.0 / 3100.0,
            "mean",
        );
    }
    // Many chunks, each of which f64 holds alone.
    let chunk = pair(&[1e140, -1e140], &[1e140, 1e140], Isa::detect());
    let many = (0..50).fold(chunk, |sum, _| sum.merge(&sum));
    close(many.metrics().l2, 2e140 * 2f64.powi(25), "2^50 chunks");
}

#[test]
fn what_f64_cannot_hold_is_no_number_and_what_follows_from_it_is_one() {
    let most = f64::MAX;
    let metrics = pair(&[most, most, -most], &[-most, -most, most], Isa::detect()).metrics();
    assert!(
        [metrics.l2, metrics.old_norm, metrics.new_norm]
            .iter()
            .all(|x| x.is_nan())
    );
    close(metrics.relative, 2.0, "relative");
    close(metrics.symmetric, 2.0, "symmetric");
    close(metrics.one_minus_cos, 2.0, "1 - cos");
    close(metrics.mean, -most / 1.5, "mean");
    let own = describe(
        operand(&bytes(&[most, most / 2.0, most, most / 2.0])),
        METHOD,
        Isa::detect(),
    );
    close(own.mean_or_nan(), most * 0.75, "mean of a side");
    close(own.std(), most / 4.0, "deviation");
    // The smallest numbers that there are.
    let metrics = pair(&[5e-324, 0.0], &[0.0, 5e-324], Isa::detect()).metrics();
    assert_eq!(
        (metrics.old_norm, metrics.l2, metrics.max),
        (5e-324, 5e-324, 5e-324)
    );
    assert_eq!(metrics.one_minus_cos, 1.0);
    close(metrics.relative, 2f64.sqrt(), "relative");
}
