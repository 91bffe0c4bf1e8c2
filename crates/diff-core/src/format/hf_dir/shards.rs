//! Shards and the index that names them, held against each other: what transformers loads of them, and what it passes over.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::file;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::json::{self, Members, Text};
use crate::format::{OpenOptions, join_inside};
use crate::left_out::{LeftOut, LeftOutKind, LeftOutRole};
use crate::limits;
use crate::tensor::{Node, Stored, Tensor};

#[derive(Deserialize)]
struct Index<'a> {
    #[serde(default)]
    metadata: Option<serde_json::Value>,
    #[serde(borrow)]
    weight_map: Members<Text<'a>, Text<'a>>,
}

impl Index<'_> {
    /// Bytes of all tensors; some writers make a text of it.
    fn total_size(&self) -> Option<f64> {
        match self.metadata.as_ref()?.get("total_size")? {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        }
    }
}

/// Adds the tensors of every shard that an index names.
///
/// # Errors
/// `InvalidHeader`, `DuplicateName` for an index that contradicts itself, `MissingShard`, `PathEscape`, `LimitExceeded`, and as opening a file.
pub(super) fn add_shards(
    checkpoint: &mut Checkpoint,
    directory: &Path,
    index_path: &Path,
    options: &OpenOptions,
) -> Result<()> {
    let before = checkpoint.tensors.len();
    let text = json::read_file(index_path, &options.files)?;
    let index: Index =
        serde_json::from_str(&text).map_err(|e| json::invalid("shard index", &e).at(index_path))?;
    let shards = shards_of(&index, directory, index_path)?;
    options
        .files
        .will_open_headers(|| headers_of(&shards, &index));
    let missing: Vec<&str> = shards
        .iter()
        .filter(|(_, path)| !options.files.exists(path))
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
    options
        .observer
        .start(0, (before + index.weight_map.0.len()) as u64);
    let mut file_of: Vec<&str> = Vec::new();
    for (shard, path) in &shards {
        file::add(checkpoint, path, options)?;
        file_of.resize(checkpoint.tensors.len() - before, shard);
    }
    let mut indexed: HashMap<&str, &str> = HashMap::with_capacity(index.weight_map.0.len());
    for (Text(tensor), Text(file)) in &index.weight_map.0 {
        if indexed.insert(tensor, plain(file)).is_some() {
            return Err(
                Error::new(Code::DuplicateName, "shard index names a tensor twice")
                    .tensor(tensor)
                    .at(index_path),
            );
        }
    }
    drop_copies(checkpoint, before, &indexed, &mut file_of, index_path);
    note_total_size(checkpoint, before, &index, index_path);
    note_differences(checkpoint, before, &indexed, &file_of, index_path);
    Ok(())
}

/// A file's name without the `./` that some writers put before it.
fn plain(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}

