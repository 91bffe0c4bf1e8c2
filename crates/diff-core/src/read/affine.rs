//! Codes with a scale for each block: dequantised here in f32, as torch does it.

use std::ops::Range;

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut2, Axis, Zip};

use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Operand};
use crate::once::Once;
use crate::tensor::{Affine, Factor, Tensor};

/// Most numbers that are held of a scale or a zero point.
const MOST_FACTORS: u64 = 1 << 26;

/// See [`Affine`].
pub(super) struct Scaled<'a> {
    codes: Reader<'a>,
    blocks: Blocks,
    scale: Numbers<'a>,
    zero: Numbers<'a>,
}

/// A number for each block, read at the first use.
enum Numbers<'a> {
    One([f32; 1]),
    Each(&'a Checkpoint, &'a Tensor, Once<Vec<f32>>),
}

/// Codes with one scale, inside of something else.
pub(super) fn of_scaled<'a>(
    checkpoint: &'a Checkpoint,
    codes: &'a Tensor,
    scale: f64,
    zero_point: i64,
) -> Result<Scaled<'a>> {
    Ok(Scaled {
        codes: part(checkpoint, codes, As::Values)?,
        blocks: Blocks::new(&[codes.elements], &[codes.elements]),
        scale: Numbers::One([scale as f32]),
        zero: Numbers::One([zero_point as f32]),
    })
}

impl<'a> Scaled<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, affine: &'a Affine) -> Result<Self> {
        let numbers = |factor: &'a Factor| match factor {
            Factor::One(number) => Numbers::One([*number]),
            Factor::Each(tensor) => Numbers::Each(checkpoint, tensor, Once::default()),
        };
        let blocks = Blocks::new(&affine.codes.shape, &affine.block);
        for factor in [&affine.scale, &affine.zero] {
            if let Factor::Each(tensor) = factor
                && tensor.elements != blocks.count()
            {
                return Err(Error::new(
                    Code::SizeMismatch,
                    "quantised tensor has another number of scales than of blocks",
                )
                .expected(blocks.count())
                .found(format!("{} in {}", tensor.elements, tensor.name)));
            }
        }
        Ok(Self {
            codes: part(checkpoint, &affine.codes, As::Values)?,
            blocks,
            scale: numbers(&affine.scale),
            zero: numbers(&affine.zero),
        })
    }
}

impl Read for Scaled<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Operand<'s>> {
        let (scale, zero) = (self.scale.all()?, self.zero.all()?);
        let fields = scratch.with_part();
        let (values, out) = (fields.values, fields.out);
        let codes = self.codes.read(start, count, fields.part)?;
        values.reserve(count);
        kernel::for_each_value(codes, |value| values.push(value as f32));
        self.blocks.scale(start, values, scale, zero);
        out.reserve(4 * count);
        out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        Ok(plain::operand(out, DType::F32))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.codes.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.codes.at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.codes.comes_in_parts()
    }
}

impl Numbers<'_> {
    fn all(&self) -> Result<&[f32]> {
        match self {
            Self::One(number) => Ok(number),
            Self::Each(checkpoint, tensor, once) => once
                .get_or_make(|| read_all(checkpoint, tensor))
                .map(Vec::as_slice),
        }
    }
}

fn read_all(checkpoint: &Checkpoint, tensor: &Tensor) -> Result<Vec<f32>> {
    if tensor.elements > MOST_FACTORS {
        return Err(
            Error::new(Code::LimitExceeded, "quantised tensor has too many scales")
                .expected(format!("at most {MOST_FACTORS}"))
                .found(tensor.elements),
        );
    }
    let reader = part(checkpoint, tensor, As::Values)?;
    let mut values = Vec::new();
    let mut scratch = Scratch::default();
    for at in (0..tensor.elements).step_by(kernel::CHUNK) {
        let count = (tensor.elements - at).min(kernel::CHUNK as u64) as usize;
        let operand = reader.read(at, count, &mut scratch)?;
        kernel::for_each_value(operand, |value| values.push(value as f32));
    }
    Ok(values)
}

/// The blocks of a tensor, with axes joined where that makes no difference.
struct Blocks {
    /// Length of each axis, and of a block along it; the last axis has at least the length 1.
    axes: Vec<(u64, u64)>,
}

impl Blocks {
    fn new(shape: &[u64], block: &[u64]) -> Self {
        let mut axes: Vec<(u64, u64)> = Vec::new();
        for (&dim, &side) in shape.iter().zip(block).filter(|(dim, _)| **dim != 1) {
            let side = side.clamp(1, dim.max(1));
            match axes.last_mut() {
                // A block that is whole along an axis goes on in the axis before.
                Some((outer, of_outer)) if side == dim => {
                    (*outer, *of_outer) = (*outer * dim, *of_outer * dim);
                }
                Some((outer, of_outer)) if side == 1 && *of_outer == 1 => *outer *= dim,
                _ => axes.push((dim, side)),
            }
        }
        if axes.is_empty() {
            axes.push((1, 1));
        }
        Self { axes }
    }

    fn count(&self) -> u64 {
        self.axes
            .iter()
            .map(|(dim, side)| dim.div_ceil(*side))
            .product()
    }

