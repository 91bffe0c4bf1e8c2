//! What is known of a tensor and of a pair after one pass, and how parts of it combine.

mod exponents;
mod own;
mod pair;
mod probe;

pub use exponents::Exponents;
pub use own::Own;
pub use pair::{Metrics, PairStats};
pub use probe::{
    Casts, Grid, Hashes, Narrow, Order, Parts, Probe, RowChanges, Rows, Zeros, middle,
};
