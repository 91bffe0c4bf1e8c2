//! Every loop against the portable definition bit for bit, and both definitions against exact sums.

use crate::dtype::{DType, ValueMap};
use crate::error::Result;
use crate::kernel::{
    self, BLOCK, CHUNK, Elements, Foreseen, Isa, Lines, Method, Part, Parts, Precision,
};
use crate::stats::PairStats;

/// Xorshift: the tests must not depend on a crate's stream.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// In 0..1.
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Log-normal with random sign: a few elements outweigh all others.
    fn heavy(&mut self) -> f64 {
        let sign = if self.next() & 1 == 0 { 1.0 } else { -1.0 };
        sign * (3.0 * self.normal()).exp()
    }
}

fn encode(dtype: DType, value: f64) -> Vec<u8> {
    match dtype {
        DType::F32 => (value as f32).to_le_bytes().to_vec(),
        DType::Bf16 => half::bf16::from_f64(value).to_le_bytes().to_vec(),
        _ => half::f16::from_f64(value).to_le_bytes().to_vec(),
    }
}

fn encode_all(dtype: DType, count: usize, mut value: impl FnMut(usize) -> f64) -> Vec<u8> {
    (0..count).flat_map(|i| encode(dtype, value(i))).collect()
}

fn operand(dtype: DType, bytes: &[u8]) -> Elements<'_> {
    Elements {
        bytes,
        dtype,
        map: ValueMap::Identity,
    }
}

fn values(dtype: DType, bytes: &[u8]) -> Vec<f64> {
    let mut out = Vec::new();
    kernel::for_each_value(operand(dtype, bytes), |x| out.push(x));
    out
}

fn method(precision: Precision, threshold: f64) -> Method {
    Method {
        threshold,
        precision,
        element_wise: true,
    }
}

/// Every field as bits: NaN equals itself, -0 does not equal 0.
fn bits(stats: &PairStats) -> Vec<u64> {
    let own = |o: &crate::stats::Moments| {
        vec![
            o.finite,
            o.mean.to_bits(),
            o.m2.to_bits(),
            o.sum_squares.to_bits(),
            o.min.to_bits(),
            o.max.to_bits(),
            o.zeros,
            o.nan,
            o.infinite,
        ]
    };
    let mut all = vec![
        stats.elements,
        stats.finite,
        stats.sum_dd.to_bits(),
        stats.sum_ad.to_bits(),
        stats.sum_ab.to_bits(),
        stats.sum_abs_d.to_bits(),
        stats.sum_d.to_bits(),
        stats.sum_aa.to_bits(),
        stats.sum_bb.to_bits(),
        stats.max_abs_d.to_bits(),
        stats.over_threshold,
        stats.nonfinite_changed,
        stats.value_changed,
        stats.bit_changed,
    ];
    all.extend(own(&stats.old));
    all.extend(own(&stats.new));
    all
}

fn compare(dtype: DType, a: &[u8], b: &[u8], method: Method, isa: Isa) -> PairStats {
    kernel::compare(operand(dtype, a), operand(dtype, b), method, isa)
}

/// The portable definition is taken once, `isa` must give its bits; counts must be those of `double`.
fn assert_same(dtype: DType, isa: Isa, a: &[u8], b: &[u8], threshold: f64, what: &str) {
    let fast = method(Precision::Fast, threshold);
    let portable = compare(dtype, a, b, fast, Isa::PORTABLE);
    let got = compare(dtype, a, b, fast, isa);
    assert_eq!(bits(&got), bits(&portable), "{what}\n{got:?}\n{portable:?}");
    let own = kernel::describe(operand(dtype, b), fast, isa);
    let own_portable = kernel::describe(operand(dtype, b), fast, Isa::PORTABLE);
    assert_eq!(own, own_portable, "{what}: one side");
    let double = compare(dtype, a, b, method(Precision::Double, threshold), isa);
    let counts = |s: &PairStats| {
        [
            s.elements,
            s.finite,
            s.over_threshold,
            s.nonfinite_changed,
            s.value_changed,
            s.bit_changed,
            s.old.zeros,
            s.new.zeros,
            s.old.nan,
            s.new.infinite,
            s.old.min.to_bits(),
            s.old.max.to_bits(),
            s.new.min.to_bits(),
            s.new.max.to_bits(),
        ]
    };
    assert_eq!(counts(&got), counts(&double), "{what}: counts");
}

