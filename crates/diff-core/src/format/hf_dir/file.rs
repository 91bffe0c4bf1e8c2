//! One file of a directory, read into its checkpoint.

use std::path::Path;

use crate::checkpoint::{Checkpoint, Format};
use crate::error::Result;
use crate::format::{OpenOptions, lfs, open_source};

/// Adds all tensors of one file.
pub(super) fn add(checkpoint: &mut Checkpoint, path: &Path, options: &OpenOptions) -> Result<()> {
    options.observer.check()?;
    let source = lfs::open(path, &options.files)?;
    let (format, opened) = open_source(&source, checkpoint.sources.len() as u32, options)?;
    if format == Format::Gguf {
        checkpoint.format = format;
    }
    options.observer.add_tensors(opened.tensors.len() as u64);
    checkpoint.sources.push(source);
    checkpoint.sources.extend(opened.sources);
    checkpoint.tensors.extend(opened.tensors);
    let known = checkpoint.metadata.len();
    for member in opened.metadata {
        let before = checkpoint.metadata.get(..known).unwrap_or_default();
        if !before.contains(&member) {
            checkpoint.metadata.push(member);
        }
    }
    checkpoint.findings.extend(opened.findings);
    checkpoint.left_out.extend(opened.left_out);
    Ok(())
}
