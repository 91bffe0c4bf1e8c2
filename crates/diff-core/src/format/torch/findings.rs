//! What is said about the choice of the model: its key, what is left out, shared storages, equal names.

use std::collections::{HashMap, HashSet};

use super::document::{Reading, Ref};
use super::tree::Tree;
use crate::error::{Result, counted};
use crate::finding::{Finding, Severity};
use crate::pickle::Value;
use crate::tensor::Tensor;

/// Names of what is left out that a message lists.
const LISTED: usize = 8;

/// Groups of shared storage that are listed one by one.
const MOST_GROUPS: usize = 100;

pub(super) fn list(reading: &Reading, tree: &Tree, nodes: &[u32]) -> String {
    let mut names: Vec<String> = nodes
        .iter()
        .take(LISTED)
        .filter_map(|node| reading.name(tree, *node, None).ok())
        .map(|name| name.chars().take(100).collect())
        .collect();
    if nodes.len() > LISTED {
        names.push(format!("{} more", nodes.len() - LISTED));
    }
    names.join(", ")
}

pub(super) fn note_choice(
    reading: &mut Reading,
    tree: &Tree,
    root: Option<u32>,
    left_out: u64,
    states: &[u32],
    severity: Severity,
) -> Result<()> {
    let Some(root) = root.filter(|root| *root != 0) else {
        return Ok(());
    };
    let name = reading.name(tree, root, None)?;
    let others: Vec<u32> = tree
        .nodes
        .iter()
        .enumerate()
        .filter(|(number, node)| {
            let number = *number as u32;
            node.parent == Some(0)
                && node.tensors > 0
                && number != root
                && !states.contains(&number)
        })
        .filter(|(number, _)| {
            let mut at = Some(root);
            while let Some(up) = at {
                if up as usize == *number {
                    return false;
                }
                at = tree.nodes.get(up as usize).and_then(|node| node.parent);
            }
            true
        })
        .map(|(number, _)| number as u32)
        .collect();
    let rest = if left_out > 0 {
        format!(
            "; {} left out ({})",
            counted(left_out, "other tensor"),
            list(reading, tree, &others)
        )
    } else {
        String::new()
    };
    reading.context.note(Finding::new(
        "ModelKey",
        severity,
        format!("the model is taken from {name:?}{rest}"),
    ));
    Ok(())
}

/// Tensors that lie in one storage: tied weights, and views of one another.
pub(super) fn note_shared(
    reading: &mut Reading,
    tensors: &[Tensor],
    storages: &[Option<(u32, u64)>],
) {
    let mut groups: HashMap<(u32, u64), Vec<usize>> = HashMap::new();
    for (index, storage) in storages.iter().enumerate() {
        if let Some(storage) = storage {
            groups.entry(*storage).or_default().push(index);
        }
    }
    let mut shared: Vec<Vec<usize>> = groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect();
    shared.sort_unstable();
    for group in shared.iter().take(MOST_GROUPS) {
        let names: Vec<&str> = group
            .iter()
            .take(LISTED)
            .filter_map(|index| tensors.get(*index).map(|tensor| tensor.name.as_str()))
            .collect();
        let more = group.len().saturating_sub(LISTED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        reading.context.note(Finding::new(
            "SharedStorage",
            Severity::Info,
            format!("{}{more} share one storage", names.join(", ")),
        ));
    }
    if shared.len() > MOST_GROUPS {
        reading.context.note(Finding::new(
            "SharedStorage",
            Severity::Info,
            format!(
                "{} more groups of tensors share storages",
                shared.len() - MOST_GROUPS
            ),
        ));
    }
}

/// `a.b` and `a` → `b` come out as one name: the later one gets a number.
pub(super) fn rename_equal(reading: &mut Reading, tensors: &mut [Tensor]) {
    let mut taken: HashSet<String> = tensors.iter().map(|tensor| tensor.name.clone()).collect();
    // The next number to try for each name that occurs more than once.
    let mut seen: HashMap<String, u64> = HashMap::with_capacity(tensors.len());
    let mut renamed = 0u64;
    let mut first = String::new();
    for tensor in tensors {
        let Some(next) = seen.get_mut(&tensor.name) else {
            seen.insert(tensor.name.clone(), 2);
            continue;
        };
        let name = loop {
            let name = format!("{}#{next}", tensor.name);
            *next += 1;
            if taken.insert(name.clone()) {
                break name;
            }
        };
        if renamed == 0 {
            first.clone_from(&name);
        }
        renamed += 1;
        tensor.name = name;
    }
    if renamed > 0 {
        reading.context.note(Finding::new(
            "NameCollision",
            Severity::Warning,
            format!(
                "names that are equal when keys are joined by dots: {} renamed, the first to {first:?}",
                counted(renamed, "tensor")
            ),
        ));
    }
}

/// Says which classes came with their source: text that torch would show, and never runs.
pub(super) fn note_sources(reading: &mut Reading, document: usize) {
    let Some(found) = reading.documents.get(document) else {
        return;
    };
    let mut classes = 0u64;
    for id in found.persistent() {
        let at = Ref {
            document: document as u32,
            id: *id,
        };
        if let Value::Persistent(argument) = reading.value(at)
            && let Some([kind, ..]) = reading.sequence(Ref {
                id: *argument,
                ..at
            })
            && reading.text(Ref { id: *kind, ..at }) == Some(b"module")
        {
            classes += 1;
        }
    }
    if classes > 0 {
        reading.context.note(Finding::new(
            "PickledSource",
            Severity::Info,
            format!("the file holds the Python source of {classes} class(es); it is not run"),
        ));
    }
}
