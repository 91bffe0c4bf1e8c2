//! Paths as names: keys joined by dots, those that are no texts as Python writes them.

use std::fmt::Write;

use super::document::{Reading, Ref};
use super::numpy_type::Kind;
use super::tree::{Segment, Tree};
use crate::dtype::{ByteOrder, DType};
use crate::error::Result;
use crate::format::array::Literal;
use crate::limits::{self, Cap};
use crate::pickle::Value;

/// Depth and length to which a key that is a container is written out.
const MOST_DEPTH: u32 = 4;
const MOST_KEY: usize = 1000;

impl Reading {
    /// The name of a node, from `above` (which is left out) down.
    pub(super) fn name(&self, tree: &Tree, node: u32, above: Option<u32>) -> Result<String> {
        let mut segments = Vec::new();
        let mut at = Some(node);
        while let Some(number) = at.filter(|number| Some(*number) != above) {
            let Some(node) = tree.nodes.get(number as usize) else {
                break;
            };
            segments.extend(node.segment);
            at = node.parent;
        }
        let mut name = String::new();
        for (index, segment) in segments.into_iter().rev().enumerate() {
            if index > 0 {
                name.push('.');
            }
            self.write_segment(segment, &mut name);
            let most = self.context.limits.of(Cap::NameBytes, 0);
            if name.len() as u64 > most {
                return Err(limits::exceeded(
                    Cap::NameBytes,
                    most,
                    name.len() as u64,
                    "length of a tensor's name",
                ));
            }
        }
        Ok(name)
    }

    /// One step of a path, as it stands in a name.
    pub(super) fn segment(&self, segment: Segment) -> String {
        let mut out = String::new();
        self.write_segment(segment, &mut out);
        out
    }

    fn write_segment(&self, segment: Segment, out: &mut String) {
        match segment {
            Segment::Index(index) => out.push_str(&index.to_string()),
            Segment::Name(name) => out.push_str(name),
            Segment::Key(at) => match self.text(at) {
                Some(text) => out.push_str(&String::from_utf8_lossy(text)),
                None => self.write_value(at, 0, out),
            },
        }
    }

    fn write_value(&self, at: Ref, depth: u32, out: &mut String) {
        if depth > MOST_DEPTH || out.len() > limits::JSON_BYTES as usize {
            out.push('…');
            return;
        }
        match self.value(at) {
            Value::None => out.push_str("None"),
            Value::Bool(value) => out.push_str(python_truth(*value)),
            Value::Int(value) => out.push_str(&value.to_string()),
            Value::Float(value) => out.push_str(&python_float(*value)),
            Value::Digits(slice) => {
                if let Some(document) = self.document(at) {
                    out.push_str(&String::from_utf8_lossy(document.values.slice(*slice)));
                }
            }
            Value::Long(slice) => {
                if let Some(document) = self.document(at) {
                    out.push_str(&decimal(document.values.slice(*slice)));
                }
            }
            Value::Text(_) | Value::Str8(_) => {
                let text = self.text(at).unwrap_or_default();
                let text: String = String::from_utf8_lossy(text)
                    .chars()
                    .take(MOST_KEY)
                    .collect();
                out.push('\'');
                out.push_str(&text.replace('\\', "\\\\").replace('\'', "\\'"));
                out.push('\'');
            }
            Value::Bytes(_) => self.write_bytes(at, out),
            Value::Tuple(items) => {
                out.push('(');
                self.write_items(at, items, depth, out);
                out.push_str(if items.len() == 1 { ",)" } else { ")" });
            }
            Value::Set(items) => {
                out.push_str("frozenset({");
                self.write_items(at, items, depth, out);
                out.push_str("})");
            }
            Value::Object(object) => self.write_object(at, object, depth, out),
            Value::Global(_) => {
                if let Some((module, name)) = self.global(at) {
                    out.extend([module, ".", name]);
                }
            }
            Value::List(_) | Value::Dict(_) | Value::Persistent(_) => {
                out.push('…');
            }
        }
    }

