//! Parts of one checkpoint that the processes of a distributed run wrote apart. One part is never the model.
//!
//! What is known to be one model is joined where it lies: `dcp`, `fsdp`, `zero`, `llama`, `megatron` each know one way to divide it, `pieces` the shards
//! of safetensors. What is not known is named, and what joins it.

mod boxes;
mod cut;
mod dcp;
mod fsdp;
mod llama;
mod megatron;
mod pieces;
mod zero;

use std::path::Path;

pub(super) use self::pieces::{Others, Pieces};
use super::listing::Listing;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::format::OpenOptions;
use crate::source::Files;

type IsIt = fn(&Listing) -> bool;

/// Adds the tensors of a folder.
type Add = fn(&mut Checkpoint, &Listing, &OpenOptions) -> Result<()>;

/// Ways to divide a model that are joined here: whether a folder is of it, and what adds its tensors.
const JOINED: &[(IsIt, Add)] = &[
    (dcp::is_it, dcp::add),
    (fsdp::is_it, fsdp::add),
    (zero::is_it, zero::add),
    (llama::is_it, llama::add),
    (megatron::is_it, megatron::add),
];

/// What adds the tensors of a folder of parts; None where they are not joined.
pub(super) fn reader(listing: &Listing) -> Option<Add> {
    let found = JOINED.iter().find(|(is_it, _)| is_it(listing));
    found.map(|(_, add)| *add)
}

/// Files in which a run writes which of its folders is the latest: `DeepSpeed`'s with its name, Megatron-LM's with its iteration.
const LATEST: [&str; 2] = ["latest", "latest_checkpointed_iteration.txt"];

/// The folder that the run says is the latest one, where it is joined; and the file that says so.
pub(super) fn latest(listing: &Listing) -> Option<(String, &'static str)> {
    let name = LATEST.into_iter().find(|name| listing.has(name))?;
    let file = listing.place.open(&listing.path(name)).ok()?;
    let text = file.read(0, file.size().min(256) as usize).ok()?;
    let folder = match std::str::from_utf8(&text).ok()?.trim() {
        number if name != LATEST[0] && number != "release" => {
            format!("iter_{:07}", number.parse::<u64>().ok()?)
        }
        folder => folder.to_owned(),
    };
    // Only a folder that lies in this one, whatever the file says.
    if !listing.has_folder(&folder) {
        return None;
    }
    let inner = Listing::of(&listing.path(&folder), &listing.place).ok()?;
    reader(&inner).map(|_| (folder, name))
}

/// Parts of one kind.
struct Family {
    what: &'static str,
    /// Whether a name, without extension, is that of a part. Its numbers are taken out: `zero_pp_rank_#_mp_rank_#_model_states`.
    is_part: fn(&str) -> bool,
    extensions: &'static [&'static str],
    /// Whether one part without others is the whole model.
    is_whole_alone: bool,
    join: &'static str,
}

const DCP: &str = "torch.distributed, DCP";

const FAMILIES: &[Family] = &[
    Family {
        what: "FSDP, one file for each rank",
        is_part: |name| {
            let middle = name
                .strip_prefix("pytorch_model_fsdp")
                .and_then(|rest| rest.strip_suffix("_rank#"));
            matches!(middle, Some("" | "_#"))
        },
        extensions: &["bin"],
        is_whole_alone: false,
        join: "load it with accelerate's load_state in as many processes as wrote it and save it with state_dict_type FULL_STATE_DICT",
    },
    Family {
        what: DCP,
        is_part: |name| name == "__#_#",
        extensions: &["distcp"],
        is_whole_alone: false,
        join: "python -m torch.distributed.checkpoint.format_utils dcp_to_torch DIRECTORY model.pt, or accelerate merge-weights DIRECTORY OUTPUT",
    },
    Family {
        what: "DeepSpeed ZeRO 3",
        is_part: |name| name.ends_with("zero_pp_rank_#_mp_rank_#_model_states"),
        extensions: &["pt"],
        is_whole_alone: false,
        join: "python zero_to_fp32.py . OUTPUT in the folder above, the script that lies there",
    },
    Family {
        what: "DeepSpeed, model parallel",
        is_part: |name| name == "mp_rank_#_model_states" || name == "layer_#-model_#-model_states",
        extensions: &["pt"],
        is_whole_alone: true,
        join: "python zero_to_fp32.py . OUTPUT in the folder above, or DeepSpeed's ds_to_universal.py",
    },
    Family {
        what: "verl FSDP",
        is_part: |name| name == "model_world_size_#_rank_#",
        extensions: &["pt"],
        is_whole_alone: false,
        join: "python -m verl.model_merger merge --backend fsdp --local_dir DIRECTORY --target_dir OUTPUT",
    },
    Family {
        what: "Llama of Meta, model parallel",
        is_part: |name| name == "consolidated.#",
        extensions: &["pth"],
        is_whole_alone: true,
        join: "python -m transformers.models.llama.convert_llama_weights_to_hf --input_dir DIRECTORY --output_dir OUTPUT",
    },
    Family {
        what: "Megatron-LM, model parallel",
        is_part: |name| name == "mp_rank_#" || name == "mp_rank_#_#",
        extensions: &["/"],
        is_whole_alone: true,
        join: "Megatron's tools/checkpoint/convert.py makes the Hugging Face format of it",
    },
];

