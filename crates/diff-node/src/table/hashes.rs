//! Hashes of tensors.

use diff_core::Error;
use diff_core::engine::Hashed;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use super::Columns;
use super::statistics::{OWN, own_values};

/// Hashes and statistics of all tensors of a checkpoint.
#[napi(object)]
pub struct HashTable {
    /// 32 bytes a row, one row after the other; zeros where the tensor could not be read.
    pub hashes: Uint8Array,
    pub statistics: Columns,
}

impl HashTable {
    #[must_use]
    pub fn of(results: &[Result<Hashed, Error>]) -> Self {
        let hashes = results.iter().flat_map(|result| match result {
            Ok(found) => found.hash,
            Err(_) => <[u8; 32]>::default(),
        });
        let names = OWN.iter().map(|&name| name.to_owned()).collect();
        let rows = results.iter().map(Result::as_ref);
        Self {
            hashes: hashes.collect::<Vec<_>>().into(),
            statistics: Columns::build(names, rows, |found| own_values(&found.moments)),
        }
    }
}
