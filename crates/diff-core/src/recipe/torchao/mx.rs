//! torchao's MX formats and NVFP4, whose scales may lie in the order that matrix products of NVIDIA want.
//!
//! Sources: `MXTensor.dequantize`, `NVFP4Tensor.dequantize` and `from_blocked` of torchao 0.18 (`prototype/mx_formats`).

use super::{Said, part, unread};
use crate::decode::minifloat::E2M1;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::recipe::blocks::{Sharing, expect_blocks, shared};
use crate::recipe::module::{Module, wrong_type};
use crate::tensor::{Affine, Factor, Layout, Table, Tensor};

/// Floats of eight or four bits, with an exponent for each block of a row.
pub(super) fn mx(module: &Module, said: &Said) -> Result<Tensor> {
    let scale = module.need(&part(module, "scale"))?;
    if scale.dtype != DType::F8E8M0 {
        return Err(wrong_type(scale, "f8_e8m0fnu"));
    }
    let kind = said.word("/_data/elem_dtype/_data").unwrap_or_default();
    let (codes, name) = match (kind, module.codes.dtype) {
        ("float8_e4m3fn", DType::F8E4M3) => (module.codes.clone(), "mxfp8 e4m3"),
        ("float8_e5m2", DType::F8E5M2) => (module.codes.clone(), "mxfp8 e5m2"),
        ("float4_e2m1fn_x2", DType::U8) => (pairs(module.codes)?, "mxfp4"),
        _ => {
            let kind = if kind.is_empty() {
                "another type"
            } else {
                kind
            };
            return Err(unread::layout(&format!(
                "torchao MXTensor of {}",
                kind.escape_debug()
            )));
        }
    };
    let round = said.rounding("/_data/orig_dtype/_data");
    let (block, scale) = scales(said, &codes, scale)?;
    Ok(dense(name, codes, scale, block, round))
}

/// Floats of four bits with one of eight for each block, which the tensor or each matrix of it has a scale for.
pub(super) fn nvfp4(module: &Module, said: &Said) -> Result<Tensor> {
    let scale = module.need(&part(module, "scale"))?;
    if scale.dtype != DType::F8E4M3 {
        return Err(wrong_type(scale, "f8_e4m3fn"));
    }
    let codes = pairs(module.codes)?;
    let (block, scale) = scales(said, &codes, scale)?;
    let scale = match module.get(&part(module, "per_tensor_scale")) {
        None => scale,
        Some(second) => {
            let sides = shared(&scale.shape, second, &[Sharing::Tensor])?;
            let second = Factor::Each(second.clone());
            Tensor::affine(scale, None, second, Factor::One(0.0), sides)
        }
    };
    let round = said.rounding("/_data/orig_dtype/_data");
    Ok(dense("nvfp4", codes, scale, block, round))
}

fn dense(
    name: &str,
    codes: Tensor,
    scale: Tensor,
    block: Vec<u64>,
    round: Option<DType>,
) -> Tensor {
    let side = block.last().copied().unwrap_or(0);
    let label = format!("torchao {name} g{side}");
    let affine = Affine {
        round,
        ..Affine::new(codes, Factor::Each(scale), Factor::One(0.0), block)
    };
    Tensor::of_affine(affine, Some(label.into()))
}

/// Two floats of four bits a byte.
fn pairs(bytes: &Tensor) -> Result<Tensor> {
    let Some((&width, outer)) = bytes.shape.split_last() else {
        return Err(wrong_type(bytes, "a matrix"));
    };
    let length = width.saturating_mul(2);
    let codes = Tensor::unpacked(bytes.clone(), Layout::Dense(4), outer.len(), length, 0)?;
    Tensor::lookup(codes, Table::Known(&E2M1))
}

/// The blocks, and a scale for each of them in the order of the rows.
///
/// In the other order a tile of 128 rows and 4 columns of scales, filled up with padding, is 32 lines of 16: line i has the rows i, i + 32,
/// i + 64 and i + 96.
fn scales(said: &Said, codes: &Tensor, scale: &Tensor) -> Result<(Vec<u64>, Tensor)> {
    let side = said.number("/_data/block_size").filter(|side| *side > 0);
    let (Some(side), Some((&width, outer))) = (side, codes.shape.split_last()) else {
        return Err(
            Error::new(Code::InvalidHeader, "quantised tensor is described wrongly")
                .expected("block_size and a matrix")
                .found(format!("{:?}", codes.shape)),
        );
    };
    let mut block = vec![1; outer.len()];
    block.push(side);
    if !said.is("/_data/is_swizzled_scales") {
        expect_blocks(&codes.shape, &block, scale)?;
        return Ok((block, scale.clone()));
    }
    let rows = outer
        .iter()
        .fold(1, |all: u64, length| all.saturating_mul(*length));
    let columns = width.div_ceil(side);
    let (down, across) = (rows.div_ceil(128), columns.div_ceil(4));
    let all = [down, across, 512].into_iter();
    if all.fold(1, u64::saturating_mul) != scale.elements {
        return Err(Error::new(
            Code::SizeMismatch,
            "scales have another shape than the quantised tensor asks for",
        )
        .expected(format!(
            "{} lines of 16",
            down.saturating_mul(across).saturating_mul(32)
        ))
        .found(format!("{:?} in {}", scale.shape, scale.name)));
    }
    let ordered = scale
        .reshaped(&[down, across, 32, 4, 4])?
        .permuted(&[0, 3, 2, 1, 4])?
        .reshaped(&[down * 128, across * 4])?
        .sliced(&[0..rows, 0..columns])?;
    let shape = [outer, &[columns]].concat();
    Ok((block, ordered.reshaped(&shape)?))
}
