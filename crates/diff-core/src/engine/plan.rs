//! What to compare with what. Made by the caller; the engine asks no questions.

use std::ops::Range;
use std::sync::Arc;

use super::announce::announce;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::tensor::{Node, Tensor};

/// A run of elements of one tensor, in logical row-major order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Index into the plan's checkpoints.
    pub side: usize,
    /// Index into the tensors of that checkpoint.
    pub tensor: usize,
    /// First element.
    pub start: u64,
    pub elements: u64,
}

/// One result that is asked for: of a pair, or of one tensor alone (its statistics only).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    pub old: Option<Input>,
    pub new: Option<Input>,
}

/// Items over some checkpoints. Neighbours that share their new input are read together as one *row*, that input only once.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) sides: Vec<Arc<Checkpoint>>,
    pub(super) items: Vec<Item>,
}

/// Most items that are read together.
pub(super) const TOGETHER: usize = 3;

impl Plan {
    /// # Errors
    /// `Argument` when an item names a tensor or elements that do not exist, or sides of unequal length.
    pub fn new(sides: Vec<Arc<Checkpoint>>, items: Vec<Item>) -> Result<Self> {
        let plan = Self { sides, items };
        for item in &plan.items {
            for input in [item.old, item.new].into_iter().flatten() {
                let inside = plan.tensor(input).is_some_and(|tensor| {
                    input
                        .start
                        .checked_add(input.elements)
                        .is_some_and(|end| end <= tensor.units())
                });
                if !inside {
                    return Err(Error::new(
                        Code::Argument,
                        "plan names elements that do not exist",
                    )
                    .found(format!("{input:?}")));
                }
            }
            if let (Some(a), Some(b)) = (item.old, item.new)
                && a.elements != b.elements
                // Sparse tensors may differ in the number of stored elements: that is an error of the item, found when they are read.
                && ![a, b].iter().any(|input| {
                    plan.tensor(*input)
                        .is_some_and(|tensor| matches!(tensor.node, Node::Sparse(_)))
                })
            {
                return Err(
                    Error::new(Code::Argument, "plan pairs views of unequal length")
                        .found(format!("{} and {} elements", a.elements, b.elements)),
                );
            }
        }
        Ok(plan)
    }

    pub(super) fn tensor(&self, input: Input) -> Option<&Tensor> {
        self.sides.get(input.side)?.tensors.get(input.tensor)
    }

    pub(super) fn checkpoint(&self, input: Input) -> Option<&Checkpoint> {
        self.sides.get(input.side).map(AsRef::as_ref)
    }

    /// The rows: ranges of items that are read together.
    pub(super) fn rows(&self) -> Vec<Range<usize>> {
        let mut rows = Vec::with_capacity(self.items.len());
        let mut first = 0;
        while first < self.items.len() {
            let item = self.items[first];
            let is_pair = |item: &Item| item.old.is_some() && item.new.is_some();
            let others = self.items[first + 1..].iter().take(TOGETHER - 1);
            let alike = others.take_while(|other| {
                is_pair(other)
                    && is_pair(&item)
                    && other.new == item.new
                    && other.elements() == item.elements()
            });
            let end = first + 1 + alike.count();
            rows.push(first..end);
            first = end;
        }
        rows
    }

    /// Stored bytes of the elements `start .. end` of all inputs of a row.
    #[inline]
    pub(super) fn bytes_of(&self, items: &[Item], start: u64, end: u64) -> u64 {
        let of = |input: Option<Input>| {
            let input = input?;
            let tensor = self.tensor(input)?;
            Some(tensor.stored_bytes(input.start + start..input.start + end))
        };
        let new = items.first().and_then(|item| of(item.new));
        let old = items.iter().filter_map(|item| of(item.old));
        new.unwrap_or(0) + old.sum::<u64>()
    }

    /// Tells the sources what will be read of them.
    pub(super) fn announce(&self) {
        self.announce_elements(self.items.iter().map(|item| (item, 0..item.elements())));
    }

    /// Tells the sources that of some items these elements will be read, and no others.
    pub(super) fn announce_elements<'p>(
        &'p self,
        items: impl Iterator<Item = (&'p Item, Range<u64>)>,
    ) {
        if !self.sides.iter().any(|side| side.is_remote()) {
            return;
        }
        announce(items.flat_map(|(item, elements)| {
            let inputs = [item.old, item.new].into_iter().flatten();
            inputs.filter_map(move |input| {
                let units = input.start + elements.start..input.start + elements.end;
                Some((self.checkpoint(input)?, self.tensor(input)?, units))
            })
        }));
    }

    /// Ends with the first source that is no longer what it was when it was opened.
    pub(super) fn verify(&self) -> Result<()> {
        self.sides.iter().try_for_each(|side| side.verify())
    }
}

impl Item {
    pub(super) fn elements(&self) -> u64 {
        self.old.or(self.new).map_or(0, |input| input.elements)
    }
}

impl Input {
    /// A whole tensor: all its elements, or all bytes if its type is unknown.
    #[must_use]
    pub fn whole(side: usize, index: usize, tensor: &Tensor) -> Self {
        Self {
            side,
            tensor: index,
            start: 0,
            elements: tensor.units(),
        }
    }
}
