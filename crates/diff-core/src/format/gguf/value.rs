//! Values of keys.

use std::hash::{DefaultHasher, Hasher};

use super::input::Input;
use crate::dtype::ByteOrder;
use crate::error::{Code, Error, Result};

/// Bytes of a text or an array that are kept as they are; of longer ones only what tells them apart.
const KEPT: u64 = 4096;

/// Arrays inside arrays.
const DEPTH: u32 = 4;

/// Type of a value, by its number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    Array,
    U64,
    I64,
    F64,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::Text,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    fn read(input: &mut Input) -> Result<Self> {
        let number = input.u32()?;
        let kind = usize::try_from(number)
            .ok()
            .and_then(|at| Self::ALL.get(at));
        kind.copied().ok_or_else(|| {
            Error::new(Code::InvalidHeader, "type of a value is not known")
                .expected("0 to 12")
                .found(number.cast_signed())
        })
    }

    /// The fewest bytes that a value takes.
    fn least(self) -> u64 {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::Text => 8,
            Self::Array => 12,
        }
    }

    fn is_number(self) -> bool {
        !matches!(self, Self::Text | Self::Array)
    }
}

/// Value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    /// Any byte but 0 is true.
    Bool(bool),
    Text(String),
    /// All of one type, which tells empty ones apart.
    Array(Kind, Vec<Value>),
    U64(u64),
    I64(i64),
    F64(f64),
    /// A text or an array of more than 4 KiB, counts included (token lists, merges, templates), or one with text that is not UTF-8.
    Large(Box<Large>),
}

/// A text or an array that is not held in memory.
#[derive(Debug, Clone, Copy)]
pub struct Large {
    /// Text, or array.
    pub kind: Kind,
    /// Type of an array's elements; that of a text is u8.
    pub element: Kind,
    /// Elements of an array, bytes of a text.
    pub count: u64,
    /// Where it lies in the file, behind its count, and how long it is, in bytes.
    pub offset: u64,
    pub bytes: u64,
    /// The same for the same contents in either byte order, within one build of this program. Files made to mislead can have different
    /// contents with one digest: who must know compares the bytes.
    pub digest: u64,
}

/// Equal contents, wherever they lie.
impl PartialEq for Large {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.element, self.count, self.digest)
            == (other.kind, other.element, other.count, other.digest)
    }
}

impl Value {
    /// A whole number that is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::U8(n) => Some(n.into()),
            Self::U16(n) => Some(n.into()),
            Self::U32(n) => Some(n.into()),
            Self::U64(n) => Some(n),
            Self::I8(n) => n.try_into().ok(),
            Self::I16(n) => n.try_into().ok(),
            Self::I32(n) => n.try_into().ok(),
            Self::I64(n) => n.try_into().ok(),
            _ => None,
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn memory(&self) -> u64 {
        let inside = match self {
            Self::Text(text) => text.len() as u64,
            Self::Array(_, values) => values.iter().map(Self::memory).sum(),
            Self::Large(_) => size_of::<Large>() as u64,
            _ => 0,
        };
        size_of::<Self>() as u64 + inside
    }

    /// For messages: short whatever the value.
    pub(super) fn summary(&self) -> String {
        match self {
            Self::Text(text) => format!("a text of {} bytes", text.len()),
            Self::Array(_, values) => format!("an array of {}", values.len()),
            Self::Large(large) => format!("{} bytes", large.bytes),
            other => format!("{other:?}"),
        }
    }
}

/// Reads the value of one key.
pub(super) fn read(input: &mut Input) -> Result<Value> {
    let kind = Kind::read(input)?;
    let mut reader = Reader {
        start: input.position(),
        input,
        hasher: DefaultHasher::new(),
        keep: true,
        outer: None,
    };
    if let Some(value) = reader.value(kind, 0)? {
        return Ok(value);
    }
    let (element, count, offset) = reader.outer.unwrap_or((kind, 1, reader.start));
    Ok(Value::Large(Box::new(Large {
        kind,
        element,
        count,
        offset,
        bytes: reader.input.position() - offset,
        digest: reader.hasher.finish(),
    })))
}

