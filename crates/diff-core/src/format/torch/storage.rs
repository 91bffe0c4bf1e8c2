//! Storages: what a persistent id means, and where its bytes are.

use std::sync::Arc;

use super::document::{Reading, Ref};
use super::records::{Records, bad_method};
use crate::dtype::{self, ByteOrder, DType};
use crate::error::{Code, Error, Result, counted};
use crate::format::inflate::Inflated;
use crate::format::zip::{DEFLATED, STORED};
use crate::pickle::Value;
use crate::tensor::Span;

/// A storage, as a persistent id describes it.
#[derive(Debug, Clone)]
pub(super) struct Storage {
    pub(super) span: Span,
    /// None where only the tensor knows (untyped storages).
    pub(super) dtype: Option<DType>,
    pub(super) label: Option<&'static str>,
    pub(super) order: ByteOrder,
    /// On the meta device: there is no data.
    pub(super) is_meta: bool,
    /// Where the whole begins that this is a part of.
    pub(super) base: (u32, u64),
}

/// What a persistent id says.
pub(super) struct Declared {
    pub(super) key: Vec<u8>,
    pub(super) dtype: Option<DType>,
    pub(super) label: Option<&'static str>,
    /// Elements of the storage's class.
    pub(super) elements: u64,
    pub(super) is_meta: bool,
    /// Offset and size of a view, in elements (before torch 0.4).
    pub(super) view: Option<(u64, u64)>,
}

impl Declared {
    pub(super) fn item(&self) -> u64 {
        self.dtype.map_or(1, |dtype| dtype.bytes().max(1))
    }
}

/// Types of storage classes by name, without `Storage`.
fn storage_class(module: &str, name: &str) -> Option<(Option<DType>, Option<&'static str>)> {
    if !matches!(
        module,
        "torch" | "torch.cuda" | "torch.storage" | "torch.sparse" | "torch.cuda.sparse"
    ) {
        return None;
    }
    let kind = name.strip_suffix("Storage")?.trim_start_matches('_');
    let torch = match kind {
        "Untyped" | "" => return Some((None, None)),
        "Double" => "float64",
        "Float" => "float32",
        "Half" => "float16",
        "BFloat16" => "bfloat16",
        "Long" => "int64",
        "Int" => "int32",
        "Short" => "int16",
        "Char" => "int8",
        "Byte" => "uint8",
        "Bool" => "bool",
        "ComplexDouble" => "complex128",
        "ComplexFloat" => "complex64",
        "QInt8" => "qint8",
        "QUInt8" => "quint8",
        "QInt32" => "qint32",
        "QUInt4x2" => "quint4x2",
        "QUInt2x4" => "quint2x4",
        _ => return None,
    };
    dtype::from_torch(torch).map(|(dtype, label)| (Some(dtype), label))
}

impl Reading {
    /// Takes a persistent id apart; None when it is not one of a storage.
    pub(super) fn declared(&self, at: Ref) -> Option<Result<Declared>> {
        let Value::Persistent(argument) = self.value(at) else {
            return None;
        };
        let parts = self.sequence(Ref {
            id: *argument,
            ..at
        })?;
        let part = |i: usize| parts.get(i).map(|id| Ref { id: *id, ..at });
        if self.text(part(0)?)? != b"storage" {
            return None;
        }
        Some(self.declared_parts(part(1), part(2), part(3), part(4), part(5)))
    }

    fn declared_parts(
        &self,
        class: Option<Ref>,
        key: Option<Ref>,
        location: Option<Ref>,
        count: Option<Ref>,
        view: Option<Ref>,
    ) -> Result<Declared> {
        let wrong = |what: &str| {
            Error::new(Code::InvalidHeader, format!("storage {what}"))
                .hint("this is no file that torch wrote, or it is damaged")
        };
        let class = class.and_then(|class| self.global(class));
        let (module, name) = class.ok_or_else(|| wrong("has no class"))?;
        let (dtype, label) = storage_class(module, name).ok_or_else(|| {
            Error::new(Code::UnsupportedDtype, "storage class is not known here")
                .found(format!("{module}.{name}"))
        })?;
        let key = key.ok_or_else(|| wrong("has no key"))?;
        let key = match (self.text(key), self.value(key)) {
            (Some(text), _) => text.to_vec(),
            (None, Value::Int(number)) => number.to_string().into_bytes(),
            (None, Value::Bytes(_)) => self.short_bytes(key).ok_or_else(|| wrong("has no key"))?,
            _ => return Err(wrong("has a key that is no text")),
        };
        let elements = count
            .and_then(|count| self.natural(count))
            .ok_or_else(|| wrong("has no size"))?;
        let view = match view.map(|view| (view, self.sequence(view))) {
            Some((at, Some([_, offset, size]))) => {
                let number = |id| self.natural(Ref { id, ..at });
                Some(
                    number(*offset)
                        .zip(number(*size))
                        .ok_or_else(|| wrong("has a view without offset or size"))?,
                )
            }
            _ => None,
        };
        let is_meta = location
            .and_then(|l| self.text(l))
            .is_some_and(|l| l == b"meta");
        Ok(Declared {
            key,
            dtype,
            label,
            elements,
            is_meta,
            view,
        })
    }

    /// A bytes object of at most a kilobyte, read from where it lies.
    pub(super) fn short_bytes(&self, at: Ref) -> Option<Vec<u8>> {
        let document = self.document(at)?;
        match document.values.get(at.id) {
            Value::Bytes(crate::pickle::Blob::Source { at, length }) if *length <= 1024 => document
                .area()
                .read(at - document.area().start, *length)
                .ok(),
            Value::Bytes(crate::pickle::Blob::Pool(slice)) => {
                Some(document.values.slice(*slice).to_vec())
            }
            _ => None,
        }
    }

