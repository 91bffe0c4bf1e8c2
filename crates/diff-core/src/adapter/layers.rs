//! Layers of the base that an adapter repeats, peft's `layer_replication`: `[[0, 4], [2, 5]]` makes the layers 0 1 2 3 2 3 4, which share their
//! weights and have factors of their own.
//!
//! Source: `replicate_layers` of peft 0.21 (`tuners/tuners_utils.py`), which looks for the layers under these names alone.

use std::collections::HashMap;

use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::tensor::Tensor;

/// Where layers are, behind what models are wrapped in.
const PLACES: [&str; 3] = ["layers.", "encoder.layer.", "h."];

/// Layers, and tensors of them, that a model may come to.
const MOST_LAYERS: u64 = 4096;
const MOST_TENSORS: usize = 1 << 20;

/// Where the number of the layer begins in a name, the number, and what is behind it.
fn split<'a>(name: &'a str, place: &str) -> Option<(usize, u64, &'a str)> {
    let mut rest = name;
    while let Some(inner) = rest.strip_prefix("model.") {
        rest = inner;
    }
    let rest = rest.strip_prefix("bert.").unwrap_or(rest);
    let rest = rest.strip_prefix(place)?;
    let (number, behind) = rest.split_once('.')?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| number.parse().ok())??;
    Some((name.len() - rest.len(), number, behind))
}

/// Repeats layers of the base.
///
/// # Errors
/// `UnsupportedFormat` where no layers are found; `Argument` for one that the base does not have; `LimitExceeded`.
pub(super) fn replicate(base: &mut Checkpoint, ranges: &[(u64, u64)]) -> Result<()> {
    let place = PLACES.into_iter().find(|place| {
        let mut names = base.tensors.iter().map(|tensor| tensor.name.as_str());
        names.any(|name| split(name, place).is_some())
    });
    let Some(place) = place else {
        return Err(Error::new(
            Code::UnsupportedFormat,
            "adapter repeats layers of its base (layer_replication), which has none that are known",
        )
        .expected("names as model.layers.0.…"));
    };
    let count = ranges
        .iter()
        .map(|(start, end)| end.saturating_sub(*start))
        .fold(0, u64::saturating_add);
    if count > MOST_LAYERS {
        return Err(
            Error::new(Code::LimitExceeded, "adapter repeats too many layers")
                .expected(format!("at most {MOST_LAYERS}"))
                .found(count),
        );
    }
    let mut layers: HashMap<u64, Vec<(usize, Tensor)>> = HashMap::new();
    let mut others = Vec::with_capacity(base.tensors.len());
    let mut first = None;
    for tensor in std::mem::take(&mut base.tensors) {
        match split(&tensor.name, place) {
            Some((at, number, _)) => {
                first.get_or_insert(others.len());
                layers.entry(number).or_default().push((at, tensor));
            }
            None => others.push(tensor),
        }
    }
    let repeated = ranges.iter().flat_map(|(start, end)| *start..*end);
    let sizes = repeated
        .clone()
        .map(|of| layers.get(&of).map_or(0, Vec::len));
    let tensors = sizes.fold(0, usize::saturating_add);
    if tensors > MOST_TENSORS {
        return Err(Error::new(
            Code::LimitExceeded,
            "adapter repeats layers of too many tensors",
        )
        .expected(format!("at most {MOST_TENSORS}"))
        .found(tensors));
    }
    let mut made = Vec::with_capacity(tensors);
    for (number, of) in (0_u64..).zip(repeated) {
        let layer = layers.get(&of).ok_or_else(|| {
            Error::new(
                Code::Argument,
                "adapter repeats a layer that the base does not have",
            )
            .expected(format!("one of {}", layers.len()))
            .found(format!("layer {of}"))
            .hint("give the base that the adapter was trained on")
        })?;
        for (at, tensor) in layer {
            let (before, rest) = tensor.name.split_at(*at);
            let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let name = format!("{before}{number}{behind}");
            made.push(Tensor {
                name,
                ..tensor.clone()
            });
        }
    }
    let behind = others.split_off(first.unwrap_or(others.len()));
    base.tensors = others.into_iter().chain(made).chain(behind).collect();
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::format::{OpenOptions, open};

    #[test]
    fn layers_of_too_many_tensors_are_refused_before_one_is_made() {
        let base = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../__test__/fixtures/adapters/replicated/base"
        );
        let mut base = open(base.as_ref(), &OpenOptions::default()).unwrap();
        let tensor = base.tensors.first().unwrap().clone();
        base.tensors = (0..=MOST_TENSORS / MOST_LAYERS as usize)
            .map(|at| Tensor {
                name: format!("model.layers.0.{at}.weight"),
                ..tensor.clone()
            })
            .collect();
        let most = vec![(0, 1); MOST_LAYERS as usize];
        let error = replicate(&mut base, &most).unwrap_err();
        assert_eq!(error.code(), Code::LimitExceeded);
    }
}