    fn write_items(&self, at: Ref, items: &[crate::pickle::Id], depth: u32, out: &mut String) {
        for (index, id) in items.iter().take(8).enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.write_value(Ref { id: *id, ..at }, depth + 1, out);
        }
        if items.len() > 8 {
            out.push_str(", …");
        }
    }

    fn write_object(&self, at: Ref, object: &crate::pickle::Object, depth: u32, out: &mut String) {
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let args = self.args(at, object);
        if let Some(text) = self.numpy_scalar(callable, &args) {
            out.push_str(&text);
            return;
        }
        match (self.global(callable), args.first()) {
            (Some(("builtins", "frozenset" | "set")), Some(items)) => {
                out.push_str("frozenset({");
                self.write_items(
                    *items,
                    self.sequence(*items).unwrap_or_default(),
                    depth,
                    out,
                );
                out.push_str("})");
            }
            (Some(("_codecs", "encode")), Some(text)) => {
                let bytes = self.text(*text).and_then(crate::pickle::text::to_latin1);
                out.push_str(&python_bytes(&bytes.unwrap_or_default()));
            }
            (Some((_, name)), _) => {
                out.push_str(name);
                out.push('(');
                for (index, arg) in args.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    self.write_value(*arg, depth + 1, out);
                }
                out.push(')');
            }
            (None, _) => out.push('…'),
        }
    }

    /// A scalar of numpy's as Python's `str` writes it.
    fn numpy_scalar(&self, callable: Ref, args: &[Ref]) -> Option<String> {
        let (("numpy.core.multiarray" | "numpy._core.multiarray", "scalar"), &[dtype, data]) =
            (self.global(callable)?, args)
        else {
            return None;
        };
        let mut bytes = match self.encoded_text(data) {
            Some(text) => crate::pickle::text::to_latin1(text)?,
            None => self.short_bytes(data)?,
        };
        match self.numpy_dtype(dtype, 0)? {
            Kind::Numbers(dtype, order) => {
                if order == ByteOrder::Big {
                    bytes.reverse();
                }
                number(dtype, &bytes)
            }
            Kind::Described(Literal::Text(code)) if code.starts_with("<U") => bytes
                .as_chunks()
                .0
                .iter()
                .map(|unit| char::from_u32(u32::from_le_bytes(*unit)))
                .collect(),
            _ => None,
        }
    }

    fn write_bytes(&self, at: Ref, out: &mut String) {
        match self.short_bytes(at) {
            Some(bytes) => out.push_str(&python_bytes(&bytes)),
            None => out.push_str("b'…'"),
        }
    }
}

/// A little-endian number in as many bytes as its type has.
fn number(dtype: DType, bytes: &[u8]) -> Option<String> {
    let mut wide = [0; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let bits = u64::from_le_bytes(wide);
    let unused = 64 - 8 * u32::try_from(bytes.len()).ok()?.min(8);
    let signed = bits.checked_shl(unused)?.cast_signed() >> unused;
    if bytes.len() as u64 != dtype.bytes() {
        return None;
    }
    Some(match dtype {
        DType::Bool => python_truth(bits != 0).to_owned(),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => signed.to_string(),
        DType::U8 | DType::U16 | DType::U32 | DType::U64 => bits.to_string(),
        DType::F32 => python_float(f64::from(f32::from_bits(u32::try_from(bits).ok()?))),
        DType::F64 => python_float(f64::from_bits(bits)),
        _ => return None,
    })
}

fn python_truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn python_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("b'");
    for byte in bytes.iter().take(MOST_KEY) {
        match byte {
            b'\'' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            0x20..=0x7e => out.push(char::from(*byte)),
            byte => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('\'');
    out
}

/// As Python's `repr`: with a point where there would be none.
fn python_float(value: f64) -> String {
    let text = format!("{value:?}");
    text.replace("NaN", "nan")
}

/// Little-endian two's complement as a decimal number.
fn decimal(bytes: &[u8]) -> String {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut limbs: Vec<u32> = Vec::new();
    for chunk in bytes.chunks(4) {
        let fill = if negative { 0xff } else { 0 };
        let mut limb = [fill; 4];
        for (to, from) in limb.iter_mut().zip(chunk) {
            *to = *from;
        }
        limbs.push(u32::from_le_bytes(limb));
    }
    if negative {
        let mut carry = true;
        for limb in &mut limbs {
            let (value, overflow) = (!*limb).overflowing_add(u32::from(carry));
            *limb = value;
            carry = overflow;
        }
    }
    let mut groups = Vec::new();
    while limbs.iter().any(|limb| *limb != 0) {
        let mut rest = 0u64;
        for limb in limbs.iter_mut().rev() {
            let value = rest << 32 | u64::from(*limb);
            *limb = (value / 1_000_000_000) as u32;
            rest = value % 1_000_000_000;
        }
        groups.push(rest);
    }
    let mut out = String::new();
    if negative {
        out.push('-');
    }
    match groups.split_last() {
        None => out.push('0'),
        Some((first, rest)) => {
            out.push_str(&first.to_string());
            for group in rest.iter().rev() {
                let _ = write!(out, "{group:09}");
            }
        }
    }
    out
}
