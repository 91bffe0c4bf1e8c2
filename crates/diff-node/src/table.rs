//! Columns: what crosses the boundary once, however many tensors there are.

use std::collections::HashMap;
use std::hash::Hash;

use diff_core::checkpoint::Format;
use diff_core::engine::{Hashed, Outcome};
use diff_core::stats::{Exponents, Grid, Metrics, Moments, PairStats, Probe};
use diff_core::tensor::Tensor;
use diff_core::{Checkpoint, Error};
use napi::bindgen_prelude::{Float64Array, Uint8Array, Uint32Array};
use napi_derive::napi;

use crate::failure::Failure;

/// Descriptions of all tensors of a checkpoint.
#[napi(object)]
pub struct TensorTable {
    /// All names, UTF-8, one after the other.
    pub names: Uint8Array,
    /// Where each name ends.
    pub name_ends: Uint32Array,
    /// Index into `dtypes`.
    pub dtype: Uint32Array,
    pub dtypes: Vec<String>,
    /// Index into the shapes that there are.
    pub shape: Uint32Array,
    /// Every shape that occurs, once, one after the other.
    pub dims: Float64Array,
    /// Where each of these ends.
    pub dim_ends: Uint32Array,
    pub elements: Float64Array,
    pub bytes: Float64Array,
    /// Index into the files of the description; NaN for tensors in memory, and for those whose elements were not saved.
    pub file: Float64Array,
    /// Bytes from the start of that file to the first element; NaN where it lies nowhere as it is (compressed, encoded, sparse).
    pub offset: Float64Array,
    /// Rows of a type that is not known, which can only be compared byte by byte.
    pub raw: Uint32Array,
    pub failures: Vec<RowFailure>,
}

/// A row that could not be read or compared.
#[napi(object)]
pub struct RowFailure {
    pub row: u32,
    pub failure: Failure,
}

/// A matrix of numbers, column after column; NaN where a number does not exist.
#[napi(object)]
pub struct Columns {
    pub names: Vec<String>,
    pub rows: u32,
    pub values: Float64Array,
    pub failures: Vec<RowFailure>,
}

impl TensorTable {
    #[must_use]
    pub fn of(checkpoint: &Checkpoint) -> Self {
        Self::describe(&checkpoint.tensors, places(checkpoint))
    }

    /// Of one tensor, without a place in a file.
    #[must_use]
    pub fn of_one(tensor: &Tensor) -> Self {
        Self::describe(
            std::slice::from_ref(tensor),
            (vec![f64::NAN], vec![f64::NAN]),
        )
    }

    fn describe(tensors: &[Tensor], (file, offset): (Vec<f64>, Vec<f64>)) -> Self {
        let mut names = Vec::with_capacity(tensors.iter().map(|t| t.name.len()).sum());
        let mut name_ends = Vec::with_capacity(tensors.len());
        let mut shapes = Numbering::default();
        let mut shape = Vec::with_capacity(tensors.len());
        let mut dtypes = Numbering::default();
        let mut dtype = Vec::with_capacity(tensors.len());
        let mut failures = Vec::new();
        for (row, tensor) in tensors.iter().enumerate() {
            names.extend_from_slice(tensor.name.as_bytes());
            name_ends.push(names.len() as u32);
            shape.push(shapes.number(tensor.shape.as_slice()));
            dtype.push(dtypes.number(tensor.dtype_name()));
            if let Some(error) = tensor.error() {
                failures.push(RowFailure {
                    row: row as u32,
                    failure: error.into(),
                });
            }
        }
        let dim_ends: Vec<u32> = shapes
            .values
            .iter()
            .scan(0, |end, shape| {
                *end += shape.len() as u32;
                Some(*end)
            })
            .collect();
        let dims: Vec<f64> = shapes
            .values
            .iter()
            .flat_map(|shape| shape.iter().map(|&dim| dim as f64))
            .collect();
        Self {
            names: names.into(),
            name_ends: name_ends.into(),
            dtype: dtype.into(),
            dtypes: dtypes.values.iter().map(|&name| name.to_owned()).collect(),
            shape: shape.into(),
            dims: dims.into(),
            dim_ends: dim_ends.into(),
            elements: tensors
                .iter()
                .map(|t| t.elements as f64)
                .collect::<Vec<_>>()
                .into(),
            bytes: tensors
                .iter()
                .map(|t| t.bytes as f64)
                .collect::<Vec<_>>()
                .into(),
            file: file.into(),
            offset: offset.into(),
            raw: tensors
                .iter()
                .enumerate()
                .filter(|(_, tensor)| tensor.is_raw())
                .map(|(row, _)| row as u32)
                .collect::<Vec<_>>()
                .into(),
            failures,
        }
    }
}

