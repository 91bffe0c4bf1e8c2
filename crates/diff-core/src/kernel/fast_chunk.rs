//! Chunks by the `fast` definition (`fast.rs`): cut into tiles for the loops, and what those add up to.

use crate::kernel::decode::Single;
use crate::kernel::dispatch::Isa;
use crate::kernel::fast::{Bound, Element, Lanes, STEP, Side, TILE, Totals, larger, smaller};
use crate::kernel::{Elements, Foreseen, Method, has_lost_deviation, refine_moments, tiles};
use crate::stats::{Moments, PairScale, PairStats};

/// The elements `start .. start + count` of a side as the loop takes them; `tile` keeps what had to be decoded.
fn part<'t>(
    operand: Elements<'t>,
    element: Element,
    start: usize,
    count: usize,
    tile: &'t mut Vec<Single>,
    isa: Isa,
) -> &'t [u8] {
    let part = operand.part(start, count);
    if Element::of(part) == Some(element) {
        part.bytes
    } else {
        tiles::singles(part, tile, isa)
    }
}

/// Why a chunk has no statistics yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    /// It must be done in `double`.
    Double,
    /// It must be looked at once more.
    Whole,
}

/// The loop that takes two sides, with memory for what has to be decoded.
pub(super) struct Loop {
    element: Element,
    bound: Bound,
    tiles: [Vec<Single>; 2],
}

impl Loop {
    pub(super) fn new(element: Element, method: Method) -> Self {
        Self {
            element,
            bound: Bound::new(method.threshold, element),
            tiles: Default::default(),
        }
    }

    /// Adds the next elements: whole blocks, but for the last ones. What is `foreseen` is asked for by each tile.
    #[inline]
    pub(super) fn add(
        &mut self,
        a: Elements,
        b: Elements,
        foreseen: Option<Foreseen>,
        totals: &mut Totals,
        isa: Isa,
    ) {
        let Self {
            element,
            bound,
            tiles: [tile_a, tile_b],
        } = self;
        let count = a.elements();
        let whole = count / STEP * STEP;
        for start in (0..whole).step_by(TILE) {
            let length = TILE.min(whole - start);
            let x = part(a, *element, start, length, tile_a, isa);
            let y = part(b, *element, start, length, tile_b, isa);
            if x[..64] == y[..64] && x == y {
                isa.fast_own(*element, x, true, totals);
            } else {
                isa.fast_pair(*element, x, y, *bound, foreseen.as_ref(), totals);
            }
        }
        if whole < count || count == 0 {
            let x = part(a, *element, whole, count - whole, tile_a, isa);
            let y = part(b, *element, whole, count - whole, tile_b, isa);
            isa.fast_pair_rest(*element, x, y, *bound, totals);
        }
    }

    /// What the `count` elements of a chunk add up to. `whole` are both sides as a whole, where they are there: some chunks need them again.
    pub(super) fn finish(
        &self,
        (totals, count): (&Totals, usize),
        whole: Option<[Elements; 2]>,
        is_one_type: bool,
        method: Method,
        isa: Isa,
    ) -> Result<PairStats, Missed> {
        let side = |side: &Side, at: usize| {
            let whole = whole.map(|whole| whole[at]);
            side.finish(self.element, count, whole, method, isa)
        };
        let (old, new) = (side(&totals.old, 0)?, side(&totals.new, 1)?);
        let sum = |lanes: &Lanes| lanes.iter().fold(0.0, |sum, lane| sum + lane);
        let stats = PairStats {
            elements: count as u64,
            finite: count as u64,
            sum_dd: sum(&totals.dd),
            sum_ad: sum(&totals.ad),
            sum_ab: sum(&totals.ab),
            sum_abs_d: sum(&totals.abs_d),
            sum_d: sum(&totals.d),
            sum_aa: old.sum_squares,
            sum_bb: new.sum_squares,
            max_abs_d: totals.max_abs_d.iter().copied().fold(0.0, larger).into(),
            over_threshold: if method.element_wise { totals.over } else { 0 },
            nonfinite_changed: 0,
            value_changed: totals.bit_changed - totals.sign_of_zero,
            // Elements of one type differ in their bits where their f32 do.
            bit_changed: if is_one_type { totals.bit_changed } else { 0 },
            old,
            new,
            scale: PairScale::default(),
        };
        let sums = stats.sum_dd + stats.sum_ad.abs() + stats.sum_ab.abs() + stats.sum_abs_d;
        if sums.is_finite() && is_in_range(stats.max_abs_d) {
            Ok(stats)
        } else {
            Err(Missed::Double)
        }
    }
}

