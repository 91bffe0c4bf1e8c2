//! Elements of a map in logical order, a block at a time, while the map is lent for a chunk of them.
//!
//! Blocks that lie in one run are handed out where they are; others are copied to memory that stays in the first-level cache. Where the
//! lines of the blocks after them lie is known two blocks ahead.

use crate::dtype::{DType, ValueMap};
use crate::kernel::{BLOCK, Elements, LINE, LINES, Lines, copy_lines};

/// Blocks between the one at work and the one that is asked for: with one, memory is waited for; four are no faster.
const AHEAD: usize = 2;

/// Bytes of an element at most: [`Lines`] holds the lines of a block of such elements.
pub(super) const WIDEST: u64 = 4;

/// An axis outside the runs, with the index that a walk is at.
#[derive(Debug)]
struct Axis {
    dim: u64,
    stride: u64,
    index: u64,
}

/// Runs of elements in logical order, which lie at one distance from each other in the storage.
#[derive(Debug)]
pub(super) struct Walk {
    /// Outermost first.
    outer: Vec<Axis>,
    /// Elements of a run, and of the one at work what is left.
    run: u64,
    left: u64,
    /// From an element of a run to the next.
    step: u64,
    /// Where the next element lies.
    place: u64,
}

impl Walk {
    /// From element `start` on, of axes outermost first; the first element lies at `offset`.
    pub(super) fn new(dims: &[u64], strides: &[u64], offset: u64, start: u64) -> Self {
        let (run, outer) = dims
            .split_last()
            .map_or((1, dims), |(run, dims)| (*run, dims));
        let step = strides.last().copied().unwrap_or(1);
        let (mut line, inside) = (start / run, start % run);
        let mut place = offset + inside * step;
        let mut axes: Vec<Axis> = outer
            .iter()
            .zip(strides)
            .rev()
            .map(|(&dim, &stride)| {
                let index = line % dim;
                line /= dim;
                place += index * stride;
                Axis { dim, stride, index }
            })
            .collect();
        axes.reverse();
        let is_over = line > 0;
        Self {
            outer: axes,
            run,
            left: if is_over { 0 } else { run - inside },
            step,
            place,
        }
    }

    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// The next elements of one run, `most` at most: where the first one lies, and how many they are. None behind the last one.
    #[inline]
    pub(super) fn next(&mut self, most: u64) -> Option<(u64, u64)> {
        if self.left == 0 {
            return None;
        }
        let (place, count) = (self.place, self.left.min(most));
        self.left -= count;
        self.place += count * self.step;
        if self.left == 0 {
            self.go_on();
        }
        Some((place, count))
    }

    /// To the next run, if there is one.
    #[inline]
    fn go_on(&mut self) {
        let mut place = self.place - self.run * self.step;
        for axis in self.outer.iter_mut().rev() {
            if axis.index + 1 < axis.dim {
                axis.index += 1;
                (self.place, self.left) = (place + axis.stride, self.run);
                return;
            }
            place -= axis.index * axis.stride;
            axis.index = 0;
        }
    }
}

/// Where the elements of a block lie, in bytes. What lies behind the last element is anywhere in the storage.
#[derive(Debug)]
struct Block {
    lines: Lines,
    /// Where runs are not made of whole lines.
    runs: Vec<(usize, usize)>,
    is_one_run: bool,
}

impl Block {
    /// Of runs that are made of pieces of so many lines, a power of two.
    fn fill(&mut self, walk: &mut Walk, item: usize, lines_a_piece: usize) {
        self.is_one_run = walk.left >= BLOCK as u64;
        let lines = &mut self.lines[..BLOCK * item / LINE];
        match lines_a_piece {
            1 => fill::<1>(lines, walk, item),
            2 => fill::<2>(lines, walk, item),
            4 => fill::<4>(lines, walk, item),
            8 => fill::<8>(lines, walk, item),
            _ => fill::<16>(lines, walk, item),
        }
    }

    /// Of any runs.
    fn fill_any(&mut self, walk: &mut Walk, item: usize) {
        self.is_one_run = walk.left >= BLOCK as u64;
        self.runs.clear();
        let (mut count, mut left) = (0, BLOCK as u64);
        while left > 0
            && let Some((place, elements)) = walk.next(left)
        {
            left -= elements;
            let (from, bytes) = (place as usize * item, elements as usize * item);
            self.runs.push((from, bytes));
            // There may be more than the list has room for, since runs begin and end inside of lines: it is a hint.
            for (line, at) in self.lines[count..].iter_mut().zip(0..bytes.div_ceil(LINE)) {
                *line = from + at * LINE;
                count += 1;
            }
        }
    }
}

#[inline]
fn fill<const PIECE: usize>(lines: &mut [usize], walk: &mut Walk, item: usize) {
    let piece = (PIECE * LINE / item) as u64;
    for lines in lines.as_chunks_mut::<PIECE>().0 {
        let Some((place, _)) = walk.next(piece) else {
            return;
        };
        for (line, at) in lines.iter_mut().zip(0..) {
            *line = place as usize * item + at * LINE;
        }
    }
}

