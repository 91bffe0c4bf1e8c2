//! Where the elements of a tensor lie and what they mean; no bytes here.

use crate::dtype::{ByteOrder, DType, ValueMap};
use crate::error::{Code, Error, Result};
use crate::limits;

/// A range of bytes in one of the checkpoint's sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index into [`crate::Checkpoint::sources`].
    pub source: u32,
    pub offset: u64,
    pub bytes: u64,
}

/// How the elements lie, always in logical row-major order when they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// There are none: torch's meta device, or a tensor whose description is wrong.
    Absent,
}

/// One named tensor of a checkpoint.
#[derive(Debug, Clone)]
pub struct Tensor {
    pub name: String,
    pub dtype: DType,
    /// The file's word for a dtype that is [`DType::Unknown`].
    pub dtype_label: Option<Box<str>>,
    /// Outermost dimension first; empty for a 0-d tensor.
    pub shape: Vec<u64>,
    /// Product of `shape`; 1 for a 0-d tensor.
    pub elements: u64,
    /// Bytes of the elements as they are described (not of a larger storage behind them).
    pub bytes: u64,
    pub layout: Layout,
    pub map: ValueMap,
    pub order: ByteOrder,
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
            error: None,
        }
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
            error: Some(error),
        }
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
            .found(shape.len()));
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
