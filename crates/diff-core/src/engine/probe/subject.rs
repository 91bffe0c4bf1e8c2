//! A *subject*: one pair that is asked something, and what was found out about it.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::checkpoint::Checkpoint;
use crate::dtype::{Class, DType};
use crate::engine::kept::Kept;
use crate::engine::plan::{Input, Item, Plan};
use crate::engine::probe::Questions;
use crate::error::{Error, Result};
use crate::kernel::Elements;
use crate::kernel::probe::{Place, empty_casts};
use crate::read::{As, Read, Reader, Scratch};
use crate::stats::{Casts, Grid, Hashes, Parts, Probe, Rows, Zeros};
use crate::tensor::{Node, Tensor};

/// Elements that are looked at together: few enough that both sides of them, as f64, stay in the second-level cache.
pub(super) const PIECE: u64 = 1 << 16;

/// Pieces of a unit.
pub(super) const PIECES: u64 = 16;

/// The most rows, and the most columns, for each of which a number is held.
pub(super) const MOST_LINES: u64 = 1 << 20;

/// A last axis shorter than this (the kernel of a convolution) makes no rows: then all elements of an index of the first axis are one.
pub(super) const SHORTEST: u64 = 16;

/// Fewer neighbours that share a scale would show too few of its values.
const SHORTEST_RUN: u64 = 8;

/// A pair that is asked something.
pub(super) struct Subject<'a> {
    /// Number of its item in the plan.
    pub(super) index: usize,
    pub(super) sides: [Side<'a>; 2],
    pub(super) questions: Questions,
    pub(super) elements: u64,
    pub(super) place: Place,
    /// Elements of a piece: whole rows, unless a row is longer than [`PIECE`].
    pub(super) piece: u64,
    /// What the look at a few elements has settled.
    pub(super) survey: OnceLock<Result<Survey>>,
    /// Units that are not done yet.
    pub(super) left: AtomicU64,
    pub(super) found: Mutex<Found>,
    pub(super) result: OnceLock<Result<Probe>>,
}

pub(super) struct Side<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) tensor: &'a Tensor,
    /// Type of the numbers that its reader hands out.
    dtype: DType,
    /// Type whose bits its reader hands out, if they are stored anywhere.
    bits: Option<DType>,
}

/// A subject with its readers.
pub(super) struct Opened<'s, 'a> {
    pub(super) subject: &'s Subject<'a>,
    pub(super) readers: Arc<Kept<[Reader<'a>; 2]>>,
}

impl<'a> Deref for Opened<'_, 'a> {
    type Target = Subject<'a>;

    fn deref(&self) -> &Subject<'a> {
        self.subject
    }
}

/// What the units of a subject have found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) parts: Option<Parts>,
    /// The questions that `parts` answers.
    pub(super) asked: Questions,
    pub(super) sample: Sample,
    pub(super) error: Option<Error>,
}

/// What a sample of rows has told.
#[derive(Clone, Copy, Default)]
pub(super) struct Sample {
    pub(super) grids: Option<[Grid; 2]>,
    /// See [`crate::stats::Probe::misrounded`].
    pub(super) misrounded: Option<[f64; 2]>,
}

impl Sample {
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            grids: self.grids.or(other.grids),
            misrounded: self.misrounded.or(other.misrounded),
        }
    }
}

