//! For tests: how much of a source is read.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::source::{MemorySource, Source};

/// A source that must be read, as one that cannot be mapped, and says how much was.
#[derive(Debug)]
pub(crate) struct CountedSource {
    data: MemorySource,
    read: AtomicU64,
}

impl CountedSource {
    pub(crate) fn new(data: Vec<u8>) -> Self {
        Self {
            data: MemorySource::new("counted", data),
            read: AtomicU64::new(0),
        }
    }

    /// Bytes that were asked for so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl Source for CountedSource {
    fn path(&self) -> &Path {
        self.data.path()
    }

    fn size(&self) -> u64 {
        self.data.size()
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        self.data.bytes(offset, length, buffer)
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}
