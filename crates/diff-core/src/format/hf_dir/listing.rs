//! What lies in a directory, read once and within a bound.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};
use crate::source::{Files, Place};

/// Entries that are looked at. Folders of models have some dozens, those of training runs some thousands.
const MOST: usize = 100_000;

/// Names of the files and folders of one directory, in the order of the names.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) directory: PathBuf,
    /// Where its paths lead.
    pub(super) place: Files,
    pub(super) files: Vec<String>,
    pub(super) folders: Vec<String>,
    /// Links that lead to nothing.
    pub(super) broken: Vec<String>,
}

impl Listing {
    pub(super) fn of(directory: &Path, place: &Files) -> Result<Self> {
        let failed = |e: &std::io::Error| match e.kind() {
            ErrorKind::Unsupported => {
                Error::new(Code::Argument, "a server does not list its folders").at(directory)
            }
            _ => Error::io("list", directory, e),
        };
        let mut listing = Self {
            directory: directory.to_path_buf(),
            place: place.clone(),
            files: Vec::new(),
            folders: Vec::new(),
            broken: Vec::new(),
        };
        for entry in place.list(directory, MOST).map_err(|e| failed(&e))? {
            // Names that are not UTF-8 are no names of weights.
            let Ok(name) = entry.name.into_string() else {
                continue;
            };
            match entry.place {
                Some(Place::Folder) => listing.folders.push(name),
                Some(_) => listing.files.push(name),
                None => listing.broken.push(name),
            }
        }
        listing.files.sort_unstable();
        listing.folders.sort_unstable();
        Ok(listing)
    }

    pub(super) fn has(&self, file: &str) -> bool {
        self.files
            .binary_search_by(|name| name.as_str().cmp(file))
            .is_ok()
    }

    pub(super) fn has_folder(&self, folder: &str) -> bool {
        self.folders
            .binary_search_by(|name| name.as_str().cmp(folder))
            .is_ok()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The names, for a message.
    pub(super) fn in_words(&self) -> String {
        let mut names: Vec<&str> = self
            .files
            .iter()
            .chain(&self.folders)
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        match names.len() {
            0 => "an empty directory".to_owned(),
            n if n > 8 => {
                names.truncate(8);
                format!("{} and {} more", names.join(", "), n - 8)
            }
            _ => names.join(", "),
        }
    }
}
