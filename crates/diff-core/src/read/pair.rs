//! Sums and products of the elements of two tensors: see [`Tensor::paired`](crate::tensor::Tensor::paired).

use std::ops::Range;

use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::Result;
use crate::kernel::{self, Elements};
use crate::tensor::{Pair, PairRule};

pub(super) struct Paired<'a> {
    parts: [Reader<'a>; 2],
    rule: PairRule,
    dtype: DType,
}

impl<'a> Paired<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, pair: &'a Pair, dtype: DType) -> Result<Self> {
        let [a, b] = &pair.parts;
        Ok(Self {
            parts: [
                part(checkpoint, a, As::Values)?,
                part(checkpoint, b, As::Values)?,
            ],
            rule: pair.rule,
            dtype,
        })
    }
}

impl Read for Paired<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let [a, b] = &self.parts;
        let fields = scratch.with_part();
        let mut first = Vec::with_capacity(count);
        kernel::for_each_value(a.read(start, count, fields.part)?, |value| {
            first.push(value);
        });
        let given = b.read(start, count, fields.part)?;
        let out = fields.out;
        let mut others = first.into_iter();
        // For two f32, a sum or product in f64 that is then rounded to f32 is the same as one in f32.
        kernel::for_each_value(given, |value| {
            let other = others.next().unwrap_or(f64::NAN);
            let made = match self.rule {
                PairRule::Add => other + value,
                PairRule::Multiply => other * value,
            };
            match self.dtype {
                DType::F64 => out.extend_from_slice(&made.to_le_bytes()),
                _ => out.extend_from_slice(&(made as f32).to_le_bytes()),
            }
        });
        Ok(plain::operand(out, self.dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        for part in &self.parts {
            part.regions(elements.clone(), each);
        }
    }
}
