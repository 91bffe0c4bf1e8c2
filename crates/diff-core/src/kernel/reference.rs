//! The passes over a tile of decoded values: the definition of every sum of `double`, compiled for each instruction set.
//!
//! One pass takes everything there is to know of a pair: with AVX-512 all its accumulators stay in registers, and
//! elsewhere splitting it was measured to gain nothing. Plain loops over fixed lanes only (closures would not inherit the
//! instruction set of their caller), and Rust never contracts a multiplication and an addition by itself, so every
//! instruction set gives the same bits.

#![expect(
    clippy::inline_always,
    clippy::needless_range_loop,
    reason = "a pass must become part of the function that carries the instruction set, and index loops over lanes vectorise"
)]

use crate::stats::{Moments, PairStats};

pub(super) const LANES: usize = 8;

type Lane = [f64; LANES];

/// Sums of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct MomentLanes {
    sum: Lane,
    squares: Lane,
    min: Lane,
    max: Lane,
    zeros: [u64; LANES],
    finite: u64,
    nan: u64,
    infinite: u64,
}

impl Default for MomentLanes {
    fn default() -> Self {
        Self {
            sum: [0.0; LANES],
            squares: [0.0; LANES],
            min: [f64::INFINITY; LANES],
            max: [f64::NEG_INFINITY; LANES],
            zeros: [0; LANES],
            finite: 0,
            nan: 0,
            infinite: 0,
        }
    }
}

impl MomentLanes {
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
            self.zeros[lane] += tile.zeros[lane];
        }
        self.finite += tile.finite;
        self.nan += tile.nan;
        self.infinite += tile.infinite;
    }

    pub(super) fn finish(&self) -> Moments {
        let sum: f64 = self.sum.iter().sum();
        let squares: f64 = self.squares.iter().sum();
        let count = self.finite as f64;
        let mean = if self.finite == 0 { 0.0 } else { sum / count };
        Moments {
            finite: self.finite,
            mean,
            m2: (squares - sum * mean).max(0.0),
            sum_squares: squares,
            scale: 0,
            // + 0.0 turns -0 into +0.
            min: self.min.iter().copied().fold(f64::INFINITY, smaller) + 0.0,
            max: self.max.iter().copied().fold(f64::NEG_INFINITY, larger) + 0.0,
            zeros: self.zeros.iter().sum(),
            nan: self.nan,
            infinite: self.infinite,
        }
    }
}

/// Sums of the differences.
#[derive(Debug, Clone, Copy, Default)]
struct DiffLanes {
    dd: Lane,
    ad: Lane,
    ab: Lane,
    abs_d: Lane,
    d: Lane,
    aa: Lane,
    bb: Lane,
    max_abs_d: Lane,
    differing: [u64; LANES],
    over: [u64; LANES],
    finite: u64,
    nonfinite_changed: u64,
}

impl DiffLanes {
    fn add(&mut self, tile: &Self) {
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
            self.over[lane] += tile.over[lane];
        }
        self.finite += tile.finite;
        self.nonfinite_changed += tile.nonfinite_changed;
    }

    fn finish(&self) -> PairStats {
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
            over_threshold: self.over.iter().sum(),
            nonfinite_changed: self.nonfinite_changed,
            value_changed: self.differing.iter().sum::<u64>() + self.nonfinite_changed,
            ..PairStats::default()
        }
    }
}

/// Sums of both sides and of their differences.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairLanes {
    old: MomentLanes,
    new: MomentLanes,
    difference: DiffLanes,
}

impl PairLanes {
    /// The same as [`MomentLanes::is_finite`], of both sides.
    pub(super) fn is_finite(&self) -> bool {
        self.old.is_finite() && self.new.is_finite()
    }

    pub(super) fn add(&mut self, tile: &Self) {
        self.old.add(&tile.old);
        self.new.add(&tile.new);
        self.difference.add(&tile.difference);
    }

