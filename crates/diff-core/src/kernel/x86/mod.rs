//! The loops of [`fast`](super::fast) for x86-64. Each takes whole steps of at most one tile and gives the bits of the
//! portable definition.

pub(super) mod avx2;
pub(super) mod avx512;
