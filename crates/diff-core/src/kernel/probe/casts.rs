//! Whether one side is the other one rounded to a narrower format, element by element: to nearest even, and with the overflow of the format.

use crate::dtype::DType;
use crate::kernel::decode::{self, Single};
use crate::kernel::rounding::{self, Format, Real};
use crate::kernel::{Elements, Isa, TILE, tiles};
use crate::stats::{Casts, Narrow};

/// No element counted yet; None where a side is no float. A cast is tried where it does something to the one side and where the other can
/// hold what comes out, or all but the range of it: bf16 and f16 are each other's way to a narrower file.
#[must_use]
pub fn empty_casts(old: DType, new: DType) -> Option<Casts> {
    const BF16_MANTISSA: u32 = 7;
    let (old, new) = (Format::stored(old)?, Format::stored(new)?);
    let try_casts = |from: Format, to: Format| {
        Narrow::ALL.map(|narrow| {
            let narrow = Format::of(narrow);
            let may_pass = from.mantissa > to.mantissa && to.mantissa >= BF16_MANTISSA;
            let is_held = to.holds(narrow) || may_pass;
            (is_held && !narrow.holds(from)).then_some(0)
        })
    };
    let forward = try_casts(old, new);
    Some(Casts {
        forward,
        backward: try_casts(new, old),
        truncated: forward[0].filter(|_| new.holds(Format::of(Narrow::Bf16))),
        ..Casts::default()
    })
}

/// Adds a piece to `casts`, which [`empty_casts`] made for the two types.
pub fn count_casts(a: Elements, b: Elements, isa: Isa, casts: &mut Casts) {
    let (Some(old), Some(new)) = (Format::stored(a.dtype), Format::stored(b.dtype)) else {
        return;
    };
    if decode::fits_f32(a) && decode::fits_f32(b) {
        let (mut x, mut y) = ([0f32; TILE], [0f32; TILE]);
        let mut bytes = Vec::new();
        for start in (0..a.elements().min(b.elements())).step_by(TILE) {
            let count = (a.elements().min(b.elements()) - start).min(TILE);
            let x = singles(a.part(start, count), &mut x, &mut bytes, isa);
            let y = singles(b.part(start, count), &mut y, &mut bytes, isa);
            let loops = Loops {
                equal: |x: &[f32], y: &[f32], format| isa.equal_32(x, y, format),
                cut: |p: f32| f32::from_bits(p.to_bits() & 0xffff_0000),
            };
            tile(x, y, [old, new], &loops, casts);
            casts.common += isa.near_32(x, y, old, new);
        }
        return;
    }
    super::for_each_tile(a, b, isa, |_, x, y| {
        let loops = Loops {
            equal: |x: &[f64], y: &[f64], format| isa.equal_64(x, y, format),
            // Towards zero to f32 first: cutting twice is cutting once.
            cut: |p: f64| {
                let single = p as f32;
                let down = if f64::from(single).abs() > p.abs() {
                    f32::from_bits(single.to_bits() - 1)
                } else {
                    single
                };
                f64::from(f32::from_bits(down.to_bits() & 0xffff_0000))
            },
        };
        tile(x, y, [old, new], &loops, casts);
        casts.common += isa.near_64(x, y, old, new);
    });
}

struct Loops<E, C> {
    equal: E,
    cut: C,
}

fn tile<R: Real>(
    x: &[R],
    y: &[R],
    [old, new]: [Format; 2],
    loops: &Loops<impl Fn(&[R], &[R], Format) -> u64, impl Fn(R) -> R>,
    casts: &mut Casts,
) {
    let mut narrowed = [R::of(0.0); TILE];
    let mut equal = |from: &[R], to: &[R], narrow: Format, stored: Format| {
        if stored.holds(narrow) {
            return (loops.equal)(from, to, narrow);
        }
        let narrowed = &mut narrowed[..from.len()];
        rounding::round(from, narrow, narrowed);
        (loops.equal)(narrowed, to, stored)
    };
    for (at, narrow) in Narrow::ALL.into_iter().enumerate() {
        let format = Format::of(narrow);
        if let Some(count) = &mut casts.forward[at] {
            *count += equal(x, y, format, new);
        }
        if let Some(count) = &mut casts.backward[at] {
            *count += equal(y, x, format, old);
        }
    }
    if let Some(count) = &mut casts.truncated {
        let is_cut = |&(&p, &q): &(&R, &R)| (loops.cut)(p) == q || (p.is_nan() && q.is_nan());
        *count += x.iter().zip(y).filter(is_cut).count() as u64;
    }
    let largest = R::limit();
    let is_finite = |p: R| p.magnitude() <= largest;
    let mut elements = 0u32;
    for (&p, &q) in x.iter().zip(y) {
        elements += u32::from(is_finite(p) & is_finite(q));
    }
    casts.elements += u64::from(elements);
    if elements as usize == x.len() {
        return;
    }
    for (&p, &q) in x
        .iter()
        .zip(y)
        .filter(|&(&p, &q)| !(is_finite(p) && is_finite(q)))
    {
        let explains = |p: R, q: R, narrow: Narrow| {
            let format = Format::of(narrow);
            rounding::equal(&[p], &[q], format) == 1
        };
        let formats = Narrow::ALL
            .into_iter()
            .zip(casts.forward.iter().zip(&casts.backward));
        let is_consistent = p == q
            || (p.is_nan() && q.is_nan())
            || formats.into_iter().any(|(narrow, (forward, backward))| {
                (forward.is_some() && explains(p, q, narrow))
                    || (backward.is_some() && explains(q, p, narrow))
            });
        casts.elements += u64::from(is_consistent);
    }
}

