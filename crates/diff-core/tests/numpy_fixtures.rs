//! Every file that numpy wrote, against what numpy read back from it, bit for bit; and files by hand that
//! are refused, or read with a finding. `__test__/fixtures/numpy/make.py` made both.

use std::path::PathBuf;

use diff_core::Error;
use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::finding::Finding;
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;
use serde_json::Value;

mod common;

use common::{Counting, hex, measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

fn folder() -> PathBuf {
    common::fixtures().join("numpy")
}

fn code_name(error: &Error) -> String {
    let mut name = String::new();
    for word in error.code().as_str().trim_start_matches("E_").split('_') {
        name.push_str(&word[..1]);
        name.push_str(&word[1..].to_lowercase());
    }
    name
}

/// Whether a list of expected codes holds this error's. Archives that hold no array say so in another word.
fn accepts(codes: &Value, error: &Error) -> bool {
    let found = code_name(error);
    codes.as_array().is_some_and(|codes| {
        codes
            .iter()
            .filter_map(Value::as_str)
            .any(|code| code == found || (code == "UnknownFormat" && found == "UnsupportedArchive"))
    })
}

fn has_finding(findings: &[Finding], wanted: &Value) -> bool {
    let names = [&wanted["name"], &wanted["or"]];
    let global: Vec<&str> = wanted["global"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    findings.iter().any(|finding| {
        names.iter().any(|name| *name == finding.code)
            && global.iter().all(|part| finding.message.contains(part))
    })
}

fn read(checkpoint: &Checkpoint, index: usize) -> Result<Vec<u8>, Error> {
    let all = checkpoint.tensors[index].units();
    read_elements(
        checkpoint,
        index,
        0,
        all,
        ElementType::Raw,
        &Observer::default(),
    )
}

fn shape_of(row: &Value) -> Vec<u64> {
    let dims = row["shape"].as_array().into_iter().flatten();
    dims.filter_map(Value::as_u64).collect()
}

/// One array, or one field, against what numpy read.
fn check_row(checkpoint: &Checkpoint, name: &str, row: &Value) -> Result<(), String> {
    let index = checkpoint
        .tensors
        .iter()
        .position(|tensor| tensor.name == name);
    let index = index.ok_or_else(|| format!("{name} is missing"))?;
    let tensor = &checkpoint.tensors[index];
    let bytes = match tensor.error() {
        Some(error) => Err(error.clone()),
        None => read(checkpoint, index),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => {
            let expected = accepts(&row["error"], &error) || accepts(&row["or_error"], &error);
            return if expected {
                Ok(())
            } else {
                Err(format!("{name}: {error}"))
            };
        }
    };
    if !row["error"].is_null() {
        return Err(format!("{name} was read"));
    }
    if tensor.shape != shape_of(row) {
        return Err(format!(
            "{name}: shape {:?}, not {}",
            tensor.shape, row["shape"]
        ));
    }
    let dtype = row["dtype"].as_str().unwrap_or_default();
    let big_endian = tensor.dtype_name().starts_with('>');
    if tensor.dtype_name().trim_start_matches('>') != dtype
        && (dtype, tensor.dtype_name()) != ("V2", "bf16")
    {
        return Err(format!(
            "{name}: dtype {}, not {dtype}",
            tensor.dtype_name()
        ));
    }
    if row["values"] == "zeros" {
        return if bytes.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(format!("{name}: no zeros"))
        };
    }
    let wanted = row["values"].as_str().unwrap_or_default();
    // Bytes without a meaning are compared as they lie; the fixture has them turned round.
    if hex(&bytes) != wanted && !big_endian {
        return Err(format!("{name}: values {}, not {wanted}", hex(&bytes)));
    }
    Ok(())
}

fn check_tensors(checkpoint: &Checkpoint, file: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    for row in file["tensors"].as_array().into_iter().flatten() {
        let name = row["name"].as_str().unwrap_or_default();
        let object = row["dtype"] == "object";
        match row["fields"].as_array() {
            Some(fields) => {
                for field in fields {
                    let name = format!("{name}.{}", field["name"].as_str().unwrap_or_default());
                    problems.extend(check_row(checkpoint, &name, field).err());
                }
            }
            None if object => {}
            None => problems.extend(check_row(checkpoint, name, row).err()),
        }
    }
    problems
}

fn check_file(name: &str, file: &Value) -> Vec<String> {
    let path = folder().join(name);
    let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len() as usize);
    let (opened, peak, time) = measured(|| open(&path, &OpenOptions::default()));
    let mut problems = Vec::new();
    if peak > 64 * MIB + 16 * size || time.as_secs() > 1 {
        problems.push(format!("{peak} bytes, {time:?}"));
    }
    let outcome = file["outcome"].as_str().unwrap_or("loads");
    let findings = match &opened {
        Ok(checkpoint) => {
            if outcome == "error" {
                problems.push("was read".to_owned());
            }
            problems.extend(check_tensors(checkpoint, file));
            checkpoint.findings.clone()
        }
        Err(error) => {
            if outcome == "loads" || !accepts(&file["errors"], error) {
                problems.push(format!("{error} ({})", code_name(error)));
            }
            error.findings().to_vec()
        }
    };
    for wanted in file["findings"].as_array().into_iter().flatten() {
        if !has_finding(&findings, wanted) {
            problems.push(format!("finding {wanted} is missing in {findings:?}"));
        }
    }
    problems
}

#[test]
fn every_file_is_what_numpy_says() {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let files = all["files"].as_object().unwrap();
    assert!(files.len() > 150);
    let problems: Vec<String> = files
        .iter()
        .flat_map(|(name, file)| {
            check_file(name, file)
                .into_iter()
                .map(move |problem| format!("{name}: {problem}"))
        })
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
