//! Tensors of a distributed run: `DTensor` and `ShardedTensor`. A file holds what one rank had of them; that is read only
//! when it is the whole.

use super::document::{Placed, Reading, Ref};
use super::tensor::Found;
use crate::error::{Code, Error};
use crate::finding::{Finding, Severity};
use crate::pickle::Value;
use crate::tensor::Tensor;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distributed {
    DTensor,
    ShardedTensor,
}

/// Placements that a finding tells apart.
const MOST_PLACEMENTS: usize = 20;

impl Reading {
    pub(super) fn distributed(&self, class: Ref) -> Option<Distributed> {
        match self.global(class)? {
            (module, "DTensor") if module.starts_with("torch.distributed") => {
                Some(Distributed::DTensor)
            }
            (module, "ShardedTensor") if module.starts_with("torch.distributed") => {
                Some(Distributed::ShardedTensor)
            }
            _ => None,
        }
    }

    /// The tensor whose part or whole is in `state`; None where that is no plain tensor but is the whole.
    pub(super) fn distributed_tensor(
        &mut self,
        kind: Distributed,
        size: Option<Ref>,
        state: Ref,
        depth: u32,
    ) -> Option<Found> {
        let (local, words, is_partial, metadata_size) = match kind {
            Distributed::DTensor => {
                let local = self.attribute(state, b"_local_tensor");
                let placements = self
                    .attribute(state, b"_spec")
                    .and_then(|spec| self.attribute(spec, b"placements"));
                let (words, is_partial) = self.placements(placements);
                self.touch_mesh(state, depth);
                (local, words, is_partial, None)
            }
            Distributed::ShardedTensor => {
                let parts = self.sequence(state).unwrap_or_default();
                let part = |index: usize| parts.get(index).map(|id| Ref { id: *id, ..state });
                let shards = part(0).and_then(|shards| Some((shards, self.sequence(shards)?)));
                let local = match shards {
                    Some((at, [shard])) => self.attribute(Ref { id: *shard, ..at }, b"tensor"),
                    _ => None,
                };
                let size = part(1).and_then(|metadata| self.attribute(metadata, b"size"));
                let words = match shards {
                    Some((_, shards)) if shards.len() != 1 => {
                        format!("as {} shards", shards.len())
                    }
                    _ => "as a shard".to_owned(),
                };
                (local, words, false, size)
            }
        };
        let shape = metadata_size
            .or(size)
            .and_then(|size| self.sizes(size, "size").ok());
        let found = local.and_then(|local| self.tensor_at(local, depth + 1));
        let is_whole = !is_partial
            && match &found {
                Some(found) => shape.as_ref() == Some(&found.tensor.shape),
                // A subclass inside: its parts are gone through when every rank has all of it.
                None => local.is_some() && words.split(", ").all(|word| word == "Replicate()"),
            };
        self.note_placement(&words, is_whole);
        if is_whole {
            return found;
        }
        let error = part_of(&words, shape.as_deref(), found.as_ref());
        let label = found
            .as_ref()
            .map_or("unknown", |found| found.tensor.dtype_name())
            .to_owned();
        let bytes = found.as_ref().map_or(0, |found| found.tensor.bytes);
        let tensor = Tensor::broken(
            String::new(),
            &label,
            shape.unwrap_or_default(),
            bytes,
            error,
        );
        Some(Found::alone(tensor))
    }

    /// The ranks of the mesh are a tensor too, and none of the model's.
    fn touch_mesh(&mut self, state: Ref, depth: u32) {
        let mesh = self
            .attribute(state, b"_spec")
            .and_then(|spec| self.attribute(spec, b"mesh"));
        for name in [&b"_rank_map"[..], b"mesh"] {
            if let Some(ranks) = mesh.and_then(|mesh| self.attribute(mesh, name)) {
                self.tensor_at(ranks, depth + 1);
            }
        }
    }

    /// Placements as Python writes them, and whether the values are sums that are not taken yet.
    fn placements(&self, at: Option<Ref>) -> (String, bool) {
        let Some((at, placements)) = at.and_then(|at| Some((at, self.sequence(at)?))) else {
            return ("in a way that is not known here".to_owned(), false);
        };
        let mut is_partial = false;
        let mut words = Vec::new();
        for placement in placements.iter().take(16) {
            let placement = Ref {
                id: *placement,
                ..at
            };
            let Value::Object(object) = self.value(placement) else {
                words.push("?".to_owned());
                continue;
            };
            let class = self.global(Ref {
                id: object.callable,
                ..at
            });
            let name: String = class
                .map_or("?", |(_, name)| name)
                .chars()
                .take(40)
                .collect();
            is_partial |= name.contains("Partial");
            let dim = self
                .attribute(placement, b"dim")
                .or_else(|| self.args(placement, object).first().copied())
                .and_then(|dim| self.document(dim)?.values.integer(dim.id));
            words.push(match dim {
                Some(dim) => format!("{name}(dim={dim})"),
                None => format!("{name}()"),
            });
        }
        (words.join(", "), is_partial)
    }

    fn note_placement(&mut self, words: &str, is_whole: bool) {
        let known = self
            .placements
            .iter_mut()
            .find(|placed| placed.words == words && placed.is_whole == is_whole);
        if let Some(placed) = known {
            placed.count += 1;
        } else if self.placements.len() < MOST_PLACEMENTS {
            self.placements.push(Placed {
                words: words.to_owned(),
                is_whole,
                count: 1,
            });
        }
    }

    /// Says how distributed tensors were placed.
    pub(super) fn note_placements(&mut self) {
        for placed in std::mem::take(&mut self.placements) {
            let subject = if placed.count == 1 {
                "1 distributed tensor".to_owned()
            } else {
                format!("{} distributed tensors", placed.count)
            };
            let words = placed.words;
            self.context.note(if placed.is_whole {
                Finding::new(
                    "DTensorPlacement",
                    Severity::Info,
                    format!("{subject}, placed {words}, read as the whole that the file holds"),
                )
            } else {
                Finding::new(
                    "ShardOnly",
                    Severity::Warning,
                    format!("{subject}, placed {words}: the file holds one rank's part, which is not compared"),
                )
            });
        }
    }
}

fn part_of(words: &str, shape: Option<&[u64]>, found: Option<&Found>) -> Error {
    let error = Error::new(
        Code::ShardOnly,
        format!("the file holds one rank's part of the tensor, placed {words}"),
    )
    .hint(
        "save the whole on one rank: get_model_state_dict(model, options=StateDictOptions(full_state_dict=True)) \
         of torch.distributed.checkpoint.state_dict, or tensor.full_tensor()",
    );
    let error = match shape {
        Some(shape) => error.expected(format!("{shape:?}")),
        None => error,
    };
    match found {
        Some(found) => error.found(format!("{:?}", found.tensor.shape)),
        None => error,
    }
}
