//! Views with the axes in another order.

use super::Places;
use crate::error::Result;
use crate::tensor::{Affine, Factor, Index, Node, Tensor, Unpacked};

impl Tensor {
    /// The axes in another order: axis i of the result is axis `axes[i]` of this.
    ///
    /// # Errors
    /// `Argument` unless `axes` names each axis once; what keeps the tensor from being read.
    pub fn permuted(&self, axes: &[usize]) -> Result<Self> {
        let mut seen = vec![false; self.shape.len()];
        let fits = axes.len() == seen.len()
            && axes.iter().all(|&axis| {
                seen.get_mut(axis)
                    .is_some_and(|seen| !std::mem::replace(seen, true))
            });
        if !fits {
            return Err(self.wrong("cannot permute", "each axis once", &format!("{axes:?}")));
        }
        let order = |of: &[u64]| {
            axes.iter()
                .filter_map(|&axis| of.get(axis).copied())
                .collect()
        };
        match &self.node {
            Node::Affine(affine) => return affine.permuted(self, axes, order(&affine.block)),
            Node::Unpacked(unpacked) => return unpacked.permuted(self, axes),
            _ => {}
        }
        self.on_each(&|tensor| {
            let places = tensor.places()?;
            let steps = order(&places.steps);
            tensor.at(order(&tensor.shape), Places { steps, ..places })
        })
    }
}

impl Affine {
    /// Permutes codes, factors and index alike.
    fn permuted(&self, whole: &Tensor, axes: &[usize], block: Vec<u64>) -> Result<Tensor> {
        let blocks: Vec<u64> = self
            .codes
            .shape
            .iter()
            .zip(&self.block)
            .enumerate()
            .map(|(axis, (&dim, &block))| match &self.index {
                Some(index) if index.axis == axis => index.count,
                _ => dim.div_ceil(block.max(1)),
            })
            .collect();
        let factor = |factor: &Factor| -> Result<Factor> {
            Ok(match factor {
                Factor::One(number) => Factor::One(*number),
                Factor::Each(tensor) => Factor::Each(tensor.reshaped(&blocks)?.permuted(axes)?),
            })
        };
        let index = self.index.as_ref().map(|index| Index {
            axis: place_of(index.axis, axes),
            ..index.clone()
        });
        let affine = Self {
            codes: self.codes.permuted(axes)?,
            scale: factor(&self.scale)?,
            zero: factor(&self.zero)?,
            block,
            index,
            ..*self
        };
        Ok(Tensor {
            name: whole.name.clone(),
            bytes: whole.bytes,
            ..Tensor::of_affine(affine, whole.dtype_label.clone())
        })
    }
}

impl Unpacked {
    /// Permutes the words.
    fn permuted(&self, whole: &Tensor, axes: &[usize]) -> Result<Tensor> {
        let axis = place_of(self.axis, axes);
        let length = whole.shape.get(self.axis).copied().unwrap_or(0);
        let words = self.words.permuted(axes)?;
        let codes = Tensor::unpacked(words, self.layout, axis, length, self.add)?;
        Ok(Tensor {
            name: whole.name.clone(),
            ..codes
        })
    }
}

/// The new number of an axis.
fn place_of(axis: usize, axes: &[usize]) -> usize {
    axes.iter().position(|&from| from == axis).unwrap_or(axis)
}
