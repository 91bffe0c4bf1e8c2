//! What the files of `DeepSpeed` say of each other: shapes of the parameters, and the flat parts that one process has of them.
//!
//! Source of the structures: `deepspeed/utils/zero_to_fp32.py` and `deepspeed/checkpoint/constants.py` of `deepspeed` 0.19.8.

use std::sync::Arc;

use super::document::{Reading, Ref};
use crate::error::{Code, Error, Result};
use crate::finding::Finding;
use crate::limits::Limits;
use crate::pickle::{Area, Value};
use crate::source::Source;
use crate::tensor::Tensor;

/// What was read of one file.
pub(in crate::format) struct Part<T> {
    pub(in crate::format) content: T,
    pub(in crate::format) sources: Vec<Arc<dyn Source>>,
    pub(in crate::format) findings: Vec<Finding>,
}

/// A parameter as a whole.
#[derive(Debug, Clone)]
pub(in crate::format) struct Parameter {
    pub(in crate::format) name: String,
    pub(in crate::format) shape: Vec<u64>,
}

/// Of `*_model_states.pt`.
pub(in crate::format) struct ModelStates {
    /// Tensors that are no parameters.
    pub(in crate::format) buffers: Vec<Tensor>,
    /// Trained parameters, by the group of the optimizer.
    pub(in crate::format) groups: Vec<Vec<Parameter>>,
    pub(in crate::format) frozen: Vec<Parameter>,
    /// What this process has of the frozen parameters.
    pub(in crate::format) fragments: Vec<Tensor>,
    /// Names of parameters that are another one: its name, that of the other.
    pub(in crate::format) shared: Vec<(String, String)>,
    /// Whether experts are divided in a way of their own.
    pub(in crate::format) has_expert_parts: bool,
}

/// Of `*_optim_states.pt`.
pub(in crate::format) struct OptimizerStates {
    /// 1, 2 or 3.
    pub(in crate::format) stage: u64,
    /// Processes that the parameters are divided among.
    pub(in crate::format) partitions: u64,
    /// Flat f32 values of this process, one tensor a group.
    pub(in crate::format) flat: Vec<Tensor>,
    /// Elements behind each parameter of each group that are none of its.
    pub(in crate::format) paddings: Option<Vec<Vec<u64>>>,
}

/// # Errors
/// `InvalidHeader` where the file is none of `DeepSpeed`; whatever is wrong with it.
pub(in crate::format) fn read_model_states(
    source: &Arc<dyn Source>,
    index: u32,
    limits: &Limits,
) -> Result<Part<ModelStates>> {
    read(source, index, limits, Reading::zero_model)
}

/// # Errors
/// `InvalidHeader` where the file is none of `DeepSpeed`; whatever is wrong with it.
pub(in crate::format) fn read_optimizer_states(
    source: &Arc<dyn Source>,
    index: u32,
    limits: &Limits,
) -> Result<Part<OptimizerStates>> {
    read(source, index, limits, Reading::zero_optimizer)
}

fn read<T>(
    source: &Arc<dyn Source>,
    index: u32,
    limits: &Limits,
    take: fn(&mut Reading, Ref) -> Result<T>,
) -> Result<Part<T>> {
    let area = Area {
        source: Arc::clone(source),
        index,
        start: 0,
        length: source.size(),
    };
    let mut reading = Reading::new(limits, index + 1);
    let content = reading
        .read_any(&area, 0)
        .and_then(|document| super::root_of(&reading, document))
        .and_then(|root| take(&mut reading, root));
    let findings = reading.context.into_findings().into_iter();
    let findings: Vec<Finding> = findings.map(|finding| finding.at(source.path())).collect();
    match content {
        Ok(content) => Ok(Part {
            content,
            sources: reading.sources,
            findings,
        }),
        Err(error) => Err(error.at(source.path()).with_findings(findings)),
    }
}

fn wrong(what: &str) -> Error {
    Error::new(Code::InvalidHeader, format!("file of DeepSpeed {what}"))
        .hint("it was cut off or written by a version that is not known here; zero_to_fp32.py beside it makes one file of all")
}

impl Reading {
    fn zero_model(&mut self, root: Ref) -> Result<ModelStates> {
        let shapes = self
            .attribute(root, b"param_shapes")
            .and_then(|at| Some((at, self.sequence(at)?)))
            .ok_or_else(|| wrong("has no shapes of parameters"))?;
        let groups = shapes
            .1
            .iter()
            .map(|id| {
                self.parameters(Some(Ref {
                    id: *id,
                    ..shapes.0
                }))
            })
            .collect::<Result<_>>()?;
        let frozen = self.parameters(self.attribute(root, b"frozen_param_shapes"))?;
        let mut names: Vec<Vec<u8>> = Vec::new();
        if let Some((at, items)) = self
            .attribute(root, b"buffer_names")
            .and_then(|at| Some((at, self.sequence(at)?)))
        {
            names.extend(
                items
                    .iter()
                    .filter_map(|id| Some(self.text(Ref { id: *id, ..at })?.to_vec())),
            );
        }
        names.sort_unstable();
        let module = self.attribute(root, b"module");
        let is_buffer = |name: &str| {
            names
                .binary_search_by(|one| one.as_slice().cmp(name.as_bytes()))
                .is_ok()
        };
        let buffers = self.tensors_of(module, is_buffer);
        let fragments = self.attribute(root, b"frozen_param_fragments");
        let fragments = self.tensors_of(fragments, |_| true);
        let shared = self.attribute(root, b"shared_params");
        let expert_keys: [&[u8]; 2] = [b"ds_autoep_layers", b"autoep_layers"];
        Ok(ModelStates {
            buffers,
            groups,
            frozen,
            fragments,
            shared: shared.map_or_else(Vec::new, |at| self.pairs_of_names(at)),
            has_expert_parts: expert_keys.iter().any(|key| {
                let layers = self.attribute(root, key);
                layers.is_some_and(|at| self.sequence(at).is_some_and(|all| !all.is_empty()))
            }),
        })
    }

