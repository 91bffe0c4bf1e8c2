//! Which tensor of a base an adapter means by a name.

use std::collections::HashMap;

use crate::checkpoint::Checkpoint;

/// What wrappers and pipelines put before a model's names, so that one side may lack it.
const PREFIXES: &[&str] = &[
    "model.",
    "unet.",
    "transformer.",
    "text_encoder.",
    "text_encoder_2.",
    "diffusion_model.",
];

/// What Kohya puts before names in which dots are underscores, and what a pipeline calls the same part.
const KOHYA: &[(&str, &str)] = &[
    ("lora_unet_", "unet."),
    ("lora_transformer_", "transformer."),
    ("lora_te1_", "text_encoder."),
    ("lora_te2_", "text_encoder_2."),
    ("lora_te_", "text_encoder."),
    ("lycoris_", ""),
];

/// The base's tensors by name, and by what an adapter may call them.
pub(super) struct Names {
    exact: HashMap<String, usize>,
    /// With underscores for dots; None where several are called so.
    flat: HashMap<String, Option<usize>>,
}

impl Names {
    pub(super) fn of(base: &Checkpoint) -> Self {
        let (mut exact, mut flat) = (HashMap::new(), HashMap::new());
        for (place, tensor) in base.tensors.iter().enumerate() {
            exact.insert(tensor.name.clone(), place);
            flat.entry(flattened(&tensor.name))
                .and_modify(|several| *several = None)
                .or_insert(Some(place));
        }
        Self { exact, flat }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let lacking = PREFIXES
            .iter()
            .filter_map(|prefix| name.strip_prefix(prefix));
        let lacked = PREFIXES.iter().map(|prefix| format!("{prefix}{name}"));
        let names = std::iter::once(name.to_owned())
            .chain(lacking.map(str::to_owned))
            .chain(lacked);
        let exact = names
            .into_iter()
            .find_map(|name| self.exact.get(&name).copied());
        exact.or_else(|| {
            let (rest, part) = KOHYA
                .iter()
                .find_map(|(kohya, part)| Some((name.strip_prefix(kohya)?, part)))?;
            let rest = flattened(rest);
            let names = [rest.clone(), format!("{}{rest}", flattened(part))];
            names
                .iter()
                .find_map(|name| self.flat.get(name).copied().flatten())
        })
    }
}

fn flattened(name: &str) -> String {
    name.replace('.', "_")
}
