//! The loops of [`fast`](super::fast) for x86-64. Each takes whole steps of at most one tile and gives the bits of the
//! portable definition.

pub(super) mod avx2;
pub(super) mod avx512;
pub(super) mod turn;

use std::arch::x86_64::{__cpuid, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
use std::sync::OnceLock;

use crate::kernel::{Foreseen, LINES};

/// What a loop is given that foresees nothing.
pub(super) static NOTHING: Foreseen = Foreseen {
    storages: [&[]; 2],
    lines: [&[0; LINES]; 2],
};

/// Asks for a line of each side, to the second-level cache: what waits for the first one is too little to keep the memory busy, which was
/// slower for permuted heads on Zen 5.
#[inline]
fn foresee(foreseen: &Foreseen, line: usize) {
    for (storage, lines) in foreseen.storages.iter().zip(foreseen.lines) {
        let at = lines[line % lines.len()];
        // SAFETY: a hint about an address, which never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(storage.as_ptr().wrapping_add(at).cast()) };
    }
}

/// How many bytes ahead of itself a loop asks for memory; 0 is the line that it is about to read, which costs nothing.
///
/// Intel's own prefetching keeps too little in flight for loops that compute as much as these: with 2 KiB they became faster than a
/// plain sum of the same bytes, with 1 or 4 KiB less so. On AMD's Zen 4 it is left out, where asking made such loops slower.
#[allow(unused_unsafe, reason = "newer compilers need none here")]
pub(super) fn ahead() -> usize {
    static AHEAD: OnceLock<usize> = OnceLock::new();
    *AHEAD.get_or_init(|| {
        // SAFETY: every x86-64 processor has the instruction and its leaf 0.
        let vendor = unsafe { __cpuid(0) };
        let name = [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes);
        if name.as_flattened() == b"GenuineIntel" {
            2048
        } else {
            0
        }
    })
}

/// Asks for all lines of `bytes`, which lie behind those that are read now, where that helps.
pub(super) fn prefetch(bytes: &[u8]) {
    if ahead() > 0 {
        prefetch_lines(bytes);
    }
}

/// Asks for all lines of `bytes`.
pub(super) fn prefetch_lines(bytes: &[u8]) {
    for line in bytes.chunks(64) {
        // SAFETY: a hint about an address, which never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

/// The same to the second-level cache.
pub(super) fn prefetch_far(bytes: &[u8]) {
    for line in bytes.chunks(64) {
        // SAFETY: a hint about an address, which never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
}
