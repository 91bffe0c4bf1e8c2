//! What is known of a tensor and of a pair after one pass, and how parts of it combine.

mod own;
mod pair;

pub use own::Own;
pub use pair::{Metrics, PairStats};
