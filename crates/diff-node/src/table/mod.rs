//! Columns: what crosses the boundary once, however many tensors there are.

mod exponents;
mod hashes;
mod probes;
mod statistics;
mod tensors;

use diff_core::Error;
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use crate::failure::Failure;

pub use exponents::ExponentTable;
pub use hashes::HashTable;
pub use tensors::TensorTable;

/// A row that could not be read or compared.
#[napi(object)]
pub struct RowFailure {
    pub row: u32,
    pub failure: Failure,
}

/// A matrix of numbers, column after column; NaN where a number does not exist.
#[napi(object)]
pub struct Columns {
    pub names: Vec<String>,
    pub rows: u32,
    pub values: Float64Array,
    pub failures: Vec<RowFailure>,
}

impl Columns {
    fn build<'a, T, R: IntoIterator<Item = f64>>(
        columns: Vec<String>,
        results: impl ExactSizeIterator<Item = Result<T, &'a Error>>,
        values_of: impl Fn(T) -> R,
    ) -> Self {
        let rows = results.len();
        let mut values = vec![f64::NAN; rows * columns.len()];
        let mut failures = Vec::new();
        for (row, result) in results.enumerate() {
            match result {
                Ok(stats) => {
                    for (column, value) in values_of(stats).into_iter().enumerate() {
                        values[column * rows + row] = value;
                    }
                }
                Err(error) => failures.push(RowFailure {
                    row: row as u32,
                    failure: error.into(),
                }),
            }
        }
        Self {
            names: columns,
            rows: rows as u32,
            values: values.into(),
            failures,
        }
    }
}