/// See [`Opened::survey`].
#[derive(Clone, Copy)]
pub(super) struct Survey {
    pub(super) questions: Questions,
    /// Counts of the elements that were tried, if so few of them were equal that the others need not be tried.
    pub(super) casts: Option<Casts>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        index: usize,
        item: Item,
        questions: Questions,
    ) -> Option<Self> {
        let side = |input: Option<Input>| {
            let input = input?;
            let (tensor, checkpoint) = (plan.tensor(input)?, plan.checkpoint(input)?);
            let is_whole = input.start == 0 && input.elements == tensor.units();
            // Sparse tensors have no rows; elements of an unknown type are no numbers, and complex ones no real numbers.
            let is_dense = !matches!(tensor.node, Node::Sparse(_));
            let is_real = tensor.dtype != DType::Unknown && tensor.dtype.component().is_none();
            (is_whole && is_dense && is_real).then_some(())?;
            let reader = Reader::new(checkpoint, tensor, As::Values).ok()?;
            Some(Side {
                checkpoint,
                tensor,
                dtype: reader.dtype(),
                bits: reader.bits(),
            })
        };
        let sides = [side(item.old)?, side(item.new)?];
        let [old, new] = &sides;
        let shape = &old.tensor.shape;
        let elements = old.tensor.elements;
        if *shape != new.tensor.shape || elements == 0 {
            return None;
        }
        let place = Place {
            start: 0,
            width: shape.iter().skip(1).product(),
            last: shape.last().copied().unwrap_or(1),
        };
        let rows = elements / place.width;
        let is_float = sides.iter().all(Side::is_float);
        let is_exact = sides
            .iter()
            .all(|side| side.dtype().class() == Class::Double);
        let asks = |question: Questions, applies: bool| {
            if applies { questions.0 & question.0 } else { 0 }
        };
        let questions = Questions(
            asks(
                Questions::CAST,
                is_float && empty_casts(old.dtype(), new.dtype()).is_some(),
            ) | asks(Questions::ZEROS, is_exact)
                | asks(
                    Questions::ROWS,
                    is_exact && shape.len() > 1 && rows <= MOST_LINES,
                )
                | asks(Questions::GRID, is_float && shape.len() > 1)
                | asks(
                    Questions::NEAREST,
                    is_float && runs([old, new]).iter().any(Option::is_some),
                )
                | asks(
                    Questions::ORDER,
                    old.has_bits_of(new) && !shape.is_empty() && rows <= MOST_LINES,
                ),
        );
        (questions != Questions::default())
            .then(|| Self {
                index,
                sides,
                questions,
                elements,
                place,
                piece: if place.width <= PIECE {
                    PIECE / place.width * place.width
                } else {
                    PIECE
                },
                survey: OnceLock::new(),
                left: AtomicU64::new(0),
                found: Mutex::default(),
                result: OnceLock::new(),
            })
            .map(|subject| Self {
                left: AtomicU64::new(subject.units()),
                ..subject
            })
    }

    pub(super) fn units(&self) -> u64 {
        let spans = if self.questions.needs_all() {
            self.elements.div_ceil(self.piece * PIECES)
        } else {
            0
        };
        spans + u64::from(self.questions.needs_sample())
    }

    pub(super) fn bytes(&self) -> u64 {
        (0..self.units())
            .map(|number| self.unit_bytes(number))
            .sum()
    }

    /// The bytes that progress counts for a unit, whether it succeeds or not.
    pub(super) fn unit_bytes(&self, number: u64) -> u64 {
        let range = match self.span(number) {
            Some((first, end)) => first..end,
            None => 0..self.sampled(),
        };
        let bytes = |side: &Side| side.tensor.stored_bytes(range.clone());
        self.sides.iter().map(bytes).sum()
    }

    /// The elements of a unit; None for the unit that is the sample of rows.
    pub(super) fn span(&self, number: u64) -> Option<(u64, u64)> {
        let has_sample = u64::from(self.questions.needs_sample());
        let length = self.piece * PIECES;
        let first = number.checked_sub(has_sample)? * length;
        Some((first, self.elements.min(first + length)))
    }

    /// Elements of a row of the sample.
    pub(super) fn row_length(&self) -> u64 {
        if self.place.last < SHORTEST {
            self.place.width
        } else {
            self.place.last
        }
    }

    /// Takes in what a unit found. Returns whether it was the last one.
    pub(super) fn add(&self, done: Result<Found>) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(unit) => {
                if let Some(parts) = unit.parts {
                    found
                        .parts
                        .get_or_insert_with(|| self.empty(unit.asked, 0, self.elements))
                        .merge(&parts);
                }
                found.sample = found.sample.or(unit.sample);
            }
            Err(error) => found.error = found.error.take().or(Some(error)),
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return false;
        }
        let Found {
            parts,
            sample,
            error,
            ..
        } = std::mem::take(&mut *found);
        let _ = self.result.set(match error {
            Some(error) => Err(error),
            None => Ok(self.finish(parts.unwrap_or_default(), sample)),
        });
        true
    }

    pub(super) fn finish(&self, parts: Parts, sample: Sample) -> Probe {
        let surveyed = self.survey.get().and_then(|survey| survey.as_ref().ok());
        Probe {
            casts: parts.casts.or(surveyed.and_then(|survey| survey.casts)),
            zeros: parts.zeros,
            rows: parts.rows.map(|rows| rows.finish(self.place.width)),
            grids: sample.grids,
            misrounded: sample.misrounded,
            order: parts.hashes.map(Hashes::finish),
        }
    }

    /// An empty result, with room for the rows of the elements `start .. end`.
    pub(super) fn empty(&self, asked: Questions, start: u64, end: u64) -> Parts {
        let first = start / self.place.width;
        let rows = (end.div_ceil(self.place.width) - first) as usize;
        let [old, new] = &self.sides;
        let lines = |count: u64| {
            if count <= MOST_LINES {
                count as usize
            } else {
                0
            }
        };
        let has = |question: Questions| asked.has(question);
        Parts {
            casts: has(Questions::CAST)
                .then(|| empty_casts(old.dtype(), new.dtype()))
                .flatten(),
            zeros: has(Questions::ZEROS).then(Zeros::default),
            rows: has(Questions::ROWS).then(|| Rows {
                first,
                changed: vec![0; rows],
                scale: vec![f64::NAN; rows],
                columns: vec![0; lines(self.place.last)],
            }),
            hashes: has(Questions::ORDER).then(|| {
                let columns = if self.place.width > 1 {
                    lines(self.place.width)
                } else {
                    0
                };
                Hashes {
                    first,
                    rows: [vec![0; rows], vec![0; rows]],
                    columns: [vec![0; columns], vec![0; columns]],
                }
            }),
        }
    }
}