    /// The storage that a value stands for; None when it stands for none.
    pub(super) fn storage(&mut self, at: Ref, depth: u32) -> Option<Result<Storage>> {
        if depth > 4 {
            return None;
        }
        if let Some(nested) = self.nested_root(at) {
            return match nested {
                Ok(root) => self.storage(root, depth + 1),
                Err(error) => Some(Err(error)),
            };
        }
        if let Some(inner) = self.typed_storage_argument(at) {
            return self.storage(inner, depth + 1);
        }
        let declared = match self.declared(at)? {
            Ok(declared) => declared,
            Err(error) => return Some(Err(error)),
        };
        Some(self.find_storage(at, &declared))
    }

    /// `TypedStorage(wrap_storage=…)` of torch 1.11 to 2.0: the storage in its state or arguments.
    fn typed_storage_argument(&self, at: Ref) -> Option<Ref> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let class = self.global(Ref {
            id: object.callable,
            ..at
        })?;
        if !matches!(class, ("torch.storage", "TypedStorage" | "_TypedStorage")) {
            return None;
        }
        let args = self.args(at, object);
        args.into_iter()
            .find(|arg| matches!(self.value(*arg), Value::Persistent(_)))
    }

    fn find_storage(&mut self, at: Ref, declared: &Declared) -> Result<Storage> {
        let mut storage = Storage {
            span: Span {
                source: 0,
                offset: 0,
                bytes: 0,
            },
            dtype: declared.dtype,
            label: declared.label,
            order: ByteOrder::Little,
            is_meta: declared.is_meta,
            base: (0, 0),
        };
        if declared.is_meta {
            return Ok(storage);
        }
        (storage.span, storage.order) = self.find_record(at, declared)?;
        storage.base = (storage.span.source, storage.span.offset);
        self.touched.push(storage.span);
        let item = declared.item();
        // Four-bit and two-bit types count elements, not bytes; their tensors check the bytes.
        let packed = matches!(declared.label, Some("quint4x2" | "quint2x4"));
        let needed = declared.elements.checked_mul(item);
        if !packed && needed.is_none_or(|needed| needed > storage.span.bytes) {
            return Err(Error::new(
                Code::StorageSizeMismatch,
                "record is smaller than its storage",
            )
            .expected(format!("{} elements of {item} bytes", declared.elements))
            .found(counted(storage.span.bytes, "byte"))
            .hint("the file is truncated or damaged; fetch or save it again"));
        }
        if let (Some(needed), false) = (needed, packed) {
            storage.span.bytes = needed;
        }
        if let Some((offset, size)) = declared.view {
            let start = offset.checked_mul(item);
            let bytes = size.checked_mul(item);
            let end = start
                .zip(bytes)
                .and_then(|(start, bytes)| start.checked_add(bytes));
            match (start, bytes, end) {
                (Some(start), Some(bytes), Some(end)) if end <= storage.span.bytes => {
                    storage.span.offset += start;
                    storage.span.bytes = bytes;
                }
                _ => {
                    return Err(
                        Error::new(Code::OutOfBounds, "view reaches outside its storage")
                            .expected(format!("at most {} elements", declared.elements))
                            .found(format!("{size} elements at {offset}")),
                    );
                }
            }
        }
        Ok(storage)
    }

    fn find_record(&mut self, at: Ref, declared: &Declared) -> Result<(Span, ByteOrder)> {
        let missing = |key: &[u8]| {
            let key: String = String::from_utf8_lossy(key).chars().take(100).collect();
            Error::new(Code::MissingRecord, "data of a storage is missing")
                .expected(format!("a record for the key {key:?}"))
                .hint("the file is incomplete; fetch or save it again")
        };
        let Some(document) = self.document(at) else {
            return Err(missing(&declared.key));
        };
        let zip = match &document.records {
            Records::Legacy(spans) => {
                let span = spans.get(&declared.key);
                return span
                    .map(|span| (*span, ByteOrder::Little))
                    .ok_or_else(|| missing(&declared.key));
            }
            Records::None => return Err(missing(&declared.key)),
            Records::Zip(zip) => zip,
        };
        // torch swaps by the storage's type, so it never swaps an untyped one.
        let order = if zip.big_endian && declared.dtype.is_some() {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        };
        if let Some(span) = zip.spans.get(&declared.key) {
            return Ok((*span, order));
        }
        let mut name = zip.folder.clone();
        name.extend_from_slice(&declared.key);
        let (archive, pool) = (Arc::clone(&zip.archive), Arc::clone(&zip.pool));
        let entry = archive.find(&name)?.ok_or_else(|| missing(&declared.key))?;
        let payload = archive.payload(entry)?;
        let span = match entry.method {
            STORED => Span {
                source: payload.index,
                offset: payload.start,
                bytes: payload.length,
            },
            DEFLATED => {
                self.context.meter.debit(512)?;
                let number = self.sources.len() as u32;
                let source = Inflated::new(payload, entry, number, &pool);
                Span {
                    source: self.add_source(Arc::new(source)),
                    offset: 0,
                    bytes: entry.size,
                }
            }
            method => return Err(bad_method(method).entry(&entry.name())),
        };
        self.context
            .meter
            .debit(64 + 2 * declared.key.len() as u64)?;
        if let Some(Records::Zip(zip)) = self
            .documents
            .get_mut(at.document as usize)
            .map(|document| &mut document.records)
        {
            zip.spans.insert(declared.key.clone(), span);
        }
        Ok((span, order))
    }
}
