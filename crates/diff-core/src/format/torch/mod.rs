//! The files of torch, without torch: zip archives, the format of before 1.6, scripts, plain pickles.
//!
//! `zip_file` and `legacy` find the pickles and the data; `document` holds what the pickle machine
//! makes of them; `tensor`, `strided`, `quantised`, `sparse`, `numpy` and `records` turn calls into descriptions of tensors; `walk` and `children` give
//! them paths; `model` chooses and names those that are the model. Data is only looked at when it is compared.

mod children;
mod document;
mod legacy;
mod model;
mod name;
mod numpy;
mod quantised;
mod records;
mod said;
mod sparse;
mod strided;
mod tensor;
mod walk;
mod zip_file;

use std::sync::Arc;

use self::document::{Reading, Ref};
use self::records::Records;
use self::walk::{Segment, Tree};
use super::{Head, OpenOptions, Opened};
use crate::error::{Code, Error, Result};
use crate::pickle::{Area, Input};
use crate::source::{FileSource, MemorySource, Source};

pub(super) fn is_zip(head: &Head) -> bool {
    head.starts_with(b"PK\x03\x04")
}

pub(super) fn is_legacy(head: &Head) -> bool {
    legacy::is_legacy(head.start)
}

/// A pickle of protocol 2 or later says so; an older one must run to its end to be believed.
pub(super) fn is_pickle(head: &Head) -> bool {
    match head.start {
        [0x80, 0..=5, ..] => true,
        [
            b'(' | b'}' | b']' | b'c' | b')' | b'N' | b'I' | b'L' | b'K' | b'G' | b'V' | b'S'
            | b'U' | b'X',
            ..,
        ] => reaches_stop(head.start, head.file_size),
        _ => false,
    }
}

/// Runs the start of a file as a pickle, as far as it was read.
fn reaches_stop(start: &[u8], file_size: u64) -> bool {
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("", start.to_vec()));
    let length = start.len() as u64;
    let mut input = Input::new(Area {
        source,
        index: 0,
        start: 0,
        length,
    });
    let limits = crate::limits::Limits::default();
    let mut context = crate::pickle::Context::new(&limits);
    match crate::pickle::run(&mut input, &mut context) {
        Ok(_) => true,
        // A longer one: so many opcodes in a row are no accident, and neither is a call.
        Err(error) => {
            context.has_calls()
                || (error.code() == Code::UnexpectedEof && file_size > length && length >= 64)
        }
    }
}

pub(super) fn open_zip(
    source: &Arc<FileSource>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    open(source, index, options, |reading, area| {
        let read = zip_file::read(reading, area, 0)?;
        Ok((read.document, read.constants))
    })
}

pub(super) fn open_legacy(
    source: &Arc<FileSource>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    open(source, index, options, |reading, area| {
        legacy::read(reading, area, 0).map(|document| (document, None))
    })
}

pub(super) fn open_pickle(
    source: &Arc<FileSource>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    open(source, index, options, |reading, area| {
        reading
            .read_pickle(area, Records::None, 0)
            .map(|document| (document, None))
    })
}

fn open(
    source: &Arc<FileSource>,
    index: u32,
    options: &OpenOptions,
    read: impl FnOnce(&mut Reading, &Area) -> Result<(usize, Option<usize>)>,
) -> Result<Opened> {
    let area = Area {
        source: Arc::clone(source) as Arc<dyn Source>,
        index,
        start: 0,
        length: source.size(),
    };
    // The number of the first source beside the file itself.
    let mut reading = Reading::new(&options.limits, index + 1);
    let tensors = read(&mut reading, &area).and_then(|(document, constants)| {
        let mut tree = Tree::default();
        walk::note_sources(&mut reading, document);
        let root = root_of(&reading, document)?;
        walk::walk(&mut reading, root, &mut tree, None)?;
        if let Some(constants) = constants {
            let root = root_of(&reading, constants)?;
            walk::walk(
                &mut reading,
                root,
                &mut tree,
                Some(Segment::Name("constants")),
            )?;
        }
        if tree.leaves.is_empty() {
            return Err(Error::new(Code::NoTensors, "no tensor in the file")
                .at(source.path())
                .hint("it is read correctly; there is nothing in it to compare"));
        }
        model::choose(&mut reading, tree, options)
    });
    let sources = std::mem::take(&mut reading.sources);
    let findings: Vec<_> = reading
        .context
        .into_findings()
        .into_iter()
        .map(|finding| finding.at(source.path()))
        .collect();
    match tensors {
        Ok(tensors) => Ok(Opened {
            left_out: Vec::new(),
            tensors,
            metadata: Vec::new(),
            findings,
            sources,
        }),
        Err(error) => Err(error.at(source.path()).with_findings(findings)),
    }
}

fn root_of(reading: &Reading, document: usize) -> Result<Ref> {
    reading
        .documents
        .get(document)
        .map(|found| Ref {
            document: document as u32,
            id: found.root,
        })
        .ok_or_else(|| Error::new(Code::Internal, "document is gone"))
}
