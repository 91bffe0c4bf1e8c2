//! The tree in which partial results are merged: part 2k with part 2k + 1, their results in the same way, and a node without
//! a right neighbour moves up a level as it is. The tree depends only on the number of parts, so the result has the same bits
//! for any number of threads and any order in which they finish.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Code, Error, Result};
use crate::stats::PairStats;

/// A partial result that can be merged with that of the part after it.
pub(super) trait Merge: Default + Clone {
    /// The result of both parts, of which `other` is the later one.
    fn merge(&self, other: &Self) -> Self;
}

impl Merge for PairStats {
    fn merge(&self, other: &Self) -> Self {
        self.merge(other)
    }
}

/// Adds the next chunk to a list of finished subtrees of falling height, and merges those of equal height.
pub(super) fn push<T: Merge>(pending: &mut Vec<(u32, T)>, part: T) {
    let mut node = (0, part);
    while let Some((height, left)) = pending.last()
        && *height == node.0
    {
        node = (height + 1, left.merge(&node.1));
        pending.pop();
    }
    pending.push(node);
}

/// Merges what is left in the list from right to left: the last subtree has no right neighbour and moves up to meet the one on its left.
/// Empties the list.
pub(super) fn join_rest<T: Merge>(pending: &mut Vec<(u32, T)>) -> T {
    pending
        .drain(..)
        .rev()
        .map(|(_, part)| part)
        .reduce(|right, left| left.merge(&right))
        .unwrap_or_default()
}

/// The nodes that are left unmerged when only the units of a range have come, from left to right. They follow from the range alone, so that
/// results can be handed on without their positions, if they keep their order.
pub(super) fn standing(units: u64, range: Range<u64>) -> Vec<Position> {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let (mut start, mut end) = (range.start, range.end);
    let (mut height, mut width) = (0, units);
    while start < end && width > 1 {
        if start % 2 == 1 {
            left.push((height, start));
            start += 1;
        }
        // The last node of a level has no right neighbour: it moves up.
        if start < end && end % 2 == 1 && end < width {
            end -= 1;
            right.push((height, end));
        }
        (height, start, end, width) = (height + 1, start / 2, end.div_ceil(2), width.div_ceil(2));
    }
    if start < end {
        left.push((height, start));
    }
    left.extend(right.into_iter().rev());
    left
}

/// Position of a node: its height, and its index at that height.
pub(super) type Position = (u32, u64);

/// The units below a node of a tree of `units`.
pub(super) fn units_below((height, index): Position, units: u64) -> Range<u64> {
    units.min(index << height)..units.min((index + 1) << height)
}

/// The partial results of one item, merged as soon as two neighbours are there.
pub(super) struct Tree<T> {
    units: u64,
    /// How many units will come: all of them, except in a part of a run.
    expected: u64,
    finished: AtomicUsize,
    state: Mutex<State<T>>,
}

#[derive(Default)]
struct State<T> {
    /// Unmerged nodes, at most a few at any time.
    nodes: Vec<(Position, T)>,
    /// Of the units that failed, the one with the lowest number, in whatever order they come.
    error: Option<(u64, Error)>,
}

impl<T: Merge> Tree<T> {
    pub(super) fn new(units: u64, expected: u64) -> Self {
        Self {
            units,
            expected,
            finished: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    /// Takes in the result of a unit. Returns whether it was the last one to come.
    pub(super) fn insert(&self, unit: u64, result: Result<T>) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(part) => state.join(self.units, (0, unit), part),
            Err(error) => state.fail(unit, error),
        }
        self.finished.fetch_add(1, Ordering::Relaxed) as u64 + 1 == self.expected
    }

    /// Takes in what a part of a run found for a range of units: the nodes of [`standing`], or the error of one of its units.
    pub(super) fn insert_range(&self, range: Range<u64>, result: Result<Vec<T>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(nodes) => {
                for (position, part) in standing(self.units, range).into_iter().zip(nodes) {
                    state.join(self.units, position, part);
                }
            }
            Err(error) => state.fail(range.start, error),
        }
    }

    /// Takes out the result of all units.
    pub(super) fn take_result(&self) -> Result<T> {
        let mut nodes = self.take_nodes()?;
        match (nodes.pop(), nodes.is_empty()) {
            (Some(whole), true) => Ok(whole),
            _ => Err(Error::new(Code::Internal, "parts of a tensor are missing")),
        }
    }

    /// Takes out the nodes that are left unmerged when all expected units have come, from left to right.
    pub(super) fn take_nodes(&self) -> Result<Vec<T>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { nodes, error } = &mut *state;
        let (mut nodes, error) = (std::mem::take(nodes), error.take());
        if let Some((_, error)) = error {
            return Err(error);
        }
        nodes.sort_by_key(|&((height, index), _)| index << height);
        Ok(nodes.into_iter().map(|(_, part)| part).collect())
    }
}

impl<T: Merge> State<T> {
    fn fail(&mut self, unit: u64, error: Error) {
        if self.error.as_ref().is_none_or(|(first, _)| unit < *first) {
            self.error = Some((unit, error));
        }
    }

