//! Tensors that are made of others, in random chains, against the same done to arrays element by element; read out of a map and by
//! reads, from any element on, and compared by any number of threads: bit for bit.

mod common;

use std::ops::Range;
use std::sync::Arc;

use common::Watched;
use diff_core::dtype::{ByteOrder, DType};
use diff_core::engine::{self, ElementType, Histogram, Input, Item, Options, Plan, read_elements};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{
    Affine, Encoding, Factor, Index, Layout, Node, Packing, PairRule, Rule, Scale, Signs, Span,
    Stored, Table, Tensor,
};
use diff_core::{Checkpoint, Code};

struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }

    fn shape(&mut self, axes: u64, most: u64) -> Vec<u64> {
        (0..axes).map(|_| 1 + self.below(most)).collect()
    }

    fn order(&mut self, axes: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..axes).collect();
        for axis in (1..axes).rev() {
            order.swap(axis, self.below(axis as u64 + 1) as usize);
        }
        order
    }
}

/// An array by the definition: its elements in row-major order.
#[derive(Debug, Clone)]
struct Dense {
    shape: Vec<u64>,
    values: Vec<f32>,
}

impl Dense {
    /// An array whose element at `index` is that of `self` at `place(index)`.
    fn map(&self, shape: Vec<u64>, place: impl Fn(&[u64]) -> Vec<u64>) -> Self {
        let count: u64 = shape.iter().product();
        let values = (0..count).map(|mut at| {
            let mut index = vec![0; shape.len()];
            for (index, dim) in index.iter_mut().zip(&shape).rev() {
                *index = at % dim;
                at /= dim;
            }
            let axes = place(&index).into_iter().zip(&self.shape);
            self.values[axes.fold(0, |at, (index, dim)| at * dim + index) as usize]
        });
        let values = values.collect();
        Self { shape, values }
    }
}

/// A tensor, and what it should hold.
type Both = (Tensor, Dense);

