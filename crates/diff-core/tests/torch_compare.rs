//! Torch files in comparisons: against safetensors, against each other, and in folders.

mod common;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::Folder;
use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan};
use diff_core::format::{OpenOptions, detect, open};
use diff_core::kernel::{Method, Precision};
use diff_core::limits::{Cap, Limits};
use diff_core::observe::Observer;
use diff_core::source::Files;
use diff_core::stats::PairStats;
use diff_core::{Code, Result};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../__test__/fixtures/torch")
        .join(name)
}

fn load(path: &Path) -> Arc<Checkpoint> {
    Arc::new(open(path, &OpenOptions::default()).unwrap())
}

fn named(side: usize, checkpoint: &Checkpoint, name: &str) -> Input {
    let index = checkpoint
        .tensors
        .iter()
        .position(|t| t.name == name)
        .unwrap();
    Input::whole(side, index, &checkpoint.tensors[index])
}

fn compare(old: (&Arc<Checkpoint>, &str), new: (&Arc<Checkpoint>, &str)) -> Result<PairStats> {
    let item = Item {
        old: Some(named(0, old.0, old.1)),
        new: Some(named(1, new.0, new.1)),
    };
    let plan = Plan::new(vec![Arc::clone(old.0), Arc::clone(new.0)], vec![item])?;
    let options = Options {
        threads: 2,
        method: Method {
            threshold: 0.0,
            element_wise: true,
            precision: Precision::Double,
        },
        histogram: Histogram::None,
    };
    let observer = Observer::default();
    engine::run(&plan, options, &observer)?.pairs.remove(0)
}

#[test]
fn every_way_to_write_the_same_is_equal() {
    let basic = load(&fixture("basic.pt"));
    for other in [
        "buffer.pt",
        "legacy.pt",
        "proto4.pt",
        "proto5.pt",
        "rezip_deflated.pt",
        "rezip_streamed.pt",
        "rezip_directories.pt",
        "legacy_proto4.pt",
    ] {
        let other_file = load(&fixture(other));
        for name in ["a", "b"] {
            let stats = compare((&basic, name), (&other_file, name)).unwrap();
            assert_eq!(
                (stats.value_changed, stats.bit_changed),
                (0, 0),
                "{other} {name}"
            );
            assert!(stats.elements > 0);
        }
    }
}

#[test]
fn types_are_compared_by_value() {
    let dtypes = load(&fixture("dtypes.pt"));
    for name in ["f64", "f16", "bf16"] {
        let stats = compare((&dtypes, "f32"), (&dtypes, name)).unwrap();
        assert_eq!(stats.value_changed, 0, "{name}");
    }
    let stats = compare((&dtypes, "c64"), (&dtypes, "c128")).unwrap();
    assert_eq!((stats.elements, stats.value_changed), (5, 0));
    let error = compare((&dtypes, "c64"), (&dtypes, "f32")).unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedDtype);
}

#[test]
fn a_complex_element_changes_once() {
    let conj = load(&fixture("conj_neg.pt"));
    let stats = compare((&conj, "plain"), (&conj, "conj")).unwrap();
    // The imaginary parts 2, -4 and 0.5 change their sign; -1 + 0i only its zero.
    assert_eq!(stats.elements, 4);
    assert_eq!(stats.value_changed, 3);
    assert_eq!(stats.bit_changed, 4);
    assert_eq!(stats.over_threshold, 3);
    assert_eq!(stats.max_abs_d, 8.0);
    assert_eq!(stats.sum_abs_d, 4.0 + 8.0 + 1.0);
    assert_eq!(stats.sum_dd, 16.0 + 64.0 + 1.0);
}

#[test]
fn sparse_tensors_are_compared_by_their_places() {
    let coo = load(&fixture("sparse_coo.pt"));
    let compressed = load(&fixture("sparse_compressed.pt"));
    for name in ["csr", "csc"] {
        let stats = compare((&coo, "coalesced"), (&compressed, name)).unwrap();
        assert_eq!((stats.elements, stats.value_changed), (5, 0), "{name}");
    }
    let stats = compare((&compressed, "bsr"), (&compressed, "bsc")).unwrap();
    assert_eq!(stats.value_changed, 0);
    assert!(stats.elements > 5);
    let other = compare((&coo, "coalesced"), (&coo, "uncoalesced")).unwrap_err();
    assert_eq!(other.code(), Code::UnsupportedLayout);
    assert!(other.to_string().contains("places"), "{other}");
    let same = compare((&coo, "uncoalesced"), (&coo, "uncoalesced")).unwrap();
    assert_eq!(same.value_changed, 0);
    assert_eq!(same.old.sum_squares, 16.0 + 16.0 + 4.0);
    let dense = load(&fixture("basic.pt"));
    let error = compare((&coo, "coalesced"), (&dense, "a")).unwrap_err();
    assert_eq!(error.code(), Code::UnsupportedLayout);
}

