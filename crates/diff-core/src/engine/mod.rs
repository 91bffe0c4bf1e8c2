//! Runs a plan: every byte once, all cores, memory that does not grow with the tensors.

mod gather;
mod observe;
mod plan;
mod read;
mod schedule;

pub use observe::Observer;
pub use plan::{Item, Plan, View};
pub use read::{ElementType, read_elements};
pub use schedule::{Options, describe, run};
