//! The bytes of a run of elements in logical row-major order, little-endian, whatever the layout.

use ndarray::{ArrayViewD, Axis, IxDyn, ShapeBuilder, Slice};

use crate::checkpoint::Checkpoint;
use crate::dtype::{ByteOrder, DType, ValueMap};
use crate::engine::{packed, quant, sparse};
use crate::error::{Code, Error, Result, counted};
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
    /// Of codes that stand for numbers: the codes, and the numbers.
    codes: Option<Box<Scratch>>,
    values: Vec<f32>,
    /// Whether bytes are copied even where their file is mapped.
    copies: bool,
}

impl Scratch {
    /// For what is read a little here and a little there: a page fault a read costs more than a copy.
    pub(super) fn copying() -> Self {
        Self {
            copies: true,
            ..Self::default()
        }
    }

    /// The buffer for results, emptied.
    pub(super) fn gathered(&mut self) -> &mut Vec<u8> {
        self.gathered.clear();
        &mut self.gathered
    }

    /// Memory for codes, for what they stand for and for the result; the last two emptied.
    pub(super) fn decoding(&mut self) -> (&mut Scratch, &mut Vec<f32>, &mut Vec<u8>) {
        self.values.clear();
        self.gathered.clear();
        let copies = self.copies;
        let codes = self.codes.get_or_insert_with(|| {
            Box::new(Self {
                copies,
                ..Self::default()
            })
        });
        (codes, &mut self.values, &mut self.gathered)
    }

    pub(super) fn gathered_bytes(&self) -> &[u8] {
        &self.gathered
    }
}

/// The elements `start .. start + count` of a tensor, as numbers: quantised ones that a value map does not
/// explain come dequantised, complex ones as twice as many parts.
pub(super) fn operand<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    let Some(quant) = &tensor.quant else {
        return stored(checkpoint, tensor, start, count, scratch);
    };
    quant::dequantised(checkpoint, tensor, quant, start, count, scratch)
}

/// The type whose bits [`operand`] hands out; None where they are sums of several stored elements.
pub(super) fn bits(checkpoint: &Checkpoint, tensor: &Tensor) -> Option<DType> {
    if sparse::holds_sums(checkpoint, tensor) {
        return None;
    }
    Some(if tensor.quant.is_some() {
        DType::F32
    } else {
        tensor.dtype
    })
}

/// The elements `start .. start + count` of a tensor as they are stored, in little-endian order and with lazy
/// signs applied. Elements of packed types are bytes.
pub(super) fn stored<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    if let Some(error) = &tensor.error {
        return Err(error.clone());
    }
    if let Layout::Sparse(sparse) = &tensor.layout {
        return sparse::stored(checkpoint, tensor, sparse, start, count, scratch);
    }
    if tensor.is_raw() {
        return raw(checkpoint, tensor, start, count, scratch);
    }
    let item = tensor.dtype.bytes() as usize;
    // Complex numbers are handed on as their parts: sums over parts are sums over numbers.
    let part = tensor.dtype.component().unwrap_or(tensor.dtype);
    let part_bytes = part.bytes() as usize;
    let big = tensor.order == ByteOrder::Big && part_bytes > 1;
    let signs = Signs::of(tensor);
    let Scratch {
        window,
        gathered,
        copies,
        ..
    } = scratch;
    let bytes: &[u8] = match &tensor.layout {
        Layout::Span(span) => {
            let source = source(checkpoint, *span)?;
            let (offset, length) = (span.offset + start * item as u64, count * item);
            let raw = if *copies {
                window.resize(length, 0);
                source.read_exact(offset, window)?;
                window
            } else {
                source.bytes(offset, length, window)?
            };
            if big || signs.is_some() {
                gathered.clear();
                gathered.extend_from_slice(raw);
                finish(gathered, part, big, signs);
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
                8 => view.gather::<8>(source, start, count, window, gathered)?,
                _ => view.gather::<16>(source, start, count, window, gathered)?,
            }
            finish(gathered, part, big, signs);
            gathered
        }
        Layout::Packed { span, packing } => {
            gathered.clear();
            let source = source(checkpoint, *span)?;
            packed::unpack(source, *span, *packing, (start, count), window, gathered)?;
            gathered
        }
        Layout::Sparse(_) | Layout::Absent => {
            return Err(Error::new(Code::NoData, "tensor has no data").tensor(&tensor.name));
        }
    };
    Ok(Operand {
        bytes,
        dtype: part,
        map: match tensor.map {
            ValueMap::Neg | ValueMap::Conj | ValueMap::NegConj => ValueMap::Identity,
            map => map,
        },
    })
}

