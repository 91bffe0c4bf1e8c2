//! torchao: parts of a tensor subclass, as `_weight_qdata`, `_weight_scale`, … in safetensors and `weight.qdata`, `weight.scale`, … in pickles.
//! Its class stands in the metadata of the former, and the reader of the latter says it in the same way.
//!
//! Source: `torchao/prototype/safetensors` of torchao 0.18. Values are rounded to the type that the tensor had.

mod int4;
mod mx;

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
    marks: &[("._weight_qdata", ".weight"), (QDATA, "")],
    is_one: |module| module.mark != QDATA || description(module).is_some(),
    dense: |module| {
        let said = Said::of(module)?;
        match said.word("/_type").unwrap_or_default() {
            "Float8Tensor" | "Int8Tensor" | "IntxUnpackedToInt8Tensor" => bytes(module, &said),
            "Int4Tensor" => int4::plain(module, &said),
            "Int4TilePackedTo4dTensor" => int4::tiles(module, &said),
            "MXTensor" => mx::mx(module, &said),
            "NVFP4Tensor" => mx::nvfp4(module, &said),
            other => Err(unread::layout(&format!("torchao {}", other.escape_debug()))),
        }
    },
};

/// Where the parts are attributes in a pickle.
const QDATA: &str = ".qdata";

/// What a part of the tensor is called.
fn part(module: &Module, name: &str) -> String {
    let before = if module.mark == QDATA {
        "."
    } else {
        "._weight_"
    };
    format!("{before}{name}")
}

/// What stands in the metadata of the tensor.
fn description<'a>(module: &Module<'a>) -> Option<&'a str> {
    let ending = if module.mark == QDATA { "" } else { ".weight" };
    let name = |key: &str| key.strip_suffix(ending) == Some(module.stem);
    let mut metadata = module.metadata.iter();
    metadata.find(|(key, _)| name(key)).map(|(_, text)| &**text)
}

/// Subclasses of torchao before 0.13 in pickles, and any whose class was lost.
pub(super) const PICKLED: Scheme = Scheme {
    label: "torchao",
    marks: &[
        (QDATA, ""),
        (".tensor_impl.int_data", ""),
        (".tensor_impl.packed_weight", ""),
        (".tensor_impl.float8_data", ""),
    ],
    is_one: |module| {
        let inner = module.mark.rsplit_once('.').map_or("", |(inner, _)| inner);
        ["scale", "scale_and_zero"]
            .iter()
            .any(|part| module.has(&format!("{inner}.{part}")))
    },
    dense: |module| {
        let inner = module.mark.rsplit_once('.').map_or("", |(inner, _)| inner);
        for part in ["scale", "scale_and_zero", "zero_point", "per_tensor_scale"] {
            module.get(&format!("{inner}.{part}"));
        }
        Err(unread::layout("torchao without its class, or before 0.13"))
    },
};

/// What the file's metadata says of a tensor: its class, what it was made with, and its parts.
struct Said(Value);

impl Said {
    /// # Errors
    /// `InvalidHeader` where there is nothing; `MissingRecord` where a part of the tensor is not there.
    fn of(module: &Module) -> Result<Self> {
        let text = description(module);
        let said = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
        let said = said.ok_or_else(|| {
            Error::new(
                Code::InvalidHeader,
                "class of a torchao tensor is not known",
            )
            .expected(format!(
                "{}.weight in the metadata of the safetensors file",
                module.stem
            ))
            .found("no description of it")
            .hint("the file was written anew without its metadata; take the one that torchao wrote")
        })?;
        let parts = said
            .pointer("/_tensor_data_names")
            .and_then(Value::as_array);
        for part in parts.into_iter().flatten().filter_map(Value::as_str) {
            let ending = self::part(module, part);
            if !module.has(&ending) {
                return Err(module.lacks(&ending));
            }
        }
        Ok(Self(said))
    }

    fn word(&self, path: &str) -> Option<&str> {
        self.0.pointer(path)?.as_str()
    }

    fn number(&self, path: &str) -> Option<u64> {
        self.0.pointer(path)?.as_u64()
    }

    fn is(&self, path: &str) -> bool {
        self.0.pointer(path) == Some(&Value::Bool(true))
    }

    fn numbers(&self, path: &str) -> Vec<u64> {
        let numbers = self.0.pointer(path).and_then(Value::as_array);
        let numbers = numbers.into_iter().flatten();
        numbers.filter_map(Value::as_u64).collect()
    }

    /// The type that the values are rounded to; None for f32.
    fn rounding(&self, path: &str) -> Option<DType> {
        match self.word(path) {
            Some("bfloat16") => Some(DType::Bf16),
            Some("float16") => Some(DType::F16),
            _ => None,
        }
    }
}

/// One code a byte.
fn bytes(module: &Module, said: &Said) -> Result<Tensor> {
    let scale = module.need(&part(module, "scale"))?;
    let zeros = module.get(&part(module, "zero_point"));
    let codes = module.codes;
    let word = match codes.dtype {
        DType::I8 => "int8",
        DType::F8E4M3 => "fp8 e4m3",
        DType::F8E5M2 => "fp8 e5m2",
        _ => return Err(unread::layout(&format!("torchao {}", codes.dtype_name()))),
    };
    let block = said.numbers("/_data/block_size");
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
        round: said.rounding("/_data/dtype/_data"),
        ..Affine::new(codes.clone(), Factor::Each(scale.clone()), zero, block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}
