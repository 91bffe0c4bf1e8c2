//! bitsandbytes: NF4 and FP4 with a scale for each block of the flattened tensor, itself quantised or not; int8 with a scale a row.
//!
//! Sources: `QuantState`, `dequantize_4bit`, `int8_vectorwise_dequant` of bitsandbytes 0.50 (`functional.py`).

use serde::Deserialize;

use super::Scheme;
use super::module::{Module, as_bytes, axes, wrong_type};
use crate::decode::codebook::{FP4, NF4};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Layout, Table, Tensor, element_count};

pub(super) const FOUR_BITS: Scheme = Scheme {
    label: "bnb 4-bit",
    marks: &[(".weight", ".weight"), ("", "")],
    is_one: |module| {
        let ending = |rest: &str| format!("{}{rest}", module.mark);
        ["absmax", "quant_map"]
            .iter()
            .any(|part| module.has(&ending(&format!(".{part}"))))
            || STATES.iter().any(|state| module.has(&ending(state)))
            || module.settings.is("bitsandbytes")
                && module.codes.dtype == DType::U8
                && matches!(module.codes.shape.as_slice(), [_, 1])
    },
    dense: four_bits,
};

pub(super) const INT8: Scheme = Scheme {
    label: "bnb int8",
    marks: &[(".weight", ".weight")],
    is_one: |module| {
        module.codes.dtype == DType::I8
            && (module.has(".SCB") || module.settings.is("bitsandbytes"))
    },
    dense: int8,
};

/// What the tensor with the description is called.
const STATES: [&str; 2] = [
    ".quant_state.bitsandbytes__nf4",
    ".quant_state.bitsandbytes__fp4",
];

/// The description of a tensor: JSON in a tensor of bytes.
#[derive(Deserialize)]
struct State {
    quant_type: String,
    blocksize: u64,
    dtype: String,
    shape: Vec<u64>,
    nested_blocksize: Option<u64>,
    nested_offset: Option<f32>,
}

fn four_bits(module: &Module) -> Result<Tensor> {
    let ending = |rest: &str| format!("{}{rest}", module.mark);
    let [absmax, map, nested, nested_map] = [
        ".absmax",
        ".quant_map",
        ".nested_absmax",
        ".nested_quant_map",
    ]
    .map(|rest| module.get(&ending(rest)));
    let state = STATES.iter().find_map(|state| module.get(&ending(state)));
    let Some(state) = state else {
        module.need(&ending(STATES[0]))?;
        return Err(Error::new(Code::Internal, "tensor is there and is not"));
    };
    let absmax = match absmax {
        Some(absmax) => absmax,
        None => module.need(&ending(".absmax"))?,
    };
    let state: State = serde_json::from_slice(&module.bytes(state)?).map_err(|e| {
        Error::new(
            Code::InvalidHeader,
            "description of a bitsandbytes tensor is not valid",
        )
        .found(e.to_string())
    })?;
    let table = match (map, state.quant_type.as_str()) {
        (Some(map), _) => Table::Stored(map.clone()),
        (None, "nf4") => Table::Known(&NF4),
        (None, "fp4") => Table::Known(&FP4),
        (None, other) => {
            return Err(Error::new(
                Code::UnsupportedLayout,
                "four-bit type of bitsandbytes is not known",
            )
            .found(other));
        }
    };
    if let Table::Stored(map) = &table
        && map.elements != 16
    {
        return Err(Error::new(
            Code::SizeMismatch,
            "table of four-bit codes has no fitting length",
        )
        .expected("16 numbers")
        .found(format!("{} in {}", map.elements, map.name)));
    }
    let elements = element_count(&state.shape)?;
    // The bytes may be stored as numbers of any type.
    let bytes = as_bytes(module.codes, DType::U8)?;
    let bytes = bytes.reshaped(&[bytes.elements])?;
    let codes = Tensor::unpacked(bytes, Layout::HighFirst, 0, elements, 0)?;
    let scale = scales(module, &state, absmax, (nested, nested_map))?;
    let block = side(state.blocksize, &codes, &scale)?;
    let round = match state.dtype.as_str() {
        "bfloat16" => Some(DType::Bf16),
        "float16" => Some(DType::F16),
        "float32" => None,
        other => {
            return Err(Error::new(
                Code::UnsupportedDtype,
                "type of a bitsandbytes tensor is not known",
            )
            .found(other));
        }
    };
    let affine = Affine {
        round,
        ..Affine::new(
            Tensor::lookup(codes, table)?,
            Factor::Each(scale),
            Factor::One(0.0),
            vec![block],
        )
    };
    let label = format!("bnb {} g{block}", state.quant_type);
    Tensor::of_affine(affine, Some(label.into())).reshaped(&state.shape)
}

