//! Pieces of views whose blocks are not taken in logical order, but as they lie in the storage.

use std::ops::Range;

use super::Worker;
use super::pair::Pair;
use crate::dtype::{DType, ValueMap};
use crate::engine::UNIT;
use crate::engine::sample::SAMPLE;
use crate::engine::tree::push;
use crate::error::Result;
use crate::kernel::{self, BLOCK, CHUNK, Elements, LINE};
use crate::read::{PIECE, Read, Reader, Strip, Tiled, Tiling};

const _: () = assert!(PIECE == UNIT * CHUNK as u64, "a piece is a unit");

/// Bytes of a column in a tile of the narrower side: tiles of both sides stay in the second-level cache.
const TILE_BYTES: usize = 256;

/// The tiling of two sides: that of both, or of the one that has one.
pub(super) fn tiling([old, new]: [&Reader; 2]) -> Option<Tiling> {
    match (old.tiling(), new.tiling()) {
        (Some(old), Some(new)) => old.is_like(new).then_some(old),
        (old, new) => old.or(new),
    }
}

/// The strips of the blocks of a piece.
fn strips(tiling: Tiling, blocks: &Range<u64>) -> impl Iterator<Item = Strip> {
    let width = tiling.pitch / BLOCK as u64;
    let stretch = width * tiling.rows;
    let Range { start, end } = *blocks;
    let firsts = (start / stretch..end.div_ceil(stretch)).map(move |at| at * stretch);
    firsts.flat_map(move |first| {
        let (start, end) = (start.saturating_sub(first), stretch.min(end - first));
        (0..width.min(end)).filter_map(move |column| {
            let rows = start.saturating_sub(column).div_ceil(width)..(end - column).div_ceil(width);
            (!rows.is_empty()).then(|| Strip {
                first: (first + rows.start * width + column) * BLOCK as u64,
                rows: (rows.end - rows.start) as usize,
            })
        })
    })
}

/// Rows of a strip in tiles, whose ends are those of lines of the cache.
fn tiles(
    strip: Strip,
    rows: Range<usize>,
    tiling: Tiling,
    item: usize,
) -> impl Iterator<Item = Range<usize>> {
    let (most, line) = (TILE_BYTES / item, LINE / item);
    let row = (strip.first / tiling.pitch % tiling.rows) as usize;
    let before = (tiling.before as usize + line - row % line) % line;
    let mut start = rows.start;
    std::iter::from_fn(move || {
        let last = start + most;
        let end = rows.end.min(last - (last - before) % line);
        let tile = start..end;
        start = end;
        (!tile.is_empty()).then_some(tile)
    })
}

