//! Views of tensors, as JavaScript writes them: a program over a stack of tensors, decoded here and checked by the core.

use std::ops::Range;

use diff_core::tensor::{Signs, Tensor};
use diff_core::{Checkpoint, Code, Error};
use napi::bindgen_prelude::{Either, Env};
use napi_derive::napi;

use crate::checkpoint::NativeCheckpoint;
use crate::failure::{self, Failure};
use crate::table::TensorTable;

/// One step of a program.
#[napi(object)]
pub struct NativeStep {
    /// `tensor` puts one on the stack; `permute`, `reshape`, `slice`, `negate` and `add` change the upper one; `concat` joins the upper ones.
    pub operation: String,
    /// Row of the tensor; axes; dimensions; start and end of each axis, a start below 0 for a whole one; none; the number; axis and number
    /// of tensors.
    pub numbers: Vec<f64>,
}

/// A tensor and the program that leaves it, alone, on the stack.
#[napi(object)]
pub struct NativeView {
    pub name: String,
    pub steps: Vec<NativeStep>,
}

/// What a view is.
#[napi]
#[must_use]
pub fn describe_view(
    checkpoint: &NativeCheckpoint,
    view: NativeView,
) -> Either<Failure, TensorTable> {
    failure::answer(|| Ok(TensorTable::of_one(&run(&*checkpoint.shared()?, view)?)))
}

/// A checkpoint of one view, for a short look at its elements: V8 is not told of the bytes that it holds.
#[napi]
#[must_use]
pub fn look_at(
    checkpoint: &NativeCheckpoint,
    view: NativeView,
) -> Either<Failure, NativeCheckpoint> {
    failure::answer(|| {
        let shared = checkpoint.shared()?;
        let tensors = vec![run(&shared, view)?];
        Ok(NativeCheckpoint::holding(shared.with_tensors(tensors)))
    })
}

/// The tensors of `rows`, and views of any, as a checkpoint with a hold of its own on the files.
#[napi]
#[must_use]
pub fn with_views(
    env: Env,
    checkpoint: &NativeCheckpoint,
    rows: Vec<u32>,
    views: Vec<NativeView>,
) -> Either<Failure, NativeCheckpoint> {
    failure::answer(|| {
        let shared = checkpoint.shared()?;
        let kept = rows.into_iter().map(|row| tensor(&shared, row as usize));
        let viewed = views.into_iter().map(|view| run(&shared, view));
        let tensors = kept.chain(viewed).collect::<diff_core::Result<_>>()?;
        Ok(checkpoint.beside(env, shared.with_tensors(tensors)))
    })
}

fn tensor(checkpoint: &Checkpoint, row: usize) -> diff_core::Result<Tensor> {
    let found = checkpoint.tensors.get(row).cloned();
    found.ok_or_else(|| Error::new(Code::Argument, "no such tensor"))
}

fn run(checkpoint: &Checkpoint, view: NativeView) -> diff_core::Result<Tensor> {
    let mut stack = Vec::new();
    for step in view.steps {
        let made = apply(checkpoint, &mut stack, &step)?;
        stack.push(made.within_limits()?);
    }
    let mut tensor = pop(&mut stack)?;
    tensor.name = view.name;
    Ok(tensor)
}

fn apply(
    checkpoint: &Checkpoint,
    stack: &mut Vec<Tensor>,
    NativeStep { operation, numbers }: &NativeStep,
) -> diff_core::Result<Tensor> {
    let sizes: Vec<u64> = numbers.iter().map(|&number| number as u64).collect();
    let axes = || sizes.iter().map(|&axis| axis as usize).collect::<Vec<_>>();
    match (operation.as_str(), axes().as_slice()) {
        ("tensor", &[row]) => tensor(checkpoint, row),
        ("permute", axes) => pop(stack)?.permuted(axes),
        ("reshape", _) => pop(stack)?.reshaped(&sizes),
        ("slice", _) => {
            let tensor = pop(stack)?;
            let ranges = ranges(numbers, &tensor.shape);
            tensor.sliced(&ranges)
        }
        ("negate", []) => pop(stack)?.signed(Signs::All),
        ("add", [_]) => pop(stack)?.shifted(numbers[0] as f32),
        ("concat", &[axis, count]) => {
            let first = stack.len().checked_sub(count).ok_or_else(unknown)?;
            Tensor::concat(axis, stack.split_off(first))
        }
        _ => Err(unknown()),
    }
}

/// Starts and ends of some axes; an axis that starts below 0, or has no entry, is whole.
fn ranges(numbers: &[f64], shape: &[u64]) -> Vec<Range<u64>> {
    let given = numbers.chunks_exact(2);
    let axes = given.len().max(shape.len());
    let ranges = given.map(Some).chain(std::iter::repeat(None));
    ranges
        .zip(shape.iter().chain(std::iter::repeat(&0)))
        .take(axes)
        .map(|(range, &dim)| match range {
            Some(&[start, end]) if start >= 0.0 => start as u64..end as u64,
            _ => 0..dim,
        })
        .collect()
}

fn pop(stack: &mut Vec<Tensor>) -> diff_core::Result<Tensor> {
    stack.pop().ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::new(Code::Internal, "view is no program")
}
