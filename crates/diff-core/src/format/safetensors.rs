//! safetensors: `u64 N | N bytes of JSON | data`.
//!
//! The rules are those of the `safetensors` crate, whose [`Dtype`] names the types; the header is parsed
//! here since the crate keeps the last of two equal names silently, gives up the whole file for one
//! unknown dtype, and cannot name the tensor that is wrong. A test holds both readers against each other.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use safetensors::Dtype;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::de::{Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};

use crate::dtype::DType;
use crate::error::{Code, Error, Result, counted};
use crate::format::json::{self, Members};
use crate::format::{Head, OpenOptions, Opened};
use crate::limits;
use crate::source::Source;
use crate::tensor::{Packing, Span, Tensor, element_count};

/// Bytes of the header's length.
const PREFIX: u64 = 8;

fn header_length(head: &Head) -> Option<u64> {
    head.start
        .first_chunk()
        .map(|bytes| u64::from_le_bytes(*bytes))
}

/// A plausible length, then an object. A length over the cap is claimed too, for a better error.
pub(super) fn recognises(head: &Head) -> bool {
    let opens_object = head
        .start
        .get(PREFIX as usize..)
        .is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b'{'));
    header_length(head).is_some() && opens_object
}

/// A file shorter than the length that it begins with, where that length is a plausible one.
pub(super) fn could_be_truncated(head: &Head) -> bool {
    header_length(head).is_none()
        || (head.file_size == PREFIX
            && header_length(head).is_some_and(|n| n <= limits::SAFETENSORS_HEADER_BYTES))
}

#[derive(serde::Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    dtype: Cow<'a, str>,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

/// The header: tensors in the order of the file, and the texts of `__metadata__`.
#[derive(Default)]
struct Header<'a> {
    entries: Vec<(String, Entry<'a>)>,
    metadata: Vec<(String, String)>,
}

