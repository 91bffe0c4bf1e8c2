//! Answers of the second look.

use diff_core::Error;
use diff_core::stats::{Grid, Probe};

use super::Columns;

/// Columns of a second look.
const PROBE: [&str; 46] = [
    "cast_bf16",
    "cast_f16",
    "cast_e4m3",
    "cast_e5m2",
    "uncast_bf16",
    "uncast_f16",
    "uncast_e4m3",
    "uncast_e5m2",
    "trunc_bf16",
    "common_source",
    "cast_elements",
    "new_zeros",
    "lost_zeros",
    "largest_zeroed",
    "smallest_kept",
    "kept_changed",
    "four_groups",
    "changed_rows",
    "first_changed_row",
    "last_changed_row",
    "changed_in_rows",
    "scaled_rows",
    "row_scale",
    "changed_columns",
    "old_distinct16",
    "old_distinct32",
    "old_distinct64",
    "old_distinct128",
    "old_distinct_row",
    "new_distinct16",
    "new_distinct32",
    "new_distinct64",
    "new_distinct128",
    "new_distinct_row",
    "old_int8_row",
    "new_int8_row",
    "old_e4m3_row",
    "new_e4m3_row",
    "old_e4m3_tensor",
    "new_e4m3_tensor",
    "old_misrounded",
    "new_misrounded",
    "row_order",
    "column_order",
    "rotary_to_half",
    "rotary_to_pairs",
];

fn probe_values(probe: &Probe) -> Vec<f64> {
    let number = |value: Option<u64>| value.map_or(f64::NAN, |value| value as f64);
    let index = |value: Option<usize>| value.map_or(f64::NAN, |value| value as f64);
    let flag = |value: Option<bool>| value.map_or(f64::NAN, |value| f64::from(u8::from(value)));
    let mut values = Vec::with_capacity(PROBE.len());
    let casts = probe.casts;
    let of_format = |at: usize, is_forward: bool| {
        let casts = casts?;
        if is_forward {
            casts.forward[at]
        } else {
            casts.backward[at]
        }
    };
    values.extend((0..4).map(|at| number(of_format(at, true))));
    values.extend((0..4).map(|at| number(of_format(at, false))));
    values.push(number(casts.and_then(|casts| casts.truncated)));
    values.push(number(casts.map(|casts| casts.common)));
    values.push(number(casts.map(|casts| casts.elements)));
    let zeros = probe.zeros;
    values.push(number(zeros.map(|zeros| zeros.new)));
    values.push(number(zeros.map(|zeros| zeros.lost)));
    let size = |count: u64, value: f64| if count > 0 { value } else { f64::NAN };
    values.push(zeros.map_or(f64::NAN, |zeros| size(zeros.new, zeros.largest)));
    values.push(zeros.map_or(f64::NAN, |zeros| size(zeros.kept, zeros.smallest)));
    values.push(number(zeros.map(|zeros| zeros.kept_changed)));
    let share = |part: u64, whole: u64| part as f64 / whole as f64;
    values.push(zeros.map_or(f64::NAN, |zeros| share(zeros.sparse_groups, zeros.groups)));
    let rows = probe.rows;
    values.push(number(rows.map(|rows| rows.rows)));
    values.push(index(rows.and_then(|rows| rows.first)));
    values.push(index(rows.and_then(|rows| rows.last)));
    values.push(rows.map_or(f64::NAN, |rows| rows.density));
    values.push(number(rows.map(|rows| rows.scaled)));
    values.push(rows.map_or(f64::NAN, |rows| rows.scale));
    values.push(number(rows.and_then(|rows| rows.columns)));
    let side = |at: usize, read: fn(&Grid) -> f64| {
        probe
            .grids
            .as_ref()
            .map_or(f64::NAN, |grids| read(&grids[at]))
    };
    for at in 0..2 {
        let distinct = probe
            .grids
            .map_or([f64::NAN; 4], |grids| grids[at].distinct);
        values.extend(distinct);
        values.push(side(at, |grid| grid.distinct_row));
    }
    values.extend((0..2).map(|at| side(at, |grid| grid.int8_row)));
    values.extend((0..2).map(|at| side(at, |grid| grid.e4m3_row)));
    values.extend((0..2).map(|at| side(at, |grid| grid.e4m3_tensor)));
    values.extend(probe.misrounded.unwrap_or([f64::NAN; 2]));
    let order = probe.order;
    values.push(flag(order.map(|order| order.rows)));
    values.push(flag(order.and_then(|order| order.columns)));
    values.push(number(order.map(|order| order.to_half)));
    values.push(number(order.map(|order| order.to_pairs)));
    values
}

impl Columns {
    /// One row for each item.
    #[must_use]
    pub fn of_probes(results: &[Result<Probe, Error>]) -> Self {
        let columns = PROBE.iter().map(|&name| name.to_owned()).collect();
        Self::build(columns, results.iter().map(Result::as_ref), probe_values)
    }
}
