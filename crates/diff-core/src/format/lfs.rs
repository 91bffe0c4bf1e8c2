//! Pointers of Git LFS: short texts that stand for a file of the repository. The file is read from the store of the repository,
//! where it is there; nothing is fetched.

use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::error::{Code, Error, Result, counted};
use crate::finding::{Finding, Severity};
use crate::source::{FileSource, Files, Source, canonical_path};
use std::sync::Arc;

const MAGIC: &[u8] = b"version https://git-lfs.github.com/spec/v1";

/// A pointer is shorter than this.
const POINTER_BYTES: u64 = 1024;

/// The longest file of git's own that is read: a configuration, or the place of a repository.
const GIT_FILE_BYTES: u64 = 1 << 20;

/// What a pointer says.
#[derive(Debug, PartialEq, Eq)]
struct Pointer {
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    oid: String,
    size: u64,
}

/// Opens a file; of a pointer the file that it stands for, under the pointer's name.
///
/// # Errors
/// As [`FileSource::open`]; `GitLfsPointer` for a pointer whose file is not on this machine, `SizeMismatch` for one whose file is damaged.
pub(super) fn open(path: &Path, files: &Files) -> Result<Arc<dyn Source>> {
    let source = files.open(path)?;
    if source.size() >= POINTER_BYTES {
        return Ok(source);
    }
    let text = source.read(0, source.size() as usize)?;
    if !text.starts_with(MAGIC) {
        return Ok(source);
    }
    if source.is_remote() {
        return Err(
            Error::new(Code::GitLfsPointer, "git-LFS pointer instead of the file itself")
                .at(path)
                .hint("give the address of the file behind the pointer, as sites for repositories have one that downloads it"),
        );
    }
    let pointer = parse(&text).ok_or_else(|| {
        Error::new(Code::GitLfsPointer, "git-LFS pointer that is damaged")
            .expected("a line with oid sha256: and 64 hexadecimal digits, and one with the size")
            .at(path)
            .hint("run `git lfs pull` in the repository, or download the file")
    })?;
    let stores = stores(path);
    let object = stores
        .iter()
        .map(|store| object_in(store, &pointer.oid))
        .find(|object| object.is_file())
        .ok_or_else(|| missing(path, &pointer, &stores))?;
    let opened = FileSource::open(&object)?;
    if opened.size() != pointer.size {
        return Err(
            Error::new(Code::SizeMismatch, "object of Git LFS is damaged")
                .expected(format!(
                    "{}, as its pointer says",
                    counted(pointer.size, "byte")
                ))
                .found(counted(opened.size(), "byte"))
                .at(&object)
                .hint("delete this file and run `git lfs pull` in the repository"),
        );
    }
    Ok(Arc::new(opened.standing_for(path)))
}

/// Says which files were pointers.
pub(super) fn note(checkpoint: &mut Checkpoint) {
    let mut behind = checkpoint
        .sources
        .iter()
        .filter_map(|source| Some((source.path(), source.behind()?)));
    let Some((path, object)) = behind.next() else {
        return;
    };
    let object = object.display();
    let message = match behind.count() {
        0 => format!("the file is a pointer of Git LFS; what it stands for is read, {object}"),
        more => format!(
            "{} are pointers of Git LFS; what they stand for is read, the first from {object}",
            counted(more + 1, "file")
        ),
    };
    let finding = Finding::new("GitLfsObject", Severity::Info, message).at(path);
    checkpoint.findings.push(finding);
}

fn parse(text: &[u8]) -> Option<Pointer> {
    let text = std::str::from_utf8(text).ok()?;
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
    };
    let oid = value("oid")?.strip_prefix("sha256:")?;
    let is_hash = oid.len() == 64 && oid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let size = value("size")?;
    let is_number = size.bytes().all(|b| b.is_ascii_digit());
    (is_hash && is_number).then_some(Pointer {
        oid: oid.to_owned(),
        size: size.parse().ok()?,
    })
}

fn object_in(store: &Path, oid: &str) -> PathBuf {
    let (first, rest) = oid.split_at(2);
    let second = rest.get(..2).unwrap_or_default();
    store.join(first).join(second).join(oid)
}

fn missing(path: &Path, pointer: &Pointer, stores: &[PathBuf]) -> Error {
    let error = Error::new(
        Code::GitLfsPointer,
        "git-LFS pointer instead of the file itself",
    )
    .at(path)
    .hint("run `git lfs pull` in the repository, or download the file");
    match stores.first() {
        None => error.expected("the file, or a repository of git around it"),
        Some(store) => error
            .expected(format!(
                "its {} in {}",
                counted(pointer.size, "byte"),
                store.display()
            ))
            .found(format!("no object {} there", pointer.oid)),
    }
}

