//! npz: a zip archive of arrays. Stored ones are read where they lie, deflated ones are inflated beside the comparison.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Arrays, Read, codepage, trailing_data};
use crate::error::{Code, Error, Kind, Result};
use crate::finding::{Finding, Severity};
use crate::format::inflate::{Inflated, Pool};
use crate::format::zip::{Archive, DEFLATED, Entry, STORED};
use crate::format::{Head, OpenOptions, Opened};
use crate::left_out::{LeftOut, LeftOutKind, LeftOutRole};
use crate::limits::Cap;
use crate::pickle::Area;
use crate::source::Source;
use crate::tensor::{Span, Tensor};

const SUFFIX: &str = ".npy";

/// Bytes of an archive that are inflated to find out why headers cannot be read: a second or two.
const CHECKED: u64 = 1 << 30;

/// A zip archive whose first entry is an array; `open_archive` looks at all of them.
pub(in crate::format) fn is_archive(head: &Head) -> bool {
    let length = head.start.get(26..28).and_then(<[u8]>::first_chunk);
    let length = length.map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)));
    let name = head.start.get(30..).unwrap_or_default();
    let name = name.get(..length).unwrap_or(name);
    head.starts_with(b"PK\x03\x04") && name.ends_with(SUFFIX.as_bytes())
}

pub(in crate::format) fn open_archive(
    source: &Arc<dyn Source>,
    index: u32,
    options: &OpenOptions,
) -> Result<Opened> {
    let area = Area {
        source: Arc::clone(source),
        index,
        start: 0,
        length: source.size(),
    };
    let mut arrays = Arrays::new(&options.limits, index + 1);
    let mut findings = Vec::new();
    let archive = Archive::open(&area, &options.limits, &mut findings);
    let archive = match archive {
        Ok(archive) => archive,
        Err(error) => return Err(error.at(source.path()).with_findings(findings)),
    };
    if archive
        .entries
        .iter()
        .any(|entry| entry.name.ends_with(b"/data.pkl"))
    {
        return crate::format::torch::open_zip(source, index, options);
    }
    arrays.context.meter.see(archive.directory_bytes);
    let names: Vec<String> = archive.entries.iter().map(name_of).collect();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    if counts.values().all(|count| *count == 1) {
        // Names that differ in case only are two names to numpy.
        findings.retain(|finding| finding.code != "ZipAnomalyDuplicate");
    }
    arrays.context.note_all(findings);
    let done = read_entries(&mut arrays, &archive, &names, &counts);
    if let Err(error) = done {
        return Err(error
            .at(source.path())
            .with_findings(arrays.into_findings()));
    }
    if arrays.tensors.is_empty() {
        return Err(
            Error::new(Code::NoTensors, "no array of numbers in the archive")
                .expected("entries whose names end in .npy")
                .at(source.path())
                .with_findings(arrays.into_findings()),
        );
    }
    Ok(arrays.into_opened())
}

/// Every entry that is an array. One that cannot be read is a tensor with its error.
fn read_entries(
    arrays: &mut Arrays,
    archive: &Archive,
    names: &[String],
    counts: &HashMap<&str, u32>,
) -> Result<()> {
    let pool = Pool::new(
        arrays
            .context
            .limits
            .of(Cap::InflatedBytes, archive.directory_bytes),
    );
    let mut others = 0u64;
    let mut first_other = None;
    let mut refused: Vec<&str> = Vec::new();
    let mut unchecked = CHECKED;
    for (number, (entry, full)) in archive.entries.iter().zip(names).enumerate() {
        let Some(name) = full.strip_suffix(SUFFIX) else {
            if !full.ends_with('/') {
                others += 1;
                first_other.get_or_insert(full);
                leave_out(arrays, archive, entry, (full, number as u32), &pool)?;
            }
            continue;
        };
        let twice = counts.get(full.as_str()).is_some_and(|count| *count > 1);
        if twice && refused.contains(&full.as_str()) {
            continue;
        }
        let before = arrays.tensors.len();
        let read = if twice {
            refused.push(full);
            Err(
                Error::new(Code::ZipDuplicate, "archive has two arrays of this name")
                    .hint("programs differ in which one they read; do not trust the file"),
            )
        } else {
            content(arrays, archive, entry, number as u32, &pool).and_then(|area| {
                let added = arrays.add(name, &area);
                match added.map_err(|e| damage_or(e, entry, &area, &mut unchecked))? {
                    Read::Numbers { trailing } if trailing > 0 => {
                        arrays.note(trailing_data(trailing, &area));
                    }
                    Read::Objects if arrays.tensors.len() == before => {
                        leave_out(arrays, archive, entry, (full, number as u32), &pool)?;
                    }
                    Read::Numbers { .. } | Read::Objects => {}
                }
                Ok(())
            })
        };
        if let Err(error) = read {
            if error.kind() == Kind::Limit && error.code() != Code::HeaderTooLarge {
                return Err(error);
            }
            arrays.tensors.truncate(before);
            let error = explain(error, entry).entry(full).tensor(name);
            arrays.context.meter.debit(1024 + 3 * name.len() as u64)?;
            arrays.tensors.push(Tensor::broken(
                name.to_owned(),
                "unknown",
                Vec::new(),
                entry.size,
                error,
            ));
        }
    }
    if let Some(first) = first_other {
        let could_be_weights = |one: &LeftOut| one.role == LeftOutRole::Weights;
        let severity = if arrays.left_out.iter().any(could_be_weights) {
            Severity::Warning
        } else {
            Severity::Info
        };
        arrays.note(Finding::new(
            "EntryIsNoArray",
            severity,
            format!(
                "left out of the archive: {} without an array, the first is {first:?}",
                if others == 1 {
                    "1 entry".to_owned()
                } else {
                    format!("{others} entries")
                }
            ),
        ));
    }
    Ok(())
}

