//! Compares the items of a plan. Threads take *units* in the order of the files: up to [`UNIT`] neighbouring chunks of the
//! items of a row, which are whole subtrees of their [`Tree`]s.

mod pair;
mod row;
mod sides;
#[cfg(test)]
mod tests;
mod tiles;
mod unit;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::grid::{Grid, Share, elements_of, shares, units_of};
use super::kept::Keeper;
use super::plan::{Input, Plan, TOGETHER};
use super::queue::{Place, Queue};
use super::sample::{Distribution, Histogram, Sample};
use super::tree::{Tree, join_rest};
use super::workers::{self, Stop};
use crate::error::{Code, Error, Result};
use crate::kernel::{AnyOrder, Isa, Method};
use crate::observe::Observer;
use crate::read::{Reader, Scratch};
use crate::stats::PairStats;
use crate::tensor::Tensor;
use row::{INPUTS, Readers, Row};
use unit::Unit;

/// How a plan is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub threads: usize,
    pub method: Method,
    pub histogram: Histogram,
}

/// The results of a run, in the order of the plan.
#[derive(Debug)]
pub struct Outcome {
    pub pairs: Vec<Result<PairStats>>,
    pub distributions: Vec<Distribution>,
    /// Whether the bits of the two sides could be compared, so that `bit_changed` counts something.
    pub bits_compared: Vec<bool>,
}

/// Runs a plan; one result for each item, in the plan's order. An item that cannot be read is an error in its place.
///
/// # Errors
/// `Cancelled`; `FileChanged` when a file is no longer what it was when it was opened; `Internal`.
pub fn run(plan: &Plan, options: Options, observer: &Observer) -> Result<Outcome> {
    run_on(Isa::detect(), plan, options, observer)
}

fn run_on(isa: Isa, plan: &Plan, options: Options, observer: &Observer) -> Result<Outcome> {
    let run = Run::new(isa, plan, options, observer)?;
    observer.start(run.bytes(), plan.items.len() as u64);
    plan.announce();
    workers::run(options.threads, &run.stop, || run.work())?;
    plan.verify()?;
    Ok(run.into_outcome())
}

/// What a part of a run found out about one item.
#[derive(Debug)]
pub(super) struct Measured {
    /// The nodes that are left unmerged of its units in the part, from left to right ([`super::tree::standing`]).
    pub(super) nodes: Result<Vec<PairStats>>,
    pub(super) distribution: Distribution,
    /// As in [`Outcome`]; only the part that has the first unit knows it.
    pub(super) bits_compared: bool,
}

/// Runs a range of the units of [`Grid`], and returns the items in it, in the order of the grid.
///
/// # Errors
/// As [`run`].
pub(super) fn run_range(
    plan: &Plan,
    units: &Range<u64>,
    options: Options,
    observer: &Observer,
) -> Result<Vec<Measured>> {
    let mut run = Run::new(Isa::detect(), plan, options, observer)?;
    let shares = run.restrict(units);
    let bytes = shares.iter().map(|share| run.bytes_of_share(share)).sum();
    let items = shares.iter().map(|share| run.rows[share.row].len() as u64);
    observer.start(bytes, items.sum());
    plan.announce_elements(shares.iter().flat_map(|share| {
        let items = plan.items[run.rows[share.row].clone()].iter();
        items.map(|item| (item, elements_of(&share.units, item.elements())))
    }));
    workers::run(options.threads, &run.stop, || run.work())?;
    plan.verify()?;
    Ok(run.into_measured(&shares))
}

struct Run<'a> {
    plan: &'a Plan,
    options: Options,
    observer: &'a Observer,
    isa: Isa,
    /// Items that are read together, in the order of the files.
    rows: Vec<Range<usize>>,
    /// Readers of the rows for which it would cost something to make them anew for each unit.
    readers: Keeper<Readers<'a>>,
    queue: Queue,
    /// Where the parts of an item are merged; None for an item of one unit, as most are.
    trees: Vec<Option<Box<Tree<PairStats>>>>,
    results: Vec<OnceLock<Result<PairStats>>>,
    distributions: Vec<Mutex<Distribution>>,
    bits_compared: Vec<AtomicBool>,
    stop: Stop,
}

/// Reused memory of one thread.
#[derive(Default)]
struct Worker {
    scratch: [Scratch; INPUTS],
    pending: [Vec<(u32, PairStats)>; TOGETHER],
    sample: [Sample; TOGETHER],
    any_order: AnyOrder,
}

impl<'a> Run<'a> {
    /// Sorting many thousand items takes a while, so it can be cancelled between the steps.
    fn new(isa: Isa, plan: &'a Plan, options: Options, observer: &'a Observer) -> Result<Self> {
        let Grid { rows, queue } = Grid::new(plan, observer)?;
        let items = || plan.items.iter();
        let trees = items()
            .map(|item| units_of(item.elements()))
            .map(|units| (units > 1).then(|| Box::new(Tree::new(units, units))))
            .collect();
        observer.check()?;
        Ok(Self {
            plan,
            options,
            observer,
            isa,
            readers: Keeper::new(rows.len()),
            rows,
            queue,
            trees,
            results: items().map(|_| OnceLock::new()).collect(),
            distributions: items().map(|_| Mutex::default()).collect(),
            bits_compared: items().map(|_| AtomicBool::new(false)).collect(),
            stop: Stop::default(),
        })
    }

    /// Leaves only the units of a range to do, and returns its share of each row.
    fn restrict(&mut self, units: &Range<u64>) -> Vec<Share> {
        self.queue.restrict(units);
        let shares = shares(&self.queue, units);
        self.trees.iter_mut().for_each(|tree| *tree = None);
        for share in &shares {
            let expected = share.units.end - share.units.start;
            for item in self.rows[share.row].clone() {
                let all = units_of(self.plan.items[item].elements());
                self.trees[item] = (all > 1).then(|| Box::new(Tree::new(all, expected)));
            }
        }
        shares
    }

