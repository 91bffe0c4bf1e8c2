//! The cache of `huggingface_hub`: models that are already on this machine, by the name they have on the hub.

use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::source::Source;

/// A model on the hub: `hf://[models/]ORG/NAME[@REVISION][/PATH]`.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    /// `ORG/NAME`
    pub name: String,
    pub revision: Option<String>,
    /// A file or folder inside it.
    pub path: Option<String>,
}

/// Whether a path is an address on the hub.
pub(super) fn is_address(path: &str) -> bool {
    ["hf://", "https://huggingface.co/", "https://hf.co/"]
        .iter()
        .any(|start| path.starts_with(start))
}

#[cold]
fn invalid(address: &str, why: &str) -> Error {
    Error::new(Code::Argument, format!("address on the hub {why}"))
        .expected("hf://ORG/NAME or hf://ORG/NAME@REVISION")
        .found(address.escape_debug().to_string())
}

fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && !part.contains("--")
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

pub(super) fn parse(address: &str) -> Result<Address> {
    let web = ["https://huggingface.co/", "https://hf.co/"]
        .iter()
        .find_map(|start| address.strip_prefix(start));
    let rest = web
        .or_else(|| address.strip_prefix("hf://"))
        .unwrap_or(address);
    if rest.starts_with("datasets/") || rest.starts_with("spaces/") || rest.starts_with("buckets/")
    {
        return Err(invalid(address, "is not that of a model"));
    }
    let rest = rest
        .strip_prefix("models/")
        .unwrap_or(rest)
        .trim_end_matches('/');
    let mut parts = rest.splitn(3, '/');
    let (Some(org), Some(name)) = (parts.next(), parts.next()) else {
        return Err(invalid(address, "lacks the organisation or the name"));
    };
    let mut path = parts.next();
    let (name, mut revision) = match name.split_once('@') {
        Some((name, revision)) => (name, Some(revision.replace("%2F", "/").replace("%2f", "/"))),
        None => (name, None),
    };
    if web.is_some()
        && let Some(rest) = path
    {
        let mut parts = rest.splitn(3, '/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("tree" | "blob" | "resolve"), Some(tree), rest) => {
                revision = Some(tree.replace("%2F", "/").replace("%2f", "/"));
                path = rest;
            }
            _ => return Err(invalid(address, "is not that of a model")),
        }
    } else if revision.as_deref() == Some("refs") {
        // refs/pr/N is written without escapes.
        let mut parts = path.unwrap_or_default().splitn(3, '/');
        if let (Some("pr"), Some(number)) = (parts.next(), parts.next()) {
            revision = Some(format!("refs/pr/{number}"));
            path = parts.next();
        }
    }
    if !is_plain(org) || !is_plain(name) {
        return Err(invalid(address, "has a name that no model has"));
    }
    let is_revision = |text: &String| {
        text.split('/').all(|part| {
            !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', ':', '\0'])
        })
    };
    if revision.as_ref().is_some_and(|text| !is_revision(text)) {
        return Err(invalid(
            address,
            "has a revision that does not exist anywhere",
        ));
    }
    Ok(Address {
        name: format!("{org}/{name}"),
        revision,
        path: path.map(str::to_owned),
    })
}

/// Where the cache is, by the variables of the environment.
pub(super) fn cache_directory(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("HF_HUB_CACHE")
        .or_else(|| set("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| set("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("huggingface").join("hub")))
        .or_else(|| {
            set("HOME")
                .or_else(|| set("USERPROFILE"))
                .map(|home| home.join(".cache").join("huggingface").join("hub"))
        })
}

/// The folder or file of the local cache that an address stands for.
///
/// # Errors
/// `Argument` for what is no address of a model; `NotFound`, with the command that downloads it, for whoever may not ask the hub; `PathEscape`.
pub(super) fn resolve(address: &str) -> Result<PathBuf> {
    resolve_in(address, super::hub_cache())
}

fn resolve_in(address: &str, cache: Option<PathBuf>) -> Result<PathBuf> {
    let Address {
        name,
        revision,
        path,
    } = parse(address)?;
    let cache = cache.unwrap_or_default();
    let model = cache.join(format!("models--{}", name.replace('/', "--")));
    let missing = || {
        let revision = revision
            .as_ref()
            .map(|text| format!(" --revision {text}"))
            .unwrap_or_default();
        Error::new(Code::NotFound, "model is not in the local cache of the hub")
            .expected(format!("it in {}", model.display()))
            .hint(format!(
                "HF_HUB_OFFLINE is set, so the hub is not asked; fetch it with: hf download {name}{revision}"
            ))
    };
    let snapshot = match revision.as_deref() {
        None => snapshot_by_ref(&model, "main")?,
        Some(revision) => match snapshot_by_ref(&model, revision)? {
            Some(snapshot) => Some(snapshot),
            None => Some(model.join("snapshots").join(revision))
                .filter(|path| !revision.contains('/') && path.is_dir()),
        },
    };
    let snapshot = snapshot.ok_or_else(missing)?;
    match path {
        None => Ok(snapshot),
        Some(path) => {
            let inside = super::join_inside(&snapshot, &path, Path::new(address))?;
            if inside.exists() {
                Ok(inside)
            } else {
                Err(missing())
            }
        }
    }
}

