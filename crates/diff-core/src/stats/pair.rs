//! Statistics of a pair of tensors, a = old and b = new, d = b - a.

use crate::encode::encode_fields;
use crate::stats::Moments;
use crate::stats::scale::{Square, is_held, meet, shift};

/// Sums over the elements that are finite on both sides, and counts over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PairStats {
    pub elements: u64,
    /// Elements finite on both sides.
    pub finite: u64,
    pub sum_dd: f64,
    /// Sum of a d: 1 - cos of a small change follows from it without cancellation.
    pub sum_ad: f64,
    /// Sum of a b: 1 - cos of vectors of very different length follows from it.
    pub sum_ab: f64,
    pub sum_abs_d: f64,
    pub sum_d: f64,
    pub sum_aa: f64,
    pub sum_bb: f64,
    pub max_abs_d: f64,
    /// Elements with |d| over the threshold.
    pub over_threshold: u64,
    /// Elements that are not finite on one side or on both, and not equal.
    pub nonfinite_changed: u64,
    /// Elements that are not equal by value (-0 = +0, NaN = NaN).
    pub value_changed: u64,
    /// Elements whose bits differ; only counted for equal dtypes.
    pub bit_changed: u64,
    pub old: Moments,
    pub new: Moments,
    pub scale: PairScale,
}

/// Exponents of the sums: all 0 but where f64 cannot hold the squares. `sum_aa` was divided by 4^`old`, `sum_bb` by 4^`new`, `sum_dd` by
/// 4^`difference`, `sum_d` by 2^`difference`, `sum_ab` and `sum_ad` by 2 to the exponents of both factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairScale {
    pub old: i16,
    pub new: i16,
    pub difference: i16,
}

encode_fields!(PairScale {
    old,
    new,
    difference,
});

encode_fields!(PairStats {
    elements,
    finite,
    sum_dd,
    sum_ad,
    sum_ab,
    sum_abs_d,
    sum_d,
    sum_aa,
    sum_bb,
    max_abs_d,
    over_threshold,
    nonfinite_changed,
    value_changed,
    bit_changed,
    old,
    new,
    scale,
});

impl PairStats {
    /// Whether these could be the statistics of so many elements: the counts of what was decoded must not overflow where parts meet.
    #[must_use]
    pub fn are_of(&self, elements: u64) -> bool {
        // Complex numbers have two parts each.
        let most = elements.saturating_mul(2);
        let of = |side: &Moments| [side.finite, side.zeros, side.nan, side.infinite];
        let own = [
            self.finite,
            self.over_threshold,
            self.nonfinite_changed,
            self.value_changed,
            self.bit_changed,
        ];
        let counts = [of(&self.old), of(&self.new)].concat();
        self.elements == elements && own.iter().chain(&counts).all(|count| *count <= most)
    }

    /// Combines two neighbouring parts, the first one first.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        if self.scale != other.scale {
            let (p, q) = (self.scale, other.scale);
            let scale = PairScale {
                old: meet((p.old, self.sum_aa), (q.old, other.sum_aa)),
                new: meet((p.new, self.sum_bb), (q.new, other.sum_bb)),
                difference: meet((p.difference, self.sum_dd), (q.difference, other.sum_dd)),
            };
            return self.at(scale).merge(&other.at(scale));
        }
        Self {
            elements: self.elements + other.elements,
            finite: self.finite + other.finite,
            sum_dd: self.sum_dd + other.sum_dd,
            sum_ad: self.sum_ad + other.sum_ad,
            sum_ab: self.sum_ab + other.sum_ab,
            sum_abs_d: self.sum_abs_d + other.sum_abs_d,
            sum_d: self.sum_d + other.sum_d,
            sum_aa: self.sum_aa + other.sum_aa,
            sum_bb: self.sum_bb + other.sum_bb,
            max_abs_d: if other.max_abs_d > self.max_abs_d {
                other.max_abs_d
            } else {
                self.max_abs_d
            },
            over_threshold: self.over_threshold + other.over_threshold,
            nonfinite_changed: self.nonfinite_changed + other.nonfinite_changed,
            value_changed: self.value_changed + other.value_changed,
            bit_changed: self.bit_changed + other.bit_changed,
            old: self.old.merge(&other.old),
            new: self.new.merge(&other.new),
            scale: self.scale,
        }
    }

    /// The same with other exponents.
    fn at(&self, scale: PairScale) -> Self {
        let by = |from: i16, to: i16| i32::from(from) - i32::from(to);
        let old = by(self.scale.old, scale.old);
        let new = by(self.scale.new, scale.new);
        let difference = by(self.scale.difference, scale.difference);
        Self {
            sum_dd: shift(self.sum_dd, 2 * difference),
            sum_ad: shift(self.sum_ad, old + difference),
            sum_ab: shift(self.sum_ab, old + new),
            sum_d: shift(self.sum_d, difference),
            sum_aa: shift(self.sum_aa, 2 * old),
            sum_bb: shift(self.sum_bb, 2 * new),
            scale,
            ..*self
        }
    }

    /// Whether each sum of squares can stand as it is: of old, of new, of the difference.
    pub(crate) fn held(&self) -> [bool; 3] {
        [
            is_held(self.sum_aa, self.old.max_abs()),
            is_held(self.sum_bb, self.new.max_abs()),
            is_held(self.sum_dd, self.max_abs_d),
        ]
    }

    /// The metrics that follow from the sums.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let [old, new, change] = self.squares();
        let larger = if new > old { new } else { old };
        Metrics {
            l2: change.root(),
            l1: self.sum_abs_d,
            max: self.max_abs_d,
            mean: shift(
                self.sum_d / self.finite as f64,
                self.scale.difference.into(),
            ),
            one_minus_cos: one_minus_cos(self),
            relative: ratio(change, old),
            symmetric: ratio(change, larger),
            old_norm: old.root(),
            new_norm: new.root(),
        }
    }

    /// Squared lengths of a, b and d.
    fn squares(&self) -> [Square; 3] {
        [
            Square::of(self.sum_aa, self.scale.old),
            Square::of(self.sum_bb, self.scale.new),
            Square::of(self.sum_dd, self.scale.difference),
        ]
    }

    /// Elements that count as changed.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.over_threshold + self.nonfinite_changed
    }
}

