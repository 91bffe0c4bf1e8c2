//! Tensors that a writer left out because they are copies of others: safetensors' `save_model` says so in the metadata.

use std::collections::HashSet;

use crate::checkpoint::Checkpoint;
use crate::finding::{Finding, Severity};

/// Pairs that are named in full.
const SHOWN: usize = 5;

/// Names each tensor that stands for another too.
pub(super) fn note(checkpoint: &mut Checkpoint) {
    if checkpoint.metadata.is_empty() {
        return;
    }
    let names: HashSet<&str> = checkpoint
        .tensors
        .iter()
        .map(|tensor| tensor.name.as_str())
        .collect();
    let tied: Vec<String> = checkpoint
        .metadata
        .iter()
        .filter(|(removed, kept)| {
            names.contains(kept.as_str()) && !names.contains(removed.as_str())
        })
        .map(|(removed, kept)| format!("{removed:?} is {kept:?}"))
        .collect();
    if tied.is_empty() {
        return;
    }
    let more = match tied.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    let shown: Vec<&str> = tied.iter().map(String::as_str).take(SHOWN).collect();
    checkpoint.findings.push(Finding::new(
        "SharedStorage",
        Severity::Info,
        format!("tied tensors were saved once: {}{more}", shown.join(", ")),
    ));
}
