//! The N-API binding: conversions only. Every function that can fail answers with the value or a [`Failure`],
//! since error codes do not survive napi's own errors in asynchronous functions; `src/native.ts` turns
//! failures into exceptions.

#![allow(
    clippy::needless_pass_by_value,
    reason = "napi hands arguments over by value"
)]

pub mod checkpoint;
pub mod diff;
pub mod failure;
pub mod job;
pub mod machine;
pub mod parts;
pub mod remote;
pub mod table;
pub mod views;
