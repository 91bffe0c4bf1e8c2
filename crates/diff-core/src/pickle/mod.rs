//! Pickles as data. Reads every opcode of protocols 0 to 5 into a graph of values; imports nothing, calls
//! nothing, and says which globals a pickle would have used.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod context;
pub mod global;
mod input;
mod machine;
mod opcode;
#[cfg(test)]
mod tests;
pub mod text;
mod value;

pub use context::{Context, Global};
pub use input::{Area, Input};
pub use machine::{Pickle, run};
pub use value::{Blob, Extra, How, Id, Object, Slice, Value, Values};
