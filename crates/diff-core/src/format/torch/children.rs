//! What is inside of a value: entries, items, attributes, and the parts of a module under their own names.

use super::document::{Reading, Ref};
use super::walk::{Child, Children, Kind, Only, Segment};
use crate::pickle::{How, Id, Object, Value};

impl Reading {
    pub(super) fn children(&self, at: Ref) -> Children {
        let plain = |kind, items| Children {
            kind,
            items,
            is_optimizer: false,
        };
        match self.value(at) {
            Value::List(items) => plain(Kind::Sequence, indexed(at, items)),
            Value::Tuple(items) => plain(Kind::Sequence, indexed(at, items)),
            Value::Dict(pairs) => Children {
                kind: Kind::Mapping,
                items: keyed(at, pairs),
                is_optimizer: self.is_optimizer(at, pairs),
            },
            Value::Object(object) => self.object_children(at, object),
            _ => plain(Kind::Object, Vec::new()),
        }
    }

    fn is_optimizer(&self, at: Ref, pairs: &[(Id, Id)]) -> bool {
        let has = |name: &[u8]| {
            pairs
                .iter()
                .take(8)
                .any(|(key, _)| self.text(Ref { id: *key, ..at }) == Some(name))
        };
        has(b"state") && has(b"param_groups")
    }

    fn object_children(&self, at: Ref, object: &Object) -> Children {
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let args = self.args(at, object);
        let mut kind = Kind::Object;
        let mut items: Vec<Child> = Vec::new();
        let all_args = |items: &mut Vec<_>| {
            if let Some(ids) = self.sequence(Ref {
                id: object.args,
                ..at
            }) {
                items.extend(indexed(at, ids));
            }
        };
        match self.global(callable) {
            Some(
                (
                    "collections",
                    "OrderedDict" | "defaultdict" | "Counter" | "ChainMap" | "UserDict",
                )
                | ("builtins", "dict"),
            ) => {
                kind = Kind::Mapping;
                // An argument that is a mapping, or a list of pairs.
                for arg in &args {
                    self.mapping_argument(*arg, &mut items);
                }
            }
            Some(
                ("builtins", "list" | "tuple" | "set" | "frozenset")
                | ("collections", "deque" | "UserList"),
            ) => {
                kind = Kind::Sequence;
                if let Some(arg) = args.first() {
                    items.extend(indexed(*arg, self.sequence(*arg).unwrap_or_default()));
                }
            }
            Some(("torch.jit._pickle", _)) => {
                items.extend(args.first().map(|arg| (None, *arg, Only::Everything)));
            }
            Some(("copyreg", "_reconstructor")) => {
                items.extend(args.get(2).map(|arg| (None, *arg, Only::Everything)));
            }
            Some(("torch._tensor", "_rebuild_from_type_v2" | "_rebuild_from_type")) => {
                // A subclass whose data is in its attributes.
                if let Some(state) = args.get(3) {
                    items.extend(self.attributes(*state, Only::Everything));
                }
            }
            Some(("torch._utils", "_rebuild_nested_tensor")) => {
                let names = ["buffer", "sizes", "strides", "storage_offsets"];
                items.extend(
                    args.iter()
                        .zip(names)
                        .map(|(arg, name)| (Some(Segment::Name(name)), *arg, Only::Tensors)),
                );
            }
            Some(("_codecs" | "numpy" | "torch" | "torch.serialization", _)) => {}
            _ if object.how == How::New || object.extra.is_none() => all_args(&mut items),
            _ => {}
        }
        if let Some(extra) = &object.extra {
            if !extra.pairs.is_empty() {
                items.extend(keyed(at, &extra.pairs));
                if kind == Kind::Object {
                    kind = Kind::Mapping;
                }
            }
            items.extend(indexed(at, &extra.items));
            let is_mapping = kind == Kind::Mapping;
            for state in &extra.states {
                let state = Ref { id: *state, ..at };
                if let Some(module) = self.module_children(state) {
                    kind = Kind::Module;
                    items.extend(module);
                } else if !is_mapping {
                    // A mapping's own attributes are `_metadata` and its like.
                    items.extend(self.attributes(state, Only::Everything));
                }
            }
        }
        let is_optimizer = kind == Kind::Mapping
            && object
                .extra
                .as_ref()
                .is_some_and(|extra| self.is_optimizer(at, &extra.pairs));
        Children {
            kind,
            items,
            is_optimizer,
        }
    }

    fn mapping_argument(&self, arg: Ref, items: &mut Vec<Child>) {
        if let Value::Dict(pairs) = self.value(arg) {
            items.extend(keyed(arg, pairs));
            return;
        }
        for pair in self.sequence(arg).unwrap_or_default() {
            let pair = Ref { id: *pair, ..arg };
            if let Some([key, value]) = self.sequence(pair) {
                items.push((
                    Some(Segment::Key(Ref { id: *key, ..arg })),
                    Ref { id: *value, ..arg },
                    Only::Everything,
                ));
            }
        }
    }

    /// Attributes of an object, from a state: a dictionary, or a pair of those for classes with slots.
    pub(super) fn attributes(&self, state: Ref, only: Only) -> Vec<Child> {
        let mut items = Vec::new();
        let mut add = |at: Ref| {
            if let Some(pairs) = self.pairs(at) {
                items.extend(keyed(at, pairs).into_iter().map(|(s, r, _)| (s, r, only)));
            }
        };
        match self.value(state) {
            Value::Tuple(parts) => {
                for part in parts.iter().take(4) {
                    add(Ref { id: *part, ..state });
                }
            }
            _ => add(state),
        }
        items
    }

    /// The pairs of a dictionary of any kind.
    fn pairs(&self, at: Ref) -> Option<&[(Id, Id)]> {
        match self.value(at) {
            Value::Dict(pairs) => Some(pairs),
            Value::Object(object) => {
                let extra = object.extra.as_ref()?;
                (!extra.pairs.is_empty()).then_some(&*extra.pairs)
            }
            _ => None,
        }
    }

    /// Parameters, buffers and submodules under their own names, as `state_dict` gives them, and tensors that
    /// are plain attributes.
    fn module_children(&self, state: Ref) -> Option<Vec<Child>> {
        let pairs = self.pairs(state)?;
        let named = |name: &[u8]| {
            pairs
                .iter()
                .find(|(key, _)| self.text(Ref { id: *key, ..state }) == Some(name))
                .map(|(_, value)| Ref {
                    id: *value,
                    ..state
                })
        };
        let (parameters, modules) = (named(b"_parameters")?, named(b"_modules")?);
        let mut items = Vec::new();
        for part in [Some(parameters), named(b"_buffers"), Some(modules)]
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
        for (key, value) in pairs {
            let key = Ref { id: *key, ..state };
            if self.text(key).is_some_and(|name| !name.starts_with(b"_")) {
                items.push((
                    Some(Segment::Key(key)),
                    Ref {
                        id: *value,
                        ..state
                    },
                    Only::Tensors,
                ));
            }
        }
        Some(items)
    }
}

fn indexed(at: Ref, items: &[Id]) -> Vec<Child> {
    items
        .iter()
        .enumerate()
        .map(|(index, id)| {
            (
                Some(Segment::Index(index as u32)),
                Ref { id: *id, ..at },
                Only::Everything,
            )
        })
        .collect()
}

fn keyed(at: Ref, pairs: &[(Id, Id)]) -> Vec<Child> {
    pairs
        .iter()
        .map(|(key, value)| {
            (
                Some(Segment::Key(Ref { id: *key, ..at })),
                Ref { id: *value, ..at },
                Only::Everything,
            )
        })
        .collect()
}
