//! Results have the same bits for any number of threads; and what stops a run.

use std::sync::Arc;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::engine::plan::{Input, Item};
use crate::kernel::CHUNK;
use crate::source::{MemorySource, Source};
use crate::tensor::{Span, Tensor};

fn checkpoint(seed: u32, counts: &[u64]) -> Arc<Checkpoint> {
    typed(DType::F32, seed, counts)
}

/// Tensors with these numbers of elements, whose values have heavy tails: summed up in another order they give other bits.
fn typed(dtype: DType, seed: u32, counts: &[u64]) -> Arc<Checkpoint> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    let mut element = |data: &mut Vec<u8>| {
        let bits = next();
        // Random bits have heavy tails; only floats that are not finite are avoided.
        let single = (bits & 0x807f_ffff) | ((117 + (bits >> 27)) << 23);
        match dtype {
            DType::F32 => data.extend(single.to_le_bytes()),
            DType::Bf16 => data.extend(((single >> 16) as u16).to_le_bytes()),
            DType::F16 => {
                let half = (bits >> 16) as u16;
                let top = if half & 0x7c00 == 0x7c00 { 0x4000 } else { 0 };
                data.extend((half ^ top).to_le_bytes());
            }
            DType::F64 => {
                data.extend((f64::from(f32::from_bits(single)) / 3.0).to_le_bytes());
            }
            DType::I64 => data.extend((i64::from(bits) << (bits % 24)).to_le_bytes()),
            _ => data.push((bits >> 24) as u8),
        }
    };
    let (mut data, mut tensors) = (Vec::new(), Vec::new());
    for (at, &elements) in counts.iter().enumerate() {
        let span = Span {
            source: 0,
            offset: data.len() as u64,
            bytes: elements * dtype.bytes(),
        };
        (0..elements).for_each(|_| element(&mut data));
        let name = at.to_string();
        tensors.push(Tensor::plain(name, dtype, vec![elements], elements, span));
    }
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", data));
    Arc::new(Checkpoint::in_memory(tensors, vec![source]))
}

fn compare(old: &Arc<Checkpoint>, new: &Arc<Checkpoint>, threads: usize) -> Vec<PairStats> {
    compare_on(Isa::detect(), old, new, threads)
}

fn compare_on(
    isa: Isa,
    old: &Arc<Checkpoint>,
    new: &Arc<Checkpoint>,
    threads: usize,
) -> Vec<PairStats> {
    let whole = |side, (at, tensor)| Some(Input::whole(side, at, tensor));
    let items = old.tensors.iter().enumerate().map(|tensor| Item {
        old: whole(0, tensor),
        new: whole(1, tensor),
    });
    let plan = Plan::new(vec![Arc::clone(old), Arc::clone(new)], items.collect()).unwrap();
    let method = Method::default();
    let observer = Observer::default();
    let results = run_on(
        isa,
        &plan,
        Options {
            threads,
            method,
            histogram: Histogram::None,
        },
        &observer,
    )
    .unwrap()
    .pairs;
    assert_eq!(observer.progress()[2], old.tensors.len() as u64);
    assert_eq!(observer.progress()[0], observer.progress()[1]);
    results.into_iter().map(Result::unwrap).collect()
}

#[test]
fn the_bits_do_not_depend_on_threads() {
    let counts = [0, 1, 40 * CHUNK as u64 + 17, 5, 9 * CHUNK as u64, 300];
    let (old, new) = (checkpoint(1, &counts), checkpoint(2, &counts));
    let expected = compare(&old, &new, 1);
    for threads in [2, 3, 8] {
        assert_eq!(compare(&old, &new, threads), expected, "{threads} threads");
    }
}

/// Every type that has loops of its own, and one of those that are decoded.
#[test]
fn the_bits_depend_neither_on_threads_nor_on_the_instruction_set() {
    let slow = cfg!(target_arch = "aarch64"); // an emulator
    let counts: &[u64] = if slow {
        &[3 * CHUNK as u64 + 7]
    } else {
        &[300, 3 * CHUNK as u64 + 7, 9 * CHUNK as u64 + 1]
    };
    for dtype in [
        DType::F32,
        DType::Bf16,
        DType::F16,
        DType::F8E5M2,
        DType::I64,
        DType::F64,
    ] {
        let (old, new) = (typed(dtype, 1, counts), typed(dtype, 2, counts));
        let expected = format!("{:?}", compare_on(Isa::PORTABLE, &old, &new, 1));
        for isa in Isa::available() {
            let all: &[usize] = if isa == Isa::PORTABLE || slow {
                &[3]
            } else {
                &[1, 2, 3, 4, 5, 6, 7, 8]
            };
            for &threads in all {
                let found = format!("{:?}", compare_on(isa, &old, &new, threads));
                assert_eq!(found, expected, "{dtype:?}, {isa:?}, {threads} threads");
            }
        }
    }
}

#[test]
fn one_source_is_read_once() {
    let old = checkpoint(3, &[3 * CHUNK as u64 + 5]);
    let copy = checkpoint(3, &[3 * CHUNK as u64 + 5]);
    assert_eq!(compare(&old, &old, 2), compare(&old, &copy, 2));
    assert_eq!(compare(&old, &old, 2)[0].bit_changed, 0);
}

#[test]
fn a_cancelled_run_ends_with_an_error() {
    let old = checkpoint(4, &[CHUNK as u64; 4]);
    let whole = Some(Input::whole(0, 0, &old.tensors[0]));
    let item = Item {
        old: whole,
        new: None,
    };
    let plan = Plan::new(vec![Arc::clone(&old), Arc::clone(&old)], vec![item]).unwrap();
    let observer = Observer::default();
    observer.cancel();
    let options = Options {
        threads: 2,
        method: Method::default(),
        histogram: Histogram::None,
    };
    let error = run(&plan, options, &observer).unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
}
