//! What can go wrong, by whose fault it is, and where.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::encode::{Bytes, Encode};
use crate::finding::Finding;

pub type Result<T> = std::result::Result<T, Error>;

/// A count with its noun: `1 byte`, `2 bytes`.
pub(crate) fn counted<N: fmt::Display + PartialEq + From<u8> + Copy>(
    count: N,
    noun: &str,
) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Whether the process, or the system, may not open more files.
pub(crate) fn is_out_of_files(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let codes = [libc::EMFILE, libc::ENFILE];
    // ERROR_TOO_MANY_OPEN_FILES
    #[cfg(not(unix))]
    let codes = [4];
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

/// What `work` answers; a panic in it is an error, since it is a bug of ours and never the user's fault. Nothing that `work` leaves half
/// done is looked at again: callers give up what they share with it.
///
/// # Errors
/// Those of `work`; `Internal` for a panic.
pub fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "unknown panic".to_owned());
        Err(
            Error::new(Code::Internal, format!("internal error: {text}")).hint(
                "this is a bug in model-diff, not in your file or your call; please report it",
            ),
        )
    })
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The system; trying again may help.
    Io,
    /// The file contradicts its format.
    Format,
    /// Valid, but not readable by this version.
    Unsupported,
    /// A cap was reached; the message names the option that raises it.
    Limit,
    /// The call was wrong.
    Argument,
    /// Inputs that do not belong together.
    Mismatch,
    /// The caller cancelled.
    Cancelled,
    /// A bug in this program.
    Internal,
}

impl Kind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Io => "Io",
            Self::Format => "Format",
            Self::Unsupported => "Unsupported",
            Self::Limit => "Limit",
            Self::Argument => "Argument",
            Self::Mismatch => "Mismatch",
            Self::Cancelled => "Cancelled",
            Self::Internal => "Internal",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $kind:ident;)*) => {
        /// One name for each way to fail; stable, also for scripts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// `E_` and the name in capitals.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind,)* }
            }
        }
    };
}

codes! {
    Io "E_IO" Io;
    NotFound "E_NOT_FOUND" Io;
    PermissionDenied "E_PERMISSION_DENIED" Io;
    FileChanged "E_FILE_CHANGED" Io;
    /// A server that does not answer as it must, or not at all.
    Network "E_NETWORK" Io;
    EmptyFile "E_EMPTY_FILE" Format;
    UnexpectedEof "E_UNEXPECTED_EOF" Format;
    TrailingData "E_TRAILING_DATA" Format;
    UnknownFormat "E_UNKNOWN_FORMAT" Unsupported;
    UnsupportedFormat "E_UNSUPPORTED_FORMAT" Unsupported;
    UnsupportedArchive "E_UNSUPPORTED_ARCHIVE" Unsupported;
    UnsupportedVersion "E_UNSUPPORTED_VERSION" Unsupported;
    UnsupportedDtype "E_UNSUPPORTED_DTYPE" Unsupported;
    UnsupportedLayout "E_UNSUPPORTED_LAYOUT" Unsupported;
    GitLfsPointer "E_GIT_LFS_POINTER" Format;
    HtmlInsteadOfModel "E_HTML_INSTEAD_OF_MODEL" Format;
    HeaderTooLarge "E_HEADER_TOO_LARGE" Limit;
    LimitExceeded "E_LIMIT_EXCEEDED" Limit;
    InvalidHeader "E_INVALID_HEADER" Format;
    DuplicateName "E_DUPLICATE_NAME" Format;
    OffsetOverlap "E_OFFSET_OVERLAP" Format;
    OffsetHole "E_OFFSET_HOLE" Format;
    OutOfBounds "E_OUT_OF_BOUNDS" Format;
    ShapeOverflow "E_SHAPE_OVERFLOW" Format;
    SizeMismatch "E_SIZE_MISMATCH" Format;
    BadMagic "E_BAD_MAGIC" Format;
    ZipBadSignature "E_ZIP_BAD_SIGNATURE" Format;
    ZipEncrypted "E_ZIP_ENCRYPTED" Unsupported;
    ZipMethod "E_ZIP_METHOD" Unsupported;
    ZipDuplicate "E_ZIP_DUPLICATE" Format;
    InflateError "E_INFLATE_ERROR" Format;
    PickleBadOpcode "E_PICKLE_BAD_OPCODE" Format;
    PickleStack "E_PICKLE_STACK" Format;
    PickleMemo "E_PICKLE_MEMO" Format;
    PickleTooDeep "E_PICKLE_TOO_DEEP" Limit;
    MissingRecord "E_MISSING_RECORD" Format;
    StorageSizeMismatch "E_STORAGE_SIZE_MISMATCH" Format;
    MissingShard "E_MISSING_SHARD" Format;
    PathEscape "E_PATH_ESCAPE" Format;
    AmbiguousDirectory "E_AMBIGUOUS_DIRECTORY" Argument;
    NoTensors "E_NO_TENSORS" Format;
    /// A tensor without data (torch's meta device): nothing to compare.
    NoData "E_NO_DATA" Unsupported;
    /// One rank's part of a distributed tensor, which must never pass for the whole.
    ShardOnly "E_SHARD_ONLY" Unsupported;
    /// A part of a run that is damaged, or belongs to another run.
    InvalidPart "E_INVALID_PART" Format;
    /// A part of a run that nobody has made yet.
    MissingPart "E_MISSING_PART" Mismatch;
    Argument "E_ARGUMENT" Argument;
    Cancelled "E_CANCELLED" Cancelled;
    Internal "E_INTERNAL" Internal;
}