/// Compares one chunk; nothing where the chunk must be done in `double`.
pub(super) fn compare(
    element: Element,
    a: Elements,
    b: Elements,
    method: Method,
    isa: Isa,
) -> Option<PairStats> {
    let mut totals = Totals::default();
    let mut pair = Loop::new(element, method);
    pair.add(a, b, None, &mut totals, isa);
    let is_one_type = a.dtype == b.dtype;
    pair.finish(
        (&totals, a.elements()),
        Some([a, b]),
        is_one_type,
        method,
        isa,
    )
    .ok()
}

/// Statistics of one side; nothing where the chunk must be done in `double`.
pub(super) fn describe(element: Element, a: Elements, method: Method, isa: Isa) -> Option<Moments> {
    let mut totals = Totals::default();
    let mut tile = Vec::new();
    let count = a.elements();
    let whole = count / STEP * STEP;
    for start in (0..whole).step_by(TILE) {
        let x = part(a, element, start, TILE.min(whole - start), &mut tile, isa);
        isa.fast_own(element, x, false, &mut totals);
    }
    let rest = part(a, element, whole, count - whole, &mut tile, isa);
    isa.fast_own_rest(element, rest, &mut totals.old);
    totals.old.finish(element, count, Some(a), method, isa).ok()
}

/// Where f32 holds the squares of the largest values and of all that counts beside them.
fn is_in_range(largest: f64) -> bool {
    const LEAST: f64 = 1.0 / (1u64 << 40) as f64;
    const MOST: f64 = (1u64 << 54) as f64;
    largest == 0.0 || (LEAST..=MOST).contains(&largest)
}

impl Side {
    fn finish(
        &self,
        element: Element,
        elements: usize,
        whole: Option<Elements>,
        method: Method,
        isa: Isa,
    ) -> Result<Moments, Missed> {
        let count = elements as u64;
        let sum: f64 = self.sum.iter().fold(0.0, |sum, lane| sum + lane);
        let squares: f64 = self.squares.iter().fold(0.0, |sum, lane| sum + lane);
        // Any NaN or infinity shows in the squares.
        if !squares.is_finite() || !sum.is_finite() {
            return Err(Missed::Double);
        }
        let (low, high) = self.extremes(element, whole, isa)?;
        if count > 0 && !is_in_range(f64::from(larger(high.abs(), low.abs()))) {
            return Err(Missed::Double);
        }
        let mean = if count == 0 { 0.0 } else { sum / count as f64 };
        let mut own = Moments {
            finite: count,
            mean,
            m2: (squares - sum * mean).max(0.0),
            sum_squares: squares,
            scale: 0,
            // + 0.0 turns -0 into +0.
            min: f64::from(low) + 0.0,
            max: f64::from(high) + 0.0,
            zeros: if method.element_wise { self.zeros } else { 0 },
            nan: 0,
            infinite: 0,
        };
        match whole {
            Some(operand) => refine_moments(&mut own, operand, isa),
            None if has_lost_deviation(&own) => return Err(Missed::Whole),
            None => {}
        }
        Ok(own)
    }

    fn extremes(
        &self,
        element: Element,
        whole: Option<Elements>,
        isa: Isa,
    ) -> Result<(f32, f32), Missed> {
        let low = self.low.iter().copied().fold(f32::INFINITY, smaller);
        let high = self.high.iter().copied().fold(f32::NEG_INFINITY, larger);
        let signed = self.signed.iter().copied().fold(i16::MIN, i16::max);
        let unsigned = self.unsigned.iter().copied().fold(0, u16::max);
        if (signed, unsigned) == (i16::MIN, 0) {
            return Ok((low, high)); // the loops with codes took nothing
        }
        let value = |code: u16| element.read(&code.to_le_bytes(), 0).1;
        let (mut p, mut q) = (value(unsigned), value(signed.cast_unsigned()));
        if signed < 0 || unsigned < 0x8000 {
            let whole = whole.ok_or(Missed::Whole)?;
            let nearest = value(isa.smallest_code(whole.bytes));
            (p, q) = (smaller(p, nearest), larger(q, nearest));
        }
        Ok((smaller(low, p), larger(high, q)))
    }
}
