//! The passes over a tile of decoded values: the definition of every sum, compiled for each instruction set.
//!
//! Three short passes instead of one long: each keeps its accumulators in registers. Plain loops over
//! fixed lanes only (closures would not inherit the instruction set of their caller), and Rust never
//! contracts a multiplication and an addition by itself, so every instruction set gives the same bits.

#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "a pass must become part of the function that carries the instruction set, and index loops over lanes vectorise"
)]

use crate::stats::{Own, PairStats};

pub(super) const LANES: usize = 8;

type Lane = [f64; LANES];

/// Sums of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnLanes {
    sum: Lane,
    squares: Lane,
    min: Lane,
    max: Lane,
    finite: u64,
    nan: u64,
    infinite: u64,
}

impl Default for OwnLanes {
    fn default() -> Self {
        Self {
            sum: [0.0; LANES],
            squares: [0.0; LANES],
            min: [f64::INFINITY; LANES],
            max: [f64::NEG_INFINITY; LANES],
            finite: 0,
            nan: 0,
            infinite: 0,
        }
    }
}

impl OwnLanes {
    /// Whether all sums are finite, which no NaN or infinity among the elements lets them be.
    pub(super) fn is_finite(&self) -> bool {
        let mut total = 0.0;
        for lane in 0..LANES {
            total += self.sum[lane].abs() + self.squares[lane];
        }
        total.is_finite()
    }

    pub(super) fn add(&mut self, tile: &Self) {
        for lane in 0..LANES {
            self.sum[lane] += tile.sum[lane];
            self.squares[lane] += tile.squares[lane];
            self.min[lane] = smaller(self.min[lane], tile.min[lane]);
            self.max[lane] = larger(self.max[lane], tile.max[lane]);
        }
        self.finite += tile.finite;
        self.nan += tile.nan;
        self.infinite += tile.infinite;
    }

    pub(super) fn finish(&self, zeros: u64) -> Own {
        let sum: f64 = self.sum.iter().sum();
        let squares: f64 = self.squares.iter().sum();
        let count = self.finite as f64;
        let mean = if self.finite == 0 { 0.0 } else { sum / count };
        Own {
            finite: self.finite,
            mean,
            m2: (squares - sum * mean).max(0.0),
            sum_squares: squares,
            // + 0.0 turns -0 into +0.
            min: self.min.iter().copied().fold(f64::INFINITY, smaller) + 0.0,
            max: self.max.iter().copied().fold(f64::NEG_INFINITY, larger) + 0.0,
            zeros,
            nan: self.nan,
            infinite: self.infinite,
        }
    }
}

/// Sums of the differences.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DiffLanes {
    dd: Lane,
    ad: Lane,
    ab: Lane,
    abs_d: Lane,
    d: Lane,
    aa: Lane,
    bb: Lane,
    max_abs_d: Lane,
    differing: [u64; LANES],
    finite: u64,
    nonfinite_changed: u64,
}

impl DiffLanes {
    /// Where all elements are finite, the squares of the pairs are those of the sides.
    pub(super) fn take_squares(&mut self, a: &OwnLanes, b: &OwnLanes) {
        self.aa = a.squares;
        self.bb = b.squares;
    }

    pub(super) fn add(&mut self, tile: &Self) {
        for lane in 0..LANES {
            self.dd[lane] += tile.dd[lane];
            self.ad[lane] += tile.ad[lane];
            self.ab[lane] += tile.ab[lane];
            self.abs_d[lane] += tile.abs_d[lane];
            self.d[lane] += tile.d[lane];
            self.aa[lane] += tile.aa[lane];
            self.bb[lane] += tile.bb[lane];
            self.max_abs_d[lane] = larger(self.max_abs_d[lane], tile.max_abs_d[lane]);
            self.differing[lane] += tile.differing[lane];
        }
        self.finite += tile.finite;
        self.nonfinite_changed += tile.nonfinite_changed;
    }

    pub(super) fn finish(&self) -> PairStats {
        PairStats {
            finite: self.finite,
            sum_dd: self.dd.iter().sum(),
            sum_ad: self.ad.iter().sum(),
            sum_ab: self.ab.iter().sum(),
            sum_abs_d: self.abs_d.iter().sum(),
            sum_d: self.d.iter().sum(),
            sum_aa: self.aa.iter().sum(),
            sum_bb: self.bb.iter().sum(),
            max_abs_d: self.max_abs_d.iter().copied().fold(0.0, larger),
            nonfinite_changed: self.nonfinite_changed,
            value_changed: self.differing.iter().sum::<u64>() + self.nonfinite_changed,
            ..PairStats::default()
        }
    }
}

/// Counts of elements.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) over: u64,
    pub(super) zeros_a: u64,
    pub(super) zeros_b: u64,
}

/// Comparisons that compile to one instruction; a NaN on the left never wins.
#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

/// Sums of one side, for finite values (anything else shows in the sums).
#[inline(always)]
pub(super) fn own(values: &[f64], lanes: &mut OwnLanes) {
    let mut s = *lanes;
    let (groups, rest) = values.as_chunks::<LANES>();
    for x in groups {
        for i in 0..LANES {
            s.sum[i] += x[i];
            s.squares[i] += x[i] * x[i];
            s.min[i] = smaller(s.min[i], x[i]);
            s.max[i] = larger(s.max[i], x[i]);
        }
    }
    for i in 0..rest.len() {
        s.sum[i] += rest[i];
        s.squares[i] += rest[i] * rest[i];
        s.min[i] = smaller(s.min[i], rest[i]);
        s.max[i] = larger(s.max[i], rest[i]);
    }
    s.finite += values.len() as u64;
    *lanes = s;
}

