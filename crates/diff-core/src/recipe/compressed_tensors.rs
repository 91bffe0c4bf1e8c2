//! compressed-tensors: codes packed in words (`pack-quantized`), or one a byte with a scale (`int-quantized`).
//!
//! Sources: `compressors/pack_quantized` and `quantization/lifecycle/forward.py` of compressed-tensors 0.20: (q - z) * s in the scales' type.

use serde_json::Value;

use super::Scheme;
use super::blocks::{block_words, blocks_of, computed_in};
use super::module::{Module, axes, expect_shape, wrong_type};
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
    let [rows, words] = axes(module.codes)?;
    let &[outputs, inputs] = shape.as_slice() else {
        return Err(Error::new(
            Code::SizeMismatch,
            "packed tensor has another number of axes",
        )
        .expected("rows and columns")
        .found(format!("{shape:?}")));
    };
    if outputs != rows {
        expect_shape(module.codes, &[outputs, words])?;
    }
    let (bits, layout) = width(module, inputs, words)?;
    let codes = Tensor::unpacked(module.codes.clone(), layout, 1, inputs, 0)?;
    let count = scale.shape.get(1).copied().unwrap_or(1);
    if let Some(size) = only_group_size(module).filter(|size| *size > 0) {
        expect_shape(scale, &[outputs, inputs.div_ceil(size)])?;
    }
    let block = blocks_of(&shape, scale, &group_sizes(module))?;
    let zero = match zeros {
        Some(zeros) => {
            let zeros = Tensor::unpacked(zeros.clone(), layout, 0, outputs, 0)?;
            expect_shape(&zeros, &[outputs, count])?;
            Factor::Each(zeros)
        }
        // Codes are stored without a sign.
        None => Factor::One((1u32 << (bits - 1)) as f32),
    };
    let label = format!("ct int{bits} {}", block_words(&shape, &block));
    let affine = Affine {
        round: computed_in(scale),
        index: index.map(|index| Index {
            axis: 1,
            blocks: index.clone(),
            count,
        }),
        ..Affine::new(codes, Factor::Each(scale.clone()), zero, block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}

/// The width that the configuration names, where the words are as many; only without a configuration any that they have room for.
fn width(module: &Module, inputs: u64, words: u64) -> Result<(u32, Layout)> {
    let named = group_values(module, "num_bits");
    let named = named.iter().filter_map(|bits| u32::try_from(*bits).ok());
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

/// A number of the weights of all groups of modules.
fn group_values(module: &Module, key: &str) -> Vec<u64> {
    let groups = module
        .settings
        .get("config_groups")
        .and_then(Value::as_object);
    let groups = groups.into_iter().flat_map(|groups| groups.values());
    groups
        .filter_map(|group| group.get("weights")?.get(key)?.as_u64())
        .collect()
}

fn group_sizes(module: &Module) -> Vec<u64> {
    group_values(module, "group_size")
        .into_iter()
        .take(1)
        .collect()
}

/// The only size of a group that the configuration has, for every module; None where some have another one or none.
fn only_group_size(module: &Module) -> Option<u64> {
    let sizes = group_values(module, "group_size");
    let groups = module.settings.get("config_groups")?.as_object()?.len();
    let first = *sizes.first()?;
    (sizes.len() == groups && sizes.iter().all(|size| *size == first)).then_some(first)
}

fn int8(module: &Module) -> Result<Tensor> {
    let zeros = module.get(".weight_zero_point");
    let scale = module.need(".weight_scale")?;
    let shape = &module.codes.shape;
    let block = blocks_of(shape, scale, &group_sizes(module))?;
    let zero = match zeros {
        Some(zeros) if zeros.dtype != DType::I8 => return Err(wrong_type(zeros, "i8")),
        Some(zeros) if zeros.elements != scale.elements => {
            expect_shape(zeros, &scale.shape)?;
            Factor::Each(zeros.clone())
        }
        Some(zeros) => Factor::Each(zeros.clone()),
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
