//! A tensor of codes and those that belong to it.

use std::cell::RefCell;
use std::collections::HashMap;

use super::settings::{AllSettings, Settings};
use crate::checkpoint::Checkpoint;
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result, counted};
use crate::tensor::{Encoding, Node, Stored, Tensor};

/// Bytes of a tensor that describes another one, at most.
const DESCRIPTION: u64 = 1 << 16;

/// A tensor of codes; the others of it have names that begin as its own does.
pub(super) struct Module<'a> {
    /// The name without its ending.
    pub(super) stem: &'a str,
    /// The ending by which the scheme knows it.
    pub(super) mark: &'static str,
    pub(super) codes: &'a Tensor,
    pub(super) settings: &'a Settings,
    /// What safetensors files say of themselves.
    pub(super) metadata: &'a [(String, String)],
    checkpoint: &'a Checkpoint,
    names: &'a HashMap<&'a str, usize>,
    /// Numbers of the tensors that were asked for.
    used: RefCell<Vec<usize>>,
}

impl<'a> Module<'a> {
    /// None where the name has not that ending.
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        names: &'a HashMap<&'a str, usize>,
        settings: &'a AllSettings,
        codes: &'a Tensor,
        mark: &'static str,
    ) -> Option<Self> {
        let stem = codes.name.strip_suffix(mark)?;
        Some(Self {
            stem,
            mark,
            codes,
            settings: settings.for_tensor(&codes.name),
            metadata: &checkpoint.metadata,
            checkpoint,
            names,
            used: RefCell::default(),
        })
    }

    /// Whether there is a tensor with another ending.
    pub(super) fn has(&self, ending: &str) -> bool {
        self.number(ending).is_some()
    }

    /// A tensor with another ending, to look at.
    pub(super) fn peek(&self, ending: &str) -> Option<&'a Tensor> {
        self.checkpoint.tensors.get(self.number(ending)?)
    }

    /// A tensor with another ending, which becomes a part of the dense one.
    pub(super) fn get(&self, ending: &str) -> Option<&'a Tensor> {
        let number = self.number(ending)?;
        self.used.borrow_mut().push(number);
        self.checkpoint.tensors.get(number)
    }

    /// # Errors
    /// `MissingRecord` where there is none.
    pub(super) fn need(&self, ending: &str) -> Result<&'a Tensor> {
        self.get(ending).ok_or_else(|| self.lacks(ending))
    }

    /// The error of a part that is not there.
    #[cold]
    pub(super) fn lacks(&self, ending: &str) -> Error {
        Error::new(Code::MissingRecord, "quantised tensor lacks a part of it")
            .expected(format!("{}{ending}", self.stem))
            .found("no such tensor")
            .hint("the file was not written whole, or lies in a shard that is not here")
    }

    /// The numbers of all tensors that were asked for.
    pub(super) fn used(&self) -> Vec<usize> {
        self.used.take()
    }

    fn number(&self, ending: &str) -> Option<usize> {
        let name = format!("{}{ending}", self.stem);
        self.names.get(name.as_str()).copied()
    }

    /// The bytes of a small tensor that describes the codes.
    ///
    /// # Errors
    /// `LimitExceeded`; what reading the file ends with.
    pub(super) fn bytes(&self, tensor: &Tensor) -> Result<Vec<u8>> {
        let Node::Stored(Stored {
            span,
            encoding: Encoding::Plain(ByteOrder::Little),
            strides: None,
        }) = &tensor.node
        else {
            return Err(wrong_type(tensor, "bytes one after the other"));
        };
        if span.bytes > DESCRIPTION {
            return Err(Error::new(
                Code::LimitExceeded,
                "description of a quantised tensor is too long",
            )
            .expected(format!("at most {}", counted(DESCRIPTION, "byte")))
            .found(format!("{} in {}", span.bytes, tensor.name)));
        }
        let source = self.checkpoint.sources.get(span.source as usize);
        let source = source.ok_or_else(|| {
            Error::new(
                Code::Internal,
                "tensor lies in a source that does not exist",
            )
        })?;
        let mut bytes = vec![0; span.bytes as usize];
        source.read_exact(span.offset, &mut bytes)?;
        Ok(bytes)
    }

    /// The numbers of a small tensor of integers.
    ///
    /// # Errors
    /// As [`Self::bytes`]; `UnsupportedDtype` for other types.
    pub(super) fn integers(&self, tensor: &Tensor) -> Result<Vec<i64>> {
        let bytes = self.bytes(tensor)?;
        Ok(match tensor.dtype {
            DType::U8 | DType::Bool => bytes.iter().map(|&x| i64::from(x)).collect(),
            DType::I32 => {
                let words = bytes.as_chunks().0.iter();
                words.map(|x| i64::from(i32::from_le_bytes(*x))).collect()
            }
            DType::I64 => {
                let words = bytes.as_chunks().0.iter();
                words.map(|x| i64::from_le_bytes(*x)).collect()
            }
            _ => return Err(wrong_type(tensor, "integers")),
        })
    }

    /// A positive number out of a small tensor that must be there.
    ///
    /// # Errors
    /// As [`Self::integers`]; `InvalidHeader` where it is none.
    pub(super) fn natural(&self, ending: &str) -> Result<u64> {
        let tensor = self.need(ending)?;
        match self.integers(tensor)?.as_slice() {
            [number] if *number > 0 => Ok(number.unsigned_abs()),
            other => Err(
                Error::new(Code::InvalidHeader, "quantised tensor is described wrongly")
                    .expected(format!("a positive number in {}", tensor.name))
                    .found(format!("{:?}", other.get(..other.len().min(8)))),
            ),
        }
    }

    /// A shape out of a small tensor of integers.
    ///
    /// # Errors
    /// As [`Self::integers`]; `InvalidHeader` for negative numbers.
    pub(super) fn shape(&self, tensor: &Tensor) -> Result<Vec<u64>> {
        let numbers = self.integers(tensor)?;
        let shape = numbers.iter().map(|&number| u64::try_from(number).ok());
        shape.collect::<Option<_>>().ok_or_else(|| {
            Error::new(
                Code::InvalidHeader,
                "shape of a quantised tensor is negative",
            )
            .found(format!("{numbers:?}"))
        })
    }
}

