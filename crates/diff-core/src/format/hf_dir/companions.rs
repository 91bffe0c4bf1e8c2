//! Files that a trainer leaves beside the weights, read where they are wanted: optimizer, schedule, random numbers.

use super::listing::Listing;
use super::{file, states};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Result};
use crate::format::OpenOptions;

/// Whether a state may hold tensors; that of `training_args.bin` and `random_states_0.pkl` are no tensors of training.
fn may_hold_tensors(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "pt" | "bin" | "pth" | "safetensors") && !name.starts_with("training_args")
}

/// Adds the states of training under the names of their files, where they are wanted.
///
/// # Errors
/// As opening a file; one without tensors is passed over.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    if !options.include_optimizer {
        return Ok(());
    }
    let wanted = listing
        .files
        .iter()
        .filter(|name| states::is_state(name) && may_hold_tensors(name));
    for name in wanted {
        let path = listing.path(name);
        // Of several ranks, and joined.
        if checkpoint.sources.iter().any(|one| one.path() == path) {
            continue;
        }
        let before = checkpoint.tensors.len();
        match file::add(checkpoint, &path, options) {
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