/// Weights and a small change to them; some elements equal, some zero with either sign.
fn pair(
    dtype: DType,
    count: usize,
    random: &mut Random,
    draw: fn(&mut Random) -> f64,
) -> (Vec<u8>, Vec<u8>) {
    let a: Vec<f64> = (0..count)
        .map(|_| match random.next() % 16 {
            0 => 0.0,
            1 => -0.0,
            _ => draw(random),
        })
        .collect();
    let b: Vec<f64> = a
        .iter()
        .map(|&x| match random.next() % 8 {
            0 => x,
            1 => -x,
            2 => 0.0,
            _ => x + 1e-2 * draw(random),
        })
        .collect();
    (
        encode_all(dtype, count, |i| a[i]),
        encode_all(dtype, count, |i| b[i]),
    )
}

fn specials(dtype: DType) -> Vec<Vec<u8>> {
    let bits: Vec<u32> = match dtype {
        DType::F32 => vec![
            0,
            1,
            0x007f_ffff,
            0x0080_0000,
            0x3f80_0000,
            0x7f7f_ffff,
            0x7f80_0000,
            0x7fc0_0001,
            0x7f80_0001,
        ],
        DType::Bf16 => vec![0, 1, 0x007f, 0x0080, 0x3f80, 0x7f7f, 0x7f80, 0x7fc1, 0x7f81],
        _ => vec![0, 1, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0x7e01, 0x7c01],
    };
    let item = dtype.bytes() as usize;
    let sign = 1u32 << (8 * item - 1);
    bits.iter()
        .flat_map(|&b| [b, b | sign])
        .map(|b| b.to_le_bytes()[..item].to_vec())
        .collect()
}

fn every_length(dtype: DType, isa: Isa) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for draw in [Random::normal as fn(&mut Random) -> f64, Random::heavy] {
        for count in 0..=300 {
            let (a, b) = pair(dtype, count, &mut random, draw);
            assert_same(dtype, isa, &a, &b, 0.0, &format!("{count} elements"));
            assert_same(dtype, isa, &a, &b, 1e-2, &format!("{count} elements"));
        }
    }
}

fn every_boundary(dtype: DType, isa: Isa) {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let draws = [Random::normal as fn(&mut Random) -> f64, Random::heavy];
    for (at, edge) in [1024, 4096, CHUNK, 3 * 4096 + 7].into_iter().enumerate() {
        for count in [edge - 1, edge, edge + 1] {
            let (a, b) = pair(dtype, count, &mut random, draws[at % 2]);
            assert_same(dtype, isa, &a, &b, 1e-3, &format!("{count} elements"));
        }
    }
}

/// A tensor of several chunks and a rest, chunk by chunk as the engine takes it. Under an emulator the dearer half is left out.
fn several_chunks(dtype: DType, isa: Isa) {
    let mut random = Random(0x1357_9bdf_0246_8ace);
    let bytes = CHUNK * dtype.bytes() as usize;
    let draws = [Random::heavy as fn(&mut Random) -> f64, Random::normal];
    for draw in &draws[..if cfg!(target_arch = "aarch64") { 1 } else { 2 }] {
        let (a, b) = pair(dtype, 3 * CHUNK + 7, &mut random, *draw);
        let chunks = a.chunks(bytes).zip(b.chunks(bytes)).enumerate();
        assert_eq!(chunks.len(), 4);
        for (number, (x, y)) in chunks {
            assert_same(dtype, isa, x, y, 1e-3, &format!("chunk {number}"));
        }
    }
}

fn every_alignment(dtype: DType, isa: Isa) {
    let mut random = Random(77);
    let (a, b) = pair(dtype, 5000, &mut random, Random::heavy);
    let reference = compare(dtype, &a, &b, method(Precision::Fast, 0.1), Isa::PORTABLE);
    for shift in 0..64 {
        let moved = |bytes: &[u8], by: usize| [&vec![0xa5; by][..], bytes].concat();
        let (x, y) = (moved(&a, shift), moved(&b, (7 * shift) % 64));
        let got = compare(
            dtype,
            &x[shift..],
            &y[(7 * shift) % 64..],
            method(Precision::Fast, 0.1),
            isa,
        );
        assert_eq!(bits(&got), bits(&reference), "shifted by {shift}");
    }
}