/// The elements `start .. start + count` as they are stored, for the caller to look at: of types of less than a byte
/// their codes, one a byte.
pub(super) fn codes<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    let range = (start, count);
    let (span, bits) = match (&tensor.layout, &tensor.quant) {
        (Layout::Packed { span, packing }, _) => (span, packing.bits()),
        (Layout::Span(span), Some(quant)) if quant.packed > 1 => (span, 8 / quant.packed),
        _ => return stored(checkpoint, tensor, start, count, scratch),
    };
    let (first, length) = packed::extent(bits, range);
    let Scratch {
        window, gathered, ..
    } = scratch;
    let bytes = source(checkpoint, *span)?.bytes(span.offset + first, length, window)?;
    gathered.clear();
    gathered.extend(packed::codes(bytes, bits, range));
    Ok(Operand {
        bytes: gathered,
        dtype: DType::U8,
        map: ValueMap::Identity,
    })
}

/// The bytes `start .. start + count` of a tensor whose type is not known.
fn raw<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    let Layout::Span(span) = &tensor.layout else {
        return Err(Error::new(Code::NoData, "tensor has no data").tensor(&tensor.name));
    };
    let bytes =
        source(checkpoint, *span)?.bytes(span.offset + start, count, &mut scratch.window)?;
    Ok(Operand {
        bytes,
        dtype: DType::U8,
        map: ValueMap::Identity,
    })
}

/// Which signs change: all, or those of every second part from the first or the second one on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signs {
    All,
    Real,
    Imaginary,
}

impl Signs {
    fn of(tensor: &Tensor) -> Option<Self> {
        let complex = tensor.dtype.component().is_some();
        match tensor.map {
            ValueMap::Conj if complex => Some(Self::Imaginary),
            ValueMap::NegConj if complex => Some(Self::Real),
            // A real number is its own conjugate.
            ValueMap::Neg | ValueMap::NegConj => Some(Self::All),
            _ => None,
        }
    }
}

/// Brings gathered bytes into little-endian order and changes signs, which are the highest bits of floats.
/// Integers have no lazy signs.
fn finish(bytes: &mut [u8], part: DType, big: bool, signs: Option<Signs>) {
    let size = part.bytes() as usize;
    if big {
        bytes.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    let Some(signs) = signs else { return };
    let (from, step) = match signs {
        Signs::All => (0, 1),
        Signs::Real => (0, 2),
        Signs::Imaginary => (1, 2),
    };
    for element in bytes.chunks_exact_mut(size).skip(from).step_by(step) {
        if let Some(last) = element.last_mut() {
            *last ^= 0x80;
        }
    }
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
        if !source.make_seekable()? {
            return Err(Error::new(
                Code::LimitExceeded,
                "compressed record is too large for a view that reads it out of order",
            )
            .found(counted(self.storage.bytes, "byte"))
            .hint("raise the limit inflated_bytes, or unpack the archive and pack it again without compression"));
        }
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
                // A slice, since skipping would walk from the start of the lane for every chunk.
                if lane.ndim() > 0 {
                    let part = Slice::from(column as usize..(column + run) as usize);
                    lane.slice_axis_inplace(Axis(0), part);
                }
                out.extend(lane.iter().flatten());
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
