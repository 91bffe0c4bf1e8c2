//! What is known of a tensor when it is found.

use super::document::Ref;
use super::storage::Storage;
use crate::error::{Error, Result};
use crate::tensor::{Span, Tensor};

/// A tensor that was found, still without a name.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) tensor: Tensor,
    /// Where its storage begins: equal for tensors that share one.
    pub(super) storage: Option<(u32, u64)>,
    /// Attributes that travel with it.
    pub(super) state: Option<Ref>,
    /// Storages, entries and bytes objects that it lies in, as wholes.
    pub(super) spans: Vec<Span>,
    /// What its name ends with, where one value is several tensors.
    pub(super) suffix: Option<String>,
    /// Of a distributed tensor, what this rank has of it, or why that is not known.
    pub(super) part: Option<Box<Result<RankPart>>>,
}

impl Found {
    pub(super) fn new(tensor: Tensor, storage: &Storage) -> Self {
        Self {
            storage: (!storage.is_meta && storage.span.bytes > 0).then_some(storage.base),
            ..Self::alone(tensor)
        }
    }

    pub(super) fn alone(tensor: Tensor) -> Self {
        Self {
            tensor,
            storage: None,
            state: None,
            spans: Vec::new(),
            suffix: None,
            part: None,
        }
    }

    /// A tensor that is there but cannot be read.
    pub(super) fn broken(error: Error) -> Self {
        Self::alone(Tensor::broken(
            String::new(),
            "unknown",
            Vec::new(),
            0,
            error,
        ))
    }
}

/// What one rank has of a tensor.
#[derive(Debug, Clone)]
pub(in crate::format) struct RankPart {
    /// Of the whole tensor.
    pub(in crate::format) shape: Vec<u64>,
    /// Where each box of it begins along the axes, and its elements.
    pub(in crate::format) boxes: Vec<(Vec<u64>, Tensor)>,
    /// How many ranks have parts, at least.
    pub(in crate::format) ranks: u64,
}