/// A checkpoint in the making: bytes of one source.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn add(&mut self, bytes: &[u8]) -> Span {
        // Elements need not begin at multiples of their size.
        self.0.push(7);
        let span = Span {
            source: 0,
            offset: self.0.len() as u64,
            bytes: bytes.len() as u64,
        };
        self.0.extend_from_slice(bytes);
        span
    }

    fn stored(&mut self, shape: Vec<u64>, random: &mut Random) -> Both {
        let count: u64 = shape.iter().product();
        let name = || "w".to_owned();
        let small = |random: &mut Random| random.below(31) as f32 * 0.5 - 7.0;
        match random.below(9) {
            0 => {
                let values: Vec<f32> = (0..count).map(|_| small(random)).collect();
                let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
                let tensor =
                    Tensor::plain(name(), DType::F32, shape.clone(), count, self.add(&bytes));
                (tensor.in_order(ByteOrder::Big), Dense { shape, values })
            }
            1 => {
                let codes: Vec<u8> = (0..count).map(|_| random.below(16) as u8).collect();
                let bytes: Vec<u8> = codes
                    .chunks(2)
                    .map(|pair| pair[0] | pair.get(1).unwrap_or(&0) << 4)
                    .collect();
                let span = self.add(&bytes);
                let tensor = Tensor::packed(name(), Packing::F4E2M1, shape.clone(), count, span);
                let magnitudes = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
                let value = |code: &u8| {
                    let magnitude = magnitudes[usize::from(code & 7)];
                    if code & 8 == 0 { magnitude } else { -magnitude }
                };
                let values = codes.iter().map(value).collect();
                (tensor, Dense { shape, values })
            }
            2 => self.affine(shape, random),
            4 => self.unpacked(shape, random),
            5 => self.looked_up(shape, random),
            6 => self.grouped(shape, random),
            3 => {
                let codes: Vec<i8> = (0..count).map(|_| random.below(200) as i8).collect();
                let bytes: Vec<u8> = codes.iter().map(|x| x.cast_unsigned()).collect();
                let codes_of =
                    Tensor::plain(name(), DType::I8, shape.clone(), count, self.add(&bytes));
                let tensor = Tensor {
                    node: Node::Scaled {
                        codes: Arc::new(codes_of.clone()),
                        scale: 0.25,
                        zero_point: -3,
                    },
                    ..codes_of
                };
                let values = codes.iter().map(|&x| (f32::from(x) + 3.0) * 0.25).collect();
                (tensor, Dense { shape, values })
            }
            _ => {
                let values: Vec<f32> = (0..count).map(|_| small(random)).collect();
                let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                let span = self.add(&bytes);
                let tensor = Tensor::plain(name(), DType::F32, shape.clone(), count, span);
                (tensor, Dense { shape, values })
            }
        }
    }

    /// Codes of two bits with a scale and a zero point for each block.
    fn affine(&mut self, shape: Vec<u64>, random: &mut Random) -> Both {
        let count: u64 = shape.iter().product();
        let codes: Vec<u8> = (0..count).map(|_| random.below(4) as u8).collect();
        let bytes: Vec<u8> = codes
            .chunks(4)
            .map(|four| four.iter().rev().fold(0, |byte, code| byte << 2 | code))
            .collect();
        let encoding = Encoding::Codes { bits: 2 };
        let stored = Stored::encoded(self.add(&bytes), encoding);
        let tensor = Tensor {
            node: Node::Stored(stored),
            ..Tensor::plain(
                "codes".into(),
                DType::U8,
                shape.clone(),
                count,
                self.add(&[]),
            )
        };
        let block: Vec<u64> = shape.iter().map(|&dim| 1 + random.below(dim)).collect();
        let blocks: Vec<u64> = shape
            .iter()
            .zip(&block)
            .map(|(dim, side)| dim.div_ceil(*side))
            .collect();
        let number: u64 = blocks.iter().product();
        let mut factor = |least: f32| -> (Factor, Vec<f32>) {
            let values: Vec<f32> = (0..number).map(|at| least + at as f32 * 0.125).collect();
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let span = self.add(&bytes);
            let tensor = Tensor::plain("factor".into(), DType::F32, vec![number], number, span);
            (Factor::Each(tensor), values)
        };
        let ((scale, scales), (zero, zeros)) = (factor(0.5), factor(-1.0));
        let values = (0..count).map(|at| {
            let (mut rest, mut of, mut step) = (at, 0, 1);
            for axis in (0..shape.len()).rev() {
                of += rest % shape[axis] / block[axis] * step;
                step *= blocks[axis];
                rest /= shape[axis];
            }
            (f32::from(codes[at as usize]) - zeros[of as usize]) * scales[of as usize]
        });
        let values = values.collect();
        (
            Tensor::affine(tensor, None, scale, zero, block),
            Dense { shape, values },
        )
    }

    /// Codes packed in words along an axis, by the definition of each layout.
    fn unpacked(&mut self, shape: Vec<u64>, random: &mut Random) -> Both {
        if shape.is_empty() {
            return self.affine(shape, random);
        }
        let bits = 1 + random.below(8) as u32;
        let (layout, word_bytes) = match random.below(6) {
            0 => (Layout::Dense(bits), 1),
            1 => (Layout::Dense(bits), 4),
            2 => (Layout::Whole(bits), 4),
            3 => (Layout::HighFirst, 1),
            4 => (Layout::Awq, 4),
            _ => {
                let shift = random.below(u64::from(9 - bits)) as u32;
                (Layout::Field { bits, shift }, 1)
            }
        };
        let axis = random.below(shape.len() as u64) as usize;
        let length = shape[axis];
        let spare = random.below(2);
        // Words enough, and perhaps one more.
        let words = (1..=32)
            .find(|&words| layout.room(word_bytes, words).unwrap() >= length)
            .unwrap()
            + spare;
        let mut packed = shape.clone();
        packed[axis] = words;
        let count: u64 = packed.iter().product();
        let bytes: Vec<u8> = (0..count * word_bytes)
            .map(|_| random.below(256) as u8)
            .collect();
        let dtype = if word_bytes == 1 {
            DType::U8
        } else {
            DType::I32
        };
        let span = self.add(&bytes);
        let tensor = Tensor::plain("words".into(), dtype, packed.clone(), count, span);
        let add = if word_bytes == 4 && random.below(2) == 0 {
            0x1111_1111
        } else {
            0
        };
        let of_word = Dense {
            shape: packed,
            values: (0..count).map(|at| at as f32).collect(),
        };
        let code = |index: &[u64]| -> f32 {
            let word = |number: u64| {
                let mut place = index.to_vec();
                place[axis] = number;
                let one = of_word.map(vec![1], |_| place.clone()).values[0] as usize;
                let bytes = &bytes[one * word_bytes as usize..][..word_bytes as usize];
                let value = bytes
                    .iter()
                    .rev()
                    .fold(0, |word, byte| word << 8 | u32::from(*byte));
                u64::from(value.wrapping_add(add))
            };
            let (at, width) = (index[axis], 8 * word_bytes);
            let field =
                |number: u64, shift: u64, bits: u32| word(number) >> shift & ((1 << bits) - 1);
            let code = match layout {
                Layout::Dense(bits) => (0..u64::from(bits)).fold(0, |code, bit| {
                    let place = at * u64::from(bits) + bit;
                    code | field(place / width, place % width, 1) << bit
                }),
                Layout::Whole(bits) => {
                    let held = u64::from(32 / bits);
                    field(at / held, at % held * u64::from(bits), bits)
                }
                Layout::HighFirst => field(at / 2, if at % 2 == 0 { 4 } else { 0 }, 4),
                Layout::Awq => field(at / 8, [0, 16, 4, 20, 8, 24, 12, 28][at as usize % 8], 4),
                Layout::Field { bits, shift } => field(at, u64::from(shift), bits),
                Layout::Planar(_) => unreachable!("tested with its library's files"),
            };
            code as f32
        };
        let all: u64 = shape.iter().product();
        let values = (0..all)
            .map(|mut at| {
                let mut index = vec![0; shape.len()];
                for (index, dim) in index.iter_mut().zip(&shape).rev() {
                    *index = at % dim;
                    at /= dim;
                }
                code(&index)
            })
            .collect();
        let tensor = Tensor::unpacked(tensor, layout, axis, length, add).unwrap();
        (tensor, Dense { shape, values })
    }

    /// Codes of four bits with a table, known or stored.
    fn looked_up(&mut self, shape: Vec<u64>, random: &mut Random) -> Both {
        static KNOWN: [f32; 16] = [
            0.0, 0.5, -1.0, 1.5, 2.0, -3.0, 4.0, 6.0, 7.0, -0.5, 1.0, -1.5, -2.0, 3.0, -4.0, -6.0,
        ];
        let count: u64 = shape.iter().product();
        let codes: Vec<u8> = (0..count).map(|_| random.below(16) as u8).collect();
        let span = self.add(&codes);
        let tensor = Tensor::plain("codes".into(), DType::U8, shape.clone(), count, span);
        let table = if random.below(2) == 0 {
            Table::Known(&KNOWN)
        } else {
            let bytes: Vec<u8> = KNOWN.iter().flat_map(|x| x.to_le_bytes()).collect();
            let span = self.add(&bytes);
            Table::Stored(Tensor::plain(
                "table".into(),
                DType::F32,
                vec![16],
                16,
                span,
            ))
        };
        let values = codes.iter().map(|code| KNOWN[usize::from(*code)]).collect();
        (
            Tensor::lookup(tensor, table).unwrap(),
            Dense { shape, values },
        )
    }

    /// Bytes with a rule, rounded or not, and an index along an axis.
    fn grouped(&mut self, shape: Vec<u64>, random: &mut Random) -> Both {
        let count: u64 = shape.iter().product();
        let codes: Vec<u8> = (0..count).map(|_| random.below(256) as u8).collect();
        let span = self.add(&codes);
        let tensor = Tensor::plain("codes".into(), DType::U8, shape.clone(), count, span);
        let block = vec![1; shape.len()];
        let mut blocks = shape.clone();
        let mut of: Vec<Vec<u64>> = shape.iter().map(|&dim| (0..dim).collect()).collect();
        let mut index = None;
        if !shape.is_empty() && random.below(3) > 0 {
            let axis = random.below(shape.len() as u64) as usize;
            let groups = 1 + random.below(4);
            blocks[axis] = groups;
            of[axis] = (0..shape[axis]).map(|_| random.below(groups)).collect();
            let bytes: Vec<u8> = of[axis]
                .iter()
                .flat_map(|at| (*at as i32).to_le_bytes())
                .collect();
            let span = self.add(&bytes);
            let length = shape[axis];
            let tensor = Tensor::plain("index".into(), DType::I32, vec![length], length, span);
            index = Some(Index {
                axis,
                blocks: tensor,
                count: groups,
            });
        }
        let number: u64 = blocks.iter().product();
        let mut factor = |random: &mut Random, least: f32| {
            let values: Vec<f32> = (0..number)
                .map(|_| least + random.below(999) as f32 * 0.013)
                .collect();
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let span = self.add(&bytes);
            let tensor = Tensor::plain("factor".into(), DType::F32, vec![number], number, span);
            let shape = blocks.clone();
            (Factor::Each(tensor), Dense { shape, values })
        };
        let (scale, scales) = factor(random, 0.5);
        let (zero, zeros) = factor(random, -1.0);
        let rule = [Rule::Subtract, Rule::Add, Rule::Divide][random.below(3) as usize];
        let round = [None, Some(DType::F16), Some(DType::Bf16)][random.below(3) as usize];
        let to = |x: f32| match round {
            Some(DType::F16) => half::f16::from_f32(x).to_f32(),
            Some(_) => half::bf16::from_f32(x).to_f32(),
            None => x,
        };
        let place = |index: &[u64]| -> Vec<u64> {
            index
                .iter()
                .zip(&of)
                .map(|(&at, of)| of[at as usize])
                .collect()
        };
        let (scales, zeros) = (
            scales.map(shape.clone(), place),
            zeros.map(shape.clone(), place),
        );
        let factors = scales.values.into_iter().zip(zeros.values);
        let values = codes
            .iter()
            .zip(factors)
            .map(|(&code, (scale, zero))| match rule {
                Rule::Subtract => to(to(f32::from(code) - zero) * scale),
                Rule::Add => to(to(f32::from(code) * scale) + zero),
                Rule::Divide => to(to(f32::from(code) - zero) / scale),
            })
            .collect();
        let affine = Affine {
            rule,
            round,
            index,
            ..Affine::new(tensor, scale, zero, block)
        };
        (Tensor::of_affine(affine, None), Dense { shape, values })
    }

    /// A chain of things that are done to tensors.
    fn chain(&mut self, random: &mut Random) -> Both {
        let axes = random.below(5);
        let shape = random.shape(axes, 7);
        let (mut tensor, mut dense) = self.stored(shape, random);
        for _ in 0..random.below(6) {
            (tensor, dense) = self.step(tensor, dense, random);
            assert_eq!(tensor.shape, dense.shape);
        }
        (tensor, dense)
    }

    fn step(&mut self, tensor: Tensor, dense: Dense, random: &mut Random) -> Both {
        let shape = dense.shape.clone();
        match random.below(11) {
            0 => {
                let order = random.order(shape.len());
                let permuted = order.iter().map(|&axis| shape[axis]).collect();
                let dense = dense.map(permuted, |index| {
                    let mut place = vec![0; index.len()];
                    for (at, &axis) in order.iter().enumerate() {
                        place[axis] = index[at];
                    }
                    place
                });
                (tensor.permuted(&order).unwrap(), dense)
            }
            1 => {
                // Two neighbours become one, or one is cut.
                let mut other = shape;
                let at = random.below(other.len() as u64) as usize;
                if at + 1 < other.len() && random.below(2) == 0 {
                    other[at] *= other.remove(at + 1);
                } else if let Some(&dim) = other.get(at) {
                    let side = 1 + random.below(dim);
                    if dim % side == 0 {
                        other[at] = side;
                        other.insert(at + 1, dim / side);
                    }
                } else {
                    other.push(1);
                }
                let values = dense.values;
                (
                    tensor.reshaped(&other).unwrap(),
                    Dense {
                        shape: other,
                        values,
                    },
                )
            }
            2 => {
                let ranges: Vec<_> = shape
                    .iter()
                    .map(|&dim| {
                        let first = random.below(dim);
                        first..first + 1 + random.below(dim - first)
                    })
                    .collect();
                let sliced = ranges.iter().map(|range| range.end - range.start).collect();
                let dense = dense.map(sliced, |index| {
                    index
                        .iter()
                        .zip(&ranges)
                        .map(|(at, range)| at + range.start)
                        .collect()
                });
                (tensor.sliced(&ranges).unwrap(), dense)
            }
            3 if !shape.is_empty() => self.joined(tensor, dense, random),
            4 if !tensor.dtype.is_integer() => {
                let values = dense.values.iter().map(|x| -x).collect();
                (tensor.signed(Signs::All).unwrap(), Dense { shape, values })
            }
            5 if !tensor.dtype.is_integer() => {
                let values = dense.values.iter().map(|x| x + 1.0).collect();
                (tensor.shifted(1.0).unwrap(), Dense { shape, values })
            }
            6 if shape.len() == 2 => self.adapted(&tensor, dense, random),
            7 if !shape.is_empty() && dense.values.len() < 1000 => {
                self.kronecker(&tensor, &dense, random)
            }
            8 => {
                let number = 0.75;
                let values = dense.values.iter().map(|x| x * 0.75).collect();
                let tensor = tensor.times(Scale::Number(number)).unwrap();
                (tensor, Dense { shape, values })
            }
            9 if tensor.dtype == DType::F32 => {
                let values = dense.values.iter();
                let values = values.map(|x| half::bf16::from_f32(*x).to_f32()).collect();
                let rounded = tensor.rounded(DType::Bf16).unwrap();
                let tensor = rounded.rounded(DType::F32).unwrap();
                (tensor, Dense { shape, values })
            }
            10 if !shape.is_empty() => self.normed(tensor, dense, random),
            _ => (tensor, dense),
        }
    }

    /// A matrix and the product of two others.
    fn adapted(&mut self, tensor: &Tensor, dense: Dense, random: &mut Random) -> Both {
        let (rows, columns, rank) = (dense.shape[0], dense.shape[1], 1 + random.below(4));
        let (left, a) = self.stored(vec![rows, rank], random);
        let (right, b) = self.stored(vec![rank, columns], random);
        let product = Tensor::low_rank(&left, &right).unwrap();
        let rule = if random.below(2) == 0 {
            PairRule::Add
        } else {
            PairRule::Multiply
        };
        let values = (0..rows * columns)
            .zip(dense.values)
            .map(|(at, x)| {
                let (row, column) = (at / columns, at % columns);
                let one = |k: u64| {
                    let of_left = a.values[(row * rank + k) as usize];
                    (of_left, b.values[(k * columns + column) as usize])
                };
                let sum = (0..rank).fold(0f32, |sum, k| one(k).0.mul_add(one(k).1, sum));
                match rule {
                    PairRule::Add => x + sum,
                    PairRule::Multiply => x * sum,
                }
            })
            .collect();
        let tensor = tensor.paired(rule, &product).unwrap();
        (
            tensor,
            Dense {
                shape: dense.shape,
                values,
            },
        )
    }

    fn kronecker(&mut self, tensor: &Tensor, dense: &Dense, random: &mut Random) -> Both {
        let of = random.shape(dense.shape.len() as u64, 2);
        let (left, outer) = self.stored(of.clone(), random);
        let shape: Vec<u64> = of.iter().zip(&dense.shape).map(|(a, b)| a * b).collect();
        let place = |of: fn(u64, u64) -> u64| {
            let sides = dense.shape.clone();
            move |index: &[u64]| -> Vec<u64> {
                let axes = index.iter().zip(&sides);
                axes.map(|(at, side)| of(*at, *side)).collect()
            }
        };
        let a = outer.map(shape.clone(), place(|at, side| at / side));
        let b = dense.map(shape.clone(), place(|at, side| at % side));
        let values = a.values.iter().zip(b.values).map(|(a, b)| a * b).collect();
        let tensor = Tensor::kronecker(&left, tensor).unwrap();
        (tensor, Dense { shape, values })
    }

    /// Each element times a magnitude over the norm of its index, where no norm is zero.
    fn normed(&mut self, tensor: Tensor, dense: Dense, random: &mut Random) -> Both {
        let axis = random.below(dense.shape.len() as u64) as usize;
        let (length, together) = (
            dense.shape[axis],
            dense.shape[axis + 1..].iter().product::<u64>(),
        );
        let index = |at: usize| (at as u64 / together % length) as usize;
        let mut sums = vec![0f64; length as usize];
        for (at, value) in dense.values.iter().enumerate() {
            sums[index(at)] += f64::from(*value) * f64::from(*value);
        }
        if sums.contains(&0.0) {
            return (tensor, dense);
        }
        let (magnitude, of) = self.stored(vec![length], random);
        let factors: Vec<f32> = of
            .values
            .iter()
            .zip(&sums)
            .map(|(m, sum)| m / sum.sqrt() as f32)
            .collect();
        let values = dense.values.iter().enumerate();
        let values = values
            .map(|(at, value)| factors[index(at)] * value)
            .collect();
        (
            tensor.normed(&magnitude, axis, 0.0).unwrap(),
            Dense {
                shape: dense.shape,
                values,
            },
        )
    }

    fn joined(&mut self, tensor: Tensor, dense: Dense, random: &mut Random) -> Both {
        let axis = random.below(dense.shape.len() as u64) as usize;
        let mut shape = dense.shape.clone();
        shape[axis] = 1 + random.below(4);
        let (other, more) = self.stored(shape.clone(), random);
        let (parts, arrays) = if random.below(2) == 0 {
            (vec![tensor.clone(), other], [dense.clone(), more])
        } else {
            (vec![other, tensor.clone()], [more, dense.clone()])
        };
        let Ok(joined) = Tensor::concat(axis, parts) else {
            // Another type.
            return (tensor, dense);
        };
        let first = arrays[0].shape[axis];
        shape[axis] = first + arrays[1].shape[axis];
        let mut values = Vec::new();
        let lines: u64 = shape[..axis].iter().product();
        for line in 0..lines as usize {
            for array in &arrays {
                let length = array.values.len() / lines as usize;
                values.extend_from_slice(&array.values[line * length..(line + 1) * length]);
            }
        }
        (joined, Dense { shape, values })
    }
}

