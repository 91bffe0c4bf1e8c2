//! Zeros that came and went.

#![expect(
    clippy::needless_bitwise_bool,
    reason = "a loop without branches becomes vector instructions"
)]

use crate::kernel::{Elements, Isa};
use crate::stats::Zeros;

/// Adds a piece. With `grouped` it begins at a multiple of 4 elements and so does every run along the last axis.
pub fn count_zeros(a: Elements, b: Elements, grouped: bool, isa: Isa, zeros: &mut Zeros) {
    super::for_each_tile(a, b, isa, |_, old, new| {
        let mut counts = [0u32; 4];
        let (mut largest, mut smallest) = (0f64, f64::INFINITY);
        for (&p, &q) in old.iter().zip(new) {
            // NaN is neither zero nor anything else.
            let (p_size, q_size) = (p.abs(), q.abs());
            let (p_there, q_there) = (p_size > 0.0, q_size > 0.0);
            let is_new = p_there & (q == 0.0);
            let is_kept = p_there & q_there;
            counts[0] += u32::from(is_new);
            counts[1] += u32::from((p == 0.0) & q_there);
            counts[2] += u32::from(is_kept);
            counts[3] += u32::from(is_kept & (p != q));
            largest = largest.max(if is_new { p_size } else { 0.0 });
            smallest = smallest.min(if is_kept { p_size } else { f64::INFINITY });
        }
        zeros.new += u64::from(counts[0]);
        zeros.lost += u64::from(counts[1]);
        zeros.kept += u64::from(counts[2]);
        zeros.kept_changed += u64::from(counts[3]);
        zeros.largest = zeros.largest.max(largest);
        zeros.smallest = zeros.smallest.min(smallest);
        if grouped {
            let groups = new.as_chunks::<4>().0;
            let is_sparse = |group: &&[f64; 4]| group.iter().filter(|x| **x == 0.0).count() >= 2;
            zeros.groups += groups.len() as u64;
            zeros.sparse_groups += groups.iter().filter(is_sparse).count() as u64;
        }
    });
}
