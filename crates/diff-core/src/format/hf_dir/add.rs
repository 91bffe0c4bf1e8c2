//! Reading the weights of a directory into a checkpoint: single files, shards, and the parts of models of several.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::listing::Listing;
use super::loose::{self, Loose};
use super::parts::Part;
use super::weights::{self, Kind, Weights};
use super::{config, file, nothing_to_load, ranks, shards};
use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::{OpenOptions, gguf, join_inside, json};

#[derive(Deserialize)]
struct Explicit {
    transformers_weights: Option<String>,
}

/// The weights file that `config.json` names.
pub(super) fn explicit_weights(listing: &Listing) -> Result<Option<String>> {
    if !listing.has(config::MAIN) {
        return Ok(None);
    }
    let path = listing.path(config::MAIN);
    let Ok(text) = json::read_python_file(&path, &listing.place) else {
        return Ok(None); // a finding later
    };
    let named = serde_json::from_str::<Explicit>(&text).ok();
    let Some(name) = named.and_then(|named| named.transformers_weights) else {
        return Ok(None);
    };
    join_inside(&listing.directory, &name, &path)?;
    Ok(Some(name))
}

/// Adds every part that has weights, with its prefix. False when none has.
pub(super) fn parts(
    checkpoint: &mut Checkpoint,
    whole: &Listing,
    parts: Vec<Part>,
    options: &OpenOptions,
) -> Result<bool> {
    let mut missing = Vec::new();
    let mut has_variant = false;
    for Part {
        folder,
        prefix,
        directory,
    } in parts
    {
        let listing = Listing::of(&directory, &options.files)?;
        let mut chosen = weights::choose(&listing, options.variant.as_deref())?;
        has_variant |= chosen.is_some();
        // As diffusers: a part without the variant comes as it is.
        if chosen.is_none() && options.variant.is_some() {
            chosen = weights::choose(&listing, None)?;
            if chosen.is_some() {
                missing.push(folder.clone());
            }
        }
        let before = checkpoint.tensors.len();
        if let Some(chosen) = chosen {
            self::chosen(checkpoint, &listing, &chosen, options)?;
        }
        for tensor in checkpoint.tensors.iter_mut().skip(before) {
            tensor.name.insert_str(0, &prefix);
        }
        if !folder.is_empty() {
            config::read(checkpoint, &directory, Some(&folder), &options.files);
        }
    }
    if let Some(variant) = options.variant.as_deref().filter(|_| !has_variant) {
        return Err(nothing_to_load(whole, Some(variant), options));
    }
    if checkpoint.sources.is_empty() {
        return Ok(false);
    }
    if !missing.is_empty() {
        checkpoint.findings.push(
            Finding::new(
                "VariantMissing",
                Severity::Warning,
                format!(
                    "these parts have no such variant and are read as they are: {}",
                    missing.join(", ")
                ),
            )
            .at(&whole.directory),
        );
    }
    Ok(true)
}

pub(super) fn chosen(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    chosen: &Weights,
    options: &OpenOptions,
) -> Result<()> {
    weights(
        checkpoint,
        &listing.directory,
        &listing.path(&chosen.file),
        chosen.kind,
        options,
    )?;
    if let Some(variant) = &chosen.variant {
        note_variant(checkpoint, listing, variant);
    }
    Ok(())
}

fn note_variant(checkpoint: &mut Checkpoint, listing: &Listing, variant: &str) {
    let message = format!("the only weights are those of the variant {variant}");
    let finding = Finding::new("VariantChosen", Severity::Info, message);
    checkpoint.findings.push(finding.at(&listing.directory));
}

pub(super) fn weights(
    checkpoint: &mut Checkpoint,
    directory: &Path,
    path: &Path,
    kind: Kind,
    options: &OpenOptions,
) -> Result<()> {
    match kind {
        Kind::Single => file::add(checkpoint, path, options),
        Kind::Index => shards::add_shards(checkpoint, directory, path, options),
    }
}

fn refuse_duplicates(checkpoint: &Checkpoint, directory: &Path) -> Result<()> {
    let mut names: Vec<&str> = checkpoint
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(
            Error::new(Code::DuplicateName, "two shards hold a tensor of one name")
                .tensor(pair.first().copied().unwrap_or_default())
                .at(directory)
                .hint("it is not defined which one counts; save the checkpoint again"),
        ),
        None => Ok(()),
    }
}

pub(super) fn loose(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    loose: &Loose,
    options: &OpenOptions,
) -> Result<()> {
    let shards = match loose {
        Loose::Single(name) => return file::add(checkpoint, &listing.path(name), options),
        Loose::Shards(shards) => shards,
    };
    let files = shards.complete(listing)?;
    if shards.are_gguf() {
        let paths: Vec<PathBuf> = files.iter().map(|file| listing.path(file)).collect();
        checkpoint.format = Format::Gguf;
        return gguf::open_parts(checkpoint, &paths, options);
    }
    let mut pieces = ranks::Pieces::default();
    for shard in files {
        let before = checkpoint.tensors.len();
        let known = std::mem::take(&mut checkpoint.metadata);
        file::add(checkpoint, &listing.path(shard), options)?;
        let mut metadata = std::mem::replace(&mut checkpoint.metadata, known);
        if shards.has_ranks() {
            let rank = loose::rank(shard).unwrap_or(0);
            pieces.take(rank, checkpoint.tensors.split_off(before), &mut metadata);
        }
        for member in metadata {
            if !checkpoint.metadata.contains(&member) {
                checkpoint.metadata.push(member);
            }
        }
    }
    let others = pieces.others();
    if let (ranks::Others::Missing(lost), Some(first)) = (&others, files.first()) {
        let names: Vec<String> = lost
            .iter()
            .map(|rank| loose::of_rank(first, *rank))
            .collect();
        return Err(Error::new(
            Code::MissingShard,
            "files of a distributed checkpoint are missing: the pieces do not make up the tensors",
        )
        .expected("the file of each rank")
        .found(format!("none called {}, and perhaps of later ranks", names.join(", ")))
        .at(&listing.directory)
        .hint("each rank writes its own file: fetch those that are missing, or save to a folder that all ranks share"));
    }
    let (tensors, joined) = pieces.join();
    checkpoint.tensors.extend(tensors);
    if joined > 0 {
        let unknown = if others == ranks::Others::Unknown {
            "; whether later ranks wrote files too stands in none of them"
        } else {
            ""
        };
        let message = format!(
            "{} joined from {} of torch.distributed.checkpoint, read in place{unknown}",
            counted(joined, "tensor"),
            counted(files.len(), "file"),
        );
        let finding = Finding::new("DistributedJoined", Severity::Info, message);
        checkpoint.findings.push(finding.at(&listing.directory));
    }
    refuse_duplicates(checkpoint, &listing.directory)?;
    let message = format!("{} shards without an index, read all of them", files.len());
    let finding = Finding::new("IndexMissing", Severity::Warning, message);
    checkpoint.findings.push(finding.at(&listing.directory));
    if options.variant.is_none()
        && let Some(variant) = shards.variant()
    {
        note_variant(checkpoint, listing, variant);
    }
    Ok(())
}
