//! Deflated records that are damaged: of npz and of torch's zips, under tensors that lie in order and under views that are read out of
//! order. Each is told for what it is, with file, entry, tensor and place; none is told as a limit, and none compares as equal.

mod common;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{Folder, fixtures};
use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan};
use diff_core::format::{OpenOptions, open};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::tensor::{Node, Stored};
use diff_core::{Code, Error, Kind};

/// What a directory says of one entry, and what lies in it.
struct Record {
    name: String,
    payload: Vec<u8>,
    crc: u32,
    size: u32,
}

/// A zip of deflated records whose directory may lie.
fn write_zip(path: &Path, records: &[Record]) {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for record in records {
        let header = file.len() as u32;
        let mut fields = vec![20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0];
        fields.extend(record.crc.to_le_bytes());
        fields.extend((record.payload.len() as u32).to_le_bytes());
        fields.extend(record.size.to_le_bytes());
        fields.extend((record.name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend(&fields);
        file.extend(record.name.as_bytes());
        file.extend(&record.payload);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&fields);
        directory.extend([0; 10]);
        directory.extend(header.to_le_bytes());
        directory.extend(record.name.as_bytes());
    }
    let at = file.len() as u32;
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((records.len() as u16).to_le_bytes());
    file.extend((records.len() as u16).to_le_bytes());
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(at.to_le_bytes());
    file.extend([0, 0]);
    std::fs::write(path, file).unwrap();
}

/// The entries of an archive that torch or numpy wrote, deflated.
fn deflated(path: &Path) -> Vec<Record> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let read = |at| {
        let mut content = Vec::new();
        let mut entry = archive.by_index(at).unwrap();
        entry.read_to_end(&mut content).unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(&content);
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&content).unwrap();
        Record {
            name: entry.name().unwrap().into_owned(),
            payload: encoder.finish().unwrap(),
            crc: crc.sum(),
            size: content.len() as u32,
        }
    };
    (0..zip::ZipArchive::new(std::fs::File::open(path).unwrap())
        .unwrap()
        .len())
        .map(read)
        .collect()
}

/// As much as comes out of a record.
fn content(record: &Record) -> Vec<u8> {
    let mut out = vec![0; record.size as usize];
    let mut state = flate2::Decompress::new(false);
    let _ = state.decompress(&record.payload, &mut out, flate2::FlushDecompress::None);
    out
}

fn load(path: &Path) -> Arc<Checkpoint> {
    Arc::new(open(path, &OpenOptions::default()).unwrap())
}

fn compare(
    old: &Arc<Checkpoint>,
    new: &Arc<Checkpoint>,
    (row, new_row): (usize, usize),
) -> Result<u64, Error> {
    let item = Item {
        old: Some(Input::whole(0, row, &old.tensors[row])),
        new: Some(Input::whole(1, new_row, &new.tensors[new_row])),
    };
    let plan = Plan::new(vec![Arc::clone(old), Arc::clone(new)], vec![item])?;
    let options = Options {
        threads: 2,
        method: Method::default(),
        histogram: Histogram::None,
    };
    let outcome = engine::run(&plan, options, &Observer::default()).unwrap();
    outcome
        .pairs
        .into_iter()
        .next()
        .unwrap()
        .map(|pair| pair.bit_changed)
}

/// A way to damage a record, and what is said of it.
struct Damage {
    name: &'static str,
    apply: fn(&mut Record),
    says: &'static [&'static str],
}

const DAMAGES: [Damage; 6] = [
    Damage {
        name: "cut in the middle",
        apply: |record| record.payload.truncate(record.payload.len() / 2),
        says: &["is cut off"],
    },
    Damage {
        name: "its last byte gone",
        apply: |record| record.payload.truncate(record.payload.len() - 1),
        says: &["is cut off"],
    },
    Damage {
        name: "no deflate stream",
        apply: |record| record.payload[0] |= 6,
        says: &["no deflate stream"],
    },
    Damage {
        name: "zeros",
        apply: |record| record.payload.fill(0),
        says: &["no deflate stream"],
    },
    Damage {
        name: "another checksum",
        apply: |record| record.crc ^= 0x10,
        says: &["checksum"],
    },
    // What follows a flipped bit is anything; only that it is found counts.
    Damage {
        name: "a flipped bit",
        apply: |record| {
            let middle = record.payload.len() / 2;
            record.payload[middle] ^= 4;
        },
        says: &["damaged"],
    },
];

