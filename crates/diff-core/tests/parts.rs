//! A plan in parts: whatever the cut, the threads and the order, the outcome of the single run; and parts that were tampered with.

mod common;

use std::ops::Range;
use std::sync::Arc;

use common::{Counting, Watched, measured};
use diff_core::dtype::DType;
use diff_core::engine::{self, Cut, Histogram, Input, Item, Options, Outcome, Plan};
use diff_core::kernel::Method;
use diff_core::observe::Observer;
use diff_core::source::{MemorySource, Source};
use diff_core::stats::PairStats;
use diff_core::tensor::{Span, Tensor};
use diff_core::{Checkpoint, Code, Error, Result};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Elements of a unit.
const UNIT: u64 = 1 << 21;

/// Heavy tails, so that sums in another order have other bits, and now and then what is not finite.
fn elements(dtype: DType, count: u64, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut data = Vec::with_capacity((count * dtype.bytes()) as usize);
    for at in 0..count {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let single = (state & 0x807f_ffff) | ((117 + (state >> 27)) << 23);
        let single = if at % 100_003 == 70 {
            0x7fc0_0000
        } else {
            single
        };
        match dtype {
            DType::F32 => data.extend(single.to_le_bytes()),
            DType::Bf16 => data.extend(((single >> 16) as u16).to_le_bytes()),
            DType::F64 => data.extend((f64::from(f32::from_bits(single)) / 3.0).to_le_bytes()),
            _ => data.push((state >> 24) as u8),
        }
    }
    data
}

/// Tensors of several types: small, empty, exactly a unit, and of several.
const TENSORS: &[(DType, u64)] = &[
    (DType::F32, 300),
    (DType::U8, 5 * UNIT + 17),
    (DType::Bf16, 0),
    (DType::Bf16, UNIT),
    (DType::F8E5M2, 3 * UNIT),
    (DType::F64, 1000),
    (DType::C64, 40),
    (DType::F32, UNIT + 1),
    (DType::U8, 1),
];

fn side(seed: u32, watch: impl Fn(Arc<dyn Source>) -> Arc<dyn Source>) -> Arc<Checkpoint> {
    let (mut data, mut tensors) = (Vec::new(), Vec::new());
    for (at, &(dtype, count)) in (0..).zip(TENSORS) {
        let span = Span {
            source: 0,
            offset: data.len() as u64,
            bytes: count * dtype.bytes(),
        };
        let (of, times) = if dtype == DType::C64 {
            (DType::F32, 2)
        } else {
            (dtype, 1)
        };
        data.extend(elements(of, count * times, seed + at));
        tensors.push(Tensor::plain(
            at.to_string(),
            dtype,
            vec![count],
            count,
            span,
        ));
    }
    Arc::new(Checkpoint::in_memory(
        tensors,
        vec![watch(Arc::new(MemorySource::new("memory", data)))],
    ))
}

/// Pairs of all tensors; of some also a side alone, a part, and two old ones that share their new side.
fn plan(old: &Arc<Checkpoint>, new: &Arc<Checkpoint>) -> Plan {
    let whole = |side: usize, at: usize| {
        let of = [old, new][side];
        Some(Input::whole(side, at, &of.tensors[at]))
    };
    let pair = |before: usize, after: usize| Item {
        old: whole(0, before),
        new: whole(1, after),
    };
    let mut items: Vec<Item> = (0..TENSORS.len()).map(|at| pair(at, at)).collect();
    items.extend([pair(1, 1), pair(1, 1)]);
    items.push(Item {
        old: whole(0, 4),
        new: None,
    });
    items.push(Item {
        old: None,
        new: whole(1, 3),
    });
    Plan::new(vec![Arc::clone(old), Arc::clone(new)], items).unwrap()
}

fn options(threads: usize) -> Options {
    Options {
        threads,
        method: Method::default(),
        histogram: Histogram::Sampled,
    }
}

