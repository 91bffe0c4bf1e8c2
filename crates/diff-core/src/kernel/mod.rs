//! The arithmetic: bytes of one chunk of two tensors in, [`PairStats`] out.
//!
//! A *chunk* is [`CHUNK`] elements, counted from the tensor's start in logical order; it is the unit of
//! work and of rounding: the sums of a chunk never depend on the processor, the thread or the file.
//!
//! There are two definitions of the sums. [`fast`] is for floats that f32 holds: f32, bf16 and f16 against themselves as they
//! are, 8-bit floats and pairs of different types decoded to f32. `double` is for everything else, for
//! [`Precision::Double`], and for the chunks whose sums f32 cannot hold: *tiles* of [`TILE`] elements are decoded to f64
//! and go through the passes of [`reference`]: eight lanes (element i of the chunk in lane i mod 8), folded into the chunk's
//! lanes after each tile, and added up in index order at the end of the chunk. A chunk whose squares leave the range of f64 is
//! summed again by [`scaled`].

mod any_order;
pub(crate) mod complex;
mod decode;
mod dequantise;
mod dispatch;
pub mod exponents;
mod fast;
mod fast_chunk;
mod lines;
#[cfg(test)]
mod mixed_tests;
#[cfg(target_arch = "aarch64")]
mod neon;
pub mod probe;
mod reference;
mod rounding;
mod scaled;
#[cfg(test)]
mod scaled_tests;
#[cfg(test)]
mod tests;
mod tiles;
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::dtype::{Class, DType, ValueMap};
use crate::error::Result;
use crate::stats::{Moments, PairScale, PairStats};
use reference::{MomentLanes, PairLanes};

pub use any_order::AnyOrder;
pub use dequantise::{Factors, Formula, Rounding};
pub use dispatch::Isa;
pub(crate) use dispatch::{prefetch, prefetch_far};
pub use fast::BLOCK;
pub use lines::{Foreseen, LINE, LINES, Lines};
pub(crate) use lines::{TURNED, Turn};

/// Elements of a chunk.
pub const CHUNK: usize = 1 << 18;

/// Elements that are decoded at once: two tiles of f64 stay in the first-level cache together with their input.
const TILE: usize = 1024;

/// Elements of a tile that one call of a pass takes.
const PIECE: usize = TILE / 4;

/// One side of a chunk: little-endian elements in logical order.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    pub bytes: &'a [u8],
    pub dtype: DType,
    pub map: ValueMap,
}

/// Which definition of the sums is used where both exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// f32 lanes for floats of at most 32 bits: relative error at most 1e-6, on weights 1e-7.
    #[default]
    Fast,
    /// f64 lanes: relative error at most 1e-12.
    Double,
}

/// How chunks are compared.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// |d| above this is a changed element.
    pub threshold: f64,
    /// Whether elements are counted at all (threshold, zeros).
    pub element_wise: bool,
    pub precision: Precision,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            threshold: 0.0,
            element_wise: true,
            precision: Precision::Fast,
        }
    }
}

/// Compares one chunk. Both operands hold the same number of elements.
///
/// # Panics
/// Never: operands of different lengths are cut to the shorter one.
#[must_use]
pub fn compare(a: Elements, b: Elements, method: Method, isa: Isa) -> PairStats {
    let elements = a.elements().min(b.elements());
    let (a, b) = (a.head(elements), b.head(elements));
    let same_type = a.dtype == b.dtype && a.map == b.map;
    if method.precision == Precision::Fast
        && let Some(element) = fast::Element::of_pair(a, b)
        && let Some(stats) = fast_chunk::compare(element, a, b, method, isa)
    {
        return stats;
    }
    if same_type && a.bytes == b.bytes {
        return equal(&describe_double(a, method, isa), elements);
    }
    let mut stats = if a.dtype.class() == Class::Wide || b.dtype.class() == Class::Wide {
        wide::compare(a, b, method)
    } else {
        compare_double(a, b, method, isa)
    };
    scaled::refine(&mut stats, a, b, isa);
    stats.elements = elements as u64;
    if a.dtype == b.dtype {
        stats.bit_changed = isa.bit_changed(a.dtype.bytes(), a.bytes, b.bytes);
    }
    stats
}

/// Some elements of both sides of a chunk.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub sides: [Elements<'a>; 2],
    pub foreseen: Option<Foreseen<'a>>,
}

