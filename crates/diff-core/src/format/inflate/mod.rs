//! Compressed entries of zip archives. torch writes none; archives that were packed again have them.
//!
//! Small ones (pickles) are inflated whole. Tensors are inflated beside the comparison, in constant memory:
//! the threads that read a record share its stream, and the streams of an archive a pool.
//! Elements that are wanted out of order (transposed views) make their record be kept whole, within a cap.
//!
//! A damaged record is an error that says how it is damaged and where; that there is no room for a sound one is another.

mod decoder;
mod stream;
#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;
mod whole;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::zip::Entry;
use crate::error::{Code, Error, Result, counted};
use crate::once::Once;
use crate::pickle::Area;
use crate::source::Source;
use decoder::Decoder;
use stream::Stream;
pub(super) use whole::{crc_finding, whole};

/// Streams that wait for their next read, at most this many an archive.
const IDLE: usize = 16;

/// Bytes that the streams of an archive keep at most for threads that come later: 8 MiB for each of 16.
const AHEAD: u64 = 128 << 20;

/// What the compressed records of one archive share.
#[derive(Debug)]
pub(super) struct Pool {
    /// In the order of their last use.
    streams: Mutex<Vec<Shared>>,
    /// Bytes that records may still take when they are kept whole.
    memory: AtomicU64,
    /// Bytes that streams may still keep.
    ahead: Arc<AtomicU64>,
}

/// A stream of a record, and how far it was when it was looked at last.
#[derive(Debug, Clone)]
struct Shared {
    record: u32,
    position: Arc<AtomicU64>,
    stream: Arc<Mutex<Stream>>,
}

impl Pool {
    pub(super) fn new(memory: u64) -> Arc<Self> {
        Arc::new(Self {
            streams: Mutex::default(),
            memory: AtomicU64::new(memory),
            // Who allows no memory for records gets none here.
            ahead: Arc::new(AtomicU64::new(AHEAD.min(memory))),
        })
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Shared>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The streams of a record that may have a byte of it, but for those that were tried: those that have passed it, then those before it, the
    /// nearest first.
    fn of(&self, record: u32, offset: u64, tried: &[Shared]) -> Vec<Shared> {
        let mut own: Vec<Shared> = self.streams().clone();
        own.retain(|one| one.record == record && !one.is_among(tried));
        own.sort_by_key(|one| {
            let position = one.position.load(Ordering::Relaxed);
            (position <= offset, position.abs_diff(offset))
        });
        own
    }

    /// Takes a stream in, unless there is one of its record that was not tried.
    fn add(&self, shared: &Shared, tried: &[Shared]) -> bool {
        let mut streams = self.streams();
        if streams
            .iter()
            .any(|one| one.record == shared.record && !one.is_among(tried))
        {
            return false;
        }
        if streams.len() >= IDLE {
            streams.remove(0);
        }
        streams.push(shared.clone());
        true
    }

    fn remove(&self, shared: &Shared) {
        self.streams()
            .retain(|one| !one.is_among(std::slice::from_ref(shared)));
    }
}

impl Shared {
    fn is_among(&self, others: &[Self]) -> bool {
        others
            .iter()
            .any(|other| Arc::ptr_eq(&self.stream, &other.stream))
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
        let mut tried = Vec::new();
        loop {
            for shared in self.pool.of(self.number, offset, &tried) {
                if self.read(&shared, offset, buffer)? {
                    return Ok(());
                }
                tried.push(shared);
            }
            let stream = Stream::new(Decoder::new(self.size, self.crc), &self.pool.ahead);
            let shared = Shared {
                record: self.number,
                position: Arc::default(),
                stream: Arc::new(Mutex::new(stream)),
            };
            // Threads that come at once must not begin one each.
            if self.pool.add(&shared, &tried) {
                return self.read(&shared, offset, buffer).map(drop);
            }
        }
    }

    /// Reads from a stream, and puts an end to it where it is over or broken.
    fn read(&self, shared: &Shared, offset: u64, buffer: &mut [u8]) -> Result<bool> {
        let mut stream = shared.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let done = stream.read(offset, buffer, &self.payload);
        let position = stream.position();
        shared.position.store(position, Ordering::Relaxed);
        if done.is_err() || stream.is_over(self.size) {
            self.pool.remove(shared);
        }
        done.map_err(|e| e.at(self.path()).entry(&self.name))
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
