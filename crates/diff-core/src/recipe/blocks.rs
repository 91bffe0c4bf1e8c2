//! Which elements share a scale, and how labels say it.

use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::Tensor;

/// Sides of blocks that libraries use, tried where no configuration says one.
const USUAL: [u64; 4] = [128, 64, 32, 16];

/// The blocks of a tensor with such scales: a side for each axis. `configured` are the last sides.
///
/// # Errors
/// `SizeMismatch` where the scales fit no blocks.
pub(super) fn blocks_of(shape: &[u64], scale: &Tensor, configured: &[u64]) -> Result<Vec<u64>> {
    if scale.elements == 1 {
        return Ok(shape.to_vec());
    }
    let mut scales = scale.shape.clone();
    if scales.len() < shape.len() {
        // One scale a row.
        scales.resize(shape.len(), 1);
    }
    if scales.len() != shape.len() || configured.len() > shape.len() {
        return Err(unfit(shape, scale));
    }
    let first = shape.len() - configured.len();
    let sides = (0usize..)
        .zip(shape.iter().zip(&scales))
        .map(|(axis, (&length, &count))| {
            let configured = axis
                .checked_sub(first)
                .and_then(|axis| configured.get(axis));
            let fits = |side: u64| side > 0 && length.div_ceil(side) == count;
            let usual = configured.copied().into_iter().chain(USUAL);
            if count == length {
                Some(1)
            } else if count == 1 {
                Some(length)
            } else if let Some(side) = usual.into_iter().find(|&side| fits(side)) {
                Some(side)
            } else {
                let side = length.checked_div(count)?;
                (side > 0 && length.is_multiple_of(count)).then_some(side)
            }
        });
    sides
        .collect::<Option<_>>()
        .ok_or_else(|| unfit(shape, scale))
}

#[cold]
fn unfit(shape: &[u64], scale: &Tensor) -> Error {
    Error::new(
        Code::SizeMismatch,
        "scales fit no blocks of the quantised tensor",
    )
    .expected(format!("blocks of {shape:?}"))
    .found(format!("{:?} in {}", scale.shape, scale.name))
}

/// Blocks in a few words: `tensor`, `row`, `g128`, `128x128`.
pub(super) fn block_words(shape: &[u64], block: &[u64]) -> String {
    if shape == block {
        return "tensor".to_owned();
    }
    match (shape.last(), block) {
        (Some(width), [.., side]) if width == side => "row".to_owned(),
        (_, [.., rows, side]) if *rows != 1 => format!("{rows}x{side}"),
        (_, [.., side]) => format!("g{side}"),
        _ => "tensor".to_owned(),
    }
}

/// f16 or bf16 where factors are: the library computes in their type.
pub(super) fn computed_in(factor: &Tensor) -> Option<DType> {
    matches!(factor.dtype, DType::F16 | DType::Bf16).then_some(factor.dtype)
}
