//! MLX: codes in words along the inputs; q * s + b (`affine`), or small floats with scales (`mxfp4`, `mxfp8`, `nvfp4`).
//!
//! Source: `dequantize` of MLX 0.32 (`mlx/ops.cpp`), which multiplies and adds in the scales' type.

use serde_json::Value;

use super::Scheme;
use super::blocks::computed_in;
use super::module::{Module, as_bytes, as_type, expect_shape};
use crate::decode::minifloat::E2M1;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Layout, Rule, Table, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "mlx",
    marks: &[(".weight", ".weight")],
    is_one: |module| {
        module.codes.dtype == DType::U32 && (module.has(".scales") || module.settings.is("mlx"))
    },
    dense,
};

/// What the configuration says of a module, with what it says of all of them.
struct Said {
    bits: u64,
    group: u64,
    mode: String,
}

fn said(module: &Module, scales: &Tensor) -> Result<Said> {
    if !module.settings.is("mlx")
        && let Some(said) = shown(module, scales)
    {
        return Ok(said);
    }
    let own = module.settings.get(module.stem).and_then(Value::as_object);
    let find = |key: &str| {
        own.and_then(|own| own.get(key))
            .or_else(|| module.settings.get(key))
    };
    let number = |key: &str| {
        find(key)
            .and_then(Value::as_u64)
            .filter(|number| *number > 0)
            .ok_or_else(|| {
                Error::new(
                    Code::InvalidHeader,
                    "width of the codes of an MLX tensor is not known",
                )
                .expected(format!("{key} under quantization in config.json"))
                .hint("open the folder that holds config.json instead of the file")
            })
    };
    Ok(Said {
        bits: number("bits")?,
        group: number("group_size")?,
        mode: find("mode")
            .and_then(Value::as_str)
            .unwrap_or("affine")
            .to_owned(),
    })
}

/// Bits, sizes of groups and modes that MLX 0.32 writes (`mlx/ops.cpp`).
const WRITTEN: &[(&str, &[u64], &[u64])] = &[
    ("affine", &[2, 3, 4, 5, 6, 8], &[32, 64, 128]),
    ("mxfp4", &[4], &[32]),
    ("mxfp8", &[8], &[32]),
    ("nvfp4", &[4], &[16]),
];

/// What the shapes leave no choice of: words and scales tell bits times elements of a group.
fn shown(module: &Module, scales: &Tensor) -> Option<Said> {
    let (words, groups) = (module.codes.shape.last()?, *scales.shape.last()?);
    let bits_of_row = words.checked_mul(32)?;
    let is_affine = scales.dtype != DType::U8;
    let mut fitting = WRITTEN.iter().flat_map(|(mode, bits, sizes)| {
        let pairs = bits
            .iter()
            .flat_map(move |bits| sizes.iter().map(move |size| (*bits, *size)));
        let pairs = pairs.filter(move |(bits, size)| {
            (*mode == "affine") == is_affine && groups.checked_mul(bits * size) == Some(bits_of_row)
        });
        pairs.map(|(bits, group)| Said {
            bits,
            group,
            mode: (*mode).to_owned(),
        })
    });
    let only = fitting.next();
    only.filter(|_| fitting.next().is_none())
}

fn dense(module: &Module) -> Result<Tensor> {
    let (scales, biases) = (module.get(".scales"), module.get(".biases"));
    let scales = match scales {
        Some(scales) => scales,
        None => module.need(".scales")?,
    };
    let Said { bits, group, mode } = said(module, scales)?;
    let words = module.codes;
    let (&width, outer) = words
        .shape
        .split_last()
        .ok_or_else(|| Error::new(Code::SizeMismatch, "packed tensor has no axes"))?;
    let inputs = width.saturating_mul(32).checked_div(bits).unwrap_or(0);
    let mut groups = outer.to_vec();
    groups.push(inputs.div_ceil(group));
    expect_shape(scales, &groups)?;
    let mut block = vec![1; outer.len()];
    block.push(group);
    let unpacked = |bits: u64| {
        Tensor::unpacked(
            words.clone(),
            Layout::Dense(bits as u32),
            outer.len(),
            inputs,
            0,
        )
    };
    let (codes, factor) = match (mode.as_str(), bits) {
        ("affine", 1..=8) => {
            let biases = match biases {
                Some(biases) => biases,
                None => module.need(".biases")?,
            };
            expect_shape(biases, &groups)?;
            let label = format!("mlx int{bits} g{group}");
            let affine = Affine {
                rule: Rule::Add,
                round: computed_in(scales),
                ..Affine::new(
                    unpacked(bits)?,
                    Factor::Each(scales.clone()),
                    Factor::Each(biases.clone()),
                    block,
                )
            };
            return Ok(Tensor::of_affine(affine, Some(label.into())));
        }
        ("mxfp4", 4) => (
            Tensor::lookup(unpacked(4)?, Table::Known(&E2M1))?,
            DType::F8E8M0,
        ),
        ("nvfp4", 4) => (
            Tensor::lookup(unpacked(4)?, Table::Known(&E2M1))?,
            DType::F8E4M3,
        ),
        ("mxfp8", 8) => (as_bytes(words, DType::F8E4M3)?, DType::F8E8M0),
        _ => {
            return Err(super::unread::layout(&format!(
                "mlx {} of {bits} bits",
                mode.escape_debug()
            )));
        }
    };
    let label = format!("mlx {mode} g{group}");
    let factor = Factor::Each(as_type(scales, factor)?);
    Ok(Tensor::affine(
        codes,
        Some(label.into()),
        factor,
        Factor::One(0.0),
        block,
    ))
}
