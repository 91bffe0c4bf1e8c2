//! Bytes that the caller holds in memory.

use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result, counted};
use crate::source::Source;

/// A block of memory, owned.
#[derive(Debug)]
pub struct MemorySource {
    label: PathBuf,
    data: Vec<u8>,
}

impl MemorySource {
    /// `label` stands where a path stands in messages.
    #[must_use]
    pub fn new(label: &str, data: Vec<u8>) -> Self {
        Self {
            label: label.into(),
            data,
        }
    }
}

impl Source for MemorySource {
    fn path(&self) -> &Path {
        &self.label
    }

    fn size(&self) -> u64 {
        self.data.len() as u64
    }

    fn bytes<'a>(&'a self, offset: u64, length: usize, _: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        self.view(offset, length).ok_or_else(|| {
            Error::new(Code::UnexpectedEof, "range reaches beyond the end")
                .expected(counted(length, "byte"))
                .found(format!("{} bytes in all", self.data.len()))
                .at(&self.label)
                .offset(offset)
        })
    }

    fn view(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.data.get(start..start.checked_add(length)?)
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}