/// Equal and nearly equal tiles, the difference at every kind of place.
fn equal_tiles(dtype: DType, isa: Isa) {
    let mut random = Random(5);
    let item = dtype.bytes() as usize;
    let (a, b) = pair(dtype, 5 * 4096 + 50, &mut random, Random::heavy);
    assert_same(dtype, isa, &a, &a, 0.0, "equal");
    for tiles in [0..1, 1..2, 2..5, 0..4, 1..5] {
        let mut mixed = b.clone();
        let range = tiles.start * 4096 * item..tiles.end * 4096 * item;
        mixed[range.clone()].copy_from_slice(&a[range]);
        assert_same(
            dtype,
            isa,
            &a,
            &mixed,
            0.0,
            &format!("tiles {tiles:?} equal"),
        );
    }
    for at in [0, 31, 32, 1023, 4095, 4096, 20529] {
        let mut changed = a.clone();
        changed[at * item] ^= 1;
        assert_same(
            dtype,
            isa,
            &a,
            &changed,
            0.0,
            &format!("element {at} changed"),
        );
    }
}

fn one_sign(dtype: DType, isa: Isa) {
    let mut random = Random(6);
    for sign in [1.0, -1.0] {
        for count in [31, 32, 33, 1024, 4096 + 64, 9000] {
            let a = encode_all(dtype, count, |_| sign * random.heavy().abs());
            let b = encode_all(dtype, count, |_| sign * (1.0 + random.uniform()));
            assert_same(dtype, isa, &a, &b, 0.5, &format!("sign {sign}, {count}"));
            let mut last = a.clone();
            let item = dtype.bytes() as usize;
            last[count * item - 1] ^= 0x80;
            assert_same(
                dtype,
                isa,
                &last,
                &b,
                0.5,
                &format!("sign {sign} but the last, {count}"),
            );
        }
    }
    let zeros = |sign: f64| encode_all(dtype, 100, |_| 0.0 * sign);
    for (p, q) in [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
        assert_same(dtype, isa, &zeros(p), &zeros(q), 0.0, "zeros");
    }
}

/// Special values alone, in pairs, and one of them among ordinary elements at every place of a step.
fn special_values(dtype: DType, isa: Isa) {
    let specials = specials(dtype);
    let item = dtype.bytes() as usize;
    let ordinary = encode_all(dtype, 40, |i| 0.25 + i as f64);
    for x in &specials {
        for y in &specials {
            let what = format!("{x:02x?} against {y:02x?}");
            assert_same(dtype, isa, x, y, 0.0, &what);
            for count in [33, 64] {
                assert_same(dtype, isa, &x.repeat(count), &y.repeat(count), 1.0, &what);
            }
        }
        for at in 0..40 {
            let mut bytes = ordinary.clone();
            bytes[at * item..][..item].copy_from_slice(x);
            let what = format!("{x:02x?} at {at}");
            assert_same(dtype, isa, &ordinary, &bytes, 1.0, &what);
            assert_same(dtype, isa, &bytes, &ordinary, 1.0, &what);
            assert_same(dtype, isa, &bytes, &bytes, 1.0, &what);
        }
    }
    // Any bits at all.
    let mut random = Random(8);
    for count in [64, 100, 5000] {
        let a: Vec<u8> = (0..count * item).map(|_| random.next() as u8).collect();
        let b: Vec<u8> = (0..count * item).map(|_| random.next() as u8).collect();
        assert_same(dtype, isa, &a, &b, 1.0, &format!("{count} of any bits"));
    }
}

