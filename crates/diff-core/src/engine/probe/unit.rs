//! One unit of a subject: the sample of rows, or a run of pieces.

use crate::engine::probe::subject::{Found, Opened, Side, Subject, Survey};
use crate::engine::probe::{Run, Worker};
use crate::engine::release::release;
use crate::error::{Error, Result};
use crate::kernel::probe::{Place, add_hashes, count_casts, count_rows, count_zeros};
use crate::read::{As, Reader, kept_bytes};
use crate::stats::Parts;

impl<'a> Subject<'a> {
    pub(super) fn unit(
        &self,
        number: u64,
        threads: usize,
        run: &Run<'a>,
        worker: &mut Worker,
    ) -> Result<Found> {
        let Some((first, end)) = self.span(number) else {
            return Ok(Found {
                sample: self.open(run)?.sample(run, worker)?,
                ..Found::default()
            });
        };
        let survey = self.survey_once(run, worker).map_err(Clone::clone)?;
        if !survey.questions.needs_all() {
            return Ok(Found::default());
        }
        let opened = self.open(run)?;
        let mut parts = self.empty(survey.questions, first, end);
        for start in (first..end).step_by(self.piece as usize) {
            run.check()?;
            let count = (end - start).min(self.piece) as usize;
            opened.look(start, count, run, worker, &mut parts)?;
        }
        for (side, reader) in self.sides.iter().zip(opened.readers.iter()) {
            let is_last = end == self.elements;
            release(reader, side.tensor, (first, end), is_last, threads);
        }
        Ok(Found {
            parts: Some(parts),
            asked: survey.questions,
            ..Found::default()
        })
    }

    /// Makes readers of both sides. A thread that waits for a survey must hold none, as the survey may be waiting for room for its own.
    fn open<'s>(&'s self, run: &Run<'a>) -> Result<Opened<'s, 'a>> {
        let readers = run.readers.get(
            self.index,
            || {
                let [old, new] = &self.sides;
                let reader =
                    |side: &Side<'a>| Reader::new(side.checkpoint, side.tensor, As::Values);
                Ok([reader(old)?, reader(new)?])
            },
            |_| {
                let [old, new] = &self.sides;
                kept_bytes(old.tensor).saturating_add(kept_bytes(new.tensor))
            },
            || run.check(),
        )?;
        Ok(Opened {
            subject: self,
            readers,
        })
    }

    /// The survey, made by the thread that comes first; the others wait for it. It reads nothing if the sample of rows is all that is asked.
    pub(super) fn survey_once(
        &self,
        run: &Run<'a>,
        worker: &mut Worker,
    ) -> std::result::Result<&Survey, &Error> {
        self.survey
            .get_or_init(|| {
                let survey = self.open(run)?.survey(run, worker);
                // All surveys come before the first unit, so the readers are not needed again soon.
                run.readers.let_go(self.index);
                survey
            })
            .as_ref()
    }
}

impl Opened<'_, '_> {
    /// Asks one piece every question that needs all elements.
    pub(super) fn look(
        &self,
        start: u64,
        count: usize,
        run: &Run,
        worker: &mut Worker,
        parts: &mut Parts,
    ) -> Result<()> {
        let Worker {
            scratch, values, ..
        } = worker;
        let [a, b] = self.read(start, count, scratch)?;
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
        Ok(())
    }
}
