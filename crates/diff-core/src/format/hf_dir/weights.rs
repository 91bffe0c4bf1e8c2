//! Which files of a directory are the weights: the order in which `transformers`, `diffusers` and `peft` look.

use super::listing::Listing;
use crate::error::{Code, Error, Result, counted};

/// Names of weights, `{v}` where a variant stands. An index names shards.
const ORDER: &[(&str, Kind)] = &[
    ("model{v}.safetensors", Kind::Single),
    ("model.safetensors.index{v}.json", Kind::Index),
    ("pytorch_model{v}.bin", Kind::Single),
    ("pytorch_model.bin.index{v}.json", Kind::Index),
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
    /// Other weights beside them, which are left out.
    pub(super) others: Vec<String>,
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
    let mut found = ORDER
        .iter()
        .filter(|(pattern, _)| variant.is_none() || pattern.contains("{v}"))
        .map(|(pattern, kind)| (name_of(pattern, variant), *kind))
        // A folder of such a name is no weights, and must not be passed over in silence.
        .filter(|(name, _)| listing.has(name) || listing.has_folder(name));
    let (file, kind) = found.next()?;
    Some(Weights {
        file,
        kind,
        others: found.map(|(name, _)| name).collect(),
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

/// Shards that no index names: `model-00001-of-00003.safetensors`.
///
/// # Errors
/// `MissingShard` when not all of them are there.
pub(super) fn loose_shards(listing: &Listing) -> Result<Vec<String>> {
    let mut shards: Vec<(String, u64, u64)> = Vec::new();
    for file in &listing.files {
        let Some((stem, extension)) = file.rsplit_once('.') else {
            continue;
        };
        if !matches!(extension, "safetensors" | "bin") {
            continue;
        }
        let mut parts = stem.rsplitn(4, '-');
        let (count, of, number, name) = (parts.next(), parts.next(), parts.next(), parts.next());
        let digits = |text: Option<&str>| {
            text.filter(|t| t.len() == 5 && t.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|t| t.parse::<u64>().ok())
        };
        if let (Some(count), Some("of"), Some(number), Some(name)) =
            (digits(count), of, digits(number), name)
        {
            let family = format!("{name}.{extension}");
            if shards
                .first()
                .is_none_or(|first| first.0 == family && first.2 == count)
            {
                shards.push((family, number, count));
            }
        }
    }
    let Some((family, _, count)) = shards.first().cloned() else {
        return Ok(Vec::new());
    };
    let (name, extension) = family.rsplit_once('.').unwrap_or((&family, ""));
    let names: Vec<String> = (1..=count.min(crate::limits::SHARDS as u64))
        .map(|number| format!("{name}-{number:05}-of-{count:05}.{extension}"))
        .collect();
    let missing: Vec<&str> = names
        .iter()
        .filter(|name| !listing.has(name))
        .map(String::as_str)
        .take(5)
        .collect();
    if missing.is_empty() {
        return Ok(names);
    }
    Err(Error::new(
        Code::MissingShard,
        "shards are missing, and the index that names them",
    )
    .expected(counted(count, "shard"))
    .found(format!("none called {}", missing.join(", ")))
    .at(&listing.directory)
    .hint("download interrupted? fetch the missing files and the index"))
}
