//! What `.metadata` of torch.distributed.checkpoint tells, and the items of `*.distcp`, each of which is a whole file of torch's.
//!
//! Source of the structures: torch/distributed/checkpoint/{metadata,filesystem}.py of torch 2.15; the names of the classes are not looked
//! at, only those of their fields, so that older and newer versions are read alike.

use std::collections::HashMap;
use std::sync::Arc;

use super::document::{Reading, Ref};
use super::records::Records;
use crate::error::{Code, Error, Result};
use crate::finding::Finding;
use crate::limits::{Cap, Limits};
use crate::pickle::{Area, Value};
use crate::source::Source;
use crate::tensor::Tensor;

/// One entry of the state dict.
#[derive(Debug)]
pub(in crate::format) struct Entry {
    /// Its keys joined by dots.
    pub(in crate::format) name: String,
    /// The first of its keys, where there are several.
    pub(in crate::format) root: Option<String>,
    pub(in crate::format) kind: Stored,
}

#[derive(Debug)]
pub(in crate::format) enum Stored {
    Tensor {
        /// The type as torch calls it.
        dtype: String,
        shape: Vec<u64>,
        chunks: Vec<Chunk>,
    },
    /// Anything else, pickled.
    Bytes(Option<Item>),
}

/// A box of a tensor.
#[derive(Debug)]
pub(in crate::format) struct Chunk {
    pub(in crate::format) offsets: Vec<u64>,
    pub(in crate::format) sizes: Vec<u64>,
    /// None where the description does not say where it lies.
    pub(in crate::format) item: Option<Item>,
}

/// Bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::format) struct Item {
    pub(in crate::format) file: String,
    pub(in crate::format) offset: u64,
    pub(in crate::format) length: u64,
    /// Whether what lies there was compressed or encrypted.
    pub(in crate::format) is_transformed: bool,
}

/// Name and, of a chunk, its offsets.
type Place = (String, Option<Vec<u64>>);

/// Reads `.metadata`.
///
/// # Errors
/// Whatever is wrong with the pickle; `InvalidHeader` where it describes no checkpoint.
pub(in crate::format) fn read_metadata(
    source: &Arc<dyn Source>,
    limits: &Limits,
) -> Result<(Vec<Entry>, Vec<Finding>)> {
    let area = Area {
        source: Arc::clone(source),
        index: 0,
        start: 0,
        length: source.size(),
    };
    let mut reading = Reading::new(limits, 1);
    let entries = limits
        .check(
            Cap::PickleBytes,
            0,
            area.length,
            "description of the checkpoint, in bytes,",
        )
        .and_then(|()| reading.read_pickle(&area, Records::None, 0))
        .and_then(|document| super::root_of(&reading, document))
        .and_then(|root| reading.dcp_entries(root));
    let findings: Vec<Finding> = reading
        .context
        .into_findings()
        .into_iter()
        // Its own classes are no surprise in it.
        .filter(|finding| {
            finding.code != "GlobalUnknown" || !finding.message.contains("torch.distributed.")
        })
        .map(|finding| finding.at(source.path()))
        .collect();
    match entries {
        Ok(entries) => Ok((entries, findings)),
        Err(error) => Err(error.at(source.path()).with_findings(findings)),
    }
}

/// The tensor of an item, and the sources that it needs beside its file, numbered from `first_source` on.
///
/// # Errors
/// Whatever is wrong with the file in the item; `NoTensors`.
pub(in crate::format) fn read_item(
    area: &Area,
    first_source: u32,
    limits: &Limits,
) -> Result<(Tensor, Vec<Arc<dyn Source>>)> {
    let mut reading = Reading::new(limits, first_source);
    let document = reading.read_any(area, 0)?;
    let root = super::root_of(&reading, document)?;
    let found = reading.tensor(root).ok_or_else(|| {
        Error::new(
            Code::NoTensors,
            "item of a distributed checkpoint is no tensor",
        )
    })?;
    match found.tensor.error() {
        Some(error) => Err(error.clone()),
        None => Ok((found.tensor, reading.sources)),
    }
}

fn wrong(what: &str) -> Error {
    Error::new(
        Code::InvalidHeader,
        format!("description of the checkpoint {what}"),
    )
    .hint("this is not what torch.distributed.checkpoint writes, or it is damaged; save it again")
}

