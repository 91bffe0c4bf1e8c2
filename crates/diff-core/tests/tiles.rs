//! Transposed matrices, and permuted heads without a map, are compared as they lie in their storage; the numbers have the bits of the same
//! elements in logical order.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::{Folder, Watched};
use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::{ByteOrder, DType};
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan};
use diff_core::error::Code;
use diff_core::kernel::{Method, Precision};
use diff_core::observe::Observer;
use diff_core::source::{FileSource, MemorySource, Source};
use diff_core::tensor::{Node, Span, Stored, Tensor};

/// A shape, and for each axis how far it lies inside in the storage: 0 is the axis whose elements lie one after the other.
struct Case {
    shape: &'static [u64],
    inside: &'static [usize],
    /// Elements of the storage before the first one.
    offset: u64,
    /// Whether columns of f32 are long enough for reads of their own.
    are_long: bool,
}

/// Strips of one row and of many, of a part of the rows, of whole units and of the chunks of a last one; several stretches.
const CASES: [Case; 6] = [
    Case {
        shape: &[700, 2048],
        inside: &[0, 1],
        offset: 0,
        are_long: true,
    },
    Case {
        shape: &[3000, 1024],
        inside: &[0, 1],
        offset: 5,
        are_long: true,
    },
    Case {
        shape: &[5, 262_144],
        inside: &[0, 1],
        offset: 1,
        are_long: false,
    },
    Case {
        shape: &[3, 130, 2048],
        inside: &[2, 0, 1],
        offset: 0,
        are_long: false,
    },
    Case {
        shape: &[48, 64, 256],
        inside: &[0, 1, 2],
        offset: 2,
        are_long: false,
    },
    Case {
        shape: &[301, 3072],
        inside: &[0, 1],
        offset: 0,
        are_long: true,
    },
];

/// Runs that are taken in tiles where there is no map.
const HEADS: [Case; 2] = [
    // Of the second five heads a piece has three and the next one two.
    Case {
        shape: &[2, 5, 2048, 128],
        inside: &[3, 1, 2, 0],
        offset: 3,
        are_long: true,
    },
    Case {
        shape: &[3, 16_384, 16],
        inside: &[1, 2, 0],
        offset: 0,
        are_long: false,
    },
];

impl Case {
    fn elements(&self) -> u64 {
        self.shape.iter().product()
    }

    fn strides(&self) -> Vec<u64> {
        let stride = |axis: &usize| {
            let inside = self.inside.iter().zip(self.shape);
            let inside = inside.filter(|(other, _)| *other < axis);
            inside.map(|(_, dim)| dim).product()
        };
        self.inside.iter().map(stride).collect()
    }

    /// Where each element lies, in logical order.
    fn places(&self) -> impl Iterator<Item = u64> {
        let strides = self.strides();
        (0..self.elements()).map(move |mut at| {
            let mut place = self.offset;
            for (dim, stride) in self.shape.iter().zip(&strides).rev() {
                place += at % dim * stride;
                at /= dim;
            }
            place
        })
    }

    fn span(&self, dtype: DType) -> Span {
        Span {
            source: 0,
            offset: 24,
            bytes: (self.offset + self.elements()) * dtype.bytes(),
        }
    }

    /// Over a storage of so many elements more than it has.
    fn view(&self, dtype: DType, more: u64) -> Tensor {
        let mut span = self.span(dtype);
        span.bytes += more * dtype.bytes();
        let order = ByteOrder::Little;
        let stored = Stored::strided(
            span,
            order,
            dtype.bytes(),
            self.offset,
            self.shape,
            self.strides(),
        );
        Tensor {
            node: Node::Stored(stored.unwrap()),
            ..self.plain(dtype)
        }
    }

    fn plain(&self, dtype: DType) -> Tensor {
        let shape = self.shape.to_vec();
        Tensor::plain("w".into(), dtype, shape, self.elements(), self.span(dtype))
    }

