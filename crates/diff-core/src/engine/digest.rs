//! A hash of each tensor's values, for who wants to know that a tensor changed and not how.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::checkpoint::Checkpoint;
use crate::dtype::ValueMap;
use crate::engine::gather::{self, Scratch};
use crate::engine::plan::View;
use crate::engine::schedule::release;
use crate::engine::sparse;
use crate::engine::workers::{self, Stop};
use crate::error::{Error, Result};
use crate::kernel::{self, CHUNK};
use crate::observe::Observer;
use crate::tensor::Tensor;

/// The hash of every tensor of a checkpoint, in its order: of the elements in logical row-major order, so that it depends on no layout of
/// the file. Quantised tensors are taken by the numbers that they stand for, sparse ones by their places too.
///
/// # Errors
/// `Cancelled`; `FileChanged`; `Internal`. A tensor that cannot be read is an error of its own.
pub fn digest(
    checkpoint: &Checkpoint,
    threads: usize,
    observer: &Observer,
) -> Result<Vec<Result<u64>>> {
    let tensors = &checkpoint.tensors;
    observer.start(tensors.iter().map(bytes).sum(), tensors.len() as u64);
    let mut total = 0;
    let ends = tensors.iter().map(|tensor| {
        total += chunks(tensor);
        total
    });
    let run = Run {
        checkpoint,
        threads,
        observer,
        ends: ends.collect(),
        next: AtomicU64::new(0),
        sums: tensors.iter().map(|_| AtomicU64::new(0)).collect(),
        errors: tensors.iter().map(|_| OnceLock::new()).collect(),
        stop: Stop::default(),
    };
    workers::run(threads, &run.stop, || run.work())?;
    checkpoint.verify()?;
    let sums = run.sums.into_iter().map(AtomicU64::into_inner);
    let errors = run.errors.into_iter().map(OnceLock::into_inner);
    Ok(sums
        .zip(errors)
        .map(|(sum, error)| error.map_or(Ok(sum), Err))
        .collect())
}

/// What progress counts of a tensor.
fn bytes(tensor: &Tensor) -> u64 {
    tensor.stored_bytes(0..elements(tensor))
}

/// None of a tensor with an error.
fn elements(tensor: &Tensor) -> u64 {
    if tensor.error.is_some() {
        0
    } else {
        tensor.units()
    }
}

/// One for a tensor without elements or with an error: it is looked at too.
fn chunks(tensor: &Tensor) -> u64 {
    match &tensor.error {
        Some(_) => 1,
        None => tensor.units().div_ceil(CHUNK as u64).max(1),
    }
}

struct Run<'a> {
    checkpoint: &'a Checkpoint,
    threads: usize,
    observer: &'a Observer,
    /// Number of chunks of all tensors up to and including each one.
    ends: Vec<u64>,
    next: AtomicU64,
    sums: Vec<AtomicU64>,
    errors: Vec<OnceLock<Error>>,
    stop: Stop,
}

impl Run<'_> {
    /// What each thread does until nothing is left.
    fn work(&self) {
        let mut scratch = Scratch::default();
        let mut row = 0;
        while !self.stop.is_set() {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            // The numbers of a thread only grow, and by few.
            while self.ends.get(row).is_some_and(|&end| end <= number) {
                row += 1;
            }
            if row == self.ends.len() {
                return;
            }
            let first = if row == 0 { 0 } else { self.ends[row - 1] };
            let start = (number - first) * CHUNK as u64;
            let done = self.chunk(row, start, &mut scratch);
            let tensor = &self.checkpoint.tensors[row];
            let all = elements(tensor);
            let end = all.min(start + CHUNK as u64);
            let bytes = tensor.stored_bytes(start.min(all)..end);
            self.observer.add_bytes(bytes);
            match done {
                Ok(sum) => {
                    self.sums[row].fetch_add(sum, Ordering::Relaxed);
                }
                Err(error) if self.stop.on(&error) => return,
                Err(error) => {
                    let _ = self.errors[row].set(error);
                }
            }
            if start == 0 {
                self.observer.add_tensors(1);
            }
        }
    }

    fn chunk(&self, row: usize, start: u64, scratch: &mut Scratch) -> Result<u64> {
        self.observer.check()?;
        let tensor = &self.checkpoint.tensors[row];
        if let Some(error) = &tensor.error {
            return Err(error.clone());
        }
        let count = (tensor.units() - start).min(CHUNK as u64);
        let mut sum = if start == 0 { self.places(tensor)? } else { 0 };
        if count == 0 {
            return Ok(sum);
        }
        let operand = gather::operand(self.checkpoint, tensor, start, count as usize, scratch)?;
        let hash = |bytes: &[u8]| {
            let bytes_of_one = bytes.len() as u64 / count;
            kernel::digest(start * bytes_of_one / 8, bytes)
        };
        sum = sum.wrapping_add(if operand.map == ValueMap::Identity {
            hash(operand.bytes)
        } else {
            let mut values = Vec::with_capacity(count as usize * 8);
            kernel::for_each_value(operand, |value| {
                values.extend_from_slice(&value.to_le_bytes());
            });
            hash(&values)
        });
        let view = View::whole(row, tensor);
        release(
            Some(view),
            self.checkpoint,
            start,
            start + count,
            self.threads,
        );
        Ok(sum)
    }

    /// What the places of a sparse tensor's elements add, numbered after every element.
    fn places(&self, tensor: &Tensor) -> Result<u64> {
        let keys = sparse::places(self.checkpoint, tensor)?;
        Ok(keys.iter().zip(1u64 << 60..).fold(0, |sum, (key, word)| {
            sum.wrapping_add(kernel::digest(word, &key.to_le_bytes()))
        }))
    }
}
