//! An opened checkpoint: descriptions only, no tensor data.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;
use crate::finding::Finding;
use crate::source::Source;
use crate::tensor::Tensor;

/// Which reader opened a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Safetensors,
    HuggingFace,
    PyTorch,
    Numpy,
    Memory,
}

impl Format {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::HuggingFace => "huggingface",
            Self::PyTorch => "pytorch",
            Self::Numpy => "numpy",
            Self::Memory => "memory",
        }
    }
}

/// A named set of tensors and where their bytes are.
#[derive(Debug)]
pub struct Checkpoint {
    pub path: PathBuf,
    pub format: Format,
    /// In the order of the files and of the bytes in them.
    pub tensors: Vec<Tensor>,
    /// What [`crate::tensor::Span::source`] counts.
    pub sources: Vec<Arc<dyn Source>>,
    /// The file's own free-form text, as safetensors' `__metadata__`.
    pub metadata: Vec<(String, String)>,
    /// The text of `config.json`, valid JSON.
    pub config: Option<String>,
    pub findings: Vec<Finding>,
}

impl Checkpoint {
    /// Ends with the first source that is no longer what it was when it was opened.
    ///
    /// # Errors
    /// `FileChanged`, naming the file.
    pub fn verify(&self) -> Result<(), Error> {
        self.sources.iter().try_for_each(|source| source.verify())
    }
}
