//! What readers keep (here the right factors of products) is bounded for a run as a whole, not for each tensor: more of it than the budget of a run
//! leaves memory flat, whatever the threads. A test of its own, as it counts the memory of the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use diff_core::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan, Questions};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Span, Tensor};

static NOW: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, counting all threads together.
struct Counting;

fn count(bytes: i64) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator unchanged; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: i64 = 1 << 20;
const TENSORS: usize = 64;
const RANK: u64 = 64;
const COLUMNS: u64 = 1 << 16;
/// Of the right factor of a tensor, in f32.
const KEPT: i64 = (RANK * COLUMNS * 4) as i64;
/// What `ARCHITECTURE.md` promises.
const BUDGET: i64 = 256 * MIB;

/// Products of one row: few elements, of which each needs a column of a large factor. All share their bytes.
fn products(seed: u8) -> Arc<Checkpoint> {
    let bytes = RANK * COLUMNS * 4;
    let values = (0..bytes).map(|at| if at % 4 == 3 { 0x3c } else { seed });
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", values.collect()));
    let factor = |name: String, rows: u64, columns: u64| {
        let elements = rows * columns;
        let span = Span {
            source: 0,
            offset: 0,
            bytes: elements * 4,
        };
        Tensor::plain(name, DType::F32, vec![rows, columns], elements, span)
    };
    let tensors = (0..TENSORS).map(|at| {
        let left = factor(format!("{at}.left"), 1, RANK);
        let right = factor(format!("{at}.right"), RANK, COLUMNS);
        Tensor::low_rank(&left, &right).unwrap()
    });
    Arc::new(Checkpoint::in_memory(tensors.collect(), vec![source]))
}

/// The most bytes that were held at once while `work` ran, beside those from before.
fn peak(work: impl FnOnce()) -> i64 {
    let before = NOW.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    PEAK.load(Ordering::Relaxed) - before
}

#[test]
fn more_than_the_budget_leaves_memory_flat() {
    let sides = [products(1), products(2)];
    let items = sides[0]
        .tensors
        .iter()
        .enumerate()
        .map(|(at, tensor)| Item {
            old: Some(Input::whole(0, at, tensor)),
            new: Some(Input::whole(1, at, &sides[1].tensors[at])),
        });
    let plan = Plan::new(sides.to_vec(), items.collect()).unwrap();
    let questions = vec![Questions(31); TENSORS];
    let all = TENSORS as i64 * KEPT;
    assert!(all >= 4 * BUDGET);
    for threads in [1, 32] {
        let options = Options {
            threads,
            method: Method::default(),
            histogram: Histogram::None,
        };
        let runs: [(&str, &dyn Fn(), i64); 3] = [
            (
                "run",
                &|| {
                    let found = engine::run(&plan, options, &Observer::default()).unwrap();
                    assert!(found.pairs.iter().all(Result::is_ok));
                },
                2,
            ),
            (
                "hash",
                &|| {
                    let found = engine::hash(&sides[0], threads, &Observer::default()).unwrap();
                    assert!(found.iter().all(Result::is_ok));
                },
                1,
            ),
            (
                "probe",
                &|| {
                    let none = Observer::default();
                    let found = engine::probe(&plan, &questions, threads, &none).unwrap();
                    assert!(found.iter().all(Result::is_ok));
                },
                2,
            ),
        ];
        for (name, run, factors) in runs {
            let held = peak(run);
            // Beside it: the buffers of the threads.
            let wanted =
                BUDGET.min(threads as i64 * factors * KEPT) + (threads as i64 + 4) * 3 * MIB;
            assert!(held >= KEPT, "{name}, {threads} threads: {}", held / MIB);
            assert!(
                held <= wanted,
                "{name}, {threads} threads: {} MiB, expected at most {}",
                held / MIB,
                wanted / MIB
            );
        }
    }
}
