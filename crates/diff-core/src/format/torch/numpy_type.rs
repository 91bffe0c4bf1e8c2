//! numpy's types inside pickles, as the description that the header of an array file would have.

use super::document::{Reading, Ref};
use crate::dtype::{ByteOrder, DType};
use crate::format::array::{self, Element, Literal};
use crate::pickle::Value;

/// What a dtype object says.
pub(super) enum Kind {
    Numbers(DType, ByteOrder),
    /// Texts, dates, structures: what a header of an array file would say.
    Described(Literal),
    Objects,
    Other(String),
}

/// Structures inside structures.
const MOST_DEPTH: u32 = 8;

/// Fields of one structure.
const MOST_FIELDS: usize = 10_000;

impl Reading {
    /// `dtype('f4', False, True)` with a state of (3, '<', base, names, fields, size, …), or a scalar class of `ml_dtypes`.
    pub(super) fn numpy_dtype(&self, at: Ref, depth: u32) -> Option<Kind> {
        let Value::Object(object) = self.value(at) else {
            return None;
        };
        let callable = Ref {
            id: object.callable,
            ..at
        };
        let class = self.global(callable)?;
        let args = self.args(at, object);
        if class.0 == "numpy.dtypes" {
            return Some(Kind::Other(class.1.to_owned()));
        }
        if class != ("numpy", "dtype") {
            return None;
        }
        let state = object.extra.as_ref().and_then(|extra| extra.states.last());
        let state = state.map(|id| Ref { id: *id, ..at });
        let part = |index: usize| {
            let state = state?;
            let id = *self.sequence(state)?.get(index)?;
            Some(Ref { id, ..state }).filter(|part| !matches!(self.value(*part), Value::None))
        };
        let is_big = part(1).and_then(|order| self.text(order)) == Some(b">");
        let first = *args.first()?;
        if let Some((module, name)) = self.global(first) {
            let order = if is_big {
                ByteOrder::Big
            } else {
                ByteOrder::Little
            };
            let dtype = match (module, name) {
                ("ml_dtypes", name) => crate::dtype::from_torch(name).map(|(dtype, _)| dtype),
                _ => None,
            };
            return Some(match dtype {
                Some(dtype) if dtype != DType::Unknown => Kind::Numbers(dtype, order),
                _ => Kind::Other(format!("{module}.{name}")),
            });
        }
        let code = String::from_utf8_lossy(self.text(first)?).into_owned();
        let described = if let Some(names) = part(3) {
            self.structure(names, part(4), part(5), depth)
        } else if let Some(base) = part(2) {
            self.repeated(base, depth)
        } else {
            let plain = code.trim_start_matches(['<', '>', '=', '|']);
            let order = if is_big || code.starts_with('>') {
                '>'
            } else {
                '<'
            };
            let unit = part(8).map(|metadata| self.date_unit(metadata));
            let plain = if plain == "?" { "b1" } else { plain };
            Some(Literal::Text(format!(
                "{order}{plain}{}",
                unit.unwrap_or_default()
            )))
        };
        let Some(descr) = described else {
            return Some(Kind::Other(code));
        };
        let Ok(kind) = array::parse_type(&descr) else {
            return Some(Kind::Other(code));
        };
        if kind.has_objects() {
            return Some(Kind::Objects);
        }
        Some(match kind.leaves.as_slice() {
            [leaf] if leaf.path.is_empty() && leaf.shape.is_empty() => match &leaf.element {
                Element::Number {
                    dtype,
                    order,
                    label: None,
                } => Kind::Numbers(*dtype, *order),
                _ => Kind::Described(descr),
            },
            _ => Kind::Described(descr),
        })
    }

