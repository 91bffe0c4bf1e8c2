//! Files of servers, read in ranges. Who speaks HTTP stands behind [`Carrier`]: this module decides which bytes to ask for and keeps what
//! arrives for as long as it is of use.

mod answer;
mod catalog;
mod file;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Code, Error, Result};
use crate::source::Source;

pub use answer::{Answer, FileFacts};
pub use catalog::{Child, Root};
use file::{Known, RemoteSource};
use windows::Windows;

/// Bytes of the first request for a file: the header of nearly every file of safetensors, whose shards have a few hundred tensors.
pub const HEAD: u64 = 128 << 10;

/// A file that is at most this long is kept whole where its server cannot give parts of it.
pub const KEPT_WHOLE: u64 = 8 << 20;

/// Bytes of all files together that are kept whole.
const ALL_KEPT_WHOLE: u64 = 256 << 20;

/// Files whose first bytes are on their way while others are opened.
const OPENED_AHEAD: usize = 16;

/// A range of a file that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The file's address, as the paths of its checkpoint have it.
    pub path: String,
    pub offset: u64,
    /// Bytes; of the first request for a file at most so many.
    pub length: u64,
    /// Whether it is the first request for the file, whose answer tells its size.
    pub is_first: bool,
}

/// Has bytes fetched.
pub trait Carrier: Send + Sync + std::fmt::Debug {
    /// Has a range fetched. `answer` is told of the bytes and of the end, from any thread; every answer must end.
    fn fetch(&self, wanted: Wanted, answer: Arc<Answer>);

    /// Ends what is under way with `Cancelled`: nobody waits for it any more.
    fn interrupt(&self);

    /// Whether the calling thread is the one that fetches, so that it must not wait.
    fn is_fetching_thread(&self) -> bool;
}

/// The files of some addresses, behind one carrier.
#[derive(Debug)]
pub struct Remote {
    carrier: Box<dyn Carrier>,
    roots: Vec<Root>,
    windows: Windows,
    known: Mutex<HashMap<PathBuf, Result<Known>>>,
    ahead: Mutex<Ahead>,
    next_file: AtomicU32,
    kept_whole: AtomicU64,
}

