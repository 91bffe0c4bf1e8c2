//! Matrices of which each process of a tensor-parallel run has some rows or columns, joined by what is known of their names.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::super::file;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::format::OpenOptions;
use crate::tensor::Tensor;

/// How parts of a tensor belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Along(usize),
    /// Every rank has all of it.
    Not,
    /// By rows, of two matrices that lie one below the other: a gate and what it is multiplied with.
    Halves,
}

/// The parts of every tensor, in the order of the ranks; tensors in the order in which they come first.
#[derive(Default)]
pub(super) struct Parts {
    order: Vec<String>,
    of: HashMap<String, Vec<Tensor>>,
}

impl Parts {
    /// Adds the file of the next rank, whose tensors `rename` names.
    ///
    /// # Errors
    /// Whatever is wrong with the file; what `rename` refuses.
    pub(super) fn read(
        &mut self,
        checkpoint: &mut Checkpoint,
        path: &Path,
        options: &OpenOptions,
        rename: &dyn Fn(&str) -> Result<String>,
    ) -> Result<()> {
        let before = checkpoint.tensors.len();
        file::add(checkpoint, path, options)?;
        let mut seen = HashSet::new();
        for tensor in checkpoint.tensors.split_off(before) {
            let name = rename(&tensor.name).map_err(|error| error.at(path))?;
            if !seen.insert(name.clone()) {
                continue;
            }
            if !self.of.contains_key(&name) {
                self.order.push(name.clone());
            }
            self.of.entry(name).or_default().push(tensor);
        }
        Ok(())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    /// The shape of the first part of a tensor.
    pub(super) fn shape(&self, name: &str) -> Option<&[u64]> {
        Some(&self.of.get(name)?.first()?.shape)
    }

    /// The tensors, each joined as `cut` says of its name and parts; one whose parts do not fit carries its own error.
    pub(super) fn join(
        self,
        ranks: usize,
        cut: &dyn Fn(&Self, &str) -> Result<Cut>,
    ) -> Vec<Tensor> {
        let one = |name: &String| {
            let parts = self.of.get(name).map_or(&[][..], Vec::as_slice);
            let joined = if let ([only], 1) = (parts, ranks) {
                Ok(only.clone())
            } else {
                cut(&self, name).and_then(|cut| join(parts, cut, ranks))
            };
            joined.map_or_else(
                |error| {
                    let first = parts.first();
                    let label = first.map_or_else(String::new, |one| one.dtype_name().to_owned());
                    let shape = first.map_or_else(Vec::new, |one| one.shape.clone());
                    let bytes = parts.iter().map(|part| part.bytes).sum();
                    Tensor::broken(name.clone(), &label, shape, bytes, error.tensor(name))
                },
                |tensor| Tensor {
                    name: name.clone(),
                    ..tensor
                },
            )
        };
        self.order.iter().map(one).collect()
    }
}

/// What is said of a tensor whose name no table knows.
pub(super) fn unknown(expected: &str) -> Error {
    Error::new(
        Code::ShardOnly,
        "it is not known how the parts of this tensor belong together",
    )
    .expected(expected)
    .hint("join the parts with the program that wrote them and compare what it saves")
}

fn join(parts: &[Tensor], cut: Cut, ranks: usize) -> Result<Tensor> {
    if parts.len() != ranks {
        return Err(
            Error::new(Code::MissingShard, "some ranks have no part of the tensor")
                .expected(counted(ranks, "part"))
                .found(parts.len())
                .hint("parts of different models lie together, or a file was cut off"),
        );
    }
    match cut {
        Cut::Along(axis) => Tensor::concat(axis, parts.to_vec()),
        Cut::Not => whole(parts),
        Cut::Halves => halves(parts),
    }
}

pub(super) fn whole(parts: &[Tensor]) -> Result<Tensor> {
    let first = parts
        .first()
        .ok_or_else(|| Error::new(Code::Internal, "no parts"))?;
    match parts.iter().find(|part| part.shape != first.shape) {
        None => Ok(first.clone()),
        Some(other) => Err(Error::new(
            Code::SizeMismatch,
            "ranks disagree about a tensor that each has all of",
        )
        .expected(format!("{:?}", first.shape))
        .found(format!("{:?}", other.shape))),
    }
}

fn halves(parts: &[Tensor]) -> Result<Tensor> {
    let mut halves = [Vec::new(), Vec::new()];
    for part in parts {
        let rows = part.shape.first().copied().unwrap_or(0);
        let mut ranges: Vec<_> = part.shape.iter().map(|&dim| 0..dim).collect();
        for (half, range) in halves.iter_mut().zip([0..rows / 2, rows / 2..rows]) {
            if let Some(first) = ranges.first_mut() {
                *first = range;
            }
            half.push(part.sliced(&ranges)?);
        }
    }
    Tensor::concat(0, halves.concat())
}
