//! What to compare with what. Made by the caller; the engine asks no questions.

use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::tensor::{Layout, Tensor};

/// A run of elements of one tensor, in logical row-major order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Index into the checkpoint's tensors.
    pub tensor: usize,
    /// First element.
    pub start: u64,
    pub elements: u64,
}

/// One row of the result: a pair, or one tensor alone (statistics of it only).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    pub old: Option<View>,
    pub new: Option<View>,
}

/// Items over two checkpoints.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) old: Arc<Checkpoint>,
    pub(super) new: Arc<Checkpoint>,
    pub(super) items: Vec<Item>,
}

impl Plan {
    /// # Errors
    /// `Argument` when an item names a tensor or elements that do not exist, or sides of unequal length.
    pub fn new(old: Arc<Checkpoint>, new: Arc<Checkpoint>, items: Vec<Item>) -> Result<Self> {
        for item in &items {
            for (view, checkpoint) in [(item.old, &old), (item.new, &new)] {
                let Some(view) = view else { continue };
                let inside = checkpoint.tensors.get(view.tensor).is_some_and(|tensor| {
                    view.start
                        .checked_add(view.elements)
                        .is_some_and(|end| end <= tensor.units())
                });
                if !inside {
                    return Err(Error::new(
                        Code::Argument,
                        "plan names elements that do not exist",
                    )
                    .found(format!("{view:?}"))
                    .at(&checkpoint.path));
                }
            }
            if let (Some(a), Some(b)) = (item.old, item.new)
                && a.elements != b.elements
                // Sparse tensors that store different places are an error of their row.
                && ![(a, &old), (b, &new)].iter().any(|(view, checkpoint)| {
                    checkpoint
                        .tensors
                        .get(view.tensor)
                        .is_some_and(|t| matches!(t.layout, Layout::Sparse(_)))
                })
            {
                return Err(
                    Error::new(Code::Argument, "plan pairs views of unequal length")
                        .found(format!("{} and {} elements", a.elements, b.elements)),
                );
            }
        }
        Ok(Self { old, new, items })
    }
}

impl View {
    /// All elements of a tensor; of one whose type is not known, all bytes.
    #[must_use]
    pub fn whole(index: usize, tensor: &Tensor) -> Self {
        Self {
            tensor: index,
            start: 0,
            elements: tensor.units(),
        }
    }
}

/// Where a tensor begins, to read files from start to end.
pub(super) fn position(tensor: &Tensor) -> (u32, u64) {
    match &tensor.layout {
        Layout::Span(span)
        | Layout::Packed { span, .. }
        | Layout::Strided { storage: span, .. } => (span.source, span.offset),
        Layout::Sparse(sparse) => position(&sparse.values),
        Layout::Absent => (0, 0),
    }
}
