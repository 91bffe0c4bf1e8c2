//! What is known to lie at an address: one file, a folder whose files its server lists, or a folder that nobody lists.

use std::path::{Component, Path, PathBuf};

use crate::error::{Code, Error, Result};

/// Most files of a folder, as of one on this machine.
const MOST: usize = 100_000;

/// An address that paths begin with.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    /// Names of the files with slashes, and their sizes, in the order of the names; None where the server does not list them.
    files: Option<Vec<(String, u64)>>,
}

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    pub name: String,
    /// None for a folder.
    pub bytes: Option<u64>,
}

impl Root {
    /// A file, or a folder whose files are found by asking for them.
    #[must_use]
    pub fn unlisted(path: PathBuf) -> Self {
        Self { path, files: None }
    }

    /// A folder with all its files and their sizes in bytes.
    ///
    /// # Errors
    /// `PathEscape` for a name that leaves the folder; `LimitExceeded` for too many.
    pub fn listed(path: PathBuf, mut files: Vec<(String, u64)>) -> Result<Self> {
        if files.len() > MOST {
            return Err(Error::new(Code::LimitExceeded, "too many files")
                .expected(format!("at most {MOST}"))
                .found(files.len())
                .at(&path));
        }
        if let Some((name, _)) = files.iter().find(|(name, _)| !is_plain(name)) {
            return Err(
                Error::new(Code::PathEscape, "a file in the list leaves its folder")
                    .expected("plain names inside the folder")
                    .found(format!("{name:?}"))
                    .at(&path)
                    .hint("this list was not written by a well-behaved server; do not trust it"),
            );
        }
        files.sort_unstable();
        files.dedup_by(|a, b| a.0 == b.0);
        Ok(Self {
            path,
            files: Some(files),
        })
    }

    /// The name of a path inside this root, with slashes, empty for the root itself; None for what lies elsewhere.
    pub(super) fn name_inside(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.path).ok()?;
        let names = inside.components().map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        });
        Some(names.collect::<Option<Vec<&str>>>()?.join("/"))
    }

    pub(in crate::source) fn is_listed(&self) -> bool {
        self.files.is_some()
    }

    /// Size of a listed file.
    pub(in crate::source) fn size(&self, name: &str) -> Option<u64> {
        let files = self.files.as_ref()?;
        let at = files
            .binary_search_by(|(known, _)| known.as_str().cmp(name))
            .ok()?;
        files.get(at).map(|(_, bytes)| *bytes)
    }

    /// What lies in a folder, in the order of the names; None where there is no such folder, or nobody lists it.
    pub(in crate::source) fn children(&self, folder: &str) -> Option<Vec<Child>> {
        let files = self.files.as_ref()?;
        let prefix = match folder {
            "" => String::new(),
            _ => format!("{folder}/"),
        };
        let mut rest = files
            .get(files.partition_point(|(name, _)| name.as_str() < prefix.as_str())..)
            .unwrap_or_default();
        let mut children = Vec::new();
        while let Some((name, bytes)) = rest.first()
            && let Some(inside) = name.strip_prefix(&prefix)
        {
            let (child, taken) = match inside.split_once('/') {
                None => ((inside, Some(*bytes)), 1),
                Some((inner, _)) => {
                    let of_inner = format!("{prefix}{inner}/");
                    let count = rest.partition_point(|(name, _)| name.starts_with(&of_inner));
                    ((inner, None), count.max(1))
                }
            };
            children.push(Child {
                name: child.0.to_owned(),
                bytes: child.1,
            });
            rest = rest.get(taken..).unwrap_or_default();
        }
        (folder.is_empty() || !children.is_empty()).then_some(children)
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 4096
        && !name.contains(['\\', '\0', ':'])
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn root(names: &[&str]) -> Result<Root> {
        let files = names.iter().map(|name| ((*name).to_owned(), 7)).collect();
        Root::listed(PathBuf::from("hf://org/name"), files)
    }

    #[test]
    fn folders_are_those_that_names_tell_of() {
        let root = root(&["b.txt", "a/x", "a/y/z", "a-b", "a.txt"]).unwrap();
        let names = |folder: &str| -> Vec<(String, bool)> {
            let children = root.children(folder).unwrap().into_iter();
            children
                .map(|child| (child.name, child.bytes.is_none()))
                .collect()
        };
        let of = |name: &str, is_folder| (name.to_owned(), is_folder);
        assert_eq!(
            names(""),
            [
                of("a-b", false),
                of("a.txt", false),
                of("a", true),
                of("b.txt", false)
            ]
        );
        assert_eq!(names("a"), [of("x", false), of("y", true)]);
        assert_eq!(names("a/y"), [of("z", false)]);
        assert!(root.children("c").is_none());
        assert!(root.children("b.txt").is_none());
        assert_eq!(root.size("a/y/z"), Some(7));
        assert_eq!(root.size("a"), None);
    }

    #[test]
    fn paths_are_inside_or_elsewhere() {
        let root = root(&["a/x"]).unwrap();
        let inside = |path: &str| root.name_inside(Path::new(path));
        assert_eq!(inside("hf://org/name/a/x").as_deref(), Some("a/x"));
        assert_eq!(inside("hf://org/name").as_deref(), Some(""));
        assert_eq!(inside("hf://org/names/a"), None);
        assert_eq!(inside("hf://org/name/../a"), None);
    }

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for name in [
            "../x", "a/../x", "/x", "a//x", "./x", "a\\x", "c:x", "", "a/.",
        ] {
            assert_eq!(
                root(&[name]).unwrap_err().code(),
                Code::PathEscape,
                "{name:?}"
            );
        }
    }
}
