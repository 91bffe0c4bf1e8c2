//! Reads machine-learning checkpoints without running anything in them, and compares them tensor by
//! tensor in one pass and in constant memory.
//!
//! A *checkpoint* is a set of named *tensors* that lie in *sources* (files, memory). A *plan* lists
//! pairs of tensors; the engine reads each byte once, on all cores, and answers one [`stats::PairStats`]
//! a pair, with the same bits for any number of threads and any processor.
//!
//! `ARCHITECTURE.md` says which module may depend on which. [`format`] and [`kernel`] never see each other.

mod adapter;
pub mod checkpoint;
pub mod decode;
pub mod dtype;
mod encode;
pub mod engine;
pub mod error;
pub mod finding;
pub mod format;
pub mod kernel;
pub mod left_out;
pub mod limits;
pub mod observe;
mod once;
pub mod pickle;
mod read;
mod recipe;
pub mod source;
pub mod stats;
pub mod tensor;

pub use checkpoint::Checkpoint;
pub use error::{Code, Error, Kind, Result};
