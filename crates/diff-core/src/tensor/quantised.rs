//! Tensors that are made of codes: unpacked, looked up, scaled.

use std::sync::Arc;

use super::layout::Layout;
use super::node::{Affine, Factor, Lookup, Node, Rule, Table, Unpacked};
use super::{Tensor, element_count};
use crate::dtype::DType;
use crate::error::{Code, Error, Result};

impl Tensor {
    /// Codes with one scale, or with one for each block: (code - zero) * scale. `label` is the file's name for the type.
    #[must_use]
    pub fn affine(
        codes: Self,
        label: Option<Box<str>>,
        scale: Factor,
        zero: Factor,
        block: Vec<u64>,
    ) -> Self {
        Self::of_affine(Affine::new(codes, scale, zero, block), label)
    }

    /// The numbers that codes and their factors stand for, under the name of the codes. `label` is the file's name for the type.
    #[must_use]
    pub fn of_affine(affine: Affine, label: Option<Box<str>>) -> Self {
        let codes = &affine.codes;
        let (name, shape, elements) = (codes.name.clone(), codes.shape.clone(), codes.elements);
        let node = Node::Affine(Arc::new(affine));
        Self {
            name,
            dtype: DType::F32,
            dtype_label: label,
            shape,
            elements,
            bytes: node.parts().into_iter().map(|part| part.bytes).sum(),
            node,
        }
    }

    /// The codes that `words` hold, of which there are `length` along `axis`.
    ///
    /// # Errors
    /// `SizeMismatch` where the words hold fewer codes; `UnsupportedDtype` where the layout has no words of this type; what keeps the words from
    /// being read.
    pub fn unpacked(
        words: Self,
        layout: Layout,
        axis: usize,
        length: u64,
        add: u32,
    ) -> Result<Self> {
        if let Some(error) = words.error() {
            return Err(error.clone());
        }
        let unfit = |code, what: &str| Error::new(code, what.to_owned()).tensor(&words.name);
        let mut shape = words.shape.clone();
        let Some(dim) = shape.get_mut(axis) else {
            return Err(unfit(Code::SizeMismatch, "packed tensor has no such axis")
                .found(format!("axis {axis} of {:?}", words.shape)));
        };
        let room = layout.room(words.dtype.bytes(), *dim);
        let Some(room) = room.filter(|_| words.dtype.is_integer()) else {
            return Err(unfit(
                Code::UnsupportedDtype,
                "codes are packed in words of another type than their layout has",
            )
            .found(words.dtype_name()));
        };
        if length > room {
            return Err(unfit(
                Code::SizeMismatch,
                "packed tensor holds fewer codes than it should",
            )
            .expected(format!("{length} along axis {axis}"))
            .found(room));
        }
        *dim = length;
        Ok(Self {
            name: words.name.clone(),
            dtype: DType::U8,
            dtype_label: None,
            elements: element_count(&shape)?,
            shape,
            bytes: words.bytes,
            node: Node::Unpacked(Arc::new(Unpacked {
                words,
                layout,
                axis,
                add,
            })),
        })
    }

    /// The numbers that codes, one a byte, have in a table.
    ///
    /// # Errors
    /// `UnsupportedDtype` where the codes are not unsigned bytes; `SizeMismatch` where the table is empty or has more than 256 numbers.
    pub fn lookup(codes: Self, table: Table) -> Result<Self> {
        if codes.dtype != DType::U8 {
            return Err(Error::new(
                Code::UnsupportedDtype,
                "only codes of a byte are looked up in a table",
            )
            .found(codes.dtype_name())
            .tensor(&codes.name));
        }
        let length = match &table {
            Table::Known(numbers) => numbers.len() as u64,
            Table::Stored(tensor) => tensor.elements,
        };
        if !(1..=256).contains(&length) {
            return Err(
                Error::new(Code::SizeMismatch, "table of codes has no fitting length")
                    .expected("1 to 256 numbers")
                    .found(length)
                    .tensor(&codes.name),
            );
        }
        Ok(Self {
            name: codes.name.clone(),
            dtype: DType::F32,
            dtype_label: None,
            shape: codes.shape.clone(),
            elements: codes.elements,
            bytes: codes.bytes,
            node: Node::Lookup(Arc::new(Lookup { codes, table })),
        })
    }
}

impl Affine {
    /// (code - zero) * scale, with a scale and a zero point for each block.
    #[must_use]
    pub fn new(codes: Tensor, scale: Factor, zero: Factor, block: Vec<u64>) -> Self {
        Self {
            codes,
            scale,
            zero,
            block,
            rule: Rule::Subtract,
            round: None,
            index: None,
        }
    }
}
