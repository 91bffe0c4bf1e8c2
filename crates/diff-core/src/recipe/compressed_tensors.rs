//! compressed-tensors: codes packed in words (`pack-quantized`), or one a byte with a scale (`int-quantized`).
//!
//! Sources: `compressors/pack_quantized` and `quantization/lifecycle/forward.py` of compressed-tensors 0.20: (q - z) * s in the scales' type.

use serde_json::{Map, Value};

use super::Scheme;
use super::blocks::{Sharing, USUAL, block_words, computed_in, grid, shared};
use super::module::{Module, expect_shape, wrong_type};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Index, Layout, Tensor};

pub(super) const PACKED: Scheme = Scheme {
    label: "ct",
    marks: &[(".weight_packed", ".weight"), ("_packed", "")],
    is_one: |module| {
        matches!(module.codes.dtype, DType::I32)
            && module.has(&shape_of(module))
            && !module.has(".meta")
    },
    dense: packed,
};

pub(super) const INT8: Scheme = Scheme {
    label: "ct int8",
    marks: &[(".weight", ".weight")],
    is_one: |module| {
        module.codes.dtype == DType::I8
            && (module.has(".weight_scale") || module.settings.is("compressed-tensors"))
            && !module
                .peek(".weight_scale")
                .is_some_and(|scale| scale.dtype == DType::F8E8M0)
    },
    dense: int8,
};

fn shape_of(module: &Module) -> String {
    module.mark.replace("packed", "shape")
}

