//! `consolidated.NN.pth` of Meta's Llama: each process has some rows or columns of every matrix.
//!
//! The axes are those of the parallel layers in llama/model.py (meta-llama/llama 1 and 2, llama3) on fairscale: `ColumnParallelLinear`
//! divides the rows of its weight, `RowParallelLinear` the columns; `ParallelEmbedding` the columns, `VocabParallelEmbedding` the rows.

use std::collections::{HashMap, HashSet};

use super::super::add;
use super::super::listing::Listing;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::OpenOptions;
use crate::tensor::Tensor;

/// How parts of a tensor belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Along(usize),
    /// Every rank has all of it.
    Not,
    /// By rows or by columns, as their number tells.
    Embedding,
}

/// By the end of the name.
const CUTS: &[(&str, Cut)] = &[
    (".attention.wq.weight", Cut::Along(0)),
    (".attention.wk.weight", Cut::Along(0)),
    (".attention.wv.weight", Cut::Along(0)),
    (".attention.wo.weight", Cut::Along(1)),
    (".feed_forward.w1.weight", Cut::Along(0)),
    (".feed_forward.w2.weight", Cut::Along(1)),
    (".feed_forward.w3.weight", Cut::Along(0)),
    (".attention_norm.weight", Cut::Not),
    (".ffn_norm.weight", Cut::Not),
    (".inner_attention.rope.freqs", Cut::Not),
];

fn cut_of(name: &str) -> Option<Cut> {
    match name {
        "output.weight" => Some(Cut::Along(0)),
        "norm.weight" | "rope.freqs" => Some(Cut::Not),
        "tok_embeddings.weight" => Some(Cut::Embedding),
        _ if name.starts_with("layers.") => {
            let found = CUTS.iter().find(|(end, _)| name.ends_with(end));
            found.map(|(_, cut)| *cut)
        }
        _ => None,
    }
}

/// The parts, in the order of their ranks.
fn files(listing: &Listing) -> Vec<(u64, &String)> {
    let number = |name: &str| {
        let number = name.strip_prefix("consolidated.")?.strip_suffix(".pth")?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| number.parse().ok())?
    };
    let names = listing.files.iter();
    let mut found: Vec<_> = names
        .filter_map(|name| Some((number(name)?, name)))
        .collect();
    found.sort_unstable();
    found
}

pub(super) fn is_it(listing: &Listing) -> bool {
    files(listing).len() > 1
}

/// # Errors
/// `MissingShard` naming parts that are not there; whatever is wrong with one of them. A tensor that the table does not know, or whose
/// parts do not fit, carries its own error.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    let files = files(listing);
    let lost: Vec<String> = (0..)
        .zip(&files)
        .find(|(expected, (number, _))| number != expected)
        .map(|(expected, _)| format!("consolidated.{expected:02}.pth"))
        .into_iter()
        .collect();
    if !lost.is_empty() {
        return Err(
            Error::new(Code::MissingShard, "parts of a model are missing")
                .expected("one for each rank, from consolidated.00.pth on")
                .found(format!("none called {}", lost.join(", ")))
                .at(&listing.directory)
                .hint("fetch the missing files"),
        );
    }
    let count = files.len();
    let mut order: Vec<String> = Vec::new();
    let mut parts: HashMap<String, Vec<Tensor>> = HashMap::new();
    for (_, name) in files {
        let before = checkpoint.tensors.len();
        add::file(checkpoint, &listing.path(name), options)?;
        let mut seen = HashSet::new();
        for tensor in checkpoint.tensors.split_off(before) {
            if !seen.insert(tensor.name.clone()) {
                continue;
            }
            if !parts.contains_key(&tensor.name) {
                order.push(tensor.name.clone());
            }
            parts.entry(tensor.name.clone()).or_default().push(tensor);
        }
    }
    // The model's width, which every norm has.
    let width = parts
        .get("norm.weight")
        .and_then(|of| of.first()?.shape.first().copied());
    for name in order {
        let of = parts.remove(&name).unwrap_or_default();
        let (label, shape) = of.first().map_or_else(Default::default, |first| {
            (first.dtype_name().to_owned(), first.shape.clone())
        });
        let bytes = of.iter().map(|part| part.bytes).sum();
        let tensor = join(&name, of, count, width).unwrap_or_else(|error| {
            Tensor::broken(name.clone(), &label, shape, bytes, error.tensor(&name))
        });
        checkpoint.tensors.push(tensor);
    }
    let message = format!(
        "tensors joined from {} of Meta's Llama, by the names of its layers, read in place",
        counted(count, "part")
    );
    let finding = Finding::new("DistributedJoined", Severity::Info, message);
    checkpoint.findings.push(finding.at(&listing.directory));
    Ok(())
}

fn join(name: &str, parts: Vec<Tensor>, count: usize, width: Option<u64>) -> Result<Tensor> {
    if parts.len() != count {
        return Err(
            Error::new(Code::MissingShard, "some ranks have no part of the tensor")
                .expected(counted(count, "part"))
                .found(parts.len())
                .hint("parts of different models lie together, or a file was cut off"),
        );
    }
    let cut = cut_of(name).ok_or_else(|| {
        Error::new(
            Code::ShardOnly,
            "it is not known how the parts of this tensor belong together",
        )
        .expected("a name of Meta's Llama 1, 2 or 3")
        .hint("join the parts with the program that wrote them and compare what it saves")
    })?;
    let axis = match cut {
        Cut::Along(axis) => axis,
        Cut::Not => {
            let mut parts = parts.into_iter();
            let first = parts
                .next()
                .ok_or_else(|| Error::new(Code::Internal, "no parts"))?;
            if let Some(other) = parts.find(|part| part.shape != first.shape) {
                return Err(Error::new(
                    Code::SizeMismatch,
                    "ranks disagree about a tensor that each has all of",
                )
                .expected(format!("{:?}", first.shape))
                .found(format!("{:?}", other.shape)));
            }
            return Ok(first);
        }
        Cut::Embedding => {
            let columns = parts.first().and_then(|part| part.shape.get(1).copied());
            match (columns, width) {
                (Some(columns), Some(width)) if columns == width => 0,
                (Some(columns), Some(width))
                    if columns.checked_mul(count as u64) == Some(width) =>
                {
                    1
                }
                _ => {
                    return Err(Error::new(
                        Code::SizeMismatch,
                        "embedding fits neither rows nor columns of the model's width",
                    )
                    .expected(format!(
                        "{width:?} columns, or one of {count} parts of them"
                    ))
                    .found(format!("{columns:?}"))
                    .hint("a part of the model is missing"));
                }
            }
        }
    };
    Tensor::concat(axis, parts)
}
