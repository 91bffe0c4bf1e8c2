//! What optimizers save: states by the index of their parameter, and in the groups which parameter that is.
//!
//! torch from 2.6 on writes `param_names` beside `params` where the optimizer was made with `named_parameters()`.

use std::collections::{HashMap, HashSet};

use super::document::{Reading, Ref};
use super::tree::{Child, Segment};
use crate::error::Result;
use crate::pickle::Id;

/// A longer name, in bytes, is none of a parameter.
const MOST_NAME: usize = 1000;

/// Keys of a group that are looked at; torch's largest has about twenty.
const MOST_SETTINGS: usize = 64;

/// Names of parameters by their index; empty where the file has none.
pub(super) type Names = HashMap<u64, Ref>;

impl Reading {
    /// Whether a mapping is what an optimizer's `state_dict` returned.
    pub(super) fn is_optimizer(&self, at: Ref, pairs: &[(Id, Id)]) -> bool {
        let has = |name: &[u8]| {
            pairs
                .iter()
                .take(8)
                .any(|(key, _)| self.text(Ref { id: *key, ..at }) == Some(name))
        };
        has(b"state") && has(b"param_groups")
    }

    /// Whether this step of a path leads to the states of an optimizer.
    pub(super) fn is_states(&self, segment: Option<Segment>) -> bool {
        self.is_key(segment, b"state")
    }

    /// The names of an optimizer's parameters: of all, or none where any group has no name for each of its parameters, or
    /// an index or a name occurs twice.
    ///
    /// # Errors
    /// `LimitExceeded`.
    pub(super) fn parameter_names(&mut self, items: &[Child]) -> Result<Names> {
        let groups = items
            .iter()
            .find(|(segment, _, _)| self.is_key(*segment, b"param_groups"));
        let Some((_, groups, _)) = groups else {
            return Ok(Names::default());
        };
        let groups = *groups;
        // One optimizer may stand in a file many times, and one group in it too: who lists them pays each time.
        let count = self.sequence(groups).map_or(0, <[Id]>::len);
        self.context.meter.debit(32 * count as u64)?;
        let Some(lists) = self.named_groups(groups) else {
            return Ok(Names::default());
        };
        for [indices, _] in &lists {
            let count = self.sequence(*indices).map_or(0, <[Id]>::len);
            self.context.meter.debit(96 * count as u64)?;
        }
        Ok(self.read_names(&lists).unwrap_or_default())
    }

    /// The lists `params` and `param_names` of every group, where all groups have both and they are of one length.
    fn named_groups(&self, groups: Ref) -> Option<Vec<[Ref; 2]>> {
        let list = |group, name| {
            let pairs = self.pairs(group)?.iter().take(MOST_SETTINGS);
            let mut pairs = pairs.map(|(key, value)| {
                (
                    Ref { id: *key, ..group },
                    Ref {
                        id: *value,
                        ..group
                    },
                )
            });
            pairs
                .find(|(key, _)| self.text(*key) == Some(name))
                .map(|(_, value)| value)
        };
        let lists = self.sequence(groups)?.iter().map(|id| {
            let group = Ref { id: *id, ..groups };
            let lists = [list(group, b"params")?, list(group, b"param_names")?];
            let [indices, names] = lists.map(|list| self.sequence(list).map(<[Id]>::len));
            (indices.is_some() && indices == names).then_some(lists)
        });
        lists.collect()
    }

    /// Names by index; none where one is no name, or an index or a name occurs twice.
    fn read_names(&self, lists: &[[Ref; 2]]) -> Option<Names> {
        let mut found = Names::default();
        let mut seen = HashSet::new();
        for [indices, names] in lists {
            for (index, name) in self.sequence(*indices)?.iter().zip(self.sequence(*names)?) {
                let index = self.natural(Ref {
                    id: *index,
                    ..*indices
                })?;
                let name = Ref {
                    id: *name,
                    ..*names
                };
                let text = self
                    .text(name)
                    .filter(|text| (1..=MOST_NAME).contains(&text.len()))?;
                if !seen.insert(text) || found.insert(index, name).is_some() {
                    return None;
                }
            }
        }
        Some(found)
    }

    fn is_key(&self, segment: Option<Segment>, name: &[u8]) -> bool {
        matches!(segment, Some(Segment::Key(key)) if self.text(key) == Some(name))
    }
}

/// Puts names in the place of indices.
pub(super) fn name_states(reading: &Reading, states: &mut [Child], names: &Names) {
    for (segment, _, _) in states {
        if let Some(Segment::Key(key)) = segment
            && let Some(name) = reading.natural(*key).and_then(|index| names.get(&index))
        {
            *key = *name;
        }
    }
}