/// The columns `file` and `offset`.
fn places(checkpoint: &Checkpoint) -> (Vec<f64>, Vec<f64>) {
    let files = checkpoint.file_of_source();
    let is_memory = checkpoint.format == Format::Memory;
    let tensors = checkpoint.tensors.iter();
    tensors
        .map(|tensor| {
            let Some((source, at)) = tensor.first_byte().filter(|_| !is_memory) else {
                return (f64::NAN, f64::NAN);
            };
            let source = source as usize;
            let number = |value: Option<u64>| value.map_or(f64::NAN, |value| value as f64);
            let place = checkpoint.sources.get(source).zip(at);
            (
                number(files.get(source).copied().map(u64::from)),
                number(place.and_then(|(source, at)| source.place_in_file(at))),
            )
        })
        .unzip()
}

/// Values in the order in which they first came, each with its number.
struct Numbering<'a, T: ?Sized> {
    values: Vec<&'a T>,
    numbers: HashMap<&'a T, u32>,
}

impl<T: ?Sized> Default for Numbering<'_, T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<'a, T: ?Sized + Eq + Hash> Numbering<'a, T> {
    fn number(&mut self, value: &'a T) -> u32 {
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() as u32 - 1
        })
    }
}

/// Counts by exponent: the bins of all rows, one row after the other.
#[napi(object)]
pub struct ExponentTable {
    /// Where the bins of each row end.
    pub ends: Uint32Array,
    /// Biased exponents.
    pub bins: Uint8Array,
    /// Elements of the sample that have the exponent.
    pub counts: Float64Array,
}

impl ExponentTable {
    pub fn of<'a>(rows: impl Iterator<Item = &'a Exponents> + Clone) -> Self {
        let bins = || rows.clone().flat_map(Exponents::bins);
        let ends = rows.clone().scan(0, |end, row| {
            *end += row.bins().len() as u32;
            Some(*end)
        });
        Self {
            ends: ends.collect::<Vec<_>>().into(),
            bins: bins().map(|bin| bin.0).collect::<Vec<_>>().into(),
            counts: bins().map(|bin| bin.1 as f64).collect::<Vec<_>>().into(),
        }
    }
}

/// Columns of one side's statistics.
const OWN: [&str; 9] = [
    "elements", "norm", "mean", "std", "min", "max", "zeros", "nan", "inf",
];

fn own_values(own: &Moments) -> [f64; 9] {
    let (min, max) = own.range_or_nan();
    [
        own.elements() as f64,
        own.norm(),
        own.mean_or_nan(),
        own.std(),
        min,
        max,
        own.zeros as f64,
        own.nan as f64,
        own.infinite as f64,
    ]
}

/// Hashes and statistics of all tensors of a checkpoint.
#[napi(object)]
pub struct HashTable {
    /// 32 bytes a row, one row after the other; zeros where the tensor could not be read.
    pub hashes: Uint8Array,
    pub statistics: Columns,
}

impl HashTable {
    #[must_use]
    pub fn of(results: &[Result<Hashed, Error>]) -> Self {
        let hashes = results.iter().flat_map(|result| match result {
            Ok(found) => found.hash,
            Err(_) => <[u8; 32]>::default(),
        });
        let names = OWN.iter().map(|&name| name.to_owned()).collect();
        let rows = results.iter().map(Result::as_ref);
        Self {
            hashes: hashes.collect::<Vec<_>>().into(),
            statistics: Columns::build(names, rows, |found| own_values(&found.moments)),
        }
    }
}