fn singles<'t>(
    side: Elements,
    out: &'t mut [f32; TILE],
    bytes: &mut Vec<Single>,
    isa: Isa,
) -> &'t [f32] {
    let out = &mut out[..side.elements()];
    let decoded = tiles::singles(side, bytes, isa);
    for (value, single) in out.iter_mut().zip(decoded.as_chunks().0) {
        *value = f32::from_le_bytes(*single);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::ValueMap;
    use half::{bf16, f16};

    fn operand(bytes: &[u8], dtype: DType) -> Elements<'_> {
        Elements {
            bytes,
            dtype,
            map: ValueMap::Identity,
        }
    }

    fn counted(old: &[u8], old_type: DType, new: &[u8], new_type: DType) -> Casts {
        let mut expected = None;
        for isa in Isa::available() {
            let mut casts = empty_casts(old_type, new_type).unwrap();
            count_casts(
                operand(old, old_type),
                operand(new, new_type),
                isa,
                &mut casts,
            );
            assert_eq!(*expected.get_or_insert(casts), casts, "{isa:?}");
        }
        expected.unwrap()
    }

    /// Any bits, and every code of 16 bits with neighbours around its halves.
    fn numbers() -> Vec<f32> {
        let mut state = 1u32;
        let mut any = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from_bits(state ^ state >> 13)
        };
        let around = |value: f32| {
            let bits = value.to_bits();
            [bits.wrapping_sub(1), bits, bits.wrapping_add(1)].map(f32::from_bits)
        };
        let halves = (0..=u16::MAX).step_by(7).flat_map(|code| {
            let wide = u32::from(code) << 16 | 0x8000;
            let next = f16::from_bits(code.wrapping_add(1)).to_f32();
            let middle = f32::midpoint(f16::from_bits(code).to_f32(), next);
            around(f32::from_bits(wide))
                .into_iter()
                .chain(around(middle))
        });
        let small: Vec<f32> = (0..2000).map(|_| any() % 600.0).collect();
        halves
            .chain(small)
            .chain((0..5000).map(|_| any()))
            .collect()
    }

    fn wide(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    /// The nearest of the numbers that an 8-bit type has, the even code where two are as near; too large ones become `over`.
    fn nearest(x: f32, dtype: DType, top: u8, step: f32, over: f32) -> f32 {
        if x.is_nan() {
            return x;
        }
        let value = |code: u8| {
            let mut found = 0.0;
            crate::kernel::for_each_value(operand(&[code], dtype), |v| found = v as f32);
            found
        };
        let size = f64::from(x.abs());
        let largest = f64::from(value(top));
        if size > largest + f64::from(step) / 2.0
            || (size == largest + f64::from(step) / 2.0 && top & 1 == 1)
        {
            return over.copysign(x);
        }
        let best = (0..=top).min_by(|&a, &b| {
            let miss = |code| (f64::from(value(code)) - size).abs();
            miss(a).total_cmp(&miss(b)).then((a & 1).cmp(&(b & 1)))
        });
        value(best.unwrap()).copysign(x)
    }

    #[test]
    fn every_rounding_is_recognised() {
        let old = numbers();
        let count = old.len() as u64;
        let casts: [(&str, Vec<f32>); 4] = [
            (
                "bf16",
                old.iter().map(|&x| bf16::from_f32(x).to_f32()).collect(),
            ),
            (
                "f16",
                old.iter().map(|&x| f16::from_f32(x).to_f32()).collect(),
            ),
            (
                "e4m3",
                old.iter()
                    .map(|&x| nearest(x, DType::F8E4M3, 0x7e, 32.0, f32::NAN))
                    .collect(),
            ),
            (
                "e5m2",
                old.iter()
                    .map(|&x| nearest(x, DType::F8E5M2, 0x7b, 8192.0, f32::INFINITY))
                    .collect(),
            ),
        ];
        for (at, (name, new)) in casts.iter().enumerate() {
            let forward = counted(&wide(&old), DType::F32, &wide(new), DType::F32);
            assert_eq!(forward.forward[at], Some(count), "{name}");
            let backward = counted(&wide(new), DType::F32, &wide(&old), DType::F32);
            assert_eq!(backward.backward[at], Some(count), "{name}");
            assert_eq!(forward.elements, count, "{name}");
            // One unit in the last place away is another number.
            let off: Vec<f32> = new
                .iter()
                .map(|x| {
                    if x.is_finite() {
                        f32::from_bits(x.to_bits() ^ 1)
                    } else {
                        0.5
                    }
                })
                .collect();
            let wrong = counted(&wide(&old), DType::F32, &wide(&off), DType::F32);
            let chance = old
                .iter()
                .zip(&off)
                .filter(|(x, y)| **x == 0.0 && **y == 0.0);
            assert_eq!(wrong.forward[at], Some(chance.count() as u64), "{name}");
        }
    }

    #[test]
    fn stored_types_are_looked_at_as_they_are() {
        let old: Vec<f32> = numbers().into_iter().filter(|x| x.is_finite()).collect();
        let count = old.len() as u64;
        let halves: Vec<u8> = old
            .iter()
            .flat_map(|&x| bf16::from_f32(x).to_le_bytes())
            .collect();
        let casts = counted(&wide(&old), DType::F32, &halves, DType::Bf16);
        assert_eq!((casts.forward[0], casts.elements), (Some(count), count));
        assert_eq!(casts.common, count);
        // What is bf16 already needs no rounding to it.
        assert_eq!(casts.backward[0], None);
        let doubles: Vec<u8> = old
            .iter()
            .flat_map(|&x| f64::from(x).to_le_bytes())
            .collect();
        let casts = counted(&doubles, DType::F64, &halves, DType::Bf16);
        assert_eq!((casts.forward[0], casts.common), (Some(count), count));
        let cut: Vec<u8> = old
            .iter()
            .flat_map(|x| (x.to_bits() & 0xffff_0000).to_le_bytes())
            .collect();
        let casts = counted(&doubles, DType::F64, &cut, DType::F32);
        assert_eq!(casts.truncated, Some(count));
        assert_eq!(empty_casts(DType::F32, DType::I32), None);
    }

    #[test]
    fn a_cast_by_way_of_the_other_type_of_16_bits_is_recognised() {
        let source = numbers();
        let count = Some(source.len() as u64);
        let by_bf16 = source
            .iter()
            .flat_map(|&x| f16::from_f32(bf16::from_f32(x).to_f32()).to_le_bytes());
        let by_f16 = source
            .iter()
            .flat_map(|&x| bf16::from_f32(f16::from_f32(x).to_f32()).to_le_bytes());
        let (by_bf16, by_f16): (Vec<u8>, Vec<u8>) = (by_bf16.collect(), by_f16.collect());
        let casts = counted(&wide(&source), DType::F32, &by_bf16, DType::F16);
        assert_eq!((casts.forward[0], casts.truncated), (count, None));
        assert!(casts.forward[1] < count);
        let casts = counted(&by_bf16, DType::F16, &wide(&source), DType::F32);
        assert_eq!(casts.backward[0], count);
        let casts = counted(&wide(&source), DType::F32, &by_f16, DType::Bf16);
        assert_eq!(casts.forward[1], count);
        assert!(casts.forward[0] < count);
    }

    #[test]
    fn roundings_of_one_source_are_told_from_others() {
        let source: Vec<f32> = numbers().into_iter().filter(|x| x.is_finite()).collect();
        let old: Vec<bf16> = source.iter().map(|&x| bf16::from_f32(x)).collect();
        let new: Vec<f16> = source.iter().map(|&x| f16::from_f32(x)).collect();
        let bytes =
            |old: &[bf16]| -> Vec<u8> { old.iter().flat_map(|x| x.to_le_bytes()).collect() };
        let halves: Vec<u8> = new.iter().flat_map(|x| x.to_le_bytes()).collect();
        let casts = counted(&bytes(&old), DType::Bf16, &halves, DType::F16);
        assert_eq!(casts.common, source.len() as u64);
        // Two steps of bf16 away nothing is in between.
        let far: Vec<bf16> = old
            .iter()
            .map(|x| bf16::from_bits(x.to_bits() ^ 0x0100))
            .collect();
        let mut expected = 0;
        for (x, y) in far.iter().zip(&new) {
            let (x, y) = (f64::from(x.to_f32()), f64::from(y.to_f32()));
            // Both below the least f16, both above the largest.
            let tiny = 2f64.powi(-25);
            let over = 65520.0;
            expected += u64::from(
                y == 0.0 && x.abs() < tiny * 1.01
                    || y.is_infinite() && x.signum() == y.signum() && x.abs() > over * 0.999
                    || x == y,
            );
        }
        let casts = counted(&bytes(&far), DType::Bf16, &halves, DType::F16);
        assert!(casts.common <= expected, "{} of {expected}", casts.common);
    }
}
