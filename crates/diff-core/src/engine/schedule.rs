//! One queue of work over all items, and the tree in which partial results meet.
//!
//! A *unit* is up to [`UNIT`] neighbouring chunks of one item, an aligned part of the item's tree: chunk 2k
//! meets chunk 2k + 1, their sums meet in the same way, and one without a neighbour passes up. The tree depends on
//! nothing but the number of elements, so the result has the same bits for any number of threads.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::checkpoint::Checkpoint;
use crate::engine::complex;
use crate::engine::gather::{self, Scratch};
use crate::engine::observe::Observer;
use crate::engine::plan::{Item, Plan, View, position};
use crate::engine::sparse;
use crate::error::{Code, Error, Kind, Result};
use crate::kernel::{self, CHUNK, Counting, Isa, Operand};
use crate::stats::{Own, PairStats};
use crate::tensor::{Layout, Tensor};

/// Chunks that one thread takes at once; a power of two. 8 chunks of bf16 are 4 MiB a side: large
/// enough to release behind the reader, small enough to share out one tensor.
const UNIT: u64 = 8;

/// How a plan is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub threads: usize,
    pub counting: Counting,
}

/// Runs a plan; one result an item, in the plan's order. An item that cannot be read is an error of its own.
///
/// # Errors
/// `Cancelled`; `FileChanged` when a file is no longer what it was when it was opened; `Internal`.
pub fn run(plan: &Plan, options: Options, observer: &Observer) -> Result<Vec<Result<PairStats>>> {
    let run = Run::new(plan, options, observer);
    observer.start(run.bytes(), plan.items.len() as u64);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .thread_name(|i| format!("model-diff-{i}"))
        .build()
        .map_err(|e| Error::new(Code::Internal, format!("cannot start threads: {e}")))?;
    pool.broadcast(|_| run.work());
    if let Some(error) = run.stopped.get() {
        return Err(error.clone());
    }
    plan.old.verify()?;
    plan.new.verify()?;
    Ok(run.into_results())
}

