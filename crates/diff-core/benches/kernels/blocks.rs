//! Decoders of quantised blocks and of packed codes, on output that stays in the second-level cache.

use std::hint::black_box;

use diff_core::decode::blocks::BlockFormat;
use diff_core::decode::packing::{Packing, awq, dense};
use serde_json::json;

use crate::output::{Any, Spread, say};
use crate::seconds;

const VALUES: usize = 1 << 16;
const COLUMNS: usize = 256;

pub fn run(as_json: bool, rounds: usize) -> Any<()> {
    if !as_json {
        say("65,536 values that stay in the cache, one thread; 10^9 values/s, and GB/s of f32")?;
    }
    // Bytes below 0x70: whatever their place, no half is NaN or infinite.
    let bytes: Vec<u8> = (0..4 * VALUES).map(|at| (at * 73 % 0x70) as u8).collect();
    let mut values = vec![0.0; VALUES];
    for format in BlockFormat::all() {
        let blocks = &bytes[..VALUES / format.elements * format.bytes];
        measure(as_json, rounds, format.name, || {
            (format.decode)(black_box(blocks), black_box(&mut values));
        })?;
    }
    let mut codes = vec![0; VALUES];
    for bits in [2, 3, 4, 6, 8] {
        measure(as_json, rounds, &format!("dense {bits}"), || {
            dense(bits, black_box(&bytes), black_box(&mut codes));
        })?;
    }
    let rows = |bits| Packing::dense(bits).ok_or("no such packing");
    for (name, packing) in [("rows 3", rows(3)?), ("rows 4", rows(4)?)] {
        measure(as_json, rounds, name, || {
            packing.unpack(black_box(&bytes), COLUMNS, black_box(&mut codes));
        })?;
    }
    measure(as_json, rounds, "awq", || {
        awq(black_box(&bytes), black_box(&mut codes));
    })
}

fn measure(as_json: bool, rounds: usize, name: &str, mut decode: impl FnMut()) -> Any<()> {
    const REPEAT: usize = 8;
    let rate = Spread::of((0..rounds).map(|_| {
        let time = seconds(|| (0..REPEAT).for_each(|_| decode()));
        (REPEAT * VALUES) as f64 / time / 1e9
    }));
    let Spread { min, median, max } = rate;
    say(&if as_json {
        json!({ "bench": "blocks", "format": name, "billion_values_per_second": rate.to_json() })
            .to_string()
    } else {
        format!(
            "{name:<8} {median:6.2} ({min:.2}-{max:.2})   {:5.1} GB/s",
            4.0 * median
        )
    })
}
