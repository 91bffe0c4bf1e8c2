//! Heads that are the embedding of their model: what an adapter does to the rows of one it does to the other, as both are one parameter to
//! peft. A whole embedding that was saved with the adapter (`modules_to_save`) is one of its own.

use std::collections::HashMap;

use crate::checkpoint::Checkpoint;
use crate::tensor::{Node, Tensor};

/// The name of a head, behind what a model is wrapped in.
const HEAD: &str = "lm_head";

/// Whether a module is a head that a base of a tied model may lack.
pub(super) fn is_head(path: &str) -> bool {
    path.rsplit('.').next() == Some(HEAD)
}

/// The tensors of a base that are one parameter, by their places.
pub(super) struct Ties(HashMap<usize, Vec<usize>>);

impl Ties {
    /// Those that lie in the same bytes; where the configuration says that heads are tied, those beside embeddings of their shape, too.
    pub(super) fn of(base: &Checkpoint) -> Self {
        let mut places: HashMap<(u32, u64, u64), Vec<usize>> = HashMap::new();
        for (place, tensor) in base.tensors.iter().enumerate() {
            if let Node::Stored(stored) = &tensor.node
                && tensor.shape.len() == 2
                && stored.strides.is_none()
                && stored.span.bytes > 0
            {
                let span = &stored.span;
                let key = (span.source, span.offset, span.bytes);
                places.entry(key).or_default().push(place);
            }
        }
        let mut ties: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut tie = |one: usize, other: usize| {
            let of = ties.entry(one).or_default();
            if one != other && !of.contains(&other) {
                of.push(other);
            }
        };
        for group in places.values().filter(|group| group.len() > 1) {
            for one in group {
                for other in group {
                    tie(*one, *other);
                }
            }
        }
        if says_tied(base) {
            let head = |tensor: &Tensor| tensor.name.strip_suffix(".weight").is_some_and(is_head);
            let heads = base.tensors.iter().enumerate().filter(|(_, one)| head(one));
            for (place, tensor) in heads {
                let others = base.tensors.iter().enumerate();
                for (other, _) in others.filter(|(_, one)| one.shape == tensor.shape && !head(one))
                {
                    tie(other, place);
                }
            }
        }
        Self(ties)
    }

    /// Gives the tensors that are one with that of a place its new form.
    pub(super) fn follow(&self, base: &mut Checkpoint, place: usize) {
        let Some(new) = base.tensors.get(place).cloned() else {
            return;
        };
        for other in self.0.get(&place).into_iter().flatten() {
            if let Some(old) = base.tensors.get_mut(*other)
                && old.shape == new.shape
            {
                *old = Tensor {
                    name: std::mem::take(&mut old.name),
                    ..new.clone()
                };
            }
        }
    }
}

fn says_tied(base: &Checkpoint) -> bool {
    #[derive(serde::Deserialize)]
    struct Config {
        tie_word_embeddings: Option<bool>,
    }
    let config = base.config.as_deref();
    let config = config.and_then(|text| serde_json::from_str::<Config>(text).ok());
    config.and_then(|config| config.tie_word_embeddings) == Some(true)
}
