//! How fast the kernels and the whole engine are, beside a plain sum of the same bytes read the same way.
//!
//! `cargo bench -p diff-core --bench kernels [-- cache|files|tiny] [rounds] [MiB of a file]`
//!
//! Numbers are GB/s of both sides together (10^9 bytes). Rounds are interleaved, a ratio is the median of the
//! ratios within one round, so that a busy machine hurts both sides. Instruction sets and ways of reading are
//! chosen by environment, so each has a process of its own.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use diff_core::Checkpoint;
use diff_core::dtype::{DType, ValueMap};
use diff_core::engine::{self, Histogram, Item, Observer, Options, Plan, View};
use diff_core::kernel::{self, Isa, Method, Operand, Precision};
use diff_core::source::{FileSource, Source};

type Any<T> = Result<T, Box<dyn std::error::Error>>;

const DTYPES: [(&str, &str, DType); 3] = [
    ("f32", "F32", DType::F32),
    ("bf16", "BF16", DType::Bf16),
    ("f16", "F16", DType::F16),
];

fn main() -> Any<()> {
    // cargo passes `--bench`.
    let mut args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
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
            cache(301)?;
            files(rounds, mib)?;
            tiny(rounds)
        }
        "cache" => cache(number(0, 301) as usize),
        "files" => files(rounds, mib),
        "tiny" => tiny(rounds),
        "one-way" => one_way(&args),
        other => Err(format!("no such benchmark: {other}").into()),
    }
}

fn say(line: &str) -> Any<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Weights and a slightly changed copy, both of the type's bytes.
fn weights(dtype: DType, bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let (mut a, mut b) = (Vec::with_capacity(bytes), Vec::with_capacity(bytes));
    while a.len() < bytes {
        let x = 0.04 * (uniform() + uniform() + uniform());
        let y = x + 1e-3 * uniform();
        match dtype {
            DType::F32 => {
                a.extend_from_slice(&x.to_le_bytes());
                b.extend_from_slice(&y.to_le_bytes());
            }
            DType::Bf16 => {
                a.extend_from_slice(&half::bf16::from_f32(x).to_le_bytes());
                b.extend_from_slice(&half::bf16::from_f32(y).to_le_bytes());
            }
            _ => {
                a.extend_from_slice(&half::f16::from_f32(x).to_le_bytes());
                b.extend_from_slice(&half::f16::from_f32(y).to_le_bytes());
            }
        }
    }
    (a, b)
}

