//! Shapes: how many elements, and whether strides are those of row-major order.

use crate::error::{Code, Error, Result};
use crate::limits;

/// Product of the dimensions.
///
/// # Errors
/// `LimitExceeded` for too many dimensions; `ShapeOverflow` for a product above 2^53, up to which a double counts exactly.
pub fn element_count(shape: &[u64]) -> Result<u64> {
    if shape.len() > limits::DIMENSIONS {
        return Err(Error::new(Code::LimitExceeded, "too many dimensions")
            .expected(format!("at most {}", limits::DIMENSIONS))
            .found(shape.len())
            .hint("no known model has so many: reshape the tensor and save it again, if it is really meant"));
    }
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim))
        .filter(|&product| product <= 1 << 53)
        .ok_or_else(|| {
            Error::new(
                Code::ShapeOverflow,
                "shape has more elements than can be counted",
            )
            .expected("at most 2^53 elements")
            .found(format!("{shape:?}"))
        })
}

/// Whether the elements lie one after the other in logical order.
pub(super) fn is_row_major(shape: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1;
    for (&dim, &stride) in shape.iter().zip(strides).rev() {
        if dim != 1 && stride != expected {
            return false;
        }
        expected *= dim;
    }
    true
}

/// Steps, in elements, of a shape whose elements lie one after the other in row-major order.
#[must_use]
pub(crate) fn row_major_steps(shape: &[u64]) -> Vec<u64> {
    let mut steps = vec![1; shape.len()];
    let mut next = 1u64;
    for (step, &dim) in steps.iter_mut().zip(shape).rev() {
        *step = next;
        next = next.saturating_mul(dim);
    }
    steps
}