/// The bits of a plain tensor as elements of another type of the same size.
///
/// # Errors
/// `UnsupportedDtype` where they are stored otherwise.
pub(super) fn as_type(tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    match &tensor.node {
        Node::Stored(Stored {
            encoding: Encoding::Plain(_),
            ..
        }) if tensor.dtype.bytes() == dtype.bytes() => Ok(Tensor {
            dtype,
            dtype_label: None,
            ..tensor.clone()
        }),
        _ => Err(wrong_type(tensor, dtype.name())),
    }
}

/// The bytes of a plain tensor, in the same shape with a longer last axis.
///
/// # Errors
/// `UnsupportedDtype` where they do not lie one after the other.
pub(super) fn as_bytes(tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    let mut shape = tensor.shape.clone();
    let last = shape.last_mut();
    match (&tensor.node, last) {
        (
            Node::Stored(Stored {
                span,
                encoding: Encoding::Plain(ByteOrder::Little),
                strides: None,
            }),
            Some(last),
        ) if dtype.bytes() == 1 => {
            *last *= tensor.dtype.bytes();
            let elements = tensor.elements * tensor.dtype.bytes();
            Ok(Tensor::plain(
                tensor.name.clone(),
                dtype,
                shape,
                elements,
                *span,
            ))
        }
        _ => Err(wrong_type(tensor, "bytes one after the other")),
    }
}

/// # Errors
/// `SizeMismatch` where a tensor has another number of axes.
pub(super) fn axes<const N: usize>(tensor: &Tensor) -> Result<[u64; N]> {
    tensor.shape.as_slice().try_into().map_err(|_| {
        Error::new(
            Code::SizeMismatch,
            "part of a quantised tensor has another shape",
        )
        .expected(format!("{N} axes"))
        .found(format!("{:?} in {}", tensor.shape, tensor.name))
    })
}

/// # Errors
/// `SizeMismatch` where a tensor has another shape.
pub(super) fn expect_shape(tensor: &Tensor, shape: &[u64]) -> Result<()> {
    if tensor.shape == shape {
        return Ok(());
    }
    Err(Error::new(
        Code::SizeMismatch,
        "part of a quantised tensor has another shape",
    )
    .expected(format!("{shape:?}"))
    .found(format!("{:?} in {}", tensor.shape, tensor.name)))
}

#[cold]
pub(super) fn wrong_type(tensor: &Tensor, expected: &str) -> Error {
    Error::new(
        Code::UnsupportedDtype,
        "part of a quantised tensor has another type",
    )
    .expected(expected)
    .found(format!("{} in {}", tensor.dtype_name(), tensor.name))
}
