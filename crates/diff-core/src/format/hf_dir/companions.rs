//! Files that a trainer leaves beside the weights: optimizer, schedule, random numbers, arguments.

use super::add_file;
use super::listing::Listing;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Result};
use crate::finding::{Finding, Severity};
use crate::format::OpenOptions;

/// Whether a name is that of a state of training that may hold tensors.
pub(super) fn is_state(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    match extension {
        "pt" | "bin" => matches!(
            stem,
            "optimizer" | "scheduler" | "scaler" | "optimizer_0" | "sampler"
        ),
        "pth" => stem.starts_with("rng_state"),
        "safetensors" => stem == "optimizer",
        _ => false,
    }
}

/// Whether a name is that of something of a trainer's that holds no weights.
pub(super) fn is_other(name: &str) -> bool {
    name == "training_args.bin"
        || name == "trainer_state.json"
        || (name.starts_with("random_states_")
            && std::path::Path::new(name)
                .extension()
                .is_some_and(|e| e == "pkl"))
}

/// Adds the states of training under the names of their files, where they are wanted; else says that they are there.
///
/// # Errors
/// As opening a file; one without tensors is passed over.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    let states: Vec<&String> = listing.files.iter().filter(|name| is_state(name)).collect();
    if !options.include_optimizer {
        let left: Vec<&str> = listing
            .files
            .iter()
            .filter(|name| is_state(name) || is_other(name))
            .map(String::as_str)
            .take(8)
            .collect();
        if !left.is_empty() {
            checkpoint.findings.push(
                Finding::new(
                    "TrainingStateSkipped",
                    Severity::Info,
                    format!(
                        "state of training is left out: {}; --include-optimizer reads it",
                        left.join(", ")
                    ),
                )
                .at(&listing.directory),
            );
        }
        return Ok(());
    }
    for name in states {
        let before = checkpoint.tensors.len();
        match add_file(checkpoint, &listing.path(name), options) {
            Ok(()) => {}
            Err(error) if error.code() == Code::NoTensors => continue,
            Err(error) => return Err(error),
        }
        let stem = name.split('.').next().unwrap_or(name);
        for tensor in checkpoint.tensors.iter_mut().skip(before) {
            tensor.name = format!("{stem}.{}", tensor.name);
        }
    }
    Ok(())
}
