//! What the values of a side lie on: how many different ones there are among neighbours, and whether they are whole multiples of
//! something or 8-bit floats times a scale. All of it of a sample of rows.

use crate::kernel::Elements;
use crate::kernel::probe::nearest::values_of;
use crate::kernel::rounding::round_e4m3;
use crate::stats::{Grid, middle};

/// Neighbours among which different values are counted.
const BLOCKS: [usize; 4] = [16, 32, 64, 128];

/// Different values in a block below which, in the median, it is worth looking at more rows. Of 128 neighbours of normally distributed
/// weights in bf16 about 120 differ; on a grid of 256 values at most 90 do.
const COARSE: [f64; 4] = [14.0, 27.0, 54.0, 100.0];

/// Different values in a row above which it lies on no grid of 8 bits.
const MOST_LEVELS: usize = 256;

/// Elements of a row that scales are tried on.
const TRIED: usize = 1024;

/// Elements that a first choice among many scales takes.
const FEW: usize = 48;

/// Elements that must be half a step away from zero before distances to whole steps say anything: of fewer, one of a hundred scales fits
/// by chance.
const FEWEST: usize = 24;

/// Distances to a grid below which more rows are worth a look: of rows that lie on one they are at most 0.08 and 0.002, by chance 0.15
/// and 0.02.
const NEAR_INT8: f64 = 0.12;
const NEAR_E4M3: f64 = 0.008;

/// What was counted of the sampled rows of one side.
#[derive(Debug, Default)]
pub struct Sampled {
    /// Of each size of block: how often a block had so many different values.
    blocks: [Vec<u32>; 4],
    rows: Vec<f64>,
    int8: Vec<f64>,
    e4m3: Vec<f64>,
    /// Elements of rows of few values, for a scale of all rows.
    tried: Vec<f64>,
    /// Whether some row had too many values.
    is_fine: bool,
    values: Vec<f64>,
    seen: Seen,
}

impl Sampled {
    /// Adds a row, or as much of it as is looked at.
    pub fn add(&mut self, row: Elements) {
        let mut values = std::mem::take(&mut self.values);
        values_of(row, &mut values);
        self.count(&values);
        self.values = values;
    }

    fn count(&mut self, values: &[f64]) {
        self.seen.start(values.len());
        let mut distinct = [0; 4];
        let mut in_row = 0;
        for (at, &value) in values.iter().enumerate() {
            let before = self.seen.replace(value.to_bits(), at);
            in_row += usize::from(before.is_none());
            for ((size, count), blocks) in BLOCKS.iter().zip(&mut distinct).zip(&mut self.blocks) {
                *count += usize::from(before.is_none_or(|before| before < at / size * size));
                if (at + 1).is_multiple_of(*size) {
                    blocks.resize(size + 1, 0);
                    blocks[std::mem::take(count)] += 1;
                }
            }
        }
        self.rows.push(in_row as f64);
        if in_row > MOST_LEVELS {
            self.is_fine = true;
            return;
        }
        let most = largest(values);
        if !(most > 0.0 && most.is_finite()) {
            return;
        }
        let tried = &values[..values.len().min(TRIED)];
        self.int8.push(integer_distance(tried, most));
        self.e4m3.push(e4m3_error(tried, most));
        self.tried.extend_from_slice(tried);
    }

    /// Whether the values are so few, or so near a grid, that more rows are worth a look. `length` elements of each row were added.
    #[must_use]
    pub fn is_coarse(&self, length: usize) -> bool {
        let distinct = self.distinct();
        let in_block = distinct
            .iter()
            .zip(COARSE)
            .any(|(found, most)| *found < most);
        let is_few = median(&self.rows) <= MOST_LEVELS as f64;
        // Short rows never have many values.
        let is_near = || median(&self.int8) < NEAR_INT8 || median(&self.e4m3) < NEAR_E4M3;
        in_block || is_few && (length >= 2 * MOST_LEVELS || is_near())
    }

    fn distinct(&self) -> [f64; 4] {
        [0, 1, 2, 3].map(|at| {
            let counts = &self.blocks[at];
            let total: u32 = counts.iter().sum();
            let reach = |target: u32| {
                let mut seen = 0;
                counts.iter().position(|&count| {
                    seen += count;
                    seen > target
                })
            };
            match (reach(total.saturating_sub(1) / 2), reach(total / 2)) {
                (Some(low), Some(high)) => f64::midpoint(low as f64, high as f64),
                _ => f64::NAN,
            }
        })
    }
}

/// What the sampled rows come to.
#[must_use]
pub fn describe_grid(sampled: &Sampled) -> Grid {
    let fit = |found: &[f64]| {
        if sampled.is_fine {
            f64::NAN
        } else {
            median(found)
        }
    };
    let most = largest(&sampled.tried);
    let is_grid = !sampled.is_fine && most > 0.0 && most.is_finite();
    Grid {
        distinct: sampled.distinct(),
        distinct_row: median(&sampled.rows),
        int8_row: fit(&sampled.int8),
        e4m3_row: fit(&sampled.e4m3),
        e4m3_tensor: if is_grid {
            e4m3_error(&sampled.tried, most)
        } else {
            f64::NAN
        },
    }
}