    /// The bytes of a file with the view's elements, and of one with the same ones in logical order.
    fn files(&self, dtype: DType, kind: Kind, seed: u32) -> [Vec<u8>; 2] {
        let item = dtype.bytes() as usize;
        let mut state = seed;
        let mut next = |at: u64| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Sizes that differ from block to block: their sums in another order have other bits.
            let exponent = 107 + (at / 1024 * 7 % 40) as u32;
            let value = f32::from_bits(exponent << 23 | state & 0x807f_ffff);
            let value = match kind {
                Kind::Positive => value.abs(),
                Kind::Wild if at == self.elements() / 2 => f32::NAN,
                Kind::Wild if at == 7 => 1e30,
                Kind::Any | Kind::Wild => value,
            };
            let half = (value.to_bits() >> 16) as u16;
            match dtype {
                DType::F32 => value.to_le_bytes().to_vec(),
                DType::Bf16 => half.to_le_bytes().to_vec(),
                // Numbers near 1.
                DType::F16 => ((half & 0x8fff) | 0x3000).to_le_bytes().to_vec(),
                _ => vec![(state >> 24) as u8],
            }
        };
        let first = 24 + self.offset as usize * item;
        let (mut lying, mut ordered) = (vec![0; first], vec![0; 24]);
        lying.resize(first + self.elements() as usize * item, 0);
        for (place, at) in self.places().zip(0..) {
            let element = next(at);
            lying[24 + place as usize * item..][..item].copy_from_slice(&element);
            ordered.extend(element);
        }
        ordered.resize(lying.len(), 0);
        [lying, ordered]
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Any,
    /// The extremes of such bf16 are looked for once more.
    Positive,
    /// With chunks that are summed in double.
    Wild,
}

fn run(sides: [&Arc<Checkpoint>; 2], method: Method, threads: usize) -> (String, Observer) {
    let items = vec![Item {
        old: Some(Input::whole(0, 0, &sides[0].tensors[0])),
        new: Some(Input::whole(1, 0, &sides[1].tensors[0])),
    }];
    let plan = Plan::new(sides.map(Arc::clone).to_vec(), items).unwrap();
    let histogram = Histogram::Sampled;
    let observer = Observer::default();
    let options = Options {
        threads,
        method,
        histogram,
    };
    let outcome = engine::run(&plan, options, &observer).unwrap();
    let pair = outcome.pairs[0].as_ref().unwrap();
    (format!("{pair:?} {:?}", outcome.distributions), observer)
}

fn in_memory(tensor: Tensor, data: Vec<u8>) -> Arc<Checkpoint> {
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", data));
    Arc::new(Checkpoint::in_memory(vec![tensor], vec![source]))
}

#[test]
fn tiles_have_the_bits_of_logical_order() {
    let types = [
        [DType::F32; 2],
        [DType::Bf16; 2],
        [DType::F16; 2],
        [DType::F8E4M3; 2],
        [DType::F32, DType::Bf16],
    ];
    let double = Method {
        precision: Precision::Double,
        ..Method::default()
    };
    let near = Method {
        threshold: 1e-3,
        ..Method::default()
    };
    for (at, case) in CASES.iter().enumerate() {
        for [old, new] in types {
            for kind in [Kind::Any, Kind::Positive, Kind::Wild] {
                let name = format!("case {at}, {old:?}, {new:?}, {kind:?}");
                let [(a, a_ordered), (b, b_ordered)] = [(old, 1), (new, 2)].map(|(dtype, seed)| {
                    let [lying, ordered] = case.files(dtype, kind, seed);
                    let ordered = in_memory(case.plain(dtype), ordered);
                    (in_memory(case.view(dtype, 0), lying), ordered)
                });
                for (method, threads) in [(Method::default(), 1), (near, 3), (double, 2)] {
                    let (expected, _) = run([&a_ordered, &b_ordered], method, threads);
                    for sides in [[&a, &b], [&a, &b_ordered], [&a_ordered, &b]] {
                        let (found, observer) = run(sides, method, threads);
                        assert!(found == expected, "{name}, {method:?}: {found} {expected}");
                        let bytes = old.bytes() + new.bytes();
                        assert_eq!(observer.bytes_read(), case.elements() * bytes, "{name}");
                    }
                    let (same, _) = run([&a, &a_ordered], method, threads);
                    assert!(same == run([&a_ordered, &a_ordered], method, threads).0);
                }
            }
        }
    }
}

