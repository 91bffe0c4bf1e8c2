//! Tensor subclasses of torchao: what they were made with, in the words of its safetensors files.

use serde_json::{Map, Value as Json, json};

use super::document::{Reading, Ref};
use crate::pickle::Value;

/// Attributes that are types of torch, switches, and tensors.
const TYPES: &[&str] = &["elem_dtype", "target_dtype"];
const SWITCHES: &[&str] = &["is_swizzled_scales"];
const TENSORS: &[&str] = &[
    "qdata",
    "scale",
    "zero_point",
    "scale_and_zero",
    "per_tensor_scale",
];

impl Reading {
    /// What `flatten_tensor_state_dict` of torchao 0.18 writes of a tensor like this one; None for other values.
    pub(super) fn torchao_description(&self, at: Ref) -> Option<String> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        if self.global(callable) != Some(("torch._tensor", "_rebuild_from_type_v2")) {
            return None;
        }
        let args = self.args(at, object);
        let &[_, class, inner, state] = args.as_slice() else {
            return None;
        };
        let (module, class) = self.global(class)?;
        if !module.starts_with("torchao.") {
            return None;
        }
        let attribute = |name: &str| self.attribute(state, name.as_bytes());
        let mut data = Map::new();
        let word = |at: Ref| match self.global(at) {
            Some(("torch", name)) => Some(json!({ "_type": "torch.dtype", "_data": name })),
            _ => None,
        };
        // The arguments of the wrapper: class, type, size, ...
        let of_wrapper = |number: usize| {
            let id = *self.sequence(inner)?.get(number)?;
            Some(Ref { id, ..inner })
        };
        if let Some(dtype) = of_wrapper(1).and_then(word) {
            data.insert("dtype".into(), dtype.clone());
            data.insert("orig_dtype".into(), dtype);
        }
        if let Some(size) = of_wrapper(2) {
            data.insert("shape".into(), json!(self.sizes(size, "size").ok()?));
        }
        if let Some(at) = attribute("block_size") {
            let sides = match self.natural(at) {
                Some(side) => json!(side),
                None => json!(self.sizes(at, "block_size").ok()?),
            };
            data.insert("block_size".into(), sides);
        }
        for &name in TYPES {
            data.extend(attribute(name).and_then(word).map(|it| (name.into(), it)));
        }
        for &name in SWITCHES {
            let is_on = attribute(name).map(|at| matches!(self.value(at), Value::Bool(true)));
            data.extend(is_on.map(|is_on| (name.to_owned(), Json::Bool(is_on))));
        }
        let is_there =
            |name: &&&str| attribute(name).is_some_and(|at| !matches!(self.value(at), Value::None));
        let parts: Vec<&&str> = TENSORS.iter().filter(is_there).collect();
        let said = json!({ "_type": class, "_data": data, "_tensor_data_names": parts });
        Some(said.to_string())
    }
}
