//! The `fast` definition of the sums: f32, bf16 and f16, each against itself; other floats that f32 holds, and pairs of
//! different ones, are decoded to f32 a tile at a time and take its loop.
//!
//! Sixteen f32 lanes with fused multiply-add. Element i of a chunk belongs to lane i mod 16; for bf16 to lane
//! (i div 2) mod 16, so that a register of 16-bit elements splits into its even and its odd ones by a shift and
//! a mask. After each [`BLOCK`] of 1,024 elements (64 additions a lane) the lanes are widened and added to sixteen
//! f64 lanes; at the end of the chunk those are added up in index order. The last elements that do not fill a
//! [`STEP`] are a block of their own. [`pair_block`] and [`own_block`] are that definition, in plain Rust; [`x86`](super::x86)
//! and [`neon`](super::neon) give the same bits.
//!
//! What f32 cannot hold is found out at the end of the chunk, and the chunk is done again in `double` while it is in
//! cache: anything not finite, and largest magnitudes outside 2^-40 ..= 2^54 (squares would leave the range of f32).
//! Inside that range underflow costs at most 2^-149 a term, against sums of squares of at least 2^-80.
//!
//! Counts are exact. |d| is rounded to f32 before it is compared with the threshold rounded down to f32; since rounding
//! is monotonic, that can only be wrong for the two values next to the threshold, and only where the subtraction
//! was not exact. [`Bound::near`] says whether that is possible; then the loops count on both sides of those two values,
//! and a tile where the counts differ is counted again in f64.

#![expect(
    clippy::inline_always,
    reason = "a pass must become part of the function that carries the instruction set"
)]

use crate::decode::minifloat::f16_to_f32;
use crate::dtype::{DType, ValueMap};
use crate::kernel::Elements;
use crate::kernel::decode;

pub(super) const LANES: usize = 16;

/// Elements after which the lanes are folded into f64.
pub const BLOCK: usize = 1024;

/// Elements that every loop with intrinsics takes at once: a multiple of its lanes for each type.
pub(super) const STEP: usize = 32;

/// Elements that one call of a loop takes at most. Equal tiles take the short way.
pub(super) const TILE: usize = 4 * BLOCK;

pub(super) type Lanes = [f64; LANES];

/// The types with loops of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    F32,
    Bf16,
    F16,
}

impl Element {
    /// The type of a side, if it has a loop.
    pub(super) fn of(operand: Elements) -> Option<Self> {
        match (operand.dtype, operand.map) {
            (DType::F32, ValueMap::Identity) => Some(Self::F32),
            (DType::Bf16, ValueMap::Identity) => Some(Self::Bf16),
            (DType::F16, ValueMap::Identity) => Some(Self::F16),
            _ => None,
        }
    }

    /// The loop for two sides: their own, or that of f32 where it holds the elements of both.
    pub(super) fn of_pair(a: Elements, b: Elements) -> Option<Self> {
        let (old, new) = (Self::of(a), Self::of(b));
        if old == new && old.is_some() {
            old
        } else {
            (decode::fits_f32(a) && decode::fits_f32(b)).then_some(Self::F32)
        }
    }

    /// The loop for one side.
    pub(super) fn of_one(operand: Elements) -> Option<Self> {
        Self::of(operand).or_else(|| decode::fits_f32(operand).then_some(Self::F32))
    }

    fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }

    /// The lane of element `i` of a block.
    #[inline(always)]
    fn lane(self, i: usize) -> usize {
        match self {
            Self::F32 | Self::F16 => i % LANES,
            Self::Bf16 => i / 2 % LANES,
        }
    }

    /// Bits and value of element `i`.
    #[inline(always)]
    pub(super) fn read(self, bytes: &[u8], i: usize) -> (u32, f32) {
        let half = |bytes: &[u8]| u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]);
        match self {
            Self::F32 => {
                let value = f32::from_le_bytes(bytes.as_chunks().0[i]);
                (value.to_bits(), value)
            }
            Self::Bf16 => {
                let bits = half(bytes);
                (bits.into(), f32::from_bits(u32::from(bits) << 16))
            }
            Self::F16 => {
                let bits = half(bytes);
                (bits.into(), f16_to_f32(bits))
            }
        }
    }
}