/// Reads one value and everything in it. All of it is digested; it is kept while it is short and UTF-8.
struct Reader<'r, 'a> {
    input: &'r mut Input<'a>,
    /// Where the value begins in the file.
    start: u64,
    hasher: DefaultHasher,
    keep: bool,
    /// Type and number of the outermost text's or array's elements, and where they begin.
    outer: Option<(Kind, u64, u64)>,
}

impl Reader<'_, '_> {
    /// None for what is not kept.
    fn value(&mut self, kind: Kind, depth: u32) -> Result<Option<Value>> {
        Ok(Some(match kind {
            Kind::Text => return self.text(),
            Kind::Array => return self.array(depth + 1),
            Kind::Bool => Value::Bool(self.number()? != [0]),
            Kind::U8 => Value::U8(u8::from_le_bytes(self.number()?)),
            Kind::I8 => Value::I8(i8::from_le_bytes(self.number()?)),
            Kind::U16 => Value::U16(u16::from_le_bytes(self.number()?)),
            Kind::I16 => Value::I16(i16::from_le_bytes(self.number()?)),
            Kind::U32 => Value::U32(u32::from_le_bytes(self.number()?)),
            Kind::I32 => Value::I32(i32::from_le_bytes(self.number()?)),
            Kind::U64 => Value::U64(u64::from_le_bytes(self.number()?)),
            Kind::I64 => Value::I64(i64::from_le_bytes(self.number()?)),
            Kind::F32 => Value::F32(f32::from_le_bytes(self.number()?)),
            Kind::F64 => Value::F64(f64::from_le_bytes(self.number()?)),
        }))
    }

    fn number<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.input.number()?;
        self.hasher.write(&bytes);
        Ok(bytes)
    }

    /// A number of elements that the file has room for.
    fn count(&mut self, element: Kind, noun: &str) -> Result<u64> {
        let count = self.input.u64()?;
        self.input.expect(count, element.least(), noun)?;
        self.hasher.write_u64(count);
        let begins = self.input.position();
        self.outer.get_or_insert((element, count, begins));
        Ok(count)
    }

    /// Whether `bytes` more are still few.
    fn keeps(&mut self, bytes: u64) -> bool {
        self.keep &= self.input.position() - self.start + bytes <= KEPT;
        self.keep
    }

    fn text(&mut self) -> Result<Option<Value>> {
        let length = self.count(Kind::U8, "byte")?;
        if self.keeps(length) {
            let bytes = self.input.bytes(length)?;
            self.hasher.write(&bytes);
            let text = String::from_utf8(bytes).ok();
            self.keep = text.is_some();
            return Ok(text.map(Value::Text));
        }
        let hasher = &mut self.hasher;
        self.input.pieces(length, |piece| hasher.write(piece))?;
        Ok(None)
    }

    fn array(&mut self, depth: u32) -> Result<Option<Value>> {
        if depth > DEPTH {
            return Err(
                Error::new(Code::LimitExceeded, "arrays lie too deep inside arrays")
                    .expected(format!("at most {DEPTH}"))
                    .hint("no known model has such metadata; convert it again"),
            );
        }
        let element = Kind::read(self.input)?;
        self.hasher.write_u8(element as u8);
        let count = self.count(element, "element")?;
        if element.is_number() && !self.keeps(count * element.least()) {
            self.skip_numbers(element, count)?;
            return Ok(None);
        }
        let mut values = Vec::new();
        for _ in 0..count {
            match self.value(element, depth)? {
                Some(value) if self.keeps(0) => values.push(value),
                _ => values = Vec::new(),
            }
        }
        Ok(self.keep.then_some(Value::Array(element, values)))
    }

    fn skip_numbers(&mut self, element: Kind, count: u64) -> Result<()> {
        let size = element.least();
        let turn = self.input.order == ByteOrder::Big;
        let hasher = &mut self.hasher;
        self.input.pieces(count * size, |piece| {
            if turn {
                let numbers = piece.chunks_exact_mut(size as usize);
                numbers.for_each(<[u8]>::reverse);
            }
            hasher.write(piece);
        })
    }
}
