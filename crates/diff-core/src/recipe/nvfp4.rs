//! Pairs of small floats in bytes with scales for each 16 or 32: NVFP4 and the MX formats, as compressed-tensors and NVIDIA's modelopt write them.
//!
//! Sources: `compressors/nvfp4`, `mxfp4` and `mxfp6` of compressed-tensors 0.20 (scale / `weight_global_scale`); `NVFP4QTensor` of modelopt
//! (`quantization/qtensor/nvfp4_tensor.py`: scale * `weight_scale_2`).

use super::blocks::{Sharing, shared};
use super::module::{Module, as_type, expect_shape, wrong_type};
use super::{Scheme, unread};
use crate::decode::minifloat::E2M1;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Layout, Node, Packing, Rule, Stored, Table, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "fp4",
    marks: &[(".weight_packed", ".weight"), (".weight", ".weight")],
    is_one: |module| {
        module.codes.dtype == DType::U8
            && !module.has(".meta")
            && (module.mark == ".weight_packed"
                || module.has(".weight_scale")
                || module.has(".weight_scale_2")
                || module.settings.is("modelopt"))
            && !module.has(".weight_shape")
            && !unread::is_int4_of_modelopt(module)
    },
    dense,
};

fn dense(module: &Module) -> Result<Tensor> {
    let [global, second] = [".weight_global_scale", ".weight_scale_2"].map(|name| module.get(name));
    let scale = module.need(".weight_scale")?;
    let (&width, outer) = module
        .codes
        .shape
        .split_last()
        .ok_or_else(|| Error::new(Code::SizeMismatch, "packed tensor has no axes"))?;
    let is_six = module
        .settings
        .text("format")
        .is_some_and(|format| format.starts_with("mxfp6"));
    let elements = if is_six { width / 3 * 4 } else { width * 2 };
    let mut shape = outer.to_vec();
    shape.push(elements);
    let codes = if is_six {
        six_bits(module.codes, &shape)?
    } else {
        let axis = outer.len();
        let codes = Tensor::unpacked(module.codes.clone(), Layout::Dense(4), axis, elements, 0)?;
        Tensor::lookup(codes, Table::Known(&E2M1))?
    };
    let (name, group, factor) = match scale.dtype {
        DType::U8 | DType::F8E8M0 => (
            if is_six { "mxfp6" } else { "mxfp4" },
            32,
            as_type(scale, DType::F8E8M0)?,
        ),
        DType::F8E4M3 => ("nvfp4", 16, two_levels(scale, global, second)?),
        _ => return Err(wrong_type(scale, "f8_e4m3fn or f8_e8m0fnu")),
    };
    let mut groups = outer.to_vec();
    groups.push(elements.div_ceil(group));
    expect_shape(scale, &groups)?;
    let mut block = vec![1; outer.len()];
    block.push(group);
    let affine = Affine {
        // compressed-tensors hands out bf16, whatever it computes in.
        round: global.map(|_| DType::Bf16),
        ..Affine::new(codes, Factor::Each(factor), Factor::One(0.0), block)
    };
    Ok(Tensor::of_affine(
        affine,
        Some(format!("{name} g{group}").into()),
    ))
}

/// Scales of blocks that have a scale themselves.
fn two_levels(scale: &Tensor, global: Option<&Tensor>, second: Option<&Tensor>) -> Result<Tensor> {
    let (rule, of_all) = match (global, second) {
        (Some(global), _) => (Rule::Divide, global),
        (None, Some(second)) => (Rule::Subtract, second),
        (None, None) => {
            return Err(
                Error::new(Code::MissingRecord, "quantised tensor lacks a part of it")
                    .expected("weight_global_scale or weight_scale_2")
                    .found("no such tensor"),
            );
        }
    };
    // Of a stack of matrices each may have its own.
    let sides = shared(&scale.shape, of_all, &[Sharing::Tensor])?;
    let affine = Affine {
        rule,
        ..Affine::new(
            scale.clone(),
            Factor::Each(of_all.clone()),
            Factor::One(0.0),
            sides,
        )
    };
    Ok(Tensor::of_affine(affine, None))
}

/// Floats of six bits, of which four lie in three bytes.
fn six_bits(words: &Tensor, shape: &[u64]) -> Result<Tensor> {
    let Node::Stored(Stored {
        span,
        strides: None,
        ..
    }) = &words.node
    else {
        return Err(wrong_type(words, "bytes one after the other"));
    };
    let elements = crate::tensor::element_count(shape)?;
    Ok(Tensor::packed(
        words.name.clone(),
        Packing::F6E2M3,
        shape.to_vec(),
        elements,
        *span,
    ))
}
