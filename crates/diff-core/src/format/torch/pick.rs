//! Which mapping of a training checkpoint is the model, and which are states of the training.

use super::document::Reading;
use super::tree::{Kind, Node, Segment, Tree};

/// Keys under which training code puts the weights; of several that hold about as much, the first one counts.
pub(in crate::format) const WRAPPERS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "params_ema",
    "params",
    "ema",
    "ema_state_dict",
    "model_ema",
];

/// Keys of one of several models: taken when nearly everything is there.
const PARTS: &[&str] = &["generator", "G", "weights", "teacher", "student", "models"];

/// Keys of what a training run keeps beside the weights.
const STATES: &[&str] = &[
    "optimizer_states",
    "optimizer_state",
    "opt",
    "opt_state",
    "base_optimizer_state",
    "scaler",
    "amp",
    "loops",
];

/// Words inside of such keys, as in `optimizer_G`.
const STATE_WORDS: &[&str] = &[
    "optimizer",
    "optimizers",
    "optim",
    "scheduler",
    "schedulers",
    "scaler",
];

/// Words of the keys of random states: no other word is in them, and one of the first two is.
const RANDOM_WORDS: &[&str] = &[
    "rng",
    "random",
    "state",
    "states",
    "python",
    "numpy",
    "np",
    "torch",
    "cuda",
    "cpu",
    "gpu",
    "generator",
];

/// Words of the keys of single numbers that count or measure the training.
const COUNTER_WORDS: &[&str] = &[
    "epoch",
    "epochs",
    "step",
    "steps",
    "iter",
    "iters",
    "iteration",
    "iterations",
    "loss",
    "acc",
    "accuracy",
    "best",
    "score",
    "metric",
    "lr",
    "time",
    "samples",
    "tokens",
];

/// Words of keys that hold the model once more: averages of it, and what it is held against.
const COPY_WORDS: &[&str] = &[
    "ema",
    "avg",
    "average",
    "averaged",
    "swa",
    "shadow",
    "teacher",
    "target",
    "best",
    "previous",
    "old",
    "copy",
    "callbacks",
];

/// A mapping with this share of another's bytes is as large: the other may be an average in a wider type.
const SHARE: u64 = 4;

pub(super) fn key_of(reading: &Reading, node: &Node) -> Option<String> {
    node.segment.map(|segment| reading.segment(segment))
}

fn words(key: &str) -> impl Iterator<Item = &str> {
    key.split(|c: char| !c.is_ascii_alphanumeric())
}

fn has_word(key: &str, known: &[&str]) -> bool {
    words(key).any(|word| known.iter().any(|one| word.eq_ignore_ascii_case(one)))
}

pub(in crate::format) fn is_state_key(key: &str) -> bool {
    let is_random = has_word(key, &["rng", "random"])
        && words(key).all(|word| {
            RANDOM_WORDS
                .iter()
                .any(|one| word.eq_ignore_ascii_case(one))
        });
    STATES.contains(&key) || has_word(key, STATE_WORDS) || is_random
}

/// Whether a number under this key tells how far the training is, or how good.
pub(super) fn is_counter(key: &str) -> bool {
    has_word(key, COUNTER_WORDS)
}

/// Nodes that hold a state of the training, the outermost ones; and for each node whether it belongs to one.
pub(super) fn state_nodes(reading: &Reading, tree: &Tree) -> (Vec<u32>, Vec<bool>) {
    let mut found = Vec::new();
    let mut is_inside = vec![false; tree.nodes.len()];
    // A state dict is flat: what it names `rng` is a buffer of the model.
    let has_mapping = tree.nodes.iter().any(|node| {
        node.parent == Some(0)
            && node.tensors > 0
            && matches!(node.kind, Kind::Mapping | Kind::Module | Kind::Object)
            && !key_of(reading, node).is_some_and(|key| is_state_key(&key))
    });
    for (number, node) in tree.nodes.iter().enumerate() {
        let above = node
            .parent
            .is_some_and(|parent| is_inside.get(parent as usize).copied().unwrap_or(false));
        // Only near the root: a model may well have a module called `scheduler`.
        let near = node.parent.is_some_and(|parent| {
            tree.nodes
                .get(parent as usize)
                .is_some_and(|parent| parent.parent.is_none() && parent.kind == Kind::Mapping)
        });
        let named = near
            && (node.kind != Kind::Tensor || has_mapping)
            && key_of(reading, node).is_some_and(|key| is_state_key(&key));
        let is_state = named || (node.is_optimizer && node.parent.is_some());
        if is_state && !above && node.tensors > 0 {
            found.push(number as u32);
        }
        if let Some(flag) = is_inside.get_mut(number) {
            *flag = above || is_state;
        }
    }
    (found, is_inside)
}

/// Goes down from the root to the mapping that is the model; the root itself where that is not clear.
pub(super) fn best(reading: &Reading, tree: &Tree, states: &[u32]) -> Option<u32> {
    if tree.nodes.first()?.segment.is_some() {
        return None;
    }
    let mut at = 0u32;
    let mut is_root = true;
    loop {
        let node = tree.nodes.get(at as usize)?;
        if node.is_optimizer {
            return Some(at);
        }
        let mut has_states = false;
        let mut children: Vec<(u32, &Node)> = Vec::new();
        for (number, child) in tree.nodes.iter().enumerate().skip(at as usize + 1) {
            if child.parent != Some(at) || child.tensors == 0 {
                continue;
            }
            if states.contains(&(number as u32)) {
                has_states = true;
            } else {
                children.push((number as u32, child));
            }
        }
        let next = match node.kind {
            Kind::Mapping => wrapper(reading, &children).or_else(|| {
                let is_training = has_states || node.entries as usize > children.len();
                // Below a wrapper, `encoder` is a part of the model and nothing around it.
                is_root
                    .then(|| only(reading, tree, &children, is_training))
                    .flatten()
            }),
            Kind::Sequence => best_item(&children),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Some(at),
        }
        is_root = false;
    }
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.kind, Kind::Mapping | Kind::Module | Kind::Object)
}

