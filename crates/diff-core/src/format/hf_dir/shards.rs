//! Shards and the index that names them, held against each other.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::add_file;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::json::{self, Members, Text};
use crate::format::{OpenOptions, join_inside};
use crate::limits;
use crate::tensor::Layout;

#[derive(Deserialize)]
struct Index<'a> {
    #[serde(default)]
    metadata: Option<IndexMetadata>,
    #[serde(borrow)]
    weight_map: Members<Text<'a>, Text<'a>>,
}

#[derive(Deserialize)]
struct IndexMetadata {
    total_size: Option<f64>,
}

/// What an index says of a tensor.
struct Indexed<'a> {
    file: &'a str,
    /// Whether the shard has it.
    is_found: bool,
}

/// Adds the tensors of every shard that an index names.
pub(super) fn add_shards(
    checkpoint: &mut Checkpoint,
    directory: &Path,
    index_path: &Path,
    options: &OpenOptions,
) -> Result<()> {
    let before = checkpoint.tensors.len();
    let text = json::read_file(index_path)?;
    let index: Index =
        serde_json::from_str(&text).map_err(|e| json::invalid("shard index", &e).at(index_path))?;

    let mut indexed: HashMap<&str, Indexed> = HashMap::with_capacity(index.weight_map.0.len());
    let mut shards: Vec<&str> = Vec::new();
    for (Text(tensor), Text(file)) in &index.weight_map.0 {
        let entry = Indexed {
            file,
            is_found: false,
        };
        if indexed.insert(tensor, entry).is_some() {
            return Err(
                Error::new(Code::DuplicateName, "shard index names a tensor twice")
                    .tensor(tensor)
                    .at(index_path),
            );
        }
        // Neighbours mostly lie in one file.
        if shards.last().is_none_or(|last| *last != file) {
            shards.push(file);
        }
    }
    shards.sort_unstable();
    shards.dedup();
    if shards.len() > limits::SHARDS {
        return Err(
            Error::new(Code::LimitExceeded, "shard index names too many files")
                .expected(format!("at most {}", limits::SHARDS))
                .found(shards.len())
                .at(index_path),
        );
    }
    let paths: Vec<PathBuf> = shards
        .iter()
        .map(|shard| join_inside(directory, shard, index_path))
        .collect::<Result<_>>()?;
    let missing: Vec<&str> = shards
        .iter()
        .zip(&paths)
        .filter(|(_, path)| !path.exists())
        .map(|(shard, _)| *shard)
        .collect();
    if !missing.is_empty() {
        return Err(Error::new(
            Code::MissingShard,
            "shards that the index names are missing",
        )
        .expected(counted(shards.len(), "shard"))
        .found(format!("none called {}", missing.join(", ")))
        .at(index_path)
        .hint("download interrupted? fetch the missing files"));
    }

    let mut file_of: Vec<&str> = Vec::new();
    for (shard, path) in shards.iter().zip(&paths) {
        add_file(checkpoint, path, options)?;
        file_of.resize(checkpoint.tensors.len() - before, shard);
    }
    check_index(checkpoint, before, indexed, &file_of, index_path)?;
    let declared = index.metadata.and_then(|metadata| metadata.total_size);
    let tensors = || checkpoint.tensors.iter().skip(before);
    let actual: u64 = tensors().map(|tensor| tensor.bytes).sum();
    // Some writers count tied tensors, which share their bytes, once.
    let mut seen = HashSet::new();
    let apart: u64 = tensors()
        .filter(|tensor| match tensor.layout {
            Layout::Span(span) => seen.insert((span.source, span.offset)),
            _ => true,
        })
        .map(|tensor| tensor.bytes)
        .sum();
    let is_other = |declared: &f64| *declared != actual as f64 && *declared != apart as f64;
    if let Some(declared) = declared.filter(is_other) {
        checkpoint.findings.push(
            Finding::new(
                "TotalSizeMismatch",
                Severity::Info,
                format!("the index says {declared} bytes of tensors, the shards hold {actual}"),
            )
            .at(index_path),
        );
    }
    Ok(())
}

/// Holds the index against what the shards really contain.
fn check_index(
    checkpoint: &mut Checkpoint,
    before: usize,
    mut indexed: HashMap<&str, Indexed>,
    file_of: &[&str],
    index_path: &Path,
) -> Result<()> {
    let mut unindexed: HashMap<&str, &str> = HashMap::new();
    let mut first_unindexed = None;
    for (tensor, file) in checkpoint.tensors.iter().skip(before).zip(file_of) {
        let entry = indexed.get_mut(tensor.name.as_str());
        let other = match &entry {
            Some(entry) => entry.is_found.then_some(entry.file),
            None => unindexed.insert(&tensor.name, file),
        };
        if let Some(other) = other {
            return Err(
                Error::new(Code::DuplicateName, "two shards hold a tensor of one name")
                    .found(format!("{other} and {file}"))
                    .tensor(&tensor.name)
                    .at(index_path)
                    .hint("it is not defined which one counts; save the checkpoint again"),
            );
        }
        match entry {
            Some(entry) if entry.file == *file => entry.is_found = true,
            Some(entry) => {
                return Err(Error::new(
                    Code::MissingRecord,
                    "tensor lies in another shard than the index says",
                )
                .expected(entry.file)
                .found(file)
                .tensor(&tensor.name)
                .at(index_path));
            }
            None => first_unindexed = first_unindexed.or(Some(&tensor.name)),
        }
    }
    let missing = indexed.iter().filter(|(_, entry)| !entry.is_found);
    if let Some((tensor, Indexed { file, .. })) = missing.min_by_key(|(tensor, _)| **tensor) {
        return Err(Error::new(
            Code::MissingRecord,
            "tensor that the index names is in no shard",
        )
        .expected(format!("it in {file}"))
        .tensor(tensor)
        .at(index_path)
        .hint("the save was not complete; fetch or save the checkpoint again"));
    }
    if let Some(first) = first_unindexed {
        checkpoint.findings.push(
            Finding::new(
                "UnindexedTensor",
                Severity::Warning,
                format!(
                    "in the shards but not in the index: {}, the first is {first:?}; compared all the same",
                    counted(unindexed.len(), "tensor"),
                ),
            )
            .at(index_path),
        );
    }
    Ok(())
}