/// The threshold as the loops compare with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// Bits of the largest f32 that is at most the threshold; floats of one sign are ordered as their bits.
    pub(super) bits: i32,
    /// Whether |d| rounded to f32 can fall on the other side of the threshold than |d|.
    pub(super) near: bool,
    pub(super) exact: f64,
}

impl Bound {
    pub(super) fn new(threshold: f64, element: Element) -> Self {
        let nearest = threshold as f32;
        let down = if f64::from(nearest) > threshold {
            nearest.next_down()
        } else {
            nearest
        };
        let bits = if down.is_nan() {
            i32::MAX // nothing is above NaN
        } else if threshold < 0.0 {
            -1 // everything is above
        } else {
            (down + 0.0).to_bits().cast_signed() // -0 is 0
        };
        let near = match element {
            // Any difference whose smaller operand is below it may be rounded.
            Element::F32 => bits > 0 && bits < i32::MAX,
            // Rounded only where one operand is below 2^-16 of the other: |d| is within 2^-15 of a bf16 number.
            Element::Bf16 => bits > 0 && bits < i32::MAX && (bits + 1024) & 0xffff < 2048,
            // Multiples of 2^-24: differences below 1 fit into f32.
            Element::F16 => down >= 0.5 && bits < i32::MAX,
        };
        Self {
            bits,
            near,
            exact: threshold,
        }
    }
}

/// Sums of one side.
#[derive(Debug, Clone)]
#[repr(C, align(64))]
pub(super) struct Side {
    pub(super) sum: Lanes,
    pub(super) squares: Lanes,
    pub(super) low: [f32; LANES],
    pub(super) high: [f32; LANES],
    /// Largest code of 16 bits: the most negative element, or the largest one where none is negative.
    pub(super) unsigned: [u16; 32],
    /// Largest code taken as a signed integer: the largest element, or the most negative one where all are negative.
    pub(super) signed: [i16; 32],
    pub(super) zeros: u64,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            sum: [0.0; LANES],
            squares: [0.0; LANES],
            low: [f32::INFINITY; LANES],
            high: [f32::NEG_INFINITY; LANES],
            unsigned: [0; 32],
            signed: [i16::MIN; 32],
            zeros: 0,
        }
    }
}

/// What a chunk adds up to.
#[derive(Debug, Clone, Default)]
#[repr(C, align(64))]
pub(super) struct Totals {
    pub(super) dd: Lanes,
    pub(super) abs_d: Lanes,
    pub(super) d: Lanes,
    pub(super) ad: Lanes,
    pub(super) ab: Lanes,
    pub(super) old: Side,
    pub(super) new: Side,
    pub(super) max_abs_d: [f32; LANES],
    pub(super) over: u64,
    pub(super) bit_changed: u64,
    /// Of those, the ones where 0 only changed its sign.
    pub(super) sign_of_zero: u64,
}

/// A tile of two sides, in plain Rust.
pub(super) fn pair_tile(element: Element, a: &[u8], b: &[u8], bound: Bound, totals: &mut Totals) {
    let block = BLOCK * element.bytes();
    for (a, b) in a.chunks(block).zip(b.chunks(block)) {
        pair_block(element, a, b, bound, totals);
    }
}

/// A tile of one side, in plain Rust.
pub(super) fn own_tile(element: Element, bytes: &[u8], side: &mut Side) {
    for block in bytes.chunks(BLOCK * element.bytes()) {
        own_block(element, block, side);
    }
}

