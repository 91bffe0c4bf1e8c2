//! Hands the elements of one tensor to the caller.

use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::kernel;
use crate::observe::Observer;
use crate::read::{As, Read, Reader, Scratch};

/// The form in which elements are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    F32,
    F64,
    /// The stored bytes, little-endian, in logical row-major order; of quantised tensors the integers, and of types of
    /// less than a byte the codes, one a byte.
    Raw,
}

/// The most elements of one call: a typed array of JavaScript holds no more.
const MOST: u64 = 1 << 32;

/// The elements `start .. start + length` of a tensor, as little-endian bytes of the wanted type. A complex
/// element is two numbers; of a sparse tensor the elements are those that it stores, in the order of their places.
///
/// # Errors
/// `Argument` outside the tensor, `LimitExceeded`, `UnsupportedLayout` for stored elements that do not exist, `Cancelled`
/// (checked once a chunk), or what keeps the tensor from being read.
pub fn read_elements(
    checkpoint: &Checkpoint,
    index: usize,
    start: u64,
    length: u64,
    element: ElementType,
    observer: &Observer,
) -> Result<Vec<u8>> {
    let tensor = checkpoint
        .tensors
        .get(index)
        .ok_or_else(|| Error::new(Code::Argument, "no such tensor"))?;
    let what = match element {
        ElementType::Raw => As::Stored,
        ElementType::F32 | ElementType::F64 => As::Values,
    };
    let reader = Reader::new(checkpoint, tensor, what)?;
    if start
        .checked_add(length)
        .is_none_or(|end| end > tensor.units())
    {
        return Err(Error::new(Code::Argument, "range lies outside the tensor")
            .expected(format!("at most {} elements", tensor.units()))
            .found(format!("start {start}, length {length}"))
            .tensor(&tensor.name));
    }
    if length > MOST {
        return Err(Error::new(Code::LimitExceeded, "too many elements at once")
            .expected(format!("at most {MOST}"))
            .found(length)
            .tensor(&tensor.name)
            .hint("read the tensor in pieces with `start` and `length`"));
    }
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for at in (0..length).step_by(kernel::CHUNK) {
        let count = (length - at).min(kernel::CHUNK as u64) as usize;
        if let Err(cancelled) = observer.check() {
            // Freeing gigabytes takes longer than an abort should.
            std::thread::spawn(move || drop(out));
            return Err(cancelled);
        }
        let operand = reader
            .read(start + at, count, &mut scratch)
            .map_err(|e| e.tensor(&tensor.name).at(&checkpoint.path))?;
        match element {
            ElementType::Raw => out.extend_from_slice(operand.bytes),
            ElementType::F64 => {
                kernel::for_each_value(operand, |x| out.extend_from_slice(&x.to_le_bytes()));
            }
            ElementType::F32 => {
                kernel::for_each_value(operand, |x| {
                    out.extend_from_slice(&(x as f32).to_le_bytes());
                });
            }
        }
    }
    Ok(out)
}
