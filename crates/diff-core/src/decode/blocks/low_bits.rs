//! Formats for models of one and two bits: codes that are no more than a sign, or a sign and zero.
//!
//! | format | values | fields | value |
//! |---|---|---|---|
//! | `TQ1_0` | 256 | 48 and 4 bytes of base-3 digits, d | d · (digit - 1) |
//! | `TQ2_0` | 256 | 64 bytes, d | d · (code - 1) |
//! | `Q1_0` | 128 | d, 16 bytes | d where the bit is set, else -d |
//! | `Q2_0` | 64 | d, 16 bytes | d · (code - 1) |
//!
//! Source: `ggml-common.h` and `gguf/quants.py` (gguf 0.19); of `Q1_0` and `Q2_0`, which gguf-py does not read, `ggml-quants.c`.

#![expect(
    clippy::inline_always,
    reason = "a block must become part of the loop over the blocks"
)]

use super::{BlockFormat, block_format, half};

pub(super) static FORMATS: &[BlockFormat] = &[
    block_format!("TQ1_0", tq1_0, Some(&[52]), Some(256)),
    block_format!("TQ2_0", tq2_0, Some(&[64]), Some(256)),
    block_format!("Q1_0", q1_0, Some(&[0]), Some(128)),
    block_format!("Q2_0", q2_0, Some(&[0]), Some(64)),
];

/// A byte holds five digits as a fraction of 256: times 3^n, what is left of it begins with digit n. The first digits of 32 bytes, their second
/// ones, …; then of 16 bytes; then four digits of each of the last 4.
#[inline(always)]
fn tq1_0(block: &[u8; 54], out: &mut [f32; 256]) {
    let d = half(block, 52);
    let (first, rest) = out.split_at_mut(160);
    let (second, third) = rest.split_at_mut(80);
    for (bytes, out) in [
        (&block[..32], first),
        (&block[32..48], second),
        (&block[48..52], third),
    ] {
        let mut power = 1u8;
        for digits in out.chunks_exact_mut(bytes.len()) {
            for (o, byte) in digits.iter_mut().zip(bytes) {
                let digit = (u16::from(byte.wrapping_mul(power)) * 3) >> 8;
                *o = d * (f32::from(digit) - 1.0);
            }
            power = power.wrapping_mul(3);
        }
    }
}

/// The lowest two bits of 32 bytes, the next two, …; then those of the other 32 bytes.
#[inline(always)]
fn tq2_0(block: &[u8; 66], out: &mut [f32; 256]) {
    let d = half(block, 64);
    let halves = block[..64].as_chunks::<32>().0.iter();
    for (bytes, out) in halves.zip(out.as_chunks_mut::<128>().0) {
        for (at, run) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            for (o, byte) in run.iter_mut().zip(bytes) {
                *o = d * (f32::from(byte >> (2 * at) & 3) - 1.0);
            }
        }
    }
}

/// Eight values a byte, the lowest bit first.
#[inline(always)]
fn q1_0(block: &[u8; 18], out: &mut [f32; 128]) {
    let d = half(block, 0);
    for (byte, out) in block[2..].iter().zip(out.as_chunks_mut::<8>().0) {
        for (at, o) in out.iter_mut().enumerate() {
            *o = if byte >> at & 1 == 1 { d } else { -d };
        }
    }
}

/// Four values a byte, the lowest two bits first.
#[inline(always)]
fn q2_0(block: &[u8; 18], out: &mut [f32; 64]) {
    let d = half(block, 0);
    for (byte, out) in block[2..].iter().zip(out.as_chunks_mut::<4>().0) {
        for (at, o) in out.iter_mut().enumerate() {
            *o = (f32::from(byte >> (2 * at) & 3) - 1.0) * d;
        }
    }
}
