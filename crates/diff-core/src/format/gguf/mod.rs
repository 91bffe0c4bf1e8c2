//! GGUF, versions 2 and 3, of either byte order: what a file says of itself, as plain data. No tensor is read.
//!
//! ```text
//! "GGUF" | u32 version | i64 tensors | i64 keys | keys: text, i32 type, value | tensors: text, u32 n, n × i64, i32 type, u64 offset | padding | data
//! ```
//! Text is a u64 length and that many bytes. Everything is checked against the file before it is believed: counts and lengths against what is
//! left of it, tensors against their types, each other and the end. What ggml refuses is refused here too, but for arrays inside arrays, which the
//! specification allows.
//!
//! Source: `gguf.h`, `gguf.cpp` and `docs/gguf.md` of ggml.

mod encoding;
mod input;
mod metadata;
mod open;
mod split;
mod tensor;
mod text;
mod value;

use crate::dtype::ByteOrder;
use crate::error::{Code, Error, Result};
use crate::limits::{Limits, Meter};
use crate::source::Source;

pub use encoding::Encoding;
pub use split::{PartName, Split, check_parts};
pub use tensor::TensorInfo;
pub use value::{Kind, Large, Value};

pub(super) use open::{open, open_parts, parts_of, recognises};

use input::Input;

/// The first bytes of every file, whatever its byte order.
pub const MAGIC: &[u8; 4] = b"GGUF";

/// Multiple of bytes at which data begins where `general.alignment` says nothing.
const ALIGNMENT: u64 = 32;

/// What a file says of itself.
#[derive(Debug)]
pub struct Header {
    /// 2 or 3.
    pub version: u32,
    /// Of every number in the file, the tensors' too.
    pub order: ByteOrder,
    /// In the order of the file; no key stands there twice.
    pub metadata: Vec<(String, Value)>,
    /// In the order of the file; no name stands there twice.
    pub tensors: Vec<TensorInfo>,
    /// Where the data begins, in bytes. Beyond the end of a file without tensors that ends unpadded.
    pub data_offset: u64,
    /// Where the data ends with the padding of its last tensor, in bytes; what the file has behind that belongs to no tensor.
    pub data_end: u64,
}

impl Header {
    /// The value of a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        let mut rows = self.metadata.iter();
        rows.find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// Reads what stands before the data.
///
/// # Errors
/// `BadMagic`, `UnsupportedVersion`; `UnexpectedEof` where a count, a length or a tensor is larger than what is left of the file;
/// `HeaderTooLarge`, `LimitExceeded`; `InvalidHeader` for values that GGUF does not know; `DuplicateName`; `ShapeOverflow`, `SizeMismatch`,
/// `OffsetOverlap`, `OffsetHole` of tensors; and what keeps the source from being read.
pub fn read(source: &dyn Source, limits: &Limits) -> Result<Header> {
    let mut input = Input::new(source);
    let mut meter = Meter::new(limits);
    parse(&mut input, limits, &mut meter)
        .map_err(|error| error.at(source.path()).offset(input.position()))
}

fn parse(input: &mut Input, limits: &Limits, meter: &mut Meter) -> Result<Header> {
    read_magic(input)?;
    let version = read_version(input)?;
    let tensors = input.u64()?;
    let keys = input.u64()?;
    let metadata = metadata::read(input, keys, limits, meter)?;
    let alignment = alignment(&metadata)?;
    let mut tensors = tensor::read(input, tensors, limits, meter)?;
    let data_offset = padded(input.position(), alignment)?;
    let data_end = tensor::place(&mut tensors, data_offset, alignment, input.size())?;
    Ok(Header {
        version,
        order: input.order,
        metadata,
        tensors,
        data_offset,
        data_end,
    })
}

fn read_magic(input: &mut Input) -> Result<()> {
    let magic: [u8; 4] = input.take()?;
    if magic == *MAGIC {
        return Ok(());
    }
    let (found, [a, b, c, d]) = (magic.escape_ascii().to_string(), magic);
    let error = Error::new(Code::BadMagic, "not a GGUF file")
        .expected("GGUF at its start")
        .found(found)
        .offset(0);
    Err(if [d, c, b, a] == *MAGIC {
        error.hint("its bytes are turned round: GGUF begins so whatever the byte order of the rest; convert the model again")
    } else {
        error
    })
}

/// A version whose low half is empty was written in the other byte order: there is no version 65536.
fn read_version(input: &mut Input) -> Result<u32> {
    let little = input.u32()?;
    let version = if little != 0 && little.trailing_zeros() >= 16 {
        input.order = ByteOrder::Big;
        little.swap_bytes()
    } else {
        little
    };
    if matches!(version, 2 | 3) {
        return Ok(version);
    }
    Err(Error::new(
        Code::UnsupportedVersion,
        "version of GGUF is not known here",
    )
    .expected("2 or 3")
    .found(version)
    .offset(4)
    .hint("convert the model again with a current llama.cpp"))
}

fn alignment(metadata: &[(String, Value)]) -> Result<u64> {
    const KEY: &str = "general.alignment";
    match metadata.iter().find(|(key, _)| key == KEY) {
        None => Ok(ALIGNMENT),
        Some((_, Value::U32(alignment))) if alignment.is_power_of_two() => {
            Ok(u64::from(*alignment))
        }
        Some((_, value)) => Err(Error::new(Code::InvalidHeader, "alignment cannot be used")
            .expected("a u32 that is a power of two")
            .found(value.summary())
            .entry(KEY)),
    }
}

/// The next multiple of `alignment`, a power of two.
fn padded(at: u64, alignment: u64) -> Result<u64> {
    at.checked_next_multiple_of(alignment)
        .ok_or_else(|| Error::new(Code::OutOfBounds, "data ends beyond every file"))
}
