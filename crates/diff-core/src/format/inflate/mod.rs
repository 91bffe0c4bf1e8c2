//! Compressed entries of zip archives. torch writes none; archives that were packed again have them.
//!
//! Small ones (pickles) are inflated whole. Tensors are inflated beside the comparison, in constant memory:
//! each reading thread has a decoder that goes on where it was, and the decoders of an archive share a pool.
//! Elements that are wanted out of order (transposed views) make their record be kept whole, within a cap.
//!
//! A damaged record is an error that says how it is damaged and where; that there is no room for a sound one is another.

mod decoder;
mod whole;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::zip::Entry;
use crate::error::{Code, Error, Result, counted};
use crate::once::Once;
use crate::pickle::Area;
use crate::source::Source;
use decoder::Decoder;
pub(super) use whole::{crc_finding, whole};

/// Decoders that wait for their next read, at most this many an archive.
const IDLE: usize = 16;

/// What the compressed records of one archive share.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Vec<(u32, Decoder)>>,
    /// Bytes that records may still take when they are kept whole.
    memory: AtomicU64,
}

impl Pool {
    pub(super) fn new(memory: u64) -> Arc<Self> {
        Arc::new(Self {
            idle: Mutex::default(),
            memory: AtomicU64::new(memory),
        })
    }
}

/// The content of one deflated record.
#[derive(Debug)]
pub(super) struct Inflated {
    payload: Area,
    size: u64,
    /// Checksum of the content, by the directory.
    crc: u32,
    name: String,
    /// Number of the record in its archive.
    number: u32,
    pool: Arc<Pool>,
    /// None where there is no room for it.
    whole: Once<Option<Vec<u8>>>,
}

impl Inflated {
    pub(super) fn new(payload: Area, entry: &Entry, number: u32, pool: &Arc<Pool>) -> Self {
        Self {
            payload,
            size: entry.size,
            crc: entry.crc,
            name: entry.name().into_owned(),
            number,
            pool: Arc::clone(pool),
            whole: Once::default(),
        }
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(
                Error::new(Code::UnexpectedEof, "range reaches beyond the end")
                    .expected(counted(buffer.len(), "byte"))
                    .found(format!("{} bytes in all", self.size))
                    .at(self.path())
                    .entry(&self.name),
            );
        }
        let mut decoder = self.take(offset);
        let done = decoder
            .skip_to(offset, &self.payload)
            .and_then(|()| decoder.fill(buffer, &self.payload))
            .and_then(|()| decoder.check_end(&self.payload));
        done.map_err(|e| e.at(self.path()).entry(&self.name))?;
        if decoder.position() < self.size {
            let mut idle = self
                .pool
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if idle.len() >= IDLE {
                idle.remove(0);
            }
            idle.push((self.number, decoder));
        }
        Ok(())
    }

    /// The decoder that stands closest before `offset`, or a new one.
    fn take(&self, offset: u64) -> Decoder {
        let mut idle = self
            .pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let best = idle
            .iter()
            .enumerate()
            .filter(|(_, (number, decoder))| *number == self.number && decoder.position() <= offset)
            .max_by_key(|(_, (_, decoder))| decoder.position())
            .map(|(at, _)| at);
        best.map_or_else(|| Decoder::new(self.size, self.crc), |at| idle.remove(at).1)
    }

    /// The whole record, or none where the archive's share of memory has no room for it.
    fn keep_whole(&self) -> Result<Option<Vec<u8>>> {
        let memory = &self.pool.memory;
        let room = memory.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
            room.checked_sub(self.size)
        });
        let (Ok(_), Ok(length)) = (room, usize::try_from(self.size)) else {
            return Ok(None);
        };
        let mut content = Vec::new();
        let done = content
            .try_reserve_exact(length)
            .map_err(|_| Error::new(Code::LimitExceeded, "no memory for a compressed record"))
            .and_then(|()| {
                content.resize(length, 0);
                self.fill(0, &mut content)
            });
        if let Err(error) = done {
            memory.fetch_add(self.size, Ordering::Relaxed);
            return Err(error);
        }
        Ok(Some(content))
    }

    fn kept(&self) -> Option<&[u8]> {
        self.whole.get()?.as_deref()
    }
}

impl Source for Inflated {
    fn path(&self) -> &Path {
        self.payload.source.path()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        if let Some(whole) = self.kept() {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            if let Some(bytes) = whole.get(start..start.saturating_add(length)) {
                return Ok(bytes);
            }
        }
        buffer.resize(length, 0);
        self.fill(offset, buffer)?;
        Ok(buffer)
    }

    fn view(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset).ok()?;
        self.kept()?.get(start..start.checked_add(length)?)
    }

    fn make_seekable(&self) -> Result<bool> {
        let whole = self.whole.get_or_make(|| self.keep_whole())?;
        Ok(whole.is_some())
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}
