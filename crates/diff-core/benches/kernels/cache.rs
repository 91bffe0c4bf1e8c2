//! Kernels on chunks that stay in the second-level cache.

use std::hint::black_box;

use diff_core::dtype::ValueMap;
use diff_core::kernel::{self, Elements, Isa, Method, Precision};
use serde_json::json;

use crate::limit::sum;
use crate::model::weights;
use crate::output::{Any, Case, report, say};
use crate::{DTYPES, fast, seconds};

pub fn run(as_json: bool, rounds: usize) -> Any<()> {
    const BYTES: usize = 256 << 10;
    // Short, so that most of them run undisturbed on a busy machine.
    const REPEAT: usize = 12;
    if !as_json {
        say("in cache, 2 x 256 KiB, one thread; ratio to a plain sum")?;
    }
    let double = Method {
        precision: Precision::Double,
        ..fast()
    };
    for (name, _, dtype) in DTYPES {
        let (a, b) = weights(dtype, BYTES);
        let same = a.clone();
        let operand = |bytes| Elements {
            bytes,
            dtype,
            map: ValueMap::Identity,
        };
        let isas: Vec<Isa> = Isa::available()
            .into_iter()
            .filter(|isa| *isa != Isa::PORTABLE)
            .collect();
        let mut cases = vec![Case {
            name: "sum".to_owned(),
            labels: json!({ "kind": "sum" }),
        }];
        for isa in &isas {
            for kind in ["fast", "equal", "double"] {
                cases.push(Case {
                    name: format!("{} {kind}", isa.name()),
                    labels: json!({ "isa": isa.name(), "kind": kind }),
                });
            }
        }
        let mut times = Vec::new();
        for _ in 0..rounds {
            let mut round = vec![seconds(|| {
                for _ in 0..REPEAT {
                    black_box(sum(black_box(&a)).wrapping_add(sum(black_box(&b))));
                }
            })];
            for &isa in &isas {
                for (other, method, repeat) in [
                    (&b, fast(), REPEAT),
                    (&same, fast(), REPEAT),
                    (&b, double, REPEAT / 4),
                ] {
                    let time = seconds(|| {
                        for _ in 0..repeat {
                            black_box(kernel::compare(
                                operand(black_box(&a)),
                                operand(black_box(other)),
                                method,
                                isa,
                            ));
                        }
                    });
                    round.push(time * REPEAT as f64 / repeat as f64);
                }
            }
            times.push(round);
        }
        let labels = json!({ "bench": "cache", "dtype": name });
        let bytes = (2 * BYTES * REPEAT) as f64;
        report(as_json, name, &labels, &cases, bytes, &times)?;
    }
    Ok(())
}