fn direct_bytes(children: &[(u32, &Node)]) -> u64 {
    children
        .iter()
        .filter(|(_, node)| node.kind == Kind::Tensor)
        .map(|(_, node)| node.bytes)
        .sum()
}

/// A mapping under a known key that holds about as much as anything else.
fn wrapper(reading: &Reading, children: &[(u32, &Node)]) -> Option<u32> {
    let known: Vec<(u32, &Node, usize)> = children
        .iter()
        .filter(|(_, node)| is_mapping(node))
        .filter_map(|(number, node)| {
            let key = key_of(reading, node)?;
            let rank = WRAPPERS.iter().position(|known| *known == key)?;
            Some((*number, *node, rank))
        })
        .collect();
    let is_large = |node: &Node, than: u64| node.bytes.saturating_mul(SHARE) >= than;
    let most = known.iter().map(|(_, node, _)| node.bytes).max()?;
    let (number, node, _) = known
        .iter()
        .filter(|(_, node, _)| is_large(node, most))
        .min_by_key(|(_, _, rank)| *rank)?;
    let largest = children
        .iter()
        .filter(|(_, node)| node.kind != Kind::Tensor);
    let largest = largest.map(|(_, node)| node.bytes).max()?;
    (is_large(node, largest) && node.bytes >= direct_bytes(children)).then_some(*number)
}

/// The one mapping there is beside states, single numbers and copies of it, whatever its key; or a known part that is
/// nearly everything.
fn only(
    reading: &Reading,
    tree: &Tree,
    children: &[(u32, &Node)],
    is_training: bool,
) -> Option<u32> {
    let direct = direct_bytes(children);
    // Tensors beside it that are more than a number each are a part of the model themselves.
    let has_tensors = children
        .iter()
        .any(|(_, node)| node.kind == Kind::Tensor && !node.is_number);
    let mappings: Vec<(u32, &Node, String)> = children
        .iter()
        .filter(|(_, node)| is_mapping(node))
        .filter_map(|(number, node)| Some((*number, *node, key_of(reading, node)?)))
        .collect();
    let originals: Vec<&(u32, &Node, String)> = mappings
        .iter()
        .filter(|(_, _, key)| !has_word(key, COPY_WORDS))
        .collect();
    if let [(number, node, _)] = originals.as_slice() {
        let has_copies = mappings.len() > 1;
        let others = children.iter().any(|(_, other)| {
            matches!(other.kind, Kind::Sequence) && other.bytes.saturating_mul(SHARE) > node.bytes
        });
        let evident = is_training || has_copies || is_state_dict(reading, tree, *number, node);
        if evident && !others && !has_tensors {
            return Some(*number);
        }
    }
    let total: u64 = children.iter().map(|(_, node)| node.bytes).sum();
    mappings
        .iter()
        .filter(|(_, node, _)| node.bytes >= direct && node.bytes >= total / 4 * 3)
        .find(|(_, _, key)| PARTS.contains(&&**key))
        .or_else(|| {
            // A part and a copy of it, as teacher and student.
            let most = mappings.iter().map(|(_, node, _)| node.bytes).max()?;
            let equal: Vec<_> = mappings
                .iter()
                .filter(|(_, node, _)| node.bytes == most)
                .collect();
            let sum: u64 = equal.iter().map(|(_, node, _)| node.bytes).sum();
            let all_known = equal
                .iter()
                .all(|(_, _, key)| PARTS.contains(&&**key) || has_word(key, COPY_WORDS));
            let first = equal.into_iter().min_by_key(|(_, _, key)| {
                PARTS
                    .iter()
                    .position(|known| known == key)
                    .unwrap_or(PARTS.len())
            })?;
            (all_known && most >= direct && sum >= total / 4 * 3).then_some(first)
        })
        .map(|(number, _, _)| *number)
}

/// Whether a mapping's own keys are paths, as those of state dicts, or it is a module that was saved whole.
fn is_state_dict(reading: &Reading, tree: &Tree, number: u32, node: &Node) -> bool {
    node.kind == Kind::Module
        || tree
            .nodes
            .iter()
            .skip(number as usize + 1)
            .filter(|child| child.parent == Some(number) && child.kind == Kind::Tensor)
            .take(64)
            .any(|child| match child.segment {
                Some(Segment::Key(key)) => {
                    reading.text(key).is_some_and(|name| name.contains(&b'.'))
                }
                _ => false,
            })
}

/// In a list of models, the largest; a list with tensors of its own is the model itself.
fn best_item(children: &[(u32, &Node)]) -> Option<u32> {
    if children.iter().any(|(_, node)| node.kind == Kind::Tensor) {
        return None;
    }
    children
        .iter()
        .filter(|(_, node)| matches!(node.kind, Kind::Mapping | Kind::Module))
        .max_by_key(|(number, node)| (node.bytes, std::cmp::Reverse(*number)))
        .map(|(number, _)| *number)
}
