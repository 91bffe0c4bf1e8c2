//! The IQ formats of ggml: codes that choose four or eight values at once out of a grid, or one out of a table that is not linear.
//!
//! | format | fields, 256 values (`IQ4_NL` 32) |
//! |---|---|
//! | `IQ1_S` | d, 32 bytes of codes, 8 u16 of high bits, scales and shifts |
//! | `IQ1_M` | 32 bytes of codes, 16 bytes of high bits and shifts, 4 u16 of scales, whose high four bits are d |
//! | `IQ2_XXS` | d, 8 times: four codes, u32 of signs and a scale |
//! | `IQ2_XS` | d, 32 u16 of codes and signs, 8 bytes of scales |
//! | `IQ2_S` | d, 32 bytes of codes, 32 bytes of signs, 8 bytes of high bits, 8 bytes of scales |
//! | `IQ3_XXS` | d, 64 bytes of codes, 8 u32 of signs and scales |
//! | `IQ3_S` | d, 64 bytes of codes, 8 bytes of high bits, 32 bytes of signs, 4 bytes of scales |
//! | `IQ4_NL` | d, 16 bytes of codes |
//! | `IQ4_XS` | d, u16 of high bits and 4 bytes of low bits of scales, 128 bytes of codes |
//!
//! Source: `ggml-common.h`, `ggml-quants.c` and `gguf/quants.py` (gguf 0.19).

#![expect(
    clippy::inline_always,
    reason = "a block must become part of the loop over the blocks"
)]

use super::grids::{IQ1, IQ2_S, IQ2_XS, IQ2_XXS, IQ3_S, IQ3_XXS};
use super::{BlockFormat, block_format, half, nibbles, short, word};
use crate::decode::minifloat::f16_to_f32;

pub(super) static FORMATS: &[BlockFormat] = &[
    block_format!("IQ1_S", iq1_s, None, None),
    block_format!("IQ1_M", iq1_m, None, None),
    block_format!("IQ2_XXS", iq2_xxs, None, None),
    block_format!("IQ2_XS", iq2_xs, None, None),
    block_format!("IQ2_S", iq2_s, Some(&[0]), None),
    block_format!("IQ3_XXS", iq3_xxs, None, None),
    block_format!("IQ3_S", iq3_s, Some(&[0]), None),
    block_format!("IQ4_NL", iq4_nl, Some(&[0]), Some(32)),
    block_format!("IQ4_XS", iq4_xs, None, Some(32)),
];

/// Values of a grid, negative where their bit is set.
#[inline(always)]
fn signed(scale: f32, grid: [i8; 8], signs: u8, out: &mut [f32; 8]) {
    for (at, (o, value)) in out.iter_mut().zip(grid).enumerate() {
        let value = scale * f32::from(value);
        *o = if signs >> at & 1 == 1 { -value } else { value };
    }
}

/// Eight signs out of seven bits: the number of negative ones is even.
#[inline(always)]
fn even_signs(seven: u32) -> u8 {
    let seven = seven as u8 & 127;
    seven | (seven.count_ones() as u8 & 1) << 7
}

#[inline(always)]
fn joined(first: [i8; 4], second: [i8; 4]) -> [i8; 8] {
    let [a, b, c, d] = first;
    let [e, f, g, h] = second;
    [a, b, c, d, e, f, g, h]
}

/// The four-bit code of group `at`: low halves of bytes first.
#[inline(always)]
fn nibble(bytes: &[u8], at: usize) -> u8 {
    bytes[at / 2] >> (at % 2 * 4) & 15
}

/// Eight values of -1, 0 and 1, all moved by an eighth up or down.
#[inline(always)]
fn shifted(scale: f32, code: usize, down: bool, out: &mut [f32; 8]) {
    let shift = if down { -0.125 } else { 0.125 };
    for (o, value) in out.iter_mut().zip(IQ1[code & 2047]) {
        *o = scale * (f32::from(value) + shift);
    }
}

#[inline(always)]
fn iq1_s(block: &[u8; 50], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let high = usize::from(short(block, 34 + at / 4 * 2));
        let scale = d * (2 * (high >> 12 & 7) + 1) as f32;
        let code = usize::from(block[2 + at]) | (high >> (at % 4 * 3) & 7) << 8;
        shifted(scale, code, high & 0x8000 != 0, out);
    }
}

