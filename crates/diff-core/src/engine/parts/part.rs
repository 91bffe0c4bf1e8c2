//! A part of a run and its encoded form: a version and the range of units, then for each item in the range, in the order of the grid:
//! whether bits were compared, its statistics or an error, and its distributions. The statistics are those of the nodes of its tree that are
//! left unmerged ([`standing`]).

use std::ops::Range;

use crate::encode::{Bytes, Encode};
use crate::engine::grid::{elements_of, units_of};
use crate::engine::plan::{Item, Plan};
use crate::engine::run::{Measured, Options, run_range};
use crate::engine::sample::Distribution;
use crate::engine::tree::{standing, units_below};
use crate::error::{Code, Error, Result};
use crate::observe::Observer;
use crate::stats::PairStats;

/// Version of the encoded form. It changes with the layout of any type in it.
const VERSION: u32 = 1;

/// Measures a range of units, and returns the result in its encoded form.
///
/// # Errors
/// As [`crate::engine::run`].
pub fn run_part(
    plan: &Plan,
    units: &Range<u64>,
    options: Options,
    observer: &Observer,
) -> Result<Vec<u8>> {
    let measured = run_range(plan, units, options, observer)?;
    let mut out = Vec::new();
    encode_head(units, &mut out);
    for item in &measured {
        encode_item(item, &mut out);
    }
    Ok(out)
}

fn encode_head(units: &Range<u64>, out: &mut Vec<u8>) {
    VERSION.encode(out);
    units.start.encode(out);
    units.end.encode(out);
}

fn encode_item(item: &Measured, out: &mut Vec<u8>) {
    u8::from(item.bits_compared).encode(out);
    match &item.nodes {
        Ok(nodes) => {
            out.push(0);
            for node in nodes {
                node.encode(out);
            }
        }
        Err(error) => {
            out.push(1);
            error.encode(out);
        }
    }
    item.distribution.encode(out);
}

/// Reads the version and the range that a part begins with.
///
/// # Errors
/// `InvalidPart` for another version or range.
pub(super) fn decode_head(from: &mut Bytes, units: &Range<u64>) -> Result<()> {
    let version = u32::decode(from).ok_or_else(cut_short)?;
    if version != VERSION {
        return Err(Error::new(
            Code::InvalidPart,
            "part has another version of the encoding",
        )
        .expected(VERSION)
        .found(version));
    }
    let start = u64::decode(from).ok_or_else(cut_short)?;
    let end = u64::decode(from).ok_or_else(cut_short)?;
    if (start, end) != (units.start, units.end) {
        return Err(
            Error::new(Code::InvalidPart, "part is of another range of units")
                .expected(format!("{units:?}"))
                .found(format!("{start}..{end}")),
        );
    }
    Ok(())
}

/// Reads what a part says about an item, of which it covers `units`, counted from the start of its row.
///
/// # Errors
/// `InvalidPart` for what cannot be a part of this item.
pub(super) fn decode_item(
    from: &mut Bytes,
    plan: &Plan,
    item: &Item,
    units: &Range<u64>,
) -> Result<Measured> {
    let found = read_item(from, item.elements(), units);
    found.ok_or_else(|| {
        let name = item.old.or(item.new).and_then(|input| plan.tensor(input));
        let error = Error::new(Code::InvalidPart, "part does not hold what it should");
        match name {
            Some(tensor) => error.tensor(&tensor.name),
            None => error,
        }
    })
}

fn read_item(from: &mut Bytes, elements: u64, units: &Range<u64>) -> Option<Measured> {
    let bits_compared = match u8::decode(from)? {
        0 => false,
        1 => true,
        _ => return None,
    };
    let nodes = match u8::decode(from)? {
        0 => Ok(read_nodes(from, elements, units)?),
        1 => Err(Error::decode(from)?),
        _ => return None,
    };
    let distribution = Distribution::decode(from)?;
    let range = elements_of(units, elements);
    distribution
        .is_of(range.end - range.start)
        .then_some(Measured {
            nodes,
            distribution,
            bits_compared,
        })
}

fn read_nodes(from: &mut Bytes, elements: u64, units: &Range<u64>) -> Option<Vec<PairStats>> {
    let all = units_of(elements);
    let nodes = standing(all, units.clone()).into_iter();
    nodes
        .map(|node| {
            let stats = PairStats::decode(from)?;
            let range = elements_of(&units_below(node, all), elements);
            stats.are_of(range.end - range.start).then_some(stats)
        })
        .collect()
}

/// The error of a part that ends too early.
pub(super) fn cut_short() -> Error {
    Error::new(Code::InvalidPart, "part is cut short")
}
