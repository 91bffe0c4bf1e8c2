//! Hugging Face directories as they really are: weights or an index and its shards, variants, pipelines,
//! sentence-transformers, runs with several checkpoints, and the files around them. What is not read is named.

mod add;
mod alone;
mod beside;
mod companions;
mod config;
mod content;
mod extras;
mod file;
mod foreign;
mod listing;
mod loose;
mod parts;
mod ranks;
mod shards;
mod states;
mod ties;
mod weights;

use std::path::Path;

use self::beside::Walk;
use self::listing::Listing;
use self::weights::Kind;
use super::{OpenOptions, hub, join_inside};
use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::left_out::LeftOutKind;
use crate::source::Files;

/// Whether this reader would find weights in a directory.
pub(super) fn has_weights(directory: &Path, files: &Files) -> bool {
    Listing::of(directory, files).is_ok_and(|listing| {
        has_own_weights(&listing)
            || !matches!(loose::choose(&listing, &OpenOptions::default()), Ok(None))
    })
}

/// Whether a directory has weights under usual names.
fn has_own_weights(listing: &Listing) -> bool {
    !matches!(weights::choose(listing, None), Ok(None))
        || ranks::reader(listing).is_some()
        || listing.has("model_index.json")
        || listing.has("modules.json")
}

/// Whether a file's name is that of an index of shards, of a variant too.
pub(super) fn is_index(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".json") else {
        return false;
    };
    let without_variant = stem.rsplit_once('.').map_or("", |(before, _)| before);
    [stem, without_variant].iter().any(|stem| {
        stem.rsplit_once('.')
            .is_some_and(|(_, last)| last == "index")
    })
}

fn empty(path: &Path) -> Checkpoint {
    Checkpoint {
        has_folder: true,
        ..Checkpoint::new(path, Format::HuggingFace, Vec::new(), Vec::new())
    }
}

/// Folders in a directory that are looked into for weights.
const FOLDERS: usize = 1000;

/// What is read of a directory.
enum Taken {
    /// Its own weights.
    Moments,
    /// Those of a folder in it.
    Folder(String, Finding),
}

pub(super) fn open(directory: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let mut checkpoint = empty(directory);
    let directory = hub::snapshot_of(directory)?;
    let listing = Listing::of(&directory, &options.files)?;
    match take(&mut checkpoint, &listing, options)? {
        Taken::Moments => {
            config::read(&mut checkpoint, &directory, None, &options.files);
            companions::add(&mut checkpoint, &listing, options)?;
            let walk = Walk {
                root: &directory,
                except: None,
                prefix: "",
            };
            finish(&mut checkpoint, &walk, options);
            note_run(&mut checkpoint, &listing);
            Ok(checkpoint)
        }
        Taken::Folder(folder, finding) => {
            let mut checkpoint = open(&directory.join(&folder), options)?;
            checkpoint.findings.push(finding);
            let walk = Walk {
                root: &directory,
                except: Some(&folder),
                prefix: "../",
            };
            beside::note(&mut checkpoint, &walk, options);
            Ok(checkpoint)
        }
    }
}

/// Names what a file stands for besides itself: tied tensors, and the whole that it is a part of. An adapter's configuration says what its
/// tensors mean, so it is read beside them too.
pub(super) fn note_alone(checkpoint: &mut Checkpoint, files: &Files) {
    config::read_of_adapter(checkpoint, files);
    ties::note(checkpoint);
    alone::note(checkpoint, files);
}

/// A shard index that was given by itself.
pub(super) fn open_index(index: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let directory = match index.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut checkpoint = empty(index);
    shards::add_shards(&mut checkpoint, directory, index, options)?;
    config::read(&mut checkpoint, directory, None, &options.files);
    note_all(&mut checkpoint, directory);
    Ok(checkpoint)
}

fn finish(checkpoint: &mut Checkpoint, walk: &Walk, options: &OpenOptions) {
    note_all(checkpoint, walk.root);
    beside::note(checkpoint, walk, options);
}

fn note_all(checkpoint: &mut Checkpoint, directory: &Path) {
    ties::note(checkpoint);
    hub::note_links(checkpoint, directory);
    // Archives use the same names for what is in them.
    if checkpoint.files().count() > 1 {
        for one in &mut checkpoint.left_out {
            if let (LeftOutKind::Mapping | LeftOutKind::Record, Ok(file)) =
                (one.kind, one.path.strip_prefix(directory))
            {
                let file = file.display().to_string();
                if !one.name.starts_with(&file) {
                    one.name = format!("{file}: {}", one.name);
                }
            }
        }
    }
}

/// Says that the folder of a training run is read as its final weights, not as one of its checkpoints.
fn note_run(checkpoint: &mut Checkpoint, listing: &Listing) {
    let checkpoints = parts::checkpoints(listing);
    if let Some(last) = checkpoints.last() {
        let message = format!(
            "the weights of the folder itself are read; of the {} of its training run, none is ({last} is the last)",
            crate::error::counted(checkpoints.len(), "checkpoint")
        );
        let finding = Finding::new("FinalWeightsChosen", Severity::Info, message);
        checkpoint.findings.push(finding.at(&listing.directory));
    }
}

