//! Exponents of tensors.

use diff_core::stats::Exponents;
use napi::bindgen_prelude::{Float64Array, Uint8Array, Uint32Array};
use napi_derive::napi;

/// Counts by exponent: the bins of all rows, one row after the other.
#[napi(object)]
pub struct ExponentTable {
    /// Where the bins of each row end.
    pub ends: Uint32Array,
    /// Biased exponents.
    pub bins: Uint8Array,
    /// Elements of the sample that have the exponent.
    pub counts: Float64Array,
}

impl ExponentTable {
    pub fn of<'a>(rows: impl Iterator<Item = &'a Exponents> + Clone) -> Self {
        let bins = || rows.clone().flat_map(Exponents::bins);
        let ends = rows.clone().scan(0, |end, row| {
            *end += row.bins().len() as u32;
            Some(*end)
        });
        Self {
            ends: ends.collect::<Vec<_>>().into(),
            bins: bins().map(|bin| bin.0).collect::<Vec<_>>().into(),
            counts: bins().map(|bin| bin.1 as f64).collect::<Vec<_>>().into(),
        }
    }
}
