//! Arrays and scalars of numpy's inside pickles.

use super::document::{Reading, Ref};
use super::found::Found;
use super::numpy_type::Kind;
use super::tree::{Child, indexed};
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::array::{self, Array, Literal};
use crate::pickle::{Area, How, Value};
use crate::tensor::{Node, Span, Stored, Tensor, element_count};

/// Shape, order and data of an array.
struct Parts {
    dtype: Ref,
    shape: Ref,
    fortran: bool,
    data: Ref,
}

impl Reading {
    /// The array that a call stands for; None when it stands for none.
    pub(super) fn numpy(
        &mut self,
        at: Ref,
        callable: Ref,
        how: How,
        args: &[Ref],
    ) -> Option<Found> {
        if how != How::Call {
            return None;
        }
        let (module, name) = self.global(callable)?;
        let parts = match (module, name, args) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct", _) => {
                self.reconstructed(at)?
            }
            (
                "numpy.core.numeric" | "numpy._core.numeric",
                "_frombuffer",
                [data, dtype, shape, order],
            ) => Parts {
                dtype: *dtype,
                shape: *shape,
                fortran: self.text(*order) == Some(b"F"),
                data: *data,
            },
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar", [dtype, data]) => {
                return self.scalar(*dtype, *data);
            }
            _ => return None,
        };
        match self.numpy_dtype(parts.dtype, 0)? {
            Kind::Numbers(dtype, order) => {
                let found = self.array(&parts, dtype, order);
                Some(found.unwrap_or_else(|e| broken(dtype, e)))
            }
            _ => None,
        }
    }

    /// The tensors of an array that is more than one: fields of structures, data and mask; also texts and dates, which
    /// are compared as bytes. None for anything else.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub(super) fn record_array(&mut self, at: Ref) -> Result<Vec<Found>> {
        let Value::Object(object) = self.value(at) else {
            return Ok(Vec::new());
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let args = self.args(at, object);
        let (parts, mask) = match (self.global(callable), args.as_slice()) {
            (Some(("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct")), _) => {
                (self.reconstructed(at), None)
            }
            (Some(("numpy.ma.core", "_mareconstruct")), _) => self.masked(at),
            (
                Some(("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer")),
                [data, dtype, shape, order],
            ) => {
                let parts = Parts {
                    dtype: *dtype,
                    shape: *shape,
                    fortran: self.text(*order) == Some(b"F"),
                    data: *data,
                };
                (Some(parts), None)
            }
            _ => return Ok(Vec::new()),
        };
        let Some(parts) = parts else {
            return Ok(Vec::new());
        };
        self.touched.clear();
        let mut found = Vec::new();
        match self.numpy_dtype(parts.dtype, 0) {
            Some(Kind::Numbers(dtype, order)) if mask.is_some() => {
                found.push(
                    self.array(&parts, dtype, order)
                        .unwrap_or_else(|e| broken(dtype, e)),
                );
            }
            Some(Kind::Described(descr)) => match self.described(&parts, &descr) {
                Ok(fields) => found.extend(fields),
                Err(error) if error.kind() == crate::error::Kind::Limit => return Err(error),
                Err(error) => found.push(Found::broken(error)),
            },
            Some(Kind::Objects) => {
                self.context.note(Finding::new(
                    "ObjectArraySkipped",
                    Severity::Info,
                    "an array of Python objects: tensors and arrays in it are read, everything else is left out",
                ));
            }
            Some(Kind::Other(name)) => self.skip_array(&name),
            _ => {}
        }
        if let (Some(mask), false) = (mask, found.is_empty()) {
            let mut mask = self
                .array(&mask, DType::Bool, ByteOrder::Little)
                .unwrap_or_else(|e| broken(DType::Bool, e));
            mask.suffix = Some("mask".to_owned());
            found.push(mask);
        }
        if let Some(first) = found.first_mut() {
            first.spans = std::mem::take(&mut self.touched);
        }
        Ok(found)
    }

    fn described(&mut self, parts: &Parts, descr: &Literal) -> Result<Vec<Found>> {
        let element = array::parse_type(descr)?;
        let shape = self.sizes(parts.shape, "shape")?;
        let array = Array {
            element: &element,
            shape: &shape,
            fortran: parts.fortran,
        };
        let data = self.array_data(parts, array.bytes()?)?;
        let mut found = Vec::new();
        for leaf in &element.leaves {
            self.context.meter.debit(512)?;
            let tensor = array.leaf(String::new(), leaf, &data, &mut |source| {
                self.add_source(source)
            })?;
            found.push(Found {
                suffix: (!leaf.path.is_empty()).then(|| leaf.path.join(".")),
                ..Found::alone(tensor)
            });
        }
        Ok(found)
    }

    /// The values of an array of objects.
    pub(super) fn object_array(&self, at: Ref) -> Vec<Child> {
        let Some(parts) = self.reconstructed(at) else {
            return Vec::new();
        };
        if !matches!(self.numpy_dtype(parts.dtype, 0), Some(Kind::Objects)) {
            return Vec::new();
        }
        let Some(items) = self.sequence(parts.data) else {
            return Vec::new();
        };
        let mut children = indexed(parts.data, items);
        if self.sequence(parts.shape).is_some_and(<[_]>::is_empty) {
            // Without a dimension: the one object itself.
            for (segment, _, _) in &mut children {
                *segment = None;
            }
        }
        children
    }

    /// `_mareconstruct(…)`, then the state of an array, the bytes of the mask, the value for what is masked.
    fn masked(&self, at: Ref) -> (Option<Parts>, Option<Parts>) {
        let state = match self.value(at) {
            Value::Object(object) => object
                .extra
                .as_ref()
                .and_then(|extra| extra.states.last().copied()),
            _ => None,
        };
        let state = state.and_then(|id| self.sequence(Ref { id, ..at }));
        let Some(&[_, shape, dtype, fortran, data, mask, _]) = state else {
            return (None, None);
        };
        let part = |id| Ref { id, ..at };
        let fortran = matches!(self.value(part(fortran)), Value::Bool(true));
        let of = |data| Parts {
            dtype: part(dtype),
            shape: part(shape),
            fortran,
            data: part(data),
        };
        (Some(of(data)), Some(of(mask)))
    }

    /// `_reconstruct(ndarray, (0,), b'b')`, then a state of (version, shape, dtype, fortran, data).
    fn reconstructed(&self, at: Ref) -> Option<Parts> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let state = *object.extra.as_ref()?.states.last()?;
        let state = Ref { id: state, ..at };
        let &[.., shape, dtype, fortran, data] = self.sequence(state)? else {
            return None;
        };
        let part = |id| Ref { id, ..at };
        Some(Parts {
            dtype: part(dtype),
            shape: part(shape),
            fortran: matches!(self.value(part(fortran)), Value::Bool(true))
                || self.natural(part(fortran)) == Some(1),
            data: part(data),
        })
    }

    fn array(&mut self, parts: &Parts, dtype: DType, order: ByteOrder) -> Result<Found> {
        let shape = self.sizes(parts.shape, "shape")?;
        let elements = element_count(&shape)?;
        let item = dtype.bytes();
        let bytes = elements.saturating_mul(item);
        let area = self.array_data(parts, bytes)?;
        let span = Span {
            source: area.index,
            offset: area.start,
            bytes,
        };
        let mut tensor = Tensor::plain(String::new(), dtype, shape, elements, span).in_order(order);
        if parts.fortran {
            let mut stride = 1u64;
            let strides: Vec<u64> = tensor
                .shape
                .iter()
                .map(|dim| {
                    let this = stride;
                    stride = stride.saturating_mul(*dim);
                    this
                })
                .collect();
            let laid = Stored::strided(span, order, item, 0, &tensor.shape, strides)?;
            tensor.node = Node::Stored(laid);
        }
        let storage = (bytes > 0).then_some((area.index, area.start));
        Ok(Found {
            storage,
            ..Found::alone(tensor)
        })
    }

    fn array_data(&mut self, parts: &Parts, bytes: u64) -> Result<Area> {
        let area = self.bytes_area(parts.data)?.ok_or_else(|| {
            Error::new(
                Code::UnsupportedLayout,
                "array has no data that is known here",
            )
        })?;
        if bytes != area.length {
            return Err(Error::new(
                Code::SizeMismatch,
                "shape and dtype of an array do not fit its data",
            )
            .expected(counted(bytes, "byte"))
            .found(counted(area.length, "byte")));
        }
        Ok(area)
    }

    fn scalar(&mut self, dtype: Ref, data: Ref) -> Option<Found> {
        let Kind::Numbers(dtype, order) = self.numpy_dtype(dtype, 0)? else {
            return None;
        };
        let area = match self.bytes_area(data) {
            Ok(Some(area)) => area,
            Ok(None) => return None,
            Err(error) => return Some(broken(dtype, error)),
        };
        if area.length != dtype.bytes() {
            let error = Error::new(Code::SizeMismatch, "scalar has the wrong number of bytes")
                .expected(dtype.bytes())
                .found(area.length);
            return Some(broken(dtype, error));
        }
        let span = Span {
            source: area.index,
            offset: area.start,
            bytes: area.length,
        };
        let tensor = Tensor::plain(String::new(), dtype, Vec::new(), 1, span).in_order(order);
        Some(Found::alone(tensor))
    }

    fn skip_array(&mut self, dtype: &str) {
        let dtype: String = dtype.chars().take(40).collect();
        self.context.note(Finding::new(
            "ObjectArraySkipped",
            Severity::Info,
            format!(
                "an array of {dtype:?} is left out: it holds no numbers that could be compared"
            ),
        ));
    }
}

fn broken(dtype: DType, error: Error) -> Found {
    Found::alone(Tensor::broken(
        String::new(),
        dtype.name(),
        Vec::new(),
        0,
        error,
    ))
}
