//! The arithmetic: bytes of one chunk of two tensors in, [`PairStats`] out.
//!
//! A *chunk* is [`CHUNK`] elements, counted from the tensor's start in logical order; it is the unit of
//! work and of rounding: the sums of a chunk never depend on the processor, the thread or the file.
//!
//! There are two definitions of the sums. [`fast`] is for f32, bf16 and f16 against themselves. `double` is for everything
//! else, for [`Precision::Double`], and for the chunks that f32 cannot hold: *tiles* of [`TILE`] elements are decoded to f64
//! and go through the passes of [`body`]: eight lanes (element i of the chunk in lane i mod 8), folded into the chunk's
//! lanes after each tile, and added up in index order at the end of the chunk.

mod body;
mod decode;
mod dispatch;
pub mod exponents;
mod fast;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(test)]
mod tests;
mod wide;
#[cfg(target_arch = "x86_64")]
mod x86;

use crate::dtype::{Class, DType, ValueMap};
use crate::stats::{Own, PairStats};
use body::{Counts, DiffLanes, OwnLanes};

pub use dispatch::Isa;

/// Elements of a chunk.
pub const CHUNK: usize = 1 << 18;

/// Elements that are decoded at once: two tiles of f64 stay in the first-level cache together with their input.
const TILE: usize = 1024;

/// One side of a chunk: little-endian elements in logical order.
#[derive(Debug, Clone, Copy)]
pub struct Operand<'a> {
    pub bytes: &'a [u8],
    pub dtype: DType,
    pub map: ValueMap,
}

/// Which definition of the sums is used where both exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// f32 lanes: relative error at most 1e-6, on weights 1e-7.
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
pub fn compare(a: Operand, b: Operand, method: Method, isa: Isa) -> PairStats {
    let elements = a.elements().min(b.elements());
    let (a, b) = (a.head(elements), b.head(elements));
    let same_type = a.dtype == b.dtype && a.map == b.map;
    if same_type
        && let Some(element) = fast_element(a, method)
        && let Some(stats) = fast::compare(element, a.bytes, b.bytes, method, isa)
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
    stats.elements = elements as u64;
    if a.dtype == b.dtype {
        stats.bit_changed = isa.bit_changed(a.dtype.bytes(), a.bytes, b.bytes);
    }
    stats
}

/// Statistics of one chunk of a single tensor.
#[must_use]
pub fn describe(a: Operand, method: Method, isa: Isa) -> Own {
    if let Some(element) = fast_element(a, method)
        && let Some(own) = fast::describe(element, a.bytes, method, isa)
    {
        return own;
    }
    describe_double(a, method, isa)
}

fn describe_double(a: Operand, method: Method, isa: Isa) -> Own {
    if a.dtype.class() == Class::Wide {
        return wide::describe(a, method);
    }
    let mut lanes = OwnLanes::default();
    let mut counts = Counts::default();
    let mut tile = [0.0; TILE];
    for start in (0..a.elements()).step_by(TILE) {
        let values = decode::tile(&mut tile, a, start, isa);
        own_tile(values, &mut lanes, isa);
        if method.element_wise {
            isa.count(values, values, method.threshold, &mut counts);
        }
    }
    let mut own = lanes.finish(counts.zeros_a);
    refine_moments(&mut own, a, isa);
    own
}

/// The type whose loops of [`fast`] do this chunk, if they may.
fn fast_element(operand: Operand, method: Method) -> Option<fast::Element> {
    (method.precision == Precision::Fast)
        .then(|| fast::Element::of(operand))
        .flatten()
}

/// The pair statistics of a chunk whose two sides are the same bytes.
fn equal(own: &Own, elements: usize) -> PairStats {
    PairStats {
        elements: elements as u64,
        finite: own.finite,
        sum_aa: own.sum_squares,
        sum_ab: own.sum_squares,
        sum_bb: own.sum_squares,
        old: *own,
        new: *own,
        ..PairStats::default()
    }
}

fn compare_double(a: Operand, b: Operand, method: Method, isa: Isa) -> PairStats {
    let mut diff = DiffLanes::default();
    let (mut own_a, mut own_b) = (OwnLanes::default(), OwnLanes::default());
    let mut counts = Counts::default();
    let (mut tile_a, mut tile_b) = ([0.0; TILE], [0.0; TILE]);
    for start in (0..a.elements()).step_by(TILE) {
        let x = decode::tile(&mut tile_a, a, start, isa);
        let y = decode::tile(&mut tile_b, b, start, isa);
        let (finite_a, finite_b) = (own_tile(x, &mut own_a, isa), own_tile(y, &mut own_b, isa));
        let mut tile = DiffLanes::default();
        if let (Some(lanes_a), Some(lanes_b)) = (finite_a, finite_b) {
            isa.difference(x, y, &mut tile);
            tile.take_squares(&lanes_a, &lanes_b);
            if method.element_wise {
                isa.count(x, y, method.threshold, &mut counts);
            }
        } else {
            body::difference_masked(x, y, &mut tile);
            if method.element_wise {
                body::count_masked(x, y, method.threshold, &mut counts);
            }
        }
        diff.add(&tile);
    }
    let mut stats = diff.finish();
    stats.over_threshold = counts.over;
    stats.old = own_a.finish(counts.zeros_a);
    stats.new = own_b.finish(counts.zeros_b);
    refine_moments(&mut stats.old, a, isa);
    refine_moments(&mut stats.new, b, isa);
    stats
}

/// Adds a tile to the statistics of its side; gives its sums if every element was finite.
fn own_tile(values: &[f64], lanes: &mut OwnLanes, isa: Isa) -> Option<OwnLanes> {
    let mut tile = OwnLanes::default();
    isa.own(values, &mut tile);
    // Any NaN or infinity makes a sum non-finite. (So do finite squares beyond f64: the slow way is right for them too.)
    let finite = tile.is_finite();
    if !finite {
        tile = OwnLanes::default();
        body::own_masked(values, &mut tile);
    }
    lanes.add(&tile);
    finite.then_some(tile)
}

/// Where the mean dominates (norm weights of 1 ± 1e-5), the sum of squares has lost the deviation: it is
/// taken again around the mean while the chunk is in cache.
fn refine_moments(own: &mut Own, operand: Operand, isa: Isa) {
    if own.finite == 0 || own.m2 >= 1e-3 * own.sum_squares {
        return;
    }
    let mut tile = [0.0; TILE];
    let mut lanes = [[0.0; body::LANES]; 2];
    for start in (0..operand.elements()).step_by(TILE) {
        let values = decode::tile(&mut tile, operand, start, isa);
        body::deviation(values, own.mean, &mut lanes);
    }
    let [sum, squares] = lanes.map(|lane| lane.iter().sum::<f64>());
    let count = own.finite as f64;
    own.m2 = (squares - sum * sum / count).max(0.0);
    own.mean += sum / count;
}

impl Operand<'_> {
    #[must_use]
    pub fn elements(&self) -> usize {
        self.bytes.len() / self.dtype.bytes().max(1) as usize
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
pub fn for_each_value(operand: Operand, mut each: impl FnMut(f64)) {
    let mut tile = [0.0; TILE];
    for start in (0..operand.elements()).step_by(TILE) {
        for &value in decode::tile(&mut tile, operand, start, Isa::detect()) {
            each(value);
        }
    }
}
