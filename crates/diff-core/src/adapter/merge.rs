//! A base and an adapter as the checkpoint that the library which trained the adapter would merge.
//!
//! As peft 0.21 does it: ΔW is f32 (its factors are, whatever they are stored as), each sum is f32 and rounded once to the type of the base.
//! The ΔW of embeddings and of parameters is rounded to that type before it is added, too. Of `DoRA`, the sum is multiplied with its
//! magnitudes over its norms and then rounded.

use std::collections::HashSet;

use super::PEFT;
use super::delta::{self, Change, Wanted};
use super::module::{self, Module, Slot};
use super::names::Names;
use super::settings::AllSettings;
use super::ties::{self, Ties};
use super::{layers, tokens};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::tensor::{Node, PairRule, Tensor};

/// Kinds of models whose experts lie as (experts, in, out).
const TRANSPOSED: &[&str] = &["gpt_oss", "llama4", "llama4_text"];

/// Merges an adapter into a base.
///
/// # Errors
/// `Argument` for an adapter that changes what the base does not have; `Unsupported` for a kind that is not known; what is wrong with one of
/// its tensors.
pub(crate) fn merge(base: &mut Checkpoint, mut adapter: Checkpoint) -> Result<()> {
    let path = adapter.path.clone();
    let at = |error: Error| error.at(&path);
    let first_source = base.sources.len() as u32;
    for tensor in &mut adapter.tensors {
        move_sources(tensor, first_source).map_err(at)?;
    }
    merged(base, &adapter).map_err(at)?;
    let message = "the adapter is merged into the weights";
    let finding = Finding::new("AdapterMerged", Severity::Info, message.to_owned()).at(&path);
    base.findings.push(finding);
    base.sources.extend(adapter.sources);
    base.findings.extend(adapter.findings);
    base.left_out.extend(adapter.left_out);
    Ok(())
}

fn merged(base: &mut Checkpoint, adapter: &Checkpoint) -> Result<()> {
    if adapter.tensors.is_empty() {
        return Err(Error::new(Code::NoTensors, "adapter has no tensors"));
    }
    let settings = AllSettings::of(adapter);
    check(&settings)?;
    if let Some(layers) = settings.replicated() {
        layers::replicate(base, layers)?;
    }
    let modules = module::find(&adapter.tensors);
    let merging = Merging {
        is_transposed: is_transposed(base),
        names: Names::of(base),
        ties: Ties::of(base),
        settings,
    };
    let of_modules = modules.iter().flat_map(Module::slots);
    let of_modules: HashSet<usize> = of_modules.map(|(_, place, _)| place).collect();
    let others = adapter.tensors.iter().enumerate();
    let others = others.filter(|(place, _)| !of_modules.contains(place));
    let others: Vec<&Tensor> = others.map(|(_, tensor)| tensor).collect();
    // Whole tensors come first: the embedding that was saved with its adapter is what that is added to.
    for tensor in &others {
        match tokens::module_of(&tensor.name) {
            Some(path) => merging.rows(base, tensor, path, &others)?,
            None => merging.whole(base, tensor)?,
        }
    }
    for module in &modules {
        merging.module(base, module)?;
    }
    Ok(())
}

/// # Errors
/// `UnsupportedFormat` for a kind or a configuration that cannot be merged; what is wrong with the configuration.
fn check(settings: &AllSettings) -> Result<()> {
    const HOW: &str = "merge it with peft first (merge_and_unload) and compare what is saved then";
    if let Some(kind) = settings.unknown_kind() {
        return Err(Error::new(
            Code::UnsupportedFormat,
            "adapter is of a kind that cannot be merged here",
        )
        .expected("LORA, LOHA, LOKR or TRAINABLE_TOKENS")
        .found(kind)
        .hint(HOW));
    }
    settings.check()?;
    match settings.not_merged() {
        Some(what) => Err(Error::new(
            Code::UnsupportedFormat,
            "adapter cannot be merged here into the base as it is",
        )
        .found(what)
        .hint(HOW)),
        None => Ok(()),
    }
}

/// What is known of a base and an adapter while they are merged.
struct Merging {
    settings: AllSettings,
    names: Names,
    ties: Ties,
    /// Whether experts lie as (experts, in, out).
    is_transposed: bool,
}

impl Merging {
    /// Puts single rows in their places.
    fn rows(
        &self,
        base: &mut Checkpoint,
        rows: &Tensor,
        path: &str,
        others: &[&Tensor],
    ) -> Result<()> {
        let name = format!("{path}.weight");
        let Some(place) = self.names.find(&name) else {
            let of_rows = others
                .iter()
                .filter(|one| tokens::module_of(&one.name).is_some());
            // One with the embedding, whose rows the adapter has too.
            if ties::is_head(path) && of_rows.count() > 1 {
                return Ok(());
            }
            return Err(missing(&name));
        };
        replace(base, place, |old| {
            tokens::replaced(old, rows, path, &self.settings)
        })?;
        self.ties.follow(base, place);
        Ok(())
    }

    /// Puts a tensor that was saved whole in its place.
    fn whole(&self, base: &mut Checkpoint, tensor: &Tensor) -> Result<()> {
        let name = tensor
            .name
            .strip_prefix(PEFT)
            .unwrap_or(&tensor.name)
            .replace(".base_layer.", ".");
        let place = self
            .names
            .find(&name)
            .ok_or_else(|| missing(&tensor.name))?;
        replace(base, place, |old| whole(old, tensor))
    }