/// Sums of one side with NaN and infinities left out and counted.
pub(super) fn own_masked(values: &[f64], lanes: &mut OwnLanes) {
    for (at, &x) in values.iter().enumerate() {
        let i = at % LANES;
        if x.is_finite() {
            lanes.sum[i] += x;
            lanes.squares[i] += x * x;
            lanes.min[i] = smaller(lanes.min[i], x);
            lanes.max[i] = larger(lanes.max[i], x);
            lanes.finite += 1;
        } else if x.is_nan() {
            lanes.nan += 1;
        } else {
            lanes.infinite += 1;
        }
    }
}

/// Sums of the differences of finite values, without the squares of the sides: those are in their own sums.
#[inline(always)]
pub(super) fn difference(a: &[f64], b: &[f64], lanes: &mut DiffLanes) {
    let mut s = *lanes;
    let (groups_a, rest_a) = a.as_chunks::<LANES>();
    let (groups_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in groups_a.iter().zip(groups_b) {
        for i in 0..LANES {
            let d = y[i] - x[i];
            s.dd[i] += d * d;
            s.ad[i] += x[i] * d;
            s.ab[i] += x[i] * y[i];
            s.abs_d[i] += d.abs();
            s.d[i] += d;
            s.max_abs_d[i] = larger(s.max_abs_d[i], d.abs());
            s.differing[i] += u64::from(x[i] != y[i]);
        }
    }
    for i in 0..rest_a.len().min(rest_b.len()) {
        add_difference(rest_a[i], rest_b[i], i, &mut s);
    }
    s.finite += a.len() as u64;
    *lanes = s;
}

#[inline(always)]
fn add_difference(x: f64, y: f64, i: usize, s: &mut DiffLanes) {
    let d = y - x;
    s.dd[i] += d * d;
    s.ad[i] += x * d;
    s.ab[i] += x * y;
    s.abs_d[i] += d.abs();
    s.d[i] += d;
    s.max_abs_d[i] = larger(s.max_abs_d[i], d.abs());
    s.differing[i] += u64::from(x != y);
}

/// Sums of the differences where both sides are finite; the rest is compared and counted.
pub(super) fn difference_masked(a: &[f64], b: &[f64], lanes: &mut DiffLanes) {
    for (at, (&x, &y)) in a.iter().zip(b).enumerate() {
        if x.is_finite() && y.is_finite() {
            let lane = at % LANES;
            add_difference(x, y, lane, lanes);
            lanes.aa[lane] += x * x;
            lanes.bb[lane] += y * y;
            lanes.finite += 1;
        } else if x != y && !(x.is_nan() && y.is_nan()) {
            lanes.nonfinite_changed += 1;
        }
    }
}

/// Counts over finite values (zeros: over any). A flat loop: over lanes, LLVM would gather.
#[inline(always)]
pub(super) fn count(a: &[f64], b: &[f64], threshold: f64, counts: &mut Counts) {
    let mut c = *counts;
    for (&x, &y) in a.iter().zip(b) {
        c.over += u64::from((y - x).abs() > threshold);
        c.zeros_a += u64::from(x == 0.0);
        c.zeros_b += u64::from(y == 0.0);
    }
    *counts = c;
}

/// Counts where some values are not finite: those are never over the threshold (they are counted apart).
pub(super) fn count_masked(a: &[f64], b: &[f64], threshold: f64, counts: &mut Counts) {
    for (&x, &y) in a.iter().zip(b) {
        let finite = x.is_finite() && y.is_finite();
        counts.over += u64::from(finite && (y - x).abs() > threshold);
        counts.zeros_a += u64::from(x == 0.0);
        counts.zeros_b += u64::from(y == 0.0);
    }
}

/// Sum and sum of squares of the distances from `mean`, NaN and infinities left out.
pub(super) fn deviation(values: &[f64], mean: f64, lanes: &mut [Lane; 2]) {
    for (at, &x) in values.iter().enumerate() {
        if x.is_finite() {
            let distance = x - mean;
            lanes[0][at % LANES] += distance;
            lanes[1][at % LANES] += distance * distance;
        }
    }
}

/// Elements of `item` bytes that differ in any bit.
#[inline(always)]
pub(super) fn bit_changed(item: u64, a: &[u8], b: &[u8]) -> u64 {
    match item {
        1 => bit_changed_of::<1>(a, b),
        2 => bit_changed_of::<2>(a, b),
        4 => bit_changed_of::<4>(a, b),
        8 => bit_changed_of::<8>(a, b),
        _ => 0,
    }
}

#[inline(always)]
fn bit_changed_of<const N: usize>(a: &[u8], b: &[u8]) -> u64 {
    let mut changed = 0;
    for (x, y) in a.as_chunks::<N>().0.iter().zip(b.as_chunks::<N>().0) {
        changed += u64::from(x != y);
    }
    changed
}
