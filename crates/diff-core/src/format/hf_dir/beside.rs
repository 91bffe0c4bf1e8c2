//! What else lies in the folder of a checkpoint: every file that holds tensors, or could, and was not read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::content::Looker;
use super::parts;
use crate::checkpoint::Checkpoint;
use crate::finding::{Finding, Severity};
use crate::format::OpenOptions;
use crate::left_out::{LeftOut, LeftOutKind, LeftOutRole};
use crate::source::{Files, Place};

/// Entries that are looked at, of all folders together.
const MOST: usize = 100_000;

/// Folders inside folders.
const DEEPEST: usize = 12;

/// Names in a message.
const SHOWN: usize = 8;

/// What tools keep beside the files that they fetched: git has a copy of each in its own store.
const STORES: &[&str] = &[".git", ".cache", "__pycache__"];

/// A part of the folder that is walked otherwise, or not at all.
pub(super) struct Walk<'a> {
    pub(super) root: &'a Path,
    /// A folder in it that was looked at already.
    pub(super) except: Option<&'a str>,
    /// What names of this folder begin with.
    pub(super) prefix: &'a str,
}

/// One file with its path inside the folder.
struct Entry {
    name: String,
    path: PathBuf,
    bytes: u64,
}

#[derive(Default)]
struct Found {
    files: Vec<Entry>,
    /// Folders that were not walked: links out of the folder, too deep, too many.
    skipped: Vec<String>,
    entries: usize,
}

/// Fills [`Checkpoint::left_out`] with the files of a folder that were not read, and says so.
pub(super) fn note(checkpoint: &mut Checkpoint, walk: &Walk, options: &OpenOptions) {
    let found = find(walk, &options.files);
    let read: HashSet<PathBuf> = checkpoint
        .files()
        .map(|file| {
            options
                .files
                .canonical(file.path())
                .unwrap_or_else(|_| file.path().to_path_buf())
        })
        .collect();
    let is_read = |file: &Entry| {
        options
            .files
            .canonical(&file.path)
            .is_ok_and(|path| read.contains(&path))
    };
    let (taken, others): (Vec<Entry>, Vec<Entry>) = found.files.into_iter().partition(is_read);
    let mut looker = Looker::new(options);
    let first = checkpoint.left_out.len();
    for Entry { name, path, bytes } in others {
        let Some(role) = looker.role(&path, &name) else {
            continue;
        };
        // A list of files without their sizes.
        let bytes = match bytes {
            0 if options.files.is_remote(&path) => match options.files.open(&path) {
                Ok(file) => file.size(),
                Err(_) => 0,
            },
            bytes => bytes,
        };
        checkpoint.left_out.push(LeftOut {
            kind: LeftOutKind::File,
            role,
            name: format!("{}{name}", walk.prefix),
            bytes,
            path,
            spans: Vec::new(),
        });
    }
    let left = checkpoint.left_out.get(first..).unwrap_or_default();
    let of = |role: LeftOutRole| {
        let names = left.iter().filter(move |one| one.role == role);
        in_words(names.map(|one| one.name.as_str()))
    };
    let mut findings = Vec::new();
    let mut say = |code, severity, message| {
        findings.push(Finding::new(code, severity, message).at(walk.root));
    };
    if let Some(names) = of(LeftOutRole::Weights) {
        let message = match taken.as_slice() {
            [] => format!("not read, though these could be weights: {names}"),
            [one] => format!(
                "{} is read; these could be weights too and are not: {names}",
                one.name
            ),
            [one, rest @ ..] => format!(
                "{} and {} more are read; these could be weights too and are not: {names}",
                one.name,
                rest.len()
            ),
        };
        say("WeightsNotRead", Severity::Warning, message);
    }
    if let Some(names) = of(LeftOutRole::State) {
        let hint = if options.include_optimizer {
            ""
        } else {
            "; the option includeOptimizer reads those beside the weights"
        };
        let message = format!("state of training is left out: {names}{hint}");
        say("TrainingStateSkipped", Severity::Info, message);
    }
    if let Some(names) = in_words(found.skipped.iter().map(String::as_str)) {
        let message = format!(
            "not looked into, since they are links out of the folder, lie too deep or hold too many files: {names}"
        );
        say("FolderSkipped", Severity::Warning, message);
    }
    checkpoint.findings.extend(findings);
}

/// Files deeper in a folder that a reader of ours would open, for a message.
pub(super) fn readable_below(root: &Path, options: &OpenOptions) -> Option<String> {
    let mut looker = Looker::new(options);
    let walk = Walk {
        root,
        except: None,
        prefix: "",
    };
    let found = find(&walk, &options.files);
    let readable = found
        .files
        .iter()
        .filter(|file| !super::states::is_state(&file.name))
        .filter(|file| looker.is_readable(&file.path))
        .map(|file| file.name.as_str());
    in_words(readable)
}

/// The names, those in a checkpoint of a training run as its folder, and at most some of them.
fn in_words<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut shown: Vec<&str> = Vec::new();
    let mut more = 0_usize;
    for name in names {
        let name = match name.split_once('/') {
            Some((folder, _)) if parts::checkpoint_number(folder).is_some() => {
                name.get(..=folder.len()).unwrap_or(folder)
            }
            _ => name,
        };
        if shown.last() == Some(&name) {
            continue;
        }
        if shown.len() < SHOWN {
            shown.push(name);
        } else {
            more += 1;
        }
    }
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

fn find(walk: &Walk, files: &Files) -> Found {
    let mut found = Found::default();
    if let Ok(root) = files.canonical(walk.root) {
        let place = (files, root.as_path());
        visit(walk, place, walk.root, "", 0, &mut found);
    }
    found
}

/// In the order of the names, whatever the order of the directory is.
fn visit(
    walk: &Walk,
    place: (&Files, &Path),
    directory: &Path,
    inside: &str,
    depth: usize,
    found: &mut Found,
) {
    let (files, root) = place;
    let Ok(mut entries) = files.list(directory, MOST) else {
        found.skipped.push(inside.to_owned());
        return;
    };
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    for entry in entries {
        let file_name = entry.name.to_string_lossy().into_owned();
        let name = format!("{inside}{file_name}");
        found.entries += 1;
        // Links to files are followed, since caches keep the files themselves elsewhere; one that leads to nothing has no bytes.
        let bytes = match entry.place {
            None => Some(0),
            Some(Place::File(bytes)) => Some(bytes),
            Some(_) => None,
        };
        if let Some(bytes) = bytes {
            if found.entries > MOST {
                if found.skipped.last().is_none_or(|last| last != inside) {
                    found.skipped.push(inside.to_owned());
                }
                return;
            }
            found.files.push(Entry {
                name,
                path: entry.path,
                bytes,
            });
        } else if entry.place == Some(Place::Folder) {
            if STORES.contains(&file_name.as_str())
                || (depth == 0 && walk.except == Some(&file_name))
            {
                continue;
            }
            let name = format!("{name}/");
            if entry.is_link {
                // What it leads to inside the folder is walked under its own name.
                if !files
                    .canonical(&entry.path)
                    .is_ok_and(|path| path.starts_with(root))
                {
                    found.skipped.push(name);
                }
            } else if depth == DEEPEST || found.entries > MOST {
                found.skipped.push(name);
            } else {
                visit(walk, place, &entry.path, &name, depth + 1, found);
            }
        }
    }
}
