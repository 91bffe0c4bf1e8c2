//! Sums of squares that f64 cannot hold.
//!
//! A chunk whose squares leave [`HELD`] is summed again with its values divided by a power of two, which is exact, and its sums
//! carry the exponent. Parts meet at the larger exponent of the two, so what is lost lies 2^-200 below the sum and less.

use std::ops::RangeInclusive;

/// Sums of squares of a chunk from which all that follows keeps its digits: squared deviations, and the sums of up to 2^46 chunks.
const HELD: RangeInclusive<f64> = power_of_two(-800)..=power_of_two(960);

/// Whether a sum of squares of values up to `largest` can stand as it is.
pub(super) fn is_held(squares: f64, largest: f64) -> bool {
    largest == 0.0 || HELD.contains(&squares)
}

/// Exponent of the largest power of two that is not above `value`, which is positive; 1024 for infinity.
pub(crate) fn exponent_of(value: f64) -> i16 {
    const SUBNORMAL: i16 = 64;
    let biased = |value: f64| ((value.to_bits() >> 52) & 0x7ff) as i16;
    match biased(value) {
        0 => biased(value * power_of_two(SUBNORMAL.into())) - 1023 - SUBNORMAL,
        biased => biased - 1023,
    }
}

/// 2^exponent; -1022 ..= 1023.
pub(crate) const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// value * 2^exponent, rounded once; zero or infinity beyond f64.
pub(super) fn shift(value: f64, exponent: i32) -> f64 {
    // So far down in one step that the next one is still the only one to round.
    const DOWN: i32 = -1022 + 53;
    let (mut value, mut exponent) = (value, exponent.clamp(-4000, 4000));
    while exponent > 1023 {
        value *= power_of_two(1023);
        exponent -= 1023;
    }
    while exponent < -1022 {
        value *= power_of_two(DOWN);
        exponent -= DOWN;
    }
    value * power_of_two(exponent)
}

/// The exponent at which two parts meet. A part of zeros has no size of its own.
pub(super) fn meet(left: (i16, f64), right: (i16, f64)) -> i16 {
    match (left, right) {
        ((_, 0.0), (scale, _)) | ((scale, _), (_, 0.0)) => scale,
        ((left, _), (right, _)) => left.max(right),
    }
}

/// A sum of squares of any size: value * 4^exponent, with a value from 1 to 4, or zero. Ordered by size.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Square {
    exponent: i32,
    value: f64,
}

impl Square {
    /// Of squares of values that were divided by 2^scale.
    pub(super) fn of(squares: f64, scale: i16) -> Self {
        if squares == 0.0 {
            return Self {
                exponent: i32::MIN,
                value: 0.0,
            };
        }
        let half = i32::from(exponent_of(squares)).div_euclid(2);
        Self {
            exponent: half + i32::from(scale),
            value: shift(squares, -2 * half),
        }
    }

    pub(super) fn is_zero(self) -> bool {
        self.value == 0.0
    }

    /// The root; NaN beyond f64.
    pub(super) fn root(self) -> f64 {
        held_or_nan(shift(self.value.sqrt(), self.exponent))
    }

    /// The quotient; `other` is not zero.
    pub(super) fn over(self, other: Self) -> f64 {
        shift(self.value / other.value, 2 * self.above(other))
    }

    /// Root of the quotient; `other` is not zero.
    pub(super) fn root_over(self, other: Self) -> f64 {
        shift((self.value / other.value).sqrt(), self.above(other))
    }

    /// Quotient of the roots; `other` is not zero. NaN beyond f64.
    pub(super) fn length_over(self, other: Self) -> f64 {
        let quotient = self.value.sqrt() / other.value.sqrt();
        held_or_nan(shift(quotient, self.above(other)))
    }

    fn above(self, other: Self) -> i32 {
        self.exponent
            .saturating_sub(other.exponent)
            .clamp(-9999, 9999)
    }
}

/// A number that f64 cannot hold does not exist.
pub(super) fn held_or_nan(value: f64) -> f64 {
    if value.is_infinite() { f64::NAN } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_of_all_sizes() {
        for (value, exponent) in [
            (1.0, 0),
            (1.999, 0),
            (0.75, -1),
            (f64::MAX, 1023),
            (f64::MIN_POSITIVE, -1022),
            (5e-324, -1074),
            (3.0 * 5e-324, -1073),
            (f64::INFINITY, 1024),
        ] {
            assert_eq!(exponent_of(value), exponent, "{value:e}");
        }
    }

    #[test]
    fn shifts_round_once() {
        assert_eq!(shift(1.5, 1000), 1.5 * 2f64.powi(1000));
        assert_eq!(shift(5e-324, 2097), 2f64.powi(1023));
        assert_eq!(shift(1.0, 1024), f64::INFINITY);
        assert_eq!(shift(1.0, -1074), 5e-324);
        assert_eq!(shift(1.0, -1075), 0.0, "half of the smallest goes to even");
        // A little more than half: rounded on the way, it would be half.
        assert_eq!(shift(1.0 + f64::EPSILON, -1075), 5e-324);
        assert_eq!(shift(0.0, i32::MAX), 0.0);
    }

    #[test]
    fn squares_of_all_sizes_have_their_roots_and_quotients() {
        for scale in [-1074, -600, 0, 511, 1022] {
            let [nine, four] = [9.0, 4.0].map(|square| Square::of(square, scale));
            assert_eq!(nine.root(), held_or_nan(shift(3.0, scale.into())));
            assert_eq!(nine.over(four), 2.25);
            assert_eq!(nine.root_over(four), 1.5);
            assert_eq!(nine.length_over(four), 1.5);
            assert!(nine > four && four > Square::of(0.0, 1000));
        }
        assert_eq!(Square::of(2.0, 5), Square::of(8.0, 4));
        assert!(Square::of(1.0, 1024).root().is_nan());
        assert!(
            Square::of(1.0, 500)
                .length_over(Square::of(1.0, -700))
                .is_nan()
        );
        assert_eq!(Square::of(0.0, 0).over(Square::of(1.0, 0)), 0.0);
        // To the last bit what plain arithmetic gives, where that has a result.
        for at in 1..1000 {
            let (x, y) = (f64::from(at) * 1e-7, 1e9 / f64::from(at));
            let (p, q) = (Square::of(x, 0), Square::of(y, 0));
            assert_eq!(p.root(), x.sqrt());
            assert_eq!(p.over(q), x / y);
            assert_eq!(p.root_over(q), (x / y).sqrt());
            assert_eq!(p.length_over(q), x.sqrt() / y.sqrt());
            assert_eq!(p > q, x > y);
        }
    }

    #[test]
    fn parts_meet_at_the_larger_exponent_and_zeros_at_the_others() {
        assert_eq!(meet((0, 1.0), (600, 1.0)), 600);
        assert_eq!(meet((0, 1.0), (-600, 1.0)), 0);
        assert_eq!(meet((0, 0.0), (-600, 1.0)), -600);
        assert_eq!(meet((-600, 1.0), (0, 0.0)), -600);
        assert_eq!(meet((0, 0.0), (0, 0.0)), 0);
    }
}
