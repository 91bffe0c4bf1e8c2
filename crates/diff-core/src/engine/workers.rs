//! The threads that share a run, and the reason why all of them stop.

use std::sync::OnceLock;

use crate::error::{Code, Error, Kind, Result, caught};
use crate::observe::Wish;

/// Set by the first thread that finds a reason to stop them all.
#[derive(Debug, Default)]
pub(super) struct Stop(OnceLock<Error>);

impl Stop {
    /// Checked by every thread before it takes a unit, and between the pieces of one.
    pub(super) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    /// Stops all threads if this error is a reason to: the run was cancelled, a file changed under it, a server is gone, or there is a bug.
    /// Returns whether it is. Any other error is that of one tensor.
    pub(super) fn on(&self, error: &Error) -> bool {
        let stops = matches!(error.kind(), Kind::Cancelled | Kind::Internal)
            || matches!(error.code(), Code::FileChanged | Code::Network);
        if stops {
            let _ = self.0.set(error.clone());
        }
        stops
    }

    /// # Errors
    /// The reason, where there is one.
    pub(super) fn check(&self) -> Result<()> {
        self.0.get().map_or(Ok(()), |error| Err(error.clone()))
    }
}

/// Runs `work` on so many threads at once until each has returned. One that panics stops the others at their next unit: their
/// results would be thrown away.
///
/// # Errors
/// The reason in `stop`; `Internal` for a panic, and where no thread can be started.
pub(super) fn run(threads: usize, stop: &Stop, work: impl Fn() + Sync) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|i| format!("model-diff-{i}"))
        .build()
        .map_err(|e| Error::new(Code::Internal, format!("cannot start threads: {e}")))?;
    let wish = Wish::of_thread();
    pool.broadcast(|_| {
        if let Err(panic) = caught(|| {
            wish.clone().while_watched(&work);
            Ok(())
        }) {
            stop.on(&panic);
        }
    });
    stop.check()
}
