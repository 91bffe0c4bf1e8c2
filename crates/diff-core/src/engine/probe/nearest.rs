//! Whether the values of a quantised side are those of the other one, rounded to the nearest.

use crate::engine::probe::subject::Opened;
use crate::engine::probe::{Run, Worker};
use crate::error::Result;
use crate::kernel::probe::{Nearest, values_of};

/// Rows that are looked at, and elements of each.
const ROWS: u64 = 64;
const WINDOW: u64 = 1 << 10;

/// Neighbours that share a scale in every quantisation whose numbers were stored as floats.
pub(super) const DENSE_RUN: u64 = 16;

/// Elements of a sample at most.
pub(super) const SAMPLED: u64 = ROWS * WINDOW;

impl Opened<'_, '_> {
    /// For each side that has such runs, the share of elements of the other one that lie nearer to another of its values; NaN for the others.
    pub(super) fn misrounded(
        &self,
        runs: [Option<u64>; 2],
        run: &Run,
        worker: &mut Worker,
    ) -> Result<[f64; 2]> {
        let mut shares = [f64::NAN; 2];
        for (side, length) in runs.into_iter().enumerate() {
            let Some(length) = length else { continue };
            let mut found = Nearest::default();
            self.sample_nearest((side, length), run, worker, &mut found)?;
            shares[side] = found.share();
        }
        Ok(shares)
    }

    fn sample_nearest(
        &self,
        (side, in_run): (usize, u64),
        run: &Run,
        worker: &mut Worker,
        found: &mut Nearest,
    ) -> Result<()> {
        let length = self.row_length();
        let rows = self.elements / length;
        let (chosen, window) = (ROWS.min(rows), length.min(WINDOW));
        let offset = (length - window) / 2 / in_run * in_run;
        let Worker {
            sampling, values, ..
        } = worker;
        for at in 0..chosen {
            run.check()?;
            let start = (2 * at + 1) * rows / (2 * chosen) * length + offset;
            let sides = self.read(start, window as usize, sampling)?;
            for (values, side) in values.iter_mut().zip(sides) {
                values_of(side, values);
            }
            let (rounded, given) = (&values[side], &values[1 - side]);
            found.add(rounded, given, in_run.min(WINDOW) as usize);
        }
        Ok(())
    }
}
