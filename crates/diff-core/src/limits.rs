//! Caps on what a file may make this program do. Every cap has a name, and errors name it.
//!
//! The fixed ones are constants. Those that a legitimate file may have to exceed are [`Cap`]s: their
//! defaults grow with the file, and the caller can raise each of them.

use crate::error::{Code, Error, Result};

/// Longest safetensors header, in bytes; the limit of the reference implementation.
pub const SAFETENSORS_HEADER_BYTES: u64 = 100_000_000;

/// Longest header of a GGUF file, in bytes. Token lists of known models take a few MiB.
pub const GGUF_HEADER_BYTES: u64 = 1 << 30;

/// Longest JSON file beside the tensors (index, configuration), in bytes.
pub const JSON_BYTES: u64 = 64 << 20;

/// Most shards that an index may name.
pub const SHARDS: usize = 10_000;

/// Most dimensions of one tensor; numpy allows 64, torch 64.
pub const DIMENSIONS: usize = 64;

/// Most tensors inside each other that a tensor is made of.
pub const EXPRESSION_DEPTH: usize = 64;

/// Most tensors that a tensor is made of, each counted as often as it is used.
pub const EXPRESSION_TENSORS: usize = 1 << 16;

macro_rules! caps {
    ($($(#[$doc:meta])* $name:ident $text:literal $default:expr;)*) => {
        /// A cap that the caller can raise.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cap { $($(#[$doc])* $name,)* }

        impl Cap {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As options spell it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|cap| cap.name() == name)
            }

            /// The default for a file with this many bytes of metadata (pickles, directories).
            fn default_for(self, bytes: u64) -> u64 {
                let default: fn(u64) -> u64 = match self { $(Self::$name => $default,)* };
                default(bytes)
            }
        }
    };
}

const MIB: u64 = 1 << 20;

caps! {
    /// Bytes of one pickle inside an archive (the tensors are not in it).
    PickleBytes "pickle_bytes" |_| 100 * MIB;
    /// Bytes that a compressed pickle may inflate to, by its compressed size.
    PickleInflated "pickle_inflated" |n| 16 * MIB + 16 * n;
    /// Opcodes of one pickle.
    PickleOpcodes "pickle_opcodes" |n| MIB + n / 2;
    /// Values and marks on the machine's stack at once.
    PickleStack "pickle_stack" |n| MIB + n / 16;
    /// Memo slots in use.
    PickleMemo "pickle_memo" |n| MIB + n / 4;
    /// Depth of containers inside containers.
    PickleDepth "pickle_depth" |_| 256;
    /// Bytes of one text, and of one integer written as text or bytes.
    PickleText "pickle_text" |n| MIB + n;
    /// Bytes or digits of one integer.
    PickleInteger "pickle_integer" |_| 4096;
    /// Pickles inside pickles inside a file.
    PickleNesting "pickle_nesting" |_| 2;
    /// Bytes of memory for the descriptions of a file.
    Memory "memory" |n| 40 * MIB + 12 * n;
    /// Tensors that one file may name.
    Tensors "tensors" |n| 20_000 + n / 32;
    /// Containers and values looked at to find the tensors.
    Visits "visits" |n| 250_000 + n;
    /// Bytes of one tensor's name.
    NameBytes "name_bytes" |_| MIB;
    /// Elements of a view for each element of its storage (at least 2^20 elements are always allowed).
    ViewRatio "view_ratio" |_| 64;
    /// Bytes of a compressed record that is unpacked into memory: pickles, and tensors read out of order.
    InflatedBytes "inflated_bytes" |n| 256 * MIB + n / 16;
    /// Entries of a zip archive.
    ZipEntries "zip_entries" |_| 1_000_000;
    /// Bytes of the central directory of a zip archive.
    ZipDirectory "zip_directory" |_| 1 << 30;
    /// Bytes of the indices of one sparse tensor.
    SparseBytes "sparse_bytes" |_| 256 * MIB;
}

/// The caps of one run: defaults, and what the caller raised.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    set: Vec<(Cap, u64)>,
}

impl Limits {
    /// Sets one cap.
    #[must_use]
    pub fn with(mut self, cap: Cap, value: u64) -> Self {
        self.set.push((cap, value));
        self
    }

    /// The cap for a file with this many bytes of metadata.
    #[must_use]
    pub fn of(&self, cap: Cap, metadata_bytes: u64) -> u64 {
        self.set_by_caller(cap)
            .unwrap_or_else(|| cap.default_for(metadata_bytes))
    }

    fn set_by_caller(&self, cap: Cap) -> Option<u64> {
        self.set
            .iter()
            .rev()
            .find(|(set, _)| *set == cap)
            .map(|(_, value)| *value)
    }

    /// # Errors
    /// `LimitExceeded`, naming the option, when `value` is above the cap.
    pub fn check(&self, cap: Cap, metadata_bytes: u64, value: u64, what: &str) -> Result<()> {
        let most = self.of(cap, metadata_bytes);
        if value <= most {
            return Ok(());
        }
        Err(exceeded(cap, most, value, what))
    }
}

/// The error of a cap that was reached.
#[cold]
pub(crate) fn exceeded(cap: Cap, most: u64, found: u64, what: &str) -> Error {
    let code = match cap {
        Cap::PickleDepth | Cap::PickleNesting => Code::PickleTooDeep,
        _ => Code::LimitExceeded,
    };
    Error::new(code, format!("{what} exceeds the limit {}", cap.name()))
        .expected(format!("at most {most}"))
        .found(found)
        .hint(format!(
            "no ordinary checkpoint needs that much; if you trust the file, raise the limit {}",
            cap.name()
        ))
}

/// Memory that a file's descriptions may take, debited before each allocation and never given back. It
/// grows with the bytes of metadata that were really read, not with the size of the file around them.
#[derive(Debug)]
pub struct Meter {
    /// Bytes that may still count as seen, where what is read was inflated out of little.
    allowance: u64,
    /// Set by the caller.
    fixed: Option<u64>,
    seen: u64,
    used: u64,
}

impl Meter {
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            fixed: limits.set_by_caller(Cap::Memory),
            allowance: u64::MAX,
            seen: 0,
            used: 0,
        }
    }

    /// Tells that so many more bytes of metadata were read.
    #[inline]
    pub fn see(&mut self, bytes: u64) {
        let counted = bytes.min(self.allowance);
        self.seen = self.seen.saturating_add(counted);
        if self.allowance != u64::MAX {
            self.allowance -= counted;
        }
    }

    /// What is read from here on counts up to so many bytes; None for all of it.
    pub fn allow(&mut self, bytes: Option<u64>) {
        self.allowance = bytes.unwrap_or(u64::MAX);
    }

    /// Bytes of metadata read so far.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// # Errors
    /// `LimitExceeded` when the budget is spent.
    pub fn debit(&mut self, bytes: u64) -> Result<()> {
        self.used = self.used.saturating_add(bytes);
        let most = self
            .fixed
            .unwrap_or_else(|| Cap::Memory.default_for(self.seen));
        if self.used <= most {
            return Ok(());
        }
        Err(exceeded(
            Cap::Memory,
            most,
            self.used,
            "memory for the description of the file, in bytes,",
        ))
    }
}
