//! Looks at a few elements: to answer the questions that a sample can answer, and to drop questions that need not be asked of all elements.

use crate::engine::probe::subject::{Opened, Sample, Subject, Survey, runs};
use crate::engine::probe::{Questions, Run, Worker, nearest};
use crate::error::Result;
use crate::kernel::probe::{Place, Sampled, count_casts, count_rows, describe_grid, empty_casts};
use crate::stats::{Casts, Rows};

/// Rows of a sample for grids: as many as have about [`GRID_ELEMENTS`] together, within these bounds. [`FIRST_ROWS`] are looked at first, and
/// often settle the question.
pub(super) const GRID_ROWS: u64 = 64;
pub(super) const GRID_ELEMENTS: u64 = 1 << 16;
pub(super) const LEAST_ROWS: u64 = 8;
pub(super) const FIRST_ROWS: u64 = 1;

/// Elements that are looked at in each of these rows: at most, and at first. They begin at a multiple of [`ALIGNED`].
pub(super) const WINDOW: u64 = 1 << 14;
pub(super) const FIRST_WINDOW: u64 = 1 << 9;
pub(super) const ALIGNED: u64 = 128;

/// Rows that are looked at before all of them are, and elements of each: if all of these changed, and none by a mere factor, there is nothing
/// to say about single rows.
pub(super) const FIRST_LINES: u64 = 16;
pub(super) const LINE_WINDOW: u64 = 1 << 8;

/// Rows, and elements of each, from which the share of changed rows is estimated; and the largest share for which single rows are reported:
/// the report only speaks of few rows.
pub(super) const MANY_LINES: u64 = 1 << 9;
pub(super) const LONG_WINDOW: u64 = 1 << 11;
pub(super) const FEW_LINES: f64 = 0.05;

/// Places, and elements at each, where casts are tried before they are tried everywhere.
pub(super) const CAST_PLACES: u64 = 4;
pub(super) const CAST_ELEMENTS: u64 = 1 << 10;

impl Subject<'_> {
    /// Rows of a full sample.
    fn grid_rows(&self) -> u64 {
        (GRID_ELEMENTS / self.row_length()).clamp(LEAST_ROWS, GRID_ROWS)
    }

    /// The most elements of a side that the sample reads.
    pub(super) fn sampled(&self) -> u64 {
        let length = self.row_length();
        let of_grid = if self.questions.has(Questions::GRID) {
            self.grid_rows().min(self.elements / length) * length.min(WINDOW)
        } else {
            0
        };
        if self.questions.has(Questions::NEAREST) {
            of_grid.max(self.elements.min(nearest::SAMPLED))
        } else {
            of_grid
        }
    }
}

impl Opened<'_, '_> {
    /// Looks at a few elements to find questions that need not be asked of all.
    pub(super) fn survey(&self, run: &Run, worker: &mut Worker) -> Result<Survey> {
        let mut survey = Survey {
            questions: self.questions,
            casts: None,
        };
        if self.questions.has(Questions::CAST)
            && let Some(casts) = self.try_casts(run, worker)?
            && !is_likely(&casts, self.sides[0].dtype() == self.sides[1].dtype())
        {
            survey.questions = survey.questions.without(Questions::CAST);
            survey.casts = Some(casts);
        }
        if self.questions.has(Questions::ROWS) && !self.has_odd_rows(run, worker)? {
            survey.questions = survey.questions.without(Questions::ROWS);
        }
        Ok(survey)
    }

    /// Counts casts of a few elements; None for a tensor that has no more than those.
    pub(super) fn try_casts(&self, run: &Run, worker: &mut Worker) -> Result<Option<Casts>> {
        if self.elements <= CAST_PLACES * CAST_ELEMENTS {
            return Ok(None);
        }
        let [old, new] = &self.sides;
        let Some(mut casts) = empty_casts(old.dtype(), new.dtype()) else {
            return Ok(None);
        };
        for place in 0..CAST_PLACES {
            let start = (2 * place + 1) * (self.elements - CAST_ELEMENTS) / (2 * CAST_PLACES);
            let [a, b] = self.read(start, CAST_ELEMENTS as usize, &mut worker.sampling)?;
            count_casts(a, b, run.isa, &mut casts);
        }
        Ok(Some(casts))
    }