/// Elements whose difference lies next to the threshold and is not exact in f32.
fn thresholds(dtype: DType, isa: Isa) {
    let mut random = Random(9);
    let count = 6000;
    let large = if dtype == DType::F16 { 1024.0 } else { 1.0 };
    let a = encode_all(dtype, count, |i| {
        if i % 3 == 0 {
            0.0
        } else {
            large * 3e-8 * random.normal()
        }
    });
    let b = encode_all(dtype, count, |i| {
        if i % 2 == 0 {
            large
        } else {
            large * (1.0 + random.normal() * 0.01)
        }
    });
    let exact: Vec<f64> = values(dtype, &a)
        .iter()
        .zip(values(dtype, &b))
        .map(|(x, y)| (y - x).abs())
        .collect();
    let next = f64::from((large as f32).next_up());
    let before = f64::from((large as f32).next_down());
    for threshold in [
        large,
        next,
        before,
        f64::midpoint(large, next),
        large + 1e-12,
        large - 1e-12,
        exact[1],
        exact[2],
        exact[5],
        exact[7],
        0.0,
        -0.0,
        -1.0,
        1e-60,
        f64::NAN,
        f64::INFINITY,
        f64::from(f32::MAX),
        1e300,
    ] {
        let what = format!("threshold {threshold:e}");
        assert_same(dtype, isa, &a, &b, threshold, &what);
        let got = compare(dtype, &a, &b, method(Precision::Fast, threshold), isa);
        let expected = exact.iter().filter(|&&d| d > threshold).count() as u64;
        assert_eq!(got.over_threshold, expected, "{what}");
    }
}

/// A chunk in parts of several sizes, beside lines that lie elsewhere.
struct Blocks<'a> {
    sides: [Elements<'a>; 2],
    lines: Lines,
}

impl Parts for Blocks<'_> {
    fn size(&self, start: usize) -> usize {
        if start == 0 { 4 * BLOCK } else { BLOCK }
    }

    fn part(&mut self, start: usize, count: usize) -> Result<Part<'_>> {
        Ok(Part {
            sides: self.sides.map(|side| side.part(start, count)),
            foreseen: (start > 0).then_some(Foreseen {
                storages: self.sides.map(|side| side.bytes),
                lines: [&self.lines; 2],
            }),
        })
    }
}

fn parts(dtype: DType, isa: Isa) {
    let mut random = Random(11);
    for count in [100, 5000, 7 * BLOCK + 17, CHUNK] {
        let mut a = encode_all(dtype, count, |_| random.normal());
        let b = encode_all(dtype, count, |at| {
            if at < 6 * BLOCK { random.normal() } else { 0.0 }
        });
        let item = dtype.bytes() as usize;
        // Equal blocks too.
        a[(count / 2) * item..].copy_from_slice(&b[(count / 2) * item..]);
        let mut blocks = Blocks {
            sides: [operand(dtype, &a), operand(dtype, &b)],
            lines: std::array::from_fn(|line| line * 64 * 7 % a.len()),
        };
        for threshold in [0.0, 0.75] {
            let method = method(Precision::Fast, threshold);
            let found = kernel::compare_parts(count, method, isa, &mut blocks).unwrap();
            let whole = compare(dtype, &a, &b, method, Isa::PORTABLE);
            assert_eq!(bits(&found.unwrap()), bits(&whole), "{dtype:?}, {count}");
        }
    }
}

macro_rules! every_loop {
    ($($isa:ident: $($kind:ident = $dtype:expr),*;)*) => {
        $(mod $isa {
            $(mod $kind {
                use crate::dtype::DType;
                use crate::kernel::{Isa, tests};

                fn run(test: fn(DType, Isa)) {
                    // A processor without it has nothing to test.
                    if let Some(isa) = Isa::available().into_iter().find(|isa| isa.name() == stringify!($isa)) {
                        test($dtype, isa);
                    }
                }

                #[test] fn every_length() { run(tests::every_length); }
                #[test] fn every_boundary() { run(tests::every_boundary); }
                #[test] fn several_chunks() { run(tests::several_chunks); }
                #[test] fn every_alignment() { run(tests::every_alignment); }
                #[test] fn parts() { run(tests::parts); }
                #[test] fn equal_tiles() { run(tests::equal_tiles); }
                #[test] fn one_sign() { run(tests::one_sign); }
                #[test] fn special_values() { run(tests::special_values); }
                #[test] fn thresholds() { run(tests::thresholds); }
                #[test] fn accuracy() { run(tests::accuracy::contract); }
            })*
        })*
    };
}