/// The snapshot that a branch or tag points to.
fn snapshot_by_ref(model: &Path, name: &str) -> Result<Option<PathBuf>> {
    let path = model.join("refs").join(name);
    let Ok(metadata) = std::fs::metadata(&path) else {
        return Ok(None);
    };
    if !metadata.is_file() || metadata.len() > 256 {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
    let commit = text.trim();
    if commit.contains('/') {
        return Err(
            Error::new(Code::PathEscape, "reference leaves the folder of snapshots")
                .found(format!("{commit:?}"))
                .at(&path),
        );
    }
    let snapshot = super::join_inside(&model.join("snapshots"), commit, &path)?;
    Ok(snapshot.is_dir().then_some(snapshot))
}

/// For the folder of a model in the cache the snapshot that it stands for; any other folder is itself.
///
/// # Errors
/// `AmbiguousDirectory` with several snapshots and no main branch; `NoTensors` without any.
pub(super) fn snapshot_of(directory: &Path) -> Result<PathBuf> {
    let snapshots = directory.join("snapshots");
    let is_model = directory
        .canonicalize()
        .ok()
        .and_then(|path| {
            path.file_name()
                .map(|name| name.to_string_lossy().starts_with("models--"))
        })
        .unwrap_or(false);
    if !is_model || !snapshots.is_dir() {
        return Ok(directory.to_path_buf());
    }
    if let Some(snapshot) = snapshot_by_ref(directory, "main")? {
        return Ok(snapshot);
    }
    let mut names: Vec<String> = std::fs::read_dir(&snapshots)
        .map_err(|e| Error::io("list", &snapshots, &e))?
        .flatten()
        .take(1000)
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    match names.as_slice() {
        [] => Err(
            Error::new(Code::NoTensors, "model in the cache has no snapshot")
                .at(directory)
                .hint("download interrupted? fetch it again with hf download"),
        ),
        [only] => Ok(snapshots.join(only)),
        _ => Err(Error::new(
            Code::AmbiguousDirectory,
            "model in the cache has several snapshots and no main branch",
        )
        .expected("one of them")
        .found(names.join(", "))
        .at(&snapshots)
        .hint("name one of the folders in snapshots")),
    }
}

/// Links of a snapshot lead to the blobs beside it. Others are read, and said.
pub(super) fn note_links(checkpoint: &mut Checkpoint, directory: &Path) {
    let Some(model) = directory.canonicalize().ok().and_then(|path| {
        path.ancestors()
            .find(|path| is_model_folder(path))
            .map(Path::to_path_buf)
    }) else {
        return;
    };
    let blobs = model.join("blobs");
    let outside: Vec<Finding> = checkpoint
        .files()
        .map(Source::path)
        .filter(|path| path.is_symlink())
        .filter_map(|path| {
            let target = path.canonicalize().ok()?;
            if target.starts_with(&blobs) {
                return None;
            }
            let message = format!(
                "the file is a link out of the cache, to {}",
                dunce::simplified(&target).display()
            );
            Some(Finding::new("SymlinkOutsideCache", Severity::Warning, message).at(path))
        })
        .collect();
    checkpoint.findings.extend(outside);
}

fn is_model_folder(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("models--"))
        && path.join("snapshots").is_dir()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn address(text: &str) -> (String, Option<String>, Option<String>) {
        let Address {
            name,
            revision,
            path,
        } = parse(text).unwrap();
        (name, revision, path)
    }

    #[test]
    fn addresses() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(address("hf://org/name"), ("org/name".into(), None, None));
        assert_eq!(
            address("hf://models/org/name@v1/unet"),
            ("org/name".into(), some("v1"), some("unet"))
        );
        assert_eq!(
            address("hf://org/name@a%2Fb"),
            ("org/name".into(), some("a/b"), None)
        );
        assert_eq!(
            address("hf://org/name@refs/pr/3/x.bin"),
            ("org/name".into(), some("refs/pr/3"), some("x.bin"))
        );
        assert_eq!(
            address("https://huggingface.co/org/name/tree/main/vae"),
            ("org/name".into(), some("main"), some("vae"))
        );
        for wrong in [
            "hf://name",
            "hf://datasets/a/b",
            "hf://../x",
            "hf://a/..",
            "hf://a/b--c",
            "hf://a/b@../../x",
            "hf://a/b@x%2F..%2Fy",
            "https://huggingface.co/a/b/discussions/1",
        ] {
            assert_eq!(parse(wrong).unwrap_err().code(), Code::Argument, "{wrong}");
        }
    }

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let with = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> = set
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect();
            cache_directory(move |name| {
                set.iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| value.clone())
            })
        };
        let all = [
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "/x"),
            ("HF_HOME", "/f"),
            ("HUGGINGFACE_HUB_CACHE", "/o"),
            ("HF_HUB_CACHE", "/c"),
        ];
        let expected = [
            "/h/.cache/huggingface/hub",
            "/x/huggingface/hub",
            "/f/hub",
            "/o",
            "/c",
        ];
        for (count, expected) in expected.iter().enumerate() {
            let set: Vec<(&str, &str)> = all.iter().copied().take(count + 1).collect();
            assert_eq!(with(&set), Some(PathBuf::from(expected)));
        }
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn what_is_not_there_names_the_command() {
        let error = resolve_in("hf://org/name@v2", Some("/nowhere".into())).unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
        assert!(
            error
                .hint_text()
                .unwrap()
                .ends_with("hf download org/name --revision v2")
        );
    }
}
