//! Quantised matrices read as f32, by one thread: what each scheme of [`diff_core::tensor::Layout`], of scales and of blocks costs.

use std::hint::black_box;
use std::sync::Arc;

use diff_core::Checkpoint;
use diff_core::decode::blocks::BlockFormat;
use diff_core::decode::codebook::NF4;
use diff_core::decode::minifloat::E2M1;
use diff_core::dtype::{ByteOrder, DType};
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Affine, Factor, Index, Layout, Span, Table, Tensor};
use serde_json::json;

use crate::output::{Any, Spread, say};
use crate::seconds;

/// Side of the square: 4 MiB of f32, so that a run is over before another process gets the core.
const SIDE: u64 = 1024;

/// Plain tensors over one memory.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn plain(&mut self, dtype: DType, shape: &[u64], byte: impl Fn(u64) -> u8) -> Tensor {
        let elements: u64 = shape.iter().product();
        let span = Span {
            source: 0,
            offset: self.0.len() as u64,
            bytes: elements * dtype.bytes(),
        };
        self.0.extend((0..span.bytes).map(byte));
        Tensor::plain("t".into(), dtype, shape.to_vec(), elements, span)
    }

    fn codes(&mut self, dtype: DType, shape: &[u64]) -> Tensor {
        // No NaN of any type.
        self.plain(dtype, shape, |at| (at * 73 % 0x70) as u8)
    }

    /// Halves of about 0.007.
    fn scales(&mut self, shape: &[u64]) -> Factor {
        Factor::Each(self.plain(DType::F16, shape, |at| if at % 2 == 0 { 7 } else { 0x1f }))
    }

    /// Blocks of ggml; bytes below 0x70 make no half that is NaN or infinite, whatever their place.
    fn blocks(&mut self, name: &str) -> Any<Tensor> {
        let format = BlockFormat::named(name).ok_or("no such format")?;
        let bytes = SIDE * SIDE / format.elements as u64 * format.bytes as u64;
        let span = Span {
            source: 0,
            offset: self.0.len() as u64,
            bytes,
        };
        self.0.extend((0..bytes).map(|at| (at * 73 % 0x70) as u8));
        let shape = vec![SIDE, SIDE];
        let order = ByteOrder::Little;
        Ok(Tensor::blocks(
            "t".into(),
            format,
            order,
            shape,
            SIDE * SIDE,
            span,
        ))
    }

    fn cases(&mut self) -> Any<Vec<(&'static str, Tensor)>> {
        let none = || Factor::One(0.0);
        let one = |codes, scale, block: &[u64]| {
            Tensor::affine(codes, None, scale, none(), block.to_vec())
        };
        let groups = SIDE / 128;
        let mut cases = vec![("f32", self.codes(DType::F32, &[SIDE, SIDE]))];
        for name in ["q4_k", "q8_0"] {
            cases.push((name, self.blocks(&name.to_ascii_uppercase())?));
        }
        let codes = self.codes(DType::F8E4M3, &[SIDE, SIDE]);
        cases.push((
            "fp8 e4m3 128x128",
            one(codes, self.scales(&[groups, groups]), &[128, 128]),
        ));
        let codes = self.codes(DType::I8, &[SIDE, SIDE]);
        cases.push(("int8 row", one(codes, self.scales(&[SIDE, 1]), &[1, SIDE])));
        let bytes = self.codes(DType::U8, &[SIDE * SIDE / 2]);
        let codes = Tensor::unpacked(bytes, Layout::HighFirst, 0, SIDE * SIDE, 0)?;
        let codes = Tensor::lookup(codes, Table::Known(&NF4))?;
        cases.push((
            "bnb nf4 g64",
            one(codes, self.scales(&[SIDE * SIDE / 64]), &[64]),
        ));
        let bytes = self.codes(DType::U8, &[SIDE, SIDE / 2]);
        let codes = Tensor::unpacked(bytes, Layout::Dense(4), 1, SIDE, 0)?;
        let codes = Tensor::lookup(codes, Table::Known(&E2M1))?;
        cases.push((
            "mxfp4 g32",
            one(codes, self.scales(&[SIDE, SIDE / 32]), &[1, 32]),
        ));
        for (name, layout, axis, has_index) in [
            ("awq int4 g128", Layout::Awq, 1, false),
            ("gptq int4 g128", Layout::Dense(4), 0, false),
            ("gptq int4 g128, index", Layout::Dense(4), 0, true),
            ("gptq int3 g128", Layout::Dense(3), 0, false),
        ] {
            let bits = if layout == Layout::Dense(3) { 3 } else { 4 };
            let mut shape = [SIDE, SIDE];
            shape[axis] = SIDE * bits / 32;
            let words = self.codes(DType::I32, &shape);
            let zeros = self.codes(DType::I32, &[groups, SIDE * bits / 32]);
            let zeros = Tensor::unpacked(zeros, layout, 1, SIDE, 0)?;
            let index = has_index.then(|| Index {
                axis: 0,
                blocks: self.plain(DType::U8, &[SIDE], |at| (at % groups) as u8),
                count: groups,
            });
            let affine = Affine {
                round: Some(DType::F16),
                index,
                ..Affine::new(
                    Tensor::unpacked(words, layout, axis, SIDE, 0)?,
                    self.scales(&[groups, SIDE]),
                    Factor::Each(zeros),
                    vec![128, 1],
                )
            };
            cases.push((name, Tensor::of_affine(affine, None).permuted(&[1, 0])?));
        }
        Ok(cases)
    }
}

/// `quantised ROUNDS`: GB/s of the f32 that come out, statistics of one tensor and all.
pub fn run(as_json: bool, rounds: usize) -> Any<()> {
    let mut bytes = Bytes::default();
    let cases = bytes.cases()?;
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", bytes.0));
    let options = Options {
        threads: 1,
        method: Method::default(),
        histogram: Histogram::None,
    };
    for (name, tensor) in cases {
        let elements = tensor.elements as f64;
        let checkpoint = Arc::new(Checkpoint::in_memory(
            vec![tensor],
            vec![Arc::clone(&source)],
        ));
        let item = Item {
            old: None,
            new: Some(Input::whole(0, 0, &checkpoint.tensors[0])),
        };
        let plan = Plan::new(vec![checkpoint], vec![item])?;
        let rate = Spread::of((0..rounds).map(|_| {
            let time = seconds(|| {
                let outcome = engine::run(&plan, options, &Observer::default());
                assert!(black_box(outcome).is_ok_and(|outcome| outcome.pairs[0].is_ok()));
            });
            4.0 * elements / time / 1e9
        }));
        let Spread { min, median, max } = rate;
        say(&if as_json {
            json!({ "bench": "quantised", "scheme": name, "gb_per_second": rate.to_json() })
                .to_string()
        } else {
            format!("{name:<24} {median:6.2} ({min:.2}-{max:.2}) GB/s")
        })?;
    }
    Ok(())
}
