//! GGUF files opened as checkpoints: values against those that gguf-py reads (`__test__/fixtures/gguf/models.py`), parts of a model, folders,
//! and files that are broken.

use std::path::{Path, PathBuf};
use std::time::Duration;

use diff_core::checkpoint::{Checkpoint, Format};
use diff_core::engine::{ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;
use diff_core::tensor::Tensor;
use diff_core::{Code, Result};
use safetensors::SafeTensors;

mod common;

use common::{Counting, Folder, measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

fn folder() -> PathBuf {
    common::fixtures().join("gguf")
}

fn opened(path: &Path) -> Result<Checkpoint> {
    open(path, &OpenOptions::default())
}

fn values(checkpoint: &Checkpoint, row: usize, start: u64, length: u64) -> Vec<u8> {
    let observer = Observer::default();
    read_elements(checkpoint, row, start, length, ElementType::F32, &observer).unwrap()
}

fn find(checkpoint: &Checkpoint, name: &str) -> usize {
    let mut names = checkpoint.tensors.iter();
    names.position(|tensor| tensor.name == name).unwrap()
}

/// Every tensor of a checkpoint is one of the fixture, equal to it bit for bit.
fn check_values(what: &str, checkpoint: &Checkpoint) {
    let file = std::fs::read(folder().join("models/values.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&file).unwrap();
    assert_eq!(checkpoint.format, Format::Gguf, "{what}");
    assert_eq!(checkpoint.tensors.len(), expected.len(), "{what}");
    for (row, tensor) in checkpoint.tensors.iter().enumerate() {
        let found = values(checkpoint, row, 0, tensor.elements);
        let expected = expected.tensor(&tensor.name).unwrap();
        let shape: Vec<u64> = expected.shape().iter().map(|&dim| dim as u64).collect();
        assert_eq!(tensor.shape, shape, "{what} {}", tensor.name);
        assert!(found == expected.data(), "{what} {}", tensor.name);
    }
}

#[test]
fn values_are_what_gguf_reads() {
    for name in ["v2.gguf", "v3.gguf", "aligned-256.gguf", "big-endian.gguf"] {
        check_values(name, &opened(&folder().join(name)).unwrap());
    }
    let checkpoint = opened(&folder().join("v3.gguf")).unwrap();
    let dtypes: Vec<&str> = checkpoint.tensors.iter().map(Tensor::dtype_name).collect();
    assert_eq!(dtypes, ["f32", "q8_0", "f32", "q4_k", "f16", "i64", "f64"]);
    let stored: u64 = checkpoint.tensors.iter().map(|tensor| tensor.bytes).sum();
    assert_eq!(stored, 6 * 64 * 4 + 8 * 34 + 20 + 6 * 144 + 60 + 56 + 24);
}

#[test]
fn a_range_may_begin_and_end_inside_a_block() {
    for name in ["v3.gguf", "big-endian.gguf"] {
        let checkpoint = opened(&folder().join(name)).unwrap();
        for tensor in ["blk.0.ffn.weight", "blk.0.attn_q.weight"] {
            let row = find(&checkpoint, tensor);
            let elements = checkpoint.tensors[row].elements;
            let whole = values(&checkpoint, row, 0, elements);
            for start in [0, 1, 31, 32, 33, 255, elements - 1, elements] {
                for length in [0, 1, 31, 32, 33, 64, 129] {
                    let length = length.min(elements - start);
                    let part = values(&checkpoint, row, start, length);
                    let (from, to) = (4 * start as usize, 4 * (start + length) as usize);
                    assert!(part == whole[from..to], "{name} {tensor} {start} {length}");
                }
            }
        }
    }
}

#[test]
fn blocks_have_no_stored_elements() {
    let checkpoint = opened(&folder().join("v3.gguf")).unwrap();
    let raw = |name| {
        let observer = Observer::default();
        let row = find(&checkpoint, name);
        read_elements(&checkpoint, row, 0, 1, ElementType::Raw, &observer)
    };
    let error = raw("blk.0.ffn.weight").unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedLayout);
    assert_eq!(error.tensor_name(), Some("blk.0.ffn.weight"));
    assert_eq!(raw("blk.0.experts.weight").unwrap().len(), 2);
}

#[test]
fn metadata_is_text() {
    let checkpoint = opened(&folder().join("v3.gguf")).unwrap();
    let text = |key: &str| {
        let mut entries = checkpoint.metadata.iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, text)| text.clone())
            .unwrap()
    };
    assert_eq!(text("general.architecture"), "llama");
    assert_eq!(text("test.u64"), "9223372036854775809");
    assert_eq!(text("test.heads"), "[8,8,4,4]");
    assert_eq!(text("test.flags"), "[true,false,true]");
    assert_eq!(text("test.factors"), "[0.5,1.25,-3.0]");
    let tokens = text("test.tokens");
    assert!(tokens.starts_with("500 texts, hash "), "{tokens}");
}

fn copy(from: &str, to: &Path) {
    std::fs::copy(folder().join(from), to).unwrap();
}

#[test]
fn parts_are_one_model() {
    for prefix in ["split", "first-empty"] {
        let own = Folder::new(&format!("gguf-{prefix}"));
        let names: Vec<String> = (1..=3)
            .map(|number| format!("{prefix}-{number:05}-of-00003.gguf"))
            .collect();
        for name in &names {
            copy(name, &own.0.join(name));
        }
        for path in names.iter().map(|name| own.0.join(name)) {
            check_values("part", &opened(&path).unwrap());
        }
        let whole = opened(&own.0).unwrap();
        check_values("folder", &whole);
        assert!(whole.findings.is_empty(), "{:?}", whole.findings);
        let keys = whole.metadata.iter().map(|(key, _)| key.as_str());
        assert_eq!(keys.filter(|key| key.starts_with("split.")).count(), 0);

        std::fs::remove_file(own.0.join(&names[1])).unwrap();
        for path in [own.0.clone(), own.0.join(&names[0])] {
            let error = opened(&path).unwrap_err();
            assert_eq!(error.code(), Code::MissingShard, "{}", path.display());
            assert!(error.to_string().contains(&names[1]), "{error}");
        }
        let alone = own.0.join("renamed.gguf");
        std::fs::rename(own.0.join(&names[2]), &alone).unwrap();
        let alone = opened(&alone).unwrap();
        assert_eq!(alone.findings[0].code, "PartOpenedAlone");
    }
}

#[test]
fn the_model_of_a_folder() {
    let own = Folder::new("gguf-folder");
    copy("v3.gguf", &own.0.join("model-Q4_K_M.gguf"));
    copy("aligned-256.gguf", &own.0.join("mmproj-model-f16.gguf"));
    std::fs::write(own.0.join("config.json"), "{\"a\": 1}").unwrap();
    let checkpoint = opened(&own.0).unwrap();
    check_values("folder", &checkpoint);
    assert!(checkpoint.has_folder && checkpoint.config.is_some());
    let left: Vec<&str> = checkpoint
        .left_out
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(left, ["mmproj-model-f16.gguf"]);
    check_values(
        "by name",
        &opened(&own.0.join("mmproj-model-f16.gguf")).unwrap(),
    );

    copy("v2.gguf", &own.0.join("model-Q8_0.gguf"));
    let error = opened(&own.0).unwrap_err();
    assert_eq!(error.code(), Code::AmbiguousDirectory);
}

/// The fixture with another number for the type of its one `Q4_K` tensor.
fn retyped(own: &Folder, kind: u32) -> PathBuf {
    let mut bytes = std::fs::read(folder().join("v3.gguf")).unwrap();
    let name = b"blk.0.ffn.weight";
    let at = bytes.windows(name.len()).position(|part| part == name);
    // Behind the name: u32 number of axes, two u64, u32 type.
    let kind_at = at.unwrap() + name.len() + 4 + 16;
    bytes[kind_at..kind_at + 4].copy_from_slice(&kind.to_le_bytes());
    let path = own.0.join(format!("type-{kind}.gguf"));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn types_that_are_gone_or_unknown() {
    let own = Folder::new("gguf-types");
    let removed = opened(&retyped(&own, 4)).unwrap();
    let tensor = &removed.tensors[find(&removed, "blk.0.ffn.weight")];
    assert_eq!(tensor.error().unwrap().code(), Code::UnsupportedDtype);
    assert_eq!(tensor.dtype_name(), "q4_2");
    assert_eq!(removed.tensors.len(), 7);

    let unknown = opened(&retyped(&own, 99)).unwrap();
    let tensor = &unknown.tensors[find(&unknown, "blk.0.ffn.weight")];
    assert!(tensor.is_raw());
    assert_eq!((tensor.dtype_name(), tensor.units()), ("ggml type 99", 864));
}

/// Every file ends with its code, within a second and 64 MiB.
#[test]
fn broken_files() {
    let own = Folder::new("gguf-broken");
    let good = std::fs::read(folder().join("v3.gguf")).unwrap();
    let header = |tensors: u64, keys: u64| {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(keys.to_le_bytes());
        bytes.resize(4096, 0);
        bytes
    };
    let mut nested = header(0, 1)[..24].to_vec();
    nested.extend([1, 0, 0, 0, 0, 0, 0, 0, b'k', 9, 0, 0, 0]);
    for _ in 0..1000 {
        nested.extend([9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    }
    let mut outside = good.clone();
    let name = b"blk.0.ffn.weight";
    let at = outside.windows(name.len()).position(|part| part == name);
    let offset = at.unwrap() + name.len() + 4 + 16 + 4;
    outside[offset..offset + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
    let cases = [
        (
            "truncated",
            good[..good.len() - 40].to_vec(),
            Code::UnexpectedEof,
        ),
        ("half a header", good[..200].to_vec(), Code::UnexpectedEof),
        ("10^9 keys", header(0, 1_000_000_000), Code::UnexpectedEof),
        (
            "10^9 tensors",
            header(1_000_000_000, 0),
            Code::UnexpectedEof,
        ),
        ("arrays in arrays", nested, Code::LimitExceeded),
        ("offset outside", outside, Code::OffsetHole),
        (
            "turned magic",
            b"FUGG\x03\0\0\0".to_vec(),
            Code::UnsupportedFormat,
        ),
    ];
    for (what, bytes, code) in cases {
        let path = own.0.join("broken.gguf");
        std::fs::write(&path, bytes).unwrap();
        for path in [&path, &own.0] {
            let (result, peak, time) = measured(|| opened(path));
            let error = result.unwrap_err();
            assert_eq!(error.code(), code, "{what}: {error}");
            assert!(error.path().is_some(), "{what}");
            assert!(peak < 64 * MIB, "{what}: {peak} bytes");
            assert!(time < Duration::from_secs(1), "{what}: {time:?}");
        }
    }
}
