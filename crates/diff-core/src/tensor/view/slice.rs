//! Views of a range along each axis.

use std::ops::Range;

use super::Places;
use crate::error::Result;
use crate::tensor::Tensor;

impl Tensor {
    /// The elements inside `ranges`, of which there is one for each axis.
    ///
    /// # Errors
    /// `Argument` where a range lies outside its axis; what keeps the tensor from being read.
    pub fn sliced(&self, ranges: &[Range<u64>]) -> Result<Self> {
        let inside = ranges
            .iter()
            .zip(&self.shape)
            .all(|(range, &dim)| range.start <= range.end && range.end <= dim);
        if ranges.len() != self.shape.len() || !inside {
            return Err(self.wrong(
                "cannot slice",
                "a range inside each axis",
                &format!("{ranges:?}"),
            ));
        }
        self.on_each(&|tensor| {
            let places = tensor.places()?;
            let shape: Vec<u64> = ranges.iter().map(|range| range.end - range.start).collect();
            let first = ranges.iter().zip(&places.steps);
            let skipped: u64 = if shape.contains(&0) {
                0
            } else {
                first.map(|(range, step)| range.start * step).sum()
            };
            let offset = places.offset + skipped;
            tensor.at(shape, Places { offset, ..places })
        })
    }
}