#[test]
fn a_file_without_a_map_is_read_once() {
    let folder = Folder::new("tiles");
    for (at, case) in CASES.iter().chain(&HEADS).enumerate() {
        let [mut lying, ordered] = case.files(DType::F32, Kind::Any, 3);
        lying.extend([0; 4]);
        let path = folder.0.join(at.to_string());
        std::fs::write(&path, lying).unwrap();
        let ordered = in_memory(case.plain(DType::F32), ordered);
        let (expected, _) = run([&ordered, &ordered], Method::default(), 2);
        // Long columns are read one by one. For short ones a storage that is the view's is kept; of another one small gaps are read too.
        for more in [0, 1] {
            let open = || {
                let source = Arc::new(FileSource::open(&path).unwrap());
                let watched = Watched::new(source, |_, _| Ok(()));
                let sources = vec![Arc::clone(&watched) as Arc<dyn Source>];
                let tensors = vec![case.view(DType::F32, more)];
                (Arc::new(Checkpoint::in_memory(tensors, sources)), watched)
            };
            let ((old, old_file), (new, new_file)) = (open(), open());
            let (found, _) = run([&old, &new], Method::default(), 2);
            assert!(found == expected, "case {at}, {more}");
            let is_kept = more == 0 && !case.are_long;
            let wanted = 4 * (case.elements() + if is_kept { case.offset } else { 0 });
            for file in [old_file, new_file] {
                let bytes = file.bytes.load(Ordering::Relaxed);
                let may_have_gaps = more > 0 && !case.are_long;
                assert!(
                    bytes == wanted || may_have_gaps,
                    "case {at}, {more}: {bytes}"
                );
            }
            // With one side in order.
            let (old, _) = open();
            let (found, _) = run([&old, &ordered], Method::default(), 2);
            assert!(found == expected, "case {at}, {more}");
            // Of one that has no map, none is taken in tiles: nothing is kept in vain.
            let ((old, file), source) = (open(), Arc::clone(&ordered.sources[0]));
            let unmapped = Watched::new(source, |_, _| Ok(()));
            let tensors = vec![case.plain(DType::F32)];
            let unmapped = Arc::new(Checkpoint::in_memory(tensors, vec![unmapped]));
            let (found, observer) = run([&unmapped, &old], Method::default(), 2);
            assert!(found == expected, "case {at}, {more}");
            let counted = observer.bytes_read() - 4 * case.elements();
            assert_eq!(
                file.bytes.load(Ordering::Relaxed),
                counted,
                "case {at}, {more}"
            );
        }
    }
}

#[test]
fn what_columns_have_in_common_is_read_once() {
    // Heads of rows that begin in the middle of the row before.
    let (shape, strides) = ([8, 1024, 64], [64, 256, 1]);
    let storage = 7 * 64 + 1023 * 256 + 64;
    let span = |elements: u64| Span {
        source: 0,
        offset: 0,
        bytes: 4 * elements,
    };
    let plain = |elements| {
        let shape = shape.to_vec();
        Tensor::plain("w".into(), DType::F32, shape, elements, span(elements))
    };
    let stored = Stored::strided(
        span(storage),
        ByteOrder::Little,
        4,
        0,
        &shape,
        strides.to_vec(),
    );
    let view = Tensor {
        node: Node::Stored(stored.unwrap()),
        ..plain(shape.iter().product())
    };
    let value = |place: u64| (1.0 + place as f32).to_le_bytes();
    let lying: Vec<u8> = (0..storage).flat_map(value).collect();
    let open = || {
        let source = Arc::new(MemorySource::new("memory", lying.clone()));
        let watched = Watched::new(source, |_, _| Ok(()));
        let sources = vec![Arc::clone(&watched) as Arc<dyn Source>];
        let checkpoint = Checkpoint::in_memory(vec![view.clone()], sources);
        (Arc::new(checkpoint), watched)
    };
    let ((old, old_file), (new, new_file)) = (open(), open());
    let (found, _) = run([&old, &new], Method::default(), 1);
    for file in [old_file, new_file] {
        assert_eq!(file.bytes.load(Ordering::Relaxed), 4 * storage);
    }
    let places = (0..view.elements).map(|at| {
        let (head, row, inside) = (at / 65_536, at / 64 % 1024, at % 64);
        head * strides[0] + row * strides[1] + inside
    });
    let ordered = places.flat_map(value).collect();
    let ordered = in_memory(plain(view.elements), ordered);
    assert!(found == run([&ordered, &ordered], Method::default(), 1).0);
}

#[test]
fn a_read_that_fails_is_the_error_of_its_tensor() {
    let case = &CASES[1];
    let [lying, _] = case.files(DType::F32, Kind::Any, 3);
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", lying.clone()));
    let fails = Watched::new(source, |offset, _| {
        if offset < 8 << 20 {
            return Ok(());
        }
        Err(diff_core::Error::new(Code::Io, "disk fails"))
    });
    let failing: Arc<dyn Source> = fails;
    let view = vec![case.view(DType::F32, 0)];
    let broken = Arc::new(Checkpoint::in_memory(view, vec![failing]));
    let whole = in_memory(case.view(DType::F32, 0), lying);
    let items = vec![Item {
        old: Some(Input::whole(0, 0, &whole.tensors[0])),
        new: Some(Input::whole(1, 0, &broken.tensors[0])),
    }];
    let plan = Plan::new(vec![whole, broken], items).unwrap();
    let options = Options {
        threads: 2,
        method: Method::default(),
        histogram: Histogram::None,
    };
    let outcome = engine::run(&plan, options, &Observer::default()).unwrap();
    let error = outcome.pairs[0].as_ref().unwrap_err();
    assert_eq!(error.code(), Code::Io);
    assert!(error.to_string().contains('w'), "{error}");
}
