//! Four-bit floats (E2M1) beside a small float as scale.
//!
//! | format | values | fields | value |
//! |---|---|---|---|
//! | `MXFP4` | 32 | E8M0 scale, 16 bytes | scale · code |
//! | `NVFP4` | 64 | four E4M3 scales, a group of 16, 32 bytes | scale · code |
//!
//! ggml keeps codes as twice their value, an integer, and scales as half of theirs. Source: `gguf/quants.py` (gguf 0.19), `ggml-impl.h`.

#![expect(
    clippy::inline_always,
    reason = "a block must become part of the loop over the blocks"
)]

use super::{BlockFormat, block_format, nibbles};

pub(super) static FORMATS: &[BlockFormat] = &[
    block_format!("MXFP4", mxfp4, Some(&[]), Some(32)),
    block_format!("NVFP4", nvfp4, Some(&[]), Some(16)),
];

/// Twice the values of E2M1. Zero has no sign here.
static TWICE: [i8; 16] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

#[inline(always)]
fn twice(code: u8) -> f32 {
    f32::from(TWICE[usize::from(code & 15)])
}

/// Half of 2^(code - 127). To ggml 255 is a power like all others, not NaN.
#[inline(always)]
fn half_of_e8m0(code: u8) -> f32 {
    f32::from_bits(if code < 2 {
        0x0020_0000 << code
    } else {
        u32::from(code - 1) << 23
    })
}

/// Half of an E4M3 whose sign does not count. Its NaN is 0 to ggml, but not the one with the sign bit.
#[inline(always)]
fn half_of_e4m3(code: u8) -> f32 {
    let (exponent, mantissa) = (u32::from(code >> 3 & 15), f32::from(code & 7));
    if code == 0x7f {
        0.0
    } else if exponent == 0 {
        mantissa * f32::from_bits((127 - 9) << 23) * 0.5
    } else {
        (1.0 + mantissa / 8.0) * f32::from_bits((exponent + 120) << 23) * 0.5
    }
}

/// Low halves of the bytes first.
#[inline(always)]
fn mxfp4(block: &[u8; 17], out: &mut [f32; 32]) {
    let d = half_of_e8m0(block[0]);
    let value = |code| d * twice(code);
    nibbles(&block[1..], out, value, value);
}

/// Each group of 16: low halves of its eight bytes first.
#[inline(always)]
fn nvfp4(block: &[u8; 36], out: &mut [f32; 64]) {
    let groups = block[4..].as_chunks::<8>().0.iter().zip(&block[..4]);
    for (out, (codes, scale)) in out.as_chunks_mut::<16>().0.iter_mut().zip(groups) {
        let d = half_of_e4m3(*scale);
        let value = |code| d * twice(code);
        nibbles(codes, out, value, value);
    }
}
