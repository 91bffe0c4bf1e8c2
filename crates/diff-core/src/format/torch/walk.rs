//! From the graph of values to tensors with paths: dictionaries, lists, modules and other objects are gone
//! through without recursion; a value that contains itself is entered once on each way to it.

use std::collections::HashSet;

use super::document::{Reading, Ref};
use super::tensor::Found;
use crate::error::Result;
use crate::finding::{Finding, Severity};
use crate::limits::Cap;
use crate::pickle::Value;

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
    /// A mapping of `state` and `param_groups`: what optimizers save.
    pub(super) is_optimizer: bool,
}

/// All tensors of a file and the paths to them.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// In the order of the file, with the number of their node.
    pub(super) leaves: Vec<(u32, Found)>,
}

/// Something to go through: where it hangs, and what of it is left.
struct Frame {
    at: Ref,
    node: u32,
    children: std::vec::IntoIter<Child>,
    leaves_before: usize,
    /// Whether something below was left out because it contains itself.
    is_cut: bool,
}

/// Whether a child counts only when it is itself a tensor: other attributes of modules are settings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    Tensors,
    Everything,
}

pub(super) struct Children {
    pub(super) kind: Kind,
    pub(super) items: Vec<Child>,
    pub(super) is_optimizer: bool,
}

/// The step to it, itself, and what of it counts.
pub(super) type Child = (Option<Segment>, Ref, Only);

/// Goes through everything below `root`.
///
/// # Errors
/// `LimitExceeded`, `PickleTooDeep`.
pub(super) fn walk(
    reading: &mut Reading,
    root: Ref,
    tree: &mut Tree,
    under: Option<Segment>,
) -> Result<()> {
    let mut walker = Walker {
        most_depth: reading.context.limits.of(Cap::PickleDepth, 0),
        reading,
        tree,
        visits: 0,
        barren: HashSet::new(),
    };
    let mut stack: Vec<Frame> = Vec::new();
    walker.enter(root, None, under, Only::Everything, &mut stack)?;
    while let Some(frame) = stack.last_mut() {
        let node = frame.node;
        if let Some((segment, child, only)) = frame.children.next() {
            if stack.iter().any(|frame| frame.at == child) {
                // It contains itself.
                if let Some(frame) = stack.last_mut() {
                    frame.is_cut = true;
                }
                continue;
            }
            walker.enter(child, Some(node), segment, only, &mut stack)?;
        } else {
            let (at, leaves_before, is_cut) = (frame.at, frame.leaves_before, frame.is_cut);
            stack.pop();
            if let Some(above) = stack.last_mut() {
                above.is_cut |= is_cut;
            }
            if walker.leave(node, leaves_before) && !is_cut {
                walker.add_barren(at)?;
            }
        }
    }
    Ok(())
}

struct Walker<'a> {
    reading: &'a mut Reading,
    tree: &'a mut Tree,
    visits: u64,
    most_depth: u64,
    /// Values that were gone through and hold no tensor: not entered again, on however many ways they are reached.
    barren: HashSet<Ref>,
}

