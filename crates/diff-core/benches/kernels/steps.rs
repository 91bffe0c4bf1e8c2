//! What a tensor costs apart from its bytes, and the steps of a comparison one by one.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use diff_core::dtype::DType;
use diff_core::engine::{self, Histogram, Options, Plan};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use serde_json::json;

use crate::model::{folder, open, pairs, weights, write_model};
use crate::output::{Any, Spread, say};
use crate::seconds;

fn options(threads: usize) -> Options {
    Options {
        threads,
        method: Method::default(),
        histogram: Histogram::None,
    }
}

/// The cost of a tensor: 100,000 of 32 elements.
pub fn tiny(as_json: bool, rounds: usize) -> Any<()> {
    const TENSORS: u64 = 100_000;
    let folder = folder()?;
    let (a, b) = weights(DType::F32, 8 << 20);
    let paths = [folder.join("a.safetensors"), folder.join("b.safetensors")];
    for (path, block) in paths.iter().zip([&a, &b]) {
        write_model(path, "F32", 4, TENSORS * 128, TENSORS, block)?;
    }
    let (old, new) = (open(&paths[0])?, open(&paths[1])?);
    let plan = Plan::new(vec![Arc::clone(&old), new], pairs(&old))?;
    let mut threads = vec![1, std::thread::available_parallelism()?.get()];
    threads.dedup();
    for threads in threads {
        let times: Vec<f64> = (0..rounds)
            .map(|_| {
                seconds(|| {
                    drop(black_box(engine::run(
                        &plan,
                        options(threads),
                        &Observer::default(),
                    )));
                })
            })
            .collect();
        let cost = Spread::of(times.iter().map(|time| time * 1e9 / TENSORS as f64));
        say(&if as_json {
            json!({ "bench": "tiny", "tensors": TENSORS, "threads": threads, "ns_a_tensor": cost.to_json() }).to_string()
        } else {
            format!(
                "{TENSORS} tensors of 32 elements, {threads}T: {:.0} ns a tensor",
                cost.median
            )
        })?;
    }
    Ok(std::fs::remove_dir_all(folder)?)
}

/// Goes as far as the step: `nothing`, `open`, `plan` or `run` (one thread). Instructions of a step are a difference of two runs.
pub fn step(args: &[String]) -> Any<()> {
    let [step, old, new] = args else {
        return Err("step nothing|open|plan|run OLD NEW".into());
    };
    if step == "nothing" {
        return Ok(());
    }
    let (old, new) = (open(Path::new(old))?, open(Path::new(new))?);
    if step == "open" {
        return Ok(());
    }
    let items = pairs(&old);
    let plan = Plan::new(vec![old, new], items)?;
    if step == "plan" {
        return Ok(());
    }
    for result in engine::run(&plan, options(1), &Observer::default())?.pairs {
        black_box(result?);
    }
    Ok(())
}

/// How long opening and planning take; no data is read.
pub fn plan(args: &[String]) -> Any<()> {
    let [old, new] = args else {
        return Err("plan OLD NEW".into());
    };
    let start = Instant::now();
    let (old, new) = (open(Path::new(old))?, open(Path::new(new))?);
    let open_seconds = start.elapsed().as_secs_f64();
    let tensors = old.tensors.len();
    let start = Instant::now();
    let items = pairs(&old);
    let plan = Plan::new(vec![old, new], items)?;
    let plan_seconds = start.elapsed().as_secs_f64();
    drop(black_box(plan));
    say(
        &json!({ "tensors": tensors, "open_seconds": open_seconds, "plan_seconds": plan_seconds })
            .to_string(),
    )
}