    /// Whether there may be something to say about single rows, judging by parts of some: that few changed, or that some are the old row times
    /// one factor.
    pub(super) fn has_odd_rows(&self, run: &Run, worker: &mut Worker) -> Result<bool> {
        let [changed, scaled] = self.sample_lines(FIRST_LINES, LINE_WINDOW, run, worker)?;
        if scaled > 0 {
            return Ok(true);
        }
        if changed == FIRST_LINES.min(self.elements / self.place.width) {
            return Ok(false);
        }
        // A sample of a quarter of the tensor would save little.
        if 4 * MANY_LINES * LONG_WINDOW.min(self.place.width) >= self.elements {
            return Ok(true);
        }
        let [changed, _] = self.sample_lines(MANY_LINES, LONG_WINDOW, run, worker)?;
        let looked_at = MANY_LINES.min(self.elements / self.place.width) as f64;
        // A lower bound: two standard deviations of the count below it.
        let least = changed as f64 - 2.0 * (changed as f64).sqrt();
        Ok(least <= FEW_LINES * looked_at)
    }

    /// Of up to `most` rows from all over the tensor, how many changed, and how many are the old row times one factor, judging by `window`
    /// elements of each.
    fn sample_lines(
        &self,
        most: u64,
        window: u64,
        run: &Run,
        worker: &mut Worker,
    ) -> Result<[u64; 2]> {
        let width = self.place.width;
        let count = self.elements / width;
        let (chosen, window) = (most.min(count), window.min(width));
        // The kernel is given the part as if it were a whole row.
        let place = Place {
            start: 0,
            width: window,
            last: window,
        };
        let mut found = Rows {
            first: 0,
            changed: vec![0],
            scale: vec![f64::NAN],
            columns: Vec::new(),
        };
        let [mut changed, mut scaled] = [0, 0];
        for at in 0..chosen {
            run.check()?;
            (found.changed[0], found.scale[0]) = (0, f64::NAN);
            // A scattered row of each stretch: rows at equal distances would mislead where changes come at equal distances too.
            let (first, end) = (at * count / chosen, (at + 1) * count / chosen);
            let row = first + at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (end - first);
            let start = row * width + (width - window) / 2;
            let [a, b] = self.read(start, window as usize, &mut worker.sampling)?;
            count_rows(a, b, place, run.isa, &mut worker.values, &mut found);
            changed += u64::from(found.changed[0] > 0);
            scaled += u64::from(!found.scale[0].is_nan());
        }
        Ok([changed, scaled])
    }

    /// Answers the questions that a sample of rows can answer.
    pub(super) fn sample(&self, run: &Run, worker: &mut Worker) -> Result<Sample> {
        let mut found = Sample::default();
        if self.questions.has(Questions::GRID) {
            found = self.sample_grids(run, worker)?;
        }
        if self.questions.has(Questions::NEAREST) {
            let [old, new] = &self.sides;
            let runs = runs([old, new]);
            found.misrounded = Some(self.misrounded(runs, run, worker)?);
        }
        Ok(found)
    }

    /// The grids of both sides, from values of rows all over the tensor: first from a part of one row, then from more rows if those values
    /// are few different ones, or lie on a grid, on either side.
    fn sample_grids(&self, run: &Run, worker: &mut Worker) -> Result<Sample> {
        let mut sampled = self.sample_rows(FIRST_ROWS, FIRST_WINDOW, run, worker)?;
        let length = self.row_length().min(FIRST_WINDOW) as usize;
        let mut misrounded = None;
        if sampled.iter().any(|side| side.is_coarse(length)) {
            sampled = self.sample_rows(self.grid_rows(), WINDOW, run, worker)?;
            let runs = [Some(nearest::DENSE_RUN); 2];
            misrounded = Some(self.misrounded(runs, run, worker)?);
        }
        Ok(Sample {
            grids: Some([describe_grid(&sampled[0]), describe_grid(&sampled[1])]),
            misrounded,
        })
    }

    pub(super) fn sample_rows(
        &self,
        most: u64,
        window: u64,
        run: &Run,
        worker: &mut Worker,
    ) -> Result<[Sampled; 2]> {
        let length = self.row_length();
        let rows = self.elements / length;
        let (chosen, window) = (most.min(rows), length.min(window));
        let offset = (length - window) / 2 / ALIGNED * ALIGNED;
        let mut sampled = [Sampled::default(), Sampled::default()];
        for at in 0..chosen {
            run.check()?;
            let start = (2 * at + 1) * rows / (2 * chosen) * length + offset;
            let sides = self.read(start, window as usize, &mut worker.sampling)?;
            for (sampled, side) in sampled.iter_mut().zip(sides) {
                sampled.add(side);
            }
        }
        Ok(sampled)
    }
}

/// Whether enough elements are equal after a cast that all elements are worth a look.
pub(super) fn is_likely(casts: &Casts, is_one_type: bool) -> bool {
    // Where both sides have one type, the elements with a common source are just those that did not change.
    let common = if is_one_type { 0 } else { casts.common };
    let counts = casts.forward.iter().chain(&casts.backward);
    let equal = counts.chain([&casts.truncated]).flatten().copied();
    2 * equal.fold(common, u64::max) >= casts.elements
}
