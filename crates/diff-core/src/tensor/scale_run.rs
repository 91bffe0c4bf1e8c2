//! Which neighbours of a quantised tensor share a scale.

use super::Tensor;
use super::node::{Affine, Concat, Node, View};
use super::shape::row_major_steps;
use super::stored::Encoding;

impl Tensor {
    /// How many elements in a row along an axis, counted from its start, share a scale and a zero point, so that their values are among the same
    /// few numbers. None for a tensor that is not quantised, or whose scales do not follow such runs.
    #[must_use]
    pub fn scale_run(&self, axis: usize) -> Option<u64> {
        let length = *self.shape.get(axis)?;
        let run = match &self.node {
            Node::Stored(stored) => match stored.encoding {
                Encoding::Blocks(format, _) if axis + 1 == self.shape.len() => format.scale_run,
                _ => None,
            },
            Node::Affine(affine) => of_affine(affine, axis),
            Node::Scaled { .. } => Some(length),
            Node::Signed(of, _) | Node::Shifted(of, _) | Node::Rounded(of) => of.scale_run(axis),
            Node::Times(times) => times.of.scale_run(axis),
            Node::Concat(concat) => of_concat(concat, axis),
            Node::View(view) => of_view(self, view, axis),
            _ => None,
        }?;
        Some(common_divisor(run, length))
    }
}

fn of_affine(affine: &Affine, axis: usize) -> Option<u64> {
    let has_index = affine.index.as_ref().is_some_and(|it| it.axis == axis);
    affine.block.get(axis).copied().filter(|_| !has_index)
}

fn of_concat(concat: &Concat, axis: usize) -> Option<u64> {
    let runs = concat.parts.iter().map(|part| part.scale_run(axis));
    runs.reduce(|a, b| Some(common_divisor(a?, b?)))?
}

fn of_view(tensor: &Tensor, view: &View, axis: usize) -> Option<u64> {
    let of = &view.of;
    // The same order in another shape: only runs along the last axis stay runs, and only along the last axis.
    if view.offset == 0
        && view.steps == row_major_steps(&tensor.shape)
        && of.elements == tensor.elements
    {
        let is_last = axis + 1 == tensor.shape.len();
        return of
            .scale_run(of.shape.len().checked_sub(1)?)
            .filter(|_| is_last);
    }
    let steps = row_major_steps(&of.shape);
    let whole = |&at: &usize| {
        steps.get(at) == view.steps.get(axis) && of.shape.get(at) == tensor.shape.get(axis)
    };
    (0..of.shape.len())
        .find(whole)
        .and_then(|at| of.scale_run(at))
}

/// The largest length that divides both.
fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::blocks::BlockFormat;
    use crate::dtype::{ByteOrder, DType};
    use crate::tensor::{Factor, Span};

    const NOWHERE: Span = Span {
        source: 0,
        offset: 0,
        bytes: 1 << 20,
    };

    fn codes(shape: &[u64]) -> Tensor {
        let elements = shape.iter().product();
        Tensor::plain("w".into(), DType::U8, shape.to_vec(), elements, NOWHERE)
    }

    fn scaled(shape: &[u64], block: &[u64]) -> Tensor {
        let blocks: Vec<u64> = shape
            .iter()
            .zip(block)
            .map(|(n, b)| n.div_ceil(*b))
            .collect();
        let scale = Factor::Each(Tensor {
            dtype: DType::F32,
            ..codes(&blocks)
        });
        Tensor::affine(codes(shape), None, scale, Factor::One(0.0), block.to_vec())
    }

    #[test]
    fn a_run_is_a_block_along_the_axis() {
        let tensor = scaled(&[64, 256], &[1, 32]);
        assert_eq!(
            [0, 1].map(|axis| tensor.scale_run(axis)),
            [Some(1), Some(32)]
        );
        assert_eq!(tensor.scale_run(2), None);
        assert_eq!(codes(&[64, 256]).scale_run(1), None);
        // The last block of a row is cut.
        assert_eq!(scaled(&[4, 96], &[1, 64]).scale_run(1), Some(32));
        let block = |name: &str| {
            let format = BlockFormat::named(name).unwrap();
            Tensor::blocks(
                "w".into(),
                format,
                ByteOrder::Little,
                vec![2, 512],
                1024,
                NOWHERE,
            )
        };
        assert_eq!(block("Q4_K").scale_run(1), Some(32));
        assert_eq!(block("Q6_K").scale_run(1), Some(16));
        assert_eq!(block("Q4_K").scale_run(0), None);
        // Four values share a code.
        assert_eq!(block("IQ3_XXS").scale_run(1), None);
    }

    #[test]
    fn views_keep_the_runs_of_the_axis_that_they_show() {
        let tensor = scaled(&[128, 48], &[128, 1]);
        let turned = tensor.permuted(&[1, 0]).unwrap();
        assert_eq!(
            [0, 1].map(|axis| turned.scale_run(axis)),
            [Some(1), Some(128)]
        );
        let flat = scaled(&[8 * 96], &[64]);
        assert_eq!(flat.reshaped(&[8, 96]).unwrap().scale_run(1), Some(32));
        assert_eq!(flat.reshaped(&[8, 96]).unwrap().scale_run(0), None);
        let joined = Tensor::concat(0, vec![turned.clone(), scaled(&[2, 128], &[1, 64])]).unwrap();
        assert_eq!(joined.scale_run(1), Some(64));
        let part = turned.sliced(&[3..9, 0..128]).unwrap();
        assert_eq!(part.scale_run(1), Some(128));
        assert_eq!(turned.sliced(&[3..9, 5..101]).unwrap().scale_run(1), None);
    }
}
