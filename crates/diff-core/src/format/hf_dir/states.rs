//! Names of what a trainer leaves beside the weights: states of optimizers, schedules, samplers and random numbers, and its arguments.
//! What they hold is never the model.

/// Names without their numbers and extensions.
const NAMES: &[&str] = &[
    "optimizer",
    "optimizers",
    "optimizer_state",
    "optimizer_states",
    "optimizer_state_dict",
    "optim",
    "optim_state",
    "distrib_optim",
    "scheduler",
    "schedulers",
    "lr_scheduler",
    "scheduler_state",
    "scaler",
    "grad_scaler",
    "sampler",
    "dl_state_dict",
    "dataloader",
    "dataloader_state",
    "rng",
    "rng_state",
    "rng_states",
    "random_state",
    "random_states",
    "training_args",
    "train_args",
    "trainer_state",
];

/// How names begin that go on with a rank.
const STARTS: &[&str] = &["optim_world_size_", "extra_state_world_size_"];

/// Whether a path inside a folder is that of such a state: by the name of the file, or of a folder that it lies in (`optimizer_0`).
pub(super) fn is_state(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    // The description of a distributed checkpoint, whose parts are files of their own.
    if file == ".metadata" || parts.any(|folder| NAMES.contains(&without_numbers(folder))) {
        return true;
    }
    let lower = file.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    NAMES.contains(&without_numbers(stem))
        || STARTS.iter().any(|start| stem.starts_with(start))
        || stem.ends_with("_optim_states")
}

/// Without the numbers at the end, and the words for what they count: `optimizer_1`, `optimizer_0_rank3`, `scheduler-00001-of-00002`.
fn without_numbers(stem: &str) -> &str {
    let mut rest = stem;
    loop {
        let bare = rest.trim_end_matches(|c: char| c.is_ascii_digit());
        let separated = bare.trim_end_matches(['_', '-']);
        let word = ["_rank", "-of", "_part"]
            .iter()
            .find_map(|word| separated.strip_suffix(word));
        rest = match word {
            Some(shorter) => shorter,
            None if bare.len() < rest.len() && separated.len() < bare.len() => separated,
            None => return rest,
        };
    }
}

/// Tensors that optimizers keep for each parameter.
const SLOTS: &[&str] = &[
    "exp_avg",
    "exp_avg_sq",
    "max_exp_avg_sq",
    "exp_avg_sq_row",
    "exp_avg_sq_col",
    "exp_inf",
    "momentum_buffer",
    "square_avg",
    "grad_avg",
    "acc_delta",
    "prev",
    "step",
    "step_size",
    "state1",
    "state2",
    "qmap1",
    "qmap2",
    "absmax1",
    "absmax2",
];

/// Whether tensors of these names are all those of an optimizer, whatever the file is called.
pub(super) fn are_slots<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    names.all(|name| {
        name.rsplit('.')
            .next()
            .is_some_and(|last| SLOTS.contains(&last))
    })
}

#[cfg(test)]
mod tests {
    use super::is_state;

    #[test]
    fn states_in_all_their_spellings() {
        for name in [
            "optimizer.pt",
            "optimizer.bin",
            "optimizer_1.bin",
            "optimizer.safetensors",
            "optimizer_0/__0_0.distcp",
            "checkpoint-5/optimizer.pt",
            "optimizer-00001-of-00002.safetensors",
            "scheduler_12.bin",
            "scaler.pt",
            "sampler_1.bin",
            "dl_state_dict.bin",
            "dl_state_dict_1.bin",
            "rng_state.pth",
            "rng_state_3.pth",
            "random_states_0.pkl",
            "training_args.bin",
            "optim_world_size_8_rank_0.pt",
            "extra_state_world_size_8_rank_0.pt",
            "global_step5/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt",
            "zero_pp_rank_0_mp_rank_00_optim_states.pt",
            "pytorch_model_fsdp_0/.metadata",
        ] {
            assert!(is_state(name), "{name}");
        }
        for name in [
            "model.safetensors",
            "pytorch_model_1.bin",
            "generator.bin",
            "model_world_size_8_rank_0.pt",
            "mp_rank_00_model_states.pt",
            "model_optim_rng.pt",
            "custom_checkpoint_0.pkl",
            "optimizer_model/model.safetensors",
            "optimized.onnx",
            "0.bin",
        ] {
            assert!(!is_state(name), "{name}");
        }
    }
}