    pub(super) fn finish(&self) -> PairStats {
        PairStats {
            old: self.old.finish(),
            new: self.new.finish(),
            ..self.difference.finish()
        }
    }
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

#[inline(always)]
fn add_own(x: f64, i: usize, s: &mut MomentLanes) {
    s.sum[i] += x;
    s.squares[i] += x * x;
    s.min[i] = smaller(s.min[i], x);
    s.max[i] = larger(s.max[i], x);
    s.zeros[i] += u64::from(x == 0.0);
}

#[inline(always)]
fn add_difference(x: f64, y: f64, threshold: f64, i: usize, s: &mut DiffLanes) {
    let d = y - x;
    s.dd[i] += d * d;
    s.ad[i] += x * d;
    s.ab[i] += x * y;
    s.abs_d[i] += d.abs();
    s.d[i] += d;
    s.max_abs_d[i] = larger(s.max_abs_d[i], d.abs());
    s.differing[i] += u64::from(x != y);
    s.over[i] += u64::from(d.abs() > threshold);
}

/// Sums of one side, for finite values (anything else shows in the sums).
#[inline(always)]
pub(super) fn own(values: &[f64], lanes: &mut MomentLanes) {
    own_groups(values, lanes);
    for (i, x) in values.as_chunks::<LANES>().1.iter().enumerate() {
        add_own(*x, i, lanes);
    }
    lanes.finite += values.len() as u64;
}

/// Sums of one side with NaN and infinities left out and counted.
pub(super) fn own_masked(values: &[f64], lanes: &mut MomentLanes) {
    for (at, &x) in values.iter().enumerate() {
        if x.is_finite() {
            add_own(x, at % LANES, lanes);
            lanes.finite += 1;
        } else if x.is_nan() {
            lanes.nan += 1;
        } else {
            lanes.infinite += 1;
        }
    }
}

/// Sums of two sides of one length, for finite values, in one pass: 18 accumulators, for an instruction set with so many
/// registers of [`LANES`].
#[inline(always)]
pub(super) fn pair_at_once(a: &[f64], b: &[f64], threshold: f64, lanes: &mut PairLanes) {
    let mut s = *lanes;
    for (x, y) in a
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(b.as_chunks::<LANES>().0)
    {
        for i in 0..LANES {
            add_own(x[i], i, &mut s.old);
            add_own(y[i], i, &mut s.new);
            add_difference(x[i], y[i], threshold, i, &mut s.difference);
        }
    }
    *lanes = s;
    finish_pair(a, b, threshold, lanes);
}

/// The same with smaller registers or fewer of them: each side and each half of the lanes of the differences has a pass.
#[inline(always)]
pub(super) fn pair_in_passes(a: &[f64], b: &[f64], threshold: f64, lanes: &mut PairLanes) {
    own_groups(a, &mut lanes.old);
    own_groups(b, &mut lanes.new);
    difference_groups::<0>(a, b, threshold, &mut lanes.difference);
    difference_groups::<{ LANES / 2 }>(a, b, threshold, &mut lanes.difference);
    finish_pair(a, b, threshold, lanes);
}

#[inline(always)]
fn own_groups(values: &[f64], lanes: &mut MomentLanes) {
    let mut s = *lanes;
    for x in values.as_chunks::<LANES>().0 {
        for i in 0..LANES {
            add_own(x[i], i, &mut s);
        }
    }
    *lanes = s;
}

/// The lanes `FROM .. FROM + LANES / 2`.
#[inline(always)]
fn difference_groups<const FROM: usize>(
    a: &[f64],
    b: &[f64],
    threshold: f64,
    lanes: &mut DiffLanes,
) {
    let mut s = *lanes;
    for (x, y) in a
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(b.as_chunks::<LANES>().0)
    {
        for i in FROM..FROM + LANES / 2 {
            add_difference(x[i], y[i], threshold, i, &mut s);
        }
    }
    *lanes = s;
}

/// The elements that fill no group, and the counts.
#[inline(always)]
fn finish_pair(a: &[f64], b: &[f64], threshold: f64, s: &mut PairLanes) {
    let (rest_a, rest_b) = (a.as_chunks::<LANES>().1, b.as_chunks::<LANES>().1);
    for i in 0..rest_a.len().min(rest_b.len()) {
        add_own(rest_a[i], i, &mut s.old);
        add_own(rest_b[i], i, &mut s.new);
        add_difference(rest_a[i], rest_b[i], threshold, i, &mut s.difference);
    }
    // The squares of the pairs are those of the sides.
    (s.difference.aa, s.difference.bb) = (s.old.squares, s.new.squares);
    s.old.finite += a.len() as u64;
    s.new.finite += b.len() as u64;
    s.difference.finite += a.len() as u64;
}

/// The same where some values are not finite: each side leaves out its own, the differences leave out pairs with
/// such a side and count those that changed.
pub(super) fn pair_masked(a: &[f64], b: &[f64], threshold: f64, lanes: &mut PairLanes) {
    own_masked(a, &mut lanes.old);
    own_masked(b, &mut lanes.new);
    let s = &mut lanes.difference;
    for (at, (&x, &y)) in a.iter().zip(b).enumerate() {
        if x.is_finite() && y.is_finite() {
            let lane = at % LANES;
            add_difference(x, y, threshold, lane, s);
            s.aa[lane] += x * x;
            s.bb[lane] += y * y;
            s.finite += 1;
        } else if x != y && !(x.is_nan() && y.is_nan()) {
            s.nonfinite_changed += 1;
        }
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
