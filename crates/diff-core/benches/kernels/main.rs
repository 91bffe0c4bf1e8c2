//! How fast the kernels and the whole engine are, beside a plain sum of the same bytes read the same way.
//!
//! `cargo bench -p diff-core --bench kernels [-- blocks|cache|files|quantised|tiny|views] [rounds] [MiB of a file, or a word of a view's name] [--json]`
//!
//! Numbers are GB/s of both sides together (10^9 bytes). Rounds are interleaved, a ratio is the median of the
//! ratios within one round, so that a busy machine hurts both sides. With `--json` every line is an object with
//! the spreads. The other subcommands are what `npm run bench` runs beside the package: `limit`, `plan`, `step`
//! and `measure`.

mod blocks;
mod cache;
mod files;
mod limit;
mod measure;
mod model;
mod output;
mod quantised;
mod steps;
mod views;

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use diff_core::dtype::DType;
use diff_core::kernel::Method;
use serde_json::json;

use output::{Any, say};

const DTYPES: [(&str, &str, DType); 3] = [
    ("f32", "F32", DType::F32),
    ("bf16", "BF16", DType::Bf16),
    ("f16", "F16", DType::F16),
];

fn fast() -> Method {
    Method {
        threshold: 1e-6,
        ..Method::default()
    }
}

fn seconds(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn main() -> Any<()> {
    // cargo passes `--bench`.
    let mut args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if args.first().is_some_and(|what| what == "measure") {
        return measure::run(&args[1..]);
    }
    let as_json = args.iter().any(|a| a == "--json");
    args.retain(|a| a != "--json");
    let what = if args.is_empty() {
        "all".to_owned()
    } else {
        args.remove(0)
    };
    let number =
        |at: usize, default: u64| args.get(at).and_then(|a| a.parse().ok()).unwrap_or(default);
    let (rounds, mib) = (number(0, 7) as usize, number(1, 1024));
    match what.as_str() {
        "all" => {
            cache::run(as_json, 301)?;
            files::run(as_json, rounds, mib)?;
            steps::tiny(as_json, rounds)
        }
        "blocks" => blocks::run(as_json, number(0, 301) as usize),
        "cache" => cache::run(as_json, number(0, 301) as usize),
        "files" => files::run(as_json, rounds, mib),
        "tiny" => steps::tiny(as_json, rounds),
        "quantised" => quantised::run(as_json, rounds),
        "views" => views::run(as_json, rounds, args.get(1).map_or("", String::as_str)),
        "one-way" => files::one_way(as_json, &args),
        "limit" => read_limit(&args),
        "plan" => steps::plan(&args),
        "step" => steps::step(&args),
        other => Err(format!("no such benchmark: {other}").into()),
    }
}

/// `limit THREADS OLD NEW`: how long the plain sum takes.
fn read_limit(args: &[String]) -> Any<()> {
    let [threads, old, new] = args else {
        return Err("limit THREADS OLD NEW".into());
    };
    let files = limit::pair_files(Path::new(old), Path::new(new))?;
    let threads = threads.parse()?;
    let start = Instant::now();
    black_box(limit::sum_files(&files, threads)?);
    say(&json!({ "seconds": start.elapsed().as_secs_f64() }).to_string())
}
