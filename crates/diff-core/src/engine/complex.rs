//! Pairs of complex tensors. The kernel is given their parts, real and imaginary in turn: sums of squares
//! and of products over parts are those over numbers. What counts *elements* is counted again here, since a
//! number is one element and changes once.
//!
//! Of the statistics of one side (mean, range, zeros) and of the sums of differences, the parts are the terms.

use crate::checkpoint::Checkpoint;
use crate::engine::plan::View;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Isa, Method, Operand};
use crate::stats::PairStats;

/// Whether the pair is complex.
///
/// # Errors
/// `UnsupportedDtype` when one side only is.
pub(super) fn parts(
    old: &Checkpoint,
    old_view: Option<View>,
    new: &Checkpoint,
    new_view: Option<View>,
) -> Result<bool> {
    let tensor = |view: Option<View>, checkpoint: &'_ Checkpoint| {
        view.and_then(|view| checkpoint.tensors.get(view.tensor))
            .map(|tensor| tensor.dtype)
    };
    let (Some(a), Some(b)) = (tensor(old_view, old), tensor(new_view, new)) else {
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

/// Compares a chunk of parts.
pub(super) fn compare(a: Operand, b: Operand, method: Method, isa: Isa) -> PairStats {
    let mut stats = kernel::compare(a, b, method, isa);
    stats.elements /= 2;
    if stats.value_changed == 0 && stats.bit_changed == 0 && stats.over_threshold == 0 {
        return stats;
    }
    let values = |operand: Operand| {
        let mut values = Vec::with_capacity(operand.elements());
        kernel::for_each_value(operand, |value| values.push(value));
        values
    };
    let (x, y) = (values(a), values(b));
    stats.value_changed = 0;
    stats.nonfinite_changed = 0;
    stats.over_threshold = 0;
    stats.sum_abs_d = 0.0;
    stats.max_abs_d = 0.0;
    let same = |p: f64, q: f64| p == q || (p.is_nan() && q.is_nan());
    for (p, q) in x.as_chunks::<2>().0.iter().zip(y.as_chunks::<2>().0) {
        let changed = !(same(p[0], q[0]) && same(p[1], q[1]));
        stats.value_changed += u64::from(changed);
        if p.iter().chain(q).all(|part| part.is_finite()) {
            let distance = (q[0] - p[0]).hypot(q[1] - p[1]);
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
