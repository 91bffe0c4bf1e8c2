//! From the graph of values to tensors with paths: dictionaries, lists, modules and other objects are gone
//! through without recursion; a value that contains itself is entered once on each way to it.
//!
//! Attributes of modules that are neither parameters, buffers nor modules come last, and of them only what was not
//! reached before: they often hold the module's own parameters once more, in a list.

use std::collections::{HashSet, VecDeque};

use super::document::{Reading, Ref};
use super::found::Found;
use super::optimizer::{Names, name_states};
use super::tree::{Child, Children, Kind, Node, Only, Segment, Tree};
use crate::error::Result;
use crate::limits::Cap;

/// Something to go through: where it hangs, and what of it is left.
struct Frame {
    at: Ref,
    node: u32,
    children: std::vec::IntoIter<Child>,
    leaves_before: usize,
    /// Whether something below was left out for now, so that it may hold tensors all the same.
    is_cut: bool,
    /// Of what an optimizer saved: the names of its parameters.
    names: Names,
    /// Bytes that count as numbers when there is no tensor in what they hold.
    bytes: Option<(Ref, Option<u32>, Option<Segment>)>,
}

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
        reached: HashSet::new(),
        aside: VecDeque::new(),
    };
    walker.go(root, None, under, false)?;
    while let Some((node, segment, value)) = walker.aside.pop_front() {
        walker.go(value, Some(node), segment, true)?;
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
    /// Values that were gone through, or are tensors.
    reached: HashSet<Ref>,
    /// What comes last: the node it hangs on, the step to it, itself.
    aside: VecDeque<(u32, Option<Segment>, Ref)>,
}

impl Walker<'_> {
    /// Goes through a value and everything below it; `once` where nothing is entered that was reached before.
    fn go(
        &mut self,
        root: Ref,
        parent: Option<u32>,
        segment: Option<Segment>,
        once: bool,
    ) -> Result<()> {
        let mut stack: Vec<Frame> = Vec::new();
        self.enter((segment, root, Only::Everything), parent, once, &mut stack)?;
        while let Some(frame) = stack.last_mut() {
            let node = frame.node;
            if let Some((segment, child, only)) = frame.children.next() {
                if only == Only::Aside {
                    if self.reading.may_hold(child) {
                        self.reading.context.meter.debit(48)?;
                        self.aside.push_back((node, segment, child));
                        frame.is_cut = true;
                    }
                    continue;
                }
                if stack.iter().any(|frame| frame.at == child) {
                    // It contains itself.
                    if let Some(frame) = stack.last_mut() {
                        frame.is_cut = true;
                    }
                    continue;
                }
                self.enter((segment, child, only), Some(node), once, &mut stack)?;
                continue;
            }
            let Some(frame) = stack.pop() else { break };
            if let Some(above) = stack.last_mut() {
                above.is_cut |= frame.is_cut;
            }
            let is_barren = self.leave(&frame);
            if let (true, Some((bytes, parent, segment))) = (is_barren, frame.bytes) {
                self.add_bytes(bytes, parent, segment)?;
            } else if is_barren && !frame.is_cut {
                self.add_barren(frame.at)?;
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        (segment, at, only): Child,
        parent: Option<u32>,
        once: bool,
        stack: &mut Vec<Frame>,
    ) -> Result<()> {
        if only == Only::Number
            && let Some(found) = self.reading.number(at)?
        {
            return self.add_leaf(parent, segment, found).map(drop);
        }
        if !self.reading.may_hold(at) || self.barren.contains(&at) {
            return Ok(());
        }
        if self.reached.insert(at) {
            self.reading.context.meter.debit(24)?;
        } else if once {
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
        let mut as_bytes = None;
        let mut children = match (node, state) {
            (Some(_), None) => return Ok(()),
            (Some(_), Some(state)) => Children {
                kind: Kind::Tensor,
                items: self.reading.attributes(state, Only::Aside),
                is_optimizer: false,
            },
            _ => {
                let fields = self.reading.record_array(at)?;
                if !fields.is_empty() {
                    for found in fields {
                        self.add_leaf(parent, segment, found)?;
                    }
                    return Ok(());
                }
                if let Some(bytes) = self.reading.bytes_value(at) {
                    let root = self.reading.file_inside(bytes)?;
                    as_bytes = self
                        .is_extra_state(segment)
                        .then_some((bytes, parent, segment));
                    match (root, as_bytes) {
                        (Some(root), _) => inside(root),
                        (None, Some((bytes, parent, segment))) => {
                            return self.add_bytes(bytes, parent, segment);
                        }
                        (None, None) => return Ok(()),
                    }
                } else if let Some(Ok(root)) = self.reading.nested_root(at) {
                    inside(root)
                } else {
                    self.reading.children(at)
                }
            }
        };
        if children.items.is_empty() {
            return Ok(());
        }
        if let Some(above) = stack.last().filter(|_| self.reading.is_states(segment)) {
            name_states(self.reading, &mut children.items, &above.names);
        }
        let names = if children.is_optimizer {
            self.reading.parameter_names(&children.items)?
        } else {
            Names::default()
        };
        self.visits += children.items.len() as u64;
        self.reading
            .check_cap(Cap::Visits, self.visits, "number of values to go through")?;
        let leaves_before = self.tree.leaves.len();
        let node = if let Some(node) = node {
            node
        } else {
            let node = self.add_node(parent, segment, &children);
            if let Some(said) = self.reading.torchao_description(at) {
                self.reading.context.meter.debit(2 * said.len() as u64)?;
                self.tree.described.push((node, said));
            }
            node
        };
        stack.push(Frame {
            at,
            node,
            children: children.items.into_iter(),
            leaves_before,
            is_cut: false,
            names,
            bytes: as_bytes,
        });
        Ok(())
    }

    /// `get_extra_state` of a module: what is in it counts, whatever it is.
    fn is_extra_state(&self, segment: Option<Segment>) -> bool {
        match segment {
            Some(Segment::Key(key)) => self
                .reading
                .text(key)
                .is_some_and(|name| name.ends_with(b"_extra_state")),
            _ => false,
        }
    }

    fn add_bytes(
        &mut self,
        bytes: Ref,
        parent: Option<u32>,
        segment: Option<Segment>,
    ) -> Result<()> {
        if let Some(found) = self.reading.bytes_tensor(bytes)? {
            self.add_leaf(parent, segment, found)?;
        }
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
            entries: children.items.len() as u32,
            is_number: false,
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
            entries: 0,
            is_number: found.tensor.elements <= 1,
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
    fn leave(&mut self, frame: &Frame) -> bool {
        let is_barren = self.tree.leaves.len() == frame.leaves_before
            && self.tree.nodes.len() == frame.node as usize + 1
            && self
                .tree
                .nodes
                .last()
                .is_some_and(|n| n.kind != Kind::Tensor);
        // What comes last may hang on it.
        let is_awaited = self
            .aside
            .back()
            .is_some_and(|(node, _, _)| *node == frame.node);
        if is_barren && !is_awaited {
            self.tree.nodes.pop();
            self.tree.described.pop_if(|(node, _)| *node == frame.node);
        }
        is_barren && !is_awaited
    }

    fn add_barren(&mut self, at: Ref) -> Result<()> {
        self.reading.context.meter.debit(24)?;
        self.barren.insert(at);
        Ok(())
    }
}

/// The root of a file inside of a value, as all that the value holds.
fn inside(root: Ref) -> Children {
    Children {
        kind: Kind::Object,
        items: vec![(None, root, Only::Everything)],
        is_optimizer: false,
    }
}
