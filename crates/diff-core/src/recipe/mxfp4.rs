//! MXFP4 of gpt-oss: `*_blocks` of 16 bytes with an exponent each in `*_scales`; the dense tensor has its last two axes exchanged.
//!
//! Source: `convert_moe_packed_tensors` of transformers 5 (`integrations/mxfp4.py`).

use super::Scheme;
use super::module::{Module, as_type, axes, expect_shape};
use crate::decode::minifloat::E2M1;
use crate::dtype::DType;
use crate::error::Result;
use crate::tensor::{Factor, Layout, Table, Tensor};

pub(super) const SCHEME: Scheme = Scheme {
    label: "mxfp4",
    marks: &[("_blocks", "")],
    is_one: |module| {
        module.codes.dtype == DType::U8
            && module.codes.shape.last() == Some(&16)
            && (module.has("_scales") || module.settings.is("mxfp4"))
    },
    dense,
};

fn dense(module: &Module) -> Result<Tensor> {
    let scales = module.need("_scales")?;
    let [experts, rows, groups, bytes] = axes(module.codes)?;
    expect_shape(scales, &[experts, rows, groups])?;
    let words = module.codes.reshaped(&[experts, rows, groups * bytes])?;
    let codes = Tensor::unpacked(words, Layout::Dense(4), 2, groups * bytes * 2, 0)?;
    let dense = Tensor::affine(
        Tensor::lookup(codes, Table::Known(&E2M1))?,
        Some("mxfp4 g32".into()),
        Factor::Each(as_type(scales, DType::F8E8M0)?),
        Factor::One(0.0),
        vec![1, 1, 2 * bytes],
    );
    dense.permuted(&[0, 2, 1])
}
