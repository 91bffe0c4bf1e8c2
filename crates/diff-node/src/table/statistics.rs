//! Statistics of tensors and of pairs.

use diff_core::Error;
use diff_core::engine::Outcome;
use diff_core::stats::{Metrics, Moments, PairStats};

use super::Columns;

/// Columns of one side's statistics.
pub(super) const OWN: [&str; 9] = [
    "elements", "norm", "mean", "std", "min", "max", "zeros", "nan", "inf",
];

pub(super) fn own_values(own: &Moments) -> [f64; 9] {
    let (min, max) = own.range_or_nan();
    [
        own.elements() as f64,
        own.norm(),
        own.mean_or_nan(),
        own.std(),
        min,
        max,
        own.zeros as f64,
        own.nan as f64,
        own.infinite as f64,
    ]
}

/// Columns of a pair; each side's statistics follow, with `old_` and `new_` before their names.
const PAIR: [&str; 12] = [
    "elements",
    "l2_diff",
    "l1_diff",
    "max_diff",
    "mean_diff",
    "one_minus_cos",
    "relative_change",
    "symmetric_change",
    "changed_elements",
    "value_changed",
    "bit_changed",
    "nonfinite_changed",
];

fn pair_values(stats: &PairStats, metrics: &Metrics, bits_compared: bool) -> [f64; 12] {
    [
        stats.elements as f64,
        metrics.l2,
        metrics.l1,
        metrics.max,
        metrics.mean,
        metrics.one_minus_cos,
        metrics.relative,
        metrics.symmetric,
        stats.changed() as f64,
        stats.value_changed as f64,
        if bits_compared {
            stats.bit_changed as f64
        } else {
            f64::NAN
        },
        stats.nonfinite_changed as f64,
    ]
}

impl Columns {
    /// One row for each pair or single tensor. The norms of a pair are those over the elements that are finite on both sides.
    #[must_use]
    pub fn of_pairs(outcome: &Outcome) -> Self {
        let sides = ["old", "new"].map(|side| OWN.map(|name| format!("{side}_{name}")));
        let columns = PAIR
            .map(str::to_owned)
            .into_iter()
            .chain(sides.into_iter().flatten())
            .collect();
        let rows = outcome.pairs.iter().zip(&outcome.bits_compared);
        let rows = rows.map(|(pair, &bits)| pair.as_ref().map(|stats| (stats, bits)));
        Self::build(columns, rows, |(stats, bits)| {
            let metrics = stats.metrics();
            let (mut old, mut new) = (own_values(&stats.old), own_values(&stats.new));
            if stats.old.elements() > 0 && stats.new.elements() > 0 {
                old[1] = metrics.old_norm;
                new[1] = metrics.new_norm;
            }
            pair_values(stats, &metrics, bits)
                .into_iter()
                .chain(old)
                .chain(new)
        })
    }

    /// One row for each tensor.
    #[must_use]
    pub fn of_tensors(results: &[Result<Moments, Error>]) -> Self {
        let columns = OWN.iter().map(|&name| name.to_owned()).collect();
        Self::build(columns, results.iter().map(Result::as_ref), own_values)
    }
}
