//! Models beside the model that belong to it: heads, adapters and further models whose files have names of their own. Their tensors get
//! the name of their file as prefix, since `sparse_linear.pt` holds a `weight` like many others.

use std::collections::HashSet;

use super::config;
use super::file;
use super::listing::Listing;
use crate::checkpoint::Checkpoint;
use crate::format::OpenOptions;

/// Names without extension, and their extensions in the order in which they are looked for.
const HEADS: &[(&str, &[&str])] = &[
    // trl and LLaMA-Factory: the head of a reward model.
    ("value_head", &["safetensors", "bin"]),
    // LLaVA: what was trained beside the adapter.
    ("non_lora_trainables", &["safetensors", "bin"]),
    // BGE-M3: heads beside the dense embedding.
    ("sparse_linear", &["safetensors", "pt"]),
    ("colbert_linear", &["safetensors", "pt"]),
];

/// Adds what belongs to the model that was read from this directory. One that cannot be read stays among what was left out.
pub(super) fn add(checkpoint: &mut Checkpoint, listing: &Listing, options: &OpenOptions) {
    let files = files(listing);
    if files.is_empty() {
        return;
    }
    let mut names: HashSet<String> = checkpoint
        .tensors
        .iter()
        .map(|tensor| tensor.name.clone())
        .collect();
    for (prefix, file) in files {
        let path = listing.path(&file);
        if checkpoint
            .sources
            .iter()
            .any(|source| source.path() == path)
        {
            continue;
        }
        let (tensors, sources) = (checkpoint.tensors.len(), checkpoint.sources.len());
        let before = (checkpoint.findings.len(), checkpoint.left_out.len());
        let is_added = file::add(checkpoint, &path, options).is_ok();
        let mut is_clash = false;
        for tensor in checkpoint.tensors.iter_mut().skip(tensors) {
            tensor.name.insert_str(0, &prefix);
            is_clash |= !names.insert(tensor.name.clone());
        }
        if !is_added || is_clash {
            checkpoint.tensors.truncate(tensors);
            checkpoint.sources.truncate(sources);
            checkpoint.findings.truncate(before.0);
            checkpoint.left_out.truncate(before.1);
        }
    }
}

/// Files with the prefix of their tensors.
fn files(listing: &Listing) -> Vec<(String, String)> {
    let first_of = |prefix: &str, names: &[String]| {
        let name = names.iter().find(|name| listing.has(name))?;
        Some((prefix.to_owned(), name.clone()))
    };
    let mut found = Vec::new();
    // An adapter's tensors have the names of the model's modules behind a prefix already.
    if listing.has(config::ADAPTER) {
        let names = ["adapter_model.safetensors", "adapter_model.bin"].map(str::to_owned);
        found.extend(first_of("", &names));
    }
    for (stem, extensions) in HEADS {
        let names: Vec<String> = extensions
            .iter()
            .map(|extension| format!("{stem}.{extension}"))
            .collect();
        found.extend(first_of(&format!("{stem}."), &names));
    }
    // accelerate's save_state, which always writes the random states, numbers models from the second on.
    let is_accelerate = |name: &String| name.starts_with("random_states_");
    if listing.files.iter().any(is_accelerate) {
        let of_number = |number: usize| {
            let names = [
                format!("model_{number}.safetensors"),
                format!("pytorch_model_{number}.bin"),
                format!("pytorch_model_fsdp_{number}.bin"),
            ];
            first_of(&format!("model_{number}."), &names)
        };
        found.extend((1..=listing.files.len()).map_while(of_number));
    }
    found
}