fn spell(outcome: &Outcome) -> String {
    format!("{outcome:?}")
}

type Joined = Vec<(Range<u64>, Result<Vec<u8>>)>;

fn run_all(plan: &Plan, cuts: &[Cut], threads: usize) -> Joined {
    let parts = cuts.iter().map(|cut| {
        let part = engine::run_part(plan, &cut.units, options(threads), &Observer::default());
        (cut.units.clone(), part)
    });
    parts.collect()
}

#[test]
fn any_number_of_parts_gives_the_bits_of_the_single_run() {
    let (old, new) = (side(1, |source| source), side(50, |source| source));
    let plan = plan(&old, &new);
    let observer = Observer::default();
    let expected = spell(&engine::run(&plan, options(3), &observer).unwrap());
    let [_, total, ..] = observer.progress();
    for (number, threads) in (1..=64).zip([1, 2, 3, 8].into_iter().cycle()) {
        // All of them take a while with a slow processor.
        if number > 8 && number % 9 != 0 && number != 64 {
            continue;
        }
        let cuts = engine::cut(&plan, number, &Observer::default()).unwrap();
        assert_eq!(cuts.len(), number as usize);
        assert_eq!(cuts.iter().map(|cut| cut.bytes).sum::<u64>(), total);
        let largest = cuts.iter().map(|cut| cut.bytes).max().unwrap();
        let unit = 8 * UNIT;
        assert!(
            largest <= total / u64::from(number) + 2 * unit,
            "{number} parts"
        );
        let parts = run_all(&plan, &cuts, threads);
        let found = spell(&engine::join(&plan, &parts, &Observer::default()).unwrap());
        assert!(found == expected, "{number} parts, {threads} threads");
    }
}

#[test]
fn an_error_is_that_of_the_single_run() {
    let failing = |source: Arc<dyn Source>| -> Arc<dyn Source> {
        let size = source.size();
        Watched::new(source, move |offset, _| {
            // In two units of the second tensor.
            let inside = offset > size / 8 && offset < size / 3;
            if inside {
                return Err(Error::new(Code::Io, "cannot read: disk").offset(offset));
            }
            Ok(())
        })
    };
    let (old, new) = (side(1, failing), side(50, |source| source));
    let plan = plan(&old, &new);
    let expected = engine::run(&plan, options(8), &Observer::default()).unwrap();
    assert!(expected.pairs.iter().any(Result::is_err));
    for number in [1, 2, 3, 5, 9, 40] {
        let cuts = engine::cut(&plan, number, &Observer::default()).unwrap();
        let parts = run_all(&plan, &cuts, 2);
        let found = engine::join(&plan, &parts, &Observer::default()).unwrap();
        assert!(spell(&found) == spell(&expected), "{number} parts");
    }
}

#[test]
fn what_a_missing_part_would_have_measured_is_an_error_and_nothing_else() {
    let (old, new) = (side(1, |source| source), side(50, |source| source));
    let plan = plan(&old, &new);
    let whole = engine::run(&plan, options(2), &Observer::default()).unwrap();
    let cuts = engine::cut(&plan, 7, &Observer::default()).unwrap();
    let mut parts = run_all(&plan, &cuts, 2);
    parts[2].1 = Err(Error::new(Code::MissingPart, "part 3 is missing"));
    let found = engine::join(&plan, &parts, &Observer::default()).unwrap();
    let missing = found.pairs.iter().filter(|pair| pair.is_err()).count();
    assert!(missing > 0 && missing < found.pairs.len());
    for (found, expected) in found.pairs.iter().zip(&whole.pairs) {
        match found {
            Ok(stats) => assert_eq!(
                format!("{stats:?}"),
                format!("{:?}", expected.as_ref().unwrap())
            ),
            Err(error) => assert_eq!(error.code(), Code::MissingPart),
        }
    }
}

