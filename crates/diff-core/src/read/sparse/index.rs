//! The indices of sparse tensors, read as exact integers. An index that is no integer, or lies outside the shape, is an error with its name
//! in torch, its place and its value. Nothing is rounded or wrapped: a damaged index must not pass for another place.

use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel;
use crate::read::{As, Read, Scratch, part};
use crate::tensor::{Node, SparseKind, Tensor};

/// What torch calls the index tensors of a kind, in the order in which they are saved.
pub(super) fn names(kind: SparseKind) -> [&'static str; 2] {
    match kind {
        SparseKind::Coo => ["indices", ""],
        SparseKind::Csr | SparseKind::Bsr => ["crow_indices", "col_indices"],
        SparseKind::Csc | SparseKind::Bsc => ["ccol_indices", "row_indices"],
    }
}

/// One index tensor.
pub(super) struct Indices<'a> {
    name: &'static str,
    shape: &'a [u64],
    /// Their bits, extended to 64.
    values: Vec<u64>,
    is_signed: bool,
}

impl<'a> Indices<'a> {
    /// # Errors
    /// `UnsupportedDtype` for a tensor that does not hold integers; what keeps it from being read.
    pub(super) fn read(
        checkpoint: &Checkpoint,
        tensor: &'a Tensor,
        name: &'static str,
    ) -> Result<Self> {
        let whole = whole_numbers(tensor);
        let reader = part(checkpoint, tensor, As::Values)?;
        let mut values = Vec::new();
        let mut scratch = Scratch::default();
        for at in (0..tensor.elements).step_by(kernel::CHUNK) {
            let count = (tensor.elements - at).min(kernel::CHUNK as u64) as usize;
            let operand = reader.read(at, count, &mut scratch)?;
            let Some(decode) = whole else {
                let mut first = None;
                kernel::for_each_value(operand, |value| {
                    first.get_or_insert(value);
                });
                return Err(no_integers(name, tensor, first));
            };
            decode(operand.bytes, &mut values);
        }
        if whole.is_none() {
            return Err(no_integers(name, tensor, None));
        }
        Ok(Self {
            name,
            shape: &tensor.shape,
            values,
            is_signed: tensor.dtype != DType::U64,
        })
    }

    pub(super) fn shape(&self) -> &'a [u64] {
        self.shape
    }

    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// The index at place `at`, counted in row-major order, which must be in `least ..= most`.
    ///
    /// # Errors
    /// `OutOfBounds`, naming place and value.
    pub(super) fn within(&self, at: usize, least: u64, most: u64) -> Result<u64> {
        let value = self.value(at);
        match u64::try_from(value) {
            Ok(index) if (least..=most).contains(&index) => Ok(index),
            _ => Err(self.outside(at, least, most)),
        }
    }

    /// The index at place `at`, which must be that of a row, column or block along an axis of length `dim`.
    ///
    /// # Errors
    /// As [`Self::within`].
    pub(super) fn below(&self, at: usize, dim: u64) -> Result<u64> {
        match dim.checked_sub(1) {
            Some(most) => self.within(at, 0, most),
            None => Err(self.error(at, "none along an axis of length 0")),
        }
    }

    fn value(&self, at: usize) -> i128 {
        let bits = self.values.get(at).copied().unwrap_or(u64::MAX);
        if self.is_signed {
            i128::from(bits.cast_signed())
        } else {
            i128::from(bits)
        }
    }

    #[cold]
    fn outside(&self, at: usize, least: u64, most: u64) -> Error {
        let expected = if least >= most {
            most.to_string()
        } else {
            format!("{least} to {most}")
        };
        self.error(at, &expected)
    }

    #[cold]
    fn error(&self, at: usize, expected: &str) -> Error {
        let place = match *self.shape {
            [_, columns] if columns > 0 => {
                format!("[{}, {}]", at as u64 / columns, at as u64 % columns)
            }
            _ => format!("[{at}]"),
        };
        super::broken(&format!(
            "index of a sparse tensor is out of range at {}{place}",
            self.name
        ))
        .expected(expected)
        .found(self.value(at))
    }
}

type Decode = fn(&[u8], &mut Vec<u64>);

/// A function that reads the integers of a tensor exactly; None where it holds no integers.
fn whole_numbers(tensor: &Tensor) -> Option<Decode> {
    /// Little-endian integers of a type, whatever its width.
    macro_rules! integers {
        ($kind:ty as $wide:ty) => {
            |bytes, out| {
                let cells = bytes.as_chunks::<{ size_of::<$kind>() }>().0;
                out.extend(
                    cells
                        .iter()
                        .map(|cell| <$wide>::from(<$kind>::from_le_bytes(*cell)) as u64),
                );
            }
        };
    }
    if matches!(tensor.node, Node::Scaled { .. }) {
        return None;
    }
    Some(match tensor.dtype {
        DType::U8 => integers!(u8 as u64),
        DType::I8 => integers!(i8 as i64),
        DType::U16 => integers!(u16 as u64),
        DType::I16 => integers!(i16 as i64),
        DType::U32 => integers!(u32 as u64),
        DType::I32 => integers!(i32 as i64),
        DType::U64 => integers!(u64 as u64),
        DType::I64 => integers!(i64 as i64),
        _ => return None,
    })
}

/// torch itself takes only integers; to cut off fractions would be a guess of ours.
#[cold]
fn no_integers(name: &str, tensor: &Tensor, first: Option<f64>) -> Error {
    let dtype = tensor.dtype_name();
    let found = match first {
        Some(first) => format!("{dtype}, the first of them {first}"),
        None => dtype.to_owned(),
    };
    Error::new(
        Code::UnsupportedDtype,
        format!("{name} of a sparse tensor are no integers"),
    )
    .expected("an integer dtype, as i64")
    .found(found)
    .hint("the file is damaged, or was made to mislead; save the tensor again with torch")
}
