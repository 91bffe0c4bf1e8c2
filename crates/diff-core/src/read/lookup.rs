//! Codes that are looked up in a table.

use std::ops::Range;

use super::held::read_all;
use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Elements};
use crate::once::Once;
use crate::tensor::{Lookup, Table};

pub(super) struct Numbers<'a> {
    checkpoint: &'a Checkpoint,
    lookup: &'a Lookup,
    codes: Reader<'a>,
    table: Once<Filled>,
}

/// A number for each possible code. The first `length` come from the table, the others are never used.
#[derive(Debug)]
struct Filled {
    numbers: [[u8; 4]; 256],
    length: usize,
}

impl<'a> Numbers<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, lookup: &'a Lookup) -> Result<Self> {
        Ok(Self {
            codes: part(checkpoint, &lookup.codes, As::Values)?,
            checkpoint,
            lookup,
            table: Once::default(),
        })
    }

    fn fill(&self) -> Result<Filled> {
        let read;
        let table = match &self.lookup.table {
            Table::Known(numbers) => numbers,
            Table::Stored(tensor) => {
                read = read_all(self.checkpoint, tensor)?;
                read.as_slice()
            }
        };
        let mut numbers = [[0; 4]; 256];
        for (to, number) in numbers.iter_mut().zip(table) {
            *to = number.to_le_bytes();
        }
        let length = table.len().min(256);
        Ok(Filled { numbers, length })
    }
}

impl Read for Numbers<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    /// Ends with `OutOfBounds` where a code is not in the table.
    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let Filled { numbers, length } = self.table.get_or_make(|| self.fill())?;
        let fields = scratch.with_part();
        let out = fields.out;
        let codes = self.codes.read(start, count, fields.part)?.bytes;
        // A fold vectorises, `max` of references does not.
        let most = codes.iter().fold(0, |most: u8, code| most.max(*code));
        if !codes.is_empty() && usize::from(most) >= *length {
            return Err(
                Error::new(Code::OutOfBounds, "code is not in the table of its numbers")
                    .expected(format!("below {length}"))
                    .found(most),
            );
        }
        out.resize(4 * codes.len(), 0);
        let cells = out.as_chunks_mut().0;
        match numbers.first_chunk::<16>() {
            Some(few) if *length <= 16 => kernel::look_up(codes, few, cells),
            _ => {
                for (number, code) in cells.iter_mut().zip(codes) {
                    *number = numbers[usize::from(*code)];
                }
            }
        }
        Ok(plain::operand(out, DType::F32))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.codes.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.codes.at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.codes.comes_in_parts()
    }
}
