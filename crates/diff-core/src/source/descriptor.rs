//! Open files, of which a process may not have many: 256 in a shell on macOS, where each side of a comparison may have more shards.
//!
//! A file keeps its descriptor while there is room. The one that was used longest ago is closed for another, and opened again by its path
//! when something is read of it; a map needs none. The limit is left as it is: Node raises it as far as it may when it starts, and what is
//! beyond that is not a library's to change.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};

use crate::error::{Result, is_out_of_files};

/// Descriptors beyond these are not worth their places in the kernel.
const MOST: usize = 4096;

/// The descriptors of this process.
pub(super) fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    // Half of them: the program has files and connections of its own.
    POOL.get_or_init(|| Pool::new((limit() / 2).clamp(8, MOST)))
}

/// How many files the process may have open.
fn limit() -> usize {
    #[cfg(unix)]
    {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: `limit` is a valid place for the answer.
        let status = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
        if status == 0 {
            return usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX);
        }
    }
    usize::MAX
}

/// Files that are open at one time.
#[derive(Debug)]
pub(super) struct Pool {
    capacity: usize,
    open: Mutex<Vec<Weak<Slot>>>,
    /// Goes on with every file that is opened.
    clock: AtomicU64,
}

#[derive(Debug, Default)]
struct Slot {
    /// Held for reading as long as something is done with the file.
    file: RwLock<Option<File>>,
    /// The clock when the file was last used.
    used: AtomicU64,
}

impl Pool {
    const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            open: Mutex::new(Vec::new()),
            clock: AtomicU64::new(0),
        }
    }

    /// Opens a file for reading, and closes others where there are too many.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        while self.is_full() && self.close_one() {}
        loop {
            match File::open(path) {
                // Others in the process have taken what was left.
                Err(e) if is_out_of_files(&e) && self.close_one() => {}
                answer => return answer,
            }
        }
    }

    /// Keeps an open file, which lies at `path`.
    pub(super) fn keep(&'static self, file: File, path: &Path) -> Descriptor {
        let descriptor = Descriptor {
            pool: self,
            // The program may change its working directory.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()),
            slot: Arc::default(),
        };
        descriptor.put(file);
        descriptor
    }

    fn is_full(&self) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.capacity {
            open.retain(|slot| slot.strong_count() > 0);
        }
        open.len() >= self.capacity
    }

    /// Closes the file that was used longest ago and is not in use; false where there is none.
    fn close_one(&self) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order: Vec<(u64, usize, Arc<Slot>)> = open
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| {
                let slot = slot.upgrade()?;
                Some((slot.used.load(Ordering::Relaxed), at, slot))
            })
            .collect();
        order.sort_by_key(|(used, at, _)| (*used, *at));
        for (_, at, slot) in order {
            if let Ok(mut file) = slot.file.try_write()
                && file.take().is_some()
            {
                open.remove(at);
                return true;
            }
        }
        false
    }
}

/// A file that is open, or can be opened again.
#[derive(Debug)]
pub(super) struct Descriptor {
    pool: &'static Pool,
    path: PathBuf,
    slot: Arc<Slot>,
}

impl Descriptor {
    /// Where the file lies, whatever the working directory is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Does something with the file. Where it was closed, it is opened again, and `check` says whether it is still the same.
    ///
    /// # Errors
    /// Those of `check`, which is given what the system answered.
    pub(super) fn with<T>(
        &self,
        check: impl FnOnce(io::Result<File>) -> Result<File>,
        work: impl FnOnce(&File) -> T,
    ) -> Result<T> {
        let slot = self
            .slot
            .file
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = slot.as_ref() {
            let now = self.pool.clock.load(Ordering::Relaxed);
            self.slot.used.store(now, Ordering::Relaxed);
            return Ok(work(file));
        }
        drop(slot);
        let file = check(self.reopen())?;
        let answer = work(&file);
        self.put(file);
        Ok(answer)
    }

    /// Does something with the file if it is open.
    pub(super) fn if_open<T>(&self, work: impl FnOnce(&File) -> T) -> Option<T> {
        let slot = self
            .slot
            .file
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        slot.as_ref().map(work)
    }

    fn reopen(&self) -> io::Result<File> {
        // What came in its place may be a fifo, which would block for ever.
        if !std::fs::metadata(&self.path)?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.pool.open(&self.path)
    }