    fn zero_optimizer(&mut self, root: Ref) -> Result<OptimizerStates> {
        let states = self
            .attribute(root, b"optimizer_state_dict")
            .ok_or_else(|| wrong("has no states of an optimizer"))?;
        let stage = self
            .attribute(states, b"zero_stage")
            .and_then(|at| self.number_of_enum(at))
            .filter(|stage| (1..=3).contains(stage))
            .ok_or_else(|| wrong("names no stage of ZeRO"))?;
        let partitions = self
            .attribute(states, b"partition_count")
            .and_then(|at| self.sizes(at, "partition_count").ok()?.into_iter().max())
            .ok_or_else(|| wrong("does not say among how many the parameters are divided"))?;
        let key: &[u8] = if stage == 3 {
            b"fp32_flat_groups"
        } else {
            b"single_partition_of_fp32_groups"
        };
        let groups = self
            .attribute(states, key)
            .and_then(|at| Some((at, self.sequence(at)?.to_vec())))
            .ok_or_else(|| wrong("has no f32 values of the parameters"))?;
        let mut flat = Vec::with_capacity(groups.1.len());
        for id in groups.1 {
            let found = self.tensor(Ref { id, ..groups.0 });
            flat.push(
                found
                    .ok_or_else(|| wrong("has a group that is no tensor"))?
                    .tensor,
            );
        }
        let paddings = self
            .attribute(states, b"param_alignment_paddings")
            .and_then(|at| Some((at, self.sequence(at)?)))
            .map(|(at, groups)| {
                let group = |id| {
                    let at = Ref { id, ..at };
                    let items = self
                        .sequence(at)
                        .ok_or_else(|| wrong("has paddings that are no numbers"))?;
                    let number = |id: &_| self.natural(Ref { id: *id, ..at });
                    let numbers = items.iter().map(|id| {
                        number(id).ok_or_else(|| wrong("has paddings that are no numbers"))
                    });
                    numbers.collect::<Result<Vec<u64>>>()
                };
                groups.iter().map(|id| group(*id)).collect::<Result<_>>()
            })
            .transpose()?;
        Ok(OptimizerStates {
            stage,
            partitions,
            flat,
            paddings,
        })
    }

    /// A number, or the argument of the class of an enumeration.
    fn number_of_enum(&self, at: Ref) -> Option<u64> {
        match self.value(at) {
            Value::Object(object) => self.natural(*self.args(at, object).first()?),
            _ => self.natural(at),
        }
    }

    fn parameters(&self, at: Option<Ref>) -> Result<Vec<Parameter>> {
        let Some((at, pairs)) = at.and_then(|at| Some((at, self.pairs(at)?))) else {
            return Ok(Vec::new());
        };
        let parameter = |(key, size): &(_, _)| {
            let name = self
                .text(Ref { id: *key, ..at })
                .ok_or_else(|| wrong("has a parameter without a name"))?;
            Ok(Parameter {
                name: String::from_utf8_lossy(name).into_owned(),
                shape: self.sizes(Ref { id: *size, ..at }, "size")?,
            })
        };
        pairs.iter().map(parameter).collect()
    }

    fn tensors_of(&mut self, at: Option<Ref>, is_wanted: impl Fn(&str) -> bool) -> Vec<Tensor> {
        let Some((at, pairs)) = at.and_then(|at| Some((at, self.pairs(at)?.to_vec()))) else {
            return Vec::new();
        };
        let mut tensors = Vec::new();
        for (key, value) in pairs {
            let Some(name) = self.text(Ref { id: key, ..at }) else {
                continue;
            };
            let name = String::from_utf8_lossy(name).into_owned();
            if is_wanted(&name)
                && let Some(found) = self.tensor(Ref { id: value, ..at })
            {
                tensors.push(Tensor {
                    name,
                    ..found.tensor
                });
            }
        }
        tensors
    }

    /// A mapping of names to names, or a list of pairs of them.
    fn pairs_of_names(&self, at: Ref) -> Vec<(String, String)> {
        let name = |id| {
            let text = self.text(Ref { id, ..at })?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        let listed = self
            .sequence(at)
            .unwrap_or_default()
            .iter()
            .filter_map(|id| match self.sequence(Ref { id: *id, ..at })? {
                [a, b] => Some((*a, *b)),
                _ => None,
            });
        let pairs = self.pairs(at).unwrap_or_default().iter().copied();
        pairs
            .chain(listed)
            .filter_map(|(a, b)| Some((name(a)?, name(b)?)))
            .collect()
    }
}
