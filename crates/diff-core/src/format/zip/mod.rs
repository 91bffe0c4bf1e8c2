//! The directory of a zip archive, walked here: readers of zips disagree about broken ones, and what torch
//! accepts (and scanners stumble over) must be accepted, seen and said.
//!
//! The central directory counts, as it does for torch. Local headers are held against it.

mod notes;
mod read;

use self::notes::Notes;
use self::read::{End, find_end, infer_payload, read_directory, read_local_header};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::limits::{Cap, Limits};
use crate::pickle::Area;

/// Bytes that may lie behind a payload: a data descriptor, the long form.
const DESCRIPTOR_BYTES: u64 = 24;

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
const FLAG_ENCRYPTED: u16 = 1;
/// Encrypted, patched data, strongly encrypted.
const FLAGS_ODD: u16 = 0x61;
const FLAG_DESCRIPTOR: u16 = 8;
const FLAG_UTF8: u16 = 0x800;

/// One entry. Positions count from the start of the archive's area.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Box<[u8]>,
    flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    /// Bytes of the payload as it lies in the file.
    pub(super) stored: u64,
    /// Bytes of the content.
    pub(super) size: u64,
    header: u64,
    /// Where the payload begins; none when there is no local header where the directory says.
    data: Option<u64>,
}

impl Entry {
    pub(super) fn name(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & FLAG_ENCRYPTED != 0
    }

    pub(super) fn has_utf8_name(&self) -> bool {
        self.flags & FLAG_UTF8 != 0
    }
}

/// An archive's directory.
#[derive(Debug)]
pub(super) struct Archive {
    area: Area,
    /// In the order of the directory.
    pub(super) entries: Vec<Entry>,
    /// Numbers of entries in the order of their names, upper and lower case as one.
    by_name: Vec<u32>,
    pub(super) directory_bytes: u64,
}

impl Archive {
    /// Reads the directory and every local header. Anomalies go to `findings`, also when this fails.
    pub(super) fn open(area: &Area, limits: &Limits, findings: &mut Vec<Finding>) -> Result<Self> {
        let mut notes = Notes {
            area,
            findings,
            counts: Vec::new(),
        };
        let end = find_end(area, &mut notes)?;
        let place = |e: Error| e.at(area.source.path());
        limits
            .check(
                Cap::ZipDirectory,
                0,
                end.directory_bytes,
                "zip directory, in bytes,",
            )
            .and_then(|()| limits.check(Cap::ZipEntries, 0, end.count, "number of zip entries"))
            .map_err(place)?;
        let entries = read_directory(area, &end, &mut notes)?;
        let mut archive = Self {
            area: area.clone(),
            by_name: sorted_by_name(&entries),
            entries,
            directory_bytes: end.directory_bytes,
        };
        archive.note_equal_names(&mut notes);
        archive.read_local_headers(&end, &mut notes)?;
        notes.finish();
        Ok(archive)
    }