impl Reading {
    fn dcp_entries(&mut self, root: Ref) -> Result<Vec<Entry>> {
        let described = self
            .attribute(root, b"state_dict_metadata")
            .and_then(|at| Some((at, self.pairs(at)?)))
            .ok_or_else(|| wrong("names no tensors"))?;
        let stored = match self.attribute(root, b"storage_data") {
            Some(at) => self.dcp_items(at)?,
            None => return Err(wrong("does not say where the data is")),
        };
        let roots = self.attribute(root, b"planner_data");
        let mut keys: HashMap<&[u8], Ref> = HashMap::new();
        if let Some((at, pairs)) = roots.and_then(|at| Some((at, self.pairs(at)?))) {
            for (key, path) in pairs {
                if let Some(name) = self.text(Ref { id: *key, ..at }) {
                    keys.insert(name, Ref { id: *path, ..at });
                }
            }
        }
        let (at, pairs) = described;
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let key = self
                .text(Ref { id: *key, ..at })
                .ok_or_else(|| wrong("has a name that is no text"))?;
            let name = String::from_utf8_lossy(key).into_owned();
            self.check_cap(
                Cap::NameBytes,
                name.len() as u64,
                "length of a tensor's name",
            )?;
            let root = keys.get(key).and_then(|path| match self.sequence(*path)? {
                [first, _, ..] => self.text(Ref {
                    id: *first,
                    ..*path
                }),
                _ => None,
            });
            let value = Ref { id: *value, ..at };
            entries.push(Entry {
                root: root.map(|root| String::from_utf8_lossy(root).into_owned()),
                kind: self.dcp_stored(&name, value, &stored)?,
                name,
            });
        }
        Ok(entries)
    }

    fn dcp_stored(&self, name: &str, at: Ref, items: &HashMap<Place, Item>) -> Result<Stored> {
        let Some(size) = self.attribute(at, b"size") else {
            let place = (name.to_owned(), None);
            return Ok(Stored::Bytes(items.get(&place).cloned()));
        };
        let chunks = self
            .attribute(at, b"chunks")
            .and_then(|at| Some((at, self.sequence(at)?)))
            .ok_or_else(|| wrong("has a tensor without pieces").tensor(name))?;
        let sizes = |at: Ref, field: &[u8]| {
            let found = self
                .attribute(at, field)
                .ok_or_else(|| wrong("has a piece without a place"));
            found
                .and_then(|found| self.sizes(found, "size"))
                .map_err(|error| error.tensor(name))
        };
        let mut found = Vec::with_capacity(chunks.1.len());
        for id in chunks.1 {
            let chunk = Ref {
                id: *id,
                ..chunks.0
            };
            let place = (name.to_owned(), Some(sizes(chunk, b"offsets")?));
            let item = items.get(&place).cloned();
            found.push(Chunk {
                offsets: place.1.unwrap_or_default(),
                sizes: sizes(chunk, b"sizes")?,
                item,
            });
        }
        Ok(Stored::Tensor {
            dtype: self.dcp_dtype(at),
            shape: self
                .sizes(size, "size")
                .map_err(|error| error.tensor(name))?,
            chunks: found,
        })
    }

    /// The first part of the properties' state, which is a tuple; older ones are a dictionary.
    fn dcp_dtype(&self, at: Ref) -> String {
        let state = self
            .attribute(at, b"properties")
            .and_then(|at| match self.value(at) {
                Value::Object(object) => {
                    let state = *object.extra.as_ref()?.states.last()?;
                    Some(Ref { id: state, ..at })
                }
                _ => Some(at),
            });
        let dtype = state.and_then(|at| match self.sequence(at) {
            Some([first, ..]) => Some(Ref { id: *first, ..at }),
            _ => self.attribute(at, b"dtype"),
        });
        let name = dtype.and_then(|at| self.global(at)).map(|(_, name)| name);
        name.unwrap_or("unknown").chars().take(40).collect()
    }

    /// Where each item lies: `MetadataIndex` to `_StorageInfo`.
    fn dcp_items(&self, at: Ref) -> Result<HashMap<Place, Item>> {
        let pairs = self.pairs(at).unwrap_or_default();
        let mut items = HashMap::with_capacity(pairs.len());
        for (key, value) in pairs {
            let (key, value) = (Ref { id: *key, ..at }, Ref { id: *value, ..at });
            let text = |at: Ref, field: &[u8]| {
                let text = self.attribute(at, field).and_then(|at| self.text(at));
                text.map(|text| String::from_utf8_lossy(text).into_owned())
            };
            let number = |field: &[u8]| {
                let number = self.attribute(value, field);
                number
                    .and_then(|at| self.natural(at))
                    .ok_or_else(|| wrong("has an item without a place"))
            };
            let name = text(key, b"fqn").ok_or_else(|| wrong("has an item without a name"))?;
            let offsets = match self.attribute(key, b"offset") {
                Some(at) if !matches!(self.value(at), Value::None) => {
                    Some(self.sizes(at, "offset")?)
                }
                _ => None,
            };
            let transforms = self.attribute(value, b"transform_descriptors");
            let item = Item {
                file: text(value, b"relative_path")
                    .ok_or_else(|| wrong("has an item without a file"))?,
                offset: number(b"offset")?,
                length: number(b"length")?,
                is_transformed: transforms
                    .is_some_and(|at| self.sequence(at).is_some_and(|all| !all.is_empty())),
            };
            if items.insert((name, offsets), item).is_some() {
                return Err(wrong("has two places for one piece"));
            }
        }
        Ok(items)
    }
}
