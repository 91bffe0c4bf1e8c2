//! JSON objects with the duplicates kept: a name that occurs twice must be seen, not swallowed.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::error::{Code, Error, Result, counted};
use crate::limits;

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
pub(super) fn read_file(path: &Path) -> Result<String> {
    let source = crate::source::FileSource::open(path)?;
    let size = crate::source::Source::size(&source);
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

/// A syntax error of serde's, in our words.
pub(super) fn invalid(what: &str, error: &serde_json::Error) -> Error {
    Error::new(Code::InvalidHeader, format!("{what} is not valid: {error}"))
}
