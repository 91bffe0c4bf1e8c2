//! What the elements of a tensor are: stored in a source, or made of the elements of other tensors.

use std::sync::Arc;

use super::Tensor;
use super::layout::Layout;
use super::stored::{Span, Stored};
use crate::dtype::DType;
use crate::error::Error;

/// An expression. The tensors that it is made of, its *parts*, have shapes, types and names of their own.
#[derive(Debug, Clone)]
pub enum Node {
    /// Elements of a source.
    Stored(Stored),
    /// The elements of another tensor in another shape or order.
    View(Arc<View>),
    /// Tensors joined along an axis.
    Concat(Arc<Concat>),
    /// Floats or complex numbers with other signs: torch's lazy negation and conjugation.
    Signed(Arc<Tensor>, Signs),
    /// Each element plus a number, in f32.
    Shifted(Arc<Tensor>, f32),
    /// Some elements and their places; all others are zero. Sparse tensors are compared by what they store.
    Sparse(Arc<Sparse>),
    /// Codes with one scale: (code - `zero_point`) * `scale`. The kernels apply the scale, so that the codes are compared too.
    Scaled {
        codes: Arc<Tensor>,
        scale: f64,
        zero_point: i64,
    },
    /// Codes of at most eight bits, unpacked from words.
    Unpacked(Arc<Unpacked>),
    /// Codes that are looked up in a table.
    Lookup(Arc<Lookup>),
    /// Codes with a scale for each block.
    Affine(Arc<Affine>),
    /// The product of two matrices.
    LowRank(Arc<LowRank>),
    /// The Kronecker product of two tensors.
    Kronecker(Arc<Kronecker>),
    /// Sums or products of the elements of two tensors of the same shape.
    Pair(Arc<Pair>),
    /// Each element times a number, in f32.
    Times(Arc<Times>),
    /// Each element rounded to the type of this tensor.
    Rounded(Arc<Tensor>),
    /// Each element times a magnitude, over a norm.
    Normed(Arc<Normed>),
    /// No elements can be read: the description is wrong, or the tensor is one of torch's meta device.
    Broken(Box<Error>),
}

/// The elements of another tensor in other places: element (i0, i1, …) is the one at `offset` + i0 `steps[0]` + i1 `steps[1]` + … in
/// the row-major order of `of`. Made by [`Tensor::permuted`] and its kin, which make sure that all of them lie inside.
#[derive(Debug)]
pub struct View {
    pub of: Tensor,
    pub offset: u64,
    pub steps: Vec<u64>,
}

/// See [`Node::Concat`]: the parts have the same shape except along `axis`.
#[derive(Debug)]
pub struct Concat {
    pub axis: usize,
    pub parts: Vec<Tensor>,
}

/// Which signs change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    All,
    /// Of complex numbers the real parts.
    Real,
    /// Of complex numbers the imaginary parts.
    Imaginary,
}

