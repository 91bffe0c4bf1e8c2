//! Tensors in another shape or order. A view of stored elements becomes strides where strides can express it. A view of a tensor whose
//! elements are computed one by one (signs, scales) is computed from the view of its parts. Any other view is a node of its own, [`View`].

mod concat;
mod permute;
mod reshape;
mod slice;
mod values;

use std::sync::Arc;

use super::Tensor;
use super::node::{Lookup, Node, View};
use super::shape::{element_count, row_major_steps};
use super::stored::{Encoding, Stored};
use crate::error::{Code, Error, Result};
use crate::limits;

/// Where elements lie: the first one, and the steps along the axes. Both count elements of the storage, or of the tensor that is viewed.
struct Places {
    offset: u64,
    steps: Vec<u64>,
}

impl Tensor {
    /// The same description with other elements.
    fn with(&self, node: Node) -> Self {
        Self {
            node,
            ..self.clone()
        }
    }

    fn readable(&self) -> Result<()> {
        self.error().map_or(Ok(()), |error| Err(error.clone()))
    }

    #[cold]
    fn wrong(&self, what: &str, expected: &str, found: &str) -> Error {
        let (dtype, shape) = (self.dtype_name(), &self.shape);
        Error::new(Code::Argument, format!("{what} {dtype} {shape:?}"))
            .expected(expected)
            .found(found)
            .tensor(&self.name)
    }

    /// Applies `change`, which moves elements, below all operations on single elements.
    fn on_each(&self, change: &dyn Fn(&Self) -> Result<Self>) -> Result<Self> {
        self.readable()?;
        let node = |of: &Self| -> Result<(Self, Arc<Self>)> {
            let changed = of.on_each(change)?;
            Ok((changed.clone(), Arc::new(changed)))
        };
        let (changed, node) = match &self.node {
            Node::Signed(of, signs) => {
                let (changed, of) = node(of)?;
                (changed, Node::Signed(of, *signs))
            }
            Node::Shifted(of, number) => {
                let (changed, of) = node(of)?;
                (changed, Node::Shifted(of, *number))
            }
            Node::Lookup(lookup) => {
                let codes = lookup.codes.on_each(change)?;
                let table = lookup.table.clone();
                (
                    codes.clone(),
                    Node::Lookup(Arc::new(Lookup { codes, table })),
                )
            }
            Node::Scaled {
                codes,
                scale,
                zero_point,
            } => {
                let (changed, codes) = node(codes)?;
                let (scale, zero_point) = (*scale, *zero_point);
                (
                    changed,
                    Node::Scaled {
                        codes,
                        scale,
                        zero_point,
                    },
                )
            }
            _ => return change(self),
        };
        Ok(Self {
            node,
            dtype: self.dtype,
            dtype_label: self.dtype_label.clone(),
            bytes: changed.elements * self.dtype.bytes(),
            name: self.name.clone(),
            ..changed
        })
    }

    /// # Errors
    /// What keeps it from being read; `UnsupportedLayout` where its elements cannot be told apart or do not fill its shape.
    fn viewable(&self) -> Result<()> {
        self.readable()?;
        match &self.node {
            Node::Sparse(_) => Err(self.no_view("sparse tensor")),
            _ if self.is_raw() => Err(self.no_view("tensor of a type that is not known")),
            _ => Ok(()),
        }
    }

    /// Where its elements lie in its storage, or in the tensor that it is a view of.
    fn places(&self) -> Result<Places> {
        self.viewable()?;
        let (offset, steps) = match &self.node {
            Node::Stored(Stored {
                strides: Some(strides),
                ..
            }) => (strides.offset, strides.steps.clone()),
            Node::View(view) => (view.offset, view.steps.clone()),
            _ => (0, row_major_steps(&self.shape)),
        };
        Ok(Places { offset, steps })
    }

    #[cold]
    fn no_view(&self, what: &str) -> Error {
        Error::new(
            Code::UnsupportedLayout,
            format!("{what} cannot be put in another form"),
        )
        .found(self.dtype_name())
        .tensor(&self.name)
    }

    /// The same kind of tensor with elements in other places of its storage, or of the tensor that it is a view of.
    fn at(&self, shape: Vec<u64>, places: Places) -> Result<Self> {
        if shape.len() > limits::DIMENSIONS {
            element_count(&shape)?;
        }
        let Places { offset, steps } = places;
        match &self.node {
            Node::Stored(
                stored @ Stored {
                    encoding: Encoding::Plain(order),
                    ..
                },
            ) => {
                let item = self.dtype.bytes();
                let laid = Stored::strided(stored.span, *order, item, offset, &shape, steps)?;
                let elements = element_count(&shape)?;
                Ok(Self {
                    elements,
                    bytes: elements * item,
                    shape,
                    ..self.with(Node::Stored(laid))
                })
            }
            Node::View(view) => {
                let seen = view.of.viewed(shape, Places { offset, steps });
                Ok(Self {
                    name: self.name.clone(),
                    ..seen
                })
            }
            _ => Ok(self.viewed(shape, Places { offset, steps })),
        }
    }

    fn viewed(&self, shape: Vec<u64>, places: Places) -> Self {
        let elements: u64 = shape.iter().product();
        let Places { offset, steps } = places;
        let share =
            u128::from(self.bytes) * u128::from(elements) / u128::from(self.elements.max(1));
        Self {
            elements,
            bytes: u64::try_from(share).unwrap_or(u64::MAX),
            shape,
            ..self.with(Node::View(Arc::new(View {
                of: self.clone(),
                offset,
                steps,
            })))
        }
    }
}
