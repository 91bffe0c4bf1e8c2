//! What was noticed about a file that did not keep it from being read.

use std::path::PathBuf;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One observation, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name in camel case, as `ZipNameMismatch`.
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    pub path: Option<PathBuf>,
    /// Byte position in `path`.
    pub offset: Option<u64>,
}

impl Finding {
    #[must_use]
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            message: message.into(),
            path: None,
            offset: None,
        }
    }

    #[must_use]
    pub fn at(mut self, path: &std::path::Path) -> Self {
        self.path.get_or_insert_with(|| path.to_path_buf());
        self
    }

    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.offset.get_or_insert(offset);
        self
    }
}
