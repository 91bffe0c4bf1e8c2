//! Quantised checkpoints as the dense tensors that their codes stand for: a tensor of codes and its scales become one tensor, called as the
//! dense one is called. Nothing is decoded here; the tensors are expressions, which are read when they are compared.
//!
//! A *scheme* is how one library stores quantised weights: one file of this folder, listed once in [`SCHEMES`]. It is told by the names, types
//! and shapes of tensors that belong together, and by what the configuration says beside them. What cannot be read is a row with its reason.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod awq;
mod bitsandbytes;
mod blocks;
mod compressed_tensors;
mod fp8;
mod gptq;
mod hqq;
mod marlin;
mod mlx;
mod module;
mod mxfp4;
mod nvfp4;
mod settings;
mod torchao;
mod unread;

use std::collections::{HashMap, HashSet};

use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::tensor::Tensor;
use module::Module;
use settings::AllSettings;

/// How one library stores quantised weights.
struct Scheme {
    /// What its rows are called where they cannot be read.
    label: &'static str,
    /// Endings of the tensor of codes, and what the dense tensor has instead.
    marks: &'static [(&'static str, &'static str)],
    /// Whether a tensor of codes is of this scheme.
    is_one: fn(&Module) -> bool,
    /// The dense tensor.
    dense: fn(&Module) -> Result<Tensor>,
}

/// All of them, in the order in which they are asked.
const SCHEMES: &[Scheme] = &[
    marlin::SCHEME,
    gptq::SCHEME,
    awq::SCHEME,
    bitsandbytes::FOUR_BITS,
    bitsandbytes::INT8,
    compressed_tensors::PACKED,
    compressed_tensors::INT8,
    mxfp4::SCHEME,
    nvfp4::SCHEME,
    mlx::SCHEME,
    torchao::SCHEME,
    torchao::PICKLED,
    hqq::SCHEME,
    fp8::SCHEME,
    unread::SCHEME,
];

/// Puts dense tensors in the places of quantised ones.
pub(crate) fn apply(checkpoint: &mut Checkpoint) {
    // bitsandbytes and HQQ can store their codes as floats.
    let are_hidden = checkpoint.tensors.iter().any(|tensor| {
        let endings = [".absmax", ".quant_map", ".W_q"];
        endings.iter().any(|ending| tensor.name.ends_with(ending))
            || tensor.name.contains(".quant_state.bitsandbytes__")
    });
    // Almost all checkpoints have none, and looking for what belongs together takes longer than opening them.
    if !are_hidden && !checkpoint.tensors.iter().any(is_narrow) {
        return;
    }
    let settings = AllSettings::of(checkpoint);
    let names: HashMap<&str, usize> = (0..)
        .zip(&checkpoint.tensors)
        .map(|(number, tensor)| (tensor.name.as_str(), number))
        .collect();
    let mut taken: HashSet<usize> = HashSet::new();
    let mut made: Vec<(usize, Tensor)> = Vec::new();
    for (number, tensor) in checkpoint.tensors.iter().enumerate() {
        let is_known = tensor.error().is_some() || taken.contains(&number);
        if is_known || !(is_narrow(tensor) || are_hidden) {
            continue;
        }
        let module =
            |ending: &'static str| Module::new(checkpoint, &names, &settings, tensor, ending);
        let found = SCHEMES.iter().find_map(|scheme| {
            scheme.marks.iter().find_map(|&(mark, dense)| {
                let module = module(mark)?;
                let name = format!("{}{dense}", module.stem);
                let is_free = name == tensor.name || !names.contains_key(name.as_str());
                (is_free && (scheme.is_one)(&module)).then_some((scheme, module, name))
            })
        });
        if let Some((scheme, module, name)) = found {
            let dense = match (scheme.dense)(&module).and_then(checked) {
                Ok(dense) => Tensor { name, ..dense },
                Err(error) => broken(tensor, scheme.label, name, error),
            };
            taken.extend(module.used());
            taken.remove(&number);
            made.push((number, dense));
        }
    }
    drop(names);
    for (number, tensor) in made {
        if let Some(place) = checkpoint.tensors.get_mut(number) {
            *place = tensor;
        }
    }
    let mut number = 0..;
    checkpoint
        .tensors
        .retain(|_| number.next().is_none_or(|number| !taken.contains(&number)));
}

/// Whether its type is one that codes are stored as.
fn is_narrow(tensor: &Tensor) -> bool {
    !matches!(
        tensor.dtype,
        DType::F16
            | DType::Bf16
            | DType::F32
            | DType::F64
            | DType::C32
            | DType::C64
            | DType::C128
            | DType::I64
            | DType::U64
            | DType::Bool
    )
}

/// A tensor whose parts can be read.
fn checked(tensor: Tensor) -> Result<Tensor> {
    fn first_error(tensor: &Tensor) -> Option<&Error> {
        let mut parts = tensor.node.parts().into_iter();
        tensor.error().or_else(|| parts.find_map(first_error))
    }
    match first_error(&tensor) {
        Some(error) => Err(error.clone()),
        None => Ok(tensor),
    }
}

fn broken(codes: &Tensor, label: &str, name: String, error: Error) -> Tensor {
    let error = error.tensor(&name);
    Tensor::broken(name, label, codes.shape.clone(), codes.bytes, error)
}