/// A plan of one small tensor and one of two units, and its two parts.
fn small() -> (Plan, Joined) {
    let tensors = |seed: u32| {
        let counts = [40, UNIT + 3];
        let data: Vec<u8> = counts
            .iter()
            .flat_map(|count| elements(DType::U8, *count, seed))
            .collect();
        let tensor = |(at, count): (usize, u64)| {
            let span = Span {
                source: 0,
                offset: counts[..at].iter().sum(),
                bytes: count,
            };
            Tensor::plain(at.to_string(), DType::U8, vec![count], count, span)
        };
        let tensors = counts.into_iter().enumerate().map(tensor).collect();
        Arc::new(Checkpoint::in_memory(
            tensors,
            vec![Arc::new(MemorySource::new("memory", data))],
        ))
    };
    let (old, new) = (tensors(1), tensors(9));
    let pair = |at: usize| Item {
        old: Some(Input::whole(0, at, &old.tensors[at])),
        new: Some(Input::whole(1, at, &new.tensors[at])),
    };
    let items = vec![pair(0), pair(1)];
    let plan = Plan::new(vec![Arc::clone(&old), Arc::clone(&new)], items).unwrap();
    let cuts = [0..2, 2..3].map(|units| Cut { units, bytes: 0 });
    let parts = run_all(&plan, &cuts, 1);
    (plan, parts)
}

fn join_changed(plan: &Plan, parts: &Joined, first: Vec<u8>) -> Result<Outcome> {
    let changed = vec![(parts[0].0.clone(), Ok(first)), parts[1].clone()];
    engine::join(plan, &changed, &Observer::default())
}

#[test]
fn a_part_that_is_cut_short_or_too_long_is_refused() {
    let (plan, parts) = small();
    let whole = parts[0].1.clone().unwrap();
    for length in 0..whole.len() {
        let error = join_changed(&plan, &parts, whole[..length].to_vec()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidPart, "{length} bytes");
    }
    let longer = [whole.as_slice(), &[0]].concat();
    assert_eq!(
        join_changed(&plan, &parts, longer).unwrap_err().code(),
        Code::InvalidPart
    );
    // The second in place of the first.
    let other = parts[1].1.clone().unwrap();
    assert_eq!(
        join_changed(&plan, &parts, other).unwrap_err().code(),
        Code::InvalidPart
    );
}

#[test]
fn any_byte_may_be_anything() {
    let (plan, parts) = small();
    let whole = parts[0].1.clone().unwrap();
    let mut refused = 0;
    for at in 0..whole.len() {
        for value in [0, 1, 2, 0x7f, 0x80, 0xff, whole[at] ^ 1] {
            let mut changed = whole.clone();
            changed[at] = value;
            let (outcome, peak, _) = measured(|| join_changed(&plan, &parts, changed));
            assert!(peak < 1 << 20, "byte {at} as {value}: {peak} bytes");
            match outcome {
                Ok(outcome) => drop(
                    outcome
                        .pairs
                        .iter()
                        .flatten()
                        .map(PairStats::metrics)
                        .collect::<Vec<_>>(),
                ),
                Err(error) => {
                    assert_eq!(error.code(), Code::InvalidPart, "byte {at}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn ranges_must_follow_each_other_and_cover_the_plan() {
    let (plan, parts) = small();
    let join = |parts: &Joined| {
        engine::join(&plan, parts, &Observer::default())
            .unwrap_err()
            .code()
    };
    assert_eq!(join(&vec![parts[0].clone()]), Code::Argument);
    assert_eq!(
        join(&vec![parts[1].clone(), parts[0].clone()]),
        Code::Argument
    );
    assert_eq!(
        join(&vec![parts[0].clone(), parts[0].clone()]),
        Code::Argument
    );
    assert_eq!(join(&Vec::new()), Code::Argument);
    let huge = vec![(0..u64::MAX, parts[0].1.clone())];
    assert_eq!(join(&huge), Code::Argument);
}
