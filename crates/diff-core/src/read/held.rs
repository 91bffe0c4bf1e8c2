//! Small tensors whose numbers are held in memory while larger ones are made of them: factors of products, scales, tables, indices.

use super::{As, Read, Region, Scratch, part};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::kernel;
use crate::once::Once;
use crate::tensor::Tensor;

/// The most numbers that are held of one tensor: 256 MiB.
const MOST_HELD: u64 = 1 << 26;

/// All numbers of a tensor, in f32.
///
/// # Errors
/// `LimitExceeded` for a tensor that is too large to be held; what keeps it from being read.
pub(super) fn read_all(checkpoint: &Checkpoint, tensor: &Tensor) -> Result<Vec<f32>> {
    if tensor.elements > MOST_HELD {
        return Err(Error::new(
            Code::LimitExceeded,
            "tensor that others are made of is too large to be held in memory",
        )
        .expected(format!("at most {MOST_HELD} elements"))
        .found(format!("{} in {}", tensor.elements, tensor.name)));
    }
    let reader = part(checkpoint, tensor, As::Values)?;
    let mut numbers = Vec::with_capacity(tensor.elements as usize);
    let mut cells = Vec::new();
    let mut scratch = Scratch::default();
    for at in (0..tensor.elements).step_by(kernel::CHUNK) {
        let count = (tensor.elements - at).min(kernel::CHUNK as u64) as usize;
        cells.resize(count, [0; 4]);
        kernel::to_f32(reader.read(at, count, &mut scratch)?, &mut cells);
        numbers.extend(cells.iter().map(|cell| f32::from_le_bytes(*cell)));
    }
    Ok(numbers)
}

/// All numbers of a tensor, read at the first use.
pub(super) struct Held<'a> {
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    numbers: Once<Vec<f32>>,
}

impl<'a> Held<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, tensor: &'a Tensor) -> Self {
        Self {
            checkpoint,
            tensor,
            numbers: Once::default(),
        }
    }

    pub(super) fn shape(&self) -> &'a [u64] {
        &self.tensor.shape
    }

    /// # Errors
    /// Those of [`read_all`].
    pub(super) fn all(&self) -> Result<&[f32]> {
        let numbers = || read_all(self.checkpoint, self.tensor);
        self.numbers.get_or_make(numbers).map(Vec::as_slice)
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