struct Run<'a> {
    plan: &'a Plan,
    options: Options,
    observer: &'a Observer,
    isa: Isa,
    /// Items in the order of the files.
    order: Vec<usize>,
    /// Number of units of all items up to and including each one of `order`.
    ends: Vec<u64>,
    next: AtomicU64,
    trees: Vec<Tree>,
    /// Set by the first thread that finds a reason to stop them all.
    stopped: OnceLock<Error>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, options: Options, observer: &'a Observer) -> Self {
        let mut order: Vec<usize> = (0..plan.items.len()).collect();
        order.sort_by_key(|&index| {
            let item = plan.items[index];
            let place = |view: Option<View>, checkpoint: &Checkpoint| {
                view.and_then(|view| checkpoint.tensors.get(view.tensor))
                    .map(position)
            };
            (
                place(item.old, &plan.old).or(place(item.new, &plan.new)),
                index,
            )
        });
        let mut total = 0;
        let ends = order
            .iter()
            .map(|&index| {
                total += units(elements(plan.items[index]));
                total
            })
            .collect();
        let trees = plan
            .items
            .iter()
            .map(|&item| Tree::new(units(elements(item))))
            .collect();
        Self {
            plan,
            options,
            observer,
            isa: Isa::detect(),
            order,
            ends,
            next: AtomicU64::new(0),
            trees,
            stopped: OnceLock::new(),
        }
    }

    /// Bytes that will be read, of both sides together.
    fn bytes(&self) -> u64 {
        let side = |view: Option<View>, checkpoint: &Checkpoint| {
            view.and_then(|view| {
                checkpoint
                    .tensors
                    .get(view.tensor)
                    .map(|t| view.elements * t.dtype.bytes())
            })
            .unwrap_or(0)
        };
        self.plan
            .items
            .iter()
            .map(|item| side(item.old, &self.plan.old) + side(item.new, &self.plan.new))
            .sum()
    }

    /// What each thread does until nothing is left.
    fn work(&self) {
        let mut scratch = [Scratch::default(), Scratch::default()];
        while self.stopped.get().is_none() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let slot = self.ends.partition_point(|&end| end <= number);
            let Some(&index) = self.order.get(slot) else {
                return;
            };
            let first = if slot == 0 { 0 } else { self.ends[slot - 1] };
            let done = self.unit(index, number - first, &mut scratch);
            match done {
                Err(error)
                    if matches!(error.kind(), Kind::Cancelled | Kind::Internal)
                        || error.code() == Code::FileChanged =>
                {
                    let _ = self.stopped.set(error);
                }
                Err(error) => self.trees[index].fail(error),
                Ok(stats) => self.trees[index].insert(number - first, stats),
            }
            if self.trees[index].finish_unit() {
                self.observer.add_tensor();
            }
        }
    }

    /// The chunks of one unit, merged in their tree.
    fn unit(&self, index: usize, number: u64, scratch: &mut [Scratch; 2]) -> Result<PairStats> {
        let item = self.plan.items[index];
        let elements = elements(item);
        let first = number * UNIT * CHUNK as u64;
        let end = elements.min(first + UNIT * CHUNK as u64);
        let mut pending: Vec<(u32, PairStats)> = Vec::new();
        // A tensor of no elements may have its error too.
        readable(&self.plan.old, item.old)?;
        readable(&self.plan.new, item.new)?;
        for start in (first..end).step_by(CHUNK) {
            self.observer.check()?;
            let count = (end - start).min(CHUNK as u64) as usize;
            let stats = self.chunk(item, start, count, scratch)?;
            push(&mut pending, stats);
        }
        release(item.old, &self.plan.old, first, end);
        release(item.new, &self.plan.new, first, end);
        // What is left over has no neighbour: it passes up and meets what is on its left.
        Ok(pending
            .into_iter()
            .rev()
            .map(|(_, stats)| stats)
            .reduce(|right, left| left.merge(&right))
            .unwrap_or_default())
    }

    fn chunk(
        &self,
        item: Item,
        start: u64,
        count: usize,
        scratch: &mut [Scratch; 2],
    ) -> Result<PairStats> {
        let [scratch_old, scratch_new] = scratch;
        sparse::check(
            &self.plan.old,
            item.old,
            &self.plan.new,
            item.new,
            start,
            count,
        )?;
        let old = read(&self.plan.old, item.old, start, count, scratch_old)?;
        let new = read(&self.plan.new, item.new, start, count, scratch_new)?;
        let bytes = old.map_or(0, |o| o.bytes.len()) + new.map_or(0, |o| o.bytes.len());
        let counting = self.options.counting;
        let complex = complex::parts(&self.plan.old, item.old, &self.plan.new, item.new)?;
        let alone = |operand| kernel::describe(operand, counting, self.isa);
        let stats = match (old, new) {
            (Some(a), Some(b)) if complex => complex::compare(a, b, counting, self.isa),
            (Some(a), Some(b)) => kernel::compare(a, b, counting, self.isa),
            (Some(a), None) => PairStats {
                old: alone(a),
                elements: count as u64,
                ..PairStats::default()
            },
            (None, Some(b)) => PairStats {
                new: alone(b),
                elements: count as u64,
                ..PairStats::default()
            },
            (None, None) => PairStats::default(),
        };
        self.observer.add_bytes(bytes as u64);
        Ok(stats)
    }

    fn into_results(self) -> Vec<Result<PairStats>> {
        self.trees.into_iter().map(Tree::into_result).collect()
    }
}

/// What was read of a plain tensor need not stay resident.
fn release(view: Option<View>, checkpoint: &Checkpoint, first: u64, end: u64) {
    let Some(view) = view else { return };
    let Some(tensor) = checkpoint.tensors.get(view.tensor) else {
        return;
    };
    if let Layout::Span(span) = &tensor.layout
        && let Some(source) = checkpoint.sources.get(span.source as usize)
    {
        let item = tensor.dtype.bytes();
        let offset = span.offset + (view.start + first) * item;
        source.release(offset, ((end - first) * item) as usize);
    }
}

/// # Errors
/// What was wrong with the tensor when it was opened.
fn readable(checkpoint: &Checkpoint, view: Option<View>) -> Result<()> {
    let tensor = view.and_then(|view| checkpoint.tensors.get(view.tensor));
    match tensor.and_then(|tensor| tensor.error.as_ref().map(|error| (tensor, error))) {
        Some((tensor, error)) => Err(error.clone().tensor(&tensor.name).at(&checkpoint.path)),
        None => Ok(()),
    }
}

