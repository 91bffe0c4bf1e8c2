//! GGUF files as checkpoints: one file, or all parts of a model.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Encoding, Header, MAGIC, PartName, Split, TensorInfo, check_parts, read};
use crate::checkpoint::Checkpoint;
use crate::dtype::ByteOrder;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::{Head, OpenOptions, Opened, lfs, read_head};
use crate::limits;
use crate::source::{Files, Source};
use crate::tensor::{Span, Tensor};

pub(in crate::format) fn recognises(head: &Head) -> bool {
    head.starts_with(MAGIC)
}

/// One file by itself, be it a part of a model or all of it.
///
/// # Errors
/// What is wrong with its header. A tensor in an encoding that ggml has given up is not, but carries its own error.
pub(in crate::format) fn open(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    let path = source.path();
    let header = read(&**source, &options.limits)?;
    let mut findings = Vec::from_iter(trailing(&header, &**source));
    if let Some(Split { number, count, .. }) = Split::of(&header).map_err(|e| e.at(path))? {
        let message = format!(
            "only part {} of {count} of a model; give it the name that gguf-split gave it, beside the others, to have all of it",
            number + 1
        );
        findings.push(Finding::new("PartOpenedAlone", Severity::Warning, message).at(path));
    }
    let order = header.order;
    let metadata = header.metadata.iter();
    Ok(Opened {
        metadata: metadata
            .map(|(key, value)| (key.clone(), value.to_text()))
            .collect(),
        tensors: header
            .tensors
            .into_iter()
            .map(|tensor| describe(tensor, index, order))
            .collect(),
        findings,
        left_out: Vec::new(),
        candidates: Vec::new(),
        sources: Vec::new(),
    })
}

/// All parts of the model that a file is one of, by its name; None for what is a model by itself, or no GGUF file.
///
/// # Errors
/// `MissingShard` where not all of them are there, `LimitExceeded` for too many; what keeps the file from being read.
pub(in crate::format) fn parts_of(path: &Path, files: &Files) -> Result<Option<Vec<PathBuf>>> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(part) = name.and_then(PartName::parse).filter(|part| part.count > 1) else {
        return Ok(None);
    };
    if !read_head(&*lfs::open(path, files)?)?.starts_with(MAGIC) {
        return Ok(None);
    }
    if part.count as usize > limits::SHARDS {
        return Err(Error::new(Code::LimitExceeded, "too many parts")
            .expected(format!("at most {}", limits::SHARDS))
            .found(part.count)
            .at(path));
    }
    let names: Vec<String> = (1..=part.count).map(|number| part.part(number)).collect();
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !files.exists(&path.with_file_name(name)))
        .map(String::as_str)
        .take(5)
        .collect();
    if !missing.is_empty() {
        return Err(
            Error::new(Code::MissingShard, "parts of the model are missing")
                .expected(counted(part.count, "part"))
                .found(format!("none called {}", missing.join(", ")))
                .at(path)
                .hint("download interrupted? fetch the missing files"),
        );
    }
    let paths = names.iter().map(|name| path.with_file_name(name));
    Ok(Some(paths.collect()))
}

/// Adds all tensors of a model in several files, which are given in order. Of a key that several files have, the first value counts.
///
/// # Errors
/// What is wrong with a header; files that do not make one model, see [`check_parts`].
pub(in crate::format) fn open_parts(
    checkpoint: &mut Checkpoint,
    paths: &[PathBuf],
    options: &OpenOptions,
) -> Result<()> {
    let first = checkpoint.sources.len();
    let mut headers = Vec::new();
    options.files.will_open(paths);
    for path in paths {
        options.observer.check()?;
        let source = lfs::open(path, &options.files)?;
        let header = read(&*source, &options.limits)?;
        options.observer.add_tensors(header.tensors.len() as u64);
        checkpoint.findings.extend(trailing(&header, &*source));
        checkpoint.sources.push(source);
        headers.push(header);
    }
    check_parts(&headers).map_err(|error| error.at(&checkpoint.path))?;
    let mut keys = HashSet::new();
    for (at, header) in headers.into_iter().enumerate() {
        for (key, value) in &header.metadata {
            if !key.starts_with("split.") && keys.insert(key.clone()) {
                let text = value.to_text();
                checkpoint.metadata.push((key.clone(), text));
            }
        }
        let (index, order) = ((first + at) as u32, header.order);
        let tensors = header.tensors.into_iter();
        let described = tensors.map(|tensor| describe(tensor, index, order));
        checkpoint.tensors.extend(described);
    }
    Ok(())
}

fn trailing(header: &Header, source: &dyn Source) -> Option<Finding> {
    let behind = source.size().saturating_sub(header.data_end);
    (behind > 0).then(|| {
        let message = format!(
            "{} behind the last tensor, which belong to none",
            counted(behind, "byte")
        );
        Finding::new("TrailingData", Severity::Warning, message).at(source.path())
    })
}

fn describe(tensor: TensorInfo, index: u32, order: ByteOrder) -> Tensor {
    let TensorInfo {
        name,
        type_id,
        encoding,
        shape,
        elements,
        offset,
        bytes,
    } = tensor;
    let span = Span {
        source: index,
        offset,
        bytes,
    };
    let broken = |name: String, shape, label: &str, what: &str, hint: &str| {
        let error = Error::new(Code::UnsupportedDtype, what.to_owned())
            .found(label)
            .tensor(&name)
            .hint(hint);
        Tensor::broken(name, label, shape, bytes, error)
    };
    match encoding {
        Encoding::Plain(dtype) => Tensor::plain(name, dtype, shape, elements, span).in_order(order),
        Encoding::Blocks(format) if order == ByteOrder::Little || format.halves.is_some() => {
            Tensor::blocks(name, format, order, shape, elements, span)
        }
        Encoding::Blocks(format) => broken(
            name,
            shape,
            &format.name.to_ascii_lowercase(),
            "blocks of this type are in no settled order in a big-endian file",
            "convert the model again on a little-endian machine",
        ),
        Encoding::Removed(label) => broken(
            name,
            shape,
            &label.to_ascii_lowercase(),
            "ggml has removed this type",
            "quantise the model again with a current llama.cpp",
        ),
        Encoding::Unknown => {
            let label = format!("ggml type {type_id}");
            Tensor::raw(name, &label, shape, elements, span)
        }
    }
}
