//! Adapters: small tensors that stand for the change of large ones. What an adapter does to a weight is its ΔW, a tensor like any other that
//! is computed from the factors when it is read; so two adapters are compared by what they do, whatever their factors are.
//!
//! Opened by itself, an adapter lists each ΔW under the name of the weight that it changes. With a base, [`merge`] makes the checkpoint that
//! the library which trained the adapter would merge. Nothing is computed here.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod delta;
mod layers;
mod merge;
mod module;
mod names;
mod pattern;
mod settings;
mod ties;
mod tokens;

use std::collections::HashSet;

use crate::checkpoint::Checkpoint;
use crate::finding::{Finding, Severity};
use crate::tensor::Tensor;
use delta::Wanted;
use settings::AllSettings;

pub(crate) use merge::merge;
pub(crate) use settings::CONFIG;

/// What peft puts before the names of the model's own modules.
const PEFT: &str = "base_model.model.";

/// Puts what the factors of an adapter stand for in their places. A checkpoint without factors stays as it is.
pub(crate) fn apply(checkpoint: &mut Checkpoint) {
    let modules = module::find(&checkpoint.tensors);
    if modules.is_empty() {
        return;
    }
    let settings = AllSettings::of(checkpoint);
    let mut names: HashSet<String> = checkpoint
        .tensors
        .iter()
        .map(|tensor| tensor.name.clone())
        .collect();
    let mut made: Vec<(usize, Tensor)> = Vec::new();
    let mut used: HashSet<usize> = HashSet::new();
    let (mut unscaled, mut is_dora) = (0, false);
    for module in &modules {
        // A model that holds its adapter too: both are told as they are.
        let has_own = [module.stem.as_str(), module.path.as_str()]
            .iter()
            .any(|name| names.contains(&format!("{name}.weight")));
        let is_inside = names.contains(&format!("{}.base_layer.weight", module.stem));
        if has_own || (is_inside && !settings.is_peft()) {
            continue;
        }
        unscaled += usize::from(settings.lacks_scale(module));
        is_dora |= module.magnitude().is_some();
        for change in delta::changes(module, &settings, Wanted::Any) {
            used.extend(change.used);
            if names.insert(change.tensor.name.clone()) {
                made.push((change.place, change.tensor));
            }
        }
    }
    if made.is_empty() {
        return;
    }
    for (place, tensor) in made {
        if let Some(old) = checkpoint.tensors.get_mut(place) {
            *old = tensor;
            used.remove(&place);
        }
    }
    let mut number = 0..;
    checkpoint
        .tensors
        .retain(|_| number.next().is_none_or(|number| !used.contains(&number)));
    for tensor in &mut checkpoint.tensors {
        if let Some(name) = tensor.name.strip_prefix(PEFT)
            && names.insert(name.to_owned())
        {
            tensor.name = name.to_owned();
        }
    }
    note(checkpoint, unscaled, is_dora, settings.changing_base());
}

fn note(checkpoint: &mut Checkpoint, unscaled: usize, is_dora: bool, changing_base: Option<&str>) {
    let mut add = |code, severity, message: String| {
        let finding = Finding::new(code, severity, message).at(&checkpoint.path);
        checkpoint.findings.push(finding);
    };
    if unscaled > 0 {
        let modules = crate::error::counted(unscaled, "module");
        let message = format!(
            "adapter_config.json is missing, so the scale of {modules} is not known; each ΔW is B·A without it"
        );
        add("AdapterScaleUnknown", Severity::Warning, message);
    }
    if let Some(way) = changing_base {
        let message = format!(
            "the factors began as a part of the base's weights, which was taken off those (init_lora_weights: {way}); each ΔW holds that part, \
             and is the change of the weights only beside another adapter that began so"
        );
        add("AdapterNeedsBase", Severity::Warning, message);
    }
    if is_dora {
        let message = "weight-decomposed adapter (DoRA): each ΔW is its low-rank part, the magnitudes stand apart; \
                       what it does to a weight is known only with the base"
            .to_owned();
        add("AdapterNeedsBase", Severity::Info, message);
    }
}
