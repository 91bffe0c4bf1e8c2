//! The bytes of a run of elements in logical row-major order, little-endian, whatever the layout.

use ndarray::{ArrayViewD, Axis, IxDyn, ShapeBuilder};

use crate::checkpoint::Checkpoint;
use crate::dtype::ByteOrder;
use crate::error::{Code, Error, Result};
use crate::kernel::Operand;
use crate::source::Source;
use crate::tensor::{Layout, Span, Tensor};

/// Longest stretch of a file that is read at once to pick elements out of it, in bytes.
const WINDOW: u64 = 16 << 20;

/// Reused memory of one thread and one side.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    window: Vec<u8>,
    gathered: Vec<u8>,
}

/// The elements `start .. start + count` of a tensor.
pub(super) fn operand<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &Tensor,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    if let Some(error) = &tensor.error {
        return Err(error.clone());
    }
    let item = tensor.dtype.bytes() as usize;
    let big = tensor.order == ByteOrder::Big && item > 1;
    let Scratch { window, gathered } = scratch;
    let bytes: &[u8] = match &tensor.layout {
        Layout::Span(span) => {
            let source = source(checkpoint, *span)?;
            let raw = source.bytes(span.offset + start * item as u64, count * item, window)?;
            if big {
                gathered.clear();
                gathered.extend_from_slice(raw);
                reverse_elements(gathered, item);
                gathered
            } else {
                raw
            }
        }
        Layout::Strided {
            storage,
            offset,
            strides,
        } => {
            gathered.clear();
            let view = Strided {
                storage: *storage,
                offset: *offset,
                strides,
                shape: &tensor.shape,
            };
            let source = source(checkpoint, *storage)?;
            match item {
                1 => view.gather::<1>(source, start, count, window, gathered)?,
                2 => view.gather::<2>(source, start, count, window, gathered)?,
                4 => view.gather::<4>(source, start, count, window, gathered)?,
                _ => view.gather::<8>(source, start, count, window, gathered)?,
            }
            if big {
                reverse_elements(gathered, item);
            }
            gathered
        }
        Layout::Absent => {
            return Err(Error::new(Code::NoData, "tensor has no data").tensor(&tensor.name));
        }
    };
    Ok(Operand {
        bytes,
        dtype: tensor.dtype,
        map: tensor.map,
    })
}

fn reverse_elements(bytes: &mut [u8], item: usize) {
    bytes.chunks_exact_mut(item).for_each(<[u8]>::reverse);
}

/// A view whose elements do not lie one after the other. Every index was proven to lie inside.
struct Strided<'a> {
    storage: Span,
    /// In elements, as the strides.
    offset: u64,
    strides: &'a [u64],
    shape: &'a [u64],
}

impl Strided<'_> {
    /// Appends elements of N bytes to `out`, one run along the last axis after the other.
    fn gather<const N: usize>(
        &self,
        source: &dyn Source,
        start: u64,
        count: usize,
        window: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let view = source.view(self.storage.offset, self.storage.bytes as usize);
        let cells = view.map(|bytes| bytes.as_chunks::<N>().0);
        let array = cells.map(|cells| self.array(cells)).transpose()?;
        let length = self.shape.last().copied().unwrap_or(1);
        let stride = self.strides.last().copied().unwrap_or(1);
        let mut row = start / length;
        let mut column = start % length;
        let mut left = count as u64;
        while left > 0 {
            let run = left.min(length - column);
            let index = self.unravel(row);
            if let Some(array) = &array {
                let mut lane = array.view();
                for &at in &index {
                    lane = lane.index_axis_move(Axis(0), at as usize);
                }
                let elements = lane.iter().skip(column as usize).take(run as usize);
                out.extend(elements.flatten());
            } else {
                let first: u64 = self.offset
                    + index
                        .iter()
                        .zip(self.strides)
                        .map(|(i, s)| i * s)
                        .sum::<u64>();
                self.read_run::<N>(source, first + column * stride, stride, run, window, out)?;
            }
            left -= run;
            row += 1;
            column = 0;
        }
        Ok(())
    }

    /// The whole view as an array over the storage's cells.
    fn array<'c, const N: usize>(&self, cells: &'c [[u8; N]]) -> Result<ArrayViewD<'c, [u8; N]>> {
        let to_index =
            |values: &[u64]| IxDyn(&values.iter().map(|&v| v as usize).collect::<Vec<_>>());
        let cells = cells.get(self.offset as usize..).unwrap_or_default();
        ArrayViewD::from_shape(to_index(self.shape).strides(to_index(self.strides)), cells).map_err(
            |e| {
                Error::new(
                    Code::OutOfBounds,
                    format!("view does not fit its storage: {e}"),
                )
            },
        )
    }

    /// Index of a run over all axes but the last.
    fn unravel(&self, mut row: u64) -> Vec<u64> {
        let outer = self.shape.len().saturating_sub(1);
        let mut index = vec![0; outer];
        for (at, &dim) in index.iter_mut().zip(&self.shape[..outer]).rev() {
            *at = row % dim;
            row /= dim;
        }
        index
    }

    /// One run from a source that cannot be looked into, in windows of bounded size.
    fn read_run<const N: usize>(
        &self,
        source: &dyn Source,
        first: u64,
        stride: u64,
        run: u64,
        window: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let item = N as u64;
        let at_once = (WINDOW / (stride.max(1) * item)).clamp(1, run);
        let mut done = 0;
        while done < run {
            let now = at_once.min(run - done);
            let extent = ((now - 1) * stride + 1) * item;
            let offset = self.storage.offset + (first + done * stride) * item;
            let bytes = source.bytes(offset, extent as usize, window)?;
            let cells = bytes.as_chunks::<N>().0;
            let step = (stride as usize).max(1);
            for i in 0..now as usize {
                out.extend_from_slice(&cells[if stride == 0 { 0 } else { i * step }]);
            }
            done += now;
        }
        Ok(())
    }
}

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
