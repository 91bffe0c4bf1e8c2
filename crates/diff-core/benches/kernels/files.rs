//! The whole engine on warm files, beside a plain sum of the same bytes read the same way.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use diff_core::engine::{self, Histogram, Options, Plan};
use diff_core::kernel::{Isa, Method, Precision};
use diff_core::observe::Observer;
use serde_json::json;

use crate::limit::{pair_files, sum_files, warm};
use crate::model::{folder, open, pairs, weights, write_model};
use crate::output::{Any, Case, report, say};
use crate::{DTYPES, fast, seconds};

/// Instruction sets and ways of reading are chosen by environment, so each has a process of its own.
const WAYS: [(&str, &str); 4] = [("mmap", ""), ("pread", ""), ("auto", ""), ("mmap", "avx2")];

pub fn run(as_json: bool, rounds: usize, mib: u64) -> Any<()> {
    if !as_json {
        say(&format!(
            "warm files, 2 x {mib} MiB, the whole engine; ratio to a plain sum of the same bytes read the same way"
        ))?;
    }
    let folder = folder()?;
    for (name, tag, dtype) in DTYPES {
        let (a, b) = weights(dtype, 8 << 20);
        let paths = [folder.join("a.safetensors"), folder.join("b.safetensors")];
        for (path, block) in paths.iter().zip([&a, &b]) {
            write_model(path, tag, dtype.bytes(), mib << 20, 64, block)?;
        }
        for (io, isa) in WAYS {
            let status = Command::new(std::env::current_exe()?)
                .args(["one-way", name, &rounds.to_string()])
                .args(&paths)
                .args(as_json.then_some("--json"))
                .env("MODEL_DIFF_IO", io)
                .env("MODEL_DIFF_ISA", isa)
                .status()?;
            if !status.success() {
                return Err(format!("{name} {io} {isa} failed").into());
            }
        }
    }
    Ok(std::fs::remove_dir_all(folder)?)
}

/// One way of reading with one instruction set: the sum, `fast` and `double`, with one thread and with all.
pub fn one_way(as_json: bool, args: &[String]) -> Any<()> {
    let [name, rounds, old, new] = args else {
        return Err("one-way NAME ROUNDS OLD NEW".into());
    };
    let files = pair_files(Path::new(old), Path::new(new))?;
    let cores = std::thread::available_parallelism()?.get();
    let way = std::env::var("MODEL_DIFF_IO")?;
    let forced = std::env::var("MODEL_DIFF_ISA").is_ok_and(|isa| !isa.is_empty());
    let double = Method {
        precision: Precision::Double,
        ..fast()
    };
    let bytes = warm(&files)? as f64;
    let mut threads = vec![1, cores];
    threads.dedup();
    for threads in threads {
        let mut times = Vec::new();
        for _ in 0..rounds.parse()? {
            let mut round = vec![seconds(|| drop(black_box(sum_files(&files, threads))))];
            for method in [fast(), double] {
                let mut failed = None;
                round.push(seconds(|| {
                    failed = run_engine(&files[0], method, threads).err();
                }));
                if let Some(error) = failed {
                    return Err(error);
                }
            }
            times.push(round);
        }
        let isa = Isa::detect().name();
        let cases = ["sum", "fast", "double"].map(|method| Case {
            name: method.to_owned(),
            labels: json!({ "method": method }),
        });
        let labels = json!({ "bench": "files", "dtype": name, "io": way, "isa": isa, "forced": forced, "threads": threads });
        let label = format!("{name} {way} {isa} {threads}T");
        report(as_json, &label, &labels, &cases, bytes, &times)?;
    }
    Ok(())
}

fn run_engine(paths: &[PathBuf; 2], method: Method, threads: usize) -> Any<()> {
    let (old, new) = (open(&paths[0])?, open(&paths[1])?);
    let items = pairs(&old);
    let plan = Plan::new(vec![old, new], items)?;
    let options = Options {
        threads,
        method,
        histogram: Histogram::None,
    };
    for result in engine::run(&plan, options, &Observer::default())?.pairs {
        black_box(result?);
    }
    Ok(())
}
