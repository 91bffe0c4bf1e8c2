//! Statistics of one tensor.

use crate::stats::pair::root;

/// Moments and counts of the elements of one tensor or of a part of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Own {
    /// Elements that are neither NaN nor infinite; what the moments are of.
    pub finite: u64,
    pub mean: f64,
    /// Sum of squared distances from the mean.
    pub m2: f64,
    pub sum_squares: f64,
    /// Smallest finite element, -0 taken as +0; +infinity when there is none.
    pub min: f64,
    /// Largest finite element; -infinity when there is none.
    pub max: f64,
    pub zeros: u64,
    pub nan: u64,
    pub infinite: u64,
}

impl Default for Own {
    fn default() -> Self {
        Self {
            finite: 0,
            mean: 0.0,
            m2: 0.0,
            sum_squares: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            zeros: 0,
            nan: 0,
            infinite: 0,
        }
    }
}

impl Own {
    /// Combines two neighbouring parts. Chan, Golub, `LeVeque`: Updating formulae and a pairwise
    /// algorithm for computing sample variances (1979).
    #[must_use]
    pub fn merge(&self, other: &Self) -> Self {
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

    /// Population standard deviation of the finite elements; NaN when there is none, or when their squares left the
    /// range of f64.
    #[must_use]
    pub fn std(&self) -> f64 {
        if self.min == self.max {
            return 0.0;
        }
        if self.norm().is_nan() {
            return f64::NAN;
        }
        (self.m2 / self.finite as f64).sqrt()
    }

    /// Euclidean norm of the finite elements; NaN when their squares left the range of f64.
    #[must_use]
    pub fn norm(&self) -> f64 {
        root(self.sum_squares, self.max_abs())
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
            self.mean
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
