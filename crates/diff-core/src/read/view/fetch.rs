//! The bytes of panels out of a source that cannot be looked into: each is read once, and little beside them.

use super::axes::Panel;
use super::copy::copy;
use crate::error::Result;

/// Bytes between two runs from which on each is read by itself. Less takes as long to read as to ask for once more.
pub(super) const GAP: u64 = 1 << 10;

/// Bytes of a run from which on it is worth no other's company, and is read to where it belongs.
pub(super) const LONG: u64 = 4 << 10;

/// Bytes that are held at once.
const MOST_BYTES: u64 = 32 << 20;

/// Runs that are held at once.
const MOST_RUNS: usize = 1 << 16;

/// A stretch of the source, in elements of the storage, and where it lies in the window.
#[derive(Debug, Clone, Copy)]
struct Extent {
    from: u64,
    end: u64,
    held: usize,
}

/// Reads elements from the one of that number on, as many as fill the bytes.
pub(super) type Fetch<'a> = dyn FnMut(u64, &mut [u8]) -> Result<()> + 'a;

/// Panels that are read together.
pub(super) struct Batch<'a, 'f, const N: usize> {
    fetch: &'a mut Fetch<'f>,
    window: &'a mut Vec<u8>,
    out: &'a mut [[u8; N]],
    panels: Vec<Panel>,
    extents: Vec<Extent>,
    /// Of the panels so far.
    runs: usize,
}

impl<'a, 'f, const N: usize> Batch<'a, 'f, N> {
    pub(super) fn new(
        fetch: &'a mut Fetch<'f>,
        window: &'a mut Vec<u8>,
        out: &'a mut [[u8; N]],
    ) -> Self {
        Self {
            fetch,
            window,
            out,
            panels: Vec::new(),
            extents: Vec::new(),
            runs: 0,
        }
    }

    /// Takes a panel in, in parts that fit; reads what is full.
    pub(super) fn add(&mut self, panel: Panel) -> Result<()> {
        let (run, pitch) = (panel.run() * N as u64, panel.pitch.saturating_mul(N as u64));
        let is_alone = panel.columns == 1 || pitch >= run + GAP;
        if panel.row_out == 1 && panel.step == 1 && run >= LONG && is_alone {
            return self.read_lines(&panel);
        }
        // A run of few elements far apart is long too.
        let most = (MOST_BYTES / (panel.step.max(1) * N as u64)).max(1) as usize;
        for row in (0..panel.rows).step_by(most) {
            self.add_columns(panel.rows(row, most.min(panel.rows - row)))?;
        }
        Ok(())
    }

    /// Long lines, without a stay in the window.
    fn read_lines(&mut self, panel: &Panel) -> Result<()> {
        for column in 0..panel.columns {
            let to = panel.to + column * panel.column_out;
            let target = self.out.get_mut(to..to + panel.rows).unwrap_or_default();
            let from = panel.from + column as u64 * panel.pitch;
            (self.fetch)(from, target.as_flattened_mut())?;
        }
        Ok(())
    }

    fn add_columns(&mut self, panel: Panel) -> Result<()> {
        let runs = if is_joined::<N>(&panel) {
            1
        } else {
            panel.rows
        };
        let mut first = 0;
        while first < panel.columns {
            let room = MOST_RUNS.saturating_sub(self.runs) / runs;
            if room == 0 && !self.panels.is_empty() {
                self.flush()?;
                continue;
            }
            let count = room.clamp(1, panel.columns - first);
            self.panels.push(panel.part(first, count));
            self.runs += count * runs;
            first += count;
        }
        Ok(())
    }

    /// Reads what was taken in and copies it to its place.
    pub(super) fn flush(&mut self) -> Result<()> {
        let mut panels = std::mem::take(&mut self.panels);
        let done = self.read(&panels);
        panels.clear();
        (self.panels, self.runs) = (panels, 0);
        done
    }

