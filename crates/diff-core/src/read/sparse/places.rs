//! The row-major places of a sparse tensor's elements, made of its indices. Every index is checked against the shape and the number
//! of values before it is used.

use super::index::Indices;
use super::{broken, too_large};
use crate::error::{Code, Error, Result};
use crate::tensor::{Sparse, SparseKind, element_count};

/// Places of a COO tensor, and the elements of a block. There is one row of indices for each sparse dimension; the dense dimensions make a
/// block.
///
/// # Errors
/// `OutOfBounds` for an index outside the shape, and for numbers that contradict each other.
pub(super) fn of_coo(shape: &[u64], places: &Indices, sparse: &Sparse) -> Result<(Vec<u64>, u64)> {
    let &[dimensions, stored] = places.shape() else {
        return Err(broken("indices of a sparse tensor are no matrix"));
    };
    let (dimensions, stored) = (dimensions as usize, stored as usize);
    let (Some(outer), Some(inner)) = (shape.get(..dimensions), shape.get(dimensions..)) else {
        return Err(broken(
            "sparse tensor has more rows of indices than dimensions",
        ));
    };
    element_count(outer)?;
    let block = element_count(inner)?;
    // Both numbers are checked against the indices that are there: a matrix of indices without rows could claim any width.
    let counted = (stored as u64).checked_mul(block);
    if counted != Some(sparse.values.elements)
        || places.count() != stored.saturating_mul(dimensions)
    {
        return Err(broken("sparse tensor has not as many places as values"));
    }
    if dimensions == 0 && stored > 1 {
        return Err(broken(
            "sparse tensor has several values in one place of no dimensions",
        ));
    }
    let mut keys = vec![0u64; stored];
    for (axis, &dim) in outer.iter().enumerate() {
        for (at, key) in keys.iter_mut().enumerate() {
            *key = *key * dim + places.below(axis * stored + at, dim)?;
        }
    }
    Ok((keys, block))
}

/// Places of CSR and its kin, element by element, in the order in which the values lie.
///
/// # Errors
/// As [`of_coo`]; `UnsupportedLayout` for more than two dimensions, `LimitExceeded` beyond `sparse_bytes`.
pub(super) fn of_lines(
    shape: &[u64],
    starts: &Indices,
    places: &Indices,
    sparse: &Sparse,
) -> Result<Vec<u64>> {
    let &[rows, columns] = shape else {
        return Err(Error::new(
            Code::UnsupportedLayout,
            "compressed sparse tensors of more than two dimensions are not compared",
        )
        .found(format!("shape {shape:?}")));
    };
    element_count(shape)?;
    let blocked = matches!(sparse.kind, SparseKind::Bsr | SparseKind::Bsc);
    let (height, width) = match (blocked, sparse.values.shape.as_slice()) {
        (true, &[_, height, width]) => (height, width),
        (false, &[_]) => (1, 1),
        _ => return Err(broken("values of a sparse tensor have the wrong shape")),
    };
    let by_row = matches!(sparse.kind, SparseKind::Csr | SparseKind::Bsr);
    let stored = (places.count() as u64)
        .saturating_mul(height)
        .saturating_mul(width);
    if stored.saturating_mul(8) > sparse.most_bytes {
        return Err(too_large(stored.saturating_mul(8), sparse.most_bytes));
    }
    if stored > sparse.values.elements {
        return Err(broken("sparse tensor has more places than values"));
    }
    // Blocks cover the shape exactly: torch makes no others.
    let whole = |dim: u64, side: u64| dim.checked_div(side).filter(|count| count * side == dim);
    let (Some(block_rows), Some(block_columns)) = (whole(rows, height), whole(columns, width))
    else {
        return Err(
            broken("shape of a sparse tensor is no multiple of its blocks")
                .expected(format!("multiples of {height} and {width}"))
                .found(format!("shape {shape:?}")),
        );
    };
    let (lines, across) = if by_row {
        (block_rows, block_columns)
    } else {
        (block_columns, block_rows)
    };
    let ends = line_ends(lines, starts, places.count())?;
    let mut keys = Vec::with_capacity(stored as usize);
    let mut from = 0;
    for (line, end) in ends.enumerate() {
        let end = end?;
        for at in from..end {
            let place = places.below(at, across)?;
            let (row, column) = if by_row {
                (line as u64, place)
            } else {
                (place, line as u64)
            };
            for i in 0..height {
                for j in 0..width {
                    keys.push((row * height + i) * columns + column * width + j);
                }
            }
        }
        from = end;
    }
    Ok(keys)
}

/// Where each line (row or column) ends among the places. The ends must rise from 0 to the number of places.
fn line_ends<'i>(
    lines: u64,
    starts: &'i Indices,
    places: usize,
) -> Result<impl Iterator<Item = Result<usize>> + 'i> {
    let wanted = lines.checked_add(1);
    if wanted != Some(starts.count() as u64) {
        return Err(
            broken("sparse tensor has another number of lines than its shape")
                .expected(format!("{lines} lines, one index more"))
                .found(starts.count()),
        );
    }
    let mut last = starts.within(0, 0, 0)?;
    let count = starts.count();
    Ok((1..count).map(move |at| {
        let least = if at + 1 == count { places as u64 } else { last };
        last = starts.within(at, least.max(last), places as u64)?;
        Ok(last as usize)
    }))
}
