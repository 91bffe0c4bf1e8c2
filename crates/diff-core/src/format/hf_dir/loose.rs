//! Weights under no name that is looked for: shards that no index names, and single files.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Looker;
use super::listing::Listing;
use super::{content, parts, ranks, states, weights};
use crate::error::{Code, Error, Result, counted};
use crate::format::OpenOptions;

/// A shard's name: `model.fp16-00001-of-00003.safetensors`, `model-1-of-3.fp16.safetensors`, `shard-00002-model-00001-of-00003.safetensors`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Family {
    stem: String,
    variant: Option<String>,
    extension: String,
    count: u64,
    /// Whether each rank wrote shards of its own.
    has_ranks: bool,
}

#[derive(Debug)]
pub(super) struct Shards {
    family: Family,
    files: Vec<String>,
    numbers: BTreeSet<u64>,
    digits: usize,
}

/// What a directory is read as when nothing in it has a usual name.
#[derive(Debug)]
pub(super) enum Loose {
    Single(String),
    Shards(Shards),
}

fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// The family of a shard, its number, and the digits of that.
fn parse(file: &str) -> Option<(Family, u64, usize)> {
    let (stem, extension) = file.rsplit_once('.')?;
    if !matches!(
        extension,
        "safetensors" | "bin" | "pt" | "pth" | "npz" | "gguf"
    ) {
        return None;
    }
    let (before, behind) = stem.rsplit_once("-of-")?;
    let (count, behind) = behind
        .split_once('.')
        .map_or((behind, None), |(n, v)| (n, Some(v)));
    let (name, own) = before.rsplit_once('-')?;
    let (name, variant) = match behind {
        Some(variant) => (name, Some(variant)),
        None => name
            .split_once('.')
            .map_or((name, None), |(n, v)| (n, Some(v))),
    };
    let rest = name
        .strip_prefix("shard-")
        .and_then(|rest| rest.split_once('-'))
        .filter(|(rank, _)| number(rank).is_some());
    let family = Family {
        stem: rest.map_or(name, |(_, rest)| rest).to_owned(),
        variant: variant.map(str::to_owned),
        extension: extension.to_owned(),
        count: number(count)?,
        has_ranks: rest.is_some(),
    };
    Some((family, number(own)?, own.len()))
}

/// The rank in the name of a shard that has one.
pub(super) fn rank(file: &str) -> Option<u64> {
    number(file.strip_prefix("shard-")?.split_once('-')?.0)
}

/// The name that the shard of another rank has.
pub(super) fn of_rank(file: &str, rank: u64) -> String {
    let parts = file
        .strip_prefix("shard-")
        .and_then(|rest| rest.split_once('-'));
    match parts {
        Some((own, rest)) => format!("shard-{rank:0digits$}-{rest}", digits = own.len()),
        None => file.to_owned(),
    }
}

/// Whether a name is that of one of several shards.
pub(super) fn is_shard(file: &str) -> bool {
    parse(file).is_some()
}

/// How many shards there are of the checkpoint that a shard is one of; None for what is whole by itself.
pub(super) fn beside(file: &str) -> Option<u64> {
    parse(file)
        .map(|(family, _, _)| family.count)
        .filter(|count| *count > 1)
}

impl Shards {
    pub(super) fn variant(&self) -> Option<&str> {
        self.family.variant.as_deref()
    }

    /// Whether they are parts of one GGUF model, which tell themselves what they belong to.
    pub(super) fn are_gguf(&self) -> bool {
        self.family.extension == "gguf"
    }

    pub(super) fn has_ranks(&self) -> bool {
        self.family.has_ranks
    }

    fn in_words(&self) -> String {
        let first = self.files.first().map_or("", String::as_str);
        format!("{} from {first} on", counted(self.files.len(), "shard"))
    }

    /// All files of it.
    ///
    /// # Errors
    /// `MissingShard` when not all of them are there.
    pub(super) fn complete(&self, listing: &Listing) -> Result<&[String]> {
        let Family {
            stem,
            variant,
            extension,
            count,
            ..
        } = &self.family;
        // From one on, or from zero, where the last number is sometimes taken for the count.
        let numbers = match (self.numbers.contains(&0), self.numbers.contains(count)) {
            (false, _) => 1..count.saturating_add(1),
            (true, false) => 0..*count,
            (true, true) => 0..count.saturating_add(1),
        };
        let variant = variant
            .as_ref()
            .map_or(String::new(), |name| format!(".{name}"));
        let missing: Vec<String> = numbers
            .filter(|number| !self.numbers.contains(number))
            .map(|number| {
                let digits = self.digits;
                format!("{stem}{variant}-{number:0digits$}-of-{count:0digits$}.{extension}")
            })
            .take(5)
            .collect();
        if missing.is_empty() {
            return Ok(&self.files);
        }
        Err(Error::new(
            Code::MissingShard,
            "shards are missing, and the index that names them",
        )
        .expected(counted(*count, "shard"))
        .found(format!("none called {}", missing.join(", ")))
        .at(&listing.directory)
        .hint("download interrupted? fetch the missing files and the index"))
    }
}

