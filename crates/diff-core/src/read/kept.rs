//! How much memory the reader of a tensor keeps.

use crate::tensor::{Factor, Node, Tensor};

/// The most bytes that a reader of a tensor keeps once it is used (scales, factors of products, norms, places of sparse elements), with what
/// it takes to make them. This follows from the description: nothing is read.
pub(crate) fn kept_bytes(tensor: &Tensor) -> u64 {
    let own = match &tensor.node {
        Node::Affine(affine) => {
            let factors = [&affine.scale, &affine.zero].map(|factor| match factor {
                Factor::One(_) => 0,
                Factor::Each(tensor) => in_f32(tensor),
            });
            // The numbers of the blocks, as they are read and as they are used.
            let index = affine.index.as_ref();
            let index = index.map_or(0, |index| in_f32(&index.blocks).saturating_mul(2));
            factors.into_iter().fold(index, u64::saturating_add)
        }
        Node::LowRank(product) => in_f32(&product.right),
        Node::Kronecker(product) => in_f32(&product.left).saturating_add(in_f32(&product.right)),
        // The magnitudes, the sums of squares in f64, and the factors that are made of both.
        Node::Normed(normed) => in_f32(&normed.magnitude).saturating_mul(4),
        // The indices and the places that they name, 64 bits each, and the elements in the order of their places.
        Node::Sparse(sparse) => {
            let indices = sparse.indices.iter().map(|index| index.elements);
            let places = indices.fold(0, u64::saturating_add).saturating_mul(16);
            let item = sparse.values.dtype.bytes().max(8);
            places.saturating_add(sparse.values.elements.saturating_mul(item))
        }
        // These keep nothing, or at most 256 numbers.
        Node::Lookup(_)
        | Node::Times(_)
        | Node::Stored(_)
        | Node::View(_)
        | Node::Concat(_)
        | Node::Signed(..)
        | Node::Shifted(..)
        | Node::Scaled { .. }
        | Node::Unpacked(_)
        | Node::Pair(_)
        | Node::Rounded(_)
        | Node::Broken(_) => 0,
    };
    let parts = tensor.node.parts().into_iter().map(kept_bytes);
    parts.fold(own, u64::saturating_add)
}

/// Bytes of the elements in f32.
pub(super) fn in_f32(tensor: &Tensor) -> u64 {
    tensor.elements.saturating_mul(4)
}
