//! Named tensors: where their elements lie and what they are made of. There are no bytes here.

mod algebra;
mod depth;
mod layout;
mod node;
mod packing;
mod quantised;
mod scale_run;
mod shape;
mod stored;
mod view;

use std::ops::Range;

use crate::decode::blocks::BlockFormat;
use crate::dtype::{ByteOrder, DType};
use crate::error::Error;

pub use layout::Layout;
pub use node::{
    Affine, Concat, Factor, Index, Kronecker, Lookup, LowRank, Node, Normed, Pair, PairRule, Rule,
    Scale, Signs, Sparse, SparseKind, Table, Times, Unpacked, View,
};
pub use packing::Packing;
pub use shape::element_count;
pub(crate) use shape::row_major_steps;
pub use stored::{Encoding, Span, Stored, Strides};

/// One named tensor of a checkpoint.
#[derive(Debug, Clone)]
pub struct Tensor {
    pub name: String,
    /// Type of the elements, as they are stored or as they are computed.
    pub dtype: DType,
    /// The name that the file gives the type, where that says more than `dtype`: for [`DType::Unknown`], and for `qint8` and its kin.
    pub dtype_label: Option<Box<str>>,
    /// Outermost dimension first; empty for a 0-d tensor.
    pub shape: Vec<u64>,
    /// Product of `shape`, 1 for a 0-d tensor; for a sparse tensor, how many elements it stores.
    pub elements: u64,
    /// Bytes of these elements (not of a larger storage that they lie in).
    pub bytes: u64,
    pub node: Node,
}

impl Tensor {
    /// A plain little-endian tensor.
    #[must_use]
    pub fn plain(name: String, dtype: DType, shape: Vec<u64>, elements: u64, span: Span) -> Self {
        Self {
            name,
            dtype,
            dtype_label: None,
            shape,
            elements,
            bytes: span.bytes,
            node: Node::Stored(Stored::plain(span)),
        }
    }

    /// A tensor of an unknown type, whose values cannot be told: it is compared byte by byte, as its elements lie.
    #[must_use]
    pub fn raw(name: String, label: &str, shape: Vec<u64>, elements: u64, span: Span) -> Self {
        Self {
            dtype_label: Some(label.into()),
            node: Node::Stored(Stored::encoded(span, Encoding::Opaque)),
            ..Self::plain(name, DType::Unknown, shape, elements, span)
        }
    }

    /// A tensor of floats that take less than a byte.
    #[must_use]
    pub fn packed(
        name: String,
        packing: Packing,
        shape: Vec<u64>,
        elements: u64,
        span: Span,
    ) -> Self {
        Self {
            dtype_label: Some(packing.name().into()),
            node: Node::Stored(Stored::encoded(span, Encoding::Packed(packing))),
            ..Self::plain(name, DType::F8E4M3, shape, elements, span)
        }
    }

    /// A tensor of quantised blocks, each of which lies inside one row.
    #[must_use]
    pub fn blocks(
        name: String,
        format: &'static BlockFormat,
        order: ByteOrder,
        shape: Vec<u64>,
        elements: u64,
        span: Span,
    ) -> Self {
        Self {
            dtype_label: Some(format.name.to_ascii_lowercase().into()),
            node: Node::Stored(Stored::encoded(span, Encoding::Blocks(format, order))),
            ..Self::plain(name, DType::F32, shape, elements, span)
        }
    }

    /// A tensor that can be described but not read; the other tensors of its checkpoint still can.
    #[must_use]
    pub fn broken(name: String, label: &str, shape: Vec<u64>, bytes: u64, error: Error) -> Self {
        Self {
            elements: element_count(&shape).unwrap_or(0),
            name,
            dtype: DType::Unknown,
            dtype_label: Some(label.into()),
            shape,
            bytes,
            node: Node::Broken(Box::new(error)),
        }
    }

