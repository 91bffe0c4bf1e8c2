//! Nothing in a file is left out in silence: every byte of a storage, of an archive's entry and of an array is part of a
//! listed tensor or named as left out.
//!
//! What is counted. Of torch's zip files and of npz: every entry that is not empty, but for the frame that is read when the
//! archive is opened (`data.pkl`, `constants.pkl`, `version`, `byteorder`, `.data/`, `.format_version`,
//! `.storage_alignment`): the whole entry counts as listed when a tensor lies in it, as a view may be a part of its storage.
//! Of a stored entry the position tells; of a deflated one, and of an array of objects, the source that was made of it. Of
//! npy: the data behind the header. Legacy files and plain pickles have no directory to hold this against; there the bytes
//! that nothing reaches are named too, which `object_fixtures` tests.

use std::collections::BTreeMap;
use std::path::Path;

use diff_core::checkpoint::Checkpoint;
use diff_core::format::{OpenOptions, open};
use diff_core::tensor::Span;

mod common;

/// Files whose entries are not all accounted for, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "dtensor.pt",
        "a part of a tensor is a row with an error and has no place; a mesh is no tensor of the model",
    ),
    ("dtensor_sharded.pt", "the same"),
    ("dtensor_replicated.pt", "the same"),
    ("world_of_one.pt", "the same"),
    ("fsdp2.pt", "the same"),
    ("sharded_tensor.pt", "the same"),
    (
        "savez.npz",
        "an array without elements is a header and nothing else",
    ),
];

const FRAME: &[&str] = &[
    "data.pkl",
    "constants.pkl",
    "version",
    "byteorder",
    ".format_version",
    ".storage_alignment",
];

/// What an archive's entries must come to, and what they did: bytes listed and bytes named.
fn check_archive(path: &Path, checkpoint: &Checkpoint) -> Result<u64, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| e.to_string())?;
    let mut listed = Vec::new();
    for tensor in &checkpoint.tensors {
        listed.extend(tensor.node.spans());
    }
    let named: Vec<Span> = checkpoint
        .left_out
        .iter()
        .flat_map(|one| one.spans.iter().copied())
        .collect();
    let sum: u64 = checkpoint.left_out.iter().map(|one| one.bytes).sum();
    if sum != named.iter().map(|span| span.bytes).sum::<u64>() {
        return Err("bytes of what is left out are not those of its spans".to_owned());
    }
    let mut total = 0;
    // Deflated entries by size: each has a source of its own.
    let mut inflated: BTreeMap<u64, u64> = BTreeMap::new();
    for number in 0..archive.len() {
        let entry = archive.by_index_raw(number).map_err(|e| e.to_string())?;
        let name = entry.name().map_err(|e| e.to_string())?.into_owned();
        let name = name.split_once('/').map_or(&*name, |(_, rest)| rest);
        let is_frame = FRAME.contains(&name) || name.starts_with(".data/");
        if entry.is_dir() || entry.size() == 0 || is_frame {
            continue;
        }
        total += entry.size();
        if entry.compression() != zip::CompressionMethod::Stored {
            *inflated.entry(entry.size()).or_default() += 1;
            continue;
        }
        let start = entry.data_start().unwrap_or_default();
        let range = start..start + entry.size();
        let holds =
            |span: &&Span| span.source == 0 && range.contains(&span.offset) && span.bytes > 0;
        let is_listed = listed.iter().any(|span| holds(&span));
        let is_named = named.iter().any(|span| holds(&span));
        // Values that were decoded from the pickle of an object array, or fields of structures.
        let is_array = Path::new(name).extension().is_some_and(|end| end == "npy");
        let is_derived = is_array && checkpoint.sources.len() > 1;
        if is_listed == is_named && !is_derived {
            return Err(format!(
                "entry {name}: listed {is_listed}, named {is_named}"
            ));
        }
    }
    for (size, count) in inflated {
        let sources = checkpoint.sources.iter().skip(1);
        let made = sources.filter(|source| source.size() == size).count() as u64;
        if made < count {
            return Err(format!(
                "{count} deflated entries of {size} bytes, {made} read or named"
            ));
        }
    }
    Ok(total)
}

#[test]
fn every_byte_is_listed_or_named() {
    let mut failures = Vec::new();
    let mut archives = 0;
    let mut bytes = 0;
    for folder in ["torch", "numpy", "complex", "metrics", "objects"] {
        for entry in std::fs::read_dir(common::fixtures().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let start = std::fs::read(&path).unwrap();
            // Files by hand that are meant to be wrong.
            let is_broken = name.starts_with("bad_") || name.starts_with("bomb_");
            if !start.starts_with(b"PK\x03\x04") || is_broken {
                continue;
            }
            let Ok(checkpoint) = open(&path, &OpenOptions::default()) else {
                continue;
            };
            archives += 1;
            let outcome = check_archive(&path, &checkpoint);
            let excepted = EXCEPTIONS.iter().any(|(file, _)| *file == name);
            match outcome {
                Ok(_) if excepted => failures.push(format!("{name}: is no exception")),
                Ok(count) => bytes += count,
                Err(_) if excepted => {}
                Err(error) => failures.push(format!("{name}: {error}")),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(
        archives > 120 && bytes > 20_000,
        "{archives} archives, {bytes} bytes"
    );
}
