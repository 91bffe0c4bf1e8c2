//! A small tensor whose numbers are held in memory while a larger tensor is made of it.

use super::{As, Read, Region, Scratch, part};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::kernel;
use crate::once::Once;
use crate::tensor::Tensor;

/// The most numbers that are held of one tensor: 256 MiB.
const MOST_HELD: u64 = 1 << 26;

/// All numbers of a tensor, in f32, read at the first use.
pub(super) struct Held<'a> {
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    numbers: Once<Vec<f32>>,
}

impl<'a> Held<'a> {
    /// # Errors
    /// `LimitExceeded` for a tensor that is too large to be held.
    pub(super) fn new(checkpoint: &'a Checkpoint, tensor: &'a Tensor) -> Result<Self> {
        if tensor.elements > MOST_HELD {
            return Err(
                Error::new(Code::LimitExceeded, "factor of a product is too large")
                    .expected(format!("at most {MOST_HELD} elements"))
                    .found(format!("{} in {}", tensor.elements, tensor.name)),
            );
        }
        Ok(Self {
            checkpoint,
            tensor,
            numbers: Once::default(),
        })
    }

    pub(super) fn shape(&self) -> &'a [u64] {
        &self.tensor.shape
    }

    /// # Errors
    /// What keeps the tensor from being read.
    pub(super) fn all(&self) -> Result<&[f32]> {
        let numbers = self.numbers.get_or_make(|| {
            let reader = part(self.checkpoint, self.tensor, As::Values)?;
            let mut numbers = Vec::with_capacity(self.tensor.elements as usize);
            let mut scratch = Scratch::default();
            for at in (0..self.tensor.elements).step_by(kernel::CHUNK) {
                let count = (self.tensor.elements - at).min(kernel::CHUNK as u64) as usize;
                let operand = reader.read(at, count, &mut scratch)?;
                kernel::for_each_value(operand, |value| numbers.push(value as f32));
            }
            Ok(numbers)
        });
        numbers.map(Vec::as_slice)
    }

    /// The regions that the tensor lies in. Every element of the larger tensor needs them.
    pub(super) fn regions(&self, each: &mut dyn FnMut(Region)) {
        if let Ok(reader) = part(self.checkpoint, self.tensor, As::Values) {
            reader.regions(0..self.tensor.elements, &mut |region| {
                each(Region {
                    is_shared: true,
                    ..region
                });
            });
        }
    }
}
