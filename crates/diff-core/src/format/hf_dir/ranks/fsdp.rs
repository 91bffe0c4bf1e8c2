//! One file for each rank of torch's FSDP: a `DTensor` tells by its mesh and placements which box of the tensor the rank has, a
//! `ShardedTensor` by the offsets of its shards.
//!
//! verl writes `model_world_size_N_rank_R.pt`, and `optim_` beside it (`verl/utils/checkpoint/fsdp_checkpoint_manager.py`); accelerate and
//! Transformers' Trainer write `LOCAL_STATE_DICT` as `pytorch_model_fsdp_rankR.bin` (`accelerate/utils/fsdp_utils.py`), whose tensors are
//! the flat parameters of FSDP1.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::super::listing::Listing;
use super::super::parts::ambiguous;
use super::boxes::{self, Piece};
use super::cut::whole;
use super::{family_of, in_words};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::torch::{self, OfRank};
use crate::format::{OpenOptions, lfs};
use crate::tensor::Tensor;

/// What the name of a rank's file says.
struct Name<'a> {
    /// Everything before the rank.
    before: &'a str,
    rank: u64,
    extension: &'a str,
    world: Option<u64>,
    is_optimizer: bool,
}

fn parse(file: &str) -> Option<Name<'_>> {
    let (stem, extension) = file.rsplit_once('.')?;
    let digits = stem.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (before, rank) = stem.split_at(stem.len() - digits);
    let rank = rank.parse().ok()?;
    let name = |world, is_optimizer| Name {
        before,
        rank,
        extension,
        world,
        is_optimizer,
    };
    if let Some(middle) = before.strip_prefix("pytorch_model_fsdp") {
        let number = middle.strip_suffix("_rank")?;
        let is_number = number.is_empty() || number.strip_prefix('_')?.parse::<u64>().is_ok();
        return (is_number && extension == "bin").then(|| name(None, false));
    }
    let (what, rest) = before.split_once("_world_size_")?;
    let world = rest.strip_suffix("_rank_")?.parse().ok()?;
    let is_optimizer = match what {
        "model" => false,
        "optim" | "optimizer" => true,
        _ => return None,
    };
    (extension == "pt").then(|| name(Some(world), is_optimizer))
}

/// The files of one state, by rank.
struct Group<'a> {
    first: Name<'a>,
    files: Vec<(u64, &'a String)>,
}

fn groups(listing: &Listing) -> Vec<Group<'_>> {
    let mut found: Vec<Group> = Vec::new();
    for file in &listing.files {
        let Some(name) = parse(file) else { continue };
        let one = (name.rank, file);
        match found
            .iter_mut()
            .find(|group| group.first.before == name.before)
        {
            Some(group) => group.files.push(one),
            None => found.push(Group {
                first: name,
                files: vec![one],
            }),
        }
    }
    for group in &mut found {
        group.files.sort_unstable();
    }
    found
}

pub(super) fn is_it(listing: &Listing) -> bool {
    let mut names = listing.files.iter().filter_map(|file| parse(file));
    names.any(|name| !name.is_optimizer)
}

/// Adds the tensors, each joined of what the ranks have of it. States of the optimizer come under `optimizer.` where they are asked for.
///
/// # Errors
/// `MissingShard` naming the files of ranks that are not there; `AmbiguousDirectory` for several models; `UnsupportedFormat` where no tensor
/// says how its parts belong together; whatever is wrong with a file. A tensor whose parts do not make it up carries its own error.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    let (optimizers, models): (Vec<Group>, Vec<Group>) = groups(listing)
        .into_iter()
        .partition(|group| group.first.is_optimizer);
    let model = match models.as_slice() {
        [model] => model,
        several => {
            let files = several.iter().filter_map(|group| group.files.first());
            let files: Vec<&str> = files.map(|(_, file)| file.as_str()).collect();
            let what = "models of several ranks";
            return Err(ambiguous(&listing.directory, what, &files));
        }
    };
    add_group(checkpoint, listing, model, options)?;
    if options.include_optimizer {
        let whole = OpenOptions {
            key: None,
            ..options.clone()
        };
        for group in optimizers {
            let before = checkpoint.tensors.len();
            add_group(checkpoint, listing, &group, &whole)?;
            for tensor in checkpoint.tensors.iter_mut().skip(before) {
                tensor.name.insert_str(0, "optimizer.");
            }
        }
    }
    Ok(())
}

