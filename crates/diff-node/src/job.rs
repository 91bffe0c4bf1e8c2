//! Work on a thread of its own that settles a promise.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use diff_core::Error;
use diff_core::error::caught;
use diff_core::observe::Observer;
use napi::CleanupEnvHook;
use napi::bindgen_prelude::{Either, Env, Object, Result, ToNapiValue};
use napi_derive::napi;

use crate::failure::Failure;

/// Watches and cancels jobs. Polled by JavaScript: no call crosses over while a job runs.
#[napi]
#[derive(Default)]
pub struct Control {
    observer: Arc<Observer>,
}

#[napi]
impl Control {
    #[napi(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes done, bytes in all, tensors done, tensors in all.
    #[napi]
    #[must_use]
    pub fn progress(&self) -> Vec<f64> {
        self.observer.progress().map(|count| count as f64).to_vec()
    }

    #[napi]
    pub fn cancel(&self) {
        self.observer.cancel();
    }

    pub(crate) fn observer(&self) -> Arc<Observer> {
        Arc::clone(&self.observer)
    }
}

type Outcome<T> = Either<Failure, T>;
type Resolver<T> = Box<dyn FnOnce(Env) -> Result<Outcome<T>> + Send>;

struct Running {
    observer: Arc<Observer>,
    thread: JoinHandle<()>,
    hook: CleanupEnvHook<u64>,
}

thread_local! {
    /// Running jobs of this thread's environment. The hooks themselves hold only a number, since napi
    /// never frees the data of a hook that is taken away.
    static RUNNING: RefCell<HashMap<u64, Running>> = RefCell::default();
}

static NEXT_JOB: AtomicU64 = AtomicU64::new(0);

/// Runs `work` on a new thread (libuv's four belong to fs and dns) and answers a promise of its outcome.
/// An environment that ends first, as a worker that is terminated, cancels the work and waits for it.
pub fn spawn<T: ToNapiValue + Send + 'static>(
    env: &Env,
    observer: Arc<Observer>,
    work: impl FnOnce(&Observer) -> std::result::Result<T, Error> + Send + 'static,
) -> Result<Object<'_>> {
    let job = NEXT_JOB.fetch_add(1, Ordering::Relaxed);
    let (deferred, promise) = env.create_deferred::<Outcome<T>, Resolver<T>>()?;
    let for_thread = Arc::clone(&observer);
    let thread = std::thread::Builder::new()
        .name("model-diff-job".into())
        .spawn(move || {
            let outcome = caught(|| for_thread.while_watched(|| work(&for_thread)));
            deferred.resolve(Box::new(move |env| {
                if let Some(running) = RUNNING.with_borrow_mut(|jobs| jobs.remove(&job)) {
                    env.remove_env_cleanup_hook(running.hook)?;
                }
                Ok(match outcome {
                    Ok(value) => Either::B(value),
                    Err(error) => Either::A(Failure::from(&error)),
                })
            }));
        })?;
    let hook = env.add_env_cleanup_hook(job, |job: u64| {
        if let Some(running) = RUNNING.with_borrow_mut(|jobs| jobs.remove(&job)) {
            running.observer.cancel();
            let _ = running.thread.join();
        }
    })?;
    // The resolver runs on this thread too, so it cannot come before this line.
    RUNNING.with_borrow_mut(|jobs| {
        jobs.insert(
            job,
            Running {
                observer,
                thread,
                hook,
            },
        )
    });
    Ok(promise)
}
