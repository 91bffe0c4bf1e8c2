//! The accuracy contract on tensors of up to 10^9 elements, against sums that are exact.
//!
//! Elements are integers times one power of two, made as they are read, so that no file is needed. The exact sums are
//! integers of 128 bits; the code under test never sees them. `ACCURACY_ELEMENTS` sets the size, for f32; what is slower to make
//! or goes through the same loops gets a tenth of it.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use diff_core::Result;
use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{Histogram, Input, Item, Options, Plan, run};
use diff_core::kernel::{CHUNK, Method, Precision};
use diff_core::observe::Observer;
use diff_core::source::Source;
use diff_core::stats::PairStats;
use diff_core::tensor::{Span, Tensor};

/// Elements where the environment says nothing.
const ELEMENTS: u64 = 20_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nearly normal, and a small change: weights.
    Normal,
    /// Two sides without relation, a few elements of which outweigh all others.
    HeavyTails,
    /// Every rounding goes the same way.
    Constant,
    /// Blocks of 4,096 whose sums are taken back by the next one.
    Cancelling,
}

#[derive(Debug, Clone, Copy)]
struct Data {
    name: &'static str,
    kind: Kind,
    dtype: DType,
    /// Power of two that the integers are multiplied with.
    exponent: i32,
}

/// Splitmix64.
fn hash(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Data {
    /// Bits of the significand.
    fn bits(self) -> u32 {
        match self.dtype {
            DType::Bf16 => 8,
            DType::F16 => 11,
            _ => 24,
        }
    }

    /// Both sides of an element, in units of 2^exponent.
    fn pair(self, element: u64) -> (i64, i64) {
        let bits = self.bits();
        let seed = hash(element);
        match self.kind {
            Kind::Normal => {
                let part = |at: u32| i64::from((seed >> (16 * at)) as u16);
                let sum = part(0) + part(1) + part(2) + part(3) - 2 * 65_535;
                // |sum| < 2^17; three deviations fill the significand.
                let a = if bits > 18 {
                    sum << (bits - 18)
                } else {
                    sum >> (18 - bits)
                };
                let noise = hash(seed);
                let change = (noise % 9) as i64 - 4;
                // Of the short types some elements change, by a unit or two.
                let b = if bits > 18 {
                    a + (change << 8)
                } else {
                    a + change / 3
                };
                (a, b)
            }
            Kind::HeavyTails => {
                let one = |seed: u64| {
                    let significand = (seed >> 40) as i64 & ((1 << bits) - 1);
                    let shift = (2 * (seed as u32 | 0x400).trailing_zeros()).min(20);
                    let sign = if seed >> 39 & 1 == 0 { 1 } else { -1 };
                    sign * (significand << shift)
                };
                (one(seed), one(hash(seed)))
            }
            // 0.1 and 0.3 as the type holds them.
            Kind::Constant => match bits {
                8 => (205, 616),
                11 => (1638, 4916),
                _ => (13_421_773, 40_265_320),
            },
            Kind::Cancelling => {
                let partner = hash(element / 8192 * 4096 + element % 4096);
                let sign = if (element / 4096).is_multiple_of(2) {
                    1
                } else {
                    -1
                };
                let x = (partner >> 32) as i64 & ((1 << (bits - 1)) - 1);
                let y = partner as i64 & ((1 << (bits - 1)) - 1);
                // Σd, and with every second pair Σab, Σa and Σb too.
                if (element / 8192).is_multiple_of(2) {
                    (x, x + sign * y)
                } else {
                    (-x, x + sign * y)
                }
            }
        }
    }

    /// `unit` is 2^exponent.
    fn encode(self, value: i64, unit: f64, out: &mut [u8]) {
        // Exact: the value fits the type's significand.
        let float = (value as f64 * unit) as f32;
        match self.dtype {
            DType::Bf16 => out.copy_from_slice(&((float.to_bits() >> 16) as u16).to_le_bytes()),
            DType::F16 => out.copy_from_slice(&half::f16::from_f32(float).to_le_bytes()),
            _ => out.copy_from_slice(&float.to_le_bytes()),
        }
    }
}

/// One side of the data, made as it is read.
#[derive(Debug)]
struct Generated {
    data: Data,
    elements: u64,
    is_new: bool,
}

impl Source for Generated {
    fn path(&self) -> &Path {
        Path::new("generated")
    }

    fn size(&self) -> u64 {
        self.elements * self.data.dtype.bytes()
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        let item = self.data.dtype.bytes();
        let unit = 2f64.powi(self.data.exponent);
        buffer.resize(length, 0);
        for (at, out) in buffer.chunks_exact_mut(item as usize).enumerate() {
            let (a, b) = self.data.pair(offset / item + at as u64);
            self.data.encode(if self.is_new { b } else { a }, unit, out);
        }
        Ok(buffer)
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}

fn checkpoint(data: Data, elements: u64, is_new: bool) -> Arc<Checkpoint> {
    let source: Arc<dyn Source> = Arc::new(Generated {
        data,
        elements,
        is_new,
    });
    let span = Span {
        source: 0,
        offset: 0,
        bytes: source.size(),
    };
    Arc::new(Checkpoint::in_memory(
        vec![Tensor::plain(
            "w".into(),
            data.dtype,
            vec![elements],
            elements,
            span,
        )],
        vec![source],
    ))
}

fn compare(data: Data, elements: u64, precision: Precision) -> PairStats {
    let (old, new) = (
        checkpoint(data, elements, false),
        checkpoint(data, elements, true),
    );
    let whole = |side| Some(Input::whole(side, 0, &old.tensors[0]));
    let item = Item {
        old: whole(0),
        new: whole(1),
    };
    let plan = Plan::new(vec![old, new], vec![item]).unwrap();
    let options = Options {
        threads: threads(),
        method: Method {
            precision,
            ..Method::default()
        },
        histogram: Histogram::None,
    };
    run(&plan, options, &Observer::default())
        .unwrap()
        .pairs
        .remove(0)
        .unwrap()
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

const SUMS: [&str; 9] = ["d^2", "|d|", "d", "a d", "a b", "a^2", "b^2", "a", "b"];

/// Exact sums, and those of the absolute values of their terms, in units of 2^exponent or its square.
#[derive(Default, Clone, Copy)]
struct Exact {
    sums: [i128; 9],
    terms: [i128; 9],
    changed: u64,
}

impl Exact {
    fn of(data: Data, elements: u64) -> Self {
        let threads = threads() as u64;
        let share = elements.div_ceil(threads);
        let parts: Vec<Self> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|at| at * share..((at + 1) * share).min(elements))
                .map(|range| scope.spawn(move || Self::of_range(data, range)))
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap())
                .collect()
        });
        parts.into_iter().fold(Self::default(), |mut all, part| {
            for at in 0..9 {
                all.sums[at] += part.sums[at];
                all.terms[at] += part.terms[at];
            }
            all.changed += part.changed;
            all
        })
    }

    fn of_range(data: Data, range: std::ops::Range<u64>) -> Self {
        let mut exact = Self::default();
        for element in range {
            let (a, b) = data.pair(element);
            let d = b - a;
            // Never wraps: 10^9 squares of 45 bits fit 128. A checked product of i128 is a call.
            let product = |p: i64, q: i64| i128::from(p).wrapping_mul(i128::from(q));
            let terms = [
                product(d, d),
                d.abs().into(),
                d.into(),
                product(a, d),
                product(a, b),
                product(a, a),
                product(b, b),
                a.into(),
                b.into(),
            ];
            for (at, term) in terms.into_iter().enumerate() {
                exact.sums[at] += term;
                exact.terms[at] += term.abs();
            }
            exact.changed += u64::from(d != 0);
        }
        exact
    }
}

