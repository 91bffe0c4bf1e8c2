//! Joins parts to the outcome that a single run would have had.

use std::ops::Range;

use super::part::{decode_head, decode_item};
use crate::encode::Bytes;
use crate::engine::grid::{Grid, shares, units_of};
use crate::engine::plan::Plan;
use crate::engine::run::{Measured, Outcome};
use crate::engine::sample::Distribution;
use crate::engine::tree::Tree;
use crate::error::{Code, Error, Result};
use crate::observe::Observer;
use crate::stats::PairStats;

/// Joins the parts of a plan, given in the order of their ranges, which must follow each other and cover the plan. A missing part is given
/// as the error that its items get.
///
/// # Errors
/// `Argument` for ranges that do not cover the plan; `InvalidPart`, with the number of the part as its entry; `Cancelled`.
pub fn join(
    plan: &Plan,
    parts: &[(Range<u64>, Result<Vec<u8>>)],
    observer: &Observer,
) -> Result<Outcome> {
    let grid = Grid::new(plan, observer)?;
    check_ranges(parts, grid.queue.units())?;
    let mut joined = Joined::new(plan);
    for (number, (range, bytes)) in (1..).zip(parts) {
        observer.check()?;
        joined
            .add(&grid, range, bytes.as_deref())
            .map_err(|error| {
                error.entry(&format!("part {number}")).hint(
                    "the part is damaged, or was made to mislead: compare it again, with --force",
                )
            })?;
    }
    Ok(joined.into_outcome())
}

fn check_ranges(parts: &[(Range<u64>, Result<Vec<u8>>)], units: u64) -> Result<()> {
    let mut at = 0;
    for (range, _) in parts {
        if range.start != at || range.end < at {
            break;
        }
        at = range.end;
    }
    let last = parts.last().map(|(range, _)| range.end);
    if at == units && last == Some(at) {
        return Ok(());
    }
    Err(Error::new(
        Code::Argument,
        "ranges of parts do not cover the plan",
    ))
}

struct Joined<'a> {
    plan: &'a Plan,
    trees: Vec<Option<Tree<PairStats>>>,
    /// The results of items of one unit, which have no tree.
    results: Vec<Option<Result<PairStats>>>,
    distributions: Vec<Distribution>,
    bits_compared: Vec<bool>,
}

impl<'a> Joined<'a> {
    fn new(plan: &'a Plan) -> Self {
        let units = plan.items.iter().map(|item| units_of(item.elements()));
        Self {
            plan,
            trees: units
                .map(|units| (units > 1).then(|| Tree::new(units, units)))
                .collect(),
            results: plan.items.iter().map(|_| None).collect(),
            distributions: vec![Distribution::default(); plan.items.len()],
            bits_compared: vec![false; plan.items.len()],
        }
    }

    fn add(
        &mut self,
        grid: &Grid,
        range: &Range<u64>,
        bytes: std::result::Result<&[u8], &Error>,
    ) -> Result<()> {
        let shares = shares(&grid.queue, range);
        let items = shares.iter().flat_map(|share| {
            grid.rows[share.row]
                .clone()
                .map(|item| (item, &share.units))
        });
        let mut bytes = match bytes {
            Ok(bytes) => Bytes::new(bytes),
            Err(missing) => {
                for (item, units) in items {
                    self.put(item, units, Err(missing.clone()));
                }
                return Ok(());
            }
        };
        decode_head(&mut bytes, range)?;
        for (item, units) in items {
            let Measured {
                nodes,
                distribution,
                bits_compared,
            } = decode_item(&mut bytes, self.plan, &self.plan.items[item], units)?;
            self.put(item, units, nodes);
            self.distributions[item].merge(&distribution);
            self.bits_compared[item] |= bits_compared;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        Err(
            Error::new(Code::InvalidPart, "part is longer than it should be")
                .found(format!("{} bytes too many", bytes.len())),
        )
    }

    fn put(&mut self, item: usize, units: &Range<u64>, nodes: Result<Vec<PairStats>>) {
        if let Some(tree) = &self.trees[item] {
            tree.insert_range(units.clone(), nodes);
        } else {
            let result = nodes.map(|nodes| nodes.into_iter().next().unwrap_or_default());
            self.results[item] = Some(result);
        }
    }

    fn into_outcome(self) -> Outcome {
        let missing = || Err(Error::new(Code::Internal, "parts of a tensor are missing"));
        let results = self.results.into_iter().zip(self.trees);
        Outcome {
            pairs: results
                .map(|(result, tree)| match tree {
                    Some(tree) => tree.take_result(),
                    None => result.unwrap_or_else(missing),
                })
                .collect(),
            distributions: self.distributions,
            bits_compared: self.bits_compared,
        }
    }
}
