//! torchao's int4 with a scale and a zero point for each group: plain, and in the tiles of tensor cores.
//!
//! Sources: `int4_row_quantize_zp` and `pack_int4` of fbgemm (`experimental/gen_ai/quantize.py`); `matrix_to_m16n8k16_Bint4_layout` of
//! torch (`native/cuda/int4mm.cu`), `_dequantize_affine_tinygemm` of torchao 0.18 (`quantization/quant_primitives.py`).

use super::{Said, part};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::recipe::module::{Module, as_bytes, axes, expect_shape, wrong_type};
use crate::tensor::{Affine, Factor, Layout, Rule, Table, Tensor};

/// Four bits with a sign.
static SIGNED: [f32; 16] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -8.0, -7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0,
];

/// Four bits, 8 less.
static CENTRED: [f32; 16] = [
    -8.0, -7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0,
];

/// Inputs and outputs of a tile, of which the file has whole ones.
const TILE: [u64; 2] = [128, 8];

/// Elements of a row that share a scale.
fn group_of(said: &Said) -> Result<u64> {
    match said.numbers("/_data/block_size").as_slice() {
        [rows @ .., group] if *group > 0 && rows.iter().all(|side| *side == 1) => Ok(*group),
        other => Err(
            Error::new(Code::InvalidHeader, "quantised tensor is described wrongly")
                .expected("block_size of 1 and of the length of a group")
                .found(format!("{other:?}")),
        ),
    }
}

fn dense(codes: Tensor, scale: Tensor, zero: Tensor, group: u64, round: Option<DType>) -> Tensor {
    let mut block = vec![1; codes.shape.len().saturating_sub(1)];
    block.push(group);
    let affine = Affine {
        rule: Rule::Add,
        round,
        ..Affine::new(codes, Factor::Each(scale), Factor::Each(zero), block)
    };
    Tensor::of_affine(affine, Some(format!("torchao int4 g{group}").into()))
}

/// Two codes a byte along the rows; scales and zero points have their last two axes exchanged.
pub(super) fn plain(module: &Module, said: &Said) -> Result<Tensor> {
    let scale = module.need(&part(module, "scale"))?;
    let zero = module.need(&part(module, "zero_point"))?;
    let shape = said.numbers("/_data/shape");
    let group = group_of(said)?;
    let ([outer @ .., rows, columns], true) = (shape.as_slice(), shape.len() < 4) else {
        return Err(wrong_type(module.codes, "a matrix, or a stack of them"));
    };
    let (rows, columns) = (*rows, *columns);
    let packed = [outer, &[rows, columns.div_ceil(2)]].concat();
    expect_shape(module.codes, &packed)?;
    let factors = [outer, &[columns.div_ceil(group), rows]].concat();
    let order: &[usize] = if outer.is_empty() {
        &[1, 0]
    } else {
        &[0, 2, 1]
    };
    let factor = |tensor: &Tensor| {
        expect_shape(tensor, &factors)?;
        tensor.permuted(order)
    };
    let bytes = as_bytes(module.codes, DType::U8)?;
    let codes = Tensor::unpacked(bytes, Layout::Dense(4), outer.len() + 1, columns, 0)?;
    let codes = Tensor::lookup(codes, Table::Known(&SIGNED))?;
    Ok(dense(codes, factor(scale)?, factor(zero)?, group, None))
}

/// Codes as 32 lanes hold them for a matrix product of 8 outputs and 128 inputs, eight codes a word. Tiles are filled up with padding.
///
/// Lane t of a tile holds output t / 4. Word p of it holds the inputs 32p + 16a + 8b + 2(t % 4) + c with a, b and c of 0 and 1, which lie in
/// the word as AWQ's codes do.
pub(super) fn tiles(module: &Module, said: &Said) -> Result<Tensor> {
    let factors = module.need(&part(module, "scale_and_zero"))?;
    let group = group_of(said)?;
    let shape = said.numbers("/_data/shape");
    let &[rows, columns] = shape.as_slice() else {
        return Err(super::unread::layout(
            "torchao Int4TilePackedTo4dTensor of more than a matrix",
        ));
    };
    let [down, across, lanes, words] = axes(module.codes)?;
    let (inputs, outputs) = (across.saturating_mul(TILE[0]), down.saturating_mul(TILE[1]));
    if outputs != rows.next_multiple_of(TILE[1]) || inputs < columns || inputs >= columns + 1024 {
        return Err(Error::new(
            Code::SizeMismatch,
            "packed tensor has another number of tiles than its shape",
        )
        .expected(format!("{rows} outputs and {columns} inputs"))
        .found(format!("{:?} in {}", module.codes.shape, module.codes.name)));
    }
    expect_shape(module.codes, &[down, across, 32, 4])?;
    expect_shape(factors, &[inputs.div_ceil(group), outputs, 2])?;
    let codes = Tensor::unpacked(module.codes.clone(), Layout::Awq, 3, 8 * words, 0)?;
    let codes = codes
        .reshaped(&[down, across, lanes / 4, 4, words, 2, 2, 2])?
        .permuted(&[0, 2, 1, 4, 5, 6, 3, 7])?
        .reshaped(&[outputs, inputs])?
        .sliced(&[0..rows, 0..columns])?;
    let groups = columns.div_ceil(group);
    let factor = |number: u64| {
        let one = factors.sliced(&[0..groups, 0..rows, number..number + 1])?;
        one.reshaped(&[groups, rows])?.permuted(&[1, 0])
    };
    let codes = Tensor::lookup(codes, Table::Known(&CENTRED))?;
    Ok(dense(
        codes,
        factor(0)?,
        factor(1)?,
        group,
        Some(DType::Bf16),
    ))
}