/// The largest error of a sum, relative to the sum of the absolute values of its terms; checked against the bound.
fn check(data: Data, elements: u64, exact: &Exact, precision: Precision, bound: f64) -> f64 {
    let got = compare(data, elements, precision);
    assert_eq!((got.elements, got.finite), (elements, elements));
    assert_eq!(
        got.value_changed, exact.changed,
        "{data:?}: changed elements"
    );
    let n = elements as f64;
    let found = [
        got.sum_dd,
        got.sum_abs_d,
        got.sum_d,
        got.sum_ad,
        got.sum_ab,
        got.sum_aa,
        got.sum_bb,
        got.old.mean * n,
        got.new.mean * n,
    ];
    let mut largest: f64 = 0.0;
    for at in 0..9 {
        let unit = 2f64.powi(if matches!(at, 0 | 3..=6) {
            2 * data.exponent
        } else {
            data.exponent
        });
        let scale = exact.terms[at] as f64 * unit;
        let error = (found[at] - exact.sums[at] as f64 * unit).abs();
        if scale > 0.0 {
            largest = largest.max(error / scale);
        }
        assert!(
            error <= bound * scale,
            "{data:?} {precision:?}, {elements} elements: sum of {} is off by {:e}",
            SUMS[at],
            error / scale
        );
    }
    // Squared deviations, from Σa² - (Σa)²/n.
    for (at, own) in [(5, &got.old), (6, &got.new)] {
        let (squares, sum) = (exact.sums[at], exact.sums[at + 2] as f64);
        let m2 = (squares as f64 - sum / n * sum) * 2f64.powi(2 * data.exponent);
        let scale = squares as f64 * 2f64.powi(2 * data.exponent);
        assert!(
            (own.m2 - m2).abs() <= bound * scale,
            "{data:?} {precision:?}: squared deviations {:e}, not {m2:e}",
            own.m2
        );
    }
    largest
}

