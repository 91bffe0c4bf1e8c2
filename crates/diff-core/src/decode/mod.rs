//! Codes of few bits as the numbers that they stand for. Pure functions on slices: nothing here reads a file.
//!
//! [`blocks`] are the formats of GGUF, whose scales lie among their codes; [`codebook`] has the values that codes of four bits stand
//! for, [`packing`] how codes lie in bytes and words, [`minifloat`] the small floats.

pub mod blocks;
pub mod codebook;
pub mod minifloat;
pub mod packing;
#[cfg(test)]
mod tests;