    fn descr(&self, at: Ref, depth: u32) -> Option<Literal> {
        if depth >= MOST_DEPTH {
            return None;
        }
        match self.numpy_dtype(at, depth + 1)? {
            Kind::Described(descr) => Some(descr),
            Kind::Objects => Some(Literal::Text("|O8".to_owned())),
            Kind::Numbers(dtype, order) => {
                let order = if order == ByteOrder::Big { '>' } else { '<' };
                let kind = match dtype {
                    DType::Bool => 'b',
                    DType::F16 | DType::F32 | DType::F64 => 'f',
                    DType::C64 | DType::C128 => 'c',
                    DType::U8 | DType::U16 | DType::U32 | DType::U64 => 'u',
                    DType::I8 | DType::I16 | DType::I32 | DType::I64 => 'i',
                    _ => return None,
                };
                Some(Literal::Text(format!("{order}{kind}{}", dtype.bytes())))
            }
            Kind::Other(_) => None,
        }
    }

    /// (base, shape)
    fn repeated(&self, at: Ref, depth: u32) -> Option<Literal> {
        let &[base, shape] = self.sequence(at)? else {
            return None;
        };
        let base = self.descr(Ref { id: base, ..at }, depth)?;
        let shape = self.sizes(Ref { id: shape, ..at }, "shape").ok()?;
        let shape = shape.into_iter().map(Literal::Whole).collect();
        Some(Literal::Tuple(vec![base, Literal::Tuple(shape)]))
    }

    /// Names, and for each its type and its offset; what lies between is padding.
    fn structure(
        &self,
        names: Ref,
        fields: Option<Ref>,
        size: Option<Ref>,
        depth: u32,
    ) -> Option<Literal> {
        let fields = fields?;
        let mut parts: Vec<(u64, String, Literal)> = Vec::new();
        for name in self.sequence(names)?.iter().take(MOST_FIELDS) {
            let name = self.text(Ref { id: *name, ..names })?;
            let field = self.attribute(fields, name)?;
            let &[dtype, offset, ..] = self.sequence(field)? else {
                return None;
            };
            let offset = self.natural(Ref {
                id: offset,
                ..field
            })?;
            let descr = self.descr(Ref { id: dtype, ..field }, depth)?;
            parts.push((offset, String::from_utf8_lossy(name).into_owned(), descr));
        }
        parts.sort_by_key(|(offset, _, _)| *offset);
        let padding = |bytes: u64| {
            let empty = Literal::Text(String::new());
            Literal::Tuple(vec![empty, Literal::Text(format!("|V{bytes}"))])
        };
        let mut end = 0u64;
        let mut all = Vec::new();
        for (offset, name, descr) in parts {
            // Fields that lie over each other have no description of this kind.
            let gap = offset.checked_sub(end)?;
            if gap > 0 {
                all.push(padding(gap));
            }
            end = offset.checked_add(array::parse_type(&descr).ok()?.size)?;
            all.push(Literal::Tuple(vec![Literal::Text(name), descr]));
        }
        let rest = self.natural(size?)?.checked_sub(end)?;
        if rest > 0 {
            all.push(padding(rest));
        }
        Some(Literal::List(all))
    }

    /// `(metadata, (unit, count, …))` of a date, as `[25s]`.
    fn date_unit(&self, at: Ref) -> String {
        let parts = || {
            let &[.., unit] = self.sequence(at)? else {
                return None;
            };
            let unit = Ref { id: unit, ..at };
            let &[name, count, ..] = self.sequence(unit)? else {
                return None;
            };
            let name = match self.value(Ref { id: name, ..at }) {
                Value::Bytes(_) => self.short_bytes(Ref { id: name, ..at })?,
                Value::Object(_) => self.encoded_text(Ref { id: name, ..at })?.to_vec(),
                _ => self.text(Ref { id: name, ..at })?.to_vec(),
            };
            let name = String::from_utf8_lossy(&name).into_owned();
            let count = self.natural(Ref { id: count, ..at })?;
            Some(match (name.as_str(), count) {
                ("generic", _) => String::new(),
                (name, 1) => format!("[{name}]"),
                (name, count) => format!("[{count}{name}]"),
            })
        };
        parts().unwrap_or_default()
    }
}
