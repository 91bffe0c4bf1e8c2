//! Tensors joined along an axis.

use std::ops::Range;

use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::Elements;
use crate::tensor::Concat;

pub(super) struct Joined<'a> {
    parts: Vec<Part<'a>>,
    dtype: DType,
    /// Elements of a line: all that share their indices along the axes before the joined one.
    line: u64,
}

struct Part<'a> {
    reader: Reader<'a>,
    /// Elements of a line that are of this part, and of the parts before it.
    length: u64,
    before: u64,
}

/// Elements of one part that follow each other in the whole.
struct Run {
    part: usize,
    start: u64,
    count: u64,
}

impl<'a> Joined<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, concat: &'a Concat, what: As) -> Result<Self> {
        let mut parts = Vec::with_capacity(concat.parts.len());
        let mut line = 0;
        for tensor in &concat.parts {
            let length = tensor.shape.iter().skip(concat.axis).product();
            parts.push(Part {
                reader: part(checkpoint, tensor, what)?,
                length,
                before: line,
            });
            line += length;
        }
        let dtype = parts
            .first()
            .map_or(DType::Unknown, |part| part.reader.dtype());
        if parts.iter().any(|part| part.reader.dtype() != dtype) {
            return Err(Error::new(
                Code::UnsupportedDtype,
                "joined tensors have different types",
            ));
        }
        Ok(Self { parts, dtype, line })
    }

    fn runs(&self, elements: Range<u64>) -> impl Iterator<Item = Run> {
        let mut at = elements.start;
        std::iter::from_fn(move || {
            if at >= elements.end {
                return None;
            }
            let (row, inside) = (at / self.line, at % self.line);
            // Of the parts that begin here or before, the last one holds the element: empty ones begin where the next one does.
            let number = self.parts.partition_point(|part| part.before <= inside) - 1;
            let part = &self.parts[number];
            let skipped = inside - part.before;
            let count = (part.length - skipped).min(elements.end - at);
            at += count;
            Some(Run {
                part: number,
                start: row * part.length + skipped,
                count,
            })
        })
    }
}

impl Read for Joined<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let fields = scratch.with_part();
        let out = fields.out;
        out.reserve(count * self.dtype.bytes() as usize);
        for run in self.runs(start..start + count as u64) {
            let reader = &self.parts[run.part].reader;
            let given = reader.read(run.start, run.count as usize, fields.part)?;
            out.extend_from_slice(given.bytes);
        }
        Ok(plain::operand(out, self.dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        if elements.is_empty() {
            return;
        }
        // The runs of a part follow each other in it, and are asked for at once: asked one by one, views over parts that are joined
        // themselves would tell the same regions again for every run, and those once more at every level.
        for part in &self.parts {
            let before = |at: u64| {
                let (row, inside) = (at / self.line, at % self.line);
                row * part.length + inside.saturating_sub(part.before).min(part.length)
            };
            let (start, end) = (before(elements.start), before(elements.end));
            if start < end {
                part.reader.regions(start..end, each);
            }
        }
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        let parts = self.parts.iter();
        parts
            .map(|part| part.reader.at_once(few, many))
            .max()
            .unwrap_or(few)
    }

    fn comes_in_parts(&self) -> bool {
        self.parts.iter().all(|part| part.reader.comes_in_parts())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::{MemorySource, Source};
    use crate::tensor::{Node, Span, Tensor};

    /// One stretch of each part, which is that of its runs put together.
    #[test]
    fn regions_are_told_once_for_each_part() {
        let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", vec![0; 100]));
        let part = |offset: u64, columns: u64| {
            let bytes = 4 * columns;
            let span = Span {
                source: 0,
                offset,
                bytes,
            };
            Tensor::plain("w".into(), DType::U8, vec![4, columns], bytes, span)
        };
        let parts = vec![part(0, 3), part(12, 0), part(12, 5), part(32, 1)];
        let tensor = Tensor::concat(1, parts).unwrap();
        let Node::Concat(concat) = &tensor.node else {
            panic!("{tensor:?}");
        };
        let checkpoint = Checkpoint::in_memory(Vec::new(), vec![source]);
        let joined = Joined::new(&checkpoint, concat, As::Values).unwrap();
        for (start, end) in (0..=36).flat_map(|start| (start..=36).map(move |end| (start, end))) {
            let mut told = Vec::new();
            joined.regions(start..end, &mut |region| {
                told.push((region.offset, region.bytes));
            });
            let mut wanted = vec![(u64::MAX, 0); 4];
            for run in joined.runs(start..end) {
                let (first, bytes) = &mut wanted[run.part];
                let place = [0, 12, 12, 32][run.part] + run.start;
                assert!(*bytes == 0 || place == *first + *bytes);
                *first = place.min(*first);
                *bytes += run.count;
            }
            wanted.retain(|(_, bytes)| *bytes > 0);
            assert_eq!(told, wanted, "{start}..{end}");
        }
    }
}
