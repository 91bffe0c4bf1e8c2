//! Statistics of one tensor.

use crate::encode::encode_fields;
use crate::stats::scale::{Square, held_or_nan, is_held, meet, shift};

/// Moments and counts of the elements of one tensor or of a part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Elements that are neither NaN nor infinite; what the moments are of.
    pub finite: u64,
    /// Mean / 2^`scale`.
    pub mean: f64,
    /// Sum of squared distances from the mean / 4^`scale`.
    pub m2: f64,
    /// Sum of squares / 4^`scale`.
    pub sum_squares: f64,
    /// 0 but where f64 cannot hold the squares.
    pub scale: i16,
    /// Smallest finite element, -0 taken as +0; +infinity when there is none.
    pub min: f64,
    /// Largest finite element; -infinity when there is none.
    pub max: f64,
    pub zeros: u64,
    pub nan: u64,
    pub infinite: u64,
}

encode_fields!(Moments {
    finite,
    mean,
    m2,
    sum_squares,
    scale,
    min,
    max,
    zeros,
    nan,
    infinite,
});

impl Default for Moments {
    fn default() -> Self {
        Self {
            finite: 0,
            mean: 0.0,
            m2: 0.0,
            sum_squares: 0.0,
            scale: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            zeros: 0,
            nan: 0,
            infinite: 0,
        }
    }
}

impl Moments {
    /// Combines two neighbouring parts. Chan, Golub, `LeVeque`: Updating formulae and a pairwise
    /// algorithm for computing sample variances (1979).
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
        if self.scale != other.scale {
            let scale = meet(
                (self.scale, self.sum_squares),
                (other.scale, other.sum_squares),
            );
            return self.at(scale).merge(&other.at(scale));
        }
        let finite = self.finite + other.finite;
        let (mean, m2) = if self.finite == 0 {
            (other.mean, other.m2)
        } else if other.finite == 0 {
            (self.mean, self.m2)
        } else {
            let (left, right, all) = (self.finite as f64, other.finite as f64, finite as f64);
            let delta = other.mean - self.mean;
            (
                self.mean + delta * (right / all),
                self.m2 + other.m2 + delta * delta * (left * right / all),
            )
        };
        Self {
            finite,
            mean,
            m2,
            sum_squares: self.sum_squares + other.sum_squares,
            scale: self.scale,
            min: if other.min < self.min {
                other.min
            } else {
                self.min
            },
            max: if other.max > self.max {
                other.max
            } else {
                self.max
            },
            zeros: self.zeros + other.zeros,
            nan: self.nan + other.nan,
            infinite: self.infinite + other.infinite,
        }
    }

    /// The same with another exponent.
    fn at(&self, scale: i16) -> Self {
        let by = i32::from(self.scale) - i32::from(scale);
        Self {
            mean: shift(self.mean, by),
            m2: shift(self.m2, 2 * by),
            sum_squares: shift(self.sum_squares, 2 * by),
            scale,
            ..*self
        }
    }

    /// Whether the sums can stand as they are, without an exponent.
    pub(crate) fn is_held(&self) -> bool {
        is_held(self.sum_squares, self.max_abs())
    }

    /// Population standard deviation of the finite elements; NaN when there is none.
    #[must_use]
    pub fn std(&self) -> f64 {
        if self.min == self.max {
            return 0.0;
        }
        let scaled = (self.m2 / self.finite as f64).sqrt();
        held_or_nan(shift(scaled, self.scale.into()))
    }

    /// Euclidean norm of the finite elements; NaN when f64 cannot hold it.
    #[must_use]
    pub fn norm(&self) -> f64 {
        Square::of(self.sum_squares, self.scale).root()
    }

    /// Largest magnitude of the finite elements, 0 when there is none.
    #[must_use]
    pub fn max_abs(&self) -> f64 {
        if self.finite == 0 {
            0.0
        } else {
            self.max.abs().max(self.min.abs())
        }
    }

    /// The mean, or NaN when there is no finite element.
    #[must_use]
    pub fn mean_or_nan(&self) -> f64 {
        if self.finite == 0 {
            f64::NAN
        } else {
            shift(self.mean, self.scale.into())
        }
    }

    /// The smallest and the largest finite element, or NaN.
    #[must_use]
    pub fn range_or_nan(&self) -> (f64, f64) {
        if self.finite == 0 {
            (f64::NAN, f64::NAN)
        } else {
            (self.min, self.max)
        }
    }

    #[must_use]
    pub fn elements(&self) -> u64 {
        self.finite + self.nan + self.infinite
    }
}
