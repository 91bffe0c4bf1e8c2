//! The second look: a few pairs, each asked the questions that the numbers of the first pass leave open. A unit of work is a run of pieces,
//! counted from the tensor's start; the sample of rows is one more unit of its pair. Results merge to the same bits in any order.

mod nearest;
mod sample;
mod subject;
#[cfg(test)]
mod tests;
mod unit;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::kept::Keeper;
use crate::engine::plan::Plan;
use crate::engine::queue::{Place, Queue};
use crate::engine::workers::{self, Stop};
use crate::error::{Code, Error, Result};
use crate::kernel::Isa;
use crate::observe::Observer;
use crate::read::{Reader, Scratch};
use crate::stats::Probe;
use subject::Subject;

/// The questions that a pair is asked, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Questions(pub u8);

impl Questions {
    pub const CAST: Self = Self(1);
    pub const ZEROS: Self = Self(2);
    pub const ROWS: Self = Self(4);
    pub const GRID: Self = Self(8);
    pub const ORDER: Self = Self(16);
    pub const NEAREST: Self = Self(32);

    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all elements have to be read.
    fn needs_all(self) -> bool {
        self.0 & !(Self::GRID.0 | Self::NEAREST.0) != 0
    }

    /// Whether a sample of rows has to be read.
    fn needs_sample(self) -> bool {
        self.has(Self::GRID) || self.has(Self::NEAREST)
    }
}

/// Asks each item of a plan its questions; one result for each item. The result is empty unless the item pairs two whole tensors of one
/// shape.
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
    plan.announce();
    workers::run(threads, &run.stop, || run.work(threads))?;
    plan.verify()?;
    Ok(run.into_results())
}

struct Run<'a> {
    plan: &'a Plan,
    pub(super) observer: &'a Observer,
    pub(super) isa: Isa,
    /// In the order of the files.
    pub(super) subjects: Vec<Subject<'a>>,
    queue: Queue,
    /// One place for each item of the plan.
    pub(super) readers: Keeper<[Reader<'a>; 2]>,
    /// How many subjects have been taken by a thread for their survey.
    pub(super) surveyed: AtomicUsize,
    pub(super) stop: Stop,
}

/// Reused memory of one thread.
struct Worker {
    /// For pieces.
    pub(super) scratch: [Scratch; 2],
    pub(super) sampling: [Scratch; 2],
    pub(super) values: [Vec<f64>; 2],
}

impl Worker {
    fn new() -> Self {
        Self {
            scratch: Default::default(),
            sampling: [Scratch::copying(), Scratch::copying()],
            values: Default::default(),
        }
    }
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
        subjects.sort_by_key(|subject| (subject.sides[0].tensor.position(), subject.index));
        Self {
            plan,
            observer,
            isa: Isa::detect(),
            queue: Queue::new(subjects.iter().map(Subject::units)),
            readers: Keeper::new(plan.items.len()),
            subjects,
            surveyed: AtomicUsize::new(0),
            stop: Stop::default(),
        }
    }

    fn bytes(&self) -> u64 {
        self.subjects.iter().map(Subject::bytes).sum()
    }

    /// Ends with the reason if the run is to stop; asked between pieces.
    fn check(&self) -> Result<()> {
        self.observer.check()?;
        self.stop.check()
    }

    fn work(&self, threads: usize) {
        let mut worker = Worker::new();
        // All surveys come first: otherwise the units of a subject would wait for its survey.
        while !self.stop.is_set()
            && let Some(subject) = self
                .subjects
                .get(self.surveyed.fetch_add(1, Ordering::Relaxed))
        {
            // The units of that subject report the error.
            if subject.survey_once(self, &mut worker).is_err() {
                break;
            }
        }
        let mut place = Place::default();
        while !self.stop.is_set()
            && let Some((row, unit)) = self.queue.take(&mut place)
        {
            let subject = &self.subjects[row];
            let done = subject.unit(unit, threads, self, &mut worker);
            self.observer.add_bytes(subject.unit_bytes(unit));
            if done.as_ref().is_err_and(|error| self.stop.on(error)) {
                return;
            }
            if subject.add(done) {
                self.readers.let_go(subject.index);
                self.observer.add_tensors(1);
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