impl Walker<'_> {
    fn enter(
        &mut self,
        at: Ref,
        parent: Option<u32>,
        segment: Option<Segment>,
        only: Only,
        stack: &mut Vec<Frame>,
    ) -> Result<()> {
        let is_plain = !matches!(
            self.reading.value(at),
            Value::List(_)
                | Value::Tuple(_)
                | Value::Dict(_)
                | Value::Object(_)
                | Value::Persistent(_)
        );
        if is_plain || self.barren.contains(&at) {
            return Ok(());
        }
        let mut state = None;
        let mut node = None;
        if let Some(found) = self.reading.tensor(at) {
            state = found.state;
            node = Some(self.add_leaf(parent, segment, found)?);
        } else if only == Only::Tensors {
            return Ok(());
        }
        if stack.len() as u64 >= self.most_depth {
            return Err(crate::limits::exceeded(
                Cap::PickleDepth,
                self.most_depth,
                stack.len() as u64 + 1,
                "depth of containers inside containers",
            ));
        }
        let children = match (node, state) {
            (Some(_), None) => return Ok(()),
            (Some(_), Some(state)) => Children {
                kind: Kind::Tensor,
                items: self.reading.attributes(state, Only::Tensors),
                is_optimizer: false,
            },
            _ => self.reading.children(at),
        };
        if children.items.is_empty() {
            return Ok(());
        }
        self.visits += children.items.len() as u64;
        self.reading
            .check_cap(Cap::Visits, self.visits, "number of values to go through")?;
        let leaves_before = self.tree.leaves.len();
        let node = match node {
            Some(node) => node,
            None => self.add_node(parent, segment, &children),
        };
        stack.push(Frame {
            at,
            node,
            children: children.items.into_iter(),
            leaves_before,
            is_cut: false,
        });
        Ok(())
    }

    fn add_node(
        &mut self,
        parent: Option<u32>,
        segment: Option<Segment>,
        children: &Children,
    ) -> u32 {
        self.tree.nodes.push(Node {
            parent,
            segment,
            kind: children.kind,
            bytes: 0,
            tensors: 0,
            is_optimizer: children.is_optimizer,
        });
        self.tree.nodes.len() as u32 - 1
    }

    fn add_leaf(
        &mut self,
        parent: Option<u32>,
        segment: Option<Segment>,
        found: Found,
    ) -> Result<u32> {
        let count = self.tree.leaves.len() as u64 + 1;
        self.reading
            .check_cap(Cap::Tensors, count, "number of tensors")?;
        self.reading
            .context
            .meter
            .debit(2 * (size_of::<Found>() + size_of::<Node>()) as u64)?;
        self.tree.nodes.push(Node {
            parent,
            segment,
            kind: Kind::Tensor,
            bytes: found.tensor.bytes,
            tensors: 1,
            is_optimizer: false,
        });
        let node = self.tree.nodes.len() as u32 - 1;
        let (bytes, mut up) = (found.tensor.bytes, parent);
        while let Some(ancestor) = up.and_then(|up| self.tree.nodes.get_mut(up as usize)) {
            ancestor.bytes = ancestor.bytes.saturating_add(bytes);
            ancestor.tensors += 1;
            up = ancestor.parent;
        }
        self.tree.leaves.push((node, found));
        Ok(node)
    }

    /// Forgets a node without tensors, which is the last one that was made; whether it was one.
    fn leave(&mut self, node: u32, leaves_before: usize) -> bool {
        let is_barren = self.tree.leaves.len() == leaves_before
            && self.tree.nodes.len() == node as usize + 1
            && self
                .tree
                .nodes
                .last()
                .is_some_and(|n| n.kind != Kind::Tensor);
        if is_barren {
            self.tree.nodes.pop();
        }
        is_barren
    }

    fn add_barren(&mut self, at: Ref) -> Result<()> {
        self.reading.context.meter.debit(24)?;
        self.barren.insert(at);
        Ok(())
    }
}

/// Says which classes came with their source: text that torch would show, and never runs.
pub(super) fn note_sources(reading: &mut Reading, document: usize) {
    let Some(found) = reading.documents.get(document) else {
        return;
    };
    let mut classes = 0u64;
    for id in found.persistent() {
        let at = Ref {
            document: document as u32,
            id: *id,
        };
        if let Value::Persistent(argument) = reading.value(at)
            && let Some([kind, ..]) = reading.sequence(Ref {
                id: *argument,
                ..at
            })
            && reading.text(Ref { id: *kind, ..at }) == Some(b"module")
        {
            classes += 1;
        }
    }
    if classes > 0 {
        reading.context.note(Finding::new(
            "PickledSource",
            Severity::Info,
            format!("the file holds the Python source of {classes} class(es); it is not run"),
        ));
    }
}