/// What the ranks have of each tensor; tensors in the order in which they come first.
#[derive(Default)]
struct Parts {
    order: Vec<String>,
    of: HashMap<String, Vec<(Tensor, OfRank)>>,
    /// Ranks that the files speak of.
    ranks: u64,
}

fn add_group(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    group: &Group,
    options: &OpenOptions,
) -> Result<()> {
    let world = group.first.world.unwrap_or(0);
    check_complete(listing, group, world)?;
    let mut parts = Parts::default();
    for (_, file) in &group.files {
        options.observer.check()?;
        let source = lfs::open(&listing.path(file), &options.files)?;
        let index = checkpoint.sources.len() as u32;
        let (opened, of_rank) = torch::open_rank(&source, index, options)?;
        checkpoint.sources.push(source);
        checkpoint.sources.extend(opened.sources);
        checkpoint.left_out.extend(opened.left_out);
        // torch's own classes are no surprise here.
        checkpoint
            .findings
            .extend(opened.findings.into_iter().filter(|finding| {
                finding.code != "GlobalUnknown" || !finding.message.contains("torch.distributed.")
            }));
        for (tensor, part) in opened.tensors.into_iter().zip(of_rank) {
            if let Some(Ok(part)) = part.as_deref() {
                parts.ranks = parts.ranks.max(part.ranks);
            }
            let of = parts.of.entry(tensor.name.clone()).or_default();
            if of.is_empty() {
                parts.order.push(tensor.name.clone());
            }
            of.push((tensor, part));
        }
    }
    check_complete(listing, group, world.max(parts.ranks))?;
    let is_joined = parts.of.values().flatten().any(|(_, part)| part.is_some());
    if !is_joined && world != 1 {
        return Err(not_told(listing, group));
    }
    let (mut flat, mut joined) = (0_usize, 0_usize);
    for name in parts.order {
        let of = parts.of.remove(&name).unwrap_or_default();
        flat += usize::from(
            name.rsplit('.')
                .next()
                .is_some_and(|last| last.contains("flat_param")),
        );
        joined += usize::from(of.iter().any(|(_, part)| part.is_some()));
        let label = of
            .iter()
            .map(|(tensor, _)| tensor.dtype_name())
            .find(|name| *name != "unknown");
        let label = label.unwrap_or("unknown").to_owned();
        let shape = of
            .first()
            .map_or_else(Vec::new, |(tensor, _)| tensor.shape.clone());
        let bytes = of
            .iter()
            .map(|(tensor, _)| tensor.bytes)
            .fold(0, u64::saturating_add);
        let tensor = match join(of) {
            Ok(tensor) => Tensor { name, ..tensor },
            Err(error) => {
                let error = error.tensor(&name);
                Tensor::broken(name, &label, shape, bytes, error)
            }
        };
        checkpoint.tensors.push(tensor);
        options.observer.add_tensors(1);
    }
    note(checkpoint, listing, group, (joined, flat));
    Ok(())
}

fn note(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    group: &Group,
    (joined, flat): (usize, usize),
) {
    let message = format!(
        "{} joined from {} of FSDP, read in place; of what every rank has whole, the first one's is read",
        counted(joined, "tensor"),
        counted(group.files.len(), "rank"),
    );
    let mut findings = vec![Finding::new("DistributedJoined", Severity::Info, message)];
    if flat > 0 {
        let message = format!(
            "{} of FSDP, each the weights of a module one behind the other; their names and shapes stand in none of the files, so only checkpoints of one \
             form can be compared; save it with FULL_STATE_DICT or SHARDED_STATE_DICT to have them",
            counted(flat, "flat parameter"),
        );
        findings.push(Finding::new("FlatParameters", Severity::Warning, message));
    }
    let findings = findings.into_iter().map(|one| one.at(&listing.directory));
    checkpoint.findings.extend(findings);
}

