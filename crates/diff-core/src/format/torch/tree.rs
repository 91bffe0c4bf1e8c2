//! The tree of paths, and what is inside of one place in it.

use super::document::Ref;
use super::found::Found;
use crate::pickle::Id;

/// One step of a path.
#[derive(Debug, Clone, Copy)]
pub(super) enum Segment {
    /// A key of a mapping.
    Key(Ref),
    Index(u32),
    Name(&'static str),
}

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mapping,
    Sequence,
    /// An object with the parts of a `torch.nn.Module`.
    Module,
    /// Any other object.
    Object,
    Tensor,
}

/// A place in the tree of paths.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<u32>,
    pub(super) segment: Option<Segment>,
    pub(super) kind: Kind,
    /// Bytes and number of the tensors at and below it.
    pub(super) bytes: u64,
    pub(super) tensors: u64,
    /// What is in it, also what holds no tensors.
    pub(super) entries: u32,
    /// A tensor of one element.
    pub(super) is_number: bool,
    /// A mapping of `state` and `param_groups`: what optimizers save.
    pub(super) is_optimizer: bool,
}

/// All tensors of a file and the paths to them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// In the order of the file, with the number of their node.
    pub(super) leaves: Vec<(u32, Found)>,
    /// What is known of a node whose tensors are the parts of one, in the order of the nodes.
    pub(super) described: Vec<(u32, String)>,
}

/// What of a child counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// It counts when it is itself a tensor.
    Tensors,
    Everything,
    /// A plain number counts as the tensor that `state_dict` makes of it.
    Number,
    /// Everything that was not reached before.
    Aside,
}

pub(super) struct Children {
    pub(super) kind: Kind,
    pub(super) items: Vec<Child>,
    pub(super) is_optimizer: bool,
}

/// The step to it, itself, and what of it counts.
pub(super) type Child = (Option<Segment>, Ref, Only);

/// Module and name of a class.
pub(super) type Class<'a> = Option<(&'a str, &'a str)>;

pub(super) fn indexed(at: Ref, items: &[Id]) -> Vec<Child> {
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

pub(super) fn keyed(at: Ref, pairs: &[(Id, Id)]) -> Vec<Child> {
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
