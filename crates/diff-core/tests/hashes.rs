//! The hash of a tensor is BLAKE3 of its elements in one piece, whatever the threads and the cuts; its statistics are those of a pass.

mod common;

use std::path::Path;
use std::sync::Arc;

use common::fixtures;
use diff_core::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::kernel::CHUNK;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Encoding, Node, Span, Stored, Tensor};

/// Bytes that repeat in step with nothing.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1u64;
    let words = (0..count.div_ceil(8)).flat_map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state ^ state >> 29).to_le_bytes()
    });
    words.take(count).collect()
}

/// Tensors of these numbers of elements, one after the other.
fn tensors(dtype: DType, counts: &[usize]) -> (Arc<Checkpoint>, Vec<u8>) {
    let item = dtype.bytes() as usize;
    let bytes = noise(counts.iter().sum::<usize>() * item);
    let mut offset = 0;
    let list = counts.iter().map(|&count| {
        let span = Span {
            source: 0,
            offset,
            bytes: (count * item) as u64,
        };
        offset += span.bytes;
        let (count, name) = (count as u64, count.to_string());
        Tensor::plain(name, dtype, vec![count], count, span)
    });
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", bytes.clone()));
    (
        Arc::new(Checkpoint::in_memory(list.collect(), vec![source])),
        bytes,
    )
}

#[test]
fn any_cut_and_any_number_of_threads_give_the_hash_of_the_whole() {
    // Around a part of BLAKE3, a chunk and a unit of eight chunks, and numbers of chunks that leave one over at each height.
    let mut counts = vec![0, 1, 255, 256, 257, CHUNK - 1, CHUNK, CHUNK + 1];
    counts.extend([2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 24, 25].map(|chunks| chunks * CHUNK + 3));
    counts.extend([8 * CHUNK, 8 * CHUNK + 1, 16 * CHUNK]);
    for dtype in [DType::U8, DType::Bf16, DType::F32] {
        let (held, bytes) = tensors(dtype, &counts);
        for threads in 1..=8 {
            let found = engine::hash(&held, threads, &Observer::default()).unwrap();
            let mut start = 0;
            for (count, found) in counts.iter().zip(found) {
                let end = start + count * dtype.bytes() as usize;
                let whole = blake3::hash(&bytes[start..end]);
                let found = found.unwrap();
                assert_eq!(&found.hash, whole.as_bytes(), "{dtype:?} {count} {threads}");
                start = end;
            }
        }
    }
}

#[test]
fn statistics_are_those_of_a_pass_without_hashes() {
    for dtype in [DType::I64, DType::F16, DType::F32, DType::C64, DType::C128] {
        let (held, _) = tensors(dtype, &[0, 5, CHUNK, 9 * CHUNK + 1]);
        let found = engine::hash(&held, 3, &Observer::default()).unwrap();
        for (tensor, found) in held.tensors.iter().zip(found) {
            let own = engine::describe(&held, tensor).unwrap();
            // As text: NaN is equal to itself there.
            let (found, own) = (format!("{:?}", found.unwrap().moments), format!("{own:?}"));
            assert_eq!(found, own, "{dtype:?} {}", tensor.name);
        }
    }
}

/// Every checkpoint of a folder and of the folders in it.
fn each_checkpoint(folder: &Path, each: &mut impl FnMut(&Checkpoint)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(opened) = open(&path, &OpenOptions::default()) {
            each(&opened);
        } else if path.is_dir() {
            each_checkpoint(&path, each);
        }
    }
}

#[test]
fn of_files_the_elements_are_hashed_in_logical_order() {
    let (mut plain, mut made, mut broken) = (0, 0, 0);
    each_checkpoint(&fixtures(), &mut |opened| {
        let found = engine::hash(opened, 2, &Observer::default()).unwrap();
        for (row, (tensor, found)) in opened.tensors.iter().zip(found).enumerate() {
            let Ok(found) = found else {
                broken += 1;
                continue;
            };
            let is_plain = matches!(
                tensor.node,
                Node::Stored(Stored {
                    encoding: Encoding::Plain(_),
                    ..
                })
            );
            if !is_plain {
                made += 1;
                continue;
            }
            let all = tensor.units();
            let (raw, none) = (ElementType::Raw, Observer::default());
            let bytes = read_elements(opened, row, 0, all, raw, &none).unwrap();
            assert_eq!(found.hash, engine::hash_bytes(&bytes), "{}", tensor.name);
            plain += 1;
        }
    });
    assert!(
        plain > 1000 && made > 100 && broken > 10,
        "{plain} {made} {broken}"
    );
}
