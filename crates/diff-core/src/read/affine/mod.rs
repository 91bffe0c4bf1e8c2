//! Codes with a scale for each block: dequantised here in f32, as torch does it.

mod blocks;

use std::ops::Range;

use super::held::{Held, read_all};
use super::{As, Read, Reader, Region, Scratch, part, plain};
use crate::checkpoint::Checkpoint;
use crate::dtype::DType;
use crate::error::{Code, Error, Result};
use crate::kernel::{self, Elements};
use crate::once::Once;
use crate::tensor::{Affine, Factor, Index, Rule, Tensor};
use blocks::{Blocks, Numbers, Step};

/// How many codes are turned into numbers at once.
const TILE: usize = 1 << 12;

/// See [`Affine`].
pub(super) struct Scaled<'a> {
    codes: Reader<'a>,
    blocks: Blocks,
    scale: PerBlock<'a>,
    zero: PerBlock<'a>,
    index: Option<Indexed<'a>>,
    step: Step,
}

/// The block of each index along an axis, read at the first use.
struct Indexed<'a> {
    checkpoint: &'a Checkpoint,
    index: &'a Index,
    read: Once<Vec<u32>>,
}

/// One number for all blocks, or one for each.
enum PerBlock<'a> {
    One([f32; 1]),
    Each(Held<'a>),
}

/// A reader of codes with one scale that are a part of another tensor, which needs them as numbers.
pub(super) fn of_scaled<'a>(
    checkpoint: &'a Checkpoint,
    codes: &'a Tensor,
    scale: f64,
    zero_point: i64,
) -> Result<Scaled<'a>> {
    Ok(Scaled {
        codes: part(checkpoint, codes, As::Values)?,
        blocks: Blocks::new(&[codes.elements], &[codes.elements], None),
        scale: PerBlock::One([scale as f32]),
        zero: PerBlock::One([zero_point as f32]),
        index: None,
        step: Step::new(Rule::Subtract, None, zero_point != 0),
    })
}

impl<'a> Scaled<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, affine: &'a Affine) -> Result<Self> {
        let numbers = |factor: &'a Factor| match factor {
            Factor::One(number) => PerBlock::One([*number]),
            Factor::Each(tensor) => PerBlock::Each(Held::new(checkpoint, tensor)),
        };
        let index = affine.index.as_ref();
        let of_index = index.map(|index| (index.axis, index.count));
        let blocks = Blocks::new(&affine.codes.shape, &affine.block, of_index);
        for factor in [&affine.scale, &affine.zero] {
            if let Factor::Each(tensor) = factor
                && tensor.elements != blocks.count()
            {
                return Err(Error::new(
                    Code::SizeMismatch,
                    "quantised tensor has another number of scales than of blocks",
                )
                .expected(blocks.count())
                .found(format!("{} in {}", tensor.elements, tensor.name)));
            }
        }
        if let Some(index) = index
            && affine.codes.shape.get(index.axis) != Some(&index.blocks.elements)
        {
            return Err(Error::new(
                Code::SizeMismatch,
                "index of groups has another length than its axis",
            )
            .expected(format!("axis {} of {:?}", index.axis, affine.codes.shape))
            .found(format!(
                "{} in {}",
                index.blocks.elements, index.blocks.name
            )));
        }
        Ok(Self {
            codes: part(checkpoint, &affine.codes, As::Values)?,
            blocks,
            scale: numbers(&affine.scale),
            zero: numbers(&affine.zero),
            index: index.map(|index| Indexed {
                checkpoint,
                index,
                read: Once::default(),
            }),
            step: Step::new(
                affine.rule,
                affine.round,
                !matches!(affine.zero, Factor::One(0.0)),
            ),
        })
    }
}

impl Read for Scaled<'_> {
    fn dtype(&self) -> DType {
        DType::F32
    }

    fn read<'s>(
        &'s self,
        start: u64,
        count: usize,
        scratch: &'s mut Scratch,
    ) -> Result<Elements<'s>> {
        let numbers = Numbers {
            scale: self.scale.all()?,
            zero: self.zero.all()?,
            index: match &self.index {
                Some(index) => index.all()?,
                None => &[],
            },
        };
        let fields = scratch.with_part();
        let out = fields.out;
        out.resize(4 * count, 0);
        // Where codes can be read a few at a time, those at work stay in the first-level cache.
        let at_once = if self.codes.comes_in_parts() {
            TILE
        } else {
            count.max(1)
        };
        let places = (start..).step_by(at_once);
        for (start, cells) in places.zip(out.as_chunks_mut().0.chunks_mut(at_once)) {
            let codes = self.codes.read(start, cells.len(), fields.part)?;
            kernel::to_f32(codes, cells);
            self.blocks.apply(start, cells, numbers, self.step);
        }
        Ok(plain::operand(out, DType::F32))
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

impl PerBlock<'_> {
    fn all(&self) -> Result<&[f32]> {
        match self {
            Self::One(number) => Ok(number),
            Self::Each(held) => held.all(),
        }
    }
}

impl Indexed<'_> {
    fn all(&self) -> Result<&[u32]> {
        self.read.get_or_make(|| self.make()).map(Vec::as_slice)
    }

    fn make(&self) -> Result<Vec<u32>> {
        let blocks = read_all(self.checkpoint, &self.index.blocks)?;
        let is_block =
            |number: f32| number.fract() == 0.0 && (0.0..self.index.count as f32).contains(&number);
        match blocks.iter().find(|number| !is_block(**number)) {
            None => Ok(blocks.into_iter().map(|number| number as u32).collect()),
            Some(wrong) => Err(Error::new(
                Code::OutOfBounds,
                "index names a group that does not exist",
            )
            .expected(format!("a whole number below {}", self.index.count))
            .found(format!("{wrong} in {}", self.index.blocks.name))),
        }
    }
}
