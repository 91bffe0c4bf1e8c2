//! GPTQ: `qweight` packed down the inputs, zero points along the outputs, a scale for each group of inputs.
//!
//! Sources: `qlinear/__init__.py`, `utils/model_dequant.py` of gptqmodel 7.7 (`dequantize_weight`: s * (q - z) in the scales' type).

use serde_json::Value;

use super::blocks::computed_in;
use super::module::{Module, axes, expect_shape};
use super::{Scheme, unread};
use crate::decode::packing::{gptq_ones, next_codes};
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Index, Layout, Table, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "gptq",
    marks: &[(".qweight", ".weight")],
    is_one: |module| {
        // AWQ packs along the outputs, so that its codes have fewer columns than the scales.
        let columns = |tensor: &Tensor| tensor.shape.last().copied();
        !module.settings.is("awq")
            && (module.settings.is("gptq")
                || module
                    .peek(".scales")
                    .is_none_or(|scales| columns(scales) == columns(module.codes)))
    },
    dense,
};

fn dense(module: &Module) -> Result<Tensor> {
    let [words, outputs] = axes(module.codes)?;
    let (index, zeros) = (module.get(".g_idx"), module.get(".qzeros"));
    let scales = module.need(".scales")?;
    let format = module.settings.text("checkpoint_format").unwrap_or("gptq");
    if !matches!(format, "gptq" | "gptq_v2" | "gptq_p") {
        return Err(unread::layout(&format!("gptq in the format {format}")));
    }
    let zeros = match zeros {
        Some(zeros) => zeros,
        None => module.need(".qzeros")?,
    };
    let [groups, columns] = axes(scales)?;
    let [_, zero_words] = axes(zeros)?;
    expect_shape(scales, &[groups, outputs])?;
    expect_shape(zeros, &[groups, zero_words])?;
    if columns != outputs || groups == 0 || outputs == 0 {
        return Err(unfit("scales of a GPTQ tensor are empty", &scales.shape));
    }
    let bits = width(module, zero_words, outputs)?;
    let layout = match bits {
        3 if format != "gptq_p" => Layout::Dense(3),
        2 | 4 | 8 => Layout::Dense(bits),
        _ => Layout::Planar(bits),
    };
    let inputs = layout.room(4, words).unwrap_or(0);
    if let Some(index) = index {
        expect_shape(index, &[inputs])?;
    }
    let group = group_of(module, inputs, scales)?;
    let codes = Tensor::unpacked(module.codes.clone(), layout, 0, inputs, 0)?;
    // Groups in order need no index.
    let order = module.settings.get("desc_act").and_then(Value::as_bool);
    let is_ordered = order == Some(false);
    if index.is_none() && order == Some(true) && groups > 1 {
        return Err(module.lacks(".g_idx"));
    }
    let index = index
        .filter(|_| !is_ordered && groups > 1)
        .map(|index| Index {
            axis: 0,
            blocks: index.clone(),
            count: groups,
        });
    let affine = Affine {
        round: computed_in(scales),
        index,
        ..Affine::new(
            codes,
            Factor::Each(scales.clone()),
            Factor::Each(zero_points(module, zeros, layout, (bits, outputs))?),
            vec![group, 1],
        )
    };
    let grouped = if groups == 1 {
        "row".to_owned()
    } else {
        format!("g{group}")
    };
    let label = format!("gptq int{bits} {grouped}");
    Tensor::of_affine(affine, Some(label.into())).permuted(&[1, 0])
}

/// A number of the configuration; auto-round lists modules that have their own.
fn said(module: &Module, key: &str) -> Option<i64> {
    let own = module.settings.get("extra_config");
    let own = own.and_then(|modules| modules.get(module.stem)?.get(key)?.as_i64());
    own.or_else(|| module.settings.number(key))
}

/// Whether modules that patterns name may have other numbers than the configuration's own.
fn is_open(module: &Module) -> bool {
    module.settings.get("dynamic").is_some()
}

/// Inputs of a group: as many as the configuration says, or else what gives as many groups as there are. The configuration may say other
/// ones for some modules.
fn group_of(module: &Module, inputs: u64, scales: &Tensor) -> Result<u64> {
    let groups = scales.shape.first().copied().unwrap_or(0);
    let configured = said(module, "group_size").filter(|_| !is_open(module));
    let group = match configured {
        Some(size) => u64::try_from(size)
            .ok()
            .filter(|&size| size > 0)
            .unwrap_or(inputs),
        None => inputs.div_ceil(groups.max(1)),
    };
    let group = group.min(inputs);
    if group > 0 && inputs.div_ceil(group) == groups {
        return Ok(group);
    }
    let expected = inputs.div_ceil(group.max(1));
    Err(Error::new(
        Code::SizeMismatch,
        "scales fit no groups of the quantised tensor's inputs",
    )
    .expected(format!(
        "{expected} for {inputs} inputs in groups of {group}"
    ))
    .found(format!("{:?} in {}", scales.shape, scales.name)))
}

/// Zero points along the outputs. The first format took 1 from each: gptqmodel over the whole word, `auto_gptq` from each field. Planes are
/// of the second format only.
fn zero_points(
    module: &Module,
    zeros: &Tensor,
    layout: Layout,
    (bits, outputs): (u32, u64),
) -> Result<Tensor> {
    let is_second = module.settings.text("checkpoint_format") == Some("gptq_v2")
        || matches!(layout, Layout::Planar(_));
    let by_field = module.settings.words("meta").contains("auto_gptq");
    let add = match gptq_ones(bits) {
        Some(ones) if !is_second && !by_field => ones,
        _ => 0,
    };
    let zeros = Tensor::unpacked(zeros.clone(), layout, 1, outputs, add)?;
    if is_second || add != 0 {
        return Ok(zeros);
    }
    Tensor::lookup(zeros, Table::Known(next_codes(bits)))
}

/// Bits of a code: as many as the words of the zero points have room for. The configuration may say other ones for some modules.
fn width(module: &Module, zero_words: u64, outputs: u64) -> Result<u32> {
    let bits = zero_words
        .saturating_mul(32)
        .checked_div(outputs)
        .unwrap_or(0);
    let configured = said(module, "bits");
    // Rows of few outputs end in padding.
    let is_open = configured.is_none() || is_open(module);
    let fits = |bits: u64| (outputs * bits).div_ceil(32) == zero_words;
    let found = configured
        .and_then(|bits| u64::try_from(bits).ok())
        .filter(|&bits| (2..=8).contains(&bits) && fits(bits))
        .or(Some(bits).filter(|&bits| is_open && (2..=8).contains(&bits) && fits(bits)));
    found.map(|bits| bits as u32).ok_or_else(|| {
        Error::new(
            Code::SizeMismatch,
            "zero points of a GPTQ tensor have no fitting width",
        )
        .expected("codes of 2 to 8 bits")
        .found(format!("{zero_words} words for {outputs} outputs"))
    })
}

fn unfit(what: &str, shape: &[u64]) -> Error {
    Error::new(Code::SizeMismatch, what.to_owned()).found(format!("{shape:?}"))
}
