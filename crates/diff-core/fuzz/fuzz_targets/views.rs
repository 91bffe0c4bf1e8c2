//! Two programs that permute, reshape, cut, join and change as many elements, of any two types, with a map and without one. No panic; compared
//! by two threads, what they make has the statistics of the same elements in logical order, which ndarray makes.
#![no_main]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan};
use diff_core::kernel::{Method, Precision};
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Signs, Span, Tensor};
use ndarray::{ArcArray, Axis, IxDyn, Slice, concatenate};

/// Elements as they are stored, in logical order.
type Bits = ArcArray<u64, IxDyn>;

/// Tiles take tensors of more than 2^16 elements; this many are several chunks.
const MOST_ELEMENTS: u64 = 5 << 17;

/// Types, and which of their bits differ from element to element: fractions, so that sizes are those of the input.
const TYPES: [(DType, u64); 8] = [
    (DType::F32, 0x007f_ffff),
    (DType::Bf16, 0x7f),
    (DType::F16, 0x03ff),
    (DType::F8E4M3, 0x07),
    (DType::I8, 0xff),
    (DType::I32, 0xffff_ffff),
    (DType::F64, 0x000f_ffff_ffff_ffff),
    (DType::C64, 0x007f_ffff_007f_ffff),
];

/// What makes a side: its type, what its elements differ by, whether it has a map, and steps of four bytes.
const SIDE: usize = 3 + 6 * 4;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&[rows, columns, options], data)) = data.split_first_chunk() else {
        return;
    };
    let Some((old, data)) = data.split_first_chunk::<SIDE>() else {
        return;
    };
    let Some((new, data)) = data.split_first_chunk::<SIDE>() else {
        return;
    };
    let count = size(rows) * size(columns);
    if data.is_empty() || count > MOST_ELEMENTS {
        return;
    }
    let sides = [old, new].map(|side| made(side, count, data));
    // Of unequal sides the beginnings or the ends are compared.
    let count = sides.iter().map(|side| side.view.tensors[0].elements).min().unwrap_or(0);
    let [old, new] = &sides;
    let found = run([&old.view, &new.view], count, options, 2);
    let wanted = run([&old.plain, &new.plain], count, options, 1);
    assert!(found == wanted, "{found}\n{wanted}\n{:?}\n{:?}", old.view.tensors[0], new.view.tensors[0]);
});

/// Small numbers, and larger ones with many divisors.
fn size(byte: u8) -> u64 {
    u64::from(byte % 16 + 1) << (byte / 16)
}

struct Side {
    view: Arc<Checkpoint>,
    /// The same elements one after the other.
    plain: Arc<Checkpoint>,
}

fn made(&[dtype, seed, is_mapped, ref program @ ..]: &[u8; SIDE], count: u64, data: &[u8]) -> Side {
    let (dtype, fraction) = TYPES[usize::from(dtype) % TYPES.len()];
    let item = dtype.bytes() as usize;
    let given: Vec<u64> = data.chunks(item).map(|bytes| bytes.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte))).collect();
    let elements = (1..=count).zip(given.iter().cycle()).map(|(at, given)| {
        let other = (at * u64::from(seed)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        given ^ (other ^ other >> 32) & fraction
    });
    let mut bits = Bits::from_shape_vec(vec![count as usize], elements.collect()).unwrap();
    let (bytes, mut tensor) = stored(&bits, dtype);
    for step in program.chunks_exact(4) {
        // What does not fit is refused, and the next step has its turn.
        if let Ok((next, next_bits)) = apply(&tensor, &bits, step)
            && next.elements <= MOST_ELEMENTS
        {
            (tensor, bits) = (next, next_bits);
        }
    }
    let memory = MemorySource::new("memory", bytes);
    let source: Arc<dyn Source> = if is_mapped % 2 == 0 { Arc::new(Unmapped(memory)) } else { Arc::new(memory) };
    let (bytes, plain) = stored(&bits, tensor.dtype);
    let ordered: Arc<dyn Source> = Arc::new(MemorySource::new("memory", bytes));
    Side {
        view: Arc::new(Checkpoint::in_memory(vec![tensor], vec![source])),
        plain: Arc::new(Checkpoint::in_memory(vec![plain], vec![ordered])),
    }
}