/// The files that an index names, in the order of their names.
fn shards_of<'a>(
    index: &'a Index,
    directory: &Path,
    index_path: &Path,
) -> Result<Vec<(&'a str, PathBuf)>> {
    let mut shards: Vec<&str> = Vec::new();
    for (_, Text(file)) in &index.weight_map.0 {
        // Neighbours mostly lie in one file.
        if shards.last().is_none_or(|last| *last != plain(file)) {
            shards.push(plain(file));
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
    shards
        .into_iter()
        .map(|shard| Ok((shard, join_inside(directory, shard, index_path)?)))
        .collect()
}

/// Bytes of a tensor's entry in the header of a shard, beside its name: type, shape and offsets.
const ENTRY: u64 = 112;

/// The shards, with about so many bytes as their headers have.
fn headers_of(shards: &[(&str, PathBuf)], index: &Index) -> Vec<(PathBuf, u64)> {
    let mut bytes: HashMap<&str, u64> = HashMap::new();
    for (Text(tensor), Text(file)) in &index.weight_map.0 {
        *bytes.entry(plain(file)).or_default() += tensor.len() as u64 + ENTRY;
    }
    shards
        .iter()
        .map(|(shard, path)| (path.clone(), bytes.get(shard).copied().unwrap_or_default()))
        .collect()
}

fn note_total_size(checkpoint: &mut Checkpoint, before: usize, index: &Index, index_path: &Path) {
    let tensors = || checkpoint.tensors.iter().skip(before);
    let actual: u64 = tensors().map(|tensor| tensor.bytes).sum();
    // Some writers count tied tensors, which share their bytes, once.
    let mut seen = HashSet::new();
    let apart: u64 = tensors()
        .filter(|tensor| match &tensor.node {
            Node::Stored(Stored {
                span,
                strides: None,
                ..
            }) => seen.insert((span.source, span.offset)),
            _ => true,
        })
        .map(|tensor| tensor.bytes)
        .sum();
    let is_other = |declared: &f64| *declared != actual as f64 && *declared != apart as f64;
    if let Some(declared) = index.total_size().filter(is_other) {
        checkpoint.findings.push(
            Finding::new(
                "TotalSizeMismatch",
                Severity::Info,
                format!("the index says {declared} bytes of tensors, the shards hold {actual}"),
            )
            .at(index_path),
        );
    }
}

/// Of several tensors of one name keeps the copy in the file that the index names, else the last one, which is the one that
/// loading file by file ends with. The others are left out, and named.
fn drop_copies(
    checkpoint: &mut Checkpoint,
    before: usize,
    indexed: &HashMap<&str, &str>,
    file_of: &mut Vec<&str>,
    index_path: &Path,
) {
    let mut kept: HashMap<&str, usize> = HashMap::with_capacity(file_of.len());
    let mut dropped = Vec::new();
    // Whether loading file by file would end with another copy.
    let mut is_other = false;
    for (position, (tensor, file)) in checkpoint
        .tensors
        .iter()
        .skip(before)
        .zip(&*file_of)
        .enumerate()
    {
        let Some(last) = kept.insert(&tensor.name, position) else {
            continue;
        };
        if indexed.get(tensor.name.as_str()) == file_of.get(last) && file_of.get(last) != Some(file)
        {
            kept.insert(&tensor.name, last);
            dropped.push(position);
            is_other = true;
        } else {
            dropped.push(last);
        }
    }
    if dropped.is_empty() {
        return;
    }
    let dropped: HashSet<usize> = dropped.into_iter().collect();
    let mut position = 0;
    let mut names = Vec::new();
    let mut of_dropped = |tensor: &Tensor| {
        let file = file_of.get(position).copied().unwrap_or_default();
        let is_dropped = dropped.contains(&position);
        position += 1;
        if is_dropped {
            names.push((file.to_owned(), tensor.name.clone(), tensor.node.spans()));
        }
        is_dropped
    };
    let mut at = 0;
    checkpoint.tensors.retain(|tensor| {
        at += 1;
        at <= before || !of_dropped(tensor)
    });
    let mut position = 0;
    file_of.retain(|_| {
        position += 1;
        !dropped.contains(&(position - 1))
    });
    let first = names.first().map_or(String::new(), |(file, tensor, _)| {
        format!("{tensor:?} in {file}")
    });
    let loaded = if is_other {
        "; transformers loads file by file and ends with the last copy instead"
    } else {
        ""
    };
    checkpoint.findings.push(
        Finding::new(
            "DuplicateTensor",
            Severity::Warning,
            format!(
                "several shards hold tensors of one name; the one in the file that the index names counts; {} left out, the first is {first}{loaded}",
                counted(names.len(), "duplicate"),
            ),
        )
        .at(index_path),
    );
    for (file, tensor, spans) in names {
        let path = index_path.with_file_name(&file);
        checkpoint.left_out.push(LeftOut {
            kind: LeftOutKind::Record,
            role: LeftOutRole::Weights,
            name: format!("{file}: {tensor}"),
            bytes: spans.iter().map(|span| span.bytes).sum(),
            path,
            spans,
        });
    }
}

/// What the index says and the shards hold otherwise. Tensors count where they lie.
fn note_differences(
    checkpoint: &mut Checkpoint,
    before: usize,
    indexed: &HashMap<&str, &str>,
    file_of: &[&str],
    index_path: &Path,
) {
    let (mut moved, mut unindexed) = (Vec::new(), Vec::new());
    for (tensor, file) in checkpoint.tensors.iter().skip(before).zip(file_of) {
        match indexed.get(tensor.name.as_str()) {
            None => unindexed.push(tensor.name.as_str()),
            Some(named) if named != file => moved.push(tensor.name.as_str()),
            Some(_) => {}
        }
    }
    let mut absent = Vec::new();
    // Names are different ones by now: as many as are indexed are all of them.
    if file_of.len() - unindexed.len() < indexed.len() {
        let tensors = checkpoint.tensors.iter().skip(before);
        let found: HashSet<&str> = tensors.map(|tensor| tensor.name.as_str()).collect();
        absent.extend(
            indexed
                .keys()
                .filter(|name| !found.contains(*name))
                .copied(),
        );
        absent.sort_unstable();
    }
    let mut findings = Vec::new();
    for (code, names, what, effect) in [
        (
            "UnindexedTensor",
            unindexed,
            "in the shards but not in the index",
            "compared all the same",
        ),
        (
            "TensorInOtherShard",
            moved,
            "in another shard than the index says",
            "read where it lies",
        ),
        (
            "IndexedTensorMissing",
            absent,
            "in the index but in no shard",
            "a tied head may be left out; else the save was not complete",
        ),
    ] {
        if let Some(first) = names.first() {
            let count = counted(names.len(), "tensor");
            let message = format!("{what}: {count}, the first is {first:?}; {effect}");
            findings.push(Finding::new(code, Severity::Warning, message).at(index_path));
        }
    }
    checkpoint.findings.extend(findings);
}
