//! Chunks whose squares leave the range of f64: summed again with their values divided by a power of two, near their
//! largest. That is exact, so the sums are those that f64 would give with a wider exponent. Counts, extremes and Σ|d| stay what they were.

use crate::kernel::dispatch::Isa;
use crate::kernel::reference::{self, LANES, MomentLanes};
use crate::kernel::{Elements, TILE, tiles};
use crate::stats::{Moments, PairScale, PairStats, exponent_of, power_of_two};

/// Division by a power of two that one f64 may not hold, in two steps. Only what underflows is rounded: it is 2^-200 of the largest
/// or less.
#[derive(Debug, Clone, Copy)]
struct Divisor(f64, f64);

impl Divisor {
    fn of(exponent: i16) -> Self {
        let exponent = -i32::from(exponent);
        Self(
            power_of_two(exponent / 2),
            power_of_two(exponent - exponent / 2),
        )
    }

    fn divide(self, value: f64) -> f64 {
        value * self.0 * self.1
    }
}

/// The elements `start .. start + TILE` (or to the end) of a chunk, divided by 2^scale.
pub(super) fn tile<'t>(
    out: &'t mut [f64; TILE],
    operand: Elements,
    start: usize,
    scale: i16,
    isa: Isa,
) -> &'t [f64] {
    let count = tiles::tile(out, operand, start, isa).len();
    let values = &mut out[..count];
    if scale != 0 {
        let divisor = Divisor::of(scale);
        for value in values.iter_mut() {
            *value = divisor.divide(*value);
        }
    }
    values
}

/// Takes the moments of a chunk again.
pub(super) fn refine_own(own: &mut Moments, operand: Elements, isa: Isa) {
    let scale = exponent_of(own.max_abs());
    let mut lanes = MomentLanes::default();
    let mut values = [0.0; TILE];
    for start in (0..operand.elements()).step_by(TILE) {
        let mut part = MomentLanes::default();
        reference::own_masked(tile(&mut values, operand, start, scale, isa), &mut part);
        lanes.add(&part);
    }
    let scaled = lanes.finish();
    *own = Moments {
        mean: scaled.mean,
        m2: scaled.m2,
        sum_squares: scaled.sum_squares,
        scale,
        ..*own
    };
}

/// Takes the sums of a pair again where they need it.
pub(super) fn refine(stats: &mut PairStats, a: Elements, b: Elements, isa: Isa) {
    let held = stats.held();
    if held == [true; 3] {
        return;
    }
    let scale = find_scale(held, stats.max_abs_d, a, b, isa);
    let divisors = [scale.old, scale.new, scale.difference].map(Divisor::of);
    let mut totals = [[0.0; LANES]; 6];
    for_each_tile(a, b, isa, |x, y| {
        let mut part = [[0.0; LANES]; 6];
        for (at, (&x, &y)) in x.iter().zip(y).enumerate() {
            if x.is_finite() && y.is_finite() {
                let terms = terms(x, y, divisors);
                for (lanes, term) in part.iter_mut().zip(terms) {
                    lanes[at % LANES] += term;
                }
            }
        }
        for (total, part) in totals
            .as_flattened_mut()
            .iter_mut()
            .zip(part.as_flattened())
        {
            *total += part;
        }
    });
    let [dd, ad, ab, d, aa, bb] = totals.map(|lanes| lanes.iter().sum::<f64>());
    *stats = PairStats {
        sum_dd: dd,
        sum_ad: ad,
        sum_ab: ab,
        sum_d: d,
        sum_aa: aa,
        sum_bb: bb,
        scale,
        ..*stats
    };
}

/// Exponents of the sums that are not held. A side may have its largest element beside one that is not finite, which leaves
/// both out.
fn find_scale(held: [bool; 3], max_abs_d: f64, a: Elements, b: Elements, isa: Isa) -> PairScale {
    let mut largest = [0.0, 0.0, max_abs_d];
    for_each_tile(a, b, isa, |x, y| {
        for (&x, &y) in x.iter().zip(y) {
            if x.is_finite() && y.is_finite() {
                largest[0] = x.abs().max(largest[0]);
                largest[1] = y.abs().max(largest[1]);
            }
        }
    });
    let scale = |at: usize| {
        if held[at] || largest[at] == 0.0 {
            0
        } else {
            exponent_of(largest[at])
        }
    };
    PairScale {
        old: scale(0),
        new: scale(1),
        difference: scale(2),
    }
}

/// d d, a d, a b, d, a a and b b of one pair of elements.
fn terms(x: f64, y: f64, [old, new, difference]: [Divisor; 3]) -> [f64; 6] {
    let plain = y - x;
    let d = if plain.is_finite() {
        difference.divide(plain)
    } else {
        // Both are so large that halving them is exact.
        difference.divide(y / 2.0 - x / 2.0) * 2.0
    };
    let (a, b) = (old.divide(x), new.divide(y));
    [d * d, a * d, a * b, d, a * a, b * b]
}

fn for_each_tile(a: Elements, b: Elements, isa: Isa, mut each: impl FnMut(&[f64], &[f64])) {
    let (mut tile_a, mut tile_b) = ([0.0; TILE], [0.0; TILE]);
    for start in (0..a.elements()).step_by(TILE) {
        let x = tiles::tile(&mut tile_a, a, start, isa);
        let y = tiles::tile(&mut tile_b, b, start, isa);
        each(x, y);
    }
}
