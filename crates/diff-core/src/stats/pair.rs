//! Statistics of a pair of tensors, a = old and b = new, d = b - a.

use crate::stats::Own;

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
    pub old: Own,
    pub new: Own,
}

impl PairStats {
    /// Combines two neighbouring parts, the first one first.
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
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
        }
    }

    /// The metrics that follow from the sums.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let l2 = root(self.sum_dd, self.max_abs_d);
        let norm = |squares: f64, own: &Own| {
            if own.norm().is_nan() {
                f64::NAN
            } else {
                squares.sqrt()
            }
        };
        let (old_norm, new_norm) = (norm(self.sum_aa, &self.old), norm(self.sum_bb, &self.new));
        let one_minus_cos = if l2.is_nan() || old_norm.is_nan() || new_norm.is_nan() {
            f64::NAN
        } else {
            one_minus_cos(self)
        };
        let larger = if new_norm > old_norm {
            new_norm
        } else {
            old_norm
        };
        Metrics {
            l2,
            l1: self.sum_abs_d,
            max: self.max_abs_d,
            mean: self.sum_d / self.finite as f64,
            one_minus_cos,
            relative: ratio(l2, old_norm),
            symmetric: ratio(l2, larger),
            old_norm,
            new_norm,
        }
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

/// Root of a sum of squares; NaN when the squares left the range of f64 (values beyond 1e±140), so that no wrong
/// number comes out.
pub(super) fn root(squares: f64, largest: f64) -> f64 {
    const SMALLEST: f64 = 1e-280;
    if (squares >= SMALLEST || largest == 0.0) && squares.is_finite() {
        squares.sqrt()
    } else {
        f64::NAN
    }
}

/// 0 / 0 is no change; anything else over zero does not exist.
fn ratio(change: f64, norm: f64) -> f64 {
    if norm > 0.0 {
        change / norm
    } else if change == 0.0 {
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
    let (aa, bb) = (stats.sum_aa, stats.sum_bb);
    if aa == 0.0 && bb == 0.0 {
        return 0.0;
    }
    if aa == 0.0 || bb == 0.0 {
        return f64::NAN;
    }
    let (t, u, v) = (stats.sum_dd / aa, stats.sum_ad / aa, bb / aa);
    let root = v.sqrt();
    let value = if u > -1.0 && (0.25..=4.0).contains(&v) {
        (t - u * u) / (root * (root + 1.0 + u))
    } else {
        1.0 - (stats.sum_ab / aa) / root
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