every_loop! {
    portable: f32 = DType::F32, bf16 = DType::Bf16, f16 = DType::F16;
    avx2: f32 = DType::F32, bf16 = DType::Bf16, f16 = DType::F16;
    avx512: f32 = DType::F32, bf16 = DType::Bf16, f16 = DType::F16;
    neon: f32 = DType::F32, bf16 = DType::Bf16, f16 = DType::F16;
}

#[test]
fn an_integer_of_64_bits_beside_a_quantised_one() {
    let integers: [i64; 5] = [0, 1, -2, i64::MAX, 3];
    let codes: [i8; 5] = [3, 5, -1, 3, 4];
    let a = integers.map(i64::to_le_bytes).concat();
    let b = codes.map(i8::to_le_bytes).concat();
    // (q - 3) / 2: 0, 1, -2, 0, 0.5
    let quantised = Elements {
        map: ValueMap::Affine {
            scale: 0.5,
            zero_point: 3,
        },
        ..operand(DType::I8, &b)
    };
    for precision in [Precision::Fast, Precision::Double] {
        let method = method(precision, 0.0);
        for isa in Isa::available() {
            let stats = kernel::compare(operand(DType::I64, &a), quantised, method, isa);
            assert_eq!((stats.value_changed, stats.over_threshold), (2, 2));
            assert_eq!(stats.max_abs_d, i64::MAX as f64);
            assert_eq!(stats.sum_d, -(i64::MAX as f64) - 2.5);
            assert_eq!((stats.new.min, stats.new.max), (-2.0, 1.0));
            assert_eq!((stats.old.zeros, stats.new.zeros), (1, 2));
            let turned = kernel::compare(quantised, operand(DType::I64, &a), method, isa);
            assert_eq!(turned.value_changed, 2);
            assert_eq!(turned.sum_d, -stats.sum_d);
        }
    }
}

mod accuracy {
    //! The accuracy contract, judged by sums in double-double.

    use super::*;

    /// An unevaluated sum of two f64: 106 bits.
    #[derive(Clone, Copy, Default)]
    struct Exact(f64, f64);

    impl Exact {
        fn add(&mut self, x: f64) {
            let sum = self.0 + x;
            let part = sum - self.0;
            let error = (self.0 - (sum - part)) + (x - part);
            let low = self.1 + error;
            self.0 = sum + low;
            self.1 = low - (self.0 - sum);
        }

        fn add_product(&mut self, x: f64, y: f64) {
            let product = x * y;
            self.add(product);
            self.add(x.mul_add(y, -product));
        }
    }

    struct Case {
        name: &'static str,
        /// Bound of the relative error of `fast`.
        bound: f64,
        a: Vec<f64>,
        b: Vec<f64>,
    }

    fn cases() -> Vec<Case> {
        let mut random = Random(0xabc_def);
        let count = 3 * 4096 + 517;
        let mut all = Vec::new();
        let mut add = |name, bound, mut value: Box<dyn FnMut(usize) -> (f64, f64)>| {
            let (a, b) = (0..count).map(&mut value).unzip();
            all.push(Case { name, bound, a, b });
        };
        let mut r = Random(1);
        add(
            "weights",
            1e-7,
            Box::new(move |_| {
                let x = 0.02 * r.normal();
                (x, x + 1e-4 * r.normal())
            }),
        );
        let mut r = Random(2);
        add(
            "heavy tails",
            1e-6,
            Box::new(move |_| (r.heavy(), r.heavy())),
        );
        add("constant", 1e-6, Box::new(|_| (0.1, 0.3)));
        let mut r = Random(3);
        add(
            "tiny",
            1e-6,
            Box::new(move |_| (1e-25 * r.normal(), 1e-25 * r.normal())),
        );
        let mut r = Random(4);
        add(
            "huge",
            1e-6,
            Box::new(move |_| (1e25 * r.normal(), 1e25 * r.normal())),
        );
        let mut r = Random(5);
        add(
            "subnormal",
            1e-6,
            Box::new(move |_| (1e-41 * r.normal(), 1e-41 * r.normal())),
        );
        let mut r = Random(6);
        add(
            "tiny change",
            1e-6,
            Box::new(move |_| {
                let x = 1e-6 * r.normal();
                (
                    x,
                    x * (1.0 + f64::from(f32::EPSILON) * (r.normal() * 4.0).round()),
                )
            }),
        );
        // Sums of d, a d and a b that cancel to almost nothing.
        let mut r = Random(7);
        let mut previous = (0.0, 0.0);
        add(
            "cancelling",
            1e-6,
            Box::new(move |i| {
                previous = if i % 2 == 0 {
                    let x = r.heavy();
                    (x, x + r.heavy())
                } else {
                    (previous.0, 2.0 * previous.0 - previous.1)
                };
                previous
            }),
        );
        let spread = move |i: usize| if i.is_multiple_of(100) { 2.0 } else { 1e-30 };
        add(
            "both at once",
            1e-6,
            Box::new(move |i| (spread(i), -spread(i + 1))),
        );
        // Norm weights: the deviation is far below the mean.
        add(
            "around one",
            1e-6,
            Box::new(move |_| (1.0 + 1e-5 * random.normal(), 1.0 + 1e-5 * random.normal())),
        );
        all
    }

