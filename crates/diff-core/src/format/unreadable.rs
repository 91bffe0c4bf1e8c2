//! Files that are no checkpoint this version reads: what they are, and what to do.

use crate::error::{Code, Error, counted};
use crate::format::Head;

/// Recognised by their first bytes; the hint says how to get to something readable.
const KNOWN: &[(&[u8], Code, &str, &str)] = &[
    (
        b"PK\x05\x06",
        Code::NoTensors,
        "empty zip archive",
        "it holds nothing; save the checkpoint again",
    ),
    (
        b"\x89HDF\r\n\x1a\n",
        Code::UnsupportedFormat,
        "HDF5 file (Keras, TensorFlow), which this version does not read",
        "load it in Keras and save the weights with `safetensors.numpy.save_file`",
    ),
    (
        b"FUGG",
        Code::UnsupportedFormat,
        "GGUF model with its bytes turned round",
        "compare the safetensors model that it was made from",
    ),
    (
        b"lmgg",
        Code::UnsupportedFormat,
        "model in the GGML format of before GGUF",
        "compare the model that it was made from",
    ),
    (
        b"fmgg",
        Code::UnsupportedFormat,
        "model in the GGML format of before GGUF",
        "compare the model that it was made from",
    ),
    (
        b"tjgg",
        Code::UnsupportedFormat,
        "model in the GGML format of before GGUF",
        "compare the model that it was made from",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        Code::UnsupportedArchive,
        "7z archive instead of a checkpoint",
        "unpack it first, and ask why a checkpoint came in one: scanners do not look inside",
    ),
    (
        b"\x1f\x8b",
        Code::UnsupportedArchive,
        "gzip-compressed file",
        "unpack it first with gunzip",
    ),
    (
        b"BZh",
        Code::UnsupportedArchive,
        "bzip2-compressed file",
        "unpack it first with bunzip2",
    ),
    (
        b"\x28\xb5\x2f\xfd",
        Code::UnsupportedArchive,
        "zstd-compressed file",
        "unpack it first with unzstd",
    ),
    (
        b"\xfd7zXZ",
        Code::UnsupportedArchive,
        "xz-compressed file",
        "unpack it first with unxz",
    ),
    (
        b"PYTORCH1",
        Code::UnsupportedFormat,
        "preview format of PyTorch 1.3, which PyTorch itself no longer reads",
        "load it with the PyTorch that wrote it and save it again",
    ),
];

/// First bytes of what lies in folders of models and holds no weights, with where they stand.
const HARMLESS: &[(usize, &[u8])] = &[
    (0, b"\x89PNG"),
    (0, b"\xff\xd8\xff"),
    (0, b"GIF8"),
    (0, b"RIFF"),
    (0, b"%PDF"),
    (0, b"ID3"),
    (0, b"OggS"),
    (0, b"fLaC"),
    (4, b"ftyp"),
    (0, b"PAR1"),
    (0, b"ARROW1"),
    (0, b"SQLite format 3"),
    (0, b"\0\0\0\x01Bud1"),
    // Empty zip archive.
    (0, b"PK\x05\x06"),
];

/// Whether the first bytes are those of weights, or of an archive, that is not read here.
pub(super) fn is_foreign(head: &Head) -> bool {
    let is_known = KNOWN
        .iter()
        .any(|(magic, code, _, _)| head.starts_with(magic) && *code != Code::NoTensors);
    is_known || is_tar(head) || is_zlib(head.start) || is_onnx(head.start) || is_flax(head.start)
}

/// Whether a file that nothing claims can be no weights: text, pictures, sounds, tables.
pub(super) fn is_harmless(head: &Head) -> bool {
    is_text(head.start)
        || HARMLESS.iter().any(|(at, magic)| {
            head.start
                .get(*at..)
                .is_some_and(|rest| rest.starts_with(magic))
        })
}

/// UTF-8 without control characters, as far as it was read; UTF-16 with its mark.
fn is_text(start: &[u8]) -> bool {
    if let [0xff, 0xfe, _, 0, ..] | [0xfe, 0xff, 0, ..] = start {
        return true;
    }
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last character is cut.
        Err(error) if error.error_len().is_none() => start
            .get(..error.valid_up_to())
            .and_then(|whole| std::str::from_utf8(whole).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    text.chars()
        .all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b'))
}

fn is_tar(head: &Head) -> bool {
    head.start
        .get(257..262)
        .is_some_and(|magic| magic == b"ustar")
}

/// The head of a zlib stream: deflate with a window of 32 KiB, and a checksum of the two bytes.
fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
}

