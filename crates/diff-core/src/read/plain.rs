//! Elements that lie one after the other.

use std::ops::Range;

use super::lent::{self, Lent, Walk};
use super::tiled::{Lying, Tiled, Tiling};
use super::{Read, Region, Scratch, source};
use crate::checkpoint::Checkpoint;
use crate::dtype::{ByteOrder, DType, ValueMap};
use crate::error::Result;
use crate::kernel::Elements;
use crate::source::Source;
use crate::tensor::{Encoding, Node, Span, Stored, Tensor};

/// Little-endian elements, handed out as they lie in the map or the buffer. A tensor of an unknown type is read as bytes.
pub(crate) struct Plain<'a> {
    source: &'a dyn Source,
    offset: u64,
    dtype: DType,
}

impl<'a> Plain<'a> {
    /// None for a tensor that is not plain.
    #[inline]
    pub(super) fn new(checkpoint: &'a Checkpoint, tensor: &Tensor) -> Result<Option<Self>> {
        let Node::Stored(Stored {
            span,
            encoding,
            strides: None,
        }) = &tensor.node
        else {
            return Ok(None);
        };
        let dtype = match encoding {
            Encoding::Opaque => DType::U8,
            Encoding::Plain(ByteOrder::Little) => tensor.dtype,
            Encoding::Plain(ByteOrder::Big) if tensor.dtype.bytes() == 1 => tensor.dtype,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            source: source(checkpoint, *span)?,
            offset: span.offset,
            dtype,
        }))
    }
}

impl Read for Plain<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let bytes = bytes(self.source, self.offset, self.dtype, start, count, scratch)?;
        Ok(operand(bytes, self.dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        each(region(self.source, self.offset, self.dtype, elements));
    }

    fn comes_in_parts(&self) -> bool {
        is_mapped(self.source, self.offset)
    }

    fn lend(&self, start: u64) -> Option<Lent<'_>> {
        let storage = self.storage()?;
        let elements = storage.len() as u64 / self.dtype.bytes();
        let walk = Walk::new(&[elements], &[1], 0, start);
        Some(Lent::new(storage, self.dtype, walk))
    }

    fn tiled<'s>(&'s self, tiling: Tiling, _scratch: &'s mut Scratch) -> Result<Option<Tiled<'s>>> {
        Ok(self.storage().map(|storage| {
            Tiled::Lying(Lying {
                storage,
                dtype: self.dtype,
                pitch: tiling.pitch as usize,
                first: 0,
            })
        }))
    }
}

impl Plain<'_> {
    /// The map from the first element on.
    fn storage(&self) -> Option<&[u8]> {
        let bytes = self.source.size().checked_sub(self.offset)?;
        let is_fit = self.dtype.bytes() <= lent::WIDEST;
        let length = usize::try_from(bytes).ok().filter(|_| is_fit)?;
        self.source.view(self.offset, length)
    }
}

/// Elements in big-endian order.
pub(super) struct Swapped<'a> {
    source: &'a dyn Source,
    offset: u64,
    dtype: DType,
    order: ByteOrder,
}

impl<'a> Swapped<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        tensor: &Tensor,
        span: Span,
        order: ByteOrder,
    ) -> Result<Self> {
        Ok(Self {
            source: source(checkpoint, span)?,
            offset: span.offset,
            dtype: tensor.dtype,
            order,
        })
    }
}

impl Read for Swapped<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let mut out = std::mem::take(&mut scratch.out);
        let given = bytes(self.source, self.offset, self.dtype, start, count, scratch);
        out.clear();
        let read = given.map(|bytes| out.extend_from_slice(bytes));
        scratch.out = out;
        read?;
        make_little(&mut scratch.out, self.dtype, self.order);
        Ok(operand(&scratch.out, self.dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        each(region(self.source, self.offset, self.dtype, elements));
    }

    fn comes_in_parts(&self) -> bool {
        is_mapped(self.source, self.offset)
    }
}

/// Makes big-endian elements little-endian; of complex numbers each part.
pub(super) fn make_little(bytes: &mut [u8], dtype: DType, order: ByteOrder) {
    let part = dtype.component().unwrap_or(dtype).bytes() as usize;
    if order == ByteOrder::Big && part > 1 {
        bytes.chunks_exact_mut(part).for_each(<[u8]>::reverse);
    }
}

/// Elements as the kernels take them: complex numbers as their parts, since sums over parts are sums over numbers.
pub(super) fn operand(bytes: &[u8], dtype: DType) -> Elements<'_> {
    Elements {
        bytes,
        dtype: dtype.component().unwrap_or(dtype),
        map: ValueMap::Identity,
    }
}

/// Whether the bytes of a source can be looked at in place, without a read.
pub(super) fn is_mapped(source: &dyn Source, offset: u64) -> bool {
    source.view(offset, 0).is_some()
}

/// The bytes of the elements `start .. start + count`, as they are stored.
#[inline]
pub(super) fn bytes<'s>(
    source: &'s dyn Source,
    offset: u64,
    dtype: DType,
    start: u64,
    count: usize,
    scratch: &'s mut Scratch,
) -> Result<&'s [u8]> {
    let item = dtype.bytes();
    let (offset, length) = (offset + start * item, count * item as usize);
    scratch.read += length as u64;
    if scratch.copies {
        scratch.window.resize(length, 0);
        source.read_exact(offset, &mut scratch.window)?;
        return Ok(&scratch.window);
    }
    source.bytes(offset, length, &mut scratch.window)
}

fn region(source: &dyn Source, offset: u64, dtype: DType, elements: Range<u64>) -> Region<'_> {
    let item = dtype.bytes();
    Region {
        source,
        offset: offset + elements.start * item,
        bytes: (elements.end - elements.start) * item,
        is_shared: false,
    }
}
