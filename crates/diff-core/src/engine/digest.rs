//! A hash of each tensor's values, for who wants to know that a tensor changed and not how.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::announce::announce;
use super::queue::{Place, Queue};
use super::release::release;
use super::workers::{self, Stop};
use crate::checkpoint::Checkpoint;
use crate::dtype::ValueMap;
use crate::error::{Error, Result};
use crate::kernel::{self, CHUNK};
use crate::observe::Observer;
use crate::read::{As, Read, Reader, Scratch};
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
    announce(tensors.iter().map(|tensor| (checkpoint, tensor)));
    let run = Run {
        checkpoint,
        threads,
        observer,
        queue: Queue::new(tensors.iter().map(chunks)),
        readers: tensors.iter().map(|_| Mutex::default()).collect(),
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
    if tensor.error().is_some() {
        0
    } else {
        tensor.units()
    }
}

/// One for a tensor without elements or with an error: it is looked at too.
fn chunks(tensor: &Tensor) -> u64 {
    elements(tensor).div_ceil(CHUNK as u64).max(1)
}

struct Run<'a> {
    checkpoint: &'a Checkpoint,
    threads: usize,
    observer: &'a Observer,
    queue: Queue,
    /// Readers of the tensors at work.
    readers: Vec<Mutex<Option<Arc<Reader<'a>>>>>,
    sums: Vec<AtomicU64>,
    errors: Vec<OnceLock<Error>>,
    stop: Stop,
}

impl<'a> Run<'a> {
    /// What each thread does until nothing is left.
    fn work(&self) {
        let mut scratch = Scratch::default();
        let mut place = Place::default();
        while !self.stop.is_set()
            && let Some((row, chunk)) = self.queue.take(&mut place)
        {
            let start = chunk * CHUNK as u64;
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

    /// The reader of a tensor, which the thread that takes its last chunk does not leave there.
    fn reader(&self, row: usize, is_last: bool) -> Result<Arc<Reader<'a>>> {
        let mut kept = self.readers[row]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let reader = if let Some(reader) = kept.take() {
            reader
        } else {
            let tensor = &self.checkpoint.tensors[row];
            Arc::new(Reader::new(self.checkpoint, tensor, As::Values)?)
        };
        if !is_last {
            *kept = Some(Arc::clone(&reader));
        }
        Ok(reader)
    }

    fn chunk(&self, row: usize, start: u64, scratch: &mut Scratch) -> Result<u64> {
        self.observer.check()?;
        let tensor = &self.checkpoint.tensors[row];
        let end = elements(tensor).min(start + CHUNK as u64);
        let is_last = end == elements(tensor);
        let reader = self.reader(row, is_last)?;
        let count = end - start;
        let mut sum = if start == 0 { places(&reader)? } else { 0 };
        if count == 0 {
            return Ok(sum);
        }
        let operand = reader.read(start, count as usize, scratch)?;
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
        release(&reader, tensor, (start, end), is_last, self.threads);
        Ok(sum)
    }
}

/// What the places of a sparse tensor's elements add, numbered after every element.
fn places(reader: &Reader) -> Result<u64> {
    let Some(places) = reader.places()? else {
        return Ok(0);
    };
    let keys = places.keys.iter().zip(1u64 << 60..);
    Ok(keys.fold(0, |sum, (key, word)| {
        sum.wrapping_add(kernel::digest(word, &key.to_le_bytes()))
    }))
}
