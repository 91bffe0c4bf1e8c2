//! Pieces of one tensor, each a box of it, joined along the axes: what every rank of a run has of a tensor that is cut.

use std::ops::Range;

use crate::error::{Code, Error, Result};
use crate::limits;
use crate::tensor::{Tensor, element_count};

/// A box of a tensor: where it begins along each axis, and its elements, whose shape is the box's.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) offsets: Vec<u64>,
    pub(super) tensor: Tensor,
}

/// Cuts inside cuts. A regular grid needs one for each axis.
const MOST_DEPTH: u32 = 2 * limits::DIMENSIONS as u32;

/// Pieces that may come of pieces which have to be cut themselves, for each of them.
const MOST_CUTS: usize = 8;

/// The tensor of `shape` that the pieces are parts of, under the name of the first.
///
/// # Errors
/// `OutOfBounds` where a piece reaches outside, `OffsetOverlap`, `OffsetHole`; `LimitExceeded` where the boxes interlock beyond
/// measure; what keeps a piece from being read, or pieces from being of one type.
pub(super) fn join(shape: &[u64], pieces: Vec<Piece>) -> Result<Tensor> {
    let elements = element_count(shape)?;
    let mut covered = 0_u128;
    for piece in &pieces {
        let sizes = &piece.tensor.shape;
        let ends = piece
            .offsets
            .iter()
            .zip(sizes)
            .map(|(a, b)| a.checked_add(*b));
        let is_inside = piece.offsets.len() == shape.len()
            && sizes.len() == shape.len()
            && ends
                .zip(shape)
                .all(|(end, dim)| end.is_some_and(|end| end <= *dim));
        if !is_inside {
            return Err(
                Error::new(Code::OutOfBounds, "piece reaches outside its tensor")
                    .expected(format!("a box inside {shape:?}"))
                    .found(format!("{sizes:?} at {:?}", piece.offsets)),
            );
        }
        covered += u128::from(piece.tensor.elements);
    }
    if covered > u128::from(elements) {
        return Err(overlap(covered, elements));
    }
    if covered < u128::from(elements) || pieces.is_empty() {
        return Err(hole(covered, elements));
    }
    if elements == 0 {
        let empty = pieces.into_iter().next().map(|piece| piece.tensor);
        return empty.map_or_else(|| Err(hole(0, elements)), |tensor| tensor.reshaped(shape));
    }
    // A rank that a tensor is too short for has an empty piece of it.
    let pieces: Vec<Piece> = pieces
        .into_iter()
        .filter(|piece| piece.tensor.elements > 0)
        .collect();
    let mut cutter = Cutter {
        left: MOST_CUTS * pieces.len() + 64,
    };
    let whole: Vec<Range<u64>> = shape.iter().map(|&dim| 0..dim).collect();
    cutter.fill(&whole, pieces, 0)
}

struct Cutter {
    /// Pieces that may still be cut off others.
    left: usize,
}

impl Cutter {
    /// The tensor inside `bounds`, which all pieces lie in.
    fn fill(
        &mut self,
        bounds: &[Range<u64>],
        mut pieces: Vec<Piece>,
        depth: u32,
    ) -> Result<Tensor> {
        let room = volume(bounds);
        let covered: u128 = pieces
            .iter()
            .map(|piece| u128::from(piece.tensor.elements))
            .sum();
        if covered < room {
            return Err(hole(covered, room));
        }
        if covered > room {
            return Err(overlap(covered, room));
        }
        if let [_] = pieces.as_slice()
            && let Some(only) = pieces.pop()
        {
            return Ok(only.tensor);
        }
        if depth >= MOST_DEPTH {
            return Err(interlocked(pieces.len()));
        }
        for axis in 0..bounds.len() {
            pieces.sort_by_key(|piece| piece.start(axis));
            let slabs = slabs(&pieces, axis);
            if slabs.len() > 1 {
                return self.stack(bounds, pieces, axis, &slabs, depth);
            }
        }
        // None of the axes can be cut between the pieces: along the first that is divided at all, they are cut themselves.
        let divided = (0..bounds.len()).find(|&axis| {
            let bound = bounds.get(axis);
            pieces.iter().any(|piece| Some(&piece.range(axis)) != bound)
        });
        let Some(axis) = divided else {
            return Err(overlap(covered, room));
        };
        let mut cuts: Vec<u64> = pieces
            .iter()
            .flat_map(|piece| [piece.start(axis), piece.range(axis).end])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut cut = Vec::new();
        for piece in &pieces {
            let range = piece.range(axis);
            let first = cuts.partition_point(|&at| at < range.start);
            let last = cuts.partition_point(|&at| at <= range.end);
            for ends in cuts.get(first..last).unwrap_or_default().windows(2) {
                if let [start, end] = ends {
                    self.left = self
                        .left
                        .checked_sub(1)
                        .ok_or_else(|| interlocked(pieces.len()))?;
                    cut.push(piece.part(axis, *start..*end)?);
                }
            }
        }
        cut.sort_by_key(|piece| piece.start(axis));
        let slabs = slabs(&cut, axis);
        self.stack(bounds, cut, axis, &slabs, depth)
    }