/// One block of two sides: at most [`BLOCK`] elements.
#[inline(always)]
pub(super) fn pair_block(element: Element, a: &[u8], b: &[u8], bound: Bound, totals: &mut Totals) {
    let (mut dd, mut abs_d, mut d_, mut ad, mut ab) = (
        [0f32; LANES],
        [0f32; LANES],
        [0f32; LANES],
        [0f32; LANES],
        [0f32; LANES],
    );
    let count = a.len() / element.bytes();
    for i in 0..count {
        let ((p, x), (q, y)) = (element.read(a, i), element.read(b, i));
        let lane = element.lane(i);
        let d = y - x;
        dd[lane] = d.mul_add(d, dd[lane]);
        abs_d[lane] += d.abs();
        d_[lane] += d;
        ad[lane] = x.mul_add(d, ad[lane]);
        ab[lane] = x.mul_add(y, ab[lane]);
        totals.max_abs_d[lane] = larger(totals.max_abs_d[lane], d.abs());
        totals.over += u64::from((f64::from(y) - f64::from(x)).abs() > bound.exact);
        totals.bit_changed += u64::from(p != q);
        totals.sign_of_zero += u64::from(p != q && x == y);
    }
    fold(&mut totals.dd, &dd);
    fold(&mut totals.abs_d, &abs_d);
    fold(&mut totals.d, &d_);
    fold(&mut totals.ad, &ad);
    fold(&mut totals.ab, &ab);
    own_block(element, a, &mut totals.old);
    own_block(element, b, &mut totals.new);
}

/// One block of one side.
#[inline(always)]
pub(super) fn own_block(element: Element, bytes: &[u8], side: &mut Side) {
    let (mut sum, mut squares) = ([0f32; LANES], [0f32; LANES]);
    for i in 0..bytes.len() / element.bytes() {
        let (_, x) = element.read(bytes, i);
        let lane = element.lane(i);
        squares[lane] = x.mul_add(x, squares[lane]);
        sum[lane] += x;
        side.low[lane] = smaller(side.low[lane], x);
        side.high[lane] = larger(side.high[lane], x);
        side.zeros += u64::from(x == 0.0);
    }
    fold(&mut side.sum, &sum);
    fold(&mut side.squares, &squares);
}

#[inline(always)]
fn fold(total: &mut Lanes, lanes: &[f32; LANES]) {
    for lane in 0..LANES {
        total[lane] += f64::from(lanes[lane]);
    }
}

#[inline(always)]
pub(super) fn smaller(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

#[inline(always)]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// Elements over the threshold, in f64.
#[inline(always)]
pub(super) fn count_over(element: Element, a: &[u8], b: &[u8], threshold: f64) -> u64 {
    let mut over = 0;
    for i in 0..a.len() / element.bytes() {
        let ((_, x), (_, y)) = (element.read(a, i), element.read(b, i));
        over += u64::from((f64::from(y) - f64::from(x)).abs() > threshold);
    }
    over
}

/// Elements that are zero on both sides, with different signs.
#[inline(always)]
pub(super) fn count_signs_of_zero(element: Element, a: &[u8], b: &[u8]) -> u64 {
    let mut count = 0u64;
    if element == Element::F32 {
        for (x, y) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
            let (x, y) = (u32::from_le_bytes(*x), u32::from_le_bytes(*y));
            count += u64::from((x | y) << 1 == 0 && x != y);
        }
    } else {
        for (x, y) in a.as_chunks().0.iter().zip(b.as_chunks().0) {
            let (x, y) = (u16::from_le_bytes(*x), u16::from_le_bytes(*y));
            count += u64::from((x | y) << 1 == 0 && x != y);
        }
    }
    count
}

/// The smallest 16-bit code: where all elements have one sign, the one of smallest magnitude.
#[inline(always)]
pub(super) fn smallest_code(bytes: &[u8]) -> u16 {
    let mut smallest = u16::MAX;
    for code in bytes.as_chunks().0 {
        smallest = smallest.min(u16::from_le_bytes(*code));
    }
    smallest
}

impl Side {
    /// Adds all but the sums of a tile: its extremes and its zeros.
    #[inline(always)]
    pub(super) fn add_elements(&mut self, other: &Self) {
        for lane in 0..LANES {
            self.low[lane] = smaller(self.low[lane], other.low[lane]);
            self.high[lane] = larger(self.high[lane], other.high[lane]);
        }
        for code in 0..32 {
            self.unsigned[code] = self.unsigned[code].max(other.unsigned[code]);
            self.signed[code] = self.signed[code].max(other.signed[code]);
        }
        self.zeros += other.zeros;
    }
}
