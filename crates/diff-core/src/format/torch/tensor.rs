//! Tensors out of the calls that would rebuild them. The table of those calls is fixed; nothing is called.

use super::document::{Reading, Ref};
use super::found::Found;
use super::storage::Storage;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::pickle::{How, Value};
use crate::tensor::{Node, Span, Tensor, element_count};

/// Calls inside calls (a subclass of a parameter of a tensor) that are followed.
const MOST_DEPTH: u32 = 8;

impl Reading {
    /// The tensor that a value stands for; None when it stands for none.
    pub(super) fn tensor(&mut self, at: Ref) -> Option<Found> {
        self.touched.clear();
        let mut found = self.tensor_at(at, 0)?;
        found.spans = std::mem::take(&mut self.touched);
        Some(found)
    }

    pub(super) fn tensor_at(&mut self, at: Ref, depth: u32) -> Option<Found> {
        if depth > MOST_DEPTH {
            return None;
        }
        if let Value::Persistent(_) = self.value(at) {
            let storage = self.storage(at, 0)?;
            return Some(match storage {
                Ok(storage) => Self::storage_tensor(&storage),
                Err(error) => Found::broken(error),
            });
        }
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let args = self.args(at, object);
        if self.nested_root(at).is_some() {
            return self.nested_tensor(at, depth);
        }
        let how = object.how;
        self.call(at, callable, how, &args, depth)
    }

    fn nested_tensor(&mut self, at: Ref, depth: u32) -> Option<Found> {
        match self.nested_root(at)? {
            Ok(root) => self.tensor_at(root, depth + 1),
            Err(error) => Some(Found::broken(error)),
        }
    }

    /// A storage object as a tensor of one dimension; an untyped one as bytes.
    fn storage_tensor(storage: &Storage) -> Found {
        let dtype = storage.dtype.unwrap_or(DType::U8);
        let elements = storage.span.bytes / dtype.bytes().max(1);
        let mut tensor =
            Tensor::plain(String::new(), dtype, vec![elements], elements, storage.span)
                .in_order(storage.order);
        tensor.dtype_label = storage.label.map(Into::into);
        if storage.is_meta {
            tensor.node = Node::Broken(Box::new(no_data()));
        }
        Found::new(tensor, storage)
    }

    fn call(
        &mut self,
        at: Ref,
        callable: Ref,
        how: How,
        args: &[Ref],
        depth: u32,
    ) -> Option<Found> {
        let (module, name) = self.global(callable)?;
        let result = match (module, name) {
            ("torch._utils", name) if name.starts_with("_rebuild") => {
                let name = name.to_owned();
                return self.rebuild(&name, args, depth);
            }
            ("torch._tensor", "_rebuild_from_type_v2" | "_rebuild_from_type") => {
                return self.subclass(args, depth);
            }
            ("torch.nn.parameter", "Parameter" | "Buffer") => match args.first() {
                Some(data) => return self.tensor_at(*data, depth + 1),
                None => self.built(at, None, depth)?,
            },
            ("torch.jit._pickle", "build_tensor_from_id") | ("torch", "Tensor") => {
                self.built(at, None, depth)?
            }
            ("torch" | "torch.cuda", name) if name.ends_with("Tensor") => {
                self.built(at, None, depth)?
            }
            _ if self.distributed(callable).is_some() => {
                // Before torch 2.0 it was no tensor.
                let Value::Object(object) = self.value(at) else {
                    return None;
                };
                let state = *object.extra.as_ref()?.states.last()?;
                let state = Ref { id: state, ..at };
                let kind = self.distributed(callable)?;
                return self.distributed_tensor(kind, None, state, depth);
            }
            _ => return self.numpy(at, callable, how, args),
        };
        Some(result.unwrap_or_else(Found::broken))
    }

    fn rebuild(&mut self, name: &str, args: &[Ref], depth: u32) -> Option<Found> {
        let result = match (name, args) {
            (
                "_rebuild_tensor" | "_rebuild_tensor_v2",
                [storage, offset, size, stride, rest @ ..],
            ) => self.strided(
                *storage,
                [*offset, *size, *stride],
                None,
                rest.get(2).copied(),
            ),
            ("_rebuild_tensor_v3", [storage, offset, size, stride, _, _, dtype, rest @ ..]) => self
                .strided(
                    *storage,
                    [*offset, *size, *stride],
                    Some(*dtype),
                    rest.first().copied(),
                ),
            ("_rebuild_parameter_with_state", [data, _, _, rest @ ..]) => {
                let mut found = self.tensor_at(*data, depth + 1)?;
                found.state = rest.first().copied();
                return Some(found);
            }
            ("_rebuild_qtensor", [storage, offset, size, stride, quantizer, ..]) => {
                self.quantised(*storage, [*offset, *size, *stride], *quantizer, depth)
            }
            ("_rebuild_sparse_tensor" | "_rebuild_sparse_csr_tensor", [layout, data, ..]) => {
                self.sparse(*layout, *data, depth)
            }
            ("_rebuild_meta_tensor_no_storage", [dtype, size, ..]) => self.meta(*dtype, *size),
            (
                "_rebuild_parameter"
                | "_rebuild_device_tensor_from_numpy"
                | "_rebuild_xla_tensor"
                | "_rebuild_device_tensor_from_cpu_tensor",
                [data, ..],
            ) => return self.tensor_at(*data, depth + 1),
            (
                "_rebuild_tensor"
                | "_rebuild_tensor_v2"
                | "_rebuild_tensor_v3"
                | "_rebuild_qtensor"
                | "_rebuild_sparse_tensor"
                | "_rebuild_parameter",
                _,
            ) => Err(
                Error::new(Code::InvalidHeader, "tensor lacks parts of its description")
                    .found(format!("{name} with {} arguments", args.len())),
            ),
            // Parts of wrappers and of nested tensors are tensors of their own, which the walk finds.
            _ => return None,
        };
        Some(result.unwrap_or_else(Found::broken))
    }

