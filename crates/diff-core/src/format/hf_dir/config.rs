//! Configuration beside the weights. A broken one is a finding, since the weights can be compared without it.

use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::finding::{Finding, Severity};
use crate::format::json;
use crate::source::Files;

/// The model's own.
pub(super) const MAIN: &str = "config.json";

/// That of an adapter of peft.
pub(super) const ADAPTER: &str = crate::adapter::CONFIG;

/// What peft calls the weights beside it, without the extension.
const ADAPTER_WEIGHTS: &str = "adapter_model";

/// Further ones that say how a model is used or was made.
const OTHERS: &[&str] = &[
    "generation_config.json",
    "tokenizer_config.json",
    ADAPTER,
    "model_index.json",
    "scheduler_config.json",
    "params.json",
    "quantize_config.json",
    "quant_config.json",
    "hf_quant_config.json",
];

/// Reads the configuration of a directory. That of a component of a pipeline is called by its folder too.
pub(super) fn read(
    checkpoint: &mut Checkpoint,
    directory: &Path,
    component: Option<&str>,
    files: &Files,
) {
    read_files(
        checkpoint,
        directory,
        component,
        std::iter::once(&MAIN).chain(OTHERS),
        files,
    );
}

/// Reads the configuration beside an adapter's weights that were given by themselves.
pub(super) fn read_of_adapter(checkpoint: &mut Checkpoint, files: &Files) {
    let path = checkpoint.path.clone();
    if path.file_stem().is_some_and(|stem| stem == ADAPTER_WEIGHTS)
        && let Some(directory) = path.parent()
    {
        read_files(
            checkpoint,
            directory,
            None,
            std::iter::once(&ADAPTER),
            files,
        );
    }
}

fn read_files<'n>(
    checkpoint: &mut Checkpoint,
    directory: &Path,
    component: Option<&str>,
    names: impl Iterator<Item = &'n &'n str>,
    files: &Files,
) {
    let names: Vec<&str> = names.copied().collect();
    let paths: Vec<PathBuf> = names.iter().map(|name| directory.join(name)).collect();
    files.will_open(&paths);
    for name in &names {
        let path = directory.join(name);
        if !files.exists(&path) {
            continue;
        }
        let text = json::read_python_file(&path, files).and_then(|text| {
            serde_json::from_str::<serde::de::IgnoredAny>(&text)
                .map_err(|e| json::invalid(name, &e).at(&path))
                .map(|_| text)
        });
        match (text, component) {
            (Ok(text), None) if *name == MAIN => checkpoint.config = Some(text),
            (Ok(text), None) => checkpoint.configs.push(((*name).to_owned(), text)),
            (Ok(text), Some(component)) => {
                checkpoint
                    .configs
                    .push((format!("{component}/{name}"), text));
            }
            (Err(error), _) => checkpoint.findings.push(
                Finding::new("InvalidConfig", Severity::Warning, error.to_string()).at(&path),
            ),
        }
    }
}
