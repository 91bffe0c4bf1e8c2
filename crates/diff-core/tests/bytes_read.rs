//! How much of a file a comparison reads: the bytes that the elements lie in, once, for every layout, mapped or not, on any number of threads.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::{Folder, Watched};
use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::{ByteOrder, DType};
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan, Questions};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::{FileSource, Source};
use diff_core::tensor::{Encoding, Factor, Layout, Node, Packing, Span, Stored, Strides, Tensor};

const BYTES: u64 = 8 << 20;

fn storage() -> Span {
    Span {
        source: 0,
        offset: 64,
        bytes: BYTES,
    }
}

fn strided(dtype: DType, shape: &[u64], strides: &[u64], offset: u64) -> Tensor {
    let elements: u64 = shape.iter().product();
    let bytes = elements * dtype.bytes();
    let order = ByteOrder::Little;
    let item = dtype.bytes();
    let stored = Stored::strided(storage(), order, item, offset, shape, strides.to_vec());
    Tensor {
        node: Node::Stored(stored.unwrap()),
        ..Tensor::plain(
            "w".into(),
            dtype,
            shape.to_vec(),
            elements,
            Span { bytes, ..storage() },
        )
    }
}

/// Layouts of 8 MiB whose elements lie in order, with the bytes that they lie in.
fn in_order() -> Vec<(&'static str, Tensor, u64)> {
    let quantised = |packed: u64| {
        let count = BYTES * packed;
        let bits = (8 / packed) as u8;
        let codes = Tensor {
            node: Node::Stored(Stored::encoded(storage(), Encoding::Codes { bits })),
            ..Tensor::plain("w".into(), DType::U8, vec![count], count, storage())
        };
        Tensor::affine(codes, None, Factor::One(0.5), Factor::One(3.0), vec![count])
    };
    let f6 = BYTES / 3 * 4;
    let f6_span = Span {
        bytes: f6 * 6 / 8,
        ..storage()
    };
    vec![
        (
            "plain",
            Tensor::plain(
                "w".into(),
                DType::F32,
                vec![BYTES / 4],
                BYTES / 4,
                storage(),
            ),
            BYTES,
        ),
        (
            "raw",
            Tensor::raw("w".into(), "x9", vec![BYTES], BYTES, storage()),
            BYTES,
        ),
        (
            "packed",
            Tensor::packed("w".into(), Packing::F6E2M3, vec![f6], f6, f6_span),
            f6 * 6 / 8,
        ),
        ("quantised", quantised(1), BYTES),
        ("packed along the rows", packed_in_rows(), BYTES),
        ("quantised, two a byte", quantised(2), BYTES),
    ]
}

/// Eight codes of a column in a word, as GPTQ packs them, with a scale for each 128 rows.
fn packed_in_rows() -> Tensor {
    let (rows, columns) = (4096, 4096);
    let words = Tensor::plain(
        "w".into(),
        DType::I32,
        vec![rows / 8, columns],
        rows / 8 * columns,
        storage(),
    );
    let codes = Tensor::unpacked(words, Layout::Dense(4), 0, rows, 0).unwrap();
    Tensor::affine(
        codes,
        None,
        Factor::One(0.5),
        Factor::One(7.0),
        vec![128, 1],
    )
}