    fn join(&mut self, units: u64, (mut height, mut index): Position, mut part: T) {
        let mut width = (0..height).fold(units, |width, _| width.div_ceil(2));
        while width > 1 {
            let sibling = index ^ 1;
            if sibling < width {
                let found = self
                    .nodes
                    .iter()
                    .position(|(position, _)| *position == (height, sibling));
                let Some(found) = found else { break };
                let other = self.nodes.swap_remove(found).1;
                part = if sibling < index {
                    other.merge(&part)
                } else {
                    part.merge(&other)
                };
            }
            height += 1;
            index /= 2;
            width = width.div_ceil(2);
        }
        self.nodes.push(((height, index), part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::{DType, ValueMap};
    use crate::kernel::{self, Elements, Isa, Method, Precision};

    /// Values whose sum shows every change of order in its last bits.
    fn part(number: u64) -> PairStats {
        PairStats {
            sum_dd: 0.1 * 7f64.powi(number as i32 % 19 - 9),
            elements: 1,
            ..PairStats::default()
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter() {
        for units in 2..40 {
            let mut pending = Vec::new();
            (0..units).for_each(|unit| push(&mut pending, part(unit)));
            let in_order = join_rest(&mut pending);
            for stride in [1, 3, 7, 11] {
                // Every unit once, in another order each time.
                let mut order: Vec<u64> = (0..units).collect();
                order.sort_by_key(|unit| (unit * stride % units, *unit));
                let tree = Tree::new(units, units);
                for (at, &unit) in order.iter().enumerate() {
                    let is_last = tree.insert(unit, Ok(part(unit)));
                    assert_eq!(is_last, at + 1 == order.len());
                }
                assert_eq!(
                    tree.take_result().unwrap(),
                    in_order,
                    "{units} units, stride {stride}"
                );
            }
        }
    }

    /// Statistics of 64 real elements with heavy tails.
    fn measured(number: u32) -> PairStats {
        let mut state = number.wrapping_mul(747_796_405) + 1;
        let mut side = || -> Vec<u8> {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let exponent = 117 + (state >> 27);
                f32::from_bits((state & 0x807f_ffff) | (exponent << 23))
            };
            (0..64).flat_map(|_| next().to_le_bytes()).collect()
        };
        let (a, b) = (side(), side());
        let operand = |bytes| Elements {
            bytes,
            dtype: DType::F32,
            map: ValueMap::Identity,
        };
        let method = Method {
            precision: Precision::Double,
            ..Method::default()
        };
        kernel::compare(operand(&a), operand(&b), method, Isa::detect())
    }

    #[test]
    fn any_cut_and_any_order_give_the_same_bits() {
        let parts: Vec<PairStats> = (0..41).map(measured).collect();
        let mut state = 1u64;
        for units in 1..parts.len() {
            let mut pending = Vec::new();
            (0..units).for_each(|unit| push(&mut pending, parts[unit]));
            let in_order = format!("{:?}", join_rest(&mut pending));
            let mut orders: Vec<Vec<usize>> = (0..=units)
                .map(|cut| (cut..units).chain(0..cut).collect())
                .collect();
            orders.push((0..units).rev().collect());
            orders.extend((0..20).map(|_| {
                let mut order: Vec<usize> = (0..units).collect();
                order.sort_by_cached_key(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    state >> 32
                });
                order
            }));
            for order in orders {
                let tree = Tree::new(units as u64, units as u64);
                for &unit in &order {
                    tree.insert(unit as u64, Ok(parts[unit]));
                }
                // As text: it tells every bit but those of NaN.
                let found = format!("{:?}", tree.take_result().unwrap());
                assert_eq!(found, in_order, "{units} units in the order {order:?}");
            }
        }
        // The order would show: joined from left to right the bits are others.
        let straight = parts.iter().copied().reduce(|all, part| all.merge(&part));
        let mut pending = Vec::new();
        for part in &parts {
            push(&mut pending, *part);
        }
        let joined = join_rest(&mut pending);
        assert_ne!(straight.unwrap().sum_dd.to_bits(), joined.sum_dd.to_bits());
    }

    /// Every way to cut up to 20 units into three ranges.
    #[test]
    fn ranges_that_were_counted_apart_meet_to_the_same_bits() {
        let parts: Vec<PairStats> = (0..20).map(measured).collect();
        for units in 1..=parts.len() as u64 {
            let whole = Tree::new(units, units);
            (0..units).for_each(|unit| {
                whole.insert(unit, Ok(parts[unit as usize]));
            });
            let expected = format!("{:?}", whole.take_result().unwrap());
            for first in 0..=units {
                for second in first..=units {
                    let ranges = [second..units, 0..first, first..second];
                    let joined = Tree::new(units, units);
                    for range in ranges {
                        let part = Tree::new(units, range.end - range.start);
                        for unit in range.clone() {
                            part.insert(unit, Ok(parts[unit as usize]));
                        }
                        let nodes = part.take_nodes().unwrap();
                        assert_eq!(nodes.len(), standing(units, range.clone()).len());
                        joined.insert_range(range, Ok(nodes));
                    }
                    let found = format!("{:?}", joined.take_result().unwrap());
                    assert_eq!(found, expected, "{units} units cut at {first} and {second}");
                }
            }
        }
    }

    #[test]
    fn the_nodes_of_a_range_cover_its_units_once_and_in_order() {
        for units in 1..40 {
            for start in 0..units {
                for end in start..=units {
                    let nodes = standing(units, start..end).into_iter();
                    let covered: Vec<u64> =
                        nodes.flat_map(|node| units_below(node, units)).collect();
                    assert_eq!(covered, (start..end).collect::<Vec<_>>());
                }
            }
        }
    }

    #[test]
    fn the_first_part_that_failed_fails_the_item() {
        let gone = |what: &str| Err(Error::new(Code::NoData, what));
        for order in [[2, 1, 0], [0, 1, 2], [1, 0, 2]] {
            let tree = Tree::new(3, 3);
            for unit in order {
                let result = if unit == 0 {
                    Ok(part(0))
                } else {
                    gone(&unit.to_string())
                };
                tree.insert(unit, result);
            }
            let error = tree.take_result().unwrap_err();
            assert_eq!(error.to_string(), "1", "in the order {order:?}");
        }
    }
}
