//! Views in another shape, with the elements in the same row-major order.

use super::Places;
use crate::error::Result;
use crate::tensor::{Tensor, element_count, row_major_steps};

impl Tensor {
    /// The elements in the same row-major order in another shape.
    ///
    /// # Errors
    /// `Argument` where `shape` has another number of elements; what keeps the tensor from being read.
    pub fn reshaped(&self, shape: &[u64]) -> Result<Self> {
        self.viewable()?;
        if element_count(shape).ok() != Some(self.elements) {
            let elements = format!("{} elements", self.elements);
            return Err(self.wrong("cannot reshape", &elements, &format!("{shape:?}")));
        }
        self.on_each(&|tensor| {
            let places = tensor.places()?;
            match split(&tensor.shape, &places.steps, shape) {
                Some(steps) => tensor.at(shape.to_vec(), Places { steps, ..places }),
                None => Ok(tensor.viewed(
                    shape.to_vec(),
                    Places {
                        offset: 0,
                        steps: row_major_steps(shape),
                    },
                )),
            }
        })
    }
}

/// The steps of the new `shape` over elements that have the shape `dims` and lie `steps` apart; None where no steps reach them in row-major
/// order.
fn split(dims: &[u64], steps: &[u64], shape: &[u64]) -> Option<Vec<u64>> {
    if dims.contains(&0) {
        return Some(row_major_steps(shape));
    }
    // Axes that continue each other are joined to one run; then each run is cut into axes of the new shape.
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for (&dim, &step) in dims.iter().zip(steps).filter(|(dim, _)| **dim != 1) {
        match runs.last_mut() {
            Some((length, last)) if step.checked_mul(dim) == Some(*last) => {
                *length *= dim;
                *last = step;
            }
            _ => runs.push((dim, step)),
        }
    }
    let mut result = vec![0; shape.len()];
    let mut left = runs.pop().unwrap_or((1, 1));
    for (&dim, step) in shape.iter().zip(&mut result).rev() {
        if dim != 1 && left.0 == 1 {
            left = runs.pop()?;
        }
        if !left.0.is_multiple_of(dim) {
            return None;
        }
        *step = left.1;
        left = (left.0 / dim, left.1.saturating_mul(dim));
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_cut_and_joined_where_steps_tell_the_places() {
        assert_eq!(split(&[4, 6], &[6, 1], &[24]), Some(vec![1]));
        assert_eq!(
            split(&[4, 6], &[6, 1], &[2, 2, 3, 2]),
            Some(vec![12, 6, 2, 1])
        );
        // A transpose: its axes can be cut but not joined.
        assert_eq!(split(&[6, 4], &[1, 6], &[2, 3, 4]), Some(vec![3, 1, 6]));
        assert_eq!(split(&[6, 4], &[1, 6], &[24]), None);
        assert_eq!(split(&[6, 4], &[1, 6], &[3, 8]), None);
        assert_eq!(
            split(&[1, 4, 1], &[9, 2, 7], &[2, 1, 2]),
            Some(vec![4, 4, 2])
        );
        assert_eq!(split(&[], &[], &[1, 1]), Some(vec![1, 1]));
        assert_eq!(split(&[0, 3], &[3, 1], &[5, 0]), Some(vec![0, 1]));
    }
}
