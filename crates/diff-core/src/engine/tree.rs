//! The tree in which partial results meet: part 2k meets part 2k + 1, their sums meet in the same way, and one
//! without a neighbour passes up. It depends on nothing but the number of parts, so the result has the same bits for any
//! number of threads and any order in which they finish.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Code, Error, Result};
use crate::stats::PairStats;

/// The result of a part, which meets that of the part after it.
pub(super) trait Merge: Default + Clone {
    /// That of both, `other` being the later one.
    fn merge(&self, other: &Self) -> Self;
}

impl Merge for PairStats {
    fn merge(&self, other: &Self) -> Self {
        self.merge(other)
    }
}

/// Adds the next chunk to a list of finished subtrees of falling height, and joins those of equal height.
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

/// What is left over has no neighbour: it passes up and meets what is on its left. Empties the list.
pub(super) fn join_rest<T: Merge>(pending: &mut Vec<(u32, T)>) -> T {
    pending
        .drain(..)
        .rev()
        .map(|(_, part)| part)
        .reduce(|right, left| left.merge(&right))
        .unwrap_or_default()
}

/// The partial results of one item, joined as soon as two neighbours are there.
pub(super) struct Tree<T> {
    units: u64,
    finished: AtomicUsize,
    state: Mutex<State<T>>,
}

#[derive(Default)]
struct State<T> {
    /// (height, index at that height, result); at most a few at any time.
    nodes: Vec<(u32, u64, T)>,
    error: Option<Error>,
}

impl<T: Merge> Tree<T> {
    pub(super) fn new(units: u64) -> Self {
        Self {
            units,
            finished: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    /// Takes the result of a unit; the last one to come gets the result of the item.
    pub(super) fn insert(&self, unit: u64, result: Result<T>) -> Option<Result<T>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(part) => state.join(self.units, unit, part),
            Err(error) => {
                state.error.get_or_insert(error);
            }
        }
        if self.finished.fetch_add(1, Ordering::Relaxed) as u64 + 1 < self.units {
            return None;
        }
        Some(match (state.error.take(), state.nodes.as_slice()) {
            (Some(error), _) => Err(error),
            (None, [(_, _, whole)]) => Ok(whole.clone()),
            _ => Err(Error::new(Code::Internal, "parts of a tensor are missing")),
        })
    }
}

impl<T: Merge> State<T> {
    fn join(&mut self, units: u64, unit: u64, part: T) {
        let (mut height, mut index, mut part) = (0, unit, part);
        let mut width = units;
        while width > 1 {
            let sibling = index ^ 1;
            if sibling < width {
                let found = self
                    .nodes
                    .iter()
                    .position(|n| n.0 == height && n.1 == sibling);
                let Some(found) = found else { break };
                let other = self.nodes.swap_remove(found).2;
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
        self.nodes.push((height, index, part));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::{DType, ValueMap};
    use crate::kernel::{self, Elements, Isa, Method, Precision};

    /// Sizes whose sum shows every change of order in its last bits.
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
                let tree = Tree::new(units);
                let mut last = None;
                for (at, &unit) in order.iter().enumerate() {
                    last = tree.insert(unit, Ok(part(unit)));
                    assert_eq!(last.is_some(), at + 1 == order.len());
                }
                assert_eq!(
                    last.unwrap().unwrap(),
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
                let tree = Tree::new(units as u64);
                let mut last = None;
                for &unit in &order {
                    last = tree.insert(unit as u64, Ok(parts[unit]));
                }
                // As text: it tells every bit but those of NaN.
                let found = format!("{:?}", last.unwrap().unwrap());
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

    #[test]
    fn a_part_that_failed_fails_the_item() {
        let tree = Tree::new(2);
        assert!(
            tree.insert(1, Err(Error::new(Code::NoData, "gone")))
                .is_none()
        );
        let result = tree.insert(0, Ok(part(0))).unwrap();
        assert_eq!(result.unwrap_err().code(), Code::NoData);
    }
}
