//! How far a run is, and the wish that it stop; both without locks or callbacks.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Code, Error, Result};

/// Shared by a run and whoever watches it.
#[derive(Debug, Default)]
pub struct Observer {
    bytes_done: AtomicU64,
    bytes_total: AtomicU64,
    tensors_done: AtomicU64,
    tensors_total: AtomicU64,
    bytes_read: AtomicU64,
    cancelled: Arc<AtomicBool>,
}

impl Observer {
    /// Asks the run to end; it looks once a chunk.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// `Cancelled` after [`Observer::cancel`].
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::new(Code::Cancelled, "cancelled"));
        }
        Ok(())
    }

    /// Bytes done, bytes in all, tensors done, tensors in all.
    #[must_use]
    pub fn progress(&self) -> [u64; 4] {
        [
            &self.bytes_done,
            &self.bytes_total,
            &self.tensors_done,
            &self.tensors_total,
        ]
        .map(|counter| counter.load(Ordering::Relaxed))
    }

    /// Bytes of tensors that were read so far, of files and of maps alike: those that elements lie in, once for each time that they are
    /// needed, and the gaps that are read with them. What is read once and kept (indices, scales, compressed records) is not among them.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    pub(crate) fn add_read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Sets what there is to do.
    pub(crate) fn start(&self, bytes: u64, tensors: u64) {
        self.bytes_total.store(bytes, Ordering::Relaxed);
        self.tensors_total.store(tensors, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_tensors(&self, tensors: u64) {
        self.tensors_done.fetch_add(tensors, Ordering::Relaxed);
    }

    /// Does `work`; what waits in it on this thread learns of the wish to end: see [`is_cancelled`].
    pub fn while_watched<T>(&self, work: impl FnOnce() -> T) -> T {
        Wish(Some(Arc::clone(&self.cancelled))).while_watched(work)
    }
}

thread_local! {
    static WISH: RefCell<Wish> = RefCell::default();
}

/// Whether the job that the calling thread works for is to end. Sources that wait for a server have no observer, but their thread has one.
pub(crate) fn is_cancelled() -> bool {
    WISH.with_borrow(|wish| {
        let cancelled = wish.0.as_ref();
        cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    })
}

/// Where a thread learns whether it is to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish(Option<Arc<AtomicBool>>);

impl Wish {
    /// That of the calling thread, for the threads that it starts.
    pub(crate) fn of_thread() -> Self {
        WISH.with_borrow(Clone::clone)
    }

    pub(crate) fn while_watched<T>(self, work: impl FnOnce() -> T) -> T {
        let before = WISH.replace(self);
        let done = work();
        WISH.set(before);
        done
    }
}
