//! Files of servers: JavaScript fetches what the core asks for. Requests cross in one direction, their bytes in the other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use diff_core::source::Files;
use diff_core::source::remote::{Answer, Carrier, FileFacts, Remote, Root, Wanted};
use diff_core::{Code, Error};
use napi::Status;
use napi::bindgen_prelude::{Either, Function, Result, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::failure::{self, Failure};

/// What the core wants of JavaScript.
#[napi(object)]
pub struct RemoteWish {
    /// `fetch` a range; `interrupt` what is under way; `close`, as nothing will be asked for any more.
    pub kind: String,
    /// Number of the request.
    pub request: u32,
    pub path: String,
    pub offset: f64,
    pub length: f64,
    /// Whether the answer tells what the file is.
    pub is_first: bool,
}

/// An address that paths begin with.
#[napi(object)]
pub struct NativeRoot {
    pub path: String,
    /// Absent where the server does not list its files.
    pub files: Option<Vec<NativeRemoteFile>>,
}

#[napi(object)]
pub struct NativeRemoteFile {
    pub name: String,
    pub bytes: f64,
}

type Ask = ThreadsafeFunction<RemoteWish, (), RemoteWish, Status, false, true>;

/// Requests that have no end yet.
#[derive(Debug, Default)]
struct Pending {
    next: AtomicU32,
    answers: Mutex<HashMap<u32, Arc<Answer>>>,
}

impl Pending {
    fn answers(&self) -> MutexGuard<'_, HashMap<u32, Arc<Answer>>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The core's end. With the last checkpoint that reads through it goes the other end.
struct Line {
    ask: Ask,
    pending: Arc<Pending>,
    thread: ThreadId,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    fn send(&self, kind: &str, request: u32, wanted: Option<Wanted>) -> Status {
        let is_first = wanted.as_ref().is_some_and(|wanted| wanted.is_first);
        let (path, offset, length) = wanted.map_or_else(Default::default, |wanted| {
            (wanted.path, wanted.offset, wanted.length)
        });
        self.ask.call(
            RemoteWish {
                kind: kind.to_owned(),
                request,
                path,
                offset: offset as f64,
                length: length as f64,
                is_first,
            },
            ThreadsafeFunctionCallMode::NonBlocking,
        )
    }
}

impl Carrier for Line {
    fn fetch(&self, wanted: Wanted, answer: Arc<Answer>) {
        let request = self.pending.next.fetch_add(1, Ordering::Relaxed);
        self.pending.answers().insert(request, Arc::clone(&answer));
        if self.send("fetch", request, Some(wanted)) != Status::Ok {
            // The environment has ended.
            self.pending.answers().remove(&request);
            answer.fail(Error::new(Code::Cancelled, "cancelled"));
        }
    }

    fn interrupt(&self) {
        self.send("interrupt", 0, None);
    }

    fn is_fetching_thread(&self) -> bool {
        std::thread::current().id() == self.thread
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.send("close", 0, None);
    }
}

/// JavaScript's end: takes what was fetched.
#[napi]
pub struct NativeRemote {
    pending: Arc<Pending>,
    remote: Option<Arc<Remote>>,
}

#[napi]
impl NativeRemote {
    /// Until [`Self::release`] it can open checkpoints.
    #[napi(factory)]
    pub fn create(roots: Vec<NativeRoot>, ask: Function<RemoteWish, ()>) -> Result<Self> {
        let ask: Ask = ask
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .build()?;
        let pending = Arc::new(Pending::default());
        let line = Line {
            ask,
            pending: Arc::clone(&pending),
            thread: std::thread::current().id(),
        };
        let roots: diff_core::Result<Vec<Root>> = roots.into_iter().map(root).collect();
        let roots = roots.map_err(|e| napi::Error::from_reason(e.to_string()))?;
        let remote = Arc::new(Remote::new(Box::new(line), roots));
        Ok(Self {
            pending,
            remote: Some(remote),
        })
    }

    /// Takes the next bytes of a request. False where no more are taken.
    #[napi]
    #[must_use]
    pub fn write(&self, request: u32, bytes: Uint8Array) -> bool {
        let answer = self.pending.answers().get(&request).cloned();
        answer.is_some_and(|answer| answer.write(&bytes))
    }

    /// All bytes of a request were written. What the file is counts of its first request only.
    #[napi]
    pub fn finish(&self, request: u32, size: f64, version: Option<String>, is_whole: bool) {
        if let Some(answer) = self.pending.answers().remove(&request) {
            answer.finish(FileFacts {
                size: size as u64,
                version: version.map(Into::into),
                is_whole,
            });
        }
    }

    /// A request came to nothing.
    #[napi]
    pub fn fail(&self, request: u32, code: String, message: String, hint: Option<String>) {
        if let Some(answer) = self.pending.answers().remove(&request) {
            let code = Code::from_text(&code).unwrap_or(Code::Network);
            let error = Error::new(code, message);
            answer.fail(match hint {
                Some(hint) => error.hint(hint),
                None => error,
            });
        }
    }

    /// From here on only checkpoints that are open read through it.
    #[napi]
    pub fn release(&mut self) {
        self.remote = None;
    }

    pub(crate) fn files(&self) -> Files {
        self.remote.clone().map_or_else(Files::default, Files::with)
    }
}

fn root(root: NativeRoot) -> diff_core::Result<Root> {
    let path = PathBuf::from(root.path);
    let Some(files) = root.files else {
        return Ok(Root::unlisted(path));
    };
    let files = files.into_iter().map(|file| (file.name, file.bytes as u64));
    Root::listed(path, files.collect())
}

/// Whether files may be listed so; checked before [`NativeRemote::create`], whose errors have no code.
#[napi]
#[must_use]
pub fn check_root(found: NativeRoot) -> Either<Failure, bool> {
    failure::answer(|| root(found).map(|_| true))
}

/// A model on the hub, as an address names it.
#[napi(object)]
pub struct HubAddress {
    /// `ORG/NAME`
    pub name: String,
    pub revision: Option<String>,
    /// A file or folder inside it.
    pub path: Option<String>,
}

/// What an address of a model on the hub names; null for every other path.
#[napi(ts_return_type = "Failure | HubAddress | null")]
#[must_use]
pub fn hub_address(path: String) -> Either<Failure, Option<HubAddress>> {
    failure::answer(|| {
        let address = diff_core::format::hub_address(&path)?;
        Ok(address.map(|address| HubAddress {
            name: address.name,
            revision: address.revision,
            path: address.path,
        }))
    })
}
