//! One plan in several runs: ranges of its grid, measured apart on any machines, meet to the bits of the single run.

mod cut;
mod join;
mod part;

pub use cut::{Cut, cut};
pub use join::join;
pub use part::run_part;