impl<'de> Deserialize<'de> for Header<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Header<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Header<'de>, A::Error> {
                let mut header = Header::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        // Null is none, as for the crate.
                        let texts = map.next_value::<Option<Members<String>>>()?;
                        header.metadata.extend(texts.into_iter().flat_map(|t| t.0));
                    } else {
                        header.entries.push((name, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

pub(super) fn open(source: &Arc<dyn Source>, index: u32, _: &OpenOptions) -> Result<Opened> {
    let (header, data_start) = read_header(&**source)?;
    let Header {
        mut entries,
        metadata,
    } = serde_json::from_slice(&header).map_err(|e| {
        json::invalid("safetensors header", &e)
            .at(source.path())
            .offset(PREFIX)
    })?;
    refuse_duplicates(&entries).map_err(|e| e.at(source.path()))?;
    // In the order of the data, as they will be read.
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    check_coverage(&entries, source.size() - data_start).map_err(|e| e.at(source.path()))?;

    let tensors = entries
        .into_iter()
        .map(|(name, entry)| describe(name, entry, index, data_start))
        .map(|described| described.map_err(|e| e.at(source.path())))
        .collect::<Result<_>>()?;
    Ok(Opened {
        left_out: Vec::new(),
        candidates: Vec::new(),
        tensors,
        metadata,
        findings: Vec::new(),
        sources: Vec::new(),
    })
}

/// The header's bytes and where the data begins.
fn read_header(source: &dyn Source) -> Result<(Vec<u8>, u64)> {
    let length = source.read(0, PREFIX as usize)?;
    let length = length
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes));
    if length > limits::SAFETENSORS_HEADER_BYTES {
        return Err(Error::new(
            Code::HeaderTooLarge,
            format!(
                "header length {length} exceeds the cap of {} bytes",
                limits::SAFETENSORS_HEADER_BYTES
            ),
        )
        .at(source.path())
        .offset(0)
        .hint("this is no safetensors file, or it is damaged; fetch or save it again"));
    }
    let end = PREFIX + length;
    if end > source.size() {
        return Err(
            Error::new(Code::UnexpectedEof, "file ends inside its header")
                .expected(format!("at least {end} bytes"))
                .found(counted(source.size(), "byte"))
                .at(source.path())
                .offset(source.size())
                .hint("the file is truncated; fetch or save it again"),
        );
    }
    Ok((source.read(PREFIX, length as usize)?, end))
}

fn refuse_duplicates(entries: &[(String, Entry<'_>)]) -> Result<()> {
    let mut names = HashSet::with_capacity(entries.len());
    let twice = entries
        .iter()
        .find(|(name, _)| !names.insert(name.as_str()));
    match twice {
        Some((name, _)) => Err(
            Error::new(Code::DuplicateName, "two tensors have the same name")
                .tensor(name)
                .hint("it is not defined which one counts; save the checkpoint again"),
        ),
        None => Ok(()),
    }
}

/// The format wants the data filled from start to end, without holes or overlaps.
fn check_coverage(entries: &[(String, Entry<'_>)], data_bytes: u64) -> Result<()> {
    let mut end = 0;
    for (name, entry) in entries {
        let (from, to) = entry.data_offsets;
        if to < from {
            return Err(Error::new(Code::OutOfBounds, "data ends before it begins")
                .found(format!("data_offsets [{from}, {to}]"))
                .tensor(name));
        }
        if from != end {
            let (code, what) = if from < end {
                (Code::OffsetOverlap, "data overlaps the tensor before it")
            } else {
                (
                    Code::OffsetHole,
                    "data leaves a hole behind the tensor before it",
                )
            };
            return Err(Error::new(code, what)
                .expected(format!("a start at {end}"))
                .found(format!("data_offsets [{from}, {to}]"))
                .tensor(name)
                .hint("the header does not describe this file; save the checkpoint again"));
        }
        end = to;
    }
    if end > data_bytes {
        return Err(
            Error::new(Code::UnexpectedEof, "file ends before its tensors do")
                .expected(format!("{end} bytes of data"))
                .found(counted(data_bytes, "byte"))
                .hint("download interrupted? fetch or save the file again"),
        );
    }
    if end < data_bytes {
        return Err(
            Error::new(Code::TrailingData, "file goes on behind its last tensor")
                .expected(format!("{end} bytes of data"))
                .found(counted(data_bytes, "byte"))
                .hint("the header does not describe this file; save the checkpoint again"),
        );
    }
    Ok(())
}

fn describe(name: String, entry: Entry<'_>, index: u32, data_start: u64) -> Result<Tensor> {
    let (from, to) = entry.data_offsets;
    let bytes = to - from;
    let elements = element_count(&entry.shape).map_err(|e| e.tensor(&name))?;
    let span = Span {
        source: index,
        offset: data_start + from,
        bytes,
    };
    let label: StrDeserializer<ValueError> = entry.dtype.as_ref().into_deserializer();
    let Ok(dtype) = Dtype::deserialize(label) else {
        return Ok(Tensor::raw(name, &entry.dtype, entry.shape, elements, span));
    };
    let bits = u128::from(elements) * dtype.bitsize() as u128;
    if bits != u128::from(bytes) * 8 {
        return Err(
            Error::new(Code::SizeMismatch, "shape and dtype do not fit the data")
                .expected(format!(
                    "{} bytes for {:?} {dtype}",
                    bits.div_ceil(8),
                    entry.shape
                ))
                .found(format!("{bytes} bytes, data_offsets [{from}, {to}]"))
                .tensor(&name),
        );
    }
    Ok(match (dtype_of(dtype), packing_of(dtype)) {
        (Some(dtype), _) => Tensor::plain(name, dtype, entry.shape, elements, span),
        (None, Some(packing)) => Tensor::packed(name, packing, entry.shape, elements, span),
        // The crate knows it, this version does not.
        (None, None) => Tensor::raw(name, &entry.dtype, entry.shape, elements, span),
    })
}

fn packing_of(dtype: Dtype) -> Option<Packing> {
    match dtype {
        Dtype::F4 => Some(Packing::F4E2M1),
        Dtype::F6_E2M3 => Some(Packing::F6E2M3),
        Dtype::F6_E3M2 => Some(Packing::F6E3M2),
        _ => None,
    }
}

fn dtype_of(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::BOOL => DType::Bool,
        Dtype::U8 => DType::U8,
        Dtype::I8 => DType::I8,
        Dtype::U16 => DType::U16,
        Dtype::I16 => DType::I16,
        Dtype::U32 => DType::U32,
        Dtype::I32 => DType::I32,
        Dtype::U64 => DType::U64,
        Dtype::I64 => DType::I64,
        Dtype::F8_E4M3 => DType::F8E4M3,
        Dtype::F8_E5M2 => DType::F8E5M2,
        Dtype::F8_E4M3FNUZ => DType::F8E4M3Fnuz,
        Dtype::F8_E5M2FNUZ => DType::F8E5M2Fnuz,
        Dtype::F8_E8M0 => DType::F8E8M0,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::Bf16,
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        Dtype::C64 => DType::C64,
        _ => return None,
    })
}
