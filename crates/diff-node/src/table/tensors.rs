//! Descriptions of tensors.

use std::collections::HashMap;
use std::hash::Hash;

use diff_core::Checkpoint;
use diff_core::checkpoint::Format;
use diff_core::tensor::Tensor;
use napi::bindgen_prelude::{Float64Array, Uint8Array, Uint32Array};
use napi_derive::napi;

use super::RowFailure;

/// Descriptions of all tensors of a checkpoint.
#[napi(object)]
pub struct TensorTable {
    /// All names, UTF-8, one after the other.
    pub names: Uint8Array,
    /// Where each name ends.
    pub name_ends: Uint32Array,
    /// Index into `dtypes`.
    pub dtype: Uint32Array,
    pub dtypes: Vec<String>,
    /// Index into the shapes that there are.
    pub shape: Uint32Array,
    /// Every shape that occurs, once, one after the other.
    pub dims: Float64Array,
    /// Where each of these ends.
    pub dim_ends: Uint32Array,
    pub elements: Float64Array,
    pub bytes: Float64Array,
    /// Index into the files of the description; NaN for tensors in memory, and for those whose elements were not saved.
    pub file: Float64Array,
    /// Bytes from the start of that file to the first element; NaN where it lies nowhere as it is (compressed, encoded, sparse).
    pub offset: Float64Array,
    /// Rows of a type that is not known, which can only be compared byte by byte.
    pub raw: Uint32Array,
    pub failures: Vec<RowFailure>,
}

impl TensorTable {
    #[must_use]
    pub fn of(checkpoint: &Checkpoint) -> Self {
        Self::describe(&checkpoint.tensors, places(checkpoint))
    }

    /// Of one tensor, without a place in a file.
    #[must_use]
    pub fn of_one(tensor: &Tensor) -> Self {
        Self::describe(
            std::slice::from_ref(tensor),
            (vec![f64::NAN], vec![f64::NAN]),
        )
    }

    fn describe(tensors: &[Tensor], (file, offset): (Vec<f64>, Vec<f64>)) -> Self {
        let mut names = Vec::with_capacity(tensors.iter().map(|t| t.name.len()).sum());
        let mut name_ends = Vec::with_capacity(tensors.len());
        let mut shapes = Numbering::default();
        let mut shape = Vec::with_capacity(tensors.len());
        let mut dtypes = Numbering::default();
        let mut dtype = Vec::with_capacity(tensors.len());
        let mut failures = Vec::new();
        for (row, tensor) in tensors.iter().enumerate() {
            names.extend_from_slice(tensor.name.as_bytes());
            name_ends.push(names.len() as u32);
            shape.push(shapes.number(tensor.shape.as_slice()));
            dtype.push(dtypes.number(tensor.dtype_name()));
            if let Some(error) = tensor.error() {
                failures.push(RowFailure {
                    row: row as u32,
                    failure: error.into(),
                });
            }
        }
        let dim_ends: Vec<u32> = shapes
            .values
            .iter()
            .scan(0, |end, shape| {
                *end += shape.len() as u32;
                Some(*end)
            })
            .collect();
        let dims: Vec<f64> = shapes
            .values
            .iter()
            .flat_map(|shape| shape.iter().map(|&dim| dim as f64))
            .collect();
        Self {
            names: names.into(),
            name_ends: name_ends.into(),
            dtype: dtype.into(),
            dtypes: dtypes.values.iter().map(|&name| name.to_owned()).collect(),
            shape: shape.into(),
            dims: dims.into(),
            dim_ends: dim_ends.into(),
            elements: tensors
                .iter()
                .map(|t| t.elements as f64)
                .collect::<Vec<_>>()
                .into(),
            bytes: tensors
                .iter()
                .map(|t| t.bytes as f64)
                .collect::<Vec<_>>()
                .into(),
            file: file.into(),
            offset: offset.into(),
            raw: tensors
                .iter()
                .enumerate()
                .filter(|(_, tensor)| tensor.is_raw())
                .map(|(row, _)| row as u32)
                .collect::<Vec<_>>()
                .into(),
            failures,
        }
    }
}

/// The columns `file` and `offset`.
fn places(checkpoint: &Checkpoint) -> (Vec<f64>, Vec<f64>) {
    let files = checkpoint.file_of_source();
    let is_memory = checkpoint.format == Format::Memory;
    let tensors = checkpoint.tensors.iter();
    tensors
        .map(|tensor| {
            let Some((source, at)) = tensor.first_byte().filter(|_| !is_memory) else {
                return (f64::NAN, f64::NAN);
            };
            let source = source as usize;
            let number = |value: Option<u64>| value.map_or(f64::NAN, |value| value as f64);
            let place = checkpoint.sources.get(source).zip(at);
            (
                number(files.get(source).copied().map(u64::from)),
                number(place.and_then(|(source, at)| source.place_in_file(at))),
            )
        })
        .unzip()
}

/// Values in the order in which they first came, each with its number.
struct Numbering<'a, T: ?Sized> {
    values: Vec<&'a T>,
    numbers: HashMap<&'a T, u32>,
}

impl<T: ?Sized> Default for Numbering<'_, T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<'a, T: ?Sized + Eq + Hash> Numbering<'a, T> {
    fn number(&mut self, value: &'a T) -> u32 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as u32 - 1
        })
    }
}
