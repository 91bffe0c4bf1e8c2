//! The axes of a view with as few of them as say the same, and the panels that a run of its elements is made of.

use std::ops::Range;

use crate::kernel::BLOCK;
use crate::read::lent::Walk;
use crate::read::tiled::Layout;
use crate::source::Source;

/// Axes of more than one element, outermost first; none that could be one with its neighbour.
#[derive(Debug)]
pub(super) struct Axes {
    /// Elements along each.
    dims: Vec<u64>,
    /// Elements of the storage from one to the next.
    strides: Vec<u64>,
    /// The axis along which the storage is read: that of the smallest stride that is none of 0.
    along: usize,
}

/// A rectangle of elements: `columns` runs of `rows` elements. Element (c, r) lies at `from + c * pitch + r * step` in the storage and belongs
/// to `to + c * column_out + r * row_out` in the result. Either the columns or the rows lie one after the other in the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Panel {
    /// In elements from the start of the storage.
    pub from: u64,
    pub to: usize,
    pub columns: usize,
    pub pitch: u64,
    pub column_out: usize,
    pub rows: usize,
    pub step: u64,
    pub row_out: usize,
}

impl Panel {
    /// Elements of the storage from the first of a column to behind its last.
    pub(super) fn run(&self) -> u64 {
        (self.rows as u64 - 1) * self.step + 1
    }

    /// `count` rows from `first` on.
    pub(super) fn rows(&self, first: usize, count: usize) -> Self {
        Self {
            from: self.from + first as u64 * self.step,
            to: self.to.wrapping_add(first * self.row_out),
            rows: count,
            ..*self
        }
    }

    /// `count` columns from `first` on.
    pub(super) fn part(&self, first: usize, count: usize) -> Self {
        Self {
            from: self.from + first as u64 * self.pitch,
            to: self.to + first * self.column_out,
            columns: count,
            ..*self
        }
    }
}

impl Axes {
    /// `shape` has no axis without elements.
    pub(super) fn new(shape: &[u64], strides: &[u64]) -> Self {
        let (mut dims, mut steps): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for (&dim, &stride) in shape.iter().zip(strides) {
            if dim == 1 {
                continue;
            }
            match (dims.last_mut(), steps.last_mut()) {
                // The axis before goes on where this one ends.
                (Some(outer), Some(step)) if stride.checked_mul(dim) == Some(*step) => {
                    *outer *= dim;
                    *step = stride;
                }
                _ => {
                    dims.push(dim);
                    steps.push(stride);
                }
            }
        }
        if dims.is_empty() {
            dims.push(1);
            steps.push(1);
        }
        let last = dims.len() - 1;
        // Of equal ones the last: its elements lie one after the other in the result too.
        let along = (0..=last)
            .rev()
            .filter(|axis| steps[*axis] > 0)
            .min_by_key(|axis| steps[*axis])
            .unwrap_or(last);
        Self {
            dims,
            strides: steps,
            along,
        }
    }

    /// Elements of the storage that a column of so many elements in all reaches over.
    pub(super) fn run_of(&self, elements: u64) -> u64 {
        let width = self.pitch(self.along);
        (elements / width).min(self.dims[self.along]) * self.strides[self.along]
    }

    /// Whether the elements that lie together in the storage do so in the view too.
    pub(super) fn is_in_lines(&self) -> bool {
        self.along == self.dims.len() - 1
    }

    /// Elements that lie together in the view as in the storage.
    pub(super) fn run(&self) -> u64 {
        match (self.dims.last(), self.strides.last()) {
            (Some(&dim), Some(1)) => dim,
            _ => 1,
        }
    }

    /// The runs from element `start` on, where they are of more than one element; the view begins at `offset`.
    pub(super) fn walk(&self, offset: u64, start: u64) -> Walk {
        Walk::new(&self.dims, &self.strides, offset, start)
    }

    /// The axis along which runs lie one after the other, where it is outside of whole blocks, and these are made of whole runs.
    pub(super) fn columns(&self) -> Option<usize> {
        let (block, run) = (BLOCK as u64, self.run());
        let axis = (self.strides.iter()).rposition(|stride| *stride == run)?;
        let is_outside = axis + 1 < self.dims.len() && self.pitch(axis).is_multiple_of(block);
        (is_outside && block.is_multiple_of(run)).then_some(axis)
    }

    /// Whether the columns along an axis have no elements in common.
    pub(super) fn are_columns_apart(&self, axis: usize) -> bool {
        let column = self.run() * self.dims[axis];
        let mut strides = self.strides.iter().enumerate();
        let last = self.dims.len() - 1;
        strides.all(|(at, stride)| at == axis || at == last && *stride == 1 || *stride >= column)
    }

    /// Elements from one index of an axis to the next in logical order.
    pub(super) fn pitch(&self, axis: usize) -> u64 {
        self.dims.iter().skip(axis + 1).product()
    }

    pub(super) fn elements(&self) -> u64 {
        self.dims.iter().product()
    }

    /// Indices of an axis.
    pub(super) fn dim(&self, axis: usize) -> u64 {
        self.dims[axis]
    }

    /// Of a view whose first element is byte `start` of the source.
    pub(super) fn layout<'s>(&'s self, source: &'s dyn Source, start: u64) -> Layout<'s> {
        Layout {
            source,
            start,
            dims: &self.dims,
            strides: &self.strides,
            run: self.run() as usize,
        }
    }

