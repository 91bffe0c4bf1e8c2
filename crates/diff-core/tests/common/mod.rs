//! What several tests need: where the fixtures are, and how much is allocated.

#![allow(
    dead_code,
    reason = "each test is a crate of its own and uses a part of this"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diff_core::Result;
use diff_core::source::Source;

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/fixtures")
}

pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A folder of the test's own, gone at its end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("model-diff-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The system's allocator, counting for each thread by itself: tests of one file run beside each other.
pub struct Counting;

thread_local! {
    /// What this thread holds and the most it held, in bytes. It may free what another thread took.
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let now = NOW.get() + bytes;
    NOW.set(now);
    PEAK.set(PEAK.get().max(now));
}

// SAFETY: every call is passed on to the system's allocator unchanged; only numbers are kept beside it, in cells that
// need neither an allocation nor a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Runs something and answers what it took: the most bytes that this thread held at once, and time. Work handed to other
/// threads is not in it; opening a file stays on one. Only where [`Counting`] is the allocator.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, usize, Duration) {
    let before = NOW.get();
    PEAK.set(before);
    let start = Instant::now();
    let result = work();
    let time = start.elapsed();
    (result, (PEAK.get() - before).unsigned_abs(), time)
}

type Hook = Box<dyn Fn(u64, usize) -> Result<()> + Send + Sync>;

/// A source whose reads are counted, and can be made to fail.
pub struct Watched {
    inner: Arc<dyn Source>,
    /// Called before each read with its offset and its length in bytes.
    hook: Hook,
    pub reads: AtomicU64,
    /// Bytes that were asked for.
    pub bytes: AtomicU64,
    /// Offset and length of what was let go, in bytes.
    pub released: Mutex<Vec<(u64, usize)>>,
}

impl Watched {
    pub fn new(
        inner: Arc<dyn Source>,
        hook: impl Fn(u64, usize) -> Result<()> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            inner,
            hook: Box::new(hook),
            reads: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            released: Mutex::default(),
        })
    }

    fn see(&self, offset: u64, length: usize) -> Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
        (self.hook)(offset, length)
    }
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}

impl Source for Watched {
    fn path(&self) -> &Path {
        self.inner.path()
    }

    fn size(&self) -> u64 {
        self.inner.size()
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        self.see(offset, length)?;
        self.inner.bytes(offset, length, buffer)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.see(offset, buffer.len())?;
        self.inner.read_exact(offset, buffer)
    }

    fn release(&self, offset: u64, length: usize) {
        self.released.lock().unwrap().push((offset, length));
        self.inner.release(offset, length);
    }

    fn verify(&self) -> Result<()> {
        self.inner.verify()
    }
}
