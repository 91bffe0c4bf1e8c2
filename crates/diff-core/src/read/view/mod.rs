//! Views whose elements do not lie one after the other: transposes, slices, permuted heads, Fortran order.
//!
//! A run of elements is cut into *panels*, rectangles of what they are found in ([`axes`]). Out of a map they are copied as they are, in tiles
//! where they have to be turned ([`copy`]). Without one, the runs of many panels are read in order ([`fetch`]): every byte of the run's
//! footprint once, and beside it only gaps of less than 1 KiB. The footprint of a run is the bytes that its elements lie in.

mod axes;
mod copy;
mod fetch;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::lent::{self, Lent, in_lines};
use super::memory::Memory;
use super::tiled::{Columns, PIECE, Tiled, Tiling};
use super::{As, Read, Reader, Region, Scratch, part, plain, source};
use crate::checkpoint::Checkpoint;
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result, counted};
use crate::kernel::{self, Elements};
use crate::once::Once;
use crate::source::Source;
use crate::tensor::{Span, Strides, Tensor, View};
use axes::Axes;
use fetch::{Batch, Fetch};

/// What is done with elements of a known number of bytes.
macro_rules! of_size {
    ($item:expr, $size:ident => $body:expr) => {{
        macro_rules! of {
            ($bytes:literal) => {{
                const $size: usize = $bytes;
                $body
            }};
        }
        match $item {
            1 => of!(1),
            2 => of!(2),
            4 => of!(4),
            8 => of!(8),
            _ => of!(16),
        }
    }};
}

/// Bytes of a line of the cache.
const LINE: u64 = kernel::LINE as u64;

/// A view of stored elements.
pub(super) struct Strided<'a> {
    source: &'a dyn Source,
    storage: Span,
    /// In elements, as the strides.
    offset: u64,
    axes: Axes,
    dtype: DType,
    order: ByteOrder,
    /// All of the storage, where tiles are made of short columns and there is no map.
    kept: Once<Memory>,
}

impl<'a> Strided<'a> {
    /// Every index was proven to lie inside the storage.
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        tensor: &Tensor,
        storage: Span,
        order: ByteOrder,
        strides: &Strides,
    ) -> Result<Self> {
        Ok(Self {
            source: source(checkpoint, storage)?,
            storage,
            offset: strides.offset,
            axes: Axes::new(&tensor.shape, &strides.steps),
            dtype: tensor.dtype,
            order,
            kept: Once::default(),
        })
    }

    /// Whether elements are handed out as they are stored.
    fn is_as_stored(&self) -> bool {
        let item = self.dtype.bytes();
        item <= lent::WIDEST && (self.order == ByteOrder::Little || item == 1)
    }

    fn map(&self) -> Option<&[u8]> {
        let Span { offset, bytes, .. } = self.storage;
        self.source.view(offset, bytes as usize)
    }

    /// Elements as cells of N bytes into `out`; answers the bytes that were read.
    fn cells<const N: usize>(
        &self,
        (start, count): (u64, usize),
        window: &mut Vec<u8>,
        out: &mut [u8],
    ) -> Result<u64> {
        let out = out.as_chunks_mut::<N>().0;
        if let Some(storage) = self.map() {
            let cells = storage.as_chunks::<N>().0;
            self.axes.panels(self.offset, start, count, &mut |panel| {
                let (from, pitch) = (panel.from as usize, panel.pitch as usize);
                copy::copy(&panel, cells, |column| from + column * pitch, out);
            });
            return Ok((count * N) as u64);
        }
        let mut read = 0;
        let offset = self.storage.offset;
        let mut fetch = |first: u64, target: &mut [u8]| {
            read += target.len() as u64;
            self.source.read_exact(offset + first * N as u64, target)
        };
        gather::<N>(
            &self.axes,
            self.offset,
            (start, count),
            &mut fetch,
            window,
            out,
        )?;
        Ok(read)
    }
}

