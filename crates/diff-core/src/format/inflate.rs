//! Compressed entries of zip archives. torch writes none; archives that were packed again have them.
//!
//! Small ones (pickles) are inflated whole. Tensors are inflated beside the comparison, in constant memory:
//! each reading thread has a decoder that goes on where it was, and the decoders of an archive share a pool.
//! Elements that are wanted out of order (transposed views) make their record be kept whole, within a cap.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flate2::{Decompress, FlushDecompress, Status};

use super::zip::{DEFLATED, Entry};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::pickle::Area;
use crate::source::Source;

/// The whole content of a deflated entry; the caller has checked its size against a cap. `crate zip`
/// inflates it, behind a header of our own making, so that only our reading of the directory counts.
pub(super) fn whole(payload: &Area, entry: &Entry, findings: &mut Vec<Finding>) -> Result<Vec<u8>> {
    let place = |e: Error| e.at(payload.source.path()).entry(&entry.name());
    let mut header = Vec::with_capacity(64);
    header.extend_from_slice(b"PK\x03\x04\x14\x00\x00\x00");
    header.extend_from_slice(&DEFLATED.to_le_bytes());
    header.extend_from_slice(&[0, 0, 0x21, 0]); // 1980-01-01
    header.extend_from_slice(&entry.crc.to_le_bytes());
    header.extend_from_slice(&u32::MAX.to_le_bytes());
    header.extend_from_slice(&u32::MAX.to_le_bytes());
    header.extend_from_slice(&[1, 0, 20, 0, b'x', 1, 0, 16, 0]);
    header.extend_from_slice(&entry.size.to_le_bytes());
    header.extend_from_slice(&entry.stored.to_le_bytes());
    let mut stream = header.chain(AreaReader {
        area: payload.clone(),
        at: 0,
    });
    let broken = |e: &dyn std::fmt::Display| {
        place(
            Error::new(
                Code::InflateError,
                format!("zip entry does not inflate: {e}"),
            )
            .hint("the archive is damaged; fetch or save it again"),
        )
    };
    let mut file = zip::read::read_zipfile_from_stream(&mut stream)
        .map_err(|e| broken(&e))?
        .ok_or_else(|| broken(&"no data"))?;
    let mut content = Vec::with_capacity(usize::try_from(entry.size).unwrap_or(0));
    let result = (&mut file).take(entry.size).read_to_end(&mut content);
    if (content.len() as u64) < entry.size {
        return Err(match result {
            Err(e) => broken(&e),
            Ok(_) => broken(&format!(
                "{} bytes instead of {}",
                content.len(),
                entry.size
            )),
        });
    }
    // Only the end is checked here; torch does not look at checksums.
    let mut more = [0];
    match file.read(&mut more) {
        Ok(0) => {}
        Ok(_) => return Err(broken(&"it is longer than the directory says")),
        Err(_) => findings.push(crc_finding(payload, entry)),
    }
    Ok(content)
}

pub(super) fn crc_finding(payload: &Area, entry: &Entry) -> Finding {
    Finding::new(
        "CrcMismatch",
        Severity::Info,
        format!(
            "checksum of zip entry {:?} is wrong; torch does not look at it",
            entry.name()
        ),
    )
    .at(payload.source.path())
    .offset(payload.start)
}

struct AreaReader {
    area: Area,
    at: u64,
}

impl Read for AreaReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = (self.area.length - self.at).min(buffer.len() as u64) as usize;
        if let Some(target) = buffer.get_mut(..count) {
            self.area
                .source
                .read_exact(self.area.start + self.at, target)
                .map_err(std::io::Error::other)?;
        }
        self.at += count as u64;
        Ok(count)
    }
}

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
    name: String,
    /// Number of the record in its archive.
    number: u32,
    pool: Arc<Pool>,
    whole: OnceLock<Option<Vec<u8>>>,
}

impl Inflated {
    pub(super) fn new(payload: Area, entry: &Entry, number: u32, pool: &Arc<Pool>) -> Self {
        Self {
            payload,
            size: entry.size,
            name: entry.name().into_owned(),
            number,
            pool: Arc::clone(pool),
            whole: OnceLock::new(),
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
            .and_then(|()| decoder.fill(buffer, &self.payload));
        done.map_err(|e| e.at(self.path()).entry(&self.name))?;
        if decoder.position < self.size {
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
            .filter(|(_, (number, decoder))| *number == self.number && decoder.position <= offset)
            .max_by_key(|(_, (_, decoder))| decoder.position)
            .map(|(at, _)| at);
        best.map_or_else(Decoder::new, |at| idle.remove(at).1)
    }

    fn keep_whole(&self) -> Option<Vec<u8>> {
        let room = self
            .pool
            .memory
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(self.size)
            });
        room.ok()?;
        let mut content = vec![0; usize::try_from(self.size).ok()?];
        self.fill(0, &mut content).ok()?;
        Some(content)
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
        if let Some(Some(whole)) = self.whole.get() {
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
        let whole = self.whole.get_or_init(|| self.keep_whole()).as_ref()?;
        let start = usize::try_from(offset).ok()?;
        whole.get(start..start.checked_add(length)?)
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}

const INPUT: usize = 64 << 10;

/// A deflate stream in the middle of its way.
#[derive(Debug)]
struct Decoder {
    state: Decompress,
    /// Bytes of content so far.
    position: u64,
    input: Vec<u8>,
    /// Next byte of `input`.
    at: usize,
    /// Position in the payload behind `input`.
    taken: u64,
}

impl Decoder {
    fn new() -> Self {
        Self {
            state: Decompress::new(false),
            position: 0,
            input: Vec::new(),
            at: 0,
            taken: 0,
        }
    }

    fn skip_to(&mut self, offset: u64, payload: &Area) -> Result<()> {
        if self.position >= offset {
            return Ok(());
        }
        let mut waste = vec![0; INPUT];
        while self.position < offset {
            let count = (offset - self.position).min(INPUT as u64) as usize;
            let Some(target) = waste.get_mut(..count) else {
                break;
            };
            self.fill(target, payload)?;
        }
        Ok(())
    }

    fn fill(&mut self, mut out: &mut [u8], payload: &Area) -> Result<()> {
        while !out.is_empty() {
            if self.at == self.input.len() && self.taken < payload.length {
                let count = (payload.length - self.taken).min(INPUT as u64);
                self.input.resize(count as usize, 0);
                payload
                    .source
                    .read_exact(payload.start + self.taken, &mut self.input)?;
                self.taken += count;
                self.at = 0;
            }
            let before = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(
                    self.input.get(self.at..).unwrap_or_default(),
                    out,
                    FlushDecompress::None,
                )
                .map_err(|e| damaged(&e))?;
            let taken = self.state.total_in() - before.0;
            let given = (self.state.total_out() - before.1) as usize;
            self.at += taken as usize;
            self.position += given as u64;
            out = out.get_mut(given..).unwrap_or_default();
            let stuck = taken == 0 && given == 0 && self.taken == payload.length;
            if !out.is_empty() && (status == Status::StreamEnd || stuck) {
                return Err(damaged(&"it ends before its content does"));
            }
        }
        Ok(())
    }
}

fn damaged(reason: &dyn std::fmt::Display) -> Error {
    Error::new(
        Code::InflateError,
        format!("zip entry does not inflate: {reason}"),
    )
    .hint("the archive is damaged; fetch or save it again")
}
