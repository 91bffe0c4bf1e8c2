//! Which mapping of a training checkpoint is the model, and what else is in the file.

use super::document::Reading;
use super::said::{list, note_choice, note_shared, rename_equal};
use super::tensor::Found;
use super::walk::{Kind, Node, Tree};
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::OpenOptions;
use crate::tensor::Tensor;

/// Keys under which training code puts the weights; where two hold as much, the first one counts.
const WRAPPERS: &[&str] = &[
    "state_dict",
    "model_state_dict",
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

/// Keys that may be the weights or a part of them: taken only when nearly everything is there.
const PARTS: &[&str] = &[
    "generator",
    "G",
    "weights",
    "teacher",
    "student",
    "backbone",
    "encoder",
    "models",
];

/// Keys of what a training run keeps beside the weights.
const OPTIMIZER: &[&str] = &[
    "optimizer",
    "optimizers",
    "optimizer_state_dict",
    "optimizer_states",
    "optimizer_state",
    "optim",
    "optim_state_dict",
    "opt",
    "opt_state",
    "optimizer_G",
    "optimizer_D",
    "base_optimizer_state",
    "lr_scheduler",
    "lr_schedulers",
    "scheduler",
    "scheduler_state_dict",
    "grad_scaler",
    "scaler",
    "amp",
];

/// Paths that an error offers.
const OFFERED: usize = 8;

/// The tensors of the model, named from the model's mapping on.
pub(super) fn choose(
    reading: &mut Reading,
    tree: Tree,
    options: &OpenOptions,
) -> Result<Vec<Tensor>> {
    let (optimizer, is_optimizer) = optimizer_nodes(reading, &tree);
    let in_optimizer = |node: u32| is_optimizer.get(node as usize).copied().unwrap_or(false);
    let root = match &options.key {
        Some(key) => by_key(reading, &tree, key)?,
        // A script with constants beside its object has two roots, and both are the model.
        None if tree
            .nodes
            .iter()
            .filter(|node| node.parent.is_none())
            .count()
            > 1 =>
        {
            None
        }
        None => best(reading, &tree, &optimizer),
    };
    let inside = |mut node: u32, above: u32| loop {
        if node == above {
            return true;
        }
        match tree.nodes.get(node as usize).and_then(|n| n.parent) {
            Some(parent) => node = parent,
            None => return false,
        }
    };
    let mut tensors: Vec<Tensor> = Vec::new();
    let mut storages: Vec<Option<(u32, u64)>> = Vec::new();
    let mut skipped = 0u64;
    let mut left_out = 0u64;
    let everything_is_optimizer = tree.leaves.iter().all(|(node, _)| in_optimizer(*node));
    let mut named = Vec::new();
    for (index, (node, _)) in tree.leaves.iter().enumerate() {
        let of_optimizer = options.key.is_none() && !everything_is_optimizer && in_optimizer(*node);
        let of_model = root.is_none_or(|root| inside(*node, root));
        if of_optimizer && !options.include_optimizer {
            skipped += 1;
        } else if of_model && !of_optimizer {
            named.push((index, root));
        } else if of_optimizer {
            named.push((index, None));
        } else {
            left_out += 1;
        }
    }
    let mut leaves: Vec<Option<Found>> = Vec::with_capacity(tree.leaves.len());
    let mut nodes = Vec::with_capacity(tree.leaves.len());
    let Tree {
        nodes: tree_nodes,
        leaves: tree_leaves,
    } = tree;
    for (node, found) in tree_leaves {
        nodes.push(node);
        leaves.push(Some(found));
    }
    let tree = Tree {
        nodes: tree_nodes,
        leaves: Vec::new(),
    };
    for (index, above) in named {
        let (Some(found), Some(node)) = (
            leaves.get_mut(index).and_then(Option::take),
            nodes.get(index),
        ) else {
            continue;
        };
        let name = reading.name(&tree, *node, above)?;
        reading.context.meter.debit(2 * name.len() as u64)?;
        let mut tensor = found.tensor;
        tensor.error = tensor.error.map(|error| error.tensor(&name));
        tensor.name = name;
        tensors.push(tensor);
        storages.push(found.storage);
    }
    if skipped > 0 {
        let names = list(reading, &tree, &optimizer);
        reading.context.note(Finding::new(
            "OptimizerStateSkipped",
            Severity::Info,
            format!(
                "{} of optimizers left out ({names})",
                counted(skipped, "tensor")
            ),
        ));
    }
    note_choice(reading, &tree, root, left_out, &optimizer)?;
    note_shared(reading, &tensors, &storages);
    rename_equal(reading, &mut tensors);
    Ok(tensors)
}

fn key_of(reading: &Reading, node: &Node) -> Option<String> {
    node.segment.map(|segment| reading.segment(segment))
}

/// Nodes that hold an optimizer's state, the outermost ones; and for each node whether it belongs to one.
fn optimizer_nodes(reading: &Reading, tree: &Tree) -> (Vec<u32>, Vec<bool>) {
    let mut found = Vec::new();
    let mut is_inside = vec![false; tree.nodes.len()];
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
            && node.kind != Kind::Tensor
            && key_of(reading, node).is_some_and(|key| OPTIMIZER.contains(&&*key));
        let is_optimizer = named || (node.is_optimizer && node.parent.is_some());
        if is_optimizer && !above && node.tensors > 0 {
            found.push(number as u32);
        }
        if let Some(flag) = is_inside.get_mut(number) {
            *flag = above || is_optimizer;
        }
    }
    (found, is_inside)
}

