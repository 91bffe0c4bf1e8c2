//! Floats of eight bits with scales: for the tensor, for each row, for blocks. `weight_scale_inv` is multiplied by, despite its name.
//!
//! Sources: `weight_dequant` of DeepSeek-V3 (`inference/kernel.py`), `integrations/finegrained_fp8.py` and `fbgemm_fp8.py` of transformers 5,
//! `compressors/naive_quantized` and `mxfp8` of compressed-tensors 0.20.

use serde_json::Value;

use super::Scheme;
use super::blocks::{block_words, blocks_of, computed_in};
use super::module::{Module, as_bytes, as_type, expect_shape, wrong_type};
use crate::decode::minifloat::E2M1;
use crate::dtype::DType;
use crate::error::Result;
use crate::tensor::{Affine, Factor, Layout, Table, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "fp8",
    marks: &[(".weight", ".weight"), ("", "")],
    is_one: |module| {
        let has_scale = scale_names(module).iter().any(|name| module.has(name));
        match module.codes.dtype {
            DType::F8E4M3 | DType::F8E5M2 | DType::F8E4M3Fnuz | DType::F8E5M2Fnuz => {
                has_scale || module.mark == ".weight" && is_configured(module)
            }
            // Two E2M1 a byte.
            DType::I8 => module.has(&format!("{}_scale_inv", module.mark)),
            _ => false,
        }
    },
    dense,
};

/// Methods whose weights of eight bits always have scales.
fn is_configured(module: &Module) -> bool {
    const METHODS: [&str; 4] = ["fp8", "fbgemm_fp8", "compressed-tensors", "modelopt"];
    METHODS.iter().any(|method| module.settings.is(method))
}

fn scale_names(module: &Module) -> Vec<String> {
    let mut names = vec![
        format!("{}_scale_inv", module.mark),
        format!("{}_scale", module.mark),
    ];
    if module.mark == ".weight" {
        names.push(".scale".to_owned());
    }
    names
}

fn dense(module: &Module) -> Result<Tensor> {
    let names = scale_names(module);
    let found = names.iter().find_map(|name| module.get(name));
    let scale = match found {
        Some(scale) => scale,
        None => module.need(names.last().map_or("", String::as_str))?,
    };
    // Exponents may be stored as plain bytes.
    let factor = if scale.dtype == DType::U8 {
        as_type(scale, DType::F8E8M0)?
    } else {
        scale.clone()
    };
    let (codes, word) = match module.codes.dtype {
        DType::I8 => {
            let bytes = as_bytes(module.codes, DType::U8)?;
            let (last, length) = (
                bytes.shape.len() - 1,
                bytes.shape.last().copied().unwrap_or(0),
            );
            let codes = Tensor::unpacked(bytes, Layout::Dense(4), last, 2 * length, 0)?;
            (Tensor::lookup(codes, Table::Known(&E2M1))?, "fp4 e2m1")
        }
        dtype => (module.codes.clone(), word_of(dtype)),
    };
    let configured: Vec<u64> = module
        .settings
        .get("weight_block_size")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    let block = match configured.as_slice() {
        // Pairs have blocks of their own.
        &[rows, columns]
            if rows > 0 && columns > 0 && codes.dtype != DType::F32 && factor.elements > 1 =>
        {
            let [outer @ .., height, width] = codes.shape.as_slice() else {
                return Err(wrong_type(module.codes, "a matrix"));
            };
            let grid = [height.div_ceil(rows), width.div_ceil(columns)];
            expect_shape(&factor, &[outer, &grid].concat())?;
            [vec![1; outer.len()], vec![rows, columns]].concat()
        }
        _ => blocks_of(&codes.shape, &factor, &configured)?,
    };
    let label = format!("{word} {}", block_words(&codes.shape, &block));
    let round = computed_in(scale).filter(|_| module.settings.is("compressed-tensors"));
    let affine = Affine {
        round,
        ..Affine::new(codes, Factor::Each(factor), Factor::One(0.0), block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}

fn word_of(dtype: DType) -> &'static str {
    match dtype {
        DType::F8E5M2 => "fp8 e5m2",
        DType::F8E4M3Fnuz => "fp8 e4m3fnuz",
        DType::F8E5M2Fnuz => "fp8 e5m2fnuz",
        _ => "fp8 e4m3",
    }
}
