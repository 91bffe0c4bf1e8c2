//! Codes against what the libraries that pack them read; `__test__/fixtures/packing/make.py` made both.

use std::path::Path;

use safetensors::SafeTensors;

use super::codebook::{FP4, NF4};
use super::minifloat::{E2M1, e8m0_to_f32};
use super::packing::{Packing, awq, dense, gptq_ones, high_first, hqq, next_codes};

fn fixture() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../__test__/fixtures/packing/packing.safetensors");
    std::fs::read(path).unwrap()
}

/// Packed bytes a row, and codes a row.
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn rows(file: &SafeTensors, name: &str) -> Rows {
    let packed = file.tensor(&format!("{name}/packed")).unwrap();
    let codes = file.tensor(&format!("{name}/codes")).unwrap();
    let cut = |bytes: &[u8], length: usize| -> Vec<Vec<u8>> {
        bytes.chunks(length).map(<[u8]>::to_vec).collect()
    };
    let packed = cut(packed.data(), packed.shape()[1]);
    let codes = cut(codes.data(), codes.shape()[1]);
    assert_eq!(packed.len(), codes.len());
    packed.into_iter().zip(codes).collect()
}

fn floats(file: &SafeTensors, name: &str) -> Vec<f32> {
    let tensor = file.tensor(name).unwrap();
    let numbers = tensor.data().as_chunks().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan())
}

#[test]
fn dense_streams() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for (library, widths) in [
        ("ct", &[1, 2, 3, 4, 5, 6, 7, 8][..]),
        ("mlx", &[2, 3, 4, 5, 6, 8]),
        ("gptq-columns", &[2, 3, 4, 8]),
        ("torch", &[2, 4]),
    ] {
        for &bits in widths {
            for (packed, expected) in rows(&file, &format!("{library}/{bits}")) {
                let mut codes = vec![0xff; expected.len()];
                dense(bits, &packed, &mut codes);
                assert_eq!(codes, expected, "{library} of {bits} bits");
            }
        }
    }
}

#[test]
fn dense_streams_may_be_cut_anywhere() {
    let packed: Vec<u8> = (0..=255).collect();
    for bits in 1..=8 {
        let mut whole = vec![0; packed.len() * 8 / bits as usize];
        dense(bits, &packed, &mut whole);
        for count in 0..70 {
            let mut codes = vec![0xff; count];
            let enough = (count * bits as usize).div_ceil(8);
            dense(bits, &packed[..enough], &mut codes);
            assert_eq!(codes, whole[..count], "{count} codes of {bits} bits");
            let mut codes = vec![0xff; 80];
            dense(bits, &packed[..enough], &mut codes);
            let there = enough * 8 / bits as usize;
            assert_eq!(codes[..there.min(80)], whole[..there.min(80)]);
            assert!(codes[there.min(80)..].iter().all(|code| *code == 0xff));
        }
    }
}

#[test]
fn periods_of_words_along_a_row() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut layouts = Vec::new();
    for bits in 1..=8 {
        layouts.push((format!("ct-old/{bits}"), Packing::whole(bits).unwrap()));
        layouts.push((format!("ct/{bits}"), Packing::dense(bits).unwrap()));
    }
    for bits in [3, 5, 6, 7] {
        let name = format!("gptq-planar-columns/{bits}");
        layouts.push((name, Packing::planar(bits).unwrap()));
    }
    for bits in [2, 4, 8] {
        let name = format!("gptq-columns/{bits}");
        layouts.push((name, Packing::planar(bits).unwrap()));
    }
    for (name, packing) in layouts {
        for (packed, expected) in rows(&file, &name) {
            let mut codes = vec![0xff; expected.len()];
            packing.unpack(&packed, 1, &mut codes);
            assert_eq!(codes, expected, "{name}");
        }
    }
}

