//! Hugging Face directories as they really are: weights or an index and its shards, variants, pipelines,
//! sentence-transformers, runs with several checkpoints, and the files around them.

mod companions;
mod config;
mod foreign;
mod listing;
mod parts;
mod shards;
mod ties;
mod weights;

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use self::listing::Listing;
use self::parts::Part;
use self::weights::{Kind, Weights};
use super::{OpenOptions, hub, join_inside, open_source};
use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::source::FileSource;

/// Whether this reader would find weights in a directory.
pub(super) fn has_weights(directory: &Path) -> bool {
    Listing::of(directory).is_ok_and(|listing| {
        let own = weights::choose(&listing, None);
        !matches!(own, Ok(None)) || listing.has("model_index.json") || listing.has("modules.json")
    })
}

fn empty(path: &Path) -> Checkpoint {
    Checkpoint {
        path: path.to_path_buf(),
        format: Format::HuggingFace,
        tensors: Vec::new(),
        sources: Vec::new(),
        metadata: Vec::new(),
        config: None,
        configs: Vec::new(),
        findings: Vec::new(),
        left_out: Vec::new(),
    }
}

pub(super) fn open(directory: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let mut checkpoint = empty(directory);
    let directory = hub::snapshot_of(directory)?;
    let listing = Listing::of(&directory)?;
    let variant = options.variant.as_deref();
    if listing.has("model_index.json") {
        add_parts(
            &mut checkpoint,
            &listing,
            parts::of_pipeline(&listing)?,
            options,
        )?;
    } else if listing.has("modules.json") {
        add_parts(
            &mut checkpoint,
            &listing,
            parts::of_sentence_transformers(&listing)?,
            options,
        )?;
    } else if let Some(name) = explicit_weights(&listing)? {
        let kind = if Path::new(&name).extension().is_some_and(|e| e == "json") {
            Kind::Index
        } else {
            Kind::Single
        };
        let path = join_inside(&directory, &name, &listing.path(config::MAIN))?;
        add_weights(&mut checkpoint, &directory, &path, kind, options)?;
    } else if let Some(chosen) = weights::choose(&listing, variant)? {
        add_chosen(&mut checkpoint, &listing, &chosen, options)?;
    } else {
        return open_unusual(&listing, options);
    }
    config::read(&mut checkpoint, &directory, None);
    companions::add(&mut checkpoint, &listing, options)?;
    finish(&mut checkpoint, &directory);
    Ok(checkpoint)
}

/// Names tensors that stand for others too.
pub(super) fn note_ties(checkpoint: &mut Checkpoint) {
    ties::note(checkpoint);
}

/// A shard index that was given by itself.
pub(super) fn open_index(index: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let directory = match index.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut checkpoint = empty(index);
    shards::add_shards(&mut checkpoint, directory, index, options)?;
    config::read(&mut checkpoint, directory, None);
    finish(&mut checkpoint, directory);
    Ok(checkpoint)
}

fn finish(checkpoint: &mut Checkpoint, directory: &Path) {
    ties::note(checkpoint);
    hub::note_links(checkpoint, directory);
}

/// A directory without weights under the usual names.
fn open_unusual(listing: &Listing, options: &OpenOptions) -> Result<Checkpoint> {
    let directory = &listing.directory;
    if let Some(variant) = &options.variant {
        return Err(nothing_to_load(listing, Some(variant)));
    }
    if let Some(error) = foreign::explain(listing) {
        return Err(error);
    }
    let checkpoints = parts::checkpoints(listing);
    match checkpoints.as_slice() {
        [] => {}
        [only] => {
            let mut checkpoint = open(&directory.join(only), options)?;
            checkpoint.findings.push(
                Finding::new(
                    "CheckpointChosen",
                    Severity::Info,
                    format!("the only checkpoint of the folder is {only}"),
                )
                .at(directory),
            );
            return Ok(checkpoint);
        }
        _ => {
            return Err(parts::ambiguous(
                directory,
                "checkpoints of one training run",
                &checkpoints,
            ));
        }
    }
    let mut checkpoint = empty(directory);
    let loose = weights::loose_shards(listing)?;
    if loose.is_empty() {
        let single = single_file(listing)?;
        add_file(&mut checkpoint, &listing.path(single), options)?;
    } else {
        for shard in &loose {
            add_file(&mut checkpoint, &listing.path(shard), options)?;
        }
        refuse_duplicates(&checkpoint, directory)?;
        checkpoint.findings.push(
            Finding::new(
                "IndexMissing",
                Severity::Warning,
                format!("{} shards without an index, read all of them", loose.len()),
            )
            .at(directory),
        );
    }
    config::read(&mut checkpoint, directory, None);
    companions::add(&mut checkpoint, listing, options)?;
    finish(&mut checkpoint, directory);
    Ok(checkpoint)
}