    /// `_rebuild_from_type_v2(func, type, args, state)`: a subclass; the inner call makes the tensor.
    fn subclass(&mut self, args: &[Ref], depth: u32) -> Option<Found> {
        let [function, class, inner, rest @ ..] = args else {
            return None;
        };
        let inner_args: Vec<Ref> = self
            .sequence(*inner)?
            .iter()
            .take(8)
            .map(|id| Ref { id: *id, ..*inner })
            .collect();
        if depth >= MOST_DEPTH {
            return None;
        }
        if let (Some(kind), Some(state)) = (self.distributed(*class), rest.first()) {
            return self.distributed_tensor(kind, inner_args.get(2).copied(), *state, depth);
        }
        let mut found = self.call(*inner, *function, How::Call, &inner_args, depth + 1)?;
        found.state = rest.first().copied();
        Some(found)
    }

    /// `FloatTensor()` with a state of (storage, offset, size, stride), or of (tensor, …) for a Variable.
    fn built(&mut self, at: Ref, dtype: Option<Ref>, depth: u32) -> Option<Result<Found>> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let state = *object.extra.as_ref()?.states.last()?;
        let parts: Vec<Ref> = self
            .sequence(Ref { id: state, ..at })?
            .iter()
            .take(8)
            .map(|id| Ref { id: *id, ..at })
            .collect();
        match parts.as_slice() {
            [storage, offset, size, stride] => {
                Some(self.strided(*storage, [*offset, *size, *stride], dtype, None))
            }
            [data, ..] => self.tensor_at(*data, depth + 1).map(Ok),
            [] => None,
        }
    }

    fn strided(
        &mut self,
        storage: Ref,
        geometry: [Ref; 3],
        dtype: Option<Ref>,
        metadata: Option<Ref>,
    ) -> Result<Found> {
        let geometry = self.geometry(geometry)?;
        let storage = self.storage(storage, 0).unwrap_or_else(|| {
            Err(Error::new(
                Code::InvalidHeader,
                "tensor has no storage that is known here",
            ))
        });
        let named = match dtype {
            Some(dtype) => Some(self.dtype(dtype)?),
            None => None,
        };
        let storage = match storage {
            Ok(storage) => storage,
            Err(error) => {
                // What is known of it is shown beside the error.
                let label = named.map_or("unknown", |(dtype, label)| label.unwrap_or(dtype.name()));
                let tensor = Tensor::broken(String::new(), label, geometry.shape, 0, error);
                return Ok(Found::alone(tensor));
            }
        };
        let (dtype, label) = named
            .or(storage.dtype.map(|dtype| (dtype, storage.label)))
            .ok_or_else(|| {
                Error::new(
                    Code::InvalidHeader,
                    "tensor of an untyped storage has no dtype",
                )
            })?;
        let mut tensor = self.view(&storage, geometry, dtype, label);
        if let Some(signs) = self.lazy_signs(metadata)
            && tensor.error().is_none()
        {
            tensor = if dtype.is_integer() {
                let error = Error::new(
                    Code::UnsupportedDtype,
                    "lazy sign on a tensor of integers, which torch never makes",
                );
                Tensor {
                    node: Node::Broken(Box::new(error)),
                    ..tensor
                }
            } else {
                tensor.signed(signs)?
            };
        }
        Ok(Found::new(tensor, &storage))
    }

    fn meta(&self, dtype: Ref, size: Ref) -> Result<Found> {
        let (dtype, label) = self.dtype(dtype)?;
        let shape = self.sizes(size, "size")?;
        let elements = element_count(&shape)?;
        let span = Span {
            source: 0,
            offset: 0,
            bytes: elements.saturating_mul(dtype.bytes()),
        };
        let mut tensor = Tensor::plain(String::new(), dtype, shape, elements, span);
        tensor.dtype_label = label.map(Into::into);
        tensor.node = Node::Broken(Box::new(no_data()));
        Ok(Found::alone(tensor))
    }
}

pub(super) fn no_data() -> Error {
    Error::new(
        Code::NoData,
        "tensor has no data: it was saved on the meta device",
    )
    .hint("materialise the model before it is saved")
}