    pub(super) fn contract(dtype: DType, isa: Isa) {
        for case in cases() {
            let a = encode_all(dtype, case.a.len(), |i| case.a[i]);
            let b = encode_all(dtype, case.b.len(), |i| case.b[i]);
            let (x, y) = (values(dtype, &a), values(dtype, &b));
            if x.iter().chain(&y).any(|v| !v.is_finite()) {
                continue; // beyond f16
            }
            for (precision, bound) in [(Precision::Fast, case.bound), (Precision::Double, 1e-12)] {
                let got = compare(dtype, &a, &b, method(precision, 0.0), isa);
                check(
                    &got,
                    &x,
                    &y,
                    bound,
                    &format!("{} {dtype:?} {precision:?}", case.name),
                );
            }
        }
    }

    fn check(got: &PairStats, x: &[f64], y: &[f64], bound: f64, what: &str) {
        let mut exact = [Exact::default(); 9];
        let mut scale = [0.0; 9];
        // Differences in two parts, so that they are exact.
        for (&x, &y) in x.iter().zip(y) {
            let d = y - x;
            let part = d - y;
            let rest = (y - (d - part)) + (-x - part);
            let sign = if d < 0.0 { -1.0 } else { 1.0 };
            exact[0].add_product(d, d);
            exact[0].add_product(2.0 * d, rest);
            exact[1].add(sign * d);
            exact[1].add(sign * rest);
            exact[2].add(d);
            exact[2].add(rest);
            exact[3].add_product(x, d);
            exact[3].add_product(x, rest);
            exact[4].add_product(x, y);
            exact[5].add_product(x, x);
            exact[6].add_product(y, y);
            exact[7].add(x);
            exact[8].add(y);
            for (at, term) in [d * d, d, d, x * d, x * y, x * x, y * y, x, y]
                .iter()
                .enumerate()
            {
                scale[at] += term.abs();
            }
        }
        let n = x.len() as f64;
        let sums = [
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
        let names = ["dd", "|d|", "d", "ad", "ab", "aa", "bb", "a", "b"];
        for at in 0..9 {
            // Products below 2^-149 are lost to f32; they stay far below |a| |d|.
            let floor = match at {
                3 => 1e-14 * (scale[5] * scale[0]).sqrt(),
                4 => 1e-14 * (scale[5] * scale[6]).sqrt(),
                _ => 0.0,
            };
            let error = (sums[at] - (exact[at].0 + exact[at].1)).abs();
            assert!(
                error <= bound * scale[at] + floor,
                "{what}: sum {} is {:e}, off by {:e}",
                names[at],
                sums[at],
                error / scale[at]
            );
        }
        for (values, own, sum) in [(x, &got.old, exact[7]), (y, &got.new, exact[8])] {
            let mean = (sum.0 + sum.1) / n;
            let mut squares = Exact::default();
            for v in values {
                squares.add_product(v - mean, v - mean);
            }
            let m2 = squares.0 + squares.1;
            // From f32 sums the deviation keeps three digits fewer than the squares, at least.
            let total: f64 = values.iter().map(|v| v * v).sum();
            let allowed = m2 * 1e3 * bound + 1e-20 * total;
            assert!(
                (own.m2 - m2).abs() <= allowed,
                "{what}: m2 {:e} instead of {m2:e}",
                own.m2
            );
        }
    }
}
