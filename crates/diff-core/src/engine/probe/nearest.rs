//! Whether the values of a quantised side are those of the other side, each rounded to the nearest value that the quantisation has.

use crate::engine::probe::subject::Opened;
use crate::engine::probe::{Run, Worker};
use crate::error::Result;
use crate::kernel::probe::{Nearest, values_of};

/// Rows that are looked at, and elements of each.
const ROWS: u64 = 64;
const WINDOW: u64 = 1 << 10;

/// So many neighbours share a scale in every usual quantisation: assumed where quantised values are stored as floats and no scale is known.
pub(super) const DENSE_RUN: u64 = 16;

/// The most elements of a sample.
pub(super) const SAMPLED: u64 = ROWS * WINDOW;

impl Opened<'_, '_> {
    /// For each side with runs of elements that share a scale: the share of the other side's elements that lie nearer to some other value of
    /// the run than to the one that they were given. NaN for a side without runs.
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
