//! Marlin: four bits without zero points, in the order in which tensor cores take them; `B` and `s`, or `qweight` and `scales`.
//!
//! Source: `_get_perms` and `WQLinear_Marlin.from_linear` of autoawq 0.2.9 (`modules/linear/marlin.py`): (q - 8) * s in the scales' type.

use serde_json::Value;

use super::blocks::{Sharing, computed_in};
use super::module::{Module, axes, expect_shape};
use super::{Scheme, unread};
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Layout, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "marlin",
    marks: &[(".B", ".weight"), (".qweight", ".weight")],
    is_one: |module| match module.mark {
        ".B" => module.has(".s") || is_marlin(module),
        _ => is_marlin(module),
    },
    dense,
};

fn is_marlin(module: &Module) -> bool {
    let settings = module.settings;
    let says = |key: &str| {
        settings
            .text(key)
            .is_some_and(|text| text.eq_ignore_ascii_case("marlin"))
    };
    settings.is("marlin")
        || says("checkpoint_format")
        || says("version")
        || settings.get("is_marlin_format") == Some(&Value::Bool(true))
}

fn dense(module: &Module) -> Result<Tensor> {
    let ending = if module.mark == ".B" { ".s" } else { ".scales" };
    for part in [".qzeros", ".g_idx"] {
        if module.get(part).is_some() {
            module.get(ending);
            return Err(unread::layout(&format!("marlin with {part}")));
        }
    }
    let scales = module.need(ending)?;
    let bits = module
        .settings
        .number("bits")
        .or(module.settings.number("w_bit"));
    if bits.is_some_and(|bits| bits != 4) {
        return Err(unread::layout("marlin of other than four bits"));
    }
    let [tiles, words] = axes(module.codes)?;
    let (inputs, outputs) = (tiles.saturating_mul(16), words / 2);
    let [groups, _] = axes(scales)?;
    let group = match module.settings.number("group_size").map(Sharing::group) {
        Some(Sharing::Group(size)) => size.min(inputs),
        Some(_) => inputs,
        None => inputs.checked_div(groups).unwrap_or(0),
    };
    if group == 0 || outputs == 0 || !outputs.is_multiple_of(64) || !words.is_multiple_of(2) {
        return Err(
            Error::new(Code::SizeMismatch, "packed tensor holds no whole tiles")
                .expected("tiles of 16 inputs and 64 outputs")
                .found(format!("{:?} in {}", module.codes.shape, module.codes.name)),
        );
    }
    expect_shape(scales, &[inputs.div_ceil(group), outputs])?;
    let affine = Affine {
        round: computed_in(scales),
        ..Affine::new(
            codes(module.codes, tiles, outputs)?,
            Factor::Each(ordered(scales, group == inputs)?),
            Factor::One(8.0),
            vec![1, group],
        )
    };
    let grouped = if group == inputs {
        "row".to_owned()
    } else {
        format!("g{group}")
    };
    Ok(Tensor::of_affine(
        affine,
        Some(format!("marlin int4 {grouped}").into()),
    ))
}

/// The codes as [outputs, inputs]. 64 outputs of 16 inputs are 128 words, which hold eight codes as AWQ's do: word 16c + 4r + t has the
/// outputs 16t + 8b + c for b of 0 and 1, and of each the inputs 8h + 2r + l for h and l of 0 and 1.
fn codes(words: &Tensor, tiles: u64, outputs: u64) -> Result<Tensor> {
    let codes = Tensor::unpacked(words.clone(), Layout::Awq, 1, 16 * outputs, 0)?;
    codes
        .reshaped(&[tiles, outputs / 64, 8, 4, 4, 2, 2, 2])?
        .permuted(&[1, 4, 5, 2, 0, 6, 3, 7])?
        .reshaped(&[outputs, 16 * tiles])
}

/// The scales as [outputs, groups]. They are shuffled within 64 outputs, or within 32 where a row has one.
fn ordered(scales: &Tensor, is_row: bool) -> Result<Tensor> {
    let [groups, outputs] = axes(scales)?;
    let inside = if is_row {
        let parts = scales.reshaped(&[groups, outputs / 32, 4, 4, 2])?;
        parts.permuted(&[0, 1, 3, 2, 4])?
    } else {
        let parts = scales.reshaped(&[groups, outputs / 64, 8, 8])?;
        parts.permuted(&[0, 1, 3, 2])?
    };
    inside.reshaped(&[groups, outputs])?.permuted(&[1, 0])
}
