//! Complex tensors. The kernel is given their parts, real and imaginary in turn: sums of squares and of products over
//! parts are those over numbers. What counts *elements* is counted again here, since a number is one element: it is NaN
//! if a part is, infinite if a part is and none is NaN, zero if both parts are, and one that is not finite leaves all sums.
//!
//! Mean, deviation and range of one side, and the mean difference, are those of the parts.

use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Elements, Isa, Method};
use crate::stats::{Moments, PairStats};

/// Whether elements of these types are compared as complex numbers; of one type, whether it is one.
///
/// # Errors
/// `UnsupportedDtype` when one side of two only is.
pub(crate) fn is_pair(old: Option<DType>, new: Option<DType>) -> Result<bool> {
    let (Some(a), Some(b)) = (old.or(new), new.or(old)) else {
        return Ok(false);
    };
    match (a.component().is_some(), b.component().is_some()) {
        (false, false) => Ok(false),
        (true, true) => Ok(true),
        _ => Err(Error::new(
            Code::UnsupportedDtype,
            "complex numbers cannot be compared with real ones",
        )
        .found(format!("{} and {}", a.name(), b.name()))),
    }
}

/// Statistics of a chunk of one side.
pub(crate) fn describe(a: Elements, method: Method, isa: Isa) -> Moments {
    let values = values(a);
    let masked = masked(a, &values);
    of_numbers(
        kernel::describe(masked.operand(a), method, isa),
        &values,
        method,
    )
}

/// Compares a chunk.
pub(crate) fn compare(a: Elements, b: Elements, method: Method, isa: Isa) -> PairStats {
    let (x, y) = (values(a), values(b));
    let (masked_a, masked_b) = (masked(a, &x), masked(b, &y));
    let mut stats = kernel::compare(masked_a.operand(a), masked_b.operand(b), method, isa);
    stats.elements /= 2;
    stats.finite /= 2;
    stats.sum_d /= 2.0;
    stats.old = of_numbers(stats.old, &x, method);
    stats.new = of_numbers(stats.new, &y, method);
    stats.value_changed = 0;
    stats.nonfinite_changed = 0;
    stats.over_threshold = 0;
    stats.sum_abs_d = 0.0;
    stats.max_abs_d = 0.0;
    let same = |p: f64, q: f64| p == q || (p.is_nan() && q.is_nan());
    for (p, q) in numbers(&x).iter().zip(numbers(&y)) {
        let changed = !(same(p[0], q[0]) && same(p[1], q[1]));
        stats.value_changed += u64::from(changed);
        if is_finite(p) && is_finite(q) {
            let distance = distance(p, q);
            stats.sum_abs_d += distance;
            stats.max_abs_d = stats.max_abs_d.max(distance);
            stats.over_threshold += u64::from(method.element_wise && distance > method.threshold);
        } else {
            stats.nonfinite_changed += u64::from(changed);
        }
    }
    if a.dtype == b.dtype {
        let item = 2 * a.dtype.bytes() as usize;
        let pairs = a.bytes.chunks_exact(item).zip(b.bytes.chunks_exact(item));
        stats.bit_changed = pairs.filter(|(p, q)| p != q).count() as u64;
    }
    stats
}

/// |b - a| of the first `count` numbers, for each pair that is finite.
pub(crate) fn for_each_distance(a: Elements, b: Elements, count: usize, mut each: impl FnMut(f64)) {
    let (x, y) = (values(a), values(b));
    for (p, q) in numbers(&x).iter().zip(numbers(&y)).take(count) {
        if is_finite(p) && is_finite(q) {
            each(distance(p, q));
        }
    }
}

/// Turns the statistics of parts into those of numbers. With both counts and squared deviations halved they merge as others do.
fn of_numbers(parts: Moments, values: &[f64], method: Method) -> Moments {
    let count = |is: fn(&[f64; 2]) -> bool| numbers(values).iter().filter(|z| is(z)).count() as u64;
    let is_nan = |z: &[f64; 2]| z[0].is_nan() || z[1].is_nan();
    let nan = count(is_nan);
    Moments {
        finite: parts.finite / 2,
        m2: parts.m2 / 2.0,
        zeros: if method.element_wise {
            count(|z| z[0] == 0.0 && z[1] == 0.0)
        } else {
            0
        },
        nan,
        infinite: count(|z| !is_finite(z)) - nan,
        ..parts
    }
}

/// Bytes in place of the operand's, where it has numbers that are not finite.
struct Masked(Option<Vec<u8>>);

impl Masked {
    fn operand<'a>(&'a self, given: Elements<'a>) -> Elements<'a> {
        Elements {
            bytes: self.0.as_deref().unwrap_or(given.bytes),
            ..given
        }
    }
}

