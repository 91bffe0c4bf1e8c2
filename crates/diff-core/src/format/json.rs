//! JSON as the files beside the weights have it: objects with their duplicates kept, since a name that occurs twice must be seen;
//! the numbers that Python writes and JSON does not know.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::error::{Code, Error, Result, counted};
use crate::limits;
use crate::source::Files;

/// An object as its list of members, in the order of the file.
#[derive(Debug)]
pub(super) struct Members<V, K = String>(pub Vec<(K, V)>);

/// A text, borrowed from the file where that spells it without escapes.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl<'de, V: Deserialize<'de>, K: Deserialize<'de>> Deserialize<'de> for Members<V, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object<V, K>(PhantomData<(V, K)>);
        impl<'de, V: Deserialize<'de>, K: Deserialize<'de>> Visitor<'de> for Object<V, K> {
            type Value = Members<V, K>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// A whole JSON file as text, within the cap.
pub(super) fn read_file(path: &Path, files: &Files) -> Result<String> {
    let source = super::lfs::open(path, files)?;
    let size = source.size();
    if size > limits::JSON_BYTES {
        return Err(Error::new(Code::LimitExceeded, "JSON file is too large")
            .expected(format!("at most {} bytes", limits::JSON_BYTES))
            .found(counted(size, "byte"))
            .at(path));
    }
    String::from_utf8(source.read(0, size as usize)?).map_err(|e| {
        Error::new(Code::InvalidHeader, "JSON file is not UTF-8 text")
            .at(path)
            .offset(e.utf8_error().valid_up_to() as u64)
    })
}

/// A whole file of Python's JSON, as strict JSON: see [`to_strict`].
pub(super) fn read_python_file(path: &Path, files: &Files) -> Result<String> {
    read_file(path, files).map(to_strict)
}

/// Numbers that Python's `json` writes bare, and how transformers spells them in strict JSON, which is what they become here.
/// `-Infinity` is looked for before the name inside it.
const BARE: &[(&str, &str)] = &[
    ("-Infinity", r#"{"__float__":"-Infinity"}"#),
    ("Infinity", r#"{"__float__":"Infinity"}"#),
    ("NaN", r#"{"__float__":"NaN"}"#),
];

/// The text with `Infinity`, `-Infinity` and `NaN` as `{"__float__":"Infinity"}` and so on, so that both spellings are one. What is no
/// JSON stays none.
fn to_strict(text: String) -> String {
    if !text.contains("Infinity") && !text.contains("NaN") {
        return text;
    }
    let mut strict = String::with_capacity(text.len() + 64);
    let mut rest = text.as_str();
    let mut is_in_text = false;
    // A name that goes on before or behind the word is no such number.
    let mut follows_name = false;
    while let Some(next) = rest.chars().next() {
        let bare = BARE.iter().find(|(name, _)| {
            !is_in_text
                && !follows_name
                && rest
                    .strip_prefix(name)
                    .is_some_and(|behind| !behind.starts_with(is_of_name))
        });
        let taken = if let Some((name, spelling)) = bare {
            strict.push_str(spelling);
            name.len()
        } else {
            let escaped = if is_in_text && next == '\\' {
                rest.chars().nth(1).map_or(0, char::len_utf8)
            } else {
                0
            };
            is_in_text ^= next == '"';
            follows_name = is_of_name(next);
            let taken = next.len_utf8() + escaped;
            strict.push_str(rest.get(..taken).unwrap_or(rest));
            taken
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    strict
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')
}

/// A syntax error of serde's, in our words.
pub(super) fn invalid(what: &str, error: &serde_json::Error) -> Error {
    Error::new(Code::InvalidHeader, format!("{what} is not valid: {error}"))
}

#[cfg(test)]
mod tests {
    use super::to_strict;

    #[test]
    fn numbers_that_only_python_writes() {
        for (python, strict) in [
            (r#"{"a": Infinity}"#, r#"{"a": {"__float__":"Infinity"}}"#),
            (
                "[-Infinity,NaN]",
                r#"[{"__float__":"-Infinity"},{"__float__":"NaN"}]"#,
            ),
            (
                r#"{"a": {"__float__": "Infinity"}}"#,
                r#"{"a": {"__float__": "Infinity"}}"#,
            ),
            (
                r#"["NaN", "a\"NaN", "\\", NaN]"#,
                r#"["NaN", "a\"NaN", "\\", {"__float__":"NaN"}]"#,
            ),
            // No JSON of Python's either.
            (
                "[NaNs, aNaN, --Infinity, -NaN, Infinity.5]",
                "[NaNs, aNaN, --Infinity, -NaN, Infinity.5]",
            ),
            (r#"["é NaN", NaN"#, r#"["é NaN", {"__float__":"NaN"}"#),
            (r#"["NaN \"#, r#"["NaN \"#),
        ] {
            assert_eq!(to_strict(python.to_owned()), strict, "{python}");
        }
    }
}
