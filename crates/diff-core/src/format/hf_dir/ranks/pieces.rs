//! The Hugging Face storage of torch.distributed.checkpoint: `shard-S-model-X-of-N.safetensors`, in whose metadata stands where each piece
//! begins in its tensor. How long the tensor is stands nowhere: as long as the pieces reach. So a file of the last ranks can be missing
//! without a hole; `Pieces::lost` tells it by what the tensors of a model have in common.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;

use super::boxes::{self, Piece};
use crate::tensor::Tensor;

/// Vectors that must agree before they tell how many ranks there were.
const VECTORS: usize = 3;

/// Ranks that are believed.
const MOST_RANKS: u64 = 1 << 16;

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
    of: HashMap<String, Vec<Piece>>,
    ranks: BTreeSet<u64>,
}

/// What is known of the files of other ranks.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::format::hf_dir) enum Others {
    /// There are none: a tensor was cut so that its last piece is short.
    None,
    /// These ranks wrote files too.
    Missing(Vec<u64>),
    Unknown,
}

impl Pieces {
    /// Takes the tensors of a rank's file, and out of its metadata where they begin.
    pub(in crate::format::hf_dir) fn take(
        &mut self,
        rank: u64,
        tensors: Vec<Tensor>,
        metadata: &mut Vec<(String, String)>,
    ) {
        self.ranks.insert(rank);
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
            let of = self.of.entry(name.clone()).or_default();
            if of.is_empty() {
                self.order.push(name);
            }
            of.push(Piece { offsets, tensor });
        }
    }

    /// Whether files of further ranks belong to these.
    ///
    /// torch cuts an axis of n in pieces of c = ceil(n / ranks). Where the last piece is short, n is known and so is the number of ranks, if
    /// c - 1 would take more. Where all pieces are full, the axes that were not cut tell: the length of a norm or bias is that of an axis
    /// of matrices, and of pieces of too few ranks it is the same part of one for every vector.
    pub(in crate::format::hf_dir) fn others(&self) -> Others {
        let last = self.ranks.last().copied().unwrap_or(1);
        let gaps = (1..last).filter(|rank| !self.ranks.contains(rank)).take(5);
        let gaps: Vec<u64> = gaps.collect();
        let is_cut = self
            .of
            .values()
            .any(|of| of.len() > 1 || of.iter().any(|one| one.offsets.iter().any(|at| *at > 0)));
        if is_cut && !gaps.is_empty() {
            return Others::Missing(gaps);
        }
        if self.of.values().any(|of| has_hole(of)) {
            return Others::Missing(vec![last.saturating_add(1)]);
        }
        let count = self.ranks.len();
        let (mut lengths, mut vectors) = (HashSet::new(), Vec::new());
        for pieces in self.of.values() {
            let shape = reach(pieces);
            let cut = cut(pieces).filter(|cut| cut.sizes.len() == count);
            if let Some(cut) = &cut
                && cut.tells(count as u64)
            {
                return Others::None;
            }
            let axis = cut.map(|cut| cut.axis);
            match shape.as_slice() {
                [length] if axis.is_some() || count == 1 => vectors.push(*length),
                [_] | [] => {}
                lengths_of => lengths.extend(
                    lengths_of
                        .iter()
                        .enumerate()
                        .filter(|(at, _)| Some(*at) != axis && (count > 1 || *at > 0))
                        .map(|(_, length)| *length),
                ),
            }
        }
        match ranks_of(&vectors, &lengths, count as u64) {
            Some(ranks) => Others::Missing(
                (last + 1..)
                    .take((ranks - count as u64).min(5) as usize)
                    .collect(),
            ),
            None => Others::Unknown,
        }
    }

    /// The tensors, and how many of them were joined.
    pub(in crate::format::hf_dir) fn join(mut self) -> (Vec<Tensor>, usize) {
        let mut joined = 0;
        let mut tensors = Vec::with_capacity(self.order.len());
        for name in std::mem::take(&mut self.order) {
            let pieces = self.of.remove(&name).unwrap_or_default();
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

/// A tensor that is cut along one axis.
struct Cut {
    axis: usize,
    /// In the order of the offsets.
    sizes: Vec<u64>,
}

impl Cut {
    /// Whether nothing but this number of ranks cuts it so.
    fn tells(&self, ranks: u64) -> bool {
        let (Some(first), Some(last)) = (self.sizes.first(), self.sizes.last()) else {
            return false;
        };
        let length: u64 = self.sizes.iter().sum();
        last < first && *first > 1 && length.div_ceil(ranks + 1) < *first
    }
}

/// None where it is cut along several axes, or none.
fn cut(pieces: &[Piece]) -> Option<Cut> {
    let first = pieces.first()?;
    let place = |piece: &Piece, axis: usize| {
        Some((*piece.offsets.get(axis)?, *piece.tensor.shape.get(axis)?))
    };
    let mut axes = (0..first.offsets.len()).filter(|axis| {
        pieces
            .iter()
            .any(|one| place(one, *axis) != place(first, *axis))
    });
    let (axis, None) = (axes.next()?, axes.next()) else {
        return None;
    };
    let mut places: Vec<(u64, u64)> = pieces
        .iter()
        .map(|piece| place(piece, axis))
        .collect::<Option<_>>()?;
    // An empty piece lies behind the last one.
    places.sort_unstable_by_key(|(offset, size)| (*offset, *size == 0));
    let sizes = places.into_iter().map(|(_, size)| size).collect();
    Some(Cut { axis, sizes })
}

/// The number of ranks of which `count` pieces make every vector as long as an axis of some matrix, where none is that as it is.
fn ranks_of(vectors: &[u64], lengths: &HashSet<u64>, count: u64) -> Option<u64> {
    if vectors.len() < VECTORS || vectors.iter().any(|one| *one == 0 || lengths.contains(one)) {
        return None;
    }
    let first = vectors.first()?;
    let of_first = lengths.iter().filter_map(|length| {
        let product = length.checked_mul(count)?;
        (product % first == 0).then_some(product / first)
    });
    let fits = |ranks: &u64| {
        (count + 1..=MOST_RANKS).contains(ranks)
            && vectors.iter().all(|one| {
                let whole = one
                    .checked_mul(*ranks)
                    .filter(|product| product % count == 0);
                whole.is_some_and(|product| lengths.contains(&(product / count)))
            })
    };
    of_first.filter(fits).min()
}

fn has_hole(pieces: &[Piece]) -> bool {
    let shape = reach(pieces);
    let all = shape
        .iter()
        .map(|dim| u128::from(*dim))
        .fold(1, u128::saturating_mul);
    let covered: u128 = pieces
        .iter()
        .map(|one| u128::from(one.tensor.elements))
        .sum();
    covered < all
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
