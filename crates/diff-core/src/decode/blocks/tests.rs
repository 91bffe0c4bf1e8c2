//! Blocks against the values that gguf-py reads out of them; `__test__/fixtures/gguf/make.py` made both.

use std::collections::BTreeSet;
use std::path::Path;

use safetensors::SafeTensors;

use super::BlockFormat;

fn fixture() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../__test__/fixtures/gguf/blocks.safetensors");
    std::fs::read(path).unwrap()
}

fn decoded(format: &BlockFormat, blocks: &[u8]) -> Vec<f32> {
    let mut values = vec![f32::NAN; blocks.len() / format.bytes * format.elements];
    (format.decode)(blocks, &mut values);
    values
}

fn check(format: &BlockFormat, blocks: &[u8], expected: &[u8]) {
    let values = decoded(format, blocks);
    assert_eq!(expected.len(), 4 * values.len());
    for (at, (value, bytes)) in values.iter().zip(expected.as_chunks().0).enumerate() {
        let expected = f32::from_le_bytes(*bytes);
        // Which NaN comes out of arithmetic is up to the processor.
        assert!(
            value.to_bits() == expected.to_bits() || value.is_nan() && expected.is_nan(),
            "{} value {at}: {value:e}, not {expected:e}",
            format.name
        );
    }
}

#[test]
fn every_format_is_what_gguf_reads() {
    let file = fixture();
    let fixture = SafeTensors::deserialize(&file).unwrap();
    let names: BTreeSet<&str> = fixture
        .names()
        .into_iter()
        .filter_map(|name| name.split('/').next())
        .collect();
    assert_eq!(
        names,
        BlockFormat::all().map(|format| format.name).collect()
    );
    for format in BlockFormat::all() {
        for set in ["random", "special"] {
            let tensor = |what| {
                let name = format!("{}/{set}/{what}", format.name);
                fixture.tensor(&name).unwrap()
            };
            let (blocks, values) = (tensor("blocks"), tensor("values"));
            assert_eq!(blocks.shape()[1], format.bytes, "{}", format.name);
            assert_eq!(values.shape()[1], format.elements, "{}", format.name);
            check(format, blocks.data(), values.data());
        }
    }
}

#[test]
fn big_endian_blocks_are_turned_round() {
    let file = fixture();
    let fixture = SafeTensors::deserialize(&file).unwrap();
    let mut checked = 0;
    for format in BlockFormat::all() {
        let Ok(swapped) = fixture.tensor(&format!("{}/swapped", format.name)) else {
            continue;
        };
        let mut blocks = swapped.data().to_vec();
        assert!(format.to_little_endian(&mut blocks), "{}", format.name);
        let expected = fixture.tensor(&format!("{}/random/blocks", format.name));
        assert_eq!(blocks, expected.unwrap().data(), "{}", format.name);
        checked += 1;
    }
    assert_eq!(checked, 6);
}

#[test]
fn blocks_are_decoded_one_by_one() {
    for format in BlockFormat::all() {
        let blocks: Vec<u8> = (0..3 * format.bytes)
            .map(|i| (i * 37 % 251) as u8)
            .collect();
        let whole = decoded(format, &blocks);
        let parts: Vec<f32> = blocks
            .chunks(format.bytes)
            .flat_map(|block| decoded(format, block))
            .collect();
        let bits = |values: &[f32]| -> Vec<u32> { values.iter().map(|v| v.to_bits()).collect() };
        assert_eq!(bits(&whole), bits(&parts), "{}", format.name);
    }
}

#[test]
fn a_block_that_is_not_whole_is_left_alone() {
    for format in BlockFormat::all() {
        let mut values = vec![7.0; 2 * format.elements - 1];
        (format.decode)(&vec![0; 2 * format.bytes], &mut values);
        assert!(values[format.elements..].iter().all(|v| *v == 7.0));
        values.fill(7.0);
        (format.decode)(&vec![0; 2 * format.bytes - 1], &mut values);
        assert!(values[format.elements..].iter().all(|v| *v == 7.0));
    }
}