/// Makes both parts NaN where one is not finite: the kernel leaves out parts, but a number counts whole or not at all.
fn masked(operand: Elements, values: &[f64]) -> Masked {
    if values.iter().all(|part| part.is_finite()) {
        return Masked(None);
    }
    let item = 2 * operand.dtype.bytes() as usize;
    let mut bytes = operand.bytes.to_vec();
    for (number, z) in bytes.chunks_exact_mut(item).zip(numbers(values)) {
        if !is_finite(z) {
            // All bits set are NaN in every float.
            number.fill(0xff);
        }
    }
    Masked(Some(bytes))
}

fn values(operand: Elements) -> Vec<f64> {
    let mut values = Vec::with_capacity(operand.elements());
    kernel::for_each_value(operand, |value| values.push(value));
    values
}

fn numbers(values: &[f64]) -> &[[f64; 2]] {
    values.as_chunks::<2>().0
}

fn is_finite(z: &[f64; 2]) -> bool {
    z[0].is_finite() && z[1].is_finite()
}

fn distance(p: &[f64; 2], q: &[f64; 2]) -> f64 {
    (q[0] - p[0]).hypot(q[1] - p[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::ValueMap;

    fn bytes(numbers: &[[f32; 2]]) -> Vec<u8> {
        numbers
            .iter()
            .flatten()
            .flat_map(|x| x.to_le_bytes())
            .collect()
    }

    fn operand(bytes: &[u8]) -> Elements<'_> {
        Elements {
            bytes,
            dtype: DType::F32,
            map: ValueMap::Identity,
        }
    }

    const NAN: f32 = f32::NAN;
    const INF: f32 = f32::INFINITY;
    const OLD: [[f32; 2]; 7] = [
        [0.0, 0.0],
        [0.0, -0.0],
        [0.0, 1.0],
        [NAN, 5.0],
        [INF, 0.0],
        [INF, NAN],
        [3.0, 4.0],
    ];
    const NEW: [[f32; 2]; 7] = [
        [0.0, 0.0],
        [3.0, 4.0],
        [0.0, 1.0],
        [NAN, 5.0],
        [7.0, 0.0],
        [1.0, 1.0],
        [3.0, NAN],
    ];

    #[test]
    fn elements_are_counted_not_parts() {
        let (a, b) = (bytes(&OLD), bytes(&NEW));
        for method in [
            Method::default(),
            Method {
                precision: kernel::Precision::Double,
                ..Method::default()
            },
        ] {
            let stats = compare(operand(&a), operand(&b), method, Isa::detect());
            let old = stats.old;
            assert_eq!((old.zeros, old.nan, old.infinite, old.finite), (2, 2, 1, 4));
            assert_eq!(old.elements(), 7);
            assert_eq!((stats.new.nan, stats.new.infinite), (2, 0));
            // Only the first three are finite on both sides; the finite part beside a NaN is in no sum.
            assert_eq!((stats.elements, stats.finite), (7, 3));
            assert_eq!(
                (stats.sum_dd, stats.sum_abs_d, stats.max_abs_d),
                (25.0, 5.0, 5.0)
            );
            assert_eq!((stats.sum_aa, stats.sum_bb), (1.0, 26.0));
            assert_eq!((stats.value_changed, stats.nonfinite_changed), (4, 3));
            assert_eq!(stats.old, describe(operand(&a), method, Isa::detect()));
        }
    }

    #[test]
    fn moments_are_those_of_the_parts_however_they_are_merged() {
        let all: Vec<[f32; 2]> = (0..100).map(|i| [i as f32, 1.0 - i as f32 * 0.5]).collect();
        let of = |numbers: &[[f32; 2]]| {
            describe(operand(&bytes(numbers)), Method::default(), Isa::detect())
        };
        let (whole, merged) = (of(&all), of(&all[..33]).merge(&of(&all[33..])));
        let parts: Vec<f64> = all.iter().flatten().map(|&x| f64::from(x)).collect();
        let mean = parts.iter().sum::<f64>() / 200.0;
        let variance = parts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 200.0;
        for own in [whole, merged] {
            assert_eq!(own.finite, 100);
            assert!((own.mean - mean).abs() < 1e-6 * mean.abs());
            assert!((own.std() - variance.sqrt()).abs() < 1e-5);
        }
    }

    #[test]
    fn distances_have_sizes() {
        let (a, b) = (bytes(&OLD), bytes(&NEW));
        let mut found = Vec::new();
        for_each_distance(operand(&a), operand(&b), 7, |distance| found.push(distance));
        assert_eq!(found, [0.0, 5.0, 0.0]);
        found.clear();
        for_each_distance(operand(&a), operand(&b), 1, |distance| found.push(distance));
        assert_eq!(found, [0.0]);
    }
}
