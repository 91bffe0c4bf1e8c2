//! AWQ for GEMM kernels: four bits, packed along the outputs in the order 0 2 4 6 1 3 5 7. For GEMV: along the inputs, in order.
//!
//! Sources: `dequantize_gemm` of autoawq 0.2.9 (`utils/packing_utils.py`): (q - z) * s in the scales' type; `modules/linear/gemv.py`.

use super::blocks::{Sharing, computed_in};
use super::module::{Module, axes, expect_shape};
use super::{Scheme, unread};
use crate::error::{Code, Error, Result};
use crate::tensor::{Affine, Factor, Layout, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "awq",
    marks: &[(".qweight", ".weight")],
    is_one: |_| true,
    dense,
};

fn dense(module: &Module) -> Result<Tensor> {
    let parts = (module.get(".qzeros"), module.get(".scales"));
    let version = module
        .settings
        .text("version")
        .unwrap_or("gemm")
        .to_lowercase();
    if module
        .settings
        .number("bits")
        .or(module.settings.number("w_bit"))
        .is_some_and(|bits| bits != 4)
    {
        return Err(unread::layout("awq of other than four bits"));
    }
    let (Some(zeros), Some(scales)) = parts else {
        module.need(".qzeros")?;
        module.need(".scales")?;
        return Err(Error::new(Code::Internal, "tensor is there and is not"));
    };
    match version.as_str() {
        "gemm" => gemm(module, zeros, scales),
        "gemv" => gemv(module, zeros, scales),
        _ => Err(unread::layout(&format!(
            "awq for {}",
            version.escape_debug()
        ))),
    }
}

/// What the configuration says of the inputs of a group.
fn group_size(module: &Module) -> Option<Sharing> {
    let settings = module.settings;
    let size = settings
        .number("group_size")
        .or(settings.number("q_group_size"));
    size.map(Sharing::group)
}

fn gemm(module: &Module, zeros: &Tensor, scales: &Tensor) -> Result<Tensor> {
    let [inputs, words] = axes(module.codes)?;
    let [groups, outputs] = axes(scales)?;
    expect_shape(zeros, &[groups, words])?;
    let group = match group_size(module) {
        Some(Sharing::Group(size)) => size.min(inputs),
        Some(_) => inputs,
        None => inputs.div_ceil(groups.max(1)),
    };
    if words.checked_mul(8) != Some(outputs) || group == 0 || inputs.div_ceil(group) != groups {
        return Err(Error::new(
            Code::SizeMismatch,
            "scales of an AWQ tensor fit no groups of its inputs",
        )
        .expected(format!(
            "[{}, {}]",
            inputs.div_ceil(group.max(1)),
            words.saturating_mul(8)
        ))
        .found(format!("{:?} in {}", scales.shape, scales.name)));
    }
    let unpacked = |tensor: &Tensor| Tensor::unpacked(tensor.clone(), Layout::Awq, 1, outputs, 0);
    let affine = Affine {
        round: computed_in(scales),
        ..Affine::new(
            unpacked(module.codes)?,
            Factor::Each(scales.clone()),
            Factor::Each(unpacked(zeros)?),
            vec![group, 1],
        )
    };
    let label = format!("awq int4 g{group}");
    Tensor::of_affine(affine, Some(label.into())).permuted(&[1, 0])
}

/// Rows of zero points and scales end in padding.
fn gemv(module: &Module, zeros: &Tensor, scales: &Tensor) -> Result<Tensor> {
    let [outputs, words] = axes(module.codes)?;
    let inputs = words.saturating_mul(8);
    let group = match group_size(module) {
        Some(Sharing::Group(size)) => size.min(inputs),
        _ => inputs,
    };
    let groups = inputs.div_ceil(group.max(1));
    let width = zeros_width(groups, group);
    expect_shape(zeros, &[outputs, width])?;
    expect_shape(scales, &[outputs, 8 * width])?;
    let unpacked = |tensor: &Tensor, length: u64| {
        Tensor::unpacked(tensor.clone(), Layout::Dense(4), 1, length, 0)
    };
    let affine = Affine {
        round: computed_in(scales),
        ..Affine::new(
            unpacked(module.codes, inputs)?,
            Factor::Each(scales.sliced(&[0..outputs, 0..groups])?),
            Factor::Each(unpacked(zeros, groups)?),
            vec![1, group],
        )
    };
    let label = format!("awq int4 g{group}");
    Ok(Tensor::of_affine(affine, Some(label.into())))
}

/// Words of the zero points of a row, as `calculate_zeros_width` counts them.
fn zeros_width(groups: u64, group: u64) -> u64 {
    let multiple = match group {
        128.. => 1,
        64.. => 2,
        _ => 4,
    };
    groups.div_ceil(8).next_multiple_of(multiple)
}
