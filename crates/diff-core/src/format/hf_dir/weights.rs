//! Which files of a directory are the weights: the order in which `transformers`, `diffusers` and `peft` look.

use super::listing::Listing;
use crate::error::{Code, Error, Result};

/// Names of weights, `{v}` where a variant stands. An index names shards.
const ORDER: &[(&str, Kind)] = &[
    ("model{v}.safetensors", Kind::Single),
    ("model.safetensors.index{v}.json", Kind::Index),
    ("pytorch_model{v}.bin", Kind::Single),
    ("pytorch_model.bin.index{v}.json", Kind::Index),
    // accelerate's, of the whole model.
    ("pytorch_model_fsdp.bin", Kind::Single),
    ("adapter_model.safetensors", Kind::Single),
    ("adapter_model.bin", Kind::Single),
    ("diffusion_pytorch_model{v}.safetensors", Kind::Single),
    (
        "diffusion_pytorch_model.safetensors.index{v}.json",
        Kind::Index,
    ),
    ("diffusion_pytorch_model{v}.bin", Kind::Single),
    ("diffusion_pytorch_model.bin.index{v}.json", Kind::Index),
    ("consolidated.safetensors", Kind::Single),
    ("consolidated.safetensors.index.json", Kind::Index),
    ("weights.npz", Kind::Single),
    ("weights.safetensors", Kind::Single),
];

/// Names of shards without their numbers, in the same order.
pub(super) const STEMS: &[(&str, &str)] = &[
    ("model", "safetensors"),
    ("pytorch_model", "bin"),
    ("diffusion_pytorch_model", "safetensors"),
    ("diffusion_pytorch_model", "bin"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Single,
    Index,
}

/// The weights of one directory.
#[derive(Debug)]
pub(super) struct Weights {
    pub(super) file: String,
    pub(super) kind: Kind,
    /// The variant, where one was chosen because there is nothing else.
    pub(super) variant: Option<String>,
}

fn name_of(pattern: &str, variant: Option<&str>) -> String {
    match variant {
        Some(variant) => pattern.replace("{v}", &format!(".{variant}")),
        None => pattern.replace("{v}", ""),
    }
}

fn of_variant(listing: &Listing, variant: Option<&str>) -> Option<Weights> {
    let (file, kind) = ORDER
        .iter()
        .filter(|(pattern, _)| variant.is_none() || pattern.contains("{v}"))
        .map(|(pattern, kind)| (name_of(pattern, variant), *kind))
        .find(|(name, _)| listing.has(name))?;
    Some(Weights {
        file,
        kind,
        variant: None,
    })
}

/// Variants that a directory has weights of.
pub(super) fn variants(listing: &Listing) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (pattern, kind) in ORDER {
        let Some((before, after)) = pattern.split_once("{v}") else {
            continue;
        };
        for file in &listing.files {
            let middle = file
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after));
            let Some(variant) = middle.and_then(|middle| middle.strip_prefix('.')) else {
                continue;
            };
            // Shards look like variants: `model-00001-of-00002`, `model.fp16-00001-of-00002`.
            let is_shard = *kind == Kind::Single && variant.contains("-of-");
            let is_index = variant.is_empty() || variant.contains("index");
            if !is_shard && !is_index && !found.iter().any(|known| known == variant) {
                found.push(variant.to_owned());
            }
        }
    }
    found.sort_unstable();
    found
}

/// The weights of a directory; None when it has none under a name that is looked for.
///
/// # Errors
/// `AmbiguousDirectory` when there are only variants, and several.
pub(super) fn choose(listing: &Listing, variant: Option<&str>) -> Result<Option<Weights>> {
    if variant.is_some() {
        return Ok(of_variant(listing, variant));
    }
    if let Some(weights) = of_variant(listing, None) {
        return Ok(Some(weights));
    }
    let known = variants(listing);
    match known.as_slice() {
        [] => Ok(None),
        [only] => Ok(of_variant(listing, Some(only)).map(|weights| Weights {
            variant: Some(only.clone()),
            ..weights
        })),
        _ => Err(Error::new(
            Code::AmbiguousDirectory,
            "directory holds several variants of the weights",
        )
        .expected("one of them to be named")
        .found(known.join(", "))
        .at(&listing.directory)
        .hint(format!(
            "choose one with the option variant: --variant {}",
            known.first().map_or("", String::as_str)
        ))),
    }
}

/// Names that are looked for, for a message.
pub(super) fn expected(variant: Option<&str>) -> String {
    let names: Vec<String> = ORDER
        .iter()
        .filter(|(pattern, _)| variant.is_none() || pattern.contains("{v}"))
        .take(4)
        .map(|(pattern, _)| name_of(pattern, variant))
        .collect();
    names.join(" or ")
}
