//! Decoders of quantised blocks, on output that stays in the second-level cache.

use std::hint::black_box;

use diff_core::decode::blocks::BlockFormat;
use serde_json::json;

use crate::output::{Any, Spread, say};
use crate::seconds;

pub fn run(as_json: bool, rounds: usize) -> Any<()> {
    const VALUES: usize = 1 << 16;
    const REPEAT: usize = 8;
    if !as_json {
        say("blocks to 256 KiB of f32, one thread; GB/s of output")?;
    }
    for format in BlockFormat::all() {
        let length = VALUES / format.elements * format.bytes;
        // Bytes below 0x70: whatever their place, no half is NaN or infinite.
        let blocks: Vec<u8> = (0..length).map(|at| (at * 73 % 0x70) as u8).collect();
        let mut out = vec![0.0; VALUES];
        let rate = Spread::of((0..rounds).map(|_| {
            let time = seconds(|| {
                for _ in 0..REPEAT {
                    (format.decode)(black_box(&blocks), black_box(&mut out));
                }
            });
            (REPEAT * VALUES * size_of::<f32>()) as f64 / time / 1e9
        }));
        say(&if as_json {
            json!({ "bench": "blocks", "format": format.name, "gb_per_second": rate.to_json() })
                .to_string()
        } else {
            format!(
                "{:<8} {:7.1} GB/s ({:.1}-{:.1})",
                format.name, rate.median, rate.min, rate.max
            )
        })?;
    }
    Ok(())
}
