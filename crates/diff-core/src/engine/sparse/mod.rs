//! Sparse tensors in their coalesced form: the stored elements in the order of their places.
//!
//! Places are row-major numbers, so COO, CSR, CSC, BSR and BSC of the same content are equal. Elements of one
//! place are added up (in f64). A tensor with fewer places than it stores elements is filled up with zeros at
//! the end, since its number of elements was told before it was read.

mod index;
mod places;

use crate::checkpoint::Checkpoint;
use crate::dtype::{DType, ValueMap};
use crate::engine::gather::{self, Scratch};
use crate::engine::plan::View;
use crate::error::{Code, Error, Result, counted};
use crate::kernel::{self, Operand};
use crate::tensor::{Coalesced, Layout, Sparse, SparseKind, Tensor};
use index::Indices;

/// Whether the two sides of a chunk store the same places.
///
/// # Errors
/// `UnsupportedLayout` when they do not, or when one side only is sparse.
pub(super) fn check(
    old: &Checkpoint,
    old_view: Option<View>,
    new: &Checkpoint,
    new_view: Option<View>,
    start: u64,
    count: usize,
) -> Result<()> {
    let (Some(a), Some(b)) = (old_view, new_view) else {
        return Ok(());
    };
    let (Some(a_tensor), Some(b_tensor)) = (old.tensors.get(a.tensor), new.tensors.get(b.tensor))
    else {
        return Ok(());
    };
    let (a_sparse, b_sparse) = match (&a_tensor.layout, &b_tensor.layout) {
        (Layout::Sparse(a), Layout::Sparse(b)) => (a, b),
        (Layout::Sparse(_), _) | (_, Layout::Sparse(_)) => {
            return Err(different(
                "a sparse tensor cannot be compared with a dense one",
                a_tensor,
            ));
        }
        _ => return Ok(()),
    };
    if a_tensor.shape != b_tensor.shape {
        return Err(different("sparse tensors have different shapes", a_tensor));
    }
    let a_form = coalesced(old, a_tensor, a_sparse)?;
    let b_form = coalesced(new, b_tensor, b_sparse)?;
    let keys = |form: &'_ Coalesced, view: View| {
        let from = ((view.start + start) / form.block) as usize;
        let to = (view.start + start + count as u64).div_ceil(form.block) as usize;
        let end = form.keys.len();
        (from.min(end), to.min(end))
    };
    let (a_range, b_range) = (keys(a_form, a), keys(b_form, b));
    let same = a_form.keys.len() == b_form.keys.len()
        && a_form.block == b_form.block
        && a_form.keys.get(a_range.0..a_range.1) == b_form.keys.get(b_range.0..b_range.1);
    if same {
        return Ok(());
    }
    Err(
        different("sparse tensors do not store the same places", a_tensor).found(format!(
            "{} and {} places",
            a_form.keys.len(),
            b_form.keys.len()
        )),
    )
}

fn different(what: &str, tensor: &Tensor) -> Error {
    Error::new(Code::UnsupportedLayout, what.to_owned())
        .tensor(&tensor.name)
        .hint("make both sides dense, or sparse in the same places, before they are saved")
}

/// The elements `start .. start + count` of the coalesced form.
pub(super) fn stored<'a>(
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    sparse: &'a Sparse,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Operand<'a>> {
    let form = coalesced(checkpoint, tensor, sparse)?;
    let Some((dtype, values)) = &form.values else {
        return gather::stored(checkpoint, &sparse.values, start, count, scratch);
    };
    let item = dtype.bytes() as usize;
    let from = (start as usize * item).min(values.len());
    let to = (from + count * item).min(values.len());
    let out = scratch.gathered();
    out.extend_from_slice(values.get(from..to).unwrap_or_default());
    out.resize(count * item, 0);
    Ok(Operand {
        bytes: scratch.gathered_bytes(),
        dtype: dtype.component().unwrap_or(*dtype),
        map: ValueMap::Identity,
    })
}

/// Whether elements of one place were added up, so that what is handed out is stored nowhere.
pub(super) fn holds_sums(checkpoint: &Checkpoint, tensor: &Tensor) -> bool {
    let Layout::Sparse(sparse) = &tensor.layout else {
        return false;
    };
    coalesced(checkpoint, tensor, sparse).is_ok_and(|form| form.is_summed)
}

/// The places of a tensor's elements; none where each place has one.
pub(super) fn places<'t>(checkpoint: &Checkpoint, tensor: &'t Tensor) -> Result<&'t [u64]> {
    match &tensor.layout {
        Layout::Sparse(sparse) => Ok(&coalesced(checkpoint, tensor, sparse)?.keys),
        _ => Ok(&[]),
    }
}

