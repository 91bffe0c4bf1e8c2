//! Opening a path: descriptions are read, no tensor data.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diff_core::checkpoint::Format;
use diff_core::format::OpenOptions;
use diff_core::limits::{Cap, Limits};
use diff_core::observe::Observer;
use diff_core::source::Files;
use diff_core::{Code, Error};
use napi::bindgen_prelude::{Env, Object, Result};
use napi_derive::napi;

use super::NativeCheckpoint;
use crate::job::{Control, spawn};
use crate::remote::NativeRemote;

/// How a checkpoint is opened.
#[napi(object)]
pub struct NativeOpenOptions {
    /// Path of the mapping that holds the model's tensors; found by itself where it is absent.
    pub key: Option<String>,
    pub variant: Option<String>,
    pub include_optimizer: bool,
    /// Whether quantised tensors stay what is stored.
    pub raw: bool,
    /// Path of an adapter that is merged into what is opened.
    pub adapter: Option<String>,
    pub limits: Vec<NativeLimit>,
}

/// A cap that the caller sets.
#[napi(object)]
pub struct NativeLimit {
    pub name: String,
    pub value: f64,
}

impl NativeOpenOptions {
    fn watched_by(self, files: Files, observer: Arc<Observer>) -> diff_core::Result<OpenOptions> {
        let mut limits = Limits::default();
        for NativeLimit { name, value } in self.limits {
            let cap = Cap::from_name(&name).ok_or_else(|| {
                Error::new(Code::Argument, "there is no such limit")
                    .expected(
                        Cap::ALL
                            .iter()
                            .map(|cap| cap.name())
                            .collect::<Vec<_>>()
                            .join(", "),
                    )
                    .found(format!("{name:?}"))
            })?;
            limits = limits.with(cap, value as u64);
        }
        Ok(OpenOptions {
            key: self.key,
            variant: self.variant,
            include_optimizer: self.include_optimizer,
            raw: self.raw,
            adapter: self.adapter.map(PathBuf::from),
            limits,
            files,
            observer,
        })
    }
}

/// Opens a file or directory: reads descriptions, no tensor data.
#[napi(ts_return_type = "Promise<Failure | NativeCheckpoint>")]
pub fn open_checkpoint<'env>(
    env: &'env Env,
    path: String,
    options: NativeOpenOptions,
    control: &Control,
    remote: Option<&NativeRemote>,
) -> Result<Object<'env>> {
    let observer = control.observer();
    let files = remote.map(NativeRemote::files).unwrap_or_default();
    spawn(env, control.observer(), move |_| {
        observer.check()?;
        let opened =
            diff_core::format::open(Path::new(&path), &options.watched_by(files, observer)?)?;
        Ok(NativeCheckpoint::holding(opened))
    })
}

/// The format of a path by its content; null when no reader claims it.
#[napi(ts_return_type = "Promise<Failure | string>")]
pub fn detect_format<'env>(
    env: &'env Env,
    path: String,
    control: &Control,
    remote: Option<&NativeRemote>,
) -> Result<Object<'env>> {
    let files = remote.map(NativeRemote::files).unwrap_or_default();
    spawn(env, control.observer(), move |_| {
        let format = diff_core::format::detect(Path::new(&path), &files)?;
        Ok(format.map_or("unknown", Format::as_str).to_owned())
    })
}