/// Metrics of a pair; NaN where a number does not exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    pub l2: f64,
    pub l1: f64,
    pub max: f64,
    pub mean: f64,
    pub one_minus_cos: f64,
    /// l2 / norm of old.
    pub relative: f64,
    /// l2 / the larger norm.
    pub symmetric: f64,
    pub old_norm: f64,
    pub new_norm: f64,
}

/// 0 / 0 is no change; anything else over zero does not exist.
fn ratio(change: Square, of: Square) -> f64 {
    if !of.is_zero() {
        change.length_over(of)
    } else if change.is_zero() {
        0.0
    } else {
        f64::NAN
    }
}

/// 1 - cos of the angle between a and b = a + d.
///
/// `1 - dot / (|a| |b|)` loses every digit when d is small. There the difference is taken where it does not
/// cancel: with t = Σd²/Σa², u = Σad/Σa², v = Σb²/Σa², 1 - cos = (t - u²) / (√v (√v + 1 + u)). The division by
/// Σa² also keeps products from leaving the range of f64. Where one vector is more than twice the other, d is nearly
/// the longer one, t - u² would cancel, and the angle comes from Σab. Both vectors zero: 0; one of them: NaN.
fn one_minus_cos(stats: &PairStats) -> f64 {
    let [a, b, d] = stats.squares();
    if a.is_zero() && b.is_zero() {
        return 0.0;
    }
    if a.is_zero() || b.is_zero() {
        return f64::NAN;
    }
    let scale = stats.scale;
    let (t, v) = (d.over(a), b.over(a));
    let u = shift(
        stats.sum_ad / stats.sum_aa,
        i32::from(scale.difference) - i32::from(scale.old),
    );
    let value = if u > -1.0 && (0.25..=4.0).contains(&v) {
        let root = b.root_over(a);
        (t - u * u) / (root * (root + 1.0 + u))
    } else {
        // Exponents cancel.
        let root = Square::of(stats.sum_bb, 0).root_over(Square::of(stats.sum_aa, 0));
        1.0 - (stats.sum_ab / stats.sum_aa) / root
    };
    value.clamp(0.0, 2.0)
}

#[cfg(test)]
mod tests {
    use super::{PairStats, one_minus_cos};

    fn of(a: &[f64], b: &[f64]) -> f64 {
        let sum = |f: fn(f64, f64) -> f64| a.iter().zip(b).map(|(&x, &y)| f(x, y)).sum();
        one_minus_cos(&PairStats {
            sum_aa: sum(|x, _| x * x),
            sum_bb: sum(|_, y| y * y),
            sum_dd: sum(|x, y| (y - x) * (y - x)),
            sum_ad: sum(|x, y| x * (y - x)),
            sum_ab: sum(|x, y| x * y),
            ..PairStats::default()
        })
    }

    #[test]
    fn angles_of_known_vectors() {
        let right = std::f64::consts::FRAC_1_SQRT_2;
        assert!((of(&[1.0, 0.0], &[1.0, 1.0]) - (1.0 - right)).abs() < 1e-15);
        assert!((of(&[1.0, 0.0], &[1e-5, 1e-5]) - (1.0 - right)).abs() < 1e-15);
        assert_eq!(of(&[1.0, 0.0], &[0.0, 1.0]), 1.0);
        assert_eq!(of(&[1.0, 0.0], &[-1.0, 0.0]), 2.0);
        assert_eq!(of(&[1.0, 0.0], &[2.0, 0.0]), 0.0);
    }

    #[test]
    fn keeps_its_digits_for_tiny_changes() {
        // d orthogonal to a, |d| = 1e-9 |a|: 1 - cos = 1 - 1/sqrt(1 + 1e-18), nearly 5e-19
        let value = of(&[1.0, 0.0], &[1.0, 1e-9]);
        assert!((value / 5e-19 - 1.0).abs() < 1e-12, "{value:e}");
    }

    #[test]
    fn zero_vectors() {
        assert_eq!(of(&[0.0], &[0.0]), 0.0);
        assert!(of(&[0.0], &[1.0]).is_nan());
    }
}