    /// Adds what the factors of a module stand for.
    fn module(&self, base: &mut Checkpoint, module: &Module) -> Result<()> {
        let settings = &self.settings;
        if settings.lacks_scale(module) {
            return Err(Error::new(
                Code::MissingRecord,
                "adapter_config.json is missing, so the scale of the adapter is not known",
            )
            .tensor(&module.stem)
            .hint("give the folder that holds both, as peft saves them"));
        }
        let is_turned = settings.is_turned(module);
        for Change { tensor, .. } in delta::changes(module, settings, Wanted::Any) {
            let name = tensor.name;
            let place = self.names.find(&name).ok_or_else(|| missing(&name))?;
            let is_bias = name == format!("{}.bias", module.path);
            replace(base, place, |old| {
                let wanted = Wanted::Shape {
                    shape: &old.shape,
                    is_transposed: self.is_transposed,
                };
                let mut changes = delta::changes(module, settings, wanted).into_iter();
                let Some(change) = changes.find(|change| change.tensor.name == name) else {
                    return Err(missing(&name));
                };
                if let Some(error) = change.tensor.error() {
                    return Err(error.clone());
                }
                let magnitude = module.magnitude().filter(|_| !is_bias);
                added(old, &change, magnitude, (module, is_turned))
            })?;
            if module.get(Slot::EmbeddingA).is_some() {
                self.ties.follow(base, place);
            }
        }
        Ok(())
    }
}

/// The base's tensor with what the adapter adds to it.
fn added(
    old: &Tensor,
    change: &Change,
    magnitude: Option<&Tensor>,
    (module, is_turned): (&Module, bool),
) -> Result<Tensor> {
    let delta = if change.is_rounded_first && magnitude.is_none() {
        change.tensor.rounded(old.dtype)?
    } else {
        change.tensor.clone()
    };
    let mut sum = old
        .paired(PairRule::Add, &delta)
        .map_err(|error| error.tensor(&old.name))?;
    if let Some(magnitude) = magnitude {
        if module.get(Slot::DoraScale).is_some() {
            // Over outputs or inputs, as its shape tells.
            let is_over_inputs = old.shape.len() > 1
                && magnitude.shape.first() == Some(&1)
                && magnitude.shape.get(1) == old.shape.get(1)
                && old.shape.first() != Some(&magnitude.elements);
            return sum
                .normed(magnitude, usize::from(is_over_inputs), f32::EPSILON)?
                .rounded(old.dtype);
        }
        // The norms are those of the outputs of a layer, and of the dimensions of an embedding.
        let is_square = old.shape.first() == old.shape.get(1);
        let is_turned = module.get(Slot::EmbeddingA).is_some()
            || (old.shape.len() == 2 && is_square && is_turned)
            || (old.shape.len() == 2
                && old.shape.first() != Some(&magnitude.elements)
                && old.shape.get(1) == Some(&magnitude.elements));
        sum = sum.normed(magnitude, usize::from(is_turned), 0.0)?;
    }
    sum.rounded(old.dtype)
}

/// A tensor that was saved whole: it takes the place of the base's.
fn whole(old: &Tensor, new: &Tensor) -> Result<Tensor> {
    if let Some(error) = new.error() {
        return Err(error.clone());
    }
    if old.shape != new.shape {
        return Err(Error::new(
            Code::SizeMismatch,
            "tensor of the adapter has another shape than the base's",
        )
        .expected(format!("{:?}", old.shape))
        .found(format!("{:?}", new.shape))
        .tensor(&new.name));
    }
    if new.dtype == old.dtype {
        return Ok(new.clone());
    }
    new.rounded(old.dtype)
}

fn replace(
    base: &mut Checkpoint,
    place: usize,
    make: impl FnOnce(&Tensor) -> Result<Tensor>,
) -> Result<()> {
    if let Some(old) = base.tensors.get_mut(place) {
        let made = make(old)?;
        *old = Tensor {
            name: std::mem::take(&mut old.name),
            dtype_label: None,
            ..made
        };
    }
    Ok(())
}

#[cold]
fn missing(name: &str) -> Error {
    Error::new(
        Code::Argument,
        "adapter changes a tensor that the base does not have",
    )
    .tensor(name)
    .hint("give the base that the adapter was trained on")
}

fn is_transposed(base: &Checkpoint) -> bool {
    #[derive(serde::Deserialize)]
    struct Config {
        model_type: Option<String>,
    }
    let config = base.config.as_deref();
    let config = config.and_then(|text| serde_json::from_str::<Config>(text).ok());
    let kind = config.and_then(|config| config.model_type);
    kind.is_some_and(|kind| TRANSPOSED.contains(&kind.as_str()))
}

/// Counts the sources of a stored tensor on behind those of the base.
fn move_sources(tensor: &mut Tensor, by: u32) -> Result<()> {
    match &mut tensor.node {
        Node::Stored(stored) => {
            stored.span.source += by;
            Ok(())
        }
        Node::Broken(_) => Ok(()),
        _ => Err(Error::new(
            Code::UnsupportedLayout,
            "adapter holds a tensor that is not plainly stored",
        )
        .found(tensor.dtype_name())
        .tensor(&tensor.name)),
    }
}