/// Where the elements are that are handed out.
#[derive(Debug)]
enum Given {
    /// Bytes of the storage.
    Storage(usize, usize),
    /// Bytes from the start of the copy.
    Copy(usize),
}

/// The elements of a mapped tensor from one on.
#[derive(Debug)]
pub(crate) struct Lent<'s> {
    storage: &'s [u8],
    dtype: DType,
    walk: Walk,
    /// Lines of the pieces that runs are made of; None where they are not.
    lines_a_piece: Option<usize>,
    blocks: [Block; AHEAD],
    /// The next of the blocks.
    at: usize,
    copy: Vec<u8>,
    given: Given,
}

impl<'s> Lent<'s> {
    /// Little-endian elements of at most [`WIDEST`] bytes.
    pub(super) fn new(storage: &'s [u8], dtype: DType, walk: Walk) -> Self {
        let item = dtype.bytes() as usize;
        // The largest power of two that divides the runs, and what is left of the first one, in bytes.
        let bytes = (walk.run | walk.left) * item as u64;
        let piece = 1 << bytes.trailing_zeros().min(10);
        let mut lent = Self {
            storage,
            dtype,
            walk,
            lines_a_piece: (piece >= LINE).then_some(piece / LINE),
            blocks: [(); AHEAD].map(|()| Block {
                lines: [0; LINES],
                runs: Vec::new(),
                is_one_run: false,
            }),
            at: 0,
            copy: Vec::new(),
            given: Given::Copy(0),
        };
        for _ in 0..AHEAD {
            lent.go_on();
        }
        lent
    }

    /// To the next block; the place of this one is taken by the one that comes [`AHEAD`] behind it.
    fn go_on(&mut self) {
        let item = self.dtype.bytes() as usize;
        let block = &mut self.blocks[self.at];
        match self.lines_a_piece {
            Some(lines) => block.fill(&mut self.walk, item, lines),
            None => block.fill_any(&mut self.walk, item),
        }
        self.at = (self.at + 1) % AHEAD;
    }

    /// Goes on to the next `count` elements: whole blocks, or what is left of the last one.
    #[inline]
    pub(crate) fn take(&mut self, count: usize) {
        let item = self.dtype.bytes() as usize;
        let bytes = count * item;
        let block = &self.blocks[self.at];
        if block.is_one_run && count <= BLOCK {
            let from = block.runs.first().map_or(block.lines[0], |run| run.0);
            self.given = Given::Storage(from, bytes);
            return self.go_on();
        }
        let whole = count.next_multiple_of(BLOCK) * item;
        self.given = Given::Copy(bytes);
        for at in (0..whole).step_by(BLOCK * item) {
            let out = &mut in_lines(&mut self.copy, whole)[at..at + BLOCK * item];
            let block = &self.blocks[self.at];
            if self.lines_a_piece.is_some() {
                copy_lines(self.storage, &block.lines, out.as_chunks_mut().0);
            } else {
                copy_runs(self.storage, &block.runs, out);
            }
            self.go_on();
        }
    }

    /// What was taken last.
    #[inline]
    pub(crate) fn elements(&self) -> Elements<'_> {
        let bytes = match self.given {
            Given::Storage(from, length) => &self.storage[from..from + length],
            Given::Copy(length) => &self.copy[start_of_line(&self.copy)..][..length],
        };
        Elements {
            bytes,
            dtype: self.dtype,
            map: ValueMap::Identity,
        }
    }

    /// The storage, and the lines of it that are needed [`AHEAD`] blocks behind what was taken last.
    #[inline]
    pub(crate) fn foreseen(&self) -> (&'s [u8], &Lines) {
        let last = (self.at + AHEAD - 1) % AHEAD;
        (self.storage, &self.blocks[last].lines)
    }
}

/// So many bytes that begin with a line of the cache: what crosses lines is read and written twice, and rows of a result lie a power of two
/// apart more often than not, so that a line of two columns of tiles is out of the cache when the second one comes.
pub(super) fn in_lines(buffer: &mut Vec<u8>, bytes: usize) -> &mut [u8] {
    buffer.resize(buffer.len().max(bytes + LINE), 0);
    let start = start_of_line(buffer);
    &mut buffer[start..start + bytes]
}

/// Where the first line of the cache begins.
pub(super) fn start_of_line(buffer: &[u8]) -> usize {
    buffer.as_ptr().align_offset(LINE).min(LINE)
}

fn copy_runs(storage: &[u8], runs: &[(usize, usize)], out: &mut [u8]) {
    let mut out = out;
    for &(from, length) in runs {
        let (target, rest) = out.split_at_mut(length);
        target.copy_from_slice(&storage[from..from + length]);
        out = rest;
    }
}
