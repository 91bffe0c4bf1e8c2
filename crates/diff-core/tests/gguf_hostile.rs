//! Headers that contradict themselves or attack the reader: each is refused with its code, within a second and 64 MiB.
//!
//! One test measures; what the others allocate beside it is little. Long for its tables of cases.

use std::path::Path;

use diff_core::dtype::ByteOrder;
use diff_core::format::gguf::{Encoding, Header, Kind, Value, read};
use diff_core::limits::{Cap, Limits};
use diff_core::source::{MemorySource, Source};
use diff_core::{Code, Result};

mod common;

use common::{Counting, measured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MIB: usize = 1 << 20;

/// A header by hand.
#[derive(Clone)]
struct File(Vec<u8>);

impl File {
    fn new(tensors: u64, keys: u64) -> Self {
        let file = Self(b"GGUF".to_vec());
        file.u32(3).u64(tensors).u64(keys)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u32(self, n: u32) -> Self {
        self.bytes(&n.to_le_bytes())
    }

    fn u64(self, n: u64) -> Self {
        self.bytes(&n.to_le_bytes())
    }

    fn text(self, text: &str) -> Self {
        self.u64(text.len() as u64).bytes(text.as_bytes())
    }

    /// Key and type of a value.
    fn key(self, key: &str, kind: u32) -> Self {
        self.text(key).u32(kind)
    }

    /// A tensor of F32, the innermost axis first.
    fn tensor(self, name: &str, dims: &[u64], offset: u64) -> Self {
        self.typed(name, dims, 0, offset)
    }

    fn typed(self, name: &str, dims: &[u64], kind: u32, offset: u64) -> Self {
        let file = self.text(name).u32(dims.len() as u32);
        let file = dims.iter().fold(file, |file, dim| file.u64(*dim));
        file.u32(kind).u64(offset)
    }

    /// Padding, and so many bytes of data.
    fn data(mut self, bytes: usize) -> Self {
        let start = self.0.len().next_multiple_of(32);
        self.0.resize(start + bytes, 0);
        self
    }

    fn read(self) -> Result<Header> {
        read(&MemorySource::new("memory", self.0), &Limits::default())
    }
}

const ARRAY: u32 = 9;

type Case = (&'static str, File, Code);

fn beginnings() -> Vec<Case> {
    vec![
        ("magic", File(b"GGML\0\0\0\0".to_vec()), Code::BadMagic),
        (
            "turned magic",
            File(b"FUGG\0\0\0\0".to_vec()),
            Code::BadMagic,
        ),
        ("three bytes", File(b"GGU".to_vec()), Code::UnexpectedEof),
        ("no version", File(b"GGUF".to_vec()), Code::UnexpectedEof),
        (
            "version 0",
            File(b"GGUF\0\0\0\0".to_vec()),
            Code::UnsupportedVersion,
        ),
        (
            "version 1",
            File(b"GGUF\x01\0\0\0".to_vec()),
            Code::UnsupportedVersion,
        ),
        (
            "version 4",
            File(b"GGUF\x04\0\0\0".to_vec()),
            Code::UnsupportedVersion,
        ),
        (
            "big-endian version 1",
            File(b"GGUF\0\0\0\x01".to_vec()),
            Code::UnsupportedVersion,
        ),
    ]
}

fn metadata() -> Vec<Case> {
    let aligned = |kind: u32, value: u32| File::new(0, 1).key("general.alignment", kind).u32(value);
    let nested = |depth: u32| {
        let mut file = File::new(0, 1).key("k", ARRAY);
        for _ in 1..depth {
            file = file.u32(ARRAY).u64(1);
        }
        file.u32(0).u64(1).bytes(&[7])
    };
    vec![
        (
            "10^9 keys",
            File::new(0, 1_000_000_000),
            Code::UnexpectedEof,
        ),
        ("2^64 - 1 keys", File::new(0, u64::MAX), Code::UnexpectedEof),
        (
            "10^9 tensors",
            File::new(1_000_000_000, 0),
            Code::UnexpectedEof,
        ),
        ("-1 tensors", File::new(u64::MAX, 0), Code::UnexpectedEof),
        (
            "keys of nothing",
            File::new(0, 1000).bytes(&[0; 14_000]),
            Code::InvalidHeader,
        ),
        (
            "key of 2^63 bytes",
            File::new(0, 1).u64(1 << 63).bytes(&[0; 64]),
            Code::UnexpectedEof,
        ),
        (
            "key of 2 MiB",
            File::new(0, 1).key(&"k".repeat(2 * MIB), 0).bytes(&[0]),
            Code::LimitExceeded,
        ),
        (
            "key that is not UTF-8",
            File::new(0, 1).u64(1).bytes(&[0xff, 0, 0, 0, 0, 0]),
            Code::InvalidHeader,
        ),
        (
            "two keys",
            File::new(0, 2)
                .key("k", 0)
                .bytes(&[1])
                .key("k", 0)
                .bytes(&[1]),
            Code::DuplicateName,
        ),
        (
            "type 13",
            File::new(0, 1).key("k", 13).bytes(&[0; 64]),
            Code::InvalidHeader,
        ),
        (
            "type -1",
            File::new(0, 1).key("k", u32::MAX).bytes(&[0; 64]),
            Code::InvalidHeader,
        ),
        (
            "text of 2^62 bytes",
            File::new(0, 1).key("k", 8).u64(1 << 62),
            Code::UnexpectedEof,
        ),
        (
            "text that is cut off",
            File::new(0, 1).key("k", 8).u64(9).bytes(&[0; 8]),
            Code::UnexpectedEof,
        ),
        (
            "array of 10^9",
            File::new(0, 1).key("k", ARRAY).u32(4).u64(1_000_000_000),
            Code::UnexpectedEof,
        ),
        (
            "array of 2^61 + 1 u64",
            File::new(0, 1)
                .key("k", ARRAY)
                .u32(10)
                .u64((1 << 61) + 1)
                .bytes(&[0; 64]),
            Code::UnexpectedEof,
        ),
        (
            "array of texts",
            File::new(0, 1).key("k", ARRAY).u32(8).u64(2).u64(0).u64(1),
            Code::UnexpectedEof,
        ),
        (
            "array of type 99",
            File::new(0, 1).key("k", ARRAY).u32(99).u64(0),
            Code::InvalidHeader,
        ),
        ("arrays five deep", nested(5), Code::LimitExceeded),
        ("arrays 10,000 deep", nested(10_000), Code::LimitExceeded),
        ("alignment 0", aligned(4, 0), Code::InvalidHeader),
        ("alignment 48", aligned(4, 48), Code::InvalidHeader),
        ("alignment of f32", aligned(6, 32), Code::InvalidHeader),
    ]
}

fn tensors() -> Vec<Case> {
    let one = |dims: &[u64], kind: u32| File::new(1, 0).typed("w", dims, kind, 0);
    let two = |second: u64| {
        let file = File::new(2, 0).tensor("a", &[8], 0);
        file.tensor("b", &[8], second).data(4096)
    };
    vec![
        (
            "two tensors",
            File::new(2, 0)
                .tensor("w", &[8], 0)
                .tensor("w", &[8], 32)
                .data(64),
            Code::DuplicateName,
        ),
        (
            "name of 2^40 bytes",
            File::new(1, 0).u64(1 << 40).bytes(&[0; 64]),
            Code::UnexpectedEof,
        ),
        (
            "name that is not UTF-8",
            File::new(1, 0).u64(1).bytes(&[0xff; 64]),
            Code::InvalidHeader,
        ),
        (
            "2^32 - 1 dimensions",
            File::new(1, 0).text("w").u32(u32::MAX).bytes(&[0; 64]),
            Code::UnexpectedEof,
        ),
        (
            "65 dimensions",
            one(&[1; 65], 0).data(4),
            Code::LimitExceeded,
        ),
        (
            "-1 elements",
            one(&[u64::MAX], 0).data(4),
            Code::ShapeOverflow,
        ),
        (
            "-1 times 0 elements",
            one(&[u64::MAX, 0], 0).data(4),
            Code::ShapeOverflow,
        ),
        (
            "2^80 elements",
            one(&[1 << 20; 4], 0).data(4),
            Code::ShapeOverflow,
        ),
        (
            "2^53 elements",
            one(&[1 << 53], 0).data(4),
            Code::UnexpectedEof,
        ),
        (
            "half a block",
            one(&[16, 2], 2).data(18),
            Code::SizeMismatch,
        ),
        (
            "data that is cut off",
            one(&[8], 0).data(31),
            Code::UnexpectedEof,
        ),
        (
            "no data",
            File::new(1, 0).tensor("w", &[8], 0),
            Code::UnexpectedEof,
        ),
        (
            "offset behind the file",
            File::new(1, 0).tensor("w", &[8], 1 << 40).data(64),
            Code::OffsetHole,
        ),
        ("offset of 2^64 - 32", two(u64::MAX - 31), Code::OffsetHole),
        ("second tensor in the first", two(0), Code::OffsetOverlap),
        ("second tensor in the padding", two(16), Code::OffsetOverlap),
        ("second tensor behind a hole", two(64), Code::OffsetHole),
    ]
}

/// Zeros without end, and no memory for them.
#[derive(Debug)]
struct Zeros {
    start: Vec<u8>,
    size: u64,
}

impl Source for Zeros {
    fn path(&self) -> &Path {
        Path::new("zeros")
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn bytes<'a>(
        &'a self,
        offset: u64,
        length: usize,
        buffer: &'a mut Vec<u8>,
    ) -> Result<&'a [u8]> {
        buffer.resize(length, 0);
        self.read_exact(offset, buffer)?;
        Ok(buffer)
    }

    fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(0);
        let start = usize::try_from(offset)
            .ok()
            .and_then(|at| self.start.get(at..));
        for (to, from) in buffer.iter_mut().zip(start.into_iter().flatten()) {
            *to = *from;
        }
        Ok(())
    }

    fn verify(&self) -> Result<()> {
        Ok(())
    }
}

/// Files of a terabyte, so that no count is too large for them.
fn endless() -> Vec<Case> {
    vec![
        ("10^7 keys", File::new(0, 10_000_000), Code::InvalidHeader),
        (
            "10^9 keys",
            File::new(0, 1_000_000_000),
            Code::HeaderTooLarge,
        ),
        (
            "10^9 tensors",
            File::new(1_000_000_000, 0),
            Code::HeaderTooLarge,
        ),
        (
            "10^7 tensors",
            File::new(10_000_000, 0),
            Code::DuplicateName,
        ),
        (
            "text of 2 GiB",
            File::new(0, 1).key("k", 8).u64(2 << 30),
            Code::HeaderTooLarge,
        ),
        (
            "key of 2 GiB",
            File::new(0, 1).u64(2 << 30),
            Code::HeaderTooLarge,
        ),
        (
            "array of 10^10",
            File::new(0, 1).key("k", ARRAY).u32(0).u64(10_000_000_000),
            Code::HeaderTooLarge,
        ),
    ]
}

#[test]
fn every_attack_is_refused() {
    let mut problems = Vec::new();
    let mut check = |name: &str, source: &dyn Source, code: Code| {
        let (result, peak, time) = measured(|| read(source, &Limits::default()));
        match result {
            Err(error) if error.code() == code => {
                assert_eq!(error.path(), Some(source.path()));
            }
            Err(error) => problems.push(format!("{name}: {error} ({})", error.code().as_str())),
            Ok(_) => problems.push(format!("{name}: was read")),
        }
        if peak > 64 * MIB || time.as_secs_f64() > 1.0 {
            problems.push(format!("{name}: {peak} bytes, {time:?}"));
        }
    };
    for (name, file, code) in [beginnings(), metadata(), tensors()].into_iter().flatten() {
        check(name, &MemorySource::new("memory", file.0), code);
    }
    for (name, file, code) in endless() {
        let source = Zeros {
            start: file.0,
            size: 1 << 40,
        };
        check(name, &source, code);
    }
    // As many keys as a file of 2 MiB holds, all different.
    let count = (2 * MIB / 21) as u64;
    let mut keys = File::new(0, count);
    for at in 0..count {
        keys = keys.key(&format!("{at:08}"), 0).bytes(&[0]);
    }
    let source = MemorySource::new("memory", keys.0);
    let (result, peak, time) = measured(|| read(&source, &Limits::default()));
    assert!(
        peak < 64 * MIB && time.as_secs_f64() < 1.0 + 2.0 / 16.0,
        "{peak} {time:?}"
    );
    assert_eq!(result.unwrap().metadata.len() as u64, count);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_is_unusual_but_right() {
    // Arrays inside arrays, empty ones, a text that is not UTF-8, data behind the last tensor.
    let file = File::new(3, 5)
        .key("nested", ARRAY)
        .u32(ARRAY)
        .u64(2)
        .u32(0)
        .u64(2)
        .bytes(&[1, 2])
        .u32(8)
        .u64(1)
        .text("x")
        .key("empty", ARRAY)
        .u32(5)
        .u64(0)
        .key("bytes", 8)
        .u64(2)
        .bytes(&[0xff, 0xfe])
        .key("flag", 7)
        .bytes(&[9])
        .key("", 7);
    assert_eq!(
        file.clone().bytes(&[0]).read().unwrap_err().code(),
        Code::InvalidHeader
    );
    let at = file.0.len() - 12;
    let file = File(file.0[..at].to_vec())
        .key("last", 7)
        .bytes(&[0])
        .tensor("scalar", &[], 0)
        .tensor("none", &[0, 3], 32)
        .typed("blocks", &[32, 1, 2], 2, 32)
        .data(32 + 64 + 100);
    let header = file.read().unwrap();
    let value = |key| header.value(key).unwrap();
    let nested = vec![
        Value::Array(Kind::U8, vec![Value::U8(1), Value::U8(2)]),
        Value::Array(Kind::Text, vec![Value::Text("x".into())]),
    ];
    assert_eq!(*value("nested"), Value::Array(Kind::Array, nested));
    assert_eq!(*value("empty"), Value::Array(Kind::I32, Vec::new()));
    let Value::Large(bytes) = value("bytes") else {
        panic!("{:?}", value("bytes"));
    };
    assert_eq!((bytes.kind, bytes.count, bytes.bytes), (Kind::Text, 2, 2));
    assert_eq!(*value("flag"), Value::Bool(true));
    let [scalar, none, blocks] = &header.tensors[..] else {
        panic!("{:?}", header.tensors);
    };
    assert_eq!((scalar.elements, scalar.bytes), (1, 4));
    assert_eq!((none.elements, none.bytes), (0, 0));
    assert_eq!(none.shape, [3, 0]);
    assert_eq!((blocks.elements, blocks.bytes), (64, 36));
    assert_eq!(blocks.shape, [2, 1, 32]);
    assert_eq!(blocks.offset, header.data_offset + 32);
    assert_eq!(header.data_end, header.data_offset + 96);
    assert_eq!(header.order, ByteOrder::Little);
}

#[test]
fn types_that_are_gone_or_unknown_reach_to_the_next_tensor() {
    let file = File::new(3, 0)
        .typed("gone", &[32], 31, 0)
        .typed("unknown", &[7], 1234, 64)
        .tensor("w", &[8], 96)
        .data(128);
    let header = file.read().unwrap();
    assert!(matches!(
        header.tensors[0].encoding,
        Encoding::Removed("Q4_0_4_4")
    ));
    assert!(matches!(header.tensors[1].encoding, Encoding::Unknown));
    let bytes: Vec<u64> = header.tensors.iter().map(|tensor| tensor.bytes).collect();
    assert_eq!(bytes, [64, 32, 32]);
}

#[test]
fn large_values_are_told_apart() {
    let tokens = |last: &str, type_id: u32| {
        let mut file = File::new(0, 1).key("k", ARRAY).u32(type_id).u64(1000);
        for at in 0..999 {
            file = file.text(&format!("token{at}"));
        }
        file.text(last).read().unwrap().metadata
    };
    assert_eq!(tokens("end", 8), tokens("end", 8));
    assert_ne!(tokens("end", 8), tokens("enD", 8));
    let numbers = |last: u8| {
        let file = File::new(0, 1).key("k", ARRAY).u32(0).u64(5000);
        file.bytes(&[1; 4999])
            .bytes(&[last])
            .read()
            .unwrap()
            .metadata
    };
    assert_eq!(numbers(1), numbers(1));
    assert_ne!(numbers(1), numbers(2));
    // The same bytes cut into texts elsewhere.
    let cut = |at: usize| {
        let text = "x".repeat(5000);
        let file = File::new(0, 1).key("k", ARRAY).u32(8).u64(2);
        file.text(&text[..at])
            .text(&text[at..])
            .read()
            .unwrap()
            .metadata
    };
    assert_ne!(cut(1000), cut(1001));
}

#[test]
fn a_cap_that_was_set_holds() {
    let file = File::new(2, 0)
        .tensor("a", &[8], 0)
        .tensor("b", &[8], 32)
        .data(64);
    let limits = Limits::default().with(Cap::Tensors, 1);
    let error = read(&MemorySource::new("memory", file.0), &limits).unwrap_err();
    assert_eq!(error.code(), Code::LimitExceeded);
    assert!(error.to_string().contains("tensors"));
}

#[test]
fn no_cut_and_no_changed_byte_ends_the_reader() {
    let path = common::fixtures().join("gguf/first-empty-00003-of-00003.gguf");
    let bytes = std::fs::read(path).unwrap();
    let header = |bytes: Vec<u8>| File(bytes).read();
    let whole = header(bytes.clone()).unwrap();
    for end in 0..whole.data_end as usize - 32 {
        assert!(header(bytes[..end].to_vec()).is_err(), "{end}");
    }
    for at in 0..whole.data_offset as usize {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = byte;
            let _ = header(changed);
        }
    }
}
