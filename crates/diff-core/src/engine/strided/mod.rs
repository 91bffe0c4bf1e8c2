//! Views whose elements do not lie one after the other: transposes, slices, permuted heads, Fortran order.
//!
//! A run of elements is cut into *panels*, rectangles of the storage ([`axes`]). Out of a map they are copied as they are, in tiles where they
//! have to be turned ([`copy`]). Without one, the runs of many panels are read in the order of the file ([`fetch`]): every byte of the run's
//! footprint once, and beside it only gaps of less than 1 KiB. The footprint of a run is the bytes that its elements lie in.

mod axes;
mod copy;
mod fetch;
#[cfg(test)]
mod tests;

use crate::error::{Code, Error, Result, counted};
use crate::source::Source;
use crate::tensor::Span;
use axes::Axes;
use fetch::Batch;

/// A view. Every index was proven to lie inside the storage.
pub(super) struct Strided<'a> {
    pub source: &'a dyn Source,
    pub storage: Span,
    /// In elements, as the strides.
    pub offset: u64,
    pub shape: &'a [u64],
    pub strides: &'a [u64],
}

impl Strided<'_> {
    /// The elements `start .. start + count` of `item` bytes each, in logical order, into `out`, whatever it held. Adds the bytes that were read to `read`.
    ///
    /// # Errors
    /// `LimitExceeded` where a compressed record would have to be kept to be read out of order, and there is no room for it; what reading
    /// the source ends with.
    pub(super) fn gather(
        &self,
        item: usize,
        (start, count): (u64, usize),
        window: &mut Vec<u8>,
        out: &mut Vec<u8>,
        read: &mut u64,
    ) -> Result<()> {
        if !self.source.make_seekable()? {
            return Err(Error::new(
                Code::LimitExceeded,
                "compressed record is too large for a view that reads it out of order",
            )
            .found(counted(self.storage.bytes, "byte"))
            .hint("raise the limit inflated_bytes, or unpack the archive and pack it again without compression"));
        }
        out.resize(count * item, 0);
        let range = (start, count);
        match item {
            1 => self.cells::<1>(range, window, out, read),
            2 => self.cells::<2>(range, window, out, read),
            4 => self.cells::<4>(range, window, out, read),
            8 => self.cells::<8>(range, window, out, read),
            _ => self.cells::<16>(range, window, out, read),
        }
    }

    fn cells<const N: usize>(
        &self,
        (start, count): (u64, usize),
        window: &mut Vec<u8>,
        out: &mut [u8],
        read: &mut u64,
    ) -> Result<()> {
        let out = out.as_chunks_mut::<N>().0;
        let axes = Axes::new(self.shape, self.strides);
        let Span { offset, bytes, .. } = self.storage;
        if let Some(storage) = self.source.view(offset, bytes as usize) {
            let cells = storage.as_chunks::<N>().0;
            axes.panels(self.offset, start, count, &mut |panel| {
                let (from, pitch) = (panel.from as usize, panel.pitch as usize);
                copy::copy(&panel, cells, |column| from + column * pitch, out);
            });
            *read += (count * N) as u64;
            return Ok(());
        }
        let mut batch = Batch::new(self.source, offset, window, out, read);
        let mut done = Ok(());
        axes.panels(self.offset, start, count, &mut |panel| {
            if done.is_ok() {
                done = batch.add(panel);
            }
        });
        done?;
        batch.flush()
    }
}

/// Whether more elements of a view at once are faster. Where runs are read, the more elements, the longer or the fewer they are, unless they are
/// long by themselves; out of a map, until a line of the cache holds elements of one of the two only.
pub(super) fn likes_much(view: &Strided, item: u64, elements: u64) -> bool {
    let is_mapped = view.source.view(view.storage.offset, 0).is_some();
    let axes = Axes::new(view.shape, view.strides);
    let run = axes.run_of(elements) * item;
    if is_mapped {
        !axes.is_in_lines() && run < LINE
    } else {
        !axes.is_in_lines() || run < fetch::LONG
    }
}

/// Bytes of a line of the cache.
const LINE: u64 = 64;

/// The elements of the storage that lie between the first and the last of the elements `first .. end`, and both of them; None where others
/// of the view lie there too.
pub(super) fn reach(
    shape: &[u64],
    strides: &[u64],
    (first, end): (u64, u64),
) -> Option<(u64, u64)> {
    let axes = Axes::new(shape, strides);
    (first < end && axes.are_descending()).then(|| (axes.place(first), axes.place(end - 1) + 1))
}
