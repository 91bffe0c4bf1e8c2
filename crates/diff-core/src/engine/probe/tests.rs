use std::sync::Arc;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::dtype::{ByteOrder, DType};
use crate::engine::plan::{Input, Item};
use crate::source::{MemorySource, Source};
use crate::stats::{Grid, Order};
use crate::tensor::{Node, Span, Stored, Tensor};

const ALL: Questions = Questions(31);

fn checkpoint(tensors: Vec<Tensor>, data: Vec<u8>) -> Arc<Checkpoint> {
    let source: Arc<dyn Source> = Arc::new(MemorySource::new("memory", data));
    Arc::new(Checkpoint::in_memory(tensors, vec![source]))
}

fn floats(shape: &[u64], values: &[f32]) -> Arc<Checkpoint> {
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let span = Span {
        source: 0,
        offset: 0,
        bytes: data.len() as u64,
    };
    let tensor = Tensor::plain(
        "w".into(),
        DType::F32,
        shape.to_vec(),
        values.len() as u64,
        span,
    );
    checkpoint(vec![tensor], data)
}

fn ask(
    old: &Arc<Checkpoint>,
    new: &Arc<Checkpoint>,
    questions: Questions,
    threads: usize,
) -> Probe {
    let whole = |side, checkpoint: &Checkpoint| Some(Input::whole(side, 0, &checkpoint.tensors[0]));
    let item = Item {
        old: whole(0, old),
        new: whole(1, new),
    };
    let plan = Plan::new(vec![Arc::clone(old), Arc::clone(new)], vec![item]).unwrap();
    let observer = Observer::default();
    let mut results = probe(&plan, &[questions], threads, &observer).unwrap();
    let [done, total, tensors, all] = observer.progress();
    assert_eq!((done, tensors), (total, all));
    results.remove(0).unwrap()
}

/// Normally distributed enough, with all bits of the mantissa in use.
fn weights(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count)
        .map(|_| 0.04 * (next() + next() + next() + next()))
        .collect()
}

#[test]
fn zeros_are_counted() {
    let old = [0.0, -0.0, 1.0, -2.0, 3.0, 4.0, f32::NAN, 5.0];
    let new = [0.0, 0.5, 0.0, 0.0, 3.0, 4.5, 0.0, 0.0];
    let zeros = ask(
        &floats(&[2, 4], &old),
        &floats(&[2, 4], &new),
        Questions::ZEROS,
        1,
    )
    .zeros
    .unwrap();
    assert_eq!(
        (zeros.new, zeros.lost, zeros.kept, zeros.kept_changed),
        (3, 1, 2, 1)
    );
    assert_eq!((zeros.largest, zeros.smallest), (5.0, 3.0));
    assert_eq!((zeros.groups, zeros.sparse_groups), (2, 2));
    let odd = ask(
        &floats(&[4, 2], &old),
        &floats(&[4, 2], &new),
        Questions::ZEROS,
        1,
    )
    .zeros
    .unwrap();
    assert_eq!(odd.groups, 0);
}

#[test]
fn rows_that_changed_and_rows_that_were_scaled() {
    let (rows, width) = (3000, 40);
    let old = weights(rows * width, 1);
    let mut new = old.clone();
    for (row, values) in new.chunks_mut(width).enumerate() {
        match row {
            7 => values.iter_mut().for_each(|x| *x += 0.01),
            50 => values[3] = 9.0,
            100.. => values.iter_mut().for_each(|x| *x *= 0.97),
            _ => {}
        }
    }
    let shape = [rows as u64, width as u64];
    let found = ask(
        &floats(&shape, &old),
        &floats(&shape, &new),
        Questions::ROWS,
        3,
    )
    .rows
    .unwrap();
    assert_eq!(
        (found.rows, found.first, found.last),
        (2902, Some(7), Some(2999))
    );
    assert_eq!(found.scaled, 2900);
    assert!((found.scale - 0.97).abs() < 1e-7, "{}", found.scale);
    assert_eq!(found.columns, Some(40));
    assert!((found.density - (2901.0 * 40.0 + 1.0) / (2902.0 * 40.0)).abs() < 1e-4);
}