    /// The same tensor in another byte order.
    #[must_use]
    pub fn in_order(mut self, order: ByteOrder) -> Self {
        if let Node::Stored(Stored {
            encoding: encoding @ Encoding::Plain(_),
            ..
        }) = &mut self.node
        {
            *encoding = Encoding::Plain(order);
        }
        self
    }

    /// Why it cannot be read, when it cannot.
    #[must_use]
    #[inline]
    pub fn error(&self) -> Option<&Error> {
        match &self.node {
            Node::Broken(error) => Some(error),
            _ => None,
        }
    }

    /// Whether only its bytes can be compared.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        self.dtype == DType::Unknown && self.error().is_none()
    }

    /// What ranges of it count: elements, or bytes for a tensor of an unknown type.
    #[must_use]
    pub fn units(&self) -> u64 {
        if self.is_raw() {
            self.bytes
        } else {
            self.elements
        }
    }

    /// Stored bytes of the units before `end`. Where several tensors make one, each element has an equal share of their bytes.
    fn stored_until(&self, end: u64) -> u64 {
        let share = |bytes: u64| {
            let part = u128::from(bytes) * u128::from(end) / u128::from(self.elements.max(1));
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        let all = |tensor: &Self| tensor.stored_until(tensor.units());
        match &self.node {
            Node::Broken(_) => 0,
            Node::Stored(stored) => stored.encoding.bytes_until(end, self.dtype.bytes()),
            Node::Sparse(_) => end * self.dtype.bytes(),
            Node::Signed(of, _) | Node::Shifted(of, _) | Node::Scaled { codes: of, .. } => {
                of.stored_until(end)
            }
            Node::View(view) => {
                let of = u128::from(all(&view.of)) * u128::from(self.elements);
                share(u64::try_from(of / u128::from(view.of.elements.max(1))).unwrap_or(u64::MAX))
            }
            Node::Concat(_)
            | Node::Affine(_)
            | Node::Unpacked(_)
            | Node::Lookup(_)
            | Node::LowRank(_)
            | Node::Kronecker(_)
            | Node::Pair(_)
            | Node::Times(_)
            | Node::Rounded(_)
            | Node::Normed(_) => share(self.node.parts().into_iter().map(all).sum()),
        }
    }

    /// Stored bytes of these units, such that those of parts add up to those of the whole.
    #[must_use]
    #[inline]
    pub fn stored_bytes(&self, units: Range<u64>) -> u64 {
        // A short cut for almost all tensors: this is asked several times a unit.
        if let Node::Stored(Stored {
            encoding: Encoding::Plain(_),
            ..
        }) = &self.node
        {
            return (units.end - units.start) * self.dtype.bytes();
        }
        self.stored_until(units.end) - self.stored_until(units.start)
    }

    /// The source of its elements, and the place of the first one there, in bytes; None for a tensor whose elements are in no source. There is
    /// a source but no place for a tensor without elements, and for most that are made of others.
    #[must_use]
    pub fn first_byte(&self) -> Option<(u32, Option<u64>)> {
        match &self.node {
            Node::Stored(stored) => {
                let skipped = stored.strides.as_ref().map_or(0, |strides| strides.offset);
                let place = stored.span.offset + skipped * self.dtype.bytes();
                Some((stored.span.source, (self.bytes > 0).then_some(place)))
            }
            Node::Scaled { codes: of, .. } | Node::Signed(of, _) => of.first_byte(),
            Node::Affine(affine) => affine.codes.first_byte(),
            _ => {
                let mut parts = self.node.parts().into_iter();
                let (source, _) = parts.find_map(Self::first_byte)?;
                Some((source, None))
            }
        }
    }

    /// Source and byte where it begins: tensors are read in this order, so that files are read from start to end.
    pub(crate) fn position(&self) -> (u32, u64) {
        match &self.node {
            Node::Stored(stored) => (stored.span.source, stored.span.offset),
            node => node.parts().first().map_or((0, 0), |part| part.position()),
        }
    }

    /// The type as a user reads it.
    #[must_use]
    pub fn dtype_name(&self) -> &str {
        self.dtype_label.as_deref().unwrap_or(self.dtype.name())
    }
}
