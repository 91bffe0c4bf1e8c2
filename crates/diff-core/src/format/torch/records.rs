//! Where the data of storages lies.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Code, Error};
use crate::format::inflate::Pool;
use crate::format::zip::Archive;
use crate::tensor::Span;

/// Where the data of a document's storages is.
#[derive(Debug)]
pub(super) enum Records {
    /// Entries of an archive, named `folder` and the key.
    Zip(ZipRecords),
    /// Behind the pickles of a legacy file, by key.
    Legacy(HashMap<Vec<u8>, Span>),
    None,
}

#[derive(Debug)]
pub(super) struct ZipRecords {
    pub(super) archive: Arc<Archive>,
    /// With the slash: `model/data/`.
    pub(super) folder: Vec<u8>,
    pub(super) big_endian: bool,
    pub(super) pool: Arc<Pool>,
    pub(super) spans: HashMap<Vec<u8>, Span>,
}

pub(super) fn bad_method(method: u16) -> Error {
    Error::new(
        Code::ZipMethod,
        "zip entry is compressed in a way not known here",
    )
    .expected("method 0 (stored) or 8 (deflated)")
    .found(format!("method {method}"))
    .hint("unpack the archive and pack it again without compression")
}
