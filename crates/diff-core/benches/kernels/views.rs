//! Views that are not contiguous, and scales by channel, beside the same elements as they lie: out of a map and read into buffers.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use diff_core::dtype::{ByteOrder, DType};
use diff_core::engine::{self, Histogram, Options, Plan};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::Source;
use diff_core::tensor::{Factor, Node, Span, Stored, Tensor};
use diff_core::{Checkpoint, Result};
use serde_json::json;

use crate::model::{folder, open, pairs, weights, write_model};
use crate::output::{Any, Spread, say};
use crate::seconds;

/// Side of the square that the files hold: 64 MiB of f32.
const SIDE: u64 = 4096;

/// A source without a map.
#[derive(Debug)]
struct Buffered(Arc<dyn Source>);

impl Source for Buffered {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn size(&self) -> u64 {
        self.0.size()
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        buffer.resize(length, 0);
        self.0.read_exact(offset, buffer)?;
        Ok(buffer)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.0.read_exact(offset, buffer)
    }

    fn verify(&self) -> Result<()> {
        self.0.verify()
    }
}

/// Shape and strides of a view over the square.
struct View {
    name: &'static str,
    shape: &'static [u64],
    strides: &'static [u64],
}

const VIEWS: [View; 8] = [
    View {
        name: "contiguous",
        shape: &[SIDE, SIDE],
        strides: &[SIDE, 1],
    },
    View {
        name: "transposed",
        shape: &[SIDE, SIDE],
        strides: &[1, SIDE],
    },
    View {
        name: "transposed, wide",
        shape: &[SIDE / 16, SIDE * 16],
        strides: &[1, SIDE / 16],
    },
    View {
        name: "Fortran, 3 axes",
        shape: &[256, 256, 256],
        strides: &[1, 256, 65536],
    },
    View {
        name: "heads permuted",
        shape: &[8, 16, 2048, 64],
        strides: &[2048 * 16 * 64, 64, 16 * 64, 1],
    },
    // As rotary embeddings have it: the halves of each head one row in turn.
    View {
        name: "rows of heads permuted",
        shape: &[32, 64, 2, SIDE],
        strides: &[128 * SIDE, SIDE, 64 * SIDE, 1],
    },
    View {
        name: "rows sliced",
        shape: &[SIDE, 3584],
        strides: &[SIDE, 1],
    },
    View {
        name: "every second column",
        shape: &[SIDE, SIDE / 2],
        strides: &[SIDE, 2],
    },
];

fn storage_of(checkpoint: &Checkpoint) -> Any<Span> {
    match &checkpoint.tensors[0].node {
        Node::Stored(stored) => Ok(stored.span),
        _ => Err("a safetensors file holds stored tensors".into()),
    }
}

fn view_of(checkpoint: &Checkpoint, view: &View, map: bool) -> Any<Arc<Checkpoint>> {
    let storage = storage_of(checkpoint)?;
    let elements = view.shape.iter().product();
    let steps = view.strides.to_vec();
    let stored = Stored::strided(storage, ByteOrder::Little, 4, 0, view.shape, steps)?;
    let tensor = Tensor {
        node: Node::Stored(stored),
        ..Tensor::plain(
            "w".into(),
            DType::F32,
            view.shape.to_vec(),
            elements,
            Span {
                bytes: elements * 4,
                ..storage
            },
        )
    };
    Ok(over(checkpoint, tensor, map))
}

/// Codes with a scale for each row, or each column, or with none at all.
fn codes_of(checkpoint: &Checkpoint, axis: Option<usize>, map: bool) -> Any<Arc<Checkpoint>> {
    let storage = storage_of(checkpoint)?;
    let elements = SIDE * SIDE;
    let span = Span {
        bytes: elements,
        ..storage
    };
    let numbers = || {
        let span = Span {
            bytes: SIDE * 4,
            ..storage
        };
        Factor::Each(Tensor::plain(
            "s".into(),
            DType::F32,
            vec![SIDE],
            SIDE,
            span,
        ))
    };
    let mut tensor = Tensor::plain("w".into(), DType::U8, vec![SIDE, SIDE], elements, span);
    if let Some(axis) = axis {
        let mut block = vec![SIDE, SIDE];
        block[axis] = 1;
        tensor = Tensor::affine(tensor, None, numbers(), numbers(), block);
    }
    Ok(over(checkpoint, tensor, map))
}

