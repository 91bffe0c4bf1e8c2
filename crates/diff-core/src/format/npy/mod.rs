//! Files of numpy: one array, and archives of them. Nothing in them is evaluated or unpickled.

mod archive;
mod codepage;
mod header;

use std::sync::Arc;

use super::array::{self, Array, Element};
use super::{Head, OpenOptions, Opened, torch};
use crate::error::{Code, Error, Kind, Result, counted};
use crate::finding::{Finding, Severity};
use crate::left_out::LeftOut;
use crate::limits::{Cap, Limits};
use crate::pickle::{Area, Context};
use crate::source::Source;
use crate::tensor::Tensor;

pub(super) use archive::{is_archive, open_archive};

/// What a lone array is called.
const LONE: &str = "weights";

pub(super) fn is_array(head: &Head) -> bool {
    head.starts_with(header::MAGIC)
}

pub(super) fn open_array(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    let area = Area {
        source: Arc::clone(source),
        index,
        start: 0,
        length: source.size(),
    };
    if let Some(end) = end_of_objects(&area) {
        return torch::open_objects(source, index, options, end);
    }
    let mut arrays = Arrays::new(&options.limits, index + 1);
    let place = |e: Error, findings| e.at(source.path()).with_findings(findings);
    match arrays.add(LONE, &area) {
        Ok(Read::Numbers { trailing: 0 } | Read::Objects) => {}
        Ok(Read::Numbers { trailing }) => arrays.note(trailing_data(trailing, &area)),
        Err(error) => return Err(place(error, arrays.into_findings())),
    }
    if arrays.tensors.is_empty() {
        arrays.note(
            Finding::new("NoFields", Severity::Info, "the array's type has no fields")
                .at(source.path()),
        );
    }
    Ok(arrays.into_opened())
}

/// Where the header of an array of objects ends and its pickle begins; None for other arrays.
fn end_of_objects(area: &Area) -> Option<u64> {
    let header = header::read(area).ok()?;
    let element = array::parse_type(&header.descr).ok()?;
    element.has_objects().then_some(header.end)
}

fn trailing_data(bytes: u64, area: &Area) -> Finding {
    Finding::new(
        "TrailingData",
        Severity::Info,
        format!(
            "{} behind the array, which numpy does not look at",
            counted(bytes, "byte")
        ),
    )
    .at(area.source.path())
    .offset(area.start + (area.length - bytes))
}

/// What became of an array.
enum Read {
    /// Its tensors were added; so many bytes lie behind its data.
    Numbers { trailing: u64 },
    /// It holds a pickle, which was looked through and left alone.
    Objects,
}

/// The arrays of one file.
struct Arrays {
    context: Context,
    /// Number of the next source beside the file.
    next_source: u32,
    sources: Vec<Arc<dyn Source>>,
    tensors: Vec<Tensor>,
    left_out: Vec<LeftOut>,
    has_void_of_two: bool,
}

impl Arrays {
    fn new(limits: &Limits, next_source: u32) -> Self {
        Self {
            context: Context::new(limits),
            next_source,
            sources: Vec::new(),
            tensors: Vec::new(),
            left_out: Vec::new(),
            has_void_of_two: false,
        }
    }

    fn note(&mut self, finding: Finding) {
        self.context.note(finding);
    }

    fn into_findings(self) -> Vec<Finding> {
        self.context.into_findings()
    }

    fn into_opened(mut self) -> Opened {
        if self.has_void_of_two {
            self.note(Finding::new(
                "VoidReadAsBf16",
                Severity::Info,
                "elements of type V2 (two bytes without a meaning) are read as bf16, which is what ml_dtypes and MLX write so",
            ));
        }
        Opened {
            left_out: self.left_out,
            candidates: Vec::new(),
            tensors: self.tensors,
            metadata: Vec::new(),
            sources: self.sources,
            findings: self.context.into_findings(),
        }
    }

    fn add_source(&mut self, source: Arc<dyn Source>) -> u32 {
        self.sources.push(source);
        self.next_source + (self.sources.len() - 1) as u32
    }

    /// Describes the array that fills `area`: one tensor, or one a field.
    fn add(&mut self, name: &str, area: &Area) -> Result<Read> {
        let header = header::read(area)?;
        self.context.meter.see(header.end);
        let element = array::parse_type(&header.descr)?;
        let rest = area.part(header.end, area.length - header.end)?;
        if element.has_objects() {
            self.scan(name, &rest)?;
            return Ok(Read::Objects);
        }
        let array = Array {
            element: &element,
            shape: &header.shape,
            fortran: header.fortran,
        };
        let bytes = array.bytes()?;
        if bytes > rest.length {
            return Err(
                Error::new(Code::UnexpectedEof, "array ends before its data do")
                    .expected(format!("{bytes} bytes of data"))
                    .found(counted(rest.length, "byte"))
                    .offset(rest.start)
                    .hint("the file is truncated; fetch or save it again"),
            );
        }
        let data = rest.part(0, bytes)?;
        for leaf in &element.leaves {
            self.context.limits.check(
                Cap::Tensors,
                self.context.meter.seen(),
                self.tensors.len() as u64 + 1,
                "number of tensors",
            )?;
            let mut name = name.to_owned();
            for part in &leaf.path {
                name.push('.');
                name.push_str(part);
            }
            self.context.meter.debit(256 + 2 * name.len() as u64)?;
            self.has_void_of_two |= matches!(leaf.element, Element::VoidOfTwo(_));
            let tensor = array.leaf(name, leaf, &data, &mut |source| self.add_source(source))?;
            self.tensors.push(tensor);
        }
        Ok(Read::Numbers {
            trailing: rest.length - bytes,
        })
    }

    /// Reads the pickle of an object array as data: arrays and tensors in it are tensors of the file.
    fn scan(&mut self, name: &str, rest: &Area) -> Result<()> {
        let read = torch::read_objects(
            &mut self.context,
            (&mut self.sources, self.next_source),
            rest,
            name,
        );
        let (tensors, rest_of_it) = match read {
            Ok(tensors) if tensors.is_empty() => {
                (tensors, "there is no array of numbers in it".to_owned())
            }
            Ok(tensors) => {
                let read = counted(tensors.len() as u64, "array");
                (
                    tensors,
                    format!("{read} in it read, everything else is left out"),
                )
            }
            Err(error) if error.kind() == Kind::Limit => return Err(error),
            Err(error) => (Vec::new(), format!("it is left out: {error}")),
        };
        self.note(
            Finding::new(
                "ObjectArraySkipped",
                Severity::Warning,
                format!("array {name:?} holds Python objects and was not unpickled; {rest_of_it}"),
            )
            .at(rest.source.path())
            .offset(rest.start),
        );
        self.tensors.extend(tensors);
        Ok(())
    }
}
