//! Which elements share a scale, and how labels say it.

use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::tensor::Tensor;

/// What has a scale of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sharing {
    /// The tensor; of a stack of matrices each one, or all of them.
    Tensor,
    /// A row: each index of all axes but the last.
    Row,
    /// A column of each matrix.
    Column,
    /// So many elements of a row; the last group may be cut.
    Group(u64),
    /// So many rows and so many columns of each matrix; the last ones may be cut.
    Block(u64, u64),
}

use Sharing::{Block, Column, Group, Row};

/// What libraries write. Taken where no configuration says one of them, and where the shape of the scales leaves no choice between them.
pub(super) const USUAL: &[Sharing] = &[
    Sharing::Tensor,
    Row,
    Block(128, 128),
    Group(128),
    Group(64),
    Group(32),
    Group(16),
];

impl Sharing {
    /// So many elements of a row; whole rows where that is no number of elements (-1 in configurations).
    pub(super) fn group(size: i64) -> Self {
        match u64::try_from(size) {
            Ok(size @ 1..) => Group(size),
            _ => Row,
        }
    }

    /// So many rows and columns, which must be two numbers.
    pub(super) fn block(sides: &[u64]) -> Option<Self> {
        match sides {
            &[rows, columns] if rows > 0 && columns > 0 => Some(Block(rows, columns)),
            _ => None,
        }
    }

    /// The sides of the blocks of a tensor: one for each axis. None where it has too few axes.
    fn sides(self, shape: &[u64]) -> Option<Vec<u64>> {
        let (&width, rows) = shape.split_last()?;
        let with = |outer: &[u64], inner: &[u64]| {
            let sides = vec![1; outer.len()].into_iter();
            sides.chain(inner.iter().copied()).collect()
        };
        let clamped = |side: u64, length: u64| side.clamp(1, length.max(1));
        Some(match (self, rows) {
            (Self::Tensor, [outer @ .., height]) => with(outer, &[*height, width]),
            (Self::Tensor, []) => vec![width],
            (Row, _) => with(rows, &[width]),
            (Group(side), _) => with(rows, &[clamped(side, width)]),
            (Column, [outer @ .., height]) => with(outer, &[*height, 1]),
            (Block(height, side), [outer @ .., rows]) => {
                with(outer, &[clamped(height, *rows), clamped(side, width)])
            }
            (Column | Block(..), []) => return None,
        })
    }
}

/// The blocks of a tensor whose scales have this shape: a side for each axis. Axes of length 1 at the end of the scales may be left out.
///
/// # Errors
/// `SizeMismatch` where the scales have another shape than any of `ways` gives them.
pub(super) fn shared(shape: &[u64], scale: &Tensor, ways: &[Sharing]) -> Result<Vec<u64>> {
    let found = trimmed(&scale.shape);
    let is_one = found.is_empty() && scale.elements == 1;
    let fits = |way: &Sharing| {
        if *way == Sharing::Tensor && is_one {
            return Some(shape.to_vec());
        }
        let sides = way.sides(shape)?;
        let mut wanted = grid(shape, &sides);
        let is_it = trimmed(&wanted) == found;
        match *way {
            // One for each column may stand as [columns, 1].
            Column if !is_it => {
                wanted.pop();
                wanted.pop();
                wanted.extend(shape.last());
            }
            // modelopt keeps the axes inside of the blocks.
            Block(..) if !is_it && shape.len() == 2 => wanted.insert(1, 1),
            _ => {}
        }
        (is_it || trimmed(&wanted) == found).then_some(sides)
    };
    ways.iter().find_map(fits).ok_or_else(|| {
        let sides = ways.iter().filter_map(|way| way.sides(shape));
        let mut wanted: Vec<String> = sides.map(|s| format!("{:?}", grid(shape, &s))).collect();
        wanted.dedup();
        unfit(shape, scale, &wanted)
    })
}

/// Whether scales have the shape that such blocks give them.
///
/// # Errors
/// `SizeMismatch`.
pub(super) fn expect_blocks(shape: &[u64], sides: &[u64], scale: &Tensor) -> Result<()> {
    let wanted = grid(shape, sides);
    if shape.len() == sides.len() && trimmed(&wanted) == trimmed(&scale.shape) {
        return Ok(());
    }
    Err(unfit(shape, scale, &[format!("{wanted:?}")]))
}

/// How many blocks there are along each axis.
pub(super) fn grid(shape: &[u64], sides: &[u64]) -> Vec<u64> {
    let axes = shape.iter().zip(sides);
    axes.map(|(length, side)| length.div_ceil((*side).max(1)))
        .collect()
}

/// A shape without the axes of length 1 at its end.
fn trimmed(shape: &[u64]) -> &[u64] {
    let last = shape.iter().rposition(|&length| length != 1);
    shape.get(..last.map_or(0, |last| last + 1)).unwrap_or(&[])
}

#[cold]
fn unfit(shape: &[u64], scale: &Tensor, wanted: &[String]) -> Error {
    Error::new(
        Code::SizeMismatch,
        "scales have another shape than the quantised tensor asks for",
    )
    .expected(format!("{} for {shape:?}", wanted.join(" or ")))
    .found(format!("{:?} in {}", scale.shape, scale.name))
    .hint("the file was cut or written wrongly, or its configuration is of another model")
}

/// Blocks in a few words: `tensor`, `row`, `column`, `g128`, `128x128`.
pub(super) fn block_words(shape: &[u64], block: &[u64]) -> String {
    let whole = |back: usize| {
        let at = |of: &[u64]| of.iter().rev().nth(back).copied();
        at(shape).zip(at(block)).is_none_or(|(of, is)| of == is)
    };
    match block {
        _ if whole(0) && whole(1) && shape.len() < 4 => "tensor".to_owned(),
        _ if whole(0) => "row".to_owned(),
        [.., 1] if whole(1) => "column".to_owned(),
        [.., rows, side] if *rows != 1 => format!("{rows}x{side}"),
        [.., side] => format!("g{side}"),
        [] => "tensor".to_owned(),
    }
}

/// f16 or bf16 where factors are: the library computes in their type.
pub(super) fn computed_in(factor: &Tensor) -> Option<DType> {
    matches!(factor.dtype, DType::F16 | DType::Bf16).then_some(factor.dtype)
}
