//! The Hugging Face storage of torch.distributed.checkpoint: `shard-S-model-X-of-N.safetensors`, in whose metadata stands where each piece
//! begins in its tensor. How long the tensor is stands nowhere: as long as the pieces reach.

use std::collections::HashMap;

use serde::Deserialize;

use super::boxes::{self, Piece};
use crate::tensor::Tensor;

/// The member of a file's metadata.
const KEY: &str = "DCP_SHARDING_INFO";

#[derive(Deserialize)]
struct Saved {
    saved_offsets: Vec<u64>,
}

/// Pieces of the shards, by name and in the order of the files.
#[derive(Default)]
pub(in crate::format::hf_dir) struct Pieces {
    order: Vec<String>,
    pieces: HashMap<String, Vec<Piece>>,
}

impl Pieces {
    /// Takes the tensors of a file, and out of its metadata where they begin.
    pub(in crate::format::hf_dir) fn take(
        &mut self,
        tensors: Vec<Tensor>,
        metadata: &mut Vec<(String, String)>,
    ) {
        let mut offsets: HashMap<String, Saved> = HashMap::new();
        metadata.retain(|(key, text)| {
            if key == KEY {
                offsets = serde_json::from_str(text).unwrap_or_default();
            }
            key != KEY
        });
        for tensor in tensors {
            let offsets = match offsets.remove(&tensor.name) {
                Some(saved) => saved.saved_offsets,
                None => vec![0; tensor.shape.len()],
            };
            let name = tensor.name.clone();
            let of = self.pieces.entry(name.clone()).or_default();
            if of.is_empty() {
                self.order.push(name);
            }
            of.push(Piece { offsets, tensor });
        }
    }

    /// The tensors, and how many of them were joined.
    pub(in crate::format::hf_dir) fn join(mut self) -> (Vec<Tensor>, usize) {
        let mut joined = 0;
        let mut tensors = Vec::with_capacity(self.order.len());
        for name in std::mem::take(&mut self.order) {
            let pieces = self.pieces.remove(&name).unwrap_or_default();
            joined += usize::from(pieces.len() > 1);
            let shape = reach(&pieces);
            let label = pieces
                .first()
                .map_or_else(String::new, |one| one.tensor.dtype_name().to_owned());
            let bytes = pieces.iter().map(|piece| piece.tensor.bytes).sum();
            let whole = match <[Piece; 1]>::try_from(pieces) {
                // Bytes of a type that is not known cannot be joined, and need not be.
                Ok([only]) if only.offsets.iter().all(|&at| at == 0) => Ok(only.tensor),
                Ok([only]) => boxes::join(&shape, vec![only]),
                Err(several) => boxes::join(&shape, several),
            };
            tensors.push(whole.unwrap_or_else(|error| {
                let error = error.tensor(&name);
                Tensor::broken(name, &label, shape, bytes, error)
            }));
        }
        (tensors, joined)
    }
}

/// How far the pieces reach along each axis.
fn reach(pieces: &[Piece]) -> Vec<u64> {
    let mut shape: Vec<u64> = Vec::new();
    for piece in pieces {
        shape.resize(shape.len().max(piece.tensor.shape.len()), 0);
        let ends = piece.offsets.iter().zip(&piece.tensor.shape);
        for (end, dim) in ends
            .map(|(at, size)| at.saturating_add(*size))
            .zip(&mut shape)
        {
            *dim = end.max(*dim);
        }
    }
    shape
}
