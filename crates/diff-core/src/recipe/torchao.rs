//! torchao in safetensors: parts of a tensor subclass as `_weight_qdata`, `_weight_scale`, …, whose class stands in the file's metadata.
//!
//! Source: `torchao/prototype/safetensors` of torchao 0.18: `Float8Tensor`, `Int8Tensor`, `IntxUnpackedToInt8Tensor`, whose values
//! are rounded to the type that the tensor had.

use serde_json::Value;

use super::Scheme;
use super::blocks::{block_words, expect_blocks};
use super::module::{Module, expect_shape};
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
    let said = said(module)?;
    let word_at = |path: &str| said.pointer(path)?.as_str();
    match word_at("/_type") {
        Some("Float8Tensor" | "Int8Tensor" | "IntxUnpackedToInt8Tensor") => {}
        other => {
            let name = other.unwrap_or("without a class").escape_debug();
            return Err(unread::layout(&format!("torchao {name}")));
        }
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
    let sides = said
        .pointer("/_data/block_size")
        .and_then(Value::as_array)
        .map(|sides| sides.iter().filter_map(Value::as_u64).collect());
    let block: Vec<u64> = sides.unwrap_or_default();
    expect_blocks(&codes.shape, &block, scale)?;
    let zero = match zeros {
        None => Factor::One(0.0),
        Some(zeros) => {
            expect_shape(zeros, &scale.shape)?;
            Factor::Each(zeros.clone())
        }
    };
    let label = format!("torchao {word} {}", block_words(&codes.shape, &block));
    let affine = Affine {
        round,
        ..Affine::new(codes.clone(), Factor::Each(scale.clone()), zero, block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}

/// What the file's metadata says of the tensor: its class, what it was made with, and its parts, all of which must be there.
fn said(module: &Module) -> Result<Value> {
    let name = format!("{}.weight", module.stem);
    let text = module.metadata.iter().find(|(key, _)| *key == name);
    let said = text.and_then(|(_, text)| serde_json::from_str::<Value>(text).ok());
    let said = said.ok_or_else(|| {
        Error::new(
            Code::InvalidHeader,
            "class of a torchao tensor is not known",
        )
        .expected(format!("{name} in the metadata of the safetensors file"))
        .found("no description of it")
        .hint("the file was written anew without its metadata; take the one that torchao wrote")
    })?;
    let parts = said
        .pointer("/_tensor_data_names")
        .and_then(Value::as_array);
    for part in parts.into_iter().flatten().filter_map(Value::as_str) {
        let ending = format!("._weight_{part}");
        if !module.has(&ending) {
            return Err(module.lacks(&ending));
        }
    }
    Ok(said)
}