    /// Stored bytes of all sides together: what progress counts.
    fn bytes(&self) -> u64 {
        let rows = self.rows.iter();
        rows.map(|row| {
            let items = &self.plan.items[row.clone()];
            self.plan.bytes_of(items, 0, items[0].elements())
        })
        .sum()
    }

    fn bytes_of_share(&self, share: &Share) -> u64 {
        let items = &self.plan.items[self.rows[share.row].clone()];
        let elements = elements_of(&share.units, items[0].elements());
        self.plan.bytes_of(items, elements.start, elements.end)
    }

    /// What each thread does until nothing is left.
    fn work(&self) {
        let mut worker = Worker::default();
        let mut place = Place::default();
        while !self.stop.is_set()
            && let Some((number, unit)) = self.queue.take(&mut place)
        {
            self.unit(number, unit, &mut worker);
        }
    }

    /// Compares one unit with the readers of its row.
    fn unit(&self, number: usize, unit: u64, worker: &mut Worker) {
        let items = &self.plan.items[self.rows[number].clone()];
        let row = Row::new(self.plan, items);
        let mut tensors = row.tensors.iter().flatten();
        if tensors.all(|tensor| Reader::is_cheap(tensor)) {
            let readers = Readers::new(self.plan, &row);
            self.unit_with(number, unit, (&row, &readers), worker);
            return;
        }
        let readers = self.readers.get(
            number,
            || Ok(Readers::new(self.plan, &row)),
            |readers| readers.kept_bytes(&row),
            || {
                self.observer.check()?;
                self.stop.check()
            },
        );
        match readers {
            Ok(readers) => {
                if self.unit_with(number, unit, (&row, &readers), worker) {
                    self.readers.let_go(number);
                }
            }
            // Only a run that is to stop comes here: readers that cannot be made are errors of their items.
            Err(error) => {
                self.stop.on(&error);
            }
        }
    }

    /// Compares one unit and hands on its results, the chunks of each item merged. Returns whether it was the last unit of its row.
    fn unit_with(
        &self,
        number: usize,
        unit: u64,
        (row, readers): (&Row<'a>, &Readers<'a>),
        worker: &mut Worker,
    ) -> bool {
        let items = self.rows[number].clone();
        let mut at_work = Unit {
            run: self,
            items: &self.plan.items[items.clone()],
            row,
            readers,
            types: [None; TOGETHER],
            errors: [const { None }; TOGETHER],
            done: 0,
        };
        let all = at_work.items[0].elements();
        let Range { start: first, end } = elements_of(&(unit..unit + 1), all);
        let stopped = at_work.compare((first, end), worker);
        // What was not read because of an error counts as done, too.
        let bytes = self.plan.bytes_of(at_work.items, first, end);
        self.observer.add_bytes(bytes.saturating_sub(at_work.done));
        let mut is_over = false;
        for (at, index) in items.enumerate() {
            if first == 0 && at_work.types[at].is_some_and(|types| types.have_bits) {
                self.bits_compared[index].store(true, Ordering::Relaxed);
            }
            worker.sample[at].pour(&self.distributions[index]);
            let done = match (&stopped, at_work.errors[at].take()) {
                (_, Some(error)) => Err(*error),
                (Err(error), None) => Err(error.clone()),
                (Ok(()), None) => Ok(join_rest(&mut worker.pending[at])),
            };
            if done.as_ref().is_err_and(|error| self.stop.on(error)) {
                return false;
            }
            let is_last = match &self.trees[index] {
                None => self.results[index].set(done).is_ok(),
                Some(tree) => tree.insert(unit, done),
            };
            if is_last {
                self.observer.add_tensors(1);
                is_over = true;
            }
        }
        is_over
    }

    fn count_read(&self, scratch: &mut [Scratch]) {
        self.observer
            .add_read(scratch.iter_mut().map(Scratch::take_read).sum());
    }

    fn named(&self, error: Error, input: Input, tensor: &Tensor) -> Error {
        let error = error.tensor(&tensor.name);
        match self.plan.checkpoint(input) {
            Some(checkpoint) => error.at(&checkpoint.path),
            None => error,
        }
    }

    fn into_outcome(self) -> Outcome {
        let results = self.results.into_iter().zip(self.trees);
        let distributions = self.distributions.into_iter();
        Outcome {
            pairs: results
                .map(|(result, tree)| match tree {
                    Some(tree) => tree.take_result(),
                    None => result.into_inner().unwrap_or_else(missing),
                })
                .collect(),
            distributions: distributions
                .map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner))
                .collect(),
            bits_compared: self
                .bits_compared
                .into_iter()
                .map(AtomicBool::into_inner)
                .collect(),
        }
    }

    fn into_measured(mut self, shares: &[Share]) -> Vec<Measured> {
        let rows = shares.iter().map(|share| self.rows[share.row].clone());
        let items: Vec<usize> = rows.flatten().collect();
        let mut measured = |item: usize| Measured {
            nodes: match self.trees[item].take() {
                Some(tree) => tree.take_nodes(),
                None => (self.results[item].take().unwrap_or_else(missing)).map(|one| vec![one]),
            },
            distribution: std::mem::take(
                self.distributions[item]
                    .get_mut()
                    .unwrap_or_else(PoisonError::into_inner),
            ),
            bits_compared: *self.bits_compared[item].get_mut(),
        };
        items.into_iter().map(&mut measured).collect()
    }
}

fn missing() -> Result<PairStats> {
    Err(Error::new(Code::Internal, "parts of a tensor are missing"))
}