#[test]
fn a_row_without_data_is_an_error_of_its_own() {
    let meta = load(&fixture("meta.pt"));
    assert_eq!(
        compare((&meta, "m"), (&meta, "m")).unwrap_err().code(),
        Code::NoData
    );
    assert_eq!(
        compare((&meta, "w"), (&meta, "w")).unwrap().value_changed,
        0
    );
}

#[test]
fn optimizers_are_left_out_until_asked_for() {
    let path = fixture("wrapped_model_state_dict.pt");
    let plain = load(&path);
    assert_eq!(plain.tensors.len(), 4);
    let codes: Vec<&str> = plain.findings.iter().map(|f| f.code).collect();
    assert!(
        codes.contains(&"ModelKey") && codes.contains(&"OptimizerStateSkipped"),
        "{codes:?}"
    );
    let options = OpenOptions {
        include_optimizer: true,
        ..OpenOptions::default()
    };
    let with = open(&path, &options).unwrap();
    assert!(
        with.tensors
            .iter()
            .any(|t| t.name == "optimizer_state_dict.state.0.exp_avg")
    );
    assert!(with.tensors.iter().any(|t| t.name == "0.weight"));
    let options = OpenOptions {
        key: Some("optimizer_state_dict.state".into()),
        ..OpenOptions::default()
    };
    let only = open(&path, &options).unwrap();
    assert!(
        only.tensors
            .iter()
            .all(|t| t.name.contains("exp_avg") || t.name.contains("step"))
    );
    let options = OpenOptions {
        key: Some("nonsense".into()),
        ..OpenOptions::default()
    };
    let error = open(&path, &options).unwrap_err();
    assert_eq!(error.code(), Code::Argument);
    assert!(error.to_string().contains("model_state_dict"), "{error}");
}

#[test]
fn states_of_an_optimizer_have_the_names_that_its_groups_give() {
    let options = OpenOptions {
        include_optimizer: true,
        ..OpenOptions::default()
    };
    let names = |file: &str| -> Vec<String> {
        let opened = open(&fixture(file), &options).unwrap();
        opened.tensors.iter().map(|t| t.name.clone()).collect()
    };
    let wrapped = names("wrapped_named.pt");
    for name in [
        "fc.bias",
        "optimizer.state.fc.bias.step",
        "optimizer.state.embed.weight.exp_avg",
    ] {
        assert!(wrapped.iter().any(|one| one == name), "{name}: {wrapped:?}");
    }
    assert!(names("optimizer_named.pt").contains(&"state.head.weight.exp_avg_sq".to_owned()));
    for name in names("optimizers_odd.pt") {
        assert!(
            name.contains(".state.0.") || name.contains(".state.1."),
            "{name}"
        );
    }
}

#[test]
fn limits_have_names_and_can_be_set() {
    for (cap, code) in [
        (Cap::PickleOpcodes, Code::LimitExceeded),
        (Cap::PickleStack, Code::LimitExceeded),
        (Cap::PickleMemo, Code::LimitExceeded),
        (Cap::PickleBytes, Code::LimitExceeded),
        (Cap::PickleText, Code::LimitExceeded),
        (Cap::PickleDepth, Code::PickleTooDeep),
        (Cap::Memory, Code::LimitExceeded),
        (Cap::Tensors, Code::LimitExceeded),
        (Cap::Visits, Code::LimitExceeded),
        (Cap::ZipEntries, Code::LimitExceeded),
        (Cap::ZipDirectory, Code::LimitExceeded),
        (Cap::NameBytes, Code::LimitExceeded),
    ] {
        let options = OpenOptions {
            limits: Limits::default().with(cap, u64::from(cap == Cap::PickleDepth)),
            ..OpenOptions::default()
        };
        let error = open(&fixture("wrapped_state_dict.pt"), &options).unwrap_err();
        assert_eq!(error.code(), code, "{}", cap.name());
        assert!(error.hint_text().unwrap().contains(cap.name()), "{error}");
        assert_eq!(Cap::from_name(cap.name()), Some(cap));
    }
}

#[test]
fn folders_with_pickled_weights_open() {
    let folder = Folder::new("hf");
    std::fs::copy(fixture("basic.pt"), folder.0.join("pytorch_model.bin")).unwrap();
    std::fs::write(folder.0.join("config.json"), "{}").unwrap();
    let single = open(&folder.0, &OpenOptions::default()).unwrap();
    assert_eq!(single.tensors.len(), 2);
    assert!(single.config.is_some());
    std::fs::remove_file(folder.0.join("pytorch_model.bin")).unwrap();
    std::fs::copy(
        fixture("basic.pt"),
        folder.0.join("pytorch_model-00001-of-00002.bin"),
    )
    .unwrap();
    std::fs::copy(fixture("rezip_deflated.pt"), folder.0.join("other.bin")).unwrap();
    std::fs::copy(
        fixture("many.pt"),
        folder.0.join("pytorch_model-00002-of-00002.bin"),
    )
    .unwrap();
    let mut map = serde_json::Map::new();
    for name in ["a", "b"] {
        map.insert(name.into(), "pytorch_model-00001-of-00002.bin".into());
    }
    for i in 0..12 {
        map.insert(format!("t{i}"), "pytorch_model-00002-of-00002.bin".into());
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map });
    let mut file = std::fs::File::create(folder.0.join("pytorch_model.bin.index.json")).unwrap();
    file.write_all(index.to_string().as_bytes()).unwrap();
    let sharded = Arc::new(open(&folder.0, &OpenOptions::default()).unwrap());
    assert_eq!(sharded.tensors.len(), 14);
    assert_eq!(sharded.files().count(), 2);
    assert!(detect(&folder.0, &Files::default()).unwrap().is_some());
    let basic = load(&fixture("basic.pt"));
    let stats = compare((&basic, "a"), (&sharded, "a")).unwrap();
    assert_eq!(stats.value_changed, 0);
}

