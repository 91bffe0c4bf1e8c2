//! The quantised blocks of ggml, as GGUF files hold them: some codes, and the scales that they are multiplied with.
//!
//! Values are computed in f32 in the order in which gguf-py (`gguf.quants`) computes them, so they are equal to its own bit for bit. Where
//! gguf-py reads a format back not at all (`Q1_0`, `Q2_0`, `Q8_1`, `Q8_K`), the order is that of `ggml-quants.c`. One file has one
//! family of formats, and says their layouts: fields in the order of a block's bytes, `d` and `m` f16 unless another type stands there.

#![expect(
    clippy::inline_always,
    reason = "a block must become part of the loop over the blocks"
)]

mod grids;
mod i_quants;
mod k_quants;
mod legacy;
mod low_bits;
mod microscaling;
#[cfg(test)]
mod tests;

use crate::decode::minifloat::f16_to_f32;

/// One format of blocks.
pub struct BlockFormat {
    /// As ggml calls it, in capitals.
    pub name: &'static str,
    /// Values of a block.
    pub elements: usize,
    /// Length of a block, in bytes.
    pub bytes: usize,
    /// Where the f16 of a block lie, in bytes from its start; they are what a big-endian file turns round. None where ggml has fields of
    /// other types too, whose order in such a file no writer has settled.
    pub halves: Option<&'static [usize]>,
    /// Neighbours that share a scale, so that each code is one of the same few numbers. None where a code stands for several values together.
    pub scale_run: Option<u64>,
    /// Decodes whole little-endian blocks, as many as both slices hold.
    pub decode: fn(&[u8], &mut [f32]),
}

/// By name alone: an address of code is another in every process.
impl std::fmt::Debug for BlockFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every format stands in one table, once.
impl PartialEq for BlockFormat {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for BlockFormat {}

impl BlockFormat {
    /// Every format, in the order of their families.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [
            legacy::FORMATS,
            k_quants::FORMATS,
            i_quants::FORMATS,
            low_bits::FORMATS,
            microscaling::FORMATS,
        ]
        .into_iter()
        .flatten()
    }

    /// The format that ggml calls so.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|format| format.name == name)
    }

    /// Turns the f16 of big-endian blocks round, as `gguf_convert_endian.py` does. False where [`Self::halves`] is None: nothing was done.
    #[must_use]
    pub fn to_little_endian(&self, blocks: &mut [u8]) -> bool {
        let Some(halves) = self.halves else {
            return false;
        };
        for block in blocks.chunks_exact_mut(self.bytes) {
            for &at in halves {
                block[at..at + 2].reverse();
            }
        }
        true
    }
}

/// A row of a family's table: the lengths of a block stand in the type of the function that decodes it.
macro_rules! block_format {
    ($name:literal, $block:ident, $halves:expr, $scale_run:expr) => {
        $crate::decode::blocks::BlockFormat {
            name: $name,
            elements: $crate::decode::blocks::lengths($block).1,
            bytes: $crate::decode::blocks::lengths($block).0,
            halves: $halves,
            scale_run: $scale_run,
            decode: |bytes, out| $crate::decode::blocks::each(bytes, out, $block),
        }
    };
}
use block_format;

/// Bytes and values of what `block` decodes.
const fn lengths<const BYTES: usize, const ELEMENTS: usize>(
    _block: fn(&[u8; BYTES], &mut [f32; ELEMENTS]),
) -> (usize, usize) {
    (BYTES, ELEMENTS)
}

#[inline(always)]
fn each<const BYTES: usize, const ELEMENTS: usize>(
    bytes: &[u8],
    out: &mut [f32],
    block: impl Fn(&[u8; BYTES], &mut [f32; ELEMENTS]),
) {
    let blocks = bytes.as_chunks().0;
    for (bytes, out) in blocks.iter().zip(out.as_chunks_mut().0) {
        block(bytes, out);
    }
}

/// The f16 at a byte of a block.
#[inline(always)]
fn half(block: &[u8], at: usize) -> f32 {
    f16_to_f32(short(block, at))
}

#[inline(always)]
fn short(block: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([block[at], block[at + 1]])
}

#[inline(always)]
fn word(block: &[u8], at: usize) -> u32 {
    u32::from(short(block, at)) | u32::from(short(block, at + 2)) << 16
}

/// Values of the low halves of all bytes, then of the high halves.
#[inline(always)]
fn nibbles(bytes: &[u8], out: &mut [f32], low: impl Fn(u8) -> f32, high: impl Fn(u8) -> f32) {
    let (first, second) = out.split_at_mut(bytes.len());
    for ((lo, hi), code) in first.iter_mut().zip(second).zip(bytes) {
        *lo = low(code & 15);
        *hi = high(code >> 4);
    }
}
