//! What a file holds beside the tensors that are listed: other mappings, states, records and bytes that nothing reaches.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::document::{Reading, Ref};
use super::found::Found;
use super::pick::{is_counter, key_of};
use super::records::{Records, ZipRecords};
use super::tree::{Kind, Tree};
use crate::error::Result;
use crate::format::inflate::Inflated;
use crate::format::zip::{DEFLATED, Entry, STORED};
use crate::left_out::{LeftOut, LeftOutKind, LeftOutRole};
use crate::pickle::{Blob, Value};
use crate::tensor::Span;

/// Records that are named one by one; the rest is one.
const MOST_RECORDS: usize = 1000;

/// Bytes objects below this size are settings.
const SMALL_BYTES: u64 = 256;

/// Storages, entries and bytes objects that were accounted for, by where they begin.
#[derive(Debug, Default)]
pub(super) struct Reached(HashSet<(u32, u64)>);

impl Reached {
    pub(super) fn add(&mut self, spans: &[Span]) {
        let spans = spans.iter().filter(|span| span.bytes > 0);
        self.0.extend(spans.map(|span| (span.source, span.offset)));
    }

    fn has(&self, span: &Span) -> bool {
        span.bytes == 0 || self.0.contains(&(span.source, span.offset))
    }
}

/// The mappings beside the one that was taken, with the storages that are theirs alone.
pub(super) fn mappings(
    reading: &mut Reading,
    tree: &Tree,
    root: Option<u32>,
    (beside, is_state): (&[(u32, Found)], &[bool]),
    reached: &mut Reached,
) -> Result<Vec<LeftOut>> {
    let mut taken = HashSet::new();
    let mut up = root;
    while let Some(node) = up {
        taken.insert(node);
        up = tree.nodes.get(node as usize).and_then(|node| node.parent);
    }
    // Per mapping, in the order of the file: its spans, and whether it has more than numbers that count the training.
    let mut groups: Vec<(u32, Vec<Span>, bool)> = Vec::new();
    let mut places: HashMap<u32, usize> = HashMap::new();
    for (node, found) in beside {
        let group = outermost(tree, *node, &taken);
        let place = *places.entry(group).or_insert_with(|| {
            groups.push((group, Vec::new(), false));
            groups.len() - 1
        });
        let Some((_, spans, has_many)) = groups.get_mut(place) else {
            continue;
        };
        let is_number = found.tensor.elements <= 1;
        let key = tree
            .nodes
            .get(*node as usize)
            .and_then(|node| key_of(reading, node));
        *has_many |= !is_number
            || (!found.tensor.dtype.is_integer() && !key.is_some_and(|key| is_counter(&key)));
        for span in found.spans.iter().filter(|span| !reached.has(span)) {
            if !spans.contains(span) || spans.len() > 64 {
                reading.context.meter.debit(64)?;
                spans.push(*span);
            }
        }
    }
    let mut left_out = Vec::new();
    for (group, mut spans, has_many) in groups {
        let mut seen = HashSet::new();
        spans.retain(|span| !reached.has(span) && seen.insert((span.source, span.offset)));
        reached.add(&spans);
        let bytes = spans.iter().map(|span| span.bytes).sum();
        if bytes == 0 {
            continue;
        }
        let of_state = is_state.get(group as usize).copied().unwrap_or(false) || !has_many;
        left_out.push(LeftOut {
            kind: LeftOutKind::Mapping,
            role: if of_state {
                LeftOutRole::State
            } else {
                LeftOutRole::Weights
            },
            name: reading.name(tree, descend(reading, tree, group), None)?,
            bytes,
            path: PathBuf::new(),
            spans,
        });
    }
    Ok(left_out)
}

/// The outermost node around one that is not around the model too.
fn outermost(tree: &Tree, mut node: u32, taken: &HashSet<u32>) -> u32 {
    loop {
        match tree.nodes.get(node as usize).and_then(|node| node.parent) {
            // Without a mapping that was taken, everything hangs below the root.
            Some(parent) if !taken.contains(&parent) && parent != 0 => node = parent,
            _ => return node,
        }
    }
}

