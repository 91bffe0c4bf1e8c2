//! Compares the items of a plan: a *unit* is up to [`UNIT`] neighbouring chunks of the items of a row, an aligned part
//! of their [`Tree`]s. Threads take units in the order of the files.

mod row;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::UNIT;
use super::plan::{Input, Item, Plan, TOGETHER};
use super::queue::{Place, Queue};
use super::release::release;
use super::sample::{Distribution, Histogram, Sample};
use super::tree::{Tree, join_rest, push};
use super::workers::{self, Stop};
use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, CHUNK, Isa, Method, Operand, Parts, complex};
use crate::observe::Observer;
use crate::read::{As, Read, Reader, Scratch, check_places};
use crate::stats::{Own, PairStats};
use crate::tensor::Tensor;
use row::{INPUTS, Kept, Readers, Row, Types};

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

/// What a plan came to, in its order.
#[derive(Debug)]
pub struct Outcome {
    pub pairs: Vec<Result<PairStats>>,
    pub distributions: Vec<Distribution>,
    /// Whether the bits of the two sides could be compared, so that `bit_changed` counts something.
    pub bits_compared: Vec<bool>,
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
    plan.verify()?;
    Ok(run.into_outcome())
}

struct Run<'a> {
    plan: &'a Plan,
    options: Options,
    observer: &'a Observer,
    isa: Isa,
    /// Items that are read together, in the order of the files.
    rows: Vec<Range<usize>>,
    /// Readers of the rows at work, where making them anew for each unit costs something.
    readers: Vec<Kept<'a>>,
    queue: Queue,
    /// Where the parts of an item meet; none for an item of one unit, which most are.
    trees: Vec<Option<Box<Tree>>>,
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
}

impl<'a> Run<'a> {
    /// Many thousand items take a while to put in order, so the wish to stop is looked at between the steps.
    fn new(isa: Isa, plan: &'a Plan, options: Options, observer: &'a Observer) -> Result<Self> {
        observer.check()?;
        let mut rows = plan.rows();
        let first = |row: &Range<usize>| {
            let item = plan.items[row.start];
            let place = |input: Option<Input>| {
                input.and_then(|input| Some((input.side, plan.tensor(input)?.position())))
            };
            (
                place(item.old).or(place(item.new)).map(|(_, place)| place),
                row.start,
            )
        };
        rows.sort_by_cached_key(first);
        observer.check()?;
        let units_of = |item: &Item| units(item.elements());
        let queue = Queue::new(rows.iter().map(|row| units_of(&plan.items[row.start])));
        observer.check()?;
        let items = || plan.items.iter();
        let trees = items()
            .map(units_of)
            .map(|units| (units > 1).then(|| Box::new(Tree::new(units))))
            .collect();
        observer.check()?;
        Ok(Self {
            plan,
            options,
            observer,
            isa,
            readers: rows.iter().map(|_| Mutex::default()).collect(),
            rows,
            queue,
            trees,
            results: items().map(|_| OnceLock::new()).collect(),
            distributions: items().map(|_| Mutex::default()).collect(),
            bits_compared: items().map(|_| AtomicBool::new(false)).collect(),
            stop: Stop::default(),
        })
    }

    /// Bytes of all sides together, as they are stored: what progress counts.
    fn bytes(&self) -> u64 {
        let rows = self.rows.iter();
        rows.map(|row| {
            let items = &self.plan.items[row.clone()];
            self.bytes_of(items, 0, items[0].elements())
        })
        .sum()
    }

