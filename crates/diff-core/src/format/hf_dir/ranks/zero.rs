//! `DeepSpeed`: each process has a part of the parameters as flat f32 values, which are joined and cut as `zero_to_fp32.py` of
//! `DeepSpeed` 0.19.8 does, without making anything of it.
//!
//! Stages 1 and 2: the parts of a group, one rank behind the other, are the parameters of the group, one behind the other. Stage 3: each
//! parameter of n elements is divided, ceil(n / ranks) to each, and every rank has its parts one behind the other.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::super::listing::Listing;
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::torch::{self, ModelStates, OptimizerStates, Parameter, Part};
use crate::format::{OpenOptions, lfs};
use crate::limits::Limits;
use crate::source::Source;
use crate::tensor::{Tensor, element_count};

/// Rank of the data and of the model parallelism, of a name as `bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt`.
fn ranks(name: &str, ending: &str) -> Option<(u64, u64)> {
    let (_, numbers) = name.strip_suffix(ending)?.split_once("zero_pp_rank_")?;
    let (rank, model) = numbers.split_once("_mp_rank_")?;
    Some((rank.parse().ok()?, model.parse().ok()?))
}

const OPTIMIZER: &str = "_optim_states.pt";
const MODEL: &str = "_model_states.pt";

/// Whether a folder has the f32 values of a run that one model was not divided in; others are joined by `DeepSpeed` only.
pub(super) fn is_it(listing: &Listing) -> bool {
    let mut has_values = false;
    for name in &listing.files {
        match ranks(name, OPTIMIZER) {
            Some((_, 0)) => has_values = true,
            Some(_) => return false,
            None => {}
        }
    }
    let has_model = |name: &String| {
        name == "mp_rank_00_model_states.pt" || matches!(ranks(name, MODEL), Some((_, 0)))
    };
    has_values && listing.files.iter().any(has_model) && !listing.has("mp_rank_01_model_states.pt")
}

/// Adds the parameters in f32, and the buffers.
///
/// # Errors
/// `MissingShard` naming the files that are not there; whatever is wrong with one of them. A parameter that the parts do not hold
/// carries its own error.
pub(super) fn add(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<()> {
    let files = numbered(listing, OPTIMIZER);
    let mut parts: Vec<OptimizerStates> = Vec::with_capacity(files.len());
    let mut given: Vec<u64> = Vec::new();
    for (rank, name) in &files {
        let part = open(
            checkpoint,
            listing,
            name,
            options,
            torch::read_optimizer_states,
        )?;
        parts.push(part);
        given.push(*rank);
    }
    let first = parts
        .first()
        .ok_or_else(|| Error::new(Code::NoTensors, "there are no parts"))?;
    let (stage, world) = (first.stage, first.partitions);
    let of_ranks = |ending: &str, files: &[(u64, &String)]| complete(listing, ending, files, world);
    of_ranks(OPTIMIZER, &files)?;
    let models = if stage == 3 {
        let files = numbered(listing, MODEL);
        of_ranks(MODEL, &files)?;
        files.into_iter().map(|(_, name)| name.clone()).collect()
    } else {
        vec!["mp_rank_00_model_states.pt".to_owned()]
    };
    let mut states: Vec<ModelStates> = Vec::with_capacity(models.len());
    for name in &models {
        if !listing.has(name) {
            return Err(missing(listing, std::slice::from_ref(name)));
        }
        states.push(open(
            checkpoint,
            listing,
            name,
            options,
            torch::read_model_states,
        )?);
    }
    if states.iter().any(|one| one.has_expert_parts) {
        return Err(Error::new(
            Code::UnsupportedFormat,
            "experts that DeepSpeed divided in a way of their own (AutoEP)",
        )
        .at(&listing.directory)
        .hint("join them first: ds_to_universal.py of DeepSpeed"));
    }
    let tensors = if stage == 3 {
        third(&parts, &states)
    } else {
        first_and_second(&parts, &states)
    };
    options.observer.add_tensors(tensors.len() as u64);
    checkpoint.tensors.extend(tensors);
    let message = format!(
        "f32 parameters joined from the {} of DeepSpeed ZeRO {stage}, read in place; the states of the optimizer in the same files and copies in fewer bits are not compared",
        counted(parts.len(), "part"),
    );
    let finding = Finding::new("DistributedJoined", Severity::Info, message);
    checkpoint.findings.push(finding.at(&listing.directory));
    Ok(())
}

fn open<T>(
    checkpoint: &mut Checkpoint,
    listing: &Listing,
    name: &str,
    options: &OpenOptions,
    read: impl Fn(&Arc<dyn Source>, u32, &Limits) -> Result<Part<T>>,
) -> Result<T> {
    options.observer.check()?;
    let source = lfs::open(&listing.path(name), &options.files)?;
    let part = read(&source, checkpoint.sources.len() as u32, &options.limits)?;
    checkpoint.sources.push(source);
    checkpoint.sources.extend(part.sources);
    checkpoint.findings.extend(part.findings);
    Ok(part.content)
}

/// Files of the ranks, in their order.
fn numbered<'a>(listing: &'a Listing, ending: &str) -> Vec<(u64, &'a String)> {
    let files = listing.files.iter();
    let mut found: Vec<(u64, &String)> = files
        .filter_map(|name| Some((ranks(name, ending)?.0, name)))
        .collect();
    found.sort_unstable();
    found
}

