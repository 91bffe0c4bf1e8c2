//! A unit at work: its pieces are read, and each item of the row is compared.

use super::pair::Pair;
use super::row::{INPUTS, Readers, Row, Types};
use super::sides::in_parts;
use super::tiles::{in_tiles, tiling};
use super::{Run, Worker};
use crate::engine::describe::describe_chunk;
use crate::engine::piece::few_and_many;
use crate::engine::plan::{Item, TOGETHER};
use crate::engine::release::release;
use crate::engine::sample::Sample;
use crate::engine::tree::push;
use crate::error::{Error, Result};
use crate::kernel::{self, CHUNK, Elements, complex};
use crate::read::{PIECE, Read, check_places};
use crate::stats::PairStats;

/// A unit at work. An error of an input is one of the items that need it; the others go on.
pub(super) struct Unit<'u, 'a> {
    pub(super) run: &'u Run<'a>,
    pub(super) items: &'u [Item],
    pub(super) row: &'u Row<'a>,
    pub(super) readers: &'u Readers<'a>,
    pub(super) types: [Option<Types>; TOGETHER],
    pub(super) errors: [Option<Box<Error>>; TOGETHER],
    /// Bytes that progress knows of.
    pub(super) done: u64,
}

impl<'u, 'a> Unit<'u, 'a> {
    /// # Errors
    /// That the run is to stop.
    pub(super) fn compare(&mut self, (first, end): (u64, u64), worker: &mut Worker) -> Result<()> {
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
            if !self.without_memory(start, count, worker) {
                self.piece_of(start, count, worker);
            }
            if self.errors[..self.items.len()].iter().all(Option::is_some) {
                break;
            }
            // The last piece is counted with the unit.
            let next = start + count as u64;
            if next < end {
                let bytes = run.plan.bytes_of(self.items, start, next);
                self.done += bytes;
                run.observer.add_bytes(bytes);
            }
        }
        run.count_read(&mut worker.scratch);
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
        let [few, many] = few_and_many(item_bytes.unwrap_or(1));
        if let [Some(Ok(old)), Some(Ok(new)), None, ..] = &self.readers.of
            && tiling([old, new]).is_some()
        {
            return PIECE as usize;
        }
        let readers = self.readers.of.iter().flatten().flatten();
        let elements = readers.map(|reader| reader.at_once(few, many)).max();
        elements.unwrap_or(few) as usize
    }

    fn piece_of(&mut self, start: u64, count: usize, worker: &mut Worker) {
        let Worker {
            scratch,
            pending,
            sample,
            ..
        } = worker;
        let mut operands = [None; INPUTS];
        for (slot, scratch) in scratch.iter_mut().enumerate() {
            let (Some(input), Some(tensor)) = (self.row.inputs[slot], self.row.tensors[slot])
            else {
                break;
            };
            let Some(Ok(reader)) = &self.readers.of[slot] else {
                continue;
            };
            if !self.is_needed(slot) {
                continue;
            }
            match reader.read(input.start + start, count, scratch) {
                Ok(operand) => operands[slot] = Some(operand),
                Err(error) => self.fail(slot, &self.run.named(error, input, tensor)),
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

    /// Compares a piece without writing its elements to memory, where that can be. Whether it did.
    fn without_memory(&mut self, start: u64, count: usize, worker: &mut Worker) -> bool {
        let Some(pair) = self.pair() else {
            return false;
        };
        let place = (start, count);
        let done = in_tiles(&pair, place, worker)
            .and_then(|done| Ok(done || in_parts(&pair, place, worker)?));
        done.unwrap_or_else(|error| {
            self.errors[0] = Some(Box::new(error));
            true
        })
    }

    /// The sides of the only item, where no more is asked of it than its sums and the beginnings of its chunks.
    fn pair(&self) -> Option<Pair<'u, 'a>> {
        let [item] = self.items else {
            return None;
        };
        let is_real = self.types[0].is_some_and(|types| !types.are_complex);
        let histogram = self.run.options.histogram;
        (self.errors[0].is_none() && is_real && histogram.needs_beginnings(item.elements()))
            .then(|| Pair::new(self.run, self.row, self.readers))?
    }

    /// An input that cannot be read is the error of every item that needs it.
    #[cold]
    fn fail(&mut self, slot: usize, error: &Error) {
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
            .zip(&self.readers.of);
        for ((input, tensor), reader) in inputs {
            if let (Some(input), Some(tensor), Some(Ok(reader))) = (input, tensor, reader) {
                let range = (input.start + first, input.start + end);
                release(reader, tensor, range, end == input.elements, threads);
            }
        }
    }
}

impl Run<'_> {
    /// Adds the chunks of a piece of one item of so many elements.
    fn chunks_of(
        &self,
        [old, new]: [Option<Elements>; 2],
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
        old: Option<Elements>,
        new: Option<Elements>,
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
