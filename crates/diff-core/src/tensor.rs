//! Where the elements of a tensor lie and what they mean; no bytes here.

use std::ops::Range;
use std::sync::Arc;

use crate::dtype::{ByteOrder, DType, ValueMap};
use crate::error::{Code, Error, Result};
use crate::limits;
use crate::once::Once;

/// A range of bytes in one of the checkpoint's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index into [`crate::Checkpoint::sources`].
    pub source: u32,
    pub offset: u64,
    pub bytes: u64,
}

/// How the elements lie, always in logical row-major order when they are read.
#[derive(Debug, Clone)]
pub enum Layout {
    /// One after the other.
    Span(Span),
    /// Element (i0, i1, …) at `offset + i0 strides[0] + i1 strides[1] + …` elements from the start of
    /// `storage`: torch's views, Fortran order. Every index is proven to lie inside by [`Layout::strided`].
    Strided {
        storage: Span,
        offset: u64,
        strides: Vec<u64>,
    },
    /// Elements of less than a byte, one after the other, the first in the lowest bits.
    Packed { span: Span, packing: Packing },
    /// Only some elements are there, and where they belong. Such tensors are compared by what they store.
    Sparse(Arc<Sparse>),
    /// There are none: torch's meta device, or a tensor whose description is wrong.
    Absent,
}

/// Floats that take less than a byte. They have neither infinities nor NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    F4E2M1,
    F6E2M3,
    F6E3M2,
}

impl Packing {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F4E2M1 => "f4_e2m1",
            Self::F6E2M3 => "f6_e2m3",
            Self::F6E3M2 => "f6_e3m2",
        }
    }

    /// Bits of an element.
    #[must_use]
    pub fn bits(self) -> u64 {
        match self {
            Self::F4E2M1 => 4,
            Self::F6E2M3 | Self::F6E3M2 => 6,
        }
    }

    /// For each code the code of the same value as [`DType::F8E4M3`], which holds them all.
    pub(crate) fn codes_in_8_bits(self) -> &'static [u8; 64] {
        static F4_E2M1: [u8; 64] = wide_codes(2, 1, 1);
        static F6_E2M3: [u8; 64] = wide_codes(2, 3, 1);
        static F6_E3M2: [u8; 64] = wide_codes(3, 2, 3);
        match self {
            Self::F4E2M1 => &F4_E2M1,
            Self::F6E2M3 => &F6_E2M3,
            Self::F6E3M2 => &F6_E3M2,
        }
    }
}

/// A subnormal of the small type is normal in the large one, whose exponents have a bias of 7.
const fn wide_codes(exponent_bits: u32, mantissa_bits: u32, bias: i32) -> [u8; 64] {
    let mut table = [0; 64];
    let mut code: u32 = 0;
    while code < 1 << (1 + exponent_bits + mantissa_bits) {
        let sign = (code >> (exponent_bits + mantissa_bits)) << 7;
        let exponent = ((code >> mantissa_bits) & ((1 << exponent_bits) - 1)) as i32;
        let mantissa = code & ((1 << mantissa_bits) - 1);
        let magnitude = if exponent == 0 && mantissa == 0 {
            0
        } else if exponent == 0 {
            let top = mantissa.ilog2();
            let power = top as i32 + 1 - bias - mantissa_bits as i32;
            (((power + 7) as u32) << 3) | ((mantissa - (1 << top)) << (3 - top))
        } else {
            (((exponent - bias + 7) as u32) << 3) | (mantissa << (3 - mantissa_bits))
        };
        table[code as usize] = (sign | magnitude) as u8;
        code += 1;
    }
    table
}

