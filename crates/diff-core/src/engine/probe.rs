//! The second look: few pairs, each asked what its numbers leave open. Units of work are runs of pieces, counted from the tensor's start,
//! and for the sample of rows one unit a pair; what they find merges in any order to the same bits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::checkpoint::Checkpoint;
use crate::dtype::{Class, DType};
use crate::engine::gather::{self, Scratch};
use crate::engine::observe::Observer;
use crate::engine::plan::{Item, Plan, View, position};
use crate::engine::schedule::release;
use crate::error::{Code, Error, Kind, Result};
use crate::kernel::Isa;
use crate::kernel::probe::{
    Place, Sampled, add_hashes, count_casts, count_rows, count_zeros, describe_grid, empty_casts,
};
use crate::stats::{Grid, Hashes, Parts, Probe, Rows, Zeros};
use crate::tensor::{Layout, Tensor};

/// Elements that are looked at together: both sides of them as f64 stay in the second-level cache.
const PIECE: u64 = 1 << 16;

/// Pieces of a unit.
const PIECES: u64 = 16;

/// Most rows, and most columns, that numbers are held of.
const MOST_LINES: u64 = 1 << 20;

/// Rows that a sample takes, and those that it begins with.
const ROWS: u64 = 64;
const FIRST_ROWS: u64 = 2;

/// Elements of a row that a sample takes at most, and the multiple at which they begin.
const WINDOW: u64 = 1 << 14;
const ALIGNED: u64 = 128;

/// Shorter runs along the last axis are no rows of a grid: kernels of convolutions.
const SHORTEST: u64 = 16;

/// What is asked of a pair, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Questions(pub u8);

impl Questions {
    pub const CAST: Self = Self(1);
    pub const ZEROS: Self = Self(2);
    pub const ROWS: Self = Self(4);
    pub const GRID: Self = Self(8);
    pub const ORDER: Self = Self(16);

    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all elements have to be read.
    fn needs_all(self) -> bool {
        self.0 & !Self::GRID.0 != 0
    }
}

/// Asks each item of a plan its questions; one result an item. What is no pair of whole tensors of one shape has no answers.
///
/// # Errors
/// `Cancelled`; `FileChanged` when a file is no longer what it was when it was opened; `Internal`.
pub fn probe(
    plan: &Plan,
    questions: &[Questions],
    threads: usize,
    observer: &Observer,
) -> Result<Vec<Result<Probe>>> {
    let run = Run::new(plan, questions, observer);
    observer.start(run.bytes(), run.subjects.len() as u64);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|i| format!("model-diff-{i}"))
        .build()
        .map_err(|e| Error::new(Code::Internal, format!("cannot start threads: {e}")))?;
    pool.broadcast(|_| run.work(threads));
    if let Some(error) = run.stopped.get() {
        return Err(error.clone());
    }
    plan.old.verify()?;
    plan.new.verify()?;
    Ok(run.into_results())
}

struct Run<'a> {
    plan: &'a Plan,
    observer: &'a Observer,
    isa: Isa,
    /// In the order of the files.
    subjects: Vec<Subject<'a>>,
    /// Number of units of all subjects up to and including each.
    ends: Vec<u64>,
    next: AtomicU64,
    stopped: OnceLock<Error>,
}

/// A pair that is asked something.
struct Subject<'a> {
    /// Its item.
    index: usize,
    sides: [Side<'a>; 2],
    questions: Questions,
    elements: u64,
    place: Place,
    /// Elements of a piece: whole rows, where a row is no longer than that.
    piece: u64,
    /// Units that are not done yet.
    left: AtomicU64,
    found: Mutex<Found>,
    result: OnceLock<Result<Probe>>,
}

#[derive(Clone, Copy)]
struct Side<'a> {
    checkpoint: &'a Checkpoint,
    tensor: &'a Tensor,
    view: View,
}

/// What the units of a subject have found so far. Made when the first one is done.
#[derive(Default)]
struct Found {
    parts: Option<Parts>,
    grids: Option<[Grid; 2]>,
    error: Option<Error>,
}