/// A sparse tensor as it lies in the file.
///
/// It is never made dense. Its *coalesced form* is what counts: the stored elements in the order of their
/// places, those with the same place added up. Two sparse tensors of any kinds can be compared when they
/// store the same places; everything else is zero on both sides.
#[derive(Debug)]
pub struct Sparse {
    pub kind: SparseKind,
    /// For COO one matrix, with a row of indices for each sparse dimension. For the others two tensors: where each row (or
    /// column) begins in the second one, and the indices along the other dimension.
    pub indices: Vec<Tensor>,
    pub values: Tensor,
    /// The most bytes of indices and values that may be held to put the elements in order.
    pub most_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SparseKind {
    Coo,
    Csr,
    Csc,
    Bsr,
    Bsc,
}

/// Codes in words: `words` has the shape of the codes except along `axis`, where several codes share a word.
#[derive(Debug)]
pub struct Unpacked {
    /// Integers of one or four bytes.
    pub words: Tensor,
    pub layout: Layout,
    pub axis: usize,
    /// Added to each word, modulo 2^32, before it is unpacked: see [`crate::decode::packing::gptq_ones`].
    pub add: u32,
}

/// Codes, one a byte, and the table of the numbers that they stand for.
#[derive(Debug)]
pub struct Lookup {
    pub codes: Tensor,
    pub table: Table,
}

/// The numbers that the codes 0, 1, 2, … stand for; a code beyond the end is an error.
#[derive(Debug, Clone)]
pub enum Table {
    Known(&'static [f32]),
    /// A tensor of the file, of at most 256 numbers.
    Stored(Tensor),
}

/// Codes with a scale for each block: element i is made by [`Rule`] of its code, and of the scale and the zero point of the block that i
/// lies in.
#[derive(Debug)]
pub struct Affine {
    pub codes: Tensor,
    /// One number for each block, in the row-major order of the blocks.
    pub scale: Factor,
    pub zero: Factor,
    /// Elements of a block along each axis of the codes; the last block along an axis may be shorter.
    pub block: Vec<u64>,
    pub rule: Rule,
    /// f16 or bf16 if the library that wrote the codes computes in it: then the result of each step is rounded to it.
    pub round: Option<DType>,
    /// Along one axis, the block of each index may be given one by one, instead of by `block`.
    pub index: Option<Index>,
}

/// Which block each index of an axis belongs to.
#[derive(Debug, Clone)]
pub struct Index {
    pub axis: usize,
    /// Integers, as many as the axis is long.
    pub blocks: Tensor,
    /// How many blocks there are along the axis.
    pub count: u64,
}

/// What is done with a code, its scale and its zero point, in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// (code - zero) * scale
    Subtract,
    /// code * scale + zero
    Add,
    /// (code - zero) / scale
    Divide,
}

/// A number for each block, or one for all.
#[derive(Debug)]
pub enum Factor {
    One(f32),
    Each(Tensor),
}

/// See [`Tensor::low_rank`]: m × r times r × n.
#[derive(Debug)]
pub struct LowRank {
    pub left: Tensor,
    pub right: Tensor,
}

/// See [`Tensor::kronecker`]: both have the same number of axes.
#[derive(Debug)]
pub struct Kronecker {
    pub left: Tensor,
    pub right: Tensor,
}

/// See [`Tensor::paired`].
#[derive(Debug)]
pub struct Pair {
    pub rule: PairRule,
    pub parts: [Tensor; 2],
}

/// What is done with two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairRule {
    Add,
    Multiply,
}

/// See [`Tensor::times`].
#[derive(Debug)]
pub struct Times {
    pub of: Tensor,
    pub number: Scale,
}

/// A number: known, or stored in a tensor.
#[derive(Debug, Clone)]
pub enum Scale {
    Number(f64),
    /// A tensor of one element, divided by `over`.
    Stored {
        number: Tensor,
        over: f64,
    },
}

/// See [`Tensor::normed`].
#[derive(Debug)]
pub struct Normed {
    pub of: Tensor,
    /// One number for each index along `axis`.
    pub magnitude: Tensor,
    pub axis: usize,
    /// Added to each norm.
    pub epsilon: f32,
}

impl Node {
    /// The tensors that it is made of.
    #[must_use]
    pub fn parts(&self) -> Vec<&Tensor> {
        match self {
            Self::Stored(_) | Self::Broken(_) => Vec::new(),
            Self::View(view) => vec![&view.of],
            Self::Concat(concat) => concat.parts.iter().collect(),
            Self::Signed(of, _) | Self::Shifted(of, _) | Self::Rounded(of) => vec![of],
            Self::LowRank(product) => vec![&product.left, &product.right],
            Self::Kronecker(product) => vec![&product.left, &product.right],
            Self::Times(times) => match &times.number {
                Scale::Number(_) => vec![&times.of],
                Scale::Stored { number, .. } => vec![&times.of, number],
            },
            Self::Pair(pair) => pair.parts.iter().collect(),
            Self::Normed(normed) => vec![&normed.of, &normed.magnitude],
            Self::Sparse(sparse) => [&sparse.values]
                .into_iter()
                .chain(&sparse.indices)
                .collect(),
            Self::Scaled { codes, .. } => vec![codes],
            Self::Unpacked(unpacked) => vec![&unpacked.words],
            Self::Lookup(lookup) => match &lookup.table {
                Table::Known(_) => vec![&lookup.codes],
                Table::Stored(table) => vec![&lookup.codes, table],
            },
            Self::Affine(affine) => {
                let factors = [&affine.scale, &affine.zero].into_iter();
                let tensors = factors.filter_map(|factor| match factor {
                    Factor::Each(tensor) => Some(tensor),
                    Factor::One(_) => None,
                });
                let index = affine.index.as_ref().map(|index| &index.blocks);
                std::iter::once(&affine.codes)
                    .chain(tensors)
                    .chain(index)
                    .collect()
            }
        }
    }

    /// Every stretch of a source that it is made of.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        if let Self::Stored(stored) = self {
            return vec![stored.span];
        }
        let parts = self.parts().into_iter();
        parts.flat_map(|part| part.node.spans()).collect()
    }
}
