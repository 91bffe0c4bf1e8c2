//! How many elements are read at once.

use super::UNIT;
use crate::kernel::CHUNK;

/// Bytes of a side that are read at once, unless one chunk is more: the best size for reads into a buffer.
const PIECE_BYTES: u64 = 1 << 20;

/// The same for views whose elements are scattered over the file: the more are read at once, the longer the runs of bytes.
const VIEW_BYTES: u64 = 8 << 20;

/// Both sizes as numbers of elements, in whole chunks, for [`crate::read::Read::at_once`] to choose from.
pub(super) fn few_and_many(item_bytes: u64) -> [u64; 2] {
    let chunk = item_bytes.max(1) * CHUNK as u64;
    [PIECE_BYTES, VIEW_BYTES].map(|bytes| (bytes / chunk).clamp(1, UNIT) * CHUNK as u64)
}
