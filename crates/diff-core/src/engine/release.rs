//! What was read need not stay resident.

use super::UNIT;
use crate::kernel::CHUNK;
use crate::read::{Read, Reader};
use crate::tensor::Tensor;

/// Units of each thread that lie between the first and the last thread, as a rule: a time slice of the system.
const APART: u64 = 8;

/// Lets go of the memory of the elements `first .. end`. A thread that is behind the others maps the edges of its unit once more after they
/// were released; so what lies further back than threads are apart, as a rule, is released again. What other elements lie in too is let go once,
/// by the unit at the end.
pub(super) fn release(
    reader: &Reader,
    tensor: &Tensor,
    (first, end): (u64, u64),
    is_last: bool,
    threads: usize,
) {
    let apart = tensor.stored_bytes(0..APART * threads as u64 * UNIT * CHUNK as u64);
    reader.regions(first..end, &mut |region| {
        if region.is_shared && !is_last {
            return;
        }
        region.source.release(region.offset, region.bytes as usize);
        if let Some(behind) = region.offset.checked_sub(apart + region.bytes)
            && !region.is_shared
        {
            region.source.release(behind, region.bytes as usize);
        }
    });
}