/// The same source out of a map, and by reads.
fn sources(bytes: &[u8]) -> [Arc<dyn Source>; 2] {
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", bytes.to_vec()));
    [Arc::clone(&source), Watched::new(source, |_, _| Ok(()))]
}

#[test]
fn chains_of_nodes_are_what_their_definition_says() {
    let mut random = Random(11);
    for number in 0..3000 {
        let mut bytes = Bytes::default();
        let (tensor, dense) = bytes.chain(&mut random);
        let all = dense.values.len() as u64;
        let start = random.below(all + 1);
        let count = random.below(all - start + 1);
        for source in sources(&bytes.0) {
            let checkpoint = Arc::new(Checkpoint::in_memory(vec![tensor.clone()], vec![source]));
            for (start, count) in [(0, all), (start, count)] {
                let found = read_elements(
                    &checkpoint,
                    0,
                    start,
                    count,
                    ElementType::F32,
                    &Observer::default(),
                )
                .unwrap();
                let range = start as usize..(start + count) as usize;
                let wanted: Vec<u8> = dense.values[range]
                    .iter()
                    .flat_map(|x| x.to_le_bytes())
                    .collect();
                assert!(found == wanted, "chain {number}: {tensor:?}");
            }
        }
    }
}

/// Chunks and units of views that several threads take, beside the same elements stored one after the other.
#[test]
fn views_are_compared_as_their_elements_are() {
    let (rows, columns) = (1536, 2048);
    let mut random = Random(5);
    let mut bytes = Bytes::default();
    let elements = rows * columns;
    let values: Vec<f32> = (0..elements)
        .map(|_| random.below(1 << 20) as f32 * 1e-6 - 0.5)
        .collect();
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let plain = Tensor::plain(
        "w".into(),
        DType::F32,
        vec![rows, columns],
        elements,
        bytes.add(&data),
    );
    let dense = Dense {
        shape: vec![rows, columns],
        values,
    };
    let half =
        |tensor: &Tensor, from: u64, to: u64| tensor.sliced(&[from..to, 0..columns]).unwrap();
    let halves = vec![half(&plain, 700, rows), half(&plain, 0, 700)];
    let transposed = plain.permuted(&[1, 0]).unwrap();
    let heads = plain.reshaped(&[rows, 32, 64]).unwrap();
    let cases: Vec<Both> = vec![
        (
            transposed.clone(),
            dense.map(vec![columns, rows], |at| vec![at[1], at[0]]),
        ),
        (
            transposed.reshaped(&[elements]).unwrap(),
            dense.map(vec![elements], |at| vec![at[0] % rows, at[0] / rows]),
        ),
        (
            Tensor::concat(0, halves).unwrap(),
            dense.map(vec![rows, columns], |at| vec![(at[0] + 700) % rows, at[1]]),
        ),
        (
            plain.sliced(&[3..rows, 5..columns - 1]).unwrap(),
            dense.map(vec![rows - 3, columns - 6], |at| vec![at[0] + 3, at[1] + 5]),
        ),
        (
            plain.sliced(&[0..rows, 512..columns]).unwrap(),
            dense.map(vec![rows, columns - 512], |at| vec![at[0], at[1] + 512]),
        ),
        (
            heads.permuted(&[1, 0, 2]).unwrap(),
            dense.map(vec![32, rows, 64], |at| vec![at[1], at[0] * 64 + at[2]]),
        ),
    ];
    for (view, dense) in cases {
        let count = dense.values.len() as u64;
        let data: Vec<u8> = dense.values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let mut copied = Bytes::default();
        let copy = Tensor::plain(
            "w".into(),
            DType::F32,
            dense.shape,
            count,
            copied.add(&data),
        );
        let run = |old: &Tensor, of: &[u8], threads| {
            sources(of).map(|source| {
                let old = Arc::new(Checkpoint::in_memory(vec![old.clone()], vec![source]));
                let new = Arc::new(Checkpoint::in_memory(
                    vec![copy.clone()],
                    vec![sources(&copied.0)[0].clone()],
                ));
                let item = Item {
                    old: Some(Input::whole(0, 0, &old.tensors[0])),
                    new: Some(Input::whole(1, 0, &new.tensors[0])),
                };
                let plan = Plan::new(vec![old, new], vec![item]).unwrap();
                let options = Options {
                    threads,
                    method: Method::default(),
                    histogram: Histogram::None,
                };
                let mut pairs = engine::run(&plan, options, &Observer::default())
                    .unwrap()
                    .pairs;
                pairs.remove(0).unwrap()
            })
        };
        let [wanted, _] = run(&copy, &copied.0, 1);
        assert_eq!((wanted.bit_changed, wanted.elements), (0, count));
        for threads in [1, 3, 8] {
            for found in run(&view, &bytes.0, threads) {
                assert_eq!(found, wanted, "{threads} threads, {:?}", view.shape);
            }
        }
    }
}

