//! HQQ: codes of a tensor that was cut into groups, which are its rows or columns then; scales and zero points are floats.
//!
//! Source: `Quantizer.dequantize` and `BitPack` of hqq 0.2.8 (`core/quantize.py`, `core/bitpack.py`): (q - z) * s in the scales' type.

use super::Scheme;
use super::blocks::computed_in;
use super::module::{Module, as_bytes, axes};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Layout, Tensor, element_count};

pub(super) const SCHEME: Scheme = Scheme {
    label: "hqq",
    marks: &[(".W_q", ".weight")],
    is_one: |_| true,
    dense,
};

/// Tensors that describe how the codes were made, and are not needed to read them.
const DESCRIPTIONS: &[&str] = &[
    ".packing",
    ".view_as_float",
    ".unpack_view_dtype",
    ".compute_dtype",
    ".channel_wise",
    ".optimize",
    ".round_zero",
    ".stores_quant_config",
    ".encoded_state_dict",
    ".offload_meta",
    ".quant_scale",
    ".quant_zero",
];

fn dense(module: &Module) -> Result<Tensor> {
    for name in DESCRIPTIONS {
        module.get(name);
    }
    let (scale, zero) = (module.need(".scale")?, module.need(".zero")?);
    let shape = module.shape(module.need(".shape")?)?;
    let bits = module.natural(".nbits")? as u32;
    let group = match module.get(".group_size") {
        Some(tensor) => module
            .integers(tensor)?
            .first()
            .and_then(|&size| u64::try_from(size).ok()),
        None => None,
    };
    let axis = match module.integers(module.need(".axis")?)?.as_slice() {
        [axis @ (0 | 1)] => *axis,
        other => {
            return Err(
                Error::new(Code::InvalidHeader, "quantised tensor is described wrongly")
                    .expected(format!("0 or 1 in {}.axis", module.stem))
                    .found(format!("{:?}", other.get(..other.len().min(8)))),
            );
        }
    };
    let elements = element_count(&shape)?;
    let group = group
        .filter(|group| *group > 0)
        .or_else(|| shape.get(usize::from(axis == 1)).copied());
    let group = group
        .filter(|&group| group > 0 && elements.is_multiple_of(group))
        .ok_or_else(|| {
            Error::new(
                Code::SizeMismatch,
                "groups of an HQQ tensor do not fit its shape",
            )
            .found(format!("{shape:?} in groups of {group:?}"))
        })?;
    let groups = elements / group;
    let (rows, columns, block) = match axis {
        0 => (group, groups, vec![group, 1]),
        _ => (groups, group, vec![1, group]),
    };
    let codes = unpacked(module, bits, rows, columns)?;
    let affine = Affine {
        round: computed_in(scale),
        ..Affine::new(codes, factor(scale, groups)?, factor(zero, groups)?, block)
    };
    let label = format!("hqq int{bits} g{group}");
    Tensor::of_affine(affine, Some(label.into())).reshaped(&shape)
}

/// One number a group, or one for all.
fn factor(tensor: &Tensor, groups: u64) -> Result<Factor> {
    if tensor.elements == groups {
        return Ok(Factor::Each(tensor.clone()));
    }
    Err(Error::new(
        Code::SizeMismatch,
        "quantised tensor has another number of scales than of groups",
    )
    .expected(groups)
    .found(format!("{} in {}", tensor.elements, tensor.name)))
}

/// The rows are cut into as many parts as codes lie in a byte (a word, of three bits), the first in the highest bits.
fn unpacked(module: &Module, bits: u32, rows: u64, columns: u64) -> Result<Tensor> {
    let used = match bits {
        3 => 30,
        1 | 2 | 4 | 8 => 8,
        _ => return Err(super::unread::layout(&format!("hqq of {bits} bits"))),
    };
    // Codes may be stored as the bytes of floats.
    let words = match module.codes.dtype {
        DType::U8 | DType::I32 => module.codes.clone(),
        _ if bits == 3 => return Err(super::unread::layout("hqq of 3 bits as floats")),
        _ => as_bytes(module.codes, DType::U8)?,
    };
    let [packed_rows, packed_columns] = axes(&words)?;
    let parts = used / bits;
    if packed_columns != columns || packed_rows.saturating_mul(u64::from(parts)) < rows {
        return Err(Error::new(
            Code::SizeMismatch,
            "packed tensor holds fewer codes than it should",
        )
        .expected(format!("{rows} rows of {columns}"))
        .found(format!("{:?} of {parts} codes", words.shape)));
    }
    let part = |number: u32| {
        let shift = used - bits * (number + 1);
        Tensor::unpacked(
            words.clone(),
            Layout::Field { bits, shift },
            0,
            packed_rows,
            0,
        )
    };
    let all = (0..parts).map(part).collect::<Result<Vec<_>>>()?;
    Tensor::concat(0, all)?.sliced(&[0..rows, 0..columns])
}
