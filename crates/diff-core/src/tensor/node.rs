//! What the elements of a tensor are: bytes of a source, or made of the elements of other tensors.

use std::sync::Arc;

use super::Tensor;
use super::layout::Layout;
use super::stored::{Span, Stored};
use crate::dtype::DType;
use crate::error::Error;

/// An expression. The tensors that it is made of have shapes, types and names of their own.
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
    /// Each element and a number.
    Shifted(Arc<Tensor>, f32),
    /// Only some elements are there, and where they belong. Such tensors are compared by what they store.
    Sparse(Arc<Sparse>),
    /// Codes with one scale: (code - `zero_point`) * `scale` in f32. The kernels know them: they are compared as codes too.
    Scaled {
        codes: Arc<Tensor>,
        scale: f64,
        zero_point: i64,
    },
    /// Codes of at most eight bits out of the words that they are packed in.
    Unpacked(Arc<Unpacked>),
    /// For each code the number that a table gives it.
    Lookup(Arc<Lookup>),
    /// Codes with a scale for each block.
    Affine(Arc<Affine>),
    /// The product of two matrices.
    LowRank(Arc<LowRank>),
    /// The Kronecker product of two tensors.
    Kronecker(Arc<Kronecker>),
    /// Sums or products of the elements of two tensors of one shape.
    Pair(Arc<Pair>),
    /// Each element times a number, in f32.
    Times(Arc<Times>),
    /// Each element rounded to the type of the tensor.
    Rounded(Arc<Tensor>),
    /// Each element times a magnitude over a norm.
    Normed(Arc<Normed>),
    /// There are none: a description that is wrong, or torch's meta device.
    Broken(Box<Error>),
}

/// Elements of a tensor at other places: element (i0, i1, …) is the one at `offset` + i0 `steps[0]` + i1 `steps[1]` + … in
/// the row-major order of `of`. Made by [`Tensor::permuted`] and its kin, which prove that all lie inside.
#[derive(Debug)]
pub struct View {
    pub of: Tensor,
    pub offset: u64,
    pub steps: Vec<u64>,
}

/// See [`Node::Concat`]: the parts have one shape but for the length of `axis`.
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
    /// COO: (places, one row for each sparse dimension); else: where each row or column begins in
    /// the second, and the places along the other dimension.
    pub indices: Vec<Tensor>,
    pub values: Tensor,
    /// Most bytes of indices and values that may be held to bring the elements into order.
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

/// Codes in words: `words` has the shape of the codes but along `axis`, where a period of words holds a period of codes.
#[derive(Debug)]
pub struct Unpacked {
    /// Integers of one or four bytes.
    pub words: Tensor,
    pub layout: Layout,
    pub axis: usize,
    /// Added to each word, modulo 2^32, before it is unpacked: see [`crate::decode::packing::gptq_ones`].
    pub add: u32,
}

/// Codes of a byte and what they stand for.
#[derive(Debug)]
pub struct Lookup {
    pub codes: Tensor,
    pub table: Table,
}

/// What codes stand for, by their number; a code beyond the end is an error.
#[derive(Debug, Clone)]
pub enum Table {
    Known(&'static [f32]),
    /// Out of the file, at most 256 numbers.
    Stored(Tensor),
}

/// Codes with a scale for each block: element i is [`Rule`] of its code and of the scale and the zero point of the block that i lies in.
#[derive(Debug)]
pub struct Affine {
    pub codes: Tensor,
    /// One number a block, in the row-major order of the blocks.
    pub scale: Factor,
    pub zero: Factor,
    /// Elements of a block along each axis of the codes; the last block of an axis may be cut.
    pub block: Vec<u64>,
    pub rule: Rule,
    /// f16 or bf16 where the library that wrote the codes computes in it: what each step comes to is rounded to it.
    pub round: Option<DType>,
    /// The numbers of the blocks along an axis, for each index of it, instead of `block`.
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

/// What is done with a code, in f32.
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

/// See [`Tensor::kronecker`]: both have as many axes.
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

/// A number, or where it is.
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
    /// What is added to each norm.
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
