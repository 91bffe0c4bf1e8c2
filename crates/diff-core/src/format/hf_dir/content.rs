//! What a file could hold, by its first bytes and, where they do not tell, by what its reader makes of it.

use std::path::Path;

use super::states;
use crate::error::Code;
use crate::format::{HEAD_BYTES, Head, OpenOptions, READERS, lfs, open_source, unreadable};
use crate::left_out::LeftOutRole;
use crate::source::{Files, Place};

/// Files that are opened to see whether there are tensors in them; others are taken at their first bytes.
const PROBES: u32 = 256;

/// Extensions of files that are weights when nothing else is known of them.
const WEIGHTS: &[&str] = &[
    "safetensors",
    "bin",
    "pt",
    "pth",
    "ckpt",
    "npz",
    "npy",
    "gguf",
    "onnx",
    "onnx_data",
    "h5",
    "keras",
    "msgpack",
    "tflite",
    "distcp",
];

/// What the name of a file looks like.
pub(super) fn has_name_of_weights(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| WEIGHTS.contains(&e))
}

/// Looks at files, some of them closely.
pub(super) struct Looker {
    probes: u32,
    options: OpenOptions,
}

impl Looker {
    pub(super) fn new(options: &OpenOptions) -> Self {
        Self {
            probes: PROBES,
            options: OpenOptions {
                limits: options.limits.clone(),
                files: options.files.clone(),
                ..OpenOptions::default()
            },
        }
    }

    /// Whether a reader of ours claims the file and finds tensors in it that are not those of an optimizer.
    pub(super) fn is_readable(&mut self, path: &Path) -> bool {
        read_start(path, &self.options.files).is_some_and(|(start, size)| {
            is_claimed(&head(&start, size)) && self.probe(path) == Some(LeftOutRole::Weights)
        })
    }

    /// What the file at `path` could hold; None when it can be no tensors. `name` is its path inside the folder.
    pub(super) fn role(&mut self, path: &Path, name: &str) -> Option<LeftOutRole> {
        let Some((start, size)) = read_start(path, &self.options.files) else {
            // Empty, or closed to us, or a link to what is not there.
            let is_empty = matches!(self.options.files.look(path), Ok(Place::File(0)));
            return (!is_empty && has_name_of_weights(name)).then(|| of_name(name));
        };
        let head = head(&start, size);
        let is_claimed = is_claimed(&head);
        if !is_claimed && !could_hold_weights(&head, name) {
            return None;
        }
        match of_name(name) {
            LeftOutRole::Weights if is_claimed => self.probe(path),
            role => Some(role),
        }
    }

    /// What a reader finds in a file that it claims. One that fails, or is one too many to be opened, may hold anything.
    fn probe(&mut self, path: &Path) -> Option<LeftOutRole> {
        let Some(left) = self.probes.checked_sub(1) else {
            return Some(LeftOutRole::Weights);
        };
        self.probes = left;
        let opened = lfs::open(path, &self.options.files)
            .and_then(|source| open_source(&source, 0, &self.options));
        match opened {
            Ok((_, opened)) => {
                let names = opened.tensors.iter().map(|tensor| tensor.name.as_str());
                Some(if opened.left_out.is_empty() && states::are_slots(names) {
                    LeftOutRole::State
                } else {
                    LeftOutRole::Weights
                })
            }
            Err(error) if error.code() == Code::NoTensors => None,
            Err(_) => Some(LeftOutRole::Weights),
        }
    }
}

/// By the name alone.
fn of_name(name: &str) -> LeftOutRole {
    if states::is_state(name) {
        LeftOutRole::State
    } else {
        LeftOutRole::Weights
    }
}

fn head(start: &[u8], file_size: u64) -> Head<'_> {
    Head { start, file_size }
}

fn is_claimed(head: &Head) -> bool {
    READERS.iter().any(|reader| (reader.recognises)(head))
}

/// The first bytes of a file and its size; None for what is empty or cannot be read.
fn read_start(path: &Path, files: &Files) -> Option<(Vec<u8>, u64)> {
    // A pointer whose file is not there is looked at itself.
    let source = lfs::open(path, files).or_else(|_| files.open(path)).ok()?;
    let size = source.size();
    Some((source.read(0, HEAD_BYTES.min(size as usize)).ok()?, size))
}

/// Whether a file that no reader claims could be weights all the same.
fn could_hold_weights(head: &Head, name: &str) -> bool {
    let file = name
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if is_tokenizer(head, &file) || is_compressed_text(&file) || file.contains(".tfevents.") {
        return false;
    }
    has_name_of_weights(&file) || unreadable::is_foreign(head) || !unreadable::is_harmless(head)
}

fn is_tokenizer(head: &Head, file: &str) -> bool {
    let (stem, extension) = file.split_once('.').unwrap_or((file, ""));
    let is_known = matches!(
        stem,
        "tokenizer" | "vocab" | "merges" | "spiece" | "sentencepiece"
    );
    // A sentencepiece model is a protobuf whose first field is a piece.
    let is_pieces = matches!(extension, "model" | "spm" | "bpe.model") && head.starts_with(b"\n");
    is_pieces || (is_known && extension != "safetensors")
}

/// `corpus.jsonl.gz`
fn is_compressed_text(file: &str) -> bool {
    let mut parts = file.rsplit('.');
    let (outer, inner) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    matches!(outer, "gz" | "bz2" | "xz" | "zst")
        && matches!(
            inner,
            "txt" | "json" | "jsonl" | "csv" | "tsv" | "log" | "md" | "xml"
        )
}