fn packed(module: &Module) -> Result<Tensor> {
    let part = |word: &str| module.mark.replace("packed", word);
    let (zeros, index) = (module.get(&part("zero_point")), module.get(&part("g_idx")));
    let shape = module.shape(module.need(&part("shape"))?)?;
    let scale = module.need(&part("scale"))?;
    let ([outer @ .., outputs, inputs], true) = (shape.as_slice(), matches!(shape.len(), 2 | 3))
    else {
        return Err(Error::new(
            Code::SizeMismatch,
            "packed tensor has another number of axes",
        )
        .expected("rows and columns, of one matrix or of a stack of them")
        .found(format!("{shape:?}")));
    };
    let (outputs, inputs, columns) = (*outputs, *inputs, outer.len() + 1);
    let words = module.codes.shape.last().copied().unwrap_or(0);
    expect_shape(module.codes, &[outer, &[outputs, words]].concat())?;
    let weights = Weights::of(module, "int", None);
    let (bits, layout) = width(module, &weights, inputs, words)?;
    let weights: Vec<Weights> = weights
        .into_iter()
        .filter(|weights| weights.bits == u64::from(bits))
        .collect();
    let codes = Tensor::unpacked(module.codes.clone(), layout, columns, inputs, 0)?;
    let block = shared(&shape, scale, &Weights::sharing(&weights))?;
    let blocks = grid(&shape, &block);
    let count = blocks.last().copied().unwrap_or(1);
    let zero = match zeros {
        Some(zeros) => {
            let zeros = Tensor::unpacked(zeros.clone(), layout, outer.len(), outputs, 0)?;
            expect_shape(&zeros, &blocks)?;
            Factor::Each(zeros)
        }
        None if Weights::have_zeros(&weights) => {
            return Err(module.lacks(&part("zero_point")));
        }
        // Codes are stored without a sign.
        None => Factor::One((1u32 << (bits - 1)) as f32),
    };
    let label = format!("ct int{bits} {}", block_words(&shape, &block));
    let affine = Affine {
        round: computed_in(scale),
        index: index.map(|index| Index {
            axis: columns,
            blocks: index.clone(),
            count,
        }),
        ..Affine::new(codes, Factor::Each(scale.clone()), zero, block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}

/// The width that the configuration names, where the words are as many; only without a configuration any that they have room for.
fn width(module: &Module, weights: &[Weights], inputs: u64, words: u64) -> Result<(u32, Layout)> {
    let named = weights
        .iter()
        .filter_map(|weights| u32::try_from(weights.bits).ok());
    let usual = [4, 8, 2, 3, 5, 6, 7, 1];
    let is_old = module
        .settings
        .text("version")
        .and_then(|version| version.split('.').nth(1)?.parse::<u32>().ok())
        .is_some_and(|minor| minor < 20);
    let fits = |bits: &u32| -> Option<(u32, Layout)> {
        let bits = *bits;
        if !(1..=8).contains(&bits) {
            return None;
        }
        let dense = inputs.saturating_mul(u64::from(bits)).div_ceil(32) == words;
        let whole = inputs.div_ceil(u64::from(32 / bits)) == words;
        match (dense, whole) {
            (true, true) if is_old => Some((bits, Layout::Whole(bits))),
            (true, _) => Some((bits, Layout::Dense(bits))),
            (_, true) => Some((bits, Layout::Whole(bits))),
            _ => None,
        }
    };
    let mut all: Vec<u32> = named.collect();
    if all.is_empty() {
        all.extend(usual);
    }
    all.iter().find_map(fits).ok_or_else(|| {
        Error::new(Code::SizeMismatch, "packed tensor has no fitting width")
            .expected(format!("codes of 1 to 8 bits for {inputs} columns"))
            .found(format!("{words} words a row"))
    })
}

/// What a group of modules of the configuration says of its weights.
///
/// Source: `QuantizationArgs` of compressed-tensors 0.20 (`quantization/quant_args.py`), `initialize_qparams` for the shapes of scales.
pub(super) struct Weights {
    bits: u64,
    /// None where the strategy is not one of weights.
    sharing: Option<Sharing>,
    is_symmetric: bool,
}

impl Weights {
    /// Those of the groups that a tensor can be of: of the one that names its module, or else of all of them.
    pub(super) fn of(module: &Module, kind: &str, bits: Option<u64>) -> Vec<Self> {
        // modelopt has groups too, and says in `quant_algo` what they mean.
        let groups = Some(module.settings)
            .filter(|settings| !settings.is("modelopt"))
            .and_then(|settings| settings.get("config_groups")?.as_object());
        let groups: Vec<&Value> = groups
            .into_iter()
            .flat_map(|groups| groups.values())
            .collect();
        let names_it = |group: &&&Value| {
            let targets = group.get("targets").and_then(Value::as_array);
            targets.is_some_and(|targets| targets.iter().any(|target| target == module.stem))
        };
        let chosen: Vec<&Value> = match groups.iter().find(names_it) {
            Some(group) => vec![*group],
            None => groups,
        };
        let said = chosen.into_iter().filter_map(|group| {
            let weights = group.get("weights")?.as_object()?;
            let text = |key: &str| weights.get(key).and_then(Value::as_str);
            let weights_bits = weights.get("num_bits").and_then(Value::as_u64).unwrap_or(8);
            let is_kind = text("type").unwrap_or("int") == kind;
            let fits = is_kind && bits.is_none_or(|bits| bits == weights_bits);
            fits.then(|| Self {
                bits: weights_bits,
                sharing: sharing_of(weights),
                is_symmetric: weights.get("symmetric").and_then(Value::as_bool) != Some(false),
            })
        });
        said.collect()
    }

    /// What can have a scale of its own.
    pub(super) fn sharing(all: &[Self]) -> Vec<Sharing> {
        if all.is_empty() {
            return USUAL.to_vec();
        }
        all.iter().filter_map(|weights| weights.sharing).collect()
    }

    /// Whether there must be zero points.
    fn have_zeros(all: &[Self]) -> bool {
        !all.is_empty() && all.iter().all(|weights| !weights.is_symmetric)
    }
}

fn sharing_of(weights: &Map<String, Value>) -> Option<Sharing> {
    let size = weights.get("group_size").and_then(Value::as_i64);
    let strategy = weights.get("strategy").and_then(Value::as_str);
    match (strategy, size) {
        (Some("tensor"), _) | (None, None) => Some(Sharing::Tensor),
        (Some("channel"), _) => Some(Sharing::Row),
        (Some("group" | "tensor_group") | None, Some(size)) => Some(Sharing::group(size)),
        (Some("block"), _) => {
            let sides: Vec<u64> = match weights.get("block_structure")? {
                Value::Array(sides) => sides.iter().filter_map(Value::as_u64).collect(),
                Value::String(text) => text.split('x').filter_map(|s| s.parse().ok()).collect(),
                _ => return None,
            };
            Sharing::block(&sides)
        }
        _ => None,
    }
}

fn int8(module: &Module) -> Result<Tensor> {
    let zeros = module.get(".weight_zero_point");
    let scale = module.need(".weight_scale")?;
    let shape = &module.codes.shape;
    let weights = Weights::of(module, "int", Some(8));
    let block = shared(shape, scale, &Weights::sharing(&weights))?;
    let zero = match zeros {
        Some(zeros) if zeros.dtype != DType::I8 => return Err(wrong_type(zeros, "i8")),
        Some(zeros) => {
            expect_shape(zeros, &scale.shape)?;
            Factor::Each(zeros.clone())
        }
        None if Weights::have_zeros(&weights) => {
            return Err(module.lacks(".weight_zero_point"));
        }
        None => Factor::One(0.0),
    };
    let label = format!("int8 {}", block_words(shape, &block));
    let affine = Affine {
        round: computed_in(scale),
        ..Affine::new(
            module.codes.clone(),
            Factor::Each(scale.clone()),
            zero,
            block,
        )
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}
