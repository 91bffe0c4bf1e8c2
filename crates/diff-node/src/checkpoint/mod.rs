//! Checkpoints as JavaScript holds them: a handle, read through columns.

pub mod describe;
pub mod memory;
pub mod open;
pub mod values;

use std::sync::Arc;

use diff_core::checkpoint::Checkpoint;
use diff_core::{Code, Error};
use napi::bindgen_prelude::{Either, Env, ObjectFinalize, Result};
use napi_derive::napi;

use crate::failure::{self, Failure};

/// An opened checkpoint. Closing drops the files; jobs that still run keep their own hold on them.
#[napi(custom_finalize)]
pub struct NativeCheckpoint {
    inner: Option<Arc<Checkpoint>>,
    /// Bytes of it that V8 knows of: without them a loop that never closes its snapshots would leave no reason to
    /// collect them.
    reported: i64,
}

impl NativeCheckpoint {
    pub(crate) fn holding(checkpoint: Checkpoint) -> Self {
        Self {
            inner: Some(Arc::new(checkpoint)),
            reported: 0,
        }
    }

    /// The tensors of another handle in other forms, with its hold on the files. V8 is told of the same bytes again, as either may live longer.
    pub(crate) fn beside(&self, env: Env, checkpoint: Checkpoint) -> Self {
        let reported = env.adjust_external_memory(self.reported);
        Self {
            reported: reported.map_or(0, |_| self.reported),
            ..Self::holding(checkpoint)
        }
    }

    pub(crate) fn shared(&self) -> diff_core::Result<Arc<Checkpoint>> {
        self.inner.clone().ok_or_else(|| {
            Error::new(Code::Argument, "checkpoint is closed")
                .hint("open it again with loadCheckpoint")
        })
    }

    fn answer<T>(&self, f: impl FnOnce(&Checkpoint) -> diff_core::Result<T>) -> Either<Failure, T> {
        failure::answer(|| self.shared().and_then(|checkpoint| f(&checkpoint)))
    }

    fn give_back(&mut self, env: Env) {
        let reported = std::mem::take(&mut self.reported);
        if reported > 0 {
            // It fails only where the environment is gone, and its count with it.
            let _ = env.adjust_external_memory(-reported);
        }
    }
}

impl ObjectFinalize for NativeCheckpoint {
    fn finalize(mut self, env: Env) -> Result<()> {
        self.give_back(env);
        Ok(())
    }
}

#[napi]
impl NativeCheckpoint {
    #[napi]
    pub fn close(&mut self, env: Env) {
        self.inner = None;
        self.give_back(env);
    }
}
