//! The files of torch, without torch: zip archives, the format of before 1.6, scripts, plain pickles.
//!
//! `zip_file` and `legacy` find the pickles and the data; `document` holds what the pickle machine
//! makes of them; `tensor`, `strided`, `quantised`, `sparse`, `distributed` (with `mesh`), `numpy`, `bytes` and `records` turn calls into
//! descriptions of tensors; `dcp` and `zero` read what distributed runs write, whose parts `hf_dir/ranks` joins; `walk`, `children` and `module` give them paths; `pick` chooses the model, `model` names its tensors, `left`
//! what is left out. Data is only looked at when it is compared.

mod bytes;
mod children;
mod dcp;
mod distributed;
mod document;
mod findings;
mod found;
mod inside;
mod left;
mod legacy;
mod mesh;
mod model;
mod module;
mod name;
mod numpy;
mod numpy_type;
mod optimizer;
mod pick;
mod quantised;
mod records;
mod sparse;
mod storage;
mod strided;
mod tensor;
mod torchao;
mod tree;
mod walk;
mod zero;
mod zip_file;

use std::sync::Arc;

pub(super) use self::dcp::{Chunk, Entry, Item, Stored, read_item, read_metadata};
use self::document::{Reading, Ref};
use self::left::Reached;
pub(super) use self::model::Part as OfRank;
pub(super) use self::pick::{WRAPPERS, is_state_key};
use self::records::Records;
use self::tree::{Segment, Tree};
pub(super) use self::zero::{
    ModelStates, OptimizerStates, Parameter, Part, read_model_states, read_optimizer_states,
};
use super::{Head, OpenOptions, Opened};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::left_out::LeftOutRole;
use crate::limits::Limits;
use crate::pickle::{Area, Context, Input};
use crate::source::{MemorySource, Source};
use crate::tensor::Tensor;

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
            b'(' | b'}' | b']' | b'c' | b')' | b'N' | b'I' | b'L' | b'F' | b'J' | b'K' | b'M'
            | b'G' | b'V' | b'S' | b'T' | b'U' | b'X',
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
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    open(source, index, options, |reading, area| {
        let read = zip_file::read(reading, area, 0)?;
        Ok((read.document, read.constants))
    })
}

pub(super) fn open_legacy(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    open(source, index, options, |reading, area| {
        legacy::read(reading, area, 0).map(|document| (document, None))
    })
}

pub(super) fn open_pickle(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    open(source, index, options, |reading, area| {
        let document = reading.read_pickle(area, Records::None, 0);
        if reading.context.names_module("joblib.numpy_pickle") {
            return Err(joblib());
        }
        document.map(|document| (document, None))
    })
}

/// An array file of objects: the pickle behind its header, read as any other.
pub(super) fn open_objects(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
    start: u64,
) -> Result<Opened> {
    let opened = open(source, index, options, |reading, area| {
        reading.context.note(
            Finding::new(
                "ObjectArraySkipped",
                Severity::Info,
                "the array holds Python objects and was not unpickled; arrays of numbers in it are read, everything else is left out",
            )
            .at(area.source.path())
            .offset(start),
        );
        let area = area.part(start, area.length - start)?;
        reading
            .read_pickle(&area, Records::None, 0)
            .map(|document| (document, None))
    });
    opened.map_err(|error| match error.code() {
        Code::NoTensors => super::array::objects()
            .at(source.path())
            .with_findings(error.findings().to_vec()),
        _ => error,
    })
}

/// The tensors in a pickle inside of another format's file, named from `name` on.
///
/// # Errors
/// Whatever is wrong with the pickle.
pub(super) fn read_objects(
    context: &mut Context,
    (sources, first_source): (&mut Vec<Arc<dyn Source>>, u32),
    area: &Area,
    name: &str,
) -> Result<Vec<Tensor>> {
    let mut reading = Reading::new(&Limits::default(), first_source);
    std::mem::swap(&mut reading.context, context);
    std::mem::swap(&mut reading.sources, sources);
    let tensors = named_tensors(&mut reading, area, name);
    std::mem::swap(&mut reading.context, context);
    std::mem::swap(&mut reading.sources, sources);
    tensors
}

