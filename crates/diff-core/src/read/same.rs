//! Whether two tensors are made of the same bytes of the same files, so that these are read only once.

use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::tensor::{Affine, Encoding, Factor, Node, Scale, Span, Stored, Table, Tensor};

/// Whether the elements of two tensors, each from a given one on, are made of the same bytes of the same files in the same way.
pub(crate) fn is_same(
    (old, a, a_start): (&Checkpoint, &Tensor, u64),
    (new, b, b_start): (&Checkpoint, &Tensor, u64),
) -> bool {
    if a.dtype != b.dtype {
        return false;
    }
    let sources = |p: &Span, q: &Span| is_same_source(old, p, new, q);
    if let (Node::Stored(p), Node::Stored(q)) = (&a.node, &b.node)
        && p.strides.is_none()
        && q.strides.is_none()
    {
        let first =
            |span: &Span, tensor: &Tensor, start| span.offset + tensor.stored_bytes(0..start);
        // Elements of less than a byte, or of a block, share their first byte with others, so that it does not tell where they begin.
        let is_place = matches!(p.encoding, Encoding::Plain(_)) || a_start == b_start;
        return p.encoding == q.encoding
            && is_place
            && first(&p.span, a, a_start) == first(&q.span, b, b_start)
            && sources(&p.span, &q.span);
    }
    let is_one =
        |p: &Stored, q: &Stored| p.span.offset == q.span.offset && sources(&p.span, &q.span);
    a_start == b_start && has_form(a, b, &is_one)
}

/// Whether two expressions do the same with the stored tensors that they are made of. `is_one` tells for two of these in the same position
/// whether they count as equal.
pub(super) fn has_form(a: &Tensor, b: &Tensor, is_one: &dyn Fn(&Stored, &Stored) -> bool) -> bool {
    if a.dtype != b.dtype || a.shape != b.shape {
        return false;
    }
    let is_one_node = match (&a.node, &b.node) {
        (Node::Stored(p), Node::Stored(q)) => {
            return p.encoding == q.encoding && p.strides == q.strides && is_one(p, q);
        }
        (Node::View(p), Node::View(q)) => p.offset == q.offset && p.steps == q.steps,
        (Node::Concat(p), Node::Concat(q)) => p.axis == q.axis,
        (Node::Signed(_, p), Node::Signed(_, q)) => p == q,
        (Node::Shifted(_, p), Node::Shifted(_, q)) => p.to_bits() == q.to_bits(),
        (Node::Sparse(p), Node::Sparse(q)) => p.kind == q.kind,
        (
            Node::Scaled {
                scale: p,
                zero_point: m,
                ..
            },
            Node::Scaled {
                scale: q,
                zero_point: n,
                ..
            },
        ) => p.to_bits() == q.to_bits() && m == n,
        (Node::Affine(p), Node::Affine(q)) => {
            let index = |affine: &Affine| {
                let index = affine.index.as_ref();
                index.map(|index| (index.axis, index.count))
            };
            p.block == q.block
                && (p.rule, p.round) == (q.rule, q.round)
                && index(p) == index(q)
                && is_one_factor(&p.scale, &q.scale)
                && is_one_factor(&p.zero, &q.zero)
        }
        (Node::Unpacked(p), Node::Unpacked(q)) => {
            (p.layout, p.axis, p.add) == (q.layout, q.axis, q.add)
        }
        (Node::Lookup(p), Node::Lookup(q)) => match (&p.table, &q.table) {
            (Table::Known(p), Table::Known(q)) => std::ptr::eq(*p, *q),
            (Table::Stored(_), Table::Stored(_)) => true,
            _ => false,
        },
        (Node::Times(p), Node::Times(q)) => is_one_scale(&p.number, &q.number),
        (Node::Pair(p), Node::Pair(q)) => p.rule == q.rule,
        (Node::Normed(p), Node::Normed(q)) => {
            p.axis == q.axis && p.epsilon.to_bits() == q.epsilon.to_bits()
        }
        (Node::LowRank(_), Node::LowRank(_))
        | (Node::Kronecker(_), Node::Kronecker(_))
        | (Node::Rounded(_), Node::Rounded(_)) => true,
        _ => false,
    };
    let (parts_a, parts_b) = (a.node.parts(), b.node.parts());
    is_one_node
        && parts_a.len() == parts_b.len()
        && parts_a
            .iter()
            .zip(parts_b)
            .all(|(p, q)| has_form(p, q, is_one))
}

/// Whether two scales are the same number, or both stored: then they are compared as parts of the expression.
fn is_one_scale(a: &Scale, b: &Scale) -> bool {
    match (a, b) {
        (Scale::Number(a), Scale::Number(b)) => a.to_bits() == b.to_bits(),
        (Scale::Stored { over: a, .. }, Scale::Stored { over: b, .. }) => {
            a.to_bits() == b.to_bits()
        }
        _ => false,
    }
}

/// Whether two factors are the same number, or both tensors: then they are compared as parts of the expression.
fn is_one_factor(a: &Factor, b: &Factor) -> bool {
    match (a, b) {
        (Factor::One(a), Factor::One(b)) => a.to_bits() == b.to_bits(),
        (Factor::Each(_), Factor::Each(_)) => true,
        _ => false,
    }
}

fn is_same_source(old: &Checkpoint, p: &Span, new: &Checkpoint, q: &Span) -> bool {
    let (Some(a), Some(b)) = (
        old.sources.get(p.source as usize),
        new.sources.get(q.source as usize),
    ) else {
        return false;
    };
    Arc::ptr_eq(a, b)
        || a.file_identity()
            .is_some_and(|id| Some(id) == b.file_identity())
}