#[test]
fn where_every_row_changed_nothing_is_said_of_rows() {
    let old = weights(300 * 64, 1);
    let new = weights(300 * 64, 2);
    let found = ask(
        &floats(&[300, 64], &old),
        &floats(&[300, 64], &new),
        Questions::ROWS,
        1,
    );
    assert_eq!(found, Probe::default());
}

#[test]
fn where_more_rows_changed_than_words_tell_nothing_is_said_of_rows() {
    let (rows, width) = (20_000, 64);
    let old = weights(rows * width, 1);
    let noise = weights(rows * width, 2);
    let ask_every = |nth: usize| {
        let mut new = old.clone();
        for row in (0..rows).step_by(nth) {
            for at in row * width..(row + 1) * width {
                new[at] += 0.01 * noise[at];
            }
        }
        let shape = [rows as u64, width as u64];
        let found = ask(
            &floats(&shape, &old),
            &floats(&shape, &new),
            Questions::ROWS,
            1,
        );
        found.rows.map(|found| found.rows)
    };
    assert_eq!(ask_every(9), None);
    assert_eq!(ask_every(33), Some(607));
    assert_eq!(ask_every(rows), Some(1));
}

#[test]
fn rows_longer_than_a_piece_are_counted_in_parts() {
    let width = 150_000;
    let old = weights(2 * width, 3);
    let mut new = old.clone();
    new[width + 70_000] += 1.0;
    new[width + 149_999] += 1.0;
    let shape = [2, width as u64];
    let found = ask(
        &floats(&shape, &old),
        &floats(&shape, &new),
        Questions::ROWS,
        2,
    )
    .rows
    .unwrap();
    assert_eq!(
        (found.rows, found.first, found.columns),
        (1, Some(1), Some(2))
    );
    assert_eq!(found.density, 2.0 / width as f64);
}

fn reorder(values: &[f32], width: usize, from: impl Fn(usize) -> usize) -> Vec<f32> {
    let rows = values.len() / width;
    (0..rows)
        .flat_map(|row| values[from(row) * width..][..width].to_vec())
        .collect()
}