impl Read for Strided<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    /// Ends with `LimitExceeded` where a compressed record would have to be kept to be read out of order, and there is no room for it.
    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        if !self.source.make_seekable()? {
            return Err(Error::new(
                Code::LimitExceeded,
                "compressed record is too large for a view that reads it out of order",
            )
            .found(counted(self.storage.bytes, "byte"))
            .hint("raise the limit inflated_bytes, or unpack the archive and pack it again without compression"));
        }
        let item = self.dtype.bytes() as usize;
        let Scratch {
            window, out, read, ..
        } = scratch;
        let out = in_lines(out, count * item);
        let range = (start, count);
        *read += of_size!(item, N => self.cells::<N>(range, window, out))?;
        plain::make_little(out, self.dtype, self.order);
        Ok(plain::operand(out, self.dtype))
    }

    /// Slices are done with from start to end as plain tensors are; of what is turned every range needs all of the storage.
    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        let item = self.dtype.bytes();
        let Span { offset, bytes, .. } = self.storage;
        let (offset, bytes, is_shared) = match self.axes.reach(elements) {
            Some(found) => {
                let first = offset + (self.offset + found.start) * item;
                (first, (found.end - found.start) * item, false)
            }
            None => (offset, bytes, true),
        };
        each(Region {
            source: self.source,
            offset,
            bytes,
            is_shared,
        });
    }

    /// Where runs are read, the more elements, the longer or the fewer they are, unless they are long by themselves; out of a map, until a
    /// line of the cache holds elements of one of the two only.
    fn at_once(&self, few: u64, many: u64) -> u64 {
        let is_mapped = plain::is_mapped(self.source, self.storage.offset);
        let run = self.axes.run_of(few) * self.dtype.bytes();
        let likes_many = if is_mapped {
            !self.axes.is_in_lines() && run < LINE
        } else {
            !self.axes.is_in_lines() || run < fetch::LONG
        };
        if likes_many { many } else { few }
    }

    fn comes_in_parts(&self) -> bool {
        self.axes.is_in_lines() && plain::is_mapped(self.source, self.storage.offset)
    }

    fn lend(&self, start: u64) -> Option<Lent<'_>> {
        if !self.is_as_stored() || self.axes.run() * self.dtype.bytes() < LINE {
            return None;
        }
        let walk = self.axes.walk(self.offset, start);
        Some(Lent::new(self.map()?, self.dtype, walk))
    }

    fn tiling(&self) -> Option<Tiling> {
        let axis = self.axes.columns().filter(|_| self.is_as_stored())?;
        let map = self.map();
        let is_worth_it = match map {
            // Of longer runs it is lent block by block.
            Some(_) => self.axes.run() == 1,
            None => self.has_long_columns() || self.is_small(),
        };
        if !is_worth_it {
            return None;
        }
        let item = self.dtype.bytes();
        let start = map.map_or(0, |map| map.as_ptr() as u64) + self.offset * item;
        Some(Tiling {
            pitch: self.axes.pitch(axis),
            rows: self.axes.dim(axis),
            before: (start.next_multiple_of(LINE) - start) / item,
        })
    }

    fn tiled<'s>(&'s self, tiling: Tiling, scratch: &'s mut Scratch) -> Result<Option<Tiled<'s>>> {
        let own = self.tiling().filter(|own| own.is_like(tiling));
        if own.is_none() || self.map().is_none() && !self.source.make_seekable()? {
            // Who cannot read out of order tells so when it is read.
            return Ok(None);
        }
        let storage = match self.map() {
            None if !self.has_long_columns() => Some(self.keep()?),
            map => map,
        };
        let skipped = self.offset * self.dtype.bytes();
        let storage = storage.map(|storage| &storage[skipped as usize..]);
        let layout = (self.axes).layout(self.source, self.storage.offset + skipped);
        let columns = Columns::new(layout, self.dtype, storage, scratch);
        Ok(Some(Tiled::Columns(columns)))
    }

    fn kept_bytes(&self) -> u64 {
        let is_kept = self.tiling().is_some() && self.map().is_none() && !self.has_long_columns();
        if is_kept { self.storage.bytes } else { 0 }
    }
}

