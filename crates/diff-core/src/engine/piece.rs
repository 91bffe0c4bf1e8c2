//! How many elements are read at once.

use super::UNIT;
use crate::kernel::CHUNK;

/// Bytes of a side that are read at once, where a chunk has not more: the best size for reads into a buffer.
const PIECE_BYTES: u64 = 1 << 20;

/// The same of views whose elements lie in many places of the file, which are read in longer runs then.
const VIEW_BYTES: u64 = 8 << 20;

/// The elements of so many bytes that are read at once, in whole chunks, for [`crate::read::Read::at_once`] to choose from.
pub(super) fn few_and_many(item_bytes: u64) -> [u64; 2] {
    let chunk = item_bytes.max(1) * CHUNK as u64;
    [PIECE_BYTES, VIEW_BYTES].map(|bytes| (bytes / chunk).clamp(1, UNIT) * CHUNK as u64)
}
