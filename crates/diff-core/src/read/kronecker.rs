//! The Kronecker product of two tensors: see [`Tensor::kronecker`](crate::tensor::Tensor::kronecker).

use std::ops::Range;

use super::held::Held;
use super::{Read, Region, Scratch, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::Result;
use crate::kernel::Elements;
use crate::tensor::Kronecker;

/// Both factors are held in memory.
pub(super) struct Product<'a> {
    left: Held<'a>,
    right: Held<'a>,
}

impl<'a> Product<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, product: &'a Kronecker) -> Self {
        Self {
            left: Held::new(checkpoint, &product.left),
            right: Held::new(checkpoint, &product.right),
        }
    }

    /// The places of the two elements whose product is the element at `at`; and for how many elements along the last axis, this one included,
    /// the left factor stays the same.
    fn places(&self, mut at: u64) -> (usize, usize, u64) {
        let (mut left, mut right) = (0, 0);
        let (mut of_left, mut of_right) = (1, 1);
        let mut together = None;
        let axes = self.left.shape().iter().zip(self.right.shape()).rev();
        for (&p, &q) in axes {
            let (p, q) = (p.max(1), q.max(1));
            let index = at % (p * q);
            at /= p * q;
            together.get_or_insert(q - index % q);
            left += index / q * of_left;
            right += index % q * of_right;
            of_left *= p;
            of_right *= q;
        }
        (left as usize, right as usize, together.unwrap_or(1))
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
        let (left, right) = (self.left.all()?, self.right.all()?);
        let out = scratch.with_part().out;
        out.reserve(4 * count);
        let end = start + count as u64;
        let mut at = start;
        while at < end {
            let (p, q, together) = self.places(at);
            let together = together.min(end - at);
            let number = left.get(p).copied().unwrap_or(f32::NAN);
            let line = right.get(q..q + together as usize).unwrap_or_default();
            out.extend(line.iter().flat_map(|other| (number * other).to_le_bytes()));
            at += together;
        }
        Ok(plain::operand(out, DType::F32))
    }

    fn regions(&self, _: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.left.regions(each);
        self.right.regions(each);
    }
}