/// The tensor that the ranks have parts of.
fn join(of: Vec<(Tensor, OfRank)>) -> Result<Tensor> {
    if of.iter().all(|(_, part)| part.is_none()) {
        let tensors: Vec<Tensor> = of.into_iter().map(|(tensor, _)| tensor).collect();
        return whole(&tensors);
    }
    let mut shape: Option<Vec<u64>> = None;
    let mut pieces = Vec::with_capacity(of.len());
    let mut seen = HashSet::new();
    for (tensor, part) in of {
        let Some(part) = part else {
            return Err(Error::new(
                Code::SizeMismatch,
                "ranks disagree about a tensor: some have a part of it, some a whole",
            )
            .found(format!("{:?}", tensor.shape)));
        };
        let part = (*part)?;
        let shape = shape.get_or_insert_with(|| part.shape.clone());
        if *shape != part.shape {
            return Err(Error::new(
                Code::SizeMismatch,
                "ranks disagree about the shape of a tensor",
            )
            .expected(format!("{shape:?}"))
            .found(format!("{:?}", part.shape))
            .hint("files of different runs lie together; save the checkpoint again"));
        }
        for (offsets, tensor) in part.boxes {
            // Replicas have the same box.
            if seen.insert((offsets.clone(), tensor.shape.clone())) {
                pieces.push(Piece { offsets, tensor });
            }
        }
    }
    boxes::join(&shape.unwrap_or_default(), pieces)
}

fn check_complete(listing: &Listing, group: &Group, world: u64) -> Result<()> {
    let found: BTreeSet<u64> = group.files.iter().map(|(rank, _)| *rank).collect();
    let behind = found.last().map_or(0, |last| last.saturating_add(1));
    let world = world.max(behind);
    let Name {
        before, extension, ..
    } = &group.first;
    let lost: Vec<String> = (0..world)
        .filter(|rank| !found.contains(rank))
        .map(|rank| format!("{before}{rank}.{extension}"))
        .take(5)
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(
        Error::new(Code::MissingShard, "files of a distributed checkpoint are missing")
            .expected(format!("those of {}", counted(world, "rank")))
            .found(format!("none called {}", lost.join(", ")))
            .at(&listing.directory)
            .hint("each rank writes its own file: fetch those that are missing, or save to a folder that all ranks share"),
    )
}

/// Plain tensors: whether they are parts or copies, and of what, stands nowhere.
fn not_told(listing: &Listing, group: &Group) -> Error {
    let files: Vec<String> = group
        .files
        .iter()
        .map(|(_, file)| (*file).clone())
        .collect();
    let family = files.first().and_then(|file| family_of(file));
    let what = family.map_or("FSDP", |family| family.what);
    let join = family.map_or("", |family| family.join);
    Error::new(
        Code::UnsupportedFormat,
        format!(
            "parts of one distributed checkpoint ({what}) that do not say how they belong together"
        ),
    )
    .expected("DTensor or ShardedTensor")
    .found(format!("plain tensors in {}", in_words(&files)))
    .at(&listing.directory)
    .hint(format!("make one checkpoint of them: {join}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_files_of_ranks() {
        let found = |file| parse(file).map(|name| (name.rank, name.world, name.is_optimizer));
        assert_eq!(
            found("model_world_size_8_rank_3.pt"),
            Some((3, Some(8), false))
        );
        assert_eq!(
            found("optim_world_size_8_rank_3.pt"),
            Some((3, Some(8), true))
        );
        assert_eq!(
            found("pytorch_model_fsdp_rank12.bin"),
            Some((12, None, false))
        );
        assert_eq!(
            found("pytorch_model_fsdp_1_rank0.bin"),
            Some((0, None, false))
        );
        for file in [
            "extra_state_world_size_8_rank_3.pt",
            "pytorch_model_fsdp.bin",
            "pytorch_model_fsdp_1.bin",
            "pytorch_model_fsdp_x_rank0.bin",
            "model_world_size_8_rank_.pt",
            "model_world_size_8_rank_3.bin",
            "model_world_size_x_rank_3.pt",
            "model_world_size_8_rank_99999999999999999999.pt",
        ] {
            assert_eq!(found(file), None, "{file}");
        }
    }
}
