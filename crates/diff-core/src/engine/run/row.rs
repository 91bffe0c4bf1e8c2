//! A row, the items that are read together: their inputs, each of which is read once, and the readers of those.

use crate::engine::plan::{Input, Item, Plan, TOGETHER};
use crate::error::{Code, Error, Result};
use crate::kernel::complex;
use crate::read::{As, Read, Reader, Twin, is_same, kept_bytes};
use crate::tensor::Tensor;

/// The most inputs of a row: the new one, and an old one for each item.
pub(super) const INPUTS: usize = TOGETHER + 1;

/// The inputs of a row, those that are the same bytes only once.
pub(super) struct Row<'a> {
    pub(super) inputs: [Option<Input>; INPUTS],
    /// The tensors of the inputs.
    pub(super) tensors: [Option<&'a Tensor>; INPUTS],
    /// For each item, which of the inputs are its old and its new side.
    pub(super) slots: [[Option<usize>; 2]; TOGETHER],
}

impl<'a> Row<'a> {
    pub(super) fn new(plan: &'a Plan, items: &[Item]) -> Self {
        let mut row = Self {
            inputs: [None; INPUTS],
            tensors: [None; INPUTS],
            slots: [[None; 2]; TOGETHER],
        };
        for (item, slots) in items.iter().zip(0..) {
            row.slots[slots] = [item.old, item.new].map(|input| row.slot(plan, input?));
        }
        row
    }

    /// The number of an input, which is that of an earlier one with the same bytes if there is one.
    fn slot(&mut self, plan: &'a Plan, input: Input) -> Option<usize> {
        let tensor = plan.tensor(input)?;
        let known = self
            .inputs
            .iter()
            .zip(&self.tensors)
            .position(|(other, of)| {
                let (Some(other), Some(of)) = (other, of) else {
                    return false;
                };
                *other == input
                    || plan
                        .checkpoint(*other)
                        .zip(plan.checkpoint(input))
                        .is_some_and(|(a, b)| {
                            is_same((a, of, other.start), (b, tensor, input.start))
                        })
            });
        known.or_else(|| {
            let free = self.inputs.iter().position(Option::is_none)?;
            (self.inputs[free], self.tensors[free]) = (Some(input), Some(tensor));
            Some(free)
        })
    }
}

/// Readers of the inputs of a row.
pub(super) struct Readers<'a> {
    pub(super) of: [Option<std::result::Result<Reader<'a>, Box<Error>>>; INPUTS],
    /// For a row of two quantised tensors that may be made of equal bytes.
    pub(super) twin: Option<Twin<'a>>,
}

impl<'a> Readers<'a> {
    pub(super) fn new(plan: &'a Plan, row: &Row<'a>) -> Self {
        let mut readers = [const { None }; INPUTS];
        for (reader, (input, tensor)) in readers.iter_mut().zip(row.inputs.iter().zip(row.tensors))
        {
            if let (Some(input), Some(tensor)) = (input, tensor)
                && let Some(checkpoint) = plan.checkpoint(*input)
            {
                let made = readable(Reader::new(checkpoint, tensor, As::Values), tensor);
                *reader = Some(made.map_err(Box::new));
            }
        }
        let twin = twin(plan, row, &readers);
        Self { of: readers, twin }
    }

    /// Bytes that the readers keep.
    pub(super) fn kept_bytes(&self, row: &Row) -> u64 {
        let tensors = row.tensors.iter().flatten();
        let twin = self.twin.as_ref().map_or(0, Twin::held_bytes);
        let readers = self.of.iter().flatten().flatten().map(Read::kept_bytes);
        tensors
            .map(|tensor| kept_bytes(tensor))
            .chain(readers)
            .fold(twin, u64::saturating_add)
    }

    /// The readers of both sides of an item.
    ///
    /// # Errors
    /// What keeps one of them from being read.
    pub(super) fn of(&self, slots: [Option<usize>; 2]) -> Result<[Option<&Reader<'a>>; 2]> {
        let reader = |slot: Option<usize>| match slot.map(|slot| self.of.get(slot)) {
            None => Ok(None),
            Some(Some(Some(reader))) => {
                reader.as_ref().map(Some).map_err(|error| (**error).clone())
            }
            Some(_) => Err(Error::new(
                Code::Internal,
                "plan names a tensor that does not exist",
            )),
        };
        Ok([reader(slots[0])?, reader(slots[1])?])
    }
}

/// The twin of a row of two inputs that are made of codes in the same way and begin at the same element.
fn twin<'a>(
    plan: &'a Plan,
    row: &Row<'a>,
    readers: &[Option<std::result::Result<Reader<'a>, Box<Error>>>; INPUTS],
) -> Option<Twin<'a>> {
    let (
        [
            Some(Ok(Reader::Made(_))),
            Some(Ok(Reader::Made(_))),
            None,
            ..,
        ],
        [Some(old), Some(new), ..],
    ) = (readers, row.inputs)
    else {
        return None;
    };
    let tensors = [row.tensors[0]?, row.tensors[1]?];
    let checkpoints = [plan.checkpoint(old)?, plan.checkpoint(new)?];
    (old.start == new.start).then(|| Twin::new(checkpoints, tensors))?
}

/// How the two sides of an item are compared.
#[derive(Clone, Copy)]
pub(super) struct Types {
    pub(super) are_complex: bool,
    /// Whether the bits of the two sides can be compared.
    pub(super) have_bits: bool,
}

impl Types {
    /// # Errors
    /// Where complex numbers are paired with real ones.
    pub(super) fn of([old, new]: [Option<&Reader>; 2]) -> Result<Self> {
        let bits = old.and_then(Read::bits);
        Ok(Self {
            are_complex: complex::is_pair(old.map(Read::dtype), new.map(Read::dtype))?,
            have_bits: bits.is_some() && bits == new.and_then(Read::bits),
        })
    }
}

/// Also fails for a tensor without elements whose places are wrong: nothing would read them later.
fn readable<'a>(reader: Result<Reader<'a>>, tensor: &Tensor) -> Result<Reader<'a>> {
    let reader = reader?;
    if tensor.elements == 0 {
        reader.places()?;
    }
    Ok(reader)
}
