//! The elements of tensors, in logical row-major order and little-endian, whatever they are made of.
//!
//! A tensor is an expression ([`Node`]); [`Reader::new`] makes a reader of it for one run. What a reader keeps (scales, places of sparse
//! elements) lives as long as it does. Which bytes a range of elements needs is told by [`Read::regions`].

mod affine;
mod blocks;
mod codes;
mod concat;
mod each;
mod held;
mod kept;
mod kronecker;
mod lent;
mod lookup;
mod low_rank;
mod memory;
mod normed;
mod pair;
mod plain;
mod same;
mod scratch;
mod sparse;
mod tiled;
mod twin;
mod unpacked;
mod view;

use std::ops::Range;

use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::Elements;
use crate::source::Source;
use crate::tensor::{Encoding, Node, Span, Stored, Tensor};
use plain::Plain;

pub(crate) use kept::kept_bytes;
pub(crate) use lent::Lent;
pub(crate) use same::is_same;
pub(crate) use scratch::Scratch;
pub(crate) use sparse::Coalesced;
pub(crate) use tiled::{PIECE, Strip, Tiled, Tiling};
pub(crate) use twin::{Bytes, Twin};

/// As what a tensor is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// As numbers; complex ones are handed out as twice as many real parts.
    Values,
    /// As the elements that are stored: for quantised tensors the codes, for types of less than a byte one code a byte.
    Stored,
}

/// A stretch of a source that a range of elements lies in.
pub(crate) struct Region<'a> {
    pub source: &'a dyn Source,
    pub offset: u64,
    pub bytes: u64,
    /// Whether other elements of the tensor lie there too, so that it will be needed again.
    pub is_shared: bool,
}

/// Reads ranges of elements. Many threads may do so at once.
pub(crate) trait Read: Send + Sync {
    /// Type of the elements: a complex type for complex numbers, though these are handed out as their parts.
    fn dtype(&self) -> DType;

    /// The type whose bits are handed out; None for sums of several stored elements, whose bits are stored nowhere.
    fn bits(&self) -> Option<DType> {
        Some(self.dtype())
    }

    /// The elements `start .. start + count`.
    ///
    /// # Errors
    /// What keeps the sources from being read; what is wrong with their contents.
    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>>;

    /// Calls `each` with every stretch of a source that these elements are made of.
    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region));

    /// How many elements are best read at once: `few` or `many`.
    fn at_once(&self, few: u64, _many: u64) -> u64 {
        few
    }

    /// Whether reading a few thousand elements at a time costs no more than reading many: true of a map, and of what is made of its elements
    /// in their order.
    fn comes_in_parts(&self) -> bool {
        false
    }

    /// The elements from `start` on, without a copy, if they are elements of a map that only have to be brought together: see [`Lent`].
    fn lend(&self, _start: u64) -> Option<Lent<'_>> {
        None
    }

    /// Which blocks are best taken together, where neighbours in the storage are far apart in logical order.
    fn tiling(&self) -> Option<Tiling> {
        None
    }

    /// The elements as such tiles, where they come in them or lie in a map in logical order.
    ///
    /// # Errors
    /// What keeps the bytes of all of them from being read.
    fn tiled<'s>(
        &'s self,
        _tiling: Tiling,
        _scratch: &'s mut Scratch,
    ) -> Result<Option<Tiled<'s>>> {
        Ok(None)
    }

    /// Bytes that are kept while tiles are made, beside those that every reader of the tensor keeps.
    fn kept_bytes(&self) -> u64 {
        0
    }

    /// The places of a sparse tensor's elements; None for a dense tensor.
    ///
    /// # Errors
    /// What keeps the places from being read.
    fn places(&self) -> Result<Option<&Coalesced>> {
        Ok(None)
    }
}

