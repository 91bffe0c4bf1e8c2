//! What numpy's arrays are, in files of its own and in pickles: their types, and their values as tensors, one or one for each field of a
//! structure.

mod element;
mod field;
pub(super) mod literal;

use std::sync::Arc;

use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result};
use crate::pickle::Area;
use crate::source::Source;
use crate::tensor::{Node, Span, Stored, Tensor, element_count};
use element::{Leaf, Type};
use field::FieldSource;

pub(super) use element::{Element, parse as parse_type, sizes};
pub(super) use literal::Literal;

/// Takes a source beside the file and answers its number.
pub(super) type AddSource<'a> = &'a mut dyn FnMut(Arc<dyn Source>) -> u32;

/// What an array is, without its data.
pub(super) struct Array<'a> {
    pub(super) element: &'a Type,
    pub(super) shape: &'a [u64],
    pub(super) fortran: bool,
}

impl Array<'_> {
    /// Bytes of its data.
    ///
    /// # Errors
    /// `ShapeOverflow`.
    pub(super) fn bytes(&self) -> Result<u64> {
        let count = element_count(self.shape)?;
        count.checked_mul(self.element.size).ok_or_else(|| {
            Error::new(
                Code::ShapeOverflow,
                "array has more bytes than can be counted",
            )
            .found(format!("{:?} of {} bytes", self.shape, self.element.size))
        })
    }

    /// The values of one leaf; `data` has as many bytes as the array.
    ///
    /// # Errors
    /// `ShapeOverflow`, `UnsupportedDtype`.
    pub(super) fn leaf(
        &self,
        name: String,
        leaf: &Leaf,
        data: &Area,
        add_source: AddSource,
    ) -> Result<Tensor> {
        let span = if leaf.path.is_empty() && leaf.levels.is_empty() {
            Span {
                source: data.index,
                offset: data.start,
                bytes: data.length,
            }
        } else {
            let count = element_count(self.shape)?;
            let source = FieldSource::new(data.clone(), count, self.element.size, leaf)?;
            Span {
                bytes: source.size(),
                source: add_source(Arc::new(source)),
                offset: 0,
            }
        };
        let mut shape = self.shape.to_vec();
        shape.extend_from_slice(&leaf.shape);
        let elements = element_count(&shape).map_err(|e| e.tensor(&name))?;
        let (dtype, order, label) = match &leaf.element {
            Element::Number {
                dtype,
                order,
                label,
            } => (*dtype, *order, label.as_deref()),
            Element::VoidOfTwo(order) => (DType::Bf16, *order, None),
            Element::Raw(label) => (DType::Unknown, ByteOrder::Little, Some(label.as_str())),
            Element::Object => return Err(objects()),
        };
        let mut tensor = match label {
            Some(label) if dtype == DType::Unknown => {
                Tensor::raw(name, label, shape, elements, span)
            }
            _ => Tensor::plain(name, dtype, shape, elements, span).in_order(order),
        };
        tensor.dtype_label = label.map(Into::into);
        if self.fortran && self.shape.len() > 1 {
            if dtype == DType::Unknown {
                tensor.node = Node::Broken(Box::new(
                    Error::new(
                        Code::UnsupportedLayout,
                        "elements of this type in Fortran order are not read",
                    )
                    .found(tensor.dtype_name())
                    .tensor(&tensor.name)
                    .hint("save the array in C order with numpy.ascontiguousarray"),
                ));
                return Ok(tensor);
            }
            let strides = fortran_strides(self.shape, &leaf.shape);
            let laid = Stored::strided(span, order, leaf.item, 0, &tensor.shape, strides)?;
            tensor.node = Node::Stored(laid);
        }
        Ok(tensor)
    }
}

pub(super) fn objects() -> Error {
    Error::new(
        Code::UnsupportedDtype,
        "array of Python objects, in which there is no array of numbers",
    )
    .hint("nothing was unpickled; save the numbers alone, or use safetensors")
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
