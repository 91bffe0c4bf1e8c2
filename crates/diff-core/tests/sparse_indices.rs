//! Damaged indices of sparse tensors: every index of every kind that torch writes, with every value that it must not have, is an error
//! that names the tensor, the place and the value; it never passes for another place.

mod common;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Folder, fixtures};
use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, ElementType, Histogram, Input, Item, Options, Plan, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::tensor::{Node, Sparse, SparseKind, Stored, Tensor};
use diff_core::{Code, Error};

const FILES: [&str; 3] = ["sparse_coo.pt", "sparse_compressed.pt", "old_sparse.pt"];

fn load(path: &Path) -> Arc<Checkpoint> {
    Arc::new(open(path, &OpenOptions::default()).unwrap())
}

fn sparse_tensors(checkpoint: &Checkpoint) -> Vec<(usize, &Tensor, &Sparse)> {
    let all = checkpoint.tensors.iter().enumerate();
    all.filter_map(|(row, tensor)| match &tensor.node {
        Node::Sparse(sparse) => Some((row, tensor, &**sparse)),
        _ => None,
    })
    .collect()
}

/// What every way to read the tensor says.
fn readings(old: &Arc<Checkpoint>, new: &Arc<Checkpoint>, row: usize) -> Vec<Result<(), Error>> {
    let options = Options {
        threads: 2,
        method: Method::default(),
        histogram: Histogram::None,
    };
    let whole =
        |side, checkpoint: &Checkpoint| Some(Input::whole(side, row, &checkpoint.tensors[row]));
    let observer = Observer::default();
    let run = |item| {
        let plan = Plan::new(vec![Arc::clone(old), Arc::clone(new)], vec![item]).unwrap();
        let pairs = engine::run(&plan, options, &observer).unwrap().pairs;
        pairs.into_iter().next().unwrap().map(drop)
    };
    let damaged = if Arc::ptr_eq(old, new) { old } else { new };
    let tensor = &damaged.tensors[row];
    let mut all = vec![
        run(Item {
            old: whole(0, old),
            new: whole(1, new),
        }),
        run(Item {
            old: None,
            new: whole(1, new),
        }),
        engine::describe(damaged, tensor).map(drop),
        engine::hash(damaged, 2, &observer)
            .unwrap()
            .remove(row)
            .map(drop),
    ];
    if tensor.elements > 0 {
        let read = read_elements(
            damaged,
            row,
            0,
            tensor.elements,
            ElementType::F64,
            &observer,
        );
        all.push(read.map(drop));
    }
    all
}

/// The largest value of index `at`, and what torch calls that index.
fn bounds(tensor: &Tensor, sparse: &Sparse, which: usize, at: u64) -> (i64, String) {
    let stored = sparse.indices.last().unwrap().elements;
    if sparse.kind == SparseKind::Coo {
        let width = sparse.indices[0].shape[1];
        let (axis, place) = (at / width, at % width);
        return (
            tensor.shape[axis as usize] as i64 - 1,
            format!("indices[{axis}, {place}]"),
        );
    }
    let by_row = matches!(sparse.kind, SparseKind::Csr | SparseKind::Bsr);
    let axis = usize::from(by_row);
    let (line, across) = if by_row {
        ("crow", "col")
    } else {
        ("ccol", "row")
    };
    if which == 0 {
        return (stored as i64, format!("{line}_indices[{at}]"));
    }
    let block = sparse.values.shape.get(1 + axis).copied().unwrap_or(1);
    let most = tensor.shape[axis] / block - 1;
    (most as i64, format!("{across}_indices[{at}]"))
}

#[test]
fn an_index_out_of_range_is_an_error_of_its_tensor() {
    let folder = Folder::new("sparse-indices");
    let damaged_path = folder.0.join("damaged.pt");
    let mut damaged_ones = 0;
    for file in FILES {
        let path = fixtures().join("torch").join(file);
        let bytes = std::fs::read(&path).unwrap();
        let good = load(&path);
        for (row, tensor, sparse) in sparse_tensors(&good) {
            for (which, index) in sparse.indices.iter().enumerate() {
                let Node::Stored(Stored {
                    span,
                    strides: None,
                    ..
                }) = index.node
                else {
                    panic!("{file} {}: indices are not stored in order", tensor.name);
                };
                for at in 0..index.elements {
                    let (most, place) = bounds(tensor, sparse, which, at);
                    for value in [-1, i64::MIN, most + 1, most + (1 << 30), i64::MAX] {
                        let item = index.dtype.bytes() as usize;
                        let value = if item == 4 {
                            i64::from(value as i32)
                        } else {
                            value
                        };
                        if (0..=most).contains(&value) {
                            continue;
                        }
                        let mut copy = bytes.clone();
                        let from = span.offset as usize + at as usize * item;
                        copy[from..from + item].copy_from_slice(&value.to_le_bytes()[..item]);
                        std::fs::write(&damaged_path, copy).unwrap();
                        let damaged = load(&damaged_path);
                        for old in [&damaged, &good] {
                            for reading in readings(old, &damaged, row) {
                                let label = format!("{file} {} {place} = {value}", tensor.name);
                                let error = reading.expect_err(&label);
                                let text = error.to_string();
                                assert_eq!(error.code(), Code::OutOfBounds, "{label}: {text}");
                                assert_eq!(error.tensor_name(), Some(&*tensor.name), "{label}");
                                assert!(error.path().is_some(), "{label}");
                                assert!(
                                    text.contains(&format!("found {value} ")),
                                    "{label}: {text}"
                                );
                                assert!(text.contains(&place), "{label}: {text}");
                                assert!(error.hint_text().is_some(), "{label}");
                            }
                        }
                        damaged_ones += 1;
                    }
                }
            }
        }
    }
    assert!(damaged_ones > 300, "{damaged_ones}");
}

