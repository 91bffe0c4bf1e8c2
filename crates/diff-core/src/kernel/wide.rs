//! Pairs with a 64-bit integer on one side or on both: compared exactly, element by element.

use crate::dtype::{Class, DType, ValueMap};
use crate::kernel::dispatch::Isa;
use crate::kernel::{Elements, Method, TILE, decode, reference, tiles};
use crate::stats::{Moments, PairStats};

/// An element: an integer exactly, or a float.
#[derive(Clone, Copy)]
enum Value {
    Integer(i128),
    Float(f64),
}

impl Value {
    fn to_f64(self) -> f64 {
        match self {
            Self::Integer(i) => i as f64,
            Self::Float(f) => f,
        }
    }

    /// The integer that a float stands for exactly, if it does.
    fn as_integer(self) -> Option<i128> {
        match self {
            Self::Integer(i) => Some(i),
            // Below 2^100 the conversion is exact, and far beyond any 64-bit integer.
            Self::Float(f) if f.trunc() == f && f.abs() < 1e30 => Some(f as i128),
            Self::Float(_) => None,
        }
    }
}

fn values(operand: Elements) -> impl Iterator<Item = Value> {
    let item = operand.dtype.bytes() as usize;
    operand
        .bytes
        .chunks_exact(item)
        .map(move |bytes| match operand.dtype {
            DType::I64 => Value::Integer(i64::from_le_bytes(fixed(bytes)).into()),
            DType::U64 => Value::Integer(u64::from_le_bytes(fixed(bytes)).into()),
            dtype => {
                let mut out = [0.0];
                decode::decode(dtype, bytes, &mut out);
                decode::apply(operand.map, &mut out);
                if dtype.is_integer() && operand.map == ValueMap::Identity {
                    Value::Integer(out[0] as i128)
                } else {
                    Value::Float(out[0])
                }
            }
        })
}

fn fixed(bytes: &[u8]) -> [u8; 8] {
    bytes.first_chunk().copied().unwrap_or_default()
}

/// Sums in f64 of exact differences, tile by tile so that rounding errors stay short.
pub(super) fn compare(a: Elements, b: Elements, method: Method) -> PairStats {
    let mut stats = PairStats::default();
    let item = |operand: Elements| TILE * operand.dtype.bytes() as usize;
    for (x, y) in a.bytes.chunks(item(a)).zip(b.bytes.chunks(item(b))) {
        let (x, y) = (Elements { bytes: x, ..a }, Elements { bytes: y, ..b });
        stats = stats.merge(&compare_tile(x, y, method));
    }
    stats.old = describe(a, method);
    stats.new = describe(b, method);
    stats
}

fn compare_tile(a: Elements, b: Elements, method: Method) -> PairStats {
    let mut stats = PairStats::default();
    // Differences of integers are summed as integers.
    let (mut sum_d, mut sum_abs_d) = (0i128, 0i128);
    for (x, y) in values(a).zip(values(b)) {
        let (fx, fy) = (x.to_f64(), y.to_f64());
        if !fx.is_finite() || !fy.is_finite() {
            // An integer is finite, so such a pair always differs.
            stats.nonfinite_changed += 1;
            stats.value_changed += 1;
            continue;
        }
        stats.finite += 1;
        let (d, differs) = if let (Some(p), Some(q)) = (x.as_integer(), y.as_integer()) {
            sum_d += q - p;
            sum_abs_d += (q - p).abs();
            ((q - p) as f64, p != q)
        } else {
            stats.sum_d += fy - fx;
            stats.sum_abs_d += (fy - fx).abs();
            (fy - fx, fx != fy)
        };
        stats.sum_dd += d * d;
        stats.sum_ad += fx * d;
        stats.sum_ab += fx * fy;
        stats.sum_aa += fx * fx;
        stats.sum_bb += fy * fy;
        stats.max_abs_d = stats.max_abs_d.max(d.abs());
        stats.value_changed += u64::from(differs);
        stats.over_threshold += u64::from(method.element_wise && d.abs() > method.threshold);
    }
    stats.sum_d += sum_d as f64;
    stats.sum_abs_d += sum_abs_d as f64;
    stats
}

/// Moments of integers: the sum exactly, the deviations around the mean so found.
pub(super) fn describe(operand: Elements, method: Method) -> Moments {
    if operand.dtype.class() != Class::Wide {
        return super::describe(operand, method, Isa::PORTABLE);
    }
    let mut own = Moments {
        finite: operand.elements() as u64,
        ..Moments::default()
    };
    let mut sum = 0i128;
    for tile in operand.bytes.chunks(TILE * operand.dtype.bytes() as usize) {
        let mut squares = 0.0;
        for value in values(Elements {
            bytes: tile,
            ..operand
        }) {
            let x = value.to_f64();
            sum += value.as_integer().unwrap_or(0);
            squares += x * x;
            own.min = own.min.min(x);
            own.max = own.max.max(x);
            own.zeros += u64::from(method.element_wise && x == 0.0);
        }
        own.sum_squares += squares;
    }
    if own.finite > 0 {
        own.mean = sum as f64 / own.finite as f64;
        let mut tile = [0.0; TILE];
        let mut lanes = [[0.0; reference::LANES]; 2];
        for start in (0..operand.elements()).step_by(TILE) {
            let values = tiles::tile(&mut tile, operand, start, Isa::PORTABLE);
            reference::deviation(values, own.mean, &mut lanes);
        }
        let [distance, squares] = lanes.map(|lane| lane.iter().sum::<f64>());
        own.m2 = (squares - distance * distance / own.finite as f64).max(0.0);
    }
    own
}