    /// The same of the elements `start .. end` of the items of a row.
    #[inline]
    fn bytes_of(&self, items: &[Item], start: u64, end: u64) -> u64 {
        let of = |input: Option<Input>| {
            let input = input?;
            let tensor = self.plan.tensor(input)?;
            Some(tensor.stored_bytes(input.start + start..input.start + end))
        };
        let new = items.first().and_then(|item| of(item.new));
        let old = items.iter().filter_map(|item| of(item.old));
        new.unwrap_or(0) + old.sum::<u64>()
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

    fn kept(&self, row: usize) -> MutexGuard<'_, Option<Arc<Readers<'a>>>> {
        self.readers[row]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The chunks of one unit, those of each item merged in their tree.
    fn unit(&self, number: usize, unit: u64, worker: &mut Worker) {
        let items = &self.plan.items[self.rows[number].clone()];
        let row = Row::new(self.plan, items);
        let mut tensors = row.tensors.iter().flatten();
        if tensors.all(|tensor| Reader::is_cheap(tensor)) {
            let readers = Readers::new(self.plan, &row);
            self.unit_with(number, unit, (&row, &readers), worker);
            return;
        }
        let readers = Arc::clone(
            self.kept(number)
                .get_or_insert_with(|| Arc::new(Readers::new(self.plan, &row))),
        );
        let is_over = self.unit_with(number, unit, (&row, &readers), worker);
        if is_over {
            *self.kept(number) = None;
        }
    }

    /// Whether it was the last one of its row.
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
        let first = unit * UNIT * CHUNK as u64;
        let all = at_work.items[0].elements();
        let end = all.min(first + UNIT * CHUNK as u64);
        let stopped = at_work.compare((first, end), worker);
        // What an error keeps from being read is over with, too.
        let bytes = self.bytes_of(at_work.items, first, end);
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
            let result = match &self.trees[index] {
                None => Some(done),
                Some(tree) => tree.insert(unit, done),
            };
            if let Some(result) = result {
                let _ = self.results[index].set(result);
                self.observer.add_tensors(1);
                is_over = true;
            }
        }
        is_over
    }

