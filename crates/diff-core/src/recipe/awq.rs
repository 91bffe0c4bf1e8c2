//! AWQ for GEMM kernels: four bits, packed along the outputs in the order 0 2 4 6 1 3 5 7.
//!
//! Source: `dequantize_gemm` of autoawq 0.2.9 (`utils/packing_utils.py`): (q - z) * s in the scales' type.

use super::blocks::computed_in;
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
    if version != "gemm" {
        return Err(unread::layout(&format!("awq for {version}")));
    }
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
    let [inputs, words] = axes(module.codes)?;
    let [groups, outputs] = axes(scales)?;
    expect_shape(zeros, &[groups, words])?;
    let settings = module.settings;
    let configured = settings
        .number("group_size")
        .or(settings.number("q_group_size"));
    let group = match configured.map(u64::try_from) {
        Some(Ok(size @ 1..)) => size.min(inputs),
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
