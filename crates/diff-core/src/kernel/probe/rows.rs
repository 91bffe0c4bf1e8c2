//! Which rows of a matrix changed, and which are old times one factor.

use crate::dtype::DType;
use crate::kernel::{Elements, Isa};
use crate::stats::Rows;

/// Where a piece lies in its tensor.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Its first element.
    pub start: u64,
    /// Elements of a row: all dimensions but the first.
    pub width: u64,
    /// The last dimension.
    pub last: u64,
}

/// Elements that a row must have, other than zero, before one factor for all of them says anything.
const FEWEST: usize = 8;

/// Partial sums that are taken side by side; their order is part of the result.
const LANES: usize = 8;

/// Adds a piece. `rows` begins at or before its first row. Rows that lie whole in the piece are tried for a factor.
pub fn count_rows(
    a: Elements,
    b: Elements,
    place: Place,
    isa: Isa,
    values: &mut [Vec<f64>; 2],
    rows: &mut Rows,
) {
    let is_one_type = a.dtype == b.dtype && a.map == b.map;
    let elements = a.elements().min(b.elements());
    let mut at = 0;
    while at < elements {
        let element = place.start + at as u64;
        let (row, column) = (element / place.width, element % place.width);
        let count = ((place.width - column) as usize).min(elements - at);
        let (old, new) = (a.part(at, count), b.part(at, count));
        at += count;
        // Most rows are the same bytes, as a rule: those are not decoded.
        if is_one_type && old.bytes == new.bytes {
            continue;
        }
        let [x, y] = values;
        x.clear();
        y.clear();
        super::for_each_tile(old, new, isa, |_, old, new| {
            x.extend_from_slice(old);
            y.extend_from_slice(new);
        });
        let changed = x.iter().zip(&*y).filter(|(p, q)| is_changed(**p, **q));
        let changed = changed.count();
        if changed > 0 {
            let index = (row - rows.first) as usize;
            rows.changed[index] += changed as u32;
            mark(&mut rows.columns, element % place.last, x, y);
            if count as u64 == place.width {
                rows.scale[index] = factor(x, y, (a.dtype, b.dtype));
            }
        }
    }
}

fn is_changed(p: f64, q: f64) -> bool {
    p != q && !(p.is_nan() && q.is_nan())
}

/// Marks the places along the last axis that changed; the first element lies at `column`.
fn mark(columns: &mut [u8], column: u64, old: &[f64], new: &[f64]) {
    if columns.is_empty() {
        return;
    }
    let (mut at, mut column) = (0, column as usize);
    while at < old.len() {
        let count = (columns.len() - column).min(old.len() - at);
        let places = &mut columns[column..column + count];
        let sides = old[at..].iter().zip(&new[at..]);
        for (place, (p, q)) in places.iter_mut().zip(sides) {
            *place |= u8::from(is_changed(*p, *q));
        }
        (at, column) = (at + count, 0);
    }
}

/// What rounding to a type changes at most, relative to a row: its root mean square is 2^-(p + 2.24) for p mantissa bits.
fn rounding(dtype: DType) -> f64 {
    let mantissa = match dtype {
        DType::F64 => 48,
        DType::F32 => 23,
        DType::F16 => 10,
        DType::Bf16 => 7,
        DType::F8E4M3 | DType::F8E4M3Fnuz => 3,
        DType::F8E5M2 | DType::F8E5M2Fnuz => 2,
        _ => 31,
    };
    2f64.powi(-mantissa - 1)
}

/// The factor that makes `new` of `old`, where one does up to rounding and does more than rounding; NaN elsewhere.
fn factor(old: &[f64], new: &[f64], (old_type, new_type): (DType, DType)) -> f64 {
    if old.iter().filter(|p| **p != 0.0).count() < FEWEST {
        return f64::NAN;
    }
    let [squares, products] = sums(old, new, |p, q| [p * p, p * q]);
    let scale = products / squares;
    let [left, size] = sums(old, new, |p, q| [(q - scale * p).powi(2), q * q]);
    let residual = (left / size).sqrt();
    let bound = rounding(old_type).max(rounding(new_type));
    // What is not finite makes every comparison false.
    if residual <= bound && (scale - 1.0).abs() >= 2.0 * residual {
        scale
    } else {
        f64::NAN
    }
}

fn sums(old: &[f64], new: &[f64], terms: impl Fn(f64, f64) -> [f64; 2]) -> [f64; 2] {
    let mut lanes = [[0f64; LANES]; 2];
    for (x, y) in old.chunks(LANES).zip(new.chunks(LANES)) {
        for (lane, (&p, &q)) in x.iter().zip(y).enumerate() {
            let [first, second] = terms(p, q);
            lanes[0][lane] += first;
            lanes[1][lane] += second;
        }
    }
    lanes.map(|lane| lane.iter().sum())
}