fn named_tensors(reading: &mut Reading, area: &Area, name: &str) -> Result<Vec<Tensor>> {
    let document = reading.read_pickle(area, Records::None, 0)?;
    let mut tree = Tree::default();
    let root = root_of(reading, document)?;
    walk::walk(reading, root, &mut tree, None)?;
    let mut tensors = model::all(reading, tree)?;
    for tensor in &mut tensors {
        let inner = std::mem::take(&mut tensor.name);
        tensor.name = match inner.as_str() {
            "" => name.to_owned(),
            inner => format!("{name}.{inner}"),
        };
    }
    Ok(tensors)
}

fn open(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
    read: impl FnOnce(&mut Reading, &Area) -> Result<(usize, Option<usize>)>,
) -> Result<Opened> {
    let chosen = |reading: &mut Reading, area: &Area| {
        let documents = read(reading, area)?;
        let tree = tree_of(reading, documents)?;
        reading.note_placements();
        model::choose(reading, tree, options)
    };
    read_with(source, index, options, chosen).map(|(opened, _)| opened)
}

/// Opens the file of one rank of a run: beside the tensors, what it has of each that is distributed; None for one that it has as a whole.
///
/// # Errors
/// Whatever is wrong with the file; `NoTensors`.
pub(super) fn open_rank(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<(Opened, Vec<model::Part>)> {
    read_with(source, index, options, |reading, area| {
        let document = reading.read_any(area, 0)?;
        let tree = tree_of(reading, (document, None))?;
        model::choose(reading, tree, options)
    })
}

/// Everything below the roots of a file.
fn tree_of(reading: &mut Reading, (document, constants): (usize, Option<usize>)) -> Result<Tree> {
    let mut tree = Tree::default();
    findings::note_sources(reading, document);
    let root = root_of(reading, document)?;
    walk::walk(reading, root, &mut tree, None)?;
    if let Some(constants) = constants {
        let root = root_of(reading, constants)?;
        walk::walk(reading, root, &mut tree, Some(Segment::Name("constants")))?;
    }
    if tree.leaves.is_empty() {
        return Err(no_tensors(reading)?);
    }
    Ok(tree)
}

fn read_with(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
    choose: impl FnOnce(&mut Reading, &Area) -> Result<model::Chosen>,
) -> Result<(Opened, Vec<model::Part>)> {
    let area = Area {
        source: Arc::clone(source),
        index,
        start: 0,
        length: source.size(),
    };
    // The number of the first source beside the file itself.
    let mut reading = Reading::new(&options.limits, index + 1);
    let chosen = choose(&mut reading, &area);
    let sources = std::mem::take(&mut reading.sources);
    let findings: Vec<_> = reading
        .context
        .into_findings()
        .into_iter()
        .map(|finding| finding.at(source.path()))
        .collect();
    match chosen {
        Ok(mut chosen) => {
            for one in &mut chosen.left_out {
                one.path = source.path().to_path_buf();
            }
            let opened = Opened {
                left_out: chosen.left_out,
                candidates: chosen.candidates,
                tensors: chosen.tensors,
                metadata: chosen.metadata,
                findings,
                sources,
            };
            Ok((opened, chosen.parts))
        }
        Err(error) => Err(error.at(source.path()).with_findings(findings)),
    }
}

/// joblib writes a pickle and the bytes of each array right behind the opcode that makes it, so what follows is no pickle,
/// or one by accident.
fn joblib() -> Error {
    Error::new(
        Code::UnsupportedFormat,
        "joblib file, whose arrays lie between the opcodes of its pickle",
    )
    .hint("load it with joblib.load and save the arrays with safetensors.numpy.save_file or numpy.savez")
}

/// A file without tensors: whether there is nothing in it, or nothing that is known here.
fn no_tensors(reading: &mut Reading) -> Result<Error> {
    let lost = left::records(reading, &Reached::default())?;
    let lost: Vec<_> = lost
        .iter()
        .filter(|one| one.role == LeftOutRole::Weights)
        .collect();
    let Some(first) = lost.first() else {
        return Ok(Error::new(Code::NoTensors, "no tensor in the file")
            .hint("it is read correctly; there is nothing in it to compare"));
    };
    let bytes = lost.iter().map(|one| one.bytes).sum::<u64>();
    Ok(
        // Not `NoTensors`: who asks whether a file can be weights must not hear that it cannot.
        Error::new(
            Code::UnsupportedLayout,
            "no tensor in the file that is known here",
        )
        .found(format!(
            "{} in places that nothing leads to, the first is {:?}",
            counted(bytes, "byte"),
            first.name
        ))
        .hint("load it with the program that wrote it and save its state_dict()"),
    )
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
