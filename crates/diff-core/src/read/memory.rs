//! Memory by the mebibyte.

use std::ops::{Deref, DerefMut};

use memmap2::MmapMut;

use crate::error::{Code, Error, Result, counted};

/// Bytes in as few pages as the system gives: the faults of small ones take longer than it takes to read into them.
#[derive(Debug, Default)]
pub(super) struct Memory(Option<MmapMut>);

impl Memory {
    /// So many zeros.
    ///
    /// # Errors
    /// `Io` where the system has no room.
    pub(super) fn new(bytes: usize) -> Result<Self> {
        let map = MmapMut::map_anon(bytes).map_err(|e| {
            Error::new(
                Code::Io,
                format!("no room for {} in memory", counted(bytes, "byte")),
            )
            .found(e.to_string())
            .hint("compare with fewer threads, or close other programs")
        })?;
        // A kernel without huge pages gives small ones.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Ok(Self(Some(map)))
    }

    /// Makes room for so many bytes, where there is less; keeps what is there.
    ///
    /// # Errors
    /// Those of [`Memory::new`].
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<()> {
        if self.len() < bytes {
            let mut larger = Self::new(bytes)?;
            larger[..self.len()].copy_from_slice(self);
            *self = larger;
        }
        Ok(())
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}
