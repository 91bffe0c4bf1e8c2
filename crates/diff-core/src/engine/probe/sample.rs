//! Looks at a few elements: to answer what a sample answers, and to find out what need not be asked of all.

use crate::engine::probe::subject::{Opened, Sample, Subject, Survey, runs};
use crate::engine::probe::{Questions, Run, Worker, nearest};
use crate::error::Result;
use crate::kernel::probe::{Place, Sampled, count_casts, count_rows, describe_grid, empty_casts};
use crate::stats::{Casts, Rows};

/// Rows whose grid is looked at at most, and so many that they have about [`GRID_ELEMENTS`]; those that come first, of which a part will do.
pub(super) const GRID_ROWS: u64 = 64;
pub(super) const GRID_ELEMENTS: u64 = 1 << 16;
pub(super) const LEAST_ROWS: u64 = 8;
pub(super) const FIRST_ROWS: u64 = 1;

/// Elements of a row whose grid is looked at, at most and at first, and the multiple at which they begin.
pub(super) const WINDOW: u64 = 1 << 14;
pub(super) const FIRST_WINDOW: u64 = 1 << 9;
pub(super) const ALIGNED: u64 = 128;

/// Rows that are looked at before all of them are, and elements of each: where all changed, and none by a factor, there is nothing to tell of
/// rows.
pub(super) const FIRST_LINES: u64 = 16;
pub(super) const LINE_WINDOW: u64 = 1 << 8;

/// Rows, and elements of each, by which the share of changed rows is estimated, and the share up to which single rows are worth telling:
/// the words are those of few rows.
pub(super) const MANY_LINES: u64 = 1 << 9;
pub(super) const LONG_WINDOW: u64 = 1 << 11;
pub(super) const FEW_LINES: f64 = 0.05;

/// Places, and elements at each, where casts are tried before they are everywhere.
pub(super) const CAST_PLACES: u64 = 4;
pub(super) const CAST_ELEMENTS: u64 = 1 << 10;

impl Subject<'_> {
    /// Rows of a full sample.
    fn grid_rows(&self) -> u64 {
        (GRID_ELEMENTS / self.row_length()).clamp(LEAST_ROWS, GRID_ROWS)
    }

    /// Elements of a side that a sample takes at most.
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
    /// Looks at a few elements for what need not be asked of all.
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

    /// Casts of a few elements; None where those are all.
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

    /// Whether there may be something to tell of rows, as far as parts of them tell: few changed, or some are old times one factor.
    pub(super) fn has_odd_rows(&self, run: &Run, worker: &mut Worker) -> Result<bool> {
        let [changed, scaled] = self.sample_lines(FIRST_LINES, LINE_WINDOW, run, worker)?;
        if scaled > 0 {
            return Ok(true);
        }
        if changed == FIRST_LINES.min(self.elements / self.place.width) {
            return Ok(false);
        }
        // A sample of much of the tensor saves nothing.
        if 4 * MANY_LINES * LONG_WINDOW.min(self.place.width) >= self.elements {
            return Ok(true);
        }
        let [changed, _] = self.sample_lines(MANY_LINES, LONG_WINDOW, run, worker)?;
        let looked_at = MANY_LINES.min(self.elements / self.place.width) as f64;
        // Two standard deviations of the count below it.
        let least = changed as f64 - 2.0 * (changed as f64).sqrt();
        Ok(least <= FEW_LINES * looked_at)
    }

    /// How many of `most` rows from all over the tensor changed, and how many are old times one factor, in a part of `window` elements.
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
        // The part is a row of its own.
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
            // Anywhere in its part of the tensor: rows may change at even distances too.
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

    /// What a sample of rows is asked.
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

    /// The values of rows from all over the tensor: a part of one of them, and more where those are few different ones on a side, or lie on
    /// a grid.
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

/// Whether so many elements are equal after a cast that all are worth a look.
pub(super) fn is_likely(casts: &Casts, is_one_type: bool) -> bool {
    // Of one type, the elements that have a common source are those that did not change.
    let common = if is_one_type { 0 } else { casts.common };
    let counts = casts.forward.iter().chain(&casts.backward);
    let equal = counts.chain([&casts.truncated]).flatten().copied();
    2 * equal.fold(common, u64::max) >= casts.elements
}
