//! Pickles and files of torch's, and those inside them.

use super::document::{Document, Reading, Ref};
use super::records::Records;
use super::{legacy, zip_file};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::limits::Cap;
use crate::pickle::{self, Area, Input, Pickle, Value};

/// Pickles behind the STOP of another that are looked into.
const MOST_TRAILING: usize = 1000;

impl Reading {
    /// Runs one pickle and what is nested in it, and looks at what follows it.
    pub(super) fn read_pickle(
        &mut self,
        area: &Area,
        records: Records,
        depth: u64,
    ) -> Result<usize> {
        let mut input = Input::new(area.clone());
        let pickle = pickle::run(&mut input, &mut self.context)?;
        self.look_at_rest(area, pickle.end);
        self.add_document(pickle, area, records, depth)
    }

    pub(super) fn add_document(
        &mut self,
        mut pickle: Pickle,
        area: &Area,
        records: Records,
        depth: u64,
    ) -> Result<usize> {
        let number = self.documents.len();
        let calls = std::mem::take(&mut pickle.nested);
        self.documents
            .push(Document::new(pickle, area, records, depth));
        for call in calls {
            let at = Ref {
                document: number as u32,
                id: call,
            };
            let result = self.read_nested(at, depth + 1);
            self.context.meter.debit(64)?;
            if let Some(document) = self.documents.get_mut(number) {
                document.nested.insert(call, result);
            }
        }
        Ok(number)
    }

    /// Data behind STOP is no part of the object: said, and looked into for what it would use.
    fn look_at_rest(&mut self, area: &Area, end: u64) {
        if end >= area.length {
            return;
        }
        self.context.note(
            Finding::new(
                "PickleTrailingData",
                Severity::Warning,
                format!(
                    "{} behind the end of the pickle",
                    counted(area.length - end, "byte")
                ),
            )
            .at(area.source.path())
            .offset(area.start + end),
        );
        let mut input = Input::new(area.clone());
        input.seek(end);
        for _ in 0..MOST_TRAILING {
            if input.remaining() == 0 || pickle::run(&mut input, &mut self.context).is_err() {
                break;
            }
        }
    }

    /// The file or pickle in the argument of a call.
    fn read_nested(&mut self, call: Ref, depth: u64) -> Result<usize> {
        self.context
            .limits
            .check(Cap::PickleNesting, 0, depth, "depth of files inside files")?;
        let Value::Object(object) = self.value(call) else {
            return Err(not_bytes());
        };
        let (callable, args) = (object.callable, self.args(call, object));
        let Some(argument) = args.first() else {
            return Err(not_bytes());
        };
        let area = self.bytes_area(*argument)?.ok_or_else(not_bytes)?;
        let is_torch = self
            .global(Ref {
                id: callable,
                ..call
            })
            .is_some_and(|(module, _)| module == "torch.storage");
        self.note_inside(is_torch, &area);
        self.read_any(&area, depth)
    }

    /// Says that there is a file in a bytes object; once for those that torch's own classes put there.
    pub(super) fn note_inside(&mut self, is_usual: bool, area: &Area) {
        if is_usual && std::mem::replace(&mut self.has_nested, true) {
            return;
        }
        let (severity, what) = if is_usual {
            (
                Severity::Info,
                "pickle holds files of torch's in bytes objects; they are read",
            )
        } else {
            (
                Severity::Warning,
                "pickle holds another pickle that it would load; it was looked into",
            )
        };
        self.context.note(
            Finding::new("NestedPickle", severity, what)
                .at(area.source.path())
                .offset(area.start),
        );
    }

    /// A whole file of unknown format inside an area.
    pub(super) fn read_any(&mut self, area: &Area, depth: u64) -> Result<usize> {
        let head = area.read(0, area.length.min(32))?;
        let document = if head.starts_with(b"PK\x03\x04") {
            zip_file::read(self, area, depth).map(|read| read.document)
        } else if legacy::is_legacy(&head) {
            legacy::read(self, area, depth)
        } else {
            self.read_pickle(area, Records::None, depth)
        }?;
        self.context.meter.debit(48)?;
        self.entered.insert((area.index, area.start));
        Ok(document)
    }
}

fn not_bytes() -> Error {
    Error::new(
        Code::UnsupportedLayout,
        "pickle loads another one from something that is no bytes object",
    )
}
