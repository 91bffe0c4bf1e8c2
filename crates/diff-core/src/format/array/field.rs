//! One field of every element of a structured array, as if its values lay one after the other.

use std::path::Path;

use super::element::Leaf;
use crate::error::{Code, Error, Result};
use crate::pickle::Area;
use crate::source::Source;

/// Bytes of elements that are looked at at once.
const WINDOW: u64 = 1 << 20;

/// Values of a field. Blocks (values that lie one after the other) have places that rise with their number.
#[derive(Debug)]
pub(super) struct FieldSource {
    /// The elements.
    data: Area,
    /// Bytes from one element to the next.
    stride: u64,
    offset: u64,
    levels: Vec<(u64, u64)>,
    /// Blocks in one element.
    per_element: u64,
    /// Bytes of a block.
    block: u64,
    size: u64,
}

impl FieldSource {
    /// The field `leaf` of `count` elements of `stride` bytes, which lie in `data`.
    ///
    /// # Errors
    /// `ShapeOverflow`.
    pub(super) fn new(data: Area, count: u64, stride: u64, leaf: &Leaf) -> Result<Self> {
        let per_element = leaf
            .levels
            .iter()
            .try_fold(1u64, |product, (count, _)| product.checked_mul(*count));
        let block = leaf.item.checked_mul(leaf.run);
        let size = per_element
            .zip(block)
            .and_then(|(per_element, block)| per_element.checked_mul(block)?.checked_mul(count));
        let (Some(per_element), Some(block), Some(size)) = (per_element, block, size) else {
            return Err(Error::new(
                Code::ShapeOverflow,
                "field has more bytes than can be counted",
            ));
        };
        Ok(Self {
            data,
            stride,
            offset: leaf.offset,
            levels: leaf.levels.clone(),
            per_element,
            block,
            size,
        })
    }

    /// Where block `number` of an element begins in it.
    fn place(&self, mut number: u64) -> u64 {
        let mut place = self.offset;
        for (count, stride) in self.levels.iter().rev() {
            place += number.checked_rem(*count).unwrap_or(0) * stride;
            number = number.checked_div(*count).unwrap_or(0);
        }
        place
    }

    fn fill(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let end = offset
            .checked_add(out.len() as u64)
            .filter(|end| *end <= self.size)
            .ok_or_else(|| {
                Error::new(Code::UnexpectedEof, "range reaches beyond the end").at(self.path())
            })?;
        if out.is_empty() {
            return Ok(());
        }
        // Not empty, so neither is a block or an element.
        let per_element = self.per_element * self.block;
        let last = (end - 1) / per_element;
        let at_once = (WINDOW / self.stride).max(1);
        let mut buffer = Vec::new();
        let mut at = offset;
        while at < end {
            let first = at / per_element;
            let (elements, skipped) = if self.stride > WINDOW {
                // Of long elements only the block itself is read.
                (0, self.place(at % per_element / self.block))
            } else {
                (at_once.min(last + 1 - first), 0)
            };
            let length = if elements == 0 {
                self.block
            } else {
                elements * self.stride
            };
            let from = self.data.start + first * self.stride + skipped;
            let window = self.data.source.bytes(from, length as usize, &mut buffer)?;
            let stop = if elements == 0 {
                end.min(at - at % self.block + self.block)
            } else {
                end.min((first + elements) * per_element)
            };
            while at < stop {
                let inside = at % self.block;
                let count = (self.block - inside).min(stop - at);
                let place = (at / per_element - first) * self.stride
                    + self.place(at % per_element / self.block)
                    + inside
                    - skipped;
                let (from, to) = ((at - offset) as usize, place as usize);
                let pair = out
                    .get_mut(from..from + count as usize)
                    .zip(window.get(to..to + count as usize));
                let Some((target, bytes)) = pair else {
                    return Err(Error::new(Code::Internal, "field lies outside its element"));
                };
                target.copy_from_slice(bytes);
                at += count;
            }
        }
        Ok(())
    }
}

impl Source for FieldSource {
    fn path(&self) -> &Path {
        self.data.source.path()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        buffer.resize(length, 0);
        self.fill(offset, buffer)?;
        Ok(buffer)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.fill(offset, buffer)
    }

    fn place_in_file(&self, offset: u64) -> Option<u64> {
        if offset >= self.size {
            return None;
        }
        // Not empty, so neither is a block or an element.
        let per_element = self.per_element * self.block;
        let place = offset / per_element * self.stride
            + self.place(offset % per_element / self.block)
            + offset % self.block;
        self.data.source.place_in_file(self.data.start + place)
    }

    fn release(&self, offset: u64, length: usize) {
        let per_element = self.per_element * self.block;
        let (Some(first), Some(end)) = (
            offset.checked_div(per_element),
            offset
                .saturating_add(length as u64)
                .checked_div(per_element),
        ) else {
            return;
        };
        let from = self.data.start + first.saturating_mul(self.stride);
        let bytes = (end - first).saturating_mul(self.stride);
        self.data.source.release(from, bytes as usize);
    }

    fn make_seekable(&self) -> Result<bool> {
        self.data.source.make_seekable()
    }

    fn verify(&self) -> Result<()> {
        self.data.source.verify()
    }
}