/// The only file of a directory that could be weights.
fn single_file(listing: &Listing) -> Result<&str> {
    let candidates: Vec<&str> = listing
        .files
        .iter()
        .map(String::as_str)
        .filter(|name| {
            let extension = Path::new(name).extension().and_then(|e| e.to_str());
            matches!(
                extension,
                Some("safetensors" | "bin" | "pt" | "pth" | "ckpt" | "npz" | "npy")
            ) && !companions::is_state(name)
                && !companions::is_other(name)
        })
        .collect();
    match candidates.as_slice() {
        [] => Err(nothing_to_load(listing, None)),
        [only] => Ok(only),
        _ => Err(parts::ambiguous(
            &listing.directory,
            "files that could be weights",
            &candidates,
        )),
    }
}

fn nothing_to_load(listing: &Listing, variant: Option<&str>) -> Error {
    let error = Error::new(Code::NoTensors, "no weights in the directory")
        .expected(weights::expected(variant))
        .found(listing.in_words())
        .at(&listing.directory);
    let variants = weights::variants(listing);
    if variant.is_some() && !variants.is_empty() {
        return error.hint(format!("there are these variants: {}", variants.join(", ")));
    }
    if let Some(first) = listing.broken.first() {
        return error.hint(format!(
            "{first} is a link to a file that is not there; fetch it again"
        ));
    }
    error.hint("give the directory that holds the weights, or the weights file itself")
}

#[derive(Deserialize)]
struct Explicit {
    transformers_weights: Option<String>,
}

/// The weights file that `config.json` names.
fn explicit_weights(listing: &Listing) -> Result<Option<String>> {
    if !listing.has(config::MAIN) {
        return Ok(None);
    }
    let path = listing.path(config::MAIN);
    let Ok(text) = super::json::read_file(&path) else {
        return Ok(None); // a finding later
    };
    let named = serde_json::from_str::<Explicit>(&text).ok();
    let Some(name) = named.and_then(|named| named.transformers_weights) else {
        return Ok(None);
    };
    join_inside(&listing.directory, &name, &path)?;
    Ok(Some(name))
}

/// Adds every part that has weights, with its prefix.
fn add_parts(
    checkpoint: &mut Checkpoint,
    whole: &Listing,
    parts: Vec<Part>,
    options: &OpenOptions,
) -> Result<()> {
    let mut missing = Vec::new();
    let mut has_variant = false;
    for Part {
        folder,
        prefix,
        directory,
    } in parts
    {
        let listing = Listing::of(&directory)?;
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
            add_chosen(checkpoint, &listing, &chosen, options)?;
        }
        for tensor in checkpoint.tensors.iter_mut().skip(before) {
            tensor.name.insert_str(0, &prefix);
        }
        if !folder.is_empty() {
            config::read(checkpoint, &directory, Some(&folder));
        }
    }
    if let Some(variant) = options.variant.as_deref().filter(|_| !has_variant) {
        return Err(nothing_to_load(whole, Some(variant)));
    }
    if checkpoint.tensors.is_empty() {
        return Err(nothing_to_load(whole, None));
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
    Ok(())
}

fn add_chosen(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    chosen: &Weights,
    options: &OpenOptions,
) -> Result<()> {
    add_weights(
        checkpoint,
        &listing.directory,
        &listing.path(&chosen.file),
        chosen.kind,
        options,
    )?;
    if let Some(variant) = &chosen.variant {
        checkpoint.findings.push(
            Finding::new(
                "VariantChosen",
                Severity::Info,
                format!("the only weights are those of the variant {variant}"),
            )
            .at(&listing.directory),
        );
    }
    let mut others: Vec<&str> = chosen.others.iter().map(String::as_str).collect();
    if listing.has_folder("original") {
        others.push("original/");
    }
    if !others.is_empty() {
        checkpoint.findings.push(
            Finding::new(
                "DuplicateWeights",
                Severity::Info,
                format!(
                    "{} is read; these hold weights too and are left out: {}",
                    chosen.file,
                    others.join(", ")
                ),
            )
            .at(&listing.directory),
        );
    }
    Ok(())
}

fn add_weights(
    checkpoint: &mut Checkpoint,
    directory: &Path,
    path: &Path,
    kind: Kind,
    options: &OpenOptions,
) -> Result<()> {
    match kind {
        Kind::Single => add_file(checkpoint, path, options),
        Kind::Index => shards::add_shards(checkpoint, directory, path, options),
    }
}

/// Adds all tensors of one file.
fn add_file(checkpoint: &mut Checkpoint, path: &Path, options: &OpenOptions) -> Result<()> {
    let source = Arc::new(FileSource::open(path)?);
    let (_, opened) = open_source(&source, checkpoint.sources.len() as u32, options)?;
    checkpoint.sources.push(source);
    checkpoint.sources.extend(opened.sources);
    checkpoint.tensors.extend(opened.tensors);
    for member in opened.metadata {
        if !checkpoint.metadata.contains(&member) {
            checkpoint.metadata.push(member);
        }
    }
    checkpoint.findings.extend(opened.findings);
    Ok(())
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
