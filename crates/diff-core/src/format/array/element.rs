//! What the elements of an array are: numbers, bytes of another meaning, objects, or structures of those.

use super::literal::Literal;
use crate::dtype::{ByteOrder, DType};
use crate::error::{Code, Error, Result};

/// One kind of value.
#[derive(Debug, Clone)]
pub(in crate::format) enum Element {
    Number {
        dtype: DType,
        order: ByteOrder,
        /// Where the type's own name does not say it all.
        label: Option<String>,
    },
    /// Two bytes that numpy has no name for: what bfloat16 looks like in a file.
    VoidOfTwo(ByteOrder),
    /// Texts, 80-bit floats and the like: compared byte by byte.
    Raw(String),
    Object,
}

/// One kind of value at its place in an element; an element that is no structure has one, at 0.
#[derive(Debug, Clone)]
pub(in crate::format) struct Leaf {
    /// Names of the fields that lead to it.
    pub(in crate::format) path: Vec<String>,
    pub(in crate::format) element: Element,
    /// Bytes from the start of the whole element.
    pub(in crate::format) offset: u64,
    /// Bytes of one value.
    pub(in crate::format) item: u64,
    /// Arrays of structures around it: how many, and bytes from one to the next.
    pub(in crate::format) levels: Vec<(u64, u64)>,
    /// Dimensions that the type adds to the array's, those of `levels` first.
    pub(in crate::format) shape: Vec<u64>,
    /// Values that lie one after the other.
    pub(in crate::format) run: u64,
}

/// A type as a whole.
#[derive(Debug)]
pub(in crate::format) struct Type {
    /// Bytes.
    pub(in crate::format) size: u64,
    pub(in crate::format) leaves: Vec<Leaf>,
}

impl Type {
    pub(in crate::format) fn has_objects(&self) -> bool {
        self.leaves
            .iter()
            .any(|leaf| matches!(leaf.element, Element::Object))
    }
}

#[cold]
fn unsupported(found: &dyn std::fmt::Debug) -> Error {
    let found: String = format!("{found:?}").chars().take(60).collect();
    Error::new(Code::UnsupportedDtype, "type of an array is not known here")
        .found(found)
        .hint("convert the array with astype to a type of plain numbers")
}

#[cold]
fn too_large() -> Error {
    Error::new(
        Code::ShapeOverflow,
        "type of an array is too large to count its bytes",
    )
}

/// # Errors
/// `UnsupportedDtype`, `InvalidHeader`, `ShapeOverflow`.
pub(in crate::format) fn parse(descr: &Literal) -> Result<Type> {
    match descr {
        Literal::Text(code) => scalar(code),
        Literal::List(fields) => structure(fields),
        Literal::Tuple(parts) => match parts.as_slice() {
            [base, shape] => repeat(parse(base)?, &subshape(shape)?),
            _ => Err(unsupported(descr)),
        },
        _ => Err(unsupported(descr)),
    }
}

/// The shape of a field; numpy writes tuples, and takes a number too.
fn subshape(shape: &Literal) -> Result<Vec<u64>> {
    match shape {
        Literal::Whole(size) => Ok(vec![*size]),
        _ => sizes(shape),
    }
}

/// A type whose every value is an array of another.
fn repeat(base: Type, shape: &[u64]) -> Result<Type> {
    let count = shape
        .iter()
        .try_fold(1u64, |product, size| product.checked_mul(*size))
        .ok_or_else(too_large)?;
    let size = base.size.checked_mul(count).ok_or_else(too_large)?;
    let stride = base.size;
    let leaves = base
        .leaves
        .into_iter()
        .map(|mut leaf| {
            leaf.shape.splice(0..0, shape.iter().copied());
            if leaf.levels.is_empty() && leaf.item.checked_mul(leaf.run) == Some(stride) {
                leaf.run = leaf.run.checked_mul(count).ok_or_else(too_large)?;
            } else {
                leaf.levels.insert(0, (count, stride));
            }
            Ok(leaf)
        })
        .collect::<Result<_>>()?;
    Ok(Type { size, leaves })
}

