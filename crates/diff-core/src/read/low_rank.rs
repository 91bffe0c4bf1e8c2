//! The product of two matrices, one stretch of its rows at a time: see [`Tensor::low_rank`](crate::tensor::Tensor::low_rank).

use std::ops::Range;

use ndarray::{ArrayView2, s};

use super::held::Held;
use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Elements};
use crate::tensor::LowRank;

/// Columns that are summed up at once, so that the sums stay in the processor's cache.
const COLUMNS: usize = 2048;

/// Numbers of the left factor that are read at once, at least one row.
const LEFT_NUMBERS: u64 = 1 << 16;

/// The right factor is held in memory; of the left one, only the rows that are needed are read.
pub(super) struct Product<'a> {
    left: Reader<'a>,
    right: Held<'a>,
    rank: u64,
    columns: u64,
}

impl<'a> Product<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, product: &'a LowRank) -> Result<Self> {
        let dim = |axis: usize| product.right.shape.get(axis).copied().unwrap_or(0);
        Ok(Self {
            left: part(checkpoint, &product.left, As::Values)?,
            right: Held::new(checkpoint, &product.right),
            rank: dim(0),
            columns: dim(1),
        })
    }

    fn rows(&self, elements: &Range<u64>) -> Range<u64> {
        let columns = self.columns.max(1);
        elements.start / columns..elements.end.div_ceil(columns)
    }
}

impl Read for Product<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let shape = (self.rank as usize, self.columns as usize);
        let right = ArrayView2::from_shape(shape, self.right.all()?)
            .map_err(|_| Error::new(Code::Internal, "factor has other elements than its shape"))?;
        let fields = scratch.with_part();
        let (out, left) = (fields.out, fields.bytes);
        out.reserve(4 * count);
        let end = start + count as u64;
        let rows = self.rows(&(start..end));
        let together = (LEFT_NUMBERS / self.rank.max(1)).max(1);
        for first in rows.clone().step_by(together as usize) {
            let some = together.min(rows.end - first);
            let numbers = (some * self.rank) as usize;
            left.resize(4 * numbers, 0);
            let left = left.as_chunks_mut().0;
            if numbers > 0 {
                let operand = self.left.read(first * self.rank, numbers, fields.part)?;
                kernel::to_f32(operand, left);
            }
            for row in 0..some {
                let begin = (first + row) * self.columns;
                let from = start.saturating_sub(begin).min(self.columns) as usize;
                let to = (end - begin).min(self.columns) as usize;
                let skipped = (row * self.rank) as usize;
                let line = left
                    .get(skipped..skipped + self.rank as usize)
                    .unwrap_or_default();
                add_row(line, &right, from..to, out);
            }
        }
        Ok(plain::operand(out, DType::F32))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        let rows = self.rows(&elements);
        self.left
            .regions(rows.start * self.rank..rows.end * self.rank, each);
        self.right.regions(each);
    }
}

/// Appends some columns of one row of the product to `out`.
fn add_row(left: &[[u8; 4]], right: &ArrayView2<f32>, columns: Range<usize>, out: &mut Vec<u8>) {
    let mut sums = [0f32; COLUMNS];
    for from in columns.clone().step_by(COLUMNS) {
        let to = columns.end.min(from + COLUMNS);
        let Some(sums) = sums.get_mut(..to - from) else {
            return;
        };
        sums.fill(0.0);
        let lines = right.slice(s![.., from..to]);
        for (number, line) in left.iter().zip(lines.rows()) {
            let line = line.to_slice().unwrap_or_default();
            multiply_add(sums, f32::from_le_bytes(*number), line);
        }
        out.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
    }
}

/// Adds `number` times `line` to `sums`. The product of two f32 is exact in f64, so each step is rounded once, like a fused multiply-add
/// (twice where the sum needs more than 53 bits, which changes the result once in about 2^28 steps), and has the same bits on every
/// processor.
fn multiply_add(sums: &mut [f32], number: f32, line: &[f32]) {
    let number = f64::from(number);
    for (sum, &other) in sums.iter_mut().zip(line) {
        *sum = (f64::from(*sum) + number * f64::from(other)) as f32;
    }
}