/// Adds the weights of a directory: those under usual names, else what else is there.
fn take(checkpoint: &mut Checkpoint, listing: &Listing, options: &OpenOptions) -> Result<Taken> {
    let directory = &listing.directory;
    if listing.has("model_index.json") {
        let parts = parts::of_pipeline(listing)?;
        if add::parts(checkpoint, listing, parts, options)? {
            return Ok(Taken::Moments);
        }
    } else if listing.has("modules.json") {
        let parts = parts::of_sentence_transformers(listing)?;
        if add::parts(checkpoint, listing, parts, options)? {
            extras::add(checkpoint, listing, options);
            return Ok(Taken::Moments);
        }
    }
    if let Some(name) = add::explicit_weights(listing)? {
        let kind = if is_index(&name) {
            Kind::Index
        } else {
            Kind::Single
        };
        let path = join_inside(directory, &name, &listing.path(config::MAIN))?;
        add::weights(checkpoint, directory, &path, kind, options)?;
    } else if let Some(chosen) = weights::choose(listing, options.variant.as_deref())? {
        add::chosen(checkpoint, listing, &chosen, options)?;
    } else if let Some(add) = ranks::reader(listing).filter(|_| options.variant.is_none()) {
        add(checkpoint, listing, options)?;
    } else if let Some(loose) = loose::choose(listing, options)? {
        add::loose(checkpoint, listing, &loose, options)?;
    } else {
        return take_folder(listing, options);
    }
    extras::add(checkpoint, listing, options);
    Ok(Taken::Moments)
}

/// A folder of a directory without weights of its own, where only one can be meant.
fn take_folder(listing: &Listing, options: &OpenOptions) -> Result<Taken> {
    let directory = &listing.directory;
    if let Some(variant) = &options.variant {
        return Err(nothing_to_load(listing, Some(variant), options));
    }
    let chosen = |code, folder: &str, what: &str| {
        let message = format!("the only {what} of the folder is {folder}");
        let finding = Finding::new(code, Severity::Info, message).at(directory);
        Ok(Taken::Folder(folder.to_owned(), finding))
    };
    if let Some((latest, file)) = ranks::latest(listing) {
        let message = format!("the checkpoint that the file `{file}` names is {latest}");
        let finding = Finding::new("CheckpointChosen", Severity::Info, message).at(directory);
        return Ok(Taken::Folder(latest, finding));
    }
    match parts::checkpoints(listing).as_slice() {
        [] => {}
        [only] => return chosen("CheckpointChosen", only, "checkpoint"),
        several => {
            let what = "checkpoints of one training run";
            return Err(parts::ambiguous(directory, what, several));
        }
    }
    let folders: Vec<Listing> = listing
        .folders
        .iter()
        .filter(|name| !states::is_state(&format!("{name}/")))
        .take(FOLDERS)
        .filter_map(|name| Listing::of(&directory.join(name), &options.files).ok())
        .collect();
    let with_weights: Vec<String> = folders
        .iter()
        .filter(|inner| has_own_weights(inner))
        .filter_map(|inner| Some(inner.directory.file_name()?.to_str()?.to_owned()))
        .collect();
    match with_weights.as_slice() {
        [] => {}
        [only] => return chosen("FolderChosen", only, "folder with weights"),
        several => {
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            return Err(parts::ambiguous(
                directory,
                "folders with weights",
                &several,
            ));
        }
    }
    let known = ranks::explain(listing)
        .or_else(|| folders.iter().find_map(ranks::explain))
        .or_else(|| foreign::explain(listing));
    if let Some(error) = known {
        return Err(error);
    }
    // Its own error says what is wrong with it.
    if let Some(name) = loose::unreadable(listing) {
        file::add(&mut empty(directory), &listing.path(name), options)?;
    }
    match folders.iter().find_map(foreign::explain) {
        Some(error) => Err(error),
        None => Err(nothing_to_load(listing, None, options)),
    }
}

fn nothing_to_load(listing: &Listing, variant: Option<&str>, options: &OpenOptions) -> Error {
    let error = Error::new(Code::NoTensors, "no weights in the directory")
        .expected(weights::expected(variant))
        .found(listing.in_words())
        .at(&listing.directory);
    let mut variants = weights::variants(listing);
    variants.extend(loose::variants(listing));
    if variant.is_some() && !variants.is_empty() {
        return error.hint(format!("there are these variants: {}", variants.join(", ")));
    }
    if let Some(first) = listing.broken.first() {
        return error.hint(format!(
            "{first} is a link to a file that is not there; fetch it again"
        ));
    }
    let mut folders = listing.folders.iter();
    if let Some(name) = folders.find(|name| content::has_name_of_weights(name)) {
        return error.hint(format!(
            "{name} is a folder, not the weights; give it if they are in it"
        ));
    }
    if let Some(names) = beside::readable_below(&listing.directory, options) {
        return error.hint(format!("name what is meant; these can be read: {names}"));
    }
    error.hint("give the directory that holds the weights, or the weights file itself")
}
