//! Both sides of an item whose elements need not be written to memory: out of maps block by block, or made part by part.

use super::row::INPUTS;
use super::unit::Unit;
use crate::engine::sample::{SAMPLE, Sample};
use crate::error::{Code, Error, Result};
use crate::kernel::{self, BLOCK, Elements, Foreseen, Method, Part, Parts};
use crate::read::{Bytes, Lent, Read, Reader, Scratch};
use crate::stats::PairStats;

/// Both sides of an item, part by part.
pub(super) struct Sides<'p, 'u, 'a> {
    unit: &'p Unit<'u, 'a>,
    readers: [&'u Reader<'a>; 2],
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
    pub(super) fn new(
        unit: &'p Unit<'u, 'a>,
        readers: [&'u Reader<'a>; 2],
        scratch: &'p mut [Scratch; INPUTS],
        sample: &'p mut Sample,
    ) -> Self {
        Self {
            unit,
            readers,
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
    pub(super) fn chunk(&mut self, start: u64, count: usize, method: Method) -> Result<PairStats> {
        self.start = start;
        self.begin(count);
        match kernel::compare_parts(count, method, self.unit.run.isa, self)? {
            Some(stats) => Ok(stats),
            None => self.compare(count),
        }
    }

    /// Looks whether a chunk is made of equal bytes on both sides; those of the new one count as read with that.
    fn look_at_bytes(&mut self, count: usize) {
        let (Some(twin), Some(input)) = (&self.unit.readers.twin, self.unit.row.inputs[0]) else {
            return;
        };
        let first = input.start + self.start;
        let elements = first..first + count as u64;
        // What keeps the bytes from being read is told by the readers, which know its name.
        let equal = twin.equal_bytes(self.readers, &elements, &mut self.bytes);
        let equal = equal.ok().flatten();
        self.is_one = equal.is_some();
        self.unit.run.observer.add_read(equal.unwrap_or(0));
    }

    /// Looks at what is known of the chunk before it is read.
    fn begin(&mut self, count: usize) {
        self.unit.run.count_read(self.scratch);
        self.look_at_bytes(count);
        let lend = |slot: usize| {
            let input = self.unit.row.inputs[slot]?;
            self.readers[slot].lend(input.start + self.start)
        };
        // What may be equal as bytes has to be made of them.
        let is_made = self.unit.readers.twin.is_some();
        let lent = (!is_made).then(|| lend(0).zip(lend(1))).flatten();
        self.lent = lent.map(|(old, new)| [old, new]);
    }

    /// A chunk as a whole, after some of its parts: its bytes count once.
    fn compare(&mut self, count: usize) -> Result<PairStats> {
        let run = self.unit.run;
        self.scratch.iter_mut().for_each(|scratch| {
            scratch.take_read();
        });
        let (unit, readers, start) = (self.unit, self.readers, self.start);
        let [a, b] = read_sides(unit, readers, (start, count, self.is_one), self.scratch)?;
        Ok(kernel::compare(a, b, run.options.method, run.isa))
    }
}

fn read_sides<'s>(
    unit: &Unit,
    readers: [&'s Reader; 2],
    (start, count, is_one): (u64, usize, bool),
    [old, new, ..]: &'s mut [Scratch; INPUTS],
) -> Result<[Elements<'s>; 2]> {
    let read = |slot: usize, scratch| {
        let (Some(input), Some(tensor)) = (unit.row.inputs[slot], unit.row.tensors[slot]) else {
            return Err(Error::new(Code::Internal, "side of a pair is missing"));
        };
        readers[slot]
            .read(input.start + start, count, scratch)
            .map_err(|error| unit.run.named(error, input, tensor))
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
            unit,
            readers,
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
                sides: read_sides(unit, *readers, place, scratch)?,
                foreseen: None,
            }
        };
        if start == 0 {
            let elements = unit.items[0].elements();
            let histogram = unit.run.options.histogram;
            let [a, b] = part.sides;
            sample.take(elements, Some(a), Some(b), histogram);
        }
        Ok(part)
    }
}
