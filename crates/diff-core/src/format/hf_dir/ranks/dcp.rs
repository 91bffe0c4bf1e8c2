//! torch.distributed.checkpoint: `.metadata` says which box of which tensor lies where in which `*.distcp`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::super::listing::Listing;
use super::boxes::{self, Piece};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::torch::{self, Chunk, Item, Stored};
use crate::format::{OpenOptions, join_inside, lfs};
use crate::left_out::{LeftOut, LeftOutKind, LeftOutRole};
use crate::pickle::Area;
use crate::source::Source;
use crate::tensor::{Node, Span, Tensor, element_count};

/// The description's name.
pub(super) const METADATA: &str = ".metadata";

/// Missing files that are named.
const NAMED: usize = 5;

pub(super) fn is_it(listing: &Listing) -> bool {
    listing.has(METADATA) && listing.files.iter().any(|name| name.ends_with(".distcp"))
}

/// Adds the tensors of a folder, each joined of the boxes that the ranks wrote.
///
/// # Errors
/// `MissingShard` naming the files that are not there, `PathEscape`, `OffsetOverlap` where items lie in each other, whatever is
/// wrong with the description, `Argument` for a key that leads to nothing. A tensor whose boxes do not make it up carries its own error.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    let directory = listing.directory.as_path();
    let path = listing.path(METADATA);
    let metadata = lfs::open(&path, &options.files)?;
    let (entries, findings) = torch::read_metadata(&metadata, &options.limits)?;
    checkpoint.findings.extend(findings);
    let files = Files::open(checkpoint, directory, &path, &entries, options)?;
    checkpoint.sources.push(metadata);
    let prefix = prefix_of(&entries, options)?;
    let everything_is_state = tensors(&entries).all(is_state);
    let mut skipped: BTreeMap<String, Skipped> = BTreeMap::new();
    let mut joined = 0_usize;
    for entry in entries {
        options.observer.check()?;
        let is_state = is_state(&entry) && !everything_is_state;
        let root = entry.root.as_deref().unwrap_or(&entry.name);
        let name = match &prefix {
            _ if is_state && options.key.is_none() => {
                options.include_optimizer.then_some(&*entry.name)
            }
            Some(prefix) => entry.name.strip_prefix(prefix.as_str()),
            None => Some(&*entry.name),
        };
        match (&entry.kind, name) {
            (
                Stored::Tensor {
                    dtype,
                    shape,
                    chunks,
                },
                Some(name),
            ) => {
                let mut tensor = files.tensor(checkpoint, dtype, shape, chunks, options);
                name.clone_into(&mut tensor.name);
                if let Node::Broken(error) = &mut tensor.node {
                    **error = (**error).clone().tensor(name);
                }
                joined += usize::from(chunks.len() > 1);
                checkpoint.tensors.push(tensor);
                options.observer.add_tensors(1);
            }
            (Stored::Tensor { .. }, None) => {
                let skipped = skipped.entry(root.to_owned()).or_default();
                skipped.tensors += 1;
                skipped.is_state = is_state;
                skipped.items.extend(items(&entry).cloned());
            }
            (Stored::Bytes(_), _) => {
                let skipped = skipped.entry(root.to_owned()).or_default();
                // States of modules that are no tensors could count; numbers and texts of the training do not.
                skipped.is_state = is_state || !entry.name.ends_with("_extra_state");
                skipped.items.extend(items(&entry).cloned());
            }
        }
    }
    files.note_skipped(checkpoint, skipped, directory);
    let message = format!(
        "{} joined from {} of torch.distributed.checkpoint, read in place",
        counted(joined, "tensor"),
        counted(files.found.len(), "file"),
    );
    checkpoint
        .findings
        .push(Finding::new("DistributedJoined", Severity::Info, message).at(directory));
    Ok(())
}

/// What is left out under one key of the state dict.
#[derive(Default)]
struct Skipped {
    tensors: usize,
    is_state: bool,
    items: Vec<Item>,
}