/// Both sides of a chunk, handed out one part after the other.
pub trait Parts {
    /// Elements of the part that begins with element `start` of the chunk, at most: whole blocks.
    fn size(&self, start: usize) -> usize;

    /// The elements `start .. start + count` of the chunk.
    ///
    /// # Errors
    /// What keeps them from being read.
    fn part(&mut self, start: usize, count: usize) -> Result<Part<'_>>;
}

/// Elements of a part that is made: both sides as f32 stay in the second-level cache.
pub const PART: usize = 16 * TILE;

/// [`compare`] of a chunk of `count` elements that is made part by part, so that it need not be written to memory. None where it must be there
/// as a whole: then nothing is known of it.
///
/// # Errors
/// Those of the parts.
pub fn compare_parts(
    count: usize,
    method: Method,
    isa: Isa,
    parts: &mut dyn Parts,
) -> Result<Option<PairStats>> {
    let mut pair = None;
    let mut is_one_type = false;
    let mut totals = fast::Totals::default();
    let mut start = 0;
    while start < count {
        let size = parts.size(start).min(count - start);
        let Part {
            sides: [a, b],
            foreseen,
        } = parts.part(start, size)?;
        if pair.is_none() {
            let fast = method.precision == Precision::Fast;
            let element = fast::Element::of_pair(a, b).filter(|_| fast);
            is_one_type = a.dtype == b.dtype;
            pair = element.map(|element| fast_chunk::Loop::new(element, method));
        }
        let Some(pair) = &mut pair else {
            return Ok(None);
        };
        pair.add(a, b, foreseen, &mut totals, isa);
        start += size;
    }
    let finish =
        |pair: fast_chunk::Loop| pair.finish((&totals, count), None, is_one_type, method, isa);
    Ok(pair.and_then(|pair| finish(pair).ok()))
}

/// Statistics of one chunk of a single tensor.
#[must_use]
pub fn describe(a: Elements, method: Method, isa: Isa) -> Moments {
    if method.precision == Precision::Fast
        && let Some(element) = fast::Element::of_one(a)
        && let Some(own) = fast_chunk::describe(element, a, method, isa)
    {
        return own;
    }
    describe_double(a, method, isa)
}

fn describe_double(a: Elements, method: Method, isa: Isa) -> Moments {
    if a.dtype.class() == Class::Wide {
        return wide::describe(a, method);
    }
    let mut lanes = MomentLanes::default();
    let mut tile = [0.0; TILE];
    for start in (0..a.elements()).step_by(TILE) {
        let values = tiles::tile(&mut tile, a, start, isa);
        let mut part = MomentLanes::default();
        isa.own(values, &mut part);
        // Any NaN or infinity makes a sum non-finite. (So do finite squares beyond f64: `scaled` takes those again.)
        if !part.is_finite() {
            part = MomentLanes::default();
            reference::own_masked(values, &mut part);
        }
        lanes.add(&part);
    }
    let mut own = lanes.finish();
    finish_own(&mut own, a, method, isa);
    own
}

fn finish_own(own: &mut Moments, operand: Elements, method: Method, isa: Isa) {
    if !own.is_held() {
        scaled::refine_own(own, operand, isa);
    }
    refine_moments(own, operand, isa);
    if !method.element_wise {
        own.zeros = 0;
    }
}

/// The pair statistics of a chunk whose two sides are the same bytes.
fn equal(own: &Moments, elements: usize) -> PairStats {
    PairStats {
        elements: elements as u64,
        finite: own.finite,
        sum_aa: own.sum_squares,
        sum_ab: own.sum_squares,
        sum_bb: own.sum_squares,
        old: *own,
        new: *own,
        scale: PairScale {
            old: own.scale,
            new: own.scale,
            difference: 0,
        },
        ..PairStats::default()
    }
}