impl Strided<'_> {
    /// Whether the columns of a piece are worth reads of their own.
    fn has_long_columns(&self) -> bool {
        let axes = &self.axes;
        axes.columns().is_some_and(|axis| {
            let rows = axes.dim(axis).min(PIECE / axes.pitch(axis));
            rows * axes.run() * self.dtype.bytes() >= LEAST_READ && axes.are_columns_apart(axis)
        })
    }

    /// Whether all of the storage is the view's, and little enough to be kept while tiles are made of it: every piece needs some of all of it.
    fn is_small(&self) -> bool {
        let elements = self.offset.saturating_add(self.axes.elements());
        let bytes = elements.saturating_mul(self.dtype.bytes());
        bytes == self.storage.bytes && bytes <= MOST_KEPT
    }

    fn keep(&self) -> Result<&[u8]> {
        let Span { offset, bytes, .. } = self.storage;
        let kept = self.kept.get_or_make(|| {
            let mut storage = Memory::new(bytes as usize)?;
            for (at, piece) in (offset..).step_by(AT_ONCE).zip(storage.chunks_mut(AT_ONCE)) {
                self.source.read_exact(at, piece)?;
            }
            Ok(storage)
        });
        kept.map(|storage| &**storage)
    }
}

/// Bytes of a storage that is kept, at most.
const MOST_KEPT: u64 = 64 << 20;

/// Bytes that are read at once to be kept.
const AT_ONCE: usize = 1 << 20;

/// Bytes of a column from which on it is worth a read of its own.
const LEAST_READ: u64 = 1 << 10;

/// A view of elements that are made of others.
pub(super) struct Seen<'a> {
    of: Reader<'a>,
    elements: u64,
    offset: u64,
    axes: Axes,
}

impl<'a> Seen<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        tensor: &Tensor,
        view: &'a View,
        what: As,
    ) -> Result<Self> {
        Ok(Self {
            of: part(checkpoint, &view.of, what)?,
            elements: view.of.elements,
            offset: view.offset,
            axes: Axes::new(&tensor.shape, &view.steps),
        })
    }
}

impl Read for Seen<'_> {
    fn dtype(&self) -> DType {
        self.of.dtype()
    }

    fn bits(&self) -> Option<DType> {
        self.of.bits()
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        if self.axes.is_one_run() {
            return self.of.read(self.offset + start, count, scratch);
        }
        let dtype = self.of.dtype();
        let item = dtype.bytes() as usize;
        let fields = scratch.with_part();
        let (part, window, out) = (fields.part, fields.window, fields.out);
        out.resize(count * item, 0);
        let mut fetch = |first: u64, target: &mut [u8]| {
            let given = self.of.read(first, target.len() / item, part)?;
            target.copy_from_slice(given.bytes);
            Ok(())
        };
        let (at, range) = (self.offset, (start, count));
        of_size!(item, N => {
            let out = out.as_chunks_mut().0;
            gather::<N>(&self.axes, at, range, &mut fetch, window, out)
        })?;
        Ok(plain::operand(out, dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        match self.axes.reach(elements) {
            Some(found) => {
                let (first, end) = (self.offset + found.start, self.offset + found.end);
                self.of.regions(first..end, each);
            }
            None => self.of.regions(0..self.elements, &mut |region| {
                each(Region {
                    is_shared: true,
                    ..region
                });
            }),
        }
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        if self.axes.is_in_lines() {
            self.of.at_once(few, many)
        } else {
            many
        }
    }

    fn comes_in_parts(&self) -> bool {
        self.axes.is_one_run() && self.of.comes_in_parts()
    }
}

/// The elements `start .. start + count` of a view that begins at `offset`, whose runs `fetch` reads.
fn gather<const N: usize>(
    axes: &Axes,
    offset: u64,
    (start, count): (u64, usize),
    fetch: &mut Fetch,
    window: &mut Vec<u8>,
    out: &mut [[u8; N]],
) -> Result<()> {
    let mut batch = Batch::new(fetch, window, out);
    let mut done = Ok(());
    axes.panels(offset, start, count, &mut |panel| {
        if done.is_ok() {
            done = batch.add(panel);
        }
    });
    done?;
    batch.flush()
}
