//! Which format a file is in, and the reader of each. Decided by content, never by extension.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod array;
pub mod gguf;
mod hf_dir;
mod hub;
mod inflate;
mod json;
mod lfs;
mod npy;
mod safetensors;
mod torch;
mod unreadable;
mod zip;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::adapter;
use crate::checkpoint::{Candidate, Checkpoint, Format};
use crate::error::{Code, Error, Kind, Result, counted};
use crate::finding::{Finding, Severity};
use crate::left_out::LeftOut;
use crate::limits::Limits;
use crate::observe::Observer;
use crate::recipe;
use crate::source::{Files, Place, Source};
use crate::tensor::Tensor;

/// How a checkpoint is opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Path of the mapping that holds the model's tensors, keys joined by dots; empty for the root. Found
    /// by itself where it is not given.
    pub key: Option<String>,
    /// Which of the variants of a directory's weights (`fp16`); None for those without a variant.
    pub variant: Option<String>,
    /// Whether the states of optimizers are opened too.
    pub include_optimizer: bool,
    /// Whether quantised tensors stay what is stored, codes and scales apart, instead of the dense tensors that they stand for.
    pub raw: bool,
    /// An adapter that is merged into what is opened, as the library which trained it would.
    pub adapter: Option<PathBuf>,
    pub limits: Limits,
    /// Where paths lead.
    pub files: Files,
    /// Counts the tensors whose descriptions are read, and ends the opening between two files.
    pub observer: Arc<Observer>,
}

/// Bytes at the start of a file that decide its format.
const HEAD_BYTES: usize = 512;

/// What is looked at to tell formats apart.
struct Head<'a> {
    start: &'a [u8],
    file_size: u64,
}

impl Head<'_> {
    fn starts_with(&self, magic: &[u8]) -> bool {
        self.start.starts_with(magic)
    }
}

/// What a reader makes of one file.
struct Opened {
    tensors: Vec<Tensor>,
    metadata: Vec<(String, String)>,
    findings: Vec<Finding>,
    /// Spans count sources as those of the tensors do.
    left_out: Vec<LeftOut>,
    /// Mappings that could be the model.
    candidates: Vec<Candidate>,
    /// Sources beside the file itself, numbered after it.
    sources: Vec<Arc<dyn Source>>,
}

/// One readable format.
struct Reader {
    format: Format,
    recognises: fn(&Head) -> bool,
    /// Reads descriptions only. The tensors' spans count `source` as their source.
    open: fn(&Arc<dyn Source>, source: u32, &OpenOptions) -> Result<Opened>,
}

/// Readable formats, in the order in which they are tried.
const READERS: &[Reader] = &[
    Reader {
        format: Format::Numpy,
        recognises: npy::is_array,
        open: npy::open_array,
    },
    Reader {
        format: Format::Numpy,
        recognises: npy::is_archive,
        open: npy::open_archive,
    },
    Reader {
        format: Format::PyTorch,
        recognises: torch::is_zip,
        open: torch::open_zip,
    },
    Reader {
        format: Format::PyTorch,
        recognises: torch::is_legacy,
        open: torch::open_legacy,
    },
    Reader {
        format: Format::Gguf,
        recognises: gguf::recognises,
        open: gguf::open,
    },
    Reader {
        format: Format::Safetensors,
        recognises: safetensors::recognises,
        open: safetensors::open,
    },
    Reader {
        format: Format::PyTorch,
        recognises: torch::is_pickle,
        open: torch::open_pickle,
    },
];

/// Opens a checkpoint: a file, or a Hugging Face directory. Reads descriptions, never tensor data.
///
/// # Errors
/// Whatever is wrong with the path or the file; a single tensor that cannot be read is no error here
/// but carries its own.
pub fn open(path: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let mut checkpoint = open_stored(path, options)?;
    if !options.raw {
        recipe::apply(&mut checkpoint);
    }
    match &options.adapter {
        None if options.raw => {}
        None => adapter::apply(&mut checkpoint),
        Some(adapter) => {
            let own = OpenOptions {
                limits: options.limits.clone(),
                files: options.files.clone(),
                observer: Arc::clone(&options.observer),
                ..OpenOptions::default()
            };
            adapter::merge(&mut checkpoint, open_stored(adapter, &own)?)?;
        }
    }
    lfs::note(&mut checkpoint);
    note_unpinned(&mut checkpoint, &options.files);
    note_strange_names(&mut checkpoint);
    Ok(checkpoint)
}

/// As the tensors are stored.
fn open_stored(path: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let path = &*locate(path, &options.files)?;
    let place = options.files.look(path)?;
    let is_index = hf_dir::is_index(&path.to_string_lossy());
    if place == Place::Folder {
        hf_dir::open(path, options)
    } else if matches!(place, Place::File(_)) && is_index {
        hf_dir::open_index(path, options)
    } else if let Some(parts) = gguf::parts_of(path, &options.files)? {
        let mut checkpoint = Checkpoint::new(path, Format::Gguf, Vec::new(), Vec::new());
        gguf::open_parts(&mut checkpoint, &parts, options)?;
        Ok(checkpoint)
    } else {
        let mut checkpoint = open_file(path, options)?;
        hf_dir::note_alone(&mut checkpoint, &options.files);
        Ok(checkpoint)
    }
}