fn sources() -> [(PathBuf, &'static str); 3] {
    [
        (fixtures().join("numpy/savez_compressed.npz"), "fortran"),
        (fixtures().join("torch/views.pt"), ""),
        (fixtures().join("torch/basic.pt"), ""),
    ]
}

/// Whether an error says that its tensor or file is damaged, and where.
fn check_error(error: &Error, says: &[&str], label: &str) {
    let text = error.to_string();
    assert_eq!(error.code(), Code::InflateError, "{label}: {text}");
    assert!(
        says.iter().any(|part| text.contains(part)),
        "{label}: {text}"
    );
    assert!(error.path().is_some(), "{label}: {text}");
    assert!(text.contains("entry "), "{label}: {text}");
    assert!(error.byte_offset().is_some(), "{label}: {text}");
    let hint = error.hint_text().unwrap();
    assert!(!hint.contains("raise"), "{label}: {hint}");
}

#[test]
fn damage_is_told_for_what_it_is() {
    let folder = Folder::new("damaged-records");
    let (good_path, damaged_path) = (folder.0.join("good.zip"), folder.0.join("damaged.zip"));
    let (mut in_order, mut out_of_order, mut in_header) = (0, 0, 0);
    for (path, strided) in sources() {
        write_zip(&good_path, &deflated(&path));
        let good = load(&good_path);
        assert!(strided.is_empty() || good.tensors.iter().any(|t| t.name == strided));
        for number in 0..deflated(&path).len() {
            for damage in &DAMAGES {
                let mut records = deflated(&path);
                (damage.apply)(&mut records[number]);
                let entry = records[number].name.clone();
                write_zip(&damaged_path, &records);
                let label = format!("{}, {entry}, {}", path.display(), damage.name);
                // The pickle itself may be what is damaged, and the first bytes of an array.
                let Ok(damaged) = open(&damaged_path, &OpenOptions::default()) else {
                    assert!(!entry.contains("data/"), "{label}");
                    continue;
                };
                let damaged = Arc::new(damaged);
                for (row, tensor) in damaged.tensors.iter().enumerate() {
                    let same = |t: &&diff_core::tensor::Tensor| t.name == tensor.name;
                    let Some(good_row) = good.tensors.iter().position(|t| same(&t)) else {
                        panic!("{label}: {}", tensor.name);
                    };
                    if let Some(error) = tensor.error() {
                        // The damage may reach the header of an array, which is then none.
                        check_error(error, damage.says, &label);
                        in_header += 1;
                        continue;
                    }
                    let result = compare(&good, &damaged, (good_row, row));
                    let Err(error) = result else {
                        // A tensor of another record, or one that does not reach the damage.
                        continue;
                    };
                    assert_ne!(
                        error.kind(),
                        Kind::Limit,
                        "{label}, {}: {error}",
                        tensor.name
                    );
                    let label = format!("{label}, {}", tensor.name);
                    check_error(&error, damage.says, &label);
                    assert_eq!(error.tensor_name(), Some(&*tensor.name), "{label}");
                    match tensor.node {
                        Node::Stored(Stored {
                            strides: Some(_), ..
                        }) => out_of_order += 1,
                        _ => in_order += 1,
                    }
                }
            }
        }
    }
    assert!(
        in_order >= 10 && out_of_order >= 10 && in_header >= 10,
        "{in_order} {out_of_order} {in_header}"
    );
}

/// Bits of every record, flipped: what is not the content that was packed never compares as equal to it.
#[test]
fn damage_never_compares_as_equal() {
    let folder = Folder::new("damaged-equal");
    let (good_path, damaged_path) = (folder.0.join("good.zip"), folder.0.join("damaged.zip"));
    for path in [
        fixtures().join("torch/basic.pt"),
        fixtures().join("numpy/savez_compressed.npz"),
    ] {
        write_zip(&good_path, &deflated(&path));
        let good = load(&good_path);
        let count = deflated(&path).len();
        for number in 0..count {
            let length = deflated(&path)[number].payload.len();
            // Every third bit is every bit of some byte, and a third of the time.
            for bit in (0..length * 8).step_by(3) {
                let mut records = deflated(&path);
                records[number].payload[bit / 8] ^= 1 << (bit % 8);
                let entry = records[number].name.clone();
                write_zip(&damaged_path, &records);
                let Ok(damaged) = open(&damaged_path, &OpenOptions::default()) else {
                    continue;
                };
                let damaged = Arc::new(damaged);
                for (row, tensor) in damaged.tensors.iter().enumerate() {
                    let stem = entry.trim_end_matches(".npy");
                    let of_record =
                        path.extension().is_some_and(|e| e == "npz") && tensor.name == stem;
                    let key = entry.rsplit('/').next().unwrap();
                    let of_storage =
                        entry.contains("/data/") && (key == "0") == (tensor.name == "a");
                    if tensor.elements == 0 || !of_record && !of_storage {
                        continue;
                    }
                    let good_row = good
                        .tensors
                        .iter()
                        .position(|t| t.name == tensor.name)
                        .unwrap();
                    let result = compare(&good, &damaged, (good_row, row));
                    // Some bits are no content: that the block is the last one, and what fills up the last byte.
                    let is_same = content(&records[number]) == content(&deflated(&path)[number]);
                    assert!(
                        !matches!(result, Ok(0)) || is_same,
                        "{entry} bit {bit} {}: {result:?}",
                        tensor.name
                    );
                }
            }
        }
    }
}

/// The directory's size of a record is wrong: less is an error of its own, and never advice to raise a limit.
#[test]
fn a_wrong_size_is_no_limit() {
    let folder = Folder::new("damaged-size");
    let damaged_path = folder.0.join("damaged.zip");
    for (path, _) in sources() {
        let count = deflated(&path).len();
        for number in 0..count {
            for change in [-8i64, 8] {
                let mut records = deflated(&path);
                let size = i64::from(records[number].size) + change;
                records[number].size = size.max(1) as u32;
                let entry = records[number].name.clone();
                write_zip(&damaged_path, &records);
                let opened = open(&damaged_path, &OpenOptions::default());
                let Ok(damaged) = opened else {
                    let error = opened.unwrap_err();
                    assert_eq!(error.kind(), Kind::Format, "{entry} {change}: {error}");
                    continue;
                };
                let damaged = Arc::new(damaged);
                for row in 0..damaged.tensors.len() {
                    if let Err(error) = compare(&damaged, &damaged, (row, row)) {
                        let at = format!("{entry} {change}: {error}");
                        assert!(
                            matches!(error.kind(), Kind::Format | Kind::Unsupported),
                            "{at}"
                        );
                    }
                }
            }
        }
    }
}
