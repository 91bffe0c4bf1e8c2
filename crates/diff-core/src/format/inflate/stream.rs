//! A record on its way out of its archive, shared by the threads that read it: one goes on where the last one was, and what it has to pass over
//! is kept for those that come for it. So a record is inflated once, whatever the threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::decoder::Decoder;
use crate::error::Result;
use crate::pickle::Area;

/// Bytes that are kept in one piece.
const PIECE: u64 = 256 << 10;

/// Content that was passed over.
#[derive(Debug)]
struct Kept {
    from: u64,
    bytes: Vec<u8>,
    /// Bytes of it that nobody has come for.
    left: usize,
}

impl Kept {
    fn end(&self) -> u64 {
        self.from + self.bytes.len() as u64
    }
}

#[derive(Debug)]
pub(super) struct Stream {
    decoder: Decoder,
    /// In the order of the content; what was come for is gone.
    kept: Vec<Kept>,
    /// Bytes that the streams of an archive may still keep.
    room: Arc<AtomicU64>,
}

impl Stream {
    pub(super) fn new(decoder: Decoder, room: &Arc<AtomicU64>) -> Self {
        Self {
            decoder,
            kept: Vec::new(),
            room: Arc::clone(room),
        }
    }

    /// Bytes of content that were inflated.
    pub(super) fn position(&self) -> u64 {
        self.decoder.position()
    }

    /// Whether there is something left that can be asked for.
    pub(super) fn is_over(&self, size: u64) -> bool {
        self.position() == size && self.kept.is_empty()
    }

    /// Fills `out` with the content from `offset` on; false where that was passed and is not kept.
    ///
    /// # Errors
    /// As [`Decoder::fill`]; the stream is of no use afterwards.
    pub(super) fn read(&mut self, offset: u64, out: &mut [u8], payload: &Area) -> Result<bool> {
        let end = offset + out.len() as u64;
        let passed = end.min(self.position());
        if offset < passed && !self.has(offset, passed) {
            return Ok(false);
        }
        self.keep_until(offset, payload)?;
        let before = passed.saturating_sub(offset) as usize;
        let (kept, fresh) = out.split_at_mut(before.min(out.len()));
        self.hand_out(offset, kept);
        if !fresh.is_empty() {
            self.decoder.fill(fresh, payload)?;
            self.decoder.check_end(payload)?;
        }
        Ok(true)
    }

    fn has(&self, offset: u64, end: u64) -> bool {
        let mut at = offset;
        for kept in &self.kept {
            if kept.from <= at && at < kept.end() {
                at = kept.end();
            }
        }
        at >= end
    }

    /// Copies what is kept, and lets go what all has been come for of.
    fn hand_out(&mut self, offset: u64, out: &mut [u8]) {
        let end = offset + out.len() as u64;
        for kept in &mut self.kept {
            let (from, to) = (kept.from.max(offset), kept.end().min(end));
            if from >= to {
                continue;
            }
            let target = out.get_mut((from - offset) as usize..(to - offset) as usize);
            let source = kept
                .bytes
                .get((from - kept.from) as usize..(to - kept.from) as usize);
            if let (Some(target), Some(source)) = (target, source) {
                target.copy_from_slice(source);
            }
            kept.left = kept.left.saturating_sub((to - from) as usize);
        }
        let room = &self.room;
        self.kept.retain(|kept| {
            if kept.left == 0 {
                room.fetch_add(kept.bytes.len() as u64, Ordering::Relaxed);
            }
            kept.left > 0
        });
    }

    /// Goes on to a byte of the content, and keeps what it passes as far as there is room.
    fn keep_until(&mut self, offset: u64, payload: &Area) -> Result<()> {
        while self.position() < offset {
            let from = self.position();
            let count = (offset - from).min(PIECE);
            let take = |room: u64| room.checked_sub(count);
            let room = &self.room;
            if room
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_err()
            {
                return self.decoder.skip_to(offset, payload);
            }
            let mut bytes = vec![0; count as usize];
            if let Err(error) = self.decoder.fill(&mut bytes, payload) {
                room.fetch_add(count, Ordering::Relaxed);
                return Err(error);
            }
            let left = bytes.len();
            self.kept.push(Kept { from, bytes, left });
        }
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let held: usize = self.kept.iter().map(|kept| kept.bytes.len()).sum();
        self.room.fetch_add(held as u64, Ordering::Relaxed);
    }
}