/// Reused memory of one thread.
#[derive(Default)]
struct Worker {
    scratch: [Scratch; 2],
    values: [Vec<f64>; 2],
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, questions: &[Questions], observer: &'a Observer) -> Self {
        let mut subjects: Vec<Subject> = plan
            .items
            .iter()
            .zip(questions)
            .enumerate()
            .filter_map(|(index, (&item, &questions))| Subject::new(plan, index, item, questions))
            .collect();
        subjects.sort_by_key(|subject| (position(subject.sides[0].tensor), subject.index));
        let mut total = 0;
        let ends = subjects
            .iter()
            .map(|subject| {
                total += subject.units();
                total
            })
            .collect();
        Self {
            plan,
            observer,
            isa: Isa::detect(),
            subjects,
            ends,
            next: AtomicU64::new(0),
            stopped: OnceLock::new(),
        }
    }

    fn bytes(&self) -> u64 {
        self.subjects.iter().map(Subject::bytes).sum()
    }

    fn work(&self, threads: usize) {
        let mut worker = Worker::default();
        let mut slot = 0;
        while self.stopped.get().is_none() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            // The numbers of a thread only grow.
            while self.ends.get(slot).is_some_and(|&end| end <= number) {
                slot += 1;
            }
            let Some(subject) = self.subjects.get(slot) else {
                return;
            };
            let first = if slot == 0 { 0 } else { self.ends[slot - 1] };
            let done = subject.unit(number - first, threads, self, &mut worker);
            if let Err(error) = &done
                && (matches!(error.kind(), Kind::Cancelled | Kind::Internal)
                    || error.code() == Code::FileChanged)
            {
                let _ = self.stopped.set(error.clone());
                return;
            }
            if subject.add(done) {
                self.observer.add_tensor();
            }
        }
    }

    fn into_results(self) -> Vec<Result<Probe>> {
        let mut results: Vec<Result<Probe>> = self
            .plan
            .items
            .iter()
            .map(|_| Ok(Probe::default()))
            .collect();
        for subject in self.subjects {
            let missing = || Err(Error::new(Code::Internal, "parts of a tensor are missing"));
            results[subject.index] = subject.result.into_inner().unwrap_or_else(missing);
        }
        results
    }
}

