//! Tensors of a distributed run: `DTensor` and `ShardedTensor`. A file holds what one rank had of them. By itself that is read only
//! when it is the whole; `hf_dir/ranks` joins the parts of all ranks.

use super::document::{Placed, Reading, Ref};
use super::found::{Found, RankPart};
use super::mesh::{self, Mesh};
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
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
        match kind {
            Distributed::DTensor => self.dtensor(size, state, depth),
            Distributed::ShardedTensor => Some(self.sharded_tensor(state, depth)),
        }
    }

    fn dtensor(&mut self, size: Option<Ref>, state: Ref, depth: u32) -> Option<Found> {
        let local = self.attribute(state, b"_local_tensor");
        let spec = self.attribute(state, b"_spec");
        let placements = spec
            .and_then(|spec| self.attribute(spec, b"placements"))
            .and_then(|at| self.placements(at));
        let words = match &placements {
            Some(placements) => mesh::in_words(placements),
            None => "in a way that is not known here".to_owned(),
        };
        let is_partial = placements
            .iter()
            .flatten()
            .any(|one| one.name.contains("Partial"));
        let mesh = self.touch_mesh(spec, depth);
        let shape = size.and_then(|size| self.sizes(size, "size").ok());
        let found = local.and_then(|local| self.tensor_at(local, depth + 1));
        let is_whole = !is_partial
            && match &found {
                Some(found) => shape.as_ref() == Some(&found.tensor.shape),
                // A subclass inside: its parts are gone through when every rank has all of it.
                None => local.is_some() && words.split(", ").all(|word| word == "Replicate()"),
            };
        self.note_placement(&words, is_whole);
        let part = match (&found, &shape) {
            (Some(found), Some(shape)) => Some(
                mesh::own_box(shape, &found.tensor.shape, mesh, placements, &words).map(
                    |(offsets, ranks)| RankPart {
                        shape: shape.clone(),
                        boxes: vec![(offsets, found.tensor.clone())],
                        ranks,
                    },
                ),
            ),
            _ => None,
        };
        if is_whole {
            return found.map(|found| Found {
                part: part.map(Box::new),
                ..found
            });
        }
        Some(broken(&words, shape, found.as_ref(), part))
    }

    fn sharded_tensor(&mut self, state: Ref, depth: u32) -> Found {
        let parts = self.sequence(state).unwrap_or_default();
        let part = |index: usize| parts.get(index).map(|id| Ref { id: *id, ..state });
        let (shards, metadata) = (part(0), part(1));
        let shards: Vec<Ref> = shards
            .and_then(|at| Some((at, self.sequence(at)?)))
            .map_or_else(Vec::new, |(at, ids)| {
                ids.iter().map(|id| Ref { id: *id, ..at }).collect()
            });
        let words = match shards.len() {
            1 => "as a shard".to_owned(),
            several => format!("as {several} shards"),
        };
        let shape = metadata
            .and_then(|metadata| self.attribute(metadata, b"size"))
            .and_then(|size| self.sizes(size, "size").ok());
        let ranks = self.ranks_of_shards(metadata);
        let mut boxes = Vec::with_capacity(shards.len());
        let mut first = None;
        for shard in &shards {
            let offsets = self
                .attribute(*shard, b"metadata")
                .and_then(|at| self.attribute(at, b"shard_offsets"))
                .and_then(|at| self.sizes(at, "shard_offsets").ok());
            let local = self
                .attribute(*shard, b"tensor")
                .and_then(|local| self.tensor_at(local, depth + 1));
            if let (Some(found), Some(offsets)) = (&local, offsets) {
                boxes.push((offsets, found.tensor.clone()));
            }
            first = first.or(local);
        }
        let is_whole = match (&first, &shape) {
            (Some(found), Some(shape)) => shards.len() == 1 && *shape == found.tensor.shape,
            _ => false,
        };
        self.note_placement(&words, is_whole);
        let part = shape.as_ref().map(|shape| {
            if boxes.len() == shards.len() {
                return Ok(RankPart {
                    shape: shape.clone(),
                    boxes,
                    ranks,
                });
            }
            Err(Error::new(
                Code::ShardOnly,
                "shard of the tensor does not say where it lies in it",
            ))
        });
        match first {
            Some(found) if is_whole => Found {
                part: part.map(Box::new),
                ..found
            },
            found => broken(
                &words,
                shape,
                found.as_ref().filter(|_| shards.len() == 1),
                part,
            ),
        }
    }

    /// One more than the last rank that the description of the shards names.
    fn ranks_of_shards(&self, metadata: Option<Ref>) -> u64 {
        let described = metadata
            .and_then(|at| self.attribute(at, b"shards_metadata"))
            .and_then(|at| Some((at, self.sequence(at)?)));
        let Some((at, shards)) = described else {
            return 0;
        };
        let rank = |id: &_| {
            let placement = self.attribute(Ref { id: *id, ..at }, b"placement")?;
            let rank = self.attribute(placement, b"_rank")?;
            self.natural(rank)?.checked_add(1)
        };
        shards.iter().filter_map(rank).max().unwrap_or(0)
    }

    /// The mesh. Its ranks are a tensor too, and none of the model's.
    fn touch_mesh(&mut self, spec: Option<Ref>, depth: u32) -> Option<Mesh> {
        let mesh = self.attribute(spec?, b"mesh")?;
        let mut shape = None;
        for name in [&b"_rank_map"[..], b"mesh"] {
            if let Some(ranks) = self.attribute(mesh, name) {
                let found = self.tensor_at(ranks, depth + 1);
                shape = found.map(|found| found.tensor.shape);
            }
        }
        self.mesh(spec?, mesh, shape)
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

/// A tensor of which the file has no whole.
fn broken(
    words: &str,
    shape: Option<Vec<u64>>,
    found: Option<&Found>,
    part: Option<Result<RankPart>>,
) -> Found {
    let error = part_of(words, shape.as_deref(), found);
    let label = found
        .map_or("unknown", |found| found.tensor.dtype_name())
        .to_owned();
    let bytes = found.map_or(0, |found| found.tensor.bytes);
    let tensor = Tensor::broken(
        String::new(),
        &label,
        shape.unwrap_or_default(),
        bytes,
        error,
    );
    Found {
        part: part.map(Box::new),
        ..Found::alone(tensor)
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
