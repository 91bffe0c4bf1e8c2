//! Elements that lie in a source, and what their bits mean.

use super::packing::Packing;
use super::shape::{element_count, is_row_major};
use crate::decode::blocks::BlockFormat;
use crate::dtype::ByteOrder;
use crate::error::{Code, Error, Result};

/// A range of bytes in one of the checkpoint's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index into [`crate::Checkpoint::sources`].
    pub source: u32,
    pub offset: u64,
    pub bytes: u64,
}

/// What the bits of stored elements mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Whole elements of the tensor's [`dtype`](super::Tensor::dtype).
    Plain(ByteOrder),
    /// Floats of less than a byte, one after the other, the first in the lowest bits.
    Packed(Packing),
    /// Unsigned codes of 2 or 4 bits, one after the other, the first in the lowest bits. A tensor begins at a whole byte.
    Codes { bits: u8 },
    /// Quantised blocks of neighbours in row-major order, read as f32; the byte order is that of the numbers in a block.
    Blocks(&'static BlockFormat, ByteOrder),
    /// An unknown type: there are bytes, and no values.
    Opaque,
}

/// How elements are found in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strides {
    /// Place of the first element, in elements from the start of the span.
    pub offset: u64,
    /// Element (i0, i1, …) lies i0 steps\[0\] + i1 steps\[1\] + … elements after the first.
    pub steps: Vec<u64>,
}

/// Elements of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub span: Span,
    pub encoding: Encoding,
    /// None where the elements lie one after the other. [`Stored::strided`] makes sure that all of them lie in the span.
    pub strides: Option<Box<Strides>>,
}

impl Stored {
    /// Little-endian elements, one after the other.
    #[must_use]
    pub fn plain(span: Span) -> Self {
        Self::encoded(span, Encoding::Plain(ByteOrder::Little))
    }

    /// Elements one after the other.
    #[must_use]
    pub fn encoded(span: Span, encoding: Encoding) -> Self {
        Self {
            span,
            encoding,
            strides: None,
        }
    }

    /// A view of `shape` into `storage`, of elements of `item` bytes: a view of torch, or an array in Fortran order. `offset` and `steps` count
    /// elements.
    ///
    /// # Errors
    /// `OutOfBounds` when any element would lie outside the storage.
    pub fn strided(
        storage: Span,
        order: ByteOrder,
        item: u64,
        offset: u64,
        shape: &[u64],
        steps: Vec<u64>,
    ) -> Result<Self> {
        let encoding = Encoding::Plain(order);
        if shape.len() != steps.len() {
            return Err(
                Error::new(Code::SizeMismatch, "shape and strides differ in length")
                    .expected(shape.len())
                    .found(steps.len()),
            );
        }
        if shape.contains(&0) {
            let span = Span {
                bytes: 0,
                ..storage
            };
            return Ok(Self::encoded(span, encoding));
        }
        let last = shape
            .iter()
            .zip(&steps)
            .try_fold(u128::from(offset), |at, (&dim, &step)| {
                at.checked_add(u128::from(dim - 1) * u128::from(step))
            });
        let capacity = u128::from(storage.bytes / item.max(1));
        match last {
            Some(last) if last < capacity => {}
            _ => {
                return Err(
                    Error::new(Code::OutOfBounds, "view reaches outside its storage")
                        .expected(format!("elements below {capacity}"))
                        .found(format!(
                            "shape {shape:?}, strides {steps:?}, offset {offset}"
                        )),
                );
            }
        }
        if is_row_major(shape, &steps) {
            let span = Span {
                source: storage.source,
                offset: storage.offset + offset * item,
                bytes: element_count(shape)? * item,
            };
            return Ok(Self::encoded(span, encoding));
        }
        Ok(Self {
            span: storage,
            encoding,
            strides: Some(Box::new(Strides { offset, steps })),
        })
    }
}

impl Encoding {
    /// Bytes of the elements before `end`, where whole ones have `item` bytes; a part of a byte counts as a whole one.
    #[must_use]
    pub(crate) fn bytes_until(self, end: u64, item: u64) -> u64 {
        match self {
            Self::Plain(_) => end * item,
            Self::Packed(packing) => (end * packing.bits()).div_ceil(8),
            Self::Codes { bits } => (end * u64::from(bits)).div_ceil(8),
            Self::Blocks(format, _) => end.div_ceil(format.elements as u64) * format.bytes as u64,
            Self::Opaque => end,
        }
    }
}
