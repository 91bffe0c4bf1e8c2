//! Which format a file is in, and the reader of each. Decided by content, never by extension.

mod hf_dir;
mod json;
mod safetensors;
mod unreadable;

use std::path::Path;
use std::sync::Arc;

use crate::checkpoint::{Checkpoint, Format};
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::source::FileSource;
use crate::tensor::Tensor;

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
}

/// One readable format.
struct Reader {
    format: Format,
    recognises: fn(&Head) -> bool,
    /// Reads descriptions only. The tensors' spans count `source` as their source.
    open: fn(&FileSource, source: u32) -> Result<Opened>,
}

/// Readable formats, in the order in which they are tried.
const READERS: &[Reader] = &[Reader {
    format: Format::Safetensors,
    recognises: safetensors::recognises,
    open: safetensors::open,
}];

/// Opens a checkpoint: a file, or a Hugging Face directory. Reads descriptions, never tensor data.
///
/// # Errors
/// Whatever is wrong with the path or the file; a single tensor that cannot be read is no error here
/// but carries its own.
pub fn open(path: &Path) -> Result<Checkpoint> {
    let metadata = std::fs::metadata(path).map_err(|e| Error::io("open", path, &e))?;
    let mut checkpoint = if metadata.is_dir() {
        hf_dir::open(path)?
    } else {
        open_file(path)?
    };
    note_strange_names(&mut checkpoint);
    Ok(checkpoint)
}

/// The format of a path, without opening it as a checkpoint; None when no reader claims it.
///
/// # Errors
/// When the path cannot be read at all.
pub fn detect(path: &Path) -> Result<Option<Format>> {
    let metadata = std::fs::metadata(path).map_err(|e| Error::io("open", path, &e))?;
    if metadata.is_dir() {
        return Ok(hf_dir::has_weights(path).then_some(Format::HuggingFace));
    }
    let source = FileSource::open(path)?;
    let head = read_head(&source)?;
    let head = Head {
        start: &head,
        file_size: crate::source::Source::size(&source),
    };
    Ok(READERS
        .iter()
        .find(|reader| (reader.recognises)(&head))
        .map(|reader| reader.format))
}

fn open_file(path: &Path) -> Result<Checkpoint> {
    let source = FileSource::open(path)?;
    let (format, opened) = open_source(&source, 0)?;
    Ok(Checkpoint {
        path: path.to_path_buf(),
        format,
        tensors: opened.tensors,
        sources: vec![Arc::new(source)],
        metadata: opened.metadata,
        config: None,
        findings: opened.findings,
    })
}

/// Opens one file as part of a checkpoint, as its source number `index`.
fn open_source(source: &FileSource, index: u32) -> Result<(Format, Opened)> {
    use crate::source::Source;
    let head = read_head(source)?;
    let head = Head {
        start: &head,
        file_size: source.size(),
    };
    match READERS.iter().find(|reader| (reader.recognises)(&head)) {
        Some(reader) => (reader.open)(source, index).map(|opened| (reader.format, opened)),
        None => Err(unreadable::explain(&head).at(source.path())),
    }
}

fn read_head(source: &FileSource) -> Result<Vec<u8>> {
    let size = crate::source::Source::size(source);
    source.read(0, HEAD_BYTES.min(size as usize))
}

/// Names that could trick a terminal or a reader are displayed escaped everywhere; this says so once.
fn note_strange_names(checkpoint: &mut Checkpoint) {
    let strange: Vec<&str> = checkpoint
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        .filter(|name| name.chars().any(is_deceptive))
        .collect();
    if let Some(first) = strange.first() {
        checkpoint.findings.push(Finding::new(
            "ControlCharsInName",
            Severity::Warning,
            format!(
                "{} tensor name(s) hold control or text-direction characters, the first is {}",
                strange.len(),
                first.escape_debug()
            ),
        ));
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
            .all(|part| matches!(part, Component::Normal(_)));
    if !plain {
        return Err(
            Error::new(Code::PathEscape, "file name leaves the checkpoint's folder")
                .expected("a plain file name inside the folder")
                .found(format!("{name:?}"))
                .at(named_by)
                .hint("this file was not written by a well-behaved program; do not trust it"),
        );
    }
    Ok(directory.join(relative))
}