/// The format of a path, without opening it as a checkpoint; None when no reader claims it.
///
/// # Errors
/// When the path cannot be read at all.
pub fn detect(path: &Path, files: &Files) -> Result<Option<Format>> {
    let path = &*locate(path, files)?;
    if files.look(path)? == Place::Folder {
        return Ok(hf_dir::has_weights(path, files).then_some(Format::HuggingFace));
    }
    let source = match lfs::open(path, files) {
        Err(error) if error.code() == Code::GitLfsPointer => return Ok(None),
        source => source?,
    };
    let head = read_head(&*source)?;
    let head = Head {
        start: &head,
        file_size: source.size(),
    };
    Ok(READERS
        .iter()
        .find(|reader| (reader.recognises)(&head))
        .map(|reader| reader.format))
}

pub use hub::Address as HubAddress;

/// What an address of a model on the hub names; None for every other path.
///
/// # Errors
/// `Argument` for an address of something else on the hub.
pub fn hub_address(path: &str) -> Result<Option<HubAddress>> {
    hub::is_address(path).then(|| hub::parse(path)).transpose()
}

/// The folder of the hub's local cache; None where the environment does not tell.
#[must_use]
pub fn hub_cache() -> Option<std::path::PathBuf> {
    hub::cache_directory(|name| std::env::var(name).ok())
}

/// Where a path is; an address on the hub is looked up in the local cache.
fn locate<'p>(path: &'p Path, files: &Files) -> Result<Cow<'p, Path>> {
    if files.is_remote(path) {
        return Ok(Cow::Borrowed(path));
    }
    match path.to_str() {
        Some(address) if hub::is_address(address) => hub::resolve(address).map(Cow::Owned),
        _ => Ok(Cow::Borrowed(path)),
    }
}

fn open_file(path: &Path, options: &OpenOptions) -> Result<Checkpoint> {
    let source = lfs::open(path, &options.files)?;
    let (format, opened) = open_source(&source, 0, options)?;
    let mut sources: Vec<Arc<dyn Source>> = vec![source];
    sources.extend(opened.sources);
    Ok(Checkpoint {
        metadata: opened.metadata,
        findings: opened.findings,
        left_out: opened.left_out,
        candidates: opened.candidates,
        ..Checkpoint::new(path, format, opened.tensors, sources)
    })
}

/// Opens one file as part of a checkpoint, as its source number `index`.
fn open_source(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<(Format, Opened)> {
    let head = read_head(&**source)?;
    let head = Head {
        start: &head,
        file_size: source.size(),
    };
    match READERS.iter().find(|reader| (reader.recognises)(&head)) {
        Some(reader) => match (reader.open)(source, index, options) {
            Ok(opened) => Ok((reader.format, opened)),
            // A zip archive that is not torch's may hold arrays behind a first entry that is none.
            Err(error) if torch::is_zip(&head) && error.kind() == Kind::Unsupported => {
                npy::open_archive(source, index, options)
                    .map(|opened| (Format::Numpy, opened))
                    .map_err(|_| error)
            }
            Err(error) => Err(error),
        },
        None => Err(unreadable::explain(&head).at(source.path())),
    }
}

fn read_head(source: &dyn Source) -> Result<Vec<u8>> {
    let size = source.size();
    source.read(0, HEAD_BYTES.min(size as usize))
}

/// Says of which files a change may go unseen.
fn note_unpinned(checkpoint: &mut Checkpoint, files: &Files) {
    let unpinned = files.unpinned();
    let Some(first) = unpinned.first() else {
        return;
    };
    let what = match unpinned.len() {
        1 => "the file".to_owned(),
        count => counted(count, "file"),
    };
    let message = format!(
        "the server gives no tag and no date of {what}: only the size tells whether it changes meanwhile"
    );
    let finding = Finding::new("RemoteFileUnpinned", Severity::Warning, message);
    checkpoint.findings.push(finding.at(first));
}

/// Names that could trick a terminal or a reader are displayed escaped everywhere; this says so once.
fn note_strange_names(checkpoint: &mut Checkpoint) {
    let strange: Vec<&str> = checkpoint
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        // Plain ASCII, as nearly every name is, needs no look at its characters.
        .filter(|name| !name.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
        .filter(|name| name.chars().any(is_deceptive))
        .collect();
    if let Some(first) = strange.first() {
        let message = format!(
            "control or text-direction characters in {}, the first is {}",
            counted(strange.len(), "tensor name"),
            first.escape_debug()
        );
        let finding = Finding::new("ControlCharsInName", Severity::Warning, message);
        checkpoint.findings.push(finding.at(&checkpoint.path));
    }
}

/// Control characters, and those that change the direction or hide parts of a text.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A path that a file names, made safe: relative, inside `directory`, no tricks.
///
/// # Errors
/// `PathEscape`.
fn join_inside(directory: &Path, name: &str, named_by: &Path) -> Result<std::path::PathBuf> {
    use std::path::Component;
    let relative = Path::new(name);
    let plain = !name.is_empty()
        && !name.contains(['\0', '\\', ':'])
        && relative
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        && relative.file_name().is_some();
    if !plain {
        return Err(
            Error::new(Code::PathEscape, "file name leaves the checkpoint's folder")
                .expected("a plain file name inside the folder")
                .found(format!("{name:?}"))
                .at(named_by)
                .hint("this file was not written by a well-behaved program; do not trust it"),
        );
    }
    // Without `./`.
    let names = relative
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    Ok(names.fold(directory.to_path_buf(), |path, name| path.join(name)))
}
