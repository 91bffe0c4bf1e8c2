//! Whether values were rounded to the nearest of few numbers: what shares a scale shows most of the numbers that there are, and an
//! element that lies nearer to another one of them was not rounded to the one that stands for it.

use crate::kernel::{Elements, for_each_value};

/// How far behind the middle of two numbers an element may lie, in parts of the largest number of its run. Scales and zero points are often
/// rounded to f16 after the codes were chosen, which moves the middles.
const SLACK: f64 = 1.0 / 2048.0;

/// The same in parts of the number, where numbers were rounded to bf16: half a spacing of both neighbours.
const SLACK_BF16: f64 = 1.0 / 256.0;

/// What was counted of the elements of a side beside their rounded ones.
#[derive(Debug, Default)]
pub struct Nearest {
    /// Elements on whose side of their number the run has another one.
    told: u64,
    /// Those of them that lie nearer to it.
    nearer: u64,
    /// Different numbers of a run, in order.
    levels: Vec<f64>,
}

impl Nearest {
    /// Adds elements from the start of a run on: `rounded` are what stands for `given`, and each `run` of them share a scale.
    pub fn add(&mut self, rounded: &[f64], given: &[f64], run: usize) {
        let runs = rounded.chunks(run.max(1)).zip(given.chunks(run.max(1)));
        for (rounded, given) in runs {
            self.add_run(rounded, given);
        }
    }

    fn add_run(&mut self, rounded: &[f64], given: &[f64]) {
        let levels = &mut self.levels;
        levels.clear();
        levels.extend(rounded.iter().filter(|value| value.is_finite()));
        levels.sort_unstable_by(f64::total_cmp);
        levels.dedup();
        let (Some(first), Some(last)) = (levels.first(), levels.last()) else {
            return;
        };
        let slack = SLACK * first.abs().max(last.abs());
        let relative = if levels.iter().all(|level| is_bf16(*level)) {
            SLACK_BF16
        } else {
            0.0
        };
        for (&level, &value) in rounded.iter().zip(given) {
            let at = levels.partition_point(|&other| other < level);
            let other = if value > level {
                levels.get(at + 1)
            } else {
                at.checked_sub(1).and_then(|at| levels.get(at))
            };
            let Some(other) = other.filter(|_| value.is_finite() && levels.get(at) == Some(&level))
            else {
                continue;
            };
            let reach =
                (f64::midpoint(level, *other) - level).abs() + slack + relative * level.abs();
            self.told += 1;
            self.nearer += u64::from((value - level).abs() > reach);
        }
    }

    /// Share of the elements that lie nearer to another number; NaN where there was nothing to tell.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.nearer as f64 / self.told as f64
    }
}

fn is_bf16(value: f64) -> bool {
    let single = value as f32;
    f64::from(single).to_bits() == value.to_bits() && single.to_bits().trailing_zeros() >= 16
}

/// The elements as f64, -0 as 0.
pub fn values_of(side: Elements, out: &mut Vec<f64>) {
    out.clear();
    for_each_value(side, |value| out.push(value + 0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(rounded: &[f64], given: &[f64]) -> f64 {
        let mut found = Nearest::default();
        found.add(rounded, given, 4);
        found.share()
    }

    #[test]
    fn what_lies_nearer_to_another_number_is_counted() {
        // Behind the ends there is no other number.
        assert!((share(&[0.0, 1.0, 2.0, 3.0], &[-5.0, 1.4, 1.6, 9.0])).abs() < 1e-15);
        assert!((share(&[0.0, 1.0, 2.0, 3.0], &[0.4, 1.6, 1.4, 3.1]) - 2.0 / 3.0).abs() < 1e-15);
        // Each run has numbers of its own.
        let two = [0.0, 1.0, 2.0, 3.0, 0.0, 10.0, 20.0, 30.0];
        assert!((share(&two, &[0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 24.0, 26.0])).abs() < 1e-15);
        // Within the slack of the middle.
        let fine = [0.0, 1.0001, 2.0, 2.0];
        assert!(share(&fine, &[0.5004, 1.0, 2.0, 2.0]).abs() < 1e-15);
        assert!(share(&fine, &[0.502, 1.0, 2.0, 2.0]) > 0.1);
        assert!(share(&fine, &[0.0, 1.504, 2.0, 2.0]) > 0.1);
        // Numbers of bf16 were rounded themselves.
        assert!(share(&[0.0, 1.0, 2.0, 2.0], &[0.0, 1.504, 2.0, 2.0]).abs() < 1e-15);
    }

    #[test]
    fn what_is_no_number_says_nothing() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        assert!(share(&[nan, nan], &[1.0, 2.0]).is_nan());
        assert!(share(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
        assert!(share(&[0.0, 1.0, nan, inf], &[0.9, nan, 0.5, 0.5]) > 0.99);
        assert!(Nearest::default().share().is_nan());
    }
}
