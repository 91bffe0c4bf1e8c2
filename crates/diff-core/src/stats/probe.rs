//! What a second look at a pair tells: counts that answer one question each. Parts merge in any order to the same bits: they are counts,
//! extremes, and numbers that belong to one row.

/// What was found in a part of a pair, or in all of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parts {
    pub casts: Option<Casts>,
    pub zeros: Option<Zeros>,
    pub rows: Option<Rows>,
    pub hashes: Option<Hashes>,
}

impl Parts {
    /// Adds another part of the same pair.
    pub fn merge(&mut self, other: &Self) {
        add(&mut self.casts, other.casts.as_ref(), Casts::merge);
        add(&mut self.zeros, other.zeros.as_ref(), Zeros::merge);
        add(&mut self.rows, other.rows.as_ref(), Rows::merge);
        add(&mut self.hashes, other.hashes.as_ref(), Hashes::merge);
    }
}

fn add<T>(into: &mut Option<T>, part: Option<&T>, merge: impl Fn(&mut T, &T)) {
    if let (Some(into), Some(part)) = (into, part) {
        merge(into, part);
    }
}

/// Float formats that weights are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrow {
    Bf16,
    F16,
    E4m3,
    E5m2,
}

impl Narrow {
    pub const ALL: [Self; 4] = [Self::Bf16, Self::F16, Self::E4m3, Self::E5m2];
}

/// Elements that are equal after a cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Casts {
    /// New equals old rounded, for each of [`Narrow::ALL`], and then to the type of new; None where that is no way to it.
    pub forward: [Option<u64>; 4],
    /// Old equals new rounded.
    pub backward: [Option<u64>; 4],
    /// New equals old cut off to bf16.
    pub truncated: Option<u64>,
    /// Both can be roundings of one wider value.
    pub common: u64,
    /// Finite on both sides, or not finite in a way that a cast explains.
    pub elements: u64,
}

impl Casts {
    fn merge(&mut self, other: &Self) {
        let add = |into: &mut Option<u64>, part: Option<u64>| {
            *into = into.zip(part).map(|(sum, part)| sum + part);
        };
        for at in 0..Narrow::ALL.len() {
            add(&mut self.forward[at], other.forward[at]);
            add(&mut self.backward[at], other.backward[at]);
        }
        add(&mut self.truncated, other.truncated);
        self.common += other.common;
        self.elements += other.elements;
    }
}

/// Zeros that came, went and stayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zeros {
    /// Zero in new alone.
    pub new: u64,
    /// Zero in old alone.
    pub lost: u64,
    /// Largest |old| of `new`; 0 where there is none.
    pub largest: f64,
    /// Smallest |old| of the elements that are zero on neither side; infinity where there is none.
    pub smallest: f64,
    /// Zero on neither side.
    pub kept: u64,
    /// Those of them that changed.
    pub kept_changed: u64,
    /// Groups of 4 along the last axis.
    pub groups: u64,
    /// Those with at least 2 zeros in new.
    pub sparse_groups: u64,
}

impl Default for Zeros {
    fn default() -> Self {
        Self {
            new: 0,
            lost: 0,
            largest: 0.0,
            smallest: f64::INFINITY,
            kept: 0,
            kept_changed: 0,
            groups: 0,
            sparse_groups: 0,
        }
    }
}

impl Zeros {
    fn merge(&mut self, other: &Self) {
        self.new += other.new;
        self.lost += other.lost;
        self.largest = self.largest.max(other.largest);
        self.smallest = self.smallest.min(other.smallest);
        self.kept += other.kept;
        self.kept_changed += other.kept_changed;
        self.groups += other.groups;
        self.sparse_groups += other.sparse_groups;
    }
}

/// What happened to the rows of a matrix, from row `first` on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    pub first: u64,
    /// Changed elements of each row.
    pub changed: Vec<u32>,
    /// Factor of each row that is old times one; NaN for the others.
    pub scale: Vec<f64>,
    /// 1 for each place along the last axis at which an element changed; empty where they are too many.
    pub columns: Vec<u8>,
}

impl Rows {
    fn merge(&mut self, other: &Self) {
        let at = (other.first - self.first) as usize;
        for (sum, part) in self.changed[at..].iter_mut().zip(&other.changed) {
            *sum += part;
        }
        for (scale, part) in self.scale[at..].iter_mut().zip(&other.scale) {
            if !part.is_nan() {
                *scale = *part;
            }
        }
        for (column, part) in self.columns.iter_mut().zip(&other.columns) {
            *column |= part;
        }
    }

