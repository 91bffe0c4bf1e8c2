//! Errors and findings as plain data.

use diff_core::Error;
use diff_core::error::caught;
use diff_core::finding::Finding;
use napi::bindgen_prelude::Either;
use napi_derive::napi;

/// An error; `failed` tells it from a value.
#[napi(object)]
pub struct Failure {
    pub failed: bool,
    pub kind: String,
    pub code: String,
    pub message: String,
    pub path: Option<String>,
    pub tensor: Option<String>,
    pub offset: Option<f64>,
    pub hint: Option<String>,
    pub findings: Vec<NativeFinding>,
}

#[napi(object)]
pub struct NativeFinding {
    pub code: String,
    pub severity: String,
    pub message: String,
    pub path: Option<String>,
    pub offset: Option<f64>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            failed: true,
            kind: error.kind().as_str().to_owned(),
            code: error.code().as_str().to_owned(),
            message: error.to_string(),
            path: error.path().map(|path| path.display().to_string()),
            tensor: error.tensor_name().map(str::to_owned),
            offset: error.byte_offset().map(|offset| offset as f64),
            hint: error.hint_text().map(str::to_owned),
            findings: error.findings().iter().map(Into::into).collect(),
        }
    }
}

impl From<&Finding> for NativeFinding {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.to_owned(),
            severity: finding.severity.as_str().to_owned(),
            message: finding.message.clone(),
            path: finding.path.as_ref().map(|path| path.display().to_string()),
            offset: finding.offset.map(|offset| offset as f64),
        }
    }
}

/// What `work` answers, or its failure; a panic is one too, and must not leave a function that JavaScript called: that ends Node.
pub fn answer<T>(work: impl FnOnce() -> diff_core::Result<T>) -> Either<Failure, T> {
    match caught(work) {
        Ok(value) => Either::B(value),
        Err(error) => Either::A((&error).into()),
    }
}