fn sum(bytes: &[u8]) -> u64 {
    let (groups, _) = bytes.as_chunks::<64>();
    let mut lanes = [0u64; 8];
    for group in groups {
        for (lane, word) in lanes.iter_mut().zip(group.as_chunks().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    lanes.iter().fold(0, |sum, lane| sum.wrapping_add(*lane))
}

fn seconds(mut run: impl FnMut()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Medians of the rates and of their ratio to the first one of the round.
fn report(label: &str, names: &[String], bytes: f64, times: &[Vec<f64>]) -> Any<()> {
    for (at, name) in names.iter().enumerate() {
        let mut ratios: Vec<f64> = times.iter().map(|round| round[0] / round[at]).collect();
        let mut rates: Vec<f64> = times.iter().map(|round| bytes / round[at] / 1e9).collect();
        let (ratio, rate) = (median(&mut ratios), median(&mut rates));
        let (low, high) = (rates[0], rates[rates.len() - 1]);
        say(&format!(
            "{label:<28} {name:<16} {rate:7.1} GB/s ({low:.1}-{high:.1})   {ratio:.2}"
        ))?;
    }
    Ok(())
}

/// Chunks that stay in the second-level cache.
fn cache(rounds: usize) -> Any<()> {
    const BYTES: usize = 256 << 10;
    // Short, so that most of them run undisturbed on a busy machine.
    const REPEAT: usize = 12;
    say("in cache, 2 x 256 KiB, one thread; ratio to a plain sum")?;
    let fast = Method {
        threshold: 1e-6,
        ..Method::default()
    };
    let double = Method {
        precision: Precision::Double,
        ..fast
    };
    for (name, _, dtype) in DTYPES {
        let (a, b) = weights(dtype, BYTES);
        let same = a.clone();
        let operand = |bytes| Operand {
            bytes,
            dtype,
            map: ValueMap::Identity,
        };
        let isas: Vec<Isa> = Isa::available()
            .into_iter()
            .filter(|isa| *isa != Isa::PORTABLE)
            .collect();
        let mut names = vec!["sum".to_owned()];
        for isa in &isas {
            for kind in ["fast", "equal", "double"] {
                names.push(format!("{} {kind}", isa.name()));
            }
        }
        let mut times = Vec::new();
        for _ in 0..rounds {
            let mut round = vec![seconds(|| {
                for _ in 0..REPEAT {
                    black_box(sum(black_box(&a)).wrapping_add(sum(black_box(&b))));
                }
            })];
            for &isa in &isas {
                for (other, method, repeat) in [
                    (&b, fast, REPEAT),
                    (&same, fast, REPEAT),
                    (&b, double, REPEAT / 4),
                ] {
                    let time = seconds(|| {
                        for _ in 0..repeat {
                            black_box(kernel::compare(
                                operand(black_box(&a)),
                                operand(black_box(other)),
                                method,
                                isa,
                            ));
                        }
                    });
                    round.push(time * REPEAT as f64 / repeat as f64);
                }
            }
            times.push(round);
        }
        report(name, &names, (2 * BYTES * REPEAT) as f64, &times)?;
    }
    Ok(())
}

/// A safetensors file of 64 tensors, in pieces of 8 MiB of `block`.
fn write_model(
    path: &Path,
    dtype: &str,
    item: u64,
    bytes: u64,
    tensors: u64,
    block: &[u8],
) -> Any<()> {
    let mut header = vec![b'{'];
    for at in 0..tensors {
        let (start, end) = (bytes / tensors * at, bytes / tensors * (at + 1));
        if at > 0 {
            header.push(b',');
        }
        write!(
            header,
            "\"t{at}\":{{\"dtype\":\"{dtype}\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}",
            (end - start) / item
        )?;
    }
    header.push(b'}');
    // Data at a multiple of 64, as the reference implementation aligns it to 8.
    while header.len() % 64 != 56 {
        header.push(b' ');
    }
    let mut file = BufWriter::with_capacity(8 << 20, File::create(path)?);
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(&header)?;
    let mut left = bytes as usize;
    while left > 0 {
        let now = left.min(block.len());
        file.write_all(&block[..now])?;
        left -= now;
    }
    Ok(file.into_inner()?.sync_all()?)
}

fn folder() -> Any<PathBuf> {
    let folder = std::env::temp_dir().join("model-diff-bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn files(rounds: usize, mib: u64) -> Any<()> {
    say(&format!(
        "warm files, 2 x {mib} MiB, the whole engine; ratio to a plain sum of the same bytes read the same way"
    ))?;
    let folder = folder()?;
    for (name, tag, dtype) in DTYPES {
        let (a, b) = weights(dtype, 8 << 20);
        let paths = [folder.join("a.safetensors"), folder.join("b.safetensors")];
        for (path, block) in paths.iter().zip([&a, &b]) {
            write_model(path, tag, dtype.bytes(), mib << 20, 64, block)?;
        }
        for (io, isa) in [("mmap", ""), ("pread", ""), ("auto", ""), ("mmap", "avx2")] {
            let status = Command::new(std::env::current_exe()?)
                .args(["one-way", name, &rounds.to_string()])
                .args(&paths)
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
fn one_way(args: &[String]) -> Any<()> {
    let [name, rounds, old, new] = args else {
        return Err("one-way NAME ROUNDS OLD NEW".into());
    };
    let paths = [Path::new(old), Path::new(new)];
    let cores = std::thread::available_parallelism()?.get();
    let way = std::env::var("MODEL_DIFF_IO")?;
    let fast = Method {
        threshold: 1e-6,
        ..Method::default()
    };
    let double = Method {
        precision: Precision::Double,
        ..fast
    };
    // Whatever left the page cache comes back in large pieces.
    for path in paths {
        std::io::copy(&mut File::open(path)?, &mut std::io::sink())?;
    }
    let bytes = paths
        .iter()
        .map(|p| p.metadata().map(|m| m.len()))
        .sum::<Result<u64, _>>()? as f64;
    let mut threads = vec![1, cores];
    threads.dedup();
    for threads in threads {
        let mut times = Vec::new();
        for _ in 0..rounds.parse()? {
            let mut round = Vec::new();
            let limit = seconds(|| drop(black_box(sum_files(&paths, threads))));
            round.push(limit);
            for method in [fast, double] {
                let mut failed = None;
                round.push(seconds(|| {
                    failed = run_engine(&paths, method, threads).err();
                }));
                if let Some(error) = failed {
                    return Err(error);
                }
            }
            times.push(round);
        }
        let label = format!("{name} {way} {} {threads}T", Isa::detect().name());
        report(
            &label,
            &["sum", "fast", "double"].map(String::from),
            bytes,
            &times,
        )?;
    }
    Ok(())
}

/// The limit: the bytes of both files, in the pieces and by the ways that the engine takes, added up.
fn sum_files(paths: &[&Path; 2], threads: usize) -> diff_core::Result<u64> {
    const PIECE: u64 = 1 << 20;
    const UNIT: u64 = 4;
    let sources = [FileSource::open(paths[0])?, FileSource::open(paths[1])?];
    let size = sources[0].size();
    let (next, total) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let work = || -> diff_core::Result<()> {
            let mut buffers = [Vec::new(), Vec::new()];
            loop {
                let unit = next.fetch_add(1, Ordering::Relaxed) * UNIT * PIECE;
                if unit >= size {
                    return Ok(());
                }
                let end = size.min(unit + UNIT * PIECE);
                for at in (unit..end).step_by(PIECE as usize) {
                    let length = PIECE.min(end - at) as usize;
                    for (source, buffer) in sources.iter().zip(&mut buffers) {
                        total.fetch_add(sum(source.bytes(at, length, buffer)?), Ordering::Relaxed);
                    }
                }
                for source in &sources {
                    source.release(unit, (end - unit) as usize);
                }
            }
        };
        let workers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for worker in workers {
            done = done.and(worker.join().unwrap_or(Ok(())));
        }
        done
    })?;
    Ok(total.into_inner())
}

fn open(path: &Path) -> Any<Arc<Checkpoint>> {
    Ok(Arc::new(diff_core::format::open(
        path,
        &diff_core::format::OpenOptions::default(),
    )?))
}

fn run_engine(paths: &[&Path; 2], method: Method, threads: usize) -> Any<()> {
    let (old, new) = (open(paths[0])?, open(paths[1])?);
    let items = pairs(&old);
    let plan = Plan::new(old, new, items)?;
    let results = engine::run(
        &plan,
        Options {
            threads,
            method,
            histogram: Histogram::None,
        },
        &Observer::default(),
    )?
    .pairs;
    for result in results {
        black_box(result?);
    }
    Ok(())
}

fn pairs(checkpoint: &Checkpoint) -> Vec<Item> {
    let whole = |(at, tensor)| Some(View::whole(at, tensor));
    checkpoint
        .tensors
        .iter()
        .enumerate()
        .map(|tensor| Item {
            old: whole(tensor),
            new: whole(tensor),
        })
        .collect()
}

/// The cost of a tensor: 100,000 of 32 elements, and one tensor of the same size as all of them.
fn tiny(rounds: usize) -> Any<()> {
    const TENSORS: u64 = 100_000;
    let folder = folder()?;
    let (a, b) = weights(DType::F32, 8 << 20);
    let paths = [folder.join("a.safetensors"), folder.join("b.safetensors")];
    for (path, block) in paths.iter().zip([&a, &b]) {
        write_model(path, "F32", 4, TENSORS * 128, TENSORS, block)?;
    }
    let (old, new) = (open(&paths[0])?, open(&paths[1])?);
    let plan = Plan::new(Arc::clone(&old), new, pairs(&old))?;
    for threads in [1, 2] {
        let mut times = Vec::new();
        for _ in 0..rounds {
            let options = Options {
                threads,
                method: Method::default(),
                histogram: Histogram::None,
            };
            times.push(seconds(|| {
                drop(black_box(engine::run(&plan, options, &Observer::default())));
            }));
        }
        say(&format!(
            "{TENSORS} tensors of 32 elements, {threads}T: {:.0} ns a tensor",
            median(&mut times) * 1e9 / TENSORS as f64
        ))?;
    }
    Ok(std::fs::remove_dir_all(folder)?)
}