/// Columns of a pair; each side's statistics follow, with `old_` and `new_` before their names.
const PAIR: [&str; 12] = [
    "elements",
    "l2_diff",
    "l1_diff",
    "max_diff",
    "mean_diff",
    "one_minus_cos",
    "relative_change",
    "symmetric_change",
    "changed_elements",
    "value_changed",
    "bit_changed",
    "nonfinite_changed",
];

fn pair_values(stats: &PairStats, metrics: &Metrics, bits_compared: bool) -> [f64; 12] {
    [
        stats.elements as f64,
        metrics.l2,
        metrics.l1,
        metrics.max,
        metrics.mean,
        metrics.one_minus_cos,
        metrics.relative,
        metrics.symmetric,
        stats.changed() as f64,
        stats.value_changed as f64,
        if bits_compared {
            stats.bit_changed as f64
        } else {
            f64::NAN
        },
        stats.nonfinite_changed as f64,
    ]
}

/// Columns of a second look.
const PROBE: [&str; 46] = [
    "cast_bf16",
    "cast_f16",
    "cast_e4m3",
    "cast_e5m2",
    "uncast_bf16",
    "uncast_f16",
    "uncast_e4m3",
    "uncast_e5m2",
    "trunc_bf16",
    "common_source",
    "cast_elements",
    "new_zeros",
    "lost_zeros",
    "largest_zeroed",
    "smallest_kept",
    "kept_changed",
    "four_groups",
    "changed_rows",
    "first_changed_row",
    "last_changed_row",
    "changed_in_rows",
    "scaled_rows",
    "row_scale",
    "changed_columns",
    "old_distinct16",
    "old_distinct32",
    "old_distinct64",
    "old_distinct128",
    "old_distinct_row",
    "new_distinct16",
    "new_distinct32",
    "new_distinct64",
    "new_distinct128",
    "new_distinct_row",
    "old_int8_row",
    "new_int8_row",
    "old_e4m3_row",
    "new_e4m3_row",
    "old_e4m3_tensor",
    "new_e4m3_tensor",
    "old_misrounded",
    "new_misrounded",
    "row_order",
    "column_order",
    "rotary_to_half",
    "rotary_to_pairs",
];

fn probe_values(probe: &Probe) -> Vec<f64> {
    let number = |value: Option<u64>| value.map_or(f64::NAN, |value| value as f64);
    let index = |value: Option<usize>| value.map_or(f64::NAN, |value| value as f64);
    let flag = |value: Option<bool>| value.map_or(f64::NAN, |value| f64::from(u8::from(value)));
    let mut values = Vec::with_capacity(PROBE.len());
    let casts = probe.casts;
    let of_format = |at: usize, is_forward: bool| {
        let casts = casts?;
        if is_forward {
            casts.forward[at]
        } else {
            casts.backward[at]
        }
    };
    values.extend((0..4).map(|at| number(of_format(at, true))));
    values.extend((0..4).map(|at| number(of_format(at, false))));
    values.push(number(casts.and_then(|casts| casts.truncated)));
    values.push(number(casts.map(|casts| casts.common)));
    values.push(number(casts.map(|casts| casts.elements)));
    let zeros = probe.zeros;
    values.push(number(zeros.map(|zeros| zeros.new)));
    values.push(number(zeros.map(|zeros| zeros.lost)));
    let size = |count: u64, value: f64| if count > 0 { value } else { f64::NAN };
    values.push(zeros.map_or(f64::NAN, |zeros| size(zeros.new, zeros.largest)));
    values.push(zeros.map_or(f64::NAN, |zeros| size(zeros.kept, zeros.smallest)));
    values.push(number(zeros.map(|zeros| zeros.kept_changed)));
    let share = |part: u64, whole: u64| part as f64 / whole as f64;
    values.push(zeros.map_or(f64::NAN, |zeros| share(zeros.sparse_groups, zeros.groups)));
    let rows = probe.rows;
    values.push(number(rows.map(|rows| rows.rows)));
    values.push(index(rows.and_then(|rows| rows.first)));
    values.push(index(rows.and_then(|rows| rows.last)));
    values.push(rows.map_or(f64::NAN, |rows| rows.density));
    values.push(number(rows.map(|rows| rows.scaled)));
    values.push(rows.map_or(f64::NAN, |rows| rows.scale));
    values.push(number(rows.and_then(|rows| rows.columns)));
    let side = |at: usize, read: fn(&Grid) -> f64| {
        probe
            .grids
            .as_ref()
            .map_or(f64::NAN, |grids| read(&grids[at]))
    };
    for at in 0..2 {
        let distinct = probe
            .grids
            .map_or([f64::NAN; 4], |grids| grids[at].distinct);
        values.extend(distinct);
        values.push(side(at, |grid| grid.distinct_row));
    }
    values.extend((0..2).map(|at| side(at, |grid| grid.int8_row)));
    values.extend((0..2).map(|at| side(at, |grid| grid.e4m3_row)));
    values.extend((0..2).map(|at| side(at, |grid| grid.e4m3_tensor)));
    values.extend(probe.misrounded.unwrap_or([f64::NAN; 2]));
    let order = probe.order;
    values.push(flag(order.map(|order| order.rows)));
    values.push(flag(order.and_then(|order| order.columns)));
    values.push(number(order.map(|order| order.to_half)));
    values.push(number(order.map(|order| order.to_pairs)));
    values
}