    /// Slabs of pieces sorted along `axis`, each filled, one behind the other.
    fn stack(
        &mut self,
        bounds: &[Range<u64>],
        pieces: Vec<Piece>,
        axis: usize,
        slabs: &[(usize, Range<u64>)],
        depth: u32,
    ) -> Result<Tensor> {
        let mut parts = Vec::with_capacity(slabs.len());
        let mut pieces = pieces.into_iter();
        for (count, range) in slabs {
            let mut inner = bounds.to_vec();
            if let Some(bound) = inner.get_mut(axis) {
                *bound = range.clone();
            }
            let of_slab = pieces.by_ref().take(*count).collect();
            parts.push(self.fill(&inner, of_slab, depth + 1)?);
        }
        Tensor::concat(axis, parts)
    }
}

impl Piece {
    fn start(&self, axis: usize) -> u64 {
        self.offsets.get(axis).copied().unwrap_or(0)
    }

    fn range(&self, axis: usize) -> Range<u64> {
        let start = self.start(axis);
        start..start + self.tensor.shape.get(axis).copied().unwrap_or(0)
    }

    /// What of it lies in a range of an axis.
    fn part(&self, axis: usize, range: Range<u64>) -> Result<Self> {
        let start = self.start(axis);
        let mut ranges: Vec<Range<u64>> = self.tensor.shape.iter().map(|&dim| 0..dim).collect();
        let mut offsets = self.offsets.clone();
        if let (Some(inside), Some(offset)) = (ranges.get_mut(axis), offsets.get_mut(axis)) {
            *inside = range.start - start..range.end - start;
            *offset = range.start;
        }
        let tensor = self.tensor.sliced(&ranges)?;
        Ok(Self { offsets, tensor })
    }
}

/// Runs of pieces, sorted along `axis`, between which none reaches across: how many pieces, and from where to where.
fn slabs(pieces: &[Piece], axis: usize) -> Vec<(usize, Range<u64>)> {
    let mut found: Vec<(usize, Range<u64>)> = Vec::new();
    for piece in pieces {
        let range = piece.range(axis);
        match found.last_mut() {
            Some((count, slab)) if range.start < slab.end => {
                *count += 1;
                slab.end = slab.end.max(range.end);
            }
            _ => found.push((1, range)),
        }
    }
    found
}

fn volume(bounds: &[Range<u64>]) -> u128 {
    bounds
        .iter()
        .map(|range| u128::from(range.end - range.start))
        .fold(1, u128::saturating_mul)
}

fn hole(covered: u128, room: impl Into<u128>) -> Error {
    Error::new(Code::OffsetHole, "pieces leave a part of the tensor out")
        .expected(format!("{} elements", room.into()))
        .found(covered)
        .hint("the checkpoint is incomplete: fetch the files of all ranks, or save it again")
}

fn overlap(covered: u128, room: impl Into<u128>) -> Error {
    Error::new(Code::OffsetOverlap, "pieces of the tensor overlap")
        .expected(format!("{} elements", room.into()))
        .found(covered)
        .hint("it is not defined which piece counts; save the checkpoint again")
}

