//! Maps of files, on Linux only, where the SIGBUS guard is tested.

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

    /// Where pages were missing when they were read, in bytes from the start of the file: it was cut short, or its disk failed.
    pub fn missing_from(&self) -> Option<u64> {
        self.registration.hit().map(|place| place as u64)
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