/// A step on a tensor, and on the bits of its elements.
fn apply(tensor: &Tensor, bits: &Bits, step: &[u8]) -> diff_core::Result<(Tensor, Bits)> {
    let [kind, a, b, c] = [step[0] % 6, step[1], step[2], step[3]];
    let axes = tensor.shape.len();
    Ok(match kind {
        0 => {
            let mut order: Vec<usize> = (0..axes).collect();
            order.rotate_left(usize::from(a) % axes);
            order.swap(0, usize::from(b) % axes);
            (tensor.permuted(&order)?, bits.clone().permuted_axes(order))
        }
        1 => {
            let (rows, columns) = (size(a), size(b));
            let shape = [rows, columns, tensor.elements / (rows * columns)];
            let view = tensor.reshaped(&shape)?;
            (view, bits.to_shape(shape.map(|dim| dim as usize).to_vec()).unwrap().to_shared())
        }
        2 => {
            let cut = |&dim: &u64| u64::from(a) % (dim + 1)..dim - u64::from(b) % (dim + 1);
            let ranges: Vec<Range<u64>> = tensor.shape.iter().map(cut).collect();
            let view = tensor.sliced(&ranges)?;
            let mut part = bits.clone();
            part.slice_each_axis_inplace(|axis| {
                let Range { start, end } = ranges[axis.axis.index()];
                Slice::from(start as usize..end as usize)
            });
            (view, part)
        }
        3 => {
            let axis = usize::from(c) % axes;
            let view = Tensor::concat(axis, vec![tensor.clone(), tensor.clone()])?;
            (view, concatenate![Axis(axis), bits.view(), bits.view()].into_shared())
        }
        4 if tensor.dtype == DType::F32 => {
            let number = f32::from(a);
            let sum = |bits| u64::from((f32::from_bits(bits as u32) + number).to_bits());
            (tensor.shifted(number)?, bits.mapv(sum).into_shared())
        }
        _ => {
            let signs = match tensor.dtype {
                DType::C64 => 1 << 63 | 1 << 31,
                dtype => 1 << (8 * dtype.bytes() - 1),
            };
            (tensor.signed(Signs::All)?, bits.mapv(|bits| bits ^ signs).into_shared())
        }
    })
}

/// Elements one after the other, and the tensor that they are.
fn stored(bits: &Bits, dtype: DType) -> (Vec<u8>, Tensor) {
    let item = dtype.bytes() as usize;
    // Eight bytes at a time are faster than as many as an element has; the next one overwrites what is too much.
    let mut bytes = vec![0; bits.len() * item + 8];
    for (bits, at) in bits.as_standard_layout().iter().zip((0..).step_by(item)) {
        bytes[at..at + 8].copy_from_slice(&bits.to_le_bytes());
    }
    bytes.truncate(bits.len() * item);
    let span = Span {
        source: 0,
        offset: 0,
        bytes: bytes.len() as u64,
    };
    let count = bits.len() as u64;
    (bytes, Tensor::plain("w".into(), dtype, vec![count], count, span))
}

/// The statistics of the first or the last `count` elements of both sides.
fn run(sides: [&Arc<Checkpoint>; 2], count: u64, options: u8, threads: usize) -> String {
    let input = |side: usize| {
        let tensor = &sides[side].tensors[0];
        Some(Input {
            start: if options < 128 { 0 } else { tensor.elements - count },
            elements: count,
            ..Input::whole(side, 0, tensor)
        })
    };
    let item = Item {
        old: input(0),
        new: input(1),
    };
    let plan = Plan::new(sides.map(Arc::clone).to_vec(), vec![item]).unwrap();
    let precision = if options % 2 == 0 { Precision::Fast } else { Precision::Double };
    let options = Options {
        threads,
        method: Method { precision, ..Method::default() },
        histogram: [Histogram::None, Histogram::Sampled, Histogram::Exact][usize::from(options / 2 % 4).min(2)],
    };
    let outcome = engine::run(&plan, options, &Observer::default()).unwrap();
    format!("{outcome:?}")
}

/// Memory that can only be read.
#[derive(Debug)]
struct Unmapped(MemorySource);

impl Source for Unmapped {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn bytes<'a>(&'a self, offset: u64, length: usize, buffer: &'a mut Vec<u8>) -> diff_core::Result<&'a [u8]> {
        self.0.bytes(offset, length, buffer)
    }

    fn verify(&self) -> diff_core::Result<()> {
        self.0.verify()
    }
}
