//! Sparse tensors in their coalesced form: the stored elements in the order of their places.
//!
//! A place is a row-major number, so COO, CSR, CSC, BSR and BSC of the same content are equal. Elements in the same
//! place are added up (in f64). That leaves fewer elements than the description counts, which is made before the
//! places are read; the rest, at the end, is filled with zeros.

mod index;
mod places;

use std::ops::Range;

use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result, counted};
use crate::kernel::{self, Elements};
use crate::once::Once;
use crate::tensor::{Sparse, SparseKind, Tensor};
use index::Indices;

/// The elements of a sparse tensor in the order of their places.
pub(super) struct Ordered<'a> {
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    sparse: &'a Sparse,
    values: Reader<'a>,
    /// Made at the first use.
    coalesced: Once<Coalesced>,
}

/// See [`Sparse`].
pub(crate) struct Coalesced {
    /// Row-major number of the place of each stored block, in rising order.
    pub(crate) keys: Vec<u64>,
    shape: Vec<u64>,
    /// Elements of a block.
    block: u64,
    /// The elements in that order; None where they are in that order in the file.
    values: Option<(DType, Vec<u8>)>,
    /// Whether there were several elements in one place: then `values` are sums, in f64.
    is_summed: bool,
}

impl<'a> Ordered<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        tensor: &'a Tensor,
        sparse: &'a Sparse,
        what: As,
    ) -> Result<Self> {
        let ordered = Self {
            checkpoint,
            tensor,
            sparse,
            values: part(checkpoint, &sparse.values, what)?,
            coalesced: Once::default(),
        };
        if what == As::Stored && ordered.form()?.is_summed {
            return Err(Error::new(
                Code::UnsupportedLayout,
                "elements of a sparse tensor that stores several in one place cannot be read as they are stored",
            )
            .hint("their sums can: { as: 'f64' }"));
        }
        Ok(ordered)
    }

    fn form(&self) -> Result<&Coalesced> {
        self.coalesced
            .get_or_make(|| coalesce(self.checkpoint, &self.tensor.shape, self.sparse))
            .map_err(|error| error.tensor(&self.tensor.name).at(&self.checkpoint.path))
    }
}

impl Read for Ordered<'_> {
    fn dtype(&self) -> DType {
        self.values.dtype()
    }

    fn bits(&self) -> Option<DType> {
        let holds_sums = self.form().is_ok_and(|form| form.is_summed);
        (!holds_sums).then(|| self.dtype())
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let Some((dtype, values)) = &self.form()?.values else {
            return self.values.read(start, count, scratch);
        };
        let item = dtype.bytes() as usize;
        let from = (start as usize * item).min(values.len());
        let to = (from + count * item).min(values.len());
        let out = &mut scratch.out;
        out.clear();
        out.extend_from_slice(values.get(from..to).unwrap_or_default());
        out.resize(count * item, 0);
        Ok(plain::operand(out, *dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.values.regions(elements, each);
    }

    fn places(&self) -> Result<Option<&Coalesced>> {
        self.form().map(Some)
    }
}

/// Checks that `count` elements of two tensors, each from its own start on, lie in the same places. Dense tensors pass.
///
/// # Errors
/// `UnsupportedLayout` when they do not, or when one side only is sparse.
pub(crate) fn check_places(
    [(a, a_start), (b, b_start)]: [(&Reader, u64); 2],
    count: usize,
    name: &str,
) -> Result<()> {
    let (a, b) = match (a.places()?, b.places()?) {
        (None, None) => return Ok(()),
        (Some(a), Some(b)) => (a, b),
        _ => {
            return Err(different(
                "a sparse tensor cannot be compared with a dense one",
                name,
            ));
        }
    };
    if a.shape != b.shape {
        return Err(different("sparse tensors have different shapes", name));
    }
    let keys = |form: &Coalesced, start: u64| {
        let from = (start / form.block) as usize;
        let to = (start + count as u64).div_ceil(form.block) as usize;
        let end = form.keys.len();
        from.min(end)..to.min(end)
    };
    let same = a.keys.len() == b.keys.len()
        && a.block == b.block
        && a.keys.get(keys(a, a_start)) == b.keys.get(keys(b, b_start));
    if same {
        return Ok(());
    }
    Err(
        different("sparse tensors do not store the same places", name).found(format!(
            "{} and {} places",
            a.keys.len(),
            b.keys.len()
        )),
    )
}

fn different(what: &str, name: &str) -> Error {
    Error::new(Code::UnsupportedLayout, what.to_owned())
        .tensor(name)
        .hint("make both sides dense, or sparse in the same places, before they are saved")
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
            shape: shape.to_vec(),
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
    in_order(checkpoint, shape, &keys, block, sparse)
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

/// Sorts the values by their places, and adds up those in the same place.
fn in_order(
    checkpoint: &Checkpoint,
    shape: &[u64],
    keys: &[u64],
    block: u64,
    sparse: &Sparse,
) -> Result<Coalesced> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&at| keys.get(at));
    let sorted: Vec<u64> = order
        .iter()
        .filter_map(|&at| keys.get(at).copied())
        .collect();
    let tensor = &sparse.values;
    let count = tensor.elements as usize;
    let mut scratch = Scratch::default();
    let reader = part(checkpoint, tensor, As::Values)?;
    let operand = reader.read(0, count, &mut scratch)?;
    if sorted.is_sorted_by(|a, b| a < b) {
        let bytes = (tensor.dtype.bytes() * block) as usize;
        let mut values = Vec::with_capacity(operand.bytes.len());
        for &at in &order {
            let from = at * bytes;
            values.extend_from_slice(operand.bytes.get(from..from + bytes).unwrap_or_default());
        }
        return Ok(Coalesced {
            keys: sorted,
            shape: shape.to_vec(),
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
        let from = at * block_length;
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
        shape: shape.to_vec(),
        block,
        values: Some((DType::F64, values)),
        is_summed: true,
    })
}
