//! What a file says of its tensors, and whether that can be.

use super::encoding::Encoding;
use super::input::Input;
use super::metadata::{self, Names};
use super::padded;
use crate::error::{Code, Error, Result, counted};
use crate::limits::{self, Cap, Limits, Meter};

/// The fewest bytes of a tensor: lengths of its name and of its shape, its type and its offset.
const LEAST: u64 = 8 + 4 + 4 + 8;

/// One tensor.
#[derive(Debug)]
pub struct TensorInfo {
    pub name: String,
    /// ggml's number for how its elements are stored.
    pub type_id: u32,
    pub encoding: Encoding,
    /// The outermost axis first; the file has the innermost first.
    pub shape: Vec<u64>,
    pub elements: u64,
    /// Of its first byte, from the start of the file.
    pub offset: u64,
    /// Of an encoding that nobody here knows: up to the next tensor or the end, padding included.
    pub bytes: u64,
}

/// Reads all of them. Offsets are those of the file, from the start of the data.
pub(super) fn read(
    input: &mut Input,
    count: u64,
    limits: &Limits,
    meter: &mut Meter,
) -> Result<Vec<TensorInfo>> {
    input.expect(count, LEAST, "tensor")?;
    // So many fit into what the default asks of metadata for each: only a cap that the caller set can be exceeded.
    limits.check(Cap::Tensors, 32 * count, count, "number of tensors")?;
    let mut tensors: Vec<TensorInfo> = Vec::new();
    let mut names = Names::default();
    for _ in 0..count {
        let start = input.position();
        let name = metadata::name(input, "name", limits, meter)?;
        if names.repeat(&name, tensors.iter().map(|tensor| &tensor.name)) {
            return Err(
                Error::new(Code::DuplicateName, "two tensors have the same name")
                    .tensor(&name)
                    .offset(start),
            );
        }
        let tensor = describe(input).map_err(|error| error.tensor(&name))?;
        meter.see(input.position() - start);
        let shape = size_of_val(tensor.shape.as_slice()) as u64;
        // Twice, for the room that a vector keeps.
        meter.debit(2 * size_of::<TensorInfo>() as u64 + shape)?;
        tensors.push(TensorInfo { name, ..tensor });
    }
    Ok(tensors)
}

/// All but the name.
fn describe(input: &mut Input) -> Result<TensorInfo> {
    let shape = read_shape(input)?;
    let elements = element_count(&shape)?;
    let type_id = input.u32()?;
    let encoding = Encoding::of(type_id);
    let bytes = stored_bytes(encoding, &shape, elements)?;
    Ok(TensorInfo {
        name: String::new(),
        type_id,
        encoding,
        shape,
        elements,
        offset: input.u64()?,
        bytes,
    })
}

fn read_shape(input: &mut Input) -> Result<Vec<u64>> {
    let dimensions = input.u32()?;
    input.expect(dimensions.into(), 8, "dimension")?;
    if dimensions as usize > limits::DIMENSIONS {
        return Err(Error::new(Code::LimitExceeded, "too many dimensions")
            .expected(format!("at most {}", limits::DIMENSIONS))
            .found(dimensions));
    }
    let mut shape = Vec::new();
    for _ in 0..dimensions {
        shape.push(input.u64()?);
    }
    shape.reverse();
    Ok(shape)
}

fn element_count(shape: &[u64]) -> Result<u64> {
    let overflow = || {
        Error::new(
            Code::ShapeOverflow,
            "shape has more elements than can be counted",
        )
        .expected("at most 2^53 elements")
        .found(format!("{shape:?}"))
    };
    // A negative number is none that an axis of zero makes good.
    if shape.iter().any(|&dim| dim > 1 << 53) {
        return Err(overflow());
    }
    if shape.contains(&0) {
        return Ok(0);
    }
    let product = shape.iter().try_fold(1u64, |n, &dim| n.checked_mul(dim));
    product.filter(|&n| n <= 1 << 53).ok_or_else(overflow)
}

/// 0 where nobody here knows.
fn stored_bytes(encoding: Encoding, shape: &[u64], elements: u64) -> Result<u64> {
    let Some((together, bytes)) = encoding.unit() else {
        return Ok(0);
    };
    let row = shape.last().copied().unwrap_or(1);
    if row % together != 0 {
        return Err(
            Error::new(Code::SizeMismatch, "row does not end with a block")
                .expected(format!("a multiple of {together} elements a row"))
                .found(row),
        );
    }
    // At most 2^53 elements of eight bytes, or blocks of fewer bytes than that an element.
    Ok(elements / together * bytes)
}

/// Turns offsets into those of the file. The tensors fill the data without holes or overlaps, each behind the padding of the one before it. Answers
/// where the data ends, the last padding included.
pub(super) fn place(
    tensors: &mut [TensorInfo],
    data_offset: u64,
    alignment: u64,
    file_size: u64,
) -> Result<u64> {
    let mut order: Vec<&mut TensorInfo> = tensors.iter_mut().collect();
    order.sort_by_key(|tensor| (tensor.offset, tensor.bytes));
    let mut starts: Vec<u64> = order.iter().map(|tensor| tensor.offset).skip(1).collect();
    starts.push(file_size.saturating_sub(data_offset));
    let mut end = 0;
    for (tensor, next) in order.into_iter().zip(starts) {
        let start = tensor.offset;
        check_start(start, end, alignment)
            .and_then(|()| {
                if tensor.encoding.unit().is_none() {
                    tensor.bytes = next.saturating_sub(start);
                }
                tensor.offset = place_one(start, tensor.bytes, data_offset, file_size)?;
                end = padded(start + tensor.bytes, alignment)?;
                Ok(())
            })
            .map_err(|error| error.tensor(&tensor.name))?;
    }
    Ok(data_offset.saturating_add(end))
}

fn check_start(start: u64, end: u64, alignment: u64) -> Result<()> {
    if start == end {
        return Ok(());
    }
    let (code, what) = if start < end {
        (Code::OffsetOverlap, "data overlaps the tensor before it")
    } else {
        (
            Code::OffsetHole,
            "data leaves a hole behind the tensor before it",
        )
    };
    Err(Error::new(code, what)
        .expected(format!("a start at {end}, a multiple of {alignment}"))
        .found(start)
        .hint("the header does not describe this file; convert the model again"))
}

fn place_one(start: u64, bytes: u64, data_offset: u64, file_size: u64) -> Result<u64> {
    let offset = data_offset.checked_add(start);
    let end = offset.and_then(|offset| offset.checked_add(bytes));
    match (offset, end) {
        (Some(offset), Some(end)) if end <= file_size => Ok(offset),
        _ => Err(
            Error::new(Code::UnexpectedEof, "file ends before its tensors do")
                .expected(counted(bytes, "byte"))
                .found(counted(
                    file_size.saturating_sub(offset.unwrap_or(file_size)),
                    "byte",
                ))
                .hint("download interrupted? fetch or save the file again"),
        ),
    }
}