/// Items that share their new side are read together, and that side once.
#[test]
fn four_checkpoints_are_read_in_one_pass() {
    let elements = 3 * (1u64 << 20) + 77;
    let side = |seed: u64| {
        let mut random = Random(seed);
        let data: Vec<u8> = (0..elements)
            .flat_map(|_| (random.below(1 << 16) as f32).to_le_bytes())
            .collect();
        let span = Span {
            source: 0,
            offset: 0,
            bytes: data.len() as u64,
        };
        let memory: Arc<dyn Source> = Arc::new(MemorySource::new("memory", data));
        let watched = Watched::new(memory, |_, _| Ok(()));
        let tensor = Tensor::plain("w".into(), DType::F32, vec![elements], elements, span);
        let source: Arc<dyn Source> = Arc::clone(&watched) as _;
        (
            Arc::new(Checkpoint::in_memory(vec![tensor], vec![source])),
            watched,
        )
    };
    let sides: Vec<_> = (1..5).map(side).collect();
    let input = |side: usize| Some(Input::whole(side, 0, &sides[side].0.tensors[0]));
    let item = |old: usize| Item {
        old: input(old),
        new: input(3),
    };
    let checkpoints = || sides.iter().map(|side| Arc::clone(&side.0)).collect();
    let run = |items: Vec<Item>, threads: usize| {
        let plan = Plan::new(checkpoints(), items).unwrap();
        let options = Options {
            threads,
            method: Method::default(),
            histogram: Histogram::Sampled,
        };
        let observer = Observer::default();
        let outcome = engine::run(&plan, options, &observer).unwrap();
        let [done, total, ..] = observer.progress();
        assert_eq!(done, total);
        outcome
            .pairs
            .into_iter()
            .map(Result::unwrap)
            .collect::<Vec<_>>()
    };
    let apart: Vec<_> = (0..3).flat_map(|old| run(vec![item(old)], 1)).collect();
    for threads in [1, 4] {
        let read = || -> Vec<u64> {
            let sides = sides.iter();
            sides
                .map(|side| side.1.bytes.load(std::sync::atomic::Ordering::Relaxed))
                .collect()
        };
        let before = read();
        assert_eq!(run((0..3).map(item).collect(), threads), apart);
        let read: Vec<u64> = read()
            .iter()
            .zip(before)
            .map(|(after, before)| after - before)
            .collect();
        assert_eq!(read, vec![4 * elements; 4]);
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let mut bytes = Bytes::default();
    let span = bytes.add(&[0; 24]);
    let tensor = Tensor::plain("w".into(), DType::F32, vec![2, 3], 6, span);
    let whole = Tensor::plain("i".into(), DType::I32, vec![2, 3], 6, span);
    let wrong = [
        tensor.permuted(&[0]),
        tensor.permuted(&[0, 0]),
        tensor.permuted(&[0, 2]),
        tensor.reshaped(&[4]),
        tensor.reshaped(&[1 << 40, 1 << 40]),
        tensor.sliced(&[0..2, 0..4]),
        tensor.sliced(std::slice::from_ref(&(0..2))),
        tensor.sliced(&[Range { start: 2, end: 1 }, 0..3]),
        Tensor::concat(0, Vec::new()),
        Tensor::concat(2, vec![tensor.clone()]),
        Tensor::concat(0, vec![tensor.clone(), whole.clone()]),
        Tensor::concat(0, vec![tensor.clone(), tensor.permuted(&[1, 0]).unwrap()]),
        whole.signed(Signs::All),
        whole.shifted(1.0),
        Tensor::raw("r".into(), "x9", vec![24], 24, span).permuted(&[0]),
    ];
    for (at, result) in wrong.into_iter().enumerate() {
        let error = result.expect_err(&at.to_string());
        let known = [
            Code::Argument,
            Code::ShapeOverflow,
            Code::UnsupportedDtype,
            Code::UnsupportedLayout,
        ];
        assert!(known.contains(&error.code()), "{at}: {error}");
    }
}

/// A few bytes can describe factors and scales of any size, of which all would be read before the first element.
#[test]
fn what_is_too_large_to_be_held_is_said() {
    let bytes = Bytes(vec![0; 8]);
    let whole = |dtype: DType, shape: [u64; 2]| {
        let span = Span {
            source: 0,
            offset: 0,
            bytes: 8,
        };
        let stored = Stored::strided(
            span,
            ByteOrder::Little,
            dtype.bytes(),
            0,
            &shape,
            vec![0, 0],
        );
        let elements = shape.iter().product();
        Tensor {
            node: Node::Stored(stored.unwrap()),
            ..Tensor::plain("w".into(), dtype, shape.to_vec(), elements, span)
        }
    };
    let large = whole(DType::F32, [1 << 13, (1 << 13) + 1]);
    let product = Tensor::low_rank(&whole(DType::F32, [1, 1 << 13]), &large).unwrap();
    let codes = whole(DType::U8, [1 << 13, (1 << 13) + 1]);
    let scaled = Tensor::affine(
        codes,
        None,
        Factor::Each(large),
        Factor::One(0.0),
        vec![1, 1],
    );
    for tensor in [product, scaled] {
        let [source, _] = sources(&bytes.0);
        let checkpoint = Checkpoint::in_memory(vec![tensor], vec![source]);
        let error = read_elements(&checkpoint, 0, 0, 1, ElementType::F32, &Observer::default())
            .unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded, "{error}");
        assert!(error.to_string().contains("67117056 in w"), "{error}");
    }
}
