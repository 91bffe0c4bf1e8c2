//! A file that was given by itself, and whether it is only a part of something.

use std::path::Path;

use serde::Deserialize;

use super::{is_index, loose, ranks};
use crate::checkpoint::Checkpoint;
use crate::error::counted;
use crate::finding::{Finding, Severity};
use crate::format::json::{self, Members, Text};
use crate::source::Files;

/// Indexes that are looked at, and entries of the folder that are looked through for them.
const INDEXES: usize = 8;
const ENTRIES: usize = 10_000;

#[derive(Deserialize)]
struct Index<'a> {
    #[serde(borrow)]
    weight_map: Members<Text<'a>, Text<'a>>,
}

/// Says it of a shard, and of what one process of a distributed run wrote.
pub(super) fn note(checkpoint: &mut Checkpoint, files: &Files) {
    let path = checkpoint.path.clone();
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return;
    };
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Some(whole) = of_index(name, directory, files).or_else(|| of_names(name, directory, files))
    else {
        return;
    };
    checkpoint.findings.push(
        Finding::new(
            "PartOpenedAlone",
            Severity::Warning,
            format!("only a part of a checkpoint: {whole}; give the folder to have all of it"),
        )
        .at(&path),
    );
}

/// The index beside the file that names it with others.
fn of_index(name: &str, directory: &Path, files: &Files) -> Option<String> {
    let indexes = files
        .list(directory, ENTRIES)
        .ok()?
        .into_iter()
        .filter_map(|entry| entry.name.into_string().ok())
        .filter(|name| is_index(name))
        .take(INDEXES);
    for index in indexes {
        let Ok(text) = json::read_file(&directory.join(&index), files) else {
            continue;
        };
        let Ok(Index { weight_map }) = serde_json::from_str(&text) else {
            continue;
        };
        let mut files: Vec<&str> = weight_map
            .0
            .iter()
            .map(|(_, Text(file))| file.strip_prefix("./").unwrap_or(file))
            .collect();
        files.sort_unstable();
        files.dedup();
        if files.len() > 1 && files.binary_search(&name).is_ok() {
            let count = counted(files.len(), "shard");
            return Some(format!("{index} names {count}, of which this is one"));
        }
    }
    None
}

/// What its name says that it belongs to.
fn of_names(name: &str, directory: &Path, files: &Files) -> Option<String> {
    if let Some(count) = loose::beside(name) {
        return Some(format!("by its name one of {}", counted(count, "shard")));
    }
    let (what, parts) = ranks::beside(name, directory, files)?;
    Some(format!("{what}: {parts}"))
}