impl<'a> Subject<'a> {
    fn new(plan: &'a Plan, index: usize, item: Item, questions: Questions) -> Option<Self> {
        let side = |view: Option<View>, checkpoint: &'a Checkpoint| {
            let view = view?;
            let tensor = checkpoint.tensors.get(view.tensor)?;
            let is_whole = view.start == 0 && view.elements == tensor.units();
            // Sparse tensors have no rows; what is not known or complex has no numbers.
            let is_dense = !matches!(tensor.layout, Layout::Sparse(_));
            let is_real = tensor.dtype != DType::Unknown && tensor.dtype.component().is_none();
            (is_whole && is_dense && is_real && tensor.error.is_none()).then_some(Side {
                checkpoint,
                tensor,
                view,
            })
        };
        let sides = [side(item.old, &plan.old)?, side(item.new, &plan.new)?];
        let [old, new] = sides;
        let shape = &old.tensor.shape;
        let elements = old.view.elements;
        if *shape != new.tensor.shape || elements == 0 {
            return None;
        }
        let place = Place {
            start: 0,
            width: shape.iter().skip(1).product(),
            last: shape.last().copied().unwrap_or(1),
        };
        let rows = elements / place.width;
        let bits = sides.map(|side| (gather::bits(side.checkpoint, side.tensor), side.tensor.map));
        let is_float = sides.iter().all(|side| is_float(side.tensor));
        let is_exact = sides
            .iter()
            .all(|side| side.tensor.dtype.class() == Class::Double);
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
                    Questions::ORDER,
                    bits[0] == bits[1] && !shape.is_empty() && rows <= MOST_LINES,
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
                left: AtomicU64::new(0),
                found: Mutex::default(),
                result: OnceLock::new(),
            })
            .map(|subject| Self {
                left: AtomicU64::new(subject.units()),
                ..subject
            })
    }

    fn units(&self) -> u64 {
        let spans = if self.questions.needs_all() {
            self.elements.div_ceil(self.piece * PIECES)
        } else {
            0
        };
        spans + u64::from(self.questions.has(Questions::GRID))
    }

    fn bytes(&self) -> u64 {
        let each: u64 = self
            .sides
            .iter()
            .map(|side| side.tensor.dtype.bytes())
            .sum();
        let all = if self.questions.needs_all() {
            self.elements * each
        } else {
            0
        };
        all + self.sampled() * each
    }

    /// Elements of a side that a sample takes at most.
    fn sampled(&self) -> u64 {
        if !self.questions.has(Questions::GRID) {
            return 0;
        }
        let length = self.row_length();
        ROWS.min(self.elements / length) * length.min(WINDOW)
    }

    /// Elements of a row of the sample.
    fn row_length(&self) -> u64 {
        if self.place.last < SHORTEST {
            self.place.width
        } else {
            self.place.last
        }
    }

    /// Takes in what a unit found; whether it was the last one.
    fn add(&self, done: Result<Found>) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok(unit) => {
                if let Some(parts) = unit.parts {
                    found
                        .parts
                        .get_or_insert_with(|| self.empty(0, self.elements))
                        .merge(&parts);
                }
                found.grids = found.grids.or(unit.grids);
            }
            Err(error) => found.error = found.error.take().or(Some(error)),
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) > 1 {
            return false;
        }
        let Found {
            parts,
            grids,
            error,
        } = std::mem::take(&mut *found);
        let _ = self.result.set(match error {
            Some(error) => Err(error),
            None => Ok(self.finish(parts.unwrap_or_default(), grids)),
        });
        true
    }

    fn finish(&self, parts: Parts, grids: Option<[Grid; 2]>) -> Probe {
        Probe {
            casts: parts.casts,
            zeros: parts.zeros,
            rows: parts.rows.map(|rows| rows.finish(self.place.width)),
            grids,
            order: parts.hashes.map(Hashes::finish),
        }
    }

    /// Nothing found yet, with room for the rows of the elements `start .. end`.
    fn empty(&self, start: u64, end: u64) -> Parts {
        let first = start / self.place.width;
        let rows = (end.div_ceil(self.place.width) - first) as usize;
        let [old, new] = self.sides;
        let lines = |count: u64| {
            if count <= MOST_LINES {
                count as usize
            } else {
                0
            }
        };
        let has = |question: Questions| self.questions.has(question);
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

    fn unit(&self, number: u64, threads: usize, run: &Run, worker: &mut Worker) -> Result<Found> {
        let has_sample = u64::from(self.questions.has(Questions::GRID));
        if number < has_sample {
            return Ok(Found {
                grids: Some(self.sample(run, worker)?),
                ..Found::default()
            });
        }
        let span = self.piece * PIECES;
        let first = (number - has_sample) * span;
        let end = self.elements.min(first + span);
        let mut parts = self.empty(first, end);
        for start in (first..end).step_by(self.piece as usize) {
            run.observer.check()?;
            let count = (end - start).min(self.piece) as usize;
            self.look(start, count, run, worker, &mut parts)?;
        }
        for side in self.sides {
            release(Some(side.view), side.checkpoint, first, end, threads);
        }
        Ok(Found {
            parts: Some(parts),
            ..Found::default()
        })
    }

    /// One piece, with every question that needs all elements.
    fn look(
        &self,
        start: u64,
        count: usize,
        run: &Run,
        worker: &mut Worker,
        parts: &mut Parts,
    ) -> Result<()> {
        let Worker {
            scratch: [old_scratch, new_scratch],
            values,
        } = worker;
        let a = self.sides[0].read(start, count, old_scratch)?;
        let b = self.sides[1].read(start, count, new_scratch)?;
        let place = Place {
            start,
            ..self.place
        };
        let Parts {
            casts,
            zeros,
            rows,
            hashes,
        } = parts;
        if let Some(casts) = casts {
            count_casts(a, b, run.isa, casts);
        }
        if let Some(zeros) = zeros {
            let grouped = place.last.is_multiple_of(4);
            count_zeros(a, b, grouped, run.isa, zeros);
        }
        if let Some(rows) = rows {
            count_rows(a, b, place, run.isa, values, rows);
        }
        if let Some(hashes) = hashes {
            add_hashes(0, a, place, hashes);
            add_hashes(1, b, place, hashes);
        }
        run.observer
            .add_bytes((a.bytes.len() + b.bytes.len()) as u64);
        Ok(())
    }

    /// The values of rows from all over the tensor: two of them, and the others too where those take few values on a side.
    fn sample(&self, run: &Run, worker: &mut Worker) -> Result<[Grid; 2]> {
        let length = self.row_length();
        let rows = self.elements / length;
        let chosen = ROWS.min(rows);
        let window = length.min(WINDOW);
        let offset = (length - window) / 2 / ALIGNED * ALIGNED;
        let row = |at: u64| ((2 * at + 1) * rows / (2 * chosen)) * length + offset;
        let first: Vec<u64> = (0..FIRST_ROWS.min(chosen))
            .map(|at| (2 * at + 1) * chosen / (2 * FIRST_ROWS.min(chosen)))
            .collect();
        let mut sampled = [Sampled::default(), Sampled::default()];
        let rest = (0..chosen).filter(|at| !first.contains(at));
        for (number, at) in first.iter().copied().chain(rest).enumerate() {
            if number == first.len() && !sampled.iter().any(Sampled::is_coarse) {
                break;
            }
            run.observer.check()?;
            let sides = self.sides.iter().zip(&mut worker.scratch).zip(&mut sampled);
            for ((side, scratch), sampled) in sides {
                sampled.add(side.read(row(at), window as usize, scratch)?);
            }
        }
        let each: u64 = self
            .sides
            .iter()
            .map(|side| side.tensor.dtype.bytes())
            .sum();
        run.observer.add_bytes(self.sampled() * each);
        Ok([describe_grid(&sampled[0]), describe_grid(&sampled[1])])
    }
}

impl<'a> Side<'a> {
    fn read<'s>(
        &self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<crate::kernel::Operand<'s>>
    where
        'a: 's,
    {
        gather::operand(self.checkpoint, self.tensor, start, count, scratch)
            .map_err(|e| e.tensor(&self.tensor.name).at(&self.checkpoint.path))
    }

    /// The type of the numbers that are handed out.
    fn dtype(&self) -> DType {
        if self.tensor.quant.is_some() {
            DType::F32
        } else {
            self.tensor.dtype
        }
    }
}

fn is_float(tensor: &Tensor) -> bool {
    tensor.quant.is_some() || !tensor.dtype.is_integer()
}
