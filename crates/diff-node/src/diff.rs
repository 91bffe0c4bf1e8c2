//! The comparison: a plan in, columns out.

use std::sync::Arc;

use diff_core::engine::{self, Histogram, Input, Item, Options, Outcome, Plan, Questions};
use diff_core::kernel::{Method, Precision};
use diff_core::left_out::same_bytes;
use diff_core::{Checkpoint, Code, Error};
use napi::bindgen_prelude::{ClassInstance, Env, Float64Array, Object, Result, Uint8Array};
use napi_derive::napi;

use crate::checkpoint::NativeCheckpoint;
use crate::job::{Control, spawn};
use crate::table::{Columns, ExponentTable};

#[napi(object)]
pub struct DiffOptions {
    pub threads: u32,
    /// |d| above this is a changed element.
    pub threshold: f64,
    pub element_wise: bool,
    /// Whether every sum is taken in f64; otherwise floats of at most 32 bits are summed in short f32 lanes.
    pub double: bool,
    /// `none`, `sampled` or `exact`.
    pub histogram: String,
}

/// The answer to a plan: one row for each of its items.
#[napi(object)]
pub struct Compared {
    pub columns: Columns,
    /// Sampled exponents of the old tensors of pairs of one float type.
    pub exponents: ExponentTable,
    /// The same of those elements whose bits changed.
    pub changed_exponents: ExponentTable,
    /// Exponents of |new - old|, where a histogram was asked for; exponent 0 is no change.
    pub changes: ExponentTable,
}

impl Compared {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let distributions = outcome.distributions.iter();
        Self {
            columns: Columns::of_pairs(outcome),
            exponents: ExponentTable::of(distributions.clone().map(|one| &one.exponents)),
            changed_exponents: ExponentTable::of(distributions.clone().map(|one| &one.changed)),
            changes: ExponentTable::of(distributions.map(|one| &one.changes)),
        }
    }
}

impl From<DiffOptions> for Options {
    fn from(options: DiffOptions) -> Self {
        Self {
            threads: options.threads as usize,
            method: Method {
                threshold: options.threshold,
                element_wise: options.element_wise,
                precision: if options.double {
                    Precision::Double
                } else {
                    Precision::Fast
                },
            },
            histogram: match options.histogram.as_str() {
                "sampled" => Histogram::Sampled,
                "exact" => Histogram::Exact,
                _ => Histogram::None,
            },
        }
    }
}

/// Numbers of a plan's row: checkpoint, tensor and first element of the old side, the same of the new one, elements.
const ROW: usize = 7;

/// Compares what `plan` lists of some checkpoints: rows of seven numbers (checkpoint, tensor and first element of the old side, the same
/// of the new one, elements), a tensor of -1 for a side that is absent. Rows that follow each other and have one new side are read together.
#[napi(ts_return_type = "Promise<Failure | Compared>")]
pub fn diff<'env>(
    env: &'env Env,
    checkpoints: Vec<ClassInstance<NativeCheckpoint>>,
    plan: Float64Array,
    options: DiffOptions,
    control: &Control,
) -> Result<Object<'env>> {
    let checkpoints = shared(&checkpoints);
    let items = list_items(&plan);
    spawn(env, control.observer(), move |observer| {
        let plan = Plan::new(checkpoints?, items)?;
        let outcome = engine::run(&plan, options.into(), observer)?;
        Ok(Compared::of(&outcome))
    })
}

/// Takes a second look at what `plan` lists, as [`diff`] has it: one row an item, with NaN for what was not asked or does not apply.
/// `questions` has bits for each item: 1 casts, 2 zeros, 4 rows, 8 grids, 16 order, 32 whether a quantised side is the other one rounded to the nearest.
#[napi(ts_return_type = "Promise<Failure | Columns>")]
pub fn probe<'env>(
    env: &'env Env,
    checkpoints: Vec<ClassInstance<NativeCheckpoint>>,
    plan: Float64Array,
    questions: Uint8Array,
    threads: u32,
    control: &Control,
) -> Result<Object<'env>> {
    let checkpoints = shared(&checkpoints);
    let items = list_items(&plan);
    let questions: Vec<Questions> = questions.iter().map(|&bits| Questions(bits)).collect();
    spawn(env, control.observer(), move |observer| {
        let plan = Plan::new(checkpoints?, items)?;
        let results = engine::probe(&plan, &questions, threads as usize, observer)?;
        Ok(Columns::of_probes(&results))
    })
}

/// Whether the bytes of something that `old` leaves out are those of something that `newer` leaves out.
#[napi(ts_return_type = "Promise<Failure | boolean>")]
pub fn same_left_out<'env>(
    env: &'env Env,
    old: &NativeCheckpoint,
    old_index: u32,
    newer: &NativeCheckpoint,
    new_index: u32,
    control: &Control,
) -> Result<Object<'env>> {
    let (old, newer) = (old.shared(), newer.shared());
    spawn(env, control.observer(), move |observer| {
        let (old, newer) = (old?, newer?);
        let find = |checkpoint: &Checkpoint, index: u32| {
            checkpoint
                .left_out
                .get(index as usize)
                .cloned()
                .ok_or_else(|| Error::new(Code::Argument, "nothing with this index was left out"))
        };
        let (before, after) = (find(&old, old_index)?, find(&newer, new_index)?);
        same_bytes((&old.sources, &before), (&newer.sources, &after), observer)
    })
}

pub(crate) fn shared(
    checkpoints: &[ClassInstance<NativeCheckpoint>],
) -> diff_core::Result<Vec<Arc<Checkpoint>>> {
    let checkpoints = checkpoints.iter();
    checkpoints.map(|checkpoint| checkpoint.shared()).collect()
}

/// The items of a plan as [`diff`] takes it.
pub(crate) fn list_items(plan: &[f64]) -> Vec<Item> {
    plan.chunks_exact(ROW).map(item).collect()
}

fn item(row: &[f64]) -> Item {
    let input = |side: f64, tensor: f64, start: f64| {
        (tensor >= 0.0).then(|| Input {
            side: side as usize,
            tensor: tensor as usize,
            start: start as u64,
            elements: row[6] as u64,
        })
    };
    Item {
        old: input(row[0], row[1], row[2]),
        new: input(row[3], row[4], row[5]),
    }
}
