//! Quantised blocks (those of GGUF), decoded into f32.

use std::ops::Range;

use super::{As, Read, Region, Scratch, plain, source};
use crate::checkpoint::Checkpoint;
use crate::decode::blocks::BlockFormat;
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result};
use crate::kernel::Elements;
use crate::source::Source;
use crate::tensor::Span;

/// Values that are decoded at once: whole blocks of any format, few enough for the first-level cache.
const TILE: usize = 1024;

pub(super) struct Blocks<'a> {
    source: &'a dyn Source,
    offset: u64,
    format: &'static BlockFormat,
    order: ByteOrder,
}

impl<'a> Blocks<'a> {
    /// # Errors
    /// `UnsupportedLayout` for stored elements, which blocks do not have.
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        span: Span,
        format: &'static BlockFormat,
        order: ByteOrder,
        what: As,
    ) -> Result<Self> {
        if what == As::Stored {
            return Err(Error::new(
                Code::UnsupportedLayout,
                "blocks of quantised values have no stored elements",
            )
            .found(format.name.to_ascii_lowercase())
            .hint("read its values as f32 or f64"));
        }
        Ok(Self {
            source: source(checkpoint, span)?,
            offset: span.offset,
            format,
            order,
        })
    }

    /// Where the blocks that hold these elements lie: their first byte, and how many bytes.
    fn extent(&self, elements: &Range<u64>) -> (u64, u64) {
        let length = self.format.elements as u64;
        let (first, end) = (elements.start / length, elements.end.div_ceil(length));
        let bytes = self.format.bytes as u64;
        (first * bytes, (end - first) * bytes)
    }

    /// Decodes whole blocks and appends their values to `out`.
    fn decode(&self, blocks: &[u8], out: &mut Vec<u8>) {
        let mut tile = [0.0; TILE];
        let together = TILE / self.format.elements * self.format.bytes;
        for blocks in blocks.chunks(together) {
            let count = blocks.len() / self.format.bytes * self.format.elements;
            let values = tile.get_mut(..count).unwrap_or_default();
            (self.format.decode)(blocks, values);
            let before = out.len();
            out.resize(before + 4 * count, 0);
            let cells = out.get_mut(before..).unwrap_or_default();
            for (cell, value) in cells.as_chunks_mut().0.iter_mut().zip(values) {
                *cell = value.to_le_bytes();
            }
        }
    }
}

impl Read for Blocks<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let (first, length) = self.extent(&(start..start + count as u64));
        let mut out = std::mem::take(&mut scratch.out);
        out.clear();
        let given = plain::bytes(
            self.source,
            self.offset,
            DType::U8,
            first,
            length as usize,
            scratch,
        );
        let read = given.and_then(|blocks| match self.order {
            ByteOrder::Little => {
                self.decode(blocks, &mut out);
                Ok(())
            }
            ByteOrder::Big => {
                let mut turned = blocks.to_vec();
                let is_known = self.format.to_little_endian(&mut turned);
                self.decode(&turned, &mut out);
                let unknown = || Error::new(Code::Internal, "blocks cannot be turned round");
                is_known.then_some(()).ok_or_else(unknown)
            }
        });
        scratch.out = out;
        read?;
        let skipped = 4 * (start % self.format.elements as u64) as usize;
        let values = scratch.out.get(skipped..skipped + 4 * count);
        Ok(plain::operand(values.unwrap_or_default(), DType::F32))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        if elements.is_empty() {
            return;
        }
        let (first, bytes) = self.extent(&elements);
        each(Region {
            source: self.source,
            offset: self.offset + first,
            bytes,
            is_shared: false,
        });
    }

    fn comes_in_parts(&self) -> bool {
        plain::is_mapped(self.source, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::MemorySource;

    #[test]
    fn regions_are_the_blocks_that_a_range_needs() {
        let format = BlockFormat::named("Q8_0").unwrap();
        let blocks = Blocks {
            source: &MemorySource::new("", vec![0; 100 + 4 * 34]),
            offset: 100,
            format,
            order: ByteOrder::Little,
        };
        for (elements, first, bytes) in [
            (0..1, 0, 34),
            (0..32, 0, 34),
            (31..33, 0, 68),
            (32..64, 34, 34),
            (33..128, 34, 102),
        ] {
            let mut found = Vec::new();
            blocks.regions(elements.clone(), &mut |region| {
                found.push((region.offset, region.bytes));
            });
            assert_eq!(found, [(100 + first, bytes)], "{elements:?}");
            let mut scratch = Scratch::default();
            let count = (elements.end - elements.start) as usize;
            let operand = blocks.read(elements.start, count, &mut scratch).unwrap();
            assert_eq!(operand.bytes.len(), 4 * count);
            assert_eq!(scratch.take_read(), bytes);
        }
        blocks.regions(64..64, &mut |_| panic!("nothing is needed"));
    }
}