    /// Leaves the file open, unless another thread has opened it too.
    fn put(&self, file: File) {
        let mut open = self
            .pool
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.pool.clock.fetch_add(1, Ordering::Relaxed) + 1;
        self.slot.used.store(now, Ordering::Relaxed);
        let mut slot = self
            .slot
            .file
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if slot.is_none() {
            *slot = Some(file);
            open.push(Arc::downgrade(&self.slot));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _, Write as _};

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Files with their numbers in them, through a pool of three descriptors.
    fn files(count: usize, name: &str) -> (Folder, &'static Pool, Vec<Descriptor>) {
        let name = format!("model-diff-descriptor-{name}-{}", std::process::id());
        let folder = Folder(std::env::temp_dir().join(name));
        std::fs::create_dir(&folder.0).unwrap();
        let pool: &Pool = Box::leak(Box::new(Pool::new(3)));
        let descriptors = (0..count).map(|number| {
            let path = folder.0.join(number.to_string());
            write!(File::create(&path).unwrap(), "{number}").unwrap();
            pool.keep(pool.open(&path).unwrap(), &path)
        });
        let descriptors = descriptors.collect();
        (folder, pool, descriptors)
    }

    fn read(mut file: &File) -> String {
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }

    fn open_ones(descriptors: &[Descriptor]) -> Vec<usize> {
        let is_open = |at: &usize| descriptors[*at].if_open(|_| ()).is_some();
        (0..descriptors.len()).filter(is_open).collect()
    }

    #[test]
    fn the_file_used_longest_ago_is_closed_and_opened_again_when_it_is_read() {
        let (_folder, _, descriptors) = files(5, "oldest");
        assert_eq!(open_ones(&descriptors), [2, 3, 4]);
        let kept = |answer: io::Result<File>| Ok(answer.unwrap());
        assert_eq!(descriptors[0].with(kept, read).unwrap(), "0");
        assert_eq!(open_ones(&descriptors), [0, 3, 4]);
        assert_eq!(descriptors[3].with(|_| unreachable!(), read).unwrap(), "3");
        assert_eq!(descriptors[1].with(kept, read).unwrap(), "1");
        assert_eq!(open_ones(&descriptors), [0, 1, 3]);
    }

    #[test]
    fn files_in_use_stay_open_however_many_they_are() {
        let (folder, pool, descriptors) = files(3, "in-use");
        let path = folder.0.join("0");
        let kept = |answer: io::Result<File>| Ok(answer.unwrap());
        let use_all = |descriptors: &[Descriptor], last: &dyn Fn()| {
            fn nested(descriptors: &[Descriptor], last: &dyn Fn()) {
                match descriptors {
                    [] => last(),
                    [first, rest @ ..] => first
                        .with(|_| unreachable!(), |_| nested(rest, last))
                        .unwrap(),
                }
            }
            nested(descriptors, last);
        };
        use_all(&descriptors, &|| {
            let more = pool.keep(pool.open(&path).unwrap(), &path);
            assert_eq!(open_ones(&descriptors), [0, 1, 2]);
            assert_eq!(more.with(kept, read).unwrap(), "0");
        });
        // The places of files that are gone are free.
        drop(descriptors);
        assert!(!pool.is_full());
    }

    #[test]
    fn threads_share_the_descriptors() {
        let (_folder, pool, descriptors) = files(20, "threads");
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let descriptors = &descriptors;
                scope.spawn(move || {
                    for at in 0..400 {
                        let number = (at * (thread + 1) + thread) % 20;
                        let kept = |answer: io::Result<File>| Ok(answer.unwrap());
                        let read = |file: &File| file.metadata().unwrap().len();
                        let length = descriptors[number].with(kept, read).unwrap();
                        assert_eq!(length, number.to_string().len() as u64);
                    }
                });
            }
        });
        assert!(pool.open.lock().unwrap().len() <= 3 + 8);
    }

    #[test]
    fn a_file_that_is_gone_is_told() {
        let (folder, _, descriptors) = files(4, "gone");
        std::fs::remove_file(folder.0.join("0")).unwrap();
        std::fs::create_dir(folder.0.join("0")).unwrap();
        let told = |answer: io::Result<File>| {
            let error = answer.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            Err(crate::error::Error::io("open", Path::new("0"), &error))
        };
        assert!(descriptors[0].with(told, read).is_err());
    }
}
