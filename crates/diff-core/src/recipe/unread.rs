//! Layouts that are known and not read, and methods that are not known: rows that say so, so that codes are never compared as numbers.

use super::Scheme;
use super::module::Module;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::Tensor;

pub(super) const SCHEME: Scheme = Scheme {
    label: "quantised",
    marks: &[
        (".weight_packed", ".weight"),
        (".compressed", ".weight"),
        (".codes", ".weight"),
        (".weight", ".weight"),
        ("", ""),
    ],
    is_one: |module| named(module).is_some() || is_of_unread_method(module),
    dense,
};

/// Methods that the other schemes read.
const READ: &[&str] = &[
    "gptq",
    "marlin",
    "auto-round",
    "intel/auto-round",
    "awq",
    "bitsandbytes",
    "compressed-tensors",
    "fp8",
    "fbgemm_fp8",
    "modelopt",
    "mxfp4",
    "mlx",
    "torchao",
    "hqq",
];

/// Layouts by the tensors that they have.
fn named(module: &Module) -> Option<&'static str> {
    match module.mark {
        ".weight_packed" if module.has(".meta") => Some("ct marlin-24"),
        ".weight_packed" => Some("ct"),
        ".compressed" if module.has(".bitmask") => Some("ct sparse-bitmask"),
        ".codes" if module.has(".codebooks") => Some("aqlm"),
        ".weight" if is_int4_of_modelopt(module) => Some("modelopt int4"),
        ".weight" if module.has(".weight_scales") => Some("eetq"),
        ".weight" if module.has(".weight._data") => Some("quanto"),
        _ => None,
    }
}

/// Two rows of integers a byte, with a float for each group; NVFP4 and the MX formats have small floats as scales.
pub(super) fn is_int4_of_modelopt(module: &Module) -> bool {
    let is_float = |scale: &Tensor| matches!(scale.dtype, DType::F16 | DType::Bf16 | DType::F32);
    module.codes.dtype == DType::U8
        && module.settings.is("modelopt")
        && module.peek(".weight_scale").is_some_and(is_float)
}

/// Codes of a method that nothing here reads: integers and small floats of two axes or more. Counters and positions are 64 bits wide.
fn is_of_unread_method(module: &Module) -> bool {
    let is_read = |method: &str| READ.contains(&method);
    module.mark.is_empty()
        && module
            .settings
            .method
            .as_deref()
            .is_some_and(|method| !is_read(method))
        && module.codes.shape.len() > 1
        && (matches!(
            module.codes.dtype,
            DType::U8 | DType::I8 | DType::I16 | DType::U16 | DType::I32 | DType::U32
        ) || module.codes.dtype.bytes() == 1 && !module.codes.dtype.is_integer())
}

/// What belongs to the codes of these layouts.
const PARTS: [&str; 7] = [
    ".meta",
    ".bitmask",
    ".codebooks",
    ".scales",
    ".weight_scales",
    ".weight_scale",
    ".weight_scale_2",
];

fn dense(module: &Module) -> Result<Tensor> {
    let Some(name) = named(module) else {
        let method = module.settings.method.as_deref().unwrap_or_default();
        return Err(layout(&method.escape_debug().to_string()));
    };
    for part in PARTS {
        module.get(part);
    }
    Err(layout(name))
}

/// The error of a layout that is not read.
#[cold]
pub(super) fn layout(name: &str) -> Error {
    Error::new(Code::UnsupportedLayout, "quantised layout is not read yet")
        .found(name)
        .hint(
            "compare with --raw what is stored, or dequantise the model with its own library first",
        )
}