/// A name with `#` for each of its numbers.
fn without_numbers(name: &str) -> String {
    let mut bare = String::with_capacity(name.len());
    for c in name.chars() {
        if !c.is_ascii_digit() {
            bare.push(c);
        } else if !bare.ends_with('#') {
            bare.push('#');
        }
    }
    bare
}

/// The family that a file, or a folder whose name ends with a slash, belongs to by its name.
fn family_of(name: &str) -> Option<&'static Family> {
    let (stem, extension) = match name.strip_suffix('/') {
        Some(folder) => (folder, "/"),
        None => name.rsplit_once('.')?,
    };
    let bare = without_numbers(stem);
    FAMILIES
        .iter()
        .find(|family| family.extensions.contains(&extension) && (family.is_part)(&bare))
}

/// The parts of each family in a directory that are no model by themselves.
fn of_directory(listing: &Listing) -> Vec<(&'static Family, Vec<String>)> {
    let mut found: Vec<(&'static Family, Vec<String>)> = Vec::new();
    let folders = listing.folders.iter().map(|name| format!("{name}/"));
    for name in listing.files.iter().cloned().chain(folders) {
        let Some(family) = family_of(&name) else {
            continue;
        };
        match found
            .iter_mut()
            .find(|(known, _)| known.what == family.what)
        {
            Some((_, parts)) => parts.push(name),
            None => found.push((family, vec![name])),
        }
    }
    found.retain(|(family, parts)| parts.len() > 1 || !family.is_whole_alone);
    found
}

/// Names of files that are parts of something and no model.
pub(super) fn parts(listing: &Listing) -> Vec<String> {
    of_directory(listing)
        .into_iter()
        .flat_map(|(_, parts)| parts)
        .collect()
}

/// The error for a directory of parts: names them, and what joins them.
pub(super) fn explain(listing: &Listing) -> Option<Error> {
    let (family, parts) = of_directory(listing).into_iter().next()?;
    if family.what == DCP && !listing.has(dcp::METADATA) {
        return Some(
            Error::new(
                Code::MissingShard,
                "description of a distributed checkpoint is missing",
            )
            .expected(".metadata beside its parts")
            .found(in_words(&parts))
            .at(&listing.directory)
            .hint("fetch it too; if it was never written, the save did not end"),
        );
    }
    Some(
        Error::new(
            Code::UnsupportedFormat,
            format!(
                "parts of one distributed checkpoint ({}), which this version does not join",
                family.what
            ),
        )
        .found(in_words(&parts))
        .at(&listing.directory)
        .hint(format!("join them first: {}", family.join)),
    )
}

/// What a file that was given alone is a part of: the kind, and all parts that lie beside it.
pub(super) fn beside(
    file: &str,
    directory: &Path,
    files: &Files,
) -> Option<(&'static str, String)> {
    let family = family_of(file)?;
    let (_, parts) = of_directory(&Listing::of(directory, files).ok()?)
        .into_iter()
        .find(|(found, _)| found.what == family.what)?;
    Some((family.what, in_words(&parts)))
}

fn in_words(parts: &[String]) -> String {
    let shown: Vec<&str> = parts.iter().map(String::as_str).take(8).collect();
    match parts.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