/// Down from a node as long as there is one mapping in it and nothing else: `callbacks` as `callbacks.EMA.weights`.
fn descend(reading: &Reading, tree: &Tree, mut node: u32) -> u32 {
    loop {
        let mut children = tree
            .nodes
            .iter()
            .enumerate()
            .skip(node as usize + 1)
            .filter(|(_, child)| child.parent == Some(node) && child.tensors > 0);
        match (children.next(), children.next()) {
            (Some((number, child)), None)
                if child.kind != Kind::Tensor && key_of(reading, child).is_some() =>
            {
                node = number as u32;
            }
            _ => return node,
        }
    }
}

/// What the file holds that nothing reaches: entries of archives, storages, bytes objects.
pub(super) fn records(reading: &mut Reading, reached: &Reached) -> Result<Vec<LeftOut>> {
    let mut found: Vec<LeftOut> = Vec::new();
    let mut archives: Vec<usize> = Vec::new();
    for number in 0..reading.documents.len() {
        let Some(document) = reading.documents.get(number) else {
            continue;
        };
        let inside = if document.depth() > 0 {
            format!("file {number} inside: ")
        } else {
            String::new()
        };
        match &document.records {
            Records::Zip(zip) => {
                let address = Arc::as_ptr(&zip.archive) as usize;
                if !archives.contains(&address) {
                    archives.push(address);
                    found.extend(entries(reading, number, reached, &inside)?);
                }
            }
            Records::Legacy(spans) => {
                for (index, span) in in_order(reading, number, spans).iter().enumerate() {
                    if !reached.has(span) {
                        let name = format!("{inside}storage {index}");
                        found.push(record(name, LeftOutRole::Weights, *span));
                    }
                }
            }
            Records::None => {}
        }
        found.extend(bytes_objects(reading, number, reached, &inside));
    }
    reading.context.meter.debit(160 * found.len() as u64)?;
    if found.len() > MOST_RECORDS {
        let rest = found.split_off(MOST_RECORDS);
        let role = if rest.iter().any(|one| one.role == LeftOutRole::Weights) {
            LeftOutRole::Weights
        } else {
            LeftOutRole::State
        };
        found.push(LeftOut {
            kind: LeftOutKind::Record,
            role,
            name: format!("{} more records", rest.len()),
            bytes: rest.iter().map(|one| one.bytes).sum(),
            path: PathBuf::new(),
            spans: rest.into_iter().flat_map(|one| one.spans).collect(),
        });
    }
    Ok(found)
}

/// Storages of a legacy file in the order in which its object names them: their keys are addresses, and so is the order of
/// their data.
fn in_order(reading: &Reading, document: usize, spans: &HashMap<Vec<u8>, Span>) -> Vec<Span> {
    let persistent = reading
        .documents
        .get(document)
        .map_or(&[][..], |found| found.persistent());
    let mut seen = HashSet::new();
    persistent
        .iter()
        .filter_map(|id| {
            let at = Ref {
                document: document as u32,
                id: *id,
            };
            let span = spans.get(&reading.declared(at)?.ok()?.key)?;
            seen.insert(span.offset).then_some(*span)
        })
        .collect()
}

fn record(name: String, role: LeftOutRole, span: Span) -> LeftOut {
    LeftOut {
        kind: LeftOutKind::Record,
        role,
        name,
        bytes: span.bytes,
        path: PathBuf::new(),
        spans: vec![span],
    }
}

/// What an entry of a torch archive is by its name.
enum Part {
    /// Read when the archive is opened.
    Frame,
    /// Never weights; those of a folder count as one.
    Other(String),
    Data,
}

fn part_of(name: &str) -> Part {
    let folder = name.split('/').next().unwrap_or(name);
    let extension = name.rsplit('.').next().unwrap_or_default();
    match (folder, name) {
        (".data", _)
        | (
            _,
            "data.pkl" | "constants.pkl" | "version" | "byteorder" | ".format_version"
            | ".storage_alignment",
        ) => Part::Frame,
        ("code" | "extra" | "traced_inputs", _) if name.contains('/') => {
            Part::Other(format!("{folder}/"))
        }
        (_, "traced_inputs.pkl") => Part::Other(name.to_owned()),
        _ if matches!(extension, "debug_pkl" | "txt" | "md" | "py") => Part::Other(name.to_owned()),
        _ => Part::Data,
    }
}

