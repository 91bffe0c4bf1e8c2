//! How the elements of a tensor are stored, by ggml's number for it.

use crate::decode::blocks::BlockFormat;
use crate::dtype::DType;

/// How elements are stored.
#[derive(Debug, Clone, Copy)]
pub enum Encoding {
    /// Each by itself.
    Plain(DType),
    /// In quantised blocks along a row.
    Blocks(&'static BlockFormat),
    /// In a way that ggml has given up; the name that it had there.
    Removed(&'static str),
    /// In a way that nobody here knows.
    Unknown,
}

enum Entry {
    Plain(DType),
    /// By its name in `decode::blocks`.
    Blocks(&'static str),
    Removed(&'static str),
}

use Entry::{Blocks, Plain, Removed};

/// `enum ggml_type` of `ggml.h`.
const TABLE: &[(u32, Entry)] = &[
    (0, Plain(DType::F32)),
    (1, Plain(DType::F16)),
    (2, Blocks("Q4_0")),
    (3, Blocks("Q4_1")),
    (4, Removed("Q4_2")),
    (5, Removed("Q4_3")),
    (6, Blocks("Q5_0")),
    (7, Blocks("Q5_1")),
    (8, Blocks("Q8_0")),
    (9, Blocks("Q8_1")),
    (10, Blocks("Q2_K")),
    (11, Blocks("Q3_K")),
    (12, Blocks("Q4_K")),
    (13, Blocks("Q5_K")),
    (14, Blocks("Q6_K")),
    (15, Blocks("Q8_K")),
    (16, Blocks("IQ2_XXS")),
    (17, Blocks("IQ2_XS")),
    (18, Blocks("IQ3_XXS")),
    (19, Blocks("IQ1_S")),
    (20, Blocks("IQ4_NL")),
    (21, Blocks("IQ3_S")),
    (22, Blocks("IQ2_S")),
    (23, Blocks("IQ4_XS")),
    (24, Plain(DType::I8)),
    (25, Plain(DType::I16)),
    (26, Plain(DType::I32)),
    (27, Plain(DType::I64)),
    (28, Plain(DType::F64)),
    (29, Blocks("IQ1_M")),
    (30, Plain(DType::Bf16)),
    (31, Removed("Q4_0_4_4")),
    (32, Removed("Q4_0_4_8")),
    (33, Removed("Q4_0_8_8")),
    (34, Blocks("TQ1_0")),
    (35, Blocks("TQ2_0")),
    (36, Removed("IQ4_NL_4_4")),
    (37, Removed("IQ4_NL_4_8")),
    (38, Removed("IQ4_NL_8_8")),
    (39, Blocks("MXFP4")),
    (40, Blocks("NVFP4")),
    (41, Blocks("Q1_0")),
    (42, Blocks("Q2_0")),
];

impl Encoding {
    /// What ggml means by a number.
    #[must_use]
    pub fn of(type_id: u32) -> Self {
        let entry = TABLE.iter().find(|(id, _)| *id == type_id);
        match entry.map(|(_, entry)| entry) {
            Some(Plain(dtype)) => Self::Plain(*dtype),
            Some(Blocks(name)) => BlockFormat::named(name).map_or(Self::Unknown, Self::Blocks),
            Some(Removed(name)) => Self::Removed(name),
            None => Self::Unknown,
        }
    }

    /// Elements and bytes of what is stored together; None where nobody here knows.
    pub(super) fn unit(self) -> Option<(u64, u64)> {
        match self {
            Self::Plain(dtype) => Some((1, dtype.bytes())),
            Self::Blocks(format) => Some((format.elements as u64, format.bytes as u64)),
            Self::Removed(_) | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_format_has_a_number() {
        let named: BTreeSet<&str> = (0..64)
            .filter_map(|id| match Encoding::of(id) {
                Encoding::Blocks(format) => Some(format.name),
                _ => None,
            })
            .collect();
        assert_eq!(
            named,
            BlockFormat::all().map(|format| format.name).collect()
        );
        for (id, entry) in TABLE {
            let unknown = matches!(Encoding::of(*id), Encoding::Unknown);
            assert!(!unknown, "{id} {}", matches!(entry, Blocks(_)));
        }
    }
}
