//! Codes of at most eight bits, unpacked from the words that hold them.
//!
//! A layout repeats after a *period* of words, which holds whole codes. Packed along the last axis, the codes of a row lie together, and just
//! the words that hold a range of them are read. Packed along another axis, a period is several rows of words and holds several rows of
//! codes: it is read once for all rows that are asked for.

use std::ops::Range;

use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::decode::packing::{self, Packing};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::Elements;
use crate::tensor::{Layout, Tensor, Unpacked};

pub(super) struct Codes<'a> {
    words: Reader<'a>,
    layout: Layout,
    packing: Packing,
    add: u32,
    word: DType,
    /// Codes along the packed axis, and words along it.
    length: u64,
    along: u64,
    /// Elements of one index of the packed axis: 1 for the last axis.
    inner: u64,
}

/// Some columns of the rows of words that are unpacked at once.
struct Block {
    /// Place of the first word.
    from: u64,
    /// Words that are read of each row, and from the start of a row to that of the next.
    columns: u64,
    pitch: u64,
    rows: u64,
    /// Which codes of the block are wanted.
    wanted: Range<u64>,
}

impl<'a> Codes<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        tensor: &'a Tensor,
        unpacked: &'a Unpacked,
    ) -> Result<Self> {
        let Unpacked {
            words,
            layout,
            axis,
            add,
        } = unpacked;
        let dim = |of: &Tensor| of.shape.get(*axis).copied().unwrap_or(1);
        let packing = packing_of(*layout, words.dtype)
            .ok_or_else(|| Error::new(Code::Internal, "words have no codes of that layout"))?;
        let inner = words.shape.iter().skip(axis + 1).product();
        let (mut length, mut along) = (dim(tensor), dim(words));
        // Rows without padding follow each other as one row.
        let is_whole = along.is_multiple_of(packing.words as u64)
            && layout.room(words.dtype.bytes(), along) == Some(length);
        if inner == 1 && is_whole {
            (length, along) = (tensor.elements, words.elements);
        }
        Ok(Self {
            words: part(checkpoint, words, As::Values)?,
            layout: *layout,
            packing,
            add: *add,
            word: words.dtype,
            length,
            along,
            inner,
        })
    }

    /// The blocks that hold a range of codes, in order.
    fn blocks(&self, elements: Range<u64>) -> impl Iterator<Item = Block> {
        let (codes, words) = (self.packing.codes as u64, self.packing.words as u64);
        let (inner, length, along) = (self.inner, self.length, self.along);
        // Codes, and words, of one index of the axes before the packed one.
        let (line, pitch) = (length * inner, along * inner);
        let mut at = elements.start;
        std::iter::from_fn(move || {
            if at >= elements.end {
                return None;
            }
            let (outer, inside) = (at / line, at % line);
            let left = (elements.end - at).min(line - inside);
            let block = if inner == 1 {
                let first = inside / codes;
                let end = (inside + left).div_ceil(codes) * words;
                let skipped = inside - first * codes;
                Block {
                    from: outer * pitch + first * words,
                    columns: end.min(along) - first * words,
                    pitch: 0,
                    rows: 1,
                    wanted: skipped..skipped + left,
                }
            } else {
                let (row, column) = (inside / inner, inside % inner);
                let period = row / codes;
                let from = outer * pitch + period * words * inner;
                let skipped = row - period * codes;
                let in_row = left.min(inner - column);
                let rows = words.min(along - period * words);
                if in_row == left || inner > MOST_COLUMNS {
                    // Part of one row.
                    Block {
                        from: from + column,
                        columns: in_row,
                        pitch: inner,
                        rows,
                        wanted: skipped * in_row..(skipped + 1) * in_row,
                    }
                } else {
                    let first = skipped * inner + column;
                    Block {
                        from,
                        columns: inner,
                        pitch: inner,
                        rows,
                        wanted: first..(first + left).min(codes * inner),
                    }
                }
            };
            at += block.wanted.end - block.wanted.start;
            Some(block)
        })
    }
}