/// Where objects may lie: the stores of the repository that the file is in, of the one that git names to programs that it calls, and of
/// the one around the current directory. Git hands its programs pointers outside of every repository.
fn stores(path: &Path) -> Vec<PathBuf> {
    let named = ["GIT_COMMON_DIR", "GIT_DIR"].into_iter().find_map(variable);
    let around = |path: PathBuf| repository_around(&canonical_path(&path).ok()?);
    let found = [
        path.parent()
            .map(|parent| Path::new(".").join(parent))
            .and_then(around),
        named.map(PathBuf::from),
        std::env::current_dir().ok().and_then(around),
    ];
    let mut stores: Vec<PathBuf> = Vec::new();
    for store in found
        .into_iter()
        .flatten()
        .map(|directory| store_of(&directory))
    {
        if !stores.contains(&store) {
            stores.push(store);
        }
    }
    stores
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The `.git` directory of the repository that holds a directory. In worktrees and submodules `.git` is a file that names it.
fn repository_around(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find_map(|folder| {
        let git = folder.join(".git");
        if git.is_dir() {
            return Some(git);
        }
        let text = read_small(&git)?;
        let git = folder.join(text.strip_prefix("gitdir:")?.trim());
        canonical_path(&git).ok()
    })
}

/// The folder of the objects of a repository: `lfs/objects` in the directory that its worktrees share, or where `lfs.storage` says.
fn store_of(git: &Path) -> PathBuf {
    let common = match read_small(&git.join("commondir")) {
        Some(text) => canonical_path(&git.join(text.trim())).unwrap_or_else(|_| git.to_path_buf()),
        None => git.to_path_buf(),
    };
    let home = ["HOME", "USERPROFILE"]
        .into_iter()
        .find_map(variable)
        .map(PathBuf::from);
    let own = home.as_deref().map(|home| home.join(".gitconfig"));
    let shared = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(home.as_deref()?.join(".config")))
        .map(|folder| folder.join("git/config"));
    let storage = [Some(common.join("config")), own, shared]
        .into_iter()
        .flatten()
        .find_map(|file| storage_in(&read_small(&file)?))
        .unwrap_or_else(|| "lfs".to_owned());
    let storage = match (storage.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => common.join(storage),
    };
    storage.join("objects")
}

/// The value of `lfs.storage` in a configuration of git, the last one.
fn storage_in(config: &str) -> Option<String> {
    let mut is_lfs = false;
    let mut found = None;
    for line in config.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            is_lfs = section
                .trim_start()
                .to_ascii_lowercase()
                .starts_with("lfs]");
        } else if is_lfs
            && let Some((key, value)) = line.split_once('=')
            && key.trim().eq_ignore_ascii_case("storage")
        {
            found = Some(plain(value.trim()));
        }
    }
    found.filter(|value| !value.is_empty())
}

/// A value without its quotation marks, or without the comment behind it.
fn plain(value: &str) -> String {
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.split('"').next());
    let bare = || {
        value
            .split([';', '#'])
            .next()
            .unwrap_or_default()
            .trim_end()
    };
    quoted.unwrap_or_else(bare).replace("\\\\", "\\")
}

fn read_small(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.len() <= GIT_FILE_BYTES)
        .then(|| std::fs::read_to_string(path).ok())?
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const OID: &str = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";

    fn pointer(oid: &str, size: &str) -> Option<Pointer> {
        let text = format!("version https://git-lfs.github.com/spec/v1\noid {oid}\nsize {size}\n");
        parse(text.as_bytes())
    }

    #[test]
    fn pointers() {
        let whole = pointer(&format!("sha256:{OID}"), "12345").unwrap();
        assert_eq!((whole.oid.as_str(), whole.size), (OID, 12345));
        assert_eq!(
            object_in(Path::new("/s"), &whole.oid),
            Path::new("/s/4d/7a").join(OID)
        );
        for (oid, size) in [
            (format!("sha256:{}", OID.to_uppercase()), "1"),
            (format!("sha256:{}", &OID[1..]), "1"),
            ("sha256:../../../../etc/passwd".to_owned(), "1"),
            (format!("sha256:../{}", &OID[3..]), "1"),
            (format!("md5:{OID}"), "1"),
            (OID.to_owned(), "1"),
            (format!("sha256:{OID}"), "-1"),
            (format!("sha256:{OID}"), ""),
            (format!("sha256:{OID}"), "99999999999999999999"),
        ] {
            assert_eq!(pointer(&oid, size), None, "{oid} {size}");
        }
    }

    #[test]
    fn the_place_of_the_store() {
        for (config, expected) in [
            ("[lfs]\n\tstorage = /mnt/lfs # ours\n", Some("/mnt/lfs")),
            ("[LFS]\nStorage=\"/a b\" ; x\n", Some("/a b")),
            ("[lfs]\nstorage = a\nstorage = b\n", Some("b")),
            ("[lfs \"https://x\"]\nstorage = /x\n", None),
            ("[core]\nstorage = /x\n[lfs]\nurl = y\n", None),
        ] {
            assert_eq!(storage_in(config).as_deref(), expected, "{config}");
        }
    }
}
