//! What is known of a tensor and of a pair after one pass, and how parts of it combine.

mod exponents;
mod moments;
mod pair;
mod probe;
mod scale;

pub use exponents::Exponents;
pub use moments::Moments;
pub use pair::{Metrics, PairScale, PairStats};
pub use probe::{
    Casts, Grid, Hashes, Narrow, Order, Parts, Probe, RowChanges, Rows, Zeros, middle,
};
pub(crate) use scale::{exponent_of, power_of_two};