    /// The entry of this name. torch looks names up without regard to case, and so does this.
    ///
    /// # Errors
    /// `ZipDuplicate` when there are two: which one torch reads is not defined.
    pub(super) fn find(&self, name: &[u8]) -> Result<Option<&Entry>> {
        let compare = |number: &u32| {
            self.entries
                .get(*number as usize)
                .map_or(std::cmp::Ordering::Less, |entry| {
                    compare_names(&entry.name, name)
                })
        };
        let from = self.by_name.partition_point(|n| compare(n).is_lt());
        let mut equal = self
            .by_name
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|n| compare(n).is_eq());
        let Some(first) = equal.next() else {
            return Ok(None);
        };
        if equal.next().is_some() {
            return Err(Error::new(
                Code::ZipDuplicate,
                "zip archive has two entries of the name that is to be read",
            )
            .at(self.area.source.path())
            .entry(&String::from_utf8_lossy(name))
            .hint("programs differ in which one they read; do not trust the file"));
        }
        Ok(self.entries.get(*first as usize))
    }

    /// The payload of an entry as it lies in the file.
    ///
    /// # Errors
    /// `ZipBadSignature` without a local header, `UnexpectedEof` outside the file.
    pub(super) fn payload(&self, entry: &Entry) -> Result<Area> {
        let place = |e: Error| e.at(self.area.source.path()).entry(&entry.name());
        let Some(data) = entry.data else {
            return Err(place(
                Error::new(
                    Code::ZipBadSignature,
                    "zip directory points to something that is no entry",
                )
                .offset(self.area.start + entry.header)
                .hint("the archive is damaged; fetch or save it again"),
            ));
        };
        self.area.part(data, entry.stored).map_err(place)
    }

    /// Text before the first `/` of the first entry: torch's name of the archive.
    pub(super) fn prefix(&self) -> Option<&[u8]> {
        let first = self.entries.first()?;
        let slash = first.name.iter().position(|byte| *byte == b'/')?;
        first.name.get(..slash)
    }

    fn note_equal_names(&self, notes: &mut Notes) {
        for pair in self.by_name.windows(2) {
            let [Some(one), Some(two)] =
                [pair.first(), pair.last()].map(|n| n.and_then(|n| self.entries.get(*n as usize)))
            else {
                continue;
            };
            if compare_names(&one.name, &two.name).is_ne() {
                continue;
            }
            let (code, what) = if one.name == two.name {
                ("ZipAnomalyDuplicate", "two entries of one name")
            } else {
                (
                    "ZipAnomalyDuplicate",
                    "two entries whose names differ in case only",
                )
            };
            notes.add(code, Severity::Critical, two.header, || {
                format!("zip archive has {what}: {:?}", one.name())
            });
        }
    }

    /// Learns where the payloads are, in the order of the file.
    fn read_local_headers(&mut self, end: &End, notes: &mut Notes) -> Result<()> {
        let mut order: Vec<u32> = (0..self.entries.len() as u32).collect();
        order.sort_by_key(|n| self.entries.get(*n as usize).map(|entry| entry.header));
        let mut behind: Vec<u64> = order
            .iter()
            .skip(1)
            .filter_map(|n| self.entries.get(*n as usize).map(|entry| entry.header))
            .collect();
        behind.push(end.directory);
        let mut last_end = 0;
        let mut first = true;
        for (number, next) in order.into_iter().zip(behind) {
            let Some(entry) = self.entries.get_mut(number as usize) else {
                continue;
            };
            if first && entry.header > 0 {
                notes.add("ZipAnomalyDataBefore", Severity::Warning, 0, || {
                    format!("{} before the first entry", counted(entry.header, "byte"))
                });
            } else if entry.header < last_end {
                notes.add(
                    "ZipAnomalyOverlap",
                    Severity::Critical,
                    entry.header,
                    || format!("zip entry {:?} overlaps the one before it", entry.name()),
                );
            } else if !first && entry.header > last_end.saturating_add(DESCRIPTOR_BYTES) {
                let gap = entry.header - last_end;
                notes.add("ZipAnomalyDataBetween", Severity::Warning, last_end, || {
                    format!("{} between two entries, of neither", counted(gap, "byte"))
                });
            }
            first = false;
            // Local headers lie all over the file, and each would be a request.
            if self.area.source.is_remote() {
                entry.data = infer_payload(&self.area, entry, next);
            }
            if entry.data.is_none() {
                read_local_header(&self.area, entry, notes)?;
            }
            if let Some(data) = entry.data {
                last_end = last_end.max(data.saturating_add(entry.stored));
            }
        }
        if !first && end.directory > last_end.saturating_add(DESCRIPTOR_BYTES) {
            notes.add("ZipAnomalyDataBetween", Severity::Warning, last_end, || {
                format!(
                    "{} between the last entry and the directory, of neither",
                    counted(end.directory - last_end, "byte")
                )
            });
        } else if end.directory < last_end {
            notes.add(
                "ZipAnomalyOverlap",
                Severity::Critical,
                end.directory,
                || "the last zip entry overlaps the directory".to_owned(),
            );
        }
        Ok(())
    }
}

fn sorted_by_name(entries: &[Entry]) -> Vec<u32> {
    let name = |n: &u32| {
        entries
            .get(*n as usize)
            .map_or(&[][..], |entry| &entry.name)
    };
    let mut numbers: Vec<u32> = (0..entries.len() as u32).collect();
    numbers.sort_by(|a, b| compare_names(name(a), name(b)));
    numbers
}

fn compare_names(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    a.iter()
        .map(u8::to_ascii_lowercase)
        .cmp(b.iter().map(u8::to_ascii_lowercase))
}