    fn read(&mut self, panels: &[Panel]) -> Result<()> {
        self.list_extents(panels);
        let bytes = self
            .extents
            .last()
            .map_or(0, |last| (last.held + (last.end - last.from) as usize) * N);
        // The gaps may be more than the runs: then fewer at once.
        match panels {
            _ if bytes as u64 <= MOST_BYTES => {}
            [one] if one.columns > 1 => {
                let half = one.columns / 2;
                self.read(&[one.part(0, half)])?;
                return self.read(&[one.part(half, one.columns - half)]);
            }
            [_, _, ..] => {
                let (one, other) = panels.split_at(panels.len() / 2);
                self.read(one)?;
                return self.read(other);
            }
            _ => {}
        }
        self.window.resize(bytes.max(self.window.len()), 0);
        for extent in &self.extents {
            let length = (extent.end - extent.from) as usize * N;
            let held = extent.held * N;
            let target = self.window.get_mut(held..held + length).unwrap_or_default();
            (self.fetch)(extent.from, target)?;
        }
        let cells = self.window.as_chunks::<N>().0;
        let extents = &self.extents;
        for panel in panels {
            if is_joined::<N>(panel) {
                place(panel, cells, extents, self.out);
                continue;
            }
            // Each row for itself: a run of one element a column.
            for row in 0..panel.rows {
                place(&panel.rows(row, 1), cells, extents, self.out);
            }
        }
        Ok(())
    }

    /// What has to be read, in the order of the source: runs that lie close together as one, none twice.
    fn list_extents(&mut self, panels: &[Panel]) {
        let item = N as u64;
        let extents = &mut self.extents;
        extents.clear();
        let gap = GAP.div_ceil(item);
        let mut push = |from: u64, end: u64| match extents.last_mut() {
            Some(last) if last.from <= from && from < last.end + gap => {
                last.end = last.end.max(end);
            }
            _ => extents.push(Extent { from, end, held: 0 }),
        };
        for panel in panels {
            for column in 0..panel.columns as u64 {
                let from = panel.from + column * panel.pitch;
                if is_joined::<N>(panel) {
                    push(from, from + panel.run());
                } else {
                    for row in 0..panel.rows as u64 {
                        let one = from + row * panel.step;
                        push(one, one + 1);
                    }
                }
            }
        }
        if !extents.is_sorted_by_key(|extent| extent.from) {
            // Lists in order one after the other, which this sort takes as such.
            extents.sort_by_key(|extent| extent.from);
        }
        extents.dedup_by(|next, last| {
            let close = next.from < last.end + gap;
            if close {
                last.end = last.end.max(next.end);
            }
            close
        });
        let mut held = 0;
        for extent in extents {
            extent.held = held;
            held += (extent.end - extent.from) as usize;
        }
    }
}

/// Whether the elements of a column are read together.
fn is_joined<const N: usize>(panel: &Panel) -> bool {
    panel.rows == 1 || panel.step.saturating_sub(1).saturating_mul(N as u64) < GAP
}

/// Copies a panel out of the window.
fn place<const N: usize>(
    panel: &Panel,
    cells: &[[u8; N]],
    extents: &[Extent],
    out: &mut [[u8; N]],
) {
    let (from, pitch) = (panel.from, panel.pitch);
    let extent = |at: u64| {
        let behind = extents.partition_point(|extent| extent.from <= at);
        behind.checked_sub(1).and_then(|before| extents.get(before))
    };
    let held = |extent: &Extent, at: u64| extent.held + (at - extent.from) as usize;
    let last = from + (panel.columns as u64 - 1) * pitch;
    match extent(from) {
        Some(one) if last < one.end => {
            let first = held(one, from);
            copy(panel, cells, |column| first + column * pitch as usize, out);
        }
        _ => {
            let at = |column: usize| {
                let at = from + column as u64 * pitch;
                extent(at).map_or(0, |extent| held(extent, at))
            };
            copy(panel, cells, at, out);
        }
    }
}