fn complete(listing: &Listing, ending: &str, files: &[(u64, &String)], world: u64) -> Result<()> {
    let example = files
        .first()
        .map(|(_, name)| name.as_str())
        .unwrap_or_default();
    let start = example
        .split_once("rank_")
        .map_or("zero_pp_", |(start, _)| start);
    let lost: Vec<String> = (0..world)
        .filter(|rank| !files.iter().any(|(found, _)| found == rank))
        .map(|rank| format!("{start}rank_{rank}_mp_rank_00{ending}"))
        .take(5)
        .collect();
    if !lost.is_empty() {
        return Err(missing(listing, &lost));
    }
    if files.len() as u64 == world {
        return Ok(());
    }
    Err(Error::new(
        Code::SizeMismatch,
        "parts of more ranks than the checkpoint has",
    )
    .expected(counted(world, "rank"))
    .found(counted(files.len(), "file"))
    .at(&listing.directory)
    .hint("files of an older run lie among them; remove those"))
}

fn missing(listing: &Listing, names: &[String]) -> Error {
    Error::new(Code::MissingShard, "parts of a DeepSpeed checkpoint are missing")
        .expected("a file for each rank")
        .found(format!("none called {}", names.join(", ")))
        .at(&listing.directory)
        .hint("each rank writes its own file: fetch those that are missing, or save to a folder that all ranks share")
}

fn first_and_second(parts: &[OptimizerStates], states: &[ModelStates]) -> Vec<Tensor> {
    let (Some(part), Some(state)) = (parts.first(), states.first()) else {
        return Vec::new();
    };
    let mut tensors = state.buffers.clone();
    for frozen in &state.frozen {
        let whole = state.fragments.iter().find(|one| one.name == frozen.name);
        let whole = whole.map(|whole| whole.reshaped(&frozen.shape));
        tensors.push(named(frozen, whole.unwrap_or_else(|| Err(lost()))));
    }
    let align = 2 * part.partitions.max(1);
    for (number, group) in state.groups.iter().enumerate() {
        let flat: Vec<&Tensor> = parts
            .iter()
            .filter_map(|part| part.flat.get(number))
            .collect();
        let paddings = part.paddings.as_ref().and_then(|all| all.get(number));
        let mut at = 0_u64;
        let mut places: Vec<Result<Range<u64>>> = Vec::with_capacity(group.len());
        for (index, parameter) in group.iter().enumerate() {
            places.push(element_count(&parameter.shape).map(|count| at..at.saturating_add(count)));
            let padding = paddings.map_or(0, |all| all.get(index).copied().unwrap_or(0));
            let count = element_count(&parameter.shape).unwrap_or(0);
            at = at.saturating_add(count).saturating_add(padding);
        }
        let there: u64 = flat.iter().map(|tensor| tensor.elements).sum();
        // What is behind the last parameter fills the group up for all ranks, twice over.
        let is_whole = flat.len() == parts.len()
            && at.checked_next_multiple_of(align) == there.checked_next_multiple_of(align);
        for (parameter, place) in group.iter().zip(places) {
            let joined = if is_whole {
                place.and_then(|place| joined(gather(&flat, place)?, &parameter.shape))
            } else {
                Err(other_size(at, there))
            };
            tensors.push(named(parameter, joined));
        }
    }
    share(&mut tensors, &state.shared);
    tensors
}

