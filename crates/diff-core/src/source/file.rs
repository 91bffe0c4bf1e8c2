//! Files: mapped where that is safe, read otherwise.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf, Prefix};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::error::{Code, Error, Result};
use crate::source::adaptive_io::{self, IoMode};
use crate::source::descriptor::{self, Descriptor};
use crate::source::map::{self, Map};
use crate::source::{Source, check_range};

/// What can be done where the system does not give what is in a file.
const FAILED_READ: &str = "the disk, or the connection to it, failed: look into the system's log, and open the checkpoint again, or a copy of it on another disk";

/// A regular file. It keeps what it was when it was opened: its descriptor may be closed for another one and opened again. Its map, if it gets one, is made at the first read.
#[derive(Debug)]
pub struct FileSource {
    /// What it is called.
    path: PathBuf,
    /// Where it lies, if that is elsewhere.
    behind: Option<PathBuf>,
    file: Descriptor,
    identity: Identity,
    wish: IoMode,
    map: OnceLock<Option<Map>>,
}

/// What must not change while the file is in use.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    size: u64,
    modified: Option<SystemTime>,
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (device, inode) = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let (device, inode) = (0, 0);
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            device,
            inode,
        }
    }
}

impl FileSource {
    /// Opens without reading.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, `Io`; `Argument` for what is not a regular file; `EmptyFile`.
    pub fn open(path: &Path) -> Result<Self> {
        // A fifo would block for ever in `open`, so its type is looked at first.
        if !look_at(path)?.is_file() {
            return Err(not_regular(path));
        }
        let pool = descriptor::pool();
        let file = pool.open(path).map_err(|e| Error::io("open", path, &e))?;
        let metadata = file
            .metadata()
            .map_err(|e| Error::io("look at", path, &e))?;
        if metadata.len() == 0 {
            return Err(Error::new(Code::EmptyFile, "file is empty").at(path).hint(
                "an interrupted download or save leaves such files; fetch or save it again",
            ));
        }
        let identity = Identity::of(&metadata);
        Ok(Self {
            path: path.to_path_buf(),
            behind: None,
            file: pool.keep(file, path),
            identity,
            wish: IoMode::of_environment(),
            map: OnceLock::new(),
        })
    }

    /// The same file under the name of a file that points to it.
    #[must_use]
    pub fn standing_for(self, path: &Path) -> Self {
        Self {
            behind: Some(self.path),
            path: path.to_path_buf(),
            ..self
        }
    }

    fn check_range(&self, offset: u64, length: usize) -> Result<()> {
        check_range(&self.path, self.identity.size, (offset, length))
            .map_err(|error| error.hint("the file is truncated; fetch or save it again"))
    }

    fn read_into(&self, offset: u64, length: usize, buffer: &mut Vec<u8>) -> Result<()> {
        buffer.resize(length, 0);
        self.fill(offset, buffer)
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.with_file(|file| read_exact_at(file, buffer, offset))?
            .map_err(|e| self.unread(offset, &e))
    }

    fn with_file<T>(&self, work: impl FnOnce(&File) -> T) -> Result<T> {
        self.file.with(|opened| self.check_again(opened), work)
    }

