//! What was asked for, as it arrives.

use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use super::locked;
use crate::error::{Code, Error, Result};
use crate::observe;

/// How often a thread that waits looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// What the first answer tells of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes in all.
    pub size: u64,
    /// The tag or date that its server gives, by which a change is seen.
    pub version: Option<Arc<str>>,
    /// Whether the answer is the whole file since its server gives no parts.
    pub is_whole: bool,
}

/// The bytes of one request. They come in pieces; many threads may wait for all of them.
#[derive(Debug)]
pub struct Answer {
    most: u64,
    /// Whether so many bytes will come, so that room for them is made at once.
    is_exact: bool,
    arriving: Mutex<Vec<u8>>,
    changed: Condvar,
    outcome: OnceLock<Result<(Arc<Vec<u8>>, FileFacts)>>,
}

impl Answer {
    /// `most` bytes are taken at most.
    pub(super) fn new(most: u64, is_exact: bool) -> Self {
        Self {
            most,
            is_exact,
            arriving: Mutex::default(),
            changed: Condvar::new(),
            outcome: OnceLock::new(),
        }
    }

    /// Takes the next bytes. False where there are more than were asked for, or nobody takes any.
    pub fn write(&self, bytes: &[u8]) -> bool {
        let mut arriving = locked(&self.arriving);
        if self.is_over() || (arriving.len() + bytes.len()) as u64 > self.most {
            return false;
        }
        if arriving.capacity() == 0 && self.is_exact {
            arriving.reserve_exact(self.most as usize);
        }
        arriving.extend_from_slice(bytes);
        true
    }

    /// All bytes have been written.
    pub fn finish(&self, facts: FileFacts) {
        let bytes = std::mem::take(&mut *locked(&self.arriving));
        self.end(Ok((Arc::new(bytes), facts)));
    }

    /// No more bytes come.
    pub fn fail(&self, error: Error) {
        *locked(&self.arriving) = Vec::new();
        self.end(Err(error));
    }

    fn end(&self, outcome: Result<(Arc<Vec<u8>>, FileFacts)>) {
        let _ = self.outcome.set(outcome);
        // Whoever looked before this and is about to wait holds the lock.
        drop(locked(&self.arriving));
        self.changed.notify_all();
    }

    pub(super) fn is_over(&self) -> bool {
        self.outcome.get().is_some()
    }

    /// Waits for the end; `Cancelled` as soon as the waiting thread is to end.
    pub(super) fn wait(&self) -> Result<(&Arc<Vec<u8>>, FileFacts)> {
        let mut arriving = locked(&self.arriving);
        loop {
            match self.outcome.get() {
                Some(Ok((bytes, facts))) => return Ok((bytes, facts.clone())),
                Some(Err(error)) => return Err(error.clone()),
                None if observe::is_cancelled() => {
                    return Err(Error::new(Code::Cancelled, "cancelled"));
                }
                None => {}
            }
            arriving = self
                .changed
                .wait_timeout(arriving, LOOK)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(guard, _)| guard);
        }
    }
}
