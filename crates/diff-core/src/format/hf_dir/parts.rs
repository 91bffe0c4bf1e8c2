//! Directories of several models: pipelines of diffusers, sentence-transformers, checkpoints of a training run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::listing::Listing;
use crate::error::{Code, Error, Result};
use crate::format::{join_inside, json};
use crate::source::Files;

/// One model in a directory of several.
#[derive(Debug)]
pub(super) struct Part {
    /// Its folder's name; empty for the directory itself.
    pub(super) folder: String,
    /// What its tensors' names begin with.
    pub(super) prefix: String,
    pub(super) directory: PathBuf,
}

/// Components of a diffusers pipeline, in the order of their names: keys whose value is a library and a class.
///
/// # Errors
/// `InvalidHeader`, `PathEscape`.
pub(super) fn of_pipeline(listing: &Listing) -> Result<Vec<Part>> {
    let path = listing.path("model_index.json");
    let text = json::read_python_file(&path, &listing.place)?;
    let index: HashMap<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|e| json::invalid("model_index.json", &e).at(&path))?;
    let mut names: Vec<&String> = index
        .iter()
        .filter(|(name, value)| {
            let class = value.as_array();
            !name.starts_with('_')
                && class.is_some_and(|class| {
                    class.len() == 2 && class.iter().all(serde_json::Value::is_string)
                })
        })
        .map(|(name, _)| name)
        .collect();
    names.sort_unstable();
    let mut parts = Vec::new();
    for name in names {
        let directory = join_inside(&listing.directory, name, &path)?;
        if listing.place.is_folder(&directory) {
            parts.push(Part {
                folder: name.clone(),
                prefix: format!("{name}."),
                directory,
            });
        }
    }
    Ok(parts)
}

#[derive(Deserialize)]
struct Module {
    path: String,
}

/// What a Router of sentence-transformers says of the modules in its folder; older ones are called Asym.
#[derive(Deserialize)]
struct Router {
    types: HashMap<String, String>,
    structure: HashMap<String, Vec<String>>,
}

/// Modules of a sentence-transformers model. The first one is the language model itself, under its own names; those of a
/// Router have the names that its configuration gives them.
///
/// # Errors
/// `InvalidHeader`, `PathEscape`.
pub(super) fn of_sentence_transformers(listing: &Listing) -> Result<Vec<Part>> {
    let path = listing.path("modules.json");
    let text = json::read_file(&path, &listing.place)?;
    let modules: Vec<Module> =
        serde_json::from_str(&text).map_err(|e| json::invalid("modules.json", &e).at(&path))?;
    let mut parts = Vec::new();
    for (number, module) in modules.into_iter().enumerate() {
        let directory = if module.path.is_empty() {
            listing.directory.clone()
        } else {
            join_inside(&listing.directory, &module.path, &path)?
        };
        if !listing.place.is_folder(&directory) {
            continue;
        }
        let prefix = if number == 0 {
            String::new()
        } else {
            format!("{}.", module.path)
        };
        let routes = of_router(&directory, &listing.place)?;
        for (name, directory) in routes {
            parts.push(Part {
                folder: inside(&module.path, &name),
                prefix: format!("{prefix}{name}."),
                directory,
            });
        }
        parts.push(Part {
            folder: module.path,
            prefix,
            directory,
        });
    }
    Ok(parts)
}

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Folders of the modules that a Router in this folder leads to, in the order of their names; none without a Router.
fn of_router(directory: &Path, files: &Files) -> Result<Vec<(String, PathBuf)>> {
    let mut routes = Vec::new();
    for file in ["router_config.json", super::config::MAIN] {
        let path = directory.join(file);
        let Ok(text) = json::read_python_file(&path, files) else {
            continue;
        };
        // Any other configuration has no such members.
        let Ok(Router { types, structure }) = serde_json::from_str(&text) else {
            continue;
        };
        let mut names: Vec<String> = types
            .into_keys()
            .chain(structure.into_values().flatten())
            .collect();
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().take(crate::limits::SHARDS) {
            let folder = join_inside(directory, &name, &path)?;
            if files.is_folder(&folder) {
                routes.push((name, folder));
            }
        }
        break;
    }
    Ok(routes)
}

/// The number of a folder that a trainer saved into: `checkpoint-500`, `checkpoint_3`.
pub(super) fn checkpoint_number(folder: &str) -> Option<u64> {
    folder
        .strip_prefix("checkpoint")?
        .strip_prefix(['-', '_'])?
        .parse()
        .ok()
}

/// Folders that a trainer saved into, by their number.
pub(super) fn checkpoints(listing: &Listing) -> Vec<&str> {
    let mut found: Vec<(u64, &str)> = listing
        .folders
        .iter()
        .filter_map(|name| Some((checkpoint_number(name)?, name.as_str())))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The error for a directory with several things to compare.
pub(super) fn ambiguous(directory: &Path, what: &str, choices: &[&str]) -> Error {
    let mut shown: Vec<&str> = choices.iter().copied().take(20).collect();
    let more = format!("and {} more", choices.len().saturating_sub(20));
    if choices.len() > 20 {
        shown.push(&more);
    }
    let last = choices.last().copied().unwrap_or_default();
    Error::new(
        Code::AmbiguousDirectory,
        format!("directory holds several {what}"),
    )
    .expected("one of them")
    .found(shown.join(", "))
    .at(directory)
    .hint(format!(
        "name one of them, as {}",
        directory.join(last).display()
    ))
}
