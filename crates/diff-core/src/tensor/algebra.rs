//! Tensors that are computed from others: the products and sums that adapters are made of.
//!
//! Each operation is defined as torch computes it in f32, so that what is merged here can be equal, bit for bit, to what torch merged.

use std::sync::Arc;

use super::node::{Kronecker, LowRank, Node, Normed, Pair, PairRule, Scale, Times};
use super::{Tensor, element_count};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};

/// The most elements of a product: a small file can describe a huge one, which would take for ever. No known weight has as many.
const MOST_ELEMENTS: u64 = 1 << 36;

impl Tensor {
    /// The matrix product of an m × r and an r × n matrix, in f32: each element is the sum over k, in rising order, of fused multiply-adds.
    ///
    /// # Errors
    /// `SizeMismatch` where the shapes do not fit; `LimitExceeded` for a product that is too large; what keeps a factor from being read.
    pub fn low_rank(left: &Self, right: &Self) -> Result<Self> {
        let (&[m, inner], &[r, n]) = (&*left.shape, &*right.shape) else {
            return Err(left.does_not_fit(right, "factors of a product are not both matrices"));
        };
        if inner != r {
            return Err(left.does_not_fit(right, "factors of a product do not fit together"));
        }
        let shape = vec![m, n];
        let node = LowRank {
            left: left.clone(),
            right: right.clone(),
        };
        Self::computed(shape, &[left, right], Node::LowRank(Arc::new(node)))
    }

    /// The Kronecker product in f32: element (i, j, …) is `left`\[i / c, j / d, …\] · `right`\[i % c, j % d, …\] for a `right` of the shape
    /// (c, d, …). Axes that `left` lacks at its end have the length 1.
    ///
    /// # Errors
    /// `SizeMismatch` where `left` has more axes than `right`, `LimitExceeded` for a product that is too large; what keeps a part from being
    /// read.
    pub fn kronecker(left: &Self, right: &Self) -> Result<Self> {
        let (axes, missing) = (
            right.shape.len(),
            right.shape.len().checked_sub(left.shape.len()),
        );
        let Some(missing) = missing.filter(|_| axes > 0) else {
            return Err(
                left.does_not_fit(right, "left factor of a Kronecker product has more axes")
            );
        };
        let mut filled = left.shape.clone();
        filled.extend(std::iter::repeat_n(1, missing));
        let left = left.reshaped(&filled)?;
        let dims = filled.iter().zip(&right.shape);
        let shape = dims.map(|(p, q)| p.saturating_mul(*q)).collect();
        let node = Kronecker {
            left: left.clone(),
            right: right.clone(),
        };
        Self::computed(shape, &[&left, right], Node::Kronecker(Arc::new(node)))
    }

    /// The sum or the product of the elements of two tensors: in f32, or in f64 if one of them is f64.
    ///
    /// # Errors
    /// `SizeMismatch` for tensors of different shapes; what keeps a part from being read.
    pub fn paired(&self, rule: PairRule, other: &Self) -> Result<Self> {
        if self.shape != other.shape {
            return Err(self.does_not_fit(other, "tensors have different shapes"));
        }
        let node = Pair {
            rule,
            parts: [self.clone(), other.clone()],
        };
        let made = Self::computed(
            self.shape.clone(),
            &[self, other],
            Node::Pair(Arc::new(node)),
        )?;
        Ok(Self {
            name: self.name.clone(),
            dtype: wider(self.dtype, other.dtype),
            ..made
        })
    }

    /// Every element times a number, in f32.
    ///
    /// # Errors
    /// `SizeMismatch` for a stored number that is a tensor of more than one element; what keeps a part from being read.
    pub fn times(&self, number: Scale) -> Result<Self> {
        if let Scale::Stored { number, .. } = &number
            && number.elements != 1
        {
            return Err(self.does_not_fit(number, "scale of a tensor is not one number"));
        }
        let stored = match &number {
            Scale::Number(_) => None,
            Scale::Stored { number, .. } => Some(number.clone()),
        };
        let node = Times {
            of: self.clone(),
            number,
        };
        let parts: Vec<&Self> = std::iter::once(self).chain(&stored).collect();
        Self::computed(self.shape.clone(), &parts, Node::Times(Arc::new(node)))
    }

    /// Every element rounded to a float type: to the nearest value, ties to even.
    ///
    /// # Errors
    /// `UnsupportedDtype` for anything but f16, bf16, f32 and f64; what keeps the tensor from being read.
    pub fn rounded(&self, dtype: DType) -> Result<Self> {
        if self.dtype == dtype && self.error().is_none() {
            return Ok(self.clone());
        }
        if !matches!(dtype, DType::F16 | DType::Bf16 | DType::F32 | DType::F64) {
            return Err(Error::new(
                Code::UnsupportedDtype,
                "numbers cannot be rounded to this type",
            )
            .expected("f16, bf16, f32 or f64")
            .found(dtype.name())
            .tensor(&self.name));
        }
        let node = Node::Rounded(Arc::new(self.clone()));
        let made = Self::computed(self.shape.clone(), &[self], node)?;
        Ok(Self { dtype, ..made })
    }

    /// Every element times the magnitude that its index along `axis` has, divided by the Euclidean norm of all elements with that index:
    /// weight-decomposed adaptation (`DoRA`, <https://arxiv.org/abs/2402.09353>), in f32. `epsilon` is added to each norm.
    ///
    /// # Errors
    /// `SizeMismatch` unless there is one magnitude for each index; what keeps a part from being read.
    pub fn normed(&self, magnitude: &Self, axis: usize, epsilon: f32) -> Result<Self> {
        if self.shape.get(axis) != Some(&magnitude.elements) {
            return Err(self.does_not_fit(magnitude, "there is not one magnitude for each index"));
        }
        let node = Normed {
            of: self.clone(),
            magnitude: magnitude.clone(),
            axis,
            epsilon,
        };
        let node = Node::Normed(Arc::new(node));
        Self::computed(self.shape.clone(), &[self, magnitude], node)
    }

    /// A tensor of f32 that is computed from dense tensors of real numbers.
    fn computed(shape: Vec<u64>, parts: &[&Self], node: Node) -> Result<Self> {
        for part in parts {
            if let Some(error) = part.error() {
                return Err(error.clone());
            }
            if part.is_raw()
                || part.dtype.component().is_some()
                || matches!(part.node, Node::Sparse(_))
            {
                return Err(Error::new(
                    Code::UnsupportedDtype,
                    "only dense tensors of real numbers can be computed with",
                )
                .found(part.dtype_name())
                .tensor(&part.name));
            }
        }
        let elements = element_count(&shape)?;
        if elements > MOST_ELEMENTS {
            return Err(
                Error::new(Code::LimitExceeded, "product has too many elements")
                    .expected(format!("at most {MOST_ELEMENTS}"))
                    .found(elements),
            );
        }
        Ok(Self {
            name: parts
                .first()
                .map(|part| part.name.clone())
                .unwrap_or_default(),
            dtype: DType::F32,
            dtype_label: None,
            shape,
            elements,
            bytes: parts.iter().map(|part| part.bytes).sum(),
            node,
        })
    }

    #[cold]
    fn does_not_fit(&self, other: &Self, what: &str) -> Error {
        Error::new(Code::SizeMismatch, what.to_owned())
            .found(format!(
                "{:?} and {:?} ({})",
                self.shape, other.shape, other.name
            ))
            .tensor(&self.name)
    }
}

fn wider(a: DType, b: DType) -> DType {
    if a == DType::F64 || b == DType::F64 {
        DType::F64
    } else {
        DType::F32
    }
}
