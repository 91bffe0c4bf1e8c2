//! Hugging Face directories: `config.json` beside one weights file, or beside an index and its shards.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::format::json::{self, Members};
use crate::format::{join_inside, open_source};
use crate::limits;
use crate::source::FileSource;

/// Weights files in the order in which `transformers` looks for them; an index names shards.
const WEIGHTS: &[(&str, Kind)] = &[
    ("model.safetensors", Kind::Single),
    ("model.safetensors.index.json", Kind::Index),
];

#[derive(Clone, Copy)]
enum Kind {
    Single,
    Index,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    metadata: Option<IndexMetadata>,
    weight_map: Members<String>,
}

#[derive(Deserialize)]
struct IndexMetadata {
    total_size: Option<f64>,
}

pub(super) fn has_weights(directory: &Path) -> bool {
    WEIGHTS
        .iter()
        .any(|(name, _)| directory.join(name).exists())
}

pub(super) fn open(directory: &Path) -> Result<Checkpoint> {
    let Some((name, kind)) = WEIGHTS
        .iter()
        .find(|(name, _)| directory.join(name).exists())
    else {
        return Err(nothing_to_load(directory));
    };
    let weights = directory.join(name);
    let mut checkpoint = Checkpoint {
        path: directory.to_path_buf(),
        format: Format::HuggingFace,
        tensors: Vec::new(),
        sources: Vec::new(),
        metadata: Vec::new(),
        config: None,
        findings: Vec::new(),
    };
    match kind {
        Kind::Single => add_file(&mut checkpoint, &weights)?,
        Kind::Index => add_shards(&mut checkpoint, directory, &weights)?,
    }
    read_config(&mut checkpoint, directory);
    Ok(checkpoint)
}

fn nothing_to_load(directory: &Path) -> Error {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .take(1000)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    let found = match names.len() {
        0 => "an empty directory".to_owned(),
        n if n > 8 => format!("{} and {} more", names[..8].join(", "), n - 8),
        _ => names.join(", "),
    };
    let expected: Vec<&str> = WEIGHTS.iter().map(|(name, _)| *name).collect();
    Error::new(Code::NoTensors, "no weights in the directory")
        .expected(expected.join(" or "))
        .found(found)
        .at(directory)
        .hint("give the directory that holds the weights, or the weights file itself")
}

/// Adds all tensors of one file.
fn add_file(checkpoint: &mut Checkpoint, path: &Path) -> Result<()> {
    let source = FileSource::open(path)?;
    let (_, opened) = open_source(&source, checkpoint.sources.len() as u32)?;
    checkpoint.sources.push(Arc::new(source));
    checkpoint.tensors.extend(opened.tensors);
    for member in opened.metadata {
        if !checkpoint.metadata.contains(&member) {
            checkpoint.metadata.push(member);
        }
    }
    checkpoint.findings.extend(opened.findings);
    Ok(())
}

fn add_shards(checkpoint: &mut Checkpoint, directory: &Path, index_path: &Path) -> Result<()> {
    let text = json::read_file(index_path)?;
    let index: Index =
        serde_json::from_str(&text).map_err(|e| json::invalid("shard index", &e).at(index_path))?;

    let mut shard_of: HashMap<&str, &str> = HashMap::new();
    let mut shards: Vec<&str> = Vec::new();
    for (tensor, file) in &index.weight_map.0 {
        if shard_of.insert(tensor, file).is_some() {
            return Err(
                Error::new(Code::DuplicateName, "shard index names a tensor twice")
                    .tensor(tensor)
                    .at(index_path),
            );
        }
        shards.push(file);
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
        .expected(format!("{} shards", shards.len()))
        .found(format!("none called {}", missing.join(", ")))
        .at(index_path)
        .hint("download interrupted? fetch the missing files"));
    }

    let mut file_of: Vec<&str> = Vec::new();
    for (shard, path) in shards.iter().zip(&paths) {
        add_file(checkpoint, path)?;
        file_of.resize(checkpoint.tensors.len(), shard);
    }
    check_index(checkpoint, &shard_of, &file_of, index_path)?;
    let declared = index.metadata.and_then(|metadata| metadata.total_size);
    let actual: u64 = checkpoint.tensors.iter().map(|tensor| tensor.bytes).sum();
    if let Some(declared) = declared.filter(|&declared| declared != actual as f64) {
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
    shard_of: &HashMap<&str, &str>,
    file_of: &[&str],
    index_path: &Path,
) -> Result<()> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    let mut unindexed = Vec::new();
    for (tensor, file) in checkpoint.tensors.iter().zip(file_of) {
        if let Some(other) = seen.insert(&tensor.name, file) {
            return Err(
                Error::new(Code::DuplicateName, "two shards hold a tensor of one name")
                    .found(format!("{other} and {file}"))
                    .tensor(&tensor.name)
                    .at(index_path)
                    .hint("it is not defined which one counts; save the checkpoint again"),
            );
        }
        match shard_of.get(tensor.name.as_str()) {
            Some(named) if named == file => {}
            Some(named) => {
                return Err(Error::new(
                    Code::MissingRecord,
                    "tensor lies in another shard than the index says",
                )
                .expected(named)
                .found(file)
                .tensor(&tensor.name)
                .at(index_path));
            }
            None => unindexed.push(tensor.name.clone()),
        }
    }
    if let Some((tensor, file)) = shard_of
        .iter()
        .filter(|(tensor, _)| !seen.contains_key(*tensor))
        .min()
    {
        return Err(Error::new(
            Code::MissingRecord,
            "tensor that the index names is in no shard",
        )
        .expected(format!("it in {file}"))
        .tensor(tensor)
        .at(index_path)
        .hint("the save was not complete; fetch or save the checkpoint again"));
    }
    if !unindexed.is_empty() {
        checkpoint.findings.push(
            Finding::new(
                "UnindexedTensor",
                Severity::Warning,
                format!(
                    "{} tensor(s) lie in the shards but not in the index, the first is {:?}; they are compared all the same",
                    unindexed.len(),
                    unindexed[0]
                ),
            )
            .at(index_path),
        );
    }
    Ok(())
}

/// `config.json` is optional; a broken one is a finding, since the weights can be compared without it.
fn read_config(checkpoint: &mut Checkpoint, directory: &Path) {
    let path = directory.join("config.json");
    if !path.exists() {
        return;
    }
    let text = json::read_file(&path).and_then(|text| {
        serde_json::from_str::<serde::de::IgnoredAny>(&text)
            .map_err(|e| json::invalid("config.json", &e).at(&path))
            .map(|_| text)
    });
    match text {
        Ok(text) => checkpoint.config = Some(text),
        Err(error) => checkpoint
            .findings
            .push(Finding::new("InvalidConfig", Severity::Warning, error.to_string()).at(&path)),
    }
}
