//! The records of an archive, field by field.

use super::notes::Notes;
use super::{Entry, FLAG_DESCRIPTOR, FLAGS_ODD, STORED};
use crate::error::{Code, Error, Result, counted};
use crate::finding::Severity;
use crate::pickle::Area;

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const END64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR64: &[u8; 4] = b"PK\x06\x07";

const LOCAL_BYTES: u64 = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: u64 = 22;

/// Little-endian fields of a header that was read in whole; zero where it is too short.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> u16 {
        self.0
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    fn u32(&self, at: usize) -> u32 {
        self.0
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn u64(&self, at: usize) -> u64 {
        self.0
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

/// The end record, and where the directory is.
pub(super) struct End {
    /// Where the end records begin: nothing of the archive lies behind but them.
    position: u64,
    pub(super) count: u64,
    pub(super) directory: u64,
    pub(super) directory_bytes: u64,
}

pub(super) fn find_end(area: &Area, notes: &mut Notes) -> Result<End> {
    let tail_bytes = area.length.min(END_BYTES + 0xffff);
    let tail_start = area.length - tail_bytes;
    let tail = area.read(tail_start, tail_bytes)?;
    let candidates = || {
        tail.windows(END.len())
            .enumerate()
            .rev()
            .filter(|(_, bytes)| bytes == END)
            .map(|(at, _)| at)
            .filter(|at| tail.len() - at >= END_BYTES as usize)
    };
    // The one whose comment ends with the file; else the last one.
    let comment_end = |at: usize| {
        at + END_BYTES as usize + usize::from(Fields(tail.get(at..).unwrap_or_default()).u16(20))
    };
    let at = candidates()
        .take(64)
        .find(|at| comment_end(*at) == tail.len())
        .or_else(|| candidates().next());
    let Some(at) = at else {
        return Err(
            Error::new(Code::ZipBadSignature, "zip archive has no end record")
                .at(area.source.path())
                .hint("the file is truncated; fetch or save it again"),
        );
    };
    let position = tail_start + at as u64;
    if comment_end(at) < tail.len() {
        notes.add("ZipAnomalyDataAfter", Severity::Warning, position, || {
            format!(
                "{} behind the end of the zip archive",
                counted(tail.len() - comment_end(at), "byte")
            )
        });
    }
    let fields = Fields(tail.get(at..).unwrap_or_default());
    let classic = End {
        position,
        count: u64::from(fields.u16(10)),
        directory_bytes: u64::from(fields.u32(12)),
        directory: u64::from(fields.u32(16)),
    };
    let end = match read_end64(area, position)? {
        Some(end) => {
            let agree = |short: u64, full: u64, saturated: u64| short == full || short == saturated;
            if !(agree(classic.count, end.count, 0xffff)
                && agree(classic.directory_bytes, end.directory_bytes, 0xffff_ffff)
                && agree(classic.directory, end.directory, 0xffff_ffff))
            {
                notes.add("ZipAnomalyEndRecord", Severity::Critical, position, || {
                    "the two end records of the zip archive disagree".to_owned()
                });
            }
            end
        }
        None => classic,
    };
    let directory_end = end.directory.checked_add(end.directory_bytes);
    match directory_end {
        Some(directory_end) if directory_end <= end.position => {
            if directory_end < end.position {
                notes.add(
                    "ZipAnomalyDataBetween",
                    Severity::Warning,
                    directory_end,
                    || {
                        format!(
                            "{} between the zip directory and its end record, of neither",
                            counted(end.position - directory_end, "byte")
                        )
                    },
                );
            }
            Ok(end)
        }
        _ => Err(Error::new(
            Code::OutOfBounds,
            "zip directory reaches behind its end record",
        )
        .expected(format!("its end at {}", end.position))
        .found(format!(
            "{} bytes at {}",
            end.directory_bytes, end.directory
        ))
        .at(area.source.path())
        .offset(area.start + position)
        .hint("the archive is damaged; fetch or save it again")),
    }
}

/// The record for large archives, which torch always writes.
fn read_end64(area: &Area, end: u64) -> Result<Option<End>> {
    let Some(locator_at) = end.checked_sub(20) else {
        return Ok(None);
    };
    let locator = area.read(locator_at, 20)?;
    if !locator.starts_with(LOCATOR64) {
        return Ok(None);
    }
    let position = Fields(&locator).u64(8);
    let record = match area.part(position, 56) {
        Ok(_) if position <= locator_at => area.read(position, 56)?,
        _ => Vec::new(),
    };
    if !record.starts_with(END64) {
        return Err(Error::new(
            Code::ZipBadSignature,
            "zip archive has no end record where its locator says",
        )
        .at(area.source.path())
        .offset(area.start + locator_at)
        .hint("the archive is damaged; fetch or save it again"));
    }
    let fields = Fields(&record);
    Ok(Some(End {
        position,
        count: fields.u64(32),
        directory_bytes: fields.u64(40),
        directory: fields.u64(48),
    }))
}

pub(super) fn read_directory(area: &Area, end: &End, notes: &mut Notes) -> Result<Vec<Entry>> {
    let directory = area.read(end.directory, end.directory_bytes)?;
    let mut entries = Vec::new();
    let mut at = 0;
    while entries.len() < end.count as usize {
        let rest = directory.get(at..).unwrap_or_default();
        let broken = |what: &str| {
            Error::new(Code::ZipBadSignature, what.to_owned())
                .expected(format!("{} entries", end.count))
                .found(format!("{} entries", entries.len()))
                .at(area.source.path())
                .offset(area.start + end.directory + at as u64)
                .hint("the archive is damaged; fetch or save it again")
        };
        if !rest.starts_with(CENTRAL) || rest.len() < CENTRAL_BYTES {
            return Err(broken("zip directory ends before its entries do"));
        }
        let fields = Fields(rest);
        let lengths = [28, 30, 32].map(|at| usize::from(fields.u16(at)));
        let [name_length, extra_length, comment_length] = lengths;
        let total = CENTRAL_BYTES + name_length + extra_length + comment_length;
        let (Some(name), Some(extra), true) = (
            rest.get(CENTRAL_BYTES..CENTRAL_BYTES + name_length),
            rest.get(CENTRAL_BYTES + name_length..CENTRAL_BYTES + name_length + extra_length),
            total <= rest.len(),
        ) else {
            return Err(broken("zip directory ends inside an entry"));
        };
        let mut entry = Entry {
            name: name.into(),
            flags: fields.u16(8),
            method: fields.u16(10),
            crc: fields.u32(16),
            stored: u64::from(fields.u32(20)),
            size: u64::from(fields.u32(24)),
            header: u64::from(fields.u32(42)),
            data: None,
        };
        read_wide_fields(&mut entry, extra);
        if std::str::from_utf8(&entry.name).is_err() {
            notes.add("NonUtf8Name", Severity::Info, entry.header, || {
                format!("name of zip entry {:?} is not UTF-8", entry.name())
            });
        }
        if entry.flags & FLAGS_ODD != 0 {
            notes.add("ZipAnomalyFlags", Severity::Warning, entry.header, || {
                format!(
                    "zip entry {:?} is marked as encrypted or patched; its bytes are read as they are",
                    entry.name()
                )
            });
        }
        entries.push(entry);
        at += total;
    }
    if at < directory.len() {
        notes.add(
            "ZipAnomalyDataBetween",
            Severity::Warning,
            end.directory + at as u64,
            || {
                format!(
                    "{} of the zip directory in no entry",
                    counted(directory.len() - at, "byte")
                )
            },
        );
    }
    Ok(entries)
}

/// Extra field 1: 64-bit values of those fields that are saturated, in a fixed order.
fn read_wide_fields(entry: &mut Entry, mut extra: &[u8]) {
    while extra.len() >= 4 {
        let fields = Fields(extra);
        let (kind, length) = (fields.u16(0), usize::from(fields.u16(2)));
        let body = extra.get(4..4 + length).unwrap_or_default();
        if kind == 1 {
            let mut at = 0;
            for field in [&mut entry.size, &mut entry.stored, &mut entry.header] {
                if *field == 0xffff_ffff && at + 8 <= body.len() {
                    *field = Fields(body).u64(at);
                    at += 8;
                }
            }
            return;
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
}

/// Where torch puts the payload of a stored entry, without a look at its local header: at a multiple of 64 bytes from the start of the file, so that
/// it and what may lie behind it (a descriptor of 16 or 24 bytes, where the flags say so) end where the next entry begins. None where no place or
/// more than one fits. An archive that lies about it gets other bytes of itself as values.
///
/// Source: `PyTorchStreamWriter::writeRecord` and `getPadding` in `caffe2/serialize/inline_container.cc` of `PyTorch`.
pub(super) fn infer_payload(area: &Area, entry: &Entry, next: u64) -> Option<u64> {
    const ALIGNMENT: u64 = 64;
    /// An extra field of zip64 with all its values, and the header of the one that pads.
    const EXTRA_BYTES: u64 = 28 + 4;
    if entry.method != STORED {
        return None;
    }
    let behind: &[u64] = if entry.flags & FLAG_DESCRIPTOR == 0 {
        &[0]
    } else {
        &[16, 24]
    };
    let name_end = entry.header + LOCAL_BYTES + entry.name.len() as u64;
    let mut places = behind
        .iter()
        .filter_map(|descriptor| next.checked_sub(entry.stored.checked_add(*descriptor)?))
        .filter(|data| (area.start + data).is_multiple_of(ALIGNMENT))
        .filter(|data| (name_end..name_end + EXTRA_BYTES + ALIGNMENT).contains(data));
    let place = places.next()?;
    places.next().is_none().then_some(place)
}

pub(super) fn read_local_header(area: &Area, entry: &mut Entry, notes: &mut Notes) -> Result<()> {
    let wanted = LOCAL_BYTES + entry.name.len() as u64;
    let available = area.length.saturating_sub(entry.header).min(wanted);
    let header = if available < LOCAL_BYTES {
        Vec::new()
    } else {
        area.read(entry.header, available)?
    };
    if !header.starts_with(LOCAL) {
        notes.add("ZipAnomalyHeader", Severity::Critical, entry.header, || {
            format!(
                "zip entry {:?} has no local header where the directory says",
                entry.name()
            )
        });
        return Ok(());
    }
    let fields = Fields(&header);
    let (flags, method) = (fields.u16(6), fields.u16(8));
    let sizes = [18, 22].map(|at| u64::from(fields.u32(at)));
    let name_length = u64::from(fields.u16(26));
    entry.data = Some(entry.header + LOCAL_BYTES + name_length + u64::from(fields.u16(28)));
    let name = header.get(LOCAL_BYTES as usize..).unwrap_or_default();
    if name_length != entry.name.len() as u64 || name != &*entry.name {
        notes.add("ZipNameMismatch", Severity::Critical, entry.header, || {
            format!(
                "zip entry {:?} has another name in its local header; the directory's counts",
                entry.name()
            )
        });
    }
    // A writer that streams leaves zeros here and writes a descriptor behind; zip64 leaves all ones.
    let same = |local: u64, central: u64| {
        local == central
            || local == 0xffff_ffff
            || (local == 0 && (flags | entry.flags) & FLAG_DESCRIPTOR != 0)
    };
    if method != entry.method || !same(sizes[0], entry.stored) || !same(sizes[1], entry.size) {
        notes.add("ZipAnomalyHeader", Severity::Critical, entry.header, || {
            format!(
                "zip entry {:?} has another size or method in its local header; the directory's counts",
                entry.name()
            )
        });
    }
    if flags & FLAGS_ODD != entry.flags & FLAGS_ODD {
        notes.add("ZipAnomalyFlags", Severity::Warning, entry.header, || {
            format!(
                "zip entry {:?} is marked as encrypted or patched in one of its headers only",
                entry.name()
            )
        });
    }
    Ok(())
}
