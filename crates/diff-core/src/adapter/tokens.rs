//! Rows of embeddings that an adapter trained: new rows in the place of the base's, and no changes of them.
//!
//! Source: `TrainableTokensLayer.merge` of peft 0.21 (`tuners/trainable_tokens/layer.py`), which copies the rows in the type of the base.

use super::PEFT;
use super::settings::AllSettings;
use crate::error::{Code, Error, Result, counted};
use crate::tensor::Tensor;

/// Ends of names: beside the factors of `LoRA`, and of the method by itself.
const ENDS: [&str; 2] = [
    ".token_adapter.trainable_tokens_delta",
    ".trainable_tokens_delta",
];

/// The path of the module whose rows a tensor has; None for any other tensor.
pub(super) fn module_of(name: &str) -> Option<&str> {
    let stem = ENDS.iter().find_map(|end| name.strip_suffix(end))?;
    Some(stem.strip_prefix(PEFT).unwrap_or(stem))
}

/// The base's tensor with the rows of the adapter in their places.
///
/// # Errors
/// `MissingRecord` where the configuration does not say which rows they are; `SizeMismatch` where they do not fit it or the base;
/// `DuplicateName` where one is given twice.
pub(super) fn replaced(
    old: &Tensor,
    rows: &Tensor,
    path: &str,
    settings: &AllSettings,
) -> Result<Tensor> {
    let tokens = settings.tokens(path).ok_or_else(|| {
        Error::new(
            Code::MissingRecord,
            "adapter's configuration does not say which tokens its rows are of",
        )
        .expected("trainable_token_indices or token_indices")
        .tensor(&rows.name)
        .hint("give the folder that holds both, as peft saves them")
    })?;
    let wrong = |expected: String, found: String| {
        Error::new(Code::SizeMismatch, "rows of an adapter do not fit")
            .expected(expected)
            .found(found)
            .tensor(&rows.name)
    };
    let (&[length, width], &[count, own]) = (&*old.shape, &*rows.shape) else {
        let found = format!("{:?} and {:?}", old.shape, rows.shape);
        return Err(wrong("two matrices".to_owned(), found));
    };
    if count != tokens.len() as u64 || own != width {
        let expected = format!("[{}, {width}]", tokens.len());
        return Err(wrong(expected, format!("{:?}", rows.shape)));
    }
    let mut places: Vec<(u64, u64)> = tokens.iter().copied().zip(0..).collect();
    places.sort_unstable();
    if let Some((token, _)) = places.last().filter(|(token, _)| *token >= length) {
        return Err(wrong(counted(length, "row"), format!("token {token}")));
    }
    if let Some([(token, _), _]) = places
        .windows(2)
        .find(|pair| matches!(pair, [(a, _), (b, _)] if a == b))
    {
        return Err(
            Error::new(Code::DuplicateName, "adapter has two rows of one token")
                .found(*token)
                .tensor(&rows.name),
        );
    }
    let rows = rows.rounded(old.dtype)?;
    // Both are of the base's type, whatever it is called.
    let plain = |tensor: &Tensor, from: u64, to: u64| {
        let part = tensor.sliced(&[from..to, 0..width])?;
        Ok::<_, Error>(Tensor {
            dtype_label: None,
            ..part
        })
    };
    let mut parts = Vec::new();
    let mut at = 0;
    let mut places = places.into_iter().peekable();
    while let Some((token, place)) = places.next() {
        if token > at {
            parts.push(plain(old, at, token)?);
        }
        // Neighbours here that are neighbours there.
        let mut many = 1;
        while places.next_if_eq(&(token + many, place + many)).is_some() {
            many += 1;
        }
        parts.push(plain(&rows, place, place + many)?);
        at = token + many;
    }
    if at < length {
        parts.push(plain(old, at, length)?);
    }
    Tensor::concat(0, parts)
}
