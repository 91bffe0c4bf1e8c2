//! Readers of the rows at work, and the memory that they keep.
//!
//! A reader keeps what it needs for every element (scales, factors of products, places of sparse elements) until its row is done. How much
//! that is follows from the description ([`kept_bytes`](crate::read::kept_bytes)). One budget covers all readers of a run: a thread that
//! comes to a row for which there is no room waits until others are done. While it waits it holds nothing itself, and units are taken in
//! order, so a thread that holds something never waits for one that waits.

use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;

/// The most bytes that the readers of a run keep at once. A row that needs more has the budget to itself; limits on single tensors bound it.
pub(super) const BUDGET: u64 = 256 << 20;

/// How long a thread waits before it checks again whether the run is to stop.
const WAIT: Duration = Duration::from_millis(50);

/// Readers of the rows at work, one place for each row.
pub(super) struct Keeper<R> {
    rows: Vec<Mutex<Option<Arc<Kept<R>>>>>,
    budget: Arc<Budget>,
}

/// Readers of a row, with their share of the memory.
pub(super) struct Kept<R> {
    readers: R,
    _share: Share,
}

impl<R> Deref for Kept<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.readers
    }
}

impl<R> Keeper<R> {
    pub(super) fn new(rows: usize) -> Self {
        Self::within(BUDGET, rows)
    }

    fn within(most: u64, rows: usize) -> Self {
        Self {
            rows: (0..rows).map(|_| Mutex::default()).collect(),
            budget: Arc::new(Budget {
                most,
                taken: Mutex::new(0),
                given_back: Condvar::new(),
            }),
        }
    }

    /// The readers of a row, made by `make` if there are none yet. `bytes` tells how much they keep; `check` fails when it is time to stop
    /// waiting.
    ///
    /// # Errors
    /// Those of `make` and of `check`.
    pub(super) fn get(
        &self,
        row: usize,
        make: impl FnOnce() -> Result<R>,
        bytes: impl FnOnce(&R) -> u64,
        check: impl Fn() -> Result<()>,
    ) -> Result<Arc<Kept<R>>> {
        let mut place = self.place(row);
        if let Some(kept) = place.as_ref() {
            return Ok(Arc::clone(kept));
        }
        let readers = make()?;
        let kept = Arc::new(Kept {
            _share: Budget::take(&self.budget, bytes(&readers), check)?,
            readers,
        });
        *place = Some(Arc::clone(&kept));
        Ok(kept)
    }

    /// Lets go of the readers of a row, once nobody uses them.
    pub(super) fn let_go(&self, row: usize) {
        *self.place(row) = None;
    }

    fn place(&self, row: usize) -> MutexGuard<'_, Option<Arc<Kept<R>>>> {
        self.rows[row]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

struct Budget {
    most: u64,
    taken: Mutex<u64>,
    given_back: Condvar,
}

/// A part of a budget, given back when it is dropped.
struct Share {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    /// Waits until there is room or the whole budget is free.
    fn take(budget: &Arc<Self>, bytes: u64, check: impl Fn() -> Result<()>) -> Result<Share> {
        let mut taken = budget.taken();
        while bytes > 0 && *taken > 0 && taken.saturating_add(bytes) > budget.most {
            check()?;
            let waited = budget.given_back.wait_timeout(taken, WAIT);
            (taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *taken = taken.saturating_add(bytes);
        drop(taken);
        Ok(Share {
            budget: Arc::clone(budget),
            bytes,
        })
    }

    fn taken(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let mut taken = self.budget.taken();
            *taken = taken.saturating_sub(self.bytes);
            drop(taken);
            self.budget.given_back.notify_all();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::error::{Code, Error};

    /// Runs rows that keep these bytes on many threads, and answers the most bytes that were kept at once.
    fn peak(most: u64, rows: &[u64]) -> u64 {
        let keeper = Keeper::within(most, rows.len());
        let (next, kept, peak) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let work = || {
            while let Some((row, &bytes)) = rows
                .iter()
                .enumerate()
                .nth(next.fetch_add(1, Ordering::SeqCst) as usize)
            {
                let readers = keeper.get(row, || Ok(bytes), |bytes| *bytes, || Ok(()));
                let readers = readers.unwrap();
                let now = kept.fetch_add(**readers, Ordering::SeqCst) + **readers;
                peak.fetch_max(now, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
                kept.fetch_sub(**readers, Ordering::SeqCst);
                keeper.let_go(row);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(work);
            }
        });
        assert_eq!(*keeper.budget.taken(), 0);
        peak.into_inner()
    }

    #[test]
    fn no_more_is_kept_than_the_budget_or_one_row() {
        let peak_of_many = peak(100, &[40; 64]);
        assert!((40..=100).contains(&peak_of_many), "{peak_of_many}");
        assert_eq!(peak(100, &[300, 20, 300, 0, 20, 300]), 300);
        let all_at_once = peak(u64::MAX, &[10; 64]);
        assert!(all_at_once <= 80, "{all_at_once}");
    }

    #[test]
    fn readers_of_a_row_are_made_once_until_they_are_let_go() {
        let keeper = Keeper::within(1, 1);
        let get = |made: u64| keeper.get(0, || Ok(made), |_| 1, || Ok(())).unwrap();
        assert_eq!((**get(1), **get(2)), (1, 1));
        keeper.let_go(0);
        assert_eq!(**get(3), 3);
    }

    #[test]
    fn who_waits_learns_that_the_run_ends() {
        let keeper = Keeper::within(10, 2);
        let end = || Err(Error::new(Code::Cancelled, "cancelled"));
        let first = keeper.get(0, || Ok(()), |()| 8, || Ok(())).unwrap();
        let second = keeper.get(1, || Ok(()), |()| 8, end).err().unwrap();
        assert_eq!(second.code(), Code::Cancelled);
        drop(first);
        keeper.let_go(0);
        assert!(keeper.get(1, || Ok(()), |()| 8, end).is_ok());
    }
}
