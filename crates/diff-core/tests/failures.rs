//! What happens beside a failure: a thread that panics stops the others, and an error that may pass is not kept.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{Watched, fixtures};
use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan, Questions};
use diff_core::error::caught;
use diff_core::format::{OpenOptions, open};
use diff_core::kernel::{CHUNK, Method};
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Span, Tensor};
use diff_core::{Code, Error};

const TENSORS: u64 = 64;
const ELEMENTS: u64 = 4 * CHUNK as u64;

/// Tensors whose source panics at one read in the middle; and that source. From then on its reads take a while, as those of a disk do: from memory
/// all would be read before the panic has come up to who stops the others.
fn panicking() -> (Arc<Checkpoint>, Arc<Watched>) {
    let bytes = TENSORS * ELEMENTS;
    let memory: Arc<dyn Source> = Arc::new(MemorySource::new("memory", vec![1; bytes as usize]));
    let is_broken = AtomicBool::new(false);
    let source = Watched::new(memory, move |offset, _| {
        if is_broken.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        is_broken.fetch_or(offset == 3 * ELEMENTS, Ordering::SeqCst);
        assert!(offset != 3 * ELEMENTS, "simulated bug");
        Ok(())
    });
    let tensors = (0..TENSORS).map(|at| {
        let span = Span {
            source: 0,
            offset: at * ELEMENTS,
            bytes: ELEMENTS,
        };
        let shape = vec![ELEMENTS / 64, 64];
        Tensor::plain(at.to_string(), DType::U8, shape, ELEMENTS, span)
    });
    let sources = vec![Arc::clone(&source) as Arc<dyn Source>];
    (
        Arc::new(Checkpoint::in_memory(tensors.collect(), sources)),
        source,
    )
}

fn plan(old: &Arc<Checkpoint>, new: &Arc<Checkpoint>) -> Plan {
    let items = old.tensors.iter().enumerate().map(|(at, tensor)| Item {
        old: Some(Input::whole(0, at, tensor)),
        new: Some(Input::whole(1, at, &new.tensors[at])),
    });
    Plan::new(vec![Arc::clone(old), Arc::clone(new)], items.collect()).unwrap()
}

fn options(threads: usize) -> Options {
    Options {
        threads,
        method: Method::default(),
        histogram: Histogram::None,
    }
}

type Way = fn(&Plan, &Checkpoint, usize) -> Option<Error>;

const WAYS: [(&str, Way); 3] = [
    ("run", |plan, _, threads| {
        engine::run(plan, options(threads), &Observer::default()).err()
    }),
    ("probe", |plan, _, threads| {
        let questions = vec![Questions(Questions::ZEROS.0 | Questions::ROWS.0); TENSORS as usize];
        engine::probe(plan, &questions, threads, &Observer::default()).err()
    }),
    ("hash", |_, checkpoint, threads| {
        engine::hash(checkpoint, threads, &Observer::default()).err()
    }),
];

/// A backtrace of a panic that was asked for would only take time.
fn keep_quiet() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.to_string().contains("simulated bug") {
            tell(panic);
        }
    }));
}

#[test]
fn a_panic_in_one_thread_stops_the_others() {
    keep_quiet();
    for (name, way) in WAYS {
        for threads in [1, 2, 4, 8] {
            let (old, source) = panicking();
            let (new, _) = panicking();
            let error = way(&plan(&old, &new), &old, threads).expect(name);
            assert_eq!(error.code(), Code::Internal, "{name}: {error}");
            assert!(
                error.to_string().contains("simulated bug"),
                "{name}: {error}"
            );
            // Each thread may be in the middle of a piece, no more; the rest is not read.
            let read = source.bytes.load(Ordering::Relaxed);
            let most = (4 + 2 * threads as u64) * 2 * ELEMENTS;
            assert!(
                read < most.min(TENSORS * ELEMENTS),
                "{name}, {threads} threads: {read}"
            );
        }
    }
}

#[test]
fn a_panic_is_an_error_that_says_so() {
    let error = caught(|| -> Result<(), Error> { panic!("number {}", 7) }).unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.to_string().contains("number 7"));
    assert!(error.hint_text().unwrap().contains("bug"));
    assert_eq!(caught(|| Ok(1)).unwrap(), 1);
}

/// Files whose indices, scales or records are read at the first use and kept.
const KEPT: [&str; 4] = [
    "sparse_coo.pt",
    "sparse_compressed.pt",
    "quantised.pt",
    "old_quantised.pt",
];

/// The tensors of a file behind a source whose reads fail at first.
fn failing(name: &str, failures: u64) -> Arc<Checkpoint> {
    let opened = open(
        &fixtures().join("torch").join(name),
        &OpenOptions::default(),
    )
    .unwrap();
    let left = Arc::new(AtomicU64::new(failures));
    let sources = opened.sources.iter().map(|source| {
        let left = Arc::clone(&left);
        Watched::new(Arc::clone(source), move |offset, _| {
            let counted = |left: u64| left.checked_sub(1);
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted) {
                Ok(_) => Err(Error::new(Code::Io, "cannot read: simulated").offset(offset)),
                Err(_) => Ok(()),
            }
        }) as Arc<dyn Source>
    });
    Arc::new(Checkpoint {
        sources: sources.collect(),
        ..opened
    })
}

#[test]
fn an_error_that_may_pass_is_not_kept() {
    for name in KEPT {
        let count = failing(name, 0).tensors.len();
        let mut failed = 0;
        for row in 0..count {
            // The first, second and third read of a tensor fail: of its indices, its scales, its values.
            for failures in 1..4 {
                let checkpoint = failing(name, failures);
                let tensor = &checkpoint.tensors[row];
                let mut errors = 0;
                while let Err(error) = engine::describe(&checkpoint, tensor) {
                    assert_eq!(error.code(), Code::Io, "{name} {}: {error}", tensor.name);
                    errors += 1;
                    assert!(errors <= failures, "{name} {} stays failed", tensor.name);
                }
                failed += errors;
            }
        }
        assert!(failed > 0, "{name}");
    }
}