/// An error: what, expected, found, where, and what to do.
#[derive(Debug, Clone)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    code: Code,
    what: String,
    path: Option<PathBuf>,
    tensor: Option<String>,
    entry: Option<String>,
    offset: Option<u64>,
    expected: Option<String>,
    found: Option<String>,
    hint: Option<String>,
    findings: Vec<Finding>,
}

/// What to do where a path leads to nothing.
fn hint_not_found(path: &Path) -> &'static str {
    match path.to_string_lossy().split_once("://") {
        Some(("file", _)) => "give the path itself, without file://",
        Some((scheme, _)) if is_scheme(scheme) => {
            "addresses that can be read begin with https://, http:// or hf://; of another storage give a signed URL, or download the file"
        }
        _ => "check the spelling of the path",
    }
}

/// RFC 3986, 3.1; of one letter it is a drive of Windows.
fn is_scheme(text: &str) -> bool {
    text.len() > 1
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// What the system says, without the number that Rust adds and in lower case as all our messages.
fn reason(source: &std::io::Error) -> String {
    let text = source.to_string();
    let plain = text.split(" (os error ").next().unwrap_or_default();
    let mut letters = plain.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

impl Error {
    /// `what` is lower case and without a full stop.
    #[cold]
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            what: what.into(),
            path: None,
            tensor: None,
            entry: None,
            offset: None,
            expected: None,
            found: None,
            hint: None,
            findings: Vec::new(),
        }))
    }

    /// A system error while doing `what` to `path`.
    #[cold]
    #[must_use]
    pub fn io(what: &str, path: &Path, source: &std::io::Error) -> Self {
        let (code, hint) = match source.kind() {
            std::io::ErrorKind::NotFound => (Code::NotFound, Some(hint_not_found(path))),
            std::io::ErrorKind::PermissionDenied => (
                Code::PermissionDenied,
                Some("check the permissions of the file and its folder"),
            ),
            _ if is_out_of_files(source) => (
                Code::Io,
                Some(
                    "raise the limit of the shell that starts the program, for instance with `ulimit -n 4096`",
                ),
            ),
            _ => (Code::Io, None),
        };
        let error = Self::new(code, format!("cannot {what}: {}", reason(source))).at(path);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.to_path_buf());
        self
    }

    #[must_use]
    pub fn tensor(mut self, name: &str) -> Self {
        self.0.tensor.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Member of an archive.
    #[must_use]
    pub fn entry(mut self, name: &str) -> Self {
        self.0.entry.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Byte position in the file.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    #[must_use]
    pub fn expected(mut self, expected: impl fmt::Display) -> Self {
        self.0.expected = Some(expected.to_string());
        self
    }

    #[must_use]
    pub fn found(mut self, found: impl fmt::Display) -> Self {
        self.0.found = Some(found.to_string());
        self
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// What had been noticed before the file broke.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.0.findings.extend(findings);
        self
    }

    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.code.kind()
    }

    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    #[must_use]
    pub fn tensor_name(&self) -> Option<&str> {
        self.0.tensor.as_deref()
    }

    #[must_use]
    pub fn byte_offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// What the user can do: what was said for this error, else what can be done about every file that contradicts its format.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        let contradicts = self.kind() == Kind::Format && self.0.code != Code::NoTensors;
        let usual = contradicts
            .then_some("the file is damaged, or was made to mislead; fetch or save it again");
        self.0.hint.as_deref().or(usual)
    }

    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }
}

/// Its code and what it says of one tensor; not the findings, which are those of a file that could not be opened.
impl Encode for Error {
    fn encode(&self, out: &mut Vec<u8>) {
        let d = &*self.0;
        d.code.as_str().to_owned().encode(out);
        d.what.encode(out);
        let path = d.path.as_ref().map(|path| path.display().to_string());
        path.encode(out);
        for text in [&d.tensor, &d.entry, &d.expected, &d.found, &d.hint] {
            text.encode(out);
        }
        d.offset.encode(out);
    }

    fn decode(from: &mut Bytes<'_>) -> Option<Self> {
        let name = String::decode(from)?;
        let code = *Code::ALL.iter().find(|code| code.as_str() == name)?;
        Some(Self(Box::new(Details {
            code,
            what: Encode::decode(from)?,
            path: Option::<String>::decode(from)?.map(PathBuf::from),
            tensor: Encode::decode(from)?,
            entry: Encode::decode(from)?,
            expected: Encode::decode(from)?,
            found: Encode::decode(from)?,
            hint: Encode::decode(from)?,
            offset: Encode::decode(from)?,
            findings: Vec::new(),
        })))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let d = &*self.0;
        f.write_str(&d.what)?;
        match (&d.expected, &d.found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}")?,
            (Some(expected), None) => write!(f, ": expected {expected}")?,
            (None, Some(found)) => write!(f, ": found {found}")?,
            (None, None) => {}
        }
        let place = [
            d.tensor.as_ref().map(|name| format!("tensor {name}")),
            d.path.as_ref().map(|path| path.display().to_string()),
            d.entry.as_ref().map(|name| format!("entry {name}")),
            d.offset.map(|offset| format!("offset {offset}")),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        if !place.is_empty() {
            write!(f, " ({})", place.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
