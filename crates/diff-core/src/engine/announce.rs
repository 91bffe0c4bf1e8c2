//! Tells the sources that lie on servers what a run will read of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::source::Source;
use crate::tensor::{Node, Span, Stored, Tensor};

/// A source, and the stretches of it that will be read.
type Announced<'a> = (&'a Arc<dyn Source>, Vec<Range<u64>>);

/// Announces the stretches that units of tensors lie in to the sources of their checkpoints, so that they come in few requests and ahead of
/// their use.
pub(super) fn announce<'a>(
    tensors: impl Iterator<Item = (&'a Checkpoint, &'a Tensor, Range<u64>)>,
) {
    // By the address of the source, as checkpoints of one plan may share one.
    let mut ranges: BTreeMap<usize, Announced> = BTreeMap::new();
    for (checkpoint, tensor, units) in tensors {
        for span in spans_of(tensor, &units) {
            let Some(source) = checkpoint.sources.get(span.source as usize) else {
                continue;
            };
            if source.is_remote() {
                let key = Arc::as_ptr(source).cast::<()>() as usize;
                let (_, ranges) = ranges.entry(key).or_insert((source, Vec::new()));
                ranges.push(span.offset..span.offset.saturating_add(span.bytes));
            }
        }
    }
    for (source, mut ranges) in ranges.into_values() {
        source.announce(&mut ranges);
    }
}

/// Where units of a tensor lie. Of one whose elements do not lie one after the other that is all of it.
fn spans_of(tensor: &Tensor, units: &Range<u64>) -> Vec<Span> {
    let Node::Stored(Stored {
        span,
        encoding,
        strides: None,
    }) = &tensor.node
    else {
        return tensor.node.spans();
    };
    let until = |unit| encoding.bytes_until(unit, tensor.dtype.bytes());
    let (start, end) = (until(units.start), until(units.end));
    vec![Span {
        source: span.source,
        offset: span.offset + start,
        bytes: end - start,
    }]
}
