//! What is inside of a value: entries, items, attributes, states of any form.

use super::document::{Reading, Ref};
use super::module::is_quantised;
use super::tree::{Child, Children, Class, Kind, Only, Segment, indexed, keyed};
use crate::pickle::{Id, Object, Value};

/// Classes whose content is in their attribute `data`; protocol 2 names the first one as Python 2 did.
const USER_DICT: (&str, &str) = ("collections", "UserDict");
const USER_DICT_OF_2: (&str, &str) = ("collections", "IterableUserDict");
const USER_LIST: (&str, &str) = ("collections", "UserList");

impl Reading {
    pub(super) fn children(&self, at: Ref) -> Children {
        let plain = |kind, items| Children {
            kind,
            items,
            is_optimizer: false,
        };
        match self.value(at) {
            Value::List(items) | Value::Set(items) => plain(Kind::Sequence, indexed(at, items)),
            Value::Tuple(items) => plain(Kind::Sequence, indexed(at, items)),
            Value::Dict(pairs) => match self.module_children(at, None) {
                Some(items) => plain(Kind::Module, items),
                None => Children {
                    kind: Kind::Mapping,
                    items: keyed(at, pairs),
                    is_optimizer: self.is_optimizer(at, pairs),
                },
            },
            Value::Object(object) => self.object_children(at, object),
            _ => plain(Kind::Object, Vec::new()),
        }
    }

