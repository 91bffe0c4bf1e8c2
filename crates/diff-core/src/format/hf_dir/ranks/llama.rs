//! `consolidated.NN.pth` of Meta's Llama: each process has some rows or columns of every matrix.
//!
//! The axes are those of the parallel layers in llama/model.py (meta-llama/llama 1 and 2, llama3) on fairscale: `ColumnParallelLinear`
//! divides the rows of its weight, `RowParallelLinear` the columns; `ParallelEmbedding` the columns, `VocabParallelEmbedding` the rows.

use serde::Deserialize;

use super::super::listing::Listing;
use super::cut::{Cut, Parts, unknown};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::{OpenOptions, json};

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

/// What `params.json` says of the model's width.
#[derive(Deserialize)]
struct Params {
    dim: Option<u64>,
    n_heads: Option<u64>,
    head_dim: Option<u64>,
}

const PARAMS: &str = "params.json";

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

/// Several parts, or the first of several: `params.json` beside a single file tells whether it is.
pub(super) fn is_it(listing: &Listing) -> bool {
    let files = files(listing);
    files.len() > 1 || files.len() == 1 && listing.has(PARAMS)
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
    let mut parts = Parts::default();
    for (_, name) in files {
        let keep = |name: &str| Ok(name.to_owned());
        parts.read(checkpoint, &listing.path(name), options, &keep)?;
    }
    check_count(&parts, count, listing)?;
    let tensors = parts.join(count, &|parts, name| cut_of(parts, name, count));
    checkpoint.tensors.extend(tensors);
    if count == 1 {
        return Ok(());
    }
    let message = format!(
        "tensors joined from {} of Meta's Llama, by the names of its layers, read in place",
        counted(count, "part")
    );
    let finding = Finding::new("DistributedJoined", Severity::Info, message);
    checkpoint.findings.push(finding.at(&listing.directory));
    Ok(())
}

/// The model's width, which every norm has.
fn width(parts: &Parts) -> Option<u64> {
    parts.shape("norm.weight")?.first().copied()
}

/// That the last parts are missing shows where the heads do not add up to the model's width.
fn check_count(parts: &Parts, count: usize, listing: &Listing) -> Result<()> {
    let own = parts.shape("layers.0.attention.wo.weight");
    let own = own.and_then(|shape| shape.get(1).copied());
    let params = || {
        let text = json::read_file(&listing.path(PARAMS), &listing.place).ok()?;
        serde_json::from_str::<Params>(&text).ok()
    };
    let params = params();
    let of_heads = params
        .as_ref()
        .and_then(|params| params.n_heads?.checked_mul(params.head_dim?));
    let all = of_heads
        .or(params.and_then(|params| params.dim))
        .or_else(|| width(parts));
    let (Some(own), Some(all)) = (own.filter(|own| *own > 0), all) else {
        return Ok(());
    };
    if own.checked_mul(count as u64) >= Some(all) {
        return Ok(());
    }
    let wanted = all.div_ceil(own);
    Err(
        Error::new(Code::MissingShard, "parts of a model are missing")
            .expected(format!(
                "{wanted} parts, consolidated.00.pth to consolidated.{:02}.pth: the heads of one have {own} of {all} numbers",
                wanted - 1
            ))
            .found(counted(count, "part"))
            .at(&listing.directory)
            .hint("fetch the missing files"),
    )
}

fn cut_of(parts: &Parts, name: &str, count: usize) -> Result<Cut> {
    match name {
        "output.weight" => Ok(Cut::Along(0)),
        "norm.weight" | "rope.freqs" => Ok(Cut::Not),
        "tok_embeddings.weight" => embedding(parts, name, count),
        _ => {
            let found = CUTS.iter().find(|(end, _)| name.ends_with(end));
            let found = found.filter(|_| name.starts_with("layers."));
            found
                .map(|(_, cut)| *cut)
                .ok_or_else(|| unknown("a name of Meta's Llama 1, 2 or 3"))
        }
    }
}

/// By rows or by columns, as their number tells.
fn embedding(parts: &Parts, name: &str, count: usize) -> Result<Cut> {
    let columns = parts.shape(name).and_then(|shape| shape.get(1).copied());
    let width = width(parts);
    match (columns, width) {
        (Some(columns), Some(width)) if columns == width => Ok(Cut::Along(0)),
        (Some(columns), Some(width)) if columns.checked_mul(count as u64) == Some(width) => {
            Ok(Cut::Along(1))
        }
        _ => Err(Error::new(
            Code::SizeMismatch,
            "embedding fits neither rows nor columns of the model's width",
        )
        .expected(format!(
            "{width:?} columns, or one of {count} parts of them"
        ))
        .found(format!("{columns:?}"))
        .hint("a part of the model is missing")),
    }
}
