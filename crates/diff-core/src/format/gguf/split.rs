//! Models in several files: `NAME-00001-of-00003.gguf` and so on, each a GGUF file of its own with some of the tensors.
//!
//! Source: `gguf-split.cpp` and `llama_split_path` of llama.cpp.

use std::collections::HashSet;

use super::Header;
use super::value::Value;
use crate::error::{Code, Error, Result};
use crate::limits;

/// The name of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartName {
    /// What stands before the numbers.
    pub prefix: String,
    /// From 1 on.
    pub number: u32,
    pub count: u32,
}

impl PartName {
    /// None for a name that is no part's. Only the name, not the path.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (rest, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
        let (prefix, number) = rest.rsplit_once('-')?;
        let five_digits = |text: &str| {
            let digits = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten()
        };
        let (number, count) = (five_digits(number)?, five_digits(count)?);
        (1..=count).contains(&number).then(|| Self {
            prefix: prefix.to_owned(),
            number,
            count,
        })
    }

    /// The name of another part of the same model.
    #[must_use]
    pub fn part(&self, number: u32) -> String {
        format!("{}-{number:05}-of-{:05}.gguf", self.prefix, self.count)
    }
}

/// Which part of a model a file says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// From 0 on.
    pub number: u64,
    pub count: u64,
    /// Of all parts together, where the file says it.
    pub tensors: Option<u64>,
}

impl Split {
    /// None where the file is a whole model.
    ///
    /// # Errors
    /// `InvalidHeader` where the keys contradict each other or are no numbers.
    pub fn of(header: &Header) -> Result<Option<Self>> {
        let number = |key| header.value(key).map(|value| whole(key, value)).transpose();
        let Some(count) = number("split.count")?.filter(|count| *count > 1) else {
            return Ok(None);
        };
        if count > limits::SHARDS as u64 {
            return Err(Error::new(Code::LimitExceeded, "too many parts")
                .expected(format!("at most {}", limits::SHARDS))
                .found(count));
        }
        let split = Self {
            number: number("split.no")?.unwrap_or(0),
            count,
            tensors: number("split.tensors.count")?,
        };
        if split.number < count {
            return Ok(Some(split));
        }
        Err(Error::new(
            Code::InvalidHeader,
            "part has a number that its model has not",
        )
        .expected(format!("0 to {}", count - 1))
        .found(split.number)
        .entry("split.no"))
    }
}

fn whole(key: &str, value: &Value) -> Result<u64> {
    value.as_u64().ok_or_else(|| {
        Error::new(
            Code::InvalidHeader,
            "value is no number of parts or tensors",
        )
        .expected("a whole number")
        .found(value.summary())
        .entry(key)
    })
}

/// That these files, in order, are all parts of one model.
///
/// # Errors
/// `MissingShard` where a file says it is another part, or that there are more or fewer; `DuplicateName` where two parts have a tensor of one
/// name; `SizeMismatch` where together they have more or fewer tensors than they say. The error carries no path.
pub fn check_parts(parts: &[Header]) -> Result<()> {
    let mut names = HashSet::new();
    let mut announced = None;
    for (at, part) in parts.iter().enumerate() {
        let split = Split::of(part)?;
        let (number, count) = split.map_or((0, 1), |split| (split.number, split.count));
        if (number, count) != (at as u64, parts.len() as u64) {
            return Err(Error::new(
                Code::MissingShard,
                "file is another part than its name says",
            )
            .expected(format!("part {} of {}", at + 1, parts.len()))
            .found(format!("part {} of {count}", number + 1)));
        }
        announced = announced.or(split.and_then(|split| split.tensors));
        let mut own = part.tensors.iter();
        if let Some(twice) = own.find(|tensor| !names.insert(tensor.name.as_str())) {
            return Err(Error::new(
                Code::DuplicateName,
                "two parts have a tensor of the same name",
            )
            .tensor(&twice.name));
        }
    }
    match announced {
        Some(tensors) if tensors != names.len() as u64 => Err(Error::new(
            Code::SizeMismatch,
            "parts do not have the tensors that they announce",
        )
        .expected(tensors)
        .found(names.len())
        .entry("split.tensors.count")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::PartName;

    #[test]
    fn names_of_parts() {
        let part = PartName {
            prefix: "a-b-of-c".to_owned(),
            number: 2,
            count: 3,
        };
        let name = "a-b-of-c-00002-of-00003.gguf";
        assert_eq!(PartName::parse(name).as_ref(), Some(&part));
        assert_eq!(part.part(2), name);
        assert_eq!(part.part(1), "a-b-of-c-00001-of-00003.gguf");
        for name in [
            "model.gguf",
            "a-00000-of-00003.gguf",
            "a-00004-of-00003.gguf",
            "a-0001-of-0003.gguf",
            "a-00001-of-00003.safetensors",
            "a-+0001-of-00003.gguf",
            "00001-of-00003.gguf",
        ] {
            assert_eq!(PartName::parse(name), None, "{name}");
        }
    }
}
