//! The tensors of the model under their names, and what else is in the file.

use super::document::Reading;
use super::findings::{list, note_choice, note_shared, rename_equal};
use super::found::{Found, RankPart};
use super::left::{self, Reached};
use super::pick::{best, key_of, state_nodes};
use super::tree::{Kind, Tree};
use crate::checkpoint::Candidate;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::format::OpenOptions;
use crate::left_out::{LeftOut, LeftOutRole};
use crate::tensor::{Node, Tensor};

/// Paths that an error offers.
const OFFERED: usize = 8;

/// Mappings that are offered as the model.
const MOST_CANDIDATES: usize = 64;

/// What was made of a file.
pub(super) struct Chosen {
    pub(super) tensors: Vec<Tensor>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) candidates: Vec<Candidate>,
    /// Of each tensor, what this rank has of it.
    pub(super) parts: Vec<Part>,
    /// What is known of tensors by their names, where that is more than they are.
    pub(super) metadata: Vec<(String, String)>,
}

/// The tensors of the model, named from the model's mapping on.
pub(super) fn choose(
    reading: &mut Reading,
    mut tree: Tree,
    options: &OpenOptions,
) -> Result<Chosen> {
    let (states, is_state) = state_nodes(reading, &tree);
    let in_state = |node: u32| is_state.get(node as usize).copied().unwrap_or(false);
    let has_two_roots = tree
        .nodes
        .iter()
        .filter(|node| node.parent.is_none())
        .count()
        > 1;
    let root = match &options.key {
        Some(key) => by_key(reading, &tree, key)?,
        // A script with constants beside its object has two roots, and both are the model.
        None if has_two_roots => None,
        None => best(reading, &tree, &states),
    };
    let candidates = candidates(reading, &tree, root, &is_state)?;
    let everything_is_state = tree.leaves.iter().all(|(node, _)| in_state(*node));
    let mut skipped = 0u64;
    let mut reached = Reached::default();
    let mut beside = Vec::new();
    let mut listed = Vec::with_capacity(tree.leaves.len());
    for (node, found) in std::mem::take(&mut tree.leaves) {
        let of_state = options.key.is_none() && !everything_is_state && in_state(node);
        let of_model = root.is_none_or(|root| is_inside(&tree, node, root));
        if of_state && !options.include_optimizer {
            skipped += 1;
            beside.push((node, found));
        } else if of_model || of_state {
            reached.add(&found.spans);
            listed.push((node, found, if of_state { None } else { root }));
        } else {
            beside.push((node, found));
        }
    }
    let mut metadata = Vec::new();
    for (node, said) in std::mem::take(&mut tree.described) {
        if root.is_none_or(|root| is_inside(&tree, node, root)) {
            metadata.push((reading.name(&tree, node, root)?, said));
        }
    }
    let others = (beside.len() as u64).saturating_sub(skipped);
    let Named {
        mut tensors,
        storages,
        parts,
    } = name_all(reading, &tree, listed)?;
    let mut left_out = left::mappings(reading, &tree, root, (&beside, &is_state), &mut reached)?;
    if skipped > 0 {
        let names = list(reading, &tree, &states);
        reading.context.note(Finding::new(
            "OptimizerStateSkipped",
            Severity::Info,
            format!(
                "{} of training states left out ({names})",
                counted(skipped, "tensor")
            ),
        ));
    }
    let severity = if left_out.iter().any(|one| one.role == LeftOutRole::Weights) {
        Severity::Warning
    } else {
        Severity::Info
    };
    note_choice(reading, &tree, root, others, &states, severity)?;
    note_shared(reading, &tensors, &storages);
    rename_equal(reading, &mut tensors);
    left_out.extend(left::records(reading, &reached)?);
    Ok(Chosen {
        tensors,
        left_out,
        candidates,
        parts,
        metadata,
    })
}

/// Every tensor, named from the root on.
pub(super) fn all(reading: &mut Reading, mut tree: Tree) -> Result<Vec<Tensor>> {
    let leaves = std::mem::take(&mut tree.leaves);
    let listed = leaves.into_iter().map(|(node, found)| (node, found, None));
    let Named { mut tensors, .. } = name_all(reading, &tree, listed.collect())?;
    rename_equal(reading, &mut tensors);
    Ok(tensors)
}

/// Where the storage of a tensor begins, if it has one.
type Base = Option<(u32, u64)>;

/// What one rank has of a distributed tensor, or why that is not known.
pub(in crate::format) type Part = Option<Box<Result<RankPart>>>;

/// Tensors under their names, and of each its storage and part.
struct Named {
    tensors: Vec<Tensor>,
    storages: Vec<Base>,
    parts: Vec<Part>,
}

fn name_all(
    reading: &mut Reading,
    tree: &Tree,
    listed: Vec<(u32, Found, Option<u32>)>,
) -> Result<Named> {
    let mut tensors: Vec<Tensor> = Vec::with_capacity(listed.len());
    let mut storages = Vec::with_capacity(listed.len());
    let mut parts = Vec::with_capacity(listed.len());
    for (node, found, above) in listed {
        let mut name = reading.name(tree, node, above)?;
        if let Some(suffix) = &found.suffix {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(suffix);
        }
        reading.context.meter.debit(2 * name.len() as u64)?;
        let mut tensor = found.tensor;
        if let Node::Broken(error) = &mut tensor.node {
            **error = (**error).clone().tensor(&name);
        }
        tensor.name = name;
        tensors.push(tensor);
        storages.push(found.storage);
        parts.push(found.part);
    }
    Ok(Named {
        tensors,
        storages,
        parts,
    })
}

/// Whether a node is another or below it.
pub(super) fn is_inside(tree: &Tree, mut node: u32, above: u32) -> bool {
    loop {
        if node == above {
            return true;
        }
        match tree.nodes.get(node as usize).and_then(|n| n.parent) {
            Some(parent) => node = parent,
            None => return false,
        }
    }
}

/// The mappings near the root that hold tensors, but for those inside of the one that was taken; where that is the
/// root, those right below it.
fn candidates(
    reading: &Reading,
    tree: &Tree,
    root: Option<u32>,
    is_state: &[bool],
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    for (number, node) in tree.nodes.iter().enumerate() {
        let id = number as u32;
        let is_chosen = root.unwrap_or(0) == id;
        let mut depth = 0;
        let mut up = node.parent;
        while let Some(parent) = up.and_then(|up| tree.nodes.get(up as usize)) {
            depth += 1;
            up = parent.parent;
        }
        let is_part = match root {
            Some(root) if root != 0 => is_inside(tree, id, root),
            _ => depth > 1,
        };
        let is_mapping = matches!(node.kind, Kind::Mapping | Kind::Module | Kind::Object);
        let is_other = is_mapping
            && node.tensors > 0
            && depth <= 3
            && !is_part
            && !is_state.get(number).copied().unwrap_or(false);
        if is_chosen || (is_other && found.len() < MOST_CANDIDATES) {
            found.push(Candidate {
                key: reading.name(tree, id, None)?,
                tensors: node.tensors,
                bytes: node.bytes,
                is_chosen,
            });
        }
    }
    Ok(found)
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
