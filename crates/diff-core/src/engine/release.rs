//! Lets go of the memory of what was read, so that it does not stay resident.

use super::UNIT;
use crate::kernel::CHUNK;
use crate::read::{Read, Reader};
use crate::tensor::Tensor;

/// How far threads are apart as a rule, in units for each thread: what one does in a time slice of the system.
const APART: u64 = 8;

/// Lets go of the memory of the elements `first .. end`. Neighbouring units share a page, and a thread that is behind the others maps it
/// again after they let it go; so what lies further back than threads are apart is let go once more. A region that other elements lie in too
/// is let go only once, with the last unit.
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
