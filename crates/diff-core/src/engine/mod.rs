//! Runs a plan: every byte once, all cores, memory that does not grow with the tensors.

mod announce;
mod describe;
mod export;
mod grid;
mod hash;
mod kept;
mod parts;
mod piece;
mod plan;
mod probe;
mod queue;
mod release;
mod run;
mod sample;
mod tree;
mod workers;

pub use describe::describe;
pub use export::{ElementType, read_elements};
pub use hash::{Hash, Hashed, hash, hash_bytes};
pub use parts::{Cut, cut, fingerprint, join, run_part};
pub use plan::{Input, Item, Plan};
pub use probe::{Questions, probe};
pub use run::{Options, Outcome, run};
pub use sample::{Distribution, Histogram};

/// Chunks that one thread takes at once; a power of two. 8 chunks of bf16 are 4 MiB a side: large
/// enough to be let go one by one once they are read, small enough for threads to share one tensor.
const UNIT: u64 = 8;