/// Compares a piece of whole blocks of a pair in tiles, where these are best taken so. Whether it did.
///
/// # Errors
/// What keeps a side from being read.
pub(super) fn in_tiles(
    pair: &Pair,
    (start, count): (u64, usize),
    worker: &mut Worker,
) -> Result<bool> {
    let [old, new] = pair.readers;
    let starts_at_zero = pair.inputs.iter().all(|input| input.start == 0);
    if !(count.is_multiple_of(BLOCK) && starts_at_zero) {
        return Ok(false);
    }
    let Some(tiling) = tiling([old, new]) else {
        return Ok(false);
    };
    let (options, isa) = (pair.run.options, pair.run.isa);
    let Worker {
        scratch,
        pending,
        sample,
        any_order,
    } = worker;
    let types = pair.readers.map(|reader| elements(reader.dtype(), &[]));
    if !any_order.begin(types, count / BLOCK, options.method) {
        return Ok(false);
    }
    let [of_old, of_new, ..] = scratch;
    let named = |side: usize| move |error| pair.named(side, error);
    // A side without a tiling of its own first: what the other one has to read for its tiles would be read in vain without it.
    let (a, b) = if old.tiling().is_none() {
        let a = old.tiled(tiling, of_old).map_err(named(0))?;
        let is_there = a.is_some();
        let b = is_there.then(|| new.tiled(tiling, of_new).map_err(named(1)));
        (a, b.transpose()?.flatten())
    } else {
        let b = new.tiled(tiling, of_new).map_err(named(1))?;
        let is_there = b.is_some();
        let a = is_there.then(|| old.tiled(tiling, of_old).map_err(named(0)));
        (a.transpose()?.flatten(), b)
    };
    let Some((old, new)) = a.zip(b) else {
        return Ok(false);
    };
    let first = start / BLOCK as u64;
    let mut piece = Piece {
        pair,
        sides: [old, new],
        tiling,
        blocks: first..first + (count / BLOCK) as u64,
    };
    let all = pair.elements();
    piece.each_block(0..count / BLOCK, &mut |at, sides| {
        any_order.add(at, sides, isa);
        // The sample is taken of the first blocks of each chunk.
        if at % BLOCKS < SAMPLE / BLOCK {
            let [a, b] = sides.map(Some);
            sample[0].take(all, a, b, options.histogram);
        }
    })?;
    for (chunk, stats) in any_order.finish(options.method, isa).enumerate() {
        let stats = if let Some(stats) = stats {
            stats
        } else {
            let [a, b] = piece.chunk(chunk)?;
            let (a, b) = (elements(types[0].dtype, &a), elements(types[1].dtype, &b));
            kernel::compare(a, b, options.method, isa)
        };
        push(&mut pending[0], stats);
    }
    for (side, scratch) in types.iter().zip(scratch) {
        scratch.add_read(count * side.dtype.bytes() as usize);
    }
    Ok(true)
}

/// Blocks of a chunk.
const BLOCKS: usize = CHUNK / BLOCK;

fn elements(dtype: DType, bytes: &[u8]) -> Elements<'_> {
    Elements {
        bytes,
        dtype,
        map: ValueMap::Identity,
    }
}

/// A piece of a unit, tile by tile.
struct Piece<'p, 'u, 'a> {
    pair: &'p Pair<'u, 'a>,
    sides: [Tiled<'p>; 2],
    tiling: Tiling,
    /// In the numbers of the whole tensor.
    blocks: Range<u64>,
}

impl Piece<'_, '_, '_> {
    /// Every block of a range of the piece's, as they lie in the storage.
    fn each_block(
        &mut self,
        wanted: Range<usize>,
        each: &mut dyn FnMut(usize, [Elements; 2]),
    ) -> Result<()> {
        let tiling = self.tiling;
        let width = (tiling.pitch / BLOCK as u64) as usize;
        for (number, strip) in strips(tiling, &self.blocks).enumerate() {
            let first = (strip.first / BLOCK as u64 - self.blocks.start) as usize;
            let row = |block: usize| block.saturating_sub(first).div_ceil(width).min(strip.rows);
            let rows = row(wanted.start)..row(wanted.end);
            if rows.is_empty() {
                continue;
            }
            for (side, tiled) in self.sides.iter_mut().enumerate() {
                let done = tiled.go_to(number, strip);
                done.map_err(|error| self.pair.named(side, error))?;
            }
            let [a, b] = &mut self.sides;
            let item = a.item().min(b.item());
            for rows in tiles(strip, rows, tiling, item) {
                a.turn(rows.clone());
                b.turn(rows.clone());
                for row in rows {
                    each(first + row * width, [a.row(row), b.row(row)]);
                }
            }
        }
        Ok(())
    }

    /// The elements of a chunk in logical order.
    fn chunk(&mut self, chunk: usize) -> Result<[Vec<u8>; 2]> {
        let all = (self.blocks.end - self.blocks.start) as usize;
        let blocks = chunk * BLOCKS..all.min((chunk + 1) * BLOCKS);
        let bytes = |side: &Tiled| blocks.len() * BLOCK * side.item();
        let mut out = self.sides.each_ref().map(|side| vec![0; bytes(side)]);
        let first = blocks.start;
        self.each_block(blocks, &mut |at, sides| {
            for (out, side) in out.iter_mut().zip(sides) {
                let to = (at - first) * side.bytes.len();
                out[to..to + side.bytes.len()].copy_from_slice(side.bytes);
            }
        })?;
        Ok(out)
    }
}
