//! What the add-on sees of the machine, for a report on the installation.

use diff_core::kernel::Isa;
use napi_derive::napi;

#[napi(object)]
pub struct Machine {
    /// Instruction set that the arithmetic uses: `portable`, `avx2`, `avx512` or `neon`.
    pub instruction_set: String,
    /// Folder of the local cache of the Hugging Face hub.
    pub hub_cache: Option<String>,
}

#[napi]
#[must_use]
pub fn describe_machine() -> Machine {
    Machine {
        instruction_set: Isa::detect().name().to_owned(),
        hub_cache: diff_core::format::hub_cache().map(|path| path.display().to_string()),
    }
}

/// Package and version in one text, so that a release reads both from the file without loading it: a binary for another
/// system cannot be asked.
const STAMP: &str = concat!("@model-diff/binding@", env!("CARGO_PKG_VERSION"), ";");

/// The package that this add-on belongs to, with its version and a semicolon.
#[napi]
#[must_use]
pub fn stamp() -> &'static str {
    STAMP
}