/// A sparse tensor as it lies in the file.
///
/// It is never made dense. Its *coalesced form* is what counts: the stored elements in the order of their
/// places, those with the same place added up. Two sparse tensors of any kinds can be compared when they
/// store the same places; everything else is zero on both sides.
#[derive(Debug)]
pub struct Sparse {
    pub kind: SparseKind,
    /// COO: (places, one row for each sparse dimension); else: where each row or column begins in
    /// the second, and the places along the other dimension.
    pub indices: Vec<Tensor>,
    pub values: Tensor,
    /// Most bytes of indices and values that may be held to bring the elements into order.
    pub most_bytes: u64,
    /// The coalesced form, made at the first read.
    pub(crate) coalesced: Once<Coalesced>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SparseKind {
    Coo,
    Csr,
    Csc,
    Bsr,
    Bsc,
}

/// See [`Sparse`].
#[derive(Debug)]
pub(crate) struct Coalesced {
    /// Row-major number of each stored block's place, rising.
    pub keys: Vec<u64>,
    /// Elements of a block.
    pub block: u64,
    /// The elements in that order, unless they lie so in the file.
    pub values: Option<(DType, Vec<u8>)>,
    /// Whether there were several elements in one place: `values` are sums then, as f64.
    pub is_summed: bool,
}

/// Quantised in a way that a [`ValueMap`] does not tell: value = (q - zero point) * scale.
#[derive(Debug)]
pub struct Quant {
    /// Values in a byte: 1, or 2 or 4 from the low bits up.
    pub packed: u64,
    pub scales: Scales,
    /// Read at the first use.
    pub(crate) loaded: Once<Channels>,
}

/// Scale and zero point of each channel; of a tensor with one scale there is one.
#[derive(Debug)]
pub(crate) struct Channels {
    pub scales: Vec<f32>,
    pub zero_points: Vec<f32>,
}

#[derive(Debug)]
pub enum Scales {
    One {
        scale: f64,
        zero_point: i64,
    },
    PerChannel {
        axis: usize,
        scales: Box<Tensor>,
        zero_points: Box<Tensor>,
    },
}

impl Quant {
    #[must_use]
    pub fn new(packed: u64, scales: Scales) -> Self {
        Self {
            packed,
            scales,
            loaded: Once::default(),
        }
    }
}

/// One named tensor of a checkpoint.
#[derive(Debug, Clone)]
pub struct Tensor {
    pub name: String,
    pub dtype: DType,
    /// The file's word where that says more than `dtype`: for [`DType::Unknown`], and for `qint8` and its kin.
    pub dtype_label: Option<Box<str>>,
    /// Outermost dimension first; empty for a 0-d tensor.
    pub shape: Vec<u64>,
    /// Product of `shape`, 1 for a 0-d tensor; the stored ones of a sparse tensor.
    pub elements: u64,
    /// Bytes of the elements as they are described (not of a larger storage behind them).
    pub bytes: u64,
    pub layout: Layout,
    pub map: ValueMap,
    pub order: ByteOrder,
    pub quant: Option<Arc<Quant>>,
    /// Why it cannot be read, when it cannot; the other tensors still can.
    pub error: Option<Error>,
}

impl Tensor {
    /// A plain little-endian tensor.
    #[must_use]
    pub fn plain(name: String, dtype: DType, shape: Vec<u64>, elements: u64, span: Span) -> Self {
        Self {
            name,
            dtype,
            dtype_label: None,
            shape,
            elements,
            bytes: span.bytes,
            layout: Layout::Span(span),
            map: ValueMap::Identity,
            order: ByteOrder::Little,
            quant: None,
            error: None,
        }
    }

    /// A tensor whose type has no values that are known here: it is compared byte by byte, as its elements lie.
    #[must_use]
    pub fn raw(name: String, label: &str, shape: Vec<u64>, elements: u64, span: Span) -> Self {
        Self {
            dtype_label: Some(label.into()),
            ..Self::plain(name, DType::Unknown, shape, elements, span)
        }
    }

    /// A tensor of floats that take less than a byte.
    #[must_use]
    pub fn packed(
        name: String,
        packing: Packing,
        shape: Vec<u64>,
        elements: u64,
        span: Span,
    ) -> Self {
        Self {
            dtype_label: Some(packing.name().into()),
            layout: Layout::Packed { span, packing },
            ..Self::plain(name, DType::F8E4M3, shape, elements, span)
        }
    }

    /// Whether only its bytes can be compared.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        self.dtype == DType::Unknown && self.error.is_none()
    }

    /// What a view of it counts: elements, or the bytes where it has nothing else.
    #[must_use]
    pub fn units(&self) -> u64 {
        if self.is_raw() {
            self.bytes
        } else {
            self.elements
        }
    }

    /// Bytes that the units before `end` take where they are stored: a part of a byte counts as a whole one, and what cannot be read as none.
    fn stored_until(&self, end: u64) -> u64 {
        let codes = self.quant.as_ref().map_or(1, |quant| quant.packed.max(1));
        match &self.layout {
            _ if self.error.is_some() => 0,
            _ if self.dtype == DType::Unknown => end,
            Layout::Packed { packing, .. } => (end * packing.bits()).div_ceil(8),
            _ => end.div_ceil(codes) * self.dtype.bytes(),
        }
    }