impl Columns {
    /// One row for each item.
    #[must_use]
    pub fn of_probes(results: &[Result<Probe, Error>]) -> Self {
        let columns = PROBE.iter().map(|&name| name.to_owned()).collect();
        Self::build(columns, results.iter().map(Result::as_ref), probe_values)
    }

    /// One row for each pair or single tensor. The norms of a pair are those over the elements that are finite on both sides.
    #[must_use]
    pub fn of_pairs(outcome: &Outcome) -> Self {
        let sides = ["old", "new"].map(|side| OWN.map(|name| format!("{side}_{name}")));
        let columns = PAIR
            .map(str::to_owned)
            .into_iter()
            .chain(sides.into_iter().flatten())
            .collect();
        let rows = outcome.pairs.iter().zip(&outcome.bits_compared);
        let rows = rows.map(|(pair, &bits)| pair.as_ref().map(|stats| (stats, bits)));
        Self::build(columns, rows, |(stats, bits)| {
            let metrics = stats.metrics();
            let (mut old, mut new) = (own_values(&stats.old), own_values(&stats.new));
            if stats.old.elements() > 0 && stats.new.elements() > 0 {
                old[1] = metrics.old_norm;
                new[1] = metrics.new_norm;
            }
            pair_values(stats, &metrics, bits)
                .into_iter()
                .chain(old)
                .chain(new)
        })
    }

    /// One row for each tensor.
    #[must_use]
    pub fn of_tensors(results: &[Result<Moments, Error>]) -> Self {
        let columns = OWN.iter().map(|&name| name.to_owned()).collect();
        Self::build(columns, results.iter().map(Result::as_ref), own_values)
    }

    fn build<'a, T, R: IntoIterator<Item = f64>>(
        columns: Vec<String>,
        results: impl ExactSizeIterator<Item = Result<T, &'a Error>>,
        values_of: impl Fn(T) -> R,
    ) -> Self {
        let rows = results.len();
        let mut values = vec![f64::NAN; rows * columns.len()];
        let mut failures = Vec::new();
        for (row, result) in results.enumerate() {
            match result {
                Ok(stats) => {
                    for (column, value) in values_of(stats).into_iter().enumerate() {
                        values[column * rows + row] = value;
                    }
                }
                Err(error) => failures.push(RowFailure {
                    row: row as u32,
                    failure: error.into(),
                }),
            }
        }
        Self {
            names: columns,
            rows: rows as u32,
            values: values.into(),
            failures,
        }
    }
}