#[test]
fn the_zip_crate_reads_the_same_entries() {
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(mut archive) = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()) else {
            continue;
        };
        let options = OpenOptions {
            key: Some(String::new()),
            ..OpenOptions::default()
        };
        let Ok(checkpoint) = open(&path, &options) else {
            continue;
        };
        let length = path.metadata().unwrap().len();
        for tensor in &checkpoint.tensors {
            let diff_core::tensor::Node::Stored(stored) = &tensor.node else {
                continue;
            };
            let span = stored.span;
            if stored.strides.is_some() || span.source != 0 || span.bytes == 0 {
                continue;
            }
            assert!(span.offset + span.bytes <= length);
            // The payload that holds the span, by the crate's own reading of the archive.
            let inside = (0..archive.len()).any(|index| {
                let file = archive.by_index_raw(index).unwrap();
                let start = file.data_start().unwrap_or(0);
                (start..start + file.compressed_size()).contains(&span.offset)
                    && span.offset + span.bytes <= start + file.compressed_size()
            });
            assert!(inside, "{} {}", path.display(), tensor.name);
        }
    }
}

#[test]
fn a_deflated_archive_of_many_chunks_is_equal_in_any_order() {
    use std::io::Read;
    let folder = Folder::new("deflated");
    // A hand-made archive: one tensor of 3 MiB, one of it transposed, stored and deflated.
    let rows: u32 = 1024;
    let data: Vec<u8> = (0..rows * 768)
        .flat_map(|i| (i as f32).sin().to_le_bytes())
        .collect();
    let text = |s: &str| {
        [
            b"X".to_vec(),
            (s.len() as u32).to_le_bytes().to_vec(),
            s.into(),
        ]
        .concat()
    };
    let number = |n: u32| [b"J".to_vec(), (n as i32).to_le_bytes().to_vec()].concat();
    let tensor = |shape: [u32; 2], strides: [u32; 2]| {
        let mut out = b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec();
        out.extend(text("storage"));
        out.extend(b"ctorch\nFloatStorage\n");
        out.extend(text("0"));
        out.extend(text("cpu"));
        out.extend(number(rows * 768));
        out.extend(b"tQK\x00");
        for pair in [shape, strides] {
            out.push(b'(');
            out.extend(pair.iter().flat_map(|n| number(*n)));
            out.push(b't');
        }
        out.extend(b"\x89NtR");
        out
    };
    let mut pickle = b"\x80\x02}(".to_vec();
    pickle.extend(text("plain"));
    pickle.extend(tensor([rows, 768], [768, 1]));
    pickle.extend(text("transposed"));
    pickle.extend(tensor([768, rows], [1, 768]));
    pickle.extend(b"u.");
    let mut paths = Vec::new();
    for (name, method) in [
        ("stored.pt", zip::CompressionMethod::Stored),
        ("deflated.pt", zip::CompressionMethod::Deflated),
    ] {
        let path = folder.0.join(name);
        let mut writer = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        for (entry, content) in [
            ("x/data.pkl", &pickle),
            ("x/data/0", &data),
            ("x/version", &b"3\n".to_vec()),
        ] {
            writer.start_file(entry, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap();
        paths.push(path);
    }
    let mut head = [0; 4];
    std::fs::File::open(&paths[1])
        .unwrap()
        .read_exact(&mut head)
        .unwrap();
    assert_eq!(&head, b"PK\x03\x04");
    let (stored, deflated) = (load(&paths[0]), load(&paths[1]));
    for name in ["plain", "transposed"] {
        let stats = compare((&stored, name), (&deflated, name)).unwrap();
        assert_eq!(
            (stats.elements, stats.bit_changed),
            (u64::from(rows) * 768, 0),
            "{name}"
        );
    }
    // Without room to keep the record, the view that reads it out of order is refused, the plain one is not.
    let options = OpenOptions {
        limits: Limits::default().with(Cap::InflatedBytes, 0),
        ..OpenOptions::default()
    };
    let tight = Arc::new(open(&paths[1], &options).unwrap());
    assert_eq!(
        compare((&stored, "plain"), (&tight, "plain"))
            .unwrap()
            .bit_changed,
        0
    );
    let error = compare((&stored, "transposed"), (&tight, "transposed")).unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded);
}