/// Longer rows are unpacked one by one, so that a block stays small.
const MOST_COLUMNS: u64 = 1 << 18;

fn packing_of(layout: Layout, word: DType) -> Option<Packing> {
    match (layout, word.bytes()) {
        (Layout::Dense(bits), 4) => Packing::dense(bits),
        (Layout::Dense(bits), 1) => Packing::dense_in_bytes(bits),
        (Layout::Whole(bits), 4) => Packing::whole(bits),
        (Layout::Planar(bits), 4) => Packing::planar(bits),
        (Layout::HighFirst, 1) => Some(Packing::high_first()),
        (Layout::Awq, 4) => Some(Packing::awq()),
        (Layout::Field { bits, shift }, bytes) => Packing::field(bits, shift, bytes as usize),
        _ => None,
    }
}

impl Read for Codes<'_> {
    fn dtype(&self) -> DType {
        DType::U8
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let fields = scratch.with_part();
        let (out, window, held) = (fields.out, fields.window, fields.bytes);
        for block in self.blocks(start..start + count as u64) {
            let mut rows: &[u8];
            let size = block.columns as usize * self.packing.word_bytes;
            // Rows that follow each other are read at once.
            if block.rows == 1 || block.columns == block.pitch {
                let all = (block.columns * block.rows) as usize;
                rows = self.words.read(block.from, all, fields.part)?.bytes;
            } else {
                held.resize(size * block.rows as usize, 0);
                for (row, target) in (0..block.rows).zip(held.chunks_exact_mut(size)) {
                    let from = block.from + row * block.pitch;
                    let given = self.words.read(from, block.columns as usize, fields.part)?;
                    target.copy_from_slice(given.bytes);
                }
                rows = held;
            }
            // The last period may have fewer rows than others.
            let whole = if self.inner == 1 {
                rows.len()
            } else {
                size * self.packing.words
            };
            if self.add != 0 || rows.len() < whole {
                window.clear();
                window.extend_from_slice(rows);
                window.resize(whole, 0);
                for word in window.as_chunks_mut().0 {
                    *word = u32::from_le_bytes(*word)
                        .wrapping_add(self.add)
                        .to_le_bytes();
                }
                rows = window;
            }
            self.unpack(rows, &block, fields.codes, out);
        }
        Ok(plain::operand(out, DType::U8))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        for block in self.blocks(elements) {
            for row in 0..block.rows {
                let from = block.from + row * block.pitch;
                self.words.regions(from..from + block.columns, each);
            }
        }
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.words.at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.inner == 1 && self.words.comes_in_parts()
    }
}

impl Codes<'_> {
    /// Unpacks a block and appends the codes that are wanted to `out`.
    fn unpack(&self, rows: &[u8], block: &Block, codes: &mut Vec<u8>, out: &mut Vec<u8>) {
        let all = if self.inner == 1 {
            let room = self.layout.room(self.word.bytes(), block.columns);
            room.unwrap_or(0) as usize
        } else {
            block.columns as usize * self.packing.codes
        };
        let wanted = block.wanted.start as usize..block.wanted.end as usize;
        let before = out.len();
        let is_whole = wanted == (0..all);
        let target = if is_whole {
            out.resize(before + all, 0);
            out.get_mut(before..).unwrap_or_default()
        } else {
            codes.resize(all, 0);
            codes.as_mut_slice()
        };
        match self.layout {
            _ if self.inner > 1 => self.packing.unpack(rows, block.columns as usize, target),
            Layout::Dense(bits) => packing::dense(bits, rows, target),
            Layout::HighFirst => packing::high_first(rows, target),
            Layout::Awq => packing::awq(rows, target),
            Layout::Field { .. } => self.packing.unpack(rows, block.columns as usize, target),
            Layout::Whole(_) | Layout::Planar(_) => self.packing.unpack(rows, 1, target),
        }
        if !is_whole {
            out.extend_from_slice(codes.get(wanted).unwrap_or_default());
        }
    }
}
