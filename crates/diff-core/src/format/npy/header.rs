//! The head of an array: `\x93NUMPY`, version, length, and a dictionary with three keys.

use crate::error::{Code, Error, Result, counted};
use crate::format::array::literal::{self, Literal};
use crate::format::array::sizes;
use crate::pickle::Area;

pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// Longest header, in bytes. numpy itself evaluates at most 10,000 characters.
const MOST: u64 = 64 << 10;

/// What a header says.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) descr: Literal,
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
    /// Position in the area behind it.
    pub(super) end: u64,
}

/// # Errors
/// `BadMagic`, `UnsupportedVersion`, `HeaderTooLarge`, `UnexpectedEof`, `InvalidHeader`.
pub(super) fn read(area: &Area) -> Result<Header> {
    let start = area.read(0, area.length.min(12))?;
    if !start.starts_with(MAGIC) {
        let error = if MAGIC.starts_with(&start) {
            Error::new(Code::UnexpectedEof, "array ends inside its header")
        } else {
            Error::new(Code::BadMagic, "not an array of numpy's")
        };
        return Err(error
            .expected("\\x93NUMPY at its start")
            .found(format!("{:02x?}", start.get(..6).unwrap_or(&start))));
    }
    let cut = || {
        Error::new(Code::UnexpectedEof, "array ends inside its header")
            .found(counted(area.length, "byte"))
            .hint("the file is truncated; fetch or save it again")
    };
    let version = (start.get(6).copied(), start.get(7).copied());
    let (at, length) = match version {
        (Some(1), Some(0)) => {
            let bytes = start.get(8..10).and_then(<[u8]>::first_chunk);
            (10, bytes.map(|b| u64::from(u16::from_le_bytes(*b))))
        }
        (Some(2 | 3), Some(0)) => {
            let bytes = start.get(8..12).and_then(<[u8]>::first_chunk);
            (12, bytes.map(|b| u64::from(u32::from_le_bytes(*b))))
        }
        (Some(major), Some(minor)) => {
            return Err(Error::new(
                Code::UnsupportedVersion,
                "version of the array file is not known here",
            )
            .expected("1.0, 2.0 or 3.0")
            .found(format!("{major}.{minor}")));
        }
        _ => return Err(cut()),
    };
    let length = length.ok_or_else(cut)?;
    if length > MOST {
        return Err(Error::new(Code::HeaderTooLarge, "array header is too long")
            .expected(format!("at most {MOST} bytes"))
            .found(counted(length, "byte")));
    }
    if length > area.length - at {
        return Err(cut());
    }
    let bytes = area.read(at, length)?;
    let text = if version.0 == Some(3) {
        String::from_utf8(bytes).map_err(|e| {
            Error::new(Code::InvalidHeader, "array header is not UTF-8 text")
                .offset(area.start + at + e.utf8_error().valid_up_to() as u64)
        })?
    } else {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    };
    let place = |e: Error| e.offset(area.start + at);
    let members = literal::parse(&text).map_err(place)?;
    from_literal(members, at + length).map_err(place)
}

fn from_literal(members: Literal, end: u64) -> Result<Header> {
    let wrong = |what: &str, found: &Literal| {
        let found: String = format!("{found:?}").chars().take(60).collect();
        Error::new(Code::InvalidHeader, format!("array header {what}"))
            .expected("a dictionary of descr, fortran_order and shape")
            .found(found)
            .hint("save the array again with numpy.save")
    };
    let Literal::Dict(members) = members else {
        return Err(wrong("is no dictionary", &members));
    };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in members {
        let Literal::Text(name) = &key else {
            return Err(wrong("has a key that is no text", &key));
        };
        let twice = match name.as_str() {
            "descr" => descr.replace(value).is_some(),
            "fortran_order" => match value {
                Literal::Truth(value) => fortran.replace(value).is_some(),
                other => return Err(wrong("has an order that is not True or False", &other)),
            },
            "shape" => shape.replace(sizes(&value)?).is_some(),
            _ => return Err(wrong("has a key that does not belong there", &key)),
        };
        if twice {
            return Err(
                Error::new(Code::DuplicateName, "array header has a key twice")
                    .found(format!("{name:?}")),
            );
        }
    }
    match (descr, fortran, shape) {
        (Some(descr), Some(fortran), Some(shape)) => Ok(Header {
            descr,
            fortran,
            shape,
            end,
        }),
        _ => Err(Error::new(Code::InvalidHeader, "array header lacks a key")
            .expected("descr, fortran_order and shape")),
    }
}