    /// Whether an element that comes later lies further back in the storage.
    fn are_descending(&self) -> bool {
        let inside = |axis: usize| -> u64 {
            let axes = self.dims.iter().zip(&self.strides).skip(axis + 1);
            axes.map(|(dim, stride)| (dim - 1) * stride).sum()
        };
        (0..self.dims.len()).all(|axis| self.strides[axis] > inside(axis))
    }

    /// Whether all elements lie one after the other.
    pub(super) fn is_one_run(&self) -> bool {
        self.dims.len() == 1 && self.strides == [1]
    }

    /// The elements of the storage, from the first one of the view on, that lie between the first and the last of `elements`, and both of them;
    /// None where others of the view lie there too.
    pub(super) fn reach(&self, elements: Range<u64>) -> Option<Range<u64>> {
        let is_apart = !elements.is_empty() && self.are_descending();
        is_apart.then(|| self.place(elements.start)..self.place(elements.end - 1) + 1)
    }

    /// Where an element lies, from the first one on.
    fn place(&self, mut at: u64) -> u64 {
        let mut place = 0;
        for (dim, stride) in self.dims.iter().zip(&self.strides).rev() {
            place += at % dim * stride;
            at /= dim;
        }
        place
    }

    /// Every panel of the elements `start .. start + count` in logical order, which begin at `offset` in the storage.
    pub(super) fn panels(
        &self,
        offset: u64,
        start: u64,
        count: usize,
        each: &mut impl FnMut(Panel),
    ) {
        if count > 0 {
            let to = 0;
            self.split(
                0,
                Part {
                    offset,
                    start,
                    end: start + count as u64,
                    to,
                },
                each,
            );
        }
    }

    /// The part of one index of all axes before `level`.
    fn split(&self, level: usize, part: Part, each: &mut impl FnMut(Panel)) {
        if level == self.along {
            return self.block(part, each);
        }
        let inner = self.pitch(level);
        // Lines of one axis are one panel.
        let lines_here = self.is_in_lines() && level + 1 == self.along;
        let mut at = part.start;
        while at < part.end {
            let (index, inside) = (at / inner, at % inner);
            let whole = (part.end - at) / inner;
            let offset = part.offset + index * self.strides[level];
            if lines_here && inside == 0 && whole > 0 {
                each(Panel {
                    from: offset,
                    to: part.out(at),
                    columns: whole as usize,
                    pitch: self.strides[level],
                    column_out: inner as usize,
                    rows: inner as usize,
                    step: self.strides[self.along],
                    row_out: 1,
                });
                at += whole * inner;
                continue;
            }
            let end = part.end.min(at - inside + inner);
            let below = Part {
                offset,
                start: inside,
                end: inside + (end - at),
                to: part.out(at),
            };
            self.split(level + 1, below, each);
            at = end;
        }
    }

    /// Elements of the axis along which is read and of those after it.
    fn block(&self, part: Part, each: &mut impl FnMut(Panel)) {
        let width = self.pitch(self.along);
        let step = self.strides[self.along];
        if width == 1 {
            return each(Panel {
                from: part.offset + part.start * step,
                to: part.to,
                columns: 1,
                pitch: 0,
                column_out: 1,
                rows: (part.end - part.start) as usize,
                step,
                row_out: 1,
            });
        }
        // Column q has the rows from the first that is not before the start to the last that is before the end.
        let (first, skipped) = (part.start / width, part.start % width);
        let (last, taken) = (part.end / width, part.end % width);
        let mut columns = |from: u64, to: u64, top: u64, bottom: u64| {
            if from < to && top < bottom {
                let base = part.offset + top * step;
                // The first row may begin before what is wanted, at columns that are not taken of it.
                let out = (part.to as u64).wrapping_add(top * width);
                let out = out.wrapping_sub(part.start);
                self.lanes((from, to), (base, out), bottom - top, each);
            }
        };
        let (low, high) = (skipped.min(taken), skipped.max(taken));
        columns(0, low, first + 1, last + 1);
        if skipped < taken {
            columns(low, high, first, last + 1);
        } else {
            columns(low, high, first + 1, last);
        }
        columns(high, width, first, last);
    }

    /// The columns `from .. to` of the axes after the one along which is read: one panel for each run along the last axis.
    fn lanes(
        &self,
        (from, to): (u64, u64),
        (base, out): (u64, u64),
        rows: u64,
        each: &mut impl FnMut(Panel),
    ) {
        let inner = &self.dims[self.along + 1..];
        let strides = &self.strides[self.along + 1..];
        let (Some(&length), Some(&pitch)) = (inner.last(), strides.last()) else {
            return;
        };
        let width: u64 = inner.iter().product();
        let mut at = from;
        while at < to {
            let (mut lane, column) = (at / length, at % length);
            let mut offset = base + column * pitch;
            let outer = inner.len() - 1;
            for (dim, stride) in inner[..outer].iter().zip(&strides[..outer]).rev() {
                offset += lane % dim * stride;
                lane /= dim;
            }
            let count = (length - column).min(to - at);
            each(Panel {
                from: offset,
                to: out.wrapping_add(at) as usize,
                columns: count as usize,
                pitch,
                column_out: 1,
                rows: rows as usize,
                step: self.strides[self.along],
                row_out: width as usize,
            });
            at += count;
        }
    }
}

/// A run of elements inside the axes from some level on.
#[derive(Clone, Copy)]
struct Part {
    /// Where index 0 of these axes lies in the storage.
    offset: u64,
    start: u64,
    end: u64,
    /// Where the first one belongs in the result.
    to: usize,
}

impl Part {
    fn out(&self, at: u64) -> usize {
        self.to + (at - self.start) as usize
    }
}