fn compare_double(a: Elements, b: Elements, method: Method, isa: Isa) -> PairStats {
    let mut lanes = PairLanes::default();
    let (mut tile_a, mut tile_b) = ([0.0; TILE], [0.0; TILE]);
    for start in (0..a.elements()).step_by(TILE) {
        let x = tiles::tile(&mut tile_a, a, start, isa);
        let y = tiles::tile(&mut tile_b, b, start, isa);
        let mut part = PairLanes::default();
        // The next tile is asked for in pieces that the processor can keep in flight.
        for (at, (x, y)) in x.chunks(PIECE).zip(y.chunks(PIECE)).enumerate() {
            for side in [a, b] {
                isa.prefetch(side.some_bytes(start + TILE + at * PIECE, PIECE));
            }
            isa.pair(x, y, method.threshold, &mut part);
        }
        if !part.is_finite() {
            part = PairLanes::default();
            reference::pair_masked(x, y, method.threshold, &mut part);
        }
        lanes.add(&part);
    }
    let mut stats = lanes.finish();
    finish_own(&mut stats.old, a, method, isa);
    finish_own(&mut stats.new, b, method, isa);
    if !method.element_wise {
        stats.over_threshold = 0;
    }
    stats
}

/// Where the mean dominates (norm weights of 1 ± 1e-5), the sum of squares has lost the deviation: it is
/// taken again around the mean while the chunk is in cache.
fn refine_moments(own: &mut Moments, operand: Elements, isa: Isa) {
    if !has_lost_deviation(own) {
        return;
    }
    let mut tile = [0.0; TILE];
    let mut lanes = [[0.0; reference::LANES]; 2];
    for start in (0..operand.elements()).step_by(TILE) {
        let values = scaled::tile(&mut tile, operand, start, own.scale, isa);
        reference::deviation(values, own.mean, &mut lanes);
    }
    let [sum, squares] = lanes.map(|lane| lane.iter().sum::<f64>());
    let count = own.finite as f64;
    own.m2 = (squares - sum * sum / count).max(0.0);
    own.mean += sum / count;
}

fn has_lost_deviation(own: &Moments) -> bool {
    own.finite > 0 && own.m2 < 1e-3 * own.sum_squares
}

impl Elements<'_> {
    #[must_use]
    pub fn elements(&self) -> usize {
        self.bytes.len() / self.dtype.bytes().max(1) as usize
    }

    /// The bytes of `count` elements from `start` on, as far as there are some.
    fn some_bytes(&self, start: usize, count: usize) -> &[u8] {
        let item = self.dtype.bytes() as usize;
        let end = self.bytes.len().min((start + count) * item);
        self.bytes.get(start * item..end).unwrap_or_default()
    }

    fn head(self, elements: usize) -> Self {
        self.part(0, elements)
    }

    /// The elements `start .. start + count`.
    ///
    /// # Panics
    /// When the operand has fewer.
    #[must_use]
    pub fn part(self, start: usize, count: usize) -> Self {
        let item = self.dtype.bytes() as usize;
        Self {
            bytes: &self.bytes[start * item..(start + count) * item],
            ..self
        }
    }
}

/// Every element as f64, in order.
pub fn for_each_value(operand: Elements, mut each: impl FnMut(f64)) {
    let mut tile = [0.0; TILE];
    for start in (0..operand.elements()).step_by(TILE) {
        for &value in tiles::tile(&mut tile, operand, start, Isa::detect()) {
            each(value);
        }
    }
}

/// The numbers of a line of blocks, in place of its codes: see [`Formula`].
pub(crate) fn dequantise(
    cells: &mut [[u8; 4]],
    factors: Factors,
    formula: Formula,
    rounding: Rounding,
) {
    Isa::detect().dequantise(cells, factors, formula, rounding);
}

/// The lines of a block, one after the other.
pub(crate) fn copy_lines(storage: &[u8], lines: &[usize], out: &mut [[u8; LINE]]) {
    Isa::detect().copy_lines(storage, lines, out);
}

/// Turns the first `rows` rows of some columns.
///
/// # Panics
/// When a cell lies outside of its slice.
pub(crate) fn turn<const N: usize>(turn: &Turn<N>, rows: usize, out: &mut [[u8; N]]) {
    Isa::detect().turn(turn, rows, out);
}

/// For each code of four bits the number of a table, little-endian.
pub(crate) fn look_up(codes: &[u8], table: &[[u8; 4]; 16], out: &mut [[u8; 4]]) {
    Isa::detect().look_up(codes, table, out);
}

/// Every element as the nearest f32, little-endian, in order; `out` holds as many.
pub(crate) fn to_f32(operand: Elements, out: &mut [[u8; 4]]) {
    tiles::to_f32(operand, out, Isa::detect());
}