/// Names an entry of which nothing is a tensor.
fn leave_out(
    arrays: &mut Arrays,
    archive: &Archive,
    entry: &Entry,
    (name, number): (&str, u32),
    pool: &Arc<Pool>,
) -> Result<()> {
    let Ok(area) = content(arrays, archive, entry, number, pool) else {
        return Ok(());
    };
    if area.length == 0 {
        return Ok(());
    }
    arrays.context.meter.debit(256 + 2 * name.len() as u64)?;
    let extension = name.rsplit('.').next().unwrap_or_default();
    let is_text = matches!(
        extension,
        "txt" | "md" | "json" | "py" | "yaml" | "yml" | "csv"
    );
    arrays.left_out.push(LeftOut {
        kind: LeftOutKind::Record,
        role: if is_text {
            LeftOutRole::State
        } else {
            LeftOutRole::Weights
        },
        name: name.to_owned(),
        bytes: area.length,
        path: area.source.path().to_path_buf(),
        spans: vec![Span {
            source: area.index,
            offset: area.start,
            bytes: area.length,
        }],
    });
    Ok(())
}

/// The bytes of an array's file.
fn content(
    arrays: &mut Arrays,
    archive: &Archive,
    entry: &Entry,
    number: u32,
    pool: &Arc<Pool>,
) -> Result<Area> {
    let payload = archive.payload(entry)?;
    match entry.method {
        STORED => Ok(payload),
        DEFLATED => {
            let source: Arc<dyn Source> = Arc::new(Inflated::new(payload, entry, number, pool));
            Ok(Area {
                index: arrays.add_source(Arc::clone(&source)),
                source,
                start: 0,
                length: entry.size,
            })
        }
        method => Err(Error::new(
            Code::ZipMethod,
            "compression method of a zip entry is not known here",
        )
        .expected("0 (stored) or 8 (deflated)")
        .found(method)
        .hint("unpack the archive and pack it again without compression")),
    }
}

/// The damage of a deflated record whose header cannot be read, where there is some: its checksum, at its end, tells.
fn damage_or(error: Error, entry: &Entry, area: &Area, unchecked: &mut u64) -> Error {
    if entry.method != DEFLATED || error.kind() != Kind::Format {
        return error;
    }
    let (Some(left), Some(last)) = (
        unchecked.checked_sub(area.length),
        area.length.checked_sub(1),
    ) else {
        return error;
    };
    *unchecked = left;
    match area.source.read_exact(area.start + last, &mut [0]) {
        Err(damage) if damage.code() == Code::InflateError => damage,
        _ => error,
    }
}

/// What is encrypted is read as it is; that it is not readable has this reason then.
fn explain(error: Error, entry: &Entry) -> Error {
    if entry.is_encrypted() && error.kind() == Kind::Format {
        return Error::new(Code::ZipEncrypted, "zip entry is encrypted")
            .hint("unpack the archive with its password and compare what was in it");
    }
    error
}

/// As Python's zipfile reads names: UTF-8 where a flag says so, else code page 437.
fn name_of(entry: &Entry) -> String {
    if entry.has_utf8_name() {
        return entry.name().into_owned();
    }
    codepage::decode(&entry.name)
}
