//! One plan in several runs: ranges of its grid are measured separately, on any machines, and joined to the same bits as in a single run.

mod cut;
mod fingerprint;
mod join;
mod part;

pub use cut::{Cut, cut};
pub use fingerprint::fingerprint;
pub use join::join;
pub use part::run_part;
