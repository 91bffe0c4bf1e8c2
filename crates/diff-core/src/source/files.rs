//! Where paths lead: to files of this machine, or to those of a server that were given to it.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::source::file::look_at;
use crate::source::remote::{Remote, Root};
use crate::source::{FileSource, Source};

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// With its bytes.
    File(u64),
    Folder,
    /// Neither: a pipe, a device.
    Other,
}

/// Something in a folder.
#[derive(Debug)]
pub struct Entry {
    pub name: OsString,
    pub path: PathBuf,
    /// None for a link that leads to nothing.
    pub place: Option<Place>,
    pub is_link: bool,
}

/// The files that a checkpoint may consist of.
#[derive(Debug, Clone, Default)]
pub struct Files(Option<Arc<Remote>>);

impl Files {
    /// Those of servers beside those of this machine.
    #[must_use]
    pub fn with(remote: Arc<Remote>) -> Self {
        Self(Some(remote))
    }

    fn find(&self, path: &Path) -> Option<(&Arc<Remote>, &Root, String)> {
        let remote = self.0.as_ref()?;
        let (root, name) = remote.find(path)?;
        Some((remote, root, name))
    }

    /// Whether a path is that of a server.
    #[must_use]
    pub fn is_remote(&self, path: &Path) -> bool {
        self.find(path).is_some()
    }

    /// Opens without reading, or with the first bytes alone.
    ///
    /// # Errors
    /// As [`FileSource::open`]; of a server also what it answers with.
    pub fn open(&self, path: &Path) -> Result<Arc<dyn Source>> {
        match self.find(path) {
            None => Ok(Arc::new(FileSource::open(path)?)),
            Some((_, root, name)) if root.is_listed() && root.size(&name).is_none() => {
                Err(not_found(path))
            }
            Some((remote, ..)) => remote.open(path),
        }
    }

    /// Tells that files will be opened, in this order: those of a server are asked for at once.
    pub fn will_open(&self, paths: &[PathBuf]) {
        self.will_open_headers(|| paths.iter().map(|path| (path.clone(), 0)).collect());
    }

    /// The same of files whose headers have about so many bytes.
    pub fn will_open_headers(&self, list: impl FnOnce() -> Vec<(PathBuf, u64)>) {
        if let Some(remote) = &self.0 {
            let mut files = list();
            files.retain(|(path, _)| {
                remote
                    .find(path)
                    .is_some_and(|(root, name)| !root.is_listed() || root.size(&name).is_some())
            });
            remote.will_open(files);
        }
    }

    /// What lies at a path.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, `Io`; what a server answers with.
    pub fn look(&self, path: &Path) -> Result<Place> {
        let Some((remote, root, name)) = self.find(path) else {
            return Ok(place_of(&look_at(path)?));
        };
        if !root.is_listed() {
            return remote.look(path).map(|known| Place::File(known.size));
        }
        let file = root.size(&name).map(Place::File);
        file.or_else(|| root.children(&name).map(|_| Place::Folder))
            .ok_or_else(|| not_found(path))
    }

    /// Whether something is there, or may be: what a server does not tell of is told when it is opened.
    #[must_use]
    pub fn exists(&self, path: &Path) -> bool {
        match self.find(path) {
            None => path.exists(),
            Some(_) => match self.look(path) {
                Ok(_) => true,
                Err(error) => error.code() != Code::NotFound,
            },
        }
    }

    #[must_use]
    pub fn is_folder(&self, path: &Path) -> bool {
        self.look(path).is_ok_and(|place| place == Place::Folder)
    }

    #[must_use]
    pub fn is_file(&self, path: &Path) -> bool {
        self.look(path)
            .is_ok_and(|place| matches!(place, Place::File(_)))
    }

    /// What lies in a folder, at most `most` of it, in no order.
    ///
    /// # Errors
    /// Those of the system; `Unsupported` for a folder whose server does not list it.
    pub fn list(&self, folder: &Path, most: usize) -> io::Result<Vec<Entry>> {
        let Some((_, root, name)) = self.find(folder) else {
            return std::fs::read_dir(folder)?
                .take(most)
                .map(|entry| entry.map(|entry| entry_of(&entry)))
                .collect();
        };
        if !root.is_listed() {
            return Err(ErrorKind::Unsupported.into());
        }
        let children = root.children(&name).ok_or(ErrorKind::NotFound)?;
        let entries = children.into_iter().take(most).map(|child| Entry {
            path: folder.join(&child.name),
            name: child.name.into(),
            place: Some(child.bytes.map_or(Place::Folder, Place::File)),
            is_link: false,
        });
        Ok(entries.collect())
    }

    /// The one path that a file has behind links.
    ///
    /// # Errors
    /// Those of the system.
    pub fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        if self.is_remote(path) {
            return Ok(path.to_path_buf());
        }
        canonical_path(path)
    }

    /// Files of which only the size tells whether they change.
    #[must_use]
    pub fn unpinned(&self) -> Vec<PathBuf> {
        self.0
            .as_ref()
            .map(|remote| remote.unpinned())
            .unwrap_or_default()
    }
}

/// The one path that a file of this machine has behind links, as people and other programs write it: on Windows without `\\?\` where it
/// does not need that, so a long path may not begin as the folder around it does.
///
/// # Errors
/// Those of the system.
pub(crate) fn canonical_path(path: &Path) -> io::Result<PathBuf> {
    dunce::canonicalize(path)
}

fn not_found(path: &Path) -> Error {
    Error::new(Code::NotFound, "the repository has no such file")
        .at(path)
        .hint("check the spelling of the path")
}

fn entry_of(entry: &std::fs::DirEntry) -> Entry {
    Entry {
        // Follows links; a link to nowhere is neither.
        place: std::fs::metadata(entry.path()).ok().as_ref().map(place_of),
        is_link: entry.file_type().is_ok_and(|kind| kind.is_symlink()),
        path: entry.path(),
        name: entry.file_name(),
    }
}

fn place_of(metadata: &std::fs::Metadata) -> Place {
    if metadata.is_dir() {
        Place::Folder
    } else if metadata.is_file() {
        Place::File(metadata.len())
    } else {
        Place::Other
    }
}

#[cfg(all(test, windows))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn canonical_paths_are_those_that_people_write() {
        let path = canonical_path(&std::env::temp_dir()).unwrap();
        assert!(path.is_absolute());
        assert!(!path.to_string_lossy().starts_with(r"\\?\"), "{path:?}");
    }
}