fn cases() -> Vec<Data> {
    use Kind::{Cancelling, Constant, HeavyTails, Normal};
    let mut cases = Vec::new();
    // The unit of a type whose largest heavy-tailed element must stay finite.
    for (dtype, unit, tenth) in [
        (DType::F32, -26, -27),
        (DType::Bf16, -10, -11),
        (DType::F16, -24, -14),
    ] {
        for (name, kind, exponent) in [
            ("normal", Normal, unit),
            ("heavy tails", HeavyTails, unit),
            ("constant", Constant, tenth),
            ("cancelling", Cancelling, unit),
        ] {
            cases.push(Data {
                name,
                kind,
                dtype,
                exponent,
            });
        }
    }
    // Around 1e-25 and 1e25, and down to the smallest numbers of the type.
    for (dtype, tiny, huge, subnormal) in
        [(DType::F32, -106, 60, -149), (DType::Bf16, -90, 76, -133)]
    {
        for (name, kind, exponent) in [
            ("tiny", HeavyTails, tiny),
            ("huge", Normal, huge),
            ("subnormal", Normal, subnormal),
        ] {
            cases.push(Data {
                name,
                kind,
                dtype,
                exponent,
            });
        }
    }
    cases
}

#[test]
fn sums_keep_the_accuracy_contract() {
    let elements = std::env::var("ACCURACY_ELEMENTS").map_or(ELEMENTS, |text| {
        text.parse().expect("ACCURACY_ELEMENTS is a number")
    });
    for data in cases() {
        let is_main = data.dtype == DType::F32 && matches!(data.exponent, -26 | -27);
        let elements = if is_main { elements } else { elements / 10 };
        for count in [1, 1000, 3 * CHUNK as u64 + 7, elements] {
            let exact = Exact::of(data, count);
            let fast = if data.name == "normal" { 1e-7 } else { 1e-6 };
            let errors = [(Precision::Fast, fast), (Precision::Double, 1e-12)]
                .map(|(precision, bound)| check(data, count, &exact, precision, bound));
            if count == elements {
                let _ = writeln!(
                    std::io::stderr(),
                    "{} {} of {elements}: fast {:.1e}, double {:.1e}",
                    data.dtype.name(),
                    data.name,
                    errors[0],
                    errors[1]
                );
            }
        }
    }
}
