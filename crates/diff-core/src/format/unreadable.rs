//! Files that are no checkpoint this version reads: what they are, and what to do.

use crate::error::{Code, Error};
use crate::format::Head;

/// Recognised by their first bytes; the hint says how to get to something readable.
const KNOWN: &[(&[u8], Code, &str, &str)] = &[
    (
        b"version https://git-lfs.github.com/spec/v1",
        Code::GitLfsPointer,
        "git-LFS pointer instead of the file itself",
        "run `git lfs pull` in the repository, or download the file",
    ),
    (
        b"PK\x03\x04",
        Code::UnsupportedFormat,
        "zip archive (PyTorch, NumPy or Keras), which this version does not read yet",
        "convert it with `safetensors.torch.save_file(torch.load(path, weights_only=True), ...)`",
    ),
    (
        b"PK\x05\x06",
        Code::NoTensors,
        "empty zip archive",
        "it holds nothing; save the checkpoint again",
    ),
    (
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19",
        Code::UnsupportedFormat,
        "PyTorch file of before 1.6, which this version does not read yet",
        "convert it with `safetensors.torch.save_file(torch.load(path, weights_only=True), ...)`",
    ),
    (
        b"\x93NUMPY",
        Code::UnsupportedFormat,
        "NumPy array, which this version does not read yet",
        "convert it with `safetensors.numpy.save_file`",
    ),
    (
        b"GGUF",
        Code::UnsupportedFormat,
        "GGUF model, which this version does not read yet",
        "compare the safetensors model that it was made from",
    ),
    (
        b"\x89HDF\r\n\x1a\n",
        Code::UnsupportedFormat,
        "HDF5 file (Keras), which this version does not read yet",
        "load it in Keras and save the weights with `safetensors.numpy.save_file`",
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
    if head
        .start
        .get(257..262)
        .is_some_and(|magic| magic == b"ustar")
    {
        return Error::new(
            Code::UnsupportedArchive,
            "tar archive instead of a checkpoint",
        )
        .hint("unpack it first with tar xf");
    }
    if matches!(head.start.first_chunk(), Some([0x80, 2..=5])) {
        return Error::new(
            Code::UnsupportedFormat,
            "pickle, which this version does not read yet",
        )
        .hint("convert it with `safetensors.torch.save_file(torch.load(path, weights_only=True), ...)`");
    }
    if text.first() == Some(&b'{') {
        return Error::new(Code::UnknownFormat, "JSON text, not a checkpoint")
            .hint("give the directory that holds it, or the weights file itself");
    }
    if super::safetensors::could_be_truncated(head) {
        return Error::new(Code::UnexpectedEof, "file ends inside its header")
            .found(format!("{} bytes", head.file_size))
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
    .expected("safetensors, or a directory that holds it")
    .found(format!("a file that starts with {}", bytes.join(" ")))
    .hint("if it is a checkpoint, convert it to safetensors")
}