    /// A file that was opened again, if it is the one that was opened first.
    fn check_again(&self, opened: std::io::Result<File>) -> Result<File> {
        let looked = opened.and_then(|file| Ok((Identity::of(&file.metadata()?), file)));
        match looked {
            Ok((identity, file)) if identity == self.identity => Ok(file),
            Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("open", &self.path, &e)),
            _ => Err(self.changed()),
        }
    }

    /// Why bytes that were there when the file was opened could not be read.
    #[cold]
    fn unread(&self, offset: u64, error: &std::io::Error) -> Error {
        match self.is_unchanged() {
            Ok(false) => self.changed(),
            _ => Error::io("read", &self.path, error)
                .offset(offset)
                .hint(FAILED_READ),
        }
    }

    /// Whether the file is what it was when it was opened, as far as the system tells.
    ///
    /// # Errors
    /// What keeps the system from telling.
    fn is_unchanged(&self) -> Result<bool> {
        let look = |found: std::io::Result<Metadata>| match found {
            Ok(metadata) => Ok(Some(Identity::of(&metadata))),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("look at", &self.path, &e)),
        };
        // By path as well as by handle: a file that was replaced is no longer what the user named.
        let by_handle = self
            .file
            .if_open(|file| look(file.metadata()))
            .transpose()?;
        let by_path = look(std::fs::metadata(self.file.path()))?;
        Ok(by_handle
            .into_iter()
            .chain([by_path])
            .all(|identity| identity.as_ref() == Some(&self.identity)))
    }

    #[cold]
    fn changed(&self) -> Error {
        Error::new(Code::FileChanged, "file changed while it was being read")
            .expected(format!(
                "{} bytes as when it was opened, not written to since",
                self.identity.size
            ))
            .at(&self.path)
            .hint("compare a copy, or wait until the writer is done")
    }

    fn map(&self) -> Option<&Map> {
        if self.wish == IoMode::Pread {
            return None;
        }
        let make = |file: &File| {
            let may = self.wish == IoMode::Mmap || map::is_local(file);
            may.then(|| Map::new(file, self.identity.size))?
        };
        // Where it cannot be opened again, the read that follows says why.
        let map = self.map.get_or_init(|| self.with_file(make).ok().flatten());
        let map = map.as_ref()?;
        // What is missing in a map stays so; a read into a buffer tells what the system says of it.
        (Map::is_guarded() && map.missing_from().is_none()).then_some(map)
    }
}

impl Source for FileSource {
    fn path(&self) -> &Path {
        &self.path
    }

    fn behind(&self) -> Option<&Path> {
        self.behind.as_deref()
    }

    fn size(&self) -> u64 {
        self.identity.size
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.check_range(offset, length)?;
        let map = self.map().filter(|_| {
            self.wish == IoMode::Mmap || adaptive_io::prefers_map(length, map::minor_faults)
        });
        if let Some(map) = map {
            return Ok(map.range(offset, length));
        }
        self.read_into(offset, length, buffer)?;
        Ok(buffer)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.check_range(offset, buffer.len())?;
        self.fill(offset, buffer)
    }

    fn view(&self, offset: u64, length: usize) -> Option<&[u8]> {
        self.check_range(offset, length).ok()?;
        Some(self.map()?.range(offset, length))
    }

    fn place_in_file(&self, offset: u64) -> Option<u64> {
        Some(offset)
    }

    fn file_identity(&self) -> Option<(u64, u64)> {
        cfg!(unix).then_some((self.identity.device, self.identity.inode))
    }

    fn release(&self, offset: u64, length: usize) {
        if let Some(Some(map)) = self.map.get() {
            map.release(offset, length);
        }
    }

    fn modified(&self) -> Option<SystemTime> {
        self.identity.modified
    }

    fn verify(&self) -> Result<()> {
        if !self.is_unchanged()? {
            return Err(self.changed());
        }
        match self.map.get() {
            // Nobody wrote to the file, and yet the system could not give its pages.
            Some(Some(map)) => map.missing_from().map_or(Ok(()), |offset| {
                Err(
                    Error::new(Code::Io, "cannot read: input/output error in a mapped file")
                        .at(&self.path)
                        .offset(offset)
                        .hint(FAILED_READ),
                )
            }),
            _ => Ok(()),
        }
    }
}

/// What lies at a path.
///
/// # Errors
/// `NotFound`, `PermissionDenied`, `Io`; `Argument` for a device of Windows.
pub(super) fn look_at(path: &Path) -> Result<Metadata> {
    if is_device(path) {
        return Err(not_regular(path));
    }
    std::fs::metadata(path).map_err(|e| Error::io("open", path, &e))
}

fn not_regular(path: &Path) -> Error {
    Error::new(Code::Argument, "not a regular file").at(path).hint(
        "give a checkpoint file or a directory that holds one; pipes and devices cannot be read at random positions",
    )
}

/// Whether it is one of the names that Windows has for devices, in every folder: CON, NUL, COM1. Elsewhere their type tells them.
fn is_device(path: &Path) -> bool {
    let Ok(absolute) = std::path::absolute(path) else {
        return false;
    };
    let first = absolute.components().next();
    matches!(first, Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::DeviceNS(_)))
}

#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buffer = &mut buffer[n..];
                offset += n as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