    /// Bytes that these units take where they are stored, so that parts add up to the whole.
    #[must_use]
    #[inline]
    pub fn stored_bytes(&self, units: Range<u64>) -> u64 {
        let item = self.dtype.bytes();
        // Almost all tensors, and this is asked several times a unit.
        if item > 0 && self.quant.is_none() && matches!(self.layout, Layout::Span(_)) {
            return (units.end - units.start) * item;
        }
        self.stored_until(units.end) - self.stored_until(units.start)
    }

    /// A tensor that can be described but not read.
    #[must_use]
    pub fn broken(name: String, label: &str, shape: Vec<u64>, bytes: u64, error: Error) -> Self {
        Self {
            elements: element_count(&shape).unwrap_or(0),
            name,
            dtype: DType::Unknown,
            dtype_label: Some(label.into()),
            shape,
            bytes,
            layout: Layout::Absent,
            map: ValueMap::Identity,
            order: ByteOrder::Little,
            quant: None,
            error: Some(error),
        }
    }

    /// The source of its elements, and the place of its first one there; None where they are not in the file. Only the source is known
    /// of a tensor without elements, and of a sparse one: which element is its first is told by its indices.
    #[must_use]
    pub fn first_byte(&self) -> Option<(u32, Option<u64>)> {
        let (span, skipped) = match &self.layout {
            Layout::Span(span) | Layout::Packed { span, .. } => (span, 0),
            Layout::Strided {
                storage, offset, ..
            } => (storage, offset * self.dtype.bytes()),
            Layout::Sparse(sparse) => {
                return sparse.values.first_byte().map(|(source, _)| (source, None));
            }
            Layout::Absent => return None,
        };
        let place = (self.bytes > 0).then_some(span.offset + skipped);
        Some((span.source, place))
    }

    /// The type as a user reads it.
    #[must_use]
    pub fn dtype_name(&self) -> &str {
        self.dtype_label.as_deref().unwrap_or(self.dtype.name())
    }
}

/// Product of the dimensions; an error when it does not fit 2^53 (what a double counts exactly).
pub fn element_count(shape: &[u64]) -> Result<u64> {
    if shape.len() > limits::DIMENSIONS {
        return Err(Error::new(Code::LimitExceeded, "too many dimensions")
            .expected(format!("at most {}", limits::DIMENSIONS))
            .found(shape.len())
            .hint("no known model has so many: reshape the tensor and save it again, if it is really meant"));
    }
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim))
        .filter(|&product| product <= 1 << 53)
        .ok_or_else(|| {
            Error::new(
                Code::ShapeOverflow,
                "shape has more elements than can be counted",
            )
            .expected("at most 2^53 elements")
            .found(format!("{shape:?}"))
        })
}

impl Layout {
    /// A strided view into `storage`, of elements of `item` bytes.
    ///
    /// # Errors
    /// `OutOfBounds` when any element would lie outside the storage.
    pub fn strided(
        storage: Span,
        item: u64,
        offset: u64,
        shape: &[u64],
        strides: Vec<u64>,
    ) -> Result<Self> {
        if shape.len() != strides.len() {
            return Err(
                Error::new(Code::SizeMismatch, "shape and strides differ in length")
                    .expected(shape.len())
                    .found(strides.len()),
            );
        }
        if shape.contains(&0) {
            return Ok(Self::Span(Span {
                bytes: 0,
                ..storage
            }));
        }
        let last = shape
            .iter()
            .zip(&strides)
            .try_fold(u128::from(offset), |at, (&dim, &stride)| {
                at.checked_add(u128::from(dim - 1) * u128::from(stride))
            });
        let capacity = u128::from(storage.bytes / item.max(1));
        match last {
            Some(last) if last < capacity => {}
            _ => {
                return Err(
                    Error::new(Code::OutOfBounds, "view reaches outside its storage")
                        .expected(format!("elements below {capacity}"))
                        .found(format!(
                            "shape {shape:?}, strides {strides:?}, offset {offset}"
                        )),
                );
            }
        }
        if is_row_major(shape, &strides) {
            let elements = element_count(shape)?;
            return Ok(Self::Span(Span {
                source: storage.source,
                offset: storage.offset + offset * item,
                bytes: elements * item,
            }));
        }
        Ok(Self::Strided {
            storage,
            offset,
            strides,
        })
    }
}

/// Whether the elements lie one after the other in logical order.
fn is_row_major(shape: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1;
    for (&dim, &stride) in shape.iter().zip(strides).rev() {
        if dim != 1 && stride != expected {
            return false;
        }
        expected *= dim;
    }
    true
}
