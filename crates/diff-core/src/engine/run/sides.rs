//! Both sides of an item whose elements need not be written to memory: out of maps block by block, or made part by part.

use super::Worker;
use super::pair::Pair;
use super::row::INPUTS;
use crate::engine::sample::{SAMPLE, Sample};
use crate::engine::tree::push;
use crate::error::Result;
use crate::kernel::{self, BLOCK, CHUNK, Elements, Foreseen, Part, Parts};
use crate::read::{Bytes, Lent, Read, Reader, Scratch};
use crate::stats::PairStats;

/// Compares a piece of a pair whose elements have to be made, where they can be part by part. Whether it did.
///
/// # Errors
/// What keeps a side from being read.
pub(super) fn in_parts(
    pair: &Pair,
    (start, count): (u64, usize),
    worker: &mut Worker,
) -> Result<bool> {
    let [old, new] = pair.readers;
    let is_made = matches!(old, Reader::Made(_)) || matches!(new, Reader::Made(_));
    if !(is_made && old.comes_in_parts() && new.comes_in_parts()) {
        return Ok(false);
    }
    let mut sides = Sides::new(pair, &mut worker.scratch, &mut worker.sample[0]);
    for at in (0..count).step_by(CHUNK) {
        let stats = sides.chunk(start + at as u64, CHUNK.min(count - at))?;
        push(&mut worker.pending[0], stats);
    }
    Ok(true)
}

/// Both sides of an item, part by part.
struct Sides<'p, 'u, 'a> {
    pair: &'p Pair<'u, 'a>,
    /// First element of the chunk at work.
    start: u64,
    /// Whether both sides of that chunk are made of equal bytes, so that one of them is read.
    is_one: bool,
    bytes: Bytes,
    /// That chunk where it lies in maps.
    lent: Option<[Lent<'u>; 2]>,
    scratch: &'p mut [Scratch; INPUTS],
    sample: &'p mut Sample,
}

impl<'p, 'u, 'a> Sides<'p, 'u, 'a> {
    fn new(
        pair: &'p Pair<'u, 'a>,
        scratch: &'p mut [Scratch; INPUTS],
        sample: &'p mut Sample,
    ) -> Self {
        Self {
            pair,
            start: 0,
            is_one: false,
            bytes: Bytes::default(),
            lent: None,
            scratch,
            sample,
        }
    }

    /// Compares the chunk of `count` elements that begins with element `start` of the item.
    ///
    /// # Errors
    /// What keeps it from being read.
    fn chunk(&mut self, start: u64, count: usize) -> Result<PairStats> {
        self.start = start;
        self.begin(count);
        let run = self.pair.run;
        match kernel::compare_parts(count, run.options.method, run.isa, self)? {
            Some(stats) => Ok(stats),
            None => self.compare(count),
        }
    }

    /// Looks whether a chunk is made of equal bytes on both sides; those of the new one count as read with that.
    fn look_at_bytes(&mut self, count: usize) {
        let Some(twin) = self.pair.twin else {
            return;
        };
        let first = self.pair.inputs[0].start + self.start;
        let elements = first..first + count as u64;
        // What keeps the bytes from being read is told by the readers, which know its name.
        let equal = twin.equal_bytes(self.pair.readers, &elements, &mut self.bytes);
        let equal = equal.ok().flatten();
        self.is_one = equal.is_some();
        self.pair.run.observer.add_read(equal.unwrap_or(0));
    }

    /// Looks at what is known of the chunk before it is read.
    fn begin(&mut self, count: usize) {
        self.pair.run.count_read(self.scratch);
        self.look_at_bytes(count);
        let Pair {
            readers, inputs, ..
        } = self.pair;
        let lend = |side: usize| readers[side].lend(inputs[side].start + self.start);
        // What may be equal as bytes has to be made of them.
        let is_made = self.pair.twin.is_some();
        let lent = (!is_made).then(|| lend(0).zip(lend(1))).flatten();
        self.lent = lent.map(|(old, new)| [old, new]);
    }

    /// A chunk as a whole, after some of its parts: its bytes count once.
    fn compare(&mut self, count: usize) -> Result<PairStats> {
        let run = self.pair.run;
        self.scratch.iter_mut().for_each(|scratch| {
            scratch.take_read();
        });
        let place = (self.start, count, self.is_one);
        let [a, b] = read_sides(self.pair, place, self.scratch)?;
        Ok(kernel::compare(a, b, run.options.method, run.isa))
    }
}

fn read_sides<'s>(
    pair: &Pair<'s, '_>,
    (start, count, is_one): (u64, usize, bool),
    [old, new, ..]: &'s mut [Scratch; INPUTS],
) -> Result<[Elements<'s>; 2]> {
    let read = |side: usize, scratch| {
        pair.readers[side]
            .read(pair.inputs[side].start + start, count, scratch)
            .map_err(|error| pair.named(side, error))
    };
    let first = read(0, old)?;
    Ok([first, if is_one { first } else { read(1, new)? }])
}

impl Parts for Sides<'_, '_, '_> {
    fn size(&self, start: usize) -> usize {
        match self.lent {
            None => kernel::PART,
            // The sample is taken of the first part.
            Some(_) if start == 0 => SAMPLE,
            Some(_) => BLOCK,
        }
    }

    fn part(&mut self, start: usize, count: usize) -> Result<Part<'_>> {
        let Self {
            pair,
            start: first,
            is_one,
            lent,
            scratch,
            sample,
            ..
        } = self;
        let part = if let Some(lent) = lent {
            for (side, scratch) in lent.iter_mut().zip(&mut **scratch) {
                side.take(count);
                scratch.add_read(side.elements().bytes.len());
            }
            let [old, new] = lent.each_ref().map(Lent::foreseen);
            Part {
                sides: lent.each_ref().map(Lent::elements),
                foreseen: (count == BLOCK).then_some(Foreseen {
                    storages: [old.0, new.0],
                    lines: [old.1, new.1],
                }),
            }
        } else {
            let place = (*first + start as u64, count, *is_one);
            Part {
                sides: read_sides(pair, place, scratch)?,
                foreseen: None,
            }
        };
        if start == 0 {
            let histogram = pair.run.options.histogram;
            let [a, b] = part.sides;
            sample.take(pair.elements(), Some(a), Some(b), histogram);
        }
        Ok(part)
    }
}
