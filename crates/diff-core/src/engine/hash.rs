//! BLAKE3 and the statistics of every tensor, in one pass over its bytes.
//!
//! The elements are hashed in logical row-major order, little-endian, so that the hash does not depend on the layout of the file. BLAKE3 is
//! a tree over pieces of 1 KiB: the left side of every node holds the largest power of two of them that leaves something for the right side
//! [1]. A [`CHUNK`] is 2^18 elements of 2^k bytes, hence a whole subtree, and BLAKE3 merges chunks exactly where [`Tree`] does. So threads
//! can share a tensor, and its hash is still that of its bytes in one piece.
//!
//! [1] O'Connor, Aumasson, Neves, Wilcox-O'Hearn: BLAKE3, one function, fast everywhere (2020), section 2.1.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};

use super::UNIT;
use super::announce::announce;
use super::describe::describe_chunk;
use super::kept::{Keeper, Kept};
use super::piece::few_and_many;
use super::queue::{Place, Queue};
use super::release::release;
use super::tree::{Merge, Tree, join_rest, push};
use super::workers::{self, Stop};
use crate::checkpoint::Checkpoint;
use crate::dtype::ValueMap;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, CHUNK, Elements, Isa, Method};
use crate::observe::Observer;
use crate::read::{As, Read, Reader, Scratch, kept_bytes};
use crate::stats::Moments;
use crate::tensor::Tensor;

/// 256 bits.
pub type Hash = [u8; 32];

/// What one pass finds out about a tensor.
#[derive(Debug, Clone)]
pub struct Hashed {
    /// BLAKE3 of the elements: for a quantised tensor of the numbers that its codes stand for, for an unknown type of the stored bytes. For a
    /// sparse tensor it is the hash of that hash followed by the row-major place of each stored element, as 64 bits, little-endian.
    pub hash: Hash,
    /// Statistics of the elements. Where the type is unknown they are those of the bytes, and mean nothing.
    pub moments: Moments,
}

/// BLAKE3 of bytes.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// The hash and the statistics of every tensor of a checkpoint, in its order.
///
/// # Errors
/// `Cancelled`; `FileChanged`; `Internal`. A tensor that cannot be read is an error in its place in the result.
pub fn hash(
    checkpoint: &Checkpoint,
    threads: usize,
    observer: &Observer,
) -> Result<Vec<Result<Hashed>>> {
    let tensors = &checkpoint.tensors;
    let bytes = |tensor: &Tensor| tensor.stored_bytes(0..elements(tensor));
    observer.start(tensors.iter().map(bytes).sum(), tensors.len() as u64);
    announce(
        tensors
            .iter()
            .map(|tensor| (checkpoint, tensor, 0..tensor.units())),
    );
    let run = Run {
        checkpoint,
        threads,
        observer,
        queue: Queue::new(tensors.iter().map(units)),
        readers: Keeper::new(tensors.len()),
        trees: tensors.iter().map(tree).collect(),
        results: tensors.iter().map(|_| OnceLock::new()).collect(),
        stop: Stop::default(),
    };
    workers::run(threads, &run.stop, || run.work())?;
    checkpoint.verify()?;
    let missing = || Err(Error::new(Code::Internal, "parts of a tensor are missing"));
    let results = run.results.into_iter();
    Ok(results
        .map(|result| result.into_inner().unwrap_or_else(missing))
        .collect())
}

/// Elements, or bytes, to hash: none for a tensor that cannot be read.
fn elements(tensor: &Tensor) -> u64 {
    if tensor.error().is_some() {
        0
    } else {
        tensor.units()
    }
}

/// Units of a tensor: one even where there is nothing to hash, so that it gets its result.
fn units(tensor: &Tensor) -> u64 {
    elements(tensor).div_ceil(UNIT * CHUNK as u64).max(1)
}

fn tree(tensor: &Tensor) -> Option<Box<Tree<Part>>> {
    let units = units(tensor);
    (units > 1).then(|| Box::new(Tree::new(units, units)))
}

/// The result for a part of a tensor: some whole chunks, and the shorter one if it is at the end.
#[derive(Debug, Clone)]
struct Part {
    /// Its hash as a node inside of a larger tree.
    subtree: ChainingValue,
    /// Its hash if it is the whole tensor.
    root: Hash,
    moments: Moments,
}

/// The part without elements.
impl Default for Part {
    fn default() -> Self {
        Self {
            subtree: ChainingValue::default(),
            root: hash_bytes(&[]),
            moments: Moments::default(),
        }
    }
}

impl Merge for Part {
    fn merge(&self, other: &Self) -> Self {
        let (left, right) = (&self.subtree, &other.subtree);
        Self {
            subtree: merge_subtrees_non_root(left, right, Mode::Hash),
            root: *merge_subtrees_root(left, right, Mode::Hash).as_bytes(),
            moments: self.moments.merge(&other.moments),
        }
    }
}

struct Run<'a> {
    checkpoint: &'a Checkpoint,
    threads: usize,
    observer: &'a Observer,
    queue: Queue,
    readers: Keeper<Reader<'a>>,
    /// Where the parts of a tensor are merged; None for a tensor of one unit, as most are.
    trees: Vec<Option<Box<Tree<Part>>>>,
    results: Vec<OnceLock<Result<Hashed>>>,
    stop: Stop,
}

