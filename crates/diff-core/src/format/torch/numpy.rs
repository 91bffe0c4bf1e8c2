//! Arrays and scalars of numpy's inside pickles.

use super::document::{Reading, Ref};
use super::tensor::Found;
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::pickle::{How, Value};
use crate::tensor::{Layout, Span, Tensor, element_count};

/// What a dtype object says.
enum Kind {
    Numbers(DType, ByteOrder),
    /// Texts, dates, objects, records: nothing to compare by number.
    Other(String),
}

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
        let kind = self.numpy_dtype(parts.dtype)?;
        match kind {
            Kind::Other(name) => {
                self.skip_array(&name);
                None
            }
            Kind::Numbers(dtype, order) => {
                let found = self.array(&parts, dtype, order);
                Some(found.unwrap_or_else(|e| broken(dtype, e)))
            }
        }
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
        let area = self.bytes_area(parts.data)?.ok_or_else(|| {
            Error::new(
                Code::UnsupportedLayout,
                "array has no data that is known here",
            )
        })?;
        let item = dtype.bytes();
        let bytes = elements.saturating_mul(item);
        if bytes != area.length {
            return Err(Error::new(
                Code::SizeMismatch,
                "shape and dtype of an array do not fit its data",
            )
            .expected(format!("{bytes} bytes for {shape:?} {}", dtype.name()))
            .found(counted(area.length, "byte")));
        }
        let span = Span {
            source: area.index,
            offset: area.start,
            bytes,
        };
        let mut tensor = Tensor::plain(String::new(), dtype, shape, elements, span);
        tensor.order = order;
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
            tensor.layout = Layout::strided(span, item, 0, &tensor.shape, strides)?;
        }
        let storage = (bytes > 0).then_some((area.index, area.start));
        Ok(Found {
            storage,
            ..Found::alone(tensor)
        })
    }

    fn scalar(&mut self, dtype: Ref, data: Ref) -> Option<Found> {
        let (dtype, order) = match self.numpy_dtype(dtype)? {
            Kind::Numbers(dtype, order) => (dtype, order),
            Kind::Other(name) => {
                self.skip_array(&name);
                return None;
            }
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
        let mut tensor = Tensor::plain(String::new(), dtype, Vec::new(), 1, span);
        tensor.order = order;
        Some(Found::alone(tensor))
    }

    /// `dtype('f4', False, True)` with a state of (3, '<', …), or a scalar class of `ml_dtypes`.
    fn numpy_dtype(&self, at: Ref) -> Option<Kind> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let class = self.global(callable)?;
        let args = self.args(at, object);
        if class.0 == "numpy.dtypes" {
            return Some(Kind::Other(class.1.to_owned()));
        }
        if class != ("numpy", "dtype") {
            return None;
        }
        let state = object.extra.as_ref().and_then(|extra| extra.states.last());
        let state = state.map(|id| Ref { id: *id, ..at });
        let order = state
            .and_then(|state| self.sequence(state)?.get(1).copied())
            .and_then(|order| self.text(Ref { id: order, ..at }))
            .map_or(ByteOrder::Little, |order| {
                if order == b">" {
                    ByteOrder::Big
                } else {
                    ByteOrder::Little
                }
            });
        let first = *args.first()?;
        if let Some((module, name)) = self.global(first) {
            let dtype = match (module, name) {
                ("ml_dtypes", name) => crate::dtype::from_torch(name).map(|(dtype, _)| dtype),
                _ => None,
            };
            return Some(match dtype {
                Some(dtype) if dtype != DType::Unknown => Kind::Numbers(dtype, order),
                _ => Kind::Other(format!("{module}.{name}")),
            });
        }
        let code = self.text(first)?;
        let code = code.strip_prefix(b"<").unwrap_or(code);
        let (code, order) = match code.strip_prefix(b">") {
            Some(code) => (code, ByteOrder::Big),
            None => (code, order),
        };
        let dtype = match code {
            b"b1" | b"?" => DType::Bool,
            b"i1" => DType::I8,
            b"i2" => DType::I16,
            b"i4" => DType::I32,
            b"i8" => DType::I64,
            b"u1" => DType::U8,
            b"u2" => DType::U16,
            b"u4" => DType::U32,
            b"u8" => DType::U64,
            b"f2" => DType::F16,
            b"f4" => DType::F32,
            b"f8" => DType::F64,
            b"c8" => DType::C64,
            b"c16" => DType::C128,
            _ => return Some(Kind::Other(String::from_utf8_lossy(code).into_owned())),
        };
        Some(Kind::Numbers(dtype, order))
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
