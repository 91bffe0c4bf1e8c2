//! Values of keys as texts, to be shown and compared.

use serde_json::{Value as Json, json};

use super::value::{Kind, Large, Value};

impl Value {
    /// The value as JSON, a text as it is where that can be taken for nothing else. Of what is large, how much there is and a hash: within one
    /// build of this program, equal texts stand for equal contents.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) if serde_json::from_str::<Json>(text).is_err() => text.clone(),
            Self::Large(large) => large.to_text(),
            other => other.to_json().to_string(),
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::U8(n) => json!(n),
            Self::I8(n) => json!(n),
            Self::U16(n) => json!(n),
            Self::I16(n) => json!(n),
            Self::U32(n) => json!(n),
            Self::I32(n) => json!(n),
            Self::U64(n) => json!(n),
            Self::I64(n) => json!(n),
            Self::F32(n) => float(n.to_string()),
            Self::F64(n) => float(n.to_string()),
            Self::Bool(is_true) => json!(is_true),
            Self::Text(text) => json!(text),
            Self::Array(_, values) => values.iter().map(Self::to_json).collect(),
            Self::Large(large) => json!(large.to_text()),
        }
    }
}

/// The shortest digits that stand for a number, whatever its width; NaN and infinities are texts.
fn float(digits: String) -> Json {
    let number = digits.parse().ok().and_then(serde_json::Number::from_f64);
    number.map_or(Json::String(digits), Json::Number)
}

impl Large {
    fn to_text(self) -> String {
        let what = match (self.kind, self.element) {
            (Kind::Text, _) => "bytes of text",
            (_, Kind::Text) => "texts",
            (_, Kind::Array) => "arrays",
            _ => "numbers",
        };
        format!("{} {what}, hash {:016x}", self.count, self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_values() {
        let text = |text: &str| Value::Text(text.to_owned());
        let large = Large {
            kind: Kind::Array,
            element: Kind::Text,
            count: 32_000,
            offset: 0,
            bytes: 1 << 20,
            digest: 0x12,
        };
        for (value, shown) in [
            (text("llama"), "llama"),
            (text("7"), "\"7\""),
            (text("true"), "\"true\""),
            (text("\"a\""), "\"\\\"a\\\"\""),
            (Value::U32(7), "7"),
            (Value::I64(i64::MIN), "-9223372036854775808"),
            (Value::U64(u64::MAX), "18446744073709551615"),
            (Value::F32(0.1), "0.1"),
            (Value::F32(1e-5), "0.00001"),
            (Value::F64(500_000.0), "500000.0"),
            (Value::F32(f32::NAN), "\"NaN\""),
            (Value::Bool(true), "true"),
            (
                Value::Array(Kind::Text, vec![text("a"), text("b")]),
                r#"["a","b"]"#,
            ),
            (Value::Array(Kind::U32, Vec::new()), "[]"),
            (
                Value::Large(Box::new(large)),
                "32000 texts, hash 0000000000000012",
            ),
        ] {
            assert_eq!(value.to_text(), shown);
        }
    }
}
