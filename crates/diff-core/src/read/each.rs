//! Operations on each element by itself.

use std::ops::Range;

use half::{bf16, f16};

use super::held::Held;
use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::{DType, ValueMap};
use crate::error::Result;
use crate::kernel::{self, Elements};
use crate::tensor::{self, Scale, Signs, Tensor};

/// Elements with other signs. The sign of a float is its highest bit.
pub(super) struct Signed<'a> {
    of: Reader<'a>,
    signs: Signs,
}

impl<'a> Signed<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, of: &'a Tensor, signs: Signs) -> Result<Self> {
        let of = part(checkpoint, of, As::Values)?;
        // A real number is its own conjugate.
        let signs = match (of.dtype().component(), signs) {
            (None, Signs::Real) => Signs::All,
            (_, signs) => signs,
        };
        Ok(Self { of, signs })
    }
}

impl Read for Signed<'_> {
    fn dtype(&self) -> DType {
        self.of.dtype()
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let fields = scratch.with_part();
        let given = self.of.read(start, count, fields.part)?;
        let out = fields.out;
        out.extend_from_slice(given.bytes);
        let (from, step) = match (self.signs, self.of.dtype().component()) {
            (Signs::All, _) => (0, 1),
            (Signs::Real, _) => (0, 2),
            (Signs::Imaginary, Some(_)) => (1, 2),
            (Signs::Imaginary, None) => {
                return Ok(Elements {
                    bytes: out,
                    ..given
                });
            }
        };
        let size = given.dtype.bytes() as usize;
        for element in out.chunks_exact_mut(size).skip(from).step_by(step) {
            if let Some(last) = element.last_mut() {
                *last ^= 0x80;
            }
        }
        Ok(Elements {
            bytes: out,
            ..given
        })
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.of.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.of.at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.of.comes_in_parts()
    }
}

/// Elements to each of which a number is added, in f32.
pub(super) struct Shifted<'a> {
    of: Reader<'a>,
    number: f32,
}

impl<'a> Shifted<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, of: &'a Tensor, number: f32) -> Result<Self> {
        let of = part(checkpoint, of, As::Values)?;
        Ok(Self { of, number })
    }
}

impl Read for Shifted<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let fields = scratch.with_part();
        let given = self.of.read(start, count, fields.part)?;
        let out = fields.out;
        out.reserve(4 * count);
        kernel::for_each_value(given, |value| {
            out.extend_from_slice(&(value as f32 + self.number).to_le_bytes());
        });
        Ok(plain::operand(out, DType::F32))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.of.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.of.at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.of.comes_in_parts()
    }
}

/// Elements each of which is multiplied by a number, in f32.
pub(super) struct Times<'a> {
    of: Reader<'a>,
    number: Number<'a>,
}

enum Number<'a> {
    Known(f32),
    Stored { held: Held<'a>, over: f64 },
}

impl<'a> Times<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, times: &'a tensor::Times) -> Result<Self> {
        Ok(Self {
            of: part(checkpoint, &times.of, As::Values)?,
            number: match &times.number {
                Scale::Number(number) => Number::Known(*number as f32),
                Scale::Stored { number, over } => Number::Stored {
                    held: Held::new(checkpoint, number),
                    over: *over,
                },
            },
        })
    }

    fn number(&self) -> Result<f32> {
        match &self.number {
            Number::Known(number) => Ok(*number),
            Number::Stored { held, over } => {
                let number = held.all()?.first().copied().unwrap_or(f32::NAN);
                Ok((f64::from(number) / over) as f32)
            }
        }
    }
}

impl Read for Times<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let number = self.number()?;
        let fields = scratch.with_part();
        let given = self.of.read(start, count, fields.part)?;
        let out = fields.out;
        out.reserve(4 * count);
        kernel::for_each_value(given, |value| {
            out.extend_from_slice(&(value as f32 * number).to_le_bytes());
        });
        Ok(plain::operand(out, DType::F32))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.of.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.of.at_once(few, many)
    }
}

/// Elements rounded to another float type.
pub(super) struct Rounded<'a> {
    of: Reader<'a>,
    dtype: DType,
}

impl<'a> Rounded<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, of: &'a Tensor, dtype: DType) -> Result<Self> {
        let of = part(checkpoint, of, As::Values)?;
        Ok(Self { of, dtype })
    }
}

impl Read for Rounded<'_> {
    fn dtype(&self) -> DType {
        self.dtype
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let fields = scratch.with_part();
        let given = self.of.read(start, count, fields.part)?;
        let out = fields.out;
        match self.dtype {
            DType::F16 => kernel::for_each_value(given, |value| {
                out.extend_from_slice(&f16::from_f64(value).to_le_bytes());
            }),
            DType::Bf16 => kernel::for_each_value(given, |value| {
                out.extend_from_slice(&bf16::from_f64(value).to_le_bytes());
            }),
            DType::F64 => kernel::for_each_value(given, |value| {
                out.extend_from_slice(&value.to_le_bytes());
            }),
            _ => kernel::for_each_value(given, |value| {
                out.extend_from_slice(&(value as f32).to_le_bytes());
            }),
        }
        Ok(plain::operand(out, self.dtype))
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.of.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.of.at_once(few, many)
    }
}

/// Codes with one scale: the kernels take them as they are, and the scale beside them.
pub(super) struct Scaled<'a> {
    codes: Reader<'a>,
    map: ValueMap,
}

impl<'a> Scaled<'a> {
    pub(super) fn new(
        checkpoint: &'a Checkpoint,
        codes: &'a Tensor,
        scale: f64,
        zero_point: i64,
    ) -> Result<Self> {
        Ok(Self {
            codes: part(checkpoint, codes, As::Values)?,
            map: ValueMap::Affine { scale, zero_point },
        })
    }
}

impl Read for Scaled<'_> {
    fn dtype(&self) -> DType {
        self.codes.dtype()
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let given = self.codes.read(start, count, scratch)?;
        let map = self.map;
        Ok(Elements { map, ..given })
    }

    fn regions(&self, elements: Range<u64>, each: &mut dyn FnMut(Region)) {
        self.codes.regions(elements, each);
    }

    fn at_once(&self, few: u64, many: u64) -> u64 {
        self.codes.at_once(few, many)
    }

    fn comes_in_parts(&self) -> bool {
        self.codes.comes_in_parts()
    }
}