/// A reader of a tensor. Almost all are plain, and take no memory of their own.
pub(crate) enum Reader<'a> {
    Plain(Plain<'a>),
    Made(Box<dyn Read + 'a>),
}

impl<'a> Reader<'a> {
    /// # Errors
    /// What keeps the tensor from being read; `UnsupportedLayout` where stored elements are asked for and there are none.
    pub(crate) fn new(checkpoint: &'a Checkpoint, tensor: &'a Tensor, what: As) -> Result<Self> {
        let named = |error: Error| error.tensor(&tensor.name).at(&checkpoint.path);
        if let Some(plain) = Plain::new(checkpoint, tensor).map_err(named)? {
            return Ok(Self::Plain(plain));
        }
        made(checkpoint, tensor, what)
            .map(Self::Made)
            .map_err(named)
    }

    fn as_read(&self) -> &dyn Read {
        match self {
            Self::Plain(plain) => plain,
            Self::Made(made) => &**made,
        }
    }

    /// Whether a reader of this tensor costs nothing to make, so that each unit makes its own.
    pub(crate) fn is_cheap(tensor: &Tensor) -> bool {
        matches!(
            &tensor.node,
            Node::Stored(Stored { strides: None, .. }) | Node::Broken(_)
        )
    }
}

/// The reader of a tensor that another one is made of. Codes with one scale become numbers here: only at the top can kernels apply the scale.
fn part<'a>(checkpoint: &'a Checkpoint, tensor: &'a Tensor, what: As) -> Result<Reader<'a>> {
    match &tensor.node {
        Node::Scaled {
            codes,
            scale,
            zero_point,
        } if what == As::Values => Ok(Reader::Made(Box::new(affine::of_scaled(
            checkpoint,
            codes,
            *scale,
            *zero_point,
        )?))),
        _ => Reader::new(checkpoint, tensor, what),
    }
}

fn made<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    what: As,
) -> Result<Box<dyn Read + 'a>> {
    Ok(match &tensor.node {
        Node::Stored(stored) => match (stored.encoding, &stored.strides) {
            (Encoding::Plain(order), Some(strides)) => Box::new(view::Strided::new(
                checkpoint,
                tensor,
                stored.span,
                order,
                strides,
            )?),
            (Encoding::Plain(order), None) => {
                Box::new(plain::Swapped::new(checkpoint, tensor, stored.span, order)?)
            }
            (Encoding::Blocks(format, order), _) => {
                let span = stored.span;
                Box::new(blocks::Blocks::new(checkpoint, span, format, order, what)?)
            }
            (encoding, _) => Box::new(codes::Codes::new(checkpoint, stored.span, encoding, what)?),
        },
        Node::View(view) => Box::new(view::Seen::new(checkpoint, tensor, view, what)?),
        Node::Concat(concat) => Box::new(concat::Joined::new(checkpoint, concat, what)?),
        // Nothing stores the results of operations: they have values only, whatever is asked for.
        Node::Signed(of, signs) => Box::new(each::Signed::new(checkpoint, of, *signs)?),
        Node::Shifted(of, number) => Box::new(each::Shifted::new(checkpoint, of, *number)?),
        Node::Sparse(sparse) => Box::new(sparse::Ordered::new(checkpoint, tensor, sparse, what)?),
        Node::Scaled {
            codes,
            scale,
            zero_point,
        } => match what {
            As::Values => Box::new(each::Scaled::new(checkpoint, codes, *scale, *zero_point)?),
            As::Stored => return made_of(checkpoint, codes, what),
        },
        Node::Unpacked(of) => Box::new(unpacked::Codes::new(checkpoint, tensor, of)?),
        Node::Lookup(lookup) => match what {
            As::Values => Box::new(lookup::Numbers::new(checkpoint, lookup)?),
            As::Stored => return made_of(checkpoint, &lookup.codes, what),
        },
        Node::Affine(affine) => match what {
            As::Values => Box::new(affine::Scaled::new(checkpoint, affine)?),
            As::Stored => return made_of(checkpoint, &affine.codes, what),
        },
        Node::LowRank(product) => Box::new(low_rank::Product::new(checkpoint, product)?),
        Node::Kronecker(product) => Box::new(kronecker::Product::new(checkpoint, product)),
        Node::Pair(pair) => Box::new(pair::Paired::new(checkpoint, pair, tensor.dtype)?),
        Node::Times(times) => Box::new(each::Times::new(checkpoint, times)?),
        Node::Rounded(of) => Box::new(each::Rounded::new(checkpoint, of, tensor.dtype)?),
        Node::Normed(normed) => Box::new(normed::Normed::new(checkpoint, normed)?),
        Node::Broken(error) => return Err((**error).clone()),
    })
}

fn made_of<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    what: As,
) -> Result<Box<dyn Read + 'a>> {
    Ok(match Reader::new(checkpoint, tensor, what)? {
        Reader::Plain(plain) => Box::new(plain),
        Reader::Made(made) => made,
    })
}

impl Read for Reader<'_> {
    #[inline]
    fn dtype(&self) -> DType {
        match self {
            Self::Plain(plain) => plain.dtype(),
            Self::Made(made) => made.dtype(),
        }
    }

    fn bits(&self) -> Option<DType> {
        self.as_read().bits()
    }

    #[inline]
    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        match self {
            Self::Plain(plain) => plain.read(start, count, scratch),
            Self::Made(made) => made.read(start, count, scratch),
        }
    }

    #[inline]
    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        match self {
            Self::Plain(plain) => plain.regions(elements, each),
            Self::Made(made) => made.regions(elements, each),
        }
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.as_read().at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.as_read().comes_in_parts()
    }

    fn lend(&self, start: u64) -> Option<Lent<'_>> {
        self.as_read().lend(start)
    }

    fn tiling(&self) -> Option<Tiling> {
        self.as_read().tiling()
    }

    fn tiled<'s>(&'s self, tiling: Tiling, scratch: &'s mut Scratch) -> Result<Option<Tiled<'s>>> {
        self.as_read().tiled(tiling, scratch)
    }

    fn kept_bytes(&self) -> u64 {
        self.as_read().kept_bytes()
    }

    fn places(&self) -> Result<Option<&Coalesced>> {
        self.as_read().places()
    }
}

/// Checks that the elements of two tensors can be paired: sparse ones must have the same places.
///
/// # Errors
/// `UnsupportedLayout` where they cannot.
pub(crate) use sparse::check_places;

fn source(checkpoint: &Checkpoint, span: Span) -> Result<&dyn Source> {
    checkpoint
        .sources
        .get(span.source as usize)
        .map(AsRef::as_ref)
        .ok_or_else(|| {
            Error::new(
                Code::Internal,
                "tensor lies in a source that does not exist",
            )
        })
}