/// Files that will be opened, with the bytes of the first request for each, and those of them that were asked for.
#[derive(Debug, Default)]
struct Ahead {
    waiting: VecDeque<(PathBuf, u64)>,
    asked: HashMap<PathBuf, Arc<Answer>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote {
    #[must_use]
    pub fn new(carrier: Box<dyn Carrier>, roots: Vec<Root>) -> Self {
        Self {
            carrier,
            roots,
            windows: Windows::default(),
            known: Mutex::default(),
            ahead: Mutex::default(),
            next_file: AtomicU32::new(0),
            kept_whole: AtomicU64::new(0),
        }
    }

    /// The root that a path lies in, and its name in there.
    pub(super) fn find(&self, path: &Path) -> Option<(&Root, String)> {
        self.roots
            .iter()
            .find_map(|root| Some((root, root.name_inside(path)?)))
    }

    /// Opens a file; its first bytes are asked for, unless they were before.
    ///
    /// # Errors
    /// `NotFound`, `EmptyFile`, and whatever the carrier ends with.
    pub(super) fn open(self: &Arc<Self>, path: &Path) -> Result<Arc<dyn Source>> {
        let known = self.look(path)?;
        Ok(Arc::new(RemoteSource::new(Arc::clone(self), path, known)))
    }

    /// What is known of a file after its first bytes.
    pub(super) fn look(&self, path: &Path) -> Result<Known> {
        if let Some(known) = locked(&self.known).get(path) {
            return known.clone();
        }
        let asked = locked(&self.ahead).asked.remove(path);
        let answer = asked.unwrap_or_else(|| self.ask_first(path, HEAD));
        self.ask_ahead();
        let known = match self.wait(&answer) {
            Ok((bytes, facts)) => self.enter(path, bytes, facts),
            Err(error) => Err(error.at(path)),
        };
        // What may pass is asked again.
        if !known
            .as_ref()
            .is_err_and(|error| matches!(error.code(), Code::Cancelled | Code::Network))
        {
            locked(&self.known).insert(path.to_path_buf(), known.clone());
        }
        known
    }

    fn enter(&self, path: &Path, bytes: &Arc<Vec<u8>>, facts: FileFacts) -> Result<Known> {
        if facts.size == 0 {
            return Err(Error::new(Code::EmptyFile, "file is empty")
                .at(path)
                .hint("an interrupted upload leaves such files; put it there again"));
        }
        let number = self.next_file.fetch_add(1, Ordering::Relaxed);
        let whole = if facts.is_whole {
            let kept = self
                .kept_whole
                .fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if kept + bytes.len() as u64 > ALL_KEPT_WHOLE {
                return Err(Error::new(
                    Code::LimitExceeded,
                    "too many files of a server that cannot give parts of them",
                )
                .expected(format!("at most {ALL_KEPT_WHOLE} bytes"))
                .at(path)
                .hint("download them, and compare the copies"));
            }
            Some(Arc::clone(bytes))
        } else {
            self.windows.keep(number, bytes);
            None
        };
        Ok(Known {
            number,
            size: facts.size,
            version: facts.version,
            whole,
        })
    }

    fn ask_first(&self, path: &Path, length: u64) -> Arc<Answer> {
        self.fetch(Wanted {
            path: address(path),
            offset: 0,
            length: length.clamp(HEAD, KEPT_WHOLE),
            is_first: true,
        })
    }

    fn fetch(&self, wanted: Wanted) -> Arc<Answer> {
        let most = if wanted.is_first {
            KEPT_WHOLE
        } else {
            wanted.length
        };
        let answer = Arc::new(Answer::new(most, !wanted.is_first));
        self.carrier.fetch(wanted, Arc::clone(&answer));
        answer
    }

    /// What an answer came to. A thread that is to end says so to the carrier, and does not wait.
    fn wait<'a>(&self, answer: &'a Answer) -> Result<(&'a Arc<Vec<u8>>, FileFacts)> {
        if self.carrier.is_fetching_thread() && !answer.is_over() {
            return Err(Error::new(
                Code::Argument,
                "a checkpoint that is elsewhere cannot be read while the program waits",
            )
            .hint("compute the statistics of all tensors first: await checkpoint.computeStats()"));
        }
        answer.wait().inspect_err(|error| {
            if error.code() == Code::Cancelled {
                self.carrier.interrupt();
            }
        })
    }

    /// Has files asked for ahead of their opening, in this order, a few at a time. Beside each the bytes of its header, as far as they are
    /// known, so that it comes in one request.
    pub(super) fn will_open(&self, files: Vec<(PathBuf, u64)>) {
        let known = locked(&self.known);
        let mut unknown = files;
        unknown.retain(|(path, _)| !known.contains_key(path));
        locked(&self.ahead).waiting.extend(unknown);
        drop(known);
        self.ask_ahead();
    }

    fn ask_ahead(&self) {
        let mut ahead = locked(&self.ahead);
        while ahead.asked.len() < OPENED_AHEAD
            && let Some((path, header)) = ahead.waiting.pop_front()
        {
            if !ahead.asked.contains_key(&path) && !locked(&self.known).contains_key(&path) {
                let answer = self.ask_first(&path, header);
                ahead.asked.insert(path, answer);
            }
        }
    }

    /// Files of which neither a tag nor a date tells whether they are still what they were, and that are not kept whole.
    pub(crate) fn unpinned(&self) -> Vec<PathBuf> {
        let known = locked(&self.known);
        let unpinned = known.iter().filter(|(_, known)| {
            known
                .as_ref()
                .is_ok_and(|known| known.version.is_none() && known.whole.is_none())
        });
        let mut paths: Vec<PathBuf> = unpinned.map(|(path, _)| path.clone()).collect();
        paths.sort_unstable();
        paths
    }
}

/// A path as an address: with slashes, whatever the system puts between names.
fn address(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}
