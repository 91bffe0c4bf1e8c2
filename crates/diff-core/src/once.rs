//! What is made at the first use and kept, unless making it failed for a reason that may pass.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::error::{Kind, Result};

/// A value that is made once, by one thread while the others wait. That a file contradicts its format stays so and is kept; what the
/// system refuses (a lost connection, a bad read) is tried again at the next use.
#[derive(Debug)]
pub(crate) struct Once<T> {
    made: OnceLock<Result<T>>,
    making: Mutex<()>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self {
            made: OnceLock::new(),
            making: Mutex::new(()),
        }
    }
}

impl<T> Once<T> {
    /// The value, if it was made.
    pub(crate) fn get(&self) -> Option<&T> {
        self.made.get()?.as_ref().ok()
    }

    /// The value, made by `make` where there is none.
    ///
    /// # Errors
    /// Those of `make`.
    pub(crate) fn get_or_make(&self, make: impl FnOnce() -> Result<T>) -> Result<&T> {
        loop {
            if let Some(made) = self.made.get() {
                return made.as_ref().map_err(Clone::clone);
            }
            let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            if self.made.get().is_some() {
                continue;
            }
            let made = make();
            if let Err(error) = &made
                && matches!(error.kind(), Kind::Io | Kind::Cancelled)
            {
                return Err(error.clone());
            }
            return self
                .made
                .get_or_init(|| made)
                .as_ref()
                .map_err(Clone::clone);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::error::{Code, Error};

    /// Makes three times and says how often it had to.
    fn makes(result: &Result<u8>) -> u32 {
        let (once, count) = (Once::default(), Cell::new(0));
        for _ in 0..3 {
            let made = once.get_or_make(|| {
                count.set(count.get() + 1);
                result.clone()
            });
            assert_eq!(made.is_ok(), result.is_ok());
        }
        assert_eq!(once.get().is_some(), result.is_ok());
        count.get()
    }

    #[test]
    fn what_may_pass_is_tried_again_and_all_else_is_kept() {
        assert_eq!(makes(&Ok(1)), 1);
        for code in Code::ALL {
            let passes = matches!(code.kind(), Kind::Io | Kind::Cancelled);
            let wanted = if passes { 3 } else { 1 };
            assert_eq!(makes(&Err(Error::new(*code, "x"))), wanted, "{code:?}");
        }
    }
}
