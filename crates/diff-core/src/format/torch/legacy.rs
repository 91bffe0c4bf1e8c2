//! torch's format of before 1.6: five pickles, then the storages one after the other.

use std::collections::HashMap;

use super::document::{Reading, Ref};
use super::records::Records;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::pickle::{self, Area, Input, Value};
use crate::tensor::Span;

/// `0x1950a86a20f9469cfc6c` as a pickle's LONG1.
const MAGIC: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";
/// The same in protocols 0 and 1.
const MAGIC_TEXT: &[u8] = b"L119547037146038801333356L\n";

const PROTOCOL: i64 = 1001;

/// By the literal bytes of the first pickle: one that computes the number is another thing.
pub(super) fn is_legacy(head: &[u8]) -> bool {
    matches!(head, [0x80, 0..=5, rest @ ..] if rest.starts_with(MAGIC))
        || matches!(head, [0x80, 4..=5, 0x95, _, _, _, _, _, _, _, _, rest @ ..] if rest.starts_with(MAGIC))
        || head.starts_with(MAGIC_TEXT)
}

/// Reads a legacy file.
///
/// # Errors
/// Whatever is wrong with it.
pub(super) fn read(reading: &mut Reading, area: &Area, depth: u64) -> Result<usize> {
    let mut input = Input::new(area.clone());
    pickle::run(&mut input, &mut reading.context)?;
    let version = pickle::run(&mut input, &mut reading.context)?;
    if version.values.integer(version.root) != Some(PROTOCOL) {
        return Err(Error::new(
            Code::UnsupportedVersion,
            "version of the torch file is not known",
        )
        .expected(PROTOCOL)
        .at(area.source.path()));
    }
    pickle::run(&mut input, &mut reading.context)?;
    let object = pickle::run(&mut input, &mut reading.context)?;
    let persistent = object.persistent.clone();
    let document = reading.add_document(object, area, Records::None, depth)?;
    let keys = pickle::run(&mut input, &mut reading.context)?;
    let Some(listed) = keys.values.sequence(keys.root) else {
        return Err(Error::new(
            Code::InvalidHeader,
            "torch file has no list of its storages",
        )
        .at(area.source.path())
        .offset(input.offset()));
    };
    let names: Vec<Vec<u8>> = listed
        .iter()
        .map(|id| match (keys.values.text(*id), keys.values.get(*id)) {
            (Some(text), _) => text.to_vec(),
            (None, Value::Int(number)) => number.to_string().into_bytes(),
            _ => Vec::new(),
        })
        .collect();
    let mut items: HashMap<Vec<u8>, Expected> = HashMap::new();
    for id in persistent {
        let at = Ref {
            document: document as u32,
            id,
        };
        if let Some(Ok(declared)) = reading.declared(at) {
            reading
                .context
                .meter
                .debit(96 + declared.key.len() as u64)?;
            let item = declared.item();
            let expected = Expected {
                item,
                elements: declared.elements,
            };
            if declared.is_meta {
                continue;
            }
            if let Some((offset, size)) = declared.view
                && offset
                    .checked_add(size)
                    .is_none_or(|end| end > declared.elements)
            {
                return Err(
                    Error::new(Code::OutOfBounds, "view reaches outside its storage")
                        .expected(format!("at most {} elements", declared.elements))
                        .found(format!("{size} elements at {offset}"))
                        .at(area.source.path()),
                );
            }
            items.insert(declared.key, expected);
        }
    }
    let (spans, end) = walk_storages(area, input.position(), &names, &items)?;
    if let Some(key) = items.keys().filter(|key| !spans.contains_key(*key)).min() {
        return Err(Error::new(
            Code::MissingRecord,
            "torch file lacks the data of a storage",
        )
        .expected(format!(
            "key {:?} in its list",
            String::from_utf8_lossy(key)
        ))
        .at(area.source.path())
        .hint("the file is damaged; fetch or save it again"));
    }
    if end < area.length {
        reading.context.note(
            Finding::new(
                "PickleTrailingData",
                Severity::Warning,
                format!(
                    "{} behind the last storage",
                    counted(area.length - end, "byte")
                ),
            )
            .at(area.source.path())
            .offset(area.start + end),
        );
    }
    if let Some(document) = reading.documents.get_mut(document) {
        document.records = Records::Legacy(spans);
    }
    Ok(document)
}

/// What the object says of a storage.
struct Expected {
    item: u64,
    elements: u64,
}

/// Each storage is its number of elements and their bytes; how many those are only its class tells.
fn walk_storages(
    area: &Area,
    start: u64,
    names: &[Vec<u8>],
    items: &HashMap<Vec<u8>, Expected>,
) -> Result<(HashMap<Vec<u8>, Span>, u64)> {
    let mut spans = HashMap::new();
    let mut at = start;
    for name in names {
        let place = |e: Error| e.at(area.source.path()).offset(area.start + at);
        let Some(Expected { item, elements }) = items.get(name) else {
            return Err(place(
                Error::new(
                    Code::MissingRecord,
                    "torch file lists a storage that its object does not use",
                )
                .found(format!("key {:?}", String::from_utf8_lossy(name)))
                .hint("the size of its elements is not known, so nothing behind it can be found"),
            ));
        };
        let count = area.read(at, 8).map_err(|e| truncated(area, e))?;
        let count = count
            .first_chunk()
            .map_or(-1, |bytes| i64::from_le_bytes(*bytes));
        let bytes = u64::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(*item))
            .ok_or_else(|| {
                place(
                    Error::new(Code::InvalidHeader, "storage has an impossible size")
                        .found(format!("{count} elements of {item} bytes")),
                )
            })?;
        // A packed type counts its elements differently in the two places.
        if u64::try_from(count).ok() != Some(*elements) && *item > 1 {
            return Err(place(
                Error::new(
                    Code::StorageSizeMismatch,
                    "storage has another size than the object says",
                )
                .expected(counted(*elements, "element"))
                .found(count)
                .hint("the file is damaged; fetch or save it again"),
            ));
        }
        let part = area.part(at + 8, bytes).map_err(|e| truncated(area, e))?;
        let span = Span {
            source: area.index,
            offset: part.start,
            bytes,
        };
        if spans.insert(name.clone(), span).is_some() {
            return Err(place(
                Error::new(Code::DuplicateName, "torch file lists a storage twice")
                    .found(format!("key {:?}", String::from_utf8_lossy(name))),
            ));
        }
        at += 8 + bytes;
    }
    Ok((spans, at))
}

fn truncated(area: &Area, error: Error) -> Error {
    error
        .at(area.source.path())
        .hint("the file is truncated; fetch or save it again")
}