fn coalesced<'s>(
    checkpoint: &Checkpoint,
    tensor: &Tensor,
    sparse: &'s Sparse,
) -> Result<&'s Coalesced> {
    sparse
        .coalesced
        .get_or_make(|| coalesce(checkpoint, &tensor.shape, sparse))
        .map_err(|error| error.tensor(&tensor.name).at(&checkpoint.path))
}

fn coalesce(checkpoint: &Checkpoint, shape: &[u64], sparse: &Sparse) -> Result<Coalesced> {
    let indices: u64 = sparse.indices.iter().map(|index| index.elements).sum();
    if indices.saturating_mul(8) > sparse.most_bytes {
        return Err(too_large(indices.saturating_mul(8), sparse.most_bytes));
    }
    let indices = sparse
        .indices
        .iter()
        .zip(index::names(sparse.kind))
        .map(|(index, name)| Indices::read(checkpoint, index, name))
        .collect::<Result<Vec<_>>>()?;
    let (keys, block) = match (sparse.kind, indices.as_slice()) {
        (SparseKind::Coo, [places]) => places::of_coo(shape, places, sparse)?,
        (_, [starts, places]) => (places::of_lines(shape, starts, places, sparse)?, 1),
        _ => return Err(broken("sparse tensor lacks indices")),
    };
    if (keys.len() as u64).saturating_mul(block) != sparse.values.elements {
        return Err(
            broken("sparse tensor has another number of values than of places")
                .expected(format!("{} blocks of {block}", keys.len()))
                .found(sparse.values.elements),
        );
    }
    if keys.is_sorted_by(|a, b| a < b) {
        return Ok(Coalesced {
            keys,
            block,
            values: None,
            is_summed: false,
        });
    }
    let bytes = sparse
        .values
        .elements
        .saturating_mul(sparse.values.dtype.bytes().max(8));
    if bytes > sparse.most_bytes {
        return Err(too_large(bytes, sparse.most_bytes));
    }
    in_order(checkpoint, &keys, block, sparse)
}

fn too_large(found: u64, most: u64) -> Error {
    Error::new(
        Code::LimitExceeded,
        "sparse tensor exceeds the limit sparse_bytes",
    )
    .expected(format!("at most {most} bytes"))
    .found(counted(found, "byte"))
    .hint("raise the limit sparse_bytes")
}

fn broken(what: &str) -> Error {
    Error::new(Code::OutOfBounds, what.to_owned()).hint("the file is damaged; save it again")
}

/// Sorts the places and brings the values along; adds up those of one place.
fn in_order(
    checkpoint: &Checkpoint,
    keys: &[u64],
    block: u64,
    sparse: &Sparse,
) -> Result<Coalesced> {
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    order.sort_by_key(|&at| keys.get(at as usize));
    let sorted: Vec<u64> = order
        .iter()
        .filter_map(|&at| keys.get(at as usize).copied())
        .collect();
    let tensor = &sparse.values;
    let count = tensor.elements as usize;
    let mut scratch = Scratch::default();
    let operand = gather::stored(checkpoint, tensor, 0, count, &mut scratch)?;
    if sorted.is_sorted_by(|a, b| a < b) {
        let bytes = (tensor.dtype.bytes() * block) as usize;
        let mut values = Vec::with_capacity(operand.bytes.len());
        for &at in &order {
            let from = at as usize * bytes;
            values.extend_from_slice(operand.bytes.get(from..from + bytes).unwrap_or_default());
        }
        return Ok(Coalesced {
            keys: sorted,
            block,
            values: Some((tensor.dtype, values)),
            is_summed: false,
        });
    }
    if tensor.dtype.component().is_some() {
        return Err(Error::new(
            Code::UnsupportedLayout,
            "sparse complex tensor is not coalesced",
        )
        .hint("call coalesce() on it before it is saved"));
    }
    let mut numbers = Vec::with_capacity(count);
    kernel::for_each_value(operand, |value| numbers.push(value));
    let mut unique: Vec<u64> = Vec::new();
    let mut sums: Vec<f64> = Vec::new();
    let block_length = block as usize;
    for (&key, &at) in sorted.iter().zip(&order) {
        let from = at as usize * block_length;
        let values = numbers.get(from..from + block_length).unwrap_or_default();
        if unique.last() == Some(&key) {
            let start = sums.len() - block_length;
            for (sum, value) in sums.iter_mut().skip(start).zip(values) {
                *sum += value;
            }
        } else {
            unique.push(key);
            sums.extend_from_slice(values);
        }
    }
    let values = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    Ok(Coalesced {
        keys: unique,
        block,
        values: Some((DType::F64, values)),
        is_summed: true,
    })
}