fn third(parts: &[OptimizerStates], states: &[ModelStates]) -> Vec<Tensor> {
    let (Some(part), Some(state)) = (parts.first(), states.first()) else {
        return Vec::new();
    };
    let world = part.partitions.max(1);
    let mut tensors = state.buffers.clone();
    let fragments: Vec<HashMap<&str, &Tensor>> = states
        .iter()
        .map(|state| {
            state
                .fragments
                .iter()
                .map(|one| (one.name.as_str(), one))
                .collect()
        })
        .collect();
    for frozen in &state.frozen {
        let found: Option<Vec<&Tensor>> = fragments
            .iter()
            .map(|of| of.get(frozen.name.as_str()).copied())
            .collect();
        let whole = found.ok_or_else(lost).and_then(|found| {
            let count = element_count(&frozen.shape)?;
            joined(gather(&found, 0..count)?, &frozen.shape)
        });
        tensors.push(named(frozen, whole));
    }
    let flat: Vec<Vec<&Tensor>> = parts
        .iter()
        .map(|part| part.flat.iter().collect())
        .collect();
    let there: u64 = part.flat.iter().map(|tensor| tensor.elements).sum();
    let parameters = || state.groups.iter().flatten();
    let needed = parameters()
        .map(|one| element_count(&one.shape).unwrap_or(0).div_ceil(world))
        .fold(0, u64::saturating_add);
    let mut at = 0;
    for parameter in parameters() {
        let whole = element_count(&parameter.shape).and_then(|count| {
            if needed != there {
                return Err(other_size(needed, there));
            }
            let each = count.div_ceil(world);
            let (mut pieces, mut left) = (Vec::new(), count);
            for of_rank in &flat {
                // The last ones have less, or only what fills it up.
                pieces.extend(gather(of_rank, at..at + each.min(left))?);
                left -= each.min(left);
            }
            at += each;
            joined(pieces, &parameter.shape)
        });
        tensors.push(named(parameter, whole));
    }
    share(&mut tensors, &state.shared);
    tensors
}

/// The elements of a range of flat tensors that lie one behind the other.
fn gather(flat: &[&Tensor], place: Range<u64>) -> Result<Vec<Tensor>> {
    let (mut pieces, mut before) = (Vec::new(), 0_u64);
    for tensor in flat {
        let end = before.saturating_add(tensor.elements);
        let inside = place.start.max(before)..place.end.min(end);
        if inside.start < inside.end {
            let range = inside.start - before..inside.end - before;
            pieces.push(
                tensor
                    .reshaped(&[tensor.elements])?
                    .sliced(std::slice::from_ref(&range))?,
            );
        }
        before = end;
    }
    if place.end > before {
        return Err(other_size(place.end, before));
    }
    if pieces.is_empty()
        && let Some(first) = flat.first()
    {
        pieces.push(
            first
                .reshaped(&[first.elements])?
                .sliced(std::slice::from_ref(&(0..0)))?,
        );
    }
    Ok(pieces)
}

fn joined(mut pieces: Vec<Tensor>, shape: &[u64]) -> Result<Tensor> {
    if let [_] = pieces.as_slice()
        && let Some(only) = pieces.pop()
    {
        return only.reshaped(shape);
    }
    if pieces.iter().any(|piece| piece.elements > 0) {
        pieces.retain(|piece| piece.elements > 0);
    }
    Tensor::concat(0, pieces)?.reshaped(shape)
}

/// Parameters that are others come under both names.
fn share(tensors: &mut Vec<Tensor>, shared: &[(String, String)]) {
    for (name, of) in shared {
        let Some(found) = tensors.iter().find(|tensor| tensor.name == *of).cloned() else {
            continue;
        };
        let found = Tensor {
            name: name.clone(),
            ..found
        };
        match tensors.iter_mut().find(|tensor| tensor.name == *name) {
            Some(known) => *known = found,
            None => tensors.push(found),
        }
    }
}

fn named(parameter: &Parameter, tensor: Result<Tensor>) -> Tensor {
    match tensor {
        Ok(tensor) => Tensor {
            name: parameter.name.clone(),
            ..tensor
        },
        Err(error) => {
            let (name, shape) = (parameter.name.clone(), parameter.shape.clone());
            let error = error.tensor(&name);
            Tensor::broken(name, "f32", shape, 0, error)
        }
    }
}

fn lost() -> Error {
    Error::new(
        Code::MissingRecord,
        "frozen parameter is described and not there",
    )
    .hint("save it with save_checkpoint(…, exclude_frozen_parameters=False)")
}

fn other_size(needed: u64, there: u64) -> Error {
    Error::new(
        Code::SizeMismatch,
        "parts of the ranks do not make up the parameters",
    )
    .expected(counted(needed, "element"))
    .found(there)
    .hint("files of different runs lie together, or one was cut off; save the checkpoint again")
}