/// What the names of the tensors that count begin with, with its dot: the key that was asked for, else the only one that all have,
/// where models are usually under it.
fn prefix_of(entries: &[torch::Entry], options: &OpenOptions) -> Result<Option<String>> {
    if let Some(key) = &options.key {
        if key.is_empty() {
            return Ok(None);
        }
        let prefix = format!("{key}.");
        if tensors(entries).any(|entry| entry.name.starts_with(&prefix)) {
            return Ok(Some(prefix));
        }
        let roots: BTreeSet<&str> = tensors(entries)
            .filter_map(|entry| entry.root.as_deref())
            .take(1000)
            .collect();
        if roots.is_empty() {
            return Ok(None);
        }
        let roots: Vec<&str> = roots.into_iter().take(8).collect();
        return Err(Error::new(
            Code::Argument,
            "no mapping of tensors has the path that was given",
        )
        .expected(roots.join(", "))
        .found(format!("{key:?}"))
        .hint("run `inspect` to see what is in the checkpoint"));
    }
    let of_model = tensors(entries).filter(|entry| !is_state(entry));
    let mut roots = of_model.map(|entry| entry.root.as_deref());
    let Some(Some(first)) = roots.next() else {
        return Ok(None);
    };
    let is_it = torch::WRAPPERS.contains(&first) && roots.all(|root| root == Some(first));
    Ok(is_it.then(|| format!("{first}.")))
}

fn tensors(entries: &[torch::Entry]) -> impl Iterator<Item = &torch::Entry> {
    let is_tensor = |entry: &&torch::Entry| matches!(entry.kind, Stored::Tensor { .. });
    entries.iter().filter(is_tensor)
}

/// Whether it belongs to a state of the training.
fn is_state(entry: &torch::Entry) -> bool {
    entry.root.as_deref().is_some_and(torch::is_state_key)
}

/// The `*.distcp` of a folder by name: the number of the source, and itself.
struct Files {
    found: BTreeMap<String, (u32, Arc<dyn Source>)>,
}

impl Files {
    /// Opens every file that is named.
    fn open(
        checkpoint: &mut Checkpoint,
        directory: &Path,
        metadata: &Path,
        entries: &[torch::Entry],
        options: &OpenOptions,
    ) -> Result<Self> {
        let mut used: BTreeMap<&str, u64> = BTreeMap::new();
        for item in entries.iter().flat_map(items) {
            let bytes = used.entry(&item.file).or_default();
            *bytes = bytes.saturating_add(item.length);
        }
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        for (file, bytes) in used {
            let path = join_inside(directory, file, metadata)?;
            if !options.files.is_file(&path) {
                missing.push(file);
                continue;
            }
            let source = lfs::open(&path, &options.files)?;
            // Items lie one behind the other: what is more lies in each other, and costs time again and again.
            if bytes > source.size() {
                return Err(Error::new(
                    Code::OffsetOverlap,
                    "items take more bytes than their file has",
                )
                .expected(format!("at most {}", counted(source.size(), "byte")))
                .found(bytes)
                .at(&path)
                .hint("the file was cut off, or belongs to another checkpoint; fetch or save it again"));
            }
            let number = checkpoint.sources.len() as u32;
            checkpoint.sources.push(Arc::clone(&source));
            found.insert(file.to_owned(), (number, source));
        }
        if missing.is_empty() {
            return Ok(Self { found });
        }
        let more = missing.len().saturating_sub(NAMED);
        let mut names: Vec<&str> = missing.into_iter().take(NAMED).collect();
        let more = format!("{more} more");
        if more != "0 more" {
            names.push(&more);
        }
        Err(Error::new(Code::MissingShard, "files of a distributed checkpoint are missing")
            .expected("every file that .metadata names")
            .found(format!("none called {}", names.join(", ")))
            .at(directory)
            .hint("each rank writes its own file: fetch those that are missing, or save the checkpoint to a folder that all ranks share"))
    }

    fn tensor(
        &self,
        checkpoint: &mut Checkpoint,
        dtype: &str,
        shape: &[u64],
        chunks: &[Chunk],
        options: &OpenOptions,
    ) -> Tensor {
        match self.joined(checkpoint, dtype, shape, chunks, options) {
            Ok(tensor) => tensor,
            Err(error) => {
                let bytes = chunks
                    .iter()
                    .filter_map(|chunk| Some(chunk.item.as_ref()?.length));
                let bytes = bytes.fold(0, u64::saturating_add);
                Tensor::broken(String::new(), dtype, shape.to_vec(), bytes, error)
            }
        }
    }

