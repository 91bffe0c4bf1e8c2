//! One queue of work over all items: a *unit* is up to [`UNIT`] neighbouring chunks of one item, an aligned part
//! of the item's [`Tree`]. Threads take units in the order of the files.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::checkpoint::Checkpoint;
use crate::engine::complex;
use crate::engine::gather::{self, Scratch};
use crate::engine::plan::{Item, Plan, View, position};
use crate::engine::sample::{Distribution, Histogram, Sample};
use crate::engine::sparse;
use crate::engine::strided;
use crate::engine::tree::{Tree, join_rest, push};
use crate::engine::workers::{self, Stop};
use crate::error::{Code, Error, Result};
use crate::kernel::{self, CHUNK, Isa, Method, Operand};
use crate::observe::Observer;
use crate::stats::{Own, PairStats};
use crate::tensor::{Layout, Span, Tensor};

/// Chunks that one thread takes at once; a power of two. 8 chunks of bf16 are 4 MiB a side: large
/// enough to release behind the reader, small enough to share out one tensor.
const UNIT: u64 = 8;

/// Units of each thread that lie between the first and the last thread, as a rule: a time slice of the system.
const APART: u64 = 8;

/// Bytes of a side that are read at once, where a chunk has not more: the best size for reads into a buffer.
const PIECE_BYTES: u64 = 1 << 20;

/// The same of views whose elements lie in many places of the file, which are read in longer runs then.
const VIEW_BYTES: u64 = 8 << 20;

/// How a plan is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub threads: usize,
    pub method: Method,
    pub histogram: Histogram,
}

/// Runs a plan; one result an item, in the plan's order. An item that cannot be read is an error of its own.
///
/// # Errors
/// `Cancelled`; `FileChanged` when a file is no longer what it was when it was opened; `Internal`.
pub fn run(plan: &Plan, options: Options, observer: &Observer) -> Result<Outcome> {
    run_on(Isa::detect(), plan, options, observer)
}

fn run_on(isa: Isa, plan: &Plan, options: Options, observer: &Observer) -> Result<Outcome> {
    let run = Run::new(isa, plan, options, observer)?;
    observer.start(run.bytes(), plan.items.len() as u64);
    workers::run(options.threads, &run.stop, || run.work())?;
    plan.old.verify()?;
    plan.new.verify()?;
    Ok(run.into_outcome())
}

/// What a plan came to, in its order.
#[derive(Debug)]
pub struct Outcome {
    pub pairs: Vec<Result<PairStats>>,
    pub distributions: Vec<Distribution>,
    /// Whether the bits of the two sides could be compared, so that `bit_changed` counts something.
    pub bits_compared: Vec<bool>,
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
    /// Where the parts of an item meet; none for an item of one unit, which most are.
    trees: Vec<Option<Box<Tree>>>,
    results: Vec<OnceLock<Result<PairStats>>>,
    distributions: Vec<Mutex<Distribution>>,
    stop: Stop,
}