#[test]
fn another_order_is_recognised() {
    let (rows, width, head) = (64, 48, 16);
    let old = weights(rows * width, 5);
    let shape = [rows as u64, width as u64];
    let order = |new: &[f32]| {
        ask(
            &floats(&shape, &old),
            &floats(&shape, new),
            Questions::ORDER,
            2,
        )
        .order
        .unwrap()
    };
    let none = Order {
        rows: false,
        columns: Some(false),
        to_half: 0,
        to_pairs: 0,
    };
    assert_eq!(order(&weights(rows * width, 6)), none);
    assert_eq!(order(&old), none);
    let moved = reorder(&old, width, |row| (row * 5 + 3) % rows);
    assert_eq!(order(&moved), Order { rows: true, ..none });
    // view(H, d / 2, 2, C) to view(H, 2, d / 2, C): row k * d / 2 + j of a head comes from row 2 j + k.
    let halves = reorder(&old, width, |row| {
        let (k, j) = (row % head / (head / 2), row % (head / 2));
        row / head * head + 2 * j + k
    });
    assert_eq!(
        order(&halves),
        Order {
            rows: true,
            to_half: 16,
            ..none
        }
    );
    let back = ask(
        &floats(&shape, &halves),
        &floats(&shape, &old),
        Questions::ORDER,
        1,
    )
    .order
    .unwrap();
    assert_eq!(
        back,
        Order {
            rows: true,
            to_pairs: 16,
            ..none
        }
    );
    let columns: Vec<f32> = old
        .chunks(width)
        .flat_map(|row| {
            (0..width)
                .map(|at| row[(at * 5 + 1) % width])
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        order(&columns),
        Order {
            columns: Some(true),
            ..none
        }
    );
}

#[test]
fn grids_of_either_side_are_recognised() {
    let (rows, width) = (100, 512);
    let old = weights(rows * width, 8);
    let by_row = |quantise: fn(f32, f32) -> f32| -> Vec<f32> {
        old.chunks(width)
            .flat_map(|row| {
                let most = row.iter().fold(0f32, |most, x| most.max(x.abs()));
                row.iter().map(|&x| quantise(x, most)).collect::<Vec<_>>()
            })
            .collect()
    };
    let grids = |new: &[f32]| -> [Grid; 2] {
        let shape = [rows as u64, width as u64];
        ask(
            &floats(&shape, &old),
            &floats(&shape, new),
            Questions::GRID,
            1,
        )
        .grids
        .unwrap()
    };
    let [plain, int8] = grids(&by_row(|x, most| {
        (x * 127.0 / most).round() * (most / 127.0)
    }));
    assert_eq!(
        (plain.distinct, plain.distinct_row),
        ([16.0, 32.0, 64.0, 128.0], 512.0)
    );
    assert!(plain.int8_row.is_nan() && plain.e4m3_row.is_nan() && plain.e4m3_tensor.is_nan());
    assert!(
        int8.distinct_row < 256.0 && int8.int8_row < 1e-4,
        "{int8:?}"
    );
    assert!(int8.e4m3_row > 0.01);
    // Scaled by something else than the largest of the row.
    let [_, other] = grids(&by_row(|x, most| {
        (x * 101.0 / most).round() * (most / 101.0)
    }));
    assert!(other.int8_row < 1e-4, "{other:?}");
    let four = |x: f32, most: f32| (x * 7.0 / most).round() * (most / 7.0);
    let [_, int4] = grids(&by_row(four));
    assert!(int4.distinct_row <= 15.0 && int4.distinct[3] <= 15.0);
    let e4m3 = |x: f32, scale: f32| {
        let scaled = f64::from(x / scale).abs();
        let exponent = scaled.log2().floor().max(-6.0);
        let step = 2f64.powf(exponent - 3.0);
        ((scaled / step).round_ties_even() * step) as f32 * scale * x.signum()
    };
    let rows_scaled: Vec<f32> = old
        .chunks(width)
        .enumerate()
        .flat_map(|(at, row)| {
            let scale = 0.0003 * (1.0 + at as f32 / 37.0);
            row.iter().map(|&x| e4m3(x, scale)).collect::<Vec<_>>()
        })
        .collect();
    let [_, by_row] = grids(&rows_scaled);
    assert!(
        by_row.e4m3_row < 1e-6 && by_row.e4m3_tensor > 0.01,
        "{by_row:?}"
    );
    let all_scaled: Vec<f32> = old.iter().map(|&x| e4m3(x, 0.000_317)).collect();
    let [_, by_tensor] = grids(&all_scaled);
    assert!(
        by_tensor.e4m3_row < 1e-6 && by_tensor.e4m3_tensor < 1e-6,
        "{by_tensor:?}"
    );
}

#[test]
fn the_bits_depend_on_no_number_of_threads_and_no_layout() {
    let (rows, width) = (1500u64, 1100u64);
    let count = (rows * width) as usize;
    let old = weights(count, 11);
    let mut new = old.clone();
    for (at, x) in new.iter_mut().enumerate() {
        let row = at / width as usize;
        *x = match row % 3 {
            0 => *x,
            1 => *x * 0.98,
            _ => half::bf16::from_f32(*x).to_f32(),
        };
    }
    let transposed = |values: &[f32]| -> Arc<Checkpoint> {
        let columns: Vec<f32> = (0..count)
            .map(|at| values[at % rows as usize * width as usize + at / rows as usize])
            .collect();
        let plain = floats(&[width, rows], &columns);
        let span = Span {
            source: 0,
            offset: 0,
            bytes: 4 * rows * width,
        };
        let mut tensor = plain.tensors[0].clone();
        tensor.shape = vec![rows, width];
        let steps = vec![1, rows];
        let stored = Stored::strided(span, ByteOrder::Little, 4, 0, &tensor.shape, steps);
        tensor.node = Node::Stored(stored.unwrap());
        let data = columns.iter().flat_map(|x| x.to_le_bytes()).collect();
        checkpoint(vec![tensor], data)
    };
    let shape = [rows, width];
    let (a, b) = (floats(&shape, &old), floats(&shape, &new));
    let expected = ask(&a, &b, ALL, 1);
    assert!(expected.casts.is_some() && expected.zeros.is_some() && expected.grids.is_some());
    assert!(expected.rows.is_some_and(|rows| rows.scaled == 500));
    assert!(expected.order.is_some());
    for threads in [2, 3, 8] {
        assert_eq!(
            format!("{:?}", ask(&a, &b, ALL, threads)),
            format!("{expected:?}")
        );
    }
    let strided = ask(&transposed(&old), &b, ALL, 2);
    assert_eq!(format!("{strided:?}"), format!("{expected:?}"));
}

#[test]
fn what_is_no_pair_of_whole_real_tensors_has_no_answers() {
    let (a, b) = (floats(&[4, 4], &[1.0; 16]), floats(&[16], &[1.0; 16]));
    assert_eq!(ask(&a, &b, ALL, 1), Probe::default());
    let part = Some(Input {
        side: 0,
        tensor: 0,
        start: 0,
        elements: 8,
    });
    let item = Item {
        old: part,
        new: part,
    };
    let alone = Item {
        old: part,
        new: None,
    };
    let plan = Plan::new(vec![Arc::clone(&a), Arc::clone(&a)], vec![item, alone]).unwrap();
    let results = probe(&plan, &[ALL, ALL], 1, &Observer::default()).unwrap();
    assert!(
        results
            .into_iter()
            .all(|result| result.unwrap() == Probe::default())
    );
}

#[test]
fn a_cancelled_look_ends_with_an_error() {
    let a = floats(&[64, 64], &weights(64 * 64, 1));
    let whole = Some(Input::whole(0, 0, &a.tensors[0]));
    let item = Item {
        old: whole,
        new: whole,
    };
    let plan = Plan::new(vec![Arc::clone(&a), Arc::clone(&a)], vec![item]).unwrap();
    let observer = Observer::default();
    observer.cancel();
    let error = probe(&plan, &[ALL], 2, &observer).unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
}

/// `Q8_0` as ggml writes it: the scale is the largest of 32 over 127, rounded to f16 after the codes were made with it.
fn q8_0(shape: &[u64], values: &[f32]) -> Arc<Checkpoint> {
    let mut data = Vec::new();
    for block in values.as_chunks::<32>().0 {
        let scale = block.iter().fold(0f32, |most, x| most.max(x.abs())) / 127.0;
        data.extend_from_slice(&half::f16::from_f32(scale).to_le_bytes());
        data.extend(block.map(|x| (x / scale).round() as i8 as u8));
    }
    let span = Span {
        source: 0,
        offset: 0,
        bytes: data.len() as u64,
    };
    let format = crate::decode::blocks::BlockFormat::named("Q8_0").unwrap();
    let (name, count) = ("w".to_owned(), values.len() as u64);
    let tensor = Tensor::blocks(name, format, ByteOrder::Little, shape.to_vec(), count, span);
    checkpoint(vec![tensor], data)
}

#[test]
fn weights_that_changed_before_they_were_rounded_are_told_from_the_same_ones() {
    let (shape, values) = ([96, 512], weights(96 * 512, 5));
    let dense = floats(&shape, &values);
    let share = |size: f32, threads| {
        let noise = weights(values.len(), 77);
        let tuned: Vec<f32> = values
            .iter()
            .zip(noise)
            .map(|(x, n)| x + size * n)
            .collect();
        let found = ask(&dense, &q8_0(&shape, &tuned), Questions::NEAREST, threads);
        let [old, new] = found.misrounded.unwrap();
        assert!(old.is_nan());
        new
    };
    assert_eq!(share(0.0, 1).to_bits(), 0);
    assert!(share(1e-3, 1) > 5e-4, "{}", share(1e-3, 1));
    assert!(share(0.01, 1) > 0.03);
    assert_eq!(share(0.01, 1).to_bits(), share(0.01, 3).to_bits());
    // The quantised side may be the old one.
    let turned = ask(&q8_0(&shape, &values), &dense, Questions::NEAREST, 1);
    let [old, new] = turned.misrounded.unwrap();
    assert!(old == 0.0 && new.is_nan());
    let none = ask(&dense, &dense, Questions::NEAREST, 1);
    assert_eq!(none, Probe::default());
}