/// Entries of the archive of one document that nothing reaches.
fn entries(
    reading: &mut Reading,
    document: usize,
    reached: &Reached,
    inside: &str,
) -> Result<Vec<LeftOut>> {
    let Some(Records::Zip(zip)) = reading.documents.get(document).map(|found| &found.records)
    else {
        return Ok(Vec::new());
    };
    let archive = Arc::clone(&zip.archive);
    let prefix = archive.prefix().map_or(0, |prefix| prefix.len() + 1);
    let mut found = Vec::new();
    let mut folders: HashMap<String, usize> = HashMap::new();
    for entry in &archive.entries {
        let name =
            String::from_utf8_lossy(entry.name.get(prefix..).unwrap_or_default()).into_owned();
        if name.is_empty() || name.ends_with('/') || entry.size == 0 {
            continue;
        }
        let (name, role) = match part_of(&name) {
            Part::Frame => continue,
            Part::Other(name) => (name, LeftOutRole::State),
            Part::Data => (name, LeftOutRole::Weights),
        };
        let Some(span) = span_of(reading, &archive, entry)? else {
            continue;
        };
        if reached.has(&span) {
            continue;
        }
        let place = (role == LeftOutRole::State)
            .then(|| folders.get(&name).copied())
            .flatten();
        if let Some(one) = place.and_then(|place| found.get_mut(place)) {
            let one: &mut LeftOut = one;
            one.bytes += span.bytes;
            one.spans.push(span);
            continue;
        }
        if role == LeftOutRole::State {
            folders.insert(name.clone(), found.len());
        }
        found.push(record(format!("{inside}{name}"), role, span));
    }
    Ok(found)
}

/// Where the content of an entry is; None where it cannot be read.
fn span_of(
    reading: &mut Reading,
    archive: &Arc<crate::format::zip::Archive>,
    entry: &Entry,
) -> Result<Option<Span>> {
    let known = reading
        .documents
        .iter()
        .find_map(|document| match &document.records {
            Records::Zip(zip) if Arc::ptr_eq(&zip.archive, archive) => known_span(zip, entry),
            _ => None,
        });
    if known.is_some() {
        return Ok(known);
    }
    let Ok(payload) = archive.payload(entry) else {
        return Ok(None);
    };
    match entry.method {
        STORED => Ok(Some(Span {
            source: payload.index,
            offset: payload.start,
            bytes: payload.length,
        })),
        DEFLATED => {
            let pool = reading
                .documents
                .iter()
                .find_map(|document| match &document.records {
                    Records::Zip(zip) if Arc::ptr_eq(&zip.archive, archive) => {
                        Some(Arc::clone(&zip.pool))
                    }
                    _ => None,
                });
            let Some(pool) = pool else { return Ok(None) };
            reading.context.meter.debit(512)?;
            let number = reading.sources.len() as u32;
            let source = Inflated::new(payload, entry, number, &pool);
            Ok(Some(Span {
                source: reading.add_source(Arc::new(source)),
                offset: 0,
                bytes: entry.size,
            }))
        }
        _ => Ok(None),
    }
}

/// The span of an entry that a storage was looked up in.
fn known_span(zip: &ZipRecords, entry: &Entry) -> Option<Span> {
    let key = entry.name.strip_prefix(&*zip.folder)?;
    zip.spans.get(key).copied()
}

/// Bytes objects in the pickle itself that are no part of a tensor, an array or a file.
fn bytes_objects(
    reading: &Reading,
    document: usize,
    reached: &Reached,
    inside: &str,
) -> Vec<LeftOut> {
    let Some(found) = reading.documents.get(document) else {
        return Vec::new();
    };
    let spans = found.values.iter().filter_map(|value| match value {
        Value::Bytes(Blob::Source { at, length }) if *length >= SMALL_BYTES => Some(Span {
            source: found.area().index,
            offset: *at,
            bytes: *length,
        }),
        _ => None,
    });
    spans
        .filter(|span| !reached.has(span) && !reading.is_entered(span))
        .enumerate()
        .map(|(index, span)| {
            record(
                format!("{inside}bytes object {index}"),
                LeftOutRole::Weights,
                span,
            )
        })
        .collect()
}
