//! What a checkpoint is: all that is known without reading a tensor.

use std::time::{SystemTime, UNIX_EPOCH};

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::NativeCheckpoint;
use crate::failure::{Failure, NativeFinding};
use crate::table::TensorTable;

#[napi(object)]
pub struct NativeFile {
    pub path: String,
    pub bytes: f64,
    /// Milliseconds since 1970 of its last modification before it was opened; absent where there is no such time.
    pub modified: Option<f64>,
    /// What its server calls its version; absent for a file of this machine, and where the server tells none.
    pub version: Option<String>,
}

/// What holds tensors, or could, and is not compared.
#[napi(object)]
pub struct NativeLeftOut {
    /// `file`, `mapping` or `record`.
    pub kind: String,
    /// `weights` or `state`.
    pub role: String,
    pub name: String,
    pub bytes: f64,
    pub path: String,
}

/// A mapping of a file that could be the model: `key` opens it.
#[napi(object)]
pub struct NativeCandidate {
    pub key: String,
    pub tensors: f64,
    pub bytes: f64,
    /// Whether it is the one that was taken.
    pub chosen: bool,
}

#[napi(object)]
pub struct NativeText {
    pub key: String,
    pub value: String,
}

/// Everything but the tensors.
#[napi(object)]
pub struct Description {
    pub path: String,
    pub format: String,
    pub metadata: Vec<NativeText>,
    /// Whether a folder was looked at: else configuration is not known, rather than absent.
    pub has_folder: bool,
    /// Whether bytes of it come from a server.
    pub is_remote: bool,
    pub config: Option<String>,
    pub configs: Vec<NativeText>,
    pub findings: Vec<NativeFinding>,
    pub files: Vec<NativeFile>,
    pub left_out: Vec<NativeLeftOut>,
    /// Empty where there is no choice.
    pub candidates: Vec<NativeCandidate>,
}

#[napi]
impl NativeCheckpoint {
    #[napi]
    #[must_use]
    pub fn describe(&self) -> Either<Failure, Description> {
        self.answer(|checkpoint| {
            Ok(Description {
                path: checkpoint.path.display().to_string(),
                format: checkpoint.format.as_str().to_owned(),
                metadata: texts(&checkpoint.metadata),
                has_folder: checkpoint.has_folder,
                is_remote: checkpoint.is_remote(),
                config: checkpoint.config.clone(),
                configs: texts(&checkpoint.configs),
                findings: checkpoint.findings.iter().map(Into::into).collect(),
                files: checkpoint
                    .files()
                    .map(|file| NativeFile {
                        path: file.path().display().to_string(),
                        bytes: file.size() as f64,
                        modified: file.modified().and_then(milliseconds),
                        version: file.version().map(str::to_owned),
                    })
                    .collect(),
                left_out: checkpoint
                    .left_out
                    .iter()
                    .map(|one| NativeLeftOut {
                        kind: one.kind.as_str().to_owned(),
                        role: one.role.as_str().to_owned(),
                        name: one.name.clone(),
                        bytes: one.bytes as f64,
                        path: one.path.display().to_string(),
                    })
                    .collect(),
                candidates: checkpoint
                    .candidates
                    .iter()
                    .map(|one| NativeCandidate {
                        key: one.key.clone(),
                        tensors: one.tensors as f64,
                        bytes: one.bytes as f64,
                        chosen: one.is_chosen,
                    })
                    .collect(),
            })
        })
    }

    #[napi]
    #[must_use]
    pub fn tensors(&self) -> Either<Failure, TensorTable> {
        self.answer(|checkpoint| Ok(TensorTable::of(checkpoint)))
    }
}

fn milliseconds(time: SystemTime) -> Option<f64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_millis() as f64)
}

fn texts(pairs: &[(String, String)]) -> Vec<NativeText> {
    pairs
        .iter()
        .map(|(key, value)| NativeText {
            key: key.clone(),
            value: value.clone(),
        })
        .collect()
}
