//! Names of modules by which peft gives ranks and alphas of their own, in the order of the file: the first that fits counts.

use std::fmt;

use regex_lite::RegexBuilder;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::error::{Code, Error, Result};

/// Most patterns that are no plain names, and the longest pattern and name that are matched.
const MOST_EXPRESSIONS: usize = 256;
const LONGEST: usize = 4096;

/// Numbers by pattern.
#[derive(Debug, Default)]
pub(super) struct Patterns(Vec<(String, f64)>);

impl Patterns {
    /// The number of the first pattern that the end of a module's path is, from a dot or its start on: peft's `(.*\.)?(PATTERN)$`.
    ///
    /// # Errors
    /// `UnsupportedFormat` for a pattern that is no regular expression here, `LimitExceeded` for too many or too long ones.
    pub(super) fn find(&self, path: &str) -> Result<Option<f64>> {
        if self.0.is_empty() || path.len() > LONGEST {
            return Ok(None);
        }
        let mut expressions = 0;
        for (pattern, number) in &self.0 {
            let fits = if is_plain(pattern) {
                ends_with(path, pattern)
            } else {
                expressions += 1;
                if expressions > MOST_EXPRESSIONS || pattern.len() > LONGEST {
                    return Err(Error::new(
                        Code::LimitExceeded,
                        "adapter gives ranks or alphas by too many patterns",
                    )
                    .expected(format!("at most {MOST_EXPRESSIONS} of {LONGEST} bytes")));
                }
                let expression = RegexBuilder::new(&format!(r"^(?:.*\.)?(?:{pattern})$"))
                    .size_limit(1 << 20)
                    .build()
                    .map_err(|error| {
                        Error::new(
                            Code::UnsupportedFormat,
                            format!(
                                "pattern of the adapter's configuration cannot be read: {error}"
                            ),
                        )
                        .found(pattern)
                    })?;
                expression.is_match(path)
            };
            if fits {
                return Ok(Some(*number));
            }
        }
        Ok(None)
    }
}

/// Whether a pattern is a name: a dot, which stands for any letter, is looked for as a dot.
fn is_plain(pattern: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    pattern.chars().all(is_of_name)
}

fn ends_with(path: &str, name: &str) -> bool {
    path.strip_suffix(name)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Patterns;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object of numbers")
            }
            fn visit_unit<E>(self) -> std::result::Result<Patterns, E> {
                Ok(Patterns::default())
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Patterns, A::Error> {
                let mut all = Vec::new();
                while let Some(member) = map.next_entry()? {
                    all.push(member);
                }
                Ok(Patterns(all))
            }
        }
        deserializer.deserialize_any(Object)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn found(json: &str, path: &str) -> Option<f64> {
        let patterns: Patterns = serde_json::from_str(json).unwrap();
        patterns.find(path).unwrap()
    }

    #[test]
    fn the_first_pattern_that_fits_the_end_counts() {
        let json = r#"{"k_proj": 1, "0.q_proj": 2, "layers\\.[12]\\..*q_proj": 3, "^q_proj": 4, "q_proj": 5}"#;
        for (path, number) in [
            ("model.layers.0.k_proj", Some(1.0)),
            ("model.layers.0.q_proj", Some(2.0)),
            ("model.layers.10.q_proj", Some(5.0)),
            ("model.layers.2.self_attn.q_proj", Some(3.0)),
            ("q_proj", Some(4.0)),
            ("model.my_q_proj", None),
            ("q_proj.weight", None),
        ] {
            assert_eq!(found(json, path), number, "{path}");
        }
        assert_eq!(found("null", "a"), None);
    }

    #[test]
    fn patterns_that_cannot_be_matched_are_errors() {
        let patterns = Patterns(vec![("(".to_owned(), 1.0)]);
        assert_eq!(
            patterns.find("a").unwrap_err().code(),
            Code::UnsupportedFormat
        );
        let patterns = Patterns(vec![("a{1000}{1000}".to_owned(), 1.0)]);
        assert_eq!(
            patterns.find("a").unwrap_err().code(),
            Code::UnsupportedFormat
        );
        let patterns = Patterns(vec![("x+".to_owned(), 1.0); 300]);
        assert_eq!(patterns.find("a").unwrap_err().code(), Code::LimitExceeded);
    }
}