/// Views of 8 MiB or less; 0 bytes where gaps are read too.
fn views() -> Vec<(&'static str, Tensor, u64)> {
    vec![
        // Fortran order: 16 GiB were read of each side once.
        (
            "Fortran, f32",
            strided(DType::F32, &[1448, 1448], &[1, 1448], 0),
            1448 * 1448 * 4,
        ),
        (
            "Fortran, f64",
            strided(DType::F64, &[1024, 1024], &[1, 1024], 0),
            BYTES,
        ),
        (
            "Fortran, bf16",
            strided(DType::Bf16, &[2048, 2048], &[1, 2048], 0),
            BYTES,
        ),
        (
            "Fortran, u8, 3 axes",
            strided(DType::U8, &[2048, 64, 64], &[1, 2048, 2048 * 64], 0),
            BYTES,
        ),
        (
            "Fortran, c128",
            strided(DType::C128, &[2048, 256], &[1, 2048], 0),
            BYTES,
        ),
        (
            "heads",
            strided(DType::F32, &[4, 8, 1024, 64], &[1024 * 512, 64, 512, 1], 0),
            BYTES,
        ),
        (
            "heads, bf16",
            strided(DType::Bf16, &[8, 8, 1024, 64], &[1024 * 512, 64, 512, 1], 0),
            BYTES,
        ),
        // Gaps of more than a read takes with it.
        (
            "rows sliced",
            strided(DType::F32, &[1024, 1500], &[2048, 1], 7),
            1024 * 1500 * 4,
        ),
        // Types that a chunk is looked at as a whole for, after its first part.
        (
            "rows sliced, f64",
            strided(DType::F64, &[512, 1500], &[2048, 1], 7),
            512 * 1500 * 8,
        ),
        (
            "rows sliced, i32",
            strided(DType::I32, &[1024, 1500], &[2048, 1], 7),
            1024 * 1500 * 4,
        ),
        (
            "every second row",
            strided(DType::F32, &[1024, 1024], &[2048, 1], 0),
            BYTES / 2,
        ),
        (
            "columns far apart",
            strided(DType::F32, &[64, 512], &[32768, 64], 0),
            0,
        ),
        (
            "expanded",
            strided(DType::F32, &[16, 1 << 17], &[0, 1], 0),
            0,
        ),
    ]
}

fn file(path: &Path) {
    let mut data = vec![0u8; (64 + BYTES) as usize];
    let mut state = 1u32;
    for cell in data.as_chunks_mut::<4>().0 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *cell = (state & 0x3fff_3fff).to_le_bytes();
    }
    std::fs::write(path, data).unwrap();
}

fn run(old: &Arc<Checkpoint>, new: &Arc<Checkpoint>, threads: usize) -> (String, Observer) {
    let item = Item {
        old: Some(Input::whole(0, 0, &old.tensors[0])),
        new: Some(Input::whole(1, 0, &new.tensors[0])),
    };
    let plan = Plan::new(vec![Arc::clone(old), Arc::clone(new)], vec![item]).unwrap();
    let options = Options {
        threads,
        method: Method::default(),
        histogram: Histogram::None,
    };
    let observer = Observer::default();
    let outcome = engine::run(&plan, options, &observer).unwrap();
    (
        format!("{:?}", outcome.pairs[0].as_ref().unwrap()),
        observer,
    )
}

