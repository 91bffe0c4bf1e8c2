//! A plan in several runs: where it is cut, one part of it, and all parts joined.

use diff_core::engine::{self, Plan};
use diff_core::{Code, Error};
use napi::Either;
use napi::bindgen_prelude::{ClassInstance, Env, Float64Array, Null, Object, Result, Uint8Array};
use napi_derive::napi;

use crate::checkpoint::NativeCheckpoint;
use crate::diff::{Compared, DiffOptions, list_items, shared};
use crate::job::{Control, spawn};

/// Ranges of units, one for each part, that follow each other from 0 on.
#[napi(object)]
pub struct PartRanges {
    /// Where the range of each part ends.
    pub ends: Float64Array,
    /// Bytes, as they are stored, that each part reads of all sides together.
    pub bytes: Float64Array,
    /// BLAKE3 of the descriptions of each checkpoint's tensors, 32 bytes each.
    pub tensors: Uint8Array,
}

/// Cuts a plan, as `diff` has it, into ranges of about equal bytes.
#[napi(ts_return_type = "Promise<Failure | PartRanges>")]
pub fn cut_plan<'env>(
    env: &'env Env,
    checkpoints: Vec<ClassInstance<NativeCheckpoint>>,
    plan: Float64Array,
    parts: u32,
    control: &Control,
) -> Result<Object<'env>> {
    let checkpoints = shared(&checkpoints);
    let items = list_items(&plan);
    spawn(env, control.observer(), move |observer| {
        let checkpoints = checkpoints?;
        let tensors: Vec<u8> = checkpoints
            .iter()
            .flat_map(|checkpoint| engine::fingerprint(checkpoint))
            .collect();
        let plan = Plan::new(checkpoints, items)?;
        let cuts = engine::cut(&plan, parts, observer)?;
        let numbers = |of: fn(&engine::Cut) -> u64| {
            cuts.iter()
                .map(|cut| of(cut) as f64)
                .collect::<Vec<_>>()
                .into()
        };
        Ok(PartRanges {
            ends: numbers(|cut| cut.units.end),
            bytes: numbers(|cut| cut.bytes),
            tensors: tensors.into(),
        })
    })
}

/// Measures the units `start .. end` of a plan; answers what was measured in its encoded form.
#[napi(ts_return_type = "Promise<Failure | Uint8Array>")]
pub fn diff_part<'env>(
    env: &'env Env,
    checkpoints: Vec<ClassInstance<NativeCheckpoint>>,
    plan: Float64Array,
    start: f64,
    end: f64,
    options: DiffOptions,
    control: &Control,
) -> Result<Object<'env>> {
    let checkpoints = shared(&checkpoints);
    let items = list_items(&plan);
    spawn(env, control.observer(), move |observer| {
        let plan = Plan::new(checkpoints?, items)?;
        let units = start as u64..end as u64;
        let part = engine::run_part(&plan, &units, options.into(), observer)?;
        Ok(Uint8Array::from(part))
    })
}

/// The answer of `diff` to a plan, out of its parts. Items of a part that is null get an error that says so.
#[napi(ts_return_type = "Promise<Failure | Compared>")]
pub fn join_parts<'env>(
    env: &'env Env,
    checkpoints: Vec<ClassInstance<NativeCheckpoint>>,
    plan: Float64Array,
    ends: Float64Array,
    parts: Vec<Either<Uint8Array, Null>>,
    control: &Control,
) -> Result<Object<'env>> {
    let checkpoints = shared(&checkpoints);
    let items = list_items(&plan);
    let of = parts.len();
    let parts = (1..).zip(parts).map(|(number, part)| match part {
        Either::A(bytes) => Ok(bytes.to_vec()),
        Either::B(_) => Err(Error::new(
            Code::MissingPart,
            format!("not compared: part {number} of {of} is missing"),
        )),
    });
    let mut start = 0;
    let ranges = ends.iter().map(|&end| {
        let end = end as u64;
        std::mem::replace(&mut start, end)..end
    });
    let parts: Vec<_> = ranges.zip(parts).collect();
    spawn(env, control.observer(), move |observer| {
        let plan = Plan::new(checkpoints?, items)?;
        let outcome = engine::join(&plan, &parts, observer)?;
        Ok(Compared::of(&outcome))
    })
}
