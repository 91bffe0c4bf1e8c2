//! The arithmetic of blocks: which scale and zero point (the *factors*) an element has, and what is done with them.

use crate::dtype::DType;
use crate::kernel::{self, Factors, Formula, Rounding};
use crate::tensor::Rule;

/// An f32 as its bytes.
type Cell = [u8; 4];

/// What is done with each element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    formula: Formula,
    rounding: Rounding,
}

/// The factors, one for each block or one for all; and for the axis that has an index, the block of each of its elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'a> {
    pub(super) scale: &'a [f32],
    pub(super) zero: &'a [f32],
    pub(super) index: &'a [u32],
}

/// How many factors are gathered at once.
const GATHERED: usize = 256;

impl Step {
    /// `has_zero` is false where there is no zero point: then the step of adding or subtracting it, and its rounding, is left out.
    pub(super) fn new(rule: Rule, round: Option<DType>, has_zero: bool) -> Self {
        Self {
            formula: match (rule, has_zero) {
                (Rule::Subtract | Rule::Add, false) => Formula::Scale,
                (Rule::Divide, false) => Formula::Divide,
                (Rule::Subtract, true) => Formula::SubtractScale,
                (Rule::Divide, true) => Formula::SubtractDivide,
                (Rule::Add, true) => Formula::ScaleAdd,
            },
            rounding: match round {
                Some(DType::F16) => Rounding::F16,
                Some(DType::Bf16) => Rounding::Bf16,
                _ => Rounding::F32,
            },
        }
    }

    /// Dequantises blocks of `side` elements with their factors, or with one for all.
    fn blocks(self, cells: &mut [Cell], side: usize, scale: &[f32], zero: &[f32]) {
        let factors = Factors { side, scale, zero };
        kernel::dequantise(cells, factors, self.formula, self.rounding);
    }

    /// Dequantises elements whose blocks are given by an index: their factors are gathered first.
    fn indexed(self, line: &mut [Cell], index: &[u32], scale: &[f32], zero: &[f32]) {
        let (mut scales, mut zeros) = ([f32::NAN; GATHERED], [f32::NAN; GATHERED]);
        for (cells, index) in line.chunks_mut(GATHERED).zip(index.chunks(GATHERED)) {
            let factors = scales.iter_mut().zip(&mut zeros);
            for ((to_scale, to_zero), block) in factors.zip(index) {
                *to_scale = number(scale, *block as usize);
                *to_zero = number(zero, *block as usize);
            }
            let (scales, zeros) = (&scales[..cells.len()], &zeros[..cells.len()]);
            self.blocks(cells, 1, scales, zeros);
        }
    }

    fn block(self, cells: &mut [Cell], scale: f32, zero: f32) {
        self.blocks(cells, cells.len(), &[scale], &[zero]);
    }
}

/// The blocks of a tensor. Neighbouring axes are joined where that makes no difference.
pub(super) struct Blocks {
    /// At least one.
    axes: Vec<Axis>,
}

#[derive(Debug, Clone, Copy)]
struct Axis {
    length: u64,
    /// Elements of a block along it.
    side: u64,
    blocks: u64,
    /// Whether its blocks are given by an index.
    is_indexed: bool,
}

impl Blocks {
    /// `index` is the axis whose blocks are given by an index, and how many blocks it has.
    pub(super) fn new(shape: &[u64], block: &[u64], index: Option<(usize, u64)>) -> Self {
        let mut axes: Vec<Axis> = Vec::new();
        for (number, (&length, &side)) in shape.iter().zip(block).enumerate() {
            let of_index = index.filter(|(axis, _)| *axis == number);
            if length == 1 && of_index.is_none() {
                continue;
            }
            let side = side.clamp(1, length.max(1));
            if let Some((_, blocks)) = of_index {
                axes.push(Axis {
                    length,
                    side,
                    blocks,
                    is_indexed: true,
                });
                continue;
            }
            match axes.last_mut().filter(|outer| !outer.is_indexed) {
                // A block as long as this axis continues along the axis before it.
                Some(outer) if side == length => {
                    (outer.length, outer.side) = (outer.length * length, outer.side * length);
                }
                Some(outer) if side == 1 && outer.side == 1 => {
                    outer.length *= length;
                    outer.blocks *= length;
                }
                _ => axes.push(Axis {
                    length,
                    side,
                    blocks: length.div_ceil(side),
                    is_indexed: false,
                }),
            }
        }
        if axes.is_empty() {
            axes.push(Axis {
                length: 1,
                side: 1,
                blocks: 1,
                is_indexed: false,
            });
        }
        Self { axes }
    }

