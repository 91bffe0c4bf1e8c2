//! Element types.

/// Type of a tensor's elements as they lie in the file, little-endian unless the tensor says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    /// 4 exponent bits, 3 mantissa bits, no infinity.
    F8E4M3,
    F8E5M2,
    /// Exponent bias 8, one NaN, no negative zero.
    F8E4M3Fnuz,
    F8E5M2Fnuz,
    /// A power of two, without sign or mantissa (scale of microscaling formats).
    F8E8M0,
    F16,
    Bf16,
    F32,
    F64,
    /// Complex numbers: two f16, the real part first.
    C32,
    /// Two f32.
    C64,
    /// Two f64.
    C128,
    /// A type that this version does not know; its tensors have a description but no values.
    Unknown,
}

/// How the numbers of a type are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Exact in f64: all floats, and integers of at most 32 bits.
    Double,
    /// 64-bit integers, which f64 cannot hold exactly.
    Wide,
    /// No values.
    None,
}

/// What is done to a stored element before it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueMap {
    Identity,
    /// Quantised with one scale: (q - `zero_point`) * `scale`.
    Affine {
        scale: f64,
        zero_point: i64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    Little,
    Big,
}

use DType as D;

/// Every readable type with its name and its size in bytes.
const TABLE: &[(DType, &str, u64)] = &[
    (D::Bool, "bool", 1),
    (D::U8, "u8", 1),
    (D::I8, "i8", 1),
    (D::U16, "u16", 2),
    (D::I16, "i16", 2),
    (D::U32, "u32", 4),
    (D::I32, "i32", 4),
    (D::U64, "u64", 8),
    (D::I64, "i64", 8),
    (D::F8E4M3, "f8_e4m3fn", 1),
    (D::F8E5M2, "f8_e5m2", 1),
    (D::F8E4M3Fnuz, "f8_e4m3fnuz", 1),
    (D::F8E5M2Fnuz, "f8_e5m2fnuz", 1),
    (D::F8E8M0, "f8_e8m0fnu", 1),
    (D::F16, "f16", 2),
    (D::Bf16, "bf16", 2),
    (D::F32, "f32", 4),
    (D::F64, "f64", 8),
    (D::C32, "c32", 4),
    (D::C64, "c64", 8),
    (D::C128, "c128", 16),
];

/// A type is looked up by its number: this is asked many times a tensor.
const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(
            TABLE[at].0 as usize == at,
            "rows are in the order of the types"
        );
        at += 1;
    }
};

/// torch's names for types, with the type that their elements are read as and, where that does not say it
/// all, the name that is shown: `qint8` is read as i8 and mapped, `bits8` as the integer that it is.
const TORCH: &[(&str, DType, Option<&str>)] = &[
    ("float64", D::F64, None),
    ("double", D::F64, None),
    ("float32", D::F32, None),
    ("float", D::F32, None),
    ("float16", D::F16, None),
    ("half", D::F16, None),
    ("bfloat16", D::Bf16, None),
    ("int64", D::I64, None),
    ("long", D::I64, None),
    ("int32", D::I32, None),
    ("int", D::I32, None),
    ("int16", D::I16, None),
    ("short", D::I16, None),
    ("int8", D::I8, None),
    ("uint8", D::U8, None),
    ("uint16", D::U16, None),
    ("uint32", D::U32, None),
    ("uint64", D::U64, None),
    ("bool", D::Bool, None),
    ("complex32", D::C32, None),
    ("chalf", D::C32, None),
    ("complex64", D::C64, None),
    ("cfloat", D::C64, None),
    ("complex128", D::C128, None),
    ("cdouble", D::C128, None),
    ("float8_e4m3fn", D::F8E4M3, None),
    ("float8_e5m2", D::F8E5M2, None),
    ("float8_e4m3fnuz", D::F8E4M3Fnuz, None),
    ("float8_e5m2fnuz", D::F8E5M2Fnuz, None),
    ("float8_e8m0fnu", D::F8E8M0, None),
    ("qint8", D::I8, Some("qint8")),
    ("quint8", D::U8, Some("quint8")),
    ("qint32", D::I32, Some("qint32")),
    ("quint4x2", D::U8, Some("quint4x2")),
    ("quint2x4", D::U8, Some("quint2x4")),
    ("bits8", D::U8, Some("bits8")),
    ("bits16", D::U16, Some("bits16")),
    ("bits1x8", D::U8, Some("bits1x8")),
    ("bits2x4", D::U8, Some("bits2x4")),
    ("bits4x2", D::U8, Some("bits4x2")),
    ("float4_e2m1fn_x2", D::Unknown, Some("f4_e2m1fn_x2")),
    ("uint1", D::Unknown, Some("uint1")),
    ("uint2", D::Unknown, Some("uint2")),
    ("uint3", D::Unknown, Some("uint3")),
    ("uint4", D::Unknown, Some("uint4")),
    ("uint5", D::Unknown, Some("uint5")),
    ("uint6", D::Unknown, Some("uint6")),
    ("uint7", D::Unknown, Some("uint7")),
    ("int1", D::Unknown, Some("int1")),
    ("int2", D::Unknown, Some("int2")),
    ("int3", D::Unknown, Some("int3")),
    ("int4", D::Unknown, Some("int4")),
    ("int5", D::Unknown, Some("int5")),
    ("int6", D::Unknown, Some("int6")),
    ("int7", D::Unknown, Some("int7")),
];

/// A type by torch's name for it, and the name to show where that of the type does not say it all.
#[must_use]
pub fn from_torch(name: &str) -> Option<(DType, Option<&'static str>)> {
    TORCH
        .iter()
        .find(|row| row.0 == name)
        .map(|row| (row.1, row.2))
}

#[must_use]
pub fn is_torch_name(name: &str) -> bool {
    from_torch(name).is_some()
}

impl DType {
    /// Every type of real numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE
            .iter()
            .map(|row| row.0)
            .filter(|dtype| dtype.component().is_none())
    }

    /// The type of the two parts of a complex number.
    #[must_use]
    pub fn component(self) -> Option<Self> {
        match self {
            D::C32 => Some(D::F16),
            D::C64 => Some(D::F32),
            D::C128 => Some(D::F64),
            _ => None,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or("unknown", |row| row.1)
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Bytes an element; 0 for [`DType::Unknown`].
    #[must_use]
    pub fn bytes(self) -> u64 {
        TABLE.get(self as usize).map_or(0, |row| row.2)
    }

    #[must_use]
    pub fn class(self) -> Class {
        match self {
            D::U64 | D::I64 => Class::Wide,
            D::Unknown => Class::None,
            _ => Class::Double,
        }
    }

    #[must_use]
    pub fn is_integer(self) -> bool {
        matches!(
            self,
            D::Bool | D::U8 | D::I8 | D::U16 | D::I16 | D::U32 | D::I32 | D::U64 | D::I64
        )
    }
}