    /// Turns codes into numbers: the elements from `start` on.
    fn scale(&self, start: u64, mut values: &mut [f32], scale: &[f32], zero: &[f32]) {
        let Some((&(width, side), outer)) = self.axes.split_last() else {
            return;
        };
        let across = width.div_ceil(side) as usize;
        let mut at = start;
        while !values.is_empty() {
            let (row, column) = (at / width, at % width);
            let count = ((width - column) as usize).min(values.len());
            let (line, rest) = std::mem::take(&mut values).split_at_mut(count);
            let first = block_of(row, outer) as usize * across;
            scale_line(
                line,
                (column, side),
                of_line(scale, first, across),
                of_line(zero, first, across),
            );
            (values, at) = (rest, at + count as u64);
        }
    }
}

/// The number of the block that a row lies in, of the blocks of all axes but the last.
fn block_of(mut row: u64, outer: &[(u64, u64)]) -> u64 {
    let (mut block, mut blocks) = (0, 1);
    for (dim, side) in outer.iter().rev() {
        block += row % dim / side * blocks;
        blocks *= dim.div_ceil(*side);
        row /= dim;
    }
    block
}

/// The factors of the blocks along a line; one that is the same for all stays one.
fn of_line(numbers: &[f32], first: usize, across: usize) -> &[f32] {
    match numbers {
        [_] => numbers,
        _ => numbers.get(first..first + across).unwrap_or_default(),
    }
}

/// Elements along the last axis from `column` on, in blocks of `side` elements.
fn scale_line(line: &mut [f32], (column, side): (u64, u64), scale: &[f32], zero: &[f32]) {
    let side = side as usize;
    // Scales that are missing make no number.
    let number = |of: &[f32], block: usize| match of {
        [one] => *one,
        _ => of.get(block).copied().unwrap_or(f32::NAN),
    };
    let (mut block, inside) = (
        (column / side as u64) as usize,
        (column % side as u64) as usize,
    );
    let (begun, line) =
        line.split_at_mut((side - inside).min(line.len()) * usize::from(inside > 0));
    if !begun.is_empty() {
        scale_block(begun, number(scale, block), number(zero, block));
        block += 1;
    }
    let blocks = line.len() / side;
    let (whole, cut) = line.split_at_mut(blocks * side);
    let (scales, zeros) = (
        column_of(scale, block, blocks),
        column_of(zero, block, blocks),
    );
    if let (Some(scales), Some(zeros)) = (scales, zeros)
        && let Ok(lines) = ArrayViewMut2::from_shape((blocks, side), &mut *whole)
    {
        Zip::from(lines)
            .and_broadcast(zeros)
            .and_broadcast(scales)
            .for_each(|value, zero, scale| *value = (*value - zero) * scale);
    } else {
        whole.fill(f32::NAN);
    }
    if !cut.is_empty() {
        let last = block + blocks;
        scale_block(cut, number(scale, last), number(zero, last));
    }
}

fn scale_block(values: &mut [f32], scale: f32, zero: f32) {
    for value in values {
        *value = (*value - zero) * scale;
    }
}

/// One number a block, the same for all of its elements.
fn column_of(numbers: &[f32], first: usize, count: usize) -> Option<ArrayView2<'_, f32>> {
    let numbers = match numbers {
        [_] => numbers,
        _ => numbers.get(first..first + count)?,
    };
    Some(ArrayView1::from(numbers).insert_axis(Axis(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One element after the other, by the definition.
    fn by_definition(
        shape: &[u64],
        block: &[u64],
        (start, values): (u64, &mut [f32]),
        scale: &[f32],
        zero: &[f32],
    ) {
        for (at, value) in (start..).zip(values) {
            let (mut rest, mut number, mut blocks) = (at, 0, 1);
            for (&dim, &side) in shape.iter().zip(block).rev() {
                number += rest % dim / side * blocks;
                blocks *= dim.div_ceil(side);
                rest /= dim;
            }
            *value = (*value - zero[number as usize % zero.len()]) * scale[number as usize];
        }
    }

    #[test]
    fn blocks_are_scaled_as_each_element_is() {
        let mut state = 1u64;
        let mut below = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        for _ in 0..4000 {
            let axes = 1 + below(4) as usize;
            let shape: Vec<u64> = (0..axes).map(|_| 1 + below(9)).collect();
            let block: Vec<u64> = shape
                .iter()
                .map(|&dim| match below(3) {
                    0 => 1,
                    1 => dim,
                    _ => 1 + below(dim),
                })
                .collect();
            let blocks = Blocks::new(&shape, &block);
            let count: u64 = shape
                .iter()
                .zip(&block)
                .map(|(dim, side)| dim.div_ceil(*side))
                .product();
            assert_eq!(blocks.count(), count, "{shape:?} {block:?}");
            let scale: Vec<f32> = (0..count).map(|c| 0.1 + c as f32 / 7.0).collect();
            let zeros = if below(2) == 0 { 1 } else { count };
            let zero: Vec<f32> = (0..zeros).map(|_| below(255) as f32).collect();
            let all: u64 = shape.iter().product();
            let start = below(all);
            let codes: Vec<f32> = (0..=below(all - start))
                .map(|_| below(255) as f32)
                .collect();
            let (mut found, mut wanted) = (codes.clone(), codes);
            blocks.scale(start, &mut found, &scale, &zero);
            by_definition(&shape, &block, (start, &mut wanted), &scale, &zero);
            assert_eq!(
                found, wanted,
                "{shape:?} in blocks of {block:?}, from {start}"
            );
        }
    }
}