    fn into_outcome(self) -> Outcome {
        let missing = || Err(Error::new(Code::Internal, "parts of a tensor are missing"));
        let results = self.results.into_iter();
        let distributions = self.distributions.into_iter();
        Outcome {
            pairs: results
                .map(|result| result.into_inner().unwrap_or_else(missing))
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
}

/// A unit at work. An error of an input is one of the items that need it; the others go on.
struct Unit<'u, 'a> {
    run: &'u Run<'a>,
    items: &'u [Item],
    row: &'u Row<'a>,
    readers: &'u Readers<'a>,
    types: [Option<Types>; TOGETHER],
    errors: [Option<Box<Error>>; TOGETHER],
    /// Bytes that progress knows of.
    done: u64,
}

impl Unit<'_, '_> {
    /// # Errors
    /// That the run is to stop.
    fn compare(&mut self, (first, end): (u64, u64), worker: &mut Worker) -> Result<()> {
        let run = self.run;
        for at in 0..self.items.len() {
            worker.pending[at].clear();
            match self.readers.of(self.row.slots[at]).and_then(Types::of) {
                Ok(types) => self.types[at] = Some(types),
                Err(error) => self.errors[at] = Some(Box::new(error)),
            }
        }
        // Of what is less than a chunk there is one piece, whatever it is.
        let piece = if end - first <= CHUNK as u64 {
            CHUNK
        } else {
            self.piece()
        };
        for start in (first..end).step_by(piece) {
            run.observer.check()?;
            run.stop.check()?;
            let count = (end - start).min(piece as u64) as usize;
            if !self.in_parts(start, count, worker) {
                self.piece_of(start, count, worker);
            }
            if self.errors[..self.items.len()].iter().all(Option::is_some) {
                break;
            }
            // The last piece is counted with the unit.
            let next = start + count as u64;
            if next < end {
                let bytes = run.bytes_of(self.items, start, next);
                self.done += bytes;
                run.observer.add_bytes(bytes);
            }
        }
        let read: u64 = worker.scratch.iter_mut().map(Scratch::take_read).sum();
        run.observer.add_read(read);
        self.release(first, end);
        Ok(())
    }

    /// Elements that are read at once: whole chunks; a single one of complex numbers, whose parts are twice as many.
    fn piece(&self) -> usize {
        if self.types.iter().flatten().any(|types| types.are_complex) {
            return CHUNK;
        }
        let tensors = self.row.tensors.iter().flatten();
        let item_bytes = tensors.map(|tensor| tensor.dtype.bytes()).max();
        let chunk = item_bytes.unwrap_or(1).max(1) * CHUNK as u64;
        let [few, many] =
            [PIECE_BYTES, VIEW_BYTES].map(|bytes| (bytes / chunk).clamp(1, UNIT) * CHUNK as u64);
        let readers = self.readers.0.iter().flatten().flatten();
        let elements = readers.map(|reader| reader.at_once(few, many)).max();
        elements.unwrap_or(few) as usize
    }

    fn piece_of(&mut self, start: u64, count: usize, worker: &mut Worker) {
        let Worker {
            scratch,
            pending,
            sample,
        } = worker;
        let mut operands = [None; INPUTS];
        for (slot, scratch) in scratch.iter_mut().enumerate() {
            let (Some(input), Some(tensor)) = (self.row.inputs[slot], self.row.tensors[slot])
            else {
                break;
            };
            let Some(Ok(reader)) = &self.readers.0[slot] else {
                continue;
            };
            if !self.is_needed(slot) {
                continue;
            }
            match reader.read(input.start + start, count, scratch) {
                Ok(operand) => operands[slot] = Some(operand),
                Err(error) => self.fail(slot, self.run.named(error, input, tensor)),
            }
        }
        for (at, item) in self.items.iter().enumerate() {
            if self.errors[at].is_some() {
                continue;
            }
            if let Err(error) = self.check_places(at, item, start, count) {
                self.errors[at] = Some(Box::new(error));
                continue;
            }
            let sides = self.row.slots[at].map(|slot| operands[slot?]);
            let are_complex = self.types[at].is_some_and(|types| types.are_complex);
            let of = (item.elements(), count, are_complex);
            self.run
                .chunks_of(sides, of, &mut pending[at], &mut sample[at]);
        }
    }

    /// Compares a piece without writing its elements to memory, where they have to be made and can be part by part. Whether it did.
    fn in_parts(&mut self, start: u64, count: usize, worker: &mut Worker) -> bool {
        let ([item], [Some(Ok(old)), Some(Ok(new)), ..]) = (self.items, &self.readers.0) else {
            return false;
        };
        let is_made = matches!(old, Reader::Made(_)) || matches!(new, Reader::Made(_));
        let Options {
            method, histogram, ..
        } = self.run.options;
        if !is_made
            || self.errors[0].is_some()
            || self.types[0].is_none_or(|types| types.are_complex)
            || !histogram.needs_beginnings(item.elements())
            || !(old.comes_in_parts() && new.comes_in_parts())
        {
            return false;
        }
        let mut sides = Sides {
            unit: self,
            readers: [old, new],
            start,
            scratch: &mut worker.scratch,
            sample: &mut worker.sample[0],
        };
        for at in (0..count).step_by(CHUNK) {
            sides.start = start + at as u64;
            let length = CHUNK.min(count - at);
            let isa = self.run.isa;
            let done = kernel::compare_parts(length, method, isa, &mut sides).and_then(|done| {
                if let Some(stats) = done {
                    return Ok(stats);
                }
                let [a, b] = sides.read(0, length)?;
                Ok(kernel::compare(a, b, method, isa))
            });
            match done {
                Ok(stats) => push(&mut worker.pending[0], stats),
                Err(error) => {
                    self.errors[0] = Some(Box::new(error));
                    break;
                }
            }
        }
        true
    }

    /// An input that cannot be read is the error of every item that needs it.
    #[cold]
    fn fail(&mut self, slot: usize, error: Error) {
        for (slots, failed) in self.row.slots.iter().zip(&mut self.errors) {
            if slots.contains(&Some(slot)) {
                failed.get_or_insert_with(|| Box::new(error.clone()));
            }
        }
    }

    /// Whether an item that has no error needs an input.
    fn is_needed(&self, input: usize) -> bool {
        let slots = self.row.slots.iter().zip(&self.errors);
        slots
            .take(self.items.len())
            .any(|(slots, error)| error.is_none() && slots.contains(&Some(input)))
    }

    fn check_places(&self, at: usize, item: &Item, start: u64, count: usize) -> Result<()> {
        let [Some(a), Some(b)] = self.readers.of(self.row.slots[at])? else {
            return Ok(());
        };
        let (Some(old), Some(new)) = (item.old, item.new) else {
            return Ok(());
        };
        let name = self.run.plan.tensor(old).map_or("", |tensor| &tensor.name);
        check_places(
            [(a, old.start + start), (b, new.start + start)],
            count,
            name,
        )
    }

    /// What was read of a tensor need not stay resident.
    fn release(&self, first: u64, end: u64) {
        let threads = self.run.options.threads;
        let inputs = self
            .row
            .inputs
            .iter()
            .zip(self.row.tensors)
            .zip(&self.readers.0);
        for ((input, tensor), reader) in inputs {
            if let (Some(input), Some(tensor), Some(Ok(reader))) = (input, tensor, reader) {
                let range = (input.start + first, input.start + end);
                release(reader, tensor, range, end == input.elements, threads);
            }
        }
    }
}

/// Both sides of an item, part by part.
struct Sides<'p, 'u, 'a> {
    unit: &'p Unit<'u, 'a>,
    readers: [&'u Reader<'a>; 2],
    /// First element of the chunk at work.
    start: u64,
    scratch: &'p mut [Scratch; INPUTS],
    sample: &'p mut Sample,
}

impl Sides<'_, '_, '_> {
    fn read(&mut self, start: usize, count: usize) -> Result<[Operand<'_>; 2]> {
        let first = self.start + start as u64;
        read_sides(self.unit, self.readers, first, count, self.scratch)
    }
}

