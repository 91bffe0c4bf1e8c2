//! Where bytes come from.

mod adaptive_io;
#[cfg(test)]
mod counted;
mod descriptor;
mod file;
mod files;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
mod map;
#[cfg(not(target_os = "linux"))]
#[path = "no_map.rs"]
mod map;
mod memory;
pub mod remote;

use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use crate::error::{Code, Error, Result, counted};

#[cfg(test)]
pub(crate) use counted::CountedSource;
pub use file::FileSource;
pub(crate) use files::canonical_path;
pub use files::{Entry, Files, Place};
pub use memory::MemorySource;

/// A fixed sequence of bytes that can be read anywhere, by many threads.
pub trait Source: Send + Sync + std::fmt::Debug {
    /// The file, or a made-up name that tells the user what it is.
    fn path(&self) -> &Path;

    /// The file that is read, where the one at `path` only points to it.
    fn behind(&self) -> Option<&Path> {
        None
    }

    /// Bytes in all.
    fn size(&self) -> u64;

    /// The bytes `offset .. offset + length`: either a view into the source, or copied into `buffer`.
    ///
    /// # Errors
    /// `UnexpectedEof` beyond the end, `FileChanged` when the file has become shorter, `Io`.
    fn bytes<'a>(&'a self, offset: u64, length: usize, buffer: &'a mut Vec<u8>)
    -> Result<&'a [u8]>;

    /// Fills `buffer` with the bytes from `offset` on, without a map: what reads descriptions all over a file
    /// must not make its pages resident.
    ///
    /// # Errors
    /// As [`Source::bytes`].
    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let mut scratch = Vec::new();
        buffer.copy_from_slice(self.bytes(offset, buffer.len(), &mut scratch)?);
        Ok(())
    }

    /// A range in a vector of its own, without a map.
    ///
    /// # Errors
    /// As [`Source::bytes`].
    fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        // Before there is room for it: lengths come from files.
        if offset
            .checked_add(length as u64)
            .is_none_or(|end| end > self.size())
        {
            return Err(Error::new(
                Code::UnexpectedEof,
                "range reaches beyond the end of the file",
            )
            .expected(counted(length, "byte"))
            .found(format!("{} bytes in all", self.size()))
            .at(self.path())
            .offset(offset)
            .hint("the file is truncated; fetch or save it again"));
        }
        let mut buffer = vec![0; length];
        self.read_exact(offset, &mut buffer)?;
        Ok(buffer)
    }

    /// Whether each read may be a request to a server: what can be known without one is not read.
    fn is_remote(&self) -> bool {
        false
    }

    /// Tells which ranges will be read, so that they can be fetched in as few requests as they take. Reads of others stay possible.
    fn announce(&self, _ranges: &mut Vec<Range<u64>>) {}

    /// The bytes `offset .. offset + length` without a copy, where the source can do that.
    fn view(&self, _offset: u64, _length: usize) -> Option<&[u8]> {
        None
    }

    /// Makes reads in any order cheap, where that takes something: a compressed record is kept whole. False where there is no room for
    /// it: then only reads from the start to the end are.
    ///
    /// # Errors
    /// As [`Source::bytes`]: what has to be read for it may be damaged.
    fn make_seekable(&self) -> Result<bool> {
        Ok(true)
    }

    /// Where the byte at `offset` lies in the file; None where it is made of others: inflated, decoded, or never in a file.
    fn place_in_file(&self, _offset: u64) -> Option<u64> {
        None
    }

    /// Device and number of the file, where the system has them: equal ones are the same bytes.
    fn file_identity(&self) -> Option<(u64, u64)> {
        None
    }

    /// When the file was last modified, as it was opened; None for what is no file.
    fn modified(&self) -> Option<SystemTime> {
        None
    }

    /// What the server of the file calls its version: a strong entity tag, or else the date of its last change; None for what is of no
    /// server, or of one that tells neither.
    fn version(&self) -> Option<&str> {
        None
    }

    /// Tells that this range will not be read again soon, so that it need not stay resident.
    fn release(&self, _offset: u64, _length: usize) {}

    /// Whether the source is still what it was when it was opened, and all that was read of it was in it.
    ///
    /// # Errors
    /// `FileChanged`; `Io` where pages of its map could not be read though nothing has changed.
    fn verify(&self) -> Result<()>;
}

/// That a range of a file, from an offset on, ends in it.
///
/// # Errors
/// `UnexpectedEof`.
fn check_range(path: &Path, size: u64, (offset, length): (u64, usize)) -> Result<()> {
    let end = offset.checked_add(length as u64);
    if end.is_some_and(|end| end <= size) {
        return Ok(());
    }
    Err(Error::new(
        Code::UnexpectedEof,
        "range reaches beyond the end of the file",
    )
    .expected(counted(length, "byte"))
    .found(format!("{size} bytes in all"))
    .at(path)
    .offset(offset))
}
