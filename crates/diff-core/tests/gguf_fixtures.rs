//! Headers of files that gguf-py wrote, against what it read back from them; `__test__/fixtures/gguf/make.py` made both.

use std::path::PathBuf;

use diff_core::dtype::{ByteOrder, DType};
use diff_core::format::gguf::{
    Encoding, Header, Kind, PartName, Split, TensorInfo, Value, check_parts, read,
};
use diff_core::limits::Limits;
use diff_core::source::FileSource;
use diff_core::{Code, Result};
use serde_json::Value as Json;

mod common;

fn folder() -> PathBuf {
    common::fixtures().join("gguf")
}

fn header(name: &str) -> Result<Header> {
    read(&FileSource::open(&folder().join(name))?, &Limits::default())
}

/// As gguf-py calls it.
fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::U8 => "UINT8",
        Kind::I8 => "INT8",
        Kind::U16 => "UINT16",
        Kind::I16 => "INT16",
        Kind::U32 => "UINT32",
        Kind::I32 => "INT32",
        Kind::F32 => "FLOAT32",
        Kind::Bool => "BOOL",
        Kind::Text => "STRING",
        Kind::Array => "ARRAY",
        Kind::U64 => "UINT64",
        Kind::I64 => "INT64",
        Kind::F64 => "FLOAT64",
    }
}

/// Types, count and contents as gguf-py tells them; no contents of what is not kept.
fn told(value: &Value) -> (Vec<&'static str>, u64, Json) {
    let one = |kind, json| (vec![kind_name(kind)], 1, json);
    match value {
        Value::U8(n) => one(Kind::U8, (*n).into()),
        Value::I8(n) => one(Kind::I8, (*n).into()),
        Value::U16(n) => one(Kind::U16, (*n).into()),
        Value::I16(n) => one(Kind::I16, (*n).into()),
        Value::U32(n) => one(Kind::U32, (*n).into()),
        Value::I32(n) => one(Kind::I32, (*n).into()),
        Value::F32(n) => one(Kind::F32, f64::from(*n).into()),
        Value::Bool(n) => one(Kind::Bool, (*n).into()),
        Value::Text(text) => one(Kind::Text, text.as_str().into()),
        Value::U64(n) => one(Kind::U64, (*n).into()),
        Value::I64(n) => one(Kind::I64, (*n).into()),
        Value::F64(n) => one(Kind::F64, (*n).into()),
        Value::Array(element, values) => (
            vec!["ARRAY", kind_name(*element)],
            values.len() as u64,
            values.iter().map(|value| told(value).2).collect(),
        ),
        Value::Large(large) if large.kind == Kind::Text => one(Kind::Text, Json::Null),
        Value::Large(large) => (
            vec!["ARRAY", kind_name(large.element)],
            large.count,
            Json::Null,
        ),
    }
}

fn check_metadata(file: &str, header: &Header, fields: &Json) {
    let fields = fields.as_object().unwrap();
    assert_eq!(header.metadata.len(), fields.len(), "{file}");
    for (key, value) in &header.metadata {
        let field = &fields[key];
        let (types, count, contents) = told(value);
        assert_eq!(serde_json::json!(types), field["types"], "{file} {key}");
        assert_eq!(count, field["count"], "{file} {key}");
        match value {
            Value::Large(large) => assert!(large.bytes > 4096, "{file} {key}"),
            _ => assert_eq!(contents, field["value"], "{file} {key}"),
        }
    }
}

fn encoding_name(tensor: &TensorInfo) -> &'static str {
    match tensor.encoding {
        Encoding::Plain(DType::F32) => "F32",
        Encoding::Plain(DType::F16) => "F16",
        Encoding::Plain(DType::F64) => "F64",
        Encoding::Plain(DType::I64) => "I64",
        Encoding::Blocks(format) => format.name,
        _ => "other",
    }
}

fn check_tensors(file: &str, header: &Header, expected: &Json) {
    let expected = expected.as_array().unwrap();
    assert_eq!(header.tensors.len(), expected.len(), "{file}");
    for (tensor, expected) in header.tensors.iter().zip(expected) {
        let name = &tensor.name;
        assert_eq!(*name, expected["name"], "{file}");
        assert_eq!(encoding_name(tensor), expected["type"], "{file} {name}");
        let shape = serde_json::json!(tensor.shape);
        assert_eq!(shape, expected["shape"], "{file} {name}");
        assert_eq!(tensor.offset, expected["offset"], "{file} {name}");
        assert_eq!(tensor.bytes, expected["bytes"], "{file} {name}");
    }
}

#[test]
fn every_file_is_what_gguf_reads() {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let all: Json = serde_json::from_str(&text).unwrap();
    let files = all.as_object().unwrap();
    assert_eq!(files.len(), 11);
    for (name, expected) in files {
        let header = header(name).unwrap();
        assert_eq!(header.version, expected["version"], "{name}");
        let big = header.order == ByteOrder::Big;
        assert_eq!(big, expected["order"] == "big", "{name}");
        check_metadata(name, &header, &expected["fields"]);
        check_tensors(name, &header, &expected["tensors"]);
        if !header.tensors.is_empty() {
            let size = std::fs::metadata(folder().join(name)).unwrap().len();
            assert_eq!(header.data_end, size, "{name}");
        }
    }
}

#[test]
fn the_byte_order_changes_no_value() {
    let (little, big) = (
        header("v3.gguf").unwrap(),
        header("big-endian.gguf").unwrap(),
    );
    assert_eq!(little.metadata, big.metadata);
    let large = |value: &&(String, Value)| matches!(value.1, Value::Large(_));
    assert_eq!(little.metadata.iter().filter(large).count(), 3);
}

#[test]
fn parts_make_a_model() {
    for prefix in ["split", "first-empty"] {
        let first = PartName::parse(&format!("{prefix}-00001-of-00003.gguf")).unwrap();
        let parts: Vec<Header> = (1..=first.count)
            .map(|number| header(&first.part(number)).unwrap())
            .collect();
        check_parts(&parts).unwrap();
        let split = Split::of(&parts[1]).unwrap().unwrap();
        assert_eq!((split.number, split.count, split.tensors), (1, 3, Some(7)));
        let names: usize = parts.iter().map(|part| part.tensors.len()).sum();
        assert_eq!(names, header("v3.gguf").unwrap().tensors.len());
    }
    assert_eq!(Split::of(&header("v3.gguf").unwrap()).unwrap(), None);
}

#[test]
fn parts_that_do_not_belong_together() {
    let parts = |names: &[&str]| -> Result<()> {
        let headers: Result<Vec<Header>> = names.iter().map(|name| header(name)).collect();
        check_parts(&headers?)
    };
    let code = |names: &[&str]| parts(names).unwrap_err().code();
    let [a, b, c] = [1, 2, 3].map(|n| format!("split-0000{n}-of-00003.gguf"));
    assert_eq!(code(&[&a, &c, &b]), Code::MissingShard);
    assert_eq!(code(&[&a, &b]), Code::MissingShard);
    assert_eq!(code(&[&a, &b, "v3.gguf"]), Code::MissingShard);
    let other = "first-empty-00002-of-00003.gguf";
    assert_eq!(code(&[&a, other, &c]), Code::DuplicateName);
    let empty = "first-empty-00001-of-00003.gguf";
    assert_eq!(code(&[empty, &b, &c]), Code::SizeMismatch);
}
