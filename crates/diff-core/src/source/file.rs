//! Files: mapped where that is safe, read otherwise.

use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::error::{Code, Error, Result, counted};
use crate::source::Source;
use crate::source::way::{self, Wish};

/// A regular file, opened once. Its map, if it gets one, is made at the first read.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    file: File,
    identity: Identity,
    wish: Wish,
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
        let metadata = std::fs::metadata(path).map_err(|e| Error::io("open", path, &e))?;
        if !metadata.is_file() {
            return Err(Error::new(Code::Argument, "not a regular file")
                .at(path)
                .hint("give a checkpoint file or a directory that holds one; pipes and devices cannot be read at random positions"));
        }
        let file = File::open(path).map_err(|e| Error::io("open", path, &e))?;
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
            file,
            identity,
            wish: Wish::of_environment(),
            map: OnceLock::new(),
        })
    }

    /// Reads a range into a vector of its own, without a map.
    ///
    /// # Errors
    /// As [`Source::bytes`].
    pub fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>> {
        self.check_range(offset, length)?;
        let mut buffer = Vec::new();
        self.read_into(offset, length, &mut buffer)?;
        Ok(buffer)
    }

    fn check_range(&self, offset: u64, length: usize) -> Result<()> {
        if offset
            .checked_add(length as u64)
            .is_some_and(|end| end <= self.identity.size)
        {
            return Ok(());
        }
        Err(Error::new(
            Code::UnexpectedEof,
            "range reaches beyond the end of the file",
        )
        .expected(counted(length, "byte"))
        .found(format!("{} bytes in all", self.identity.size))
        .at(&self.path)
        .offset(offset)
        .hint("the file is truncated; fetch or save it again"))
    }

    fn read_into(&self, offset: u64, length: usize, buffer: &mut Vec<u8>) -> Result<()> {
        buffer.resize(length, 0);
        self.fill(offset, buffer)
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, buffer, offset).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => self.changed(),
            _ => Error::io("read", &self.path, &e).offset(offset),
        })
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
        if self.wish == Wish::Pread {
            return None;
        }
        let make = || {
            let may = self.wish == Wish::Mmap || map::is_local(&self.file);
            may.then(|| Map::new(&self.file, self.identity.size))?
        };
        let map = self.map.get_or_init(make).as_ref()?;
        Map::is_guarded().then_some(map)
    }
}

