//! Views against a loop over their indices, and the bytes that are read of them against the set of those that their elements lie in.

use std::collections::BTreeSet;

use super::fetch::GAP;
use super::*;
use crate::kernel::BLOCK;
use crate::source::{CountedSource, MemorySource};

/// A type of elements of so many bytes.
fn of_bytes(item: usize) -> DType {
    match item {
        1 => DType::U8,
        2 => DType::U16,
        4 => DType::U32,
        8 => DType::U64,
        _ => DType::C128,
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

struct Case {
    shape: Vec<u64>,
    strides: Vec<u64>,
    offset: u64,
    /// Elements of the storage.
    storage: u64,
}

impl Case {
    fn new(shape: &[u64], strides: &[u64], offset: u64) -> Self {
        let last: u64 = shape
            .iter()
            .zip(strides)
            .map(|(dim, stride)| (dim - 1) * stride)
            .sum();
        Self {
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            offset,
            storage: offset + last + 1,
        }
    }

    fn elements(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Where element `at` lies in the storage, by the definition.
    fn place(&self, mut at: u64) -> u64 {
        let mut place = self.offset;
        for (dim, stride) in self.shape.iter().zip(&self.strides).rev() {
            place += at % dim * stride;
            at /= dim;
        }
        place
    }

    /// The bytes of the elements' cells, and of gaps of less than [`GAP`] between them.
    fn footprint(&self, item: u64, start: u64, count: u64) -> (u64, u64) {
        let places: BTreeSet<u64> = (start..start + count).map(|at| self.place(at)).collect();
        let exact = places.len() as u64 * item;
        let mut gaps = 0;
        for (one, next) in places.iter().zip(places.iter().skip(1)) {
            let gap = (next - one - 1) * item;
            if gap < GAP {
                gaps += gap;
            }
        }
        (exact, exact + gaps)
    }

    /// Checks elements and bytes; `at_once` tells whether the run is small enough to be read as a whole.
    fn check(&self, item: usize, (start, count): (u64, u64), at_once: bool) {
        let bytes = self.storage as usize * item;
        let data: Vec<u8> = (0..bytes).map(|at| (at * 7 + at / 251) as u8).collect();
        let mut wanted = Vec::new();
        for at in start..start + count {
            let from = self.place(at) as usize * item;
            wanted.extend_from_slice(&data[from..from + item]);
        }
        let (mapped, unmapped) = (
            MemorySource::new("", data.clone()),
            CountedSource::new(data),
        );
        let sources: [&dyn Source; 2] = [&mapped, &unmapped];
        for source in sources {
            let view = Strided {
                source,
                storage: Span {
                    source: 0,
                    offset: 0,
                    bytes: bytes as u64,
                },
                offset: self.offset,
                axes: Axes::new(&self.shape, &self.strides),
                dtype: of_bytes(item),
                order: ByteOrder::Little,
                kept: Once::default(),
            };
            let mut scratch = Scratch::default();
            let found = view.read(start, count as usize, &mut scratch).unwrap();
            let is_equal = found.bytes == wanted;
            let read = scratch.take_read();
            let label = format!(
                "{:?} {:?} + {}, {item} bytes, {start}..+{count}",
                self.shape, self.strides, self.offset
            );
            assert!(is_equal, "{label}");
            if let Some(mut lent) = view.lend(start) {
                let parts = [4 * BLOCK].into_iter().chain(std::iter::repeat(BLOCK));
                let mut left = wanted.as_slice();
                for part in parts {
                    let (now, behind) = left.split_at(left.len().min(part * item));
                    if now.is_empty() {
                        break;
                    }
                    lent.take(now.len() / item);
                    assert!(lent.elements().bytes == now, "{label}, lent");
                    let (storage, lines) = lent.foreseen();
                    assert!(lines.iter().all(|at| *at < storage.len()), "{label}");
                    left = behind;
                }
            }
            if std::ptr::addr_eq(source, &raw const unmapped) {
                let (exact, joined) = self.footprint(item as u64, start, count);
                let asked = unmapped.bytes_read();
                assert_eq!(read, asked, "{label}");
                assert!(
                    (exact..=joined).contains(&read),
                    "{label}: {read} of {exact} to {joined}"
                );
                assert!(!at_once || read == joined, "{label}: {read}, not {joined}");
            }
        }
    }
}

/// Views that code makes: permutations, slices and steps of a dense array, expanded axes, windows that overlap.
fn random(random: &mut Random) -> Case {
    let axes = 1 + random.below(4) as usize;
    let dims: Vec<u64> = (0..axes)
        .map(|_| {
            let most = [3, 9, 40][random.below(3) as usize];
            1 + random.below(most)
        })
        .collect();
    let mut strides = vec![1; axes];
    for axis in (0..axes - 1).rev() {
        let pad = random.below(4) * random.below(200);
        strides[axis] = strides[axis + 1] * dims[axis + 1] + pad;
    }
    let (mut shape, mut offset) = (dims, 0);
    for axis in 0..axes {
        match random.below(6) {
            0 => {
                let first = random.below(shape[axis]);
                shape[axis] = 1 + random.below(shape[axis] - first);
                offset += first * strides[axis];
            }
            1 => {
                let step = 1 + random.below(4);
                shape[axis] = shape[axis].div_ceil(step);
                strides[axis] *= step;
            }
            2 => strides[axis] = 0,
            3 => strides[axis] = 1 + random.below(3),
            _ => {}
        }
    }
    for axis in (1..axes).rev() {
        let other = random.below(axis as u64 + 1) as usize;
        shape.swap(axis, other);
        strides.swap(axis, other);
    }
    Case::new(&shape, &strides, offset + random.below(3))
}

#[test]
fn views_are_what_their_indices_say_and_each_byte_is_read_once() {
    let mut numbers = Random(7);
    for _ in 0..4000 {
        let case = random(&mut numbers);
        let all = case.elements();
        let start = numbers.below(all + 1);
        let some = numbers.below(all - start + 1);
        let count = if numbers.below(2) == 0 {
            some
        } else {
            all - start
        };
        let item = 1 << numbers.below(5);
        case.check(item, (start, count), true);
        case.check(item, (0, all), true);
    }
}

#[test]
fn tiles_of_every_height_and_width() {
    for rows in [1, 7, 8, 9, 63, 64, 65, 130] {
        for columns in [1, 15, 16, 17, 33, 100] {
            for item in [1, 2, 4, 8, 16] {
                let case = Case::new(&[rows, columns], &[1, rows + 3], 2);
                case.check(item, (0, rows * columns), true);
                case.check(item, (columns / 2, rows * columns - columns / 2), true);
                let half = (rows * columns / 2).min(rows * columns - columns / 2);
                case.check(item, (columns / 2, half), true);
            }
        }
    }
}

/// Runs of whole lines of the cache and of parts of them, shorter than a block and longer, that are entered anywhere.
#[test]
fn runs_are_lent() {
    for (shape, strides) in [
        ([2, 3, 300, 64], [1 << 20, 64, 192, 1]),
        ([2, 3, 40, 160], [1 << 16, 80, 400, 1]),
        ([2, 3, 40, 97], [1 << 16, 80, 400, 1]),
        ([3, 1, 3, 3584], [1 << 16, 1, 4096, 1]),
        ([3, 1, 3, 1024], [1 << 16, 1, 2048, 1]),
        ([3, 2, 3, 5000], [1 << 16, 1 << 15, 5003, 1]),
    ] {
        let case = Case::new(&shape, &strides, 3);
        let all = case.elements();
        for item in [1, 2, 4, 8] {
            case.check(item, (0, all), false);
            case.check(item, (1, all - 1), false);
            case.check(item, (1600, 5000), false);
            case.check(item, (all / 2 + 7, all / 3), false);
        }
    }
}

/// Lengths whose runs fill a batch more than once.
#[test]
fn runs_that_do_not_fit_together() {
    Case::new(&[3, 70_000], &[1, 2 * GAP], 1).check(1, (5, 3 * 70_000 - 9), false);
    Case::new(&[70_000, 2], &[2 * GAP, GAP], 1).check(1, (3, 2 * 70_000 - 5), false);
    Case::new(&[9, 1 << 20], &[1 << 20, 1], 0).check(4, (17, 9 * (1 << 20) - 99), false);
    // One run that is longer than what is held, for the gaps in it.
    Case::new(&[1 << 18], &[100], 0).check(1, (1, (1 << 18) - 2), false);
    Case::new(&[2, 1 << 17], &[1 << 25, 250], 0).check(4, (1, (1 << 18) - 2), false);
}