    fn object_children(&self, at: Ref, object: &Object) -> Children {
        let class = self.global(Ref {
            id: object.callable,
            ..at
        });
        let args = self.args(at, object);
        let mut kind = Kind::Object;
        let mut items: Vec<Child> = Vec::new();
        let whole = |at: Ref| (None, at, Only::Everything);
        let mut has_state = true;
        match class {
            Some(USER_DICT | USER_LIST | USER_DICT_OF_2) => kind = Kind::Mapping,
            Some(
                ("collections", "OrderedDict" | "defaultdict" | "Counter" | "ChainMap")
                | ("builtins", "dict"),
            ) => {
                kind = Kind::Mapping;
                // An argument that is a mapping, or a list of pairs.
                for arg in &args {
                    self.mapping_argument(*arg, &mut items);
                }
            }
            Some(
                ("builtins", "list" | "tuple" | "set" | "frozenset") | ("collections", "deque"),
            ) => {
                kind = Kind::Sequence;
                if let Some(arg) = args.first() {
                    items.extend(indexed(*arg, self.sequence(*arg).unwrap_or_default()));
                }
            }
            Some(("torch.jit._pickle", _)) => items.extend(args.first().map(|arg| whole(*arg))),
            Some(("copyreg", "_reconstructor")) => {
                items.extend(args.get(2).map(|arg| whole(*arg)));
            }
            // torch.compile's wrapper is called with the module that it names so.
            Some(("torch._dynamo.eval_frame", "OptimizedModule")) if !args.is_empty() => {
                items.extend(args.first().map(|arg| {
                    let name = Segment::Name("_orig_mod");
                    (Some(name), *arg, Only::Everything)
                }));
            }
            Some(("torch._tensor", "_rebuild_from_type_v2" | "_rebuild_from_type")) => {
                items.extend(self.subclass_children(&args));
            }
            Some(("torch._utils", "_rebuild_nested_tensor")) => {
                let names = ["buffer", "sizes", "strides", "storage_offsets"];
                items.extend(
                    args.iter()
                        .zip(names)
                        .map(|(arg, name)| (Some(Segment::Name(name)), *arg, Only::Tensors)),
                );
            }
            Some(("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct")) => {
                has_state = false;
                items.extend(self.object_array(at));
            }
            Some((
                "_codecs"
                | "numpy"
                | "torch"
                | "torch.serialization"
                | "numpy.core.multiarray"
                | "numpy._core.multiarray"
                | "numpy.ma.core",
                _,
            )) => {}
            _ => self.arguments(at, object, &args, &mut items),
        }
        if let Some(extra) = &object.extra {
            if !extra.pairs.is_empty() {
                items.extend(keyed(at, &extra.pairs));
                if kind == Kind::Object {
                    kind = Kind::Mapping;
                }
            }
            items.extend(indexed(at, &extra.items));
            for state in extra.states.iter().filter(|_| has_state) {
                let state = Ref { id: *state, ..at };
                if let Some(module) = self.module_children(state, class) {
                    kind = Kind::Module;
                    items.extend(module);
                } else {
                    items.extend(self.state_children(state, class));
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

    /// What is in a tensor subclass whose data is in its attributes.
    fn subclass_children(&self, args: &[Ref]) -> Vec<Child> {
        let (Some(class), Some(state)) = (args.get(1), args.get(3)) else {
            return Vec::new();
        };
        if self.distributed(*class).is_none() {
            return self.attributes(*state, Only::Everything);
        }
        let local = self.attribute(*state, b"_local_tensor");
        local
            .map(|local| (None, local, Only::Everything))
            .into_iter()
            .collect()
    }

    /// Arguments of a call. One that is the state of a module is what the call makes into it, as FX does.
    fn arguments(&self, at: Ref, object: &Object, args: &[Ref], items: &mut Vec<Child>) {
        let states: Vec<Ref> = args
            .iter()
            .filter(|arg| matches!(self.value(**arg), Value::Dict(_)))
            .filter(|arg| self.is_module_state(**arg))
            .copied()
            .collect();
        if !states.is_empty() {
            items.extend(
                states
                    .into_iter()
                    .map(|state| (None, state, Only::Everything)),
            );
        } else if let Some(ids) = self.sequence(Ref {
            id: object.args,
            ..at
        }) {
            items.extend(indexed(at, ids));
        }
    }

    /// What a state adds that is none of a module's: attributes of their names, or whatever `__getstate__` returned.
    fn state_children(&self, state: Ref, class: Class) -> Vec<Child> {
        if let Some(parts) = self.packed_state(state, class) {
            return parts;
        }
        if matches!(class, Some(USER_DICT | USER_LIST | USER_DICT_OF_2)) {
            let data = self.attribute(state, b"data");
            return data
                .map(|data| (None, data, Only::Everything))
                .into_iter()
                .collect();
        }
        let is_dictionary = |at: Ref| self.pairs(at).is_some();
        let is_pair = match self.value(state) {
            // Attributes, and those in slots.
            Value::Tuple(parts) => {
                parts.len() == 2
                    && parts.iter().all(|part| {
                        let part = Ref { id: *part, ..state };
                        matches!(self.value(part), Value::None) || is_dictionary(part)
                    })
            }
            _ => false,
        };
        if is_pair || is_dictionary(state) {
            let mut items = self.attributes(state, Only::Everything);
            // Versions of the modules that a state dict came from.
            items.retain(|(segment, _, _)| {
                !matches!(segment, Some(Segment::Key(key)) if self.text(*key) == Some(b"_metadata"))
            });
            if is_quantised(class) {
                for (segment, _, only) in &mut items {
                    let name = match segment {
                        Some(Segment::Key(key)) => self.text(*key),
                        _ => None,
                    };
                    if matches!(name, Some(b"scale" | b"zero_point")) {
                        *only = Only::Number;
                    }
                }
            }
            return items;
        }
        vec![(None, state, Only::Everything)]
    }

    pub(super) fn mapping_argument(&self, arg: Ref, items: &mut Vec<Child>) {
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

    /// One attribute out of a state.
    pub(super) fn attribute(&self, state: Ref, name: &[u8]) -> Option<Ref> {
        let find = |at: Ref| {
            let pairs = self.pairs(at)?;
            pairs
                .iter()
                .find(|(key, _)| self.text(Ref { id: *key, ..at }) == Some(name))
                .map(|(_, value)| Ref { id: *value, ..at })
        };
        match self.value(state) {
            Value::Tuple(parts) => parts
                .iter()
                .take(4)
                .find_map(|part| find(Ref { id: *part, ..state })),
            Value::Object(object)
                if object.extra.as_ref().is_some_and(|e| !e.states.is_empty()) =>
            {
                let states = object.extra.as_ref().map(|extra| &extra.states);
                states.into_iter().flatten().find_map(|inner| {
                    match self.value(Ref {
                        id: *inner,
                        ..state
                    }) {
                        Value::Object(_) => None,
                        _ => self.attribute(
                            Ref {
                                id: *inner,
                                ..state
                            },
                            name,
                        ),
                    }
                })
            }
            _ => find(state),
        }
    }

    /// The pairs of a dictionary of any kind.
    pub(super) fn pairs(&self, at: Ref) -> Option<&[(Id, Id)]> {
        match self.value(at) {
            Value::Dict(pairs) => Some(pairs),
            Value::Object(object) => {
                let extra = object.extra.as_ref()?;
                (!extra.pairs.is_empty()).then_some(&*extra.pairs)
            }
            _ => None,
        }
    }
}
