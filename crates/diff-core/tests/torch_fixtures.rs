//! Every file that torch wrote, against what torch read back from it: names, dtypes, shapes, and values bit
//! for bit. `__test__/fixtures/torch/make.py` made both.

use std::collections::BTreeMap;
use std::path::PathBuf;

use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;
use diff_core::tensor::Node;
use diff_core::{Code, Error};
use serde_json::Value;

mod common;

use common::hex;

fn folder() -> PathBuf {
    common::fixtures().join("torch")
}

fn expected() -> Vec<(String, Value)> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let files = all["files"].as_object().unwrap();
    files
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Files whose tensors are not read: the code of the refusal.
fn refused(name: &str, file: &Value) -> Option<Code> {
    let none = file["tensors"].as_array().is_some_and(Vec::is_empty) && file["constants"].is_null();
    match name {
        "torch_0_1.tar" => Some(Code::UnsupportedArchive),
        _ if none => Some(Code::NoTensors),
        _ => None,
    }
}

fn raw(checkpoint: &Checkpoint, index: usize, element: ElementType) -> Result<Vec<u8>, Error> {
    let elements = checkpoint.tensors[index].elements;
    read_elements(
        checkpoint,
        index,
        0,
        elements,
        element,
        &Observer::default(),
    )
}

fn shape_of(row: &Value) -> Vec<u64> {
    row["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dim| dim.as_u64().unwrap())
        .collect()
}

/// Rows of expected.json as this reader names them: tensors that are made of parts become their parts, and
/// nested ones (whose parts have no names) are left out.
fn rows(file: &Value) -> Vec<(String, Value)> {
    let mut rows = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in file["tensors"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap().to_owned();
        let parts = &row["parts"];
        if let Some(parts) = parts.as_object() {
            for (part, value) in parts {
                // What a distributed tensor is on this rank bears its name.
                let is_local = part == "_local_tensor";
                if is_local {
                    rows.push((name.clone(), value.clone()));
                    continue;
                }
                rows.push((format!("{name}.{part}"), value.clone()));
            }
        } else if !parts.is_array() {
            let count = counts.entry(name.clone()).or_insert(0);
            *count += 1;
            let name = if *count > 1 {
                format!("{name}#{count}")
            } else {
                name
            };
            rows.push((name, row.clone()));
        }
    }
    rows
}

fn check_row(checkpoint: &Checkpoint, index: usize, row: &Value) -> Result<(), String> {
    let tensor = &checkpoint.tensors[index];
    if tensor.error().map(Error::code) == Some(Code::ShardOnly) {
        return if checkpoint.path.ends_with("dtensor.pt") && tensor.name == "sharded" {
            Ok(())
        } else {
            Err("not the whole".to_owned())
        };
    }
    if tensor.shape != shape_of(row) {
        return Err(format!("shape {:?}, not {}", tensor.shape, row["shape"]));
    }
    let dtype = row["dtype"].as_str().unwrap();
    let ml_dtype = row["values"].is_null() && row["source"] == "numpy";
    // torch converts when it loads; here the stored type is kept, and the values are the same.
    let converted = dtype == "f16" && tensor.dtype_name() == "f32";
    if tensor.dtype_name() != dtype && !ml_dtype && !converted {
        return Err(format!("dtype {}, not {dtype}", tensor.dtype_name()));
    }
    if row["layout"] == "meta" || dtype.starts_with("f4_") {
        let code = tensor.error().map(Error::code);
        let wanted = if row["layout"] == "meta" {
            Code::NoData
        } else {
            Code::UnsupportedDtype
        };
        return if code == Some(wanted) {
            Ok(())
        } else {
            Err(format!("error {code:?}"))
        };
    }
    if let Some(elements) = row.get("elements") {
        return check_sparse(checkpoint, index, elements);
    }
    let Some(values) = row["values"].as_str() else {
        return Ok(());
    };
    let mut bytes = raw(checkpoint, index, ElementType::Raw).map_err(|e| e.to_string())?;
    if dtype == "quint4x2" {
        // torch hands out bytes of two elements.
        let pairs = bytes.as_chunks::<2>().0;
        bytes = pairs.iter().map(|[low, high]| high << 4 | low).collect();
    }
    if !converted && hex(&bytes) != values {
        return Err(format!("values {}, not {values}", hex(&bytes)));
    }
    if let Some(wanted) = row["dequantised"].as_str() {
        let bytes = raw(checkpoint, index, ElementType::F32).map_err(|e| e.to_string())?;
        if hex(&bytes) != wanted {
            return Err(format!("dequantised {}, not {wanted}", hex(&bytes)));
        }
    }
    Ok(())
}

/// Coalesced elements, by value: those that were added up come as f64, and the places that fell together
/// leave zeros at the end.
fn check_sparse(checkpoint: &Checkpoint, index: usize, elements: &Value) -> Result<(), String> {
    assert!(matches!(checkpoint.tensors[index].node, Node::Sparse(_)));
    let found = raw(checkpoint, index, ElementType::F64).map_err(|e| e.to_string())?;
    let found: Vec<f64> = found
        .as_chunks()
        .0
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect();
    let hex = elements["values"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    let wanted: Vec<f64> = match elements["dtype"].as_str().unwrap() {
        "f32" => bytes
            .as_chunks()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect(),
        "f16" => bytes
            .as_chunks()
            .0
            .iter()
            .map(|b| half::f16::from_le_bytes(*b).to_f64())
            .collect(),
        other => return Err(format!("dtype {other}")),
    };
    let sorted = |values: &[f64]| {
        let mut values: Vec<f64> = values.iter().copied().filter(|x| *x != 0.0).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    // Column-major kinds are brought into row-major order, so the order differs from torch's there.
    if sorted(&found) == sorted(&wanted) {
        Ok(())
    } else {
        Err(format!("elements {found:?}, not {wanted:?}"))
    }
}

#[test]
fn every_tensor_is_what_torch_read() {
    let mut failures = Vec::new();
    let mut checked = 0;
    for (name, file) in expected() {
        let path = folder().join(&name);
        let options = OpenOptions {
            key: Some(String::new()),
            ..OpenOptions::default()
        };
        let checkpoint = match (open(&path, &options), refused(&name, &file)) {
            (Err(error), Some(code)) if error.code() == code => continue,
            (Err(error), _) => {
                failures.push(format!("{name}: {} {error}", error.code().as_str()));
                continue;
            }
            (Ok(_), Some(code)) => {
                failures.push(format!("{name}: opened, not {code:?}"));
                continue;
            }
            (Ok(checkpoint), None) => checkpoint,
        };
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, tensor) in checkpoint.tensors.iter().enumerate() {
            if by_name.insert(&tensor.name, index).is_some() {
                failures.push(format!("{name}: two tensors {:?}", tensor.name));
            }
        }
        for (row_name, row) in rows(&file) {
            let Some(index) = by_name.remove(row_name.as_str()) else {
                // Arrays of texts, dates and objects are left out, with a finding.
                let left_out = row["values"].is_null()
                    && row["source"]
                        .as_str()
                        .is_some_and(|s| s.starts_with("numpy"));
                if !left_out {
                    let names: Vec<&str> = checkpoint.tensors.iter().map(|t| &*t.name).collect();
                    failures.push(format!("{name}: no {row_name:?} in {names:?}"));
                }
                continue;
            };
            checked += 1;
            if let Err(reason) = check_row(&checkpoint, index, &row) {
                failures.push(format!("{name}: {row_name}: {reason}"));
            }
        }
        let surplus: Vec<&str> = by_name.into_keys().filter(|n| !may_be_more(n)).collect();
        if !surplus.is_empty() {
            failures.push(format!("{name}: also found {surplus:?}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {checked}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(checked > 600, "only {checked} tensors were checked");
}

/// Parts that torch has, too, but that expected.json does not list.
fn may_be_more(name: &str) -> bool {
    name.starts_with("constants.") || name.starts_with("n.") || name.starts_with("structured.")
}

#[test]
fn the_model_is_found() {
    let mut failures = Vec::new();
    for (name, file) in expected() {
        if refused(&name, &file).is_some() || name == "frozen.pt" {
            continue;
        }
        let Ok(checkpoint) = open(&folder().join(&name), &OpenOptions::default()) else {
            failures.push(format!("{name}: does not open"));
            continue;
        };
        let chosen = checkpoint
            .findings
            .iter()
            .find(|finding| finding.code == "ModelKey")
            .and_then(|finding| finding.message.split('"').nth(1))
            .unwrap_or_default();
        let wanted = file["model"].as_str().unwrap_or_default();
        if chosen != wanted {
            failures.push(format!("{name}: model {chosen:?}, not {wanted:?}"));
            continue;
        }
        let prefix = if wanted.is_empty() {
            String::new()
        } else {
            format!("{wanted}.")
        };
        for tensor in &checkpoint.tensors {
            let full = format!("{prefix}{}", tensor.name);
            let known = rows(&file).iter().any(|(row, _)| *row == full);
            if !known && !may_be_more(&tensor.name) {
                failures.push(format!("{name}: {full} is not in the file"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn shared_storages_are_named() {
    let mut failures = Vec::new();
    for (name, file) in expected() {
        let Some(groups) = file["shared"].as_array() else {
            continue;
        };
        let options = OpenOptions {
            key: Some(String::new()),
            ..OpenOptions::default()
        };
        let checkpoint = open(&folder().join(&name), &options).unwrap();
        let found: Vec<&str> = checkpoint
            .findings
            .iter()
            .filter(|finding| finding.code == "SharedStorage")
            .map(|finding| finding.message.as_str())
            .collect();
        for group in groups {
            let first: Vec<&str> = group
                .as_array()
                .unwrap()
                .iter()
                .take(2)
                .map(|n| n.as_str().unwrap())
                .collect();
            let named = found
                .iter()
                .any(|message| first.iter().all(|name| message.contains(name)));
            if !named {
                failures.push(format!("{name}: {group} not in {found:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
