//! torch's zip files, archives of scripts among them.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::Reading;
use super::records::{Records, ZipRecords, bad_method};
use crate::error::{Code, Error, Result, counted};
use crate::format::inflate::{self, Pool};
use crate::format::zip::{Archive, DEFLATED, Entry, STORED};
use crate::limits::Cap;
use crate::pickle::Area;

/// Versions of the container that torch reads.
const VERSIONS: std::ops::RangeInclusive<u64> = 1..=10;

/// What an archive turned out to hold.
pub(super) struct Read {
    pub(super) document: usize,
    /// A script keeps the tensors of its code apart.
    pub(super) constants: Option<usize>,
}

/// Reads an archive that is torch's.
///
/// # Errors
/// `UnsupportedFormat` for other archives, and whatever is wrong with it.
pub(super) fn read(reading: &mut Reading, area: &Area, depth: u64) -> Result<Read> {
    let mut findings = Vec::new();
    let archive = Archive::open(area, &reading.context.limits, &mut findings);
    reading.context.note_all(findings);
    let archive = Arc::new(archive?);
    reading.context.meter.see(archive.directory_bytes);
    let place = |e: Error| e.at(area.source.path());

    // Without a folder: torch does not read that, but a scanner must.
    let mut prefix = archive.prefix().unwrap_or_default().to_vec();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let name = |tail: &str| {
        let mut name = prefix.clone();
        name.extend_from_slice(tail.as_bytes());
        name
    };
    let Some(data) = archive.find(&name("data.pkl"))? else {
        return Err(other_archive(&archive).at(area.source.path()));
    };
    check_version(reading, &archive, &[name("version"), name(".data/version")]).map_err(place)?;
    let big_endian = is_big_endian(reading, &archive, &name("byteorder")).map_err(place)?;
    let pool = Pool::new(reading.context.limits.of(Cap::InflatedBytes, area.length));
    let records = |folder: &str| {
        Records::Zip(ZipRecords {
            archive: Arc::clone(&archive),
            folder: name(folder),
            big_endian,
            pool: Arc::clone(&pool),
            spans: HashMap::new(),
        })
    };
    let document = read_entry(reading, &archive, data, records("data/"), depth)?;
    let constants = match archive.find(&name("constants.pkl"))? {
        Some(entry) => Some(read_entry(
            reading,
            &archive,
            entry,
            records("constants/"),
            depth,
        )?),
        None => None,
    };
    Ok(Read {
        document,
        constants,
    })
}

fn read_entry(
    reading: &mut Reading,
    archive: &Archive,
    entry: &Entry,
    records: Records,
    depth: u64,
) -> Result<usize> {
    let area = content(reading, archive, entry)?;
    if entry.method == DEFLATED {
        // Pickles compress well, but not without end: a bomb buys no memory.
        let counted = entry.stored.saturating_mul(16);
        reading.context.meter.allow(Some(counted));
    }
    let done = reading.read_pickle(&area, records, depth);
    reading.context.meter.allow(None);
    done.map_err(|error| {
        let error = error.entry(&entry.name());
        if entry.is_encrypted() && error.kind() == crate::error::Kind::Format {
            return Error::new(Code::ZipEncrypted, "zip entry is encrypted")
                .at(area.source.path())
                .entry(&entry.name())
                .hint("unpack the archive with its password and compare what was in it");
        }
        error
    })
}

/// The content of a pickle's entry: where it lies, or inflated.
fn content(reading: &mut Reading, archive: &Archive, entry: &Entry) -> Result<Area> {
    let payload = archive.payload(entry)?;
    let place = |e: Error| e.at(payload.source.path()).entry(&entry.name());
    let limits = reading.context.limits.clone();
    limits
        .check(
            Cap::PickleBytes,
            0,
            entry.size.max(entry.stored),
            "pickle in a zip archive, in bytes,",
        )
        .map_err(place)?;
    match entry.method {
        STORED => {
            check_crc(reading, &payload, entry)?;
            Ok(payload)
        }
        DEFLATED => {
            limits
                .check(
                    Cap::PickleInflated,
                    entry.stored,
                    entry.size,
                    "inflated pickle, in bytes,",
                )
                .map_err(place)?;
            let mut findings = Vec::new();
            let bytes = inflate::whole(&payload, entry, &mut findings)?;
            reading.context.note_all(findings);
            let label = archive_label(&payload);
            Ok(reading.memory_area(&label, bytes))
        }
        method => Err(place(bad_method(method))),
    }
}

fn archive_label(payload: &Area) -> std::path::PathBuf {
    payload.source.path().to_path_buf()
}

