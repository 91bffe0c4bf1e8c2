//! Blocks of a view that lie together in the storage, and far apart in logical order: the same columns of many rows of a transposed matrix, or
//! of a matrix of runs.
//!
//! A *strip* is a block of each of some rows. It is taken in *tiles* of as many rows as stay in the cache, which are turned while every line of
//! the cache that they lie in is there.

use std::ops::Range;

use super::lent::{Walk, in_lines, start_of_line};
use super::memory::Memory;
use super::scratch::Scratch;
use crate::dtype::{DType, ValueMap};
use crate::error::Result;
use crate::kernel::{self, BLOCK, Elements, LINE, TURNED, Turn, prefetch_far};
use crate::source::Source;

/// Elements that are taken in tiles at once.
pub(crate) const PIECE: u64 = 1 << 21;

/// Rows whose blocks are best taken together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tiling {
    /// Elements from a row to the next in logical order: whole blocks.
    pub pitch: u64,
    /// Rows that follow one another at that pitch.
    pub rows: u64,
    /// Rows before the first one that begins with a line of the cache.
    pub before: u64,
}

impl Tiling {
    /// Whether strips of both can be taken together.
    pub(crate) fn is_like(self, other: Self) -> bool {
        (self.pitch, self.rows) == (other.pitch, other.rows)
    }
}

/// A block of each of `rows` rows, the first of which begins with element `first`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strip {
    pub first: u64,
    pub rows: usize,
}

/// The elements of a tensor, tile by tile.
pub(crate) enum Tiled<'s> {
    /// Where rows lie as they are in a map.
    Lying(Lying<'s>),
    /// Where they are columns.
    Columns(Columns<'s>),
}

impl Tiled<'_> {
    /// Bytes of an element.
    pub(crate) fn item(&self) -> usize {
        match self {
            Self::Lying(lying) => lying.dtype.bytes() as usize,
            Self::Columns(columns) => columns.dtype.bytes() as usize,
        }
    }

    /// Goes on to a strip of that number, one after the other or back to one that was before. What had to be read is kept.
    ///
    /// # Errors
    /// What keeps its bytes from being read.
    pub(crate) fn go_to(&mut self, number: usize, strip: Strip) -> Result<()> {
        match self {
            Self::Lying(lying) => {
                lying.first = strip.first as usize;
                Ok(())
            }
            Self::Columns(columns) => columns.go_to(number, strip),
        }
    }

    /// Brings some rows of the strip in order.
    pub(crate) fn turn(&mut self, rows: Range<usize>) {
        if let Self::Columns(columns) = self {
            columns.turn(rows);
        }
    }

    /// The block of a row of the strip, which is among those that were turned last.
    pub(crate) fn row(&self, row: usize) -> Elements<'_> {
        let (dtype, bytes) = match self {
            Self::Lying(lying) => (lying.dtype, lying.row(row)),
            Self::Columns(columns) => (columns.dtype, columns.row(row)),
        };
        Elements {
            bytes,
            dtype,
            map: ValueMap::Identity,
        }
    }
}

/// Elements in logical order.
pub(crate) struct Lying<'s> {
    pub(super) storage: &'s [u8],
    pub(super) dtype: DType,
    /// Elements from a row to the next.
    pub(super) pitch: usize,
    /// First element of the strip.
    pub(super) first: usize,
}

impl Lying<'_> {
    fn row(&self, row: usize) -> &[u8] {
        let item = self.dtype.bytes() as usize;
        &self.storage[(self.first + row * self.pitch) * item..][..BLOCK * item]
    }
}

/// Where the elements of a view lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'s> {
    pub source: &'s dyn Source,
    /// Of the first element, in bytes.
    pub start: u64,
    /// Outermost first.
    pub dims: &'s [u64],
    /// In elements.
    pub strides: &'s [u64],
    /// Elements that lie together in the view as in the storage.
    pub run: usize,
}

/// Columns of runs that lie one after the other; a run may be a single element.
pub(crate) struct Columns<'s> {
    layout: Layout<'s>,
    dtype: DType,
    /// The map from the first element on, if there is one.
    map: Option<&'s [u8]>,
    /// What was read of the source, if there is none, and for each strip where its first column begins, and how far on the next one does.
    window: &'s mut Memory,
    held: Vec<(usize, usize)>,
    /// Where each column of the strip begins, in bytes of the map or of the window.
    places: Vec<usize>,
    turned: &'s mut Vec<u8>,
    /// The first of the rows that were turned last.
    first: usize,
}

impl<'s> Columns<'s> {
    /// `map` begins with the first element.
    pub(super) fn new(
        layout: Layout<'s>,
        dtype: DType,
        map: Option<&'s [u8]>,
        scratch: &'s mut Scratch,
    ) -> Self {
        Self {
            layout,
            dtype,
            map,
            window: &mut scratch.columns,
            held: Vec::new(),
            places: Vec::with_capacity(BLOCK),
            turned: &mut scratch.out,
            first: 0,
        }
    }

