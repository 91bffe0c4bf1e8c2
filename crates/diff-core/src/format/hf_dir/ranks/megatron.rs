//! The torch format of Megatron-LM: `mp_rank_TT[_PPP]/model_optim_rng.pt`, tensor-parallel rank by pipeline stage.
//!
//! The axes are those of `ColumnParallelLinear` (rows of its weight), `RowParallelLinear` (columns) and `VocabParallelEmbedding` (rows) in
//! `megatron/core/tensor_parallel/layers.py`, by the names that `megatron/core/models/gpt` and `megatron/legacy/model/transformer.py` give them.
//! The rows of a gated MLP are the gates of a rank, then its other half. Layers are numbered from 0 in each stage.

use std::collections::HashMap;
use std::path::PathBuf;

use super::super::listing::Listing;
use super::cut::{Cut, Parts, unknown};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::OpenOptions;
use crate::tensor::Tensor;

const FILE: &str = "model_optim_rng.pt";

/// By the end of the name: of megatron/core, then of the models before it.
const CUTS: &[(&str, Cut)] = &[
    (".word_embeddings.weight", Cut::Along(0)),
    (".position_embeddings.weight", Cut::Not),
    ("output_layer.weight", Cut::Along(0)),
    (".linear_qkv.weight", Cut::Along(0)),
    (".linear_qkv.bias", Cut::Along(0)),
    (".linear_q.weight", Cut::Along(0)),
    (".linear_q.bias", Cut::Along(0)),
    (".linear_kv.weight", Cut::Along(0)),
    (".linear_kv.bias", Cut::Along(0)),
    (".linear_proj.weight", Cut::Along(1)),
    (".linear_proj.bias", Cut::Not),
    (".linear_fc2.weight", Cut::Along(1)),
    (".linear_fc2.bias", Cut::Not),
    (".router.weight", Cut::Not),
    (".router.expert_bias", Cut::Not),
    (".query_key_value.weight", Cut::Along(0)),
    (".query_key_value.bias", Cut::Along(0)),
    (".query.weight", Cut::Along(0)),
    (".query.bias", Cut::Along(0)),
    (".key_value.weight", Cut::Along(0)),
    (".key_value.bias", Cut::Along(0)),
    (".dense.weight", Cut::Along(1)),
    (".dense.bias", Cut::Not),
    (".dense_4h_to_h.weight", Cut::Along(1)),
    (".dense_4h_to_h.bias", Cut::Not),
];

/// The first layer of an MLP, and the second, whose width tells whether the first one is gated.
const MLPS: &[(&str, &str)] = &[
    ("linear_fc1", "linear_fc2"),
    ("dense_h_to_4h", "dense_4h_to_h"),
];

/// Norms of layers and heads, also inside of a fused linear layer.
const NORMS: &[&str] = &[
    "norm.weight",
    "norm.bias",
    ".layer_norm_weight",
    ".layer_norm_bias",
];

const EXPECTED: &str = "a name of a GPT model of Megatron-LM";

/// Tensor-parallel rank and pipeline stage of a folder's name.
fn ranks(folder: &str) -> Option<(usize, usize)> {
    let numbers = folder.strip_prefix("mp_rank_")?;
    let (rank, stage) = numbers.split_once('_').unwrap_or((numbers, "0"));
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 4;
        is_number.then(|| text.parse().ok())?
    };
    Some((number(rank)?, number(stage)?))
}

/// The folders of all ranks, by stage and rank.
fn folders(listing: &Listing) -> Vec<((usize, usize), &String)> {
    let names = listing.folders.iter();
    let mut found: Vec<_> = names
        .filter_map(|name| {
            let (rank, stage) = ranks(name)?;
            Some(((stage, rank), name))
        })
        .collect();
    found.sort_unstable();
    found
}

pub(super) fn is_it(listing: &Listing) -> bool {
    let folders = folders(listing);
    let has_file = |name: &String| listing.path(name).join(FILE).is_file();
    folders.iter().any(|(_, name)| has_file(name))
}

/// # Errors
/// `MissingShard` naming ranks that are not there; `UnsupportedFormat` for experts or interleaved stages that were divided too; whatever is
/// wrong with a file. A tensor that the table does not know, or whose parts do not fit, carries its own error.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    let folders = folders(listing);
    let (stages, ranks) = check_complete(listing, &folders)?;
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut first_layer = 0;
    let mut stage_of: HashMap<String, usize> = HashMap::new();
    for stage in 0..stages {
        let mut parts = Parts::default();
        for (_, folder) in folders.iter().filter(|((of, _), _)| *of == stage) {
            let path = listing.path(folder).join(FILE);
            parts.read(checkpoint, &path, options, &|name| {
                renumbered(name, first_layer)
            })?;
        }
        if let Some(name) = parts.names().find(|name| stage_of.contains_key(*name)) {
            return Err(divided("experts")
                .found(format!("{name} in several"))
                .at(&listing.directory));
        }
        stage_of.extend(parts.names().map(|name| (name.to_owned(), stage)));
        let behind = parts
            .names()
            .filter_map(layer)
            .map(|(_, number)| number + 1);
        first_layer = behind.max().unwrap_or(first_layer).max(first_layer);
        tensors.extend(parts.join(ranks, &cut_of));
    }
    checkpoint.tensors.extend(tensors);
    if folders.len() == 1 {
        return Ok(());
    }
    let of_stages = if stages > 1 {
        format!(" in {stages} stages, whose layers are numbered on")
    } else {
        String::new()
    };
    let message = format!(
        "tensors joined from the {} of Megatron-LM{of_stages}, by the names of its layers, read in place",
        counted(folders.len(), "part")
    );
    let finding = Finding::new("DistributedJoined", Severity::Info, message);
    checkpoint.findings.push(finding.at(&listing.directory));
    Ok(())
}

