//! The first formats of ggml: 32 codes beside one scale.
//!
//! | format | fields | value |
//! |---|---|---|
//! | `Q4_0` | d, 16 bytes | d · (code - 8) |
//! | `Q4_1` | d, m, 16 bytes | d · code + m |
//! | `Q5_0` | d, u32 of fifth bits, 16 bytes | d · (code - 16) |
//! | `Q5_1` | d, m, u32 of fifth bits, 16 bytes | d · code + m |
//! | `Q8_0` | d, 32 i8 | code · d |
//! | `Q8_1` | d, sum of the values, 32 i8 | code · d |
//!
//! A byte of four-bit codes has element j in its low half and element j + 16 in its high one; bit j of the u32 belongs to element j.
//! Source: `ggml-common.h` and `gguf/quants.py` (gguf 0.19); `Q8_1`, which ggml writes into no file, `ggml-common.h` alone.

#![expect(
    clippy::inline_always,
    reason = "a block must become part of the loop over the blocks"
)]

use super::{BlockFormat, block_format, half, nibbles, word};

pub(super) static FORMATS: &[BlockFormat] = &[
    block_format!("Q4_0", q4_0, Some(&[0]), Some(32)),
    block_format!("Q4_1", q4_1, Some(&[0, 2]), Some(32)),
    block_format!("Q5_0", q5_0, None, Some(32)),
    block_format!("Q5_1", q5_1, None, Some(32)),
    block_format!("Q8_0", q8_0, Some(&[0]), Some(32)),
    block_format!("Q8_1", q8_1, Some(&[0, 2]), Some(32)),
];

#[inline(always)]
fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half(block, 0);
    let value = |code| d * (f32::from(code) - 8.0);
    nibbles(&block[2..], out, value, value);
}

#[inline(always)]
fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    let value = |code| d * f32::from(code) + m;
    nibbles(&block[4..], out, value, value);
}

#[inline(always)]
fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let d = half(block, 0);
    five_bits(word(block, 2), &block[6..], out, |code| {
        d * (code - 16) as f32
    });
}

#[inline(always)]
fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    five_bits(word(block, 4), &block[8..], out, |code| d * code as f32 + m);
}

#[inline(always)]
fn five_bits(fifth: u32, bytes: &[u8], out: &mut [f32; 32], value: impl Fn(i32) -> f32) {
    let (first, second) = out.split_at_mut(16);
    for (j, ((lo, hi), code)) in first.iter_mut().zip(second).zip(bytes).enumerate() {
        let bit = |at: usize| ((fifth >> at & 1) << 4).cast_signed();
        *lo = value(i32::from(code & 15) | bit(j));
        *hi = value(i32::from(code >> 4) | bit(j + 16));
    }
}

#[inline(always)]
fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    eight_bits(half(block, 0), &block[2..], out);
}

#[inline(always)]
fn q8_1(block: &[u8; 36], out: &mut [f32; 32]) {
    eight_bits(half(block, 0), &block[4..], out);
}

#[inline(always)]
fn eight_bits(d: f32, codes: &[u8], out: &mut [f32]) {
    for (o, code) in out.iter_mut().zip(codes) {
        *o = f32::from(code.cast_signed()) * d;
    }
}
