//! Numbers, texts and bytes.

use super::{Machine, bad_text};
use crate::error::{Code, Error, Result};
use crate::limits::Cap;
use crate::pickle::opcode as op;
use crate::pickle::text::{self, Integer};
use crate::pickle::value::{Blob, Slice, Value};

impl Machine<'_> {
    pub(super) fn integer(&mut self, code: u8) -> Result<()> {
        let value = match code {
            op::BININT => i64::from(i32::from_le_bytes(self.input.array()?)),
            op::BININT1 => i64::from(self.input.byte()?),
            op::BININT2 => i64::from(u16::from_le_bytes(self.input.array()?)),
            op::INT | op::LONG => {
                let line = self.input.line(self.most.integer as usize)?;
                match text::integer(&line, code == op::LONG) {
                    Some(Integer::Bool(value)) => {
                        let [no, yes] = self.truth;
                        return self.push_id(if value { yes } else { no });
                    }
                    Some(Integer::Small(value)) => value,
                    Some(Integer::Large) => {
                        let slice = self.values.intern(
                            line.strip_suffix(b"L").unwrap_or(&line),
                            &mut self.context.meter,
                        )?;
                        return self.push(Value::Digits(slice));
                    }
                    None => return Err(bad_text("an integer", &line)),
                }
            }
            _ => return self.long(code),
        };
        self.push(Value::Int(value))
    }

    /// Two's complement of any length.
    fn long(&mut self, code: u8) -> Result<()> {
        let length = if code == op::LONG1 {
            u64::from(self.input.byte()?)
        } else {
            self.length_i32()?
        };
        Self::check_length(
            Cap::PickleInteger,
            self.most.integer,
            length,
            "length of an integer",
        )?;
        let bytes = self.input.take(length as usize)?;
        if let Some(value) = small_integer(bytes) {
            return self.push(Value::Int(value));
        }
        let bytes = bytes.to_vec();
        let slice = self.values.intern(&bytes, &mut self.context.meter)?;
        self.push(Value::Long(slice))
    }

    fn length_i32(&mut self) -> Result<u64> {
        let length = i32::from_le_bytes(self.input.array()?);
        u64::try_from(length).map_err(|_| {
            Error::new(Code::InvalidHeader, "pickle has a negative length").found(length)
        })
    }

    fn check_length(cap: Cap, most: u64, length: u64, what: &str) -> Result<()> {
        if length > most {
            return Err(crate::limits::exceeded(cap, most, length, what));
        }
        Ok(())
    }

    pub(super) fn float(&mut self, code: u8) -> Result<()> {
        let value = if code == op::BINFLOAT {
            f64::from_be_bytes(self.input.array()?)
        } else {
            let line = self.input.line(self.most.integer as usize)?;
            text::float(&line).ok_or_else(|| bad_text("a number", &line))?
        };
        self.push(Value::Float(value))
    }

    pub(super) fn text(&mut self, code: u8) -> Result<()> {
        let length = match code {
            op::STRING | op::UNICODE => return self.text_line(code),
            op::BINSTRING => self.length_i32()?,
            op::BINUNICODE => u64::from(u32::from_le_bytes(self.input.array()?)),
            op::BINUNICODE8 => u64::from_le_bytes(self.input.array()?),
            _ => u64::from(self.input.byte()?),
        };
        Self::check_length(Cap::PickleText, self.most.text, length, "length of a text")?;
        let slice = self.take_text(length)?;
        self.push(if matches!(code, op::BINSTRING | op::SHORT_BINSTRING) {
            Value::Str8(slice)
        } else {
            Value::Text(slice)
        })
    }

    fn take_text(&mut self, length: u64) -> Result<Slice> {
        // Debited before the window grows to take it.
        self.context
            .meter
            .debit(if length > 4096 { length } else { 0 })?;
        let bytes = self.input.take(length as usize)?;
        self.values.intern(bytes, &mut self.context.meter)
    }

    fn text_line(&mut self, code: u8) -> Result<()> {
        let most = self.most.text.min(self.input.remaining()) as usize;
        let line = self.input.line(most)?;
        self.context.meter.debit(4 * line.len() as u64)?;
        let decoded = if code == op::STRING {
            text::string(&line)
        } else {
            text::unicode(&line)
        };
        let decoded = decoded.ok_or_else(|| bad_text("a text", &line))?;
        let slice = self.values.intern(&decoded, &mut self.context.meter)?;
        self.push(if code == op::STRING {
            Value::Str8(slice)
        } else {
            Value::Text(slice)
        })
    }

    /// The content stays where it is: it may be an array of gigabytes.
    pub(super) fn bytes(&mut self, code: u8) -> Result<()> {
        let length = match code {
            op::BINBYTES => u64::from(u32::from_le_bytes(self.input.array()?)),
            op::SHORT_BINBYTES => u64::from(self.input.byte()?),
            _ => u64::from_le_bytes(self.input.array()?),
        };
        let at = self.input.skip(length)?;
        self.skipped = length;
        self.push(Value::Bytes(Blob::Source { at, length }))
    }
}

/// Little-endian two's complement that fits an i64.
fn small_integer(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    for (to, from) in whole.iter_mut().zip(bytes) {
        *to = *from;
    }
    Some(i64::from_le_bytes(whole))
}