impl Opened<'_, '_> {
    pub(super) fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        [old, new]: &'s mut [Scratch; 2],
    ) -> Result<[Elements<'s>; 2]> {
        Ok([
            self.read_side(0, start, count, old)?,
            self.read_side(1, start, count, new)?,
        ])
    }

    fn read_side<'s>(
        &'s self,
        at: usize,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let (side, reader) = (&self.sides[at], &self.readers[at]);
        reader
            .read(start, count, scratch)
            .map_err(|e| e.tensor(&side.tensor.name).at(&side.checkpoint.path))
    }
}

impl Side<'_> {
    /// Type of the numbers that its reader hands out.
    pub(super) fn dtype(&self) -> DType {
        self.dtype
    }

    /// Whether its numbers are of a float type. Those of codes with one scale are not: kernels are given the integers.
    pub(super) fn is_float(&self) -> bool {
        !self.dtype().is_integer()
    }

    /// Whether equal bits are equal numbers.
    fn has_bits_of(&self, other: &Side) -> bool {
        let map = |tensor: &Tensor| match tensor.node {
            Node::Scaled {
                scale, zero_point, ..
            } => Some((scale.to_bits(), zero_point)),
            _ => None,
        };
        self.bits == other.bits && map(self.tensor) == map(other.tensor)
    }
}

/// For each side, how many neighbours along the last axis share a scale; None where they are too few, or no scale is known.
pub(super) fn runs(sides: [&Side; 2]) -> [Option<u64>; 2] {
    sides.map(|side| {
        let axis = side.tensor.shape.len().checked_sub(1)?;
        let run = side.tensor.scale_run(axis)?;
        (run >= SHORTEST_RUN).then_some(run)
    })
}
