//! Any bytes as elements, and as a program that permutes, reshapes, cuts, joins and turns them: compared with itself by two threads. No panic;
//! where the views can be made, both sides are equal and each element is counted once.
#![no_main]

use std::sync::Arc;

use diff_core::checkpoint::Checkpoint;
use diff_core::dtype::DType;
use diff_core::engine::{self, Histogram, Input, Item, Options, Plan};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::tensor::{Signs, Span, Tensor};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (program, elements) = data.split_at(data.len().min(32));
    let count = elements.len() as u64 / 4;
    let span = Span {
        source: 0,
        offset: 0,
        bytes: 4 * count,
    };
    let mut tensor = Tensor::plain("w".into(), DType::F32, vec![count], count, span);
    for step in program.chunks_exact(4) {
        // What does not fit is refused, and the next step has its turn.
        if let Ok(next) = apply(&tensor, step) {
            tensor = next;
        }
        if tensor.elements > 1 << 16 {
            return;
        }
    }
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", elements.to_vec()));
    let checkpoint = Arc::new(Checkpoint::in_memory(vec![tensor], vec![source]));
    // The same tensor under another number: not known to be the same bytes.
    let tensor = &checkpoint.tensors[0];
    let item = Item {
        old: Some(Input::whole(0, 0, tensor)),
        new: Some(Input::whole(1, 0, tensor)),
    };
    let plan = Plan::new(vec![Arc::clone(&checkpoint), Arc::clone(&checkpoint)], vec![item]).unwrap();
    let options = Options {
        threads: 2,
        method: Method::default(),
        histogram: Histogram::Sampled,
    };
    let outcome = engine::run(&plan, options, &Observer::default()).unwrap();
    let stats = outcome.pairs[0].as_ref().unwrap();
    assert_eq!((stats.elements, stats.bit_changed), (tensor.elements, 0));
});

fn apply(tensor: &Tensor, step: &[u8]) -> diff_core::Result<Tensor> {
    let [kind, a, b, c] = [step[0] % 6, step[1], step[2], step[3]];
    let axes = tensor.shape.len();
    match kind {
        0 => {
            let mut order: Vec<usize> = (0..axes).collect();
            order.rotate_left(usize::from(a) % axes.max(1));
            order.swap(0, usize::from(b) % axes.max(1));
            tensor.permuted(&order)
        }
        1 => {
            let rows = u64::from(a).max(1);
            let columns = u64::from(b).max(1);
            tensor.reshaped(&[rows, columns, tensor.elements / (rows * columns)])
        }
        2 => {
            let cut = |&dim: &u64| u64::from(a) % (dim + 1)..dim - u64::from(b) % (dim + 1);
            tensor.sliced(&tensor.shape.iter().map(cut).collect::<Vec<_>>())
        }
        3 => Tensor::concat(usize::from(c) % 4, vec![tensor.clone(), tensor.clone()]),
        4 => tensor.signed(Signs::All),
        _ => tensor.shifted(f32::from(a)),
    }
}
