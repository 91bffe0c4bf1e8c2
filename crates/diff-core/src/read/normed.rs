//! Magnitudes over norms: see [`Tensor::normed`](crate::tensor::Tensor::normed).

use std::ops::Range;

use super::held::Held;
use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::Result;
use crate::kernel::{self, Elements};
use crate::once::Once;
use crate::tensor;

pub(super) struct Normed<'a> {
    of: Reader<'a>,
    elements: u64,
    magnitude: Held<'a>,
    /// For each index along the axis, what its elements are multiplied by: magnitude over norm. Takes a first pass over all elements.
    factors: Once<Vec<f32>>,
    /// Indices along the axis, and how many elements in a row share one.
    indices: u64,
    together: u64,
    epsilon: f32,
}

impl<'a> Normed<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, normed: &'a tensor::Normed) -> Result<Self> {
        Ok(Self {
            of: part(checkpoint, &normed.of, As::Values)?,
            elements: normed.of.elements,
            magnitude: Held::new(checkpoint, &normed.magnitude),
            factors: Once::default(),
            indices: normed.magnitude.elements.max(1),
            epsilon: normed.epsilon,
            together: normed.of.shape.iter().skip(normed.axis + 1).product(),
        })
    }

    fn index(&self, element: u64) -> usize {
        (element / self.together.max(1) % self.indices) as usize
    }

    /// The squares are summed up in f64; the norm and the factor are f32, as they are in torch.
    fn factors(&self) -> Result<&[f32]> {
        let factors = self.factors.get_or_make(|| {
            let magnitude = self.magnitude.all()?;
            let mut sums = vec![0f64; magnitude.len()];
            let mut scratch = Scratch::default();
            for start in (0..self.elements).step_by(kernel::CHUNK) {
                let count = (self.elements - start).min(kernel::CHUNK as u64) as usize;
                let given = self.of.read(start, count, &mut scratch)?;
                let mut at = start;
                kernel::for_each_value(given, |value| {
                    if let Some(sum) = sums.get_mut(self.index(at)) {
                        *sum += value * value;
                    }
                    at += 1;
                });
            }
            let pairs = magnitude.iter().zip(&sums);
            Ok(pairs
                .map(|(m, sum)| m / (sum.sqrt() as f32 + self.epsilon))
                .collect())
        });
        factors.map(Vec::as_slice)
    }
}

impl Read for Normed<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let factors = self.factors()?;
        let fields = scratch.with_part();
        let given = self.of.read(start, count, fields.part)?;
        let out = fields.out;
        let mut at = start;
        kernel::for_each_value(given, |value| {
            let factor = factors.get(self.index(at)).copied().unwrap_or(f32::NAN);
            out.extend_from_slice(&(factor * value as f32).to_le_bytes());
            at += 1;
        });
        Ok(plain::operand(out, DType::F32))
    }

    /// Does not count what the first pass reads.
    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.of.regions(elements, each);
        self.magnitude.regions(each);
    }
}
