//! Keys and their values; names.

use std::collections::HashSet;

use super::input::Input;
use super::value::{self, Value};
use crate::error::{Code, Error, Result};
use crate::limits::{Cap, Limits, Meter};

/// The fewest bytes of a key with its value: a letter with its length, a type and a byte.
const LEAST: u64 = 9 + 4 + 1;

/// Reads all keys.
pub(super) fn read(
    input: &mut Input,
    count: u64,
    limits: &Limits,
    meter: &mut Meter,
) -> Result<Vec<(String, Value)>> {
    input.expect(count, LEAST, "key")?;
    let mut metadata = Vec::new();
    let mut seen = HashSet::new();
    for _ in 0..count {
        let start = input.position();
        let key = name(input, "key", limits, meter)?;
        let invalid = if key.is_empty() {
            Some((Code::InvalidHeader, "key is empty"))
        } else if !seen.insert(key.clone()) {
            Some((Code::DuplicateName, "two values have the same key"))
        } else {
            None
        };
        if let Some((code, what)) = invalid {
            return Err(Error::new(code, what).entry(&key).offset(start));
        }
        let value = value::read(input).map_err(|error| error.entry(&key))?;
        meter.see(input.position() - start);
        // The key is also in the set.
        meter.debit(64 + key.len() as u64 + value.memory())?;
        metadata.push((key, value));
    }
    Ok(metadata)
}

/// The text of a key, or of a tensor's name.
pub(super) fn name(
    input: &mut Input,
    noun: &str,
    limits: &Limits,
    meter: &mut Meter,
) -> Result<String> {
    let start = input.position();
    let length = input.u64()?;
    input.expect(length, 1, "byte")?;
    limits.check(Cap::NameBytes, 0, length, &format!("length of a {noun}"))?;
    meter.debit(length)?;
    String::from_utf8(input.bytes(length)?)
        .map_err(|_| Error::new(Code::InvalidHeader, format!("{noun} is not UTF-8")).offset(start))
}