fn over(checkpoint: &Checkpoint, tensor: Tensor, map: bool) -> Arc<Checkpoint> {
    let sources = checkpoint.sources.iter().map(|source| {
        if map {
            Arc::clone(source)
        } else {
            Arc::new(Buffered(Arc::clone(source))) as Arc<dyn Source>
        }
    });
    Arc::new(Checkpoint::new(
        &checkpoint.path,
        checkpoint.format,
        vec![tensor],
        sources.collect(),
    ))
}

/// `views ROUNDS [NAME]`: pairs of elements a second, and the ratio to contiguous ones of the same round; of all views, or of those whose names
/// contain NAME.
pub fn run(as_json: bool, rounds: usize, name: &str) -> Any<()> {
    let folder = folder()?;
    let (a, b) = weights(DType::F32, 8 << 20);
    let paths = [folder.join("a.safetensors"), folder.join("b.safetensors")];
    for (path, block) in paths.iter().zip([&a, &b]) {
        write_model(path, "F32", 4, SIDE * SIDE * 4, 1, block)?;
    }
    let (old, new) = (open(&paths[0])?, open(&paths[1])?);
    let mut threads = vec![1, std::thread::available_parallelism()?.get()];
    threads.dedup();
    for map in [true, false] {
        let mut plans = Vec::new();
        for view in &VIEWS {
            let sides = [view_of(&old, view, map)?, view_of(&new, view, map)?];
            plans.push((view.name, sides));
        }
        for (name, axis) in [
            ("codes", None),
            ("codes, a scale a row", Some(0)),
            ("codes, a scale a column", Some(1)),
        ] {
            plans.push((
                name,
                [codes_of(&old, axis, map)?, codes_of(&new, axis, map)?],
            ));
        }
        // The first one is what the others are compared with.
        let mut at = 0..;
        plans.retain(|(view, _)| at.next() == Some(0) || view.contains(name));
        for &threads in &threads {
            measure(as_json, (map, threads), rounds, &plans)?;
        }
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn measure(
    as_json: bool,
    (map, threads): (bool, usize),
    rounds: usize,
    cases: &[(&str, [Arc<Checkpoint>; 2])],
) -> Any<()> {
    let options = Options {
        threads,
        method: Method::default(),
        histogram: Histogram::None,
    };
    let mut plans = Vec::new();
    for (name, [old, new]) in cases {
        let plan = Plan::new(vec![Arc::clone(old), Arc::clone(new)], pairs(old))?;
        plans.push((*name, plan, old.tensors[0].elements as f64));
    }
    let mut rates = vec![Vec::new(); plans.len()];
    for _ in 0..rounds {
        for ((_, plan, elements), rates) in plans.iter().zip(&mut rates) {
            let time = seconds(|| {
                drop(black_box(engine::run(plan, options, &Observer::default())));
            });
            rates.push(elements / time / 1e6);
        }
    }
    let io = if map { "map" } else { "buffer" };
    for ((name, ..), own) in plans.iter().zip(&rates) {
        let rate = Spread::of(own.iter().copied());
        let ratio = Spread::of(own.iter().zip(&rates[0]).map(|(own, first)| own / first));
        say(&if as_json {
            json!({ "bench": "views", "view": name, "io": io, "threads": threads,
                "million_pairs_per_second": rate.to_json(), "of_contiguous": ratio.to_json() })
            .to_string()
        } else {
            format!(
                "{io:<7} {threads}T {name:<24} {:7.1} M pairs/s   {:.2} ({:.2}-{:.2})",
                rate.median, ratio.median, ratio.min, ratio.max
            )
        })?;
    }
    Ok(())
}