#[test]
fn the_bytes_of_the_elements_are_read_once() {
    let folder = Folder::new("bytes-read");
    let paths = ["old", "new"].map(|name| folder.0.join(name));
    for path in &paths {
        file(path);
    }
    for (name, tensor, wanted) in in_order().into_iter().chain(views()) {
        let mut results = Vec::new();
        for threads in 1..=8 {
            // A map, as far as there are maps here; and a source that has none.
            let mapped = paths.each_ref().map(|path| {
                let source: Arc<dyn Source> = Arc::new(FileSource::open(path).unwrap());
                Arc::new(Checkpoint::in_memory(vec![tensor.clone()], vec![source]))
            });
            let (result, observer) = run(&mapped[0], &mapped[1], threads);
            if wanted > 0 {
                assert_eq!(
                    observer.bytes_read(),
                    2 * wanted,
                    "{name}, mapped, {threads} threads"
                );
            }
            results.push(result);
            let watched = paths
                .each_ref()
                .map(|path| Watched::new(Arc::new(FileSource::open(path).unwrap()), |_, _| Ok(())));
            let read = watched.each_ref().map(|source| {
                Arc::new(Checkpoint::in_memory(
                    vec![tensor.clone()],
                    vec![Arc::clone(source) as Arc<dyn Source>],
                ))
            });
            let (result, observer) = run(&read[0], &read[1], threads);
            results.push(result);
            let [done, total, ..] = observer.progress();
            let stored = tensor.stored_bytes(0..tensor.units());
            assert_eq!(
                (done, total),
                (2 * stored, 2 * stored),
                "{name}, {threads} threads"
            );
            for source in &watched {
                // Of what is made of others it is where they begin.
                let place = tensor.first_byte().and_then(|(_, place)| place);
                let first = place.unwrap_or(storage().offset);
                let reach = all_released(&source.released.lock().unwrap(), first);
                let wanted = reach_of(&tensor);
                assert!(
                    reach >= first + wanted,
                    "{name}, {threads} threads: {reach} of {wanted}"
                );
            }
            let asked = watched
                .each_ref()
                .map(|source| source.bytes.load(Ordering::Relaxed));
            assert_eq!(observer.bytes_read(), asked.iter().sum::<u64>(), "{name}");
            if wanted > 0 {
                assert_eq!(asked, [wanted; 2], "{name}, {threads} threads");
            }
            assert!(asked[0] <= BYTES, "{name}, {threads} threads: {}", asked[0]);
        }
        assert!(results.iter().all(|result| *result == results[0]), "{name}");
    }
}

/// Bytes with a scale for each 64 of them, both in the file.
fn with_scales() -> Tensor {
    let count = BYTES / 2;
    let (scales, each) = (count / 64, 64 + count);
    let span = |offset, bytes| Span {
        source: 0,
        offset,
        bytes,
    };
    let codes = Tensor::plain("w".into(), DType::U8, vec![count], count, span(64, count));
    let scale = Tensor::plain(
        "s".into(),
        DType::F32,
        vec![scales],
        scales,
        span(each, 4 * scales),
    );
    Tensor::affine(codes, None, Factor::Each(scale), Factor::One(3.0), vec![64])
}

#[test]
fn equal_codes_and_scales_are_told_by_their_bytes() {
    let folder = Folder::new("bytes-twin");
    let old = folder.0.join("old");
    file(&old);
    let codes = BYTES / 2;
    let compare = |tensor: &Tensor, new: &Path, is_mapped: bool| {
        let opened = [&old, new].map(|path| {
            let source: Arc<dyn Source> = Arc::new(FileSource::open(path).unwrap());
            let source = if is_mapped {
                source
            } else {
                Watched::new(source, |_, _| Ok(())) as Arc<dyn Source>
            };
            Arc::new(Checkpoint::in_memory(vec![tensor.clone()], vec![source]))
        });
        let (result, observer) = run(&opened[0], &opened[1], 3);
        (result, observer.bytes_read())
    };
    let tensor = with_scales();
    // Nothing, the last code, a code in the middle, the first scale, the last one.
    let places = [
        None,
        Some(63 + codes),
        Some(64 + codes / 2),
        Some(64 + codes),
        Some(63 + codes + codes / 16),
    ];
    for place in places {
        let new = folder.0.join("new");
        let mut data = std::fs::read(&old).unwrap();
        if let Some(place) = place {
            data[place as usize] ^= 1;
        }
        std::fs::write(&new, data).unwrap();
        let (mapped, bytes) = compare(&tensor, &new, true);
        let (read, _) = compare(&tensor, &new, false);
        assert_eq!(mapped, read, "{place:?}");
        assert_eq!(bytes, 2 * codes, "{place:?}");
    }
}

/// Where the first byte from `first` on lies that was not let go.
fn all_released(released: &[(u64, usize)], first: u64) -> u64 {
    let mut sorted = released.to_vec();
    sorted.sort_unstable();
    let mut end = first;
    for (offset, length) in sorted {
        if offset <= end {
            end = end.max(offset + length as u64);
        }
    }
    end
}

