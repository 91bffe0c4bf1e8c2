//! The two sides of a row that is a single pair: what is taken in tiles or in parts, and need not be written to memory.

use super::Run;
use super::row::{Readers, Row};
use crate::engine::plan::Input;
use crate::error::Error;
use crate::read::{Reader, Twin};
use crate::tensor::Tensor;

/// Both arrays have the old side first.
pub(super) struct Pair<'u, 'a> {
    pub(super) run: &'u Run<'a>,
    pub(super) readers: [&'u Reader<'a>; 2],
    pub(super) inputs: [Input; 2],
    tensors: [&'a Tensor; 2],
    pub(super) twin: Option<&'u Twin<'a>>,
}

impl<'u, 'a> Pair<'u, 'a> {
    /// None for a row of other inputs than two, and where one of them cannot be read.
    pub(super) fn new(run: &'u Run<'a>, row: &Row<'a>, readers: &'u Readers<'a>) -> Option<Self> {
        let [Some(Ok(old)), Some(Ok(new)), None, ..] = &readers.of else {
            return None;
        };
        Some(Self {
            run,
            readers: [old, new],
            inputs: [row.inputs[0]?, row.inputs[1]?],
            tensors: [row.tensors[0]?, row.tensors[1]?],
            twin: readers.twin.as_ref(),
        })
    }

    pub(super) fn elements(&self) -> u64 {
        self.inputs[0].elements
    }

    /// An error of a side with its name.
    pub(super) fn named(&self, side: usize, error: Error) -> Error {
        self.run.named(error, self.inputs[side], self.tensors[side])
    }
}
