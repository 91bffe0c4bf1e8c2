//! What codes come to: numbers of a table, and codes with a scale and a zero point for each block, in f32 as torch computes it.

use crate::decode::minifloat::{round_to_bf16, round_to_f16};
use crate::kernel::decode::Single;

/// What is done with a code, a scale and a zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// code * scale
    Scale,
    /// code / scale
    Divide,
    /// (code - zero) * scale
    SubtractScale,
    /// (code - zero) / scale
    SubtractDivide,
    /// code * scale + zero
    ScaleAdd,
}

/// What each step of a formula is rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    F32,
    F16,
    Bf16,
}

/// Numbers of a line of blocks: one for each, or one for all.
#[derive(Debug, Clone, Copy)]
pub struct Factors<'f> {
    /// Elements of a block; the last one may be cut.
    pub side: usize,
    pub scale: &'f [f32],
    pub zero: &'f [f32],
}

/// The numbers of a line of blocks, in place of its codes. Where a factor is missing there is no number.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "the loops take the instruction set of their caller"
)]
pub(super) fn dequantise(
    cells: &mut [Single],
    factors: Factors,
    formula: Formula,
    rounding: Rounding,
) {
    match rounding {
        Rounding::F32 => with(cells, factors, formula, |value| value),
        Rounding::F16 => with(cells, factors, formula, round_to_f16),
        Rounding::Bf16 => with(cells, factors, formula, round_to_bf16),
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn with(cells: &mut [Single], of: Factors, formula: Formula, round: impl Fn(f32) -> f32 + Copy) {
    match formula {
        Formula::Scale => each(cells, of, |x, s, _| round(x * s)),
        Formula::Divide => each(cells, of, |x, s, _| round(x / s)),
        Formula::SubtractScale => each(cells, of, |x, s, z| round(round(x - z) * s)),
        Formula::SubtractDivide => each(cells, of, |x, s, z| round(round(x - z) / s)),
        Formula::ScaleAdd => each(cells, of, |x, s, z| round(round(x * s) + z)),
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn each(
    cells: &mut [Single],
    Factors { side, scale, zero }: Factors,
    number: impl Fn(f32, f32, f32) -> f32,
) {
    let change = |cell: &mut Single, scale, zero| {
        *cell = number(f32::from_le_bytes(*cell), scale, zero).to_le_bytes();
    };
    match (side, scale, zero) {
        (_, [scale], [zero]) => {
            for cell in cells {
                change(cell, *scale, *zero);
            }
        }
        (1, [_, _, ..], [zero]) => {
            let (known, missing) = cells.split_at_mut(scale.len().min(cells.len()));
            for (cell, scale) in known.iter_mut().zip(scale) {
                change(cell, *scale, *zero);
            }
            missing.fill(f32::NAN.to_le_bytes());
        }
        (1, [_, _, ..], [_, _, ..]) => {
            let count = scale.len().min(zero.len()).min(cells.len());
            let (known, missing) = cells.split_at_mut(count);
            for ((cell, scale), zero) in known.iter_mut().zip(scale).zip(zero) {
                change(cell, *scale, *zero);
            }
            missing.fill(f32::NAN.to_le_bytes());
        }
        _ => {
            for (at, block) in cells.chunks_mut(side.max(1)).enumerate() {
                let (scale, zero) = (factor(scale, at), factor(zero, at));
                for cell in block {
                    change(cell, scale, zero);
                }
            }
        }
    }
}

fn factor(of: &[f32], block: usize) -> f32 {
    match of {
        [one] => *one,
        _ => of.get(block).copied().unwrap_or(f32::NAN),
    }
}

/// For each code the number of a table; of a code only the lowest four bits count.
pub(super) fn look_up(codes: &[u8], table: &[Single; 16], out: &mut [Single]) {
    for (number, code) in out.iter_mut().zip(codes) {
        *number = table[usize::from(code & 15)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Isa;

    fn singles(values: impl Iterator<Item = f32>) -> Vec<Single> {
        values.map(f32::to_le_bytes).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_the_definition() {
        let scale: Vec<f32> = (0..700).map(|at| 0.003 * (at as f32 - 20.0)).collect();
        let zero: Vec<f32> = (0..700).map(|at| (at % 16) as f32).collect();
        let formulas = [
            Formula::Scale,
            Formula::Divide,
            Formula::SubtractScale,
            Formula::SubtractDivide,
            Formula::ScaleAdd,
        ];
        for isa in Isa::available() {
            for length in [0, 1, 7, 8, 9, 31, 64, 65, 257, 640] {
                let codes: Vec<u8> = (0..length).map(|at| (at * 37 % 256) as u8).collect();
                let table = std::array::from_fn(|at| (at as f32 - 7.3).to_le_bytes());
                let (mut found, mut wanted) = (vec![[0; 4]; length], vec![[0; 4]; length]);
                isa.look_up(&codes, &table, &mut found);
                look_up(&codes, &table, &mut wanted);
                assert_eq!(found, wanted, "{isa:?} {length}");
                for (formula, side) in formulas.into_iter().zip([1, 32, 5, 1, 64]) {
                    for rounding in [Rounding::F32, Rounding::F16, Rounding::Bf16] {
                        for (scale, zero) in [
                            (&scale[..], &zero[..]),
                            (&scale[..1], &zero[3..4]),
                            (&scale[..], &zero[..1]),
                        ] {
                            let factors = Factors { side, scale, zero };
                            let start = singles(codes.iter().map(|code| f32::from(*code)));
                            let (mut found, mut wanted) = (start.clone(), start);
                            isa.dequantise(&mut found, factors, formula, rounding);
                            dequantise(&mut wanted, factors, formula, rounding);
                            assert_eq!(found, wanted, "{isa:?} {length} {formula:?} {rounding:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn without_a_factor_there_is_no_number() {
        let mut cells = singles([1.0, 2.0, 3.0, 4.0].into_iter());
        let factors = Factors {
            side: 1,
            scale: &[2.0, 3.0],
            zero: &[0.0],
        };
        dequantise(&mut cells, factors, Formula::Scale, Rounding::F32);
        let values: Vec<f32> = cells.iter().map(|cell| f32::from_le_bytes(*cell)).collect();
        assert_eq!(values[..2], [2.0, 6.0]);
        assert!(values[2].is_nan() && values[3].is_nan());
        let factors = Factors {
            side: 3,
            scale: &[2.0, 3.0],
            zero: &[],
        };
        dequantise(&mut cells, factors, Formula::SubtractScale, Rounding::F32);
        assert!(cells.iter().all(|cell| f32::from_le_bytes(*cell).is_nan()));
    }
}
