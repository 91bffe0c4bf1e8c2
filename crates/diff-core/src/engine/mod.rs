//! Runs a plan: every byte once, all cores, memory that does not grow with the tensors.

mod complex;
mod digest;
mod gather;
mod packed;
mod plan;
mod probe;
mod quant;
mod read;
mod sample;
mod schedule;
mod sparse;
mod strided;
mod tree;
mod workers;

pub use digest::digest;
pub use plan::{Item, Plan, View};
pub use probe::{Questions, probe};
pub use read::{ElementType, read_elements};
pub use sample::{Distribution, Histogram};
pub use schedule::{Options, Outcome, describe, run};
