//! The K formats of ggml: super-blocks of 256 values, in groups of 16 or 32 with scales of their own, which are codes themselves.
//!
//! | format | fields | value |
//! |---|---|---|
//! | `Q2_K` | 16 bytes of scales, 64 bytes, d, m | (d · scale) · code - m · least |
//! | `Q3_K` | 32 bytes of third bits, 64 bytes, 12 bytes of scales, d | (d · (scale - 32)) · (code - 4) |
//! | `Q4_K` | d, m, 12 bytes of scales, 128 bytes | (d · scale) · code - m · least |
//! | `Q5_K` | d, m, 12 bytes of scales, 32 bytes of fifth bits, 128 bytes | (d · scale) · code - m · least |
//! | `Q6_K` | 128 bytes of low bits, 64 bytes of high bits, 16 i8 of scales, d | (d · scale) · (code - 32) |
//! | `Q8_K` | f32 d, 256 i8, 16 i16 of sums | d · code |
//!
//! Source: `ggml-common.h` and `gguf/quants.py` (gguf 0.19); `Q8_K`, which ggml writes into no file, `ggml-quants.c`.

#![expect(
    clippy::inline_always,
    reason = "a block must become part of the loop over the blocks"
)]

use super::{BlockFormat, block_format, half, nibbles, word};

pub(super) static FORMATS: &[BlockFormat] = &[
    block_format!("Q2_K", q2_k, Some(&[80, 82]), Some(16)),
    block_format!("Q3_K", q3_k, Some(&[108]), Some(16)),
    block_format!("Q4_K", q4_k, Some(&[0, 2]), Some(32)),
    block_format!("Q5_K", q5_k, Some(&[0, 2]), Some(32)),
    block_format!("Q6_K", q6_k, Some(&[208]), Some(16)),
    block_format!("Q8_K", q8_k, None, Some(256)),
];

/// Two bits of 32 bytes make 32 values: the lowest two of the first 32 bytes, the next two, …, then those of the second 32 bytes.
/// A scale byte, a group of 16 values, has the scale in its low half and the least value in its high one.
#[inline(always)]
fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let (d, m) = (half(block, 80), half(block, 82));
    let groups = out.as_chunks_mut::<16>().0;
    for (at, (group, scale)) in groups.iter_mut().zip(&block[..16]).enumerate() {
        let (d, m) = (d * f32::from(scale & 15), m * f32::from(scale >> 4));
        let (start, shift) = quarter(at);
        for (o, code) in group.iter_mut().zip(&block[16 + start..]) {
            *o = d * f32::from(code >> shift & 3) - m;
        }
    }
}

/// Where the two-bit codes of group `at` of 16 begin, in bytes, and their place in each byte.
#[inline(always)]
fn quarter(at: usize) -> (usize, usize) {
    (at / 8 * 32 + at % 2 * 16, at % 8 / 2 * 2)
}

/// Codes as in `Q2_K`; the third bit of value i is bit i / 32 of byte i mod 32, and a code without it is 4 less. Scale i of the 16 has its low
/// four bits in byte i mod 8 (low halves first), the high two in byte 8 + i mod 4.
#[inline(always)]
fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let d = half(block, 108);
    for (at, group) in out.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let low = block[96 + at % 8] >> (at / 8 * 4) & 15;
        let high = block[104 + at % 4] >> (at / 4 * 2) & 3;
        let d = d * f32::from((low | high << 4).cast_signed() - 32);
        let (start, shift) = quarter(at);
        let codes = block[32 + start..].iter().zip(&block[at % 2 * 16..]);
        for (o, (code, third)) in group.iter_mut().zip(codes) {
            let missing = !(third >> (at / 2)) & 1;
            *o = d * f32::from((code >> shift & 3).cast_signed() - (missing << 2).cast_signed());
        }
    }
}

/// Scale and least value of the eight groups of 32: six bits each in twelve bytes. Those of the first four lie in the low bits of bytes
/// 0 to 3 and 4 to 7; of the others four bits lie in bytes 8 to 11 and two at the top of the first eight.
#[inline(always)]
fn scales(bytes: &[u8]) -> [(f32, f32); 8] {
    let mut scales = [(0.0, 0.0); 8];
    for i in 0..4 {
        let (first, second, rest) = (bytes[i], bytes[i + 4], bytes[i + 8]);
        scales[i] = (f32::from(first & 63), f32::from(second & 63));
        scales[i + 4] = (
            f32::from(rest & 15 | first >> 2 & 0x30),
            f32::from(rest >> 4 | second >> 2 & 0x30),
        );
    }
    scales
}

/// Low halves of 32 bytes are one group, high ones the next.
#[inline(always)]
fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (d, m) = (half(block, 0), half(block, 2));
    let scales = scales(&block[4..16]).map(|(scale, least)| (d * scale, m * least));
    let pairs = scales.as_chunks::<2>().0.iter();
    let codes = block[16..].as_chunks::<32>().0.iter();
    for ((out, codes), [(d0, m0), (d1, m1)]) in
        out.as_chunks_mut::<64>().0.iter_mut().zip(codes).zip(pairs)
    {
        nibbles(
            codes,
            out,
            |code| d0 * f32::from(code) - m0,
            |code| d1 * f32::from(code) - m1,
        );
    }
}

/// As `Q4_K`; the fifth bit of value i is bit i / 32 of byte i mod 32.
#[inline(always)]
fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let (d, m) = (half(block, 0), half(block, 2));
    let scales = scales(&block[4..16]).map(|(scale, least)| (d * scale, m * least));
    let fifths = &block[16..48];
    for (at, (out, (d, m))) in out
        .as_chunks_mut::<32>()
        .0
        .iter_mut()
        .zip(scales)
        .enumerate()
    {
        let codes = &block[48 + at / 2 * 32..];
        for (o, (code, fifth)) in out.iter_mut().zip(codes.iter().zip(fifths)) {
            let code = code >> (at % 2 * 4) & 15 | (fifth >> at & 1) << 4;
            *o = d * f32::from(code) - m;
        }
    }
}

/// In each half of 128 values: low halves of 64 bytes, then their high ones, and two bits of 32 bytes for 32 values, the lowest first.
#[inline(always)]
fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let d = half(block, 208);
    let groups = out.as_chunks_mut::<16>().0;
    for (at, (group, scale)) in groups.iter_mut().zip(&block[192..208]).enumerate() {
        let d = d * f32::from(scale.cast_signed());
        let (side, run) = (at / 8, at % 8);
        let low = &block[side * 64 + run % 4 * 16..];
        let high = &block[128 + side * 32 + run % 2 * 16..];
        for (o, (low, high)) in group.iter_mut().zip(low.iter().zip(high)) {
            let code = low >> (run / 4 * 4) & 15 | (high >> (run / 2 * 2) & 3) << 4;
            *o = d * f32::from(code.cast_signed() - 32);
        }
    }
}

#[inline(always)]
fn q8_k(block: &[u8; 292], out: &mut [f32; 256]) {
    let d = f32::from_bits(word(block, 0));
    for (o, code) in out.iter_mut().zip(&block[4..260]) {
        *o = d * f32::from(code.cast_signed());
    }
}
