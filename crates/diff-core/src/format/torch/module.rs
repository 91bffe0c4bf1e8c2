//! Modules: their parts under the names that `state_dict` gives them, quantised ones among them.

use super::document::{Reading, Ref};
use super::tree::{Child, Class, Only, Segment, indexed, keyed};
use crate::pickle::Value;

/// Attributes that every module has, beside those whose name speaks of a hook.
const MACHINERY: &[&[u8]] = &[
    b"_parameters",
    b"_buffers",
    b"_modules",
    b"_non_persistent_buffers_set",
    b"_compiled_call_impl",
    b"training",
];

/// Parts of the tuple that a quantised convolution is saved as.
const CONVOLUTION: &[(usize, &str, Only)] = &[
    (10, "weight", Only::Everything),
    (11, "bias", Only::Everything),
    (12, "scale", Only::Number),
    (13, "zero_point", Only::Number),
];

impl Reading {
    /// Whether a dictionary is the state of a module.
    pub(super) fn is_module_state(&self, state: Ref) -> bool {
        self.attribute_of(state, b"_parameters").is_some()
            && self.attribute_of(state, b"_modules").is_some()
    }

    fn attribute_of(&self, state: Ref, name: &[u8]) -> Option<Ref> {
        self.pairs(state)?
            .iter()
            .find(|(key, _)| self.text(Ref { id: *key, ..state }) == Some(name))
            .map(|(_, value)| Ref {
                id: *value,
                ..state
            })
    }

    /// Parameters, buffers and submodules under their own names, as `state_dict` gives them, and what holds
    /// tensors among the other attributes.
    pub(super) fn module_children(&self, state: Ref, class: Class) -> Option<Vec<Child>> {
        let parameters = self.attribute_of(state, b"_parameters")?;
        let modules = self.attribute_of(state, b"_modules")?;
        let buffers = self.attribute_of(state, b"_buffers");
        let mut items = Vec::new();
        for part in [Some(parameters), buffers, Some(modules)]
            .into_iter()
            .flatten()
        {
            if let Some(pairs) = self.pairs(part) {
                items.extend(keyed(part, pairs));
            } else if let Value::Object(object) = self.value(part) {
                for arg in self.args(part, object) {
                    self.mapping_argument(arg, &mut items);
                }
            }
        }
        let quantised = is_quantised(class);
        for (key, value) in self.pairs(state)? {
            let (key, value) = (
                Ref { id: *key, ..state },
                Ref {
                    id: *value,
                    ..state
                },
            );
            let Some(name) = self.text(key) else { continue };
            if MACHINERY.contains(&name) || is_hook(name) {
                continue;
            }
            let only = if quantised && matches!(name, b"scale" | b"zero_point") {
                Only::Number
            } else if self.is_script_object(value) {
                Only::Everything
            } else {
                Only::Aside
            };
            items.push((Some(Segment::Key(key)), value, only));
        }
        Some(items)
    }

    /// Packed parameters hang in a module as an object of a class that only C++ knows.
    fn is_script_object(&self, at: Ref) -> bool {
        let Value::Object(object) = self.value(at) else {
            return false;
        };
        let class = self.global(Ref {
            id: object.callable,
            ..at
        });
        class == Some(("torch", "ScriptObject"))
    }

    /// The states of torch's quantised classes: tuples whose parts have names elsewhere.
    pub(super) fn packed_state(&self, state: Ref, class: Class) -> Option<Vec<Child>> {
        let (module, name) = class?;
        let parts = self.sequence(state)?;
        let part = |index: usize| parts.get(index).map(|id| Ref { id: *id, ..state });
        if (module, name) == ("torch", "ScriptObject") {
            // What the object's own `__getstate__` returned, and its class.
            let (payload, class) = (part(0)?, part(1)?);
            let class = self.text(class)?;
            let class = std::str::from_utf8(class).unwrap_or_default();
            let class = class.rsplit('.').next().unwrap_or_default();
            return Some(
                self.packed_embedding(payload, class)
                    .unwrap_or_else(|| vec![(None, payload, Only::Everything)]),
            );
        }
        if let Some(embedding) = self.packed_embedding(state, name) {
            return Some(embedding);
        }
        if is_quantised(class) && name.contains("Conv") && parts.len() > 13 {
            return Some(
                CONVOLUTION
                    .iter()
                    .filter_map(|(index, name, only)| {
                        Some((Some(Segment::Name(name)), part(*index)?, *only))
                    })
                    .collect(),
            );
        }
        is_quantised(class).then(|| indexed(state, parts))
    }

    /// (version, [weight], [numbers], [numbers]): a state dict has the weight alone.
    fn packed_embedding(&self, state: Ref, class: &str) -> Option<Vec<Child>> {
        if class != "EmbeddingPackedParamsBase" {
            return None;
        }
        let tensors = Ref {
            id: *self.sequence(state)?.get(1)?,
            ..state
        };
        let tensors = match self.value(tensors) {
            // TorchScript says what its lists are made of.
            Value::Object(object) => *self.args(tensors, object).first()?,
            _ => tensors,
        };
        let weight = Ref {
            id: *self.sequence(tensors)?.first()?,
            ..tensors
        };
        Some(vec![(None, weight, Only::Everything)])
    }
}

/// torch's own quantised classes, saved by Python or as a script.
pub(super) fn is_quantised(class: Class) -> bool {
    class.is_some_and(|(module, _)| {
        let module = module.strip_prefix("__torch__.").unwrap_or(module);
        module.starts_with("torch.") && module.split('.').any(|part| part == "quantized")
    })
}

fn is_hook(name: &[u8]) -> bool {
    name.starts_with(b"_") && name.windows(4).any(|part| part == b"hook")
}