/// All families of shards in a directory.
fn families(listing: &Listing) -> Vec<Shards> {
    let mut found: BTreeMap<Family, Shards> = BTreeMap::new();
    for file in &listing.files {
        let Some((family, number, digits)) = parse(file) else {
            continue;
        };
        if states::is_state(file) {
            continue;
        }
        let shards = found.entry(family.clone()).or_insert_with(|| Shards {
            family,
            files: Vec::new(),
            numbers: BTreeSet::new(),
            digits,
        });
        shards.files.push(file.clone());
        shards.numbers.insert(number);
    }
    found.into_values().collect()
}

/// Variants of shards without an index.
pub(super) fn variants(listing: &Listing) -> Vec<String> {
    families(listing)
        .into_iter()
        .filter_map(|shards| shards.family.variant)
        .collect()
}

/// The only thing in a directory that can be read; None without one.
///
/// # Errors
/// `AmbiguousDirectory` when there are several; `MissingShard`.
pub(super) fn choose(listing: &Listing, options: &OpenOptions) -> Result<Option<Loose>> {
    let mut families = families(listing);
    let wanted = options.variant.as_deref();
    if wanted.is_some() || families.iter().any(|shards| shards.variant().is_none()) {
        families.retain(|shards| shards.variant() == wanted);
    }
    // As where there is an index: safetensors before pickles.
    let usual = weights::STEMS.iter().find_map(|(stem, extension)| {
        let is_it =
            |shards: &Shards| shards.family.stem == *stem && shards.family.extension == *extension;
        (families.iter().filter(|shards| is_it(shards)).count() == 1)
            .then(|| families.iter().position(is_it))?
    });
    if let Some(position) = usual {
        return Ok(Some(Loose::Shards(families.swap_remove(position))));
    }
    let mut found: Vec<Loose> = families.into_iter().map(Loose::Shards).collect();
    if wanted.is_none() {
        found.extend(singles(listing, options).into_iter().map(Loose::Single));
    }
    if found.len() > 1 {
        let names: Vec<String> = found
            .iter()
            .map(|one| match one {
                Loose::Single(name) => name.clone(),
                Loose::Shards(shards) => shards.in_words(),
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let what = "files that could be weights";
        return Err(parts::ambiguous(&listing.directory, what, &names));
    }
    Ok(found.pop())
}

/// Files that a reader claims and finds tensors in, without states and parts.
fn singles(listing: &Listing, options: &OpenOptions) -> Vec<String> {
    let mut looker = Looker::new(options);
    let parts = ranks::parts(listing);
    let mut found: Vec<String> = listing
        .files
        .iter()
        .filter(|name| !states::is_state(name) && !is_shard(name) && !parts.contains(name))
        .filter(|name| looker.is_readable(&listing.path(name)))
        .cloned()
        .collect();
    // llama.cpp keeps the vision tower of a model in a file beside it.
    if found.iter().any(|name| !is_projector(name)) {
        found.retain(|name| !is_projector(name));
    }
    found
}

fn is_projector(name: &str) -> bool {
    name.strip_suffix(".gguf")
        .is_some_and(|stem| stem.contains("mmproj"))
}

/// The only file with a name of weights, which nothing claims: its error says why.
pub(super) fn unreadable(listing: &Listing) -> Option<&String> {
    let mut found = listing
        .files
        .iter()
        .filter(|name| content::has_name_of_weights(name) && !states::is_state(name));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn names_of_shards() {
        let parts = |file: &str| {
            let (family, number, digits) = parse(file).unwrap();
            (
                family.stem,
                family.variant,
                number,
                family.count,
                digits,
                family.has_ranks,
            )
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            parts("model-00001-of-00003.safetensors"),
            ("model".into(), None, 1, 3, 5, false)
        );
        assert_eq!(
            parts("model.fp16-0-of-2.safetensors"),
            ("model".into(), some("fp16"), 0, 2, 1, false)
        );
        assert_eq!(
            parts("diffusion_pytorch_model-00001-of-00002.fp16.safetensors"),
            (
                "diffusion_pytorch_model".into(),
                some("fp16"),
                1,
                2,
                5,
                false
            )
        );
        assert_eq!(
            parts("shard-00002-model-00001-of-00002.safetensors"),
            ("model".into(), None, 1, 2, 5, true)
        );
        for none in [
            "model.safetensors",
            "best-of-2.safetensors",
            "model-1-of-x.bin",
            "model-a-of-2.bin",
            "model-00001-of-00002.json",
            "model-99999999999999999999-of-2.bin",
        ] {
            assert!(parse(none).is_none(), "{none}");
        }
    }
}
