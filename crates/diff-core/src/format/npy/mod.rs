//! numpy's arrays, one by one and in archives. Nothing in them is evaluated or unpickled.

mod archive;
mod codepage;
mod element;
mod field;
mod header;
mod literal;

use std::sync::Arc;

use self::element::{Element, Leaf};
use self::field::FieldSource;
use self::header::Header;
use super::{Head, OpenOptions, Opened};
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::limits::{Cap, Limits};
use crate::pickle::{Area, Context, Input};
use crate::source::{FileSource, Source};
use crate::tensor::{Layout, Span, Tensor, element_count};

pub(super) use archive::{is_archive, open_archive};

/// What a lone array is called.
const LONE: &str = "weights";

pub(super) fn is_array(head: &Head) -> bool {
    head.starts_with(header::MAGIC)
}

pub(super) fn open_array(
    source: &Arc<FileSource>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    let area = Area {
        source: Arc::clone(source) as Arc<dyn Source>,
        index,
        start: 0,
        length: source.size(),
    };
    let mut arrays = Arrays::new(&options.limits, index + 1);
    let place = |e: Error, findings| e.at(source.path()).with_findings(findings);
    match arrays.add(LONE, &area) {
        Ok(Read::Numbers { trailing: 0 }) => {}
        Ok(Read::Numbers { trailing }) => arrays.note(trailing_data(trailing, &area)),
        Ok(Read::Objects) => return Err(place(objects(), arrays.into_findings())),
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

fn objects() -> Error {
    Error::new(
        Code::UnsupportedDtype,
        "array of Python objects, which would have to be unpickled",
    )
    .hint("unpickling runs code, so it is not done; save the numbers alone, or use safetensors")
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
    has_void_of_two: bool,
}

impl Arrays {
    fn new(limits: &Limits, next_source: u32) -> Self {
        Self {
            context: Context::new(limits),
            next_source,
            sources: Vec::new(),
            tensors: Vec::new(),
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
            left_out: Vec::new(),
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
        let element = element::parse(&header.descr)?;
        let rest = area.part(header.end, area.length - header.end)?;
        if element.has_objects() {
            self.scan(name, &rest);
            return Ok(Read::Objects);
        }
        let count = element_count(&header.shape)?;
        let bytes = count.checked_mul(element.size).ok_or_else(|| {
            Error::new(
                Code::ShapeOverflow,
                "array has more bytes than can be counted",
            )
            .found(format!("{:?} of {} bytes", header.shape, element.size))
        })?;
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
            let span = if leaf.path.is_empty() && leaf.levels.is_empty() {
                Span {
                    source: data.index,
                    offset: data.start,
                    bytes,
                }
            } else {
                let source = FieldSource::new(data.clone(), count, element.size, leaf)?;
                Span {
                    bytes: source.size(),
                    source: self.add_source(Arc::new(source)),
                    offset: 0,
                }
            };
            let tensor = self.describe(name, &header, leaf, span)?;
            self.tensors.push(tensor);
        }
        Ok(Read::Numbers {
            trailing: rest.length - bytes,
        })
    }

    fn describe(
        &mut self,
        name: String,
        header: &Header,
        leaf: &Leaf,
        span: Span,
    ) -> Result<Tensor> {
        let mut shape = header.shape.clone();
        shape.extend_from_slice(&leaf.shape);
        let elements = element_count(&shape).map_err(|e| e.tensor(&name))?;
        let (dtype, order, label) = match &leaf.element {
            Element::Number {
                dtype,
                order,
                label,
            } => (*dtype, *order, label.as_deref()),
            Element::VoidOfTwo(order) => {
                self.has_void_of_two = true;
                (DType::Bf16, *order, None)
            }
            Element::Raw(label) => (DType::Unknown, ByteOrder::Little, Some(label.as_str())),
            Element::Object => return Err(objects()),
        };
        let mut tensor = match label {
            Some(label) if dtype == DType::Unknown => {
                Tensor::raw(name, label, shape, elements, span)
            }
            _ => Tensor::plain(name, dtype, shape, elements, span),
        };
        tensor.dtype_label = label.map(Into::into);
        tensor.order = order;
        if header.fortran && header.shape.len() > 1 {
            if dtype == DType::Unknown {
                tensor.error = Some(
                    Error::new(
                        Code::UnsupportedLayout,
                        "elements of this type in Fortran order are not read",
                    )
                    .found(tensor.dtype_name())
                    .tensor(&tensor.name)
                    .hint("save the array in C order with numpy.ascontiguousarray"),
                );
                return Ok(tensor);
            }
            let strides = fortran_strides(&header.shape, &leaf.shape);
            tensor.layout = Layout::strided(span, leaf.item, 0, &tensor.shape, strides)?;
        }
        Ok(tensor)
    }

    /// Looks through the pickle of an object array: what it would call is worth knowing.
    fn scan(&mut self, name: &str, rest: &Area) {
        let mut input = Input::new(rest.clone());
        let done = crate::pickle::run(&mut input, &mut self.context);
        let broken = match done {
            Ok(_) => String::new(),
            Err(error) => format!(" (the pickle is damaged: {error})"),
        };
        self.note(
            Finding::new(
                "ObjectArraySkipped",
                Severity::Warning,
                format!("array {name:?} holds Python objects; it is left out and was not unpickled{broken}"),
            )
            .at(rest.source.path())
            .offset(rest.start),
        );
    }
}

/// Strides, in values: the first axis of the array moves fastest, inside of it the type's own axes in C order.
fn fortran_strides(outer: &[u64], inner: &[u64]) -> Vec<u64> {
    let mut next = inner.iter().product::<u64>();
    let mut strides = Vec::with_capacity(outer.len() + inner.len());
    for dim in outer {
        strides.push(next);
        next = next.saturating_mul(*dim);
    }
    let mut next = inner.iter().product::<u64>();
    for dim in inner {
        next = next.checked_div(*dim).unwrap_or(0);
        strides.push(next);
    }
    strides
}
