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