/// Reused memory of one thread.
#[derive(Default)]
struct Worker {
    scratch: Scratch,
    pending: Vec<(u32, Part)>,
    values: Vec<u8>,
}

impl<'a> Run<'a> {
    /// What each thread does until nothing is left.
    fn work(&self) {
        let mut worker = Worker::default();
        let mut place = Place::default();
        while !self.stop.is_set()
            && let Some((row, unit)) = self.queue.take(&mut place)
        {
            let tensor = &self.checkpoint.tensors[row];
            let done = self.unit(row, unit, &mut worker);
            self.observer.add_read(worker.scratch.take_read());
            self.observer
                .add_bytes(tensor.stored_bytes(range(tensor, unit)));
            if done.as_ref().is_err_and(|error| self.stop.on(error)) {
                return;
            }
            let whole = match &self.trees[row] {
                None => Some(done),
                Some(tree) => tree.insert(unit, done).then(|| tree.take_result()),
            };
            if let Some(whole) = whole {
                let _ = self.results[row].set(whole.and_then(|part| self.finish(row, &part)));
                self.readers.let_go(row);
                self.observer.add_tensors(1);
            }
        }
    }

    fn reader(&self, row: usize) -> Result<Arc<Kept<Reader<'a>>>> {
        let tensor = &self.checkpoint.tensors[row];
        self.readers.get(
            row,
            || Reader::new(self.checkpoint, tensor, As::Values),
            |_| kept_bytes(tensor),
            || self.check(),
        )
    }

    /// Ends with the reason if the run is to stop.
    fn check(&self) -> Result<()> {
        self.observer.check()?;
        self.stop.check()
    }

    fn named(&self, row: usize, error: Error) -> Error {
        let tensor = &self.checkpoint.tensors[row];
        error.tensor(&tensor.name).at(&self.checkpoint.path)
    }

    /// Reads one unit and merges its chunks.
    fn unit(&self, row: usize, unit: u64, worker: &mut Worker) -> Result<Part> {
        let Worker {
            scratch,
            pending,
            values,
        } = worker;
        pending.clear();
        let tensor = &self.checkpoint.tensors[row];
        let reader = self.reader(row)?;
        let Range { start, end } = range(tensor, unit);
        let is_complex = reader.dtype().component().is_some();
        let is_whole = start == 0 && end == elements(tensor) && end <= CHUNK as u64;
        let [few, many] = few_and_many(reader.dtype().bytes());
        // Complex numbers one chunk at a time: as parts they are twice as many.
        let piece = if is_complex {
            CHUNK as u64
        } else {
            reader.at_once(few, many)
        };
        for at in (start..end).step_by(piece as usize) {
            self.check()?;
            let count = (end - at).min(piece) as usize;
            let read = reader
                .read(at, count, scratch)
                .map_err(|error| self.named(row, error))?;
            for from in (0..count).step_by(CHUNK) {
                let length = CHUNK.min(count - from);
                let chunk = if is_complex {
                    read
                } else {
                    read.part(from, length)
                };
                let bytes = bytes_of(chunk, values);
                let (subtree, root) = if is_whole {
                    (ChainingValue::default(), hash_bytes(bytes))
                } else {
                    let size = bytes.len() as u64 / length as u64;
                    (subtree((at + from as u64) * size, bytes), Hash::default())
                };
                let moments = describe_chunk(chunk, is_complex, Method::default(), Isa::detect());
                push(
                    pending,
                    Part {
                        subtree,
                        root,
                        moments,
                    },
                );
            }
        }
        let is_last = end == elements(tensor);
        release(&reader, tensor, (start, end), is_last, self.threads);
        Ok(join_rest(pending))
    }

    /// The result for the whole tensor; the hash of a sparse one covers its places too.
    fn finish(&self, row: usize, part: &Part) -> Result<Hashed> {
        let reader = self.reader(row)?;
        let places = reader.places().map_err(|error| self.named(row, error))?;
        let hash = places.map_or(part.root, |places| {
            let mut hasher = Hasher::new();
            hasher.update(&part.root);
            for key in &places.keys {
                hasher.update(&key.to_le_bytes());
            }
            *hasher.finalize().as_bytes()
        });
        Ok(Hashed {
            hash,
            moments: part.moments,
        })
    }
}

/// The elements of a unit.
fn range(tensor: &Tensor, unit: u64) -> Range<u64> {
    let (all, size) = (elements(tensor), UNIT * CHUNK as u64);
    all.min(unit * size)..all.min((unit + 1) * size)
}

/// The bytes of a chunk that are hashed: its elements or, for codes with one scale, the numbers that they stand for, in f64.
fn bytes_of<'s>(chunk: Elements<'s>, values: &'s mut Vec<u8>) -> &'s [u8] {
    if chunk.map == ValueMap::Identity {
        return chunk.bytes;
    }
    values.clear();
    kernel::for_each_value(chunk, |value| {
        values.extend_from_slice(&value.to_le_bytes());
    });
    values
}

/// The hash of bytes that are a part of a larger input, where they begin at `offset`.
fn subtree(offset: u64, bytes: &[u8]) -> ChainingValue {
    Hasher::new()
        .set_input_offset(offset)
        .update(bytes)
        .finalize_non_root()
}