    pub(super) fn count(&self) -> u64 {
        self.axes
            .iter()
            .map(|axis| axis.blocks)
            .fold(1, u64::saturating_mul)
    }

    /// Turns codes, those of the elements from `start` on, into numbers.
    pub(super) fn apply(&self, start: u64, mut cells: &mut [Cell], numbers: Numbers, step: Step) {
        let Some((last, outer)) = self.axes.split_last() else {
            return;
        };
        let across = last.blocks as usize;
        let mut at = start;
        while !cells.is_empty() {
            let (row, column) = (at / last.length, at % last.length);
            let count = ((last.length - column) as usize).min(cells.len());
            let (line, rest) = std::mem::take(&mut cells).split_at_mut(count);
            let first = block_of(row, outer, numbers.index) as usize * across;
            let (scale, zero) = (
                of_line(numbers.scale, first, across),
                of_line(numbers.zero, first, across),
            );
            if last.is_indexed {
                let index = numbers.index.get(column as usize..).unwrap_or_default();
                step.indexed(line, index, scale, zero);
            } else {
                step.line(line, (column, last.side), scale, zero);
            }
            (cells, at) = (rest, at + count as u64);
        }
    }
}

/// The number of the block that a row lies in, counting along all axes but the last.
fn block_of(mut row: u64, outer: &[Axis], index: &[u32]) -> u64 {
    let (mut block, mut blocks) = (0, 1);
    for axis in outer.iter().rev() {
        let at = row % axis.length;
        let own = if axis.is_indexed {
            index.get(at as usize).copied().map_or(0, u64::from)
        } else {
            at / axis.side
        };
        block += own * blocks;
        blocks *= axis.blocks;
        row /= axis.length;
    }
    block
}

/// The factors of the blocks along a line; a single factor for all blocks stays single.
fn of_line(numbers: &[f32], first: usize, across: usize) -> &[f32] {
    match numbers {
        [_] => numbers,
        _ => numbers.get(first..first + across).unwrap_or_default(),
    }
}

/// The factor of a block; NaN where it is missing.
fn number(of: &[f32], block: usize) -> f32 {
    match of {
        [one] => *one,
        _ => of.get(block).copied().unwrap_or(f32::NAN),
    }
}

impl Step {
    /// Dequantises elements along the last axis from `column` on, in blocks of `side` elements.
    fn line(self, line: &mut [Cell], (column, side): (u64, u64), scale: &[f32], zero: &[f32]) {
        let side = side as usize;
        let (mut block, inside) = (
            (column / side as u64) as usize,
            (column % side as u64) as usize,
        );
        let (begun, line) =
            line.split_at_mut((side - inside).min(line.len()) * usize::from(inside > 0));
        if !begun.is_empty() {
            self.block(begun, number(scale, block), number(zero, block));
            block += 1;
        }
        self.blocks(line, side, from(scale, block), from(zero, block));
    }
}

/// The factors from a block on; a single factor for all blocks stays single.
fn from(numbers: &[f32], block: usize) -> &[f32] {
    match numbers {
        [_] => numbers,
        _ => numbers.get(block..).unwrap_or_default(),
    }
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
            let blocks = Blocks::new(&shape, &block, None);
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
            let mut cells: Vec<Cell> = found.iter().map(|x| x.to_le_bytes()).collect();
            let numbers = Numbers {
                scale: &scale,
                zero: &zero,
                index: &[],
            };
            blocks.apply(
                start,
                &mut cells,
                numbers,
                Step::new(Rule::Subtract, None, true),
            );
            found = cells.iter().map(|cell| f32::from_le_bytes(*cell)).collect();
            by_definition(&shape, &block, (start, &mut wanted), &scale, &zero);
            assert_eq!(
                found, wanted,
                "{shape:?} in blocks of {block:?}, from {start}"
            );
        }
    }
}
