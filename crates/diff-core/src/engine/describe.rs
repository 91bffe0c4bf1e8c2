//! Statistics of one tensor.

use super::tree::{join_rest, push};
use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::kernel::{self, CHUNK, Elements, Isa, Method, complex};
use crate::read::{As, Read, Reader, Scratch};
use crate::stats::{Moments, PairStats};
use crate::tensor::Tensor;

/// Statistics of one tensor on the calling thread.
///
/// # Errors
/// When the tensor cannot be read.
pub fn describe(checkpoint: &Checkpoint, tensor: &Tensor) -> Result<Moments> {
    let method = Method::default();
    let reader = Reader::new(checkpoint, tensor, As::Values)?;
    let is_complex = reader.dtype().component().is_some();
    let mut scratch = Scratch::default();
    let mut pending: Vec<(u32, PairStats)> = Vec::new();
    reader.places()?;
    let all = tensor.units();
    for start in (0..all).step_by(CHUNK) {
        let count = (all - start).min(CHUNK as u64) as usize;
        let operand = reader.read(start, count, &mut scratch)?;
        let old = describe_chunk(operand, is_complex, method, Isa::detect());
        push(
            &mut pending,
            PairStats {
                old,
                ..PairStats::default()
            },
        );
    }
    Ok(join_rest(&mut pending).old)
}

/// Statistics of one chunk.
pub(super) fn describe_chunk(
    operand: Elements,
    is_complex: bool,
    method: Method,
    isa: Isa,
) -> Moments {
    if is_complex {
        complex::describe(operand, method, isa)
    } else {
        kernel::describe(operand, method, isa)
    }
}