/// Lines that end before they begin, or do not reach the last place, shift every element behind them.
#[test]
fn lines_that_do_not_rise_are_an_error() {
    let folder = Folder::new("sparse-lines");
    let damaged_path = folder.0.join("damaged.pt");
    let path = fixtures().join("torch/sparse_compressed.pt");
    let bytes = std::fs::read(&path).unwrap();
    let good = load(&path);
    for (row, tensor, sparse) in sparse_tensors(&good) {
        let starts = &sparse.indices[0];
        let Node::Stored(Stored { span, .. }) = starts.node else {
            unreachable!()
        };
        let item = starts.dtype.bytes() as usize;
        let last = starts.elements as usize - 1;
        let stored = sparse.indices[1].elements as i64;
        // The first line begins behind the first place, the last one ends before the last, one ends before it begins.
        for (at, value) in [(0, 1), (last, stored - 1), (last - 1, stored), (1, stored)] {
            let mut copy = bytes.clone();
            let from = span.offset as usize + at * item;
            if copy[from] == value as u8 {
                continue;
            }
            copy[from..from + item].copy_from_slice(&value.to_le_bytes()[..item]);
            std::fs::write(&damaged_path, copy).unwrap();
            let damaged = load(&damaged_path);
            // An inner start that still rises is another valid tensor, of other places: it differs from the good one.
            let rises = at > 0 && at < last && (at == last - 1 || last == 2);
            let both = readings(&good, &damaged, row);
            assert!(both[0].is_err(), "{} [{at}] = {value}", tensor.name);
            if !rises {
                let alone = readings(&damaged, &damaged, row);
                assert!(
                    alone.iter().all(Result::is_err),
                    "{} [{at}] = {value}",
                    tensor.name
                );
            }
        }
    }
}

/// The archive again, each entry changed as told.
fn repacked(path: &Path, target: &Path, mut change: impl FnMut(&str, Vec<u8>) -> Vec<u8>) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut writer = zip::ZipWriter::new(std::fs::File::create(target).unwrap());
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = entry.name().unwrap().into_owned();
        writer.start_file(&name, stored).unwrap();
        let content = change(&name, content);
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap();
}

fn replaced(content: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = content;
    while let Some(at) = rest.windows(from.len()).position(|part| part == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Indices that are floats, whole, fractional, infinite or NaN, and booleans: no guess is made at what they mean.
#[test]
fn indices_of_another_type_are_an_error() {
    let folder = Folder::new("sparse-types");
    let damaged_path: PathBuf = folder.0.join("damaged.pt");
    for file in ["sparse_coo.pt", "sparse_compressed.pt"] {
        let path = fixtures().join("torch").join(file);
        for value in [1.0, 0.5, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            repacked(&path, &damaged_path, |name, content| {
                if name.ends_with("data.pkl") {
                    return replaced(&content, b"LongStorage", b"DoubleStorage");
                }
                // Storages of 64-bit integers are those whose words are small; the values are f32.
                let words = content.as_chunks::<8>().0;
                let is_index = name.contains("/data/")
                    && content.len() % 8 == 0
                    && words.iter().all(|word| u64::from_le_bytes(*word) < 1 << 16);
                if !is_index {
                    return content;
                }
                words.iter().flat_map(|_| value.to_le_bytes()).collect()
            });
            let damaged = load(&damaged_path);
            let mut seen = 0;
            for (row, tensor, sparse) in sparse_tensors(&damaged) {
                if sparse.indices[0].dtype != DType::F64 {
                    continue;
                }
                seen += 1;
                for reading in readings(&damaged, &damaged, row) {
                    let label = format!("{file} {} {value}", tensor.name);
                    let error = reading.expect_err(&label);
                    assert_eq!(error.code(), Code::UnsupportedDtype, "{label}: {error}");
                    assert_eq!(error.tensor_name(), Some(&*tensor.name), "{label}");
                    assert!(error.to_string().contains("f64"), "{label}: {error}");
                }
            }
            assert!(seen >= 4, "{file}: {seen}");
        }
    }
}