/// Bytes from the first element in the file to behind the last one, where one unit lets them go.
fn reach_of(tensor: &Tensor) -> u64 {
    match &tensor.node {
        Node::Stored(Stored {
            strides: Some(strides),
            ..
        }) => {
            let Strides { steps, .. } = &**strides;
            let axes = tensor.shape.iter().zip(steps);
            let last: u64 = axes.map(|(dim, stride)| (dim - 1) * stride).sum();
            let is_one_unit = tensor.elements <= 1 << 21;
            if is_one_unit {
                (last + 1) * tensor.dtype.bytes()
            } else {
                0
            }
        }
        _ => tensor.stored_bytes(0..tensor.units()),
    }
}

/// Progress of everything that there are fixtures of, whatever comes of its tensors.
#[test]
fn progress_ends_at_its_total() {
    let mut rows = 0;
    for folder in ["torch", "numpy", "objects", "metrics", "hostile"] {
        for entry in std::fs::read_dir(common::fixtures().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let options = diff_core::format::OpenOptions::default();
            let Ok(opened) = diff_core::format::open(&path, &options) else {
                continue;
            };
            let opened = Arc::new(opened);
            let items = opened.tensors.iter().enumerate().map(|(at, tensor)| {
                let whole = |side| Some(Input::whole(side, at, tensor));
                Item {
                    old: whole(0),
                    new: whole(1),
                }
            });
            let items: Vec<Item> = items.collect();
            rows += items.len() as u64;
            let options = Options {
                threads: 3,
                method: Method::default(),
                histogram: Histogram::None,
            };
            let ended = |way: &str, observer: &Observer| {
                let [done, total, tensors, all] = observer.progress();
                assert_eq!((done, tensors), (total, all), "{}, {way}", path.display());
            };
            let plan = Plan::new(vec![Arc::clone(&opened), Arc::clone(&opened)], items).unwrap();
            let observer = Observer::default();
            engine::run(&plan, options, &observer).unwrap();
            ended("run", &observer);
            let observer = Observer::default();
            engine::hash(&opened, 3, &observer).unwrap();
            ended("hash", &observer);
            let observer = Observer::default();
            let questions = vec![Questions(31); opened.tensors.len()];
            engine::probe(&plan, &questions, 3, &observer).unwrap();
            ended("probe", &observer);
        }
    }
    assert!(rows > 500, "{rows}");
}

/// A file of 64 MiB whose units all touch every column.
#[test]
fn a_large_transpose_reads_its_file_once() {
    const SIDE: u64 = 4096;
    let folder = Folder::new("bytes-large");
    let path = folder.0.join("w");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(SIDE * SIDE * 4)
        .unwrap();
    for threads in [1, 4] {
        let open = || Watched::new(Arc::new(FileSource::open(&path).unwrap()), |_, _| Ok(()));
        let sides = [open(), open()];
        let span = Span {
            source: 0,
            offset: 0,
            bytes: SIDE * SIDE * 4,
        };
        let steps = vec![1, SIDE];
        let stored = Stored::strided(span, ByteOrder::Little, 4, 0, &[SIDE, SIDE], steps).unwrap();
        let tensor = Tensor {
            node: Node::Stored(stored),
            ..Tensor::plain("w".into(), DType::F32, vec![SIDE, SIDE], SIDE * SIDE, span)
        };
        let checkpoints = sides.each_ref().map(|source| {
            Arc::new(Checkpoint::in_memory(
                vec![tensor.clone()],
                vec![Arc::clone(source) as Arc<dyn Source>],
            ))
        });
        run(&checkpoints[0], &checkpoints[1], threads);
        for source in &sides {
            assert_eq!(source.bytes.load(Ordering::Relaxed), SIDE * SIDE * 4);
            assert!(source.reads.load(Ordering::Relaxed) <= 8 * SIDE + 8);
        }
    }
}
