//! What a pickle describes, as a graph in an arena: values refer to each other by number, so that sharing
//! and cycles cost nothing and dropping never recurses.

use std::collections::HashMap;

use crate::error::{Code, Error, Result};
use crate::limits::Meter;

/// Number of a value in its arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u32);

/// Bytes in the arena's pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    pub at: u32,
    pub length: u32,
}

/// Where the content of a bytes object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blob {
    /// In the source of the pickle itself, at this offset of the source.
    Source { at: u64, length: u64 },
    /// In the pool, where it had to be decoded.
    Pool(Slice),
}

/// How an object came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A call: `callable(*args)`.
    Call,
    /// An instance: `callable.__new__(callable, *args)`.
    New,
}

#[derive(Debug)]
pub enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// Two's complement, little-endian, longer than an i64.
    Long(Slice),
    /// Decimal digits of an integer beyond an i64.
    Digits(Slice),
    Float(f64),
    /// UTF-8, with surrogates let through.
    Text(Slice),
    /// Python 2's `str`: text or bytes, nobody knows.
    Str8(Slice),
    Bytes(Blob),
    List(Vec<Id>),
    Tuple(Box<[Id]>),
    Dict(Vec<(Id, Id)>),
    Set(Vec<Id>),
    /// Number in the table of globals.
    Global(u32),
    /// The argument of a persistent id.
    Persistent(Id),
    Object(Object),
}

/// What a call or an instantiation would have made. Nothing was called.
#[derive(Debug)]
pub struct Object {
    pub callable: Id,
    pub args: Id,
    pub how: How,
    pub extra: Option<Box<Extra>>,
}

/// What was done to an object after it was made.
#[derive(Debug, Default)]
pub struct Extra {
    /// Arguments of BUILD, and the keyword arguments of `NEWOBJ_EX`.
    pub states: Vec<Id>,
    /// APPEND and ADDITEMS.
    pub items: Vec<Id>,
    /// SETITEM.
    pub pairs: Vec<(Id, Id)>,
}

/// Values of a chunk; chunks never move, so that growing costs no copy.
const CHUNK: usize = 1024;

/// The arena.
#[derive(Debug, Default)]
pub struct Values {
    chunks: Vec<Vec<Value>>,
    length: u32,
    pool: Vec<u8>,
}

impl Values {
    pub fn push(&mut self, value: Value, meter: &mut Meter) -> Result<Id> {
        let at = self.length as usize;
        if at.is_multiple_of(CHUNK) {
            meter.debit((CHUNK * size_of::<Value>()) as u64)?;
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(value);
        }
        self.length = self
            .length
            .checked_add(1)
            .ok_or_else(|| Error::new(Code::LimitExceeded, "pickle has more values than 2^32"))?;
        Ok(Id(at as u32))
    }

    #[must_use]
    pub fn get(&self, id: Id) -> &Value {
        self.chunks
            .get(id.0 as usize / CHUNK)
            .and_then(|chunk| chunk.get(id.0 as usize % CHUNK))
            .unwrap_or(&Value::None)
    }

    /// All values, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.chunks.iter().flatten()
    }

    pub fn get_mut(&mut self, id: Id) -> Option<&mut Value> {
        self.chunks
            .get_mut(id.0 as usize / CHUNK)
            .and_then(|chunk| chunk.get_mut(id.0 as usize % CHUNK))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.length as usize
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Copies bytes into the pool.
    pub fn intern(&mut self, bytes: &[u8], meter: &mut Meter) -> Result<Slice> {
        // A growing vector is at most twice as large as its content.
        meter.debit(2 * bytes.len() as u64)?;
        let at = u32::try_from(self.pool.len());
        let length = u32::try_from(bytes.len());
        let (Ok(at), Ok(length)) = (at, length) else {
            return Err(Error::new(
                Code::LimitExceeded,
                "texts of a pickle exceed 4 GiB",
            ));
        };
        self.pool.extend_from_slice(bytes);
        Ok(Slice { at, length })
    }

    #[must_use]
    pub fn slice(&self, slice: Slice) -> &[u8] {
        let at = slice.at as usize;
        self.pool
            .get(at..at + slice.length as usize)
            .unwrap_or_default()
    }

    /// All decoded bytes, for a source of their own.
    #[must_use]
    pub fn take_pool(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.pool)
    }

    /// A text, of either kind.
    #[must_use]
    pub fn text(&self, id: Id) -> Option<&[u8]> {
        match self.get(id) {
            Value::Text(slice) | Value::Str8(slice) => Some(self.slice(*slice)),
            _ => None,
        }
    }

    #[must_use]
    pub fn integer(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Value::Int(value) => Some(*value),
            Value::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// A size, an offset, a stride: not negative.
    #[must_use]
    pub fn natural(&self, id: Id) -> Option<u64> {
        self.integer(id).and_then(|value| u64::try_from(value).ok())
    }

    #[must_use]
    pub fn float(&self, id: Id) -> Option<f64> {
        match self.get(id) {
            Value::Float(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The items of a list or a tuple.
    #[must_use]
    pub fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::List(items) => Some(items),
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// What dictionaries do with equal keys: the last value counts, in the place of the first.
    pub fn settle_dictionaries(&mut self, meter: &mut Meter) -> Result<()> {
        for index in 0..self.length {
            let id = Id(index);
            let pairs = match self.get_mut(id) {
                Some(Value::Dict(pairs)) => std::mem::take(pairs),
                Some(Value::Object(Object {
                    extra: Some(extra), ..
                })) => std::mem::take(&mut extra.pairs),
                _ => continue,
            };
            let settled = if pairs.len() < 2 {
                pairs
            } else {
                meter.debit(48 * pairs.len() as u64)?;
                self.settle(pairs)
            };
            match self.get_mut(id) {
                Some(Value::Dict(pairs)) => *pairs = settled,
                Some(Value::Object(Object {
                    extra: Some(extra), ..
                })) => extra.pairs = settled,
                _ => {}
            }
        }
        Ok(())
    }

    fn settle(&self, pairs: Vec<(Id, Id)>) -> Vec<(Id, Id)> {
        let mut seen: HashMap<Key, usize> = HashMap::with_capacity(pairs.len());
        let mut settled: Vec<(Id, Id)> = Vec::new();
        for (key, value) in pairs {
            let at = *seen.entry(self.key(key)).or_insert(settled.len());
            match settled.get_mut(at) {
                Some(pair) => pair.1 = value,
                None => settled.push((key, value)),
            }
        }
        settled
    }

    fn key(&self, id: Id) -> Key<'_> {
        match self.get(id) {
            Value::Text(slice) | Value::Str8(slice) => Key::Text(self.slice(*slice)),
            Value::Long(slice) | Value::Digits(slice) => Key::Long(self.slice(*slice)),
            Value::Bytes(Blob::Pool(slice)) => Key::Bytes(self.slice(*slice)),
            Value::Int(value) => Key::Int(*value),
            Value::Bool(value) => Key::Int(i64::from(*value)),
            Value::Float(value) if value.trunc() == *value && value.abs() < 1e15 => {
                Key::Int(*value as i64)
            }
            Value::Float(value) => Key::Float(value.to_bits()),
            Value::None => Key::None,
            _ => Key::Other(id),
        }
    }
}

/// What makes two keys of a dictionary equal, as far as it matters here.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    Long(&'a [u8]),
    Int(i64),
    Float(u64),
    None,
    Other(Id),
}
