//! Objects of any state, quantised modules, distributed tensors and what lies beside a model, against what torch and
//! numpy say of them. `__test__/fixtures/objects/make.py` made both.

use std::collections::BTreeSet;

use diff_core::Error;
use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::finding::Finding;
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;
use serde_json::Value;

mod common;

use common::hex;

fn read(checkpoint: &Checkpoint, index: usize, element: ElementType) -> Result<String, String> {
    let tensor = &checkpoint.tensors[index];
    let bytes = read_elements(
        checkpoint,
        index,
        0,
        tensor.elements,
        element,
        &Observer::default(),
    );
    bytes.map(|bytes| hex(&bytes)).map_err(|e| e.to_string())
}

fn check_tensor(checkpoint: &Checkpoint, index: usize, row: &Value) -> Result<(), String> {
    let tensor = &checkpoint.tensors[index];
    let shape: Vec<u64> = row["shape"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_u64)
        .collect();
    if tensor.shape != shape || row["dtype"] != tensor.dtype_name() {
        return Err(format!("{} {:?}", tensor.dtype_name(), tensor.shape));
    }
    let mut values = read(checkpoint, index, ElementType::Raw)?;
    if row["dtype"] == "quint4x2" {
        // torch hands out bytes of two elements, ours are one each.
        let mut halves: Vec<char> = values.chars().skip(1).step_by(2).collect();
        if halves.len() % 2 == 1 {
            halves.push('0');
        }
        values = halves
            .chunks(2)
            .flat_map(|pair| [pair[1], pair[0]])
            .collect();
    }
    if row["values"] != values {
        return Err(format!("values {values}, not {}", row["values"]));
    }
    if let Some(wanted) = row["dequantised"].as_str() {
        let values = read(checkpoint, index, ElementType::F32)?;
        if values != wanted {
            return Err(format!("dequantised {values}, not {wanted}"));
        }
    }
    Ok(())
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn check_findings(file: &Value, findings: &[Finding]) -> Result<(), String> {
    let found: BTreeSet<&str> = findings.iter().map(|finding| finding.code).collect();
    let wanted = texts(&file["findings"]);
    if !wanted.is_subset(&found) {
        return Err(format!("findings {found:?}, not {wanted:?}"));
    }
    Ok(())
}

fn check_left_out(file: &Value, checkpoint: &Checkpoint) -> Result<(), String> {
    let found: Vec<Value> = checkpoint
        .left_out
        .iter()
        .map(|one| serde_json::json!([one.kind.as_str(), one.role.as_str(), one.name, one.bytes]))
        .collect();
    let wanted = file["left_out"].as_array().cloned().unwrap_or_default();
    // Code of scripts is no weight.
    let found: Vec<Value> = found.into_iter().filter(|one| one[2] != "code/").collect();
    if found != wanted {
        return Err(format!("left out {found:?}, not {wanted:?}"));
    }
    Ok(())
}

fn check_file(file: &Value, opened: Result<Checkpoint, Error>) -> Vec<String> {
    let checkpoint = match opened {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            let code = error.code().as_str().replace("E_", "").replace('_', "");
            let wanted = file["error"].as_str().unwrap_or_default().to_uppercase();
            let mut wrong: Vec<String> = check_findings(file, error.findings())
                .err()
                .into_iter()
                .collect();
            if code != wanted {
                wrong.push(format!("{error}"));
            }
            return wrong;
        }
    };
    let mut wrong = Vec::new();
    let rows = file["tensors"].as_object().unwrap();
    let parts = texts(&file["parts"]);
    let names: BTreeSet<&str> = checkpoint.tensors.iter().map(|t| t.name.as_str()).collect();
    let wanted: BTreeSet<&str> = rows
        .keys()
        .map(String::as_str)
        .chain(parts.iter().copied())
        .collect();
    if names != wanted || names.len() != checkpoint.tensors.len() {
        wrong.push(format!("tensors {names:?}, not {wanted:?}"));
    }
    for (index, tensor) in checkpoint.tensors.iter().enumerate() {
        if parts.contains(&*tensor.name) {
            let code = tensor.error().map(|error| error.code().as_str());
            if code != Some("E_SHARD_ONLY") {
                wrong.push(format!("{}: {code:?}", tensor.name));
            }
        } else if let Some(row) = rows.get(&tensor.name)
            && let Err(error) = check_tensor(&checkpoint, index, row)
        {
            wrong.push(format!("{}: {error}", tensor.name));
        }
    }
    let chosen = checkpoint.candidates.iter().find(|one| one.is_chosen);
    let chosen = chosen.map_or("", |one| one.key.as_str());
    if chosen != file["model"].as_str().unwrap_or_default() {
        wrong.push(format!("model {chosen:?}, not {}", file["model"]));
    }
    wrong.extend(check_findings(file, &checkpoint.findings).err());
    wrong.extend(check_left_out(file, &checkpoint).err());
    wrong
}

#[test]
fn every_object_is_what_its_library_says() {
    let folder = common::fixtures().join("objects");
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let mut failures = Vec::new();
    for (name, file) in all.as_object().unwrap() {
        let opened = open(&folder.join(name), &OpenOptions::default());
        let wrong = check_file(file, opened);
        failures.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
