//! An opened checkpoint: descriptions only, no tensor data.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Error;
use crate::finding::Finding;
use crate::left_out::LeftOut;
use crate::source::Source;
use crate::tensor::Tensor;

/// Which reader opened a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Safetensors,
    HuggingFace,
    PyTorch,
    Numpy,
    Gguf,
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
            Self::Gguf => "gguf",
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
    /// Whether a folder was looked at. Of a file that was given alone, configuration is not known; in a folder without it, there is none.
    pub has_folder: bool,
    /// The text of `config.json`, strict JSON: what Python writes as `Infinity` is `{"__float__":"Infinity"}`.
    pub config: Option<String>,
    /// Further configuration beside the weights: name of the file and its text, as `config`.
    pub configs: Vec<(String, String)>,
    pub findings: Vec<Finding>,
    /// What holds tensors, or could, and is not among `tensors`.
    pub left_out: Vec<LeftOut>,
    /// The mappings of a file that could be the model, the one that was taken among them; empty where there is no choice.
    pub candidates: Vec<Candidate>,
}

/// A mapping that holds tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its path, keys joined by dots: what [`crate::format::OpenOptions::key`] takes.
    pub key: String,
    pub tensors: u64,
    pub bytes: u64,
    /// Whether it is the one that was taken.
    pub is_chosen: bool,
}

impl Checkpoint {
    /// Tensors over their sources, of which nothing else is known.
    #[must_use]
    pub fn new(
        path: impl Into<PathBuf>,
        format: Format,
        tensors: Vec<Tensor>,
        sources: Vec<Arc<dyn Source>>,
    ) -> Self {
        Self {
            path: path.into(),
            format,
            tensors,
            sources,
            metadata: Vec::new(),
            has_folder: false,
            config: None,
            configs: Vec::new(),
            findings: Vec::new(),
            left_out: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Tensors that no file holds: `memory` stands where a path stands in messages.
    #[must_use]
    pub fn in_memory(tensors: Vec<Tensor>, sources: Vec<Arc<dyn Source>>) -> Self {
        Self::new("memory", Format::Memory, tensors, sources)
    }

    /// The same files and what is said of them with other tensors, which must be of these files.
    #[must_use]
    pub fn with_tensors(&self, tensors: Vec<Tensor>) -> Self {
        Self {
            path: self.path.clone(),
            format: self.format,
            tensors,
            sources: self.sources.clone(),
            metadata: self.metadata.clone(),
            has_folder: self.has_folder,
            config: self.config.clone(),
            configs: self.configs.clone(),
            findings: self.findings.clone(),
            left_out: self.left_out.clone(),
            candidates: self.candidates.clone(),
        }
    }

    /// The files of the checkpoint. Sources beside a file (what was inflated or decoded out of it) follow it and have its path.
    pub fn files(&self) -> impl Iterator<Item = &dyn Source> {
        let mut last = None;
        self.sources.iter().filter_map(move |source| {
            let path = source.path();
            (last.replace(path) != Some(path)).then_some(&**source)
        })
    }

    /// The file of each source, as an index into [`Self::files`].
    #[must_use]
    pub fn file_of_source(&self) -> Vec<u32> {
        let paths = self.sources.iter().map(|source| source.path());
        let mut last = None;
        paths
            .scan(0, |files, path| {
                *files += u32::from(last.replace(path) != Some(path));
                Some(*files - 1)
            })
            .collect()
    }

    /// Whether bytes of it come from a server.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.sources.iter().any(|source| source.is_remote())
    }

    /// Ends with the first source that is no longer what it was when it was opened.
    ///
    /// # Errors
    /// `FileChanged`, naming the file.
    pub fn verify(&self) -> Result<(), Error> {
        self.sources.iter().try_for_each(|source| source.verify())
    }
}