#[test]
fn periods_of_words_down_the_rows() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let dense = [2, 3, 4, 8].map(|bits| (format!("gptq-rows/{bits}"), Packing::dense(bits)));
    let planar =
        [3, 5, 6, 7].map(|bits| (format!("gptq-planar-rows/{bits}"), Packing::planar(bits)));
    for (name, packing) in dense.into_iter().chain(planar) {
        let packed = file.tensor(&format!("{name}/packed")).unwrap();
        let expected = file.tensor(&format!("{name}/codes")).unwrap();
        let columns = expected.shape()[1];
        assert_eq!(packed.shape()[1], 4 * columns);
        let mut codes = vec![0xff; expected.data().len()];
        packing.unwrap().unpack(packed.data(), columns, &mut codes);
        assert_eq!(codes, expected.data(), "{name}");
    }
}

#[test]
fn words_of_awq() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for (packed, expected) in rows(&file, "awq/4") {
        let mut codes = vec![0xff; expected.len()];
        awq(&packed, &mut codes);
        assert_eq!(codes, expected);
    }
}

#[test]
fn widths_that_no_layout_has() {
    for bits in [0, 9, 32] {
        assert!(Packing::dense(bits).is_none());
        assert!(Packing::whole(bits).is_none());
        assert!(Packing::planar(bits).is_none());
        let mut codes = [7; 8];
        dense(bits, &[0; 64], &mut codes);
        hqq(bits, 0, &[0; 64], &mut codes);
        hqq(4, 2, &[0; 64], &mut codes);
        assert_eq!(codes, [7; 8]);
    }
}

#[test]
fn zeros_of_the_first_gptq_format() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for bits in [2, 4, 8] {
        let stored = file.tensor(&format!("gptq-zeros/{bits}/stored")).unwrap();
        let restored = file.tensor(&format!("gptq-zeros/{bits}/restored")).unwrap();
        let words = |tensor: &[u8]| -> Vec<u32> {
            let words = tensor.as_chunks().0.iter();
            words.map(|word| u32::from_le_bytes(*word)).collect()
        };
        let ones = gptq_ones(bits).unwrap();
        let added = words(stored.data())
            .into_iter()
            .map(|word| word.wrapping_add(ones));
        assert!(added.eq(words(restored.data())), "{bits} bits");
    }
    assert_eq!(next_codes(3), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 0.0]);
    assert_eq!((next_codes(8).len(), next_codes(9).len()), (256, 0));
}

#[test]
fn parts_of_hqq() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for (bits, parts) in [(1, 8), (2, 4), (3, 10), (4, 2), (8, 1)] {
        let packed = file.tensor(&format!("hqq/{bits}/packed")).unwrap();
        let expected = file.tensor(&format!("hqq/{bits}/codes")).unwrap();
        let length = expected.data().len() / parts as usize;
        for (part, expected) in (0..parts).zip(expected.data().chunks(length)) {
            let mut codes = vec![0xff; length];
            hqq(bits, part, packed.data(), &mut codes);
            assert_eq!(codes, expected, "part {part} of {bits} bits");
        }
    }
}

#[test]
fn four_bits_of_bitsandbytes() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    for (kind, table) in [("nf4", &NF4), ("fp4", &FP4)] {
        assert!(same_bits(
            &floats(&file, &format!("bnb/{kind}/code")),
            table
        ));
        let packed = file.tensor(&format!("bnb/{kind}/packed")).unwrap();
        let absmax = floats(&file, &format!("bnb/{kind}/absmax"));
        let mut codes = vec![0; 2 * packed.data().len()];
        high_first(packed.data(), &mut codes);
        let values: Vec<f32> = codes
            .iter()
            .enumerate()
            .map(|(at, code)| table[usize::from(*code)] * absmax[at / 64])
            .collect();
        let expected = floats(&file, &format!("bnb/{kind}/values"));
        assert!(same_bits(&values, &expected), "{kind}");
    }
}

#[test]
fn microscaling_numbers() {
    let bytes = fixture();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut codes = vec![0; 512];
    dense(4, file.tensor("e2m1/packed").unwrap().data(), &mut codes);
    let values: Vec<f32> = codes.iter().map(|code| E2M1[usize::from(*code)]).collect();
    assert!(same_bits(&values, &floats(&file, "e2m1/values")));
    let values: Vec<f32> = (0..=255).map(e8m0_to_f32).collect();
    assert!(same_bits(&values, &floats(&file, "e8m0/values")));
}