    fn go_to(&mut self, number: usize, strip: Strip) -> Result<()> {
        let Layout {
            source,
            start,
            dims,
            strides,
            run,
        } = self.layout;
        self.places.clear();
        let columns = BLOCK / run;
        if let Some(&(first, pitch)) = self.held.get(number) {
            self.places.extend((first..).step_by(pitch).take(columns));
            return Ok(());
        }
        let item = self.dtype.bytes() as usize;
        let mut walk = Walk::new(dims, strides, 0, strip.first);
        while self.places.len() < columns
            && let Some((first, count)) = walk.next(((columns - self.places.len()) * run) as u64)
        {
            let elements = (0..count).step_by(run);
            let places = elements.map(|element| first + element * walk.step());
            self.places
                .extend(places.map(|place| place as usize * item));
        }
        if self.map.is_none() {
            self.read(source, start, strip.rows * run * item)?;
            return self.go_to(number, strip);
        }
        Ok(())
    }

    /// Reads so many bytes of each column into the window: of columns that lie one after the other at once.
    fn read(&mut self, source: &dyn Source, start: u64, bytes: usize) -> Result<()> {
        let Self {
            layout: Layout { run, .. },
            dtype,
            places,
            window,
            held,
            ..
        } = self;
        let columns = BLOCK / *run;
        let are_one = places.is_sorted_by(|place, next| place + bytes == *next);
        // Columns a power of two apart would meet in the cache.
        let pitch = if are_one { bytes } else { bytes + LINE };
        let first = held
            .last()
            .map_or(0, |(first, pitch)| first + columns * pitch);
        let end = first + columns * pitch;
        if window.len() < end {
            // For all of a piece, with an eighth for what is between columns.
            let piece = PIECE as usize * dtype.bytes() as usize;
            window.grow_to((piece + piece / 8).max(end.next_power_of_two()))?;
        }
        let at_once = if are_one { columns } else { 1 };
        let reads = places.iter().step_by(at_once);
        for (place, at) in reads.zip((first..).step_by(pitch)) {
            let target = &mut window[at..at + at_once * bytes];
            source.read_exact(start + *place as u64, target)?;
        }
        held.push((first, pitch));
        Ok(())
    }

    /// Bytes of the result from a row to the next: rows a power of two apart would meet in the cache.
    fn pitch(item: usize) -> usize {
        BLOCK * item + LINE
    }

    fn turn(&mut self, rows: Range<usize>) {
        let item = self.dtype.bytes() as usize;
        let run = self.layout.run * item;
        let (skipped, bytes) = (rows.start * run, rows.len() * run);
        self.first = rows.start;
        let storage: &[u8] = self.map.unwrap_or(self.window);
        let turned = in_lines(self.turned, rows.len() * Self::pitch(item));
        if run > item {
            for (&place, to) in self.places.iter().zip((0..).step_by(run)) {
                let column = storage[place + skipped..][..bytes].chunks_exact(run);
                for (from, row) in column.zip(turned.chunks_exact_mut(Self::pitch(item))) {
                    row[to..to + run].copy_from_slice(from);
                }
            }
            return;
        }
        let mut ahead = self.places.iter().skip(TURNED);
        let groups = self.places.as_chunks::<TURNED>().0;
        for (places, to) in groups.iter().zip((0..).step_by(TURNED)) {
            for &place in ahead.by_ref().take(TURNED) {
                let run = storage.get(place + skipped..place + skipped + bytes);
                prefetch_far(run.unwrap_or_default());
            }
            let from = places.map(|place| (place + skipped) / item);
            match item {
                1 => turn::<1>(storage, from, rows.len(), to, turned),
                2 => turn::<2>(storage, from, rows.len(), to, turned),
                _ => turn::<4>(storage, from, rows.len(), to, turned),
            }
        }
    }

    fn row(&self, row: usize) -> &[u8] {
        let item = self.dtype.bytes() as usize;
        let start = start_of_line(self.turned) + (row - self.first) * Self::pitch(item);
        &self.turned[start..][..BLOCK * item]
    }
}

/// [`TURNED`] columns of cells of N bytes become parts of rows, from cell `to` of each on.
fn turn<const N: usize>(
    storage: &[u8],
    from: [usize; TURNED],
    rows: usize,
    to: usize,
    turned: &mut [u8],
) {
    let turn = Turn {
        cells: storage.as_chunks::<N>().0,
        from,
        to,
        pitch: Columns::pitch(N) / N,
    };
    kernel::turn(&turn, rows, turned.as_chunks_mut::<N>().0);
}