/// Goes down from the root as long as a known key leads to the larger part of the tensors.
fn best(reading: &Reading, tree: &Tree, optimizer: &[u32]) -> Option<u32> {
    if tree.nodes.first()?.segment.is_some() {
        return None;
    }
    let mut at = 0u32;
    let mut keys = [WRAPPERS, PARTS].concat();
    loop {
        let node = tree.nodes.get(at as usize)?;
        let children: Vec<(u32, &Node)> = tree
            .nodes
            .iter()
            .enumerate()
            .skip(at as usize + 1)
            .map(|(number, node)| (number as u32, node))
            .filter(|(number, node)| node.parent == Some(at) && !optimizer.contains(number))
            .collect();
        let next = match node.kind {
            Kind::Mapping => best_child(reading, &children, &keys),
            Kind::Sequence => best_item(&children),
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return Some(at),
        }
        // Below the first wrapper, `encoder` is a part of the model and nothing around it.
        keys = WRAPPERS.to_vec();
    }
}

fn best_child(reading: &Reading, children: &[(u32, &Node)], keys: &[&str]) -> Option<u32> {
    let total: u64 = children.iter().map(|(_, node)| node.bytes).sum();
    let direct: u64 = children
        .iter()
        .filter(|(_, node)| node.kind == Kind::Tensor)
        .map(|(_, node)| node.bytes)
        .sum();
    let largest = children
        .iter()
        .filter(|(_, node)| node.kind != Kind::Tensor)
        .map(|(_, node)| node.bytes)
        .max()?;
    let rank = |node: &Node| {
        let key = key_of(reading, node)?;
        keys.iter().position(|known| *known == key)
    };
    let (number, node, key_rank) = children
        .iter()
        .filter(|(_, node)| matches!(node.kind, Kind::Mapping | Kind::Module | Kind::Object))
        .filter_map(|(number, node)| rank(node).map(|rank| (*number, *node, rank)))
        .max_by_key(|(_, node, rank)| (node.bytes, std::cmp::Reverse(*rank)))?;
    let is_part = keys.get(key_rank).is_some_and(|key| PARTS.contains(key));
    let enough =
        node.bytes >= largest && node.bytes >= direct && (!is_part || node.bytes >= total / 4 * 3);
    (enough && node.tensors > 0).then_some(number)
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

/// The node of a path that the caller named.
fn by_key(reading: &Reading, tree: &Tree, key: &str) -> Result<Option<u32>> {
    if key.is_empty() {
        return Ok(None);
    }
    let mut candidates = Vec::new();
    for (number, node) in tree.nodes.iter().enumerate() {
        // The path is as long as the key at least; most nodes are told apart by their last step.
        let Some(last) = key_of(reading, node) else {
            continue;
        };
        if key.ends_with(&last) && reading.name(tree, number as u32, None)? == key {
            return Ok(Some(number as u32));
        }
        if candidates.len() < OFFERED && node.kind != Kind::Tensor && node.tensors > 0 {
            candidates.push(reading.name(tree, number as u32, None)?);
        }
    }
    if candidates.is_empty() {
        // A flat file beside one of nested mappings: there is nothing to choose from.
        return Ok(None);
    }
    Err(Error::new(
        Code::Argument,
        "no mapping of tensors has the path that was given",
    )
    .expected(candidates.join(", "))
    .found(format!("{key:?}"))
    .hint("run `inspect` to see what is in the file"))
}