fn read<'a>(
    checkpoint: &'a Checkpoint,
    view: Option<View>,
    start: u64,
    count: usize,
    scratch: &'a mut Scratch,
) -> Result<Option<Operand<'a>>> {
    let Some(view) = view else { return Ok(None) };
    let tensor = checkpoint
        .tensors
        .get(view.tensor)
        .ok_or_else(|| Error::new(Code::Internal, "plan names a tensor that does not exist"))?;
    gather::operand(checkpoint, tensor, view.start + start, count, scratch)
        .map(Some)
        .map_err(|e| e.tensor(&tensor.name).at(&checkpoint.path))
}

fn elements(item: Item) -> u64 {
    item.old.or(item.new).map_or(0, |view| view.elements)
}

/// At least one, so that an empty tensor gets its result too.
fn units(elements: u64) -> u64 {
    elements.div_ceil(UNIT * CHUNK as u64).max(1)
}

/// Adds the next chunk to a list of finished subtrees of falling height, and joins those of equal height.
fn push(pending: &mut Vec<(u32, PairStats)>, stats: PairStats) {
    let mut node = (0, stats);
    while let Some(&(height, left)) = pending.last()
        && height == node.0
    {
        pending.pop();
        node = (height + 1, left.merge(&node.1));
    }
    pending.push(node);
}

/// The partial results of one item, joined as soon as two neighbours are there.
struct Tree {
    units: u64,
    finished: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// (height, index at that height, statistics); at most a few at any time.
    nodes: Vec<(u32, u64, PairStats)>,
    error: Option<Error>,
}

impl Tree {
    fn new(units: u64) -> Self {
        Self {
            units,
            finished: AtomicUsize::new(0),
            state: Mutex::default(),
        }
    }

    fn insert(&self, unit: u64, stats: PairStats) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut height, mut index, mut stats) = (0, unit, stats);
        let mut width = self.units;
        while width > 1 {
            let sibling = index ^ 1;
            if sibling < width {
                let found = state
                    .nodes
                    .iter()
                    .position(|n| n.0 == height && n.1 == sibling);
                let Some(found) = found else { break };
                let other = state.nodes.swap_remove(found).2;
                stats = if sibling < index {
                    other.merge(&stats)
                } else {
                    stats.merge(&other)
                };
            }
            height += 1;
            index /= 2;
            width = width.div_ceil(2);
        }
        state.nodes.push((height, index, stats));
    }

    fn fail(&self, error: Error) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .error
            .get_or_insert(error);
    }

    /// Counts a unit as done; true for the last one.
    fn finish_unit(&self) -> bool {
        self.finished.fetch_add(1, Ordering::Relaxed) as u64 + 1 == self.units
    }

    fn into_result(self) -> Result<PairStats> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match (state.error, state.nodes.as_slice()) {
            (Some(error), _) => Err(error),
            (None, [(_, _, stats)]) => Ok(*stats),
            _ => Err(Error::new(Code::Internal, "parts of a tensor are missing")),
        }
    }
}

/// Statistics of one tensor on the calling thread.
///
/// # Errors
/// When the tensor cannot be read.
pub fn describe(checkpoint: &Checkpoint, tensor: &Tensor, view: View) -> Result<Own> {
    let counting = Counting {
        threshold: 0.0,
        element_wise: true,
    };
    let mut scratch = Scratch::default();
    let mut pending: Vec<(u32, PairStats)> = Vec::new();
    for start in (0..view.elements).step_by(CHUNK) {
        let count = (view.elements - start).min(CHUNK as u64) as usize;
        let operand = gather::operand(checkpoint, tensor, view.start + start, count, &mut scratch)?;
        let old = kernel::describe(operand, counting, Isa::detect());
        push(
            &mut pending,
            PairStats {
                old,
                ..PairStats::default()
            },
        );
    }
    Ok(pending
        .into_iter()
        .rev()
        .map(|(_, stats)| stats)
        .reduce(|right, left| left.merge(&right))
        .unwrap_or_default()
        .old)
}
