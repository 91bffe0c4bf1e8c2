//! Everything that was read from one file: its pickles, the pickles inside them, and where their data is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::records::Records;
use crate::error::{Code, Error, Result};
use crate::limits::{self, Cap, Limits};
use crate::pickle::{Area, Context, Id, Object, Pickle, Value, Values};
use crate::source::{MemorySource, Source};
use crate::tensor::Span;

/// One pickle and the data that belongs to it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) values: Values,
    pub(super) root: Id,
    pub(super) records: Records,
    /// What bytes of the stream itself belong to.
    area: Area,
    persistent: Vec<Id>,
    /// Files around it.
    depth: u64,
    /// Files inside bytes objects: the document of each, or why it could not be read.
    pub(super) nested: HashMap<Id, Result<usize>>,
}

/// A value of one of the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ref {
    pub(super) document: u32,
    pub(super) id: Id,
}

/// State of reading one file.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) context: Context,
    pub(super) documents: Vec<Document>,
    /// Sources beside the file itself, numbered from `first_source` on.
    pub(super) sources: Vec<Arc<dyn Source>>,
    pub(super) first_source: u32,
    /// Where the data lies of what was asked for last.
    pub(super) touched: Vec<Span>,
    /// Distributed tensors, by the words for their placement.
    pub(super) placements: Vec<Placed>,
    /// Bytes objects that were looked into: the root of the file in each.
    pub(super) opened: HashMap<Ref, Option<Ref>>,
    /// Where files begin that lie in bytes objects and were read.
    pub(super) entered: HashSet<(u32, u64)>,
    /// Whether files of torch's in bytes objects were told of.
    pub(super) has_nested: bool,
}

/// Distributed tensors that are placed alike.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) words: String,
    pub(super) is_whole: bool,
    pub(super) count: u64,
}

impl Document {
    pub(super) fn new(pickle: Pickle, area: &Area, records: Records, depth: u64) -> Self {
        Self {
            values: pickle.values,
            root: pickle.root,
            records,
            area: area.clone(),
            persistent: pickle.persistent,
            depth,
            nested: HashMap::new(),
        }
    }

    pub(super) fn area(&self) -> &Area {
        &self.area
    }

    pub(super) fn persistent(&self) -> &[Id] {
        &self.persistent
    }

    pub(super) fn depth(&self) -> u64 {
        self.depth
    }
}

impl Reading {
    pub(super) fn new(limits: &Limits, first_source: u32) -> Self {
        Self {
            context: Context::new(limits),
            documents: Vec::new(),
            sources: Vec::new(),
            first_source,
            touched: Vec::new(),
            placements: Vec::new(),
            opened: HashMap::new(),
            entered: HashSet::new(),
            has_nested: false,
        }
    }

    pub(super) fn document(&self, at: Ref) -> Option<&Document> {
        self.documents.get(at.document as usize)
    }

    pub(super) fn value(&self, at: Ref) -> &Value {
        self.document(at)
            .map_or(&Value::None, |document| document.values.get(at.id))
    }

    /// The first eight arguments of a call, no call has more that matter.
    pub(super) fn args(&self, at: Ref, object: &Object) -> Vec<Ref> {
        let items = self
            .document(at)
            .and_then(|document| document.values.sequence(object.args))
            .unwrap_or_default();
        items
            .iter()
            .take(8)
            .map(|id| Ref { id: *id, ..at })
            .collect()
    }

    /// Module and name of a global.
    pub(super) fn global(&self, at: Ref) -> Option<(&str, &str)> {
        match self.value(at) {
            Value::Global(number) => self
                .context
                .global(*number)
                .map(|global| (&*global.module, &*global.name)),
            _ => None,
        }
    }

    pub(super) fn text(&self, at: Ref) -> Option<&[u8]> {
        self.document(at)?.values.text(at.id)
    }

    pub(super) fn natural(&self, at: Ref) -> Option<u64> {
        self.document(at)?.values.natural(at.id)
    }

    pub(super) fn sequence(&self, at: Ref) -> Option<&[Id]> {
        self.document(at)?.values.sequence(at.id)
    }

    /// Adds a source and answers its number.
    pub(super) fn add_source(&mut self, source: Arc<dyn Source>) -> u32 {
        self.sources.push(source);
        self.first_source + self.sources.len() as u32 - 1
    }

    /// Bytes in memory as an area of their own. The caller has debited them.
    pub(super) fn memory_area(&mut self, label: &std::path::Path, bytes: Vec<u8>) -> Area {
        let length = bytes.len() as u64;
        let source: Arc<dyn Source> =
            Arc::new(MemorySource::new(&label.display().to_string(), bytes));
        let index = self.add_source(Arc::clone(&source));
        Area {
            source,
            index,
            start: 0,
            length,
        }
    }

    pub(super) fn is_entered(&self, span: &Span) -> bool {
        self.entered.contains(&(span.source, span.offset))
    }

    /// The document that a call of `_load_from_bytes` stands for.
    pub(super) fn nested_root(&self, at: Ref) -> Option<Result<Ref>> {
        let nested = self.document(at)?.nested.get(&at.id)?;
        Some(match nested {
            Ok(number) => self
                .documents
                .get(*number)
                .map(|document| Ref {
                    document: *number as u32,
                    id: document.root,
                })
                .ok_or_else(|| Error::new(Code::Internal, "nested file is gone")),
            Err(error) => Err(error.clone()),
        })
    }

    /// # Errors
    /// `LimitExceeded`, when a count is above the cap that grows with what was read.
    pub(super) fn check_cap(&self, cap: Cap, found: u64, what: &str) -> Result<()> {
        let most = self.context.limits.of(cap, self.context.meter.seen());
        if found > most {
            return Err(limits::exceeded(cap, most, found, what));
        }
        Ok(())
    }
}
