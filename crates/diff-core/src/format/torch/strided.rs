//! Views of storages: shape, strides and signs as the file gives them, checked against the storage.

use super::document::{Reading, Ref};
use super::storage::Storage;
use super::tensor::no_data;
use crate::dtype::{self, DType};
use crate::error::{Code, Error, Result};
use crate::limits::{self, Cap};
use crate::pickle::{Id, Value};
use crate::tensor::{Node, Signs, Span, Stored, Tensor, element_count};

/// A view is never refused below this many elements.
const SMALL_VIEW: u64 = 1 << 20;

/// A strided view, before its storage is known to hold it.
pub(super) struct Geometry {
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

impl Reading {
    pub(super) fn geometry(&self, [offset, size, stride]: [Ref; 3]) -> Result<Geometry> {
        Ok(Geometry {
            offset: self
                .natural(offset)
                .ok_or_else(|| bad_number("storage offset"))?,
            shape: self.sizes(size, "size")?,
            strides: self.sizes(stride, "stride")?,
        })
    }

    /// Numbers of a tuple, a list, or `torch.Size`.
    pub(super) fn sizes(&self, at: Ref, what: &str) -> Result<Vec<u64>> {
        let mut at = at;
        if let Value::Object(object) = self.value(at) {
            let is_size = matches!(
                self.global(Ref {
                    id: object.callable,
                    ..at
                }),
                Some(("torch", "Size") | ("torch.jit._pickle", "build_intlist"))
            );
            at = match self.args(at, object).first() {
                Some(inner) if is_size => *inner,
                _ => return Err(bad_number(what)),
            };
        }
        if let Some(single) = self.natural(at) {
            return Ok(vec![single]);
        }
        let items: &[Id] = self.sequence(at).ok_or_else(|| bad_number(what))?;
        if items.len() > limits::DIMENSIONS {
            return Err(Error::new(Code::LimitExceeded, "too many dimensions")
                .expected(format!("at most {}", limits::DIMENSIONS))
                .found(items.len())
                .hint("no known model has so many: reshape the tensor and save it again, if it is really meant"));
        }
        items
            .iter()
            .map(|id| {
                self.natural(Ref { id: *id, ..at })
                    .ok_or_else(|| bad_number(what))
            })
            .collect()
    }

    pub(super) fn dtype(&self, at: Ref) -> Result<(DType, Option<&'static str>)> {
        let unknown = |found: String| {
            Error::new(Code::UnsupportedDtype, "dtype is not known here").found(found)
        };
        match self.global(at) {
            Some(("torch", name)) => {
                dtype::from_torch(name).ok_or_else(|| unknown(format!("torch.{name}")))
            }
            Some((module, name)) => Err(unknown(format!("{module}.{name}"))),
            None => Err(unknown("no name of a type".to_owned())),
        }
    }

    /// A view of a storage; with the error in it where the storage does not hold it.
    pub(super) fn view(
        &self,
        storage: &Storage,
        geometry: Geometry,
        dtype: DType,
        label: Option<&'static str>,
    ) -> Tensor {
        let shown = label.unwrap_or(dtype.name());
        let Geometry {
            offset,
            shape,
            strides,
        } = geometry;
        let elements = match element_count(&shape) {
            Ok(elements) => elements,
            Err(error) => return Tensor::broken(String::new(), shown, shape, 0, error),
        };
        let item = dtype.bytes();
        let bytes = elements.saturating_mul(item.max(1));
        if item == 0 {
            let error = Error::new(Code::UnsupportedDtype, "dtype is not compared yet")
                .found(shown)
                .hint("the other tensors of the file are compared; this one cannot be");
            return Tensor::broken(String::new(), shown, shape, bytes, error);
        }
        let laid = if storage.is_meta {
            Ok(Node::Broken(Box::new(no_data())))
        } else {
            let Storage { span, order, .. } = *storage;
            self.check_ratio(elements, span.bytes / item)
                .and_then(|()| Stored::strided(span, order, item, offset, &shape, strides))
                .map(Node::Stored)
        };
        match laid {
            Err(error) => Tensor::broken(String::new(), shown, shape, bytes, error),
            Ok(node) => {
                let span = Span {
                    bytes,
                    ..storage.span
                };
                Tensor {
                    node,
                    dtype_label: label.map(Into::into),
                    ..Tensor::plain(String::new(), dtype, shape, elements, span)
                }
            }
        }
    }

    /// Expanded and overlapping views make many elements out of few.
    fn check_ratio(&self, elements: u64, stored: u64) -> Result<()> {
        let ratio = self.context.limits.of(Cap::ViewRatio, 0);
        let most = stored.saturating_mul(ratio).max(SMALL_VIEW);
        if elements > most {
            return Err(limits::exceeded(
                Cap::ViewRatio,
                most,
                elements,
                &format!("number of elements of a view of {stored} stored ones"),
            ));
        }
        Ok(())
    }

    /// The signs that the conj and neg bits change.
    pub(super) fn lazy_signs(&self, metadata: Option<Ref>) -> Option<Signs> {
        let flag = |name: &[u8]| {
            let Some(at) = metadata else { return false };
            let Value::Dict(pairs) = self.value(at) else {
                return false;
            };
            pairs.iter().any(|(key, value)| {
                self.text(Ref { id: *key, ..at }) == Some(name)
                    && matches!(self.value(Ref { id: *value, ..at }), Value::Bool(true))
            })
        };
        match (flag(b"neg"), flag(b"conj")) {
            (false, false) => None,
            (true, false) => Some(Signs::All),
            (false, true) => Some(Signs::Imaginary),
            (true, true) => Some(Signs::Real),
        }
    }
}

fn bad_number(what: &str) -> Error {
    Error::new(
        Code::InvalidHeader,
        format!("{what} of a tensor is not made of numbers from zero up"),
    )
    .hint("this is no file that torch wrote, or it is damaged")
}
