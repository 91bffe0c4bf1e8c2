//! torchao in safetensors: parts of a tensor subclass as `_weight_qdata`, `_weight_scale`, …, whose class stands in the file's metadata.
//!
//! Source: `torchao/prototype/safetensors` of torchao 0.18: `Float8Tensor`, `Int8Tensor`, `IntxUnpackedToInt8Tensor`, whose values
//! are rounded to the type that the tensor had.

use serde_json::Value;

use super::Scheme;
use super::blocks::{block_words, blocks_of};
use super::module::Module;
use super::unread;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "torchao",
    marks: &[("._weight_qdata", ".weight")],
    is_one: |_| true,
    dense,
};

fn dense(module: &Module) -> Result<Tensor> {
    let (scale, zeros) = (
        module.get("._weight_scale"),
        module.get("._weight_zero_point"),
    );
    let name = format!("{}.weight", module.stem);
    let text = module.metadata.iter().find(|(key, _)| *key == name);
    let said = text.and_then(|(_, text)| serde_json::from_str::<Value>(text).ok());
    let word_at = |path: &str| said.as_ref()?.pointer(path)?.as_str();
    match word_at("/_type") {
        Some("Float8Tensor" | "Int8Tensor" | "IntxUnpackedToInt8Tensor") | None => {}
        Some(other) => return Err(unread::layout(&format!("torchao {}", other.escape_debug()))),
    }
    let round = match word_at("/_data/dtype/_data") {
        Some("bfloat16") => Some(DType::Bf16),
        Some("float16") => Some(DType::F16),
        _ => None,
    };
    let scale = match scale {
        Some(scale) => scale,
        None => module.need("._weight_scale")?,
    };
    let codes = module.codes;
    let word = match codes.dtype {
        DType::I8 => "int8",
        DType::F8E4M3 => "fp8 e4m3",
        DType::F8E5M2 => "fp8 e5m2",
        _ => return Err(unread::layout(&format!("torchao {}", codes.dtype_name()))),
    };
    let block = blocks_of(&codes.shape, scale, &[])?;
    let zero = match zeros {
        None => Factor::One(0.0),
        Some(zeros) if zeros.elements == scale.elements => Factor::Each(zeros.clone()),
        Some(zeros) => {
            return Err(Error::new(
                Code::SizeMismatch,
                "quantised tensor has another number of zero points than of scales",
            )
            .expected(scale.elements)
            .found(format!("{} in {}", zeros.elements, zeros.name)));
        }
    };
    let label = format!("torchao {word} {}", block_words(&codes.shape, &block));
    let affine = Affine {
        round,
        ..Affine::new(codes.clone(), Factor::Each(scale.clone()), zero, block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}
