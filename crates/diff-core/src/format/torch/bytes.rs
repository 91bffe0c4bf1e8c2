//! Bytes objects: where their content is, and the files of torch's and pickles inside of them.

use super::document::{Document, Reading, Ref};
use super::found::Found;
use super::legacy;
use crate::dtype::DType;
use crate::error::Result;
use crate::finding::{Finding, Severity};
use crate::limits::Cap;
use crate::pickle::{self, Area, Blob, Value};
use crate::tensor::{Span, Tensor};

/// Bytes at the start of a bytes object that tell whether there is a file in it.
const HEAD: u64 = 32;

impl Reading {
    /// Whether there can be anything in a value: most are plain numbers and texts.
    pub(super) fn may_hold(&self, at: Ref) -> bool {
        matches!(
            self.value(at),
            Value::List(_)
                | Value::Tuple(_)
                | Value::Set(_)
                | Value::Dict(_)
                | Value::Object(_)
                | Value::Persistent(_)
                | Value::Bytes(_)
        )
    }

    /// The bytes object that a value is: itself, a call that makes one, or what an `io.BytesIO` holds.
    pub(super) fn bytes_value(&self, at: Ref) -> Option<Ref> {
        let object = match self.value(at) {
            Value::Bytes(_) => return Some(at),
            Value::Object(object) => object,
            _ => return None,
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        match self.global(callable)? {
            ("_codecs", "encode") | ("builtins", "bytes" | "bytearray") => Some(at),
            ("_io" | "io", "BytesIO") => {
                let state = object.extra.as_ref().and_then(|extra| extra.states.last());
                let content = match state {
                    Some(state) => Ref {
                        id: *self.sequence(Ref { id: *state, ..at })?.first()?,
                        ..at
                    },
                    None => *self.args(at, object).first()?,
                };
                // One step: the content of a stream is no stream.
                match self.value(content) {
                    Value::Bytes(_) => Some(content),
                    Value::Object(_) if content != at => {
                        self.encoded_text(content).map(|_| content)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The text that a call encodes as bytes: protocol 2 writes bytes as text of the characters below 256.
    pub(super) fn encoded_text(&self, at: Ref) -> Option<&[u8]> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let args = self.args(at, object);
        match (self.global(callable)?, args.as_slice()) {
            (("_codecs", "encode"), [text, ..])
            | (("builtins", "bytes" | "bytearray"), [text, _, ..]) => self.text(*text),
            _ => None,
        }
    }

    /// The area of a bytes object, or of a text that is encoded as bytes; None for anything else.
    pub(super) fn bytes_area(&mut self, at: Ref) -> Result<Option<Area>> {
        let area = self.find_bytes(at)?;
        if let Some(area) = &area {
            self.touched.push(Span {
                source: area.index,
                offset: area.start,
                bytes: area.length,
            });
        }
        Ok(area)
    }

    fn find_bytes(&mut self, at: Ref) -> Result<Option<Area>> {
        let Some(document) = self.document(at) else {
            return Ok(None);
        };
        match document.values.get(at.id) {
            Value::Bytes(Blob::Source { at, length }) => {
                let start = at - document.area().start;
                document.area().part(start, *length).map(Some)
            }
            Value::Bytes(Blob::Pool(slice)) | Value::Str8(slice) => {
                let bytes = document.values.slice(*slice).to_vec();
                self.decoded_area(at, bytes).map(Some)
            }
            Value::Object(object) => {
                if let Some(text) = self.encoded_text(at) {
                    return match pickle::text::to_latin1(text) {
                        Some(bytes) => self.decoded_area(at, bytes).map(Some),
                        None => Ok(None),
                    };
                }
                let callable = Ref {
                    id: object.callable,
                    ..at
                };
                let first = self.args(at, object).first().copied();
                match (self.global(callable), first) {
                    (Some(("builtins", "bytes" | "bytearray")), None) => {
                        self.decoded_area(at, Vec::new()).map(Some)
                    }
                    (Some(("builtins", "bytes" | "bytearray")), Some(inner)) if inner != at => {
                        // One step only: an argument that is a call again is no bytes object, unless it encodes a text.
                        match self.value(inner) {
                            Value::Object(_) if self.encoded_text(inner).is_none() => Ok(None),
                            _ => self.find_bytes(inner),
                        }
                    }
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    fn decoded_area(&mut self, at: Ref, bytes: Vec<u8>) -> Result<Area> {
        self.context.meter.debit(bytes.len() as u64 + 128)?;
        let label = self
            .document(at)
            .map(|document| document.area().source.path().to_path_buf())
            .unwrap_or_default();
        Ok(self.memory_area(&label, bytes))
    }

    /// The first bytes of a bytes object, without a source of their own.
    fn head_of(&self, at: Ref) -> Vec<u8> {
        let Some(document) = self.document(at) else {
            return Vec::new();
        };
        if let Some(text) = self.encoded_text(at) {
            let text = std::str::from_utf8(text).unwrap_or_default();
            return text
                .chars()
                .take(HEAD as usize)
                .map_while(|c| u8::try_from(u32::from(c)).ok())
                .collect();
        }
        match document.values.get(at.id) {
            Value::Bytes(Blob::Source { at, length }) => document
                .area()
                .read(at - document.area().start, HEAD.min(*length))
                .unwrap_or_default(),
            Value::Bytes(Blob::Pool(slice)) => {
                let bytes = document.values.slice(*slice);
                bytes.iter().take(HEAD as usize).copied().collect()
            }
            Value::Object(object) => match self.args(at, object).first() {
                Some(inner)
                    if matches!(self.value(*inner), Value::Bytes(_))
                        || (*inner != at && self.encoded_text(*inner).is_some()) =>
                {
                    self.head_of(*inner)
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// The root of the torch file or pickle that a bytes object holds; None where it holds none that can be read.
    ///
    /// # Errors
    /// `LimitExceeded` when the budget of the whole file is spent.
    pub(super) fn file_inside(&mut self, at: Ref) -> Result<Option<Ref>> {
        if let Some(known) = self.opened.get(&at) {
            return Ok(*known);
        }
        let head = self.head_of(at);
        let is_file = head.starts_with(b"PK\x03\x04")
            || legacy::is_legacy(&head)
            || matches!(head.as_slice(), [0x80, 2..=5, _, ..]);
        if !is_file {
            return Ok(None);
        }
        self.context.meter.debit(64)?;
        let root = match self.read_inside(at) {
            Ok(root) => root,
            Err(error) => {
                self.context.note(Finding::new(
                    "NestedPickle",
                    Severity::Warning,
                    format!(
                        "bytes that look like a file of torch's or a pickle cannot be read: {error}"
                    ),
                ));
                None
            }
        };
        self.opened.insert(at, root);
        Ok(root)
    }

    fn read_inside(&mut self, at: Ref) -> Result<Option<Ref>> {
        let depth = self.document(at).map_or(0, Document::depth) + 1;
        self.context
            .limits
            .check(Cap::PickleNesting, 0, depth, "depth of files inside files")?;
        let Some(area) = self.bytes_area(at)? else {
            return Ok(None);
        };
        self.note_inside(true, &area);
        let document = self.read_any(&area, depth)?;
        Ok(self.documents.get(document).map(|found| Ref {
            document: document as u32,
            id: found.root,
        }))
    }

    /// Bytes as numbers of eight bits.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub(super) fn bytes_tensor(&mut self, at: Ref) -> Result<Option<Found>> {
        self.touched.clear();
        let Some(area) = self.bytes_area(at)? else {
            return Ok(None);
        };
        let span = Span {
            source: area.index,
            offset: area.start,
            bytes: area.length,
        };
        let tensor = Tensor::plain(
            String::new(),
            DType::U8,
            vec![area.length],
            area.length,
            span,
        );
        Ok(Some(Found {
            spans: std::mem::take(&mut self.touched),
            ..Found::alone(tensor)
        }))
    }

    /// A plain number as a state dict has it: f32 or i64 without a dimension.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub(super) fn number(&mut self, at: Ref) -> Result<Option<Found>> {
        let (dtype, bytes) = match self.value(at) {
            Value::Float(value) => (DType::F32, (*value as f32).to_le_bytes().to_vec()),
            Value::Int(value) => (DType::I64, value.to_le_bytes().to_vec()),
            _ => return Ok(None),
        };
        let length = bytes.len() as u64;
        let area = self.decoded_area(at, bytes)?;
        let span = Span {
            source: area.index,
            offset: 0,
            bytes: length,
        };
        let tensor = Tensor::plain(String::new(), dtype, Vec::new(), 1, span);
        Ok(Some(Found::alone(tensor)))
    }
}