fn structure(fields: &[Literal]) -> Result<Type> {
    let mut size = 0u64;
    let mut leaves = Vec::new();
    for field in fields {
        let Literal::Tuple(parts) = field else {
            return Err(unsupported(field));
        };
        let (name, field_type) = match parts.as_slice() {
            [name, base] => (name, parse(base)?),
            [name, base, shape] => (name, repeat(parse(base)?, &subshape(shape)?)?),
            _ => return Err(unsupported(field)),
        };
        let name = match name {
            Literal::Text(name) => name,
            // A title stands before the name.
            Literal::Tuple(names) => match names.as_slice() {
                [_, Literal::Text(name)] => name,
                _ => return Err(unsupported(field)),
            },
            _ => return Err(unsupported(field)),
        };
        // Padding has no name.
        if !name.is_empty() {
            for mut leaf in field_type.leaves {
                leaf.path.insert(0, name.clone());
                leaf.offset = leaf.offset.checked_add(size).ok_or_else(too_large)?;
                leaves.push(leaf);
            }
        }
        size = size.checked_add(field_type.size).ok_or_else(too_large)?;
    }
    Ok(Type { size, leaves })
}

fn scalar(code: &str) -> Result<Type> {
    let (order, rest) = match code.chars().next() {
        Some('>') => (ByteOrder::Big, code.get(1..)),
        Some('<' | '=' | '|') => (ByteOrder::Little, code.get(1..)),
        _ => (ByteOrder::Little, Some(code)),
    };
    let rest = rest.unwrap_or_default();
    let (element, item) = element(rest, order).ok_or_else(|| unsupported(&code))?;
    Ok(Type {
        size: item,
        leaves: vec![Leaf {
            path: Vec::new(),
            element,
            offset: 0,
            item,
            levels: Vec::new(),
            shape: Vec::new(),
            run: 1,
        }],
    })
}

fn element(code: &str, order: ByteOrder) -> Option<(Element, u64)> {
    let number = |dtype: DType| {
        let element = Element::Number {
            dtype,
            order,
            label: None,
        };
        Some((element, dtype.bytes()))
    };
    match code {
        "b1" => return number(DType::Bool),
        "i1" => return number(DType::I8),
        "i2" => return number(DType::I16),
        "i4" => return number(DType::I32),
        "i8" => return number(DType::I64),
        "u1" => return number(DType::U8),
        "u2" => return number(DType::U16),
        "u4" => return number(DType::U32),
        "u8" => return number(DType::U64),
        "f2" => return number(DType::F16),
        "f4" => return number(DType::F32),
        "f8" => return number(DType::F64),
        "c8" => return number(DType::C64),
        "c16" => return number(DType::C128),
        "O" | "O8" | "O4" => return Some((Element::Object, 8)),
        "V2" => return Some((Element::VoidOfTwo(order), 2)),
        _ => {}
    }
    // Items of a byte order of their own are not the same bytes in the other.
    let prefix = match order {
        ByteOrder::Little => "",
        ByteOrder::Big => ">",
    };
    let raw = |label: &str, bytes: u64| Some((Element::Raw(format!("{prefix}{label}")), bytes));
    match code {
        "f16" => return raw("longdouble", 16),
        "c32" => return raw("clongdouble", 32),
        _ => {}
    }
    let kind = code.chars().next()?;
    let rest = code.get(kind.len_utf8()..)?;
    if let ('M' | 'm', Some(unit)) = (kind, rest.strip_prefix('8')) {
        let name = if kind == 'M' {
            "datetime64"
        } else {
            "timedelta64"
        };
        let is_unit = unit.is_empty() || (unit.starts_with('[') && unit.ends_with(']'));
        let plain = unit.len() <= 24
            && unit
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "[]/".contains(c));
        let element = Element::Number {
            dtype: DType::I64,
            order,
            label: Some(format!("{name}{unit}")),
        };
        return (is_unit && plain).then_some((element, 8));
    }
    if rest.is_empty() || rest.len() > 12 || !rest.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: u64 = rest.parse().ok()?;
    match kind {
        // Bytes have no order.
        'S' | 'a' => Some((Element::Raw(format!("S{count}")), count)),
        'V' => Some((Element::Raw(format!("V{count}")), count)),
        'U' => raw(&format!("U{count}"), count.checked_mul(4)?),
        _ => None,
    }
}

/// A tuple of sizes.
pub(in crate::format) fn sizes(value: &Literal) -> Result<Vec<u64>> {
    let sizes = match value {
        Literal::Tuple(items) => items
            .iter()
            .map(|item| match item {
                Literal::Whole(size) => Some(*size),
                _ => None,
            })
            .collect::<Option<Vec<u64>>>(),
        _ => None,
    };
    sizes.ok_or_else(|| {
        let found: String = format!("{value:?}").chars().take(60).collect();
        Error::new(Code::InvalidHeader, "shape of an array is not valid")
            .expected("a tuple of whole numbers")
            .found(found)
    })
}