impl Source for FileSource {
    fn path(&self) -> &Path {
        &self.path
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
        let map = self
            .map()
            .filter(|_| self.wish == Wish::Mmap || way::prefers_map(length, map::minor_faults));
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

    fn file_identity(&self) -> Option<(u64, u64)> {
        cfg!(unix).then_some((self.identity.device, self.identity.inode))
    }

    fn release(&self, offset: u64, length: usize) {
        if let Some(Some(map)) = self.map.get() {
            map.release(offset, length);
        }
    }

    fn verify(&self) -> Result<()> {
        if self
            .map
            .get()
            .is_some_and(|map| map.as_ref().is_some_and(Map::was_cut))
        {
            return Err(self.changed());
        }
        // By path as well as by handle: a file that was replaced is no longer what the user named.
        let by_handle = self
            .file
            .metadata()
            .map_err(|e| Error::io("look at", &self.path, &e))?;
        let by_path = std::fs::metadata(&self.path).map_err(|_| self.changed())?;
        if Identity::of(&by_handle) == self.identity && Identity::of(&by_path) == self.identity {
            return Ok(());
        }
        Err(self.changed())
    }
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

/// Maps are used on Linux only, where the SIGBUS guard is tested.
#[cfg(target_os = "linux")]
mod map {
    use std::fs::File;
    use std::mem::MaybeUninit;
    use std::os::fd::AsRawFd;

    use memmap2::{Mmap, MmapOptions, UncheckedAdvice};

    use crate::source::guard;

    #[derive(Debug)]
    pub struct Map {
        // Dropped before the map is unmapped: fields drop in order.
        registration: guard::Registration,
        mmap: Mmap,
    }

    impl Map {
        pub fn new(file: &File, size: u64) -> Option<Self> {
            let length = usize::try_from(size).ok()?;
            // SAFETY: the file may be written to or cut short by others while it is mapped. A cut is
            // caught by the guard; changed bytes are only ever read as plain integers, so any value
            // is fine, and `verify` reports the change afterwards.
            let mmap = unsafe { MmapOptions::new().len(length).map(file) }.ok()?;
            let registration = guard::register(mmap.as_ptr() as usize, length)?;
            Some(Self { registration, mmap })
        }

        pub fn is_guarded() -> bool {
            guard::is_active()
        }

        pub fn was_cut(&self) -> bool {
            self.registration.hit()
        }

        /// `offset + length` was checked against the size.
        pub fn range(&self, offset: u64, length: usize) -> &[u8] {
            &self.mmap[offset as usize..offset as usize + length]
        }

        /// `offset + length` may reach beyond the map: elements of less than a byte are counted as whole ones.
        pub fn release(&self, offset: u64, length: usize) {
            let (base, size) = (self.mmap.as_ptr() as usize, self.mmap.len());
            let (start, end) = whole_granules(base, size, offset as usize, length);
            if start < end {
                // SAFETY: `start .. end` lies inside this read-only private file map: dropped pages are read from the file again.
                let _ = unsafe {
                    self.mmap
                        .unchecked_advise_range(UncheckedAdvice::DontNeed, start, end - start)
                };
            }
        }
    }

    /// What of a map at `base` is dropped behind the reader of `offset .. offset + length`: whole granules, each by the reader of
    /// its end. To drop a part of one would split its mapping, and what lies beside it in the granule would fault again.
    fn whole_granules(base: usize, size: usize, offset: usize, length: usize) -> (usize, usize) {
        const GRANULE: usize = 2 << 20;
        let down = |offset: usize| ((base + offset) / GRANULE * GRANULE).saturating_sub(base);
        // A map must never advise beyond itself: what lies there is somebody else's memory.
        let start = offset.min(size);
        let end = offset.saturating_add(length).min(size);
        (down(start), if end == size { end } else { down(end) })
    }

    /// Minor faults of the calling thread so far.
    pub fn minor_faults() -> u64 {
        let mut usage = MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: `usage` is a valid place for the answer, and zeroed bytes are a valid value of it.
        let usage = unsafe {
            libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr());
            usage.assume_init()
        };
        usage.ru_minflt.cast_unsigned()
    }

    /// Whether the file lies on a local file system. On the others a lost connection would be a SIGBUS, and
    /// reading ahead is theirs to do.
    pub fn is_local(file: &File) -> bool {
        /// From linux/magic.h and the file systems' own headers.
        const REMOTE: [u32; 13] = [
            0x6969,      // NFS
            0x517b,      // SMB
            0xff53_4d42, // CIFS
            0xfe53_4d42, // SMB2
            0x6573_5546, // FUSE, virtiofs
            0x0102_1997, // 9P
            0x00c3_6400, // Ceph
            0x5346_414f, // AFS
            0x6b41_4653, // kAFS
            0x0bd0_0bd0, // Lustre
            0x4750_4653, // GPFS
            0x7375_7245, // Coda
            0x786f_4256, // VirtualBox shared folders
        ];
        let mut status = MaybeUninit::<libc::statfs>::zeroed();
        // SAFETY: the descriptor is open, `status` is a valid place for the answer.
        let done = unsafe { libc::fstatfs(file.as_raw_fd(), status.as_mut_ptr()) };
        // SAFETY: zeroed bytes are a valid value; on success the kernel has filled it in.
        let status = unsafe { status.assume_init() };
        done == 0 && !REMOTE.contains(&(status.f_type as u32))
    }

    #[cfg(test)]
    mod tests {
        use super::whole_granules;

        const MIB: usize = 1 << 20;

        #[test]
        fn whole_granules_are_released_by_the_reader_of_their_end() {
            assert_eq!(whole_granules(0, 10 * MIB, 0, MIB), (0, 0));
            assert_eq!(whole_granules(0, 10 * MIB, MIB, MIB), (0, 2 * MIB));
            assert_eq!(
                whole_granules(0, 10 * MIB, 2 * MIB, 5 * MIB),
                (2 * MIB, 6 * MIB)
            );
            // A base between granules: the first one is short.
            assert_eq!(whole_granules(MIB, 10 * MIB, 0, 2 * MIB), (0, MIB));
            assert_eq!(whole_granules(MIB, 10 * MIB, 0, 10 * MIB), (0, 10 * MIB));
        }

        #[test]
        fn nothing_beyond_the_map_is_released() {
            let size = 3 * MIB + 5;
            for base in [0, 4096, MIB, 2 * MIB, 7 * MIB] {
                for offset in [0, 1, MIB, size - 1, size, size + 1, 9 * MIB, usize::MAX / 2] {
                    for length in [0, 1, MIB, size, 64 * MIB, usize::MAX] {
                        let (start, end) = whole_granules(base, size, offset, length);
                        assert!(end <= size, "{base} {offset} {length}: {start}..{end}");
                        assert!(start >= end || start < size);
                    }
                }
            }
            assert_eq!(whole_granules(0, size, 2 * MIB, 64 * MIB), (2 * MIB, size));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod map {
    use std::fs::File;

    #[derive(Debug)]
    pub enum Map {}

    impl Map {
        pub fn new(_: &File, _: u64) -> Option<Self> {
            None
        }

        pub fn is_guarded() -> bool {
            false
        }

        pub fn was_cut(&self) -> bool {
            match *self {}
        }

        pub fn range(&self, _: u64, _: usize) -> &[u8] {
            match *self {}
        }

        pub fn release(&self, _: u64, _: usize) {
            match *self {}
        }
    }

    pub fn minor_faults() -> u64 {
        0
    }

    pub fn is_local(_: &File) -> bool {
        false
    }
}

use map::Map;