/// A protobuf whose first field is `ir_version`, 1 to 13, and whose second is a text or a graph.
fn is_onnx(start: &[u8]) -> bool {
    match start {
        [0x08, 1..=13, tag, ..] => matches!(tag, 0x12 | 0x1a | 0x22 | 0x2a | 0x32 | 0x3a | 0x42),
        _ => false,
    }
}

/// A msgpack map whose first key is a text.
fn is_flax(start: &[u8]) -> bool {
    let ([0x81..=0x8f, key @ ..] | [0xde, _, _, key @ ..]) = start else {
        return false;
    };
    let text = match key {
        [length @ 0xa1..=0xbf, text @ ..] => text.get(..usize::from(length - 0xa0)),
        [0xd9, length, text @ ..] => text.get(..usize::from(*length)),
        _ => None,
    };
    text.is_some_and(|text| text.iter().all(u8::is_ascii_graphic))
}

/// JSON that names the schema of our own manifests.
fn is_manifest(text: &[u8]) -> bool {
    let name = b"\"urn:model-diff:schema:manifest:";
    text.starts_with(b"{") && text.windows(name.len()).any(|found| found == name)
}

/// The error for a file that no reader claims.
pub(super) fn explain(head: &Head) -> Error {
    if let Some((_, code, what, hint)) = KNOWN.iter().find(|row| head.starts_with(row.0)) {
        return Error::new(*code, *what).hint(*hint);
    }
    let text = head.start.trim_ascii_start();
    let lower: Vec<u8> = text.iter().take(16).map(u8::to_ascii_lowercase).collect();
    if lower.starts_with(b"<!doc") || lower.starts_with(b"<html") {
        return Error::new(Code::HtmlInsteadOfModel, "HTML page instead of a model").hint(
            "the download got a login or error page; check the address and your access token",
        );
    }
    if is_tar(head) {
        if head.starts_with(b"sys_info\0") {
            return Error::new(
                Code::UnsupportedArchive,
                "PyTorch checkpoint of before version 0.2 (a tar archive of 2016)",
            )
            .hint(
                "load it with torch.load, which still reads it, and save it again with torch.save",
            );
        }
        return Error::new(
            Code::UnsupportedArchive,
            "tar archive instead of a checkpoint",
        )
        .hint("unpack it first with tar xf");
    }
    if is_zlib(head.start) {
        return Error::new(
            Code::UnsupportedArchive,
            "zlib-compressed file, as joblib writes with compress",
        )
        .hint("load it with joblib.load and save the arrays with safetensors.numpy.save_file or numpy.savez");
    }
    if is_onnx(head.start) {
        return Error::new(
            Code::UnsupportedFormat,
            "ONNX model, which this version does not read",
        )
        .hint("read its initializers with `onnx.numpy_helper` and save them with `safetensors.numpy.save_file`");
    }
    if is_flax(head.start) {
        return Error::new(
            Code::UnsupportedFormat,
            "msgpack file (Flax), which this version does not read",
        )
        .hint("load it with `from_pretrained(..., from_flax=True)` and save it with `save_pretrained`");
    }
    if is_manifest(text) {
        return Error::new(
            Code::NoTensors,
            "manifest of hashes, which holds no tensors",
        )
        .hint("compare it with a checkpoint: model-diff manifest.json checkpoint/");
    }
    if text.first() == Some(&b'{') {
        return Error::new(Code::UnknownFormat, "JSON text, not a checkpoint")
            .hint("give the directory that holds it, or the weights file itself");
    }
    if super::safetensors::could_be_truncated(head) {
        return Error::new(Code::UnexpectedEof, "file ends inside its header")
            .found(counted(head.file_size, "byte"))
            .hint("the file is truncated; fetch or save it again");
    }
    let bytes: Vec<String> = head
        .start
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect();
    Error::new(
        Code::UnknownFormat,
        "not a checkpoint in a format known here",
    )
    .expected("a safetensors, PyTorch, GGUF or NumPy file, or a directory that holds one")
    .found(format!("a file that starts with {}", bytes.join(" ")))
    .hint("if it is a checkpoint, convert it to safetensors")
}