/// A number for each block; those that are codes themselves have a table, numbers for blocks of them, and one that is added.
fn scales(
    module: &Module,
    state: &State,
    absmax: &Tensor,
    (nested, table): (Option<&Tensor>, Option<&Tensor>),
) -> Result<Tensor> {
    let ending = |rest: &str| format!("{}{rest}", module.mark);
    let is_nested = state.nested_blocksize.is_some() || absmax.dtype == DType::U8;
    let (nested, table) = match (nested, table) {
        (None, _) if is_nested => return Err(module.lacks(&ending(".nested_absmax"))),
        (None, _) => return Ok(absmax.clone()),
        (Some(_), None) => return Err(module.lacks(&ending(".nested_quant_map"))),
        (Some(nested), Some(table)) => (nested, table),
    };
    let (Some(block), Some(offset)) = (state.nested_blocksize, state.nested_offset) else {
        return Err(Error::new(
            Code::InvalidHeader,
            "description of a bitsandbytes tensor is not valid",
        )
        .expected("nested_blocksize and nested_offset"));
    };
    let block = side(block, absmax, nested)?;
    let numbers = Tensor::lookup(absmax.clone(), Table::Stored(table.clone()))?;
    let (scale, zero) = (Factor::Each(nested.clone()), Factor::One(0.0));
    Tensor::affine(numbers, None, scale, zero, vec![block]).shifted(offset)
}

/// A block length that gives as many blocks as there are scales.
fn side(block: u64, codes: &Tensor, scale: &Tensor) -> Result<u64> {
    if block > 0 && codes.elements.div_ceil(block) == scale.elements {
        return Ok(block);
    }
    Err(Error::new(
        Code::SizeMismatch,
        "scales fit no blocks of the quantised tensor",
    )
    .expected(format!("one for {block} of {} elements", codes.elements))
    .found(format!("{} in {}", scale.elements, scale.name)))
}

fn int8(module: &Module) -> Result<Tensor> {
    if let Some(format) = module.get(".weight_format")
        && module.integers(format)?.iter().any(|number| *number != 0)
    {
        return Err(super::unread::layout(
            "bnb int8 in another order than by rows",
        ));
    }
    let scale = module.need(".SCB")?;
    let [rows, columns] = axes(module.codes)?;
    if scale.elements != rows {
        return Err(Error::new(
            Code::SizeMismatch,
            "quantised tensor has another number of scales than of rows",
        )
        .expected(rows)
        .found(format!("{} in {}", scale.elements, scale.name)));
    }
    if scale.dtype != DType::F32 {
        return Err(wrong_type(scale, "f32"));
    }
    let zero = || Factor::One(0.0);
    let scaled = Tensor::affine(
        module.codes.clone(),
        None,
        Factor::Each(scale.clone()),
        zero(),
        vec![1, columns],
    );
    // bitsandbytes multiplies by the reciprocal.
    let part = Factor::One(7.874_016e-3);
    Ok(Tensor::affine(
        scaled,
        Some("bnb int8 row".into()),
        part,
        zero(),
        module.codes.shape.clone(),
    ))
}