/// Pickles are small: their checksum is looked at, though torch does not do so.
fn check_crc(reading: &mut Reading, payload: &Area, entry: &Entry) -> Result<()> {
    const STEP: u64 = 1 << 16;
    let mut crc = flate2::Crc::new();
    let mut at = 0;
    while at < payload.length {
        let count = STEP.min(payload.length - at);
        crc.update(&payload.read(at, count)?);
        at += count;
    }
    if crc.sum() != entry.crc {
        reading.context.note(inflate::crc_finding(payload, entry));
    }
    Ok(())
}

/// A record of a few bytes of text.
fn small_record(reading: &mut Reading, archive: &Archive, name: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(entry) = archive.find(name)? else {
        return Ok(None);
    };
    if entry.size > 64 {
        return Err(Error::new(Code::InvalidHeader, "record is too long")
            .expected("at most 64 bytes")
            .found(counted(entry.size, "byte"))
            .entry(&entry.name()));
    }
    let payload = archive.payload(entry)?;
    if entry.method == DEFLATED {
        let mut findings = Vec::new();
        let bytes = inflate::whole(&payload, entry, &mut findings)?;
        reading.context.note_all(findings);
        return Ok(Some(bytes));
    }
    payload.read(0, payload.length.min(64)).map(Some)
}

fn check_version(reading: &mut Reading, archive: &Archive, names: &[Vec<u8>]) -> Result<()> {
    for name in names {
        let Some(bytes) = small_record(reading, archive, name)? else {
            continue;
        };
        let version = std::str::from_utf8(bytes.trim_ascii())
            .ok()
            .and_then(|text| text.parse::<u64>().ok());
        if version.is_none_or(|version| !VERSIONS.contains(&version)) {
            return Err(Error::new(
                Code::UnsupportedVersion,
                "version of the torch archive is not known here",
            )
            .expected(format!("{} to {}", VERSIONS.start(), VERSIONS.end()))
            .found(format!("{:?}", String::from_utf8_lossy(&bytes)))
            .entry(&String::from_utf8_lossy(name)));
        }
    }
    Ok(())
}

fn is_big_endian(reading: &mut Reading, archive: &Archive, name: &[u8]) -> Result<bool> {
    match small_record(reading, archive, name)?.as_deref() {
        None | Some(b"little") => Ok(false),
        Some(b"big") => Ok(true),
        Some(other) => Err(Error::new(
            Code::InvalidHeader,
            "byte order of the torch archive is not known",
        )
        .expected("little or big")
        .found(format!("{:?}", String::from_utf8_lossy(other)))
        .entry(&String::from_utf8_lossy(name))),
    }
}

/// What another zip archive is, by its entries.
fn other_archive(archive: &Archive) -> Error {
    let has = |suffix: &[u8]| {
        archive
            .entries
            .iter()
            .any(|entry| entry.name.ends_with(suffix))
    };
    let all = |suffix: &[u8]| {
        !archive.entries.is_empty()
            && archive
                .entries
                .iter()
                .all(|entry| entry.name.ends_with(suffix))
    };
    let unsupported = |what: &str| {
        Error::new(
            Code::UnsupportedFormat,
            format!("{what}, which this version does not read"),
        )
    };
    if has(b"model.weights.h5") {
        unsupported("Keras archive")
            .hint("load it in Keras and save the weights with `safetensors.numpy.save_file`")
    } else if all(b".npy") {
        unsupported("NumPy archive").hint("convert it with `safetensors.numpy.save_file`")
    } else if has(b"model_index.json") {
        unsupported("DDUF archive (diffusers)").hint("unpack it and compare the folders in it")
    } else if has(b"archive_format") {
        unsupported("archive of torch.export").hint("compare the state dict that it was made from")
    } else if has(b".data/extern_modules") {
        unsupported("archive of torch.package").hint(
            "load its pickle with torch.package.PackageImporter(…).load_pickle and save the model's state_dict() with torch.save",
        )
    } else if has(b"model.json") {
        unsupported("TorchScript archive of before PyTorch 1.2")
            .hint("load it with torch.jit.load and save it again")
    } else if archive.entries.is_empty() {
        Error::new(Code::NoTensors, "empty zip archive")
            .hint("it holds nothing; save the checkpoint again")
    } else {
        Error::new(
            Code::UnsupportedArchive,
            "zip archive that is no PyTorch file",
        )
        .expected("an entry data.pkl in the archive's folder")
        .found(
            archive
                .entries
                .first()
                .map(|entry| format!("{:?} as its first entry", entry.name()))
                .unwrap_or_default(),
        )
        .hint("if there are checkpoints in it, unpack it first")
    }
}
