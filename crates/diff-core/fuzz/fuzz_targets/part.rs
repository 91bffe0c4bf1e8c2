//! Any bytes as a part of a run over three tensors, beside a missing part. No panic, and no more memory than the bytes and the tensors take; what
//! is accepted has the elements of its tensors.
#![no_main]

use std::sync::Arc;

use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, Input, Item, Plan};
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Span, Tensor};
use diff_core::{Code, Error};

/// One, and one that is cut by the parts; none.
const ELEMENTS: [u64; 3] = [300, (1 << 22) + 5, 0];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let plan = plan();
    let missing = Error::new(Code::MissingPart, "missing");
    let parts = [(0..2, Ok(data.to_vec())), (2..5, Err(missing))];
    let Ok(outcome) = engine::join(&plan, &parts, &Observer::default()) else {
        return;
    };
    let first = outcome.pairs[0].as_ref();
    assert!(first.is_err() || first.is_ok_and(|stats| stats.elements == ELEMENTS[0]));
    assert!(outcome.pairs[1].is_err());
    for stats in outcome.pairs.iter().flatten() {
        let _ = stats.metrics();
    }
});

/// Nothing is read of it.
fn plan() -> Plan {
    let tensors = ELEMENTS.map(|elements| {
        let span = Span {
            source: 0,
            offset: 0,
            bytes: elements,
        };
        Tensor::plain(elements.to_string(), DType::U8, vec![elements], elements, span)
    });
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", Vec::new()));
    let checkpoint = Arc::new(Checkpoint::in_memory(tensors.into(), vec![source]));
    let whole = |side: usize, at: usize| Some(Input::whole(side, at, &checkpoint.tensors[at]));
    let items = (0..ELEMENTS.len()).map(|at| Item {
        old: whole(0, at),
        new: whole(1, at),
    });
    let items = items.collect();
    Plan::new(vec![Arc::clone(&checkpoint), Arc::clone(&checkpoint)], items).unwrap()
}
