//! Quantised tensors of two files that may be made of equal codes and equal scales. Their bytes are compared first; where they are equal, only
//! one of them is decoded.

use std::ops::Range;

use super::held::read_all;
use super::kept::in_f32;
use super::same::has_form;
use super::{Read, Reader, Region};
use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::once::Once;
use crate::tensor::{Encoding, Factor, Node, Table, Tensor, row_major_steps};

/// Reused memory for comparing bytes.
#[derive(Debug, Default)]
pub(crate) struct Bytes {
    old: Vec<u8>,
    window: Vec<u8>,
}

/// Two tensors that are made in the same way, of different files.
pub(crate) struct Twin<'a> {
    checkpoints: [&'a Checkpoint; 2],
    /// For each, the tensors that its reader holds as a whole: scales, zero points, tables. Its regions do not tell of these.
    held: [Vec<&'a Tensor>; 2],
    is_held_equal: Once<bool>,
}

impl<'a> Twin<'a> {
    /// None where the tensors are made in different ways, or not of codes in the order of the file. Plain elements gain nothing: they are
    /// compared as fast as bytes.
    pub(crate) fn new([old, new]: [&'a Checkpoint; 2], [a, b]: [&'a Tensor; 2]) -> Option<Self> {
        let are_blocks = matches!(
            &a.node,
            Node::Stored(stored) if matches!(stored.encoding, Encoding::Blocks(..))
        );
        let are_plain = matches!(a.node, Node::Stored(_)) && !are_blocks;
        if are_plain || !has_form(a, b, &|p, q| p.span.bytes == q.span.bytes) {
            return None;
        }
        Some(Self {
            checkpoints: [old, new],
            held: [held(a)?, held(b)?],
            is_held_equal: Once::default(),
        })
    }

    /// Bytes of memory that it takes to compare what the readers hold.
    pub(crate) fn held_bytes(&self) -> u64 {
        let [a, b] = &self.held;
        let pairs = a.iter().zip(b);
        pairs
            .map(|(a, b)| in_f32(a).saturating_add(in_f32(b)))
            .max()
            .unwrap_or(0)
    }

    /// How many bytes these elements of each tensor are made of, if those of both are equal; None if they differ.
    ///
    /// # Errors
    /// What keeps them from being read.
    pub(crate) fn equal_bytes(
        &self,
        [a, b]: [&Reader; 2],
        elements: &Range<u64>,
        memory: &mut Bytes,
    ) -> Result<Option<u64>> {
        if !*self.is_held_equal.get_or_make(|| self.compare_held())? {
            return Ok(None);
        }
        let Bytes { old, window } = memory;
        old.clear();
        each_place(a, elements, window, |bytes| {
            old.extend_from_slice(bytes);
            true
        })?;
        let mut left = old.as_slice();
        let are_equal = each_place(b, elements, window, |bytes| {
            left.split_at_checked(bytes.len())
                .is_some_and(|(first, rest)| {
                    left = rest;
                    first == bytes
                })
        })?;
        Ok((are_equal && left.is_empty()).then_some(old.len() as u64))
    }

    fn compare_held(&self) -> Result<bool> {
        let ([old, new], [a, b]) = (self.checkpoints, &self.held);
        for (a, b) in a.iter().zip(b) {
            let [a, b] = [read_all(old, a)?, read_all(new, b)?];
            let mut pairs = a.iter().zip(&b);
            if a.len() != b.len() || !pairs.all(|(x, y)| x.to_bits() == y.to_bits()) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Calls `goes_on` with the bytes of each region that elements lie in, until it returns false. Returns whether it never did.
fn each_place(
    reader: &Reader,
    elements: &Range<u64>,
    window: &mut Vec<u8>,
    mut goes_on: impl FnMut(&[u8]) -> bool,
) -> Result<bool> {
    let mut result = Ok(true);
    let mut each = |region: Region| {
        if let Ok(true) = result {
            let bytes = region
                .source
                .bytes(region.offset, region.bytes as usize, window);
            result = bytes.map(&mut goes_on);
        }
    };
    reader.regions(elements.clone(), &mut each);
    result
}

/// The tensors that a reader of codes holds as a whole; None for a tensor that is not made of codes.
fn held(tensor: &Tensor) -> Option<Vec<&Tensor>> {
    let held = match &tensor.node {
        Node::Stored(stored) if stored.strides.is_none() => Vec::new(),
        Node::Unpacked(unpacked) => held(&unpacked.words)?,
        Node::View(view) if view.offset == 0 && view.steps == row_major_steps(&tensor.shape) => {
            held(&view.of)?
        }
        Node::Lookup(lookup) => {
            let mut held = held(&lookup.codes)?;
            if let Table::Stored(table) = &lookup.table {
                held.push(table);
            }
            held
        }
        Node::Affine(affine) => {
            let mut held = held(&affine.codes)?;
            held.extend([&affine.scale, &affine.zero].into_iter().filter_map(each));
            held.extend(affine.index.as_ref().map(|index| &index.blocks));
            held
        }
        _ => return None,
    };
    Some(held)
}

fn each(factor: &Factor) -> Option<&Tensor> {
    match factor {
        Factor::Each(tensor) => Some(tensor),
        Factor::One(_) => None,
    }
}