#[inline(always)]
fn iq1_m(block: &[u8; 56], out: &mut [f32; 256]) {
    let scales = [48, 50, 52, 54].map(|at| short(block, at));
    let top = |at: usize| scales[at] >> 12 << (4 * at);
    let d = f16_to_f32(top(0) | top(1) | top(2) | top(3));
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let group = at / 2;
        let scale = d * f32::from(2 * (scales[group / 4] >> (group % 4 * 3) & 7) + 1);
        let high = nibble(&block[32..48], at);
        let code = usize::from(block[at]) | usize::from(high & 7) << 8;
        shifted(scale, code, high & 8 != 0, out);
    }
}

#[inline(always)]
fn iq2_xxs(block: &[u8; 66], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let start = 2 + at / 4 * 8;
        let signs = word(block, start + 4);
        let scale = d * (0.5 + (signs >> 28) as f32) * 0.25;
        let grid = IQ2_XXS[usize::from(block[start + at % 4])];
        signed(scale, grid, even_signs(signs >> (at % 4 * 7)), out);
    }
}

#[inline(always)]
fn iq2_xs(block: &[u8; 74], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let code = short(block, 2 + 2 * at);
        let scale = d * (0.5 + f32::from(nibble(&block[66..], at / 2))) * 0.25;
        let grid = IQ2_XS[usize::from(code & 511)];
        signed(scale, grid, even_signs(u32::from(code >> 9)), out);
    }
}

#[inline(always)]
fn iq2_s(block: &[u8; 82], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let high = block[66 + at / 4] >> (at % 4 * 2) & 3;
        let code = usize::from(block[2 + at]) | usize::from(high) << 8;
        let scale = d * (0.5 + f32::from(nibble(&block[74..], at / 2))) * 0.25;
        signed(scale, IQ2_S[code], block[34 + at], out);
    }
}

#[inline(always)]
fn iq3_xxs(block: &[u8; 98], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let signs = word(block, 66 + at / 4 * 4);
        let scale = d * (0.5 + (signs >> 28) as f32) * 0.5;
        let grid = |at: usize| IQ3_XXS[usize::from(block[2 + at])];
        let grid = joined(grid(2 * at), grid(2 * at + 1));
        signed(scale, grid, even_signs(signs >> (at % 4 * 7)), out);
    }
}

#[inline(always)]
fn iq3_s(block: &[u8; 110], out: &mut [f32; 256]) {
    let d = half(block, 0);
    for (at, out) in out.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let scale = d * f32::from(1 + 2 * nibble(&block[106..], at / 4));
        let grid = |at: usize| {
            let high = block[66 + at / 8] >> (at % 8) & 1;
            IQ3_S[usize::from(block[2 + at]) | usize::from(high) << 8]
        };
        let grid = joined(grid(2 * at), grid(2 * at + 1));
        signed(scale, grid, block[74 + at], out);
    }
}

/// What the codes of `IQ4_NL` and `IQ4_XS` stand for.
static NOT_LINEAR: [i8; 16] = [
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
];

#[inline(always)]
fn not_linear(code: u8) -> f32 {
    f32::from(NOT_LINEAR[usize::from(code & 15)])
}

#[inline(always)]
fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half(block, 0);
    let value = |code| d * not_linear(code);
    nibbles(&block[2..], out, value, value);
}

#[inline(always)]
fn iq4_xs(block: &[u8; 136], out: &mut [f32; 256]) {
    let (d, high) = (half(block, 0), short(block, 2));
    let groups = block[8..].as_chunks::<16>().0.iter();
    for (at, (out, codes)) in out
        .as_chunks_mut::<32>()
        .0
        .iter_mut()
        .zip(groups)
        .enumerate()
    {
        let high = (high >> (2 * at)) as u8 & 3;
        let scale = (nibble(&block[4..8], at) | high << 4).cast_signed() - 32;
        let d = d * f32::from(scale);
        let value = |code| d * not_linear(code);
        nibbles(codes, out, value, value);
    }
}