    fn joined(
        &self,
        checkpoint: &mut Checkpoint,
        dtype: &str,
        shape: &[u64],
        chunks: &[Chunk],
        options: &OpenOptions,
    ) -> Result<Tensor> {
        let elements = element_count(shape)?;
        // Before any of them is looked into.
        let mut described = 0_u64;
        for chunk in chunks {
            described = described.saturating_add(element_count(&chunk.sizes)?);
        }
        if described > elements {
            return Err(
                Error::new(Code::OffsetOverlap, "pieces of the tensor overlap")
                    .expected(counted(elements, "element"))
                    .found(described),
            );
        }
        let mut pieces = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let item = chunk.item.as_ref().ok_or_else(|| {
                Error::new(Code::MissingRecord, "data of a piece is missing")
                    .expected(format!("an item for the piece at {:?}", chunk.offsets))
                    .hint("the checkpoint is incomplete; fetch or save it again")
            })?;
            let tensor = self.item(checkpoint, item, options)?;
            if tensor.shape != chunk.sizes || tensor.dtype_name() != name_of(dtype) {
                return Err(Error::new(
                    Code::SizeMismatch,
                    "piece is not what its description says",
                )
                .expected(format!("{} {:?}", name_of(dtype), chunk.sizes))
                .found(format!("{} {:?}", tensor.dtype_name(), tensor.shape))
                .entry(&item.file));
            }
            pieces.push(Piece {
                offsets: chunk.offsets.clone(),
                tensor,
            });
        }
        boxes::join(shape, pieces)
    }

    fn item(
        &self,
        checkpoint: &mut Checkpoint,
        item: &Item,
        options: &OpenOptions,
    ) -> Result<Tensor> {
        if item.is_transformed {
            return Err(Error::new(
                Code::UnsupportedLayout,
                "item of a distributed checkpoint was transformed as it was written, compressed for example",
            )
            .entry(&item.file)
            .hint("save it without extensions of the storage writer"));
        }
        let Some((index, source)) = self.found.get(&item.file) else {
            return Err(Error::new(Code::MissingShard, "file is missing").entry(&item.file));
        };
        let file = Area {
            source: Arc::clone(source),
            index: *index,
            start: 0,
            length: source.size(),
        };
        let area = file.part(item.offset, item.length)?;
        let first = checkpoint.sources.len() as u32;
        let (tensor, sources) = torch::read_item(&area, first, &options.limits)
            .map_err(|error| error.at(source.path()).offset(item.offset))?;
        checkpoint.sources.extend(sources);
        Ok(tensor)
    }

    /// Names what is not compared.
    fn note_skipped(
        &self,
        checkpoint: &mut Checkpoint,
        skipped: BTreeMap<String, Skipped>,
        directory: &Path,
    ) {
        let mut tensors = 0;
        let mut names = Vec::new();
        for (name, skipped) in skipped {
            if skipped.tensors > 0 && skipped.is_state {
                tensors += skipped.tensors;
                names.push(name.clone());
            }
            let spans: Vec<Span> = skipped
                .items
                .iter()
                .filter_map(|item| {
                    let (source, file) = self.found.get(&item.file)?;
                    let end = item.offset.checked_add(item.length)?;
                    (end <= file.size()).then_some(Span {
                        source: *source,
                        offset: item.offset,
                        bytes: item.length,
                    })
                })
                .collect();
            if spans.is_empty() {
                continue;
            }
            checkpoint.left_out.push(LeftOut {
                kind: LeftOutKind::Mapping,
                role: if skipped.is_state {
                    LeftOutRole::State
                } else {
                    LeftOutRole::Weights
                },
                name,
                bytes: spans.iter().map(|span| span.bytes).sum(),
                path: directory.to_path_buf(),
                spans,
            });
        }
        if tensors > 0 {
            let message = format!(
                "{} of training states left out ({})",
                counted(tensors, "tensor"),
                names.join(", ")
            );
            checkpoint
                .findings
                .push(Finding::new("OptimizerStateSkipped", Severity::Info, message).at(directory));
        }
    }
}

/// The name under which a tensor of torch's type is shown.
fn name_of(dtype: &str) -> &str {
    crate::dtype::from_torch(dtype).map_or(dtype, |(dtype, label)| label.unwrap_or(dtype.name()))
}

fn items(entry: &torch::Entry) -> Box<dyn Iterator<Item = &Item> + '_> {
    match &entry.kind {
        Stored::Tensor { chunks, .. } => {
            Box::new(chunks.iter().filter_map(|chunk| chunk.item.as_ref()))
        }
        Stored::Bytes(item) => Box::new(item.iter()),
    }
}