fn median(found: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = found.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    middle(&sorted)
}

fn largest(values: &[f64]) -> f64 {
    values
        .iter()
        .fold(0.0, |most: f64, value| most.max(value.abs()))
}

/// Median distance to whole numbers of the elements times N / `most`, for the whole number N that fits best. Integers of 8 bits that were
/// scaled by the largest of their row have 127 or 128 there; those with another scale any number up to that.
fn integer_distance(values: &[f64], most: f64) -> f64 {
    if values.len() < FEWEST {
        return f64::NAN;
    }
    let few = &values[..values.len().min(FEW)];
    let mut best = (f64::INFINITY, 127.0);
    for steps in [127, 128].into_iter().chain((16..127).rev()) {
        let steps = f64::from(steps);
        let found = mean_distance(few, steps / most);
        if found < best.0 {
            best = (found, steps);
        }
        // A scale that fits needs no other; chance gives 0.25.
        if best.0 < 0.1 {
            break;
        }
    }
    let step = best.1 / most;
    let (mut products, mut squares) = (0.0, 0.0);
    for value in values {
        let scaled = value * step;
        products += scaled * nearest(scaled);
        squares += scaled * scaled;
    }
    // The largest element was rounded as the others were, so the scale that it gives is a little off.
    let refined = step
        * if squares > 0.0 {
            products / squares
        } else {
            1.0
        };
    median_distance(values, step).min(median_distance(values, refined))
}

/// The nearest whole number, for numbers below 2^51.
fn nearest(value: f64) -> f64 {
    const MAGIC: f64 = (3u64 << 51) as f64;
    (value + MAGIC) - MAGIC
}

/// Whether the distance of a scaled element says anything: what rounds to zero is near it whatever the grid.
fn is_told(size: f64) -> bool {
    size >= 0.5 && size.is_finite()
}

fn mean_distance(values: &[f64], step: f64) -> f64 {
    let (mut sum, mut told) = (0.0, 0.0);
    for value in values {
        let size = (value * step).abs();
        let (distance, one) = if is_told(size) {
            ((size - nearest(size)).abs(), 1.0)
        } else {
            (0.0, 0.0)
        };
        sum += distance;
        told += one;
    }
    if told < FEWEST as f64 {
        return f64::INFINITY;
    }
    sum / told
}

fn median_distance(values: &[f64], step: f64) -> f64 {
    let sizes = values.iter().map(|value| (value * step).abs());
    let told = sizes.filter(|size| is_told(*size));
    let mut found: Vec<f64> = told.map(|size| (size - nearest(size)).abs()).collect();
    if found.len() < FEWEST {
        return f64::NAN;
    }
    found.sort_unstable_by(f64::total_cmp);
    middle(&found)
}

/// Relative error of rounding the elements to e4m3. Where they lie on such a grid, the largest is one of its numbers: with the right one
/// of 8 mantissas it fits, whatever the scale was.
fn e4m3_error(values: &[f64], most: f64) -> f64 {
    let round = round_e4m3();
    let error = |values: &[f64], scale: f64| {
        let (mut rr, mut ry, mut yy) = (0.0, 0.0, 0.0);
        for value in values {
            let scaled = (value * scale).abs();
            let rounded = round(scaled);
            rr += rounded * rounded;
            ry += rounded * scaled;
            yy += scaled * scaled;
        }
        // What is left after the best factor: the largest element was rounded too, so its scale is a little off.
        ((rr - ry * ry / yy) / rr).max(0.0).sqrt()
    };
    // 15 at the top would be the code of NaN.
    let tops = [448.0, 416.0, 384.0, 352.0, 320.0, 288.0, 256.0, 240.0];
    let few = &values[..values.len().min(FEW)];
    let best = tops
        .map(|top| top / most)
        .into_iter()
        .min_by(|a, b| error(few, *a).total_cmp(&error(few, *b)));
    best.map_or(f64::NAN, |scale| error(values, scale))
}

/// Where each value was seen last, in a table that is emptied by counting on.
#[derive(Debug, Default)]
struct Seen {
    slots: Vec<Slot>,
    round: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    bits: u64,
    at: u32,
    round: u32,
}

impl Seen {
    /// Forgets everything and makes room for so many values.
    fn start(&mut self, values: usize) {
        let size = (2 * values).next_power_of_two().max(2);
        if self.slots.len() < size || self.round == u32::MAX {
            self.slots = vec![Slot::default(); size.max(self.slots.len())];
            self.round = 0;
        }
        self.round += 1;
    }

    /// Notes where a value is; where it was before.
    fn replace(&mut self, bits: u64, at: usize) -> Option<usize> {
        let mask = self.slots.len() - 1;
        // The highest bits: numbers of few mantissa bits end in zeros, and so do their products.
        let hash = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut slot = (hash >> (64 - self.slots.len().ilog2())) as usize;
        loop {
            let found = &mut self.slots[slot];
            let is_free = found.round != self.round;
            if is_free || found.bits == bits {
                let before = found.at as usize;
                *found = Slot {
                    bits,
                    at: at as u32,
                    round: self.round,
                };
                return (!is_free).then_some(before);
            }
            slot = (slot + 1) & mask;
        }
    }
}