impl<'a> Run<'a> {
    /// Many thousand items take a while to put in order, so the wish to stop is looked at between the steps.
    fn new(isa: Isa, plan: &'a Plan, options: Options, observer: &'a Observer) -> Result<Self> {
        observer.check()?;
        let mut order: Vec<usize> = (0..plan.items.len()).collect();
        order.sort_by_cached_key(|&index| {
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
        observer.check()?;
        let mut total = 0;
        let ends = order
            .iter()
            .map(|&index| {
                total += units(elements(plan.items[index]));
                total
            })
            .collect();
        observer.check()?;
        let trees = plan
            .items
            .iter()
            .map(|&item| units(elements(item)))
            .map(|units| (units > 1).then(|| Box::new(Tree::new(units))))
            .collect();
        let results = plan.items.iter().map(|_| OnceLock::new()).collect();
        observer.check()?;
        Ok(Self {
            plan,
            options,
            observer,
            isa,
            order,
            ends,
            next: AtomicU64::new(0),
            trees,
            results,
            distributions: plan.items.iter().map(|_| Mutex::default()).collect(),
            stop: Stop::default(),
        })
    }

    /// Bytes of both sides together, as they are stored: what progress counts.
    fn bytes(&self) -> u64 {
        let items = self.plan.items.iter();
        items
            .map(|&item| self.bytes_of(item, 0, elements(item)))
            .sum()
    }

    /// The same of the elements `start .. end` of an item.
    #[inline]
    fn bytes_of(&self, item: Item, start: u64, end: u64) -> u64 {
        let side = |view: Option<View>, checkpoint: &Checkpoint| {
            let view = view?;
            let tensor = checkpoint.tensors.get(view.tensor)?;
            Some(tensor.stored_bytes(view.start + start..view.start + end))
        };
        side(item.old, &self.plan.old).unwrap_or(0) + side(item.new, &self.plan.new).unwrap_or(0)
    }

    /// What each thread does until nothing is left.
    fn work(&self) {
        let mut scratch = Worker::default();
        let mut slot = 0;
        while !self.stop.is_set() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            // The numbers of a thread only grow, and by few.
            while self.ends.get(slot).is_some_and(|&end| end <= number) {
                slot += 1;
            }
            let Some(&index) = self.order.get(slot) else {
                return;
            };
            let first = if slot == 0 { 0 } else { self.ends[slot - 1] };
            let done = self.unit(index, number - first, &mut scratch);
            scratch.sample.pour(&self.distributions[index]);
            if done.as_ref().is_err_and(|error| self.stop.on(error)) {
                return;
            }
            let result = match &self.trees[index] {
                None => Some(done),
                Some(tree) => tree.insert(number - first, done),
            };
            if let Some(result) = result {
                let _ = self.results[index].set(result);
                self.observer.add_tensors(1);
            }
        }
    }

    /// The chunks of one unit, merged in their tree.
    fn unit(&self, index: usize, number: u64, worker: &mut Worker) -> Result<PairStats> {
        let item = self.plan.items[index];
        let first = number * UNIT * CHUNK as u64;
        let end = elements(item).min(first + UNIT * CHUNK as u64);
        let mut done = 0;
        let merged = self.unit_of(item, (first, end), &mut done, worker);
        // What an error keeps from being read is over with, too.
        let all = self.bytes_of(item, first, end);
        self.observer.add_bytes(all.saturating_sub(done));
        merged
    }

    /// Adds the bytes of the pieces before the last one to `done`, once they were read.
    #[inline]
    fn unit_of(
        &self,
        item: Item,
        (first, end): (u64, u64),
        done: &mut u64,
        worker: &mut Worker,
    ) -> Result<PairStats> {
        let once = self.is_same(item);
        // Of what is less than a chunk there is one piece, whatever it is.
        let piece = if end - first <= CHUNK as u64 {
            CHUNK
        } else {
            self.piece(item)
        };
        worker.pending.clear();
        // A tensor of no elements may have its error too.
        readable(&self.plan.old, item.old)?;
        readable(&self.plan.new, item.new)?;
        for start in (first..end).step_by(piece) {
            self.observer.check()?;
            self.stop.check()?;
            let count = (end - start).min(piece as u64) as usize;
            self.piece_of(item, once, start, count, worker)?;
            // The last piece is counted with the unit.
            let next = start + count as u64;
            if next < end {
                let bytes = self.bytes_of(item, start, next);
                *done += bytes;
                self.observer.add_bytes(bytes);
            }
        }
        let read: u64 = worker.scratch.iter_mut().map(Scratch::take_read).sum();
        self.observer.add_read(read);
        let threads = self.options.threads;
        release(item.old, &self.plan.old, first, end, threads);
        if !once {
            release(item.new, &self.plan.new, first, end, threads);
        }
        Ok(join_rest(&mut worker.pending))
    }

    /// Elements that are read at once: whole chunks; a single one of complex numbers, whose parts are twice as many.
    fn piece(&self, item: Item) -> usize {
        let complex = |view: Option<View>, checkpoint: &Checkpoint| {
            view.and_then(|view| checkpoint.tensors.get(view.tensor))
                .is_some_and(|tensor| tensor.dtype.component().is_some())
        };
        if complex(item.old, &self.plan.old) || complex(item.new, &self.plan.new) {
            return CHUNK;
        }
        let sides = [(item.old, &self.plan.old), (item.new, &self.plan.new)];
        let tensors = || {
            sides.iter().filter_map(|(view, checkpoint)| {
                Some((*checkpoint, checkpoint.tensors.get((*view)?.tensor)?))
            })
        };
        let item_bytes = tensors().map(|(_, tensor)| tensor.dtype.bytes()).max();
        let chunk = item_bytes.unwrap_or(1).max(1) * CHUNK as u64;
        let [few, many] =
            [PIECE_BYTES, VIEW_BYTES].map(|bytes| (bytes / chunk).clamp(1, UNIT) * CHUNK as u64);
        let elements =
            tensors().map(|(checkpoint, tensor)| gather::at_once(checkpoint, tensor, few, many));
        elements.max().unwrap_or(few) as usize
    }

    /// Whether both sides are the same bytes of the same file: those are read once.
    fn is_same(&self, item: Item) -> bool {
        let (Some(old), Some(new)) = (item.old, item.new) else {
            return false;
        };
        let (Some(a), Some(b)) = (
            self.plan.old.tensors.get(old.tensor),
            self.plan.new.tensors.get(new.tensor),
        ) else {
            return false;
        };
        let (Layout::Span(p), Layout::Span(q)) = (&a.layout, &b.layout) else {
            return false;
        };
        let (Some(source_a), Some(source_b)) = (
            self.plan.old.sources.get(p.source as usize),
            self.plan.new.sources.get(q.source as usize),
        ) else {
            return false;
        };
        let first = |span: &Span, tensor: &Tensor, view: View| {
            span.offset + tensor.stored_bytes(0..view.start)
        };
        b.error.is_none()
            && a.dtype == b.dtype
            && a.order == b.order
            && a.map == b.map
            && a.quant.is_none()
            && b.quant.is_none()
            && first(p, a, old) == first(q, b, new)
            && (Arc::ptr_eq(source_a, source_b)
                || source_a
                    .file_identity()
                    .is_some_and(|id| Some(id) == source_b.file_identity()))
    }

    fn piece_of(
        &self,
        item: Item,
        once: bool,
        start: u64,
        count: usize,
        worker: &mut Worker,
    ) -> Result<()> {
        let plan = self.plan;
        sparse::check(&plan.old, item.old, &plan.new, item.new, start, count)?;
        let complex = complex::parts(&plan.old, item.old, &plan.new, item.new)?;
        let Worker {
            scratch: [scratch_old, scratch_new],
            pending,
            sample,
        } = worker;
        let old = read(&self.plan.old, item.old, start, count, scratch_old)?;
        let new = if once {
            old
        } else {
            read(&self.plan.new, item.new, start, count, scratch_new)?
        };
        if complex {
            if let (Some(a), Some(b)) = (old, new) {
                sample.take_complex(elements(item), a, b, self.options.histogram);
            }
            push(pending, self.chunk(old, new, count, true));
        } else if count <= CHUNK {
            sample.take(elements(item), old, new, self.options.histogram);
            push(pending, self.chunk(old, new, count, false));
        } else {
            for at in (0..count).step_by(CHUNK) {
                let length = CHUNK.min(count - at);
                let [a, b] = [old, new].map(|side| side.map(|side| side.part(at, length)));
                sample.take(elements(item), a, b, self.options.histogram);
                push(pending, self.chunk(a, b, length, false));
            }
        }
        Ok(())
    }

    fn chunk(
        &self,
        old: Option<Operand>,
        new: Option<Operand>,
        count: usize,
        complex: bool,
    ) -> PairStats {
        let method = self.options.method;
        let alone = |operand| describe_chunk(operand, complex, method, self.isa);
        match (old, new) {
            (Some(a), Some(b)) if complex => complex::compare(a, b, method, self.isa),
            (Some(a), Some(b)) => kernel::compare(a, b, method, self.isa),
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
        }
    }

    fn into_outcome(self) -> Outcome {
        let missing = || Err(Error::new(Code::Internal, "parts of a tensor are missing"));
        let bits_compared = self
            .plan
            .items
            .iter()
            .map(|item| {
                let bits = |view: Option<View>, checkpoint: &Checkpoint| {
                    view.and_then(|view| checkpoint.tensors.get(view.tensor))
                        .and_then(|tensor| gather::bits(checkpoint, tensor))
                };
                let old = bits(item.old, &self.plan.old);
                old.is_some() && old == bits(item.new, &self.plan.new)
            })
            .collect();
        let pairs = self
            .results
            .into_iter()
            .map(|result| result.into_inner().unwrap_or_else(missing))
            .collect();
        let distributions = self
            .distributions
            .into_iter()
            .map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect();
        Outcome {
            pairs,
            distributions,
            bits_compared,
        }
    }
}

/// Reused memory of one thread.
#[derive(Default)]
struct Worker {
    scratch: [Scratch; 2],
    pending: Vec<(u32, PairStats)>,
    sample: Sample,
}

/// What was read of a tensor need not stay resident. A thread that is behind the others maps the edges of its unit once more after they
/// were released; so what lies further back than threads are apart, as a rule, is released again.
pub(super) fn release(
    view: Option<View>,
    checkpoint: &Checkpoint,
    first: u64,
    end: u64,
    threads: usize,
) {
    let Some(view) = view else { return };
    let Some(tensor) = checkpoint.tensors.get(view.tensor) else {
        return;
    };
    let (Layout::Span(span) | Layout::Packed { span, .. }) = &tensor.layout else {
        return release_view(view, tensor, checkpoint, first, end);
    };
    if let Some(source) = checkpoint.sources.get(span.source as usize) {
        let (first, end) = (view.start + first, view.start + end);
        let offset = span.offset + tensor.stored_bytes(0..first);
        let length = tensor.stored_bytes(first..end);
        source.release(offset, length as usize);
        let apart = tensor.stored_bytes(0..APART * threads as u64 * UNIT * CHUNK as u64);
        if let Some(behind) = offset.checked_sub(apart + length) {
            source.release(behind, length as usize);
        }
    }
}

/// Slices are done with from start to end as plain tensors are. Of what is turned every unit needs all of the storage, so it is let go once, by the
/// unit at the end.
fn release_view(view: View, tensor: &Tensor, checkpoint: &Checkpoint, first: u64, end: u64) {
    let Layout::Strided {
        storage,
        offset,
        strides,
    } = &tensor.layout
    else {
        return;
    };
    let Some(source) = checkpoint.sources.get(storage.source as usize) else {
        return;
    };
    let item = tensor.dtype.bytes();
    let reach = strided::reach(
        &tensor.shape,
        strides,
        (view.start + first, view.start + end),
    );
    match reach {
        Some((from, to)) => {
            let start = storage.offset + (offset + from) * item;
            source.release(start, ((to - from) * item) as usize);
        }
        None if end == view.elements => source.release(storage.offset, storage.bytes as usize),
        None => {}
    }
}

/// # Errors
/// What was wrong with the tensor when it was opened, or with the places of its elements.
fn readable(checkpoint: &Checkpoint, view: Option<View>) -> Result<()> {
    let tensor = view.and_then(|view| checkpoint.tensors.get(view.tensor));
    let Some(tensor) = tensor else { return Ok(()) };
    if let Some(error) = &tensor.error {
        return Err(error.clone().tensor(&tensor.name).at(&checkpoint.path));
    }
    // Those of elements that are read are looked at then.
    if tensor.elements == 0 {
        sparse::places(checkpoint, tensor)?;
    }
    Ok(())
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

fn describe_chunk(operand: Operand, complex: bool, method: Method, isa: Isa) -> Own {
    if complex {
        complex::describe(operand, method, isa)
    } else {
        kernel::describe(operand, method, isa)
    }
}

/// Statistics of one tensor on the calling thread.
///
/// # Errors
/// When the tensor cannot be read.
pub fn describe(checkpoint: &Checkpoint, tensor: &Tensor, view: View) -> Result<Own> {
    let method = Method::default();
    let complex = tensor.dtype.component().is_some();
    let mut scratch = Scratch::default();
    let mut pending: Vec<(u32, PairStats)> = Vec::new();
    readable(checkpoint, Some(view))?;
    for start in (0..view.elements).step_by(CHUNK) {
        let count = (view.elements - start).min(CHUNK as u64) as usize;
        let operand = gather::operand(checkpoint, tensor, view.start + start, count, &mut scratch)?;
        let old = describe_chunk(operand, complex, method, Isa::detect());
        push(
            &mut pending,
            PairStats {
                old,
                ..PairStats::default()
            },
        );
    }
    Ok(join_rest(&mut pending).old)
}

#[cfg(test)]
mod tests;
