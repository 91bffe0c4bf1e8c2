//! Sparse tensors: their places and their values, each a tensor of its own.

use std::sync::Arc;

use super::document::{Reading, Ref};
use super::found::Found;
use crate::error::{Code, Error, Result};
use crate::limits::Cap;
use crate::pickle::Value;
use crate::tensor::{Node, Span, Sparse, SparseKind, Tensor};

impl Reading {
    pub(super) fn sparse(&mut self, layout: Ref, data: Ref, depth: u32) -> Result<Found> {
        let kind = self.sparse_kind(layout)?;
        let wrong = || Error::new(Code::InvalidHeader, "sparse tensor lacks parts");
        let parts: Vec<Ref> = self
            .sequence(data)
            .ok_or_else(wrong)?
            .iter()
            .take(5)
            .map(|id| Ref { id: *id, ..data })
            .collect();
        let (indices, values, size): (&[Ref], Ref, Ref) = match (kind, parts.as_slice()) {
            (SparseKind::Coo, [indices, values, size, ..]) => {
                (std::slice::from_ref(indices), *values, *size)
            }
            (SparseKind::Coo, _) => return Err(wrong()),
            (_, [_, _, values, size]) => (parts.get(..2).unwrap_or_default(), *values, *size),
            _ => return Err(wrong()),
        };
        let shape = self.sizes(size, "size")?;
        let mut found = self.tensor_at(values, depth + 1).ok_or_else(wrong)?;
        let mut inner = Vec::new();
        for index in indices {
            let index = self.tensor_at(*index, depth + 1).ok_or_else(wrong)?;
            inner.push(index.tensor);
        }
        let values = found.tensor;
        let label = values.dtype_name().to_owned();
        // The dense size may be beyond all bounds: it is shown, never allocated.
        let broken = inner
            .iter()
            .chain([&values])
            .find_map(|part| part.error().cloned());
        if let Some(error) = broken {
            found.tensor = Tensor::broken(String::new(), &label, shape, values.bytes, error);
            return Ok(found);
        }
        let span = Span {
            source: 0,
            offset: 0,
            bytes: values.bytes,
        };
        let mut tensor = Tensor::plain(String::new(), values.dtype, shape, values.elements, span);
        tensor.dtype_label.clone_from(&values.dtype_label);
        tensor.node = Node::Sparse(Arc::new(Sparse {
            kind,
            indices: inner,
            values,
            most_bytes: self.context.limits.of(Cap::SparseBytes, 0),
        }));
        found.tensor = tensor;
        Ok(found)
    }

    /// `_get_layout('torch.sparse_coo')`, or the layout itself.
    fn sparse_kind(&self, at: Ref) -> Result<SparseKind> {
        let name = match self.value(at) {
            Value::Object(object) => {
                let args = self.args(at, object);
                args.first()
                    .and_then(|name| self.text(*name))
                    .map(|name| String::from_utf8_lossy(name).into_owned())
            }
            _ => self.global(at).map(|(_, name)| name.to_owned()),
        };
        let name = name.unwrap_or_default();
        Ok(match name.trim_start_matches("torch.") {
            "sparse_coo" => SparseKind::Coo,
            "sparse_csr" => SparseKind::Csr,
            "sparse_csc" => SparseKind::Csc,
            "sparse_bsr" => SparseKind::Bsr,
            "sparse_bsc" => SparseKind::Bsc,
            _ => {
                return Err(Error::new(
                    Code::UnsupportedLayout,
                    "layout of a sparse tensor is not known here",
                )
                .found(format!("{name:?}")));
            }
        })
    }
}