fn interlocked(pieces: usize) -> Error {
    Error::new(
        Code::LimitExceeded,
        "pieces of the tensor interlock beyond measure",
    )
    .expected("boxes of a grid")
    .found(format!("{pieces} pieces"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::tensor::Span;

    fn piece(offsets: &[u64], sizes: &[u64]) -> Piece {
        let elements = element_count(sizes).unwrap();
        let span = Span {
            source: 0,
            offset: 0,
            bytes: 4 * elements,
        };
        let tensor = Tensor::plain("t".into(), DType::F32, sizes.to_vec(), elements, span);
        Piece {
            offsets: offsets.to_vec(),
            tensor,
        }
    }

    fn code(shape: &[u64], pieces: Vec<Piece>) -> Code {
        join(shape, pieces).unwrap_err().code()
    }

    #[test]
    fn grids_rows_and_interlocked_boxes_are_joined() {
        let grid = || {
            vec![
                piece(&[3, 4], &[3, 5]),
                piece(&[0, 0], &[3, 4]),
                piece(&[0, 4], &[3, 5]),
                piece(&[3, 0], &[3, 4]),
            ]
        };
        assert_eq!(join(&[6, 9], grid()).unwrap().shape, [6, 9]);
        // No line from side to side runs between these.
        let pinwheel = vec![
            piece(&[0, 0], &[1, 2]),
            piece(&[0, 2], &[2, 1]),
            piece(&[2, 1], &[1, 2]),
            piece(&[1, 0], &[2, 1]),
            piece(&[1, 1], &[1, 1]),
        ];
        let joined = join(&[3, 3], pinwheel).unwrap();
        assert_eq!((joined.shape, joined.elements), (vec![3, 3], 9));
        assert_eq!(join(&[], vec![piece(&[], &[])]).unwrap().elements, 1);
        let short = vec![piece(&[0], &[2]), piece(&[2], &[0])];
        assert_eq!(join(&[2], short).unwrap().shape, [2]);
        assert_eq!(
            join(&[0, 4], vec![piece(&[0, 0], &[0, 4])])
                .unwrap()
                .elements,
            0
        );
    }

    #[test]
    fn holes_overlaps_and_what_lies_outside_are_told_apart() {
        let two = |a: u64, b: u64| vec![piece(&[0], &[2]), piece(&[a], &[b])];
        assert_eq!(code(&[4], two(2, 1)), Code::OffsetHole);
        assert_eq!(code(&[4], two(1, 3)), Code::OffsetOverlap);
        assert_eq!(code(&[4], two(3, 2)), Code::OutOfBounds);
        assert_eq!(code(&[4], two(u64::MAX, 2)), Code::OutOfBounds);
        assert_eq!(code(&[4], Vec::new()), Code::OffsetHole);
        // As many elements as there should be, and some of them twice.
        let twice = vec![piece(&[0, 0], &[2, 1]), piece(&[0, 0], &[2, 1])];
        assert_eq!(code(&[2, 2], twice), Code::OffsetOverlap);
        let crossed = vec![
            piece(&[0, 0], &[2, 2]),
            piece(&[1, 1], &[2, 2]),
            piece(&[0, 2], &[1, 1]),
        ];
        assert_eq!(code(&[3, 3], crossed), Code::OffsetOverlap);
    }

    #[test]
    fn a_staircase_without_end_is_refused_and_not_followed() {
        let count = 4000;
        // Boxes that shift by one each: every one reaches across the next one's edge.
        let mut pieces = Vec::new();
        for at in 0..count {
            pieces.push(piece(&[at, 0], &[2, 1]));
            pieces.push(piece(&[at, 1], &[2, 1]));
        }
        let started = std::time::Instant::now();
        let error = join(&[2 * count, 2], pieces).unwrap_err();
        assert!(matches!(
            error.code(),
            Code::OffsetHole | Code::OffsetOverlap | Code::LimitExceeded
        ));
        assert!(started.elapsed().as_secs() < 2);
    }
}
