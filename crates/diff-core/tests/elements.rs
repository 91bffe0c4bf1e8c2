//! Elements as they are handed out: codes of types of less than a byte, wherever the reading starts.

mod common;

use std::sync::Arc;

use common::fixtures;
use diff_core::Code;
use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::kernel::CHUNK;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Encoding, Factor, Node, Packing, Span, Stored, Tensor};

/// A checkpoint of one tensor over these bytes.
fn checkpoint(bytes: Vec<u8>, make: impl FnOnce(Span) -> Tensor) -> Checkpoint {
    let span = Span {
        source: 0,
        offset: 0,
        bytes: bytes.len() as u64,
    };
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", bytes));
    Checkpoint::in_memory(vec![make(span)], vec![source])
}

/// Codes that do not repeat in step with bytes or chunks.
fn code(element: u64, bits: u64) -> u8 {
    ((element * element + element / 7) % (1 << bits)) as u8
}

/// The first `count` codes, the first in the lowest bits.
fn packed(count: u64, bits: u64) -> Vec<u8> {
    let mut bytes = vec![0; (count * bits).div_ceil(8) as usize];
    for element in 0..count {
        for bit in (0..bits).filter(|bit| code(element, bits) >> bit & 1 == 1) {
            let at = element * bits + bit;
            bytes[(at / 8) as usize] |= 1 << (at % 8);
        }
    }
    bytes
}

fn quantised(per_byte: u64, count: u64) -> Checkpoint {
    checkpoint(packed(count, 8 / per_byte), |span| {
        let bits = (8 / per_byte) as u8;
        let codes = Tensor {
            node: Node::Stored(Stored::encoded(span, Encoding::Codes { bits })),
            ..Tensor::plain("w".into(), DType::U8, vec![count], count, span)
        };
        Tensor::affine(codes, None, Factor::One(1.0), Factor::One(0.0), vec![count])
    })
}

fn read(checkpoint: &Checkpoint, start: u64, length: u64, element: ElementType) -> Vec<u8> {
    read_elements(checkpoint, 0, start, length, element, &Observer::default()).unwrap()
}

#[test]
fn raw_elements_of_packed_types_are_their_codes() {
    let count = 2 * CHUNK as u64 + 11;
    let float = |packing: Packing| {
        checkpoint(packed(count, packing.bits()), |span| {
            Tensor::packed("w".into(), packing, vec![count], count, span)
        })
    };
    let cases = [
        (4, quantised(2, count)),
        (2, quantised(4, count)),
        (4, float(Packing::F4E2M1)),
        (6, float(Packing::F6E2M3)),
        (6, float(Packing::F6E3M2)),
    ];
    for (bits, checkpoint) in &cases {
        let wanted: Vec<u8> = (0..count).map(|element| code(element, *bits)).collect();
        for start in [
            0,
            1,
            2,
            3,
            CHUNK as u64 - 1,
            CHUNK as u64 + 1,
            count - 1,
            count,
        ] {
            let found = read(checkpoint, start, count - start, ElementType::Raw);
            assert!(
                found == wanted[start as usize..],
                "{bits} bits from {start}"
            );
        }
    }
    // Scale 1 and zero point 0: the numbers are the codes.
    let numbers = read(&cases[0].1, 1, CHUNK as u64 + 4, ElementType::F32);
    let numbers = numbers.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
    assert!(numbers.eq((1..CHUNK as u64 + 5).map(|element| f32::from(code(element, 4)))));
}

#[test]
fn sums_of_a_sparse_tensor_are_no_stored_elements() {
    let path = fixtures().join("torch/sparse_coo.pt");
    let coo = open(&path, &OpenOptions::default()).unwrap();
    for (name, stored) in [("coalesced", true), ("uncoalesced", false)] {
        let index = coo.tensors.iter().position(|t| t.name == name).unwrap();
        let all = coo.tensors[index].elements;
        let read = |element| read_elements(&coo, index, 0, all, element, &Observer::default());
        assert_eq!(read(ElementType::F64).unwrap().len() as u64, 8 * all);
        match read(ElementType::Raw) {
            Ok(bytes) => assert!(stored && bytes.len() as u64 == 4 * all, "{name}"),
            Err(error) => assert!(
                !stored && error.code() == Code::UnsupportedLayout,
                "{error}"
            ),
        }
    }
}

#[test]
fn a_read_looks_whether_it_is_still_wanted() {
    let count = 3 * CHUNK as u64;
    let checkpoint = checkpoint(vec![0; count as usize], |span| {
        Tensor::plain("w".into(), DType::U8, vec![count], count, span)
    });
    let observer = Observer::default();
    observer.cancel();
    let outcome = read_elements(&checkpoint, 0, 0, count, ElementType::F64, &observer);
    assert_eq!(outcome.unwrap_err().code(), Code::Cancelled);
}
