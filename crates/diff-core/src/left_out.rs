//! What holds tensors, or could, and is no part of the comparison. Nothing is left out in silence.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::observe::Observer;
use crate::source::{FileSource, Source};
use crate::tensor::Span;

/// What kind of thing was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutKind {
    /// A file of the folder that was not read.
    File,
    /// A mapping of tensors beside the one that was taken, as `ema`.
    Mapping,
    /// A storage or record of an archive that no listed tensor reaches.
    Record,
}

impl LeftOutKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Mapping => "mapping",
            Self::Record => "record",
        }
    }
}

/// What is in it, as far as that is known without reading it all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutRole {
    /// Could be weights of the model: what differs here keeps two checkpoints from being called identical.
    Weights,
    /// States of optimizers, schedulers and random generators, tokenizers and texts: never weights.
    State,
}

impl LeftOutRole {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weights => "weights",
            Self::State => "state",
        }
    }
}

/// One thing that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub kind: LeftOutKind,
    pub role: LeftOutRole,
    /// What it is called on both sides of a comparison: the path inside the folder, the path of the mapping, the name of the record.
    pub name: String,
    pub bytes: u64,
    /// The file that holds it.
    pub path: PathBuf,
    /// Where its bytes lie in the sources of the checkpoint; empty for a file, which is read as a whole.
    pub spans: Vec<Span>,
}

/// Bytes that are compared at a time.
const STEP: u64 = 1 << 20;

/// Whether two things that were left out hold the same bytes, each beside the sources of its checkpoint.
///
/// # Errors
/// What reading them ends with, `Cancelled`.
pub fn same_bytes(
    old: (&[Arc<dyn Source>], &LeftOut),
    new: (&[Arc<dyn Source>], &LeftOut),
    observer: &Observer,
) -> Result<bool> {
    if old.1.bytes != new.1.bytes {
        return Ok(false);
    }
    let (mut old, mut new) = (Bytes::of(old)?, Bytes::of(new)?);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        observer.check()?;
        old.next(&mut a)?;
        new.next(&mut b)?;
        if a != b {
            return Ok(false);
        }
        if a.is_empty() {
            return Ok(true);
        }
    }
}

/// The bytes of one thing, in steps of equal length whatever its spans are.
struct Bytes {
    pieces: Vec<(Arc<dyn Source>, u64, u64)>,
    piece: usize,
}

impl Bytes {
    fn of((sources, left): (&[Arc<dyn Source>], &LeftOut)) -> Result<Self> {
        let pieces = if left.spans.is_empty() {
            if left.bytes == 0 {
                Vec::new()
            } else {
                let file: Arc<dyn Source> = Arc::new(FileSource::open(&left.path)?);
                let size = file.size();
                vec![(file, 0, size)]
            }
        } else {
            left.spans
                .iter()
                .filter_map(|span| {
                    let source = sources.get(span.source as usize)?;
                    Some((Arc::clone(source), span.offset, span.offset + span.bytes))
                })
                .collect()
        };
        Ok(Self { pieces, piece: 0 })
    }

    /// Fills `step` with the next bytes; it stays empty at the end.
    fn next(&mut self, step: &mut Vec<u8>) -> Result<()> {
        step.clear();
        let mut scratch = Vec::new();
        while let Some((source, from, to)) = self.pieces.get_mut(self.piece) {
            let length = (*to - *from).min(STEP - step.len() as u64);
            step.extend_from_slice(source.bytes(*from, length as usize, &mut scratch)?);
            source.release(*from, length as usize);
            *from += length;
            if *from == *to {
                self.piece += 1;
            }
            if step.len() as u64 == STEP {
                break;
            }
        }
        Ok(())
    }
}
