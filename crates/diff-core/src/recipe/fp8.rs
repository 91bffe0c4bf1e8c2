//! Floats of eight bits with scales: for the tensor, for each row, for blocks. `weight_scale_inv` is multiplied by, despite its name.
//!
//! Sources: `weight_dequant` of DeepSeek-V3 (`inference/kernel.py`), `integrations/finegrained_fp8.py` and `fbgemm_fp8.py` of transformers 5,
//! `compressors/naive_quantized` and `mxfp8` of compressed-tensors 0.20.

use serde_json::Value;

use super::Scheme;
use super::blocks::{Sharing, USUAL, block_words, computed_in, shared};
use super::compressed_tensors::Weights;
use super::module::{Module, as_bytes, as_type};
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
            DType::I8 => {
                module.has(&format!("{}_scale_inv", module.mark))
                    || module.mark == ".weight" && module.settings.is("fp8")
            }
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
    let block = shared(&codes.shape, &factor, &sharing(module, &codes, scale))?;
    let label = format!("{word} {}", block_words(&codes.shape, &block));
    let round = computed_in(scale).filter(|_| module.settings.is("compressed-tensors"));
    let affine = Affine {
        round,
        ..Affine::new(codes, Factor::Each(factor), Factor::One(0.0), block)
    };
    Ok(Tensor::of_affine(affine, Some(label.into())))
}

/// What has a scale of its own, as the configuration says it.
fn sharing(module: &Module, codes: &Tensor, scale: &Tensor) -> Vec<Sharing> {
    let is_pairs = codes.dtype == DType::F32;
    let is_experts = codes.shape.len() == 3;
    match module.settings.method.as_deref() {
        // Blocks of MXFP4, whatever the others are.
        _ if is_pairs => vec![Sharing::Group(32)],
        Some("compressed-tensors") => Weights::sharing(&Weights::of(module, "float", Some(8))),
        // Embeddings have one scale beside matrices in blocks.
        Some("fp8") if scale.name.ends_with("weight_scale") => vec![Sharing::Tensor],
        Some("fp8") => vec![weight_block(module).unwrap_or(Sharing::Tensor)],
        // Experts of Llama 4 are stored as [inputs, outputs].
        Some("fbgemm_fp8") if is_experts => vec![Sharing::Column],
        Some("fbgemm_fp8") => vec![Sharing::Row],
        Some("modelopt") => of_modelopt(module),
        _ => weight_block(module).map_or_else(|| USUAL.to_vec(), |block| vec![block]),
    }
}

fn weight_block(module: &Module) -> Option<Sharing> {
    let sides = module.settings.get("weight_block_size")?.as_array()?;
    let sides: Vec<u64> = sides.iter().filter_map(Value::as_u64).collect();
    Sharing::block(&sides)
}

/// By `quant_algo`, of the module itself where the configuration lists modules.
fn of_modelopt(module: &Module) -> Vec<Sharing> {
    let layers = module.settings.get("quantized_layers");
    let own = layers.and_then(|layers| layers.get(module.stem));
    let own = own.and_then(|own| own.get("quant_algo")?.as_str());
    match own.or_else(|| module.settings.text("quant_algo")) {
        Some("FP8") => vec![Sharing::Tensor],
        Some("FP8_PER_CHANNEL_PER_TOKEN") => vec![Sharing::Row],
        Some("FP8_PB_WO") => vec![Sharing::Block(128, 128)],
        Some("MXFP8") => vec![Sharing::Group(32)],
        _ => USUAL.to_vec(),
    }
}

fn word_of(dtype: DType) -> &'static str {
    match dtype {
        DType::F8E5M2 => "fp8 e5m2",
        DType::F8E4M3Fnuz => "fp8 e4m3fnuz",
        DType::F8E5M2Fnuz => "fp8 e5m2fnuz",
        _ => "fp8 e4m3",
    }
}
