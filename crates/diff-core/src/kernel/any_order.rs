//! Chunks whose blocks come in any order: a view is taken as it lies in its storage, and its sums have the bits of logical order.

use crate::kernel::fast::{BLOCK, Element, LANES, Totals};
use crate::kernel::fast_chunk::Loop;
use crate::kernel::{CHUNK, Elements, Isa, Method, Precision};
use crate::stats::PairStats;

/// The sums of a block as the loops hold them, before they are folded into f64.
type Sums = [[f32; LANES]; 9];

/// Blocks of a chunk.
const BLOCKS: usize = CHUNK / BLOCK;

/// The chunks of a piece, which is made of whole blocks.
#[derive(Default)]
pub struct AnyOrder {
    pair: Option<Loop>,
    is_one_type: bool,
    /// Of each chunk what depends on no order; its sums are those of the block at work.
    chunks: Vec<Totals>,
    /// Of each block.
    sums: Vec<Sums>,
}

impl AnyOrder {
    /// Begins anew, with so many blocks of the types of these elements. Whether types such as these have sums by blocks.
    pub fn begin(&mut self, sides: [Elements; 2], blocks: usize, method: Method) -> bool {
        let [a, b] = sides;
        let element = Element::of_pair(a, b).filter(|_| method.precision == Precision::Fast);
        self.pair = element.map(|element| Loop::new(element, method));
        self.is_one_type = a.dtype == b.dtype;
        self.chunks.clear();
        self.chunks
            .resize(blocks.div_ceil(BLOCKS), Totals::default());
        self.sums.resize(blocks, [[0.0; LANES]; 9]);
        self.pair.is_some()
    }

    /// Takes block number `at` of the piece, each once.
    ///
    /// # Panics
    /// When the piece has no such block.
    pub fn add(&mut self, at: usize, [a, b]: [Elements; 2], isa: Isa) {
        if let Some(pair) = &mut self.pair {
            let totals = &mut self.chunks[at / BLOCKS];
            pair.add(a, b, None, totals, isa);
            take_sums(totals, &mut self.sums[at]);
        }
    }

    /// Each chunk in turn; None where it must be there as a whole.
    pub fn finish(&mut self, method: Method, isa: Isa) -> impl Iterator<Item = Option<PairStats>> {
        let Self {
            pair,
            is_one_type,
            chunks,
            sums,
        } = self;
        let blocks = sums.chunks(BLOCKS);
        chunks.iter_mut().zip(blocks).map(move |(totals, blocks)| {
            for sums in blocks {
                add_sums(totals, sums);
            }
            let pair = pair.as_ref()?;
            let count = blocks.len() * BLOCK;
            pair.finish((totals, count), None, *is_one_type, method, isa)
                .ok()
        })
    }
}

/// The f64 lanes of every sum.
fn lanes(totals: &mut Totals) -> [&mut [f64; LANES]; 9] {
    let Totals {
        dd,
        abs_d,
        d,
        ad,
        ab,
        old,
        new,
        ..
    } = totals;
    let (aa, a) = (&mut old.squares, &mut old.sum);
    let (bb, b) = (&mut new.squares, &mut new.sum);
    [dd, abs_d, d, ad, ab, aa, a, bb, b]
}

/// The sums of one block, which f32 holds as they were held before; leaves zeros.
fn take_sums(totals: &mut Totals, sums: &mut Sums) {
    for (lanes, sums) in lanes(totals).into_iter().zip(sums) {
        for (lane, sum) in lanes.iter_mut().zip(sums) {
            *sum = std::mem::take(lane) as f32;
        }
    }
}

fn add_sums(totals: &mut Totals, sums: &Sums) {
    for (lanes, sums) in lanes(totals).into_iter().zip(sums) {
        for (lane, sum) in lanes.iter_mut().zip(sums) {
            *lane += f64::from(*sum);
        }
    }
}