fn read_sides<'s>(
    unit: &Unit,
    readers: [&'s Reader; 2],
    start: u64,
    count: usize,
    [old, new, ..]: &'s mut [Scratch; INPUTS],
) -> Result<[Operand<'s>; 2]> {
    let read = |slot: usize, scratch| {
        let (Some(input), Some(tensor)) = (unit.row.inputs[slot], unit.row.tensors[slot]) else {
            return Err(Error::new(Code::Internal, "side of a pair is missing"));
        };
        readers[slot]
            .read(input.start + start, count, scratch)
            .map_err(|error| unit.run.named(error, input, tensor))
    };
    Ok([read(0, old)?, read(1, new)?])
}

impl Parts for Sides<'_, '_, '_> {
    fn part(&mut self, start: usize, count: usize) -> Result<[Operand<'_>; 2]> {
        let Self {
            unit,
            readers,
            start: first,
            scratch,
            sample,
        } = self;
        let [a, b] = read_sides(unit, *readers, *first + start as u64, count, scratch)?;
        if start == 0 {
            let elements = unit.items[0].elements();
            let histogram = unit.run.options.histogram;
            sample.take(elements, Some(a), Some(b), histogram);
        }
        Ok([a, b])
    }
}

impl Run<'_> {
    fn named(&self, error: Error, input: Input, tensor: &Tensor) -> Error {
        let error = error.tensor(&tensor.name);
        match self.plan.checkpoint(input) {
            Some(checkpoint) => error.at(&checkpoint.path),
            None => error,
        }
    }

    /// Adds the chunks of a piece of one item of so many elements.
    fn chunks_of(
        &self,
        [old, new]: [Option<Operand>; 2],
        (elements, count, are_complex): (u64, usize, bool),
        pending: &mut Vec<(u32, PairStats)>,
        sample: &mut Sample,
    ) {
        let histogram = self.options.histogram;
        if are_complex {
            if let (Some(a), Some(b)) = (old, new) {
                sample.take_complex(elements, a, b, histogram);
            }
            push(pending, self.chunk(old, new, count, true));
        } else if count <= CHUNK {
            sample.take(elements, old, new, histogram);
            push(pending, self.chunk(old, new, count, false));
        } else {
            for at in (0..count).step_by(CHUNK) {
                let length = CHUNK.min(count - at);
                let [a, b] = [old, new].map(|side| side.map(|side| side.part(at, length)));
                sample.take(elements, a, b, histogram);
                push(pending, self.chunk(a, b, length, false));
            }
        }
    }

    fn chunk(
        &self,
        old: Option<Operand>,
        new: Option<Operand>,
        count: usize,
        are_complex: bool,
    ) -> PairStats {
        let method = self.options.method;
        let alone = |operand| describe_chunk(operand, are_complex, method, self.isa);
        match (old, new) {
            (Some(a), Some(b)) if are_complex => complex::compare(a, b, method, self.isa),
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
}

/// At least one, so that an empty tensor gets its result too.
fn units(elements: u64) -> u64 {
    elements.div_ceil(UNIT * CHUNK as u64).max(1)
}

fn describe_chunk(operand: Operand, is_complex: bool, method: Method, isa: Isa) -> Own {
    if is_complex {
        complex::describe(operand, method, isa)
    } else {
        kernel::describe(operand, method, isa)
    }
}

/// Statistics of one tensor on the calling thread.
///
/// # Errors
/// When the tensor cannot be read.
pub fn describe(checkpoint: &Checkpoint, tensor: &Tensor) -> Result<Own> {
    let method = Method::default();
    let reader = Reader::new(checkpoint, tensor, As::Values)?;
    let is_complex = reader.dtype().component().is_some();
    let mut scratch = Scratch::default();
    let mut pending: Vec<(u32, PairStats)> = Vec::new();
    reader.places()?;
    let all = tensor.units();
    for start in (0..all).step_by(CHUNK) {
        let count = (all - start).min(CHUNK as u64) as usize;
        let operand = reader.read(start, count, &mut scratch)?;
        let old = describe_chunk(operand, is_complex, method, Isa::detect());
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
