//! The bytes of a run of elements in logical row-major order, little-endian, whatever the layout.

use crate::checkpoint::Checkpoint;
use crate::dtype::{ByteOrder, DType, ValueMap};
use crate::engine::strided::{self, Strided};
use crate::engine::{packed, quant, sparse};
use crate::error::{Code, Error, Result};
use crate::kernel::Operand;
use crate::source::Source;
use crate::tensor::{Layout, Span, Tensor};

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
    /// Bytes that were read of sources, or of their maps.
    read: u64,
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

    /// Bytes that were read since this was asked last.
    pub(super) fn take_read(&mut self) -> u64 {
        let inner = self.codes.as_mut().map_or(0, |codes| codes.take_read());
        std::mem::take(&mut self.read) + inner
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
        read,
        ..
    } = scratch;
    let bytes: &[u8] = match &tensor.layout {
        Layout::Span(span) => {
            let source = source(checkpoint, *span)?;
            let (offset, length) = (span.offset + start * item as u64, count * item);
            *read += length as u64;
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
            let view = Strided {
                source: source(checkpoint, *storage)?,
                storage: *storage,
                offset: *offset,
                shape: &tensor.shape,
                strides,
            };
            view.gather(item, (start, count), window, gathered, read)?;
            finish(gathered, part, big, signs);
            gathered
        }
        Layout::Packed { span, packing } => {
            gathered.clear();
            let source = source(checkpoint, *span)?;
            let range = (start, count);
            *read += packed::extent(packing.bits(), range).1 as u64;
            packed::unpack(source, *span, *packing, range, window, gathered)?;
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
        window,
        gathered,
        read,
        ..
    } = scratch;
    *read += length as u64;
    let bytes = source(checkpoint, *span)?.bytes(span.offset + first, length, window)?;
    gathered.clear();
    gathered.extend(packed::codes(bytes, bits, range));
    Ok(Operand {
        bytes: gathered,
        dtype: DType::U8,
        map: ValueMap::Identity,
    })
}

/// Elements that are best read at once, of `few` and `many`.
pub(super) fn at_once(checkpoint: &Checkpoint, tensor: &Tensor, few: u64, many: u64) -> u64 {
    let Layout::Strided {
        storage,
        offset,
        strides,
    } = &tensor.layout
    else {
        return few;
    };
    let Ok(source) = source(checkpoint, *storage) else {
        return few;
    };
    let view = Strided {
        source,
        storage: *storage,
        offset: *offset,
        shape: &tensor.shape,
        strides,
    };
    if strided::likes_much(&view, tensor.dtype.bytes(), few) {
        many
    } else {
        few
    }
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
    scratch.read += count as u64;
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