/// How many stages and ranks there are, where all are there.
fn check_complete(
    listing: &Listing,
    folders: &[((usize, usize), &String)],
) -> Result<(usize, usize)> {
    let most = |of: fn(&(usize, usize)) -> usize| {
        let numbers = folders.iter().map(|(place, _)| of(place));
        numbers.max().unwrap_or(0) + 1
    };
    let (stages, ranks) = (most(|place| place.0), most(|place| place.1));
    let path = |(stage, rank): (usize, usize)| -> PathBuf {
        let name = match folders.first() {
            Some((_, first)) if first.matches('_').count() > 2 => {
                format!("mp_rank_{rank:02}_{stage:03}")
            }
            _ => format!("mp_rank_{rank:02}"),
        };
        let known = folders.iter().find(|(place, _)| *place == (stage, rank));
        let name = known.map_or(name, |(_, folder)| (*folder).clone());
        listing.path(&name).join(FILE)
    };
    let all = (0..stages).flat_map(|stage| (0..ranks).map(move |rank| (stage, rank)));
    let lost: Vec<String> = all
        .map(path)
        .filter(|path| !path.is_file())
        .filter_map(|path| {
            let below = path.strip_prefix(&listing.directory).ok()?;
            Some(below.to_string_lossy().into_owned())
        })
        .take(5)
        .collect();
    if lost.is_empty() {
        return Ok((stages, ranks));
    }
    Err(
        Error::new(Code::MissingShard, "parts of a model are missing")
            .expected(format!(
                "{} of {}",
                counted(ranks, "tensor-parallel rank"),
                counted(stages, "pipeline stage")
            ))
            .found(format!("none called {}", lost.join(", ")))
            .at(&listing.directory)
            .hint("fetch the missing files"),
    )
}

fn divided(what: &str) -> Error {
    Error::new(
        Code::UnsupportedFormat,
        format!("{what} of Megatron-LM that were divided too, which this version does not join"),
    )
    .hint("convert it first with Megatron's tools/checkpoint/convert.py to the Hugging Face format")
}

/// Where the number of a layer begins in a name, and the number.
fn layer(name: &str) -> Option<(usize, usize)> {
    let at = if name.starts_with("layers.") {
        "layers.".len()
    } else {
        name.find(".layers.")? + ".layers.".len()
    };
    let (number, _) = name.get(at..)?.split_once('.')?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit()) && number.len() <= 6;
    Some((at, is_number.then(|| number.parse().ok())??))
}

/// The name that a tensor of a later stage has in the whole model.
fn renumbered(name: &str, first: usize) -> Result<String> {
    let chunk = name
        .strip_prefix("model")
        .and_then(|rest| rest.split_once('.'));
    if chunk.is_some_and(|(number, _)| number.parse::<u32>().is_ok()) {
        return Err(divided("stages").found(name.to_owned()));
    }
    let Some((at, number)) = layer(name) else {
        return Ok(name.to_owned());
    };
    let (before, rest) = name.split_at(at);
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    Ok(format!("{before}{}{behind}", first + number))
}

fn cut_of(parts: &Parts, name: &str) -> Result<Cut> {
    if NORMS.iter().any(|end| name.ends_with(end)) || name.ends_with("._extra_state") {
        return Ok(Cut::Not);
    }
    for (first, second) in MLPS {
        let (weight, bias) = (format!(".{first}.weight"), format!(".{first}.bias"));
        if name.ends_with(&weight) || name.ends_with(&bias) {
            let second = name.replace(&bias, &weight).replace(first, second);
            return gate(parts, name, &second);
        }
    }
    let found = CUTS.iter().find(|(end, _)| name.ends_with(end));
    found.map(|(_, cut)| *cut).ok_or_else(|| unknown(EXPECTED))
}

/// The rows of a gated layer are twice as many as the next one has columns.
fn gate(parts: &Parts, name: &str, second: &str) -> Result<Cut> {
    let rows = parts.shape(name).and_then(|shape| shape.first().copied());
    let columns = parts.shape(second).and_then(|shape| shape.get(1).copied());
    match (rows, columns) {
        (Some(rows), Some(columns)) if rows == columns => Ok(Cut::Along(0)),
        (Some(rows), Some(columns)) if Some(rows) == columns.checked_mul(2) => Ok(Cut::Halves),
        _ => Err(
            unknown("as many rows as the next layer has columns, or twice as many")
                .found(format!("{rows:?} rows, {columns:?} columns")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_of_later_stages_are_numbered_on() {
        let named = |name: &str| renumbered(name, 12).map_err(|error| error.code());
        assert_eq!(
            named("decoder.layers.3.mlp.linear_fc1.weight"),
            Ok("decoder.layers.15.mlp.linear_fc1.weight".into())
        );
        assert_eq!(named("layers.0.x"), Ok("layers.12.x".into()));
        assert_eq!(
            named("decoder.final_layernorm.weight"),
            Ok("decoder.final_layernorm.weight".into())
        );
        assert_eq!(
            named("decoder.layers.weight"),
            Ok("decoder.layers.weight".into())
        );
        assert_eq!(
            named("model1.decoder.layers.0.x"),
            Err(Code::UnsupportedFormat)
        );
        assert_eq!(ranks("mp_rank_03_001"), Some((3, 1)));
        assert_eq!(ranks("mp_rank_0x"), None);
        assert_eq!(ranks("mp_rank_99999999999999999999"), None);
    }
}
