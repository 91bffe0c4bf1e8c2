//! Keys and their values; names.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

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
    let mut metadata: Vec<(String, Value)> = Vec::new();
    let mut names = Names::default();
    for _ in 0..count {
        let start = input.position();
        let key = name(input, "key", limits, meter)?;
        let invalid = if key.is_empty() {
            Some((Code::InvalidHeader, "key is empty"))
        } else if names.repeat(&key, metadata.iter().map(|(key, _)| key)) {
            Some((Code::DuplicateName, "two values have the same key"))
        } else {
            None
        };
        if let Some((code, what)) = invalid {
            return Err(Error::new(code, what).entry(&key).offset(start));
        }
        let value = value::read(input).map_err(|error| error.entry(&key))?;
        meter.see(input.position() - start);
        // String, hash, and room that vectors and sets keep.
        meter.debit(64 + value.memory())?;
        metadata.push((key, value));
    }
    Ok(metadata)
}

/// Finds names that stand in a file twice, as soon as they do. Of each name it keeps a hash, of which a file cannot know the seed.
#[derive(Default)]
pub(super) struct Names {
    seed: RandomState,
    seen: HashSet<u64>,
}

impl Names {
    /// Whether `name` is one of the `earlier` ones, all of which have been asked for before.
    pub(super) fn repeat<'n>(
        &mut self,
        name: &String,
        mut earlier: impl Iterator<Item = &'n String>,
    ) -> bool {
        !self.seen.insert(self.seed.hash_one(name)) && earlier.any(|other| other == name)
    }
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
    limits.check(Cap::NameBytes, 0, length, "length of a name or key")?;
    meter.debit(length)?;
    String::from_utf8(input.bytes(length)?)
        .map_err(|_| Error::new(Code::InvalidHeader, format!("{noun} is not UTF-8")).offset(start))
}