    /// What the rows, of `width` elements each, come to.
    #[must_use]
    pub fn finish(mut self, width: u64) -> RowChanges {
        let is_changed = |count: &u32| *count > 0;
        let rows = self
            .changed
            .iter()
            .filter(|count| is_changed(count))
            .count() as u64;
        let elements: u64 = self.changed.iter().map(|&count| u64::from(count)).sum();
        self.scale.retain(|scale| !scale.is_nan());
        self.scale.sort_unstable_by(f64::total_cmp);
        RowChanges {
            rows,
            first: self.changed.iter().position(is_changed),
            last: self.changed.iter().rposition(is_changed),
            density: elements as f64 / (rows * width) as f64,
            scaled: self.scale.len() as u64,
            scale: middle(&self.scale),
            columns: (!self.columns.is_empty())
                .then(|| self.columns.iter().map(|&column| u64::from(column)).sum()),
        }
    }
}

/// The changed rows of a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowChanges {
    pub rows: u64,
    pub first: Option<usize>,
    pub last: Option<usize>,
    /// Share of the elements of these rows that changed.
    pub density: f64,
    /// Rows that are old times one factor.
    pub scaled: u64,
    /// Median of these factors; NaN where there is none.
    pub scale: f64,
    /// Places along the last axis at which anything changed.
    pub columns: Option<u64>,
}

/// A hash of the bits of each row, from row `first` on, and of each column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hashes {
    pub first: u64,
    pub rows: [Vec<u64>; 2],
    /// Empty where they are too many.
    pub columns: [Vec<u64>; 2],
}

impl Hashes {
    fn merge(&mut self, other: &Self) {
        let at = (other.first - self.first) as usize;
        for side in 0..2 {
            for (sum, part) in self.rows[side][at..].iter_mut().zip(&other.rows[side]) {
                *sum = sum.wrapping_add(*part);
            }
            for (sum, part) in self.columns[side].iter_mut().zip(&other.columns[side]) {
                *sum = sum.wrapping_add(*part);
            }
        }
    }

    /// Whether the rows or columns are the same ones in another order.
    #[must_use]
    pub fn finish(self) -> Order {
        let [old, new] = &self.rows;
        let rows = is_reordered(old, new);
        let rotary = |is: fn(usize, usize) -> usize| {
            if rows { head_size(old, new, is) } else { 0 }
        };
        Order {
            rows,
            columns: (!self.columns[0].is_empty())
                .then(|| is_reordered(&self.columns[0], &self.columns[1])),
            to_half: rotary(|at, head| (at % 2) * (head / 2) + at / 2),
            to_pairs: rotary(|at, head| (at % (head / 2)) * 2 + at / (head / 2)),
        }
    }
}

/// Whether new is old in another order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    pub rows: bool,
    pub columns: Option<bool>,
    /// Rows of a head whose interleaved pairs were brought into halves; 0 where that is not what happened.
    pub to_half: u64,
    /// The same the other way.
    pub to_pairs: u64,
}

fn is_reordered(old: &[u64], new: &[u64]) -> bool {
    if old == new {
        return false;
    }
    let sorted = |hashes: &[u64]| {
        let mut sorted = hashes.to_vec();
        sorted.sort_unstable();
        sorted
    };
    sorted(old) == sorted(new)
}

/// The number of rows of a head within which row `at` of old is row `place(at, head)` of new; 0 where there is none.
fn head_size(old: &[u64], new: &[u64], place: fn(usize, usize) -> usize) -> u64 {
    let count = old.len();
    let fits = |head: usize| {
        let moved = |row: usize| row / head * head + place(row % head, head);
        old.iter()
            .enumerate()
            .all(|(row, hash)| new.get(moved(row)) == Some(hash))
    };
    (4..=count)
        .step_by(2)
        .find(|&head| count.is_multiple_of(head) && fits(head))
        .unwrap_or(0) as u64
}

/// What the values of one side lie on, by a sample of its rows; NaN where a number does not exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Median number of different values in blocks of 16, 32, 64 and 128 elements.
    pub distinct: [f64; 4],
    pub distinct_row: f64,
    /// Median distance to whole numbers of a row over its largest element times a whole number.
    pub int8_row: f64,
    /// Relative error of rounding to e4m3 with the best scale of each row.
    pub e4m3_row: f64,
    /// The same with one scale for all rows.
    pub e4m3_tensor: f64,
}

/// The answers for one pair; None for what was not asked or does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Probe {
    pub casts: Option<Casts>,
    pub zeros: Option<Zeros>,
    pub rows: Option<RowChanges>,
    /// Old and new.
    pub grids: Option<[Grid; 2]>,
    /// Share of the sampled elements that lie nearer to another value which the quantised side, old or new, has beside them under one scale;
    /// NaN for a side that has no scales.
    pub misrounded: Option<[f64; 2]>,
    pub order: Option<Order>,
}

/// The value in the middle of sorted ones; NaN where there is none.
#[must_use]
pub fn middle(sorted: &[f64]) -> f64 {
    let count = sorted.len();
    match (sorted.get(count.wrapping_sub(1) / 2), sorted.get(count / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}
